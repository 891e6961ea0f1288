"""Options of a run that belong to no analyzer, declared once for Python, command line, files and environment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, final

from vae_analyze.analyzers.option import option
from vae_analyze.errors import UsageError
from vae_analyze.names import nearest

SMALLEST_N = 2  # an interval over samples needs two
ALL_SAMPLES = 0


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class RunOptions:
    """Options of a run; the fields are the flags, the keys of the configuration file and the keyword arguments."""

    data: str = option(
        "", help="data: a name from `vae-analyze list`, a folder of images, .npz, .npy, IDX, or module:function "
        "[default: the held-out part of the checkpoint's own data]",
    )  # fmt: skip
    samples: int = option(1000, help="samples to analyse, 0 for all; fewer where the data have fewer", minimum=0)
    seed: int = option(0, help="seed of every random number", minimum=0)
    device: str = option("auto", help="auto, cpu, cuda, cuda:N or mps")
    dtype: str = option("float32", help="number format of the model: float32 or float64")
    batch_size: int = option(0, help="most samples in the model at once; 0 chooses, and halves when memory runs out",
                             minimum=0)  # fmt: skip
    workers: int = option(1, help="processes to work in", minimum=1)
    resize: bool = option(False, help="resize images bilinearly to the model's size")
    cache: str = option("", help="folder of finished work [default: the user's cache folder]")
    no_cache: bool = option(False, help="keep no finished work, and use none")
    strict: bool = option(False, help="stop when an analyzer fails instead of recording it")


def run_options(values: Mapping[str, Any]) -> RunOptions:
    """Options from raw values, each checked.

    Raises:
        UsageError: An unknown option or a bad value.
    """
    from vae_analyze.analyzers.option import specs

    known = {spec.name: spec for spec in specs(RunOptions)}
    for name in values:
        if name not in known:
            raise UsageError(f"no option called {name!r}", hint=nearest(name, known))
    parsed = {name: known[name].parse(value, where=flag(name)) for name, value in values.items()}
    chosen = RunOptions(**parsed)
    if 0 < chosen.samples < SMALLEST_N:
        raise UsageError(
            f"--samples: expected at least {SMALLEST_N}, or 0 for all, found {chosen.samples}",
            hint="an interval over samples needs two",
        )
    if chosen.dtype not in ("float32", "float64"):
        raise UsageError(f"--dtype: expected float32 or float64, found {chosen.dtype!r}")
    return chosen


def flag(name: str) -> str:
    """An option as it is written on the command line."""
    return "--" + name.replace("_", "-")


def values_of(instance: Any) -> dict[str, Any]:
    """Field values of a dataclass instance."""
    return {field.name: getattr(instance, field.name) for field in fields(instance)}
