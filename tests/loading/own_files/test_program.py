from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from loading.written_files import rezipped, small_mlp
from vae_analyze.errors import CheckpointError
from vae_analyze.loading.card import Loaded
from vae_analyze.loading.options import LoadOptions
from vae_analyze.loading.own_files.program import OWN_PROGRAM
from vae_analyze.loading.own_files.pt2_file import EXPORTED
from vae_analyze.loading.own_files.saving import save
from vae_analyze.loading.source import Source


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("program") / "a.vae"
    save(small_mlp(), path, kind="program", name="small", details={"run": {"lr": 1e-3}})
    return path


def read(path: Path, **words: Any) -> Loaded:
    source = Source.open(path)
    assert OWN_PROGRAM.recognise(source)
    return OWN_PROGRAM.read(source, LoadOptions(**words))


def changed(whole: Path, tmp_path: Path, record: str, change: Callable[[Any], Any]) -> Path:
    """A copy with one JSON record changed."""

    def new(name: str, content: bytes) -> bytes:
        if name != record:
            return content
        plain = json.loads(content)
        made = change(plain)
        return json.dumps(made if made in ([], "text") else plain).encode()

    return rezipped(whole, tmp_path / "b.vae", new)


def test_the_file_is_an_archive_of_plain_records(whole: Path) -> None:
    with zipfile.ZipFile(whole) as archive:
        assert archive.namelist() == ["vae-analyze.json", "encode.json", "decode.json", "weights.safetensors"]
    card = read(whole).card
    assert card.format == "vae-analyze program"
    assert card.details["run"] == {"lr": 1e-3}
    assert card.parameters == sum(weight.numel() for weight in small_mlp().parameters())


def test_words_about_conventions_have_no_effect_and_that_is_said(whole: Path) -> None:
    assert read(whole, second="std", range=(-1, 1)).card.warnings == (
        "--second, --range had no effect: the file states its own conventions",
    )


def put_op(op: str, *args: Any) -> Callable[[Any], None]:
    """Make the first step another operator."""

    def change(graph: Any) -> None:
        graph["nodes"][0] |= {"op": op, "args": list(args), "kwargs": {}}

    return change


@pytest.mark.parametrize(
    "op",
    [
        "aten.from_file.default",
        "aten.set_.source_Tensor",
        "aten.relu_.default",
        "aten.randn.default",
        "aten._print.default",
        "aten.as_strided.default",
        "aten.embedding_dense_backward.default",
        "quantized.linear.default",
        "os.system",
        "builtins.eval",
        "torch.os.system",
        "aten.__class__.__init__",
        "aten.linear.__call__",
        "aten.linear",
        "getattr",
        "__import__",
        "",
    ],
)
def test_operators_outside_the_vocabulary_are_refused_unrun(whole: Path, tmp_path: Path, op: str) -> None:
    trace = tmp_path / "ran"
    with pytest.raises(CheckpointError, match="expected operators on tensors, found"):
        read(changed(whole, tmp_path, "encode.json", put_op(op, f"touch {trace}")))
    assert not trace.exists()


def test_an_operator_that_torch_does_not_have_is_named(whole: Path, tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"'aten.linear.newer', which torch \d"):
        read(changed(whole, tmp_path, "encode.json", put_op("aten.linear.newer")))


@pytest.mark.parametrize(
    ("record", "change", "said"),
    [
        ("encode.json", lambda g: g.update(nodes=None), "a list of at most"),
        ("encode.json", lambda g: g["nodes"][0].update(args=[{"ref": "later"}]), "computed before they are used"),
        ("encode.json", lambda g: g["nodes"][0].update(args=[{"code": "1"}]), "an argument of a known kind"),
        ("encode.json", lambda g: g["nodes"][0].update(args=[{"dtype": "os"}]), "an argument of a known kind"),
        ("encode.json", lambda g: g["nodes"][0].update(args=[{"ref": "x", "weight": "y"}]), "of a known kind"),
        ("encode.json", lambda g: g["nodes"][0].update(args=[[[[[[[[[[1]]]]]]]]]]), "nested at most"),
        ("encode.json", lambda g: g["nodes"][0].update(args=[1 << 70]), "whole numbers of 64 bits"),
        ("encode.json", lambda g: g["nodes"][0].update(args=["a" * 999]), "texts of at most"),
        ("encode.json", lambda g: g["nodes"][0].update(args="x"), "a step with args and kwargs"),
        ("encode.json", lambda g: g["nodes"][1].update(name=g["nodes"][0]["name"]), "one value per name"),
        ("encode.json", lambda g: g.update(outputs=["none"]), "inputs and outputs that exist"),
        ("encode.json", lambda g: g.update(outputs=[]), "inputs and outputs that exist"),
        ("encode.json", lambda g: g.update(inputs=["x", "x"]), "a list of at most 8 names"),
        ("encode.json", lambda g: g.update(inputs=["x", "y"]), "takes 2 inputs"),
        ("encode.json", lambda g: g.update(outputs=g["outputs"][:1]), "the card states"),
        ("encode.json", lambda g: g["nodes"].append(g["nodes"][0]), "one value per name"),
        ("encode.json", lambda g: [], "expected named fields"),
        ("encode.json", put_op("aten.view.default", {"ref": "x"}, [7, -1]), "the program does not run"),
        ("encode.json", put_op("aten.view.default", 5), "the program does not run"),
        ("encode.json", put_op("aten.full.default", [1 << 20, 1 << 20], 1.0), "makes tensors of 1,099,511,627,776"),
        ("encode.json", put_op("mul", 1 << 62, 1 << 62), "beyond 64 bits"),
        ("decode.json", put_op("aten.relu.default", {"weight": "none"}), "weights that are missing: none"),
        ("vae-analyze.json", lambda c: c.update(schema=2), r"schema 2, of a newer vae-analyze"),
        ("vae-analyze.json", lambda c: c.update(schema=None), "field 'schema'"),
        ("vae-analyze.json", lambda c: c.update(format="other"), "field 'format'"),
        ("vae-analyze.json", lambda c: c.update(kind="torchscript"), "field 'kind'"),
        ("vae-analyze.json", lambda c: c.pop("card"), "expected named fields"),
        ("vae-analyze.json", lambda c: c["card"].pop("input_shape"), "a field 'input_shape'"),
        ("vae-analyze.json", lambda c: c["card"].update(input_shape=[1 << 40]), "field 'input_shape'"),
        ("vae-analyze.json", lambda c: c["card"].update(input_shape=[1, 4, 5]), "the program does not run"),
        ("vae-analyze.json", lambda c: c["card"].update(latent_shape=[4]), "does not run|the card states"),
        ("vae-analyze.json", lambda c: c["card"].update(deterministic=True), "the card states"),
        ("vae-analyze.json", lambda c: c["card"].update(classes=3), "takes 1 inputs"),
        ("vae-analyze.json", lambda c: c["card"].update(likelihood="good"), "field 'likelihood'"),
        ("vae-analyze.json", lambda c: c["card"].update(details=[1]), "card, details"),
        ("vae-analyze.json", lambda c: c["card"].update(details={"a": [[[[[[[[1]]]]]]]]}), "nested at most"),
        ("vae-analyze.json", lambda c: c["card"].update(name="a" * 5000), "field 'name'"),
        ("vae-analyze.json", lambda c: "text", "expected named fields"),
    ],
)
def test_malformed_programs_and_cards_are_refused(
    whole: Path, tmp_path: Path, record: str, change: Callable[[Any], Any], said: str
) -> None:
    with pytest.raises(CheckpointError, match=said):
        read(changed(whole, tmp_path, record, change))


@pytest.mark.parametrize("record", ["encode.json", "decode.json", "weights.safetensors"])
def test_a_missing_record_is_named(whole: Path, tmp_path: Path, record: str) -> None:
    with zipfile.ZipFile(whole) as old, zipfile.ZipFile(tmp_path / "b.vae", "w") as new:
        for name in old.namelist():
            if name != record:
                new.writestr(name, old.read(name))
    with pytest.raises(CheckpointError, match=f"expected a record {record}, found"):
        read(tmp_path / "b.vae")


@pytest.mark.parametrize("record", ["encode.json", "vae-analyze.json", "weights.safetensors"])
def test_a_record_that_is_something_else_is_refused(whole: Path, tmp_path: Path, record: str) -> None:
    for content in (b"", b"\xff\xfe", b"{" * 100_000, b"[NaN]"):
        path = rezipped(whole, tmp_path / "b.vae", lambda name, old, c=content: c if name == record else old)  # type: ignore[misc]
        with pytest.raises(CheckpointError):
            read(path)


def test_a_file_cut_off_anywhere_or_with_a_flipped_byte_is_refused_or_the_same(whole: Path, tmp_path: Path) -> None:
    content = whole.read_bytes()
    path = tmp_path / "b.vae"
    for at in range(60, len(content), len(content) // 60):
        path.write_bytes(content[:at])
        with pytest.raises(CheckpointError):
            read(path)
        path.write_bytes(content[:at] + bytes([content[at] ^ 0x20]) + content[at + 1 :])
        try:
            loaded = read(path)
        except CheckpointError:
            continue
        assert loaded.card.name == "small"  # in the zip's own bookkeeping, which says nothing about the content


def test_weights_that_are_not_finite_are_refused(tmp_path: Path, whole: Path) -> None:
    def poison(name: str, content: bytes) -> bytes:
        return content[:-4] + b"\x00\x00\xc0\x7f" if name == "weights.safetensors" else content

    with pytest.raises(CheckpointError, match="NaN or infinity"):
        read(rezipped(whole, tmp_path / "b.vae", poison))


def test_terminal_escapes_in_a_card_do_not_reach_the_terminal(whole: Path, tmp_path: Path) -> None:
    def paint(card: Any) -> None:
        card["card"]["name"] = "\x1b[31mred\n"
        card["card"]["details"] = {"a\x1b[0m": ["\x1b]0;title\x07b"]}

    card = read(changed(whole, tmp_path, "vae-analyze.json", paint)).card
    assert card.name == "red?"
    assert card.details["a"] == ["b"]


def test_a_program_of_torch_export_is_named_and_not_read(tmp_path: Path) -> None:
    program = torch.export.export(nn.Linear(4, 2), (torch.rand(2, 4),), strict=False)
    torch.export.save(program, tmp_path / "a.pt2")
    source = Source.open(tmp_path / "a.pt2")
    assert EXPORTED.recognise(source)
    assert not OWN_PROGRAM.recognise(source)
    with pytest.raises(CheckpointError, match=r"torch.export.save: one function.*\n.*vae_analyze.save"):
        EXPORTED.read(source, LoadOptions())


def test_other_archives_are_not_taken_for_programs(tmp_path: Path, whole: Path) -> None:
    torch.save({"a": torch.zeros(1)}, tmp_path / "a.pt")
    for form in (OWN_PROGRAM, EXPORTED):
        assert not form.recognise(Source.open(tmp_path / "a.pt"))
    assert not EXPORTED.recognise(Source.open(whole))
