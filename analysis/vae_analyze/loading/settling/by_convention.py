"""A library's convention held against the data: it stands, unless another reading is clearly better."""

from __future__ import annotations

from dataclasses import replace

import torch

from vae_analyze.errors import CheckpointError
from vae_analyze.loading.card import Assumption
from vae_analyze.loading.options import LoadOptions
from vae_analyze.loading.settling.convention import Core
from vae_analyze.loading.settling.cost import operations_of
from vae_analyze.loading.settling.ruling import CLEAR_RATIO
from vae_analyze.loading.settling.settle import Known, Settled, settle

# For one sample; readings are tried on at least eight, several times over.
MOST_OPERATIONS = 2e9


def by_convention(core: Core, options: LoadOptions, known: Known) -> Settled:
    """How a library's model is read: as the library has it, which people who train with it may not have followed.

    A library fixes what encode and decode give, not what range a person's training data had. The usual range stands
    where there are no data, where it reconstructs them as well as any other, and where nothing does.

    A network of which a few samples cost many seconds is read by the convention; what is verified of every model then
    shows whether it reconstructs the data.

    Args:
        core: The network.
        options: What a person says; it goes before both.
        known: The library's convention.

    Raises:
        CheckpointError: As `settle`.
    """
    open_to_doubt = options.evidence is not None and options.range is None and options.output == "auto"
    if open_to_doubt and known.input_range is not None and _costly(core, options):
        return settle(core, replace(options, evidence=None), known=known)
    settled = settle(core, options, known=known)
    if options.evidence is None or not open_to_doubt:
        return settled
    try:
        tried = settle(core, options, known=replace(known, input_range=None, output=None))
    except CheckpointError:
        return settled
    if not tried.error * CLEAR_RATIO < settled.error:  # NaN where nothing was tried
        return settled
    left = Assumption(
        what="the library's convention",
        value="not followed: the model was trained on another range",
        source=f"guess: error {tried.error:.4g} on {options.evidence.name}",
        guess=True,
        runner_up=f"{known.source}: error {settled.error:.4g}",
    )
    return replace(tried, assumptions=(left, *tried.assumptions))


def _costly(core: Core, options: LoadOptions) -> bool:
    """Whether trying another reading would take long; only where the data's range is the usual one of images."""
    if options.evidence is None or options.evidence.value_range != (0.0, 1.0) or len(core.input_shape) != 3:
        return False
    x = torch.zeros(1, *core.input_shape)
    cost = operations_of(core, lambda: core.decoded(core.outputs(x, None)[0], None), tuple(core.input_shape))
    return cost > MOST_OPERATIONS
