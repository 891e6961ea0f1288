from __future__ import annotations

import argparse
import builtins
import collections
import datetime
import enum
import functools
import importlib
import io
import os
import pathlib
import pickle
import runpy
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from loading.audit import watched
from vae_analyze.errors import CheckpointError
from vae_analyze.loading.files.plain import plain
from vae_analyze.loading.files.stubs import Inert, hostile
from vae_analyze.loading.files.unpickle import DamagedError, Unpickler
from vae_analyze.loading.files.weights import read_weights


class Calls:
    """Unpickling it the ordinary way calls a function."""

    def __init__(self, function: Callable[..., Any], *arguments: Any) -> None:
        self.function, self.arguments = function, arguments

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return self.function, self.arguments


class Colour(enum.Enum):
    RED = "red"


class Registry(dict[str, int]):
    pass


def read(path: Path) -> Any:
    with watched() as seen:
        content = read_weights(path, path.read_bytes()[:4096])
    assert seen == []
    return content


def refused(path: Path, match: str) -> None:
    with watched() as seen, pytest.raises(CheckpointError, match=match) as caught:
        read_weights(path, path.read_bytes()[:4096])
    assert seen == []
    assert caught.value.hint
    assert path.name in caught.value.message


HOSTILE: dict[str, tuple[Any, str]] = {
    "os.system": (Calls(os.system, "touch /tmp/never"), r"posix\.system"),
    "eval": (Calls(eval, "1"), r"eval"),
    "exec": (Calls(exec, "1"), r"exec"),
    "import": (Calls(importlib.import_module, "this"), r"importlib\.import_module"),
    "getattr": (Calls(getattr, "x", "upper"), r"getattr"),
    "subprocess": (Calls(subprocess.Popen, ["true"]), r"subprocess\.Popen"),
    "runpy": (Calls(runpy.run_path, "x"), r"runpy\.run_path"),
    "a chain": ({"a": [Calls(str, Calls(pickle.loads, b"N."))]}, r"pickle\.loads"),
    "as a key": ({Calls(builtins.open, "/etc/passwd"): 1}, r"open"),
    "torch.load": (Calls(torch.load, "other.pt"), r"torch\.serialization\.load"),
    "only named": ({"f": sys.exit}, r"sys\.exit"),
}


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("kind", ["zip", "legacy", "pickle 2", "pickle 4"])
def test_what_would_run_code_is_refused_by_name_and_not_run(tmp_path: Path, name: str, kind: str) -> None:
    content, match = HOSTILE[name]
    path = tmp_path / "a.pt"
    if kind in ("zip", "legacy"):
        torch.save({"w": torch.zeros(2), "x": content}, path, _use_new_zipfile_serialization=kind == "zip")
    else:
        path.write_bytes(pickle.dumps(content, protocol=int(kind[-1])))
    refused(path, rf"asks for [\w.]*{match}\. Nothing was executed")


@pytest.mark.parametrize("text", [b"cos\nsystem\n(S'true'\ntR.", b"(ios\nsystem\n.", b"c__builtin__\neval\n(S'1'\ntR."])
def test_text_pickles_are_refused_as_well(tmp_path: Path, text: bytes) -> None:
    (tmp_path / "a.pkl").write_bytes(text)
    refused(tmp_path / "a.pkl", r"asks for (os\.system|builtins\.eval)\. Nothing was executed")


def test_a_hostile_file_inside_of_another_is_refused(tmp_path: Path) -> None:
    inner = io.BytesIO()
    torch.save(Calls(os.system, "true"), inner, _use_new_zipfile_serialization=False)
    load_from_bytes = torch.storage._load_from_bytes
    torch.save({"x": Calls(load_from_bytes, inner.getvalue())}, tmp_path / "a.pt")
    refused(tmp_path / "a.pt", r"asks for posix\.system")


def test_names_are_hostile_by_what_they_do() -> None:
    for name in ("os.system", "builtins.compile", "ctypes.CDLL", "torch.hub.load", "numpy.load", "socket.socket"):
        assert hostile(name), name
    for name in ("builtins.set", "__main__.VAE", "oslo.config", "systems.Model", "torch.nn.modules.linear.Linear"):
        assert not hostile(name), name


def test_objects_of_unknown_classes_are_inert_and_can_be_keys(tmp_path: Path) -> None:
    content = {
        Registry: {"best": torch.ones(2)},
        "args": argparse.Namespace(latent=20, path=pathlib.PurePosixPath("a/b"), when=datetime.date(2020, 1, 2)),
        "colour": Colour.RED,
        "counts": collections.defaultdict(list, {"a": [1]}),
        "registry": Registry(a=1),
        "partial": functools.partial(torch.relu),
        "odd": {frozenset({1, 2}), (1, "x"), 3j, None, True},
    }
    for zipped in (True, False):
        torch.save(content, tmp_path / "a.pt", _use_new_zipfile_serialization=zipped)
        found = read(tmp_path / "a.pt")
        keys = [key for key in found if isinstance(key, Inert)]
        assert [key.name for key in keys] == [f"{__name__}.Registry"]
        assert torch.equal(found[keys[0]]["best"], torch.ones(2))
        assert found["args"].fields["latent"] == 20
        assert plain(found["args"])["path"] == "a/b"
        assert plain(found["colour"]) == "red"
        assert found["counts"] == {"a": [1]}
        assert plain(found["registry"]) == {"a": 1}


def run(instructions: bytes) -> Any:
    return Unpickler(io.BytesIO(instructions), {}, lambda identifier: identifier).run()


@pytest.mark.parametrize("protocol", range(6))
def test_plain_data_come_back_in_every_protocol(protocol: int) -> None:
    content: Any = {
        "a": [1, -5, 1 << 80, 2.5, None, True, False],
        "b": ("x", "ü", b"\x00\xff"),
        "c": {1: {2: ()}},
        "d": [],
    }
    content["again"] = content["a"]
    from vae_analyze.loading.files.makers import Makers

    table = Makers(1000, lambda content: None).table()
    found = Unpickler(io.BytesIO(pickle.dumps(content, protocol=protocol)), table, lambda identifier: identifier).run()
    assert found == content
    assert found["again"] is found["a"]


@pytest.mark.parametrize(
    "instructions",
    [
        b"",
        b".",
        b"0.",
        b"(.",
        b"t.",
        b"R.",
        b"NNR.",
        b"]NR.",
        b"N}s.",
        b"}(Nu.",
        b"NNa.",
        b"h\x00.",
        b"}]Ns.",
        b"((((0000t.",
        b"\x80\x04\x95",
        b"NN\x93.",
        b"\x82\x01.",
        b"\x97.",
        b"}(" + b"(" * 9 + b"t" * 9 + b"Nu.",
        b"\x8b\xff\xff\xff\x7f.",
        b"I" + b"9" * 5000 + b"\n.",
        b"\x8a\xff" + b"\x7f" * 255 + b"\x8b\x00\x04\x00\x00" + b"\x7f" * 1024 + b".",
    ],
)
def test_instructions_without_sense_are_damage(instructions: bytes) -> None:
    with pytest.raises(DamagedError):
        run(instructions)


def test_work_without_end_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vae_analyze.loading.files.unpickle._MOST_STEPS", 1000)
    with pytest.raises(DamagedError, match="more than 1,000 steps"):
        run(b"N" * 2000 + b".")
