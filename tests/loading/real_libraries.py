"""Stand-ins for optional libraries: what the loader asks of them, so that it is tested where they are not installed."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import torch
from torch import Tensor, nn

from vae_analyze.loading.files.safetensors_file import packed
from vae_analyze.loading.files.weights import read_weights


class FakeAutoencoder(nn.Module):
    """The members of a diffusers autoencoder that the loader uses: halves the image once."""

    def __init__(
        self,
        in_channels: int = 1,
        out_channels: int = 1,
        latent_channels: int = 2,
        block_out_channels: tuple[int, ...] = (4, 4),
        sample_size: int = 8,
        scaling_factor: float = 1.0,
    ) -> None:
        super().__init__()
        self.config = {
            "in_channels": in_channels,
            "block_out_channels": block_out_channels,
            "sample_size": sample_size,
        }
        self.down = nn.Conv2d(in_channels, 2 * latent_channels, 4, 2, 1)
        self.up = nn.ConvTranspose2d(latent_channels, out_channels, 4, 2, 1)

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> FakeAutoencoder:
        known = ("in_channels", "out_channels", "latent_channels", "block_out_channels", "sample_size")
        return cls(**{name: value for name, value in config.items() if name in known})

    @classmethod
    def from_pretrained(
        cls, folder: str, *, variant: str | None, **words: Any
    ) -> tuple[FakeAutoencoder, dict[str, Any]]:
        assert words["local_files_only"]
        assert words["torch_dtype"] == torch.float32
        model = cls.from_config(json.loads((Path(folder) / "config.json").read_text()))
        ending = "safetensors" if words["use_safetensors"] else "bin"
        path = Path(folder) / f"diffusion_pytorch_model.{variant + '.' if variant else ''}{ending}"
        state = read_weights(path, path.read_bytes()[:4096])
        found = model.load_state_dict(state.get("state_dict", state), strict=False)
        return model, {"missing_keys": found.missing_keys, "unexpected_keys": found.unexpected_keys}

    def encode(self, x: Tensor, return_dict: bool = True) -> tuple[Any]:
        mean, logvar = self.down(x).chunk(2, dim=1)
        return (SimpleNamespace(mean=mean, logvar=logvar),)

    def decode(self, z: Tensor, return_dict: bool = True) -> tuple[Tensor]:
        return (torch.tanh(self.up(z)),)


def fake_diffusers(version: str = "0.40.0") -> Any:
    """A library with one class."""
    return SimpleNamespace(__version__=version, AutoencoderKL=FakeAutoencoder)


def written_autoencoder(
    folder: Path, *, weights: str = "diffusion_pytorch_model.safetensors", seed: int = 0, **config: Any
) -> FakeAutoencoder:
    """A folder as the library would write it."""
    torch.manual_seed(seed)
    plain = {"_class_name": "AutoencoderKL", "_diffusers_version": "0.40.0", "sample_size": 8} | config
    model = FakeAutoencoder.from_config(plain).eval()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(plain))
    if weights.endswith(".bin"):
        torch.save(model.state_dict(), folder / weights)
    else:
        (folder / weights).write_bytes(packed(model.state_dict(), {"format": "pt"}))
    return model


class FakeEncoder(nn.Module):
    """An encoder as pythae's are: outputs by name."""

    def __init__(self, features: int, latents: int) -> None:
        super().__init__()
        self.embedding = nn.Linear(features, latents)
        self.log_var = nn.Linear(features, latents)

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        h = x.flatten(1)
        return {"embedding": self.embedding(h), "log_covariance": self.log_var(h)}


class FakeDecoder(nn.Module):
    """A decoder as pythae's are."""

    def __init__(self, latents: int, shape: tuple[int, ...]) -> None:
        super().__init__()
        self.shape = shape
        self.layer = nn.Linear(latents, int(torch.Size(shape).numel()))

    def forward(self, z: Tensor) -> dict[str, Tensor]:
        return {"reconstruction": self.layer(z).sigmoid().reshape(len(z), *self.shape)}


class FakeQuantizer(nn.Module):
    """Rounds to whole numbers: the nearest of an endless table."""

    def forward(self, z: Tensor) -> dict[str, Tensor]:
        return {"quantized_vector": z.round().permute(0, 3, 1, 2)}


@dataclass
class FakeSettings:
    """A configuration as pythae's are."""

    name: str = "VAEConfig"
    input_dim: tuple[int, ...] = (1, 4, 4)
    latent_dim: int = 3
    uses_default_encoder: bool = True
    uses_default_decoder: bool = True
    reconstruction_loss: str = "bce"
    num_embeddings: int = 16

    @classmethod
    def from_json_file(cls, path: str) -> FakeSettings:
        stated = json.loads(Path(path).read_text())
        return cls(**{name: stated[name] for name in ("name", "input_dim", "latent_dim")})


class FakePythae(nn.Module):
    """A model as pythae's are: custom networks or its own."""

    def __init__(self, settings: FakeSettings, encoder: Any = None, decoder: Any = None) -> None:
        super().__init__()
        shape = tuple(settings.input_dim)
        self.encoder = encoder or FakeEncoder(int(torch.Size(shape).numel()), settings.latent_dim)
        self.decoder = decoder or FakeDecoder(settings.latent_dim, shape)
        self.discriminator = nn.Linear(settings.latent_dim, 1)
        self.quantizer = FakeQuantizer()


def fake_pythae(module: str, **words: Any) -> Any:
    """What `needed` gives for the modules of pythae."""
    if module == "pythae.models":
        return SimpleNamespace(VAE=FakePythae, FactorVAE=FakePythae, AE=FakePythae, VQVAE=FakePythae, VAMP=FakePythae)
    if module == "pythae.models.auto_model":
        return SimpleNamespace(AutoConfig=FakeSettings)
    import pickle

    return SimpleNamespace(CPU_Unpickler=pickle.Unpickler)


def written_pythae(folder: Path, *, name: str = "VAEConfig", seed: int = 0, **config: Any) -> FakePythae:
    """A folder as pythae would write it."""
    torch.manual_seed(seed)
    settings = FakeSettings(name=name, **config)
    plain = asdict(settings)
    model = FakePythae(settings).eval()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "model_config.json").write_text(json.dumps(plain))
    (folder / "environment.json").write_text(json.dumps({"python_version": "3.8", "name": "EnvironmentConfig"}))
    kept = {key: value for key, value in model.state_dict().items() if name == "FactorVAEConfig" or "discr" not in key}
    torch.save({"model_state_dict": kept}, folder / "model.pt")
    return model
