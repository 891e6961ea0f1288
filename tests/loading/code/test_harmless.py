from __future__ import annotations

import os
import sys

import pytest
import torch
from torch import nn

from vae_analyze.errors import CheckpointError
from vae_analyze.loading.code.harmless import harmless, on_device

CPU = torch.device("cpu")
GPU = torch.device("cuda")


def test_requests_for_a_gpu_end_on_the_cpu() -> None:
    with harmless(CPU):
        x = torch.zeros(2, device="cuda")
        made = [
            x,
            x.cuda(),
            x.to("cuda:1"),
            x.to(GPU),
            x.to(device=GPU, dtype=torch.float64),
            torch.randn(2, device=GPU),
            torch.randn_like(x, device="cuda"),
            torch.cuda.FloatTensor([1.0]),  # type: ignore[attr-defined]  # made when torch is imported
            torch.as_tensor([1.0], device=0),
            *nn.Linear(2, 2, device="cuda").cuda().to("cuda").parameters(),
        ]
        assert not torch.cuda.is_available()
    assert {tensor.device for tensor in made} == {CPU}
    assert made[4].dtype == torch.float64


def test_the_meta_device_makes_shapes_without_memory() -> None:
    with harmless(torch.device("meta")):
        layer = nn.Linear(1 << 20, 1 << 20)
    assert layer.weight.device.type == "meta"


def test_everything_is_put_back_after_an_error() -> None:
    before = (torch.cuda.is_available, torch.load, torch.hub.download_url_to_file, sys.argv, sys.stdin, sys.stdout)
    backend = os.environ.get("MPLBACKEND")
    state = torch.get_rng_state()

    def fail() -> None:
        torch.rand(3)
        raise RuntimeError("theirs")

    with pytest.raises(RuntimeError, match="theirs"), harmless(CPU):
        fail()
    after = (torch.cuda.is_available, torch.load, torch.hub.download_url_to_file, sys.argv, sys.stdin, sys.stdout)
    assert all(one is other for one, other in zip(before, after, strict=True))
    assert os.environ.get("MPLBACKEND") == backend
    assert torch.equal(torch.get_rng_state(), state)


def test_nothing_is_downloaded() -> None:
    with harmless(CPU), pytest.raises(CheckpointError, match="wants to download"):
        torch.hub.download_url_to_file("http://example.com/x", "x")


def test_tensors_follow_the_model_while_it_runs() -> None:
    with on_device(CPU):
        assert torch.ones(2, device="cuda").device == CPU
        assert torch.ones(2).cuda().to("mps").device == CPU
        assert torch.ones(2).to(torch.float64).dtype == torch.float64
