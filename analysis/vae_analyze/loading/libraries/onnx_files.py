"""Which two ONNX files are the encoder and the decoder of one model, and whether it is safe to run them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import final

from vae_analyze.errors import CheckpointError
from vae_analyze.loading.files.kinds import refuse_foreign
from vae_analyze.loading.files.printable import listing, printable
from vae_analyze.loading.libraries.onnx_graph import OnnxGraph, Value, is_graph, read_graph
from vae_analyze.loading.source import Source

SUFFIX = ".onnx"
# Whole words first: what is found with the first pair of words is not looked for with the next.
_WORDS = (("encoder", "decoder"), ("Encoder", "Decoder"), ("ENCODER", "DECODER"), ("enc", "dec"), ("Enc", "Dec"))
_MOST_FILES = 200
# What onnxruntime brings itself; operations of any other domain would have to be loaded from a shared library.
_DOMAINS = frozenset({"", "ai.onnx.ml", "com.microsoft"})
# These two read other files or run Python.
_REFUSED = frozenset({("com.microsoft", "EPContext"), ("com.microsoft", "PyOp")})
_TWO_FILES = (
    "export two files, encoder.onnx from the data to mean and log variance and decoder.onnx from a code to data: "
    "torch.onnx.export of two small modules that call model.encode and model.decode"
)


@final
@dataclass(frozen=True, slots=True)
class Pair:
    """The two files of one model."""

    encoder: Path
    decoder: Path


def holds_graphs(source: Source) -> bool:
    """Whether a source is an ONNX file, or a folder with such files."""
    if source.folder:
        return bool(_files(source.path))
    return source.path.suffix.lower() == SUFFIX or is_graph(source.path, source.head)


def pair_of(source: Source) -> Pair:
    """The encoder and the decoder that a path stands for: a folder with both, or one of the two files.

    Raises:
        CheckpointError: One of them is missing, or there are several pairs; names what is there.
    """
    return _in_folder(source) if source.folder else _beside(source)


def safe_graph(path: Path) -> OnnxGraph:
    """What a file says of itself, if it may be run.

    Raises:
        CheckpointError: It is no ONNX file, or running it would load a library or read files from elsewhere.
    """
    with path.open("rb") as file:
        refuse_foreign_named(path, file.read(4096))
    graph = read_graph(path)
    where = printable(path, limit=300)
    if not graph.nodes and not graph.outputs:
        raise CheckpointError(f"expected an ONNX model, found other bytes: {where}", hint=_TWO_FILES)
    strange = sorted(
        f"{printable(domain, limit=40) or 'ai.onnx'}.{printable(name, limit=40)}"
        for domain, name in graph.operations
        if domain not in _DOMAINS or (domain, name) in _REFUSED
    )
    if strange:
        raise CheckpointError(
            f"{where} uses operations of its own, which would have to be loaded from a library: {listing(strange)}. "
            "Nothing was executed",
            hint="export it again with standard operations only",
        )
    if any(node.training for node in graph.nodes):
        raise CheckpointError(
            f"{where} was exported in training mode: its batch normalisation depends on what else is in the batch",
            hint="call model.eval() before torch.onnx.export",
        )
    external_files(path, graph)
    return graph


def refuse_foreign_named(path: Path, head: bytes) -> None:
    """Refuse what is plainly something else under the name of an ONNX file.

    Raises:
        CheckpointError: A Git-LFS pointer, a web page, an archive.
    """
    if head.startswith(b"\x08"):
        return
    if head.startswith((b"PK", b"\x80")):
        kind = "a zip archive, such as torch.save writes" if head.startswith(b"PK") else "a pickle"
        raise CheckpointError(
            f"expected an ONNX model, found {kind}: {printable(path, limit=300)}",
            hint="rename it to .pt if torch wrote it",
        )
    if head[:1] not in (b"\x12", b"\x1a", b"\x22", b"\x2a", b"\x32", b"\x3a", b"\x42"):
        refuse_foreign(path, head)


def external_files(path: Path, graph: OnnxGraph) -> dict[str, Path]:
    """The files with weights that a graph names, by the name that it gives them.

    Raises:
        CheckpointError: One is not there, or lies outside the folder of the graph.
    """
    folder = path.parent.resolve()
    found = {}
    for name in graph.external:
        where = path.parent / name
        shown = printable(name, limit=100)
        try:
            inside = not Path(name).is_absolute() and ".." not in Path(name.replace("\\", "/")).parts
            inside = inside and bool(name) and where.resolve().is_relative_to(folder)
            there = inside and where.is_file()
        except (OSError, ValueError):
            inside = there = False
        if not inside:
            raise CheckpointError(
                f"{printable(path, limit=300)} names a file outside its folder for its weights: {shown!r}. "
                "Nothing was read from it",
                hint="do not trust this file; if it is your own, put the weights beside it and export it again",
            )
        if not there:
            raise CheckpointError(
                f"{printable(path, limit=300)} keeps weights in {shown!r}, which is not beside it",
                hint="copy that file to the same folder",
            )
        found[name] = where
    return found


def shown_values(values: tuple[Value, ...]) -> str:
    """Names and shapes, for a message."""
    return listing([f"{printable(value.name, limit=40)} {_dims(value)}" for value in values], most=6) or "nothing"


def _dims(value: Value) -> str:
    return "(" + ", ".join("n" if size is None else str(size) for size in value.dims) + ")"


def _files(folder: Path) -> list[Path]:
    """The ONNX files in a folder, or else in its subfolders."""
    try:
        near = sorted(folder.glob(f"*{SUFFIX}"))
        return (near or sorted(folder.glob(f"*/*{SUFFIX}")))[:_MOST_FILES]
    except OSError:
        return []


def _in_folder(source: Source) -> Pair:
    files = _files(source.path)
    names = {file.relative_to(source.path).as_posix(): file for file in files}
    exact = [name for name in names if Path(name).stem == "encoder"]
    pairs = _pairs(names, exact) or _pairs(names, list(names))
    if len(pairs) == 1:
        return pairs[0]
    held = listing([printable(name) for name in names], most=8)
    if pairs:
        raise CheckpointError(
            f"{source.shown} holds {len(pairs)} pairs of encoder and decoder: {held}",
            hint="name the encoder's file of the pair that you mean",
        )
    encoders = [file for name, file in names.items() if "encod" in name.lower()]
    decoders = [file for name, file in names.items() if "decod" in name.lower()]
    if len(encoders) == len(decoders) == 1 and encoders != decoders:
        return Pair(encoders[0], decoders[0])
    raise CheckpointError(
        f"expected an encoder and a decoder in {source.shown}, found {held}",
        hint=f"name them encoder.onnx and decoder.onnx; {_TWO_FILES}",
    )


def _pairs(names: dict[str, Path], candidates: list[str]) -> list[Pair]:
    for one, other in _WORDS:
        found = [
            Pair(names[name], names[partner])
            for name in candidates
            if one in name and (partner := name.replace(one, other)) in names
        ]
        if found:
            return found
    return []


def _beside(source: Source) -> Pair:
    path = source.path
    for one, other in _WORDS:
        for mine, theirs in ((one, other), (other, one)):
            partner = _renamed(path, mine, theirs)
            if partner is not None and partner.is_file():
                return Pair(path, partner) if mine == one else Pair(partner, path)
    graph = safe_graph(path)
    raise CheckpointError(
        f"expected the encoder and the decoder of one model, found only {source.shown}, which takes "
        f"{shown_values(graph.inputs)} and gives {shown_values(graph.outputs)}; no file beside it is named as its "
        "other half",
        hint=_TWO_FILES,
    )


def _renamed(path: Path, mine: str, theirs: str) -> Path | None:
    """The partner's path: another word in the file's name, or else in its folder's."""
    if mine in path.name:
        return path.with_name(path.name.replace(mine, theirs))
    folder = path.absolute().parent
    if mine in folder.name:
        return folder.with_name(folder.name.replace(mine, theirs)) / path.name
    return None
