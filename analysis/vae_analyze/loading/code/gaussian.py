"""Whether what a model samples is a diagonal Gaussian around its mean."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor

from vae_analyze.errors import CheckpointError
from vae_analyze.loading.code.noise import Noise
from vae_analyze.loading.code.survey import close

_TOLERANCE = 2e-3
_HINT = "write an adapter file of ten lines that says what its posterior is (--adapter FILE.py)"


def check_diagonal(
    codes: Tensor, deviation: Tensor, draws: int, sample: Callable[[Noise], Tensor | None], *, name: str
) -> None:
    """Refuse posteriors that a mean and a standard deviation per dimension do not describe.

    Args:
        codes: The sample without noise.
        deviation: How far noise of 1 everywhere moves it.
        draws: How often normal noise is drawn.
        sample: The sample under another noise; None where it cannot be had.
        name: Of the class, for the message.

    Raises:
        CheckpointError: Some numbers are not moved by the noise, several draws move the same code, or noise of
            another size or sign does not move it in proportion.
    """
    still = (deviation == 0).flatten(start_dim=1).all(dim=0)
    if 0 < int(still.sum()) < still.numel():
        raise CheckpointError(
            f"{name}: {int(still.sum())} of {still.numel()} numbers of its code are not moved by normal noise: a code "
            "with a discrete or deterministic part has no diagonal Gaussian posterior",
            hint=_HINT,
        )
    moving = 0
    for at in range(draws if draws > 1 else 0):
        alone = sample(Noise(1.0, only=at))
        moving += alone is not None and not close(alone, codes)
    if moving > 1:
        raise CheckpointError(
            f"{name} draws noise {moving} times for one code: a hierarchy of latents or several samples, whose "
            "posterior is no single diagonal Gaussian",
            hint=_HINT,
        )
    swayed = sample(Noise(1.0, swaying=True))
    if swayed is None or not close((swayed - codes).abs(), deviation.abs(), tolerance=_TOLERANCE):
        raise CheckpointError(
            f"{name}: noise of another size and sign does not move the code in proportion: its posterior is no "
            "diagonal Gaussian (a flow, or correlated noise)",
            hint=_HINT,
        )
