"""The choices that reconstruct the person's data best, with a preference for the usual ones."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from itertools import product
from typing import final

import torch
from torch import Tensor

from vae_analyze.loading.rebuild.bench import Bench
from vae_analyze.loading.rebuild.blueprint import assemble
from vae_analyze.loading.rebuild.candidate import Candidate, tied
from vae_analyze.loading.rebuild.choices import Choices
from vae_analyze.loading.rebuild.joint import blocks
from vae_analyze.loading.rebuild.resting import at_rest
from vae_analyze.loading.rebuild.space import ACTIVATIONS, Coordinate, Open, coordinates, pairs_of, penalty
from vae_analyze.loading.rebuild.starts import otherwise
from vae_analyze.loading.unwrapping.content import ModuleTree

_SKETCH, _ROUGH, _FINE, _FINAL = 16, 32, 128, 512
_FINE_COSTLY, _FINAL_COSTLY = 96, 256
_KEPT = 4
_UNLIKE = 0.9  # beyond it nothing is right, whatever the activation
_STARTS = 3
_GROUPS = 12
_RIVALRY = 6
_ALIKE = 0.5  # of `_unlikeness`: a network read rightly is below it
_ROUNDS = 3
_STRAINED = 3.0  # times the divergence from what batch normalisations have seen: another image size
_START = 0.08  # of what a geometry costs by being unusual
_RESIZED = 0.25  # another image size than the data's own must do so much better, as a logarithm
_STRAIN = 1.0  # of a nat of divergence from what batch normalisations have seen, against a factor e of error


@final
@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Rival:
    """What would have been the next best answer to one question.

    Args:
        what: The coordinate.
        value: The answer, in words.
        candidate: The network with it.
        error: Its mean squared error.
        score: Its score; lower is better.
        chosen: The answer that was taken, in words.
    """

    what: str
    value: str
    candidate: Candidate
    error: float
    score: float
    chosen: str = ""


@final
@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Fit:
    """The best candidate.

    Args:
        best: The candidate.
        error: Its mean squared error over the evidence.
        score: Logarithm of the error as a share of the mean sample's, plus what its choices cost by being unusual.
        rivals: The next best answers, one per question that has another.
        others: The best candidate of every other geometry or order that was tried to the end.
        count: Samples that it was judged on.
        told: What the gradient of the loss says of the activations, in words.
        torn: How error and gradient contradict each other, where neither is clear, in words.
        asked: Distances from rest of the candidates whose gradient was taken.
        sizes: Shapes of samples that the network can take.
    """

    best: Candidate
    error: float
    score: float
    rivals: tuple[Rival, ...]
    others: tuple[Rival, ...]
    count: int
    told: str = ""
    torn: str = ""
    asked: tuple[tuple[Candidate, float], ...] = ()
    sizes: tuple[tuple[int, ...], ...] = ()


@final
class Fitting:
    """The search for the best choices.

    Args:
        bench: Evidence and weights.
        open_to: What may be chosen.
        tree: Facts of a pickled module.
        caution: How much of an unusual choice's cost counts; less where the usual ones have failed.
    """

    def __init__(self, bench: Bench, open_to: Open, tree: ModuleTree | None = None, *, caution: float = 1.0) -> None:
        self._tree = tree
        self._caution = caution
        self._bench = bench
        self._open = open_to
        self._final = self._fine = _FINE

    def run(self, starts: list[Candidate]) -> Fit:
        """The best of these candidates and of all that differ from them in activations, placement, ranges, split.

        At least one of them must take samples of a shape that the data can be brought to.
        """
        every = starts
        starts = [start for start in starts if self._bench.data(start.shape) is not None]
        costly = _costly(starts[0])
        self._final = min(_FINAL_COSTLY if costly else _FINAL, len(self._bench.evidence))
        rough = starts if len(starts) == 1 else self._roughly(starts)
        first, rounds = (_ROUGH, 1) if costly else (_FINE, _ROUNDS)
        self._fine = _FINE_COSTLY if costly else _FINE
        settled = [self._settled(one, first, rounds) for start in rough for one in self._started(start)]
        settled.sort(key=lambda one: self.score(one, first))
        best = self._settled(self._reset(self._sized(settled[0], starts), starts), self._fine, _ROUNDS)
        best = best if costly else self._settled(best, self._final, 1)
        counts = (self._fine, self._final)
        best = self._geometric(best, settled)
        rested = at_rest(self._bench, self._open, best, self.score, counts, costly=costly)
        best = rested.best
        others = tuple(
            self._rival("geometry and order of layers", other) for other in settled[1:] if self._apart(other, best)
        )
        return Fit(
            best=best,
            error=self.error(best, self._final),
            score=self.score(best, self._final),
            rivals=tuple(self._rivals(best)),
            others=others,
            count=self._final,
            told=rested.told,
            torn=rested.torn,
            asked=rested.asked,
            sizes=tuple(dict.fromkeys(start.shape for start in every if start.plan is best.plan)),
        )

    def error(self, candidate: Candidate, count: int) -> float:
        """Mean squared error over the first samples."""
        return float(self._errors(candidate, count).mean())

    def score(self, candidate: Candidate, count: int) -> float:
        """Logarithm of the error as a share of the mean sample's, plus what the choices cost; lower is better."""
        error = self.error(candidate, count)
        strain = self._bench.strain(candidate.plan, candidate.choices, candidate.shape, count)
        unusual = penalty(candidate.choices) + _START * candidate.start
        # Over that of the mean sample: smaller or smoother images have a smaller error whatever the network.
        error /= self._bench.spread(candidate.shape, count)
        size = _RESIZED if self._resized(candidate.shape) else 0.0
        return math.log(max(error, 1e-12)) + self._caution * unusual + _STRAIN * strain + size

    def _errors(self, candidate: Candidate, count: int) -> Tensor:
        return self._bench.errors(candidate.plan, candidate.choices, candidate.shape, count)

    def _roughly(self, starts: list[Candidate]) -> list[Candidate]:
        """Those whose reconstructions follow the data best, whatever squashes them.

        Other image sizes than the data's own and the next are tried only where those will not do: larger images cost
        more, and are smoother, so that any network follows them better, whichever size it was trained on.
        """
        sizes = list(dict.fromkeys(start.shape for start in starts))
        sizes.sort(key=lambda shape: (shape != self._bench.evidence.shape, shape))
        scored: list[tuple[float, Candidate]] = []
        for tried, size in enumerate(sizes):
            if tried > 1 and min(scored, key=_first)[0] < _ALIKE:
                break
            found = [self._likeliest(start, ("relu",), _SKETCH) for start in starts if start.shape == size]
            found.sort(key=_first)
            scored += [self._likeliest(start, ("relu", "tanh"), _ROUGH) for _, start in found[: 3 * _KEPT]]
        scored.sort(key=_first)
        scored = self._own_too(scored)
        kept = _KEPT if scored[0][0] < _UNLIKE else 1
        return [start for _, start in scored[:kept]]

    def _own_too(self, scored: list[tuple[float, Candidate]]) -> list[tuple[float, Candidate]]:
        """Both of the data's own size and of another are kept, where there are both: only the errors tell."""
        own = [pair for pair in scored if not self._resized(pair[1].shape)]
        other = [pair for pair in scored if self._resized(pair[1].shape)]
        half = _KEPT // 2
        return [*own[:half], *other[:half]] if own and other else scored

    def _resized(self, shape: tuple[int, ...]) -> bool:
        return math.prod(shape) != math.prod(self._bench.evidence.shape)

    def _likeliest(self, start: Candidate, activations: tuple[str, ...], count: int) -> tuple[float, Candidate]:
        """How little a start follows the data with the best range and split, and the start with those."""
        double = start.plan.structure.event == "double"
        splits = self._open.splits if double else ((start.choices.split, start.choices.swapped),)
        found = []
        groups = _FEW_GROUPS if self._open.grouped else _FEW_GROUPS[:1]
        for activation, input_range, (split, swapped), style, number in product(
            activations, self._open.ranges[:2], splits, self._open.styles, groups
        ):
            halves = (start.choices.encoder, start.choices.decoder)
            front, back = (replace(half, style=style, groups=number) for half in halves)
            choices = replace(
                start.choices, encoder=front, decoder=back, input_range=input_range, split=split, swapped=swapped
            )
            tried = replace(start, choices=tied(choices, activation))
            found.append((self._unlikeness(tried, count) + 0.01 * start.start, replace(start, choices=choices)))
        return min(found, key=_first)

    def _unlikeness(self, candidate: Candidate, count: int) -> float:
        """1 less the correlation of what is particular to a sample with what is particular to its reconstruction."""
        blueprint = assemble(candidate.plan, candidate.choices, candidate.shape)
        x = self._bench.data(candidate.shape)
        try:
            raw = self._bench.decoded_means(blueprint, candidate.choices, count)
        except (RuntimeError, ValueError, IndexError):
            return math.inf
        if x is None or raw.shape != x[:count].shape:
            return math.inf
        one, other = _own(x[:count]), _own(torch.sigmoid(raw))
        value = 1 - float((one * other).sum() / (one.norm() * other.norm() + 1e-12))
        return value if math.isfinite(value) else math.inf

    def _started(self, start: Candidate) -> list[Candidate]:
        """The best of the usual networks: one activation throughout, everything that interacts tried together.

        Where a candidate costs little, the best for every range and split goes on, with a second activation.
        """
        found = [replace(start, choices=choices) for choices in self._grid(start)]
        found.sort(key=lambda one: self.score(one, _ROUGH))
        if _costly(start):
            return found[:1]
        groups: dict[object, Candidate] = {}
        for one in found:
            groups.setdefault((one.choices.input_range, one.choices.split, one.choices.swapped), one)
        mixed = [self._mixed(one) for one in list(groups.values())[:_GROUPS]]
        return sorted(mixed, key=lambda one: self.score(one, _ROUGH))[:_STARTS]

    def _sized(self, best: Candidate, starts: list[Candidate]) -> Candidate:
        """With the data's own size, where a network without linear layers takes images of any.

        Errors say nothing of which it was trained on; what batch normalisations have seen does.
        """
        links = (*best.plan.structure.encoder, *best.plan.structure.decoder)
        if not self._resized(best.shape) or any(link.layer.kind == "linear" for link in links):
            return best
        for start in starts:
            same = start.plan is best.plan and start.shape == self._bench.evidence.shape
            if same and _settings(start.choices) == _settings(best.choices):
                front = replace(best.choices.encoder, geometry=start.choices.encoder.geometry)
                back = replace(best.choices.decoder, geometry=start.choices.decoder.geometry)
                own = replace(start, choices=replace(best.choices, encoder=front, decoder=back))
                here, there = (self._bench.strain(one.plan, one.choices, one.shape, _FINE) for one in (own, best))
                return best if there * _STRAINED < here else own
        return best

    def _reset(self, best: Candidate, starts: list[Candidate]) -> Candidate:
        """With the best geometry, now that everything else is settled."""
        ways = []
        for start in starts:
            if start.plan is best.plan and start.shape == best.shape:
                front = replace(best.choices.encoder, geometry=start.choices.encoder.geometry)
                back = replace(best.choices.decoder, geometry=start.choices.decoder.geometry)
                choices = replace(best.choices, encoder=front, decoder=back)
                ways.append(replace(best, choices=choices, start=start.start))
        ways += otherwise(best, self._tree)
        ways.sort(key=lambda one: self.score(one, _SKETCH))
        return min([best, *ways[:_RIVALRY]], key=lambda one: self.score(one, self._fine))

    def _geometric(self, best: Candidate, settled: list[Candidate]) -> Candidate:
        """With the geometry that does best on all samples, until no other does better: few samples mislead."""
        for _ in range(_ROUNDS):
            ways = [replace(one, choices=_elsewhere(best, one), start=one.start) for one in settled
                    if one.plan is best.plan and one.shape == best.shape]  # fmt: skip
            ways = sorted([*ways, *otherwise(best, self._tree)], key=lambda one: self.score(one, self._fine))
            ways = [*ways[:_RIVALRY], *(one for one in settled if one.shape == best.shape)]
            winner = min([best, *ways], key=lambda one: self.score(one, self._final))
            if winner is best:
                break
            best = self._settled(winner, self._final, 1)
        return best

    def _mixed(self, candidate: Candidate) -> Candidate:
        """With the best pair of activations for encoder and decoder."""
        here = candidate.choices
        seams = replace(here, encoder=replace(here.encoder, seam=True), decoder=replace(here.decoder, seam=True))
        both = (here, seams) if seams != here else (here,)
        ways = [replace(candidate, choices=choices) for one in both for choices in pairs_of(self._open)(one)]
        return min([candidate, *ways], key=lambda one: self.score(one, _ROUGH))

    def _grid(self, start: Candidate) -> Iterable[Choices]:
        """For convolutions, whose evaluation costs more, with the range and split that a first look preferred."""
        costly = _costly(start)
        activations = [x for x in self._open.activations if not costly or x in _FEW] or list(self._open.activations)
        here = (start.choices.split, start.choices.swapped)
        splits = self._open.splits if start.plan.structure.event == "double" and not costly else (here,)
        ranges = (start.choices.input_range,) if costly else self._open.ranges
        for activation, input_range, (split, swapped) in product(activations, ranges, splits):
            whole = replace(tied(start.choices, activation), input_range=input_range, split=split, swapped=swapped)
            for front, back, squash, order in product(
                (True, False), (True, False), self._open.squashes, self._orders()
            ):
                yield replace(
                    whole,
                    encoder=replace(whole.encoder, seam=front, norm_first=order[0]),
                    decoder=replace(whole.decoder, seam=back, norm_first=order[1]),
                    squash=squash,
                )

    def _orders(self) -> tuple[tuple[bool, bool], ...]:
        return ((True, True), (False, False), (False, True), (True, False)) if self._open.norms else ((True, True),)

    def _settled(self, candidate: Candidate, count: int, rounds: int) -> Candidate:
        """One question at a time, each given the answers to the others, until nothing changes."""
        count = min(count, len(self._bench.evidence))
        for number in range(rounds):
            before = candidate
            for block in blocks(self._open) if number == 0 else ():
                ways = [replace(candidate, choices=choices) for choices in block(candidate.choices)]
                candidate = min([candidate, *ways], key=lambda one: self.score(one, count))
            for coordinate in self._coordinates(candidate):
                ways = [candidate, *self._others(candidate, coordinate)]
                candidate = min(ways, key=lambda one: self.score(one, count))
            if candidate is before:
                break
        return candidate

    def _coordinates(self, candidate: Candidate) -> list[Coordinate]:
        return coordinates(self._open, candidate.plan)

    def _others(self, candidate: Candidate, coordinate: Coordinate) -> list[Candidate]:
        return [replace(candidate, choices=choices) for choices in coordinate.variants(candidate.choices)]

    def _rivals(self, best: Candidate) -> Iterable[Rival]:
        here = assemble(best.plan, best.choices, best.shape)
        for coordinate in self._coordinates(best):
            ways = [other for other in self._others(best, coordinate) if self._different(other, best, here)]
            if ways:
                other = min(ways, key=lambda one: self.score(one, self._fine))
                yield replace(
                    self._rival(coordinate.what, other, coordinate.said), chosen=coordinate.said(best.choices)
                )

    def _different(self, other: Candidate, best: Candidate, here: object) -> bool:
        same = assemble(other.plan, other.choices, other.shape) == here
        one, two = other.choices, best.choices
        return not same or (one.input_range, one.split, one.swapped) != (two.input_range, two.split, two.swapped)

    def _rival(self, what: str, other: Candidate, said: Callable[[Choices], str] | None = None) -> Rival:
        return Rival(
            what=what,
            value=said(other.choices) if said else "",
            candidate=other,
            error=self.error(other, self._final),
            score=self.score(other, self._final),
        )

    def _apart(self, other: Candidate, best: Candidate) -> bool:
        """Whether two candidates differ in more than what is asked one question at a time."""
        return (other.plan is not best.plan or other.shape != best.shape) or any(
            one.geometry.settings != two.geometry.settings
            for one, two in (
                (other.choices.encoder, best.choices.encoder),
                (other.choices.decoder, best.choices.decoder),
            )
        )


_FEW_GROUPS = (32, 8, 4, 1)
_FEW = ("relu", "leaky_relu(0.2)", "elu", "tanh", "silu")
assert set(_FEW) <= set(ACTIVATIONS)


def _elsewhere(best: Candidate, other: Candidate) -> Choices:
    """The best one's choices with another's geometry."""
    front = replace(best.choices.encoder, geometry=other.choices.encoder.geometry)
    back = replace(best.choices.decoder, geometry=other.choices.decoder.geometry)
    return replace(best.choices, encoder=front, decoder=back)


def _settings(choices: Choices) -> tuple[object, ...]:
    return choices.encoder.geometry.settings, choices.decoder.geometry.settings


def _costly(candidate: Candidate) -> bool:
    return any(gap.owner.layer.kind == "conv" for gap in (*candidate.plan.encoder, *candidate.plan.decoder))


def _first(pair: tuple[float, Candidate]) -> float:
    return pair[0]


def _own(x: Tensor) -> Tensor:
    return x - x.mean(dim=0)
