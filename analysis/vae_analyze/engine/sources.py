"""How a worker process gets the model and the data: by loading them itself where it can."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, final

if TYPE_CHECKING:
    from vae_analyze.data.dataset import Dataset
    from vae_analyze.loading.card import Loaded


class ModelSource(Protocol):
    """Something a model can be had from, in any process."""

    def open(self, *, device: str, dtype: str) -> Loaded:
        """The model on a device."""


class DataSource(Protocol):
    """Something data can be had from, in any process."""

    def open(self) -> Dataset:
        """The data."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """A checkpoint by its path: each process loads it, which is faster than sending it."""

    path: str
    options: dict[str, Any] = field(default_factory=dict)

    def open(self, *, device: str, dtype: str) -> Loaded:
        """Load it."""
        from vae_analyze.engine.session import DTYPES
        from vae_analyze.loading.load import load

        return load(self.path, device=device, dtype=DTYPES[dtype], **self.options)


@final
@dataclass(frozen=True, slots=True)
class InMemoryModel:
    """A model that exists only here; it travels by pickling."""

    loaded: Loaded

    def open(self, *, device: str, dtype: str) -> Loaded:
        """Move it."""
        import torch

        from vae_analyze.engine.session import DTYPES

        if isinstance(self.loaded.vae, torch.nn.Module):
            self.loaded.vae.eval().to(device=device, dtype=DTYPES[dtype])
        return self.loaded


def can_travel(loaded: Loaded) -> bool:
    """Whether a model can be sent to another process: not one of a class that only this process knows."""
    import pickle

    try:
        pickle.loads(pickle.dumps(loaded.vae))  # noqa: S301 - our own bytes, made in this line
    except Exception:  # noqa: BLE001 - a foreign class that cannot be pickled raises anything
        return False
    return True


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class NamedData:
    """Data by spec, resized to a model's input if asked.

    Args:
        spec: As for `vae_analyze.open_data`.
        resize: Height and width to resize images to, or None.
    """

    spec: str
    resize: tuple[int, int] | None = None

    def open(self) -> Dataset:
        """Open them."""
        from vae_analyze.data.open import open_data

        return resized(open_data(self.spec), self.resize)


@final
@dataclass(frozen=True, slots=True)
class InMemoryData:
    """Data that exist only here; they travel by pickling."""

    data: Dataset
    resize: tuple[int, int] | None = None

    def open(self) -> Dataset:
        """The data themselves."""
        return resized(self.data, self.resize)


def resized(data: Dataset, size: tuple[int, int] | None) -> Dataset:
    """The data, resized if asked and not of that size already."""
    if size is None or data.input_shape[-2:] == size:
        return data
    from vae_analyze.data.resize import Resized

    return Resized(data, size)
