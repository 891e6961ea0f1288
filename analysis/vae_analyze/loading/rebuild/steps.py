"""The smallest parts of a rebuilt network as plain data, and what each does to a batch."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal, final

import torch
from torch import Tensor
from torch.nn import functional

Operation = Literal[
    "linear",
    "conv",
    "deconv",
    "norm",
    "activation",
    "pool",
    "upsample",
    "flatten",
    "unflatten",
    "labels",
    "affine",
    "keep",
    "swap",
    "add",
]


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """One operation.

    A residual block is flat: "keep" remembers what enters it, "swap" changes that for the present numbers, so that the
    shortcut works on it, and "add" ends the block.

    Args:
        op: What it is.
        at: Path of its weights, where it has any.
        kind: Which activation, normalisation (batch, layer, group, instance), pooling (max, avg, global),
            interpolation, order of a flattening ("channels last" or as it is), or on which side labels are put
            (before, after).
        stride: Of a convolution; of a pooling its window and stride; of an upsampling its factor.
        padding: Of a convolution.
        output_padding: Of a transposed convolution.
        size: Of an unflattening: channels, height, width.
        number: Slope of an activation, epsilon of a normalisation, factor of an affine map.
        offset: Of an affine map, which comes after the factor; groups of a group norm.
    """

    op: Operation
    at: str = ""
    kind: str = ""
    stride: int = 1
    padding: int = 0
    output_padding: int = 0
    size: tuple[int, ...] = ()
    number: float = 0.0
    offset: float = 0.0

    def to_dict(self) -> dict[str, Any]:
        """Only what differs from the defaults, as plain data."""
        plain = Step(op=self.op)
        return {"op": self.op} | {
            name: value for name, value in asdict(self).items() if name != "op" and value != getattr(plain, name)
        }


def run(steps: tuple[Step, ...], weights: Mapping[str, Tensor], x: Tensor, labels: Tensor | None = None) -> Tensor:
    """What the steps make of a batch.

    Args:
        steps: In order.
        weights: Tensors by full name.
        x: ``(n, ...)``.
        labels: ``(n, classes)`` or class numbers, where a step puts them in.
    """
    return _run(steps, weights, x, labels, {})


def watched(
    steps: tuple[Step, ...], weights: Mapping[str, Tensor], x: Tensor, labels: Tensor | None = None
) -> tuple[Tensor, dict[str, Tensor]]:
    """As `run`, and what enters each batch normalisation, by its path."""
    seen: dict[str, Tensor] = {}
    return _run(steps, weights, x, labels, seen), seen


def _run(
    steps: tuple[Step, ...], weights: Mapping[str, Tensor], x: Tensor, labels: Tensor | None, seen: dict[str, Tensor]
) -> Tensor:
    kept: list[Tensor] = []  # what entered the residual blocks around the present step
    for step in steps:
        if step.op == "norm" and step.kind == "batch":
            seen[step.at] = x
        if step.op == "labels":
            x = _label(step, weights, x, labels)
        elif step.op == "keep":
            kept.append(x)
        elif step.op == "swap":
            x, kept[-1] = kept[-1], x
        elif step.op == "add":
            x = x + kept.pop()
        else:
            x = _OPERATIONS[step.op](step, weights, x)
    return x


def activate(kind: str, x: Tensor, slope: float = 0.0) -> Tensor:
    """An activation by its name."""
    if kind == "leaky_relu":
        return functional.leaky_relu(x, slope)
    if kind == "elu":
        return functional.elu(x, slope or 1.0)
    return _ACTIVATIONS[kind](x)


_ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "none": lambda x: x,
    "relu": torch.relu,
    "tanh": torch.tanh,
    "gelu": functional.gelu,
    "silu": functional.silu,
    "mish": functional.mish,
    "selu": torch.selu,
    "sigmoid": torch.sigmoid,
    "softplus": functional.softplus,
    "relu6": functional.relu6,
    "hardswish": functional.hardswish,
    "softsign": functional.softsign,
}
ACTIVATIONS = frozenset({*_ACTIVATIONS, "leaky_relu", "elu", "prelu"})


def _linear(step: Step, weights: Mapping[str, Tensor], x: Tensor) -> Tensor:
    return functional.linear(x, weights[f"{step.at}.weight"], weights.get(f"{step.at}.bias"))


def _conv(step: Step, weights: Mapping[str, Tensor], x: Tensor) -> Tensor:
    weight, bias = weights[f"{step.at}.weight"], weights.get(f"{step.at}.bias")
    return functional.conv2d(x, weight, bias, stride=step.stride, padding=step.padding)


def _deconv(step: Step, weights: Mapping[str, Tensor], x: Tensor) -> Tensor:
    weight, bias = weights[f"{step.at}.weight"], weights.get(f"{step.at}.bias")
    return functional.conv_transpose2d(
        x, weight, bias, stride=step.stride, padding=step.padding, output_padding=step.output_padding
    )


def _norm(step: Step, weights: Mapping[str, Tensor], x: Tensor) -> Tensor:
    weight, bias = weights.get(f"{step.at}.weight"), weights.get(f"{step.at}.bias")
    if step.kind == "batch":
        mean, variance = weights[f"{step.at}.running_mean"], weights[f"{step.at}.running_var"]
        return functional.batch_norm(x, mean, variance, weight, bias, training=False, eps=step.number)
    assert weight is not None
    if step.kind == "layer":
        return functional.layer_norm(x, weight.shape, weight, bias, step.number)
    groups = weight.shape[0] if step.kind == "instance" else int(step.offset)
    return functional.group_norm(x, groups, weight, bias, step.number)


def _activation(step: Step, weights: Mapping[str, Tensor], x: Tensor) -> Tensor:
    if step.kind == "prelu":
        return functional.prelu(x, weights[f"{step.at}.weight"].reshape(-1))
    return activate(step.kind, x, step.number)


def _pool(step: Step, weights: Mapping[str, Tensor], x: Tensor) -> Tensor:  # noqa: ARG001 - one signature for all
    if step.kind == "global":
        return functional.adaptive_avg_pool2d(x, 1)
    if step.kind == "max":
        return functional.max_pool2d(x, step.stride)
    return functional.avg_pool2d(x, step.stride)


def _upsample(step: Step, weights: Mapping[str, Tensor], x: Tensor) -> Tensor:  # noqa: ARG001 - one signature for all
    factor = float(step.stride)
    if step.kind == "bilinear":
        return functional.interpolate(x, scale_factor=factor, mode="bilinear", align_corners=bool(step.offset))
    return functional.interpolate(x, scale_factor=factor, mode=step.kind)


def _flatten(step: Step, weights: Mapping[str, Tensor], x: Tensor) -> Tensor:  # noqa: ARG001 - one signature for all
    return (x.movedim(1, -1) if step.kind else x).flatten(1)


def _unflatten(step: Step, weights: Mapping[str, Tensor], x: Tensor) -> Tensor:  # noqa: ARG001 - one signature for all
    if not step.kind:
        return x.reshape(x.shape[0], *step.size)
    channels, *sides = step.size
    return x.reshape(x.shape[0], *sides, channels).movedim(-1, 1)


def _affine(step: Step, weights: Mapping[str, Tensor], x: Tensor) -> Tensor:  # noqa: ARG001 - one signature for all
    return x * step.number + step.offset


def _label(step: Step, weights: Mapping[str, Tensor], x: Tensor, labels: Tensor | None) -> Tensor:
    if labels is None:
        raise ValueError("a conditional network was given no labels")
    beside = weights[f"{step.at}.weight"][labels] if step.at else labels.to(x.dtype)
    if x.ndim == 4:
        beside = beside[:, :, None, None].expand(-1, -1, x.shape[2], x.shape[3])
    return torch.cat((beside, x) if step.kind == "before" else (x, beside), dim=1)


_OPERATIONS: dict[str, Callable[[Step, Mapping[str, Tensor], Tensor], Tensor]] = {
    "linear": _linear,
    "conv": _conv,
    "deconv": _deconv,
    "norm": _norm,
    "activation": _activation,
    "pool": _pool,
    "upsample": _upsample,
    "flatten": _flatten,
    "unflatten": _unflatten,
    "affine": _affine,
}
