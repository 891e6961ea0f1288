"""Which of the networks in a file is the one to analyse."""

from __future__ import annotations

import re
from dataclasses import replace

from vae_analyze.errors import CheckpointError
from vae_analyze.loading.files.printable import listing, printable
from vae_analyze.loading.options import LoadOptions
from vae_analyze.loading.unwrapping.content import Content, State
from vae_analyze.loading.unwrapping.foreign import foreign

_NAMED = re.compile(
    r"(.*[._])?(vae|autoencoder|auto_encoder|ae|c?vae_?(model|net|state_?dict)?)([._].*)?", re.IGNORECASE
)
_SMALL = 0.01  # of the largest network's numbers: what is smaller is no rival to it


def chosen(content: Content, options: LoadOptions) -> State:
    """The network to analyse: averaged weights before plain ones unless the person says otherwise.

    Raises:
        CheckpointError: There is none, none of the kind that was asked for, or several with nothing to choose by.
    """
    if not content.states:
        what = content.notes[-1] if content.notes else "the file holds no weights"
        raise CheckpointError(f"expected weights, found none: {what}", hint="give the file of the trained model")
    raw = [state for state in content.states if state.role == "raw"]
    ema = [state for state in content.states if state.role == "ema"]
    wanted = {"ema": ema, "raw": raw}.get(options.weights)
    if wanted is not None:
        if not wanted:
            held = "averaged (EMA)" if ema else "plain"
            raise CheckpointError(
                f"--weights {options.weights}: the file holds only {held} weights", hint="leave --weights out"
            )
        return _one(wanted) if options.weights == "raw" or not raw else _filled(wanted, _one(raw))
    if not raw:
        return _one(ema)
    plain = _one(raw)
    return _filled(ema, plain) if any(_fits(state, plain) for state in ema) else plain


def _one(states: list[State]) -> State:
    able = [state for state in states if not foreign(state.tensors)] or states
    named = [state for state in able if is_called_model(state)]
    rivals = named or able
    largest = max(rivals, key=lambda state: state.parameters)
    rivals = [state for state in rivals if state.parameters > _SMALL * largest.parameters]
    if len(rivals) > 1:
        names = listing([_shown(state) for state in rivals], most=6)
        raise CheckpointError(
            f"expected one model, found {len(rivals)} networks: {names}",
            hint="save the one that you mean on its own: torch.save(model.state_dict(), path)",
        )
    return largest


def is_called_model(state: State) -> bool:
    """Whether a network is called a VAE in its file."""
    return _NAMED.fullmatch(f"{state.name}.{state.prefix}".strip(".")) is not None


def _fits(average: State, plain: State) -> bool:
    return all(
        key in plain.tensors and plain.tensors[key].shape == value.shape for key, value in average.tensors.items()
    )


def _filled(averages: list[State], plain: State) -> State:
    """The average of a network; what is not averaged, such as running statistics, comes from the network itself."""
    fitting = [state for state in averages if _fits(state, plain)]
    if not fitting:
        return _one(averages)
    best = max(fitting, key=lambda state: len(state.tensors))
    return replace(best, tensors={**plain.tensors, **best.tensors})


def _shown(state: State) -> str:
    name = printable(state.name, limit=60) or "the file itself"
    return f"{name} ({len(state.tensors)} tensors, {state.parameters:,} numbers)"
