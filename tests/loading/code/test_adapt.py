# ruff: noqa: E501 - lines of the classes in the texts
from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from loading.code.made import PLAIN, checkpoint, codes, decoded, latents, read, reference, samples, written
from vae_analyze.errors import CheckpointError
from vae_analyze.loading.card import Loaded
from vae_analyze.vae import ConditionalVAE

HEAD = "import torch\nfrom torch import nn\nfrom torch.nn import functional as F\n"

LAYERS = """
class VAE(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(64, 32)
        self.fc21 = nn.Linear(32, 5)
        self.fc22 = nn.Linear(32, 5)
        self.fc3 = nn.Linear(5, 32)
        self.fc4 = nn.Linear(32, 64)
    def both(self, x):
        h = F.relu(self.fc1(x))
        return self.fc21(h), self.fc22(h)
    def back(self, z):
        return torch.sigmoid(self.fc4(F.relu(self.fc3(z))))
"""


def _loaded(tmp_path: Path, source: str, *args: Any, **words: Any) -> tuple[Loaded, nn.Module]:
    model = reference(source, "VAE", *args)
    path = checkpoint(tmp_path / "weights.pth", model)
    return read(path, f"{written(tmp_path / 'model.py', source)}:VAE", **words), model


def _truth(model: Any, x: Tensor, z: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    with torch.no_grad():
        return (*model.both(x), model.back(z))


def _check(tmp_path: Path, body: str, *, layers: str = LAYERS, exact: bool = True, second: str = "logvar") -> Loaded:
    """A class with these methods is read as its layers say."""
    loaded, model = _loaded(tmp_path, HEAD + layers + body)
    x, z = samples(64), latents(5)
    mean, raw, x_hat = _truth(model, x, z)
    expected = {"logvar": raw, "logstd": 2 * raw, "std": 2 * raw.abs().log()}[second]
    found_mean, found_logvar = codes(loaded, x)
    assert torch.equal(found_mean, mean)
    if exact:
        assert torch.equal(found_logvar, expected)
    torch.testing.assert_close(found_logvar, expected, rtol=1e-4, atol=1e-4)
    assert torch.equal(decoded(loaded, z), x_hat)
    assert not loaded.card.guessed
    return loaded


SAMPLE = "\n    def draw(self, mu, s):\n        return mu + torch.exp(0.5 * s) * torch.randn_like(s)\n"
READINGS = {
    "logvar": "mu + torch.exp(0.5 * s) * torch.randn_like(s)",
    "logstd": "mu + torch.exp(s) * torch.randn(mu.shape)",
    "std": "torch.randn_like(mu).mul(s).add_(mu)",
}


@pytest.mark.parametrize("second", list(READINGS))
def test_what_the_second_output_means_is_told_by_their_own_sampling(tmp_path: Path, second: str) -> None:
    body = f"""
    def encode(self, x):
        return self.both(x)
    def decode(self, z):
        return self.back(z)
    def forward(self, x):
        mu, s = self.encode(x)
        return self.decode({READINGS[second]}), mu, s
"""
    _check(tmp_path, body, second=second)


BODIES = {
    "dictionary": """
    def encode(self, x):
        mu, s = self.both(x)
        return {"logvar": s, "mu": mu}
    def decode(self, z):
        return {"image": self.back(z)}
    def forward(self, x):
        e = self.encode(x)
        return {"recon": self.decode(self.draw(e["mu"], e["logvar"]))["image"], **e}
""",
    "sample first": """
    def encode(self, x):
        mu, s = self.both(x)
        return self.draw(mu, s), mu, s
    def decode(self, z):
        return self.back(z)
    def forward(self, x):
        z, mu, s = self.encode(x)
        return self.decode(z), z, mu, s
""",
    "mean in evaluation": """
    def reparameterize(self, mu, s):
        return self.draw(mu, s) if self.training else mu
    def encode(self, x):
        return self.both(x)
    def decode(self, z):
        return self.back(z)
    def forward(self, x):
        mu, s = self.encode(x)
        return self.decode(self.reparameterize(mu, s)), mu, s
""",
    "forward only": """
    def forward(self, x):
        mu, s = self.both(x)
        z = self.draw(mu, s)
        return torch.sigmoid(self.fc4(F.relu(self.fc3(z)))), mu, s
""",
    "attributes": """
    def encode(self, x):
        self.mu, self.s = self.both(x)
        return self.draw(self.mu, self.s)
    def decode(self, z):
        return self.back(z)
    def forward(self, x):
        return self.decode(self.encode(x)), self.mu, self.s
""",
    "distribution": """
    def encode(self, x):
        mu, s = self.both(x)
        return torch.distributions.Independent(torch.distributions.Normal(mu, (s / 2).exp()), 1)
    def decode(self, z):
        return torch.distributions.ContinuousBernoulli(probs=self.back(z)).probs
    def forward(self, x):
        q = self.encode(x)
        return self.decode(q.rsample()), q
""",
    "halves": """
    def encode(self, x):
        return torch.cat(self.both(x), dim=1)
    def decode(self, z):
        return self.back(z)
    def forward(self, x):
        mu, s = self.encode(x).chunk(2, 1)
        return self.decode(self.draw(mu, s))
""",
    "taking turns": """
    def encoder(self, x):
        return torch.stack(self.both(x), dim=2).flatten(1)
    def decoder(self, z):
        return self.back(z)
    def forward(self, x):
        mu, s = self.encoder(x).view(-1, 5, 2).unbind(-1)
        return self.decoder(self.draw(mu, s))
""",
    "second first": """
    def encode(self, x):
        mu, s = self.both(x)
        return s, mu
    def decode(self, z):
        return self.back(z)
    def forward(self, x):
        s, mu = self.encode(x)
        return self.decode(self.draw(mu, s)), s, mu
""",
    "views": """
    def encode(self, x):
        return self.both(x.view(-1, 64))
    def decode(self, z):
        return self.back(z).view(-1, 1, 8, 8)
    def forward(self, x):
        mu, s = self.encode(x)
        return self.decode(self.draw(mu, s)), mu, s
""",
    "writes to its input": """
    def encode(self, x):
        return self.both(x.view(-1, 64))
    def decode(self, z):
        x = self.back(z)
        return x
    def forward(self, x):
        mu, s = self.encode(x)
        recon = self.decode(self.draw(mu, s))
        x.zero_()
        return recon, mu, s
""",
}
ROUNDED = ("attributes", "distribution")


@pytest.mark.parametrize("kind", list(BODIES))
def test_encoder_and_decoder_are_found(tmp_path: Path, kind: str) -> None:
    _check(tmp_path, SAMPLE + BODIES[kind], exact=kind not in ROUNDED)


def test_a_decoder_spelled_otherwise_and_heads_in_forward(tmp_path: Path) -> None:
    source = (
        HEAD
        + """
class VAE(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 32), nn.ReLU())
        self.mu, self.log_var = nn.Linear(32, 5), nn.Linear(32, 5)
        self.widen = nn.Linear(5, 32)
        self.decorder = nn.Sequential(nn.ReLU(), nn.Linear(32, 64), nn.Sigmoid())
    def forward(self, x):
        h = self.encoder(x)
        mu, log_var = self.mu(h), self.log_var(h)
        z = mu + torch.exp(log_var / 2) * torch.randn_like(mu)
        return self.decorder(self.widen(z)), mu, log_var
"""
    )
    loaded, model = _loaded(tmp_path, source)
    x, z = samples(64), latents(5)
    with torch.no_grad():
        h = model.encoder(x)  # type: ignore[operator]  # modules of the class in the text
        assert torch.equal(codes(loaded, x)[0], model.mu(h))  # type: ignore[operator]
        assert torch.equal(codes(loaded, x)[1], model.log_var(h))  # type: ignore[operator]
        assert torch.equal(decoded(loaded, z), model.decorder(model.widen(z)))  # type: ignore[operator]


def test_nothing_that_forward_returns_is_needed(tmp_path: Path) -> None:
    body = (
        SAMPLE
        + "\n    def forward(self, x):\n        mu, s = self.both(x)\n        return self.back(self.draw(mu, s))\n"
    )
    _check(tmp_path, body, exact=False)


def test_a_sigmoid_that_forward_adds_makes_the_decoder_logits(tmp_path: Path) -> None:
    source = (
        HEAD
        + LAYERS.replace("torch.sigmoid(self.fc4(F.relu(self.fc3(z))))", "self.fc4(F.relu(self.fc3(z)))")
        + SAMPLE
        + """
    def encode(self, x):
        return self.both(x)
    def decode(self, z):
        return self.back(z)
    def forward(self, x):
        mu, s = self.encode(x)
        return torch.sigmoid(self.decode(self.draw(mu, s))), mu, s
"""
    )
    loaded, model = _loaded(tmp_path, source, output="auto")
    z = latents(5)
    assert torch.equal(decoded(loaded, z), _truth(model, samples(64), z)[2].sigmoid())


def test_a_wrapper_around_the_network(tmp_path: Path) -> None:
    source = (
        HEAD
        + LAYERS.replace("class VAE", "class Net")
        + SAMPLE
        + BODIES["mean in evaluation"]
        + """
class VAE(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = Net()
    def forward(self, x):
        return self.net(x)
"""
    )
    loaded, model = _loaded(tmp_path, source)
    x, z = samples(64), latents(5)
    mean, raw, x_hat = _truth(model.net, x, z)
    assert torch.equal(codes(loaded, x)[0], mean)
    assert torch.equal(codes(loaded, x)[1], raw)
    assert torch.equal(decoded(loaded, z), x_hat)


def test_weights_of_an_inner_network_under_a_deeper_name(tmp_path: Path) -> None:
    model = reference(PLAIN, "VAE")
    outer = nn.ModuleDict({"vae_net": model, "critic": nn.Linear(64, 1)})
    path = checkpoint(tmp_path / "weights.pth", outer)
    loaded = read(path, f"{written(tmp_path / 'model.py', PLAIN)}:VAE")
    with torch.no_grad():
        assert torch.equal(codes(loaded, samples(64))[0], model.encode(samples(64))[0])  # type: ignore[operator]
    assert loaded.vae.latent_shape == (5,)


CONVOLUTIONS = (
    HEAD
    + """
class VAE(nn.Module):
    def __init__(self, channels=1, latent=4):
        super().__init__()
        self.enc = nn.Sequential(nn.Conv2d(channels, 8, 4, 2, 1), nn.ReLU(), nn.Conv2d(8, 8, 4, 2, 1), nn.ReLU(), nn.Flatten())
        self.mu, self.lv = nn.Linear(8 * 49, latent), nn.Linear(8 * 49, latent)
        self.up = nn.Linear(latent, 8 * 49)
        self.dec = nn.Sequential(nn.ConvTranspose2d(8, 8, 4, 2, 1), nn.ReLU(), nn.ConvTranspose2d(8, channels, 4, 2, 1))
    def encode(self, x):
        h = self.enc(x)
        return self.mu(h), self.lv(h)
    def decode(self, z):
        return torch.sigmoid(self.dec(F.relu(self.up(z)).view(-1, 8, 7, 7)))
    def forward(self, x):
        mu, lv = self.encode(x)
        return self.decode(mu + torch.randn_like(mu) * torch.exp(lv / 2)), mu, lv
"""
)


def test_the_size_of_images_is_found_by_trying(tmp_path: Path) -> None:
    loaded, model = _loaded(tmp_path, CONVOLUTIONS, 3, 6, range=(-1.0, 1.0))
    assert loaded.vae.input_shape == (3, 28, 28)
    x = samples(3, 28, 28)
    with torch.no_grad():
        torch.testing.assert_close(codes(loaded, x)[0], model.encode(2 * x - 1)[0])  # type: ignore[operator]


def test_spatial_codes_keep_their_shape(tmp_path: Path) -> None:
    source = (
        HEAD
        + """
class VAE(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = nn.Sequential(nn.Conv2d(3, 8, 4, 2, 1), nn.ReLU(), nn.Conv2d(8, 8, 4, 2, 1))
        self.decoder = nn.Sequential(nn.ConvTranspose2d(4, 8, 4, 2, 1), nn.ReLU(), nn.ConvTranspose2d(8, 3, 4, 2, 1), nn.Sigmoid())
    def forward(self, x):
        mu, lv = self.encoder(x).chunk(2, 1)
        return self.decoder(mu + torch.randn_like(mu) * torch.exp(lv / 2)), mu, lv
"""
    )
    loaded, _ = _loaded(tmp_path, source, range=(0.0, 1.0))
    assert len(loaded.vae.latent_shape) == 3
    assert loaded.vae.latent_shape[0] == 4
    assert loaded.card.guessed, "any size of image does"


CONDITIONAL = (
    HEAD
    + """
class VAE(nn.Module):
    def __init__(self, num_classes=10):
        super().__init__()
        self.n = num_classes
        self.fc1, self.fc21, self.fc22 = nn.Linear(64 + 10, 32), nn.Linear(32, 5), nn.Linear(32, 5)
        self.fc3, self.fc4 = nn.Linear(5 + 10, 32), nn.Linear(32, 64)
    def encode(self, x, y):
        h = F.relu(self.fc1(torch.cat([x, LABEL], 1)))
        return self.fc21(h), self.fc22(h)
    def decode(self, z, y):
        return torch.sigmoid(self.fc4(F.relu(self.fc3(torch.cat([z, LABEL], 1)))))
    def forward(self, x, y):
        mu, s = self.encode(x, y)
        return self.decode(mu + torch.exp(s / 2) * torch.randn_like(mu), y), mu, s
"""
)


@pytest.mark.parametrize(("label", "kind"), [("y", "onehot"), ("F.one_hot(y, self.n).float()", "index")])
def test_labels_are_found_by_trying(tmp_path: Path, label: str, kind: str) -> None:
    loaded, model = _loaded(tmp_path, CONDITIONAL.replace("LABEL", label))
    assert loaded.card.conditional
    assert isinstance(loaded.vae, ConditionalVAE)
    y = torch.arange(6)
    given: Tensor = torch.nn.functional.one_hot(y, 10).float() if kind == "onehot" else y
    with torch.no_grad():
        posterior = loaded.vae.given(y).encode(samples(64))
        assert torch.equal(posterior.mean, model.encode(samples(64), given)[0])  # type: ignore[operator]
        assert torch.equal(loaded.vae.given(y).decode(latents(5)), model.decode(latents(5), given))  # type: ignore[operator]


def test_dropout_that_is_always_on_is_off(tmp_path: Path) -> None:
    body = SAMPLE + BODIES["forward only"]
    source = HEAD + LAYERS.replace("h = F.relu(self.fc1(x))", "h = F.dropout(F.relu(self.fc1(x)), 0.5)") + body
    loaded, _ = _loaded(tmp_path, source)
    assert torch.equal(codes(loaded, samples(64))[0], codes(loaded, samples(64))[0])


def test_a_plain_autoencoder_is_deterministic(tmp_path: Path) -> None:
    source = (
        HEAD
        + LAYERS
        + """
    def encode(self, x):
        return self.both(x)[0]
    def decode(self, z):
        return self.back(z)
    def forward(self, x):
        return self.decode(self.encode(x))
"""
    )
    loaded, _ = _loaded(tmp_path, source)
    assert loaded.card.deterministic


REFUSED = {
    "hierarchy": """
    def forward(self, x):
        mu, s = self.both(x)
        z = self.draw(mu, s)
        more = self.draw(z, s)
        return self.back(z + more), mu, s
""",
    "skip connection": """
    def forward(self, x):
        mu, s = self.both(x)
        z = self.draw(mu, s)
        return torch.sigmoid(self.fc4(F.relu(self.fc3(z) + self.fc1(x)))), mu, s
""",
    "used twice": """
    def forward(self, x):
        mu, s = self.both(x)
        z = self.draw(mu, s)
        return self.back(z) * z.mean(1, keepdim=True), mu, s
""",
    "partly discrete": """
    def encode(self, x):
        return self.both(x)
    def decode(self, z):
        return self.back(z)
    def forward(self, x):
        mu, s = self.encode(x)
        mask = torch.tensor([1., 1., 1., 0., 0.])
        return self.decode(mu + mask * torch.exp(s / 2) * torch.randn_like(mu)), mu, s
""",
    "quantised": """
    def encode(self, x):
        return self.both(x)[0]
    def decode(self, z):
        return self.back(z)
    def forward(self, x):
        return self.decode(torch.round(self.encode(x)))
""",
}


@pytest.mark.parametrize("kind", list(REFUSED))
def test_what_is_no_diagonal_gaussian_is_refused(tmp_path: Path, kind: str) -> None:
    with pytest.raises(CheckpointError, match="adapter"):
        _loaded(tmp_path, HEAD + LAYERS + SAMPLE + REFUSED[kind])
