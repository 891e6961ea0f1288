"""The person's class, made with the arguments it was trained with, and filled with the weights, strictly."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, final

import torch
from torch import Tensor, nn

from vae_analyze.errors import CheckpointError
from vae_analyze.loading.adapters.adapter_template import template
from vae_analyze.loading.card import Assumption
from vae_analyze.loading.code.arguments import named_parameters, signature_of
from vae_analyze.loading.code.candidates import NEUTRAL, candidates
from vae_analyze.loading.code.execution import CommandLine
from vae_analyze.loading.code.matching import TOGETHER, Fit
from vae_analyze.loading.code.said import shown
from vae_analyze.loading.code.search import Search, found_sizes, is_space
from vae_analyze.loading.files.printable import listing, printable
from vae_analyze.loading.state import checked
from vae_analyze.loading.unwrapping.content import Content, State

_CPU = torch.device("cpu")
_MOST_ALTERNATIVES = 3
_MOST_ASKED = 12


@final
@dataclass(frozen=True, kw_only=True)
class Stated:
    """Arguments that somebody states.

    Args:
        values: By name; fields of argument objects as ``args.latent``.
        source: Who, for people.
        firm: Whether the person said so: then nothing else is tried.
    """

    values: Mapping[str, Any]
    source: str
    firm: bool = False


@final
@dataclass(kw_only=True)
class Recipe:
    """How the network is to be made.

    Args:
        target: The class or factory.
        name: What to call it.
        states: The weights, the likeliest first.
        stated: Who states arguments, the most trusted first.
        lacking: Names that its code uses and that are not there, each with the reason.
        search: Makes and compares.
        signature: Its parameters.
    """

    target: Callable[..., Any]
    name: str
    states: Sequence[State]
    stated: Sequence[Stated]
    lacking: Mapping[str, str] = field(default_factory=dict)
    search: Search = field(init=False)
    signature: inspect.Signature | None = field(init=False)

    def __post_init__(self) -> None:
        self.signature = signature_of(self.target)  # before anything is made: with its defaults as they are written
        parameters = named_parameters(self.signature)
        dotted = {name.split(".")[0] for stated in self.stated if stated.firm for name in stated.values if "." in name}
        spaces = frozenset(name for name in parameters if is_space(name) or name in dotted)
        annotations = {
            name: parameter.annotation if isinstance(parameter.annotation, str) else str(parameter.annotation)
            for name, parameter in parameters.items()
            if parameter.annotation is not inspect.Parameter.empty
        }
        self.search = Search(target=self.target, states=self.states, spaces=spaces, annotations=annotations)


@final
@dataclass(frozen=True, kw_only=True)
class Made:
    """A network and how it was made.

    Args:
        arguments: Of the constructor.
        fit: The weights.
        assumptions: Where each argument is from.
        alternatives: Other arguments that fit the weights as well, by what they change.
    """

    arguments: dict[str, Any]
    fit: Fit
    assumptions: tuple[Assumption, ...]
    alternatives: tuple[dict[str, Any], ...] = ()


def construct(recipe: Recipe) -> Made:
    """Arguments under which every name and shape is that of the weights.

    Raises:
        CheckpointError: There are none; the signature, what was tried and the first differences are named.
    """
    firm = _merged([stated for stated in recipe.stated if stated.firm])
    attempts = [*_combinations(recipe), {}]
    best: tuple[dict[str, Any], Fit] | None = None
    for attempt in attempts:
        arguments, fit = _attempt(recipe, {**attempt, **firm}, searching=False)
        if fit is not None and fit.exact:
            return _made(recipe, arguments, fit)
        if fit is not None and (best is None or fit.score() > best[1].score()):
            best = (arguments, fit)
    for attempt in (firm, *({**attempt, **firm} for attempt in attempts[:2])):
        arguments, fit = _attempt(recipe, attempt, searching=True)
        if fit is not None and fit.exact:
            return _made(recipe, arguments, fit)
        if fit is not None and (best is None or fit.score() > best[1].score()):
            best = (arguments, fit)
        if not recipe.search.within():
            break
    raise _impossible(recipe, best)


def filled(recipe: Recipe, made: Made, *, seed: int = 0) -> nn.Module:
    """The network itself, with the weights in it, in evaluation mode.

    Raises:
        CheckpointError: It cannot be made, or the weights are not finite.
    """
    module = recipe.search.made(made.arguments, _CPU, seed=seed)
    floating = {name: tensor for name, tensor in made.fit.tensors.items() if tensor.is_floating_point()}
    checked(floating, where=recipe.name)
    own = module.state_dict()
    state = {name: _cast(tensor, own[name]) for name, tensor in made.fit.tensors.items()}
    counters = {name: tensor for name, tensor in own.items() if name not in state}
    module.load_state_dict({**counters, **state}, strict=True)
    module.float().eval()
    module.requires_grad_(requires_grad=False)
    return module


def hidden_draws(one: nn.Module, other: nn.Module) -> list[str]:
    """Tensors that are not among the weights and differ between two networks made alike: drawn when they were made."""
    found = []
    for (path, module), (_, twin) in zip(one.named_modules(), other.named_modules(), strict=False):
        held: dict[str, Tensor | None] = {
            name: value for name, value in vars(module).items() if isinstance(value, Tensor)
        }
        held |= {name: module._buffers[name] for name in module._non_persistent_buffers_set}
        for name, value in held.items():
            same = getattr(twin, name, None)
            if value is not None and not (isinstance(same, Tensor) and torch.equal(value, same)):
                found.append(f"{path}.{name}" if path else name)
    return found


def _cast(tensor: Tensor, own: Tensor) -> Tensor:
    return tensor.detach().to(own.dtype if not own.is_floating_point() else torch.float32).clone()


def _combinations(recipe: Recipe) -> list[dict[str, Any]]:
    """What is stated: all of it together, then each alone."""
    loose = [stated for stated in recipe.stated if not stated.firm and stated.values]
    together = _merged(loose)
    found: list[dict[str, Any]] = [together] if together else []
    for stated in loose:
        if dict(stated.values) not in found:
            found.append(dict(stated.values))
    return found


def _merged(stated: Sequence[Stated]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for one in reversed(stated):
        values |= one.values
    return values


def _attempt(recipe: Recipe, known: Mapping[str, Any], *, searching: bool) -> tuple[dict[str, Any], Fit | None]:
    parameters = named_parameters(recipe.signature)
    spaces = recipe.search.spaces
    defaults = {
        name: parameter.default
        for name, parameter in parameters.items()
        if parameter.default is not inspect.Parameter.empty and name not in known and name not in spaces
    }
    required = [
        name
        for name, parameter in parameters.items()
        if parameter.default is inspect.Parameter.empty and name not in known and name not in spaces
    ]
    if not searching:
        return dict(known), (recipe.search.fit(known) if not required else None)
    asked: list[str] = []
    for _ in range(_MOST_ASKED):
        recipe.search.asked.clear()
        arguments, fit = found_sizes(recipe.search, known, defaults, [*required, *asked])
        new = [f"{space}.{name}" for space in sorted(spaces) for name in recipe.search.asked]
        new = [name for name in new if name not in asked and name not in known]
        if (fit is not None and fit.exact) or not new:
            return arguments, fit
        asked += new[:1]
    return dict(known), None


def _made(recipe: Recipe, arguments: dict[str, Any], fit: Fit) -> Made:
    parameters = named_parameters(recipe.signature)
    assumptions = []
    inferred: list[str] = []
    for name in [*parameters, *(name for name in arguments if name not in parameters)]:
        default = parameters[name].default if name in parameters else inspect.Parameter.empty
        if name in arguments and not _same(arguments[name], default):
            source = _source(recipe, name, arguments[name])
            if not source:
                source = "does not show in the weights" if name.rpartition(".")[2] in NEUTRAL else "tensor shapes"
                inferred += [name] if source == "tensor shapes" else []
            assumptions.append(Assumption(what=f"argument {name}", value=shown(arguments[name]), source=source))
        elif default is not inspect.Parameter.empty:
            source = _source(recipe, name, default) or "the class's own default"
            assumptions.append(Assumption(what=f"argument {name}", value=shown(default), source=source))
    alternatives = _alternatives(recipe, arguments, inferred)
    return Made(arguments=arguments, fit=fit, assumptions=tuple(assumptions), alternatives=tuple(alternatives))


def _alternatives(recipe: Recipe, arguments: dict[str, Any], inferred: list[str]) -> list[dict[str, Any]]:
    tensors = {name: tensor for state in recipe.states for name, tensor in state.tensors.items()}
    found: list[dict[str, Any]] = []
    recipe.search.restart()
    for name in inferred:
        for value in candidates(name, None, tensors, recipe.search.annotations.get(name, "")):
            if _same(value, arguments[name]) or not recipe.search.within():
                continue
            fit = recipe.search.fit({**arguments, name: value})
            if fit is not None and fit.exact:
                found.append({name: value})
            if len(found) >= _MOST_ALTERNATIVES:
                return found
    return found


def _source(recipe: Recipe, name: str, value: Any) -> str:
    for stated in recipe.stated:
        if name in stated.values and _same(stated.values[name], value):
            return stated.source
    return ""


def _same(one: Any, other: Any) -> bool:
    if one is other:
        return True
    plain = (int, float, str, list, tuple, dict, bool, type(None))
    return isinstance(one, plain) and type(one) is type(other) and bool(one == other)


def _alone(recipe: Recipe) -> list[State]:
    """The networks of the file, none of them twice."""
    return [state for state in {state.name: state for state in recipe.states}.values() if state.name != TOGETHER]


def _several(recipe: Recipe) -> str:
    """What the networks of the file are, where there are several; else ""."""
    found = [
        f"{printable(state.name, limit=60) or 'one without a name'} ({len(state.tensors)} tensors)"
        for state in _alone(recipe)
    ]
    return f"{len(found)} networks, {listing(found, most=6)}" if len(found) > 1 else ""


def _adapter_for(recipe: Recipe) -> str:
    return (
        "name the class whose parts they are, or make each with its own class in an adapter: save this as adapter.py "
        "beside the code, complete what is marked TODO, and pass --adapter adapter.py:\n\n"
        + template(Content(states=tuple(_alone(recipe))))
    )


def one_of_several(recipe: Recipe, error: CheckpointError) -> CheckpointError | None:
    """What to say of a class that is one network of a file that holds several, such as the encoder alone.

    Args:
        recipe: With the weights of the file.
        error: What stands against it.
    """
    several = _several(recipe)
    if not several:
        return None
    return CheckpointError(
        f"{error.message}; the file holds {several}, each saved on its own: a VAE is made of more than one of them",
        hint=_adapter_for(recipe),
    )


def _impossible(recipe: Recipe, best: tuple[dict[str, Any], Fit] | None) -> CheckpointError:
    parameters = named_parameters(recipe.signature)
    signature = f"{recipe.name}({', '.join(str(parameter) for parameter in parameters.values())})"
    required = [name for name, parameter in parameters.items() if parameter.default is inspect.Parameter.empty]
    example = " ".join(f"{name}=VALUE" for name in (required or list(parameters) or ["name"])[:4])
    example = f"--set {example}"
    attempts = f"{recipe.search.tried:,} attempts"
    attempts += "" if recipe.search.within() else ", after which the search was given up"
    if best is None and recipe.lacking and "NotThere" in recipe.search.failure:
        name, reason = next(iter(recipe.lacking.items()))
        return CheckpointError(
            f"{recipe.name} needs a name that is not there: {reason}", hint=f"give it: --set {name}=VALUE"
        )
    if best is None:
        return CheckpointError(
            f"{printable(signature, limit=300)} cannot be made: {recipe.search.failure or 'no value fits'} "
            f"({attempts})",
            hint=f"give its arguments: {example}",
        )
    arguments, fit = best
    given = [(name, value) for name, value in arguments.items() if not isinstance(value, CommandLine)]
    tried = listing([f"{name}={shown(value)}" for name, value in given]) or "its defaults"
    several = _several(recipe)
    if several:
        return CheckpointError(
            f"the weights do not fit {printable(signature, limit=300)}: the file holds {several}, each saved on its "
            f"own, and {recipe.name} is neither one of them nor made of them; nearest of {attempts}, with {tried}: "
            f"{fit.describe()}",
            hint=_adapter_for(recipe),
        )
    return CheckpointError(
        f"the weights do not fit {printable(signature, limit=300)}; nearest of {attempts}, with "
        f"{tried}: {fit.describe()}",
        hint=f"give its arguments ({example}), or name the class that the weights are of",
    )
