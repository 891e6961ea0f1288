"""Sentences made from the numbers of a noise sweep, and what not to trust in them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from vae_analyze.analyzers.noise_sweep import Layout, params_of

if TYPE_CHECKING:
    from vae_analyze.analyzers.noise_sweep import NoiseSweep
    from vae_analyze.findings import Findings, Scalar

SMALL_N = 100
SMALLEST_IN_FLOAT32 = 1e-5
LARGEST_SHARE = 10.0
COLLAPSED = 0.01  # share of the aggregate posterior's variance that the codes carry


def collapsed(found: Findings) -> bool:
    """Whether the codes carry next to nothing of the aggregate posterior's variance."""
    code, aggregate = found.scalar("code_variance"), found.scalar("aggregate_posterior_variance")
    return code.value <= COLLAPSED * aggregate.value


def middle(layout: Layout) -> float:
    """The noise level that sentences speak of."""
    return layout.sigmas[(len(layout.sigmas) - 1) // 2]


def readings(layout: Layout, found: Findings) -> tuple[str, ...]:
    """What a reader should remember, most important first."""
    if collapsed(found):
        # What it decodes to is the same for every input: whatever else could be said would read like a merit.
        ignored = "The posterior has collapsed: the codes hardly depend on the input, so that no noise can move them."
        return (ignored, *(text for text in [_stability(layout, found)] if text))
    sentences = [_stability(layout, found), _denoising(layout, found), _dimensions(layout, found)]
    sentences += [_floor(layout, found), _clipping(layout, found)]
    return tuple(sentence for sentence in sentences if sentence)


def warnings(sweep: NoiseSweep, found: Findings) -> tuple[str, ...]:
    """What not to trust, and why."""
    n = found.scalar("clean_mse").n
    code, aggregate = found.scalar("code_variance"), found.scalar("aggregate_posterior_variance")
    said = []
    if sweep.context.dtype.itemsize < 8 and min(sweep.layout.sigmas) < SMALLEST_IN_FLOAT32:
        said.append(
            f"sigma = {min(sweep.layout.sigmas):g} is close to the spacing of float32 numbers: what moves is mostly "
            "rounding. Use --dtype float64."
        )
    if sweep.broken:
        said.append(f"{sweep.broken} of {n} samples gave values that are not finite; means over samples are undefined.")
    if n < SMALL_N:
        said.append(f"Only {n} samples: intervals are approximate, and rare sensitive samples may be missing.")
    if sweep.inputs.count > 1 and not sweep.inputs.variance().any():
        said.append("The data do not vary: every sample is the same, and nothing can be said of how codes follow them.")
    elif collapsed(found):
        said.append(
            f"The codes carry {_percent(code.value / aggregate.value)} of the aggregate posterior's variance: the "
            "posterior has collapsed. A model that ignores its input is stable under any noise; low numbers here are "
            "no merit."
        )
    return tuple(said)


def _stability(layout: Layout, found: Findings) -> str:
    sigma = middle(layout)
    latent, moved = found.scalar("latent_nmse", sigma=sigma), found.scalar("reconstruction_nmse", sigma=sigma)
    mse = found.scalar("reconstruction_mse", sigma=sigma)
    if not all(math.isfinite(scalar.value) for scalar in (latent, mse)):
        return ""
    # Against a spread that is next to nothing every movement is many times as large, which says nothing.
    told = math.isfinite(moved.value) and moved.value <= LARGEST_SHARE
    apart = f", {_percent(moved.value)} of how far two samples' reconstructions are apart" if told else ""
    return (
        f"At sigma = {sigma:g} codes move by {_percent(latent.value)} of the aggregate posterior's variance "
        f"and reconstructions by MSE {_with_interval(mse)}{apart}."
    )


def _denoising(layout: Layout, found: Findings) -> str:
    ratios = [(sigma, found.scalar("denoising_ratio", sigma=sigma)) for sigma in layout.sigmas]
    below = _from(layout.sigmas, [ratio.high < 1 for _, ratio in ratios])
    sigma, last = ratios[-1]
    if not math.isfinite(last.value):
        return ""
    share = f"the round trip's error against the clean input is {last.value:.2g} times that of the noisy input itself"
    if below:
        return f"{below} the round trip denoises (noise as it is, not clipped): at sigma = {sigma:g} {share}."
    if any(ratio.low < 1 for _, ratio in ratios):
        return f"Whether the round trip denoises depends on the level or is undecided: at sigma = {sigma:g} {share}."
    return f"The round trip does not denoise at any level measured: at sigma = {sigma:g} {share}."


def _dimensions(layout: Layout, found: Findings) -> str:
    table = next(table for table in found.tables if table.name == "dimensions")
    sigma, what = middle(layout), table.columns[0].name
    shares = {
        str(row[0]): float(row[6])
        for row in table.rows
        if row[1] == sigma and not row[2] and isinstance(row[6], float) and math.isfinite(row[6])
    }
    if len(shares) < 3:
        return ""
    ranked = sorted(shares, key=lambda name: -shares[name])
    cumulative = np.cumsum([shares[name] for name in ranked])
    k = int(np.searchsorted(cumulative, 0.5)) + 1
    if k > 4:
        return f"The movement of the codes is spread out: half of it takes {k} of {len(ranked)} {what}s."
    names = ", ".join(ranked[:k])
    return (
        f"{names} {'makes' if k == 1 else 'make'} up {_percent(float(cumulative[k - 1]))} of the codes' movement at "
        f"sigma = {sigma:g}; with even shares {k} of {len(ranked)} {what}s would make up {_percent(k / len(ranked))}."
    )


def _floor(layout: Layout, found: Findings) -> str:
    floor = found.scalar("latent_sampling_floor")
    if not math.isfinite(floor.value) or floor.value == 0:
        return ""
    moved = {sigma: found.scalar("latent_mse", sigma=sigma).value for sigma in layout.sigmas}
    if not all(math.isfinite(value) for value in moved.values()):
        return ""
    above = _from(layout.sigmas, [value > floor.value for value in moved.values()])
    if not any(value > floor.value for value in moved.values()):
        return (
            f"At every level measured, codes move less than two draws from one posterior differ (latent "
            f"sampling floor {floor.value:.3g}): "
            "against sampled codes the noise is hardly visible."
        )
    if not above:
        return ""
    return (
        f"{above} codes move more than two draws from one posterior differ (latent sampling floor {floor.value:.3g})."
    )


def _clipping(layout: Layout, found: Findings) -> str:
    if len(layout.clippings) == 1:
        return ""
    sigma = layout.sigmas[-1]
    as_is = found.scalar("latent_mse", sigma=sigma).value
    clipped = found.scalar("latent_mse", **params_of(sigma, clipped=True)).value
    if not (math.isfinite(as_is) and math.isfinite(clipped)) or as_is == 0:
        return ""
    arrived = found.scalar("input_mse", sigma=sigma).value
    energy = found.scalar("input_mse", **params_of(sigma, clipped=True)).value / arrived
    return (
        f"At sigma = {sigma:g} clipping the noisy input to the data's range leaves {energy:.2g} of the noise's energy "
        f"and {clipped / as_is:.2g} of the codes' movement."
    )


def _from(sigmas: tuple[float, ...], holds: list[bool]) -> str:
    """From which level on something holds, at it and at all larger ones; "" if not even at the largest."""
    count = len(holds) if all(holds) else holds[::-1].index(False)
    if count == 0:
        return ""
    if count == len(holds):
        return "At every level measured"
    return f"{'Only at' if count == 1 else 'From'} sigma = {sigmas[-count]:g}"


def _percent(share: float) -> str:
    if share >= LARGEST_SHARE:
        return f"{share:.3g} times"
    return f"{100 * share:.2g} %" if share < 0.995 else f"{100 * share:.0f} %"


def _with_interval(scalar: Scalar) -> str:
    if not math.isfinite(scalar.low):
        return f"{scalar.value:.3g}"
    return f"{scalar.value:.3g} [{scalar.low:.3g}, {scalar.high:.3g}]"
