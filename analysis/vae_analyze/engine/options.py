"""Options of a run that belong to no analyzer, declared once for Python, command line, files and environment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal, final

from vae_analyze.analyzers.option import option
from vae_analyze.errors import UsageError
from vae_analyze.names import nearest

SecondWord = Literal["auto", "logvar", "logstd", "std", "variance"]
OutputWord = Literal["auto", "prob", "logits", "tanh", "same"]
LabelsWord = Literal["auto", "none", "index", "onehot"]
WeightsWord = Literal["auto", "ema", "raw"]
# Options of the loader, in the order of `RunOptions`.
MODEL_OPTIONS = (
    *("model", "set", "adapter", "second", "output", "range", "labels", "weights", "accept_guess", "trust"),
)
# Consent to run code is given by a person each time, never by a file or a variable that happens to be there.
CONSENT = ("model", "adapter", "trust")
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
    model: str = option("", help="your class, to load its weights into: FILE.py:CLASS, NOTEBOOK.ipynb:CLASS or "
                        "PACKAGE.MODULE:CLASS; naming it is consent to run that class and what it uses")  # fmt: skip
    set: tuple[str, ...] = option((), help="an argument of that class, such as latent_dim=20", whole=True)
    adapter: str = option("", help="a Python file with load(path), which is run, for what no other way reads")
    second: SecondWord = option("auto", help="what the encoder's second output is")
    output: OutputWord = option("auto", help="what the decoder gives: data in their own range, logits, -1 to 1, or the "
                                "same units as the encoder is given")  # fmt: skip
    range: tuple[float, ...] = option((), help="what the lowest and highest value of the data become for the "
                                      "encoder, such as -1,1")  # fmt: skip
    labels: LabelsWord = option("auto", help="what a conditional model is given beside the data")
    weights: WeightsWord = option("auto", help="averaged (ema) or plain (raw) weights, where a file has both")
    accept_guess: bool = option(False, help="go on where the evidence for a guess about the model is thin")
    trust: bool = option(False, help="allow code inside the checkpoint to be executed")
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
    if chosen.range and not (len(chosen.range) == 2 and chosen.range[0] < chosen.range[1]):
        found = ",".join(f"{value:g}" for value in chosen.range)
        raise UsageError(f"--range: expected a lower and a higher number, found {found}", hint="write --range -1,1")
    return chosen


def load_words(chosen: RunOptions) -> dict[str, Any]:
    """What a run says about its model, as the keyword arguments of `vae_analyze.loading.load.load`.

    Raises:
        UsageError: An argument of the person's class that is not NAME=VALUE, or one without a class.
    """
    words: dict[str, Any] = {name: getattr(chosen, name) for name in MODEL_OPTIONS if name not in ("set", "range")}
    arguments = tuple(_argument(text) for text in chosen.set)
    if arguments and not (chosen.model or chosen.adapter):
        raise UsageError(
            f"--set {arguments[0][0]}: there is no class to give it to",
            hint="name the class with --model FILE.py:CLASS; for an analyzer's option write ANALYZER.OPTION=VALUE",
        )
    return words | {"arguments": arguments, "range": chosen.range or None}


def _argument(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name.strip():
        raise UsageError(f"--set: expected NAME=VALUE, found {text!r}", hint="write --set latent_dim=20")
    return name.strip(), value.strip()


def flag(name: str) -> str:
    """An option as it is written on the command line."""
    return "--" + name.replace("_", "-")


def values_of(instance: Any) -> dict[str, Any]:
    """Field values of a dataclass instance."""
    return {field.name: getattr(instance, field.name) for field in fields(instance)}
