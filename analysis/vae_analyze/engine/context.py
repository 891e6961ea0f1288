"""What an analyzer may ask beyond its batches; see `vae_analyze.analyzers.base.Context`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from vae_analyze.engine.batch import AnalyzerBatch, SharedBatch
from vae_analyze.engine.beside import OtherModel, beside
from vae_analyze.engine.partition import SHARD_SIZE
from vae_analyze.engine.randomness import Streams
from vae_analyze.errors import AnalyzerError
from vae_analyze.vae import DiagonalGaussian

if TYPE_CHECKING:
    from vae_analyze.analyzers.base import Analyzer
    from vae_analyze.data.dataset import Dataset
    from vae_analyze.engine.session import Session
    from vae_analyze.engine.units import UnitStore
    from vae_analyze.loading.card import Card
    from vae_analyze.metrics.derivative import Derivative


@final
@dataclass(frozen=True, slots=True, eq=False)
class StoredCodes:
    """The table of codes, shard by shard from the store."""

    index: NDArray[np.int64]
    store: UnitStore
    keys: tuple[str, ...]
    _last: dict[int, dict[str, NDArray[Any]]] = field(default_factory=dict)

    def chunks(self) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float32], NDArray[np.float32]]]:
        """Indices, means and log variances of each shard."""
        for unit in self._units():
            yield unit["index"], unit["mean"], unit["logvar"]

    def labels(self, index: NDArray[np.int64] | None = None, /) -> NDArray[np.int64] | None:
        """Class numbers of all samples, or of these."""
        stated = self._stated("labels")
        if stated is None or index is None:
            return stated
        order = np.argsort(self.index, kind="stable")
        found: NDArray[np.int64] = stated[order[np.searchsorted(self.index, index, sorter=order)]]
        return found

    def factors(self) -> NDArray[np.float64] | None:
        """Ground-truth factor values of all samples."""
        return self._stated("factors")

    def _units(self) -> Iterator[dict[str, NDArray[Any]]]:
        for number in range(len(self.keys)):
            yield self._unit(number)

    def of(self, index: NDArray[np.int64]) -> tuple[NDArray[Any], NDArray[Any]] | None:
        """Means and log variances of these samples, in this order; None if one of them was not analysed."""
        order = np.argsort(self.index, kind="stable")
        at = np.searchsorted(self.index, index, sorter=order)
        if len(index) == 0 or at.max() >= len(order):
            return None
        place = order[at]
        if (self.index[place] != index).any():
            return None
        parts = [self._unit(int(number)) for number in np.unique(place // SHARD_SIZE)]
        known = np.concatenate([part["index"] for part in parts])
        order = np.argsort(known, kind="stable")
        rows = order[np.searchsorted(known, index, sorter=order)]
        mean, logvar = (np.concatenate([part[name] for part in parts])[rows] for name in ("mean", "logvar"))
        return mean, logvar

    def _unit(self, number: int) -> dict[str, NDArray[Any]]:
        """One shard's unit; the last one is kept, because who asks sample by sample asks for neighbours."""
        if number not in self._last:
            unit = self.store.read(self.keys[number])
            if unit is None:
                raise AnalyzerError("the table of codes was removed while it was in use", hint="run again")
            self._last.clear()
            self._last[number] = unit[1]
        return self._last[number]

    def _stated(self, name: str) -> NDArray[Any] | None:
        found = [unit.get(name) for unit in self._units()]
        whole = [part for part in found if part is not None]
        return np.concatenate(whole) if found and len(whole) == len(found) else None


@final
class AnalyzerContext:
    """The context of one analyzer within a session.

    Args:
        session: Model, data and settings.
        analyzer: Whose context it is.
        index: The sample indices under analysis.
        codes: The table of codes; None before the pass is over.
    """

    def __init__(
        self,
        session: Session,
        analyzer: Analyzer,
        *,
        index: NDArray[np.int64],
        codes: StoredCodes | None = None,
    ) -> None:
        self._session = session
        self._analyzer = analyzer
        self._codes = codes
        self._streams = Streams(session.settings.seed, analyzer.name)
        self.index = index

    @property
    def card(self) -> Card:
        """The model's card."""
        return self._session.loaded.card

    @property
    def data(self) -> Dataset:
        """The data."""
        return self._session.data

    @property
    def seed(self) -> int:
        """The seed of the run."""
        return self._session.settings.seed

    @property
    def device(self) -> torch.device:
        """Where the model is."""
        return self._session.device

    @property
    def dtype(self) -> torch.dtype:
        """The model's number format."""
        return self._session.dtype

    @property
    def codes(self) -> StoredCodes:
        """The table of codes."""
        if self._codes is None:
            raise AnalyzerError(
                f"{self._analyzer.name} asks for the table of codes before the pass is over, or without declaring it",
                hint='use it in finish(), with "codes" or "posterior" in `needs`',
            )
        return self._codes

    def read(self, index: Sequence[int] | NDArray[np.int64], /) -> AnalyzerBatch:
        """Any samples of the data as a batch."""
        samples = self._session.read(np.asarray(index, dtype=np.int64))
        shared = SharedBatch(
            samples,
            self._session.evaluator(),
            device=self.device,
            dtype=self.dtype,
            seed=self.seed,
            known=partial(self._known, samples.index),
        )
        return AnalyzerBatch(shared, name=self._analyzer.name, needs=self._analyzer.needs, streams=self._streams)

    def encode(self, x: Tensor, /, *, labels: Tensor | None = None) -> DiagonalGaussian:
        """Posteriors of inputs that belong to no sample."""
        self._declared("encoder")
        return self._session.evaluator().encode(x, labels)

    def decode(self, z: Tensor, /, *, labels: Tensor | None = None) -> Tensor:
        """Decoded means of codes that belong to no sample."""
        self._declared("decoder")
        return self._session.evaluator().decode(z, labels)

    def beside(self, path: str, /) -> OtherModel:
        """Another model on the same data."""
        return beside(path, self._session)

    def derivative(
        self, z: Tensor, tangent: Tensor, /, *, labels: Tensor | None = None, scale: float = 1.0
    ) -> Derivative:
        """Directional derivatives of the decoded mean."""
        self._declared("decoder")
        return self._session.evaluator().derivative(z, tangent, labels, exact=self.card.gradients, scale=scale)

    def generator(self, tag: str = "", /) -> torch.Generator:
        """A generator for draws that belong to the whole."""
        return self._streams.whole(tag)

    def _known(self, index: NDArray[np.int64]) -> DiagonalGaussian | None:
        """Posteriors that the pass has already computed."""
        stored = None if self._codes is None else self._codes.of(index)
        if stored is None:
            return None
        mean, logvar = (torch.from_numpy(part).to(device=self.device, dtype=self.dtype) for part in stored)
        return DiagonalGaussian(mean, logvar)

    def _declared(self, need: str) -> None:
        if need not in self._analyzer.needs:
            raise AnalyzerError(f"{self._analyzer.name} uses {need!r} without declaring it")
