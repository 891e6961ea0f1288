"""Options of a run, and what they say to the loader."""

from __future__ import annotations

from dataclasses import fields

import pytest

from vae_analyze.engine.options import CONSENT, MODEL_OPTIONS, RunOptions, load_words, run_options
from vae_analyze.errors import UsageError
from vae_analyze.loading.options import LoadOptions


def test_every_word_about_a_model_reaches_the_loader() -> None:
    words = load_words(
        run_options({"model": "net.py:VAE", "set": ["latent_dim=20", "hidden=[128, 64]"], "range": "-1,1"})
    )
    assert words["arguments"] == (("latent_dim", "20"), ("hidden", "[128, 64]"))
    assert words["range"] == (-1.0, 1.0)
    assert words["model"] == "net.py:VAE"
    assert LoadOptions(**words).model == "net.py:VAE"


def test_the_words_are_those_of_the_loader() -> None:
    known = {field.name for field in fields(LoadOptions)}
    assert set(load_words(RunOptions())) <= known
    assert known - set(load_words(RunOptions())) == {"device", "dtype", "name", "evidence"}
    assert set(CONSENT) < set(MODEL_OPTIONS)


def test_by_default_nothing_is_said() -> None:
    assert LoadOptions(**load_words(RunOptions())) == LoadOptions()


@pytest.mark.parametrize("text", ["latent_dim", "=20", ""])
def test_an_argument_has_a_name_and_a_value(text: str) -> None:
    with pytest.raises(UsageError, match="--set: expected NAME=VALUE"):
        load_words(RunOptions(model="net.py:VAE", set=(text,)))


def test_an_argument_without_a_class_is_refused() -> None:
    with pytest.raises(UsageError, match="--set latent_dim: there is no class to give it to"):
        load_words(RunOptions(set=("latent_dim=20",)))


@pytest.mark.parametrize("text", ["1,-1", "0", "0,1,2", "0,0"])
def test_a_range_is_two_ascending_numbers(text: str) -> None:
    with pytest.raises(UsageError, match="--range: expected a lower and a higher number"):
        run_options({"range": text})


@pytest.mark.parametrize("name", ["second", "output", "labels", "weights"])
def test_a_word_that_is_none_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match=f"--{name}: expected one of auto, "):
        run_options({name: "perhaps"})
