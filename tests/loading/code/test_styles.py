"""Shapes in which public repositories write their VAEs, each read from its script."""

# ruff: noqa: E501 - lines of the classes in the texts
from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from loading.code.made import checkpoint, codes, decoded, latents, read, reference, samples, written
from vae_analyze.errors import CheckpointError

HEAD = "import torch\nimport numpy as np\nimport torch.nn as nn\nimport torch.nn.functional as F\n"


def _matches(loaded: Any, mean: Tensor, logvar: Tensor, x_hat: Tensor, x: Tensor, z: Tensor) -> None:
    found = codes(loaded, x)
    torch.testing.assert_close(found[0], mean, rtol=0, atol=0)
    torch.testing.assert_close(found[1], logvar, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(decoded(loaded, z), x_hat.reshape(len(z), *loaded.vae.input_shape), rtol=0, atol=0)


PARTS = (
    HEAD
    + """
cuda = True
DEVICE = torch.device("cuda" if cuda else "cpu")
x_dim  = 64
hidden_dim = 32
latent_dim = 5
class Encoder(nn.Module):
    def __init__(self, input_dim, hidden_dim, latent_dim):
        super(Encoder, self).__init__()
        self.FC_input = nn.Linear(input_dim, hidden_dim)
        self.FC_mean  = nn.Linear(hidden_dim, latent_dim)
        self.FC_var   = nn.Linear (hidden_dim, latent_dim)
        self.LeakyReLU = nn.LeakyReLU(0.2)
        self.training = True
    def forward(self, x):
        h_ = self.LeakyReLU(self.FC_input(x))
        return self.FC_mean(h_), self.FC_var(h_)
class Decoder(nn.Module):
    def __init__(self, latent_dim, hidden_dim, output_dim):
        super(Decoder, self).__init__()
        self.FC_hidden = nn.Linear(latent_dim, hidden_dim)
        self.FC_output = nn.Linear(hidden_dim, output_dim)
        self.LeakyReLU = nn.LeakyReLU(0.2)
    def forward(self, x):
        return torch.sigmoid(self.FC_output(self.LeakyReLU(self.FC_hidden(x))))
class Model(nn.Module):
    def __init__(self, Encoder, Decoder):
        super(Model, self).__init__()
        self.Encoder = Encoder
        self.Decoder = Decoder
    def reparameterization(self, mean, var):
        epsilon = torch.randn_like(var).to(DEVICE)
        return mean + var*epsilon
    def forward(self, x):
        mean, log_var = self.Encoder(x)
        z = self.reparameterization(mean, torch.exp(0.5 * log_var))
        return self.Decoder(z), mean, log_var
"""
)


def test_a_model_put_together_from_parts_in_the_script(tmp_path: Path) -> None:
    source = (
        PARTS
        + """
encoder = Encoder(input_dim=x_dim, hidden_dim=hidden_dim, latent_dim=latent_dim)
decoder = Decoder(latent_dim=latent_dim, hidden_dim = hidden_dim, output_dim = x_dim)
model = Model(Encoder=encoder, Decoder=decoder).to(DEVICE)
raise SystemExit("training")
"""
    )
    space: dict[str, Any] = {}
    exec(PARTS, space)
    torch.manual_seed(1)
    model = space["Model"](space["Encoder"](64, 32, 5), space["Decoder"](5, 32, 64)).eval()
    path = checkpoint(tmp_path / "a.pth", model)
    loaded = read(path, f"{written(tmp_path / 'train.py', source)}:Model")
    x, z = samples(64), latents(5)
    with torch.no_grad():
        mean, logvar = model.Encoder(x)
        _matches(loaded, mean, logvar, model.Decoder(z), x, z)


VANILLA = """
import torch
from models import BaseVAE
from torch import nn
from torch.nn import functional as F
from .types_ import *

class VanillaVAE(BaseVAE):
    def __init__(self, in_channels: int, latent_dim: int, hidden_dims: List = None, **kwargs) -> None:
        super(VanillaVAE, self).__init__()
        self.latent_dim = latent_dim
        modules = []
        if hidden_dims is None:
            hidden_dims = [8, 16]
        self.top = hidden_dims[-1]
        first = in_channels
        for h_dim in hidden_dims:
            modules.append(nn.Sequential(nn.Conv2d(in_channels, h_dim, 3, stride=2, padding=1), nn.BatchNorm2d(h_dim), nn.LeakyReLU()))
            in_channels = h_dim
        self.encoder = nn.Sequential(*modules)
        self.fc_mu = nn.Linear(hidden_dims[-1] * 49, latent_dim)
        self.fc_var = nn.Linear(hidden_dims[-1] * 49, latent_dim)
        self.decoder_input = nn.Linear(latent_dim, hidden_dims[-1] * 49)
        hidden_dims = hidden_dims[::-1] + [hidden_dims[0]]
        modules = []
        for a, b in zip(hidden_dims, hidden_dims[1:]):
            modules.append(nn.Sequential(nn.ConvTranspose2d(a, b, 3, stride=2, padding=1, output_padding=1), nn.BatchNorm2d(b), nn.LeakyReLU()))
        self.decoder = nn.Sequential(*modules)
        self.final_layer = nn.Sequential(nn.Conv2d(hidden_dims[-1], first, 3, padding=1), nn.Tanh())
    def encode(self, input: Tensor) -> List[Tensor]:
        result = torch.flatten(self.encoder(input), start_dim=1)
        return [self.fc_mu(result), self.fc_var(result)]
    def decode(self, z: Tensor) -> Tensor:
        return self.final_layer(self.decoder(self.decoder_input(z).view(-1, self.top, 7, 7)))
    def reparameterize(self, mu: Tensor, logvar: Tensor) -> Tensor:
        std = torch.exp(0.5 * logvar)
        return torch.randn_like(std) * std + mu
    def forward(self, input: Tensor, **kwargs) -> List[Tensor]:
        mu, log_var = self.encode(input)
        return [self.decode(self.reparameterize(mu, log_var)), input, mu, log_var]
"""


def test_a_file_of_a_package_with_a_base_class_and_its_own_types(tmp_path: Path) -> None:
    written(
        tmp_path / "models/__init__.py", "from .base import *\nfrom .vanilla import *\nfrom .broken import Missing\n"
    )
    written(tmp_path / "models/types_.py", "from typing import List, Any, TypeVar\nTensor = TypeVar('torch.tensor')\n")
    written(
        tmp_path / "models/base.py",
        "from .types_ import *\nfrom torch import nn\nfrom abc import abstractmethod\nclass BaseVAE(nn.Module):\n"
        "    def __init__(self) -> None:\n        super(BaseVAE, self).__init__()\n"
        "    @abstractmethod\n    def forward(self, *inputs: Tensor) -> Tensor:\n        pass\n",
    )
    file = written(tmp_path / "models/vanilla.py", VANILLA)
    plain = (
        "from typing import List\nfrom torch import Tensor\n"
        + VANILLA.replace("from models import BaseVAE", "").replace("from .types_ import *", "")
    ).replace("(BaseVAE)", "(nn.Module)")
    model: Any = reference(plain, "VanillaVAE", 1, 6, [4, 8])
    path = checkpoint(tmp_path / "a.pth", model)
    loaded = read(path, f"{file}:VanillaVAE", output="tanh", range=(-1.0, 1.0))
    x, z = samples(1, 28, 28), latents(6)
    with torch.no_grad():
        mean, logvar = model.encode(2 * x - 1)
        _matches(loaded, mean, logvar, (model.decode(z) + 1) / 2, x, z)


def test_helper_modules_initialisers_and_names_that_numpy_took_away(tmp_path: Path) -> None:
    source = (
        HEAD
        + """
def kaiming_init(m):
    if isinstance(m, (nn.Linear, nn.Conv2d)):
        torch.nn.init.kaiming_normal_(m.weight)
class View(nn.Module):
    def __init__(self, size):
        super().__init__()
        self.size = size
    def forward(self, tensor):
        return tensor.view(self.size)
class VAE(nn.Module):
    def __init__(self, z_dim=10, img_size=(1, 8, 8)):
        super().__init__()
        self.flat = np.REMOVED(img_size)
        self.encoder = nn.Sequential(View((-1, int(self.flat))), nn.Linear(int(self.flat), 32), nn.ReLU(True), nn.Linear(32, z_dim * 2))
        self.decoder = nn.Sequential(nn.Linear(z_dim, 32), nn.ReLU(True), nn.Linear(32, int(self.flat)), View((-1, *img_size)))
        self.z_dim = z_dim
        for block in self._modules:
            for m in self._modules[block]:
                kaiming_init(m)
    def forward(self, x):
        distributions = self._encode(x)
        mu, logvar = distributions[:, :self.z_dim], distributions[:, self.z_dim:]
        std = logvar.div(2).exp()
        eps = torch.autograd.Variable(std.data.new(std.size()).normal_())
        return self._decode(mu + std * eps), mu, logvar
    def _encode(self, x):
        return self.encoder(x)
    def _decode(self, z):
        return self.decoder(z)
"""
    )
    model: Any = reference(source.replace("REMOVED", "prod"), "VAE", 7)
    path = checkpoint(tmp_path / "a.pth", model)
    loaded = read(path, f"{written(tmp_path / 'm.py', source.replace('REMOVED', 'product'))}:VAE", output="logits")
    x, z = samples(64), latents(7)
    with torch.no_grad():
        mean, logvar = model.encoder(x).chunk(2, 1)
        _matches(loaded, mean, logvar, model.decoder(z).sigmoid(), x, z)


def test_prints_plots_and_randomness_of_the_class_stay_inside(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = (
        HEAD
        + """
import random
print("loading the world")
class VAE(nn.Module):
    def __init__(self, n=64, d=5):
        super().__init__()
        print("making", n, d)
        random.seed(0); np.random.seed(0)
        self.encoder = nn.Linear(n, 2 * d)
        self.decoder = nn.Linear(d, n)
        self.decoder.weight.data.normal_(0, 0.02)
    def forward(self, x):
        print(x.shape)
        mu, lv = self.encoder(x).chunk(2, dim=1)
        return self.decoder(mu + torch.randn_like(mu) * (lv / 2).exp()), mu, lv
"""
    )
    model = reference(source, "VAE")
    capsys.readouterr()
    path = checkpoint(tmp_path / "a.pth", model)
    loaded = read(path, f"{written(tmp_path / 'm.py', source)}:VAE")
    codes(loaded, samples(64))
    assert capsys.readouterr().out == ""


def test_a_class_that_downloads_when_it_is_made_is_refused(tmp_path: Path) -> None:
    source = (
        HEAD
        + "class VAE(nn.Module):\n    def __init__(self):\n        super().__init__()\n"
        + "        self.f = nn.Linear(3, 3)\n        torch.hub.load_state_dict_from_url('http://example.com/a.pth', model_dir='.')\n"
    )
    path = checkpoint(tmp_path / "a.pth", torch.nn.Linear(3, 3))
    with pytest.raises(CheckpointError, match="wants to download"):
        read(path, f"{written(tmp_path / 'm.py', source)}:VAE")


def test_a_pickle_that_the_class_loads_itself_does_not_run(tmp_path: Path) -> None:
    import os
    import pickle

    class Evil:
        def __reduce__(self) -> tuple[Any, ...]:
            return os.system, (f"touch {tmp_path / 'ran'}",)

    (tmp_path / "evil.pth").write_bytes(pickle.dumps(Evil()))
    source = (
        HEAD
        + f"class VAE(nn.Module):\n    def __init__(self):\n        super().__init__()\n        torch.load({str(tmp_path / 'evil.pth')!r}, weights_only=False)\n"
    )
    path = checkpoint(tmp_path / "a.pth", torch.nn.Linear(3, 3))
    with pytest.raises(CheckpointError):
        read(path, f"{written(tmp_path / 'm.py', source)}:VAE")
    assert not (tmp_path / "ran").exists()


def test_sequences_through_convolutions_in_one_dimension(tmp_path: Path) -> None:
    source = (
        HEAD
        + """
class VAE(nn.Module):
    def __init__(self):
        super().__init__()
        self.enc = nn.Sequential(nn.Unflatten(1, (1, 64)), nn.Conv1d(1, 4, 4, 2, 1), nn.ReLU(), nn.Flatten())
        self.mu, self.ls = nn.Linear(128, 3), nn.Linear(128, 3)
        self.dec = nn.Sequential(nn.Linear(3, 128), nn.Unflatten(1, (4, 32)), nn.ConvTranspose1d(4, 1, 4, 2, 1), nn.Flatten())
    def encode(self, x):
        h = self.enc(x)
        return self.mu(h), F.softplus(self.ls(h)) + 1e-3
    def decode(self, z):
        return self.dec(z)
    def forward(self, x):
        mu, sigma = self.encode(x)
        return self.decode(torch.distributions.Normal(mu, sigma).rsample()), mu, sigma
"""
    )
    model: Any = reference(source, "VAE")
    path = checkpoint(tmp_path / "a.pth", model)
    spec = f"{written(tmp_path / 'm.py', source)}:VAE"
    x, z = samples(64), latents(3)
    loaded = read(path, spec, evidence=_vectors(x))
    with torch.no_grad():
        mean, sigma = model.encode(x)
        _matches(loaded, mean, 2 * sigma.log(), model.decode(z), x, z)


def _vectors(x: Tensor) -> Any:
    from vae_analyze.loading.settling.evidence import Evidence

    return Evidence(name="vectors", x=x)
