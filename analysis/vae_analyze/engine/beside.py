"""Another model beside the one under analysis, on the same data; nothing that its file contains is executed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, final

from vae_analyze.engine.evidence import evidence_of
from vae_analyze.errors import AnalyzerError, CheckpointError, VaeAnalyzeError

if TYPE_CHECKING:
    from torch import Tensor

    from vae_analyze.engine.session import Session
    from vae_analyze.loading.card import Card, Loaded
    from vae_analyze.vae import DiagonalGaussian

_LOADED: dict[tuple[object, ...], Loaded] = {}  # the last one: it is asked for in every shard


@final
class OtherModel:
    """The other model, to be called as the engine calls any.

    Args:
        loaded: On the device of the model under analysis.
        session: Of that model.
    """

    def __init__(self, loaded: Loaded, session: Session) -> None:
        self.card: Card = loaded.card
        self.same = loaded.card.fingerprint == session.loaded.card.fingerprint
        self._evaluator = session.evaluator(of=loaded)

    @property
    def doubts(self) -> tuple[str, ...]:
        """What looks wrong with it, other than having no posterior."""
        from vae_analyze.loading.verifying.doubts import AUTOENCODER

        return tuple(text for text in self.card.warnings if text != AUTOENCODER)

    def encode(self, x: Tensor, labels: Tensor | None) -> DiagonalGaussian:
        """Posteriors of ``x``, ``(n, *input_shape)``."""
        try:
            return self._evaluator.encode(x, labels)
        except Exception as error:  # a foreign model may fail in any way; whose failure it is must be said
            raise self._failed("encode", error) from error

    def decode(self, z: Tensor, labels: Tensor | None) -> Tensor:
        """Decoded means of ``z``, ``(n, *its latent_shape)``."""
        try:
            return self._evaluator.decode(z, labels)
        except Exception as error:  # likewise
            raise self._failed("decode", error) from error

    def _failed(self, method: str, error: Exception) -> AnalyzerError:
        said = error.message if isinstance(error, VaeAnalyzeError) else f"{type(error).__name__}: {error}"
        return AnalyzerError(f"{self.card.path}: {method} fails: {said}", hint="name another model")


def beside(path: str, session: Session) -> OtherModel:
    """The model of a checkpoint: same device, same number format, settled and verified by the same data.

    Raises:
        CheckpointError: It cannot be loaded without further words, takes samples of another shape, or needs labels that
            the data do not have.
    """
    if not Path(path).exists():
        raise CheckpointError(f"{path}: there is no such file or folder", hint="give the path of a checkpoint")
    stamp = Path(path).stat()
    settings = session.settings
    where = (str(Path(path).resolve()), stamp.st_mtime_ns, stamp.st_size)
    key = (*where, session.data.fingerprint, settings.device, settings.dtype)
    if key not in _LOADED:
        loaded = _load(path, session)
        _LOADED.clear()
        _LOADED[key] = loaded
    return OtherModel(_LOADED[key], session)


def _load(path: str, session: Session) -> Loaded:
    from vae_analyze.loading.load import load, verified

    evidence = evidence_of(session.data)
    try:
        loaded = load(path, device=session.settings.device, dtype=session.dtype, evidence=evidence)
        loaded = verified(loaded, evidence)
    except VaeAnalyzeError as error:
        words = f" ({error.hint})" if error.hint else ""
        raise CheckpointError(
            f"{path}: {error.message}",
            hint=f"it must load without further words; `vae-analyze inspect {path}` shows what it is{words}",
        ) from error
    wanted, found = tuple(session.data.input_shape), tuple(loaded.card.input_shape)
    if wanted != found:
        raise CheckpointError(
            f"{path}: expected a model of samples of shape {wanted}, found one of {found}",
            hint="name a model of the same data at the same size",
        )
    if loaded.card.conditional and session.data.label_names is None:
        raise CheckpointError(
            f"{path}: it needs a label per sample, and {session.data.name} has none",
            hint="name a model that needs none, or analyse labelled data",
        )
    return loaded
