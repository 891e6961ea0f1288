from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from support.analyzers import Ascent
from vae_analyze.analyzers.robustness import Robustness
from vae_analyze.configuration import Resolved, read_file, resolve
from vae_analyze.errors import UsageError

OWN, PROJECT = "vae-analyze.toml", "pyproject.toml"


def settle(
    folder: Path,
    *,
    environment: Mapping[str, str] | None = None,
    given: Mapping[str, Any] | None = None,
    robustness: Mapping[str, Any] | None = None,
    file: str = "",
    name: str = OWN,
) -> Resolved:
    if file:
        (folder / name).write_text(file, encoding="utf-8")
    return resolve(
        [Robustness],
        given=given or {},
        given_analyzers={"robustness": robustness or {}},
        environment=environment or {},
        folder=folder,
    )


def origin(found: Resolved, name: str) -> tuple[Any, str]:
    return next((option.value, option.origin) for option in found.origins if option.name == name)


def test_without_anything_all_is_default(tmp_path: Path) -> None:
    found = settle(tmp_path)
    assert found.run == {}
    assert found.out == "auto"
    assert found.analyzers == (Robustness(),)
    assert {option.origin for option in found.origins} == {"default"}


def test_every_option_is_on_record_but_the_output_place(tmp_path: Path) -> None:
    names = [option.name for option in settle(tmp_path).origins]
    assert {"samples", "seed", "device", "robustness.sigma", "robustness.draws"} <= set(names)
    assert len(names) == len(set(names))
    assert "out" not in names


FILE = "seed = 1\n[robustness]\ndraws = 11\n"
ENVIRONMENT = {"VAE_ANALYZE_SEED": "2", "VAE_ANALYZE_ROBUSTNESS_DRAWS": "12"}


@pytest.mark.parametrize(
    ("layers", "seed", "draws", "origins"),
    [
        ("", 0, 4, ("default", "default")),
        ("file", 1, 11, (OWN, OWN)),
        ("environment", 2, 12, ("environment VAE_ANALYZE_SEED", "environment VAE_ANALYZE_ROBUSTNESS_DRAWS")),
        ("file environment", 2, 12, ("environment VAE_ANALYZE_SEED", "environment VAE_ANALYZE_ROBUSTNESS_DRAWS")),
        ("line", 3, 13, ("command line", "command line")),
        ("file line", 3, 13, ("command line", "command line")),
        ("environment line", 3, 13, ("command line", "command line")),
        ("file environment line", 3, 13, ("command line", "command line")),
    ],
)
def test_the_line_wins_over_the_environment_over_the_file_over_the_default(
    tmp_path: Path, layers: str, seed: int, draws: int, origins: tuple[str, str]
) -> None:
    found = settle(
        tmp_path,
        file=FILE if "file" in layers else "",
        environment=ENVIRONMENT if "environment" in layers else {},
        given={"seed": "3"} if "line" in layers else {"seed": None},
        robustness={"draws": "13"} if "line" in layers else {"draws": None},
    )
    assert origin(found, "seed") == (seed, origins[0])
    assert origin(found, "robustness.draws") == (draws, origins[1])
    assert found.run.get("seed", 0) == seed
    assert found.analyzers[0] == Robustness(draws=draws)


def test_a_value_equal_to_the_default_keeps_its_origin(tmp_path: Path) -> None:
    assert origin(settle(tmp_path, given={"seed": "0"}), "seed") == (0, "command line")


def test_a_flag_can_be_turned_off_on_the_line(tmp_path: Path) -> None:
    found = settle(tmp_path, given={"strict": False}, environment={"VAE_ANALYZE_STRICT": "true"})
    assert origin(found, "strict") == (False, "command line")


@pytest.mark.parametrize(
    ("layers", "expected"),
    [({"given": {"out": "a"}}, "a"), ({"environment": {"VAE_ANALYZE_OUT": "b"}}, "b"), ({"file": 'out = "c"'}, "c")],
)
def test_the_output_place_comes_from_every_layer(tmp_path: Path, layers: dict[str, Any], expected: str) -> None:
    found = settle(tmp_path, **layers)
    assert found.out == expected
    assert "out" not in found.run


@pytest.mark.parametrize(
    "layers",
    [
        {"robustness": {"sigma": ["0.1", "0.2"]}},
        {"robustness": {"sigma": ["0.1,0.2"]}},
        {"environment": {"VAE_ANALYZE_ROBUSTNESS_SIGMA": "0.1, 0.2"}},
        {"file": "[robustness]\nsigma = [0.1, 0.2]"},
        {"file": '[robustness]\nsigma = "0.1,0.2"'},
    ],
)
def test_many_values_can_be_given_in_every_layer(tmp_path: Path, layers: dict[str, Any]) -> None:
    assert settle(tmp_path, **layers).analyzers == (Robustness(sigma=(0.1, 0.2)),)


@pytest.mark.parametrize("key", ["batch_size", "batch-size"])
def test_keys_may_have_dashes(tmp_path: Path, key: str) -> None:
    assert settle(tmp_path, file=f"{key} = 8").run == {"batch_size": 8}


def test_flags_come_from_every_layer(tmp_path: Path) -> None:
    for layers in (
        {"given": {"strict": True}},
        {"environment": {"VAE_ANALYZE_STRICT": "true"}},
        {"file": "strict = true"},
    ):
        assert settle(tmp_path, **layers).run == {"strict": True}
        (tmp_path / OWN).unlink(missing_ok=True)


def test_the_projects_file_has_a_table(tmp_path: Path) -> None:
    text = "[project]\nname = 'x'\n[tool.vae-analyze]\nseed = 5\n[tool.vae-analyze.robustness]\ndraws = 2\n"
    found = settle(tmp_path, file=text, name=PROJECT)
    assert origin(found, "seed") == (5, "pyproject.toml [tool.vae-analyze]")
    assert origin(found, "robustness.draws") == (2, "pyproject.toml [tool.vae-analyze]")


@pytest.mark.parametrize("text", ["", "[project]\nname = 'x'", "[tool.other]\na = 1", "tool = 3"])
def test_a_projects_file_without_the_table_says_nothing(tmp_path: Path, text: str) -> None:
    (tmp_path / PROJECT).write_text(text)
    assert settle(tmp_path).run == {}


def test_the_own_file_wins_over_the_projects(tmp_path: Path) -> None:
    (tmp_path / PROJECT).write_text("[tool.vae-analyze]\nseed = 5\nsamples = 50")
    assert settle(tmp_path, file="seed = 6").run == {"seed": 6}


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        ({"given": {"seed": "x"}}, "--seed: expected a whole number, found 'x'"),
        ({"given": {"batch_size": "-1"}}, "--batch-size: expected at least 0, found -1"),
        ({"robustness": {"draws": "0"}}, "--draws: expected at least 1, found 0"),
        ({"environment": {"VAE_ANALYZE_SEED": "1.5"}}, "VAE_ANALYZE_SEED: expected a whole number, found '1.5'"),
        ({"environment": {"VAE_ANALYZE_ROBUSTNESS_DRAWS": ""}}, "_DRAWS: expected a whole number"),
        ({"file": "seed = 1.5"}, "vae-analyze.toml: seed: expected a whole number, found 1.5"),
        ({"file": "seed = true"}, "vae-analyze.toml: seed: expected a whole number, found True"),
        ({"file": "[robustness]\nsigma = [0.0]"}, "vae-analyze.toml: sigma: expected more than 0, found 0.0"),
        ({"file": "seed ="}, "vae-analyze.toml is not TOML: "),
        ({"file": "[tool.vae-analyze]\nseed = 'x'", "name": PROJECT}, r"\[tool.vae-analyze\]: seed: expected"),
        ({"file": "[tool]\nvae-analyze = 3", "name": PROJECT}, r"\[tool.vae-analyze\]: expected a table, found 3"),
        ({"file": "sed = 1"}, r"vae-analyze.toml: no option called 'sed'\n  Hint: Did you mean seed"),
        ({"file": "[robustnes]\ndraws = 1"}, r"no analyzer called 'robustnes'\n  Hint: Did you mean robustness"),
        ({"file": "[robustness]\ndrows = 1"}, r"robustness has no option 'drows'\n  Hint: Did you mean draws"),
        ({"file": "robustness = 3"}, "vae-analyze.toml: no option called 'robustness'"),
    ],
)  # fmt: skip
def test_a_bad_value_names_where_it_stands(tmp_path: Path, layers: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        settle(tmp_path, **layers)


def test_a_file_that_is_not_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / OWN).write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UsageError, match=r"vae-analyze\.toml is not TOML"):
        settle(tmp_path)


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: Path, **_: object) -> str:
        raise PermissionError(13, "Permission denied")

    (tmp_path / OWN).write_text("seed = 1")
    monkeypatch.setattr(Path, "read_text", refuse)
    with pytest.raises(UsageError, match=r"vae-analyze\.toml cannot be read: Permission denied"):
        settle(tmp_path)


def test_the_environment_and_folder_are_the_processs_by_default(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / OWN).write_text("samples = 20")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("VAE_ANALYZE_SEED", "9")
    found = resolve([Robustness], given={}, given_analyzers={})
    assert (found.run["samples"], found.run["seed"]) == (20, 9)


def test_other_analyzers_tables_are_left_alone(tmp_path: Path) -> None:
    # Only the analyzers of this run are imported: keys of others are checked when it is their turn.
    (tmp_path / OWN).write_text("[robustness]\nno_such_option = 1\n")
    assert read_file(tmp_path, ["ascent"]).analyzers == {"robustness": {"no_such_option": 1}}
    found = resolve([Ascent], given={}, given_analyzers={"ascent": {"steps": "5"}}, environment={}, folder=tmp_path)
    assert found.analyzers == (Ascent(steps=5),)


def test_an_analyzer_with_dashes_has_a_variable_without(tmp_path: Path) -> None:
    class Dashed(Ascent):
        name = "my-ascent"

    found = resolve(
        [Dashed], given={}, given_analyzers={}, environment={"VAE_ANALYZE_MY_ASCENT_STEPS": "7"}, folder=tmp_path
    )
    assert found.analyzers == (Dashed(steps=7),)
    assert origin(found, "my-ascent.steps") == (7, "environment VAE_ANALYZE_MY_ASCENT_STEPS")


@pytest.mark.parametrize("variable", ["VAE_ANALYZE_SAMPLE", "VAE_ANALYZE_ROBUSTNESS_SIGMAS"])
def test_a_misspelt_variable_is_refused_and_not_ignored(variable: str, tmp_path: Path) -> None:
    from vae_analyze.analyzers.robustness import Robustness

    with pytest.raises(UsageError, match=f"no option called {variable}"):
        resolve([Robustness], given={}, given_analyzers={}, environment={variable: "3"}, folder=tmp_path)


def test_another_analyzers_variables_are_left_alone(tmp_path: Path) -> None:
    resolve([], given={}, given_analyzers={}, environment={"VAE_ANALYZE_ROBUSTNESS_DRAWS": "3"}, folder=tmp_path)


@pytest.mark.parametrize("name", ["model", "adapter", "trust"])
def test_consent_to_run_code_comes_from_no_file(name: str, tmp_path: Path) -> None:
    (tmp_path / "vae-analyze.toml").write_text(f'{name} = "evil.py"\n', encoding="utf-8")
    with pytest.raises(UsageError, match=f"vae-analyze.toml: {name}: consent to run code can only be given"):
        resolve([Robustness], given={}, given_analyzers={}, environment={}, folder=tmp_path)


@pytest.mark.parametrize("name", ["MODEL", "ADAPTER", "TRUST"])
def test_consent_to_run_code_comes_from_no_variable(name: str, tmp_path: Path) -> None:
    variables = {f"VAE_ANALYZE_{name}": "1"}
    with pytest.raises(UsageError, match=f"environment: VAE_ANALYZE_{name}: consent to run code"):
        resolve([Robustness], given={}, given_analyzers={}, environment=variables, folder=tmp_path)


def test_a_comma_in_an_argument_of_a_class_separates_nothing(tmp_path: Path) -> None:
    given = {"model": "net.py:VAE", "set": ["hidden=[128,64]", "latent_dim=20"], "range": "-1,1"}
    found = resolve([Robustness], given=given, given_analyzers={}, environment={}, folder=tmp_path)
    assert found.run["set"] == ("hidden=[128,64]", "latent_dim=20")
    assert found.run["range"] == (-1.0, 1.0)
