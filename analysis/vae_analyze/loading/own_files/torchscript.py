"""TorchScript programs, ours with a card and other people's with methods ``encode`` and ``decode``.

What runs when such a model encodes or decodes is the program in the file, in TorchScript's interpreter: operators on
tensors from a fixed vocabulary (`vae_analyze.loading.own_files.torchscript_guard`), no Python. An endless loop is not
excluded.
"""

from __future__ import annotations

import warnings
from typing import Any, final

import torch
from torch import Tensor, nn

from vae_analyze.errors import CheckpointError
from vae_analyze.loading.card import Loaded
from vae_analyze.loading.files.archive import Archive
from vae_analyze.loading.files.printable import listing, printable
from vae_analyze.loading.format import Format
from vae_analyze.loading.options import LoadOptions
from vae_analyze.loading.own_files.program_card import CARD_RECORD, LARGEST_CARD, ProgramCard
from vae_analyze.loading.own_files.torchscript_foreign import read_foreign
from vae_analyze.loading.own_files.torchscript_guard import check_archive, check_program
from vae_analyze.loading.source import Source
from vae_analyze.loading.state import checked

KIND = "torchscript"
_FORMAT = "use --dtype float32, or save the model as kind='program', which computes in any"


@final
class ScriptCore(nn.Module):
    """Encoder and decoder of a TorchScript module: a `vae_analyze.loading.settling.convention.Core`.

    Args:
        module: From ``torch.jit.load``, with methods ``encode`` and ``decode``.
        input_shape: Shape of one sample.
        latent_shape: Shape of one code.
    """

    def __init__(self, module: Any, *, input_shape: tuple[int, ...], latent_shape: tuple[int, ...]) -> None:
        super().__init__()
        self.module = module
        self._input_shape = input_shape
        self._latent_shape = latent_shape

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Shape of one sample."""
        return self._input_shape

    @property
    def latent_shape(self) -> tuple[int, ...]:
        """Shape of one code."""
        return self._latent_shape

    def outputs(self, x: Tensor, labels: Tensor | None) -> tuple[Tensor, ...]:
        """The mean and the log variance, or the mean alone."""
        made = called(self.module.encode, x, labels)
        return (made,) if isinstance(made, Tensor) else tuple(made)

    def decoded(self, z: Tensor, labels: Tensor | None) -> Tensor:
        """Data."""
        made: Tensor = called(self.module.decode, z, labels)
        return made


def called(method: Any, value: Tensor, labels: Tensor | None) -> Any:
    """What a TorchScript method gives, computed step by step, as the network would: no fusing, no re-ordering.

    Raises:
        CheckpointError: It gives another number format than it is given.
    """
    with torch.jit._fuser.optimized_execution(should_optimize=False):
        try:
            made = method(value) if labels is None else method(value, labels.to(value.device))
        except RuntimeError as error:
            if value.dtype == torch.float32:
                raise
            raise CheckpointError(
                f"the TorchScript program fails on {value.dtype}, its number format may be part of it: "
                f"{printable(str(error).strip().splitlines()[-1])}",
                hint=_FORMAT,
            ) from error
    first = made[0] if isinstance(made, (tuple, list)) and made else made
    if isinstance(first, Tensor) and first.is_floating_point() and first.dtype != value.dtype:
        raise CheckpointError(
            f"the TorchScript program computes in {first.dtype} although it is given {value.dtype}",
            hint=_FORMAT,
        )
    return made


def open_script(source: Source) -> tuple[Any, ProgramCard | None]:
    """The module in a TorchScript archive, and our card in it or None; only after both were looked at.

    Raises:
        CheckpointError: Damaged, or it does what a network has no use for.
    """
    where = source.shown
    with Archive(source.path) as archive:
        check_archive(archive, where)
        record = next((name for name in archive.names if name.endswith(f"/extra/{CARD_RECORD}")), "")
        if record and archive.size(record) > LARGEST_CARD:
            raise CheckpointError(f"{where}: the card has {archive.size(record):,} bytes")
        card = ProgramCard.from_json(archive.bytes(record).numpy().tobytes(), KIND) if record else None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            module = torch.jit.load(str(source.path), map_location="cpu")  # type: ignore[no-untyped-call]
    except Exception as error:  # a damaged or hostile archive makes torch raise almost anything
        raise CheckpointError(
            f"{where} cannot be read as a TorchScript program: {printable(str(error).strip(), limit=200)}",
            hint="the file is damaged, or of another version of torch; get it again",
        ) from error
    check_program(module, where)
    weights = {name: value for name, value in module.named_parameters() if value.is_floating_point()}
    if weights:
        checked(weights, where=where)
    return module, card


def _recognise(source: Source) -> bool:
    if source.folder or not source.head.startswith(b"PK"):
        return False
    try:
        with Archive(source.path) as archive:
            return any(name.endswith("/constants.pkl") for name in archive.names) and any(
                "/code/" in name for name in archive.names
            )
    except CheckpointError:
        return False


def _read(source: Source, options: LoadOptions) -> Loaded:
    module, card = open_script(source)
    module.eval()
    if card is None:
        return read_foreign(module, source, options)
    lacking = [name for name in ("encode", "decode") if name not in module._c._method_names()]
    if lacking:
        found = listing([printable(name) for name in module._c._method_names()], most=8) or "none"
        raise CheckpointError(
            f"{source.shown}: expected a TorchScript program with encode and decode, found methods {found}",
            hint="write the file again with vae_analyze.save(...)",
        )
    module.float()
    core = ScriptCore(module, input_shape=card.input_shape, latent_shape=card.latent_shape)
    return Loaded(card.model(core), card.loaded_card(source, options, form=TORCHSCRIPT.name))


TORCHSCRIPT = Format(
    name="TorchScript",
    description="a file of torch.jit.save with methods encode and decode, with our card or without",
    recognise=_recognise,
    read=_read,
)
