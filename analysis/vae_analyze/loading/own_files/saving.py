"""Any trained VAE into one file that needs no class to be loaded, from anybody's training script."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, TypeAlias

import torch

from vae_analyze.errors import StoreError, UsageError
from vae_analyze.loading.architectures.conv import Conv
from vae_analyze.loading.architectures.mlp import MLP
from vae_analyze.loading.card import Card, Likelihood
from vae_analyze.loading.files.printable import printable
from vae_analyze.loading.own_files.live_core import Callee, evaluating
from vae_analyze.loading.own_files.own_card import Expected
from vae_analyze.loading.own_files.put import put
from vae_analyze.loading.own_files.read_back import Reference, read_back
from vae_analyze.loading.own_files.written import Stated, program_of, script_of, weights_of
from vae_analyze.loading.settling.convention import Output, Second, Split
from vae_analyze.loading.verifying.subject import Subject, subject_of

Kind: TypeAlias = Literal["auto", "weights", "program", "torchscript"]
LabelForm: TypeAlias = Literal["index", "onehot"]
_KINDS = ("auto", "weights", "program", "torchscript")
_SCRIPT_SUFFIXES = (".ts", ".torchscript")


def save(
    model: Any,
    path: str | os.PathLike[str],
    *,
    example: Any = None,
    data: str = "",
    name: str = "",
    likelihood: Likelihood = "unknown",
    kind: Kind = "auto",
    details: Mapping[str, Any] | None = None,
    encode: Callee | None = None,
    decode: Callee | None = None,
    second: Second | Literal["auto"] = "auto",
    split: Split = "separate",
    input_range: tuple[float, float] = (0.0, 1.0),
    output: Output = "prob",
    labels: Any = None,
    label_form: LabelForm = "index",
    classes: int = 0,
    description: str = "",
    objective: str = "",
    command: str = "",
    seed: int = 0,
    epochs: int = 0,
    licence: str = "",
    expected: Expected | None = None,
) -> Card:
    """Write a trained model into one file that loads anywhere, without its class.

    The model may be in training mode and on any device; nothing about it is changed, and no random number is used up.
    The file is read back and must give the same codes and data for ``example`` before it is put in place.

    Args:
        model: A network of ours; anything with the members of `vae_analyze.vae.VAE` or `ConditionalVAE`; or a torch
            module with ``encode`` and ``decode`` (or ``encoder`` and ``decoder``). Encoders may give (mean, second), a
            normal distribution, a dictionary with a mean and a log variance, or the code alone: an autoencoder.
            None where ``encode`` and ``decode`` say everything.
        path: Where to; an existing file is replaced.
        example: A batch as the analyses will see it, ``(n, *shape)``: images ``(n, c, h, w)`` in [0, 1], *before* any
            normalisation. Not needed where the model states its shapes.
        data: Spec of the training data.
        name: What to call it; by default the path's stem.
        likelihood: p(x | z), where known.
        kind: "weights": weights and card of a network of ours (``.pt`` or ``.safetensors``). "program": encoder and
            decoder as programs of torch operators for any batch size; loading runs nothing from the file.
            "torchscript": for other software too. "auto": the first for networks of ours, TorchScript for scripted
            modules and names ending in ``.ts``, programs for everything else.
        details: Whatever else to state, plain data.
        encode: Called instead of the model's own with a batch (and labels).
        decode: Called instead of the model's own with codes (and labels).
        second: What the second encoder output is. "auto": what the form of the answer says, else the log variance,
            unless the codes' spread says that it is a deviation.
        split: Where mean and second are, if the encoder gives one tensor with both: in halves or interleaved.
        input_range: What 0 and 1 of the data become before they are encoded: (-1, 1) for a network that was trained on
            images normalised with mean and deviation 0.5.
        output: What the decoder gives: data, logits, or numbers in [-1, 1] of which 0 and 1 are made.
        labels: One class number per sample of ``example``, for a conditional model.
        label_form: What the network is given for them: the numbers, or one-hot vectors.
        classes: How many there are; by default one more than the largest of ``labels``.
        description: One sentence for people.
        objective: What was minimised.
        command: That trains it anew.
        seed: Of that training.
        epochs: Passes over the data.
        licence: SPDX identifier.
        expected: Numbers to expect on held-out data, of a network of ours.

    Returns:
        The card of the file that was written.

    Raises:
        UsageError: The model, the example and the words do not fit together; the message says what to give.
        CheckpointError: It cannot be written as this kind, or gives other codes when it is read back.
        StoreError: The file cannot be written.

    Example:
        >>> vae_analyze.save(model, "model.vae", example=batch)  # doctest: +SKIP
        >>> vae_analyze.save(  # doctest: +SKIP
        ...     model, "model.vae", example=batch, encode=lambda x: model(x)[1:], decode=model.dec, input_range=(-1, 1)
        ... )
    """
    target = _target(path)
    chosen = _chosen(kind, model, target, own=encode is None and decode is None)
    said = {"description": description, "objective": objective, "command": command, "licence": licence}
    said_numbers = {"seed": seed, "epochs": epochs}
    stated = Stated(
        name=printable(name or target.stem),
        data=data,
        likelihood=likelihood,
        said={**said, **said_numbers},
        details=dict(details or {}),
        expected=expected,
    )
    subject = subject_of(
        model,
        encode=encode,
        decode=decode,
        example=example,
        labels=labels,
        label_form=label_form,
        classes=classes,
        second=second,
        split=split,
        input_range=input_range,
        output=output,
    )
    with evaluating(subject.modules):
        reference = Reference.of(subject)
        content = _content(chosen, model, subject, stated, target)
        cards: list[Card] = []
        put(target, content, lambda written: cards.append(read_back(written, chosen, reference, target)))
    return cards[0]


def _content(kind: Kind, model: Any, subject: Subject, stated: Stated, target: Path) -> bytes:
    if kind == "weights":
        return weights_of(model, stated, safetensors=target.suffix == ".safetensors")
    return program_of(subject, stated) if kind == "program" else script_of(subject, stated)


def _target(path: str | os.PathLike[str]) -> Path:
    if not isinstance(path, (str, os.PathLike)):
        raise UsageError(
            f"expected a path to save to, found {printable(type(path).__name__)}", hint="call save(model, path, ...)"
        )
    target = Path(path)
    if target.is_dir() or not target.name:
        raise StoreError(f"cannot write {printable(target, limit=300)}: it is a folder", hint="name a file in it")
    return target


def _chosen(kind: Kind, model: Any, target: Path, *, own: bool) -> Kind:
    """The kind of file, where none was asked for by name."""
    ours = own and isinstance(model, (MLP, Conv))
    if kind not in _KINDS:
        raise UsageError(f"kind: expected one of {', '.join(_KINDS)}, found {printable(kind)}")
    if kind == "weights" and not ours:
        raise UsageError(
            "kind='weights' is for networks of ours, whose class every reader has; "
            f"found {printable(type(model).__name__)}",
            hint="leave kind out: programs hold the network itself",
        )
    if target.suffix == ".safetensors" and not (ours and kind in ("auto", "weights")):
        raise UsageError(
            "a .safetensors file holds weights alone, and nobody could load them without the class",
            hint="name a file ending in .vae or .pt",
        )
    if kind != "auto":
        return kind
    if ours:
        return "weights"
    scripted = isinstance(model, torch.jit.ScriptModule) or target.suffix in _SCRIPT_SUFFIXES
    return "torchscript" if scripted else "program"
