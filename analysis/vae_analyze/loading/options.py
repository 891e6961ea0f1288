"""How a checkpoint is to be loaded, and the hash of all that determines the result."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, final

import torch

from vae_analyze.errors import UsageError
from vae_analyze.loading.settling.evidence import Evidence
from vae_analyze.loading.source import sha256

_VERSION = 1  # of the meaning of a loaded file: another reading of the same bytes is another model
SecondWord = Literal["auto", "logvar", "logstd", "std", "variance"]
OutputWord = Literal["auto", "prob", "logits", "tanh", "same"]
LabelsWord = Literal["auto", "none", "index", "onehot"]
WeightsWord = Literal["auto", "ema", "raw"]
_DTYPES = (torch.float16, torch.bfloat16, torch.float32, torch.float64)


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class LoadOptions:
    """What a person may say about a checkpoint.

    Args:
        device: Where the model goes; does not change what it is.
        dtype: Number format of its weights.
        name: What to call it; the file's own name otherwise.
        model: Where the person's own class is: ``file.py:Class``, ``notebook.ipynb:Class`` or
            ``package.module:Class_or_factory``. Naming it is consent to run it and what it uses.
        arguments: Its constructor's arguments by name, as Python literals.
        adapter: A Python file with ``load(path)``, which is run.
        second: What the second encoder output is.
        output: What the decoder gives.
        range: What the lowest and the highest value of the data become before they are encoded; None: found out.
        labels: What a conditional model is given beside the data.
        weights: Which of averaged (EMA) and plain weights, where a file has both.
        trust: Whether code in the checkpoint itself may be executed.
        accept_guess: Whether to go on where the evidence for a guess is thin.
        evidence: Data by which to settle what the file does not say.

    Raises:
        UsageError: Not a floating point format.
    """

    device: str | torch.device = "cpu"
    dtype: torch.dtype = torch.float32
    name: str = ""
    model: str = ""
    arguments: tuple[tuple[str, str], ...] = ()
    adapter: str = ""
    second: SecondWord = "auto"
    output: OutputWord = "auto"
    range: tuple[float, float] | None = None
    labels: LabelsWord = "auto"
    weights: WeightsWord = "auto"
    trust: bool = False
    accept_guess: bool = False
    evidence: Evidence | None = None

    def __post_init__(self) -> None:
        if self.dtype not in _DTYPES:
            raise UsageError(f"expected a dtype of {', '.join(str(kind) for kind in _DTYPES)}, found {self.dtype}")

    def determining(self) -> dict[str, str]:
        """Those that change the result, where they were given; what evidence settled is for the format to add."""
        given = {
            "model": self.model,
            "arguments": repr(sorted(self.arguments)) if self.arguments else "",
            "adapter": self.adapter,
            "second": self.second,
            "output": self.output,
            "range": repr(self.range) if self.range else "",
            "labels": self.labels,
            "weights": self.weights,
        }
        return {"dtype": str(self.dtype)} | {name: text for name, text in given.items() if text not in ("", "auto")}


def fingerprint(files: dict[str, Path], options: LoadOptions, *, settled: dict[str, str] | None = None) -> str:
    """SHA-256 (hex) over the content of the files that make the model, and the options that change it.

    Args:
        files: Paths by the part they play; the paths themselves do not count.
        options: As given.
        settled: What was found out by experiment: other choices make another model of the same bytes.

    Raises:
        CheckpointError: A file cannot be read.
    """
    parts = {
        "version": _VERSION,
        "files": {role: sha256(path) for role, path in sorted(files.items())},
        "options": options.determining(),
    } | ({"settled": settled} if settled else {})
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()
