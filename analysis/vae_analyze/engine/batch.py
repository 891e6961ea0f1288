"""A batch: shared quantities computed at most once, and each analyzer's own view of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from vae_analyze.analyzers.base import Need
from vae_analyze.data.dataset import Samples
from vae_analyze.engine.evaluator import Evaluator
from vae_analyze.engine.randomness import Streams
from vae_analyze.errors import AnalyzerError
from vae_analyze.vae import DiagonalGaussian

SHARED = "engine"  # the stream of draws that all analyzers share


@final
class SharedBatch:
    """What every analyzer of a pass shares: data, posterior, sample, reconstruction; each computed on first use.

    Args:
        samples: The data.
        evaluator: The model.
        device: Where tensors go.
        dtype: Their format.
        seed: Of the run, for the shared posterior sample.
        posterior: The posterior, when it is already known.
        known: Asked for the posterior, where there is none yet, before the model is.
    """

    def __init__(
        self,
        samples: Samples,
        evaluator: Evaluator,
        *,
        device: torch.device,
        dtype: torch.dtype,
        seed: int,
        posterior: DiagonalGaussian | None = None,
        known: Callable[[], DiagonalGaussian | None] = lambda: None,
    ) -> None:
        self.index = samples.index
        self.evaluator = evaluator
        self.device = device
        self.dtype = dtype
        self._seed = seed
        self.x = torch.from_numpy(samples.x).to(device=device, dtype=dtype)
        self.labels = None if samples.labels is None else torch.from_numpy(samples.labels).to(device)
        self.factors = None if samples.factors is None else torch.from_numpy(samples.factors)
        self._posterior = posterior
        self._known = known
        self._sample: Tensor | None = None
        self._reconstruction: Tensor | None = None

    @property
    def posterior(self) -> DiagonalGaussian:
        """q(z | x)."""
        if self._posterior is None:
            self._posterior = self._known()
        if self._posterior is None:
            # Without gradients whoever asks first: the shared tensors must not depend on who that is.
            with torch.no_grad():
                self._posterior = self.evaluator.encode(self.x, self.labels)
        return self._posterior

    @property
    def sample(self) -> Tensor:
        """One draw from q(z | x)."""
        if self._sample is None:
            shape = self.posterior.mean.shape[1:]
            noise = Streams(self._seed, SHARED).normal(self.index, shape, tag="posterior")
            with torch.no_grad():
                self._sample = self.posterior.sample(noise.to(device=self.device, dtype=self.dtype))
        return self._sample

    @property
    def reconstruction(self) -> Tensor:
        """The decoded posterior mean."""
        if self._reconstruction is None:
            with torch.no_grad():
                self._reconstruction = self.evaluator.decode(self.posterior.mean, self.labels)
        return self._reconstruction


@final
class AnalyzerBatch:
    """One analyzer's view of a batch; see `vae_analyze.analyzers.base.Batch`.

    What is shared is copied for each analyzer that reads it: one that writes into a tensor changes only its own
    numbers. Reading what was not declared is an error, because the engine plans by the declaration.
    """

    def __init__(self, shared: SharedBatch, *, name: str, needs: frozenset[Need], streams: Streams) -> None:
        self._shared = shared
        self._name = name
        self._needs = needs
        self._streams = streams
        self.index: NDArray[np.int64] = shared.index.copy()

    def __len__(self) -> int:
        return len(self._shared.index)

    @cached_property
    def x(self) -> Tensor:
        """Data."""
        return self._shared.x.clone()

    @cached_property
    def labels(self) -> Tensor:
        """Class numbers."""
        self._declared("labels")
        return self._present(self._shared.labels, "labels").clone()

    @cached_property
    def factors(self) -> Tensor:
        """Ground-truth factor values."""
        self._declared("factors")
        return self._present(self._shared.factors, "factors").clone()

    @cached_property
    def posterior(self) -> DiagonalGaussian:
        """q(z | x)."""
        self._declared("codes", "posterior", "sample", "reconstruction")
        return DiagonalGaussian(self._shared.posterior.mean.clone(), self._shared.posterior.logvar.clone())

    @cached_property
    def sample(self) -> Tensor:
        """One draw from q(z | x)."""
        self._declared("sample")
        return self._shared.sample.clone()

    @cached_property
    def reconstruction(self) -> Tensor:
        """The decoded posterior mean."""
        self._declared("reconstruction")
        return self._shared.reconstruction.clone()

    def encode(self, x: Tensor, /, *, of: NDArray[np.int64] | None = None, consume: bool = False) -> DiagonalGaussian:
        """Posteriors of other inputs."""
        self._declared("encoder")
        return self._shared.evaluator.encode(x, self._labels_of(of), consume=consume)

    def decode(self, z: Tensor, /, *, of: NDArray[np.int64] | None = None) -> Tensor:
        """Decoded means of other codes."""
        self._declared("decoder")
        return self._shared.evaluator.decode(z, self._labels_of(of))

    def normal(self, shape: Sequence[int], /, *, tag: str = "") -> Tensor:
        """Standard normal numbers."""
        return self._place(self._streams.normal(self._shared.index, shape, tag=tag))

    def uniform(self, shape: Sequence[int], /, *, tag: str = "") -> Tensor:
        """Uniform numbers in [0, 1)."""
        return self._place(self._streams.uniform(self._shared.index, shape, tag=tag))

    def _place(self, draws: Tensor) -> Tensor:
        return draws.to(device=self._shared.device, dtype=self._shared.dtype)

    def _labels_of(self, of: NDArray[np.int64] | None) -> Tensor | None:
        labels = self._shared.labels
        if labels is None or of is None:
            return labels
        return labels[torch.from_numpy(of).to(labels.device)]

    def _declared(self, *needs: Need) -> None:
        if not self._needs.intersection(needs):
            raise AnalyzerError(
                f"{self._name} uses {needs[0]!r} without declaring it",
                hint=f"add {needs[0]!r} to the analyzer's `needs`",
            )

    def _present(self, value: Tensor | None, what: str) -> Tensor:
        if value is None:
            raise AnalyzerError(f"{self._name} needs {what}, and the data have none")
        return value
