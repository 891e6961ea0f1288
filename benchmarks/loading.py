"""How many foreign files load, and how many load wrong: the zoo of `train_zoo.py`, and ``../shared/data/wild``.

python benchmarks/loading.py [--only NAME ...] [--json FILE] [--no-wild] [--accept-guess]

Each file is loaded from its path and held-out images alone, and held against what its author's own class computes.

exact            posterior means and reconstructions equal to 1e-4 of their scale (log variances are counted apart)
refused          `CheckpointError`; the reason is printed
wrong-announced  other numbers, but the card says that something was guessed
wrong-silent     other numbers, nothing said
crash            any other exception

Exit code 1 if any file is wrong in silence or crashes.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal, final

import numpy as np
import torch
from torch import Tensor

from vae_analyze.errors import CheckpointError
from vae_analyze.loading.card import Card, Loaded
from vae_analyze.loading.load import load, verified
from vae_analyze.vae import VAE

REPOSITORY = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(REPOSITORY / "tests"))

from support import wild  # noqa: E402  # found by the path above
from support.zoo.images import EVALUATED, evidence, images  # noqa: E402  # found by the path above
from support.zoo.writing import folder  # noqa: E402  # likewise

WILD = REPOSITORY.parent / "shared" / "data" / "wild"
TOLERANCE = 1e-4
WILD_TOLERANCE = 0.002  # of a mean squared error that is stated to four digits
REFERENCES = wild.HEALTHY | wild.CONDITIONAL | wild.JOINT
WILD_UNITS = {"13.pth": 4.0}  # stated for data in [-1, 1]
Outcome = Literal["exact", "refused", "wrong-announced", "wrong-silent", "crash"]


@final
@dataclass(frozen=True, kw_only=True)
class Result:
    """What became of one file.

    Args:
        name: Of the file.
        nature: What it is.
        outcome: See above.
        error: Largest difference of means and reconstructions, relative to their scale; of a wild file, the difference
            of its mean squared error from the stated one.
        logvar: Of the log variances; NaN where unknown.
        seconds: To load.
        guessed: What was guessed, with its answer.
        note: A refusal's reason, or what is wrong.
        warnings: Of the card.
    """

    name: str
    nature: str
    outcome: Outcome
    error: float = float("nan")
    logvar: float = float("nan")
    seconds: float = 0.0
    guessed: tuple[str, ...] = ()
    note: str = ""
    warnings: tuple[str, ...] = ()


def main() -> int:
    """Load everything, print what became of it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--only", nargs="*", default=[], help="names, or beginnings of names that end in *")
    parser.add_argument("--json", type=Path, help="write the results there as well")
    parser.add_argument("--no-wild", action="store_true", help="the zoo alone")
    parser.add_argument("--no-zoo", action="store_true", help="the wild files alone")
    parser.add_argument("--accept-guess", action="store_true", help="go on where the evidence is thin")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    results = []
    for name, place in _files(arguments):
        if arguments.only and not any(_named(name, wanted) for wanted in arguments.only):
            continue
        measure = _wild if place.parent == WILD else _entry
        result = measure(name, place, {"accept_guess": True} if arguments.accept_guess else {})
        results.append(result)
        _print(result)
    _totals(results)
    if arguments.json:
        arguments.json.write_text(json.dumps([asdict(result) for result in results], indent=1) + "\n")
    return int(any(result.outcome in ("wrong-silent", "crash") for result in results))


def _files(arguments: argparse.Namespace) -> list[tuple[str, Path]]:
    zoo = [] if arguments.no_zoo else sorted(path.parent for path in folder().glob("*/facts.json"))
    wild = sorted(WILD.glob("[0-9]*")) if WILD.is_dir() and not arguments.no_wild else []
    if not zoo and not arguments.no_zoo:
        print(f"no zoo in {folder()}: python benchmarks/train_zoo.py", file=sys.stderr)
    return [(place.name, place) for place in zoo] + [(f"wild/{path.name}", path) for path in wild]


def _named(name: str, wanted: str) -> bool:
    return name.startswith(wanted[:-1]) if wanted.endswith("*") else name == wanted


def _entry(name: str, place: Path, words: dict[str, Any]) -> Result:
    facts = json.loads((place / "facts.json").read_text())
    data = images(facts["size"], facts["channels"])
    begun = _begun(name, facts["nature"], place / facts["file"], facts["channels"], words)
    if isinstance(begun, Result):
        return begun
    loaded, result = begun
    if facts["nature"] == "foreign":
        return replace(result, outcome=_wrong(loaded.card), note="loaded, but it is no VAE of the kind")
    with np.load(place / "truth.npz") as archive:
        true = {key: torch.from_numpy(archive[key]) for key in archive.files}
    x, labels = data.held_out[:EVALUATED], data.held_out_labels[:EVALUATED]
    return _compared(result, loaded, x, labels, true)


def _compared(result: Result, loaded: Loaded, x: Tensor, labels: Tensor, true: dict[str, Tensor]) -> Result:
    vae = _bound(loaded, labels)
    if vae is None:
        return replace(result, outcome=_wrong(loaded.card), note="needs labels, which the true one does not")
    shape = vae.input_shape
    if int(np.prod(shape)) != x[0].numel():
        return replace(result, outcome=_wrong(loaded.card), note=f"input {shape} instead of {tuple(x.shape[1:])}")
    with torch.no_grad():
        posterior = vae.encode(x.reshape(len(x), *shape))
        reconstruction = vae.decode(posterior.mean).reshape(x.shape)
    mean, logvar = posterior.mean.flatten(1), posterior.logvar.flatten(1)
    if mean.shape != true["mean"].shape:
        note = f"{mean.shape[1]} latents instead of {true['mean'].shape[1]}"
        return replace(result, outcome=_wrong(loaded.card), note=note)
    parts = {"means": _apart(mean, true["mean"]), "reconstructions": _apart(reconstruction, true["reconstruction"])}
    error, wrong = max(parts.values()), [name for name, value in parts.items() if not value <= TOLERANCE]
    if "logvar" in true:
        result = replace(result, logvar=_apart(logvar, true["logvar"]))
    result = replace(result, error=error)
    if wrong:
        return replace(result, outcome=_wrong(loaded.card), note=f"wrong {' and '.join(wrong)}")
    return replace(result, note="log variances differ" if result.logvar > TOLERANCE else "")


def _wild(name: str, path: Path, words: dict[str, Any]) -> Result:
    facts = {fact["file"]: fact for fact in json.loads((WILD / "facts.json").read_text())}[path.name]
    begun = _begun(name, facts["verdict"], path, 1, words)
    if isinstance(begun, Result):
        return begun
    loaded, result = begun
    # The stated errors are of the first 1,000 test images at the network's own size.
    size = facts["image_shape"][-1] if len(facts["image_shape"]) == 3 else 28
    data = images(size)
    vae = _bound(loaded, data.train_labels[:1000])
    x = data.train[:1000]
    if vae is None or int(np.prod(vae.input_shape)) != x[0].numel():
        return replace(result, outcome=_wrong(loaded.card), note=f"input {loaded.vae.input_shape}, or labels")
    if path.name in REFERENCES:
        reference = REFERENCES[path.name](path, x, data.train_labels[:1000])
        true = {"mean": reference.mean, "reconstruction": reference.reconstruction.reshape(x.shape)}
        return _compared(result, loaded, x, data.train_labels[:1000], true)
    with torch.no_grad():
        found = vae.decode(vae.encode(x.reshape(len(x), *vae.input_shape)).mean).reshape(x.shape)
    found_error = WILD_UNITS.get(path.name, 1.0) * float((found - x).square().mean())
    apart = abs(found_error - facts["reconstruction_mse_of_the_mean"])
    if apart > WILD_TOLERANCE:
        return replace(result, outcome=_wrong(loaded.card), error=apart, note="another error than stated")
    return replace(result, error=apart)


def _begun(name: str, nature: str, path: Path, channels: int, words: dict[str, Any]) -> Result | tuple[Loaded, Result]:
    seen = evidence(channels)
    began = time.perf_counter()
    try:
        loaded = verified(load(path, evidence=seen, **words), seen)
    except CheckpointError as error:
        return Result(name=name, nature=nature, outcome="refused", seconds=time.perf_counter() - began, note=str(error))
    except Exception as error:  # noqa: BLE001  # counting what must not happen
        note = f"{type(error).__name__}: {error}"
        return Result(name=name, nature=nature, outcome="crash", seconds=time.perf_counter() - began, note=note)
    guessed = tuple(f"{a.what}={a.value}" for a in loaded.card.assumptions if a.guess)
    seconds, warnings = time.perf_counter() - began, loaded.card.warnings
    found = Result(name=name, nature=nature, outcome="exact", seconds=seconds, guessed=guessed, warnings=warnings)
    return loaded, found


def _bound(loaded: Loaded, labels: Tensor) -> VAE | None:
    """The model as the evaluation calls it; None where it asks for labels and takes none."""
    if loaded.card.conditional:
        given = getattr(loaded.vae, "given", None)
        return None if given is None else given(labels)
    return loaded.vae  # type: ignore[return-value]  # the card says that it is unconditional


def _apart(found: Tensor, true: Tensor) -> float:
    """Largest difference relative to the truth's largest finite value; infinite numbers must be the same."""
    finite = torch.isfinite(true)
    if not torch.equal(torch.isfinite(found), finite):
        return float("inf")
    if not finite.any():
        return 0.0
    return float((found[finite] - true[finite]).abs().max() / true[finite].abs().max().clamp_min(1e-6))


def _wrong(card: Card) -> Outcome:
    return "wrong-announced" if card.guessed else "wrong-silent"


def _print(result: Result) -> None:
    print(
        f"{result.name:32s} {result.nature[:12]:12s} {result.outcome:15s} error {result.error:8.1e} "
        f"logvar {result.logvar:8.1e} {result.seconds:5.1f} s  {', '.join(result.guessed)}",
        flush=True,
    )
    for text in (result.note, *result.warnings):
        if text:
            print("      " + text.replace("\n", "\n      "), flush=True)


def _totals(results: list[Result]) -> None:
    print()
    for title, part in (
        ("zoo", [r for r in results if not r.name.startswith("wild/")]),
        ("wild", [r for r in results if r.name.startswith("wild/")]),
    ):
        natures = Counter((r.nature, r.outcome) for r in part)
        if part:
            totals = Counter(r.outcome for r in part)
            print(f"{title}: {len(part)} files: " + ", ".join(f"{n} {outcome}" for outcome, n in totals.most_common()))
        for (nature, outcome), count in sorted(natures.items()):
            print(f"  {nature[:40]:40s} {outcome:15s} {count}")
    known = [r for r in results if r.outcome == "exact" and not np.isnan(r.logvar)]
    if known:
        off = [r for r in known if not r.logvar <= TOLERANCE]
        print(f"log variances exact too: {len(known) - len(off)} of {len(known)}")
        print(f"  differ, with something announced as a guess: {', '.join(r.name for r in off if r.guessed) or 'none'}")
        print(f"  differ, nothing announced: {', '.join(r.name for r in off if not r.guessed) or 'none'}")


if __name__ == "__main__":
    sys.exit(main())
