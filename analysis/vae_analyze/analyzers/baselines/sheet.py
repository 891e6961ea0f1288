"""The columns of values per sample: which quantity, of which model."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from vae_analyze.analyzers.baselines.paired import Paired
from vae_analyze.stats.rows import RowColumn

if TYPE_CHECKING:
    from vae_analyze.analyzers.baselines.compared import Compared
    from vae_analyze.analyzers.baselines.components import CrossFitted
    from vae_analyze.analyzers.baselines.evaluated import Evaluated
    from vae_analyze.analyzers.baselines.probed import Hits
    from vae_analyze.analyzers.baselines.retrieval import Retrieved
    from vae_analyze.analyzers.baselines.targets import Target
    from vae_analyze.findings import Param

Floats = NDArray[np.float64]
Columns = list[tuple[RowColumn, Floats]]


def sheet(
    compared: Compared,
    found: Evaluated,
    pca: CrossFitted | None,
    active: int,
    retrieval: dict[str, Retrieved],
    ks: tuple[int, ...],
    told: tuple[Hits, ...],
    targets: tuple[Target, ...],
    *,
    seed: int,
) -> Paired:
    """All of them; the first is the model's reconstruction error."""
    columns = [*_errors(found, pca, active), *_retrieval(retrieval, ks, targets)]
    for one in told:
        columns += _told(one)
    return Paired.of(compared.index, columns, seed=seed)


def _errors(found: Evaluated, pca: CrossFitted | None, active: int) -> Columns:
    made = [
        _error("reconstruction_mse", "model", found.model.reconstruction),
        _error("denoising_mse", "model", found.model.denoising),
        _error("denoising_mse", "input", found.noise),
    ]
    if pca is not None:
        made += [
            _error("reconstruction_mse", "pca", pca.curve[:, pca.k]),
            _error("reconstruction_mse", "pca_active", pca.curve[:, min(active, pca.most)]),
            _error("reconstruction_mse", "mean", pca.curve[:, 0]),
            _error("denoising_mse", "pca", pca.denoising),
        ]
    if found.against is not None:
        made += [
            _error("reconstruction_mse", "against", found.against.reconstruction),
            _error("denoising_mse", "against", found.against.denoising),
        ]
    return made


def _error(name: str, by: str, values: Floats) -> tuple[RowColumn, Floats]:
    return RowColumn(name=name, params={"by": by}, unit="data unit²"), values


def _retrieval(retrieval: dict[str, Retrieved], ks: tuple[int, ...], targets: tuple[Target, ...]) -> Columns:
    made: Columns = []
    for by, one in retrieval.items():
        for at, k in enumerate(ks):
            params: dict[str, Param] = {"by": by, "k": k, **of(targets[0])}
            made.append((RowColumn(name="recall", params=params, unit="1"), one.recall[:, at]))
            made.append((RowColumn(name="precision", params=params, unit="1"), one.precision[:, at]))
    return made


def _told(told: Hits) -> Columns:
    made: Columns = []
    for (by, probe), values in told.by.items():
        params: dict[str, Param] = {"by": by, "probe": probe, **of(told.target)}
        made.append((RowColumn(name="probe_accuracy", params=params, unit="1"), values))
    return made


def of(target: Target) -> dict[str, Param]:
    """What distinguishes the numbers of a factor from those of labels."""
    return {"of": target.name} if target.name else {}
