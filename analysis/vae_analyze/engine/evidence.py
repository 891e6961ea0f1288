"""Some of the data, as evidence for the loader."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from vae_analyze.data.dataset import Dataset
from vae_analyze.data.resize import Resized
from vae_analyze.errors import DataError
from vae_analyze.loading.settling.evidence import Evidence

MOST = 512
_MOST_NUMBERS = 2**24  # 64 MiB: of large images fewer are taken


def evidence_of(data: Dataset) -> Evidence | None:
    """Samples spread evenly over the data; None where there are none, or the data cannot be read.

    Data that cannot be read are not the loader's to report: whoever analyses them meets them again.
    """
    features = max(1, int(np.prod(data.input_shape)))
    n = min(len(data), MOST, max(8, _MOST_NUMBERS // features))
    if n == 0:
        return None
    index = np.unique(np.linspace(0, len(data) - 1, n).astype(np.int64))
    try:
        samples = data.read(index)
    except DataError:
        return None
    x = torch.from_numpy(np.ascontiguousarray(samples.x))
    if not bool(torch.isfinite(x).all()):
        return None
    return Evidence(
        name=data.name,
        x=x,
        value_range=data.value_range,
        labels=None if samples.labels is None else torch.from_numpy(samples.labels),
        classes=len(data.label_names or ()),
        resize=_Resizer(data, index) if len(data.input_shape) == 3 else None,
    )


@final
@dataclass(frozen=True, slots=True, eq=False)
class _Resizer:
    """The same samples at another size; a class, so that it can be sent to another process."""

    data: Dataset
    index: NDArray[np.int64]

    def __call__(self, height: int, width: int) -> Tensor:
        return torch.from_numpy(Resized(self.data, (height, width)).read(self.index).x)
