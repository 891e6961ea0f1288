"""Make the sample reports again from the shipped checkpoints.

Each is made by the command that its page shows. It takes the place of the committed one only if every number is the
same within the tolerance, so that a change of a number is never committed unseen.

    python reports/build_examples.py [--only NAME] [--accept]
"""

from __future__ import annotations

import argparse
import math
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from vae_analyze.findings import params_text
from vae_analyze.runs.read import read_run
from vae_analyze.runs.run import Run

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES = ROOT / "reports" / "examples"
RELATIVE = 1e-3
"""Largest relative difference: processors and libraries round differently, and 40 passes add it up."""
NEGLIGIBLE = 1e-9

COMMANDS: dict[str, tuple[str, ...]] = {
    "digits-vae": ("run", "checkpoints/digits-vae.pt"),
    "digits-collapsed": ("run", "checkpoints/digits-collapsed.pt"),
    "digits-ae": ("run", "checkpoints/digits-ae.pt"),
    "sprites-beta": ("run", "checkpoints/sprites-beta.pt"),
}


def build(name: str, folder: Path) -> Run:
    """Run the command of an example in a folder, from nothing that was computed before."""
    # The record shows the command as a person would type it: relative paths, and the program's name.
    checkpoints = folder / "checkpoints"
    if not checkpoints.exists():
        checkpoints.symlink_to(ROOT / "checkpoints")
    words = [sys.executable, "-m", "vae_analyze", *COMMANDS[name], "--out", name, "--no-cache"]
    subprocess.run(words, cwd=folder, check=True, stdout=subprocess.DEVNULL)
    return read_run(folder / name)


def differences(old: Run, new: Run, *, relative: float = RELATIVE) -> list[str]:
    """What differs between the numbers of two runs, one line each."""
    before, after = _rows(old), _rows(new)
    found = [f"{key}: gone" for key in before if key not in after]
    found += [f"{key}: new" for key in after if key not in before]
    for key in before.keys() & after.keys():
        for part in ("value", "low", "high", "se", "n", "unit", "direction", "status"):
            if not _same(before[key][part], after[key][part], relative):
                found.append(f"{key}: {part} was {before[key][part]}, is {after[key][part]}")
    return sorted(found)


def _rows(run: Run) -> dict[str, dict[str, Any]]:
    return {f"{row['analyzer']} {row['name']} {params_text(row['params'])}": row for row in run.scalar_rows()}


def _same(a: object, b: object, relative: float) -> bool:
    if isinstance(a, float) and isinstance(b, float):
        return (math.isnan(a) and math.isnan(b)) or math.isclose(a, b, rel_tol=relative, abs_tol=NEGLIGIBLE)
    return a == b


def replace(name: str, folder: Path, *, accept: bool) -> bool:
    """Build one example and put it in place; false if its numbers changed and that was not accepted."""
    new = build(name, folder)
    target = EXAMPLES / name
    changed = differences(read_run(target), new) if target.exists() else []
    for line in changed:
        print(f"{name}: {line}")
    if changed and not accept:
        return False
    shutil.rmtree(target, ignore_errors=True)
    EXAMPLES.mkdir(parents=True, exist_ok=True)
    shutil.move(folder / name, target)
    print(f"{name}: {len(_rows(new))} numbers, {'accepted' if changed else 'as before'}")
    return True


def main(arguments: Sequence[str] | None = None) -> int:
    """Build all examples, or one; returns the exit code."""
    parser = argparse.ArgumentParser(description="Make the sample reports again from the shipped checkpoints.")
    parser.add_argument("--only", choices=sorted(COMMANDS), help="this one instead of all")
    parser.add_argument("--accept", action="store_true", help="replace examples whose numbers changed as well")
    chosen = parser.parse_args(arguments)
    names = [chosen.only] if chosen.only else list(COMMANDS)
    # Beside the target, so that the record names the commit that the numbers come from.
    with tempfile.TemporaryDirectory(dir=ROOT / "reports", prefix=".building-") as folder:
        done = [replace(name, Path(folder), accept=chosen.accept) for name in names]
    if not all(done):
        print("Numbers changed: find out why, then run again with --accept and say so in CHANGELOG.md.")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
