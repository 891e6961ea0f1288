"""The choice among activations that reconstruct almost equally well: the one at which the weights are at rest."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import product

from vae_analyze.loading.rebuild.bench import Bench
from vae_analyze.loading.rebuild.blueprint import assemble
from vae_analyze.loading.rebuild.candidate import Candidate, tied
from vae_analyze.loading.rebuild.rest import Rest, rest_of
from vae_analyze.loading.rebuild.space import Open
from vae_analyze.loading.settling.convention import Second
from vae_analyze.loading.settling.second import second_of

# Weights further from rest than this were not trained to the end, or by another loss: it says nothing of activations.
AT_REST = 1.8
# How much of the score a unit of distance is worth: a factor e^0.35 of error.
_WORTH = 0.35
# Candidates whose score is behind by more have too large an error for any of this to matter.
_NEAR = 0.35
# How many are asked: a number, not a time, so that a busy machine finds the same network.
_MOST, _MOST_COSTLY = 7, 3
_COUNT = 256


def at_rest(
    bench: Bench, open_to: Open, best: Candidate, score: Callable[[Candidate], float], *, costly: bool
) -> tuple[Candidate, str]:
    """The candidate that error and rest together speak for, and what rest said, in words.

    Args:
        bench: Evidence and weights.
        open_to: What may be chosen.
        best: By error alone.
        score: Of a candidate, by error and usualness; lower is better.
        costly: Whether an evaluation takes long.
    """
    near = [one for one in _others(open_to, best) if _differs(one, best) and score(one) < score(best) + _NEAR]
    near.sort(key=score)
    if not near or len(bench.evidence) < _COUNT:
        return best, ""
    seconds = _seconds(bench, best)
    asked = (best, *near[: _MOST_COSTLY if costly else _MOST])
    found = [(one, rest_of(bench, one.plan, one.choices, one.shape, seconds)) for one in asked]
    if min(rest.distance for _, rest in found) > AT_REST:
        return best, "the loss's gradient decides nothing: the weights are at rest with no activation"
    found.sort(key=lambda pair: score(pair[0]) + _WORTH * pair[1].distance)
    return found[0][0], _said(found)


def _others(open_to: Open, best: Candidate) -> Iterator[Candidate]:
    here = best.choices
    for one in open_to.activations:
        yield replace(best, choices=tied(here, one))
        yield replace(best, choices=replace(here, encoder=replace(here.encoder, activation=one)))
        yield replace(best, choices=replace(here, decoder=replace(here.decoder, activation=one)))
    for front, back in product((True, False), repeat=2):
        seams = replace(here, encoder=replace(here.encoder, seam=front), decoder=replace(here.decoder, seam=back))
        yield replace(best, choices=seams)


def _differs(one: Candidate, best: Candidate) -> bool:
    return assemble(one.plan, one.choices, one.shape) != assemble(best.plan, best.choices, best.shape)


def _seconds(bench: Bench, best: Candidate) -> tuple[Second, ...]:
    blueprint = assemble(best.plan, best.choices, best.shape)
    mean, raw = bench.both(blueprint, best.choices, min(_COUNT, len(bench.evidence)))
    return ("none",) if raw is None else (second_of(mean, raw).second,)


def _said(found: list[tuple[Candidate, Rest]]) -> str:
    parts = []
    for candidate, rest in found[:2]:
        front, back = candidate.choices.encoder.activation, candidate.choices.decoder.activation
        name = front if front == back else f"{front} and {back}"
        parts.append(f"{max(rest.encoder, rest.decoder):.3g} with {name}")
    return f"squared gradient of the loss over its sampling noise {', '.join(parts)}; 1 at rest"
