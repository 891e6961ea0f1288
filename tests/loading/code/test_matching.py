from __future__ import annotations

import torch

from vae_analyze.loading.code.candidates import candidates
from vae_analyze.loading.code.matching import best_fit
from vae_analyze.loading.unwrapping.content import State


def _state(prefix: str = "", **shapes: tuple[int, ...]) -> State:
    tensors = {name.replace("__", "."): torch.zeros(shape) for name, shape in shapes.items()}
    return State(name="", role="raw", tensors=tensors, prefix=prefix)


def test_the_same_names_and_shapes_are_exact() -> None:
    fit = best_fit({"a": (2,)}, [_state(a=(2,))])
    assert fit.exact
    assert fit.score() == 0


def test_every_difference_is_named() -> None:
    fit = best_fit({"a": (2, 3), "b": (1,)}, [_state(a=(2, 4), c=(1,))])
    assert not fit.exact
    assert "missing: b" in fit.describe()
    assert "unexpected: c" in fit.describe()
    assert "a (expected (2, 3), found (2, 4))" in fit.describe()


def test_counters_of_batch_normalisation_do_not_matter() -> None:
    assert best_fit({"n.num_batches_tracked": (), "a": (1,)}, [_state(a=(1,))]).exact


def test_names_may_be_deeper_on_either_side() -> None:
    inside = best_fit({"a": (2,), "b": (2,)}, [_state(vae__a=(2,), vae__b=(2,), critic__a=(3,))])
    assert (inside.exact, inside.prefix, inside.unused) == (True, "-vae.", ("critic.a",))
    outside = best_fit({"net.a": (2,), "net.b": (2,)}, [_state(a=(2,), b=(2,))])
    assert (outside.exact, outside.prefix) == (True, "+net.")
    stripped = best_fit({"model.a": (2,)}, [_state("model.", a=(2,))])
    assert stripped.exact


def test_the_nearer_of_two_is_taken() -> None:
    near = best_fit({"a": (2, 3)}, [_state(a=(5, 6)), _state(a=(2, 5))])
    assert near.wrong[0][2] == (2, 5)


WEIGHTS = {
    "fc1.weight": torch.zeros(400, 784),
    "fc1.bias": torch.zeros(400),
    "mu.weight": torch.zeros(20, 400),
    "dec.weight": torch.zeros(400, 20),
    "out.weight": torch.zeros(784, 400),
}


def test_values_to_try_go_by_the_name() -> None:
    assert candidates("latent_dim", None, WEIGHTS)[0] == 20
    assert candidates("input_dim", None, WEIGHTS)[0] == 784
    assert candidates("hidden_dim", None, WEIGHTS)[0] == 400
    assert candidates("image_size", None, WEIGHTS)[0] == 28
    assert [784, 400, 20] in candidates("layer_sizes", None, WEIGHTS)
    assert (1, 28, 28) in candidates("input_shape", None, WEIGHTS)
    assert candidates("bias", True, WEIGHTS) == [False]
    assert candidates("activation", "relu", WEIGHTS) == []
    assert candidates("dims", None, WEIGHTS, "int")[0] == 400
    assert isinstance(candidates("dims", None, WEIGHTS, "Tuple[int, ...]")[0], tuple)
    assert candidates("use", None, WEIGHTS, "bool") == [False, True]
    assert candidates("act", None, WEIGHTS, "str") == []


def _named(name: str, **shapes: tuple[int, ...]) -> State:
    return State(name=name, role="raw", tensors={key: torch.zeros(shape) for key, shape in shapes.items()})


def test_parts_are_taken_from_networks_of_their_own_in_one_file() -> None:
    expected = {"encoder.a": (2,), "encoder.b": (3,), "decoder.a": (4,)}
    fit = best_fit(expected, [_named("netG", a=(4,)), _named("netE", a=(2,), b=(3,)), _named("netD", a=(1,))])
    assert fit.exact
    assert fit.state.name == "encoder from netE, decoder from netG"
    assert fit.unused == ("netD",)
    assert fit.tensors["encoder.b"].shape == (3,)


def test_parts_that_could_be_either_of_two_networks_are_not_taken() -> None:
    expected = {"encoder.a": (2,), "decoder.a": (4,)}
    twice = [_named("netE", a=(2,)), _named("netE_old", a=(2,)), _named("netG", a=(4,))]
    assert not best_fit(expected, twice).exact
    assert not best_fit({"one.a": (2,), "two.a": (2,)}, [_named("netE", a=(2,)), _named("netG", a=(4,))]).exact
    assert not best_fit({"one.a": (2,), "scale": (1,)}, [_named("netE", a=(2,)), _named("netG", a=(4,))]).exact
