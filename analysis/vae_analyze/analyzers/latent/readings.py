"""Sentences made from the numbers of a latent space, and what not to trust in them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from vae_analyze.analyzers.latent.normality import LEVEL
from vae_analyze.analyzers.words import listed, percent

if TYPE_CHECKING:
    from vae_analyze.analyzers.latent.findings import Health
    from vae_analyze.findings import Findings

_SMALL_N = 500
_FEW = 50  # samples, below which chance alone correlates dimensions and empties space
_FAR = 0.1  # Kolmogorov-Smirnov distance that is worth a sentence


def readings(health: Health, found: Findings) -> tuple[str, ...]:
    """What a reader should remember, most important first."""
    made = (_alive(health), _decomposition(health, found), _fit(health), _holes(health, found), _classes(health),
            _repeats(health), _clusters(health), _likelihood(health, found))  # fmt: skip
    return tuple(sentence for sentence in made if sentence)


def warnings(health: Health) -> tuple[str, ...]:
    """What not to trust, and why."""
    said = []
    n = health.dimensions.n
    if n < _FEW:
        said.append(
            f"Only {n} samples: nothing said here of holes, repeats, clusters or active dimensions can be trusted; "
            "with so few codes any two dimensions may correlate, and the nearest code is far from everything."
        )
    elif n < _SMALL_N:
        said.append(f"Only {n} samples: densities and tails of the aggregate posterior are rough.")
    if health.density is not None and len(health.table) < health.table.total:
        said.append(
            f"The aggregate posterior is made of {len(health.table)} of {health.table.total} posteriors, evenly spread."
        )
    if health.table.broken:
        said.append(
            f"{health.table.broken} of {len(health.table) + health.table.broken} posteriors are not finite: densities, "
            "correlations and clusters are of the others, and means over samples are undefined."
        )
    if health.gathered.options.variance and health.observation.kind != "gaussian":
        said.append("The variance that was given is that of a Gaussian p(x | z), and p(x | z) is another: not used.")
    if health.observation.kind == "bernoulli" and health.gathered.grey and not health.gathered.deterministic:
        said.append(
            f"{health.gathered.grey} of {n} samples have grey pixels, of which a Bernoulli cross-entropy is no "
            "probability: cross-entropy, ELBO and bound compare models on the same data and mean nothing alone. A "
            "model trained with another weight between reconstruction and KL was trained for another number."
        )
    if health.likelihood is not None:
        effective = float(health.likelihood.effective[:, -1].mean())
        k = health.likelihood.weights[-1]
        if k > 1 and effective < 2:
            said.append(
                f"The likelihood bound rests on {effective:.1f} of {k} weights on average: it is far below log p(x), "
                "and models can be compared by it only with care."
            )
    return tuple(said)


def _alive(health: Health) -> str:
    dimensions, d = health.dimensions, health.table.d
    active = int(dimensions.active.sum())
    if not active:
        return f"None of {d} dimensions is active: the codes do not depend on the input. The posterior has collapsed."
    dead = [f"z{j}" for j in range(d) if dimensions.dead[j]] if not health.gathered.deterministic else []
    text = f"{active} of {d} dimensions are active"
    if dead:
        text += f"; {listed(dead)} {'is' if len(dead) == 1 else 'are'} dead"
    if health.gathered.deterministic:
        return (
            text + ". The model is a plain autoencoder: there is no posterior, and no prior that codes were drawn to."
        )
    order, total = dimensions.order, float(dimensions.kl.sum())
    shares = np.cumsum(dimensions.kl[order]) / total if total > 0 else np.zeros(d)
    half = int(np.searchsorted(shares, 0.5)) + 1
    if math.isfinite(total) and total > 0:
        names, verb = listed([f"z{j}" for j in order[:half]]), "carries" if half == 1 else "carry"
        text += f"; {names} {verb} {percent(shares[half - 1], 0)} of the {total:.3g} nats"
    return text + "."


def _decomposition(health: Health, found: Findings) -> str:
    if health.density is None:
        return ""
    parts = [found.scalar(name).value for name in ("mutual_information", "total_correlation", "dimension_wise_kl")]
    if not all(map(math.isfinite, parts)):
        return ""
    information, correlation, marginal = parts
    if health.density.at_ceiling:
        return (
            f"The codes tell all {health.density.terms.n} samples apart: at least {information:.3g} nats of the rate "
            f"are mutual information, at most {correlation:.3g} dependence between dimensions; {marginal:.3g} are the "
            "distance of the marginals from the prior."
        )
    return (
        f"Of the rate, {information:.3g} nats tell samples apart, {correlation:.3g} are dependence between dimensions "
        f"and {marginal:.3g} the distance of the marginals from the prior."
    )


def _fit(health: Health) -> str:
    dimensions, d = health.dimensions, health.table.d
    if health.gathered.deterministic:
        return ""
    distance = dimensions.shape.distance.numpy()
    known = distance[np.isfinite(distance)]
    far = [int(j) for j in np.argsort(-distance, kind="stable") if distance[j] >= _FAR]
    which = f"{d}" if len(known) == d else f"the {len(known)} most informative"
    tested = dimensions.normality.prior[np.isfinite(dimensions.normality.prior)]
    rejected = int((tested < LEVEL).sum())
    test = (
        f" A Kolmogorov-Smirnov test of {dimensions.normality.n} draws tells {rejected} of {len(tested)} from the "
        "prior (5 %, Holm)."
        if len(tested)
        else ""
    )
    if not far:
        return (
            f"Every marginal of the aggregate posterior is close to N(0, 1): the largest distance of their "
            f"distribution functions is {known.max():.3f}.{test}"
        )
    worst, shape = far[0], dimensions.shape
    return (
        f"{len(far)} of {which} marginals differ from N(0, 1) by a Kolmogorov-Smirnov distance of {_FAR} or more, most "
        f"z{worst}: distance {distance[worst]:.2f}, mean {float(shape.mean[worst]):.2f}, variance "
        f"{float(shape.variance[worst]):.2f}.{test}"
    )


def _holes(health: Health, found: Findings) -> str:
    if health.density is None or health.dimensions.n < _FEW:
        return ""
    empty, outside = found.scalar("uncovered_prior"), found.scalar("codes_outside_prior")
    share = f"{percent(empty.value, 1)} [{percent(empty.low, 1)}, {percent(empty.high, 1)}]"
    return (
        f"{share} of prior draws lie farther from any code than 99 % of codes do (1 % is ideal), and "
        f"{percent(outside.value, 1)} of codes lie where 1 % of the prior does."
    )


def _repeats(health: Health) -> str:
    if health.dimensions.n < _FEW:
        return ""
    copies = health.dimensions.copies()
    pairs = [f"z{j} repeats z{partner} (r = {strength:.2f})" for j, (partner, strength) in copies.items()]
    return f"Redundant: {listed(pairs)}." if pairs else ""


def _clusters(health: Health) -> str:
    found = health.clusters
    if not found.bic:
        return ""
    at_end = found.best == len(found.bic) > 1
    if found.best == 1:
        return f"The codes form no clusters: of Gaussian mixtures with up to {len(found.bic)} components one is enough."
    more = " or more: the BIC still falls at the largest number tried" if at_end else ""
    return (
        f"By the BIC of Gaussian mixtures the codes form {found.best} clusters{more}; that is the shape of their "
        "distribution, not a count of classes."
    )


def _likelihood(health: Health, found: Findings) -> str:
    if health.likelihood is None:
        return ""
    k = health.likelihood.weights[-1]
    bound = found.scalar("log_likelihood_bound", weights=k)
    if not math.isfinite(bound.value):
        return ""
    between = f" [{bound.low:.4g}, {bound.high:.4g}]" if math.isfinite(bound.low) else ""
    return (
        f"log p(x) is at least {bound.value:.4g}{between} nats on average, by {k} importance weights "
        f"({health.observation.words})."
    )


def _classes(health: Health) -> str:
    found = health.classes
    if isinstance(found, str) or not found.trusted:
        return ""
    most, least = int(found.shares.argmax()), int(found.shares.argmin())
    parts = [
        f"{percent(found.shares[k], 0)} are taken for {found.names[k]!r} ({percent(found.data[k], 0)} of the data)"
        for k in (most, least)
    ]
    return f"Of {len(found.taken)} decoded prior draws {parts[0]} and {parts[1]}: the largest and the smallest share."
