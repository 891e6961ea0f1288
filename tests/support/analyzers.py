"""Three analyzers of unlike nature, small enough to check by hand, and some that go wrong."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray

from vae_analyze.analyzers.base import Batch, Context, Cost, Need
from vae_analyze.analyzers.option import option, transient
from vae_analyze.findings import Axis, Column, Figure, Findings, Scalar, Table
from vae_analyze.stats.bootstrap import bootstrap_means, interval
from vae_analyze.stats.moments import Moments, as_float64
from vae_analyze.stats.rows import RowColumn, Rows


def scalar(name: str, value: float, n: int, **extra: Any) -> Scalar:
    return Scalar(
        name=name, value=value, unit="1", direction="none", n=n, reason="no samples" if n == 0 else "", **extra
    )


@dataclass(frozen=True, kw_only=True)
class Ascent:
    """Iterates with gradients per sample: climbs the norm of the code from each input."""

    name: ClassVar[str] = "ascent"
    version: ClassVar[int] = 1
    question: ClassVar[str] = "How far does a gradient ascent on the input push the code?"
    needs: ClassVar[frozenset[Need]] = frozenset({"codes", "encoder", "gradients"})
    references: ClassVar[tuple[str, ...]] = ()
    steps: int = option(3, help="steps", minimum=1)
    size: float = option(0.1, help="step size", above=0)

    def cost(self) -> Cost:
        return Cost(encodes=self.steps, gradients=self.steps)

    def start(self, context: Context, /) -> Climb:
        return Climb(self, context)


@dataclass
class Climb:
    options: Ascent = transient()
    context: Any = transient()
    rows: Rows = field(default_factory=lambda: Rows((RowColumn(name="gain"),)))

    def update(self, batch: Batch, /) -> None:
        x = batch.x + 1e-3 * batch.normal(batch.x.shape[1:], tag="start")
        for _ in range(self.options.steps):
            x = x.detach().requires_grad_()
            norm = batch.encode(x).mean.flatten(1).square().sum()
            (gradient,) = torch.autograd.grad(norm, x)
            x = x + self.options.size * gradient
        before = batch.posterior.mean.flatten(1).norm(dim=1)
        after = batch.encode(x.detach()).mean.flatten(1).norm(dim=1)
        self.rows.append(batch.index, as_float64(after / before)[:, None])

    def merge(self, other: Climb, /) -> None:
        self.rows.merge(other.rows)

    def finish(self) -> Findings:
        means = bootstrap_means(self.rows, 1, seed=self.context.seed)
        found = interval(means.mean[0], means.replicates[:, 0], n=means.n)
        gain = scalar("gain", float(means.mean[0]), means.n, low=found.low, high=found.high, se=found.se)
        return Findings(scalars=(gain,), rows=self.rows, readings=(f"The code grows {gain.value:.2f} times.",))


@dataclass(frozen=True, kw_only=True)
class Correlation:
    """Codes and factors only: nothing is decoded, and nothing is encoded twice."""

    name: ClassVar[str] = "correlation"
    version: ClassVar[int] = 1
    question: ClassVar[str] = "Which code follows which factor?"
    needs: ClassVar[frozenset[Need]] = frozenset({"posterior", "factors"})
    references: ClassVar[tuple[str, ...]] = ()

    def cost(self) -> Cost:
        return Cost()

    def start(self, context: Context, /) -> Joint:
        return Joint(context)


@dataclass
class Joint:
    """Co-moments of codes and factors, by the moments of all pairwise products about fixed origins."""

    context: Any = transient()
    codes: Moments = field(default_factory=Moments)
    factors: Moments = field(default_factory=Moments)
    sums: Moments = field(default_factory=Moments)

    def update(self, batch: Batch, /) -> None:
        z, v = as_float64(batch.posterior.mean.flatten(1)), as_float64(batch.factors)
        self.codes.update(z)
        self.factors.update(v)
        self.sums.update((z[:, :, None] + v[:, None, :]).reshape(len(z), -1))

    def merge(self, other: Joint, /) -> None:
        self.codes.merge(other.codes)
        self.factors.merge(other.factors)
        self.sums.merge(other.sums)

    def finish(self) -> Findings:
        d, k = len(self.codes.mean), len(self.factors.mean)
        z, v = self.codes.variance(), self.factors.variance()
        covariance = (self.sums.variance().reshape(d, k) - z[:, None] - v[None, :]) / 2
        matrix = covariance / np.sqrt(z[:, None] * v[None, :])
        rows = tuple((f"z{i}", f"f{j}", float(matrix[i, j])) for i in range(d) for j in range(k))
        table = Table(
            name="correlation",
            title="Correlation",
            columns=(Column(name="code"), Column(name="factor"), Column(name="r", unit="1")),
            rows=rows,
        )
        figure = Figure(
            name="correlation",
            kind="heatmap",
            title="Correlation of codes and factors",
            alt=f"The largest correlation is {np.abs(matrix).max():.2f}.",
            table=table,
            x=Axis(column="factor", label="factor"),
            y=Axis(column="code", label="code"),
            value=Axis(column="r", label="r"),
        )
        largest = scalar("largest", float(np.abs(matrix).max()), self.codes.count, headline=True)
        return Findings(scalars=(largest,), tables=(table,), figures=(figure,))


@dataclass(frozen=True, kw_only=True)
class Extremes:
    """A choice over the whole data before anything is decoded: the two codes farthest from the origin."""

    name: ClassVar[str] = "extremes"
    version: ClassVar[int] = 1
    question: ClassVar[str] = "What do the farthest codes decode to?"
    needs: ClassVar[frozenset[Need]] = frozenset({"codes", "decoder"})
    references: ClassVar[tuple[str, ...]] = ()
    k: int = option(2, help="how many", minimum=1)

    def cost(self) -> Cost:
        return Cost()

    def start(self, context: Context, /) -> Choice:
        return Choice(self, context)


@dataclass
class Choice:
    options: Extremes = transient()
    context: Any = transient()
    n: int = 0

    def update(self, batch: Batch, /) -> None:
        self.n += len(batch)

    def merge(self, other: Choice, /) -> None:
        self.n += other.n

    def finish(self) -> Findings:
        best: list[tuple[float, int]] = []
        for index, mean, _ in self.context.codes.chunks():
            norms: NDArray[np.float64] = np.linalg.norm(mean.reshape(len(index), -1).astype(np.float64), axis=1)
            best = sorted([*best, *zip(norms.tolist(), index.tolist(), strict=True)], reverse=True)[: self.options.k]
        batch = self.context.read([index for _, index in best])
        x_hat = batch.decode(batch.posterior.mean)
        rows = tuple((index, norm, float(x.mean())) for (norm, index), x in zip(best, x_hat, strict=True))
        table = Table(
            name="extremes",
            title="Farthest codes",
            columns=(Column(name="sample"), Column(name="norm"), Column(name="mean_of_decoded")),
            rows=rows,
        )
        return Findings(scalars=(scalar("farthest", best[0][0], self.n),), tables=(table,))


@dataclass(frozen=True, kw_only=True)
class Broken:
    """Fails where it is told to."""

    name: ClassVar[str] = "broken"
    version: ClassVar[int] = 1
    question: ClassVar[str] = "Does a failure stay where it happens?"
    needs: ClassVar[frozenset[Need]] = frozenset({"codes"})
    references: ClassVar[tuple[str, ...]] = ()
    where: str = option("update", help="start, update, finish, undeclared, unstorable")

    def cost(self) -> Cost:
        return Cost()

    def start(self, context: Context, /) -> Trap:
        if self.where == "start":
            raise RuntimeError("broken in start")
        return Trap(self, {} if self.where != "unstorable" else {"what": object()})


@dataclass
class Trap:
    options: Broken = transient()
    held: dict[str, Any] = field(default_factory=dict)

    def update(self, batch: Batch, /) -> None:
        if self.options.where == "update":
            raise RuntimeError("broken in update")
        if self.options.where == "undeclared":
            _ = batch.reconstruction

    def merge(self, other: Trap, /) -> None:
        del other

    def finish(self) -> Findings:
        raise RuntimeError("broken in finish")
