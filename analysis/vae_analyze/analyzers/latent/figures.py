"""Figures of the latent space, as data."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from vae_analyze.analyzers.sheet import sheet
from vae_analyze.findings import Axis, Cell, Figure
from vae_analyze.stats.normal import around
from vae_analyze.stats.share import wilson

if TYPE_CHECKING:
    from vae_analyze.analyzers.latent.findings import Health

_SHOWN = 32  # dimensions in a figure
_CORRELATED = 24


def figures(health: Health) -> tuple[Figure, ...]:
    """KL and variances per dimension, correlations, the number of clusters, and the bounds of the likelihood."""
    made = (
        _information(health), _variances(health), _correlations(health), _classes(health), _clusters(health),
        _bounds(health),
    )  # fmt: skip
    return tuple(figure for figure in made if figure is not None)


def _information(health: Health) -> Figure | None:
    if health.gathered.deterministic:
        return None
    found = health.dimensions
    shown = [int(j) for j in found.order[:_SHOWN]]
    rows: list[tuple[Cell, ...]] = [
        (f"z{j}", found.state(j), float(found.kl[j]), *around(float(found.kl[j]), float(found.kl_error[j])))
        for j in shown
    ]
    title = "What each dimension carries"
    total = float(found.kl.sum())
    first = shown[0]
    alt = (
        f"KL to the prior per dimension: {total:.3g} nats in all; z{first} carries most, {found.kl[first]:.3g}; "
        f"{int(found.active.sum())} of {len(found.kl)} dimensions are active and {int(found.dead.sum())} dead."
    )
    return Figure(
        name="information",
        kind="bars",
        title=title,
        alt=alt,
        table=sheet(
            "information",
            title,
            ("dimension", ""), ("state", ""), ("kl", "nat"), ("low", "nat"), ("high", "nat"), rows=rows,
        ),
        x=Axis(column="dimension", label="latent dimension"),
        y=Axis(column="kl", label="KL to the prior", unit="nat"),
        series="state",
        low="low",
        high="high",
        caption=f"Mean over n = {found.n} samples, by falling KL; 95 % intervals.{_left_out(len(found.kl))}",
    )  # fmt: skip


def _variances(health: Health) -> Figure | None:
    if health.gathered.deterministic:
        return None
    found = health.dimensions
    shown = [int(j) for j in found.order[:_SHOWN]]
    rows: list[tuple[Cell, ...]] = []
    for j in shown:
        rows.append((f"z{j}", "of the posterior means", float(found.code_variance[j])))
        rows.append((f"z{j}", "within a posterior", float(found.posterior_variance[j])))
    worst = max(shown, key=lambda j: abs(float(found.shape.variance[j]) - 1))
    title = "Variance of codes: between samples and within a posterior"
    return Figure(
        name="variances",
        kind="bars",
        title=title,
        alt=f"The two parts sum to 1 where the aggregate posterior has the prior's variance; farthest from it is "
        f"z{worst} with {float(found.shape.variance[worst]):.3g}.",
        table=sheet("variances", title, ("dimension", ""), ("part", ""), ("variance", "latent unit²"), rows=rows),
        x=Axis(column="dimension", label="latent dimension"),
        y=Axis(column="variance", label="variance", unit="latent unit²"),
        series="part",
        caption=f"By falling KL, n = {found.n} samples.{_left_out(len(found.kl))}",
    )


def _correlations(health: Health) -> Figure | None:
    found = health.dimensions
    live = [int(j) for j in found.order if found.active[j]][:_CORRELATED]
    if found.correlation is None or len(live) < 2:
        return None
    correlation = found.correlation
    rows: list[tuple[Cell, ...]] = [(f"z{i}", f"z{j}", float(correlation[i, j])) for i in live for j in live]
    pairs = [(abs(float(correlation[i, j])), i, j) for at, i in enumerate(live) for j in live[:at]]
    _, i, j = max(pairs)
    title = "Correlation of active dimensions"
    return Figure(
        name="correlations",
        kind="heatmap",
        title=title,
        alt=f"The strongest correlation of two active dimensions is {float(correlation[i, j]):.2f}, of z{j} and z{i}; "
        f"the median size is {sorted(pair[0] for pair in pairs)[len(pairs) // 2]:.2f}.",
        table=sheet("correlations", title, ("dimension", ""), ("other", ""), ("correlation", "1"), rows=rows),
        x=Axis(column="other", label="latent dimension"),
        y=Axis(column="dimension", label="latent dimension"),
        value=Axis(column="correlation", label="correlation of posterior means", unit="1"),
        caption=f"Of the posterior means of {len(health.table)} samples."
        + (f" The {_CORRELATED} of most KL." if int(found.active.sum()) > _CORRELATED else ""),
    )


def _classes(health: Health) -> Figure | None:
    found = health.classes
    if isinstance(found, str):
        return None
    n = len(found.taken)
    rows: list[tuple[Cell, ...]] = []
    for at, name in enumerate(found.names):
        low, high = wilson(int((found.taken == at).sum()), n)
        rows.append((name, "decoded prior draws", float(found.shares[at]), low, high))
        rows.append((name, "data", float(found.data[at]), float(found.data[at]), float(found.data[at])))
    worst = int(np.abs(found.shares - found.data).argmax())
    title = "How the classes share the prior"
    return Figure(
        name="classes",
        kind="bars",
        title=title,
        alt=f"Share of each class among {n} decoded prior draws beside its share of the data; farthest apart for "
        f"{found.names[worst]}: {found.shares[worst]:.3f} against {found.data[worst]:.3f}.",
        table=sheet(
            "classes", title, ("class", ""), ("of", ""), ("share", "1"), ("low", "1"), ("high", "1"), rows=rows
        ),
        x=Axis(column="class", label="class"),
        y=Axis(column="share", label="share", unit="1"),
        series="of",
        low="low",
        high="high",
        caption=f"Judged by a classifier that is right on {100 * found.accuracy:.0f} % of reconstructions; 95 % "
        "intervals (Wilson) of the draws.",
    )


def _clusters(health: Health) -> Figure | None:
    found = health.clusters
    if len(found.bic) < 2:
        return None
    least = min(found.bic)
    rows: list[tuple[Cell, ...]] = [(k, (value - least) / found.n) for k, value in enumerate(found.bic, start=1)]
    title = "How many clusters the codes form"
    return Figure(
        name="clusters",
        kind="curves",
        title=title,
        alt=f"The BIC of Gaussian mixtures with 1 to {len(found.bic)} components is least at "
        f"{found.bic.index(least) + 1}; the smallest number that does as well is {found.best}.",
        table=sheet("clusters", title, ("components", ""), ("bic_above_least", "nat per sample"), rows=rows),
        x=Axis(column="components", label="components"),
        y=Axis(column="bic_above_least", label="BIC above the least, per sample", unit="nat"),
        caption=f"Gaussian mixtures ({found.covariance} covariances) of the posterior means of active dimensions, "
        f"n = {found.n}; lower is better.",
    )


def _bounds(health: Health) -> Figure | None:
    found = health.likelihood
    if found is None or len(found.weights) < 2:
        return None
    means, n = found.bounds.mean(axis=0), len(found.index)
    error = found.bounds.std(axis=0, ddof=1) / math.sqrt(n) if n > 1 else [math.nan] * len(means)
    rows: list[tuple[Cell, ...]] = [
        (k, float(value), *around(float(value), float(se)), float(effective))
        for k, value, se, effective in zip(found.weights, means, error, found.effective.mean(axis=0), strict=True)
    ]
    title = "Log likelihood, bounded by importance weights"
    return Figure(
        name="bounds",
        kind="curves",
        title=title,
        alt=f"The bound rises from {means[0]:.4g} nats with one weight (the ELBO) to {means[-1]:.4g} with "
        f"{found.weights[-1]}, of which {float(found.effective[:, -1].mean()):.3g} are effective.",
        table=sheet(
            "bounds",
            title,
            ("weights", ""), ("bound", "nat"), ("low", "nat"), ("high", "nat"), ("effective", "weights"), rows=rows,
        ),
        x=Axis(column="weights", label="importance weights per sample", scale="log"),
        y=Axis(column="bound", label="bound of log p(x)", unit="nat"),
        low="low",
        high="high",
        caption=f"Mean over n = {n} samples, the same draws throughout; band: 95 % over samples, shared by all points.",
    )  # fmt: skip


def _left_out(d: int) -> str:
    return f" The {_SHOWN} of most KL; the table lists more." if d > _SHOWN else ""
