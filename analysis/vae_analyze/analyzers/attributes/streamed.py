"""One pass over the table of codes: moments of every group by random part, and some codes in memory for the probes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, final

import numpy as np
from numpy.typing import NDArray

from vae_analyze.errors import AnalyzerError
from vae_analyze.stats.folds import folds
from vae_analyze.stats.moments import Moments

if TYPE_CHECKING:
    from vae_analyze.analyzers.attributes.groups import Groups
    from vae_analyze.analyzers.base import Codes

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
PARTS = 10  # random parts of every group; two of them make a fold
FOLDS = 5
# Of a sample in fold k, folds k + 1 and k + 2 make the vector that moves it, and k + 3 and k + 4 fit its judge. A judge
# fitted to the samples that made the vector would call every moved sample what it was moved to, whatever the labels.
MOVERS, JUDGES = (1, 2), (3, 4)
REST = -1  # the groups of a grouping that are no attribute of their own
_MOST_NUMBERS = 2**25  # of codes in memory


@final
@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Streamed:
    """What is kept of the table of codes.

    Args:
        index: Sample index of each code in memory, ``(m,)``.
        rows: Its place in the table of codes, ``(m,)``.
        codes: Codes in memory, ``(m, d)``, all finite.
        alike: Which are the very code that more than half of them are, ``(m,)``; none without one.
        parts: For each grouping the random part of every sample, ``(n,)``: each group is dealt to ten.
        whole: Moments of all codes.
        cells: For each grouping, by group (or `REST`), the moments of its ten parts.
        labels: Classes of the samples in memory, ``(m,)``, for a model that is conditioned on them.
        latent_shape: Of one code.
        total: Samples analysed.
        broken: Samples left out because their code is not finite.
    """

    index: Integers
    rows: Integers
    codes: Floats
    alike: NDArray[np.bool_]
    parts: tuple[Integers, ...]
    whole: Moments
    cells: tuple[dict[int, tuple[Moments, ...]], ...]
    labels: Integers | None
    latent_shape: tuple[int, ...]
    total: int
    broken: int

    @property
    def d(self) -> int:
        """Latent dimensions."""
        return int(self.codes.shape[1])

    def fold(self, grouping: int) -> Integers:
        """Fold of each code in memory, ``(m,)``, of 5: even within every group of this grouping."""
        return self.parts[grouping][self.rows] % FOLDS


def streamed(codes: Codes, groups: Groups, labels: Integers | None, *, probed: int, seed: int) -> Streamed:
    """Read the table once.

    Args:
        codes: The table.
        groups: The groupings of its samples.
        labels: Classes of its samples, for a model that is conditioned on them.
        probed: Codes kept in memory at most, evenly spread.
        seed: Of the random parts.

    Raises:
        AnalyzerError: No code is finite.
    """
    index = np.asarray(codes.index)
    parts = tuple(_parts(index, grouping.numbers, seed) for grouping in groups.groupings)
    # A group without an attribute of its own needs no moments of its own.
    named = [{one.level for one in groups.attributes if one.grouping == at} for at in range(len(groups.groupings))]
    cells = tuple({level: tuple(Moments() for _ in range(PARTS)) for level in (*sorted(own), REST)} for own in named)
    kept: list[tuple[Integers, Floats]] = []
    everything, taken, latent_shape, wanted = Moments(), 0, (1,), np.arange(len(index))
    for numbers, mean, _ in codes.chunks():
        latent_shape = tuple(mean.shape[1:])
        flat = mean.reshape(len(mean), -1).astype(np.float64)
        if taken == 0:
            wanted = _spread(len(index), min(probed, max(2, _MOST_NUMBERS // max(1, flat.shape[1]))))
        rows = taken + np.arange(len(numbers))
        whole = np.isfinite(flat).all(axis=1)
        flat, rows = flat[whole], rows[whole]
        everything.update(flat)
        for grouping, part, cell in zip(groups.groupings, parts, cells, strict=True):
            _add(cell, flat, grouping.numbers[rows], part[rows])
        here = np.isin(rows, wanted)
        kept.append((rows[here], flat[here]))
        taken += len(numbers)
    rows = np.concatenate([one[0] for one in kept])
    if len(rows) == 0:
        raise AnalyzerError(
            "no sample has a finite code", hint="vae-analyze inspect shows what is wrong with the model"
        )
    memory = np.concatenate([one[1] for one in kept])
    return Streamed(
        index=index[rows],
        rows=rows,
        codes=memory,
        alike=_alike(memory),
        parts=parts,
        whole=everything,
        cells=cells,
        labels=None if labels is None else labels[rows],
        latent_shape=latent_shape,
        total=taken,
        broken=taken - everything.count,
    )


def _parts(index: Integers, numbers: Integers, seed: int) -> Integers:
    found = np.zeros(len(index), dtype=np.int64)
    for group in np.unique(numbers):
        own = numbers == group
        found[own] = folds(index[own], PARTS, seed=seed)
    return found


def _add(cell: dict[int, tuple[Moments, ...]], codes: Floats, numbers: Integers, parts: Integers) -> None:
    groups = np.where(np.isin(numbers, [level for level in cell if level != REST]), numbers, REST)
    for group in np.unique(groups):
        for part in range(PARTS):
            cell[int(group)][part].update(codes[(groups == group) & (parts == part)])


def _alike(codes: Floats) -> NDArray[np.bool_]:
    # What more than half of the codes are is their median in every dimension.
    same = np.asarray((codes == np.median(codes, axis=0)).all(axis=1))
    return same if 2 * same.sum() > len(codes) else np.zeros(len(codes), dtype=bool)


def _spread(n: int, most: int) -> Integers:
    return np.arange(n) if n <= most else np.arange(most) * n // most
