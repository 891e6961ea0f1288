from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any, ClassVar

import pytest

from support.analyzers import Ascent, Correlation, Extremes
from vae_analyze.analyzers.base import Context, Cost, Need
from vae_analyze.analyzers.registry import GROUP, OWN, Entry, check, entries, get
from vae_analyze.errors import AnalyzerError, UsageError


@dataclass(frozen=True, kw_only=True)
class Good:
    name: ClassVar[str] = "good"
    version: ClassVar[int] = 1
    question: ClassVar[str] = "Is it good?"
    needs: ClassVar[frozenset[Need]] = frozenset({"codes"})
    references: ClassVar[tuple[str, ...]] = ()

    def cost(self) -> Cost:
        return Cost()

    def start(self, context: Context, /) -> Any:
        raise NotImplementedError


def without(fact: str) -> type:
    """`Good` with one class attribute that is nothing."""
    return dataclass(frozen=True, kw_only=True)(type("Bad", (Good,), {fact: None}))


def entry(loader: Callable[[], Any], *, name: str = "good") -> Entry:
    return Entry(name, "a-package", loader)


def install(folder: Path, distribution: str, points: dict[str, str]) -> None:
    """The installed form of a distribution that declares analyzers."""
    info = folder / f"{distribution.replace('-', '_')}-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.0\n")
    lines = "\n".join(f"{name} = {target}" for name, target in points.items())
    (info / "entry_points.txt").write_text(f"[{GROUP}]\n{lines}\n")


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path


def test_what_is_shipped_is_there_and_keeps_the_contract() -> None:
    own = {name: found for name, found in entries().items() if found.distribution == OWN}
    assert "robustness" in own
    for name, found in own.items():
        assert found.load().name == name


def test_an_analyzer_is_found_by_name() -> None:
    assert get("robustness").name == "robustness"


def test_an_unknown_name_is_refused_with_the_nearest() -> None:
    with pytest.raises(UsageError, match=r"no analyzer called 'robustnes'\n  Hint: Did you mean robustness"):
        get("robustnes")


@pytest.mark.parametrize("analyzer", [Good, Ascent, Correlation, Extremes])
def test_an_analyzer_that_keeps_the_contract_loads(analyzer: Any) -> None:
    assert entry(lambda: analyzer, name=analyzer.name).load() is analyzer


@dataclass(kw_only=True)
class Melted:
    name: ClassVar[str] = "good"


@pytest.mark.parametrize("what", [object(), Good(), len, int, None])
def test_what_is_no_dataclass_is_refused(what: object) -> None:
    with pytest.raises(TypeError, match="expected a dataclass, found"):
        check(what, name="good")


def test_a_dataclass_that_can_change_is_refused() -> None:
    with pytest.raises(TypeError, match="expected a frozen dataclass"):
        check(Melted, name="good")


@pytest.mark.parametrize("fact", ["name", "version", "question", "needs", "references"])
def test_a_missing_fact_is_refused(fact: str) -> None:
    with pytest.raises(TypeError, match=f"expected a class attribute '{fact}' of type"):
        check(without(fact), name="good")


@pytest.mark.parametrize("method", ["start", "cost"])
def test_a_missing_method_is_refused(method: str) -> None:
    with pytest.raises(TypeError, match=f"expected a method '{method}'"):
        check(without(method), name="good")


def test_another_name_than_the_declared_is_refused() -> None:
    with pytest.raises(TypeError, match="expected the name 'better', found 'good'"):
        check(Good, name="better")


def test_an_unknown_need_is_refused_with_the_nearest() -> None:
    kind: Any = dataclass(frozen=True)(type("Bad", (Good,), {"needs": frozenset({"labels", "postrior"})}))
    with pytest.raises(TypeError, match=r"unknown needs \['postrior'\]; Did you mean posterior"):
        check(kind, name="good")


def test_an_option_without_a_command_line_form_is_refused() -> None:
    kind: Any = dataclass(frozen=True)(type("Bad", (Good,), {"__annotations__": {"what": complex}, "what": 1j}))
    with pytest.raises(TypeError, match=r"Bad\.what: expected int, float"):
        check(kind, name="good")


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ImportError("no module named x"), "ImportError: no module named x"),
        (SyntaxError("bad"), "SyntaxError: bad"),
        (SystemExit(3), "SystemExit: 3"),
        (RuntimeError("boom"), "RuntimeError: boom"),
    ],
)
def test_one_that_cannot_be_loaded_names_its_distribution(error: BaseException, said: str) -> None:
    def fail() -> Any:
        raise error

    message = f"the analyzer 'good' of the package 'a-package' cannot be loaded: {said}"
    with pytest.raises(AnalyzerError, match=message) as caught:
        entry(fail).load()
    assert "uninstall a-package" in caught.value.hint
    assert caught.value.__cause__ is error


def test_an_interrupt_while_loading_goes_through() -> None:
    def interrupted() -> Any:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        entry(interrupted).load()


def test_one_that_breaks_the_contract_names_its_distribution() -> None:
    with pytest.raises(AnalyzerError, match="'a-package' cannot be loaded: TypeError: expected a dataclass"):
        entry(lambda: 3).load()


def test_installed_packages_are_found_and_not_imported(site: Path) -> None:
    install(site, "other-suite", {"brightest": "a_module_that_is_not_there:Brightest"})
    found = entries()["brightest"]
    assert (found.name, found.distribution) == ("brightest", "other-suite")
    assert "a_module_that_is_not_there" not in sys.modules
    with pytest.raises(AnalyzerError, match="'other-suite' cannot be loaded: ModuleNotFoundError"):
        get("brightest")


def test_a_package_cannot_take_a_name_that_is_in_use(site: Path) -> None:
    install(site, "other-suite", {"robustness": "support.analyzers:Ascent"})
    found = entries()
    assert found["robustness"].distribution == OWN
    assert found["other-suite/robustness"].distribution == "other-suite"
    assert get("robustness").__module__ == "vae_analyze.analyzers.robustness"


def test_an_entry_without_a_distribution_is_of_an_unknown_one(monkeypatch: pytest.MonkeyPatch) -> None:
    point = metadata.EntryPoint("lonely", "support.analyzers:Ascent", GROUP)
    monkeypatch.setattr(metadata, "entry_points", lambda group: [point])
    assert entries()["lonely"].distribution == "unknown"
