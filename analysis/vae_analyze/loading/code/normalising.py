"""How the person's file prepares its images: ``Normalize`` and the like, read and never run."""

from __future__ import annotations

import ast
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import final

from vae_analyze.loading.code.said import said
from vae_analyze.loading.code.sources import parsed

_FURTHEST = 10.0  # of images that were scaled for a network
_SAME = 1e-3  # of constants that mean the same for all channels


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class Normalising:
    """What a file does to images in [0, 1] before they are encoded.

    Args:
        range: What 0 and 1 become.
        line: Where it says so.
        text: What is written there.
    """

    range: tuple[float, float]
    line: int
    text: str


def normalising(file: Path, *, channels: int) -> Normalising | None:
    """What a file says of the scale of its images, where it says one thing.

    Args:
        file: A Python file or notebook.
        channels: Of the images.
    """
    tree = parsed(file).tree
    constants = _constants(tree)
    found = [
        Normalising(range=pair, line=node.lineno, text=said(ast.unparse(node), limit=100))
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        for pair in _ranges(node, constants, channels)
    ]
    pairs = {tuple(round(end, 3) for end in one.range) for one in found}
    return min(found, key=lambda one: one.line) if len(pairs) == 1 else None


def _ranges(call: ast.Call, constants: Mapping[str, ast.expr], channels: int) -> Iterator[tuple[float, float]]:
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    pair = None
    if name in ("Normalize", "normalize"):
        pair = _normalised(call, constants, channels)
    elif name == "Lambda" and call.args and isinstance(call.args[0], ast.Lambda):
        pair = _mapped(call.args[0])
    if pair is not None and pair[0] < pair[1] and max(map(abs, pair)) <= _FURTHEST and pair != (0.0, 1.0):
        yield pair


def _normalised(call: ast.Call, constants: Mapping[str, ast.expr], channels: int) -> tuple[float, float] | None:
    """``Normalize(mean, std)``: (x - mean) / std, where it is the same for all channels."""
    named = {word.arg: word.value for word in call.keywords}
    given = dict(zip(("mean", "std"), call.args[:2], strict=False)) | named
    if not {"mean", "std"} <= given.keys():
        return None
    means, deviations = (_numbers(given[word], constants) for word in ("mean", "std"))
    if not means or not deviations or not {len(means), len(deviations)} <= {1, channels}:
        return None
    if max(means) - min(means) > _SAME or max(deviations) - min(deviations) > _SAME or min(deviations) <= 0:
        return None
    return -means[0] / deviations[0], (1 - means[0]) / deviations[0]


def _mapped(function: ast.Lambda) -> tuple[float, float] | None:
    """``Lambda(lambda x: 2 * x - 1)``, where it is a straight line."""
    names = [argument.arg for argument in function.args.args]
    if len(names) != 1:
        return None
    low, middle, high = (_value(function.body, {names[0]: at}) for at in (0.0, 0.5, 1.0))
    if low is None or middle is None or high is None or not math.isclose(middle, (low + high) / 2, abs_tol=1e-9):
        return None
    return low, high


def _numbers(node: ast.expr, constants: Mapping[str, ast.expr]) -> list[float]:
    """A number, or a list of numbers, also as ``[0.5] * 3``, or a constant of the file; empty for anything else."""
    if isinstance(node, ast.Name) and node.id in constants:
        return _numbers(constants[node.id], {})
    if isinstance(node, (ast.List, ast.Tuple)):
        values = [_value(item, {}) for item in node.elts]
        return [value for value in values if value is not None] if None not in values else []
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult) and isinstance(node.left, (ast.List, ast.Tuple)):
        return _numbers(node.left, {})  # as often as there are channels, or the network would not run
    value = _value(node, {})
    return [] if value is None else [value]


def _value(node: ast.expr, names: Mapping[str, float]) -> float | None:
    """A sum of numbers and names, worked out here; None for anything else."""
    if isinstance(node, ast.Constant):
        return float(node.value) if isinstance(node.value, (int, float)) else None
    if isinstance(node, ast.Name):
        return names.get(node.id)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        inner = _value(node.operand, names)
        return None if inner is None else -inner
    if not isinstance(node, ast.BinOp):
        return None
    left, right = _value(node.left, names), _value(node.right, names)
    if left is None or right is None:
        return None
    if isinstance(node.op, ast.Div):
        return left / right if right else None
    ways = {ast.Add: left + right, ast.Sub: left - right, ast.Mult: left * right}
    return ways.get(type(node.op))


def _constants(tree: ast.Module) -> dict[str, ast.expr]:
    """Names that are assigned once."""
    found: dict[str, list[ast.expr]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            found.setdefault(node.targets[0].id, []).append(node.value)
    return {name: values[0] for name, values in found.items() if len(values) == 1}
