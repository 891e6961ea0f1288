"""The key of a unit of work: a hash of everything that determines its result, and of nothing else."""

from __future__ import annotations

import dataclasses
import hashlib
import inspect
import json
import uuid
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from vae_analyze._version import __version__

if TYPE_CHECKING:
    from vae_analyze.analyzers.base import Analyzer
    from vae_analyze.data.dataset import Dataset
    from vae_analyze.engine.partition import Shard

ENGINE_VERSION = 1
"""Raised when the engine itself changes a number."""


def identity(analyzer: Analyzer) -> dict[str, Any]:
    """What an analyzer's results depend on besides the model and the data: class, code, version and options.

    The code of the analyzers shipped here changes with their version. For all others it is the text of their module:
    who is writing an analyzer edits it without thinking of versions.
    """
    kind = type(analyzer)
    options = {field.name: getattr(analyzer, field.name) for field in dataclasses.fields(analyzer)}  # type: ignore[arg-type]  # a contract: analyzers are dataclasses
    return {
        "class": f"{kind.__module__}:{kind.__qualname__}",
        "version": analyzer.version,
        "code": "" if kind.__module__.startswith("vae_analyze.") else _code(kind),
        "options": options,
    }


def _code(kind: type) -> str:
    try:
        module = inspect.getmodule(kind)
        text = inspect.getsource(module if module is not None else kind)
    except (OSError, TypeError):
        # Typed at a prompt: there is no text to tell two versions apart, so nothing is taken from earlier work.
        text = str(uuid.uuid4())
    return hashlib.sha256(text.encode()).hexdigest()


def data_identity(data: Dataset) -> str:
    """What results depend on in data: their content, and how it is read."""
    return digest([data.fingerprint, data.value_range, list(data.input_shape)])


def unit_key(what: object, shard: Shard, *, model: str, data: str, seed: int, device: str, dtype: str) -> str:
    """The key of one analyzer's work (or of the codes) on one shard.

    Args:
        what: `identity` of the analyzer, or another plain description.
        shard: The samples.
        model: Fingerprint of the loaded model.
        data: Identity of the data, see `data_identity`.
        seed: Of the run.
        device: Kind of device; its arithmetic shows in the last digits.
        dtype: Number format.

    Returns:
        64 hexadecimal digits.
    """
    return digest(
        {
            "engine": [ENGINE_VERSION, __version__, torch.__version__, np.__version__],
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
