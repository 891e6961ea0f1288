from __future__ import annotations

import random
from pathlib import Path

import pytest

from loading.onnx_bytes import attribute, field, graph, model, node, one_node, tensor, value
from vae_analyze.errors import CheckpointError
from vae_analyze.loading.libraries.onnx_graph import OnnxGraph, is_graph, read_graph


def written(path: Path, content: bytes) -> OnnxGraph:
    path.write_bytes(content)
    return read_graph(path)


def encoder() -> bytes:
    return model(
        graph(
            [
                node("Gemm", ["x", "w", "b"], ["mu"]),
                node("RandomNormalLike", ["mu"], ["eps"]),
                node("Add", ["mu", "eps"], ["sum"]),
                node("Identity", ["sum"], ["z"]),
            ],
            [value("x", ("n", 1, 28, 28)), value("w", (20, 784))],
            [value("mu", ("n", 20)), value("z", ("n", 20), kind=10)],
            [tensor("w", (20, 784)), tensor("b", (20,), packed=False), tensor("steps", (3,), kind=7)],
        )
    )


def test_inputs_outputs_and_trained_numbers_are_read(tmp_path: Path) -> None:
    found = written(tmp_path / "e.onnx", encoder())
    assert [(one.name, one.kind, one.dims) for one in found.inputs] == [("x", 1, (None, 1, 28, 28))]
    assert [(one.name, one.kind, one.dims) for one in found.outputs] == [("mu", 1, (None, 20)), ("z", 10, (None, 20))]
    assert found.parameters == 20 * 784 + 20
    assert found.producer == "by hand"
    assert is_graph(tmp_path / "e.onnx", encoder()[:100])


def test_what_depends_on_random_numbers_is_known_from_the_connections(tmp_path: Path) -> None:
    found = written(tmp_path / "e.onnx", encoder())
    assert found.drawn() == {"eps", "sum", "z"}


def test_random_numbers_in_a_subgraph_or_a_function_count(tmp_path: Path) -> None:
    inner = graph([node("RandomUniform", [], ["r"])], [], [value("r", (1,))])
    calls = node("Noise", ["x"], ["y"], domain="own")
    deeper = node("Deeper", ["x"], ["v"], domain="own")
    function = field(1, "Noise") + field(7, node("RandomNormal", [], ["a"])) + field(10, "own")
    outer = field(1, "Deeper") + field(7, calls) + field(10, "own")
    main = graph([node("If", ["c"], ["u"], attributes=attribute("then_branch", graph=inner)), calls, deeper], [], [])
    found = written(tmp_path / "e.onnx", model(main, field(25, function), field(25, outer)))
    assert found.drawn() == {"u", "y", "v"}
    assert ("", "RandomUniform") in found.operations
    assert ("own", "Noise") not in found.operations  # the file defines it


def test_what_a_subgraph_uses_counts_as_its_nodes_input(tmp_path: Path) -> None:
    inner = graph([node("Neg", ["eps"], ["r"])], [], [])
    nodes = [
        node("RandomNormal", [], ["eps"]),
        node("If", ["c"], ["u"], attributes=attribute("else_branch", graph=inner)),
    ]
    assert "u" in written(tmp_path / "e.onnx", model(graph(nodes, [], []))).drawn()


def test_the_last_operation_is_found_past_reshapes(tmp_path: Path) -> None:
    nodes = [
        node("Sigmoid", ["a"], ["b"]),
        node("Reshape", ["b", "s"], ["c"]),
        node("Transpose", ["c"], ["y"]),
        node("Identity", ["x"], ["same"]),
    ]
    found = written(tmp_path / "d.onnx", model(graph(nodes, [value("x", (1,))], [value("y", (1,))])))
    assert found.last_operation("y") == "Sigmoid"
    assert found.last_operation("same") == ""


def test_training_mode_is_seen(tmp_path: Path) -> None:
    for stated in (0, 1):
        content = one_node(
            "BatchNormalization", {"x": (1,)}, {"y": (1,)}, attributes=attribute("training_mode", number=stated)
        )
        found = written(tmp_path / "e.onnx", content)
        assert [one.training for one in found.nodes] == [bool(stated)]


def test_every_place_that_can_name_a_file_is_looked_at(tmp_path: Path) -> None:
    inner = graph([], [], [], [tensor("c", (1,), location="inner")])
    nodes = [
        node("Constant", [], ["a"], attributes=attribute("value", tensor=tensor("a", (1,), location="constant"))),
        node("Loop", [], ["b"], attributes=attribute("body", graph=inner)),
    ]
    sparse = field(15, field(1, tensor("s", (2,), location="values")) + field(2, tensor("", (2,), location="indices")))
    main = graph(nodes, [], [], [tensor("w", (1,), location="initial")]) + sparse
    function = field(1, "F") + field(11, attribute("v", tensor=tensor("", (1,), location="function"))[2:])
    training = field(1, graph([], [], [], [tensor("t", (1,), location="training")]))
    found = written(tmp_path / "e.onnx", model(main, field(25, function), field(20, training)))
    assert set(found.external) == {"constant", "inner", "initial", "values", "indices", "function", "training"}
    assert found.parameters == 3


def test_subgraphs_without_end_are_refused(tmp_path: Path) -> None:
    content = b""
    for _ in range(30):
        content = graph(
            [node("If", [], ["u"], attributes=attribute("then_branch", graph=content or b"\x12\x00"))], [], []
        )
    with pytest.raises(CheckpointError, match="subgraphs within subgraphs"):
        written(tmp_path / "e.onnx", model(content))


def test_negative_and_unknown_sizes_are_open(tmp_path: Path) -> None:
    negative = field(1, "x") + field(
        2, field(1, field(1, 1) + field(2, field(1, field(1, (1 << 64) - 1)) + field(1, b"")))
    )
    found = written(tmp_path / "e.onnx", model(graph([node("Neg", ["x"], ["y"])], [negative], [])))
    assert found.inputs[0].dims == (None, None)


def test_other_files_are_no_graphs(tmp_path: Path) -> None:
    for content in (b"PK\x03\x04 and more", b"\x80\x02 and more", b"\x08\x08", b"\x08\x08" + b"\xff" * 20, b"{}      "):
        path = tmp_path / "other.bin"
        path.write_bytes(content)
        assert not is_graph(path, content)


def test_a_missing_or_empty_file_is_one_message(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="cannot read"):
        read_graph(tmp_path / "none.onnx")
    (tmp_path / "empty.onnx").touch()
    with pytest.raises(CheckpointError, match="cannot read"):
        read_graph(tmp_path / "empty.onnx")


def test_mutated_files_are_read_or_refused_and_nothing_else(tmp_path: Path) -> None:
    generator = random.Random(0)
    whole, path = encoder()[:400], tmp_path / "e.onnx"
    for _ in range(2000):
        content = bytearray(whole[: generator.randint(1, len(whole))])
        for _ in range(generator.randint(0, 6)):
            content[generator.randrange(len(content))] = generator.randrange(256)
        path.write_bytes(content)
        try:
            read_graph(path)
        except CheckpointError:
            continue
