"""The scale that the person's file gives its images, held against the data where these alone do not settle it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from vae_analyze.errors import CheckpointError
from vae_analyze.loading.card import Assumption
from vae_analyze.loading.code.normalising import Normalising, normalising
from vae_analyze.loading.options import LoadOptions
from vae_analyze.loading.settling.convention import Core
from vae_analyze.loading.settling.experiment import BETTER
from vae_analyze.loading.settling.ruling import CLEAR_RATIO
from vae_analyze.loading.settling.settle import Known, Settled, settle

_WHAT = "input range"


def settled_with(core: Core, options: LoadOptions, known: Known, file: Path | None) -> Settled:
    """How a network is read: by the data, and where they leave the scale of the images open by the person's file.

    The file is a witness, not a judge: its scale is taken where the network reconstructs with it and no other scale
    does so clearly better. The data alone go before it.

    Args:
        core: The network.
        options: As given.
        known: What the class's own code shows.
        file: The file that was named; None: an installed package.

    Raises:
        CheckpointError: As `settle`.
    """
    failure: CheckpointError | None = None
    settled: Settled | None = None
    try:
        settled = settle(core, options, known=known)
        if not any(one.what == _WHAT and one.guess for one in settled.assumptions):
            return settled
    except CheckpointError as error:
        failure = error
    witness = _witness(core, options, known, file)
    confirmed = None if witness is None or file is None else _confirmed(core, options, known, witness, file, settled)
    if confirmed is not None:
        return confirmed
    if failure is not None:
        raise failure
    assert settled is not None, "settled or failed"
    return settled


def _witness(core: Core, options: LoadOptions, known: Known, file: Path | None) -> Normalising | None:
    evidence = options.evidence
    if file is None or evidence is None or evidence.value_range != (0.0, 1.0) or len(core.input_shape) not in (1, 3):
        return None
    if options.range is not None or known.input_range is not None:
        return None
    try:
        return normalising(file, channels=core.input_shape[0] if len(core.input_shape) == 3 else 1)
    except CheckpointError:
        return None


def _confirmed(
    core: Core, options: LoadOptions, known: Known, witness: Normalising, file: Path, free: Settled | None
) -> Settled | None:
    """The reading with the file's scale; None where the data speak against it."""
    try:
        free = free or settle(core, replace(options, accept_guess=True), known=known)
        found = settle(core, options, known=replace(known, input_range=witness.range))
    except CheckpointError:
        return None
    # Written so that an error that is no number confirms nothing.
    if not (found.error * BETTER <= found.mean_sample_error and found.error <= free.error * CLEAR_RATIO):
        return None
    assert options.evidence is not None, "there is no error without"
    low, high = witness.range
    value = f"{low:g} to {high:g}"
    by_data = next((one for one in free.assumptions if one.what == _WHAT), None)
    rival = "" if by_data is None else f"; {free.error:.3g} with the data's own favourite, {by_data.value}"
    source = (
        f"line {witness.line} of {file.name}: {witness.text}; reconstruction error {found.error:.3g} on "
        f"{options.evidence.name}{rival}"
    )
    said = Assumption(what=_WHAT, value=value, source=source)
    return replace(
        found,
        assumptions=tuple(said if one.what == _WHAT else one for one in found.assumptions),
        choices={**found.choices, _WHAT: value},
    )
