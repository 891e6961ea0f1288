from __future__ import annotations

from pathlib import Path

import pytest

from vae_analyze.errors import UsageError
from vae_analyze.loading.code.spec import missing_file, parse_spec


@pytest.mark.parametrize(
    ("text", "place", "names"),
    [
        ("m.py:VAE", "m.py", ("VAE",)),
        ("m.py::VAE", "m.py", ("VAE",)),
        ("m.py:VAE()", "m.py", ("VAE",)),
        ("a/b.ipynb:Zoo.VAE.small", "a/b.ipynb", ("Zoo", "VAE", "small")),
        (r"C:\models\m.py:VAE", r"C:\models\m.py", ("VAE",)),
        (r"C:\models\m.py", r"C:\models\m.py", ()),
        ("m.py", "m.py", ()),
    ],
)
def test_files_and_classes(text: str, place: str, names: tuple[str, ...]) -> None:
    spec = parse_spec(text)
    assert spec.file == Path(place)
    assert (spec.module, spec.names) == ("", names)


def test_modules() -> None:
    spec = parse_spec("package.module:Class.make")
    assert (spec.file, spec.module, spec.name) == (None, "package.module", "Class.make")


def test_a_file_without_its_suffix_and_a_package_are_found(tmp_path: Path) -> None:
    (tmp_path / "net.py").write_text("")
    (tmp_path / "pkg").mkdir()
    (tmp_path / "pkg" / "__init__.py").write_text("")
    assert parse_spec(f"{tmp_path / 'net'}:VAE").file == tmp_path / "net.py"
    assert parse_spec(f"{tmp_path / 'pkg'}:VAE").file == tmp_path / "pkg" / "__init__.py"


@pytest.mark.parametrize("text", ["", ":", "two words:VAE", "package.module"])
def test_what_is_neither_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match=r"file\.py:Class|no class named"):
        parse_spec(text)


def test_the_nearest_files_are_named(tmp_path: Path) -> None:
    (tmp_path / "model.py").write_text("")
    assert "did you mean model.py" in missing_file(tmp_path / "modle.py").hint
    assert "there are: model.py" in missing_file(tmp_path / "xyz.ipynb").hint
    assert "does not exist" in missing_file(tmp_path / "none" / "m.py").hint
    (tmp_path / "empty").mkdir()
    assert "no Python files" in missing_file(tmp_path / "empty" / "m.py").hint
