"""Tables of the comparison."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from vae_analyze.analyzers.baselines.names import called
from vae_analyze.analyzers.baselines.paired import Estimate
from vae_analyze.analyzers.baselines.probed import PROBES
from vae_analyze.analyzers.baselines.scalars import accuracy, rivals
from vae_analyze.analyzers.baselines.sheet import of
from vae_analyze.findings import Cell, Column, Table

if TYPE_CHECKING:
    from vae_analyze.analyzers.baselines.comparison import Comparison
    from vae_analyze.findings import Param

_MOST_ANGLES = 64


def tables(found: Comparison) -> tuple[Table, ...]:
    """Errors, retrieval, probes and angles."""
    made = (
        _errors(found, "reconstruction_mse", "Reconstruction against simpler models"),
        _errors(found, "denoising_mse", "Denoising against simpler models"),
        retrieval_table(found) if found.retrieval else None,
        probe_table(found) if found.hits else None,
        _angles(found),
    )
    return tuple(table for table in made if table is not None)


def _errors(found: Comparison, name: str, title: str) -> Table:
    paired = found.paired
    ours = paired.mean(name, by="model")
    rows: list[tuple[Cell, ...]] = [(called(found, "model"), *_three(ours), None, None, None, None)]
    for other in rivals(found, name):
        if other == "pca_active" and found.active == found.d:
            continue  # the row before says it
        value = paired.mean(name, by=other)
        gain = paired.difference(name, {"by": other}, {"by": "model"})
        ratio = paired.ratio(name, {"by": other}, {"by": "model"}).value
        rows.append((called(found, other), *_three(value), *_three(gain), ratio))
    return Table(
        name=name.removesuffix("_mse"),
        title=title,
        columns=(
            Column(name="by", description="model"),
            Column(name="mse", unit="data unit²", direction="lower", description="mean over features and samples"),
            Column(name="low", unit="data unit²", description="low end, 95 %"),
            Column(name="high", unit="data unit²", description="high end, 95 %"),
            Column(name="gain", unit="data unit²", direction="higher", description="of the model over it, paired"),
            Column(name="gain_low", unit="data unit²", description="low end, 95 %"),
            Column(name="gain_high", unit="data unit²", description="high end, 95 %"),
            Column(name="ratio", unit="1", direction="higher", description="its error over the model's"),
        ),
        rows=tuple(rows),
        caption=f"The same n = {len(found.compared)} samples for all; Poisson bootstrap over samples. PCA is fitted to "
        "the other folds of them, the model was trained on data of its own.",
    )


def _three(estimate: Estimate) -> tuple[float, float, float]:
    return estimate.value, estimate.spread.low, estimate.spread.high


def retrieval_table(found: Comparison) -> Table:
    """Recall and precision by representation and number of neighbours, chance last."""
    assert found.chance is not None
    target, rows = of(found.targets[0]), []
    for at, k in enumerate(found.ks):
        for by in found.retrieval:
            recall, precision = (found.paired.mean(name, by=by, k=k, **target) for name in ("recall", "precision"))
            row: tuple[Cell, ...] = (called(found, by), k, *_three(recall), *_three(precision))
            rows.append(row)
        by_chance = (float(found.chance.recall[:, at].mean()), float(found.chance.precision[:, at].mean()))
        rows.append(("chance", k, by_chance[0], None, None, by_chance[1], None, None))
    return Table(
        name="retrieval",
        title=f"Retrieval of samples of the same {found.targets[0].words}",
        columns=(
            Column(name="by", description="what distances are taken between"),
            Column(name="k", description="nearest others"),
            Column(name="recall", unit="1", direction="higher", description="at least one is of the same class"),
            Column(name="recall_low", unit="1", description="low end, 95 %"),
            Column(name="recall_high", unit="1", description="high end, 95 %"),
            Column(name="precision", unit="1", direction="higher", description="share of them of the same class"),
            Column(name="precision_low", unit="1", description="low end, 95 %"),
            Column(name="precision_high", unit="1", description="high end, 95 %"),
        ),
        rows=tuple(rows),
        caption=f"Each of n = {len(found.compared)} samples among the others, Euclidean distance; Poisson bootstrap "
        f"over queries. {len(found.targets[0].names)} classes.",
    )


def probe_table(found: Comparison) -> Table:
    """Accuracies by target, representation and probe."""
    rows: list[tuple[Cell, ...]] = []
    for told in found.hits:
        target = of(told.target)
        for probe in PROBES:
            for by in told.representations:
                ours: dict[str, Param] = {"by": "codes", "probe": probe, **target}
                difference = found.paired.difference("probe_accuracy", ours, ours | {"by": by})
                gain = (None, None, None) if by == "codes" else _three(difference)
                share = _three(accuracy(found, told, by, probe))
                rows.append((told.target.words, called(found, by), probe, *share, *gain))
        usual = float(told.majority.mean())
        rows.append((told.target.words, "the most frequent class", "chance", usual, *[None] * 5))
    return Table(
        name="probes",
        title="What simple classifiers tell from codes, components and pixels",
        columns=(
            Column(name="target", description="what is told"),
            Column(name="by", description="from what"),
            Column(name="probe", description="linear, nearest neighbours, or none: chance"),
            Column(name="accuracy", unit="1", direction="higher", description="held out"),
            Column(name="low", unit="1", description="low end, 95 %, Wilson"),
            Column(name="high", unit="1", description="high end, 95 %, Wilson"),
            Column(name="gain", unit="1", direction="higher", description="of codes over it, paired"),
            Column(name="gain_low", unit="1", description="low end, 95 %, bootstrap"),
            Column(name="gain_high", unit="1", description="high end, 95 %, bootstrap"),
        ),
        rows=tuple(rows),
        caption=f"n = {len(found.compared)}, {found.options.folds} folds; each sample is told by a probe that has not "
        "seen it.",
    )


def _angles(found: Comparison) -> Table | None:
    rows: list[tuple[Cell, ...]] = [
        (one.of, at, float(angle), float(np.cos(np.radians(angle)) ** 2))
        for one in found.alignment
        for at, angle in enumerate(one.angles[:_MOST_ANGLES], start=1)
    ]
    if not rows:
        return None
    return Table(
        name="angles",
        title="Angles between the decoder's directions and PCA's",
        columns=(
            Column(name="of", description="the decoder's span: of its Jacobian, or of its reconstructions"),
            Column(name="number", description="by rising angle"),
            Column(name="angle", unit="degree", description="principal angle; 0: a direction that both have"),
            Column(name="cosine2", unit="1", description="squared cosine"),
        ),
        rows=tuple(rows),
        caption=f"PCA of all n = {len(found.compared)} compared samples; a random subspace would have a mean squared "
        f"cosine of {max(one.chance for one in found.alignment):.3g}.",
    )
