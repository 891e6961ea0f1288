from __future__ import annotations

from vae_analyze.loading.code.execution import CommandLine
from vae_analyze.loading.code.said import said, shown


class Settings:
    pass


def test_line_breaks_become_spaces() -> None:
    assert said(RuntimeError("Error(s) for VAE:\n\tsize mismatch\n\tand more")) == (
        "Error(s) for VAE: size mismatch and more"
    )
    assert shown({"a": "x\ny"}) == "{'a': 'x\\ny'}"


def test_objects_are_called_by_their_class_and_not_by_their_address() -> None:
    assert shown(Settings()) == "<Settings>"
    assert "0x" not in shown([Settings(), lambda: None, said])
    assert shown(CommandLine("opt", {"nz": 40, "lr": 0.1})) == "<the file's command line: nz=40, lr=0.1>"
