"""From what a torch file holds to the networks in it, and the plain facts that stand beside them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, final

from torch import Tensor

from vae_analyze.loading.files.plain import mapping_of
from vae_analyze.loading.files.printable import listing, printable
from vae_analyze.loading.files.stubs import Inert
from vae_analyze.loading.options import LoadOptions
from vae_analyze.loading.unwrapping.choice import chosen
from vae_analyze.loading.unwrapping.content import Content, ModuleTree, State
from vae_analyze.loading.unwrapping.module_tree import is_module, tree_of
from vae_analyze.loading.unwrapping.networks import network_in, split
from vae_analyze.loading.unwrapping.stated import stated_in

__all__ = ["chosen", "unwrap"]

_DEEPEST = 7
_MOST_PLACES = 50_000
# Keys under which no network of interest lies.
_TRAINING = re.compile(r"(optim|lr_sched|scheduler|scaler|amp|rng|random|loops|native_amp)", re.IGNORECASE)
# Keys of the halves of one network, saved apart; the third group is what is left of the key's name.
_HALF = re.compile(
    r"(?:model_|net_|vae_)?(encoder|enc|decoder|decorder|dec|fc_?mu|fc_?var|fc_?logvar|mu|logvar|mean|prior|posterior|"
    r"quant_?conv|post_?quant_?conv|bottleneck|latent)(?:_?(?:model|net|network))?(?:_?(?:state_?dict|state|weights|params))?",
    re.IGNORECASE,
)
_HALVES = {"enc": "encoder", "dec": "decoder"}


def unwrap(raw: Any, options: LoadOptions, *, container: str = "") -> Content:
    """The networks, plain facts and module tree in what `read_weights` gave.

    Args:
        raw: What a file holds.
        options: Whether averaged or plain weights were asked for.
        container: What the file is, in words.
    """
    walk = _Walk()
    walk.visit(raw, "", _DEEPEST)
    found = _combined(walk.states)
    states: list[State] = []
    notes: list[str] = []
    for name, tensors in found.items():
        parts = split(name, tensors, walk.modules.get(name, ()))
        states += parts.states
        notes += parts.notes
    states = sorted(_distinct(states), key=lambda state: (state.role == "ema", -state.parameters))
    roles = {state.role for state in states}
    if len(roles) == 2 and options.weights == "auto":
        notes.append("the file holds averaged (EMA) weights, which are used; --weights raw for the others")
    if not states and (kinds := _kinds(raw)):
        notes.append(f"the file holds {listing(kinds, most=4)}, and no weights")
    return Content(
        states=tuple(states),
        stated=stated_in(raw, walk.tree),
        modules=walk.tree,
        notes=tuple(dict.fromkeys(notes)),
        container=container,
    )


@final
class _Walk:
    """Goes through nested data once and keeps what looks like a network's weights."""

    def __init__(self) -> None:
        self.states: dict[str, dict[str, Tensor]] = {}
        self.modules: dict[str, tuple[str, ...]] = {}
        self.tree: ModuleTree | None = None
        self._left = _MOST_PLACES

    def visit(self, value: Any, path: str, depth: int) -> None:
        self._left -= 1
        if depth == 0 or self._left < 0:
            return
        if is_module(value):
            tree, tensors = tree_of(value)
            if tensors:
                # The largest module of a file is the model; others, such as losses, come with it.
                if self.tree is None or len(tree.nodes) > len(self.tree.nodes):
                    self.tree = tree
                self._keep(path, tensors, tuple(node.path for node in tree.nodes if node.path))
            return
        own: dict[str, Tensor] = {}
        if not isinstance(value, Inert) and isinstance(value, dict):
            own = network_in(value)
        if own:
            metadata = getattr(value, "_metadata", None)
            known = tuple(key for key in metadata if isinstance(key, str) and key) if isinstance(metadata, dict) else ()
            self._keep(path, own, known)
        for key, inner in _inner(value):
            if str(key) not in own:
                self.visit(inner, f"{path}.{key}" if path else str(key), depth - 1)

    def _keep(self, path: str, tensors: dict[str, Tensor], modules: tuple[str, ...]) -> None:
        self.states.setdefault(path, tensors)
        self.modules.setdefault(path, modules)


def _inner(value: Any) -> Iterator[tuple[str, Any]]:
    """What lies inside, with its name; optimisers and the like left out."""
    if isinstance(value, (list, tuple)):
        items: list[tuple[Any, Any]] = list(enumerate(value[:1000]))
    else:
        items = list((mapping_of(value) or {}).items())
        if any(key == "param_groups" for key, _ in items):
            return
    for key, inner in items:
        if isinstance(inner, (dict, list, tuple, Inert)) and not _TRAINING.match(str(key)):
            yield printable(key if isinstance(key, (str, int)) else type(key).__name__, limit=60), inner


def _combined(states: dict[str, dict[str, Tensor]]) -> dict[str, dict[str, Tensor]]:
    """Encoder and decoder that lie under two keys of one mapping become one network."""
    result = dict(states)
    for parent in dict.fromkeys(path.rpartition(".")[0] for path in states):
        halves = {path: half for path in states if path.rpartition(".")[0] == parent and (half := _half(path))}
        if len(halves) < 2 or not {"encoder", "decoder"} <= set(halves.values()):
            continue
        whole: dict[str, Tensor] = {}
        for path, half in halves.items():
            whole |= _under(half, states[path])
            result.pop(path, None)
        result[f"{parent}." if parent else ""] = whole
    return {name.rstrip("."): tensors for name, tensors in result.items()}


def _half(path: str) -> str:
    match = _HALF.fullmatch(path.rpartition(".")[2])
    return "" if match is None else _HALVES.get(match[1].lower()[:3], match[1].lower())


def _under(half: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    state = split(half, tensors).states[0].tensors if tensors else {}
    if state and all(key.startswith(f"{half}.") for key in state):
        return state
    return {f"{half}.{key}": value for key, value in state.items()}


def _distinct(states: list[State]) -> list[State]:
    """Without those that are another one again, as where a file holds a model and its state_dict."""
    kept: list[State] = []
    for state in states:
        if not any(_same(state, other) for other in kept):
            kept.append(state)
    return kept


def _same(one: State, other: State) -> bool:
    return one.tensors.keys() == other.tensors.keys() and all(
        value.shape == other.tensors[key].shape and value.equal(other.tensors[key])
        for key, value in one.tensors.items()
    )


def _kinds(raw: Any) -> list[str]:
    """What a file without weights holds, by name."""
    if isinstance(raw, Inert):
        return [printable(raw.name)]
    if isinstance(raw, dict):
        optimiser = any(isinstance(value, dict) and "param_groups" in value for value in (raw, *raw.values()))
        return ["an optimizer's state"] if optimiser else [printable(key) for key in raw if isinstance(key, str)]
    return [printable(type(raw).__name__)]
