"""A checkpoint read with the person's own class."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from vae_analyze.errors import CheckpointError, VaeAnalyzeError
from vae_analyze.loading.card import Assumption, Card, Loaded
from vae_analyze.loading.code.adapt import Adapted, adapt, same_answers
from vae_analyze.loading.code.arguments import check_names, named_parameters, parsed_arguments, signature_of
from vae_analyze.loading.code.confirming import settled_with
from vae_analyze.loading.code.construct import Made, Recipe, Stated, construct, filled, hidden_draws, one_of_several
from vae_analyze.loading.code.matching import TOGETHER
from vae_analyze.loading.code.mixed import MixedCodeError, adapter_for
from vae_analyze.loading.code.named import Named, named_code
from vae_analyze.loading.code.said import said
from vae_analyze.loading.code.search import is_space
from vae_analyze.loading.code.spec import parse_spec
from vae_analyze.loading.files.printable import listing, printable
from vae_analyze.loading.options import LoadOptions, fingerprint
from vae_analyze.loading.settling.convention import ConditionalConventional, Conventional
from vae_analyze.loading.settling.settle import Settled
from vae_analyze.loading.source import Source
from vae_analyze.loading.unwrapping.content import Content, State
from vae_analyze.loading.unwrapping.unwrap import chosen, unwrap

_DEVICES = re.compile(r"cuda|\.to\(|device|torch\.(zeros|ones|empty|full|rand|randn|eye|arange|linspace|tensor)\b")
_LARGE = 50_000_000  # numbers; above, a network is not made twice
_FORMAT = "weights with the person's own class"


def read_code(source: Source, options: LoadOptions) -> Loaded:
    """The model of ``options.model``, filled with a checkpoint's weights.

    Args:
        source: The checkpoint.
        options: With `model`, and `arguments` of its constructor.

    Raises:
        CheckpointError: The class cannot be made, the weights do not fit, or what it computes cannot be told.
        UsageError: The class's place or an argument is not understood.
    """
    given = parsed_arguments(options.arguments)
    content = unwrap(source.content, options)
    states = _states(content, options)
    failures: list[CheckpointError] = []
    for named in named_code(parse_spec(options.model), given):
        try:
            return _loaded(source, options, given, content, states, named)
        except CheckpointError as error:
            failures.append(error)
    raise failures[0]


def _states(content: Content, options: LoadOptions) -> list[State]:
    first = chosen(content, options)
    rest = [state for state in content.states if state is not first and state.role == first.role]
    states = [first, *rest]
    if rest:
        together = {f"{state.name.rpartition('.')[2]}.{name}": tensor for state in states
                    for name, tensor in state.tensors.items()}  # fmt: skip
        states.append(State(name=TOGETHER, role=first.role, tensors=together))
    # As they are in the file, first: a class may hold what looks as if it belonged to the training.
    return [*(state.whole for state in states if state.whole is not None), *states]


def _loaded(
    source: Source, options: LoadOptions, given: dict[str, Any], content: Content, states: list[State], named: Named
) -> Loaded:
    signature = signature_of(named.target)
    check_names(given, signature, what=named.name, also=named.globals)
    mine = {name: value for name, value in given.items() if _is_argument(name, named)}
    recipe = Recipe(
        target=named.target,
        name=named.name,
        states=states,
        stated=_stated(mine, content.stated, named),
        lacking=named.lacking,
    )
    try:
        made = construct(recipe)
        module = filled(recipe, made)
    except VaeAnalyzeError:
        raise
    except Exception as error:
        raise CheckpointError(
            f"{named.name} cannot be made: {type(error).__name__}: {said(error)}",
            hint="check the arguments (--set NAME=VALUE)",
        ) from error
    placed = bool(_DEVICES.search(named.text))
    try:
        adapted = adapt(module, options, arguments=made.arguments, placed=placed, name=named.name)
    except MixedCodeError as error:
        text = adapter_for(error.mixed, named.name, made.arguments, content, code=options.model)
        raise CheckpointError(error.message, hint=text) from error
    except CheckpointError as error:
        raise (one_of_several(recipe, error) or error) from error
    _check_draws(recipe, made, adapted, options, placed=placed)
    doubts = _other_arguments(recipe, made, adapted, options, placed=placed)
    settled = settled_with(adapted.core, options, adapted.known, parse_spec(options.model).file)
    return _finished(
        source, options, named, made, replace(adapted, assumptions=(*adapted.assumptions, *doubts)), settled
    )


def _is_argument(name: str, named: Named) -> bool:
    root = name.split(".")[0]
    return root in named_parameters(signature_of(named.target)) or root not in named.globals


def _stated(given: Mapping[str, Any], stated: Mapping[str, Any], named: Named) -> list[Stated]:
    """Everything that somebody states of the arguments, the person first."""
    parameters = list(named_parameters(signature_of(named.target)))
    sources = [Stated(values=given, source="option --set", firm=True)]
    for name, values in (("", stated), *((key, value) for key, value in stated.items() if isinstance(value, dict))):
        fitting = _fitting(parameters, values)
        if fitting:
            sources.append(Stated(values=fitting, source=f"the checkpoint{' under ' + name if name else ''}"))
    for values, line in named.calls:
        fitting = {name: value for name, value in values.items() if name in parameters}
        if fitting:
            sources.append(Stated(values=fitting, source=f"its call in line {line} of the file"))
    for space in parameters:
        if is_space(space) and named.command_line:
            fields = {f"{space}.{name}": value for name, value in named.command_line.items()}
            sources.append(Stated(values=fields, source="the file's command line defaults"))
    return sources


def _fitting(parameters: list[str], values: Mapping[str, Any]) -> dict[str, Any]:
    """Stated facts by the names of parameters; an argument object gets all of them."""
    lowered = {str(name).lower(): value for name, value in values.items()}
    found = {name: lowered[name.lower()] for name in parameters if name.lower() in lowered and not is_space(name)}
    plain = (int, float, str, bool, list, tuple, type(None), dict)
    for space in parameters:
        if is_space(space):
            inner = lowered.get(space.lower(), values)
            if isinstance(inner, dict):
                found |= {f"{space}.{name}": value for name, value in inner.items() if isinstance(value, plain)}
    return found


def _check_draws(recipe: Recipe, made: Made, adapted: Adapted, options: LoadOptions, *, placed: bool) -> None:
    """Refuse a network of which a part was drawn when it was made and never saved.

    Raises:
        CheckpointError: Made again with other random numbers, it gives other answers.
    """
    if sum(weight.numel() for weight in adapted.core.model.parameters()) > _LARGE:
        return
    again = filled(recipe, made, seed=1)
    drawn = hidden_draws(adapted.core.model, again)
    if not drawn:
        return
    other = adapt(again, options, arguments=made.arguments, placed=placed, name=recipe.name)
    if not same_answers(adapted.core, other.core):
        raise CheckpointError(
            f"{recipe.name} draws {listing(drawn, most=5)} at random when it is made, and the checkpoint does not hold "
            "them: the trained network cannot be made again",
            hint="only the training script has them; save them with register_buffer",
        )


def _other_arguments(
    recipe: Recipe, made: Made, adapted: Adapted, options: LoadOptions, *, placed: bool
) -> list[Assumption]:
    """What arguments that fit as well would change.

    Raises:
        CheckpointError: They give another model, and nothing tells which was trained.
    """
    doubts: list[Assumption] = []
    for change in made.alternatives:
        arguments = {**made.arguments, **change}
        try:
            module = filled(recipe, replace(made, arguments=arguments))
            other = adapt(module, options, arguments=arguments, placed=placed, name=recipe.name)
            same = same_answers(adapted.core, other.core)
        except Exception:  # noqa: BLE001 - a network that does not run with it was not trained with it
            same = True
        name, value = next(iter(change.items()))
        if not same and not options.accept_guess:
            raise CheckpointError(
                f"{recipe.name}: {name}={made.arguments[name]!r} and {name}={value!r} both fit the weights and are "
                "different models",
                hint=f"say which: --set {name}={made.arguments[name]!r}",
            )
        if not same:
            doubts.append(
                Assumption(
                    what=f"argument {name}",
                    value=repr(made.arguments[name]),
                    source="guess: fits the weights",
                    guess=True,
                    runner_up=f"{value!r}: fits as well",
                )
            )
    return doubts


def _finished(
    source: Source, options: LoadOptions, named: Named, made: Made, adapted: Adapted, settled: Settled
) -> Loaded:
    core, convention = adapted.core, settled.convention
    conditional = convention.labels != "none"
    kind = ConditionalConventional if conditional else Conventional
    vae = kind(core, convention, value_range=settled.value_range)
    assumptions = (*named.assumptions, *_weights(made), *made.assumptions, *adapted.assumptions, *settled.assumptions)
    shown = ", ".join(f"{name}={value!r}" for name, value in made.arguments.items())
    card = Card(
        name=options.name or source.stem,
        architecture=f"{named.name}({printable(shown, limit=200)})",
        input_shape=core.input_shape,
        latent_shape=core.latent_shape,
        fingerprint=fingerprint(
            {"checkpoint": source.path} if not source.folder else {},
            replace(options, model=named.name),
            settled={"code": hashlib.sha256(named.text.encode()).hexdigest(), "arguments": shown, **settled.choices},
        ),
        path=str(source.path),
        format=f"{_FORMAT}, {named.place}",
        deterministic=convention.second == "none",
        conditional=conditional,
        parameters=sum(weight.numel() for weight in core.model.parameters()),
        details={
            "class": named.name,
            "arguments": {name: repr(value) for name, value in made.arguments.items()},
            "sliced_away": list(named.away),
            "taken_out": list(named.dropped),
        },
        assumptions=assumptions,
        warnings=adapted.warnings,
    )
    return Loaded(vae, card)


def _weights(made: Made) -> list[Assumption]:
    fit = made.fit
    told = [
        Assumption(
            what="weights",
            value=f"all {len(fit.tensors)} names and shapes of the class"
            + (f", under {printable(fit.prefix[1:])!r} in the file" if fit.prefix.startswith("-") else ""),
            source=f"the checkpoint{', ' + printable(fit.state.name) if fit.state.name else ''}",
        )
    ]
    if fit.unused:
        told.append(
            Assumption(
                what="weights not used",
                value=listing([printable(name, limit=60) for name in fit.unused], most=6),
                source="they lie beside the network in the file",
            )
        )
    return told
