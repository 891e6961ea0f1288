"""Where onnx and onnxruntime are installed the graphs are real ones; a stand-in runs functions elsewhere."""

from __future__ import annotations

import copy
import pickle
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import vae_analyze
from loading.onnx_bytes import FakeRuntime, one_node
from loading.small_vaes import LATENTS, Kind, SmallVAE, evidence, trained
from support.analyzers import Ascent
from vae_analyze.errors import CheckpointError, DataError
from vae_analyze.loading.card import Assumption, Loaded
from vae_analyze.loading.libraries.onnx_pair import ONNX
from vae_analyze.loading.options import LoadOptions
from vae_analyze.loading.source import Source
from vae_analyze.vae import VAE, ConditionalVAE

SAMPLES = 7


def read(path: Path, **words: Any) -> Loaded:
    # The meaning of the second output is said: to find it out is not this format's work.
    words = {"evidence": evidence(), "second": "logvar", **words}
    return ONNX.read(Source.open(path), LoadOptions(**words))


def same(loaded: Loaded, network: SmallVAE, *, labels: Tensor | None = None, atol: float = 1e-5) -> None:
    vae: Any = loaded.vae
    told = None
    if labels is not None:
        vae, told = vae.given(labels), torch.nn.functional.one_hot(labels, 10).float()
    x = evidence().x[:SAMPLES]
    mean, logvar = network.encode(x, told)
    found = vae.encode(x)
    torch.testing.assert_close(found.mean, mean, rtol=1e-5, atol=atol)
    torch.testing.assert_close(found.logvar, logvar, rtol=1e-5, atol=atol)
    torch.testing.assert_close(vae.decode(mean), network.decode(mean, told), rtol=1e-5, atol=atol)


def assumed(loaded: Loaded) -> dict[str, Assumption]:
    return {one.what: one for one in loaded.card.assumptions}


class Part(nn.Module):
    """A function of a network as a module, as people write it in order to export it."""

    def __init__(self, network: nn.Module, function: Callable[..., Any]) -> None:
        super().__init__()
        self.network = network
        self.function = function

    def forward(self, *values: Tensor) -> Any:
        return self.function(*values)


def exported(
    path: Path,
    network: nn.Module,
    function: Callable[..., Any],
    inputs: dict[str, Tensor],
    outputs: list[str],
    *,
    dynamic: bool = True,
    dynamo: bool = False,
) -> None:
    pytest.importorskip("onnx", reason="the library onnx is not installed (nox -s libraries)")
    pytest.importorskip("onnxruntime", reason="the library onnxruntime is not installed (nox -s libraries)")
    given = tuple(inputs.values())
    words: dict[str, Any] = {"verbose": False, "dynamo": dynamo}
    if dynamic and dynamo:
        words["dynamic_shapes"] = [tuple({0: torch.export.Dim("n")} for _ in given)]
    elif dynamic:
        words["dynamic_axes"] = {name: {0: "n"} for name in (*inputs, *outputs)}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            Part(network, function).eval(), given, str(path), input_names=list(inputs), output_names=outputs, **words
        )


def pair(folder: Path, network: SmallVAE, *, batch: int = 5, **words: Any) -> Path:
    x, z = evidence().x[:batch], torch.randn(batch, LATENTS, generator=torch.Generator().manual_seed(0))
    exported(folder / "encoder.onnx", network, network.encode, {"x": x}, ["mu", "logvar"], **words)
    exported(folder / "decoder.onnx", network, network.decode, {"z": z}, ["recon"], **words)
    return folder


@pytest.mark.parametrize("kind", ["mlp", "conv"])
@pytest.mark.parametrize("dynamic", [True, False], ids=["dynamic", "fixed"])
def test_codes_and_data_are_those_of_the_exported_network(tmp_path: Path, kind: Kind, dynamic: bool) -> None:
    network = trained(kind)
    loaded = read(pair(tmp_path, network, dynamic=dynamic))
    same(loaded, network)
    card = loaded.card
    assert (card.input_shape, card.latent_shape, card.format) == ((1, 8, 8), (LATENTS,), "onnx")
    assert card.parameters == sum(weight.numel() for weight in network.parameters())
    assert not card.gradients
    assert not card.deterministic
    assert ("batches of encoder.onnx" in assumed(loaded)) != dynamic
    assert assumed(loaded)["decoder output"].source.startswith("the graph")


def test_the_newer_exporter_and_weights_in_a_file_of_their_own(tmp_path: Path) -> None:
    pytest.importorskip("onnxscript", reason="the library onnxscript is not installed (nox -s libraries)")
    network = trained("conv")
    pair(tmp_path, network, dynamo=True)
    same(read(tmp_path), network)
    onnx: Any = pytest.importorskip("onnx")
    model = onnx.load(tmp_path / "encoder.onnx")
    onnx.save(model, tmp_path / "encoder.onnx", save_as_external_data=True, location="w.data", size_threshold=256)
    loaded = read(tmp_path)
    same(loaded, network)
    before = loaded.card.fingerprint
    content = bytearray((tmp_path / "w.data").read_bytes())
    content[5] ^= 1
    (tmp_path / "w.data").write_bytes(content)
    assert read(tmp_path).card.fingerprint != before


def test_a_draw_beside_mean_and_variance_is_found_and_left_out(tmp_path: Path) -> None:
    network = trained()
    pair(tmp_path, network)

    def drawing(x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        mean, logvar = network.encode(x)
        return mean + torch.exp(logvar / 2) * torch.randn_like(mean), logvar, mean

    exported(tmp_path / "encoder.onnx", network, drawing, {"x": evidence().x[:4]}, ["z", "logvar", "mu"])
    loaded = read(tmp_path)
    same(loaded, network)
    found = assumed(loaded)
    assert found["encoder outputs not used"].value == "z"
    assert "RandomNormalLike" in found["random draws in the encoder"].value
    assert found["encoder outputs"].value == "the mean second"


def test_an_encoder_that_only_draws_is_refused(tmp_path: Path) -> None:
    network = trained()
    pair(tmp_path, network)

    def drawing(x: Tensor) -> Tensor:
        mean, logvar = network.encode(x)
        return mean + torch.exp(logvar / 2) * torch.randn_like(mean)

    exported(tmp_path / "encoder.onnx", network, drawing, {"x": evidence().x[:4]}, ["z"])
    with pytest.raises(CheckpointError, match="only random draws"):
        read(tmp_path)


def test_one_output_of_twice_the_width_is_split_and_channels_may_come_last(tmp_path: Path) -> None:
    network = trained("conv")
    x, z = evidence().x[:4].movedim(1, -1), torch.zeros(4, LATENTS)
    exported(
        tmp_path / "vae_encoder.onnx",
        network,
        lambda x: torch.cat(network.encode(x.permute(0, 3, 1, 2)), dim=1),
        {"image": x},
        ["parameters"],
    )
    exported(
        tmp_path / "vae_decoder.onnx", network, lambda z: network.decode(z).permute(0, 2, 3, 1), {"z": z}, ["image"]
    )
    loaded = read(tmp_path / "vae_decoder.onnx")
    same(loaded, network)
    assert assumed(loaded)["layout of samples"].value == "channels last"
    assert "(n, 8, 8, 1)" in assumed(loaded)["layout of samples"].source


def test_a_batch_length_that_is_built_in_is_worked_around(tmp_path: Path) -> None:
    network = trained()
    pair(tmp_path, network)
    exported(
        tmp_path / "encoder.onnx",
        network,
        lambda x: network.encode(x.reshape(1, 64)),  # a constant where the length of the batch should be
        {"x": evidence().x[:1]},
        ["mu", "logvar"],
    )
    loaded = read(tmp_path)
    same(loaded, network)
    assert assumed(loaded)["batches of encoder.onnx"].value == "1 at a time"


def test_flat_samples_and_logits(tmp_path: Path) -> None:
    network = trained()
    x, z = evidence().x[:4].flatten(1), torch.zeros(4, LATENTS)
    exported(tmp_path / "enc.onnx", network, network.encode, {"x": x}, ["mu", "logvar"])
    exported(tmp_path / "dec.onnx", network, lambda z: network.decode(z).logit().flatten(1), {"z": z}, ["logits"])
    loaded = read(tmp_path)
    same(loaded, network, atol=1e-4)
    assert assumed(loaded)["decoder output"].value.startswith("logits")


def test_a_conditional_pair(tmp_path: Path) -> None:
    network = trained("conditional")
    labels = torch.nn.functional.one_hot(torch.arange(4), 10).float()
    x, z = evidence().x[:4], torch.zeros(4, LATENTS)
    exported(tmp_path / "encoder.onnx", network, network.encode, {"x": x, "labels": labels}, ["mu", "logvar"])
    exported(tmp_path / "decoder.onnx", network, network.decode, {"z": z, "labels": labels}, ["recon"])
    loaded = read(tmp_path)
    assert loaded.card.conditional
    assert isinstance(loaded.vae, ConditionalVAE)
    assert not isinstance(loaded.vae, VAE)
    same(loaded, network, labels=torch.arange(SAMPLES) % 10)


def test_it_is_analysed_like_the_network_itself_in_other_processes_too(tmp_path: Path) -> None:
    network = trained()
    loaded = read(pair(tmp_path, network))
    sent: Any = pickle.loads(pickle.dumps(loaded.vae))
    copied: Any = copy.deepcopy(loaded.vae)
    assert torch.equal(sent.encode(evidence().x).mean, copied.encode(evidence().x).mean)
    words: dict[str, Any] = {"analyzers": ["robustness"], "data": "digits", "samples": 64, "no_cache": True}
    found = vae_analyze.analyze(loaded, workers=2, **words)
    own = vae_analyze.analyze(SmallAsVAE(network), **words)
    values = {(one.name, str(one.params)): one.value for one in found.results[0].findings.scalars}
    for one in own.results[0].findings.scalars:
        assert values[one.name, str(one.params)] == pytest.approx(one.value, rel=1e-4, abs=1e-6, nan_ok=True)


def test_what_needs_gradients_does_not_apply(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    loaded = read(stood_in(tmp_path, monkeypatch, trained()))
    vae: Any = loaded.vae
    assert not vae.encode(evidence().x[:2].requires_grad_()).mean.requires_grad
    with pytest.raises(DataError, match="needs derivatives, and this model has none"):
        vae_analyze.analyze(loaded, analyzers=[Ascent()], data="digits", no_cache=True)


class SmallAsVAE:
    """The network with the members that the analysis needs."""

    input_shape = (1, 8, 8)
    latent_shape = (LATENTS,)

    def __init__(self, network: SmallVAE) -> None:
        self.network = network

    def encode(self, x: Tensor) -> Any:
        return vae_analyze.vae.DiagonalGaussian(*self.network.encode(x))

    def decode(self, z: Tensor) -> Tensor:
        return self.network.decode(z)


def stood_in(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    network: SmallVAE,
    *,
    gives: tuple[str, ...] = ("mu", "logvar"),
    taken: tuple[int | str, ...] = ("n", 1, 8, 8),
    kind: int = 1,
) -> Path:
    """A pair of which only the inputs and outputs are real: functions stand in for the graphs."""

    def encode(x: Any) -> dict[str, Any]:
        mean, logvar = network.encode(torch.from_numpy(x).float().reshape(-1, 1, 8, 8))
        both = torch.cat([mean, logvar], dim=1)
        answers = {"mu": mean, "logvar": logvar, "both": both, "z": mean + torch.randn_like(mean), "std": logvar.exp()}
        return {name: value.numpy() for name, value in answers.items()}

    def decode(z: Any) -> dict[str, Any]:
        return {"recon": network.decode(torch.from_numpy(z)).numpy()}

    sizes = {"both": 2 * LATENTS}
    (folder / "encoder.onnx").write_bytes(
        one_node(
            "Gemm", {"x": taken}, {name: (taken[0], sizes.get(name, LATENTS)) for name in gives}, kinds={"x": kind}
        )
    )
    (folder / "decoder.onnx").write_bytes(one_node("Sigmoid", {"z": ("n", LATENTS)}, {"recon": ("n", 1, 8, 8)}))
    fake = FakeRuntime(encoder=encode, decoder=decode)
    monkeypatch.setitem(sys.modules, "onnxruntime", fake)
    return folder


@pytest.mark.parametrize("gives", [("mu", "logvar"), ("logvar", "mu"), ("both",), ("z", "mu", "logvar")])
@pytest.mark.parametrize("taken", [("n", 1, 8, 8), (3, 64), ("n", 8, 8, 1), ("n", 8, 8)])
def test_outputs_and_layouts_are_told_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, gives: tuple[str, ...], taken: tuple[int | str, ...]
) -> None:
    network = trained()
    loaded = read(stood_in(tmp_path, monkeypatch, network, gives=gives, taken=taken))
    same(loaded, network)
    assert loaded.card.input_shape == (1, 8, 8)


@pytest.mark.parametrize("kind", [1, 7], ids=["onehot", "index"])
def test_labels_go_in_as_the_graphs_want_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: int) -> None:
    network = trained("conditional")

    def told(labels: Any) -> Tensor:
        found = torch.from_numpy(labels)
        return found if kind == 1 else torch.nn.functional.one_hot(found[:, 0], 10).float()

    def encode(x: Any, labels: Any) -> dict[str, Any]:
        return dict(zip(("mu", "logvar"), network.encode(torch.from_numpy(x), told(labels)), strict=True))

    sizes: tuple[int | str, ...] = ("n", 10) if kind == 1 else ("n", 1)
    code: tuple[int | str, ...] = ("n", LATENTS)
    image: tuple[int | str, ...] = ("n", 1, 8, 8)
    given, kinds = {"x": image, "labels": sizes}, {"labels": kind}
    (tmp_path / "encoder.onnx").write_bytes(one_node("Gemm", given, {"mu": code, "logvar": code}, kinds=kinds))
    (tmp_path / "decoder.onnx").write_bytes(one_node("Gemm", given | {"x": code}, {"recon": image}, kinds=kinds))
    fake = FakeRuntime(
        encoder=encode, decoder=lambda x, labels: {"recon": network.decode(torch.from_numpy(x), told(labels))}
    )
    monkeypatch.setitem(sys.modules, "onnxruntime", fake)
    loaded = read(tmp_path)
    assert loaded.card.conditional
    same(loaded, network, labels=torch.arange(SAMPLES) % 10)


def test_a_graph_that_mixes_its_batch_is_run_one_by_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    network = trained()
    folder = stood_in(tmp_path, monkeypatch, network)
    runtime: Any = sys.modules["onnxruntime"]
    encode, decode = runtime.functions["encoder"], runtime.functions["decoder"]

    def single(z: Any) -> dict[str, Any]:
        if len(z) > 1:
            raise ValueError("the length of the batch is built in")
        found: dict[str, Any] = decode(z)
        return found

    runtime.functions["encoder"] = lambda x: {name: value[::-1] for name, value in encode(x).items()}
    runtime.functions["decoder"] = single
    loaded = read(folder)
    same(loaded, network)
    for name in ("encoder", "decoder"):
        assert assumed(loaded)[f"batches of {name}.onnx"].value == "1 at a time"


def test_the_mean_alone_is_a_plain_autoencoder_and_a_missing_variance_is_warned_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded = read(stood_in(tmp_path, monkeypatch, trained(), gives=("mu",)), second="auto")
    assert loaded.card.deterministic
    assert not loaded.card.warnings
    loaded = read(stood_in(tmp_path, monkeypatch, trained(), gives=("mu", "z")), second="auto")
    assert loaded.card.deterministic
    assert "does not give their variance" in loaded.card.warnings[0]


def test_device_and_number_format_are_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = stood_in(tmp_path, monkeypatch, trained())
    loaded = read(folder, device="cuda", dtype=torch.float64)
    assert assumed(loaded)["device"].value == "cpu"
    assert assumed(loaded)["number format"].source == "the graph; float64 inputs are converted"
    vae: Any = loaded.vae
    assert vae.encode(evidence().x[:2].double()).mean.dtype == torch.float64


def test_an_input_of_bytes_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(CheckpointError, match=r"take samples as floating point numbers.*it takes x \(n, 1, 8, 8\)"):
        read(stood_in(tmp_path, monkeypatch, trained(), kind=2))


def test_without_data_what_is_open_is_refused_and_options_settle_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = stood_in(tmp_path, monkeypatch, trained(), gives=("mu", "logvar"))
    with pytest.raises(CheckpointError, match=r"cannot settle input range(.|\n)*--accept-guess"):
        read(folder, evidence=None)
    same(read(folder, evidence=None, accept_guess=True), trained())


def test_a_decoder_for_other_data_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = stood_in(tmp_path, monkeypatch, trained())
    runtime: Any = sys.modules["onnxruntime"]
    runtime.functions["decoder"] = lambda z: {"recon": np.zeros((len(z), 3), np.float32)}
    with pytest.raises(CheckpointError, match=r"expected one decoder output with the 64 numbers"):
        read(folder)


def test_the_fingerprint_follows_both_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = stood_in(tmp_path, monkeypatch, trained())
    before = read(folder).card.fingerprint
    assert read(folder).card.fingerprint == before
    path = folder / "decoder.onnx"
    path.write_bytes(path.read_bytes() + b"\x28\x01")  # another model version
    assert read(folder).card.fingerprint != before


def test_recognised_by_name_and_content(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = stood_in(tmp_path, monkeypatch, trained())
    assert ONNX.recognise(Source.open(folder))
    assert ONNX.recognise(Source.open(folder / "encoder.onnx"))
    other = tmp_path / "other.pt"
    torch.save({"a": torch.zeros(2)}, other)
    assert not ONNX.recognise(Source.open(other))
