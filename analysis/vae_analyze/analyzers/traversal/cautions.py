"""What not to trust in the traversals, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from vae_analyze.analyzers.traversal.anchors import NO_SAMPLE
from vae_analyze.analyzers.traversal.heat import APART
from vae_analyze.stats.bootstrap import SMALLEST_N

if TYPE_CHECKING:
    from vae_analyze.analyzers.traversal.measured import Measured

_FAR = 6.0  # standard deviations of the prior
_SPREADS = (0.5, 2.0)  # of codes against the prior's, beyond which even steps miss them


def warnings(measured: Measured) -> tuple[str, ...]:
    """Everything that limits what was said."""
    made = (
        _anchors(measured),
        _broken(measured),
        _far(measured),
        _spread(measured),
        _derivatives(measured),
        _label(measured),
    )
    return tuple(sentence for sentence in made if sentence)


def _anchors(measured: Measured) -> str:
    m = len(measured.chosen.measured)
    return f"Only {m} anchor{'s' if m > 1 else ''}: no intervals." if m < SMALLEST_N else ""


def _broken(measured: Measured) -> str:
    chosen, said = measured.chosen, []
    if chosen.broken:
        said.append(
            f"{chosen.broken} of {chosen.total} samples have no finite code and reconstruction and are no anchors."
        )
    lost = int((~np.isfinite(measured.moved.path)).sum())
    if lost:
        said.append(
            f"{lost} of {measured.moved.path.size} traversals have frames that are not finite; means leave them out."
        )
    return " ".join(said)


def _far(measured: Measured) -> str:
    """Values that no code has."""
    extent = measured.options.extent
    if measured.options.spacing != "linear" or extent <= _FAR or measured.gathered.deterministic:
        return ""
    return (
        f"Values of z up to {extent:g} lie where neither the prior nor any code is: what is decoded there says little."
    )


def _spread(measured: Measured) -> str:
    """Values chosen for N(0, 1) where codes are spread otherwise."""
    if measured.options.spacing == "posterior" or not measured.active.any():
        return ""
    activity, live = measured.activity, measured.dimensions[measured.active]
    within = np.zeros(len(live)) if measured.gathered.deterministic else activity.posterior_variance[live]
    spread = np.sqrt(activity.code_variance[live] + within)
    away = [(float(sd), int(j)) for sd, j in zip(spread, live, strict=True) if not _SPREADS[0] <= sd <= _SPREADS[1]]
    if not away:
        return ""
    sd, j = max(away, key=lambda pair: abs(np.log(max(pair[0], 1e-9))))
    return (
        f"The values of z suit a standard deviation of 1, and {len(away)} of {len(live)} active dimensions "
        f"{'is' if len(away) == 1 else 'are'} spread otherwise, most z{j} with {sd:.2g}: use --spacing posterior."
    )


def _derivatives(measured: Measured) -> str:
    heat = measured.heat
    if heat.disagreement > APART:
        return (
            f"The model's derivatives differ from differences of its outputs by {100 * heat.disagreement:.0f} %: it "
            "cuts or rounds on the way. Where dimensions act is by central differences."
        )
    if not heat.exact:
        return "The model has no derivatives: where dimensions act is by central differences, good to about 0.1 %."
    return ""


def _label(measured: Measured) -> str:
    chosen = measured.chosen
    if chosen.centre_label == NO_SAMPLE:
        return ""
    return (
        f"The model needs a label: the {chosen.centre.names[0]} is decoded with that of sample {chosen.centre_label}."
    )
