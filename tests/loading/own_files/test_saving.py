from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from loading.trained import SHAPES, SIDE, Examples, blobs, trained
from loading.written_files import small_mlp
from vae_analyze.errors import CheckpointError, StoreError, UsageError
from vae_analyze.loading.card import Loaded
from vae_analyze.loading.load import load
from vae_analyze.loading.options import LoadOptions
from vae_analyze.loading.own_files.own import OWN
from vae_analyze.loading.own_files.program import OWN_PROGRAM
from vae_analyze.loading.own_files.saving import save
from vae_analyze.loading.own_files.torchscript import TORCHSCRIPT
from vae_analyze.loading.source import Source

KINDS = ("program", "torchscript")
FORMATS = (OWN_PROGRAM, TORCHSCRIPT, OWN)
# Loads what a folder holds without ever having seen a class of these tests, and writes down what comes out.
READER = """
import json, sys
from pathlib import Path
import torch
from vae_analyze.loading.options import LoadOptions
from vae_analyze.loading.own_files.own import OWN
from vae_analyze.loading.own_files.program import OWN_PROGRAM
from vae_analyze.loading.source import Source
from vae_analyze.loading.own_files.torchscript import TORCHSCRIPT
folder = Path(sys.argv[1])
x, labels = torch.load(folder / "x.pt", weights_only=True)
facts = {}
for path in sorted(folder.glob("*.vae")):
    source = Source.open(path)
    form = next(form for form in (OWN_PROGRAM, TORCHSCRIPT, OWN) if form.recognise(source))
    loaded = form.read(source, LoadOptions())
    answers = {}
    for n in (len(x), 1, 2):
        vae = loaded.vae.given(labels[:n]) if loaded.card.conditional else loaded.vae
        with torch.no_grad():
            posterior = vae.encode(x[:n])
            answers[n] = (posterior.mean, posterior.logvar, vae.decode(posterior.mean))
    torch.save(answers, folder / f"{path.stem}.out")
    facts[path.stem] = loaded.card.to_dict() | {"trained": any(n.startswith("loading.trained") for n in sys.modules)}
(folder / "facts.json").write_text(json.dumps(facts))
"""


def words(name: str, y: Tensor) -> dict[str, Any]:
    return SHAPES[name].words | ({"labels": y} if name == "conditional" else {})


def opened(path: Path) -> Loaded:
    source = Source.open(path)
    return next(form for form in FORMATS if form.recognise(source)).read(source, LoadOptions())


@pytest.fixture(scope="module")
def models() -> dict[str, nn.Module]:
    return {name: trained(name) for name in SHAPES}


@pytest.fixture(scope="module")
def read_elsewhere(tmp_path_factory: pytest.TempPathFactory, models: dict[str, nn.Module]) -> Path:
    """Every shape in every kind, loaded in a process without their classes."""
    folder = tmp_path_factory.mktemp("saved")
    x, y = blobs(40, seed=99)
    torch.save((x, y), folder / "x.pt")
    for name, model in models.items():
        for kind in KINDS:
            save(model, folder / f"{name}-{kind}.vae", example=x, kind=kind, data="blobs", **words(name, y))  # type: ignore[arg-type]
    subprocess.run([sys.executable, "-c", READER, str(folder)], check=True, cwd=folder)
    return folder


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", SHAPES)
def test_a_model_loaded_without_its_class_gives_identical_codes(
    read_elsewhere: Path, models: dict[str, nn.Module], name: str, kind: str
) -> None:
    answers = torch.load(read_elsewhere / f"{name}-{kind}.out", weights_only=True)
    x, y = blobs(40, seed=99)
    model, shape = models[name], SHAPES[name]
    model.eval()
    with torch.no_grad():
        for n, (mean, logvar, x_hat) in answers.items():
            expected, spread = shape.encode(model, x[:n], y[:n])
            torch.testing.assert_close(mean, expected, rtol=1e-6, atol=1e-6)
            assert mean.shape[0] == n
            if spread is None:
                assert bool((logvar == -torch.inf).all())
            else:
                torch.testing.assert_close(logvar, spread, rtol=1e-5, atol=1e-5)
            torch.testing.assert_close(x_hat, shape.decode(model, expected, y[:n]), rtol=1e-6, atol=1e-6)
    model.train()


@pytest.mark.parametrize("name", SHAPES)
def test_the_card_of_a_model_loaded_elsewhere_is_complete(
    read_elsewhere: Path, models: dict[str, nn.Module], name: str
) -> None:
    facts = json.loads((read_elsewhere / "facts.json").read_text())
    for kind in KINDS:
        card = facts[f"{name}-{kind}"]
        assert not card["trained"]
        assert card["input_shape"] == [1, SIDE, SIDE]
        assert card["data"] == "blobs"
        assert card["name"] == f"{name}-{kind}"
        assert card["architecture"] == type(models[name]).__name__
        assert card["deterministic"] == (name == "autoencoder")
        assert card["conditional"] == (name == "conditional")
        assert card["parameters"] == sum(weight.numel() for weight in models[name].parameters())
        assert card["details"]["made_with"]["torch"] == str(torch.__version__)
        assert not card["warnings"]


@pytest.mark.parametrize("kind", KINDS)
def test_saving_changes_nothing_about_the_model(tmp_path: Path, kind: Any) -> None:
    model = trained("norm", steps=3)
    model.get_parameter("mu.weight").requires_grad = False
    model.get_submodule("encoder.3").eval()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    modes = [part.training for part in model.modules()]
    flags = [weight.requires_grad for weight in model.parameters()]
    identities = [id(weight) for weight in model.parameters()]
    random = torch.random.get_rng_state()
    save(model, tmp_path / "a.vae", example=blobs(4)[0], kind=kind, output="logits")
    assert modes == [part.training for part in model.modules()]
    assert flags == [weight.requires_grad for weight in model.parameters()]
    assert identities == [id(weight) for weight in model.parameters()]
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert torch.equal(random, torch.random.get_rng_state())


@pytest.mark.parametrize("kind", KINDS)
def test_gradients_run_through_a_loaded_model_and_are_those_of_the_live_one(read_elsewhere: Path, kind: str) -> None:
    model = trained("conv")
    vae = opened(read_elsewhere / f"conv-{kind}.vae").vae
    assert not hasattr(vae, "given")
    x = blobs(5)[0].requires_grad_()
    model.eval().requires_grad_(requires_grad=False)
    found = torch.autograd.grad(vae.decode(vae.encode(x).mean).square().sum(), x)[0]
    mean, _ = SHAPES["conv"].encode(model, x, x)
    expected = torch.autograd.grad(SHAPES["conv"].decode(model, mean, x).square().sum(), x)[0]
    assert float(expected.abs().max()) > 0
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["conv", "norm", "spatial", "conditional", "double"])
def test_a_saved_model_computes_in_float64_when_it_is_asked_to(read_elsewhere: Path, name: str, kind: str) -> None:
    x, y = blobs(6)
    means: list[Tensor] = []
    for dtype in (torch.float32, torch.float64):
        loaded = opened(read_elsewhere / f"{name}-{kind}.vae")
        assert isinstance(loaded.vae, nn.Module)
        loaded.vae.to(dtype)
        vae: Any = loaded.vae.given(y) if loaded.card.conditional else loaded.vae  # type: ignore[operator]
        try:
            posterior = vae.encode(x.to(dtype))
        except (CheckpointError, RuntimeError):
            assert (kind, name, dtype) == (
                "torchscript",
                "conditional",
                torch.float64,
            )  # its one-hot labels are float32
            return
        assert posterior.mean.dtype == vae.decode(posterior.mean).dtype == dtype
        means.append(posterior.mean)
    torch.testing.assert_close(means[1].float(), means[0], rtol=1e-4, atol=1e-5)
    assert not torch.equal(means[1], means[0].double())


def test_a_forward_that_samples_is_saved_without_its_sampling(tmp_path: Path) -> None:
    model = trained("examples")
    assert isinstance(model, Examples)
    x = blobs(8)[0]
    save(
        model,
        tmp_path / "a.vae",
        example=x,
        encode=lambda x: model(x)[1:],
        decode=lambda z: model.decode(z).view(-1, 1, SIDE, SIDE),
    )
    with torch.no_grad():
        assert torch.equal(opened(tmp_path / "a.vae").vae.encode(x).mean, model.encode(x.flatten(1))[0])  # type: ignore[union-attr]


def test_functions_alone_are_enough(tmp_path: Path) -> None:
    model = trained("examples")
    assert isinstance(model, Examples)
    x = blobs(8)[0]
    card = save(None, tmp_path / "a.vae", example=x, encode=model.encode, decode=model.decode)
    assert card.parameters == sum(weight.numel() for weight in model.parameters())
    assert card.architecture == "encode and decode"
    assert model.training


def test_torchscript_refuses_a_sampling_forward_and_names_the_other_kind(tmp_path: Path) -> None:
    model = trained("examples")
    with pytest.raises(CheckpointError, match=r"draws random numbers.*\n.*kind='program'"):
        save(
            model,
            tmp_path / "a.ts",
            example=blobs(8)[0],
            encode=lambda x: model(x)[1:],
            decode=lambda z: model.decode(z).view(-1, 1, SIDE, SIDE),  # type: ignore[operator]
        )
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("suffix", [".pt", ".safetensors"])
def test_networks_of_ours_are_saved_as_weights(tmp_path: Path, suffix: str) -> None:
    model = small_mlp()
    card = save(model, tmp_path / f"a{suffix}", data="digits:train", details={"run": 7}, licence="MIT")
    loaded = opened(tmp_path / f"a{suffix}")
    assert card == loaded.card
    assert (card.format, card.data, card.path) == ("vae-analyze", "digits:train", str(tmp_path / f"a{suffix}"))
    assert (card.details["run"], card.details["licence"]) == (7, "MIT")
    x = torch.rand(4, 1, 4, 4)
    assert torch.equal(loaded.vae.encode(x).mean, model.encode(x).mean)  # type: ignore[union-attr]


def test_networks_of_ours_can_be_saved_as_programs_too(tmp_path: Path) -> None:
    for deterministic in (False, True):
        model = small_mlp(deterministic=deterministic)
        card = save(model, tmp_path / "a.vae", kind="program", likelihood="bernoulli")
        assert (card.deterministic, card.likelihood) == (deterministic, "bernoulli")
        x = torch.rand(4, 1, 4, 4)
        assert torch.equal(opened(tmp_path / "a.vae").vae.encode(x).mean, model.encode(x).mean)  # type: ignore[union-attr]


@pytest.mark.parametrize("kind", KINDS)
def test_equal_models_are_equal_programs_wherever_they_are_saved(tmp_path: Path, kind: Any) -> None:
    if kind == "torchscript":
        pytest.skip("torch writes names of its own counting into a TorchScript archive")
    for name in ("a.vae", "b.vae"):
        save(small_mlp(), tmp_path / name, kind=kind, name="same")
    assert (tmp_path / "a.vae").read_bytes() == (tmp_path / "b.vae").read_bytes()


def test_no_sample_of_the_example_gets_into_a_file(tmp_path: Path) -> None:
    x = torch.full((4, 1, 4, 4), 0.123456)
    for kind in KINDS:
        save(small_mlp(), tmp_path / "a.vae", example=x, kind=kind)  # type: ignore[arg-type]
        assert x[0, 0, 0, 0].numpy().tobytes() * 2 not in (tmp_path / "a.vae").read_bytes()


def test_an_array_is_an_example(tmp_path: Path) -> None:
    save(trained("examples"), tmp_path / "a.vae", example=np.asarray(blobs(1)[0]))
    assert opened(tmp_path / "a.vae").card.latent_shape == (4,)


class Odd(nn.Module):
    """Answers as it is told to."""

    def __init__(self, answer: Any, *, width: int = 3) -> None:
        super().__init__()
        self.linear = nn.Linear(16, width)
        self.back = nn.Linear(3, 16)
        self.answer = answer

    def encode(self, x: Tensor) -> Any:
        return self.answer(self.linear(x.flatten(1)))

    def decode(self, z: Tensor) -> Tensor:
        x_hat: Tensor = self.back(z)
        return x_hat


def saved(tmp_path: Path, model: Any, **given: Any) -> None:
    save(model, tmp_path / "a.vae", **({"example": torch.rand(80, 16)} | given))


@pytest.mark.parametrize(
    ("answer", "width", "said"),
    [
        (lambda h: (h, h, h), 3, r"two tensors of one shape, found 3 values.*\n.*encode=lambda"),
        (lambda h: {"mu": h, "sigma": h}, 3, r"a mean and a log variance by name, found a dictionary of mu, sigma"),
        (lambda h: "text", 3, r"expected encode to give tensors, found str"),
        (lambda h: h, 6, r"mean and second output in one\n.*split='halves'"),
        (lambda h: h, 5, r"which decode does not take"),
        (lambda h: (h + torch.rand_like(h), h), 3, r"asked twice.*draws random numbers"),
        (lambda h: (h / 0, h), 3, "NaN or infinity"),
        (lambda h: h[:1], 3, "1 codes for 80 samples"),
    ],
)
def test_answers_that_leave_a_doubt_are_refused(tmp_path: Path, answer: Any, width: int, said: str) -> None:
    with pytest.raises(UsageError, match=f"(?s){said}"):
        saved(tmp_path, Odd(answer, width=width))
    assert not list(tmp_path.iterdir())


def test_a_deviation_taken_for_a_log_variance_is_noticed(tmp_path: Path) -> None:
    torch.manual_seed(0)
    x = torch.randn(400, 16)
    model = Odd(lambda h: (0.7 * h, 0.7 * torch.ones_like(h)))
    with torch.no_grad():
        model.linear.weight /= model.linear(x).std(dim=0)[:, None]
    with pytest.raises(UsageError, match=r"(?s)does not look like a log variance.*second='std'"):
        saved(tmp_path, model, example=x)


def test_swapped_outputs_are_noticed(tmp_path: Path) -> None:
    model = trained("examples", steps=400)
    x = blobs(100)[0]
    with pytest.raises(UsageError, match=r"(?s)the two look swapped.*\[::-1\]"):
        save(model, tmp_path / "a.vae", example=x, encode=lambda x: model.encode(x)[::-1])  # type: ignore[operator]


@pytest.mark.parametrize(
    ("given", "error", "said"),
    [
        ({"example": None}, UsageError, r"expected example=, a batch of data"),
        ({"example": "text"}, UsageError, r"expected a batch of numbers"),
        ({"example": torch.zeros(3, 16, dtype=torch.uint8)}, UsageError, r"(?s)torch.uint8.*divide by 255"),
        ({"example": torch.rand(16)}, UsageError, r"make a batch with x\[None\]"),
        ({"example": torch.rand(3, 1, 4, 4) - 0.5}, UsageError, r"(?s)values in \[0, 1\].*before any normalisation"),
        ({"example": torch.randn(3, 16), "input_range": (-1, 1)}, UsageError, r"(?s)values in \[0, 1\]"),
        ({"example": torch.rand(3, 9)}, UsageError, r"encode fails on \(3, 9\)"),
        ({"labels": [0, 1]}, UsageError, "expected 80 class numbers"),
        ({"second": "std", "encode": lambda x: torch.distributions.Normal(x, x + 1)}, UsageError, "decode fails"),
        ({"kind": "onnx"}, UsageError, "kind: expected one of auto"),
        ({"kind": "weights"}, UsageError, "networks of ours"),
        ({"decode": lambda z: (z, z)}, UsageError, r"(?s)one tensor, found 2 values.*decode=lambda z"),
        ({"decode": lambda z: z[:, :2]}, UsageError, r"data of shape \(80, 16\), found \(80, 2\)"),
        ({"details": {"a": [[[[[[[1]]]]]]]}}, CheckpointError, "nested at most"),
    ],
)
def test_words_that_do_not_fit_are_refused(tmp_path: Path, given: Any, error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=said):
        saved(tmp_path, Odd(lambda h: (h, h - 4)), **given)
    assert not list(tmp_path.iterdir())


def test_a_model_without_encode_says_what_to_give(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"(?s)expected a model with encode or encoder, found a Linear.*encode="):
        saved(tmp_path, nn.Linear(16, 16))


def test_safetensors_of_a_foreign_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="nobody could load them without the class"):
        save(Odd(lambda h: h), tmp_path / "a.safetensors", example=torch.rand(4, 16))


def test_a_network_for_one_batch_size_only_is_refused(tmp_path: Path) -> None:
    for kind in KINDS:
        model = Odd(lambda h: (h.view(3, -1), h.view(3, -1)))
        with pytest.raises((CheckpointError, UsageError)):
            saved(tmp_path, model, kind=kind, example=torch.rand(3, 16))
        assert not list(tmp_path.iterdir())


def test_a_branch_on_the_data_is_caught_when_the_file_is_read_back(tmp_path: Path) -> None:
    model = Odd(lambda h: (h * (2.0 if float(h.detach().sum()) > 0 else 3.0), h))
    with pytest.raises(CheckpointError, match="cannot be exported"):
        saved(tmp_path, model)
    torch.manual_seed(0)
    x = torch.rand(40, 16) - 0.5
    sums = [float(model.linear(x[i : i + 1]).detach().sum()) for i in range(40)]
    mixed = x[sorted(range(40), key=lambda at: (sums[at] > 0) == (float(model.linear(x).detach().sum()) > 0))]
    with pytest.raises(CheckpointError, match=r"other means .*nothing was written"):
        saved(tmp_path, model, kind="torchscript", example=mixed)
    assert not list(tmp_path.iterdir())


def test_an_unwritable_place_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(StoreError, match="cannot write"):
        save(small_mlp(), tmp_path / "none" / "a.pt")
    with pytest.raises(StoreError, match="it is a folder"):
        save(small_mlp(), tmp_path)
    with pytest.raises(UsageError, match=r"(?s)expected a path to save to, found MLP.*save\(model, path"):
        save("a.pt", small_mlp())  # type: ignore[arg-type]

    def full(self: Path, target: Path) -> Path:
        raise OSError(28, "No space left on device")

    (tmp_path / "a.vae").write_bytes(b"old")
    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(StoreError, match=r"cannot write .*No space left"):
        save(small_mlp(), tmp_path / "a.vae", kind="program")
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.vae"]
    assert (tmp_path / "a.vae").read_bytes() == b"old"


@pytest.mark.parametrize("kind", ["weights", *KINDS])
def test_the_front_door_loads_every_kind(tmp_path: Path, kind: Any) -> None:
    save(small_mlp(), tmp_path / "a.vae", kind=kind, name="small")
    loaded = load(tmp_path / "a.vae", dtype=torch.float64)
    assert loaded.card.name == "small"
    assert loaded.card.gradients
    assert loaded.weights
