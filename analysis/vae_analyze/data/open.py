"""Data from what a person writes after ``--data``."""

from __future__ import annotations

import difflib
import importlib
import re
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from vae_analyze.data.builtin import BUILTIN, list_data
from vae_analyze.data.folder import IMAGE_SUFFIXES, FolderDataset
from vae_analyze.data.idx import idx_files, is_idx, open_idx
from vae_analyze.data.mapped import MappedDataset
from vae_analyze.data.npz import open_npy, open_npz
from vae_analyze.data.split import PARTS, Part, PartName
from vae_analyze.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from vae_analyze.data.dataset import Dataset

__all__ = ["list_data", "open_data"]

_FUNCTION = re.compile(r"(?P<module>[A-Za-z_]\w*(\.[A-Za-z_]\w*)*):(?P<function>[A-Za-z_]\w*)")


def open_data(spec: str) -> Dataset:
    """The data that a spec names.

    The first rule that fits decides:

    1. a built-in name (``digits``; write ``./digits`` for a folder of that name);
    2. an existing path, whatever colons are in it: a folder of images, an IDX, ``.npz`` or ``.npy`` file, or a folder
       with one IDX file of images;
    3. ``module:function``, which is imported (the current folder included) and called without arguments, and returns
       a map-style torch dataset. This runs code of that module.

    ``:train``, ``:test`` (one in five samples, see `held_out`) or ``:all`` may follow; without it a built-in set gives
    its test part and everything else gives all. Existing paths come before the part: a folder that is really called
    ``images:test`` is opened whole.

    Raises:
        DataError: Nothing of that name, or data that cannot be used.
    """
    if not spec.strip():
        raise DataError("expected the name of data or a path, found an empty text", hint=_advice())
    if _exists(spec) and spec not in BUILTIN:
        return _from_path(Path(spec), name=spec)
    stem, part = _split(spec)
    if stem in BUILTIN:
        return _part_of(BUILTIN[stem](), part or "test", stem=stem)
    if _exists(stem):
        return _part_of(_from_path(Path(stem), name=stem), part or "all", stem=stem)
    match = _FUNCTION.fullmatch(stem)
    if match and match["module"] not in BUILTIN:
        made = _from_function(match["module"], match["function"], name=stem)
        return _part_of(made, part or "all", stem=stem)
    raise _unknown(stem)


def _exists(text: str) -> bool:
    try:
        return Path(text).exists()
    except (OSError, ValueError):  # a text that cannot be a path: too long, or with a zero byte
        return False


def _split(spec: str) -> tuple[str, PartName | None]:
    for part in PARTS:
        if spec.endswith(f":{part}"):
            return spec.removesuffix(f":{part}"), part
    return spec, None


def _part_of(whole: Dataset, part: PartName, *, stem: str) -> Dataset:
    return whole if part == "all" else Part(whole, part=part, name=f"{stem}:{part}")


def _from_path(path: Path, *, name: str) -> Dataset:
    try:
        return _from_existing(path, name=name)
    except OSError as error:
        raise DataError(f"expected readable data in {path}: {error}", hint="check its permissions") from error


def _from_existing(path: Path, *, name: str) -> Dataset:
    if path.is_dir():
        return _from_folder(path, name=name)
    if not path.stat().st_size:
        raise DataError(f"expected data in {path}, found an empty file", hint="write or copy the file again")
    suffix = path.suffix.lower()
    if suffix == ".npz":
        return open_npz(path, name=name)
    if suffix == ".npy":
        return open_npy(path, name=name)
    if is_idx(path):
        return open_idx(path, name=name)
    if suffix in IMAGE_SUFFIXES:
        raise DataError(f"expected a set of images, found the one image {path}", hint=f"name its folder: {path.parent}")
    raise DataError(
        f"expected a folder of images or a file .npz, .npy or IDX, found {path}",
        hint="convert it with np.savez(path, images=..., labels=...)",
    )


def _from_folder(path: Path, *, name: str) -> Dataset:
    files = idx_files(path)
    if len(files) > 1:
        raise DataError(
            f"expected one IDX file of images in {path}, found {', '.join(file.name for file in files)}",
            hint=f"name one of them: {files[0]}",
        )
    return open_idx(files[0], name=name) if files else FolderDataset(path, name=name)


@contextmanager
def _current_folder_importable() -> Iterator[None]:
    # An installed command does not look for modules where it is started, unlike `python -m`.
    here = str(Path.cwd())
    sys.path.insert(0, here)
    try:
        yield
    finally:
        sys.path.remove(here)


def _from_function(module: str, function: str, *, name: str) -> Dataset:
    try:
        with _current_folder_importable():
            made = _function(module, function, name=name)()
    except DataError:
        raise
    except Exception as error:  # foreign code may raise anything, at import and when called
        raise _failed(name, error) from error
    return MappedDataset(made, name=name)


def _function(module: str, function: str, *, name: str) -> Callable[[], object]:
    try:
        imported = importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{module}.".startswith(f"{error.name}."):
            raise
        raise _unknown(name, f"there is no module {error.name!r}") from error
    make: Callable[[], object] | None = getattr(imported, function, None)
    if not callable(make):
        raise DataError(
            f"expected a function {function} in the module {module}, found {type(make).__name__}",
            hint="name a function that takes no arguments and returns a torch dataset",
        )
    return make


def _failed(name: str, error: Exception) -> DataError:
    module, _, function = name.partition(":")
    return DataError(
        f"expected {name} to return a dataset, it raised {type(error).__name__}: {error}",
        hint=f'try it in Python: python -c "from {module} import {function}; {function}()"',
    )


def _unknown(name: str, found: str = "") -> DataError:
    if not found and ("/" in name or "\\" in name or Path(name).suffix):
        return DataError(
            f"expected data at {name}, found no such file or folder", hint="check the path (and the current folder)"
        )
    if name.partition(":")[0] in BUILTIN:
        found = f"no such part of {name.partition(':')[0]}"
    near = difflib.get_close_matches(name.partition(":")[0], BUILTIN, n=3, cutoff=0.5)
    guess = f"did you mean {' or '.join(near)}? " if near else ""
    reason = found or "no built-in set and no path of that name"
    return DataError(f"expected data called {name!r}, found {reason}", hint=f"{guess}{_advice()}")


def _advice() -> str:
    return (
        f"built-in: {', '.join(BUILTIN)} (each with :train, :test or :all); or a folder of images, an .npz, .npy or "
        "IDX file, or module:function that returns a torch dataset"
    )
