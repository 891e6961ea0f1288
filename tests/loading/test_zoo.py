"""Networks as people write them, trained here, saved in every container: loaded back exactly, or refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from support.zoo import conditional, convs, entries, foreign, mlp_habits, mlps
from support.zoo.entry import Entry, reads, writes
from support.zoo.images import Images, evidence_of, small
from support.zoo.training import trained
from support.zoo.truth import Truth, truth
from support.zoo.writing import CONTAINERS, write
from vae_analyze.errors import CheckpointError
from vae_analyze.loading.card import Loaded
from vae_analyze.loading.load import load
from vae_analyze.vae import VAE

Build = Callable[[], nn.Module]
SIZE = 16
TOLERANCE = 1e-5


def _entry(name: str, build: Build, **words: Any) -> Entry:
    usual: dict[str, Any] = {"name": name, "build": build, "encode": reads(), "decode": writes()}
    usual |= {"size": SIZE, "epochs": 40, "beta": 0.3, "seed": 3}
    return Entry(**(usual | words))


HEALTHY = (
    _entry("examples", partial(mlps.Examples, 128, 8, SIZE**2)),
    _entry("stacked", partial(mlps.Stacked, (128, 64), 8, pixels=SIZE**2)),
    _entry("stacked leaky", partial(mlps.Stacked, (128,), 8, partial(nn.LeakyReLU, 0.2), pixels=SIZE**2)),
    _entry("one head", partial(mlps.OneHead, 6, 128, pixels=SIZE**2)),
    _entry("batch norm", partial(mlp_habits.Normed, nn.BatchNorm1d, latent=8, pixels=SIZE**2)),
    _entry("raw std", partial(mlps.SigmaInName, 8, pixels=SIZE**2), encode=reads(meaning="std")),
    _entry("convolutional", partial(convs.Strided, 4, 8, side=4), encode=reads(flat=False), epochs=25),
    _entry(
        "conditional",
        partial(conditional.OneHotBoth, 6, pixels=SIZE**2),
        encode=reads(given="onehot"),
        decode=writes(given="onehot"),
        labels=True,
    ),
)
NO_VAE = (
    "classifier",
    "classifier-conv",
    "vq-vae",
    "ladder",
    "u-net",
    "gru",
    "gan-generator",
    "gan-discriminator",
)
WEIGHTS_ALONE = tuple(name for name in CONTAINERS if name not in ("parts", "safetensors"))


@pytest.fixture(scope="module")
def data() -> Images:
    return small(SIZE)


@pytest.fixture(scope="module")
def networks() -> dict[str, nn.Module]:
    return {}


@pytest.fixture
def networked(request: pytest.FixtureRequest, data: Images, networks: dict[str, nn.Module]) -> tuple[Entry, nn.Module]:
    entry: Entry = request.param
    if entry.name not in networks:
        networks[entry.name] = trained(entry, data)
    return entry, networks[entry.name]


def _named(entry: Entry) -> str:
    return entry.name.replace(" ", "-")


def _bound(loaded: Loaded, entry: Entry, true: Truth) -> VAE:
    assert loaded.card.conditional == entry.labels
    if isinstance(loaded.vae, VAE):
        return loaded.vae
    return loaded.vae.given(true.labels)


def _assert_same(loaded: Loaded, entry: Entry, network: nn.Module, data: Images) -> None:
    true = truth(entry, network, data)
    assert true.error < 0.6 * true.error_of_mean_image, "the network is not trained: the test would say nothing"
    vae = _bound(loaded, entry, true)
    with torch.no_grad():
        posterior = vae.encode(true.x.reshape(-1, *vae.input_shape))
        decoded = vae.decode(posterior.mean)
    torch.testing.assert_close(posterior.mean.flatten(1), true.mean, atol=TOLERANCE, rtol=TOLERANCE)
    torch.testing.assert_close(decoded.reshape(true.x.shape), true.reconstruction, atol=TOLERANCE, rtol=TOLERANCE)


@pytest.mark.parametrize("entry", [found for found in entries.ENTRIES if found.encode], ids=lambda found: found.name)
def test_the_author_of_every_network_can_read_it(entry: Entry) -> None:
    network = entries.built(entry).eval()
    x = torch.rand(2, entry.channels, entry.size, entry.size, generator=torch.Generator().manual_seed(0))
    labels = torch.tensor([3, 7])
    assert entry.encode is not None
    assert entry.decode is not None
    with torch.no_grad():
        mean, logvar = entry.encode(network, x, labels)
        decoded = entry.decode(network, mean, labels)
    assert mean.shape == logvar.shape
    assert mean.ndim == 2
    assert decoded.numel() == x.numel()


def test_names_in_the_zoo_are_its_own() -> None:
    names = [found.name for found in entries.ENTRIES]
    assert len(names) == len(set(names)) >= 48


@pytest.mark.parametrize("networked", HEALTHY, indirect=True, ids=_named)
def test_a_bare_file_gives_the_codes_that_its_author_computes(
    networked: tuple[Entry, nn.Module], data: Images, tmp_path: Path
) -> None:
    entry, network = networked
    write(network, entry, tmp_path / "vae.pth")
    loaded = load(tmp_path / "vae.pth", evidence=evidence_of(data))
    _assert_same(loaded, entry, network, data)
    assert loaded.card.guessed, "a structure read from shapes is a guess, and says so"


@pytest.mark.parametrize("networked", HEALTHY[:1], indirect=True, ids=_named)
@pytest.mark.parametrize("container", [name for name in CONTAINERS if name not in ("bare", "parts")])
def test_the_container_changes_nothing(
    networked: tuple[Entry, nn.Module], container: str, data: Images, tmp_path: Path
) -> None:
    entry, network = networked
    path = tmp_path / ("vae.safetensors" if container == "safetensors" else "vae.pth")
    write(network, entry, path, container=container)
    _assert_same(load(path, evidence=evidence_of(data)), entry, network, data)


@pytest.mark.slow
@pytest.mark.parametrize("networked", HEALTHY[1:], indirect=True, ids=_named)
@pytest.mark.parametrize("container", [name for name in WEIGHTS_ALONE if name != "bare"])
def test_the_container_changes_nothing_for_any_network(
    networked: tuple[Entry, nn.Module], container: str, data: Images, tmp_path: Path
) -> None:
    entry, network = networked
    write(network, entry, tmp_path / "vae.pth", container=container)
    _assert_same(load(tmp_path / "vae.pth", evidence=evidence_of(data)), entry, network, data)


@pytest.mark.parametrize("networked", HEALTHY[1:2], indirect=True, ids=_named)
def test_encoder_and_decoder_as_two_entries(networked: tuple[Entry, nn.Module], data: Images, tmp_path: Path) -> None:
    entry, network = networked
    write(network, entry, tmp_path / "vae.pth", container="parts")
    _assert_same(load(tmp_path / "vae.pth", evidence=evidence_of(data)), entry, network, data)


@pytest.mark.parametrize("networked", HEALTHY[2:3], indirect=True, ids=_named)
def test_a_pickled_module_is_read_without_its_class(
    networked: tuple[Entry, nn.Module], data: Images, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry, network = networked
    write(network, entry, tmp_path / "vae.pth", container="pickled")

    def fail(self: mlps.Stacked, state: object) -> None:
        raise AssertionError("the class in the file was used")

    monkeypatch.setattr(mlps.Stacked, "__setstate__", fail)
    _assert_same(load(tmp_path / "vae.pth", evidence=evidence_of(data)), entry, network, data)


@pytest.mark.parametrize("networked", HEALTHY[5:6], indirect=True, ids=_named)
def test_a_raw_standard_deviation_is_told_from_a_log_variance(
    networked: tuple[Entry, nn.Module], data: Images, tmp_path: Path
) -> None:
    entry, network = networked
    write(network, entry, tmp_path / "vae.pth")
    loaded = load(tmp_path / "vae.pth", evidence=evidence_of(data))
    true = truth(entry, network, data)
    vae = _bound(loaded, entry, true)
    found = vae.encode(true.x.reshape(-1, *vae.input_shape))
    torch.testing.assert_close(found.logvar, true.logvar, atol=1e-3, rtol=1e-3)


@pytest.mark.parametrize("name", NO_VAE)
def test_what_is_no_vae_is_refused(name: str, data: Images, tmp_path: Path) -> None:
    entry = entries.entry(name)
    write(entries.built(entry), entry, tmp_path / "vae.pth")
    with pytest.raises(CheckpointError, match=r"(?s).+"):
        load(tmp_path / "vae.pth", evidence=evidence_of(data))


@pytest.mark.parametrize("build", [partial(foreign.Flow, 8)], ids=["flow"])
def test_a_posterior_that_is_no_gaussian_is_refused(build: Build, data: Images, tmp_path: Path) -> None:
    entry = replace(entries.entry("flow-posterior"), build=build)
    write(entries.built(entry), entry, tmp_path / "vae.pth")
    with pytest.raises(CheckpointError, match=r"(?s).+"):
        load(tmp_path / "vae.pth", evidence=evidence_of(data))


def test_without_data_a_structure_alone_is_not_enough(data: Images, tmp_path: Path) -> None:
    entry = HEALTHY[0]
    write(entries.built(entry), entry, tmp_path / "vae.pth")
    with pytest.raises(CheckpointError, match="--data"):
        load(tmp_path / "vae.pth")
