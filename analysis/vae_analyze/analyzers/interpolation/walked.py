"""What is measured on paths, pair by pair: steps, likeness of neighbours, nearness to data, the midpoint's return."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, TypeVar, final

import numpy as np
import torch
from numpy.typing import NDArray

from vae_analyze.analyzers.interpolation.journey import LATENT_PATHS, LINEAR, PATHS, Journey, Setting, travel
from vae_analyze.analyzers.latent.observation import cross_entropies
from vae_analyze.metrics import mean_squared_difference, ssim
from vae_analyze.stats.moments import as_float64
from vae_analyze.vae import flatten

if TYPE_CHECKING:
    from torch import Tensor

    from vae_analyze.analyzers.interpolation.pairs import Pairs
    from vae_analyze.vae import DiagonalGaussian

Floats = NDArray[np.float64]
_STILL = 1e-3  # of the data's spread: a chord below it is the same point twice, to the eye and up to rounding


@final
@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Return:
    """Points of data space that are encoded and decoded again, one per pair, ``(m,)`` each.

    Args:
        mse: Mean squared difference between the point and what came back, in squared data units.
        rate: KL divergence of its posterior to the prior in nats; NaN without a posterior.
        elbo: Of the point, at the posterior mean, in nats; NaN where p(x | z) is not known to be Bernoulli.
        drift: How far its code lands from where it was decoded, over the distance of the two ends' codes; NaN for
            points that were not decoded, and between ends that decode to one point.
    """

    mse: Floats
    rate: Floats
    elbo: Floats
    drift: Floats


@final
@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Walked:
    """One path over all pairs of a kind.

    Args:
        step: Root mean square difference of neighbouring points, ``(m, steps - 1)``.
        chord: Of the two ends, ``(m,)``.
        likeness: SSIM of neighbouring points, ``(m, steps - 1)``; NaN unless the data are images.
        distance: Of every point to the nearest real sample but the two ends, ``(m, steps)``.
        halfway: Of the midpoint, ``(m,)``.
        centred: Of the midpoint to the mean of the real samples, ``(m,)``.
        back: The midpoint encoded and decoded again.
    """

    step: Floats
    chord: Floats
    likeness: Floats
    distance: Floats
    halfway: Floats
    centred: Floats
    back: Return

    @property
    def length(self) -> Floats:
        """Length of the path over its chord, ``(m,)``; NaN where the ends are one point."""
        return np.asarray(self.step.sum(axis=1) / self.chord)

    @property
    def jump(self) -> Floats:
        """The largest step over the mean step, ``(m,)``; NaN where nothing moves."""
        return np.asarray(self.step.max(axis=1) / np.where(np.isnan(self.chord), np.nan, self.step.mean(axis=1)))

    @property
    def place(self) -> Floats:
        """Alpha in the middle of the largest step, ``(m,)``."""
        largest = np.where(np.isnan(self.step), -1.0, self.step).argmax(axis=1)
        return np.asarray((largest + 0.5) / self.step.shape[1])


@final
@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Kind:
    """All that is known of one kind of pairs.

    Args:
        pairs: The pairs.
        paths: Each path's measurements; empty without pairs.
        ends: The two decoded ends encoded and decoded again, averaged over the two.
        real: The two real samples likewise.
        straightened: How many spherical paths had to go straight.
    """

    pairs: Pairs
    paths: dict[str, Walked]
    ends: Return | None
    real: Return | None
    straightened: int


def walk(setting: Setting, pairs: Pairs) -> Kind:
    """Measure the paths of all pairs, as many at a time as fit into memory."""
    if not len(pairs):
        return Kind(pairs=pairs, paths={}, ends=None, real=None, straightened=0)
    walked: dict[str, list[Walked]] = {path: [] for path in PATHS}
    ends, real, straightened = [], [], 0
    for start in range(0, len(pairs), setting.at_once()):
        journey = travel(setting, pairs, slice(start, start + setting.at_once()))
        for path in PATHS:
            walked[path].append(_walked(setting, journey, path))
        ends.append(_ends(setting, journey))
        real.append(_real(setting, journey))
        straightened += int(journey.straightened.sum())
    return Kind(
        pairs=pairs,
        paths={path: _joined(parts) for path, parts in walked.items()},
        ends=_joined(ends),
        real=_joined(real),
        straightened=straightened,
    )


def _walked(setting: Setting, journey: Journey, path: str) -> Walked:
    points, steps = journey.points[path], setting.steps
    along = points[:, :steps]
    m, _, features = along.shape
    apart = np.stack((journey.first, journey.second), axis=1)
    nearest = setting.reference.nearest(points.flatten(end_dim=1), apart.repeat(points.shape[1], axis=0))
    distances = nearest.reshape(m, -1)
    midpoint = points[:, setting.middle]
    # A straight path's midpoint is where a blend would be, had it been decoded from a code.
    z = journey.z[path][:, setting.middle] if path in LATENT_PATHS else None
    former, latter = along[:, :-1].reshape(-1, features), along[:, 1:].reshape(-1, features)
    return Walked(
        step=_root(mean_squared_difference(former, latter)).reshape(m, steps - 1),
        chord=_chord(setting, along),
        likeness=_likeness(setting, former, latter).reshape(m, steps - 1),
        distance=distances[:, :steps],
        halfway=distances[:, setting.middle],
        centred=setting.reference.to_mean(midpoint),
        back=_back(setting, journey, midpoint, z),
    )


def _chord(setting: Setting, along: Tensor) -> Floats:
    """Distance of the ends; NaN where it is nothing."""
    chord = _root(mean_squared_difference(along[:, 0], along[:, setting.steps - 1]))
    return np.where(chord > _STILL * setting.reference.spread, chord, np.nan)


def _likeness(setting: Setting, former: Tensor, latter: Tensor) -> Floats:
    shape = setting.context.data.input_shape
    if len(shape) != 3:
        return np.full(len(former), np.nan)
    low, high = setting.bounds
    return np.asarray(
        ssim(former.reshape(-1, *shape), latter.reshape(-1, *shape), data_range=high - low).numpy(), dtype=np.float64
    )


def _back(setting: Setting, journey: Journey, x: Tensor, z: Tensor | None) -> Return:
    """Encode and decode points ``(m, D)`` that were decoded from ``z``, or from nothing."""
    given = setting.on_device(x.reshape(-1, *setting.context.data.input_shape))
    return _returned(setting, journey, given, setting.context.encode(given, labels=journey.labels), z)


def _returned(
    setting: Setting, journey: Journey, given: Tensor, posterior: DiagonalGaussian, z: Tensor | None
) -> Return:
    again = setting.context.decode(posterior.mean, labels=journey.labels)
    rate = as_float64(flatten(posterior.kl_to_prior())).sum(axis=1)
    entropy = cross_entropies(given, again) if setting.binary else np.full(len(given), np.nan)
    drift = np.full(len(given), np.nan)
    if z is not None:
        path = journey.z[LINEAR]
        apart = (path[:, 0] - path[:, setting.steps - 1]).norm(dim=1)
        drift = ((flatten(posterior.mean).cpu().double() - z).norm(dim=1) / apart).numpy()
        drift = np.where(np.isnan(_chord(setting, journey.points[LINEAR])), np.nan, drift)
    return Return(
        mse=as_float64(mean_squared_difference(again, given)),
        rate=np.where(np.isfinite(rate), rate, np.nan),
        elbo=-entropy - np.where(np.isfinite(rate), rate, np.nan),
        drift=np.where(np.isfinite(drift), drift, np.nan),
    )


def _ends(setting: Setting, journey: Journey) -> Return:
    """What was decoded at both ends: reconstructions."""
    points, z = journey.points[LINEAR], journey.z[LINEAR]
    return _mean(*(_back(setting, journey, points[:, at], z[:, at]) for at in (0, setting.steps - 1)))


def _real(setting: Setting, journey: Journey) -> Return:
    """The samples at both ends themselves."""
    shape = setting.context.data.input_shape
    given = [setting.on_device(journey.real[:, end].reshape(-1, *shape)) for end in (0, 1)]
    # Their posteriors are those of the pass.
    return _mean(*(_returned(setting, journey, given[end], journey.posteriors[end], None) for end in (0, 1)))


def _mean(a: Return, b: Return) -> Return:
    return Return(**{part.name: (getattr(a, part.name) + getattr(b, part.name)) / 2 for part in fields(Return)})


_Some = TypeVar("_Some", Walked, Return)


def _joined(parts: list[_Some]) -> _Some:
    """The same measurements over all blocks."""
    whole: dict[str, Any] = {}
    for part in fields(parts[0]):
        values = [getattr(one, part.name) for one in parts]
        whole[part.name] = _joined(values) if isinstance(values[0], Return) else np.concatenate(values)
    return type(parts[0])(**whole)


def _root(squares: Tensor) -> Floats:
    return np.asarray(torch.sqrt(squares).numpy(), dtype=np.float64)
