"""From the errors of all readings to one answer per question, and how sure it is."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Literal, final

import torch

from vae_analyze.loading.settling.convention import Convention
from vae_analyze.loading.settling.trial import Trial

# The runner-up must be this much worse. Wrong readings of healthy models err at least twice as much.
CLEAR_RATIO = 1.15
# On no fewer samples: a standard error of three numbers is itself luck.
FEWEST = 8
# And worse in standard errors of the paired difference: not by the luck of the samples.
CLEAR_Z = 5.0
# The usual reading may be this much worse than the best and still be taken, announced as a guess.
TOLERANCE = 1.05
# Numbers that agree to this part of their size make the choice immaterial.
SAME = 1e-3

Answer = Literal["clear", "same", "guess", "thin"]


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class Ruling:
    """The answer to one question.

    Args:
        trial: The best reading that gives this answer.
        rival: The best that gives another; None where there was none.
        kind: Whether the rival is ruled out, practically the same, possible, or the evidence does not say.
        ratio: The rival's error over the answer's.
        z: Paired difference of the errors in its standard errors.
    """

    trial: Trial
    rival: Trial | None
    kind: Answer
    ratio: float = math.inf
    z: float = math.inf


def rule(trials: Sequence[Trial], asked: Callable[[Convention], Hashable], usual: Hashable) -> Ruling:
    """Answer one question.

    Args:
        trials: All readings that were tried; not empty.
        asked: What a convention says to the question.
        usual: What it mostly is elsewhere; taken where the evidence leaves room.
    """
    best = _best(trials)
    rival = _best([trial for trial in trials if asked(trial.convention) != asked(best.convention)], best)
    if rival is best:
        return Ruling(trial=best, rival=None, kind="clear")
    ratio, z = compared(best, rival)
    if ratio >= CLEAR_RATIO and z >= CLEAR_Z and len(best.errors) >= FEWEST:
        return Ruling(trial=best, rival=rival, kind="clear", ratio=ratio, z=z)
    plain = _best([trial for trial in trials if asked(trial.convention) == usual], best)
    if compared(best, plain)[0] > TOLERANCE:
        return Ruling(trial=best, rival=rival, kind="thin", ratio=ratio, z=z)
    rival = _best([trial for trial in trials if asked(trial.convention) != asked(plain.convention)])
    ratio, z = compared(plain, rival)
    return Ruling(trial=plain, rival=rival, kind="same" if _same(plain, rival) else "guess", ratio=ratio, z=z)


def _best(trials: Sequence[Trial], otherwise: Trial | None = None) -> Trial:
    found = min(trials, key=lambda trial: trial.error, default=otherwise)
    assert found is not None, "there is something to choose from"
    return found


def compared(trial: Trial, rival: Trial) -> tuple[float, float]:
    """Ratio of the mean errors, rival over trial, and the paired difference in standard errors."""
    return against(trial.errors, rival.errors)


def against(errors: torch.Tensor, others: torch.Tensor) -> tuple[float, float]:
    """How much larger ``others`` are, both ``(n,)``, sample by sample the same data.

    Returns:
        Ratio of the means, 1 where both are 0, and the mean difference in its standard errors: 0 with one sample.
    """
    if not bool(torch.isfinite(others).all()):
        return (math.inf, math.inf) if bool(torch.isfinite(errors).all()) else (1.0, 0.0)
    own, other = float(errors.mean()), float(others.mean())
    ratio = other / own if own > 0 else (1.0 if other == 0 else math.inf)
    gap = others - errors
    if len(gap) < 2:
        return ratio, 0.0
    mean, deviation = float(gap.mean()), float(gap.std()) / math.sqrt(len(gap))
    if deviation > 0:
        return ratio, mean / deviation
    return ratio, math.copysign(math.inf, mean) if mean else 0.0


def _same(trial: Trial, rival: Trial) -> bool:
    """Whether codes and errors practically agree."""
    if trial.codes.shape != rival.codes.shape or trial.convention.output != rival.convention.output:
        return False
    size = float(trial.codes.abs().max()) + 1e-12
    codes = float((trial.codes - rival.codes).abs().max()) <= SAME * size
    return codes and float((trial.errors - rival.errors).abs().max()) <= SAME * (trial.error + 1e-12)
