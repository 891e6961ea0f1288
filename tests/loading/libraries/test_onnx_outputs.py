from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from vae_analyze.errors import CheckpointError
from vae_analyze.loading.libraries.onnx_layout import Dims
from vae_analyze.loading.libraries.onnx_outputs import Answers, decoded_output, posterior_outputs

N = 3


def answers(drawn: tuple[str, ...] = (), noisy: tuple[str, ...] = (), **outputs: Tensor) -> Answers:
    again = tuple(torch.rand_like(value) if name in noisy else value for name, value in outputs.items())
    return Answers(names=tuple(outputs), first=tuple(outputs.values()), again=again, drawn=frozenset(drawn))


def drawn(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(N, *shape, generator=torch.Generator().manual_seed(seed))


MU, LOGVAR, Z, OTHER = (drawn(4, seed=seed) for seed in range(4))


def chosen(found: Answers, code: Dims = (4,), decodes: Callable[[tuple[int, ...]], bool] = lambda _: True) -> object:
    kept = posterior_outputs(found, code, decodes)
    return kept.names, kept.codes, kept.latent_shape


def test_a_pair_is_taken_in_the_order_of_the_graph() -> None:
    assert chosen(answers(mu=MU, logvar=LOGVAR)) == (("mu", "logvar"), "pair", (4,))
    assert chosen(answers(logvar=LOGVAR, mu=MU)) == (("logvar", "mu"), "pair", (4,))


def test_draws_are_left_out_as_the_graph_or_asking_twice_says() -> None:
    found = posterior_outputs(answers(z=Z, mu=MU, logvar=LOGVAR, drawn=("z",)), (4,), lambda _: True)
    assert (found.names, found.left, found.draws) == (("mu", "logvar"), ("z",), ("z",))
    assert chosen(answers(z=Z, mu=MU, logvar=LOGVAR, noisy=("z",))) == (("mu", "logvar"), "pair", (4,))


def test_a_code_that_repeats_the_mean_is_left_out() -> None:
    assert chosen(answers(z=MU, mu=MU, logvar=LOGVAR)) == (("mu", "logvar"), "pair", (4,))
    assert chosen(answers(a=MU, b=MU)) == (("a",), "mean", (4,))


def test_a_collapsed_model_keeps_both_outputs_although_they_are_equal() -> None:
    zeros = torch.zeros(N, 4)
    assert chosen(answers(mu=zeros, logvar=zeros)) == (("mu", "logvar"), "pair", (4,))


def test_names_choose_among_more_than_two() -> None:
    found = answers(hidden=OTHER, z_mean=MU, z_log_var=LOGVAR)
    assert chosen(found) == (("z_mean", "z_log_var"), "pair", (4,))
    assert chosen(answers(a=MU, b=LOGVAR, z=Z)) == (("a", "b"), "pair", (4,))
    with pytest.raises(CheckpointError, match=r"3 that may be mean or second output: a .*, b .*, c .*\n.*adapter"):
        chosen(answers(a=MU, b=LOGVAR, c=OTHER))


def test_one_output_of_twice_the_size_and_one_alone() -> None:
    assert chosen(answers(both=drawn(8))) == (("both",), "both", (4,))
    assert chosen(answers(both=drawn(8, 2, 2)), code=(4, 2, 2)) == (("both",), "both", (4, 2, 2))
    assert chosen(answers(code=MU)) == (("code",), "mean", (4,))


def test_shapes_that_differ_by_axes_of_one_or_by_where_channels_stand_fit() -> None:
    assert chosen(answers(mu=drawn(4, 1, 1))) == (("mu",), "mean", (4,))
    assert chosen(answers(mu=drawn(5, 5, 4)), code=(4, 5, 5)) == (("mu",), "mean", (4, 5, 5))
    with pytest.raises(CheckpointError, match="expected encoder outputs of the size"):
        chosen(answers(mu=drawn(2, 3)), code=(3, 2))


def test_open_sizes_are_filled_by_what_the_decoder_runs_on() -> None:
    spatial = answers(both=drawn(8, 5, 5))
    assert chosen(spatial, code=(4, None, None)) == (("both",), "both", (4, 5, 5))
    only_four = lambda shape: shape == (4,)  # noqa: E731 - one use
    assert chosen(answers(both=drawn(8)), code=(None,), decodes=only_four) == (("both",), "both", (4,))
    with pytest.raises(CheckpointError, match="codes of any size"):
        chosen(answers(both=drawn(8)), code=(None,))


def test_nothing_but_draws_is_refused() -> None:
    with pytest.raises(CheckpointError, match=r"only random draws of the code \(z\)"):
        chosen(answers(z=Z, drawn=("z",)))
    with pytest.raises(CheckpointError, match=r"none that is mean.*h \(7,\)"):
        chosen(answers(h=drawn(7)))


X = drawn(1, 2, 2)


@pytest.mark.parametrize(
    ("outputs", "name"),
    [
        ({"y": X}, "y"),
        ({"flat": X.flatten(1), "hidden": drawn(9)}, "flat"),
        ({"logits": X, "probs": X.sigmoid()}, "probs"),
        ({"probs": X.sigmoid(), "logits": X.flatten(1)}, "probs"),
        ({"mean": X, "logvar": X + 1}, "mean"),
        ({"a": X, "a_again": X}, "a"),
    ],
)
def test_the_decoded_data_are_found(outputs: dict[str, Tensor], name: str) -> None:
    assert decoded_output(answers((), (), **outputs), (1, 2, 2)) == name


def test_decoders_without_one_output_of_the_data_are_refused() -> None:
    with pytest.raises(CheckpointError, match=r"4 numbers of samples of shape \(1, 2, 2\), found y \(9,\)"):
        decoded_output(answers(y=drawn(9)), (1, 2, 2))
    with pytest.raises(CheckpointError, match="expected one decoder output"):
        decoded_output(answers(a=X, b=X + 1), (1, 2, 2))
    with pytest.raises(CheckpointError, match="leaving out random draws"):
        decoded_output(answers(a=X, drawn=("a",)), (1, 2, 2))
