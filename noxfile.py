"""Everything that is checked, one session each: tests, lint, types, docs, examples, bench, slow.

Versions come from constraints.txt. Environments are kept between calls, because torch takes minutes to install; delete
the folder .nox to begin anew.
"""

from __future__ import annotations

import shutil
import signal
from pathlib import Path

import nox

ROOT = Path(__file__).resolve().parent
CHECKED = ("analysis", "tests", "benchmarks", "checkpoints", "docs", "reports", "noxfile.py")

nox.options.sessions = ["tests"]
nox.options.error_on_missing_interpreters = True

# Run with -I, so that neither the working directory nor PYTHONPATH can stand in for the installed wheel.
FROM_WHEEL = """
import pathlib, sys, vae_analyze
found = pathlib.Path(vae_analyze.__file__).resolve()
assert "site-packages" in found.parts, f"expected the installed wheel, found {found}"
assert not any(pathlib.Path(entry).name == "analysis" for entry in sys.path), f"the source root is on {sys.path}"
print(f"Testing {found.parent}")
"""


@nox.session(reuse_venv=True)
def tests(session: nox.Session) -> None:
    """The tests against the built wheel, with branch coverage: all of metrics/ and stats/, 95 % of the whole."""
    _constrain(session)
    # In the background of a shell nox inherits an ignored Ctrl-C, and so would the program whose Ctrl-C is tested.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    wheel = _built_wheel(session)
    session.install(f"vae-analyze[test] @ {wheel.as_uri()}")
    # The version stays the same while the code changes, so a kept environment would keep the old wheel.
    session.install("--force-reinstall", "--no-deps", str(wheel))
    session.run("python", "-I", "-c", FROM_WHEEL)

    session.env["COVERAGE_FILE"] = str(Path(session.create_tmp()).resolve() / ".coverage")
    session.run("coverage", "erase")
    session.run("coverage", "run", "-m", "pytest", *session.posargs)
    session.run("coverage", "combine", "--quiet")
    if session.posargs:  # some of the tests: what they cover proves nothing
        session.run("coverage", "report", "--skip-covered", "--show-missing", "--fail-under=0")
        return
    session.run("coverage", "report", "--skip-covered", "--show-missing", "--fail-under=95")
    for part in ("metrics", "stats"):
        session.run("coverage", "report", f"--include=*/vae_analyze/{part}/*", "--show-missing", "--fail-under=100")


@nox.session(reuse_venv=True)
def libraries(session: nox.Session) -> None:
    """Models written and read by the real libraries; the other sessions skip these tests."""
    _constrain(session)
    # onnx and onnxscript write the files with which onnxruntime is tested.
    session.install("-e", ".[test,diffusers,pythae,onnx,lightning]", "onnx", "onnxscript")
    session.run("pytest", "tests/loading/libraries", "tests/loading/test_lightning.py", *session.posargs)


@nox.session(reuse_venv=True)
def lint(session: nox.Session) -> None:
    """Format, lint and spelling."""
    _constrain(session)
    session.install("ruff", "codespell")
    session.run("ruff", "format", "--check", *CHECKED)
    session.run("ruff", "check", *CHECKED)
    session.run("codespell", *CHECKED, "README.md", "CHANGELOG.md")


@nox.session(reuse_venv=True)
def types(session: nox.Session) -> None:
    """Strict types of the package, its tests and every script."""
    _editable(session, "mypy", "nox", "pandas-stubs")
    session.run("mypy", "analysis/vae_analyze", *CHECKED[1:])


@nox.session(reuse_venv=True)
def docs(session: nox.Session) -> None:
    """Every example in a docstring and in the README, and every link between pages."""
    _editable(session)
    session.run("pytest", "--doctest-modules", "analysis/vae_analyze")
    session.run("pytest", "tests/test_readme.py", "tests/test_links.py")


@nox.session(reuse_venv=True)
def slow(session: nox.Session) -> None:
    """Statistics over many repetitions, and the checkpoints trained anew: minutes each."""
    _editable(session)
    session.run("pytest", "-m", "slow", *session.posargs)


@nox.session(reuse_venv=True)
def examples(session: nox.Session) -> None:
    """The sample reports again from the shipped checkpoints, where their numbers are still the same."""
    _editable(session)
    session.run("python", "reports/build_examples.py", *session.posargs)


@nox.session(reuse_venv=True)
def bench(session: nox.Session) -> None:
    """Ratios of our times to those of the bare work; never part of the tests."""
    _editable(session)
    for script in sorted((ROOT / "benchmarks").glob("*.py")):
        session.run("python", str(script.relative_to(ROOT)), *session.posargs)


def _constrain(session: nox.Session) -> None:
    session.env["PIP_CONSTRAINT"] = str(ROOT / "constraints.txt")


def _editable(session: nox.Session, *more: str) -> None:
    _constrain(session)
    session.install("-e", ".[test]", *more)


def _built_wheel(session: nox.Session) -> Path:
    """Build the wheel from the working tree and return its path."""
    folder = Path(session.create_tmp()).resolve() / "wheel"
    shutil.rmtree(folder, ignore_errors=True)
    session.run("python", "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(folder), str(ROOT))
    (wheel,) = folder.glob("*.whl")
    return wheel
