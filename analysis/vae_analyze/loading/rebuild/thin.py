"""Whether the evidence for a fit is thin: another reading with other numbers does as well as the chosen one."""

from __future__ import annotations

import math

from torch import Tensor

from vae_analyze.loading.rebuild.bench import Bench
from vae_analyze.loading.rebuild.blueprint import assemble
from vae_analyze.loading.rebuild.candidate import Candidate
from vae_analyze.loading.rebuild.fit import Fit, Rival
from vae_analyze.loading.rebuild.rest import rest_of
from vae_analyze.loading.rebuild.resting import APART, AT_REST, DOUBTFUL, seconds_of

# Standard errors of the paired difference between two readings' errors, below which it is noise.
_SURE = 2.5
# Largest difference of codes or reconstructions, relative to their scale, that matters to nobody.
_SAME = 0.01
# Scores apart, beyond which a rival with as low an error is too unusual to be taken for possible.
_UNUSUAL = 0.02
_ENOUGH = 256


def thin(fit: Fit, bench: Bench) -> str:
    """What does as well as the chosen reading and gives other numbers, in words; "" where nothing does."""
    if fit.torn:
        return f"error and gradient contradict each other: {fit.torn}"
    for rival in (*fit.rivals, *fit.others):
        if rival.candidate.shape != fit.best.shape or _worse(rival, fit, bench) >= _SURE or _settled(rival, fit, bench):
            continue
        differing = _differing(rival.candidate, fit, bench)
        if differing > _SAME:
            answers = f" ({rival.chosen}, or {rival.value})" if rival.chosen != rival.value else ""
            return (
                f"two readings that differ in the {rival.what}{answers} do equally well: errors {fit.error:.4g} and "
                f"{rival.error:.4g}, outputs up to {differing:.0%} apart"
            )
    return ""


def _settled(rival: Rival, fit: Fit, bench: Bench) -> bool:
    """Whether something else speaks for the chosen reading: its weights are at rest, or the rival is far less usual.

    Being usual counts only where the gradient does not speak for the rival.
    """
    here, there = (_distance(one, fit) for one in (fit.best, rival.candidate))
    if here <= AT_REST and there >= here + APART:
        return True
    if rival.score <= fit.score + _UNUSUAL:
        return False
    if rival.what == "activation" and not math.isfinite(there) and len(bench.evidence) >= _ENOUGH:
        here, there = (_asked(one, fit, bench) for one in (fit.best, rival.candidate))
    return not there < min(here - APART, DOUBTFUL)


def _asked(candidate: Candidate, fit: Fit, bench: Bench) -> float:
    seconds = seconds_of(bench, fit.best)
    return rest_of(bench, candidate.plan, candidate.choices, candidate.shape, seconds).distance


def _worse(rival: Rival, fit: Fit, bench: Bench) -> float:
    """By how many standard errors a rival's error is higher than that of the chosen one, sample by sample."""
    one, two = (bench.errors(x.plan, x.choices, x.shape, fit.count) for x in (fit.best, rival.candidate))
    difference = two - one
    noise = float(difference.std()) / math.sqrt(len(difference)) if len(difference) > 1 else 0.0
    mean = float(difference.mean())
    return math.inf if not math.isfinite(mean) else mean / max(noise, 1e-12)


def _distance(candidate: Candidate, fit: Fit) -> float:
    """From rest; infinite for one that was not asked."""
    own = assemble(candidate.plan, candidate.choices, candidate.shape)
    found = [rest for one, rest in fit.asked if assemble(one.plan, one.choices, one.shape) == own]
    return found[0] if found else math.inf


def _differing(rival: Candidate, fit: Fit, bench: Bench) -> float:
    """Largest difference between two readings' codes and reconstructions, over the largest number."""
    here, there = (_outputs(one, bench, fit.count) for one in (fit.best, rival))
    if any(one.shape != two.shape for one, two in zip(here, there, strict=True)):
        return math.inf
    return max(
        float((one - two).abs().max() / one.abs().max().clamp(min=1e-12)) for one, two in zip(here, there, strict=True)
    )


def _outputs(candidate: Candidate, bench: Bench, count: int) -> tuple[Tensor, Tensor]:
    blueprint = assemble(candidate.plan, candidate.choices, candidate.shape)
    mean = bench.mean(blueprint, candidate.choices, count)
    return mean, bench.reconstruction(blueprint, candidate.choices, count)
