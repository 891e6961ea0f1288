"""Which samples are joined by paths: random ones, neighbours, and of the same and of different class."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, final

import numpy as np
import torch
from numpy.typing import NDArray

if TYPE_CHECKING:
    from vae_analyze.analyzers.base import Context

Ints = NDArray[np.int64]
RANDOM, NEAREST, SAME, DIFFERENT = "random", "nearest", "same class", "different class"
_ROUNDS = 1000  # of shuffling, in search of pairs that have not been drawn


@final
@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Pairs:
    """Distinct pairs of one kind.

    Args:
        kind: Of pairs.
        first: Places of one end in the table, ``(m,)``.
        second: Of the other, ``(m,)``.
        reason: Why there are fewer than asked for, or "".
    """

    kind: str
    first: Ints
    second: Ints
    reason: str = ""

    def __len__(self) -> int:
        return len(self.first)


def kinds_of(*, labelled: bool, conditional: bool) -> tuple[str, ...]:
    """Which kinds of pairs there are.

    A conditional model decodes a code and a label; between two labels there is nothing to decode, so that both ends of
    a path have the same one.
    """
    if conditional:
        return SAME, NEAREST
    return (RANDOM, NEAREST, SAME, DIFFERENT) if labelled else (RANDOM, NEAREST)


def pairs_of(kind: str, codes: torch.Tensor, labels: Ints | None, most: int, context: Context) -> Pairs:
    """At most ``most`` pairs; no sample is used again before all that can be have been.

    Args:
        kind: One of `kinds_of`.
        codes: Posterior means ``(n, d)`` in the order of the sample indices.
        labels: Class numbers ``(n,)``, needed for the kinds that speak of classes.
        most: Pairs.
        context: For the generator; and a conditional model's neighbours have the same label.
    """
    draws = np.random.Generator(np.random.Philox(context.generator(f"{kind} pairs").initial_seed()))
    if kind == NEAREST:
        return _neighbours(codes, labels if context.card.conditional else None, most, draws)
    n = len(codes)
    same = None if kind == RANDOM or labels is None else kind == SAME
    possible = _possible(n, labels, same=same)
    if possible <= 4 * most:
        found = draws.permutation(np.array(list(_every(n, labels, same=same)), dtype=np.int64).reshape(-1, 2))[:most]
    else:
        found = _drawn(n, labels, most, draws, same=same)
    reason = _why_few(kind, n, possible, most) if len(found) < most else ""
    return Pairs(kind=kind, first=found[:, 0], second=found[:, 1], reason=reason)


def _why_few(kind: str, n: int, possible: int, most: int) -> str:
    if n < 2:
        return "one sample makes no pair"
    if not possible:
        return "no two samples have one class" if kind == SAME else "all samples have one class"
    return f"there are only {possible}" if possible < most else "no more were found by chance"


def _possible(n: int, labels: Ints | None, *, same: bool | None) -> int:
    every = n * (n - 1) // 2
    if same is None or labels is None:
        return every
    sizes = np.unique(labels, return_counts=True)[1]
    within = int((sizes * (sizes - 1) // 2).sum())
    return within if same else every - within


def _every(n: int, labels: Ints | None, *, same: bool | None) -> Iterator[tuple[int, int]]:
    if same and labels is not None:
        for label in np.unique(labels):
            members = np.flatnonzero(labels == label)
            yield from ((int(i), int(j)) for at, i in enumerate(members) for j in members[at + 1 :])
        return
    for i in range(n):
        for j in range(i + 1, n):
            if same is None or labels is None or labels[i] != labels[j]:
                yield i, j


def _drawn(n: int, labels: Ints | None, most: int, draws: np.random.Generator, *, same: bool | None) -> Ints:
    """Shuffle, join neighbours in the shuffled order, again until there are enough."""
    seen: set[tuple[int, int]] = set()
    found: list[tuple[int, int]] = []
    for _ in range(_ROUNDS):
        order = draws.permutation(n)
        if same and labels is not None:
            # Sorted by class, within a class still shuffled: neighbours are of one class, but for the seams.
            order = order[np.argsort(labels[order], kind="stable")]
        ends = order[: 2 * (n // 2)].reshape(-1, 2)
        if same is not None and labels is not None:
            ends = ends[(labels[ends[:, 0]] == labels[ends[:, 1]]) == same]
        # By class they come in order of class: which are taken must not depend on it.
        for i, j in draws.permutation(ends).tolist():
            key = (min(i, j), max(i, j))
            if key not in seen:
                seen.add(key)
                found.append((i, j))
        if len(found) >= most:
            break
    return np.array(found[:most], dtype=np.int64).reshape(-1, 2)


def _neighbours(codes: torch.Tensor, labels: Ints | None, most: int, draws: np.random.Generator) -> Pairs:
    """Samples in random order, each with its nearest by posterior mean; two that are each other's count once."""
    seen: set[tuple[int, int]] = set()
    found: list[tuple[int, int]] = []
    order = draws.permutation(len(codes))
    for start in range(0, len(order), most):
        some = order[start : start + most]
        for i, j in zip(some.tolist(), _nearest(codes, labels, some).tolist(), strict=True):
            key = (min(i, j), max(i, j))
            if j >= 0 and key not in seen:
                seen.add(key)
                found.append((i, j))
        if len(found) >= most:
            break
    ends = np.array(found[:most], dtype=np.int64).reshape(-1, 2)
    reason = f"{len(codes)} samples have {len(ends)} different pairs of neighbours" if len(ends) < most else ""
    if not len(ends):
        reason = "one sample makes no pair" if len(codes) < 2 else "no two samples have one class"
    return Pairs(kind=NEAREST, first=ends[:, 0], second=ends[:, 1], reason=reason)


def _nearest(codes: torch.Tensor, labels: Ints | None, some: Ints) -> Ints:
    """Place of the nearest other code of each, with the same label where labels are given; -1 without any."""
    distances = torch.cdist(codes[torch.from_numpy(some)], codes, compute_mode="donot_use_mm_for_euclid_dist")
    distances[torch.arange(len(some)), torch.from_numpy(some)] = torch.inf
    if labels is not None:
        other = torch.from_numpy(labels[some][:, None] != labels[None, :])
        distances.masked_fill_(other, torch.inf)
    least, at = distances.min(dim=1)
    return np.where(torch.isfinite(least).numpy(), at.numpy(), -1)
