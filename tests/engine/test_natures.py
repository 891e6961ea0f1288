"""Models and analyzers of unlike nature go through the same engine, store and report, with no special case in any."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from support.analyzers import Ascent, Correlation, Extremes
from support.datasets import Memory, images, vectors
from support.models import Autoencoder, ConditionalVAE, LinearVAE, NumpyVAE, SpatialVAE
from vae_analyze.analyzers.robustness import Robustness
from vae_analyze.api import analyze
from vae_analyze.loading.card import Loaded
from vae_analyze.loading.live import weights_digest
from vae_analyze.loading.memory import wrap
from vae_analyze.runs.read import read_run

ANALYZERS = (Robustness(sigma=(0.1, 0.3), draws=1), Ascent(), Correlation(), Extremes())
VECTORS = Memory(vectors(60, 6).x, factor_values=np.arange(120.0).reshape(60, 2))

# model, data, the analyzers that do not apply
NATURES: dict[str, tuple[Any, Memory, set[str]]] = {
    "no gradients": (NumpyVAE(), VECTORS, {"ascent"}),
    "spatial latents": (SpatialVAE(), images(60), set()),
    "needs labels": (ConditionalVAE(), images(60), set()),
    "deterministic": (Autoencoder(), images(60), {"correlation"}),
    "vector data": (LinearVAE.random(6, 3), VECTORS, set()),
}


@pytest.mark.parametrize("nature", NATURES)
def test_every_nature_from_the_model_to_the_report(nature: str, tmp_path: Path) -> None:
    model, data, unserved = NATURES[nature]
    # As if it came from a file: only such models share finished work between analyses.
    loaded = Loaded(model, replace(wrap(model).card, path="model.pt"), weights_digest(model))
    run = analyze(loaded, ANALYZERS, data=data, out=tmp_path / "run")
    statuses = {result.analyzer: result.status for result in run.results}
    assert statuses == {
        name: "not applicable" if name in unserved else "ok"
        for name in ("robustness", "ascent", "correlation", "extremes")
    }
    for result in run.results:
        assert result.reason if result.status != "ok" else result.findings.scalars
    again = read_run(tmp_path / "run")
    assert [r.findings.figures for r in again.results] == [r.findings.figures for r in run.results]
    page = (tmp_path / "run" / "report.html").read_text(encoding="utf-8")
    for result in run.results:
        assert result.question in page.replace("&#39;", "'")
        if result.reason:
            assert result.reason in page
    second = analyze(loaded, ANALYZERS, data=data, out=tmp_path / "second")
    assert second.provenance["work"]["units taken from earlier work"] == second.provenance["work"]["units"]
    assert [result.findings.scalars for result in second.results] == [r.findings.scalars for r in run.results]


def test_ascent_is_the_closed_form_of_a_linear_encoder() -> None:
    """x + size * gradient of |Wx|^2 = x + 2 size W'Wx, three times, from the same start."""
    model = LinearVAE.random(6, 3)
    run = analyze(model, [Ascent(steps=3, size=0.1)], data=VECTORS, no_cache=True, dtype="float64")
    rows = run["ascent"].rows
    assert rows is not None
    chunk = rows.gather()
    from vae_analyze.engine.randomness import Streams

    w = model.w.double().numpy()
    start = Streams(0, "ascent").normal(chunk.index, (6,), tag="start").double().numpy()
    x = VECTORS.x[chunk.index].astype(np.float64) + 1e-3 * start
    for _ in range(3):
        x = x + 0.2 * x @ w.T @ w
    gain = np.linalg.norm(x @ w.T, axis=1) / np.linalg.norm(VECTORS.x[chunk.index].astype(np.float64) @ w.T, axis=1)
    assert chunk.values[:, 0] == pytest.approx(gain, rel=1e-6)


def test_correlation_is_that_of_numpy_and_decodes_nothing() -> None:
    class Blind(LinearVAE):
        def decode(self, z: torch.Tensor, /) -> Any:
            raise AssertionError("nothing was to be decoded")

    from vae_analyze.loading.card import Card, Loaded

    model = Blind.random(6, 3)
    card = Card(name="b", architecture="b", input_shape=(6,), latent_shape=(3,), fingerprint="blind")
    run = analyze(Loaded(model, card), [Correlation()], data=VECTORS, no_cache=True, dtype="float64")
    z = VECTORS.x.astype(np.float64) @ model.w.double().numpy().T
    expected = np.corrcoef(z.T, VECTORS.factor_values.T)[:3, 3:] if VECTORS.factor_values is not None else None
    assert expected is not None
    measured = [row[2] for row in run["correlation"].tables[0].rows]
    assert measured == pytest.approx(expected.ravel().tolist(), rel=1e-9)


def test_extremes_chooses_over_all_shards_before_it_decodes() -> None:
    data = vectors(1100, 6)
    data.x[1050] *= 100
    model = LinearVAE.random(6, 3)
    run = analyze(model, [Extremes(k=1)], data=data, samples=0, no_cache=True)
    row = run["extremes"].tables[0].rows[0]
    assert row[0] == 1050
    x = torch.from_numpy(data.x[1050:1051])
    assert row[2] == pytest.approx(float(model.decode(model.encode(x).mean).mean()), rel=1e-5)


def test_labels_reach_the_model_for_every_draw() -> None:
    """The conditional model shifts its codes by 30 per class and back: without the right labels nothing would fit."""
    run = analyze(ConditionalVAE(), [Robustness(sigma=(0.01,), draws=1)], data=images(60), no_cache=True)
    moved = run["robustness"].scalar("latent_mse", sigma=0.01).value
    w = ConditionalVAE().w
    assert moved == pytest.approx(0.01**2 * float(w.square().sum()) / 3, rel=0.2)
