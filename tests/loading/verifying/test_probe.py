from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from loading.written_files import small_mlp
from support.models import LinearVAE
from vae_analyze.errors import CheckpointError
from vae_analyze.loading.verifying.probe import probe
from vae_analyze.vae import DiagonalGaussian


class Made:
    """A model whose two functions are given."""

    input_shape: tuple[int, ...] = (2,)
    latent_shape: tuple[int, ...] = (2,)

    def __init__(self, encode: Callable[[Tensor], Any], decode: Callable[[Tensor], Any]) -> None:
        self.encode = encode
        self.decode = decode


def unit(mean: Tensor) -> DiagonalGaussian:
    return DiagonalGaussian(mean, torch.zeros_like(mean))


def same(x: Tensor) -> Tensor:
    return x


def test_a_healthy_model_raises_no_doubt() -> None:
    found = probe(small_mlp())
    assert found.warnings == ()
    assert found.gradients
    assert not found.deterministic
    assert probe(small_mlp(deterministic=True)).deterministic


def test_the_digest_tells_models_apart_and_repeats() -> None:
    assert probe(small_mlp()).digest == probe(small_mlp()).digest
    assert probe(small_mlp()).digest != probe(small_mlp(seed=1)).digest


def test_a_model_without_parameters_is_probed_where_its_buffers_are() -> None:
    assert probe(LinearVAE.random(4, 2).double()).warnings == ()


def test_random_answers_are_doubted() -> None:
    generator = torch.Generator().manual_seed(0)

    def noisy(x: Tensor) -> Tensor:
        return x + torch.randn(x.shape, generator=generator)

    found = probe(Made(lambda x: unit(noisy(x)), noisy))
    assert [text.split(":")[1] for text in found.warnings] == [" the model draws random numbers"] * 2


def test_answers_that_ignore_the_question_are_doubted() -> None:
    found = probe(Made(lambda x: unit(0 * x), lambda z: 0 * z))
    assert any("codes carry nothing" in text for text in found.warnings)
    assert any("ignores them" in text for text in found.warnings)


def test_answers_that_are_not_finite_are_doubted() -> None:
    found = probe(Made(lambda x: unit(x / 0), lambda z: z / 0))
    assert [text.split(" ")[0] for text in found.warnings] == ["encode", "decode"]
    assert all("NaN or infinity" in text for text in found.warnings)


def test_gradients_that_are_cut_are_noticed() -> None:
    assert not probe(Made(lambda x: unit(x.detach()), same)).gradients
    assert not probe(Made(lambda x: unit(torch.from_numpy(x.detach().numpy())), same)).gradients

    def refusing(x: Tensor) -> DiagonalGaussian:
        if x.requires_grad:
            raise RuntimeError("no gradients here")
        return unit(x)

    assert not probe(Made(refusing, same)).gradients


@pytest.mark.parametrize(
    ("encode", "decode", "match"),
    [
        (lambda x: 1 / 0, same, "encode failed on .*ZeroDivisionError"),
        (lambda x: (x, x), same, "expected encode to return a DiagonalGaussian, found tuple"),
        (lambda x: unit(x[:, :1]), same, r"expected codes of shape \(4, 2\), found \(4, 1\)"),
        (unit, lambda z: 1 / 0, "decode failed on .*ZeroDivisionError"),
        (unit, lambda z: z[:, :1], r"expected decoded data of shape \(4, 2\), found \(4, 1\)"),
        (unit, lambda z: [z], "expected decoded data of shape .*found list"),
    ],
)
def test_wrong_answers_are_refused(encode: Callable[..., Any], decode: Callable[..., Any], match: str) -> None:
    with pytest.raises(CheckpointError, match=match):
        probe(Made(encode, decode))


class Sized(torch.nn.Module):
    """A convolutional model that notes what it is asked."""

    def __init__(self, side: int, *, small: bool) -> None:
        super().__init__()
        self.input_shape, self.latent_shape = (1, side, side), (1, side // 2, side // 2)
        self.down = torch.nn.Conv2d(1, 1, 63, stride=2, padding=31)
        self.up = torch.nn.ConvTranspose2d(1, 1, 64, stride=2, padding=31)
        self.asked: list[tuple[int, ...]] = []
        if small:
            self.small_shapes = ((1, 4, 4), (1, 2, 2))

    def encode(self, x: Tensor) -> DiagonalGaussian:
        self.asked.append(tuple(x.shape))
        return unit(self.down(x))

    def decode(self, z: Tensor) -> Tensor:
        return torch.as_tensor(self.up(z))


def test_a_cheap_model_is_asked_four_samples_of_its_own_shape() -> None:
    model = Sized(8, small=True)
    assert probe(model).gradients
    assert model.asked == [(4, 1, 8, 8)] * 3


def test_a_dear_model_that_takes_small_samples_is_asked_small_ones() -> None:
    model = Sized(4096, small=True)
    assert probe(model).gradients
    assert model.asked == [(2, 1, 4, 4), (2, 1, 4, 4), (1, 1, 4, 4)]


def test_a_dear_model_is_asked_fewer_samples(monkeypatch: pytest.MonkeyPatch) -> None:
    from vae_analyze.loading.verifying import probe as module

    monkeypatch.setattr(module, "budget_of", lambda _: 1e3)
    model = Sized(8, small=False)
    assert probe(model).gradients
    assert model.asked[-3:] == [(2, 1, 8, 8), (2, 1, 8, 8), (1, 1, 8, 8)]
