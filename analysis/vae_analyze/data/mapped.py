"""Any map-style torch dataset, as data addressed by sample index."""

from __future__ import annotations

import hashlib
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple, final

import numpy as np

from vae_analyze.data.dataset import Factor, Samples
from vae_analyze.data.index import checked_index
from vae_analyze.data.layout import channels_first
from vae_analyze.data.values import checked_values, known_range
from vae_analyze.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["MappedDataset"]


class _Item(NamedTuple):
    x: NDArray[Any]
    label: int | None


class _Scan(NamedTuple):
    fingerprint: str
    n_classes: int


@final
class MappedDataset:
    """A torch dataset with ``len`` and ``[i]``, whose items are ``x`` or ``(x, y)``.

    ``x`` is a tensor, an array or a Pillow image: ``(features,)``, ``(h, w)``, ``(c, h, w)`` or ``(h, w, c)``,
    uint8 or floating point in [0, 1]; ``y`` is a class number from 0. Names of classes come from its ``classes``, as
    in torchvision. The fingerprint, and the number of classes where they have no names, take one pass over all items.

    Args:
        source: The torch dataset.
        name: The spec that makes it again.

    Raises:
        DataError: No length, no items, items of another form, or items that differ from one look to the next.
    """

    def __init__(self, source: Any, *, name: str) -> None:
        self._source = source
        self._name = name
        try:
            self._length = len(source)
            source.__getitem__  # noqa: B018 - the look-up alone says whether items can be had by index
        except (TypeError, AttributeError, NotImplementedError) as error:
            raise DataError(
                f"expected {name} to return a map-style torch dataset with len() and [i], "
                f"found {type(source).__name__}",
                hint="return a torch.utils.data.Dataset with __len__ and __getitem__ (a TensorDataset will do)",
            ) from error
        if not self._length:
            raise DataError(f"expected at least one sample in {name}, found none")
        first, again = self._item(0), self._item(0)
        if first.x.shape != again.x.shape or not np.array_equal(first.x, again.x, equal_nan=first.x.dtype.kind == "f"):
            raise DataError(
                f"expected the same sample 0 of {name} at every look, found two different ones",
                hint="return the dataset without random transforms",
            )
        self._shape = first.x.shape
        self._dtype = first.x.dtype
        self._labelled = first.label is not None

    @property
    def name(self) -> str:
        """The spec that makes the data again."""
        return self._name

    @property
    def description(self) -> str:
        """One line for people."""
        named = "with labels" if self._labelled else "no labels"
        return f"{len(self):,} samples of a {type(self._source).__name__} made by {self._name}, {named}"

    @property
    def input_shape(self) -> tuple[int, ...]:
        """``(c, h, w)`` for images, ``(features,)`` for vectors."""
        return tuple(self._shape)

    @property
    def value_range(self) -> tuple[float, float] | None:
        """(0, 1) for images and for 8-bit data, else None."""
        return known_range(self._dtype, images=len(self._shape) == 3)

    @property
    def fingerprint(self) -> str:
        """SHA-256 (hex) of every sample and label as read, and of the names of the classes; one pass over all."""
        return self._scan.fingerprint

    @cached_property
    def label_names(self) -> tuple[str, ...] | None:
        """The source's ``classes`` if it has them, else the class numbers; None when there are no labels."""
        if not self._labelled:
            return None
        return self._said_classes or tuple(str(i) for i in range(self._scan.n_classes))

    @property
    def factors(self) -> tuple[Factor, ...] | None:
        """None: a torch dataset says nothing about factors."""
        return None

    def __len__(self) -> int:
        return int(self._length)

    def read(self, index: Sequence[int] | NDArray[np.int64], /) -> Samples:
        """The samples at these indices, in this order.

        Raises:
            DataError: An item cannot be had, has another form than the first, or holds values that do not fit.
            IndexError: An index is not in ``range(len(self))``.
        """
        rows = checked_index(index, len(self))
        x = np.zeros((len(rows), *self._shape), dtype=self._dtype)
        labels = np.zeros(len(rows), dtype=np.int64) if self._labelled else None
        for place, row in enumerate(rows.tolist()):
            item = self._item(row)
            if item.x.shape != self._shape or item.x.dtype != self._dtype or (item.label is None) == self._labelled:
                raise DataError(
                    f"expected every sample of {self._name} to be like the first ({self._dtype} {self._shape}), found "
                    f"{item.x.dtype} {item.x.shape} at sample {row}",
                    hint="bring all samples to one shape and type, with or without labels",
                )
            x[place] = item.x
            if labels is not None and item.label is not None:
                labels[place] = item.label
        images = len(self._shape) == 3
        return Samples(index=rows, x=checked_values(x, rows, images=images, source=self._name), labels=labels)

    @property
    def _said_classes(self) -> tuple[str, ...]:
        said = getattr(self._source, "classes", None)
        return tuple(str(name) for name in said) if isinstance(said, (list, tuple)) else ()

    @cached_property
    def _scan(self) -> _Scan:
        state = hashlib.sha256(repr((len(self), self._shape, self._said_classes)).encode())
        n_classes = 0
        for row in range(len(self)):
            found = self.read([row])
            state.update(found.x.astype("<f4", copy=False).tobytes())
            if found.labels is not None:
                state.update(found.labels.astype("<i8").tobytes())
                n_classes = max(n_classes, int(found.labels[0]) + 1)
        return _Scan(state.hexdigest(), n_classes)

    def _item(self, row: int) -> _Item:
        try:
            item = self._source[row]
        except Exception as error:
            raise DataError(
                f"expected sample {row} of {self._name}, its dataset raised {type(error).__name__}: {error}",
                hint="try dataset[i] in Python with that number",
            ) from error
        pair = isinstance(item, (tuple, list))
        x, y = (item[0], item[1] if len(item) > 1 else None) if pair and item else (item, None)
        try:
            values = np.asarray(x)
            label = None if y is None else _class_number(y)
        except (TypeError, ValueError, RuntimeError) as error:
            raise DataError(
                f"expected x or (x, y) at sample {row} of {self._name} with x an array and y a class number from 0, "
                f"found {type(item).__name__}: {error}",
                hint="return tensors on the CPU without gradients, and whole numbers as labels",
            ) from error
        return _Item(channels_first(values[None], source=self._name)[0], label)


def _class_number(y: Any) -> int:
    number = int(y)
    if number != y or number < 0:
        raise ValueError(f"label {y!r}")
    return number
