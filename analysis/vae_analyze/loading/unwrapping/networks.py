"""One state_dict taken apart: averaged weights, what belongs to the loss, prefixes without meaning."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, final

from torch import Tensor

from vae_analyze.loading.files.plain import weight_of
from vae_analyze.loading.files.printable import listing, printable
from vae_analyze.loading.unwrapping.content import Role, State

# Names of averages over training, as a whole key or the first component of names.
_AVERAGED = re.compile(
    r"(.*[._])?(ema|model_ema|ema_model|ema_vae|vae_ema|net_ema|ema_net|ema_state_dict|params_ema|ema_params|ema_weights|"
    r"averaged|averaged_model|avg_model|swa|swa_model|model_swa|swa_state_dict|average_model|shadow)([._].*)?",
    re.IGNORECASE,
)
# First components of names that belong to the training, not to the model.
_TRAINING = re.compile(
    r"(loss|losses|.*_loss|loss_.*|criterion|perceptual.*|lpips|vgg.*|inception.*|(train|val|test|valid)_.*|metrics?|"
    r"fid|ssim|psnr|discriminator|disc|critic|netD|optimizer.*)",
    re.IGNORECASE,
)
# Components that say what a part is: taken off, their meaning would be lost.
_PARTS = re.compile(
    r"(enc|dec|q_|p_|mu|mean|log|var|std|sigma|fc|lin|conv|latent|quant|embed|head|prior|post|bottleneck|recogn|generat|"
    r"inference|up|down|mid|in|out|layers?$|blocks?$|main$|seq|\d)",
    re.IGNORECASE,
)
_WRAPPERS = ("module", "_orig_mod")
# Bookkeeping of wrappers, which stands beside the prefix of the weights.
_COUNTERS = frozenset({"n_averaged", "initted", "step", "decay", "num_updates", "global_step", "_extra_state"})


# Ends of the names of a network's own tensors.
_ENDS = ("weight", "bias", "running_mean", "running_var", "num_batches_tracked", "gamma", "beta", "kernel")
_FIRST_STAGE = "first_stage_model"  # the autoencoder inside of a latent diffusion model's checkpoint


@final
@dataclass(frozen=True, slots=True)
class Split:
    """What one state_dict comes to: its networks, and what was left out."""

    states: tuple[State, ...]
    notes: tuple[str, ...]


def network_in(mapping: Mapping[Any, Any]) -> dict[str, Tensor]:
    """The weights of a mapping that is a network's; empty for any other mapping."""
    if "param_groups" in mapping:
        return {}
    weights = ((key, weight_of(value)) for key, value in mapping.items() if isinstance(key, str))
    found = {key: weight for key, weight in weights if weight is not None}
    named = any("." in key or key.endswith(_ENDS) for key in found)
    # A mapping of a few other things with the mean and deviation of the data among them is no network.
    return found if named or 2 * len(found) > len(mapping) else {}


def averaged(name: str) -> bool:
    """Whether a key or the first component of a name says that weights are averages over training."""
    return _AVERAGED.fullmatch(name) is not None


def split(name: str, tensors: Mapping[str, Tensor], modules: Iterable[str] = ()) -> Split:
    """The networks in a state_dict, averaged weights apart from plain ones, with prefixes taken off.

    Args:
        name: Where it was found.
        tensors: As found.
        modules: Paths of the modules that it states to have had, those without weights included.
    """
    left = {key: value for key, value in tensors.items() if key not in _COUNTERS}
    if "n_averaged" in tensors:
        return _finish([(name, "ema", left)], tuple(modules), ())
    outer = _prefix(list(left))
    left = {key.removeprefix(outer): value for key, value in left.items()}
    firsts = list(dict.fromkeys(key.partition(".")[0] for key in left if "." in key))
    ema = [first for first in firsts if averaged(first)]
    groups: list[tuple[str, Role, dict[str, Tensor]]] = []
    if ema and len(ema) < len(firsts):
        for first in ema:
            inner = _below(left, first)
            left = {key: value for key, value in left.items() if not key.startswith(f"{first}.")}
            groups.append((_joined(name, first), "ema", _undotted(inner, left)))
    whole = left
    left, notes = _without_training(left, firsts)
    role: Role = "ema" if averaged(name) or (ema and not groups) else "raw"
    parts = _finish([(name, role, left), *groups], tuple(modules), notes, outer)
    if len(whole) == len(left):
        return parts
    full = _stripped(State(name=name, role=role, tensors=whole, prefix=outer, modules=tuple(modules)))
    return replace(parts, states=tuple(replace(one, whole=full) if one.name == name else one for one in parts.states))


def _finish(
    groups: list[tuple[str, Role, dict[str, Tensor]]],
    modules: tuple[str, ...],
    notes: tuple[str, ...],
    outer: str = "",
) -> Split:
    states = [
        _stripped(State(name=name, role=role, tensors=tensors, prefix=outer, modules=modules))
        for name, role, tensors in groups
        if tensors
    ]
    names = {frozenset(state.tensors) for state in states if state.role == "raw"}
    # An average of something else, such as of the optimiser's numbers, is no network.
    kept = [state for state in states if state.role == "raw" or not names or _covers(state, names)]
    return Split(tuple(kept), notes)


def _covers(state: State, names: set[frozenset[str]]) -> bool:
    return any(frozenset(state.tensors) <= known for known in names)


def _below(tensors: Mapping[str, Tensor], first: str) -> dict[str, Tensor]:
    start = f"{first}."
    return {key.removeprefix(start): value for key, value in tensors.items() if key.startswith(start)}


def _undotted(average: dict[str, Tensor], plain: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Averages under their own names, where whoever wrote them took the dots out."""
    names = {key.replace(".", ""): key for key in plain}
    return {names.get(key, key): value for key, value in average.items() if key not in _COUNTERS}


def _without_training(tensors: dict[str, Tensor], firsts: list[str]) -> tuple[dict[str, Tensor], tuple[str, ...]]:
    training = [first for first in firsts if _TRAINING.fullmatch(first)]
    if _FIRST_STAGE in firsts:
        training = [first for first in firsts if first != _FIRST_STAGE]
    kept = {key: value for key, value in tensors.items() if key.partition(".")[0] not in training}
    if not training or not any(value.ndim > 1 for value in kept.values()):
        return tensors, ()
    shown = listing([printable(first, limit=40) for first in training], most=6)
    note = f"left out {len(tensors) - len(kept)} tensors that belong to the training: {shown}"
    return kept, (note,) if len(kept) < len(tensors) else ()


def _stripped(state: State) -> State:
    """Without the prefixes that all names share, and without the marks of wrappers inside of names."""
    inner = _prefix(list(state.tensors))
    names = _unwrapped([name.removeprefix(inner) for name in state.tensors])
    whole = f"{state.prefix}{inner}"
    modules = [path.removeprefix(whole) for path in state.modules if path.startswith(whole)]
    return replace(
        state,
        tensors=dict(zip(names, map(_standard, state.tensors.values()), strict=True)),
        prefix=whole,
        modules=tuple(dict.fromkeys(_unwrapped(modules))),
    )


def _prefix(names: list[str]) -> str:
    """The leading components that all names share and that say nothing of the part that a weight plays."""
    prefix = ""
    while len(first := {name.partition(".")[0] for name in names}) == 1:
        component, rest = first.pop(), [name.partition(".")[2] for name in names]
        named = all("." in name for name in rest) and not _PARTS.match(component)
        if not all(rest) or not (named or component in _WRAPPERS):
            break
        names, prefix = rest, f"{prefix}{component}."
    return prefix


def _unwrapped(names: list[str]) -> list[str]:
    """Names without "module" and "_orig_mod" in their midst, unless two would become one."""
    shorter = [".".join(part for part in name.split(".") if part not in _WRAPPERS) for name in names]
    return shorter if len(set(shorter)) == len(set(names)) and all(shorter) else names


def _standard(tensor: Tensor) -> Tensor:
    return tensor.detach().float() if tensor.is_floating_point() else tensor.detach()


def _joined(name: str, first: str) -> str:
    return f"{name}.{first}" if name else first
