"""What is to be told from codes: the classes of labels or, without these, of factors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, final

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from vae_analyze.analyzers.baselines.compared import Compared
    from vae_analyze.data.dataset import Dataset

MOST_LEVELS = 40


@final
@dataclass(frozen=True, slots=True, eq=False)
class Target:
    """Classes of the compared samples.

    Args:
        name: Of the factor; "" for labels.
        classes: ``(n,)``.
        names: Of the classes that are present.
    """

    name: str
    classes: NDArray[np.int64]
    names: tuple[str, ...]

    @property
    def words(self) -> str:
        """What people read."""
        return f"factor {self.name!r}" if self.name else "label"


def targets_of(compared: Compared, data: Dataset) -> tuple[tuple[Target, ...], str]:
    """The targets, and why there is none where there is none."""
    if compared.labels is not None:
        present = np.unique(compared.labels)
        if len(present) < 2:
            return (), f"all {len(compared)} compared samples are of one class"
        names = data.label_names or ()
        shown = tuple(names[k] if 0 <= k < len(names) else str(k) for k in present)
        return (Target("", compared.labels, shown),), ""
    if compared.factors is None or data.factors is None:
        return (), f"{data.name} has neither labels nor ground-truth factors"
    found = []
    for column, factor in zip(compared.factors.T, data.factors, strict=True):
        levels, classes = np.unique(column, return_inverse=True)
        if factor.kind in ("categorical", "ordinal") and 2 <= len(levels) <= MOST_LEVELS:
            found.append(Target(factor.name, classes.astype(np.int64), tuple(f"{level:g}" for level in levels)))
    reason = f"{data.name} has no labels and no categorical or ordinal factor with 2 to {MOST_LEVELS} levels here"
    return tuple(found), "" if found else reason
