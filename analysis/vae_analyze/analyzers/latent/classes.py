"""How evenly the classes share the prior: which class its decoded draws are taken for."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, final

import numpy as np
import torch
from numpy.typing import NDArray

from vae_analyze.findings import Cell, Column, Direction, Scalar
from vae_analyze.findings import Table as TidyTable
from vae_analyze.metrics import Principal, linear_probe
from vae_analyze.stats.folds import stratified
from vae_analyze.stats.normal import around
from vae_analyze.stats.share import wilson
from vae_analyze.vae import unflatten

if TYPE_CHECKING:
    from torch import Tensor

    from vae_analyze.analyzers.base import Context
    from vae_analyze.analyzers.latent.table import Table

Floats = NDArray[np.float64]
_MOST = 2_000  # reconstructions that the classifier is fitted to
_DRAWS = 1_000
_FEATURES = 64  # principal components of the reconstructions that it sees
_MOST_CLASSES = 50
_FOLDS = 5
_RESAMPLED = 2_000
_LEAST = 20  # samples


TRUSTED = 0.8  # accuracy below which the judge's word is no reading
_EVENNESS = "entropy of the classes that decoded prior draws are taken for, over the log of their number; 1 is even"
_DISTANCE = "total variation distance between the classes of decoded prior draws and those of the data"
_JUDGE = "held-out accuracy on reconstructions of the classifier that judges decoded prior draws"


@final
@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Classes:
    """Shares by class.

    Args:
        names: Of the classes that the data hold.
        data: Share of each in the analysed data, ``(k,)``.
        taken: The class that each prior draw is taken for, as a position in ``names``, ``(m,)``.
        accuracy: Of the classifier on reconstructions it has not seen.
        n: Reconstructions that it was fitted to.
        samples: Analysed samples, of which ``data`` are the shares.
    """

    names: tuple[str, ...]
    data: Floats
    taken: NDArray[np.int64]
    accuracy: float
    n: int
    samples: int

    @property
    def trusted(self) -> bool:
        """Whether the judge knows reconstructions well enough for its word on draws to mean something."""
        return self.accuracy >= TRUSTED

    @property
    def shares(self) -> Floats:
        """Share of each class among the prior's draws, ``(k,)``."""
        return np.bincount(self.taken, minlength=len(self.names)) / len(self.taken)


def classes_of(context: Context, table: Table, draws: int) -> Classes | str:
    """Decode draws from the prior and have them classified; or why that cannot be done.

    The classifier is fitted to reconstructions, not to data: draws and reconstructions come from the same decoder, and
    are blurred alike.
    """
    labels = context.codes.labels()
    reason = _why_none(context, labels, table)
    some = np.arange(min(_MOST, len(table))) * len(table) // min(_MOST, len(table))
    known = context.codes.labels(table.index[some])
    if reason or labels is None or known is None:
        return reason
    present, counts = np.unique(labels, return_counts=True)
    decoded = _decode(context, table.posteriors.mean[torch.from_numpy(some)])
    noise = torch.randn((min(draws, _DRAWS), table.d), generator=context.generator("classes"), dtype=torch.float64)
    drawn = _decode(context, noise)
    if not bool(torch.isfinite(decoded).all() and torch.isfinite(drawn).all()):
        return "a decoded value is not finite"
    basis = Principal.fit(decoded, _FEATURES)
    seen, new = basis.project(decoded).numpy(), basis.project(drawn).numpy()
    parts = stratified(table.index[some], known, _FOLDS, seed=context.seed)
    names = context.data.label_names or ()
    return Classes(
        names=tuple(names[k] if k < len(names) else str(k) for k in present),
        data=counts / counts.sum(),
        taken=np.searchsorted(present, _judged(seen, known, new)).astype(np.int64),
        accuracy=linear_probe(seen, known, parts).accuracy(known),
        n=len(seen),
        samples=int(counts.sum()),
    )


def _judged(seen: Floats, known: NDArray[np.int64], new: Floats) -> NDArray[np.int64]:
    """Classes of new features by a classifier that is fitted to all that were seen: two folds, of which one is new."""
    fold = np.repeat([0, 1], [len(seen), len(new)])
    anything = np.full(len(new), known[0])
    return linear_probe(np.concatenate([seen, new]), np.concatenate([known, anything]), fold).predicted[len(seen) :]


def _why_none(context: Context, labels: NDArray[np.int64] | None, table: Table) -> str:
    if labels is None:
        return f"{context.data.name} has no labels"
    if context.card.conditional:
        return "the model is given the class of what it decodes"
    if context.card.deterministic:
        return "the model is deterministic: it has no prior to draw from"
    count = len(np.unique(labels))
    if count < 2:
        return "the analysed samples have one class"
    if count > _MOST_CLASSES:
        return f"{count} classes are too many to share so few draws"
    return f"{len(table)} samples are too few to fit a classifier to" if len(table) < _LEAST else ""


def _decode(context: Context, codes: Tensor) -> Tensor:
    shaped = unflatten(codes, context.card.latent_shape).to(device=context.device, dtype=context.dtype)
    return context.decode(shaped).flatten(start_dim=1).cpu().double()


def shares(found: Classes | str, *, seed: int) -> list[Scalar]:
    """How even the shares are, how far from the data's, and how good the judge is."""
    if isinstance(found, str):
        return [
            _scalar("class_evenness", math.nan, _EVENNESS, n=0, reason=found),
            _scalar("class_distance", math.nan, _DISTANCE, n=0, reason=found, direction="lower"),
        ]
    n = len(found.taken)
    even = _evenness(found.shares, n)
    apart = 0.5 * float(np.abs(found.shares - found.data).sum())
    reach = _reach(found, seed=seed)
    judge = found.accuracy
    low, high = wilson(round(judge * found.n), found.n) if math.isfinite(judge) else (math.nan, math.nan)
    weak = "" if found.trusted else f"the judge is right on only {100 * judge:.0f} % of reconstructions"
    doubt: dict[str, Any] = {"status": "warning", "reason": weak} if weak else {}
    return [
        _scalar("class_evenness", even[0], _EVENNESS, n=n, low=even[1], high=even[2], **doubt),
        _scalar(
            "class_distance", apart, _DISTANCE, n=n, low=max(0.0, apart - reach), high=min(1.0, apart + reach),
            direction="lower", **doubt,
        ),
        _scalar(
            "class_judge_accuracy", judge, _JUDGE, n=found.n, low=low, high=high,
            reason="" if math.isfinite(judge) else "all samples are in one fold",
        ),
    ]  # fmt: skip


def _scalar(name: str, value: float, text: str, *, direction: Direction = "none", **facts: Any) -> Scalar:
    return Scalar(name=name, value=value, unit="1", direction=direction, definition=text, **facts)


def _evenness(shares: Floats, n: int) -> tuple[float, float, float]:
    """Entropy over its maximum, and its 95 % interval.

    With the correction of Miller and Madow for the entropy that chance takes away, and with the variance of second
    order, the only one that is left where the shares are even.
    """
    most = math.log(len(shares))
    logs = np.log(np.where(shares > 0, shares, 1.0))
    entropy = -float(shares @ logs)
    variance = (float(shares @ np.square(logs)) - entropy**2) / n + (len(shares) - 1) / (2 * n * n)
    value = min(1.0, (entropy + (int((shares > 0).sum()) - 1) / (2 * n)) / most)
    low, high = around(value, math.sqrt(max(0.0, variance)) / most)
    return value, max(0.0, low), min(1.0, high)


def _reach(found: Classes, *, seed: int) -> float:
    """How far the distance can be off by chance: by the triangle inequality, the distance of the shares to the truth.

    The 95 % quantile of what resampling the draws and the data moves them. An interval of this width holds the truth
    at least as often as it says, also where the truth is zero, which a percentile of resampled distances never holds.
    """
    rng = np.random.default_rng(seed)
    moved = np.zeros(_RESAMPLED)
    for shares, n in ((found.shares, len(found.taken)), (found.data, found.samples)):
        drawn = rng.multinomial(n, shares / shares.sum(), size=_RESAMPLED) / n
        moved += 0.5 * np.abs(drawn - shares).sum(axis=1)
    return float(np.quantile(moved, 0.95))


def class_tables(found: Classes | str) -> tuple[TidyTable, ...]:
    """A row per class; none without classes."""
    if isinstance(found, str):
        return ()
    n = len(found.taken)
    rows: list[tuple[Cell, ...]] = []
    for at, (name, share) in enumerate(zip(found.names, found.shares, strict=True)):
        low, high = wilson(int((found.taken == at).sum()), n)
        rows.append((name, float(found.data[at]), float(share), low, high, float(share / found.data[at])))
    return (
        TidyTable(
            name="classes",
            title="How the classes share the prior",
            columns=(
                Column(name="class"),
                Column(name="data", unit="1", description="share of the analysed samples"),
                Column(name="prior", unit="1", description="share of decoded prior draws taken for it"),
                Column(name="prior_low", unit="1", description="low end, 95 %, Wilson"),
                Column(name="prior_high", unit="1", description="high end, 95 %"),
                Column(name="ratio", unit="1", description="prior over data; 1 is a fair share"),
            ),
            rows=tuple(rows),
            caption=f"{n} draws from N(0, I), decoded; judged by a linear classifier (at most {_FEATURES} principal "
            f"components) fitted to {found.n} reconstructions, right on {100 * found.accuracy:.0f} % of those it had "
            "not seen.",
        ),
    )
