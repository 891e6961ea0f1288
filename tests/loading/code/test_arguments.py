from __future__ import annotations

import ast
import inspect
from pathlib import Path
from typing import Any

import pytest
from torch import nn

from loading.code.made import written
from vae_analyze.errors import UsageError
from vae_analyze.loading.code.arguments import check_names, parsed_arguments, takes_anything
from vae_analyze.loading.code.arguments_parsed import declared, parsing, stated_defaults
from vae_analyze.loading.code.calls import call_sites
from vae_analyze.loading.code.sources import parsed
from vae_analyze.loading.code.units import Unit, unit_of


def _unit(tmp_path: Path, text: str) -> Unit:
    return unit_of(parsed(written(tmp_path / "m.py", text)))


def test_literals_and_layers_of_torch() -> None:
    found = parsed_arguments([("a", "20"), (" b", "[128, 64]"), ("c", "'relu'"), ("d", "nn.ReLU"), ("e", "nn.Tanh()")])
    assert found["a"] == 20
    assert found["b"] == [128, 64]
    assert found["c"] == "relu"
    assert found["d"] is nn.ReLU
    assert isinstance(found["e"], nn.Tanh)


@pytest.mark.parametrize(
    ("text", "hint"), [("relu", "texts need quotes"), ("[1, ", "such as"), ("open('x')", "such as")]
)
def test_what_is_no_literal_is_refused(text: str, hint: str) -> None:
    with pytest.raises(UsageError, match=f"--set act: expected a Python literal(?s:.*){hint}"):
        parsed_arguments([("act", text)])


def test_names_are_held_against_the_signature() -> None:
    def target(latent_dim: int, *, args: Any = None) -> None: ...

    signature = inspect.signature(target)
    check_names(["latent_dim", "args.size", "WIDTH"], signature, what="VAE", also={"WIDTH"})
    with pytest.raises(UsageError, match=r"no such parameter(?s:.*)did you mean latent_dim.*latent_dim, args"):
        check_names(["latentdim"], signature, what="VAE", also=())
    assert takes_anything(None)


def test_defaults_of_a_command_line(tmp_path: Path) -> None:
    text = """
import argparse
p = argparse.ArgumentParser()
p.add_argument("-b", "--batch-size", type=int, default="64")
p.add_argument("--no-cuda", action="store_true")
p.add_argument("--keep", action="store_false")
p.add_argument("--path")
p.add_argument("--out", dest="where", default=None)
p.add_argument("--needed", required=True)
p.add_argument("place")
p.add_argument("--odd", default=compute())
p.add_argument("--bad", type=int, default="x")
p.set_defaults(seed=3)
args, rest = p.parse_known_args()
"""
    unit = _unit(tmp_path, text)
    expected = {"batch_size": 64, "no_cuda": False, "keep": True, "path": None, "where": None, "seed": 3}
    assert stated_defaults(unit) == expected
    assert declared(unit) >= {"needed", "place", "odd"}
    found = parsing(unit.entries[-1].node, unit)
    assert found is not None
    assert (found.name, found.mapping) == ("args", False)
    assert parsing(ast.parse("x = 1").body[0], unit) is None


def test_calls_of_a_class_with_their_locals(tmp_path: Path) -> None:
    text = """
class VAE: pass
def main():
    n = 3
    bad = open('f')
    with no_grad():
        m = 4
    model = VAE(n, bad.read(), width=m).to('cpu')
model = VAE(*things)
if __name__ == "__main__":
    VAE(1)
"""
    sites = call_sites(_unit(tmp_path, text), "VAE")
    assert [site.line for site in sites] == [11, 8]
    inner = sites[1]
    assert [part is None for part in inner.positional] == [False, True]
    assert list(inner.named) == ["width"]
    assert [ast.unparse(node) for node in inner.local] == ["n = 3", "m = 4"]
