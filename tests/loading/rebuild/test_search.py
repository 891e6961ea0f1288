from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from vae_analyze.loading.rebuild.layers import layers_of
from vae_analyze.loading.rebuild.search import Search
from vae_analyze.loading.rebuild.structure import Link, Structure, Width


def found(shapes: Mapping[str, tuple[int, ...]], extras: tuple[int, ...] | None = ()) -> tuple[Structure, ...]:
    tensors: dict[str, Tensor] = {}
    for path, shape in shapes.items():
        tensors[f"{path}.weight"] = torch.zeros(shape)
    return Search(chain=layers_of(tensors).chain, extras=extras).run()


def paths(links: tuple[Link, ...]) -> list[str]:
    return [link.layer.path for link in links]


def test_two_heads_without_telling_names() -> None:
    best = found({"fc1": (400, 784), "fc21": (20, 400), "fc22": (20, 400), "fc3": (400, 20), "fc4": (784, 400)})[0]

    assert best.event == "pair"
    assert (paths(best.trunk), paths(best.first), paths(best.second)) == (["fc1"], ["fc21"], ["fc22"])
    assert paths(best.decoder) == ["fc3", "fc4"]
    assert best.latent == 20


def test_a_decoder_that_comes_first_and_backwards() -> None:
    best = found({"d1": (64, 32), "d2": (32, 4), "e1": (32, 64), "e_mean": (4, 32), "e_std": (4, 32)})[0]

    assert paths(best.trunk) == ["e1"]
    assert paths(best.decoder) == ["d2", "d1"]


def test_the_head_named_mean_is_first_wherever_it_stands() -> None:
    best = found({"fc1": (8, 16), "logvar": (3, 8), "mu": (3, 8), "fc3": (8, 3), "fc4": (16, 8)})[0]

    assert paths(best.first) == ["mu"]


def test_one_head_twice_as_wide_as_the_code() -> None:
    best = found({"encoder.0": (8, 16), "encoder.2": (6, 8), "decoder.0": (8, 3), "decoder.2": (16, 8)})[0]

    assert best.event == "double"
    assert paths(best.first) == ["encoder.2"]


def test_square_layers_are_told_apart_by_their_sequence() -> None:
    best = found(
        {
            "encoder.1": (8, 16),
            "encoder.3": (8, 8),
            "decoder.0": (8, 8),
            "decoder.2": (16, 8),
            "hidden2mu": (8, 8),
            "hidden2log_var": (8, 8),
        }
    )[0]

    assert paths(best.trunk) == ["encoder.1", "encoder.3"]
    assert paths(best.first) == ["hidden2mu"]
    assert paths(best.decoder) == ["decoder.0", "decoder.2"]


def test_heads_of_two_layers_each() -> None:
    shapes: dict[str, tuple[int, ...]] = {"enc": (32, 64)}
    shapes |= {"mu.0": (16, 32), "mu.2": (4, 16), "logvar.0": (16, 32), "logvar.2": (4, 16)}
    best = found(shapes | {"dec1": (32, 4), "dec2": (64, 32)})[0]

    assert paths(best.first) == ["mu.0", "mu.2"]
    assert paths(best.second) == ["logvar.0", "logvar.2"]


def test_convolutions_flattened_into_the_heads() -> None:
    best = found(
        {
            "c1": (8, 1, 4, 4),
            "c2": (16, 8, 4, 4),
            "mu": (5, 16 * 49),
            "logvar": (5, 16 * 49),
            "fc": (16 * 49, 5),
            "t1": (16, 8, 4, 4),
            "t2": (8, 1, 4, 4),
        }
    )[0]

    assert [link.transposed for link in best.decoder] == [False, True, True]
    assert not best.maps


def test_maps_as_code() -> None:
    best = found(
        {
            "enc.0": (8, 3, 3, 3),
            "mu": (4, 8, 1, 1),
            "logvar": (4, 8, 1, 1),
            "dec.0": (8, 4, 3, 3),
            "dec.2": (3, 8, 3, 3),
        }
    )[0]

    assert best.maps
    assert best.latent == 4


def test_labels_beside_data_and_code() -> None:
    shapes = {"e.0": (32, 74), "means": (2, 32), "log_var": (2, 32), "d.0": (32, 12), "d.2": (64, 32)}
    best = found(shapes, extras=None)[0]

    assert best.extra == 10
    assert found(shapes, extras=(7,)) == ()


def test_a_plain_autoencoder() -> None:
    best = found({"encoder.0": (8, 16), "encoder.2": (3, 8), "decoder.0": (8, 3), "decoder.2": (16, 8)})[0]

    assert best.event == "single"
    assert best.latent == 3


def test_nothing_where_a_layer_is_left_over() -> None:
    assert found({"fc1": (8, 16), "fc2": (3, 8), "fc3": (7, 5)}) == ()
    assert found({"fc1": (16, 16)}) == ()


def test_data_of_another_size_rule_a_structure_out() -> None:
    tensors = {"a.weight": torch.zeros(8, 16), "b.weight": torch.zeros(6, 8), "c.weight": torch.zeros(16, 3)}
    chain = layers_of(tensors).chain

    assert Search(chain=chain, extras=(), data=lambda width: width == Width(size=16, maps=False)).run()
    assert not Search(chain=chain, extras=(), data=lambda width: width.size == 64).run()
