"""What is to be done: shards, keys, and what is already there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import NDArray

from vae_analyze.analyzers.base import Analyzer
from vae_analyze.data.dataset import Dataset
from vae_analyze.engine.keys import data_identity, identity, unit_key
from vae_analyze.engine.partition import Shard, shards
from vae_analyze.engine.session import Session, Settings
from vae_analyze.engine.shard import CODES, CODES_VERSION, ENCODED, needs_codes
from vae_analyze.engine.sources import DataSource, ModelSource
from vae_analyze.engine.units import UnitStore
from vae_analyze.errors import CheckpointError, DataError
from vae_analyze.loading.card import Card


@final
@dataclass(frozen=True, slots=True, eq=False)
class Work:
    """Everything a process needs to work off any shard; picklable."""

    model: ModelSource
    data: DataSource
    settings: Settings
    analyzers: tuple[Analyzer, ...]
    index: NDArray[np.int64]
    key: str
    fingerprints: tuple[str, str]

    def session(self) -> Session:
        """Model and data made ready in this process.

        Raises:
            CheckpointError: The checkpoint is not the one that the work was planned for.
            DataError: The data are not.
        """
        loaded = self.model.open(device=self.settings.device, dtype=self.settings.dtype)
        data = self.data.open()
        if loaded.card.fingerprint != self.fingerprints[0]:
            raise CheckpointError(f"{loaded.card.path} changed while it was being analysed", hint="run again")
        if data_identity(data) != self.fingerprints[1]:
            raise DataError(f"{data.name} changed while it was being analysed", hint="run again")
        return Session(loaded, data, self.settings)

    def shard(self, number: int) -> Shard:
        """A shard by its number."""
        return shards(self.index)[number]


@final
@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """The shards, the key of every unit, and which units are missing.

    Args:
        shards: The fixed partition.
        keys: For each shard, unit keys by analyzer name (and of the codes where they are needed).
        missing: For each shard, the names of the analyzers whose unit is not in the store.
    """

    shards: tuple[Shard, ...]
    keys: tuple[dict[str, str], ...]
    missing: tuple[tuple[str, ...], ...]

    @property
    def units(self) -> int:
        """Number of analyzer units."""
        return sum(len([name for name in keys if name != CODES]) for keys in self.keys)

    @property
    def present(self) -> int:
        """Number of analyzer units that need not be computed."""
        return self.units - sum(map(len, self.missing))


def make_plan(
    analyzers: tuple[Analyzer, ...],
    index: NDArray[np.int64],
    *,
    card: Card,
    data: Dataset,
    settings: Settings,
) -> Plan:
    """Divide the work and look up what is already done."""
    store = UnitStore(settings.cache)
    parts = tuple(shards(index))
    device = settings.device.partition(":")[0]
    keys, missing = [], []
    for shard in parts:

        def key_of(what: object, shard: Shard = shard) -> str:
            return unit_key(
                what, shard, model=card.fingerprint, data=data_identity(data), seed=settings.seed, device=device,
                dtype=settings.dtype,
            )  # fmt: skip

        own = {analyzer.name: key_of(identity(analyzer)) for analyzer in analyzers}
        absent = {name for name, key in own.items() if not store.has(key)}
        if needs_codes(analyzers):
            own[CODES] = key_of([CODES, CODES_VERSION])
            if not store.has(own[CODES]):
                # The table of codes is made in passing, by those who read it.
                absent |= {analyzer.name for analyzer in analyzers if analyzer.needs & ENCODED}
        missing.append(tuple(analyzer.name for analyzer in analyzers if analyzer.name in absent))
        keys.append(own)
    return Plan(parts, tuple(keys), tuple(missing))
