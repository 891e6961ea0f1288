"""The choice among activations that reconstruct almost equally well: the one at which the weights are at rest."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import final

from vae_analyze.loading.rebuild.bench import Bench
from vae_analyze.loading.rebuild.blueprint import assemble
from vae_analyze.loading.rebuild.candidate import Candidate
from vae_analyze.loading.rebuild.joint import around
from vae_analyze.loading.rebuild.rest import Rest, rest_of
from vae_analyze.loading.rebuild.space import Open
from vae_analyze.loading.settling.convention import Second
from vae_analyze.loading.settling.second import second_of

# Weights further from rest than this were not trained to the end, or by another loss: it says nothing of activations.
# Networks read rightly are at 0.7 to 1.5, wrong readings of networks that were trained a little at 1.6 and beyond.
AT_REST = 1.5
# Up to here what rest speaks for may be right: where error speaks for another by a few per cent only, nothing decides.
DOUBTFUL = 1.8
_FEW_PER_CENT = 1.05
# How much of the score a unit of distance is worth: a factor e^0.35 of error.
_WORTH = 0.35
# Candidates whose score is behind by more have too large an error for any of this to matter.
_NEAR = 0.35
# How many are asked: a number, not a time, so that a busy machine finds the same network.
_MOST, _MOST_COSTLY = 7, 4
_COUNT = 256
APART = 0.5  # between distances that tell two readings apart
_ROUNDS = 3


@final
@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Rested:
    """What error and rest together speak for.

    Args:
        best: The candidate.
        told: What rest said, in words, where it decided.
        asked: Distances from rest of those that were asked.
        torn: What the two say where they contradict each other and neither is clear, in words.
    """

    best: Candidate
    told: str = ""
    torn: str = ""
    asked: tuple[tuple[Candidate, float], ...] = ()


def at_rest(
    bench: Bench,
    open_to: Open,
    best: Candidate,
    score: Callable[[Candidate, int], float],
    counts: tuple[int, int],
    *,
    costly: bool,
) -> Rested:
    """The candidate that error and rest together speak for: none that differs in one block of questions does better.

    Args:
        bench: Evidence and weights.
        open_to: What may be chosen.
        best: By error alone.
        score: Of a candidate over the first samples, by error and usualness; lower is better.
        counts: Samples for a first look at all, and for those that are asked.
        costly: Whether an evaluation takes long.
    """
    few, many = counts
    most = _MOST_COSTLY if costly else _MOST
    known: dict[object, Rest] = {}
    asked: dict[object, Candidate] = {}
    told, worth = "", 0.0
    for _ in range(_ROUNDS):
        near = _near(open_to, best, score, few)
        near.sort(key=lambda one: score(one, many))
        ways = [best, *near[:most]]
        if len(bench.evidence) >= _COUNT and near:
            seconds = seconds_of(bench, best)
            for one in ways:
                key = _key(one)
                if key not in known:
                    known[key] = rest_of(bench, one.plan, one.choices, one.shape, seconds)
                    asked[key] = one
        worth = _WORTH if any(rest.distance <= AT_REST for rest in known.values()) else 0.0

        def total(one: Candidate, worth: float = worth) -> float:
            return score(one, many) + (worth * known[_key(one)].distance if worth else 0.0)

        winner = min(ways, key=total)
        told = _said(winner, min(ways, key=lambda one: score(one, many)), known) if worth else ""
        if winner is best:
            break
        best = winner
    distances = tuple((asked[key], rest.distance) for key, rest in known.items())
    torn = "" if worth or not known else _torn(bench, best, [(asked[key], rest) for key, rest in known.items()], many)
    return Rested(best=best, told=told, asked=distances, torn=torn)


def _torn(bench: Bench, best: Candidate, found: list[tuple[Candidate, Rest]], count: int) -> str:
    """Whether an error that is little higher comes with weights that are far nearer to rest."""
    other, rest = min(found, key=lambda pair: pair[1].distance)
    here = next(mine for one, mine in found if _key(one) == _key(best))
    one, two = (float(bench.errors(x.plan, x.choices, x.shape, count).mean()) for x in (best, other))
    if rest.distance > min(DOUBTFUL, here.distance - APART) or two > _FEW_PER_CENT * one:
        return ""
    return (
        f"{said_of(best)} with an error of {one:.4g} and a gradient of the loss {here.worst:.3g} times its noise, and "
        f"{said_of(other)} with {two:.4g} and {rest.worst:.3g}"
    )


def _near(open_to: Open, best: Candidate, score: Callable[[Candidate, int], float], few: int) -> list[Candidate]:
    limit = score(best, few) + _NEAR
    near = [one for one in _others(open_to, best) if score(one, few) < limit]
    return sorted(_distinct(near, best), key=lambda one: score(one, few))[: 2 * _MOST]


def _key(one: Candidate) -> object:
    """A network with what stands around it."""
    choices = one.choices
    return (
        assemble(one.plan, choices, one.shape),
        choices.input_range,
        choices.split,
        choices.swapped,
    )


def _others(open_to: Open, best: Candidate) -> list[Candidate]:
    return [replace(best, choices=choices) for choices in around(open_to, best.choices)]


def _distinct(found: list[Candidate], best: Candidate) -> list[Candidate]:
    """One of each network, the best itself left out."""
    networks = {_key(one): one for one in reversed(found)}
    networks.pop(_key(best), None)
    return list(networks.values())


def seconds_of(bench: Bench, best: Candidate) -> tuple[Second, ...]:
    """What the second output of a candidate may be."""
    blueprint = assemble(best.plan, best.choices, best.shape)
    mean, raw = bench.both(blueprint, best.choices, min(_COUNT, len(bench.evidence)))
    return ("none",) if raw is None else (second_of(mean, raw).second,)


def _said(winner: Candidate, likely: Candidate, known: Mapping[object, Rest]) -> str:
    """What rest says for the winner, where error and usualness speak for another."""
    if winner is likely:
        return ""
    one, other = (known[_key(candidate)] for candidate in (winner, likely))
    return f"gradient of the loss {one.worst:.3g} times its noise, {other.worst:.3g} for {_other(winner, likely)}"


def _other(winner: Candidate, likely: Candidate) -> str:
    """What is different in a candidate, in words."""
    names = [activations_of(one) for one in (winner, likely)]
    return names[1] if names[0] != names[1] else f"{names[1]} at other places"


def said_of(candidate: Candidate) -> str:
    """The activations of a candidate and where they stand."""
    front, back = candidate.choices.encoder, candidate.choices.decoder
    entry = back.entry if back.seam and back.entry else "the same" if back.seam else "none"
    heads = "" if front.seam else ", none before the heads"
    return f"{activations_of(candidate)}{heads}, {entry} behind the decoder's first layer"


def activations_of(candidate: Candidate) -> str:
    """The activations of encoder and decoder, once where they are the same."""
    front, back = candidate.choices.encoder.activation, candidate.choices.decoder.activation
    return front if front == back else f"{front} and {back}"
