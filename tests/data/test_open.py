import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from vae_analyze.data.open import open_data
from vae_analyze.data.split import Part, held_out
from vae_analyze.errors import DataError


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.chdir(tmp_path)
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        if name.startswith("mine"):
            del sys.modules[name]


def test_built_in_sets_default_to_the_held_out_part() -> None:
    whole, train, test, plain = (open_data(spec) for spec in ("digits:all", "digits:train", "digits:test", "digits"))
    assert (whole.name, train.name, test.name, plain.name) == (
        "digits:all",
        "digits:train",
        "digits:test",
        "digits:test",
    )
    assert len(train) + len(test) == len(whole) == 1797
    assert plain.fingerprint == test.fingerprint
    assert isinstance(test, Part)
    assert held_out(test.base_index).all()


def test_names_open_the_same_data_again(here: Path) -> None:
    np.save(here / "x.npy", np.random.default_rng(0).random((40, 3)))
    for spec in ("digits", "digits:train", "lines:all", "x.npy", "x.npy:test", "x.npy:all", "./x.npy:train"):
        data = open_data(spec)
        assert open_data(data.name).fingerprint == data.fingerprint
        assert (open_data(data.name).read([0]).x == data.read([0]).x).all()


def test_paths_default_to_all(here: Path) -> None:
    np.save(here / "x.npy", np.random.default_rng(0).random((40, 3)))
    assert len(open_data("x.npy")) == 40
    assert open_data("x.npy").name == open_data("x.npy:all").name == "x.npy"
    assert len(open_data("x.npy:train")) + len(open_data("x.npy:test")) == 40


def test_an_existing_path_comes_before_part_and_function(here: Path) -> None:
    for name in ("set:test", "os:getcwd"):
        (here / name).mkdir()
        Image.new("L", (3, 3)).save(here / name / "a.png")
        assert open_data(name).name == name
        assert len(open_data(name)) == 1


def test_a_built_in_name_comes_before_a_path(here: Path) -> None:
    (here / "digits").mkdir()
    Image.new("L", (3, 3)).save(here / "digits" / "a.png")
    assert open_data("digits").input_shape == (1, 8, 8)
    assert open_data("./digits").input_shape == (1, 3, 3)


def test_functions_are_found_where_one_stands(here: Path) -> None:
    (here / "mine.py").write_text(
        "import torch\nfrom torch.utils.data import TensorDataset\n\n\n"
        "def build():\n    return TensorDataset(torch.linspace(0, 1, 40).reshape(20, 2))\n\n\n"
        "def broken():\n    raise RuntimeError('no disk')\n"
    )
    before = list(sys.path)
    data = open_data("mine:build")
    assert (len(data), data.input_shape, data.name) == (20, (2,), "mine:build")
    assert len(open_data("mine:build:train")) + len(open_data("mine:build:test")) == 20
    assert sys.path == before
    with pytest.raises(DataError, match=r"mine:broken to return a dataset, it raised RuntimeError: no disk"):
        open_data("mine:broken")
    with pytest.raises(DataError, match="expected a function biuld in the module mine"):
        open_data("mine:biuld")


def test_modules_that_cannot_be_imported(here: Path) -> None:
    (here / "mine_wrong.py").write_text("1 / 0\n")
    (here / "mine_needs.py").write_text("import a_module_that_nobody_has\n")
    with pytest.raises(DataError, match="raised ZeroDivisionError"):
        open_data("mine_wrong:f")
    with pytest.raises(DataError, match="raised ModuleNotFoundError: No module named 'a_module_that_nobody_has'"):
        open_data("mine_needs:f")
    with pytest.raises(DataError, match="there is no module 'mine_absent'"):
        open_data("mine_absent.sub:f")


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("", "empty text"),
        ("  ", "empty text"),
        ("digts", r"called 'digts'(.|\n)*did you mean digits\?(.|\n)*faces, lines, patches, sprites"),
        ("sprite:test", "did you mean sprites"),
        ("qqqq", "Hint: built-in: digits"),
        ("digits:tset", "no such part of digits"),
        ("no/such/folder", "no such file or folder"),
        ("nothing.npz:test", "no such file or folder"),
        ("a\0b", "expected data called"),
        ("x" * 5000, "expected data called"),
    ],
)
def test_unknown_names_say_what_there_is(spec: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        open_data(spec)


def test_wrong_kinds_of_file(here: Path) -> None:
    (here / "notes.txt").write_text("text")
    with pytest.raises(DataError, match=r"folder of images or a file .npz"):
        open_data("notes.txt")
    Image.new("L", (3, 3)).save(here / "a.png")
    with pytest.raises(DataError, match=r"the one image a.png"):
        open_data("a.png")
    (here / "empty.txt").write_text("")
    with pytest.raises(DataError, match="an empty file"):
        open_data("empty.txt")


def test_what_the_system_refuses_is_a_data_error(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path) -> Iterator[Path]:
        raise PermissionError("permission denied")

    (here / "locked").mkdir()
    monkeypatch.setattr(Path, "iterdir", refuse)
    with pytest.raises(DataError, match="readable data in locked: permission denied"):
        open_data("locked")


def test_a_part_without_samples_is_refused(here: Path) -> None:
    np.save(here / "x.npy", np.zeros((1, 3)))
    with pytest.raises(DataError, match="end the data's name in ':all'"):
        open_data("x.npy:test" if not held_out(np.array([0]))[0] else "x.npy:train")
