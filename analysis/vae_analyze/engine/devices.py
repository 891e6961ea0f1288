"""Which device a run uses."""

from __future__ import annotations

import torch

from vae_analyze.errors import UsageError


def resolve(device: str) -> str:
    """A device that is there: "auto" is the first accelerator, else the CPU.

    Raises:
        UsageError: Not a device, or not available here.
    """
    if device == "auto":
        return "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
    kind, _, number = device.partition(":")
    if kind not in ("cpu", "cuda", "mps") or (number and not number.isdigit()):
        raise UsageError(f"--device: expected auto, cpu, cuda, cuda:N or mps, found {device!r}")
    available = {
        "cpu": 1,
        "cuda": torch.cuda.device_count() if torch.cuda.is_available() else 0,
        "mps": int(torch.backends.mps.is_available()),
    }[kind]
    if available == 0 or int(number or 0) >= available:
        raise UsageError(
            f"--device: {device} is not available here ({available} found)", hint="use --device auto or cpu"
        )
    return device


def describe(device: str) -> str:
    """The device by the name people know it by."""
    kind = device.partition(":")[0]
    if kind == "cuda":
        return str(torch.cuda.get_device_name(torch.device(device)))
    return device
