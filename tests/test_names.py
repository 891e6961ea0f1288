from __future__ import annotations

from vae_analyze.names import nearest


def test_says_the_nearest_and_then_all() -> None:
    assert nearest("robustnes", ["robustness", "latent"]) == "Did you mean robustness? Known: latent, robustness."


def test_says_all_when_none_is_near() -> None:
    assert nearest("zzz", ["robustness", "latent"]) == "Known: latent, robustness."


def test_says_several_when_several_are_near() -> None:
    hint = nearest("sigma", ["sigmas", "sigma_max", "draws"])
    assert hint.startswith("Did you mean sigmas or sigma_max?")


def test_says_at_most_three() -> None:
    hint = nearest("name", [f"name{k}" for k in range(9)])
    assert hint.partition("?")[0].count(" or ") == 2


def test_says_so_when_there_are_none() -> None:
    assert nearest("x", []) == "None are known."
    assert nearest("x", iter(())) == "None are known."
