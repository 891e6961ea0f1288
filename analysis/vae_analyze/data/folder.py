"""A folder of image files, read one by one when they are asked for."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple, final

import numpy as np

from vae_analyze.data.dataset import Factor, Samples
from vae_analyze.data.digest import digest_files
from vae_analyze.data.index import checked_index
from vae_analyze.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

__all__ = ["IMAGE_SUFFIXES", "FolderDataset"]

IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp", ".pgm", ".ppm", ".gif")

_GREY_MODES = ("1", "L", "LA")
_DEEP_MODES = ("I", "I;16", "I;16B", "I;16L")
_DEEP_WHITE = 65535.0


class _Header(NamedTuple):
    width: int
    height: int
    mode: str


@final
class FolderDataset:
    """Image files of one size, in order of name; subfolders are classes when there are no images beside them.

    All are grey when every file is grey (8 or 16 bit), else all are RGB; transparency is dropped. Only the headers are
    read at first.

    Args:
        folder: The folder.
        name: The spec that opens it again.

    Raises:
        DataError: No images, images both beside and inside subfolders, unreadable files, or unequal sizes.
    """

    def __init__(self, folder: Path, *, name: str) -> None:
        self._folder = folder
        self._name = name
        inside = {sub.name: _images(sub) for sub in _visible(folder) if sub.is_dir()}
        classes = {key: files for key, files in inside.items() if files}
        flat = _images(folder)
        if flat and classes:
            raise DataError(
                f"expected images in {folder} or in its subfolders, found {len(flat)} in it and some in "
                f"{next(iter(classes))}",
                hint="move the images into subfolders (one per class), or name one of the folders",
            )
        self._files = flat or [path for files in classes.values() for path in files]
        if not self._files:
            raise DataError(
                f"expected image files ({', '.join(IMAGE_SUFFIXES)}) in {folder} or one level of subfolders, "
                "found none",
                hint="name the folder that holds the images, or an .npz, .npy or IDX file",
            )
        self._label_names = tuple(classes) if classes else None
        counts = [len(files) for files in classes.values()]
        self._labels = np.repeat(np.arange(len(counts), dtype=np.int64), counts) if classes else None
        headers = [_header(path) for path in self._files]
        self._check_sizes(headers)
        self._height, self._width = headers[0].height, headers[0].width
        self._grey = all(header.mode in (*_GREY_MODES, *_DEEP_MODES) for header in headers)

    def _check_sizes(self, headers: list[_Header]) -> None:
        first = headers[0]
        for path, header in zip(self._files, headers, strict=True):
            if header[:2] != first[:2]:
                raise DataError(
                    f"expected images of one size in {self._folder}, found {first.width}x{first.height} "
                    f"({self._files[0].name}) and {header.width}x{header.height} ({path.name})",
                    hint="crop or resize them to one size first",
                )

    @property
    def name(self) -> str:
        """The spec that opens the folder again."""
        return self._name

    @property
    def description(self) -> str:
        """One line for people."""
        kind = "grey" if self._grey else "colour"
        named = "no labels" if self._label_names is None else f"{len(self._label_names)} classes from subfolders"
        return f"{len(self):,} {kind} images of the folder {self._folder.name}, {named}"

    @property
    def input_shape(self) -> tuple[int, ...]:
        """``(1, h, w)`` when every file is grey, else ``(3, h, w)``."""
        return (1 if self._grey else 3, self._height, self._width)

    @property
    def value_range(self) -> tuple[float, float] | None:
        """(0, 1)."""
        return (0.0, 1.0)

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 (hex) of the files' bytes and of their names within the folder."""
        return digest_files((path.relative_to(self._folder).as_posix(), path) for path in self._files)

    @property
    def label_names(self) -> tuple[str, ...] | None:
        """Names of the subfolders, or None."""
        return self._label_names

    @property
    def factors(self) -> tuple[Factor, ...] | None:
        """None: a folder says nothing about factors."""
        return None

    def __len__(self) -> int:
        return len(self._files)

    def read(self, index: Sequence[int] | NDArray[np.int64], /) -> Samples:
        """The samples at these indices, in this order.

        Raises:
            DataError: A file cannot be decoded.
            IndexError: An index is not in ``range(len(self))``.
        """
        rows = checked_index(index, len(self))
        x = np.zeros((len(rows), *self.input_shape), dtype=np.float32)
        for place, row in enumerate(rows.tolist()):
            x[place] = self._decoded(self._files[row])
        return Samples(index=rows, x=x, labels=None if self._labels is None else self._labels[rows])

    def _decoded(self, path: Path) -> NDArray[np.float32]:
        from PIL import Image

        try:
            with Image.open(path) as image:
                deep = image.mode in _DEEP_MODES
                values: NDArray[Any] = np.asarray(image if deep else image.convert("L" if self._grey else "RGB"))
        except (OSError, ValueError, SyntaxError) as error:
            raise _undecodable(path, error) from error
        grey = values.astype(np.float32) / np.float32(_DEEP_WHITE if deep else 255.0)
        if grey.shape[:2] != (self._height, self._width) or grey.max() > 1.0 or grey.min() < 0.0:
            raise DataError(
                f"expected {path} to hold {self._width}x{self._height} pixels of 8 or 16 bit, found "
                f"{values.shape[1]}x{values.shape[0]} from {values.min()} to {values.max()}",
                hint="save it as 8-bit PNG",
            )
        return np.moveaxis(np.atleast_3d(grey), 2, 0)


def _visible(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if not path.name.startswith("."))


def _images(folder: Path) -> list[Path]:
    return [path for path in _visible(folder) if path.is_file() and path.suffix.lower() in IMAGE_SUFFIXES]


def _header(path: Path) -> _Header:
    from PIL import Image

    try:
        with Image.open(path) as image:
            header = _Header(*image.size, image.mode)
    except (OSError, ValueError, SyntaxError) as error:
        raise _undecodable(path, error) from error
    if header.mode == "F":
        raise DataError(
            f"expected 8 or 16 bits per value in {path}, found floating point",
            hint="save the images as 8-bit PNG, or all of them as one .npz with values in [0, 1]",
        )
    return header


def _undecodable(path: Path, error: Exception) -> DataError:
    return DataError(
        f"expected an image in {path}, could not decode it: {error}", hint="remove the file or save it again as PNG"
    )
