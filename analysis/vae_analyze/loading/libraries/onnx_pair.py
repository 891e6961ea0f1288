"""An encoder and a decoder exported to ONNX, in two files; run by onnxruntime on the CPU, without gradients."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import final

import torch
from torch import Tensor

from vae_analyze.errors import CheckpointError
from vae_analyze.loading.card import Assumption, Card, Loaded
from vae_analyze.loading.files.printable import listing, printable
from vae_analyze.loading.format import Format
from vae_analyze.loading.libraries.onnx_core import OnnxCore, Side, made_up
from vae_analyze.loading.libraries.onnx_files import external_files, holds_graphs, pair_of, safe_graph, shown_values
from vae_analyze.loading.libraries.onnx_graph import OnnxGraph, Value
from vae_analyze.loading.libraries.onnx_layout import data_shape
from vae_analyze.loading.libraries.onnx_outputs import Answers, Chosen, decoded_output, posterior_outputs
from vae_analyze.loading.libraries.onnx_session import FLOATS, KINDS, Feed, OnnxSession
from vae_analyze.loading.options import LoadOptions, fingerprint
from vae_analyze.loading.settling.convention import ConditionalConventional, Conventional
from vae_analyze.loading.settling.evidence import Evidence
from vae_analyze.loading.settling.settle import Known, settle
from vae_analyze.loading.source import Source

_SAMPLES = 3
_LABELS = re.compile(r"label|class|cond|one_?hot|target|^[yc]$")
_INTEGERS = (6, 7)


@final
class _Half:
    """One of the two files while it is found out how to run it."""

    def __init__(self, path: Path, what: str) -> None:
        self.path = path
        self.shown = printable(path.name)
        self.graph = safe_graph(path)
        self.main, self.labels = _inputs(self.graph, path, what)
        self.floats = tuple(value for value in self.graph.outputs if value.kind in FLOATS)
        if not self.floats:
            raise CheckpointError(
                f"expected floating point outputs of {self.shown}, found {shown_values(self.graph.outputs)}",
                hint="export an encoder to mean and log variance, and a decoder to data",
            )
        fixed = _value(self.graph, self.main).dims[0]
        self.session = OnnxSession(path, tuple(value.name for value in self.floats), batch=fixed or 0)
        self.batch_source = f"{self.shown} takes exactly {fixed}" if fixed else ""

    def answers(self, side: Side, value: Tensor) -> Answers:
        """What it gives for a few values, twice; one by one where it cannot take them at once."""
        told = _any_labels(side, len(value))
        if not self.session.batch:
            self._settle_batch(side, value, told)
        first, again = side.run(value, told), side.run(value, told)
        names = tuple(output.name for output in self.floats)
        return Answers(names=names, first=first, again=again, drawn=self.graph.drawn())

    def _settle_batch(self, side: Side, value: Tensor, told: Tensor | None) -> None:
        """Some graphs have the length of the exported batch built in although they accept any."""
        try:
            together = side.run(value, told)
        except CheckpointError:
            together = ()
        self.session.batch = 1
        singly = side.run(value, told)
        drawn = self.graph.drawn()
        same = [
            one.shape == other.shape and torch.allclose(one, other, rtol=1e-3, atol=1e-4, equal_nan=True)
            for output, one, other in zip(self.floats, together, singly, strict=bool(together))
            if output.name not in drawn
        ]
        if together and all(same):
            self.session.batch = 0
        else:
            self.batch_source = f"{self.shown} gives other answers, or none, for several samples at once"


def _recognise(source: Source) -> bool:
    return holds_graphs(source)


def _read(source: Source, options: LoadOptions) -> Loaded:
    pair = pair_of(source)
    encoder, decoder = _Half(pair.encoder, "samples"), _Half(pair.decoder, "codes")
    decoded = next((value.dims[1:] for value in decoder.floats), ())
    shape = data_shape(encoder.main.dims, decoded, options.evidence)
    encode = Side(session=encoder.session, main=encoder.main, labels=encoder.labels, layout=shape.layout)
    decode = Side(session=decoder.session, main=decoder.main, labels=decoder.labels)
    answers = encoder.answers(encode, _samples(options.evidence, shape.shape))
    chosen = posterior_outputs(answers, decoder.main.dims, lambda code: _runs(decode, code))
    codes = made_up(_SAMPLES, chosen.latent_shape, uniform=False)
    output = decoded_output(decoder.answers(decode, codes), shape.shape)
    encoder.session.outputs, decoder.session.outputs = chosen.names, (output,)
    core = OnnxCore(encode, decode, input_shape=shape.shape, latent_shape=chosen.latent_shape, codes=chosen.codes)
    settled = settle(core, options, known=_known(core, chosen, decoder.graph, output))
    said = (
        Assumption(what="input shape", value=str(shape.shape), source=shape.source),
        *_layout(shape.layout, encoder),
        Assumption(what="encoder outputs used", value=_named(chosen.names), source="size of the code, and no draws"),
        *_left(chosen, encoder.graph),
        *(_batch(half) for half in (encoder, decoder) if half.session.batch),
        *_runtime(encoder, options),
    )
    conditional = settled.convention.labels != "none"
    wrapper = ConditionalConventional if conditional else Conventional
    card = Card(
        name=options.name or source.stem,
        architecture=f"ONNX: encoder {_operations(encoder.graph)}; decoder {_operations(decoder.graph)}",
        input_shape=core.input_shape,
        latent_shape=core.latent_shape,
        fingerprint=fingerprint(_files(encoder) | _files(decoder, "decoder"), options, settled=settled.choices),
        path=str(source.path),
        format=ONNX.name,
        deterministic=settled.convention.second == "none",
        gradients=False,
        conditional=conditional,
        parameters=encoder.graph.parameters + decoder.graph.parameters,
        details={"exported by": encoder.graph.producer, "encoder": encoder.shown, "decoder": decoder.shown},
        assumptions=(*said, *settled.assumptions),
        warnings=_warnings(chosen),
    )
    return Loaded(wrapper(core, settled.convention, value_range=settled.value_range), card)


def _inputs(graph: OnnxGraph, path: Path, what: str) -> tuple[Feed, Feed | None]:
    """The input of samples or codes, and that of labels."""
    main = [value for value in graph.inputs if value.kind in FLOATS]
    labels = [value for value in graph.inputs if value.kind in _INTEGERS]
    if len(main) == 2 and not labels:
        labels = [value for value in main if _LABELS.search(value.name.lower())]
        main = [value for value in main if value not in labels]
    if len(main) != 1 or len(labels) > 1 or len(main) + len(labels) != len(graph.inputs) or len(main[0].dims) < 2:
        raise CheckpointError(
            f"expected {printable(path, limit=300)} to take {what} as floating point numbers (n, ...), and at most "
            f"labels beside them; it takes {shown_values(graph.inputs)}",
            hint="export it with one input, or write an adapter file (--adapter FILE.py)",
        )
    return _feed(main[0]), _feed(labels[0]) if labels else None


def _feed(value: Value) -> Feed:
    return Feed(name=value.name, kind=value.kind, dims=value.dims[1:])


def _value(graph: OnnxGraph, feed: Feed) -> Value:
    return next(value for value in graph.inputs if value.name == feed.name)


def _samples(evidence: Evidence | None, shape: tuple[int, ...]) -> Tensor:
    x = None if evidence is None else evidence.at(shape)
    return x[:_SAMPLES] if x is not None and len(x) >= _SAMPLES else made_up(_SAMPLES, shape, uniform=True)


def _any_labels(side: Side, count: int) -> Tensor | None:
    if side.labels is None:
        return None
    if not KINDS[side.labels.kind].is_floating_point:
        return torch.zeros(count, dtype=torch.int64)
    return torch.zeros(count, _classes(side.labels)).index_fill_(1, torch.tensor([0]), 1.0)


def _classes(feed: Feed) -> int:
    if len(feed.dims) == 1 and feed.dims[0]:
        return feed.dims[0]
    raise CheckpointError(
        f"expected one-hot labels (n, classes) as input {printable(feed.name)}, found sizes {feed.dims}",
        hint="export it with the number of classes as a fixed size",
    )


def _runs(decode: Side, code: tuple[int, ...]) -> bool:
    try:
        decode.run(torch.zeros(decode.session.batch or 1, *code), _any_labels(decode, decode.session.batch or 1))
    except CheckpointError:
        return False
    return True


def _known(core: OnnxCore, chosen: Chosen, decoder: OnnxGraph, output: str) -> Known:
    feed = core.decoder.labels or core.encoder.labels
    sigmoid = decoder.last_operation(output) == "Sigmoid"
    return Known(
        output="prob" if sigmoid else None,
        labels=core.labels,
        classes=_classes(feed) if feed is not None and core.labels == "onehot" else None,
        names=chosen.names if len(chosen.names) == 2 else (),
        source="the graph's inputs and last operation" if sigmoid else "the graph's inputs",
    )


def _layout(layout: str, encoder: _Half) -> tuple[Assumption, ...]:
    if layout == "as data":
        return ()
    shown = shown_values((_value(encoder.graph, encoder.main),))
    return (Assumption(what="layout of samples", value=layout, source=f"the encoder's input {shown}"),)


def _left(chosen: Chosen, graph: OnnxGraph) -> tuple[Assumption, ...]:
    found = []
    if chosen.left:
        found.append(Assumption(what="encoder outputs not used", value=_named(chosen.left), source="the graph"))
    random = sorted({node.op for node in graph.nodes if node.random})
    if random:
        value = f"not used: mean and second output do not depend on {listing([printable(op) for op in random])}"
        found.append(Assumption(what="random draws in the encoder", value=value, source="the graph's connections"))
    return tuple(found)


def _batch(half: _Half) -> Assumption:
    size = half.session.batch
    value = f"{size} at a time" if size == 1 else f"{size} at a time, the last ones filled up"
    return Assumption(what=f"batches of {half.shown}", value=value, source=half.batch_source)


def _runtime(encoder: _Half, options: LoadOptions) -> tuple[Assumption, ...]:
    kind = KINDS[encoder.main.kind]
    found = []
    if torch.device(options.device).type != "cpu":
        found.append(Assumption(what="device", value="cpu", source=f"onnxruntime, whatever --device {options.device}"))
    if kind != options.dtype:
        source = f"the graph; {_plain(options.dtype)} inputs are converted"
        found.append(Assumption(what="number format", value=_plain(kind), source=source))
    return tuple(found)


def _plain(kind: torch.dtype) -> str:
    return str(kind).removeprefix("torch.")


def _warnings(chosen: Chosen) -> tuple[str, ...]:
    if chosen.codes == "mean" and chosen.draws:
        return (
            f"the encoder draws codes ({_named(chosen.draws)}) but does not give their variance: what needs a "
            "posterior cannot be measured; export the log variance as well",
        )
    return ()


def _named(names: tuple[str, ...]) -> str:
    return listing([printable(name, limit=40) for name in names], most=6)


def _operations(graph: OnnxGraph) -> str:
    counts = Counter(printable(node.op, limit=30) for node in graph.nodes)
    return listing([name if count == 1 else f"{count} {name}" for name, count in counts.most_common()], most=5)


def _files(half: _Half, role: str = "encoder") -> dict[str, Path]:
    beside = external_files(half.path, half.graph)
    return {role: half.path} | {f"{role}: {name}": path for name, path in beside.items()}


ONNX = Format(
    name="onnx",
    description="a folder with encoder.onnx and decoder.onnx, or one of the two files",
    recognise=_recognise,
    read=_read,
)
