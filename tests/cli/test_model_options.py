"""A person's own class and adapter, from the command line to the run."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

import vae_analyze
from vae_analyze.runs.read import read_run

CODE = """
import torch
from torch import nn

class Net(nn.Module):
    def __init__(self, size=64, latent_dim=3):
        super().__init__()
        self.inner = nn.Linear(size, 24)
        self.mu = nn.Linear(24, latent_dim)
        self.logvar = nn.Linear(24, latent_dim)
        self.outer = nn.Sequential(nn.Linear(latent_dim, 24), nn.Tanh(), nn.Linear(24, size), nn.Sigmoid())

    def encode(self, x):
        h = torch.tanh(self.inner(x.view(-1, 64)))
        return self.mu(h), self.logvar(h)

    def decode(self, z):
        return self.outer(z)

    def forward(self, x):
        mu, logvar = self.encode(x)
        return self.decode(mu), mu, logvar

raise SystemExit("training started")
"""
ADAPTER = """
import importlib.util
import torch
from torch import nn

def load(path):
    source = {code!r}.split("raise SystemExit")[0]
    names = {{}}
    exec(source, names)
    net = names["Net"]()
    net.load_state_dict(torch.load(path, weights_only=True))
    return net.eval()
"""


@pytest.fixture
def mine(tmp_path: Path) -> tuple[Path, Path]:
    """A state_dict trained for a moment on digits, and the file that holds its class."""
    names: dict[str, Any] = {}
    exec(CODE.partition("raise SystemExit")[0], names)  # the text above
    torch.manual_seed(0)
    net = names["Net"]()
    data = vae_analyze.open_data("digits:train")
    x = torch.from_numpy(data.read(np.arange(len(data))).x).flatten(1)
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-2)
    generator = torch.Generator().manual_seed(0)
    for _ in range(150):
        batch = x[torch.randint(len(x), (256,), generator=generator)]
        mean, logvar = net.encode(batch)
        z = mean + (0.5 * logvar).exp() * torch.randn(mean.shape, generator=generator)
        loss = 16 * nn.functional.binary_cross_entropy(net.decode(z), batch, reduction="sum") / len(batch)
        loss = loss + 0.5 * (mean.square() + logvar.exp() - 1 - logvar).sum(dim=1).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    torch.save(net.state_dict(), tmp_path / "mine.pth")
    (tmp_path / "train.py").write_text(CODE)
    (tmp_path / "adapter.py").write_text(ADAPTER.format(code=CODE))
    return tmp_path / "mine.pth", tmp_path / "train.py"


@pytest.mark.parametrize("command", ["robustness", "run"])
def test_a_class_named_on_the_command_line_is_analysed(
    cli: Callable,  # type: ignore[type-arg]
    mine: tuple[Path, Path],
    command: str,
) -> None:
    weights, code = mine
    words = ("--data", "digits:test", "--samples", "60", "--set", "latent_dim=3", "--out", "named")
    done = cli(command, str(weights), "--model", f"{code}:Net", *words)
    assert done.code == 0, done.err
    assert "Traceback" not in done.err
    run = read_run("named")
    assert not run.failed
    origins = {option.name: (option.value, option.origin) for option in run.options}
    assert origins["model"] == (f"{code}:Net", "command line")
    assert "--model" in run.provenance["reproduce"]


def test_from_python_the_same_numbers(
    cli: Callable,  # type: ignore[type-arg]
    mine: tuple[Path, Path],
) -> None:
    weights, code = mine
    words = ("--data", "digits:test", "--samples", "60", "--out", "typed")
    assert cli("robustness", str(weights), "--model", f"{code}:Net", *words).code == 0
    typed = read_run("typed")["robustness"]
    called = vae_analyze.analyze(weights, ["robustness"], data="digits:test", samples=60, model=f"{code}:Net")
    for sigma in (0.05, 0.5):
        name = {"sigma": sigma}
        assert called["robustness"].scalar("latent_mse", **name).value == typed.scalar("latent_mse", **name).value


def test_an_adapter_and_two_workers_give_the_same(
    cli: Callable,  # type: ignore[type-arg]
    mine: tuple[Path, Path],
) -> None:
    weights, code = mine
    words = ("--data", "digits:test", "--samples", "60", "--no-cache")
    one = ("--model", f"{code}:Net", "--out", "one")
    other = ("--adapter", str(code.with_name("adapter.py")), "--workers", "2", "--out", "other")
    for chosen in (one, other):
        done = cli("robustness", str(weights), *chosen, *words)
        assert done.code == 0, done.err
    values = [read_run(name)["robustness"].scalar("latent_mse", sigma=0.2).value for name in ("one", "other")]
    assert values[0] == pytest.approx(values[1], rel=1e-6)
