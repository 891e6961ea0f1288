"""A pickled ``nn.Module`` read as data: its classes, plain attributes, and the weights state_dict() would give."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from vae_analyze.loading.files.plain import plain_items, weight_of
from vae_analyze.loading.files.stubs import Inert
from vae_analyze.loading.unwrapping.content import ModuleNode, ModuleTree

_PARTS = ("_modules", "_parameters", "_buffers")
_MOST_MODULES = 20_000
_DEEPEST = 50


def is_module(value: Any) -> bool:
    """Whether a value stands for a pickled ``nn.Module``."""
    return (
        isinstance(value, Inert)
        and value.arguments is not None
        and all(isinstance(value.fields.get(part), dict) for part in _PARTS)
    )


def tree_of(module: Inert) -> tuple[ModuleTree, dict[str, Tensor]]:
    """Its modules, parents first, and its weights by name, both in the order of ``state_dict()``."""
    nodes: list[ModuleNode] = []
    tensors: dict[str, Tensor] = {}
    _visit(module, "", nodes, tensors, ())
    return ModuleTree(nodes=tuple(nodes)), tensors


def _visit(
    module: Inert,
    path: str,
    nodes: list[ModuleNode],
    tensors: dict[str, Tensor],
    above: tuple[int, ...],
) -> None:
    # A module may hold itself by a detour, and one module may sit in many places.
    if id(module) in above or len(above) > _DEEPEST or len(nodes) > _MOST_MODULES:
        return
    fields = module.fields
    start = f"{path}." if path else ""
    passing = fields.get("_non_persistent_buffers_set")
    left_out = passing if isinstance(passing, (set, frozenset)) else frozenset()
    nodes.append(ModuleNode(path=path, kind=module.name, attributes=_attributes(fields)))
    for part in ("_parameters", "_buffers"):
        for name, value in fields[part].items():
            found = weight_of(value)
            if found is not None and not (part == "_buffers" and name in left_out):
                tensors[f"{start}{name}"] = found
    for name, child in fields["_modules"].items():
        if is_module(child):
            _visit(child, f"{start}{name}", nodes, tensors, (*above, id(module)))


def _attributes(fields: dict[str, Any]) -> dict[str, Any]:
    """Those of the class's own; torch's bookkeeping begins with an underscore, but for one word."""
    own = {name: value for name, value in fields.items() if not name.startswith("_") and name != "dump_patches"}
    return plain_items(own)
