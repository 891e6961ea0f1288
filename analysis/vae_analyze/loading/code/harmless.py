"""Their code on the device of our choice: requests for a GPU, downloads and prints are made harmless while it runs."""

from __future__ import annotations

import contextlib
import io
import os
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from typing import Any, final

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

from vae_analyze.errors import CheckpointError
from vae_analyze.loading.files.printable import printable

_FACTORIES = frozenset(
    getattr(torch, name)
    for name in [
        "zeros",
        "ones",
        "full",
        "empty",
        "rand",
        "randn",
        "randint",
        "randperm",
        "arange",
        "linspace",
        "logspace",
        "eye",
        "tensor",
        "as_tensor",
        "normal",
        "tril_indices",
        "triu_indices",
        "zeros_like",
        "ones_like",
        "full_like",
        "empty_like",
        "rand_like",
        "randn_like",
        "randint_like",
    ]
)
_LIKE = frozenset(
    {torch.zeros_like, torch.ones_like, torch.full_like, torch.empty_like, torch.rand_like, torch.randn_like}
    | {torch.randint_like, torch.normal}
)
_TYPES = ("Float", "Double", "Half", "Long", "Int", "Short", "Byte", "Bool")
_LOCK = threading.RLock()


@final
class OnDevice(TorchFunctionMode):
    """Whatever device their code asks for, it gets the one that the model is on.

    Args:
        device: That one.
    """

    def __init__(self, device: torch.device) -> None:
        super().__init__()
        self._device = device

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """One call of torch, redirected where it names a device."""
        words = dict(kwargs or {})
        if func is Tensor.cuda:
            return args[0].to(self._device)
        if func is Tensor.to:
            args, words = self._moved(args, words)
        elif func is torch._C._nn._parse_to:
            _, *rest = func(*_without_device(args), **{key: value for key, value in words.items() if key != "device"})
            return (None, *rest)
        elif func in _FACTORIES and (func not in _LIKE or "device" in words):
            if words.get("device") is None or not str(words["device"]).startswith("meta"):
                words["device"] = self._device
        elif _is_gpu(words.get("device")):
            words["device"] = self._device
        return func(*args, **words)

    def _moved(self, args: tuple[Any, ...], words: dict[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        if len(args) > 1 and _is_device(args[1]):
            args = (args[0], self._device, *args[2:])
        if words.get("device") is not None:
            words["device"] = self._device
        return args, words


@contextlib.contextmanager
def on_device(device: torch.device) -> Iterator[None]:
    """While this holds, their tensors are made on and moved to one device only; per thread."""
    with OnDevice(device):
        yield


@contextlib.contextmanager
def harmless(device: torch.device) -> Iterator[None]:
    """While this holds, their code finds no GPU, no command line, no input and no network, and prints nothing.

    Everything is put back, also after an error. One thread at a time: torch and `sys` belong to the whole process.
    """
    with _LOCK, contextlib.ExitStack() as stack:
        for owner, name, value in _replacements():
            stack.enter_context(_replaced(owner, name, value))
        stack.enter_context(_plots_unseen())
        stack.enter_context(contextlib.redirect_stdout(io.StringIO()))
        stack.enter_context(warnings.catch_warnings())
        warnings.simplefilter("ignore")
        stack.enter_context(OnDevice(device))
        stack.enter_context(torch.random.fork_rng(devices=[]))
        yield


def _replacements() -> Iterator[tuple[Any, str, Any]]:
    yield torch.cuda, "is_available", lambda: False
    yield torch.cuda, "device_count", lambda: 0
    for name in ("set_device", "synchronize", "empty_cache", "manual_seed", "manual_seed_all"):
        yield torch.cuda, name, _alone(_nothing)
    for kind in _TYPES:
        yield torch.cuda, f"{kind}Tensor", getattr(torch, f"{kind}Tensor")
    yield torch, "load", _safe_load
    yield torch.hub, "download_url_to_file", _alone(_no_download)
    yield torch.hub, "load", _alone(_no_download)
    yield sys, "argv", [""]
    yield sys, "stdin", io.StringIO()


def _alone(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function of its own for every name: torch's compiler, which some drawing imports, wants them to differ."""

    def own(*args: Any, **words: Any) -> Any:
        return function(*args, **words)

    return own


@contextlib.contextmanager
def _replaced(owner: Any, name: str, value: Any) -> Iterator[None]:
    before = getattr(owner, name)
    setattr(owner, name, value)
    try:
        yield
    finally:
        setattr(owner, name, before)


@contextlib.contextmanager
def _plots_unseen() -> Iterator[None]:
    before = os.environ.get("MPLBACKEND")
    os.environ["MPLBACKEND"] = "Agg"
    try:
        yield
    finally:
        if before is None:
            os.environ.pop("MPLBACKEND", None)
        else:
            os.environ["MPLBACKEND"] = before


_load = torch.load


def _safe_load(file: Any, *_: Any, **__: Any) -> Any:
    """Their own loading of a file: tensors and plain data only, on the CPU."""
    return _load(file, map_location="cpu", weights_only=True)


def _no_download(address: Any, *_: Any, **__: Any) -> Any:
    raise CheckpointError(
        f"the class wants to download {printable(address)} when it is made; nothing is downloaded here",
        hint="give the argument that turns it off, such as --set pretrained=False",
    )


def _nothing(*_: Any, **__: Any) -> None:
    return None


def _is_gpu(device: Any) -> bool:
    if isinstance(device, torch.device):
        return device.type == "cuda"
    return isinstance(device, str) and device.startswith("cuda")


def _is_device(value: Any) -> bool:
    if isinstance(value, torch.device):
        return True
    return isinstance(value, int) or (isinstance(value, str) and value.split(":")[0] in ("cuda", "cpu", "mps", "xpu"))


def _without_device(args: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(value for value in args if not _is_device(value) or isinstance(value, bool))
