"""A run as the robustness analyzer makes it, with everything that a report must survive."""

import math

import numpy as np

from vae_analyze.findings import Axis, Cell, Column, Direction, Figure, Findings, Param, Pictures, Scalar, Table
from vae_analyze.runs.run import OptionValue, Result, Run

HOSTILE = "<img src=x onerror=alert(1)>"
SIGMAS = (0.05, 0.1, 0.2, 0.3, 0.5)
N = 360
UNITS: dict[str, tuple[str, Direction, float, str]] = {
    "latent_mse": ("latent unit²", "lower", 0.6, "mean over latent dimensions of (mu(x') - mu(x))^2"),
    "latent_nmse": ("1", "lower", 0.9, "latent MSE over the aggregate posterior's variance"),
    "posterior_skl": ("nat", "lower", 95.0, "(KL(q(z|x) || q(z|x')) + KL(q(z|x') || q(z|x))) / 2, summed"),
    "reconstruction_mse": ("data unit²", "lower", 0.05, "mean over features of (g(mu(x')) - g(mu(x)))^2"),
    "denoising_mse": ("data unit²", "lower", 0.06, "mean over features of (g(mu(x')) - x)^2"),
    "denoising_ratio": ("1", "lower", 0.7, "denoising MSE over input MSE"),
    "input_mse": ("data unit²", "none", 0.25, "mean over features of (x' - x)^2"),
}


def level(name: str, sigma: float, *, clipped: bool) -> float:
    top = UNITS[name][2]
    return float(top * (sigma / 0.5) ** 1.6 * (0.8 if clipped else 1.0))


def scalars(*, undefined: tuple[str, ...] = ()) -> tuple[Scalar, ...]:
    found = [
        Scalar(
            name="clean_mse", value=0.013412345, se=0.00021, low=0.01300, high=0.01383, unit="data unit²",
            direction="lower", n=N, headline=True, definition="mean over features of (g(mu(x)) - x)^2, without noise",
        ),
        Scalar(
            name="latent_nmse_auc", value=0.2931, se=0.0062, low=0.2812, high=0.3055, unit="1", direction="lower", n=N,
            params={"sigma_max": 0.5}, headline=True,
            definition="mean height over sigma from 0 to sigma_max by trapezoids, of: latent NMSE",
        ),
        Scalar(
            name="reconstruction_mse_auc", value=3.1e-06, se=4e-08, low=3.02e-06, high=3.18e-06, unit="data unit²",
            direction="lower", n=N, params={"sigma_max": 0.5}, headline=True,
            definition="mean height over sigma from 0 to sigma_max by trapezoids, of: reconstruction MSE",
        ),
    ]  # fmt: skip
    for clipped in (False, True):
        for sigma in SIGMAS:
            for name, (unit, direction, _, definition) in UNITS.items():
                value = math.nan if name in undefined else level(name, sigma, clipped=clipped)
                params: dict[str, Param] = {"sigma": sigma, "clipped": True} if clipped else {"sigma": sigma}
                found.append(
                    Scalar(
                        name=name, value=value, unit=unit, direction=direction, n=N, params=params,
                        se=0.02 * value, low=0.96 * value, high=1.04 * value, definition=definition,
                        reason="a posterior variance vanished or overflowed" if name in undefined else "",
                    )
                )  # fmt: skip
    found.append(
        Scalar(
            name="code_variance", value=0.71, unit="latent unit²", direction="none", n=N, status="warning",
            reason="one dimension carries 80 % of it", definition="Var(mu), averaged over dimensions",
        )
    )  # fmt: skip
    return tuple(found)


def curves() -> Figure:
    rows: list[tuple[Cell, ...]] = [
        (sigma, name, panel, value, 0.9 * value, 1.1 * value)
        for panel in ("as it is", "clipped")
        for name in ("reconstruction_mse", "denoising_mse", "input_mse")
        for sigma in SIGMAS
        for value in [level(name, sigma, clipped=panel == "clipped")]
    ]
    return Figure(
        name="reconstruction",
        kind="curves",
        title="Reconstructions: movement and error against the clean sample",
        alt="Reconstruction MSE rises from 0.00126 at sigma 0.05 to 0.05 at sigma 0.5.",
        table=long_table("reconstruction", "quantity", "noise", rows),
        x=Axis(column="sigma", label="noise level σ", unit="share of the data's range"),
        y=Axis(column="value", label="mean squared difference", unit="data unit²"),
        series="quantity",
        panel="noise",
        low="low",
        high="high",
        caption="Mean over n = 360 samples, 4 noise draws each; band: 95 % bootstrap interval over samples.",
    )


def long_table(name: str, first: str, second: str, rows: list[tuple[Cell, ...]]) -> Table:
    return Table(
        name=name,
        title="Numbers by noise level",
        columns=(
            Column(name="sigma", unit="share of the data's range"),
            Column(name=first),
            Column(name=second),
            Column(name="value", unit="data unit²", direction="lower"),
            Column(name="low", unit="data unit²"),
            Column(name="high", unit="data unit²"),
        ),
        rows=tuple(rows),
    )


def log_curves() -> Figure:
    rows: list[tuple[Cell, ...]] = []
    for noise, clipped in (("as it is", False), ("clipped", True)):
        for sigma in SIGMAS:
            value = level("posterior_skl", sigma, clipped=clipped)
            value = math.nan if clipped and sigma == 0.2 else value
            rows.append((sigma, noise, "posteriors", value, 0.8 * value, 1.25 * value))
    return Figure(
        name="posterior",
        kind="curves",
        title="Posteriors: symmetrised KL divergence between clean and noisy",
        alt="Symmetrised KL rises from 2.4 at sigma 0.05 to 95 at sigma 0.5.",
        table=long_table("posterior", "noise", "what", rows),
        x=Axis(column="sigma", label="noise level σ", unit="share of the data's range"),
        y=Axis(column="value", label="symmetrised KL", unit="nat", scale="log"),
        series="noise",
        low="low",
        high="high",
        caption="Band: 95 % bootstrap interval over n = 360 samples.",
    )


def heat_map(dimensions: int = 10) -> Figure:
    rows: list[tuple[Cell, ...]] = [
        (f"z{k}", sigma, math.nan if k == 3 and sigma == 0.05 else (1 + math.sin(k)) * sigma**1.5)
        for k in range(dimensions)
        for sigma in SIGMAS
    ]
    columns = (
        Column(name="dimension"),
        Column(name="sigma"),
        Column(name="latent_nmse", unit="1", direction="lower"),
    )
    return Figure(
        name="dimensions",
        kind="heatmap",
        title="Which latent dimensions move",
        alt="At sigma 0.5, z8 moves most: 0.703 of its aggregate posterior variance.",
        table=Table(name="dimensions", title="By latent dimension", columns=columns, rows=tuple(rows)),
        x=Axis(column="sigma", label="noise level σ", unit="share of the data's range"),
        y=Axis(column="dimension", label="latent dimension"),
        value=Axis(column="latent_nmse", label="movement / aggregate variance", unit="1"),
        caption="Mean squared movement of each dimension over its own aggregate posterior variance.",
    )


def bars() -> Figure:
    names = ("zero", "one", "two", HOSTILE, "four $x_1$", "five \N{SNOWMAN}漢字")
    rows: list[tuple[Cell, ...]] = [
        (name, series, value, value - 0.05, value + 0.05)
        for at, name in enumerate(names)
        for series, value in (("encoder", 0.2 + 0.1 * at), ("decoder", 0.6 - 0.05 * at))
    ]
    return Figure(
        name="labels",
        kind="bars",
        title=f"Movement by label, {HOSTILE}",
        alt=f'Movement is largest for "five" at 0.7; smallest for zero. {HOSTILE}',
        table=Table(
            name="labels",
            title="By label",
            columns=tuple(Column(name=name) for name in ("label", "part", "movement", "low", "high")),
            rows=tuple(rows),
        ),
        x=Axis(column="label", label="label"),
        y=Axis(column="movement", label="movement", unit="1"),
        series="part",
        low="low",
        high="high",
        caption="Bars: mean; whiskers: 95 % interval.",
    )


def scatter(points: int = 300) -> Figure:
    draws = np.random.default_rng(3).normal(size=(points, 2))
    rows = tuple((float(x), float(y), "even" if at % 2 else "odd") for at, (x, y) in enumerate(draws))
    return Figure(
        name="codes",
        kind="scatter",
        title="Codes in the plane",
        alt="Even and odd digits overlap around the origin.",
        table=Table(
            name="codes", title="Codes", columns=tuple(Column(name=name) for name in ("z0", "z1", "parity")), rows=rows
        ),
        x=Axis(column="z0", label="z0"),
        y=Axis(column="z1", label="z1"),
        series="parity",
    )


def pictures(size: int, *, channels: int = 1) -> Figure:
    rng = np.random.default_rng(size)
    y, x = np.mgrid[0:size, 0:size] / size
    tiles = np.stack([np.sin(3 * (x + k / 8)) * np.cos(2 * y + k) for k in range(8)])
    noisy = tiles[None] + np.array([0, 0, 0.2, 0.1, 0.6, 0.3])[:, None, None, None] * rng.normal(
        size=(6, 8, size, size)
    )
    grey = np.clip(255 * (noisy + 1) / 2, 0, 255).astype(np.uint8)[..., None]
    labels = tuple(f"{name} (sample {17 * at})" for at, name in enumerate(("most stable", "25 %", "median", "75 %")))
    return Figure(
        name=f"pictures{size}",
        kind="pictures",
        title="What it looks like: from the most to the least stable sample",
        alt="8 samples ordered by the movement of their reconstruction: clean, noisy, and reconstructions of both.",
        table=Table(
            name="pictures",
            title="Mean squared difference to the clean sample",
            columns=(Column(name="picture"), Column(name="sample"), Column(name="mse_to_clean", unit="data unit²")),
            rows=tuple(("noisy, σ = 0.1", 17 * at, 0.01 * at) for at in range(8)),
        ),
        caption="Quantiles of the movement of the reconstruction at σ = 0.2.",
        pictures=Pictures(
            pixels=np.repeat(grey, channels, axis=-1),
            row_labels=(
                "clean", "its reconstruction", "noisy, σ = 0.2", "its reconstruction, σ = 0.2", "noisy, σ = 0.5",
                HOSTILE,
            ),
            column_labels=(*labels, "95 %", "least stable", HOSTILE, "z7"),
        ),
    )  # fmt: skip


def levels_table() -> Table:
    names = tuple(UNITS)
    columns = [Column(name="sigma", unit="share of range"), Column(name="clipped")]
    for name in names:
        unit, direction, _, definition = UNITS[name]
        columns.append(Column(name=name, unit=unit, direction=direction, description=definition))
        columns += [Column(name=f"{name}_low", unit=unit), Column(name=f"{name}_high", unit=unit)]
    rows: list[tuple[Cell, ...]] = []
    for clipped in (False, True):
        for sigma in SIGMAS:
            values = [level(name, sigma, clipped=clipped) for name in names]
            rows.append((sigma, clipped, *(cell for v in values for cell in (v, 0.96 * v, 1.04 * v))))
    return Table(
        name="levels",
        title="By noise level",
        columns=tuple(columns),
        rows=tuple(rows),
        caption="Means over samples, 4 noise draws each; 95 % bootstrap intervals over samples.",
    )


def robustness() -> Findings:
    return Findings(
        scalars=scalars(undefined=("posterior_skl",)),
        tables=(
            levels_table(),
            Table(name="odd", title=HOSTILE, columns=(Column(name=HOSTILE),), rows=((HOSTILE,), (None,))),
        ),
        figures=(curves(), log_curves(), heat_map(), bars(), scatter(), pictures(8), pictures(64)),
        readings=(
            "At sigma = 0.2 codes move by 21 % of the aggregate posterior's variance and reconstructions by MSE 0.0115 "
            "[0.0111, 0.012], 14 % of how far two samples' reconstructions are apart.",
            "From sigma = 0.2 the round trip denoises; at sigma = 0.5 the error against the clean input is "
            "0.24 times that of the noisy input itself.",
            "z8, z7 make up 52 % of the codes' movement at sigma = 0.2 (10 dimensions).",
        ),
        warnings=("Only 36 samples of class 9: intervals are approximate.",),
    )


def card() -> dict[str, object]:
    return {
        "name": HOSTILE,
        "architecture": "MLP 64-128-64-10, ReLU",
        "input_shape": [1, 8, 8],
        "latent_shape": [10],
        "fingerprint": "9f2c" * 16,
        "path": f"checkpoints/{HOSTILE}.pt",
        "format": "PyTorch state dict",
        "data": "digits",
        "likelihood": "bernoulli",
        "deterministic": False,
        "gradients": True,
        "conditional": False,
        "parameters": 33_482,
        "details": {},
        "assumptions": [
            {"what": "latent size", "value": "10", "source": "tensor shapes", "guess": False},
            {"what": "activation", "value": "ReLU", "source": "the usual one", "guess": True},
        ],
        "warnings": ["3 of 10 latent dimensions carry less than 0.01 nat."],
    }


def provenance() -> dict[str, object]:
    return {
        "command": f"vae-analyze run 'checkpoints/{HOSTILE}.pt' --samples 360",
        "reproduce": f"vae-analyze run 'checkpoints/{HOSTILE}.pt' --only robustness --samples 360 --seed 0",
        "seed": 123456789,
        "device": "cpu",
        "dtype": "float32",
        "checkpoint sha256": "9f2c" * 16,
        "versions": {"vae-analyze": "0.1.0", "python": "3.11.7", "torch": "2.9.0", "numpy": "2.4.6"},
        "hardware": {"device": "cpu", "processor": "Example CPU @ 2.00GHz", "cores": 2, "threads": 1},
        "git": {},
        "work": {"units": 4, "units taken from earlier work": 0, "wall seconds": 3.217},
    }


def hostile_run(*, figures: tuple[Figure, ...] | None = None) -> Run:
    found = robustness()
    if figures is not None:
        found = Findings(
            scalars=found.scalars,
            tables=found.tables,
            figures=figures,
            readings=found.readings,
            warnings=found.warnings,
        )
    return Run(
        name="digits-vae-robustness-1a2b3c4d",
        created="2026-03-04T05:06:07+00:00",
        card=card(),
        data={
            "name": HOSTILE,
            "description": "1,797 handwritten digits, 8 by 8 pixels",
            "input_shape": [1, 8, 8],
            "value_range": [0.0, 1.0],
            "fingerprint": "ab12" * 16,
            "size": 1797,
            "n": N,
            "transforms": ["resized bilinearly to 8x8"],
        },
        options=(
            OptionValue(name="samples", value=360, origin="command line"),
            OptionValue(name="seed", value=0, origin="default"),
            OptionValue(name="robustness.sigma", value=list(SIGMAS), origin=f"{HOSTILE}.toml"),
            OptionValue(name="robustness.draws", value=4, origin="default"),
        ),
        provenance=provenance(),
        results=(
            Result(
                analyzer="robustness",
                version=1,
                question="How far do codes and reconstructions move when Gaussian noise is added to the input?",
                options={"sigma": list(SIGMAS), "draws": 4},
                references=(
                    "Camuto et al. 2021, Towards a theoretical understanding, AISTATS. https://example.org/doi",
                    "Vincent et al. 2008, Denoising autoencoders, ICML",
                ),
                seconds=2.31,
                findings=found,
            ),
            Result(
                analyzer=HOSTILE,
                version=3,
                question="Does a broken analyzer cost the others their report?",
                status="failed",
                reason="singular matrix",
                traceback=f'Traceback:\n  File "{HOSTILE}"\nValueError: singular matrix',
                distribution="third-party",
            ),
            Result(
                analyzer="disentanglement",
                version=1,
                question="Does each latent dimension follow one factor of variation?",
                status="not applicable",
                reason="the data have no ground-truth factors",
            ),
        ),
    )
