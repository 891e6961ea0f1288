"""The analyzers there are: those shipped here and those that installed packages declare.

A package declares one under the entry-point group ``vae_analyze.analyzers``. Nothing is imported before it is used, and
an analyzer that cannot be loaded is a warning that names its distribution, never a crash.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from importlib import metadata
from typing import TYPE_CHECKING, Any, final, get_args

from vae_analyze.analyzers.base import Need
from vae_analyze.analyzers.option import specs
from vae_analyze.errors import AnalyzerError, UsageError
from vae_analyze.names import nearest

if TYPE_CHECKING:
    from vae_analyze.analyzers.base import Analyzer

GROUP = "vae_analyze.analyzers"
OWN = "vae-analyze"
_BUILT_IN = {
    "robustness": "vae_analyze.analyzers.robustness:Robustness",
    "latent": "vae_analyze.analyzers.latent.question:Latent",
    "traversal": "vae_analyze.analyzers.traversal.question:Traversal",
    "interpolation": "vae_analyze.analyzers.interpolation.question:Interpolation",
    "attributes": "vae_analyze.analyzers.attributes.question:Attributes",
    "baselines": "vae_analyze.analyzers.baselines.question:Baselines",
}


@final
@dataclass(frozen=True, slots=True)
class Entry:
    """An analyzer that could be loaded.

    Args:
        name: Its name.
        distribution: The package that brings it.
        loader: Imports and returns the class.
    """

    name: str
    distribution: str
    loader: Callable[[], Any]

    def load(self) -> type[Analyzer]:
        """The analyzer class, checked against the contract.

        Raises:
            AnalyzerError: It cannot be imported or does not keep the contract; names the distribution.
        """
        try:
            loaded = self.loader()
            check(loaded, name=self.name)
        except (Exception, SystemExit) as error:  # a module that exits on import must not end the program
            raise AnalyzerError(
                f"the analyzer {self.name!r} of the package {self.distribution!r} cannot be loaded: "
                f"{type(error).__name__}: {error}",
                hint=f"mend or uninstall {self.distribution}; the other analyzers are not affected",
            ) from error
        return loaded  # type: ignore[no-any-return]  # check() has established it


def check(analyzer: Any, *, name: str) -> None:
    """Hold a class against the contract of `vae_analyze.analyzers.base.Analyzer`.

    Raises:
        TypeError: It is not a frozen dataclass, lacks a class fact, or has an option without a command-line form.
    """
    parameters = getattr(analyzer, "__dataclass_params__", None)
    if not isinstance(analyzer, type) or parameters is None:
        raise TypeError(f"expected a dataclass, found {analyzer!r}")
    if not parameters.frozen:
        raise TypeError("expected a frozen dataclass: @dataclass(frozen=True, kw_only=True)")
    facts: dict[str, type] = {
        "name": str, "version": int, "question": str, "needs": frozenset, "references": tuple,
    }  # fmt: skip
    for fact, kind in facts.items():
        if not isinstance(getattr(analyzer, fact, None), kind):
            raise TypeError(f"expected a class attribute {fact!r} of type {kind.__name__}")
    declared: Any = analyzer
    if declared.name != name:
        raise TypeError(f"expected the name {name!r}, found {declared.name!r}")
    unknown = declared.needs - set(get_args(Need))
    if unknown:
        raise TypeError(f"unknown needs {sorted(unknown)}; {nearest(min(unknown), get_args(Need))}")
    for method in ("start", "cost"):
        if not callable(getattr(analyzer, method, None)):
            raise TypeError(f"expected a method {method!r}")
    specs(analyzer)


def entries() -> dict[str, Entry]:
    """Every analyzer by name, without importing any; a package cannot take a name that is in use."""
    found = {name: Entry(name, OWN, _reference(target)) for name, target in _BUILT_IN.items()}
    for point in metadata.entry_points(group=GROUP):
        distribution = point.dist.name if point.dist is not None else "unknown"
        name = point.name if point.name not in found else f"{distribution}/{point.name}"
        found[name] = Entry(name, distribution, point.load)
    return found


def get(name: str) -> type[Analyzer]:
    """The analyzer class of this name.

    Raises:
        UsageError: There is none; names the nearest.
        AnalyzerError: It cannot be loaded.
    """
    known = entries()
    if name not in known:
        raise UsageError(f"no analyzer called {name!r}", hint=nearest(name, known))
    return known[name].load()


def _reference(target: str) -> Callable[[], Any]:
    module, _, attribute = target.partition(":")
    return lambda: getattr(importlib.import_module(module), attribute)
