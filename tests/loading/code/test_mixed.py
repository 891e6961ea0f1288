from __future__ import annotations

from pathlib import Path

import pytest
import torch

from loading.code.made import checkpoint, latents, read, reference, samples, written
from vae_analyze.errors import CheckpointError
from vae_analyze.loading.load import load
from vae_analyze.vae import VAE

MIXED = """
import torch
from torch import nn
from torch.nn import functional as F

class Joint(nn.Module):
    def __init__(self, size=3, kinds=(4, 2)):
        super().__init__()
        self.body = nn.Linear(64, 32)
        self.mu, self.logvar = nn.Linear(32, size), nn.Linear(32, size)
        self.heads = nn.ModuleList(nn.Linear(32, kind) for kind in kinds)
        self.back = nn.Sequential(nn.Linear(size + sum(kinds), 32), nn.ReLU(), nn.Linear(32, 64), nn.Sigmoid())

    def encode(self, x):
        h = self.body(x).relu()
        return {"z": (self.mu(h), self.logvar(h)), "c": [F.softmax(head(h), dim=1) for head in self.heads]}

    def decode(self, z):
        return self.back(z)

    def forward(self, x):
        code = self.encode(x.flatten(1))
        mean, logvar = code["z"]
        z = mean + torch.randn_like(mean) * (logvar / 2).exp() if self.training else mean
        hot = [F.one_hot(p.argmax(1), p.shape[1]).float() for p in code["c"]]
        return self.decode(torch.cat([z, *hot], dim=1)), code
"""


@pytest.mark.parametrize("wrapped", [False, True])
def test_every_categorical_part_is_named_and_the_adapter_works(tmp_path: Path, wrapped: bool) -> None:
    model = reference(MIXED, "Joint")
    weights = checkpoint(tmp_path / "w.pth", model, **({"epoch": 3} if wrapped else {}))
    code = written(tmp_path / "joint_model_of_test.py", MIXED)
    with pytest.raises(CheckpointError, match=r"c\.0, probabilities of 4 classes, c\.1, probabilities of 2") as caught:
        read(weights, f"{code}:Joint")
    assert "z.0 and z.1 (3 numbers)" in caught.value.message
    written(tmp_path / "adapter.py", "import torch\n" + caught.value.hint.partition("import torch\n")[2])
    loaded = load(weights, adapter=str(tmp_path / "adapter.py"))
    assert isinstance(loaded.vae, VAE)
    x, z = samples(*loaded.vae.input_shape), latents(9)
    with torch.no_grad():
        posterior = loaded.vae.encode(x)
        expected, code_of = model(x.flatten(1))
        assert torch.equal(posterior.mean[:, :3], code_of["z"][0])
        assert torch.equal(posterior.logvar[:, :3], code_of["z"][1])
        assert posterior.mean[:, 3:7].argmax(1).tolist() == code_of["c"][0].argmax(1).tolist()
        torch.testing.assert_close(loaded.vae.decode(posterior.mean).flatten(1), expected)
        torch.testing.assert_close(loaded.vae.decode(z).flatten(1), model.decode(z))  # type: ignore[operator]
    assert bool((posterior.logvar[:, 3:] == -torch.inf).all())
