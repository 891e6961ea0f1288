"""The contract of an analyzer: what it needs, what it is given, what it gives back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Protocol, final

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy as np
    import torch
    from numpy.typing import NDArray
    from torch import Tensor

    from vae_analyze.data.dataset import Dataset
    from vae_analyze.findings import Findings
    from vae_analyze.loading.card import Card
    from vae_analyze.metrics.derivative import Derivative
    from vae_analyze.vae import DiagonalGaussian

Need = Literal[
    "codes",  # posterior means of the data; every autoencoder has them
    "posterior",  # means and variances: a deterministic autoencoder is not applicable
    "sample",  # one posterior sample per data sample, the same for every analyzer
    "reconstruction",  # the decoded posterior means
    "encoder",  # encodes other inputs itself
    "decoder",  # decodes other codes itself
    "gradients",  # differentiates through the model
    "labels",
    "factors",
    "groups",  # labels or factors, whichever the data have
    "images",  # samples of shape (c, h, w)
]


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class Cost:
    """Model evaluations per sample, beyond what is shared between analyzers; drives the estimate and the progress bar.

    Args:
        encodes: Encoder evaluations.
        decodes: Decoder evaluations.
        gradients: Backward passes.
    """

    encodes: float = 0
    decodes: float = 0
    gradients: float = 0


class Batch(Protocol):
    """Some samples and what the model makes of them.

    Each shared quantity is computed at most once per batch, whoever asks, and only what was declared in ``needs``
    may be read. Random numbers are functions of (seed, analyzer, tag, sample index): they do not depend on the batch.
    """

    @property
    def index(self) -> NDArray[np.int64]:
        """Sample indices within the data, ``(n,)``."""

    @property
    def x(self) -> Tensor:
        """Data, ``(n, *input_shape)``."""

    @property
    def labels(self) -> Tensor:
        """Class numbers, int64 ``(n,)``; needs "labels"."""

    @property
    def factors(self) -> Tensor:
        """Ground-truth factor values, float64 ``(n, k)``; needs "factors"."""

    @property
    def posterior(self) -> DiagonalGaussian:
        """q(z | x); needs "codes" (then only the mean is meant) or "posterior"."""

    @property
    def sample(self) -> Tensor:
        """One draw from q(z | x), ``(n, *latent_shape)``; needs "sample"."""

    @property
    def reconstruction(self) -> Tensor:
        """The decoded posterior mean, ``(n, *input_shape)``; needs "reconstruction"."""

    def __len__(self) -> int:
        """Number of samples."""

    def encode(self, x: Tensor, /, *, of: NDArray[np.int64] | None = None, consume: bool = False) -> DiagonalGaussian:
        """Posteriors of other inputs ``(m, *input_shape)``; needs "encoder".

        Args:
            x: The inputs.
            of: For each input, which row of this batch it belongs to (its label goes with it); default: row by row.
            consume: ``x`` is not needed afterwards: the model may overwrite it, and no copy is made to guard it.
        """

    def decode(self, z: Tensor, /, *, of: NDArray[np.int64] | None = None) -> Tensor:
        """Decoded means of other codes ``(m, *latent_shape)``; needs "decoder"."""

    def normal(self, shape: Sequence[int], /, *, tag: str = "") -> Tensor:
        """Standard normal numbers ``(n, *shape)``, each row from its sample's own generator."""

    def uniform(self, shape: Sequence[int], /, *, tag: str = "") -> Tensor:
        """Uniform numbers in [0, 1), ``(n, *shape)``, each row from its sample's own generator."""


class Codes(Protocol):
    """The table of posterior means and log variances of all analysed samples, computed once and stored."""

    @property
    def index(self) -> NDArray[np.int64]:
        """Sample indices, ``(n,)``, in the order of the pass."""

    def chunks(self) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float32], NDArray[np.float32]]]:
        """Shard by shard: indices ``(m,)``, means and log variances ``(m, *latent_shape)``."""

    def labels(self, index: NDArray[np.int64] | None = None, /) -> NDArray[np.int64] | None:
        """Class numbers ``(n,)`` in the same order, or those of the analysed samples ``index``; None without labels."""

    def factors(self) -> NDArray[np.float64] | None:
        """Ground-truth factor values ``(n, k)``, in the same order; None where the data have none."""


class Beside(Protocol):
    """Another model on the same data and device."""

    @property
    def card(self) -> Card:
        """Its card."""

    @property
    def same(self) -> bool:
        """Whether it is the model under analysis."""

    @property
    def doubts(self) -> tuple[str, ...]:
        """What looks wrong with it, other than having no posterior."""

    def encode(self, x: Tensor, labels: Tensor | None) -> DiagonalGaussian:
        """Posteriors of ``x``, ``(n, *input_shape)``; labels for a model that needs them."""

    def decode(self, z: Tensor, labels: Tensor | None) -> Tensor:
        """Decoded means of ``z``, ``(n, *its latent_shape)``."""


class Context(Protocol):
    """What an analyzer may know and ask beyond its batches."""

    @property
    def card(self) -> Card:
        """The model's card."""

    @property
    def data(self) -> Dataset:
        """The data, addressed by sample index."""

    @property
    def index(self) -> NDArray[np.int64]:
        """The sample indices under analysis, ``(n,)``: in ``finish`` all, before it those of the shard."""

    @property
    def seed(self) -> int:
        """The seed of the run."""

    @property
    def device(self) -> torch.device:
        """Where the model is."""

    @property
    def dtype(self) -> torch.dtype:
        """The model's number format."""

    @property
    def codes(self) -> Codes:
        """The table of codes; in ``finish`` only, needs "codes" or "posterior"."""

    def read(self, index: Sequence[int] | NDArray[np.int64], /) -> Batch:
        """Any samples of the data as a batch, with the random numbers that they had in the pass; in ``finish``."""

    def encode(self, x: Tensor, /, *, labels: Tensor | None = None) -> DiagonalGaussian:
        """Posteriors of inputs that belong to no sample; needs "encoder"."""

    def decode(self, z: Tensor, /, *, labels: Tensor | None = None) -> Tensor:
        """Decoded means of codes that belong to no sample; needs "decoder"."""

    def beside(self, path: str, /) -> Beside:
        """Another model on the same data, from its checkpoint; the first call loads it.

        Raises:
            CheckpointError: It cannot be loaded without further words, or does not fit the data; this ends the run.
        """

    def derivative(
        self, z: Tensor, tangent: Tensor, /, *, labels: Tensor | None = None, scale: float = 1.0
    ) -> Derivative:
        """Directional derivatives of the decoded mean at codes ``(m, *latent_shape)``; needs "decoder".

        By forward-mode derivatives; by central differences of a small part of ``scale``, the spread of codes, and then
        said so, for a model that has none.
        """

    def generator(self, tag: str = "", /) -> torch.Generator:
        """A generator seeded by (seed, analyzer, tag), on the CPU, for draws that belong to the whole."""


class Accumulator(Protocol):
    """What is gathered over batches.

    A dataclass whose fields are numbers, strings, arrays, `vae_analyze.stats` accumulators, or dictionaries and lists
    of these: the engine stores and restores it by its fields. Fields marked with `transient` are made anew by
    ``start``. Merging is associative and an unused accumulator is neutral. Memory does not depend on the number of
    samples.
    """

    def update(self, batch: Batch, /) -> None:
        """Take in a batch."""

    def merge(self, other: Any, /) -> None:
        """Take in what another accumulator of the same analyzer has gathered."""

    def finish(self) -> Findings:
        """What was found; may use the model through the context that ``start`` was given."""


class Analyzer(Protocol):
    """One question asked of a VAE: a frozen, keyword-only dataclass whose fields are its options.

    The command line's flags, the configuration file's keys and the keyword arguments in Python all come from the fields
    (see `vae_analyze.analyzers.option.option`).
    """

    name: ClassVar[str]
    """Short, unique, lower case."""
    version: ClassVar[int]
    """Raised when any number changes."""
    question: ClassVar[str]
    """One sentence ending in a question mark."""
    needs: ClassVar[frozenset[Need]]
    """What is computed for it, and what it cannot do without."""
    references: ClassVar[tuple[str, ...]]
    """Papers that define what it measures."""

    def cost(self) -> Cost:
        """Model evaluations per sample with these options."""

    def start(self, context: Context, /) -> Accumulator:
        """An empty accumulator."""
