import numpy as np
import pytest

from vae_analyze.data.arrays import ArrayDataset
from vae_analyze.data.split import Part, held_out
from vae_analyze.errors import DataError

MASK = (1 << 64) - 1


def splitmix64(state: int) -> int:
    z = (state + 1) * 0x9E3779B97F4A7C15 & MASK
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
    return z ^ (z >> 31)


def whole(n: int = 200) -> ArrayDataset:
    x = np.arange(n, dtype=np.float64)[:, None]
    return ArrayDataset(x, name="d:all", description="numbers", labels=np.arange(n), factors=x, factor_names=["i"])


def test_hash_against_exact_integers() -> None:
    # The first output of SplitMix64 seeded with 0, as published with its reference implementation.
    assert splitmix64(0) == 0xE220A8397B1DCDAF
    assert held_out(np.arange(500)).tolist() == [splitmix64(i) < (1 << 64) // 5 for i in range(500)]


def test_one_in_five() -> None:
    n = 737_280
    share = held_out(np.arange(n)).mean()
    assert abs(share - 0.2) < 4 * np.sqrt(0.2 * 0.8 / n)


def test_depends_on_the_index_alone() -> None:
    index = np.array([99, 3, 3, 50])
    assert (held_out(index) == held_out(np.arange(100))[index]).all()


def test_parts_are_disjoint_and_cover() -> None:
    base = whole()
    train, test = (Part(base, part=part, name=part) for part in ("train", "test"))
    assert sorted([*train.base_index, *test.base_index]) == list(range(200))
    assert len(train) + len(test) == 200


def test_part_numbers_its_samples_from_zero() -> None:
    base = whole()
    part = Part(base, part="test", name="d:test")
    found = part.read([2, 0])
    assert found.index.tolist() == [2, 0]
    assert found.x.ravel().tolist() == part.base_index[[2, 0]].tolist()
    assert found.labels is not None
    assert found.labels.tolist() == part.base_index[[2, 0]].tolist()
    assert found.factors is not None
    with pytest.raises(IndexError, match="sample indices"):
        part.read([len(part)])


def test_part_says_what_it_is() -> None:
    base = whole()
    test, train = Part(base, part="test", name="d:test"), Part(base, part="train", name="d:train")
    assert test.name == "d:test"
    assert test.description == f"numbers; held-out part, {len(test)} of 200 samples"
    assert "training part" in train.description
    assert (test.input_shape, test.value_range) == ((1,), None)
    assert (test.label_names, test.factors) == (base.label_names, base.factors)
    assert len({base.fingerprint, test.fingerprint, train.fingerprint}) == 3
    assert test.fingerprint != Part(whole(201), part="test", name="d:test").fingerprint


def test_empty_part_is_refused() -> None:
    with pytest.raises(DataError, match=r"none among its 1(.|\n)*':all'"):
        Part(whole(1), part="test" if not held_out(np.array([0]))[0] else "train", name="d")
