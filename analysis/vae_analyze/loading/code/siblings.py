"""Imports that mean files beside the named one."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

_NEVER = frozenset({"torch", "numpy", "__future__"})
_UPWARDS = 3  # a file inside a package names its modules from the project's root


def sibling(path: Path, module: str, level: int) -> Path | None:
    """The file or folder that an import in ``path`` means, or None where it is an installed package.

    Args:
        path: The importing file.
        module: Its dotted name as written, "" for ``from . import x``.
        level: How many dots are before it.
    """
    if level:
        base = path.parent
        for _ in range(level - 1):
            base = base.parent
        return _below(base, module)
    root = module.split(".")[0]
    if root in _NEVER or root in sys.stdlib_module_names:
        return None
    for base in (path.parent, *path.parent.parents[:_UPWARDS]):
        found = _below(base, module)
        if found is not None and found != path:
            return found
    return None


def inside(folder: Path, name: str) -> Path | None:
    """A submodule of a package (its folder or its ``__init__.py``), or None."""
    if folder.name == "__init__.py":
        folder = folder.parent
    return _below(folder, name) if folder.is_dir() else None


def target(path: Path, node: ast.ImportFrom) -> Path | None:
    """The file or folder that a ``from ... import`` means, or None where it is an installed package."""
    return sibling(path, node.module or "", node.level)


def _below(base: Path, module: str) -> Path | None:
    place = base.joinpath(*module.split(".")) if module else base
    if module and place.with_name(place.name + ".py").is_file():
        return place.with_name(place.name + ".py")
    if (place / "__init__.py").is_file():
        return place / "__init__.py"
    return place if place.is_dir() and any(place.glob("*.py")) else None
