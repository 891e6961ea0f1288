"""Our own programs: encoder and decoder as lists of torch operators with their weights, in one file, without any code.

An uncompressed zip archive of ``vae-analyze.json`` (the card), ``encode.json`` and ``decode.json``
(`vae_analyze.loading.programs.graph`) and ``weights.safetensors``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, final

import torch
from torch import Tensor, nn

from vae_analyze.errors import CheckpointError
from vae_analyze.loading.card import Loaded
from vae_analyze.loading.files.archive import Archive
from vae_analyze.loading.files.printable import listing, printable
from vae_analyze.loading.files.safetensors_file import packed, unpacked
from vae_analyze.loading.format import Format
from vae_analyze.loading.options import LoadOptions
from vae_analyze.loading.own_files.program_card import CARD_RECORD, LARGEST_CARD, ProgramCard
from vae_analyze.loading.own_files.put import zipped
from vae_analyze.loading.programs.exporting import Exported
from vae_analyze.loading.programs.graph import Graph
from vae_analyze.loading.programs.runner import Runner
from vae_analyze.loading.source import Source
from vae_analyze.loading.state import checked
from vae_analyze.strict_json import dumps, loads

KIND = "program"
_ENCODE, _DECODE, _WEIGHTS = "encode.json", "decode.json", "weights.safetensors"
_LARGEST_GRAPH = 256 << 20
_MOST_NUMBERS = 1 << 31  # held at a time on the way, for two samples
_PARAMETERS = "parameters"


@final
class ProgramCore(nn.Module):
    """Encoder and decoder from stored programs: a `vae_analyze.loading.settling.convention.Core`.

    Args:
        encoder: Gives the mean and the log variance, or the mean alone.
        decoder: Gives data.
        tensors: Weights and constants by name.
        parameters: Names of those that were trained.
        input_shape: Shape of one sample.
        latent_shape: Shape of one code.
    """

    def __init__(
        self,
        encoder: Runner,
        decoder: Runner,
        tensors: Mapping[str, Tensor],
        *,
        parameters: frozenset[str],
        input_shape: tuple[int, ...],
        latent_shape: tuple[int, ...],
    ) -> None:
        super().__init__()
        self._encoder = encoder
        self._decoder = decoder
        self._input_shape = input_shape
        self._latent_shape = latent_shape
        self._names = {f"w{at}": name for at, name in enumerate(tensors)}  # torch allows no dots in its own names
        for key, name in self._names.items():
            value = tensors[name]
            if name in parameters and value.is_floating_point():
                self.register_parameter(key, nn.Parameter(value, requires_grad=False))
            else:
                self.register_buffer(key, value)

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
        return self._run(self._encoder, x, labels)

    def decoded(self, z: Tensor, labels: Tensor | None) -> Tensor:
        """Data."""
        return self._run(self._decoder, z, labels)[0]

    def _run(self, program: Runner, value: Tensor, labels: Tensor | None, *, most: int = 0) -> tuple[Tensor, ...]:
        inputs = [value] if labels is None else [value, labels.to(value.device)]
        weights = {name: getattr(self, key) for key, name in self._names.items()}
        made = program(inputs, weights, most=most)
        if not all(isinstance(value, Tensor) for value in made):
            raise CheckpointError("the program gives something else than tensors", hint="write the file again")
        return made

    def check(self, *, outputs: int, conditional: bool) -> None:
        """Run both programs without numbers, so that shapes are known before anything is computed.

        Args:
            outputs: How many the encoder should give.
            conditional: Whether both take labels.

        Raises:
            CheckpointError: They fail, give other shapes than the card states, or need memory beyond measure.
        """
        blank = type(self)(
            self._encoder,
            self._decoder,
            {name: getattr(self, key).to("meta") for key, name in self._names.items()},
            parameters=frozenset(),
            input_shape=self._input_shape,
            latent_shape=self._latent_shape,
        )
        labels = torch.zeros(2, dtype=torch.int64, device="meta") if conditional else None
        for program, given, expected, count in (
            (self._encoder, self._input_shape, self._latent_shape, outputs),
            (self._decoder, self._latent_shape, self._input_shape, 1),
        ):
            found = blank._tried(program, torch.empty(2, *given, device="meta"), labels)
            if found != [(2, *expected)] * count:
                raise CheckpointError(
                    f"the program gives {found} for {(2, *given)}; the card states {[(2, *expected)] * count}",
                    hint="the file is damaged or was edited by hand; write it again",
                )

    def _tried(self, program: Runner, value: Tensor, labels: Tensor | None) -> list[tuple[int, ...]]:
        if len(program.graph.inputs) != (1 if labels is None else 2):
            raise CheckpointError(
                f"the program takes {len(program.graph.inputs)} inputs, which is not what its card says"
            )
        try:
            with torch.no_grad():
                made = self._run(program, value, labels, most=_MOST_NUMBERS)
        except CheckpointError:
            raise
        except Exception as error:  # operators raise anything on arguments that do not fit
            raise CheckpointError(
                f"the program does not run: {type(error).__name__}: {printable(error, limit=200)}",
                hint="the file is damaged, or was written for another version of torch; write it again",
            ) from error
        return [tuple(value.shape) for value in made]


def program_bytes(card: ProgramCard, encode: Exported, decode: Exported) -> bytes:
    """The file of a model whose encoder and decoder were exported."""
    parameters = sorted(encode.parameters | decode.parameters)
    tensors = encode.tensors | decode.tensors
    weights = packed(tensors, {_PARAMETERS: dumps(parameters, indent=None)})
    return zipped(
        {
            CARD_RECORD: card.to_json(KIND),
            _ENCODE: dumps(encode.graph.to_plain(), indent=None).encode(),
            _DECODE: dumps(decode.graph.to_plain(), indent=None).encode(),
            _WEIGHTS: weights,
        }
    )


def _recognise(source: Source) -> bool:
    start = b"PK\x03\x04"
    return not source.folder and source.head.startswith(start) and source.head[30:].startswith(CARD_RECORD.encode())


def _read(source: Source, options: LoadOptions) -> Loaded:
    where = source.shown
    with Archive(source.path) as archive:
        card = ProgramCard.from_json(_record(archive, CARD_RECORD, where, most=LARGEST_CARD), KIND)
        encoder, decoder = (_runner(archive, name, where) for name in (_ENCODE, _DECODE))
        if archive.size(_WEIGHTS) < 0:
            raise _incomplete(where, _WEIGHTS, archive)
        tensors, texts = unpacked(archive.bytes(_WEIGHTS), where=f"{where}, {_WEIGHTS}")
    parameters = _names(texts)
    _check_weights(tensors, parameters, (encoder, decoder), where)
    core = ProgramCore(
        encoder,
        decoder,
        tensors,
        parameters=parameters,
        input_shape=card.input_shape,
        latent_shape=card.latent_shape,
    )
    core.check(outputs=1 if card.deterministic else 2, conditional=card.classes > 0)
    core.float()
    return Loaded(card.model(core), card.loaded_card(source, options, form=OWN_PROGRAM.name))


def _runner(archive: Archive, name: str, where: str) -> Runner:
    content = _record(archive, name, where, most=_LARGEST_GRAPH)
    try:
        plain = loads(content.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise CheckpointError(
            f"{where}: {name} is not JSON: {printable(error)}", hint="write the file again"
        ) from error
    return Runner(Graph.from_plain(plain, where=f"{where}, {name}"))


def _record(archive: Archive, name: str, where: str, *, most: int) -> bytes:
    size = archive.size(name)
    if size < 0:
        raise _incomplete(where, name, archive)
    if size > most:
        raise CheckpointError(f"{where}: {name} has {size:,} bytes, expected at most {most:,}")
    return archive.bytes(name).numpy().tobytes()


def _incomplete(where: str, name: str, archive: Archive) -> CheckpointError:
    holds = listing([printable(found, limit=40) for found in archive.names], most=8)
    return CheckpointError(f"{where}: expected a record {name}, found {holds}", hint="write the file again")


def _check_weights(
    tensors: dict[str, Tensor], parameters: frozenset[str], programs: tuple[Runner, Runner], where: str
) -> None:
    used = {name for program in programs for name in program.graph.weights}
    missing = sorted(used - tensors.keys())
    if missing:
        names = listing([printable(name, limit=60) for name in missing])
        raise CheckpointError(
            f"{where}: the programs use weights that are missing: {names}", hint="write the file again"
        )
    trained = {name: value for name, value in tensors.items() if name in parameters and value.is_floating_point()}
    if trained:  # constants may be infinite: masks are
        checked(trained, where=where)


def _names(texts: dict[str, str]) -> frozenset[str]:
    try:
        names: Any = loads(texts.get(_PARAMETERS, "[]"))
    except (ValueError, RecursionError):
        names = []
    return frozenset(name for name in names if isinstance(name, str)) if isinstance(names, list) else frozenset()


OWN_PROGRAM = Format(
    name="vae-analyze program",
    description="encoder and decoder as programs in one file, written by vae_analyze.save",
    recognise=_recognise,
    read=_read,
)
