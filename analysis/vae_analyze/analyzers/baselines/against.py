"""Another model of the same data, such as a deterministic autoencoder."""

from __future__ import annotations

from typing import TYPE_CHECKING, final

import numpy as np

from vae_analyze.errors import AnalyzerError, CheckpointError

if TYPE_CHECKING:
    from torch import Tensor

    from vae_analyze.analyzers.base import Beside, Context
    from vae_analyze.loading.card import Card


@final
class Against:
    """The other model, to be called.

    Args:
        other: As the context gives it.
    """

    def __init__(self, other: Beside) -> None:
        self._other = other

    @property
    def card(self) -> Card:
        """Its card."""
        return self._other.card

    @property
    def same(self) -> bool:
        """Whether it is the model under analysis."""
        return self._other.same

    @property
    def name(self) -> str:
        """What people call it."""
        return self.card.name

    @property
    def d(self) -> int:
        """Its number of latent dimensions."""
        return int(np.prod(self.card.latent_shape))

    @property
    def warnings(self) -> tuple[str, ...]:
        """What looks wrong with it; that it has no posterior is nothing wrong here."""
        return self._other.doubts

    def encode(self, x: Tensor, labels: Tensor | None) -> Tensor:
        """Posterior means ``(n, *its latent_shape)``."""
        try:
            return self._other.encode(x, labels).mean
        except AnalyzerError as error:
            raise _named(error) from error

    def decode(self, z: Tensor, labels: Tensor | None) -> Tensor:
        """Decoded means ``(n, *input_shape)``."""
        try:
            return self._other.decode(z, labels)
        except AnalyzerError as error:
            raise _named(error) from error


def against(path: str, context: Context) -> Against:
    """The model of a checkpoint, beside the one under analysis: same device, same number format.

    Raises:
        CheckpointError: It cannot be loaded without further words, takes samples of another shape, or needs labels that
            the data do not have.
    """
    try:
        return Against(context.beside(path))
    except CheckpointError as error:
        raise CheckpointError(f"--against {error.message}", hint=error.hint) from error


def _named(error: AnalyzerError) -> AnalyzerError:
    return AnalyzerError(f"--against {error.message}", hint=error.hint)
