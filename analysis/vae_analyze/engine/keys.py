"""The key of a unit of work: a hash of everything that determines its result, and of nothing else."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from vae_analyze.analyzers.base import Analyzer
    from vae_analyze.engine.partition import Shard

ENGINE_VERSION = 1
"""Raised when the engine itself changes a number."""


def identity(analyzer: Analyzer) -> dict[str, Any]:
    """What an analyzer's results depend on besides the model and the data: class, version and options."""
    kind = type(analyzer)
    options = {field.name: getattr(analyzer, field.name) for field in dataclasses.fields(analyzer)}  # type: ignore[arg-type]  # a contract: analyzers are dataclasses
    return {
        "class": f"{kind.__module__}:{kind.__qualname__}",
        "version": analyzer.version,
        "options": options,
    }


def unit_key(what: object, shard: Shard, *, model: str, data: str, seed: int, device: str, dtype: str) -> str:
    """The key of one analyzer's work (or of the codes) on one shard.

    Args:
        what: `identity` of the analyzer, or another plain description.
        shard: The samples.
        model: Fingerprint of the loaded model.
        data: Fingerprint of the data.
        seed: Of the run.
        device: Kind of device; its arithmetic shows in the last digits.
        dtype: Number format.

    Returns:
        64 hexadecimal digits.
    """
    return digest(
        {
            "engine": ENGINE_VERSION,
            "what": what,
            "samples": hashlib.sha256(shard.index.astype("<i8").tobytes()).hexdigest(),
            "model": model,
            "data": data,
            "seed": seed,
            "device": device,
            "dtype": dtype,
        }
    )


def digest(plain: object) -> str:
    """SHA-256 (hex) of plain data, the same for equal data."""
    return hashlib.sha256(json.dumps(plain, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
