"""One ONNX graph, run by onnxruntime on the CPU: tensors in, tensors out, as many samples at a time as it takes."""

from __future__ import annotations

import contextlib
import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any, final

import numpy as np
import torch
from torch import Tensor

from vae_analyze.errors import CheckpointError
from vae_analyze.loading.files.printable import printable
from vae_analyze.loading.libraries.extras import needed, said
from vae_analyze.loading.source import sha256

# ONNX element types of numbers that may go in.
KINDS: dict[int, torch.dtype] = {1: torch.float32, 10: torch.float16, 11: torch.float64, 6: torch.int32, 7: torch.int64}
FLOATS = (1, 10, 11)


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class Feed:
    """One input of a graph.

    Args:
        name: As the graph calls it.
        kind: ONNX element type, one of `KINDS`.
        dims: Sizes without the batch axis; None where any is accepted.
    """

    name: str
    kind: int
    dims: tuple[int | None, ...]


@final
class OnnxSession:
    """A graph in a file.

    It is opened when it is first run, and again in a process that it was sent to, from the same unchanged file.

    Args:
        path: The file.
        outputs: Names of the wanted outputs.
        batch: Samples that it takes at a time; 0 for any number.
    """

    def __init__(self, path: Path, outputs: tuple[str, ...], *, batch: int) -> None:
        self.path = path.absolute()
        self.outputs = outputs
        self.batch = batch
        self._digest = sha256(path)
        self._session: Any = None

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_session": None}

    def __deepcopy__(self, memo: dict[int, Any]) -> OnnxSession:
        return self  # nothing about it ever changes, and the runtime's sessions may be shared

    def run(self, feeds: dict[str, Tensor]) -> tuple[Tensor, ...]:
        """The outputs for inputs of one length.

        Raises:
            CheckpointError: onnxruntime is not installed, or cannot run the graph on them.
        """
        total = min(len(value) for value in feeds.values())
        if total == 0:
            raise CheckpointError("expected samples to run an ONNX graph on, found none")
        size = self.batch or total
        parts = [self._chunk(feeds, start, size, min(size, total - start)) for start in range(0, total, size)]
        return tuple(torch.cat(answers) for answers in zip(*parts, strict=True))

    def _chunk(self, feeds: dict[str, Tensor], start: int, size: int, count: int) -> list[Tensor]:
        given = {name: _padded(value[start : start + size], size).numpy() for name, value in feeds.items()}
        try:
            answers = self._opened().run(list(self.outputs), given)
        except Exception as error:
            if isinstance(error, CheckpointError):
                raise
            shapes = ", ".join(f"{printable(name)} {value.shape}" for name, value in given.items())
            raise CheckpointError(f"{printable(self.path)} fails on {shapes}: {said(error)}") from error
        return [self._kept(answer, size, count) for answer in answers]

    def _kept(self, answer: Any, size: int, count: int) -> Tensor:
        found = torch.from_numpy(np.array(answer))
        if found.ndim == 0 or len(found) != size:
            raise CheckpointError(
                f"expected answers for {size} samples from {printable(self.path)}, found shape {tuple(found.shape)}",
                hint="export it with a batch axis first, of a dynamic length or of length 1",
            )
        return found[:count]

    def _opened(self) -> Any:
        if self._session is None:
            self._session = _open(self.path, self._digest)
        return self._session


def _padded(value: Tensor, size: int) -> Tensor:
    """The last sample repeated up to a fixed number of samples: zeros might be no valid input."""
    value = value.detach().cpu().contiguous()
    short = size - len(value)
    return torch.cat([value, value[-1:].expand(short, *value.shape[1:])]) if short else value


def _open(path: Path, digest: str) -> Any:
    runtime: Any = needed("onnxruntime", extra="onnx", what="an ONNX model")
    if sha256(path) != digest:
        raise CheckpointError(f"{printable(path)} was changed since the model was loaded", hint="load the model again")
    runtime.disable_telemetry_events()
    options = runtime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    options.inter_op_num_threads = 1
    options.use_deterministic_compute = True
    options.log_severity_level = 4  # fatal: what matters comes as an exception
    # Threads that wait by spinning would slow down everything between two calls.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        # It prints to standard output when it tries again after an error.
        with contextlib.redirect_stdout(io.StringIO()):
            return runtime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:
        raise CheckpointError(
            f"onnxruntime {runtime.__version__} cannot run {printable(path, limit=300)}: {said(error)}",
            hint="a file of a newer standard needs a newer runtime: pip install --upgrade 'vae-analyze[onnx]'",
        ) from error
