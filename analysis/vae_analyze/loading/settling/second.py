"""What a second encoder output is: the spread of the codes and the decoder's curvature give it away.

Spread. A VAE trains its codes towards N(0, 1), so over the data ``var(mean) + mean(variance)`` is about 1 for every
latent: exactly 1 for a linear Gaussian model at any weight of the KL, because the decoder can rescale a code for
nothing. Raw deviations read as log variances break that sum. Log deviations do not: for codes that carry much both
variances are next to nothing. There the curvature tells, see `vae_analyze.loading.settling.curvature`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor

from vae_analyze.loading.settling.convention import Second
from vae_analyze.loading.settling.curvature import Curvature, Line, line

# Of 62 public models none with a log variance had both, and all 3 with a raw deviation had: the rule that is taken
# without a doubt.
TOO_LARGE = 1.5
CLOSE = 0.1
# Further from 1 the deviation is still the better explanation, announced as a guess: within this, or nearer to 1 than
# the log variance by so many nats (codes of hastily trained models are spread twice as widely as they should be).
NEAR = 0.3
_BETTER = 0.2
# Between two meanings: how much nearer to 1 the spread must be, in nats, and the slope of log curvature.
_SPREADS_APART = 0.1
_SLOPES_APART = 0.25
# A slope that counts: this near to 1 in nats, with this correlation, over this many points.
_SLOPE_NEAR = 0.3
_CORRELATED = 0.8
_POINTS = 24
_FURTHEST = 3.0  # nats: one latent that is far off must not outvote the rest
_LARGEST_EXPONENT = 80.0  # exp of it and its square are finite in float64

_VARIANCES: dict[Second, Callable[[Tensor], Tensor]] = {
    "logvar": lambda raw: raw.clamp(max=_LARGEST_EXPONENT).exp(),
    "logstd": lambda raw: (2 * raw).clamp(max=_LARGEST_EXPONENT).exp(),
    "std": lambda raw: raw.square(),
    "variance": lambda raw: raw,
}
WORDS: dict[Second, str] = {
    "logvar": "log variance",
    "logstd": "log standard deviation",
    "std": "standard deviation",
    "variance": "variance",
    "none": "none: a deterministic code",
}


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """What the second output most likely is.

    Args:
        second: The meaning.
        source: The evidence, with numbers.
        runner_up: The next best meaning and its numbers; "" where nothing else fits.
        decided: Whether the runner-up is ruled out.
    """

    second: Second
    source: str
    runner_up: str
    decided: bool


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class Moment:
    """How the codes' spread compares with the prior's, under one reading.

    Args:
        typical: Median over latents of ``var(mean) + mean(variance)``; 1 for codes spread as the prior.
        distance: Mean over latents of its absolute logarithm, in nats; 0 at best.
    """

    typical: float
    distance: float


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class Fit:
    """How the numbers look under one reading.

    Args:
        spread: Of the codes.
        line: Of log curvature; None where it was not measured.
    """

    spread: Moment
    line: Line | None

    @property
    def lined(self) -> bool:
        """Whether there are enough points for a line."""
        return self.line is not None and self.line.points >= _POINTS and not math.isnan(self.line.slope)

    @property
    def slope_distance(self) -> float:
        """Distance of the slope from 1 in nats; 3 for a falling line and for none."""
        if self.line is None or not self.lined or self.line.slope <= 0:
            return _FURTHEST
        return abs(math.log(self.line.slope))

    @property
    def rises(self) -> bool:
        """Whether the curvature grows with the precision."""
        return self.line is not None and self.lined and self.line.r >= _CORRELATED

    @property
    def supported(self) -> bool:
        """Whether the curvature follows this reading."""
        return self.rises and self.slope_distance <= _SLOPE_NEAR

    @property
    def possible(self) -> bool:
        """Whether the curvature does not go against it: no curvature, or a line that rises."""
        return self.line is None or (self.line.slope > 0 and self.lined)


def moment(mean: Tensor, variance: Tensor) -> Moment:
    """The spread of the aggregate posterior.

    Args:
        mean: Posterior means ``(n, *latent_shape)``; the positions of a spatial code ``(n, c, h, w)`` count as samples.
        variance: Posterior variances, same shape.

    Returns:
        With fewer than two samples, or numbers that are not finite: NaN and infinity.
    """
    codes, spread = _rows(mean), _rows(variance)
    if codes.shape[0] < 2:
        return Moment(typical=math.nan, distance=math.inf)
    total = codes.var(dim=0) + spread.mean(dim=0)
    if not bool(torch.isfinite(total).all()) or total.numel() == 0:
        return Moment(typical=math.nan, distance=math.inf)
    distance = total.clamp(min=1e-30).log().abs().clamp(max=_FURTHEST).mean()
    return Moment(typical=float(total.median()), distance=float(distance))


def second_of(mean: Tensor, raw: Tensor, found: Curvature | None = None) -> Reading:
    """What the second encoder output is, from both outputs over some data.

    Log variance is assumed unless it gives a spread above 1.5 and a deviation or variance one within 0.1 of 1, or the
    curvature says otherwise. Without a curvature, log standard deviation cannot be told from log variance and is
    announced as the runner-up.

    Args:
        mean: Posterior means ``(n, *latent_shape)``.
        raw: The second output, same shape.
        found: How the decoder answers to the latents of some of these samples.
    """
    fits = fits_of(mean, raw, found)
    plain: dict[Second, Fit] = {word: fit for word, fit in fits.items() if word in ("std", "variance")}
    best = min(plain, key=lambda word: (plain[word].spread.distance, word != "std"))
    if _deviates(fits["logvar"], fits[best]):
        return _deviation(best, fits, plain)
    return _logarithm(fits, best)


def fits_of(mean: Tensor, raw: Tensor, found: Curvature | None = None) -> dict[Second, Fit]:
    """How the numbers look under every reading that they allow: variances are not negative."""
    numbers = raw.detach().cpu().double()
    positive = bool((numbers >= 0).all())
    variances = {word: of(numbers) for word, of in _VARIANCES.items() if word != "variance" or positive}
    widest = {"logstd": variances["logvar"], "std": variances.get("variance", variances["std"])}
    return {
        word: Fit(
            spread=moment(mean, variance),
            line=line(found, variance, widest.get(word, variance)) if found is not None else None,
        )
        for word, variance in variances.items()
    }


def _deviates(logvar: Fit, plain: Fit) -> bool:
    """Whether the raw numbers are a deviation or a variance rather than a logarithm."""
    off = math.isnan(logvar.spread.typical) or logvar.spread.typical > TOO_LARGE
    nearer = logvar.spread.distance - plain.spread.distance
    if off and (abs(plain.spread.typical - 1) <= NEAR or nearer >= _BETTER):
        return True
    if logvar.spread.distance > math.log(TOO_LARGE) and plain.spread.distance <= CLOSE:
        return True
    return not logvar.possible and ((plain.supported and nearer >= 0) or (plain.rises and nearer >= _SPREADS_APART))


def _deviation(best: Second, fits: dict[Second, Fit], plain: dict[Second, Fit]) -> Reading:
    fit = plain[best]
    decided = (abs(fit.spread.typical - 1) <= CLOSE or fit.rises) and not fits["logvar"].supported
    if len(plain) == 1:
        return Reading(second=best, source=_said(best, fits), runner_up=_said("logvar", fits), decided=decided)
    apart = _slopes_apart(plain["std"], plain["variance"])
    by_slope: Second = "std" if apart > 0 else "variance"
    by_spread = abs(plain["std"].spread.distance - plain["variance"].spread.distance)
    sloped = abs(apart) >= _SLOPES_APART and plain[by_slope].supported
    if sloped:
        best = by_slope
    elif by_spread < _SPREADS_APART:
        best = "std"
    rival: Second = "variance" if best == "std" else "std"
    return Reading(second=best, source=_said(best, fits), runner_up=_said(rival, fits), decided=decided and sloped)


def _slopes_apart(one: Fit, other: Fit) -> float:
    """How much nearer to 1 the slope of ``one`` is, in nats; 0 where one of them has none."""
    return other.slope_distance - one.slope_distance if one.lined and other.lined else 0.0


def _logarithm(fits: dict[Second, Fit], plain: Second) -> Reading:
    logvar, logstd = fits["logvar"], fits["logstd"]
    apart = _slopes_apart(logvar, logstd)
    if apart <= -_SLOPES_APART and logstd.supported:
        # Never beyond doubt: only 1 file in 20 has it, and hastily trained models have bent the slope this far.
        return Reading(second="logstd", source=_said("logstd", fits), runner_up=_said("logvar", fits), decided=False)
    decided = apart >= _SLOPES_APART and logvar.supported
    rival: Second = "logstd"
    if not decided and fits[plain].spread.distance < logstd.spread.distance - _SPREADS_APART:
        rival = plain
    return Reading(second="logvar", source=_said("logvar", fits), runner_up=_said(rival, fits), decided=decided)


def _said(word: Second, fits: dict[Second, Fit]) -> str:
    fit = fits[word]
    text = f"{WORDS[word]}: var(mean) + mean(variance) is {fit.spread.typical:.2f} per latent"
    if fit.lined and fit.line is not None:
        text += f", slope of the decoder's log curvature {fit.line.slope:.2f} (r = {fit.line.r:.2f})"
    return f"{text}; 1 expected"


def _rows(values: Tensor) -> Tensor:
    """``(samples, latents)`` in float64; of a spatial code the channels are the latents."""
    numbers = values.detach().cpu().double()
    if numbers.ndim <= 2:
        return numbers.reshape(numbers.shape[0], -1)
    return numbers.movedim(1, -1).reshape(-1, numbers.shape[1])
