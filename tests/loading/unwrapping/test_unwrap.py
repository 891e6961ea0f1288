from __future__ import annotations

import argparse
import collections
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from vae_analyze.errors import CheckpointError
from vae_analyze.loading.files.kinds import container
from vae_analyze.loading.files.weights import read_weights
from vae_analyze.loading.options import LoadOptions
from vae_analyze.loading.unwrapping.choice import chosen
from vae_analyze.loading.unwrapping.content import Content
from vae_analyze.loading.unwrapping.unwrap import unwrap

AUTO, EMA, RAW = LoadOptions(), LoadOptions(weights="ema"), LoadOptions(weights="raw")
Tensors = dict[str, Tensor]


class Net(nn.Module):
    def __init__(self, *, seed: int = 0, hidden: int = 5) -> None:
        super().__init__()
        torch.manual_seed(seed)
        self.latent_dim = 3
        self.hidden = (hidden,)
        self.activation = torch.tanh
        self.encoder = nn.Sequential(nn.Linear(8, hidden), nn.BatchNorm1d(hidden, eps=1e-3), nn.LeakyReLU(0.3))
        self.mu, self.logvar = nn.Linear(hidden, 3), nn.Linear(hidden, 3)
        self.decoder = nn.Sequential(nn.Linear(3, hidden), nn.Dropout(0.25), nn.Linear(hidden, 8))
        self.register_buffer("passing", torch.zeros(2), persistent=False)


class Holder(nn.Module):
    def __init__(self, **parts: nn.Module) -> None:
        super().__init__()
        for name, part in parts.items():
            self.add_module(name, part)


def opened(raw: Any, path: Path, options: LoadOptions = AUTO, *, zipped: bool = True) -> Content:
    torch.save(raw, path / "a.pt", _use_new_zipfile_serialization=zipped)
    head = (path / "a.pt").read_bytes()[:4096]
    return unwrap(read_weights(path / "a.pt", head), options, container=container(head))


def same(found: Tensors, expected: Tensors) -> bool:
    return list(found) == list(expected) and all(torch.equal(found[key], expected[key]) for key in expected)


STATE = Net().state_dict()
BARE = {
    "bare": STATE,
    "list with optimizer": [STATE, torch.optim.Adam(Net().parameters()).state_dict()],
    **{
        key: {key: STATE, "epoch": 3, "optimizer": torch.optim.Adam(Net().parameters()).state_dict()}
        for key in ("model_state_dict", "state_dict", "net_state_dict", "model", "vae", "weights", "params")
    },
    "model_states.net": {"model_states": {"net": STATE}, "iter": 5},
    "float64": {key: value.double() if value.is_floating_point() else value for key, value in STATE.items()},
}


@pytest.mark.parametrize("name", BARE)
@pytest.mark.parametrize("zipped", [True, False])
def test_the_weights_are_found_under_any_wrapper(tmp_path: Path, name: str, zipped: bool) -> None:
    content = opened(BARE[name], tmp_path, zipped=zipped)
    assert len(content.states) == 1
    assert content.states[0].role == "raw"
    assert same(chosen(content, AUTO).tensors, STATE)
    assert content.container == ("zip archive" if zipped else "pickle")


@pytest.mark.parametrize(
    "prefix",
    ["module.", "_orig_mod.", "model.", "vae.", "model.module.", "module._orig_mod.vae.", "first_stage_model."],
)
def test_prefixes_of_all_weights_are_taken_off(tmp_path: Path, prefix: str) -> None:
    content = opened({f"{prefix}{key}": value for key, value in STATE.items()}, tmp_path)
    state = chosen(content, AUTO)
    assert same(state.tensors, STATE)
    assert state.prefix == prefix


def test_names_that_say_what_a_part_is_stay() -> None:
    raw = {"encoder.0.weight": torch.zeros(2, 3), "encoder.0.bias": torch.zeros(2)}
    assert list(unwrap(raw, AUTO).states[0].tensors) == list(raw)


def test_wrappers_inside_of_names_are_taken_off() -> None:
    raw = {f"{key.split('.')[0]}.module.{key.partition('.')[2]}": value for key, value in STATE.items()}
    assert same(unwrap(raw, AUTO).states[0].tensors, STATE)


def test_the_paths_of_modules_without_weights_are_known(tmp_path: Path) -> None:
    state = opened(nn.DataParallel(Net()).state_dict(), tmp_path).states[0]
    assert "encoder.2" in state.modules
    assert "decoder.1" in state.modules


def test_two_halves_under_two_keys_become_one(tmp_path: Path) -> None:
    net = Net()
    halves = {
        "encoder_state_dict": Holder(net=net.encoder, mu=net.mu).state_dict(),
        "decoder_state_dict": nn.DataParallel(net.decoder).state_dict(),
        "epoch": 1,
    }
    content = opened(halves, tmp_path)
    assert len(content.states) == 1
    names = set(content.states[0].tensors)
    assert {"encoder.net.0.weight", "encoder.mu.weight", "decoder.0.weight", "decoder.2.bias"} <= names


def test_averaged_weights_are_chosen_and_said(tmp_path: Path) -> None:
    average = Net(seed=1).state_dict()
    for raw in (
        {"model": STATE, "ema": average},
        {"params": STATE, "params_ema": average},
        {"state_dict": STATE, "ema_state_dict": average},
        {f"model.{key}": value for key, value in STATE.items()}
        | {f"ema_model.{key}": value for key, value in average.items()},
        STATE | {f"ema.{key}": value for key, value in average.items()},
        STATE | {"model_ema." + key.replace(".", ""): value for key, value in average.items()},
    ):
        content = opened(raw, tmp_path)
        assert sorted(state.role for state in content.states) == ["ema", "raw"]
        assert "averaged (EMA) weights, which are used; --weights raw" in content.notes[-1]
        assert same(dict(chosen(content, AUTO).tensors), average)
        assert same(chosen(content, EMA).tensors, average)
        assert same(chosen(content, RAW).tensors, STATE)


def test_averages_of_parameters_alone_take_the_statistics_from_the_model() -> None:
    average = {key: value + 1 for key, value in STATE.items() if "running" not in key and "num_batches" not in key}
    state = chosen(unwrap({"model": STATE, "ema": average}, AUTO), AUTO)
    assert list(state.tensors) == list(STATE)
    assert torch.equal(state.tensors["mu.bias"], STATE["mu.bias"] + 1)
    assert torch.equal(state.tensors["encoder.1.running_mean"], STATE["encoder.1.running_mean"])


def test_an_averaged_model_alone_is_used(tmp_path: Path) -> None:
    content = opened(torch.optim.swa_utils.AveragedModel(Net()).state_dict(), tmp_path)
    assert [state.role for state in content.states] == ["ema"]
    assert same(chosen(content, AUTO).tensors, STATE)
    with pytest.raises(CheckpointError, match=r"--weights raw: the file holds only averaged"):
        chosen(content, RAW)
    with pytest.raises(CheckpointError, match=r"--weights ema: the file holds only plain"):
        chosen(unwrap(STATE, EMA), EMA)


def test_what_belongs_to_the_training_is_left_out_by_name() -> None:
    raw = {f"model.{key}": value for key, value in STATE.items()}
    raw |= {
        "loss.vgg.0.weight": torch.zeros(4, 4),
        "val_fid.mean": torch.zeros(4),
        "lpips.lin.weight": torch.zeros(3, 3),
    }
    content = unwrap({"state_dict": raw}, AUTO)
    assert same(content.states[0].tensors, STATE)
    assert content.notes == ("left out 3 tensors that belong to the training: loss, val_fid, lpips",)


def test_the_autoencoder_inside_of_a_diffusion_model_is_taken_out() -> None:
    raw = {f"first_stage_model.{key}": value for key, value in STATE.items()}
    raw |= {
        "model.diffusion_model.time_embed.0.weight": torch.zeros(4, 4),
        "cond_stage_model.x.weight": torch.zeros(4, 4),
    }
    assert same(unwrap({"state_dict": raw}, AUTO).states[0].tensors, STATE)


def test_of_a_vae_and_a_discriminator_the_vae_is_chosen() -> None:
    critic = nn.Sequential(nn.Linear(80, 40), nn.Linear(40, 20), nn.Linear(20, 1)).state_dict()
    content = unwrap({"vae": STATE, "discriminator": critic}, AUTO)
    assert {state.name for state in content.states} == {"vae", "discriminator"}
    assert chosen(content, AUTO).name == "vae"


def test_two_models_of_equal_right_are_refused() -> None:
    content = unwrap({"a": STATE, "b": Net(seed=2).state_dict()}, AUTO)
    with pytest.raises(
        CheckpointError, match=r"expected one model, found 2 networks: a \(15 tensors, .*b \(15 tensors"
    ):
        chosen(content, AUTO)


@pytest.mark.parametrize("zipped", [True, False])
def test_a_pickled_module_gives_its_weights_and_its_tree(tmp_path: Path, zipped: bool) -> None:
    net = Net()
    content = opened({"model": nn.DataParallel(net), "epoch": 2}, tmp_path, zipped=zipped)
    state, tree = chosen(content, AUTO), content.modules
    assert same(state.tensors, STATE)
    assert tree is not None
    assert tree.root.class_name == "DataParallel"
    inner = tree.at("module")
    assert inner is not None
    assert (inner.class_name, inner.library) == ("Net", False)
    assert inner.attributes["hidden"] == (5,)
    assert inner.attributes["activation"] == "torch.tanh"
    slope, norm, dropout = (tree.at(f"module.{path}") for path in ("encoder.2", "encoder.1", "decoder.1"))
    assert slope is not None
    assert norm is not None
    assert dropout is not None
    assert (slope.kind, slope.attributes["negative_slope"]) == ("torch.nn.modules.activation.LeakyReLU", 0.3)
    assert (norm.attributes["eps"], dropout.attributes["p"]) == (1e-3, 0.25)
    assert [node.path for node in tree.below("module.encoder")] == [f"module.encoder.{at}" for at in range(3)]


def test_a_module_and_its_state_in_one_file_are_one(tmp_path: Path) -> None:
    content = opened({"state_dict": STATE, "net": Net()}, tmp_path)
    assert len(content.states) == 1
    assert content.modules is not None
    assert content.stated["latent_dim"] == 3


def test_facts_beside_the_weights_are_kept(tmp_path: Path) -> None:
    raw = {
        "state_dict": STATE,
        "hyper_parameters": {"latent_dim": 3, "hidden": [5], "lr": np.float64(0.1)},
        "args": argparse.Namespace(beta=4.0, name="x"),
        "config": {"model": {"act": "tanh"}},
        "input_dim": 8,
        "losses": list(range(1000)),
        "mean": torch.tensor([0.5]),
        "counts": collections.Counter(a=2),
    }
    stated = opened(raw, tmp_path).stated
    wanted = {"latent_dim": 3, "hidden": [5], "lr": 0.1, "beta": 4.0, "name": "x", "act": "tanh", "input_dim": 8}
    assert {name: stated[name] for name in wanted} == wanted
    assert stated["mean"] == [0.5]
    assert "losses" not in stated


def test_weights_as_arrays_are_weights(tmp_path: Path) -> None:
    raw = {key: value.numpy() for key, value in STATE.items()}
    raw["encoder.0.weight"] = np.asfortranarray(raw["encoder.0.weight"].astype(">f8"))
    assert same(opened(raw, tmp_path).states[0].tensors, STATE)


@pytest.mark.parametrize(
    ("raw", "match"),
    [
        (torch.optim.Adam(Net().parameters()).state_dict(), "an optimizer's state, and no weights"),
        ({"epoch": 3}, "holds epoch, and no weights"),
        (argparse.Namespace(a=1), r"argparse\.Namespace, and no weights"),
        ([], "list, and no weights"),
    ],
)
def test_a_file_without_weights_is_named(tmp_path: Path, raw: Any, match: str) -> None:
    with pytest.raises(CheckpointError, match=match):
        chosen(opened(raw, tmp_path), AUTO)


def test_data_that_hold_themselves_end() -> None:
    loop: dict[str, Any] = {"state_dict": STATE}
    loop["again"] = loop
    wide: list[Any] = []
    for _ in range(30):
        wide = [wide] * 60
    assert same(chosen(unwrap({**loop, "config": wide, "x": wide}, AUTO), AUTO).tensors, STATE)


def test_real_files_with_objects_inside_are_read(shared_data: Path) -> None:
    for name, tensors, modules in (("06.pt", 10, True), ("07.ckpt", 51, False)):
        path = shared_data / "wild" / name
        content = unwrap(read_weights(path, path.read_bytes()[:4096]), AUTO)
        assert len(chosen(content, AUTO).tensors) == tensors
        assert (content.modules is not None) == modules


def test_what_belongs_to_the_training_is_kept_beside(tmp_path: Path) -> None:
    content = opened({"module.fc.weight": torch.ones(3, 3), "module.critic.weight": torch.ones(1, 3)}, tmp_path)
    (state,) = content.states
    assert list(state.tensors) == ["fc.weight"]
    assert state.whole is not None
    assert list(state.whole.tensors) == ["fc.weight", "critic.weight"]
    assert opened(STATE, tmp_path).states[0].whole is None


def test_networks_and_their_counters_are_no_facts(tmp_path: Path) -> None:
    content = opened({"netE": STATE, "netG": Net(hidden=7).state_dict(), "opt": argparse.Namespace(nz=3)}, tmp_path)
    assert content.stated == {"nz": 3}
