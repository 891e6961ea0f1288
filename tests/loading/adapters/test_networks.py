from __future__ import annotations

import argparse
from pathlib import Path

import pytest
import torch
from torch import nn

from vae_analyze.errors import CheckpointError
from vae_analyze.loading.adapters.networks import networks


def test_every_network_is_read_beside_settings_of_a_foreign_class(tmp_path: Path) -> None:
    one, other = nn.Linear(4, 6), nn.Sequential(nn.Linear(3, 4))
    parts = {"netE": one.state_dict(), "netG": other.state_dict(), "opt": argparse.Namespace(nz=3)}
    torch.save(parts, tmp_path / "both.pth")
    found = networks(tmp_path / "both.pth")
    assert set(found) == {"netE", "netG"}
    nn.Linear(4, 6).load_state_dict(found["netE"])
    assert torch.equal(found["netG"]["0.weight"], other.state_dict()["0.weight"])


def test_names_are_those_of_the_file_with_what_training_added(tmp_path: Path) -> None:
    state = {"module.fc.weight": torch.ones(3, 3), "module.discriminator.weight": torch.ones(1, 3)}
    torch.save(state, tmp_path / "a.pth")
    assert list(networks(str(tmp_path / "a.pth"))[""]) == list(state)


def test_a_file_without_weights_is_refused(tmp_path: Path) -> None:
    torch.save({"epoch": 3}, tmp_path / "a.pth")
    with pytest.raises(CheckpointError, match="expected weights, found none"):
        networks(tmp_path / "a.pth")
