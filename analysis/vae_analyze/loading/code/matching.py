"""Names and shapes of a network against weights: the same, or what differs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import final

from torch import Tensor

from vae_analyze.loading.files.printable import listing, printable
from vae_analyze.loading.unwrapping.content import State

Shape = tuple[int, ...]
TOGETHER = "all together"  # the networks of a file, each under its own name, as one
_COUNTERS = "num_batches_tracked"  # batch normalisation counts with them; nothing is computed from them


@final
@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Fit:
    """Weights laid over a network.

    Args:
        tensors: The weights under the network's names.
        state: Where they are from.
        prefix: What was taken off ("-x.") or put before ("+x.") the names.
        missing: Names of the network without weights.
        unexpected: Names of weights without a place.
        wrong: Names with the shapes expected and found.
        unused: Weights of other networks in the same file.
    """

    tensors: dict[str, Tensor]
    state: State
    prefix: str
    missing: tuple[str, ...]
    unexpected: tuple[str, ...]
    wrong: tuple[tuple[str, Shape, Shape], ...]
    unused: tuple[str, ...] = ()

    @property
    def exact(self) -> bool:
        """Whether every name and shape is the same."""
        return not (self.missing or self.unexpected or self.wrong)

    def score(self) -> float:
        """How well it fits; 0 is exact, less is worse."""
        near = sum(_nearness(expected, found) for _, expected, found in self.wrong)
        return near - len(self.wrong) - len(self.missing) - len(self.unexpected)

    def describe(self, *, most: int = 4) -> str:
        """The first differences, in words."""
        wrong = [f"{name} (expected {expected}, found {found})" for name, expected, found in self.wrong]
        parts = (("missing", self.missing), ("unexpected", self.unexpected), ("of another shape", wrong))
        return "; ".join(
            f"{kind}: {listing([printable(name, limit=90) for name in names], most=most)}"
            for kind, names in parts
            if names
        )


def best_fit(expected: Mapping[str, Shape], states: Sequence[State]) -> Fit:
    """The weights that fit a network best; its names may be deeper or less deep than those of the file."""
    fits = [fit for state in states for fit in _fits(expected, state)]
    if len(states) > 1 and not any(fit.exact for fit in fits):
        fits += _assembled(expected, states)
    return max(fits, key=lambda fit: (fit.score(), not fit.unused, not fit.prefix))


def _fits(expected: Mapping[str, Shape], state: State) -> list[Fit]:
    first = _compared(expected, state, state.tensors, "", ())
    if first.exact or not (first.missing and first.unexpected):
        return [first]
    full = {state.prefix + name: tensor for name, tensor in state.tensors.items()}
    fits = [first]
    for prefix in _prefixes(full):
        inner = {name.removeprefix(prefix): tensor for name, tensor in full.items() if name.startswith(prefix)}
        if len(inner.keys() & expected.keys()) * 2 > len(expected):
            unused = tuple(name for name in full if not name.startswith(prefix))
            fits.append(_compared(expected, state, inner, f"-{prefix}", unused))
    for prefix in _prefixes(expected):
        outer = {prefix + name: tensor for name, tensor in state.tensors.items()}
        if len(outer.keys() & expected.keys()) * 2 > len(expected):
            fits.append(_compared(expected, state, outer, f"+{prefix}", ()))
    return fits


def _assembled(expected: Mapping[str, Shape], states: Sequence[State]) -> list[Fit]:
    """Each of a network's parts from a network of its own in the file, where every part has exactly one that fits.

    ``{"netE": net.encoder.state_dict(), "netG": net.decoder.state_dict()}`` is a whole network under other names.
    """
    parts: dict[str, dict[str, Shape]] = {}
    for name, shape in expected.items():
        first, _, rest = name.partition(".")
        parts.setdefault(first, {})[rest] = shape
    alone = [state for state in states if state.name != TOGETHER]
    taken: dict[str, State] = {}
    for first, inner in parts.items():
        fitting = [state for state in alone if "" not in inner and _compared(inner, state, state.tensors, "", ()).exact]
        if len(fitting) != 1 or fitting[0] in taken.values():
            return []
        taken[first] = fitting[0]
    tensors = {f"{first}.{name}": tensor for first, state in taken.items() for name, tensor in state.tensors.items()}
    said = ", ".join(f"{first} from {state.name}" for first, state in taken.items())
    whole = State(name=said, role=alone[0].role, tensors=tensors)
    unused = tuple(state.name for state in alone if state not in taken.values())
    return [_compared(expected, whole, tensors, "", unused)]


def _prefixes(names: Mapping[str, object]) -> list[str]:
    found: dict[str, None] = {}
    for name in names:
        parts = name.split(".")
        for at in range(1, min(len(parts), 5)):
            found[".".join(parts[:at]) + "."] = None
    return list(found)


def _compared(
    expected: Mapping[str, Shape], state: State, tensors: Mapping[str, Tensor], prefix: str, unused: tuple[str, ...]
) -> Fit:
    shared = {name: tensor for name, tensor in tensors.items() if name in expected}
    return Fit(
        tensors=shared,
        state=state,
        prefix=prefix,
        missing=tuple(name for name in expected if name not in tensors and not name.endswith(_COUNTERS)),
        unexpected=tuple(name for name in tensors if name not in expected and not name.endswith(_COUNTERS)),
        wrong=tuple(
            (name, expected[name], tuple(tensor.shape))
            for name, tensor in shared.items()
            if tuple(tensor.shape) != expected[name]
        ),
        unused=unused,
    )


def _nearness(expected: Shape, found: Shape) -> float:
    """Half a point for the right number of axes, up to nearly one for the right sizes."""
    if len(expected) != len(found) or not expected:
        return 0.0
    return 0.2 + 0.7 * sum(a == b for a, b in zip(expected, found, strict=True)) / len(expected)
