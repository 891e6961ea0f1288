"""What a constructor's argument may be, by its name, from the sizes found in the weights."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

from torch import Tensor

_LATENT = re.compile(r"latent|(^|_)n?z(_|$|dim|size)|code|bottleneck|zdim|embed|hid(den)?_?dim_?2$|h_?dim_?2$|n_topics")
_CHANNELS = re.compile(r"chan|(^|_)n?c(_|$)|in_ch|nc$|colors?|(^|_)ch(_|$)")
_IMAGE = re.compile(r"im(g|age)|resol|spatial|height|width|(^|_)[hw]$|side|input_size|in_size")
_INPUT = re.compile(r"^in|input|x_?dim|data|feature|obs|pixel|visible|output|out_|n_genes|vocab")
_LISTS = re.compile(r"dims|sizes|layers$|units|list|channels$|widths|hiddens|shape|filters|arch|net|structure|nodes")
_SHAPE = re.compile(r"shape|im(g|age)_?(size|dim)|input_(size|dim)|resol")
_CLASSES = re.compile(r"class|label|cond|(^|_)y(_|dim)|n_?cat|context|attr")
_KERNEL = re.compile(r"kernel|(^|_)ks?(_|$)")
_COUNT = re.compile(r"^(n|num)_?(hidden_?)?(layers|blocks|res|levels|down|convs)|depth")
# What does not change what a trained network computes, with a value to go on with.
NEUTRAL: dict[str, Any] = {
    "lr": 1e-3,
    "learning_rate": 1e-3,
    "batch_size": 64,
    "beta": 1.0,
    "kl_weight": 1.0,
    "kld_weight": 1.0,
    "dropout": 0.0,
    "dropout_rate": 0.0,
    "p_dropout": 0.0,
    "device": "cpu",
    "epochs": 1,
    "num_epochs": 1,
    "n_epochs": 1,
    "weight_decay": 0.0,
    "use_cuda": False,
    "cuda": False,
    "use_gpu": False,
    "gpu": False,
    "seed": 0,
    "loss": None,
    "criterion": None,
    "optimizer": None,
    "verbose": False,
}
_OF_ONE = ("in_", "in", "out_", "n_", "num_", "img_", "image_", "input_", "output_", "nb_")
_SIDES = (28, 32, 64, 96, 128, 224, 256, 16, 48)
_MOST = 40
_IMAGES = tuple(c * side * side for c in (1, 3) for side in (28, 32, 64))


def candidates(name: str, default: Any, tensors: Mapping[str, Tensor], annotation: str = "") -> list[Any]:
    """Values to try for an argument, the likeliest first.

    Args:
        name: Of the parameter.
        default: Its default; None where there is none.
        tensors: The weights.
        annotation: Its type as written, or "".
    """
    word = name.rpartition(".")[2].lower()
    if isinstance(default, bool):
        return [not default]
    if isinstance(default, (str, float)) and not isinstance(default, int):
        return []
    if isinstance(default, (list, tuple)):
        return _rows(word, tensors)
    numbers = _numbers(word, tensors)
    if default is None and annotation:
        found = _annotated(annotation.lower(), word, numbers, tensors)
        if found is not None:
            return found
    if default is None and (_LISTS.search(word) or _SHAPE.search(word)):
        scalar = word.endswith(("size", "dim")) or word.startswith(_OF_ONE)
        return (numbers + _rows(word, tensors)) if scalar else (_rows(word, tensors) + numbers)
    if default is None:
        return [*numbers, False, True, *_rows(word, tensors)[:12]]
    return numbers


def _annotated(annotation: str, word: str, numbers: list[Any], tensors: Mapping[str, Tensor]) -> list[Any] | None:
    """Values of the type that the class states; None where it does not say enough."""
    if any(kind in annotation for kind in ("list", "tuple", "sequence", "iterable")):
        rows = _rows(word, tensors)
        return [tuple(row) for row in rows] if "tuple" in annotation and "list" not in annotation else rows
    if "int" in annotation:
        return numbers
    if "bool" in annotation:
        return [False, True]
    return [] if any(kind in annotation for kind in ("str", "callable", "module")) else None


def is_count_of_classes(name: str) -> bool:
    """Whether a parameter is, by its name, about labels."""
    return bool(_CLASSES.search(name.lower()))


def _numbers(word: str, tensors: Mapping[str, Tensor]) -> list[Any]:
    sizes = sorted({size for tensor in tensors.values() for size in tensor.shape[:2] if size > 0})
    heads = sorted({tensor.shape[0] for tensor in tensors.values() if tensor.dim() == 2})
    halves = [size // 2 for size in heads if size % 2 == 0]
    convolutions = [tensor.shape for tensor in tensors.values() if tensor.dim() >= 4]
    sides = _sides(tensors)
    first = next((tensor.shape[0] for tensor in tensors.values() if tensor.dim() >= 2), 1)
    if _COUNT.search(word):
        ordered = list(range(1, 9))
    elif _LATENT.search(word):
        ordered = [*heads, *halves, *sizes]
    elif _KERNEL.search(word):
        ordered = sorted({shape[-1] for shape in convolutions})
    elif _CLASSES.search(word):
        ordered = [10, *_differences(sizes), *sizes]
    elif _CHANNELS.search(word):
        ordered = [1, 3, *sorted({size for shape in convolutions for size in shape[:2]})]
    elif _IMAGE.search(word):
        ordered = [*sides, *reversed(sizes)]
    elif _INPUT.search(word):
        ordered = [*reversed(sizes), *sides, 1, 3]
    else:
        ordered = [first, *reversed(sizes), *halves, *sides]
    return list(dict.fromkeys([*ordered, *sizes, *halves]))[:_MOST]


def _sides(tensors: Mapping[str, Tensor]) -> list[int]:
    """Heights of square images that a flat size may stand for, then those in use."""
    flats = {size for tensor in tensors.values() if tensor.dim() <= 2 for size in tensor.shape}
    roots = [math.isqrt(size // c) for size in sorted(flats, reverse=True) for c in (1, 3) if size % c == 0]
    exact = [root for root in roots if root > 7 and (root * root in flats or 3 * root * root in flats)]
    return list(dict.fromkeys([*exact, *_SIDES]))


def _rows(word: str, tensors: Mapping[str, Tensor]) -> list[Any]:
    """Lists of sizes along the network, whole and in part, forwards and backwards; or shapes of an image."""
    if _SHAPE.search(word):
        inputs = [tensor.shape[1] for tensor in tensors.values() if tensor.dim() >= 4][:1] or [1]
        shapes: list[Any] = [(c, side, side) for c in dict.fromkeys([*inputs, 1, 3]) for side in _sides(tensors)]
        flats = [(side, side) for side in _sides(tensors)]
        return [*shapes, *flats][: 2 * _MOST]
    weights = [tensor for name, tensor in tensors.items() if tensor.dim() in (2, 4) and "weight" in name]
    outs = [int(weight.shape[0]) for weight in weights]
    if not outs:
        return []
    whole = [int(weights[0].shape[1]), *outs]
    rows: list[tuple[int, ...]] = []
    for length in range(1, min(len(outs), 8) + 1):
        rows += [tuple(outs[:length]), tuple(whole[: length + 1])]
    rows += _paths(weights)
    for start in range(1, len(outs)):
        for length in range(1, min(len(outs) - start, 7) + 1):
            rows += [tuple(outs[start : start + length])]
    beside = [size - flat for size in whole[:1] for flat in _IMAGES if 1 < size - flat < 100]
    rows += [(row[0] - more, *row[1:]) for more in beside for row in rows[:20] if row[0] == whole[0]]
    both = [row for part in rows for row in (part, part[::-1])]
    return [list(row) for row in dict.fromkeys(both)][: 8 * _MOST]


def _paths(weights: list[Tensor]) -> list[tuple[int, ...]]:
    """Sizes that follow one another from layer to layer, whatever the order of the file."""
    edges = dict.fromkeys((int(weight.shape[1]), int(weight.shape[0])) for weight in weights)
    paths: list[tuple[int, ...]] = list(edges)
    found: list[tuple[int, ...]] = [*paths]
    for _ in range(6):
        paths = [(*path, end) for path in paths for start, end in edges if start == path[-1] and end not in path]
        paths = paths[:_MOST]
        found += paths
    return found


def _differences(sizes: list[int]) -> list[int]:
    """Differences of sizes: what was put beside the data, such as one-hot labels."""
    return sorted({b - a for a in sizes for b in sizes if 1 < b - a <= 1000})[:_MOST]
