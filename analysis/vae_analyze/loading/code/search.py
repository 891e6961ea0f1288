"""A constructor's sizes, found by making the network without memory and holding its shapes against the weights."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, final

import torch
from torch import nn
from torch.nn.modules.module import register_module_parameter_registration_hook
from torch.nn.parameter import is_lazy

from vae_analyze.errors import CheckpointError, VaeAnalyzeError
from vae_analyze.loading.code.arguments import NAMESPACES
from vae_analyze.loading.code.candidates import NEUTRAL, candidates, is_count_of_classes
from vae_analyze.loading.code.fresh import Snapshot, copied
from vae_analyze.loading.code.harmless import harmless
from vae_analyze.loading.code.matching import Fit, Shape, best_fit
from vae_analyze.loading.code.said import said
from vae_analyze.loading.unwrapping.content import State

# What a search may spend, in parts of about a tenth of a millisecond. Work is counted and not timed: what is found does
# not depend on the machine. Some 12,000 small networks, or a few dozen of a hundred million numbers.
_WORK = 150_000.0
_EACH = 3.0  # beside its parameters, each of which takes one part
_NUMBERS = 1 / 10_000  # drawn for a network that could not be made without memory
_STARTS = 200
_PAIRS = 1500
_META = torch.device("meta")
_CPU = torch.device("cpu")


class MissingField(Exception):  # noqa: N818 - a question, not an error
    """A field of a settings object that nobody gave."""


@final
class Settings(SimpleNamespace):
    """An argument object: by attribute or by key; what it lacks is asked for by name."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        raise MissingField(name)

    def __getitem__(self, name: str) -> Any:
        return getattr(self, name)

    def __contains__(self, name: str) -> bool:
        return name in vars(self)

    def get(self, name: str, default: Any = None) -> Any:
        """As a dictionary's."""
        return vars(self).get(name, default)

    def keys(self) -> Any:
        """As a dictionary's."""
        return vars(self).keys()


@final
@dataclass(kw_only=True)
class Search:
    """Tries arguments until a network fits.

    Args:
        target: The class or factory.
        states: The weights.
        spaces: Parameters that are argument objects.
        annotations: Types of parameters, as written.
    """

    target: Callable[..., Any]
    states: Sequence[State]
    spaces: frozenset[str] = frozenset()
    annotations: Mapping[str, str] = field(default_factory=dict)
    tried: int = 0
    failure: str = ""
    asked: dict[str, None] = field(default_factory=dict)
    spent: float = 0.0
    before: Snapshot = field(init=False)

    def __post_init__(self) -> None:
        self.before = Snapshot(self.target)

    def fit(self, arguments: Mapping[str, Any]) -> Fit | None:
        """How the network made with these arguments fits; None where it cannot be made."""
        self.tried += 1
        expected = self._shapes(arguments, _META)
        if expected is None:
            expected = self._shapes(arguments, _CPU)
        return best_fit(expected, self.states) if expected else None

    def restart(self) -> None:
        """Forget what was spent."""
        self.spent = 0.0

    def within(self) -> bool:
        """Whether it may go on."""
        return self.spent < _WORK

    def made(self, arguments: Mapping[str, Any], device: torch.device, *, seed: int = 0) -> nn.Module:
        """The network; neither the arguments nor what the class holds are changed by making it.

        Raises:
            Exception: Whatever the class raises.
        """
        given = packed(arguments, self.spaces)
        self.before.restore()
        with self._counted(), harmless(device):
            torch.default_generator.manual_seed(seed)  # `harmless` puts its state back
            module = self.target(**given)
        if not isinstance(module, nn.Module):
            raise CheckpointError(f"expected a torch.nn.Module, found {type(module).__name__}")
        return module

    @contextlib.contextmanager
    def _counted(self) -> Iterator[None]:
        """Add up what is made while this holds, also by a class that fails in the midst of it."""

        def count(_module: nn.Module, _name: str, parameter: nn.Parameter | None) -> None:
            if parameter is not None:
                drawn = 0 if parameter.is_meta or is_lazy(parameter) else parameter.numel()
                self.spent += 1 + drawn * _NUMBERS

        self.spent += _EACH
        handle = register_module_parameter_registration_hook(count)
        try:
            yield
        finally:
            handle.remove()

    def _shapes(self, arguments: Mapping[str, Any], device: torch.device) -> dict[str, Shape] | None:
        try:
            module = self.made(arguments, device)
            return {
                name: tuple(tensor.shape) for name, tensor in module.state_dict().items() if hasattr(tensor, "shape")
            }
        except MissingField as missing:
            self.asked[str(missing)] = None
            self.failure = f"it reads the setting {missing}, which nobody gave"
        except VaeAnalyzeError as error:
            self.failure = self.failure or str(error)
        except Exception as error:  # noqa: BLE001 - a foreign class may fail in any way, above all on wrong sizes
            self.failure = self.failure or f"{type(error).__name__}: {said(error)}"
        return None


def packed(arguments: Mapping[str, Any], spaces: frozenset[str]) -> dict[str, Any]:
    """Dotted names put into argument objects, such as ``args.latent`` into ``args``; copies, which may be changed."""
    arguments = copied(arguments)
    plain = {name: value for name, value in arguments.items() if "." not in name}
    for space in spaces:
        fields = {name.removeprefix(f"{space}."): value for name, value in arguments.items()
                  if name.startswith(f"{space}.")}  # fmt: skip
        if space not in plain:
            plain[space] = _nested(fields)
    return plain


def _nested(fields: Mapping[str, Any]) -> Settings:
    made = Settings()
    for name, value in fields.items():
        owner = made
        *parents, last = name.split(".")
        for parent in parents:
            vars(owner).setdefault(parent, Settings())
            owner = vars(owner)[parent]
        setattr(owner, last, value)
    return made


def is_space(name: str) -> bool:
    """Whether a parameter is, by its name, one object with all settings."""
    return name in NAMESPACES


def found_sizes(
    search: Search, fixed: Mapping[str, Any], free: Mapping[str, Any], required: Sequence[str]
) -> tuple[dict[str, Any], Fit | None]:
    """Arguments under which the network fits best.

    Args:
        search: Makes and compares.
        fixed: Arguments that are known.
        free: Defaults that may be changed.
        required: Parameters without a value.

    Returns:
        The arguments, and how they fit; None where no network could be made.
    """
    tensors = {name: tensor for state in search.states for name, tensor in state.tensors.items()}
    options = {name: _options(search, name, None, tensors) for name in required}
    changing = {**options, **{name: _options(search, name, value, tensors) for name, value in free.items()}}
    changing = {name: values for name, values in changing.items() if values}
    best: tuple[dict[str, Any], Fit] | None = None
    for variant in _variants(free, changing):
        begun = _begun(search, {**free, **variant}, fixed, options)
        if begun is None:
            continue
        arguments, fit = _improved(search, *begun, lambda: (_single(changing),))
        if best is None or fit.score() > best[1].score():
            best = (arguments, fit)
        if best[1].exact:
            return best
    if best is None:
        return {**free, **fixed}, None
    return _improved(search, *best, lambda: (_single(changing), itertools.islice(_double(changing), _PAIRS)))


def _variants(free: Mapping[str, Any], changing: Mapping[str, list[Any]]) -> Iterator[dict[str, Any]]:
    """The defaults as they are, then with labels: what switches them on, and how many there are, go together."""
    yield {}
    switches = [name for name, value in free.items() if value is False and name in changing]
    counts = [name for name, value in free.items() if value in (0, None) and value is not False and name in changing]
    counts = [name for name in counts if is_count_of_classes(name)]
    for switch in [name for name in switches if is_count_of_classes(name)] or switches:
        yield {switch: True}
        for count in counts:
            yield from ({switch: True, count: value} for value in changing[count][:3])


def _begun(
    search: Search, free: Mapping[str, Any], fixed: Mapping[str, Any], options: Mapping[str, list[Any]]
) -> tuple[dict[str, Any], Fit] | None:
    """The best of combinations of likely values."""
    best: tuple[dict[str, Any], Fit] | None = None
    for start in itertools.islice(_starts(options), _STARTS):
        arguments = {**free, **start, **fixed}
        found = search.fit(arguments)
        if found is not None and (best is None or found.score() > best[1].score()):
            best = (arguments, found)
        if (found is not None and found.exact) or not search.within():
            break
    return best


def _options(search: Search, name: str, default: Any, tensors: Mapping[str, Any]) -> list[Any]:
    word = name.rpartition(".")[2]
    if default is None and word in NEUTRAL:
        return [NEUTRAL[word]]
    return candidates(name, default, tensors, search.annotations.get(name, ""))


def _starts(options: Mapping[str, list[Any]]) -> Iterator[dict[str, Any]]:
    """Combinations, those of likely values first: by the sum of places in the lists."""
    names = list(options)
    if not names:
        yield {}
        return
    deepest = max(len(values) for values in options.values())
    for total in range(deepest * len(names)):
        for places in _places(len(names), total):
            if all(place < len(options[name]) for name, place in zip(names, places, strict=True)):
                yield {name: options[name][place] for name, place in zip(names, places, strict=True)}


def _places(count: int, total: int) -> Iterator[tuple[int, ...]]:
    if count == 1:
        yield (total,)
        return
    for first in range(total + 1):
        for rest in _places(count - 1, total - first):
            yield (first, *rest)


def _improved(
    search: Search,
    arguments: dict[str, Any],
    fit: Fit,
    moves: Callable[[], tuple[Iterator[dict[str, Any]], ...]],
) -> tuple[dict[str, Any], Fit]:
    """Change arguments as long as the fit gets better: the first kind of moves that helps."""
    better = True
    while better and not fit.exact:
        better = False
        for kind in moves():
            found = _best_move(search, arguments, fit, kind)
            if found is not None:
                arguments, fit = found
                better = True
                break
    return arguments, fit


def _best_move(
    search: Search, arguments: dict[str, Any], fit: Fit, moves: Iterable[dict[str, Any]]
) -> tuple[dict[str, Any], Fit] | None:
    """The best of better fits, or None."""
    best: tuple[dict[str, Any], Fit] | None = None
    for move in moves:
        if not search.within():
            break
        changed = {**arguments, **move}
        found = search.fit(changed)
        if found is not None and found.score() > (best[1] if best else fit).score():
            best = (changed, found)
        if found is not None and found.exact:
            break
    return best


def _single(options: Mapping[str, list[Any]]) -> Iterator[dict[str, Any]]:
    return ({name: value} for name, values in options.items() for value in values)


def _double(options: Mapping[str, list[Any]]) -> Iterator[dict[str, Any]]:
    for (one, firsts), (two, seconds) in itertools.combinations(options.items(), 2):
        for first, second in itertools.product(firsts[:25], seconds[:25]):
            yield {one: first, two: second}
