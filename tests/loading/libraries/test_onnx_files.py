from __future__ import annotations

from pathlib import Path

import pytest

from loading.onnx_bytes import attribute, field, graph, model, node, one_node, tensor, value
from vae_analyze.errors import CheckpointError
from vae_analyze.loading.libraries.onnx_files import external_files, holds_graphs, pair_of, safe_graph
from vae_analyze.loading.source import Source

WHOLE = one_node("Gemm", {"x": ("n", 4)}, {"y": ("n", 4)})


def files(folder: Path, *names: str) -> Path:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(WHOLE)
    return folder


def found(path: Path) -> tuple[str, str]:
    pair = pair_of(Source.open(path))
    return tuple(one.name if one.name != "model.onnx" else one.parent.name for one in (pair.encoder, pair.decoder))  # type: ignore[return-value]  # two


@pytest.mark.parametrize(
    ("names", "encoder", "decoder"),
    [
        (("encoder.onnx", "decoder.onnx"), "encoder.onnx", "decoder.onnx"),
        (("vae_encoder.onnx", "vae_decoder.onnx", "other.onnx"), "vae_encoder.onnx", "vae_decoder.onnx"),
        (("MyEncoder-v1.onnx", "MyDecoder-v1.onnx"), "MyEncoder-v1.onnx", "MyDecoder-v1.onnx"),
        (("enc.onnx", "dec.onnx"), "enc.onnx", "dec.onnx"),
        (("encoder.onnx", "decoder.onnx", "encoder_int8.onnx", "decoder_int8.onnx"), "encoder.onnx", "decoder.onnx"),
        (("my_encoder.onnx", "the_decoder.onnx"), "my_encoder.onnx", "the_decoder.onnx"),
        (("vae_encoder/model.onnx", "vae_decoder/model.onnx", "unet/model.onnx"), "vae_encoder", "vae_decoder"),
    ],
)
def test_a_folder_is_searched_for_the_two(tmp_path: Path, names: tuple[str, ...], encoder: str, decoder: str) -> None:
    files(tmp_path, *names)
    assert holds_graphs(Source.open(tmp_path))
    assert found(tmp_path) == (encoder, decoder)


@pytest.mark.parametrize("name", ["encoder.onnx", "decoder.onnx"])
def test_one_of_the_two_may_be_named(tmp_path: Path, name: str) -> None:
    assert found(files(tmp_path, "encoder.onnx", "decoder.onnx") / name) == ("encoder.onnx", "decoder.onnx")


def test_one_of_two_in_folders_of_their_own_may_be_named(tmp_path: Path) -> None:
    files(tmp_path, "vae_encoder/model.onnx", "vae_decoder/model.onnx")
    assert found(tmp_path / "vae_decoder" / "model.onnx") == ("vae_encoder", "vae_decoder")


def test_several_pairs_are_named(tmp_path: Path) -> None:
    files(tmp_path, "a_encoder.onnx", "a_decoder.onnx", "b_encoder.onnx", "b_decoder.onnx")
    with pytest.raises(CheckpointError, match=r"2 pairs .*a_encoder.onnx(.|\n)*name the encoder's file"):
        pair_of(Source.open(tmp_path))


def test_a_folder_without_a_pair_says_what_it_holds(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"found first.onnx, second.onnx\n.*encoder.onnx and decoder.onnx"):
        pair_of(Source.open(files(tmp_path, "first.onnx", "second.onnx")))


def test_a_whole_model_in_one_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"takes x \(n, 4\) and gives y \(n, 4\)(.|\n)*export two files"):
        pair_of(Source.open(files(tmp_path, "vae.onnx") / "vae.onnx"))


def test_a_graph_is_recognised_under_any_name_and_nothing_else_is(tmp_path: Path) -> None:
    files(tmp_path, "model.bin")
    assert holds_graphs(Source.open(tmp_path / "model.bin"))
    (tmp_path / "other.pt").write_bytes(b"PK\x03\x04 and more")
    assert not holds_graphs(Source.open(tmp_path / "other.pt"))
    (tmp_path / "empty").mkdir()
    assert not holds_graphs(Source.open(tmp_path / "empty"))


@pytest.mark.parametrize("domain", ["my.company", "ai.onnx.contrib", "org.pytorch.aten"])
def test_operations_from_libraries_are_refused(tmp_path: Path, domain: str) -> None:
    path = tmp_path / "encoder.onnx"
    path.write_bytes(one_node("Evil", {"x": (1, 4)}, {"y": (1, 4)}, domain=domain))
    with pytest.raises(CheckpointError, match=rf"{domain}.Evil. Nothing was executed"):
        safe_graph(path)


def test_operations_from_libraries_in_subgraphs_and_functions_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "encoder.onnx"
    inner = graph([node("Evil", [], ["r"], domain="x")], [], [])
    path.write_bytes(one_node("If", {"x": (1,)}, {"y": (1,)}, attributes=attribute("then_branch", graph=inner)))
    with pytest.raises(CheckpointError, match=r"x\.Evil"):
        safe_graph(path)
    function = field(1, "F") + field(7, node("Evil", [], ["r"], domain="x")) + field(10, "own")
    path.write_bytes(model(graph([node("F", [], ["y"], domain="own")], [], [value("y", (1,))]), field(25, function)))
    with pytest.raises(CheckpointError, match=r"x\.Evil"):
        safe_graph(path)


def test_operations_of_the_runtime_and_of_the_file_are_fine(tmp_path: Path) -> None:
    path = tmp_path / "encoder.onnx"
    function = field(1, "F") + field(7, node("FusedGemm", [], ["r"], domain="com.microsoft")) + field(10, "own")
    path.write_bytes(model(graph([node("F", [], ["y"], domain="own")], [], [value("y", (1,))]), field(25, function)))
    assert len(safe_graph(path).nodes) == 1


def test_context_of_another_device_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "encoder.onnx"
    path.write_bytes(one_node("EPContext", {"x": (1, 4)}, {"y": (1, 4)}, domain="com.microsoft"))
    with pytest.raises(CheckpointError, match="EPContext"):
        safe_graph(path)


def external(path: Path, location: str) -> Path:
    path.write_bytes(
        model(
            graph(
                [node("Gemm", ["x", "w"], ["y"])],
                [value("x", (1, 4))],
                [value("y", (1, 4))],
                [tensor("w", (4, 4), location=location)],
            )
        )
    )
    return path


@pytest.mark.parametrize(
    "location", ["../secret", "/etc/passwd", "a/../../secret", "..\\secret", "link", "*/_ORT_MEM_ADDR_/*", "a\0b"]
)
def test_weights_outside_the_folder_are_refused(tmp_path: Path, location: str) -> None:
    (tmp_path / "secret").write_bytes(b"secret")
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "link").symlink_to(tmp_path / "secret")
    with pytest.raises(CheckpointError, match=r"outside its folder|not beside it"):
        safe_graph(external(folder / "encoder.onnx", location))


def test_weights_beside_the_graph_are_found_or_missed(tmp_path: Path) -> None:
    path = external(tmp_path / "encoder.onnx", "encoder.onnx.data")
    with pytest.raises(CheckpointError, match=r"encoder.onnx.data', which is not beside it\n.*copy that file"):
        safe_graph(path)
    (tmp_path / "encoder.onnx.data").write_bytes(b"\0" * 64)
    assert external_files(path, safe_graph(path)) == {"encoder.onnx.data": tmp_path / "encoder.onnx.data"}


def test_training_mode_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "encoder.onnx"
    training = attribute("training_mode", number=1)
    path.write_bytes(one_node("BatchNormalization", {"x": (1, 4)}, {"y": (1, 4)}, attributes=training))
    with pytest.raises(CheckpointError, match=r"training mode(.|\n)*model.eval\(\)"):
        safe_graph(path)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "Git-LFS pointer"),
        (b"<!DOCTYPE html><html></html>", "web page"),
        (b"PK\x03\x04" + b"\0" * 40, "zip archive"),
        (b"\x80\x02}q\x00.", "a pickle"),
        (WHOLE[:-9], "not a whole ONNX file"),
        (b"\x08\x08\x12\x01a", "other bytes"),
    ],
)
def test_other_files_of_that_name_are_named(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "encoder.onnx"
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match=said):
        safe_graph(path)
