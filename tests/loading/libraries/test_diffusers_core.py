from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from loading.real_libraries import FakeAutoencoder
from vae_analyze.errors import CheckpointError
from vae_analyze.loading.libraries.diffusers_classes import KINDS
from vae_analyze.loading.libraries.diffusers_core import DiffusersCore, Shapes, shapes_of
from vae_analyze.loading.options import LoadOptions
from vae_analyze.loading.settling.by_convention import by_convention
from vae_analyze.loading.settling.evidence import Evidence
from vae_analyze.loading.settling.form import SAMPLES
from vae_analyze.loading.settling.settle import Known

KL = KINDS["AutoencoderKL"]


def with_data(*shape: int) -> LoadOptions:
    return LoadOptions(evidence=Evidence(name="made", x=torch.rand(4, *shape), value_range=(0.0, 1.0)))


def shapes(model: Any, options: LoadOptions | None = None) -> Shapes:
    return shapes_of(model, KL, options or LoadOptions(), where="here")


def test_the_core_gives_what_the_library_gives() -> None:
    torch.manual_seed(0)
    model, x, z = FakeAutoencoder(), torch.rand(3, 1, 8, 8), torch.rand(3, 2, 4, 4)
    core = DiffusersCore(model, KL, input_shape=(1, 8, 8), latent_shape=(2, 4, 4))
    mean, logvar = core.outputs(x)
    assert torch.equal(torch.cat([mean, logvar], dim=1), model.down(x))
    assert torch.equal(core.decoded(z), model.decode(z)[0])
    assert (core.input_shape, core.latent_shape) == ((1, 8, 8), (2, 4, 4))


def test_the_size_is_the_datas_own_where_it_halves_evenly() -> None:
    found = shapes(FakeAutoencoder(), with_data(1, 12, 16))
    assert (found.image, found.code) == ((1, 12, 16), (2, 6, 8))
    assert "the configuration states 8x8" in found.source


def test_else_the_stated_size() -> None:
    assert shapes(FakeAutoencoder(), with_data(1, 7, 7)).image == (1, 8, 8)
    assert shapes(FakeAutoencoder(), with_data(3, 12, 12)).image == (1, 8, 8)
    assert shapes(FakeAutoencoder()).source == "configuration: sample_size"


def test_without_both_any_size() -> None:
    model = FakeAutoencoder()
    del model.config["sample_size"]
    assert shapes(model).image == (1, 16, 16)


@pytest.mark.parametrize(("options", "found"), [(LoadOptions(), "sample size of 7"), (with_data(1, 9, 8), "of 9x8")])
def test_sizes_that_do_not_halve_are_refused(options: LoadOptions, found: str) -> None:
    with pytest.raises(CheckpointError, match=f"multiples of 2, found .*{found}"):
        shapes(FakeAutoencoder(sample_size=7), options)


@pytest.mark.parametrize("stated", ["large", ["8", "8"], 8.0])
def test_a_size_that_is_no_number_is_refused(stated: Any) -> None:
    with pytest.raises(CheckpointError, match="field 'sample_size'"):
        shapes(FakeAutoencoder(sample_size=stated))


def test_another_kind_of_image_out_than_in_is_refused() -> None:
    with pytest.raises(CheckpointError, match=r"expected decoded images of \(1, 4, 6\).*found \(3, 4, 6\)"):
        shapes(FakeAutoencoder(out_channels=3))


def test_another_ratio_than_the_class_has_is_refused() -> None:
    with pytest.raises(CheckpointError, match="to give a code of 2x3 places"):
        shapes(FakeAutoencoder(block_out_channels=(4, 4, 4)))


def test_a_network_that_fails_is_one_message() -> None:
    class Failing(FakeAutoencoder):
        def decode(self, z: Tensor, return_dict: bool = True) -> tuple[Tensor]:
            raise RuntimeError("needs num_frames")

    with pytest.raises(CheckpointError, match=r"fails on an image of .*needs num_frames"):
        shapes(Failing())


def test_made_up_samples_are_small_whatever_the_size() -> None:
    model = FakeAutoencoder()
    core = DiffusersCore(model, KL, input_shape=(1, 512, 256), latent_shape=(2, 256, 128))
    asked: list[tuple[int, ...]] = []

    def noted(_: Any, given: tuple[Tensor, ...], __: Any) -> None:
        if not given[0].is_meta:  # counting what one sample costs computes nothing
            asked.append(tuple(given[0].shape))

    model.down.register_forward_hook(noted)
    known = Known(
        input_range=(-1.0, 1.0), second="logvar", split="separate", swapped=False, output="tanh", labels="none"
    )
    settled = by_convention(core, LoadOptions(), known)
    assert core.small_shapes == ((1, 4, 4), (2, 2, 2))
    assert asked == [(SAMPLES, 1, 4, 4)]
    assert settled.convention.output == "tanh"
