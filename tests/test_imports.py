"""What may import what, what may be loaded when, and where random numbers may come from."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

import vae_analyze

ROOT = Path(vae_analyze.__file__).parent
HEAVY = ("torch", "pandas", "matplotlib", "sklearn", "skimage", "scipy", "seaborn")

# Lower numbers know nothing of higher ones.
LAYERS = {
    **dict.fromkeys(("errors", "names", "findings", "vae", "strict_json", "_version"), 0),
    **dict.fromkeys(("metrics", "stats", "data", "loading"), 1),
    **dict.fromkeys(("analyzers", "runs"), 2),
    **dict.fromkeys(("engine", "reporting"), 3),
    **dict.fromkeys(("api", "configuration"), 4),
    **dict.fromkeys(("cli",), 5),
    **dict.fromkeys(("__init__", "__main__"), 6),
}
# Stricter than the layers, and why.
NEVER = {
    "errors": {"names", "findings", "vae", "_version"},
    "names": {"errors", "findings", "vae", "_version"},
    "strict_json": {"errors", "names", "findings", "vae", "_version"},
    "vae": {"errors", "names", "findings", "_version"},
    "findings": {"vae", "_version"},
    "metrics": {"findings", "stats", "data", "loading"},  # usable alone, by anybody
    "stats": {"vae", "findings", "errors", "names", "metrics", "data", "loading"},  # knows of nothing but numbers
    "data": {"vae", "findings", "metrics", "stats", "loading"},
    "loading": {"findings", "metrics", "stats", "data"},
    "analyzers": {"data", "loading", "runs"},  # given by the context, written by others
    "runs": {"vae", "metrics", "data", "loading", "analyzers"},
    "engine": {"reporting"},  # the run folder is the only thing between them
    "reporting": {"engine", "data", "loading", "analyzers", "metrics", "vae"},
}


@dataclass(frozen=True)
class Import:
    where: str
    package: str
    target: str

    def __str__(self) -> str:
        return f"{self.where} imports {self.target}"


def modules() -> list[Path]:
    return sorted(ROOT.rglob("*.py"))


def for_types_only(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING")


def imported(node: ast.AST) -> Iterator[str]:
    """Every module imported anywhere below a node, also in functions, except for type checkers."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        assert node.level == 0, "imports are absolute"
        yield node.module or ""
        yield from (f"{node.module}.{alias.name}" for alias in node.names)
    elif isinstance(node, ast.If) and for_types_only(node):
        for other in node.orelse:
            yield from imported(other)
    else:
        for child in ast.iter_child_nodes(node):
            yield from imported(child)


def part_of(module: str) -> str | None:
    """The part of the package that a module's name belongs to."""
    names = module.split(".")
    if names[0] != "vae_analyze":
        return None
    # What the package's own name offers is the outermost layer.
    return names[1] if len(names) > 1 and names[1] in LAYERS else "__init__"


def imports() -> list[Import]:
    found = []
    for path in modules():
        inside = path.relative_to(ROOT)
        package = inside.parts[0].removesuffix(".py")
        targets = sorted(set(imported(ast.parse(path.read_text(encoding="utf-8")))))
        found += [Import(inside.as_posix(), package, target) for target in targets]
    return found


def test_every_part_has_its_layer() -> None:
    parts = {path.relative_to(ROOT).parts[0].removesuffix(".py") for path in modules()}
    assert parts <= set(LAYERS)


def test_the_imports_are_seen() -> None:
    # Guards the tests below: known imports at the top, in a function, and for types only.
    found = {(entry.where, entry.target) for entry in imports()}
    assert ("metrics/__init__.py", "vae_analyze.metrics.area") in found
    assert ("api.py", "vae_analyze.reporting.html") in found
    assert ("metrics/gaussian.py", "vae_analyze.vae") not in found


def test_imports_point_one_way() -> None:
    wrong = []
    for entry in imports():
        target = part_of(entry.target)
        if target is None or target == entry.package:
            continue
        if LAYERS[target] > LAYERS[entry.package] or target in NEVER.get(entry.package, set()):
            wrong.append(str(entry))
    assert wrong == []


def test_reports_are_made_without_a_model_library() -> None:
    wrong = [
        str(entry) for entry in imports() if entry.package == "reporting" and entry.target.split(".")[0] == "torch"
    ]
    assert wrong == []


def test_nothing_imports_the_package_through_its_folder() -> None:
    assert [str(entry) for entry in imports() if entry.target.split(".")[0] == "analysis"] == []


def loaded(code: str) -> set[str]:
    """The heavy libraries that are loaded after a piece of code, in a process of its own."""
    code = f"import sys, json\ntry:\n    {code}\nexcept SystemExit as end:\n    assert not end.code, end.code\n"
    code += "json.dump(sorted({name.split('.')[0] for name in sys.modules}), sys.stderr)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120)
    return set(json.loads(done.stderr.splitlines()[-1])) & set(HEAVY)


def test_the_libraries_loaded_are_seen() -> None:
    assert loaded("import vae_analyze.vae") == {"torch"}


def test_importing_the_package_loads_no_heavy_library() -> None:
    assert (
        loaded("import vae_analyze, vae_analyze.cli, vae_analyze.errors, vae_analyze.findings, vae_analyze.names")
        == set()
    )


@pytest.mark.parametrize("words", [["--help"], ["robustness", "--help"], ["run", "--help"], ["--version"]])
def test_help_loads_no_heavy_library(words: list[str]) -> None:
    run = f"import runpy; sys.argv = {['vae-analyze', *words]!r}; runpy.run_module('vae_analyze', run_name='__main__')"
    assert loaded(run) == set()


def test_the_command_works_as_a_module() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "vae_analyze", "--help"], capture_output=True, text=True, check=True, timeout=120
    )
    assert "robustness" in done.stdout


def test_listing_and_loading_shipped_analyzers_loads_no_heavy_library() -> None:
    assert loaded("from vae_analyze.analyzers.registry import entries; [e.load() for e in entries().values()]") == set()


def test_the_names_of_the_package_are_found_when_used() -> None:
    for name in vae_analyze.__all__:
        assert getattr(vae_analyze, name)
    with pytest.raises(AttributeError, match="module 'vae_analyze' has no attribute 'analyse'"):
        _ = vae_analyze.analyse


# Constructors that take their seed; everything else in these modules draws from a state that others share.
OWN_STATE = {"default_rng", "Generator", "SeedSequence", "BitGenerator", "PCG64", "Philox", "RandomState"}
DRAWS = {
    *("rand", "randn", "randint", "rand_like", "randn_like", "randint_like", "randperm"),
    *("normal", "bernoulli", "multinomial", "poisson"),
}
IN_PLACE = {"normal_", "uniform_", "bernoulli_", "exponential_", "random_", "cauchy_", "geometric_", "log_normal_"}


def draws_from_nowhere(tree: ast.AST) -> Iterator[str]:
    """Calls that draw random numbers without a generator of their own."""
    for node in ast.walk(tree):
        if isinstance(node, (ast.Import, ast.ImportFrom)) and "random" in set(imported(node)):
            yield f"line {node.lineno}: import random"
        if not isinstance(node, ast.Call):
            continue
        name = ast.unparse(node.func)
        last = name.rpartition(".")[2]
        seeded = any(word.arg == "generator" for word in node.keywords)
        if name in (f"np.random.{last}", f"numpy.random.{last}") and last not in OWN_STATE:
            yield f"line {node.lineno}: {name}"
        if last in ("default_rng", "RandomState") and not (node.args or node.keywords):
            yield f"line {node.lineno}: {name} without a seed"
        if name in ("torch.manual_seed", "torch.seed", "torch.random.manual_seed") or name.startswith(
            "torch.cuda.manual"
        ):
            yield f"line {node.lineno}: {name}"
        if ((name.startswith("torch.") and last in DRAWS) or last in IN_PLACE) and not seeded:
            yield f"line {node.lineno}: {name} without a generator"


@pytest.mark.parametrize("path", modules(), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_draw_comes_from_its_own_generator(path: Path) -> None:
    assert list(draws_from_nowhere(ast.parse(path.read_text(encoding="utf-8")))) == []


@pytest.mark.parametrize(
    "code",
    [
        "torch.manual_seed(0)",
        "torch.cuda.manual_seed_all(0)",
        "np.random.seed(0)",
        "np.random.normal(size=3)",
        "np.random.default_rng()",
        "torch.randn(3)",
        "torch.randn_like(x)",
        "x.normal_()",
        "import random",
        "from random import random",
    ],
)
def test_a_draw_from_nowhere_is_seen(code: str) -> None:
    assert list(draws_from_nowhere(ast.parse(code)))


@pytest.mark.parametrize(
    "code",
    [
        "torch.randn(3, generator=g)",
        "torch.Generator().manual_seed(0)",
        "np.random.default_rng(0).normal(size=3)",
        "np.random.Generator(np.random.Philox(key=[0, 0]))",
        "x.normal_(generator=g)",
        "batch.normal((3,), tag='a')",
    ],
)
def test_a_draw_from_a_generator_is_accepted(code: str) -> None:
    assert list(draws_from_nowhere(ast.parse(code))) == []
