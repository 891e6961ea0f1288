from __future__ import annotations

import ast
import json
from pathlib import Path

import pytest

from loading.code.made import written
from vae_analyze.errors import CheckpointError
from vae_analyze.loading.code.sources import parsed


def _names(path: Path) -> list[str]:
    return [node.name for node in parsed(path).tree.body if isinstance(node, (ast.ClassDef, ast.FunctionDef))]


def _notebook(path: Path, *cells: str) -> Path:
    content = {"cells": [{"cell_type": "code", "source": cell.splitlines(keepends=True)} for cell in cells]}
    return written(path, json.dumps(content))


def test_encodings_and_line_ends(tmp_path: Path) -> None:
    path = tmp_path / "m.py"
    path.write_bytes("# -*- coding: latin-1 -*-\r\nname = 'é'\r\ndef f():\r\n    pass\r\n".encode("latin-1"))
    assert _names(path) == ["f"]
    path.write_bytes(b"\xef\xbb\xbfdef g(): pass\n")
    assert _names(path) == ["g"]
    path.write_bytes(b"# \xff\xfe broken\ndef h(): pass\n")
    assert _names(path) == ["h"]


def test_magics_of_a_notebook_are_taken_out(tmp_path: Path) -> None:
    path = _notebook(
        tmp_path / "n.ipynb",
        "%matplotlib inline\n!ls\nfiles = !ls *.py\nif True:\n    !pip install x\n?print\nprint?",
        "%%html\n<b>no Python</b>",
        "%%writefile model.py\nclass A: pass",
        "%%writefile notes.txt\nclass Not: pass",
        "x = ('%d'\n% 3)",
        "class B: pass",
    )
    assert _names(path) == ["A", "B"]
    assert parsed(path).magics > 5


def test_an_old_notebook_with_worksheets(tmp_path: Path) -> None:
    cells = [{"cell_type": "code", "input": ["class A: pass"]}]
    assert _names(written(tmp_path / "n.ipynb", json.dumps({"worksheets": [{"cells": cells}]}))) == ["A"]


def test_blocks_that_do_not_parse_are_set_aside(tmp_path: Path) -> None:
    path = written(
        tmp_path / "m.py",
        "class A: pass\n@decorated\ndef old():\n    print 'x'\n    return 1\nclass B: pass\n"
        "def bad(:\n    pass\nexec 'x'\n",
    )
    assert _names(path) == ["A", "B"]
    broken = parsed(path).broken
    assert [one.line for one in broken] == [4, 7, 9]
    assert str(broken[0]) == "line 4 does not parse (a print statement of Python 2): \"print 'x'\""


@pytest.mark.parametrize("text", ["<html>\n<body>\n", "def f(\n", "'''never closed\n"])
def test_a_file_of_which_nothing_is_left_has_no_definitions(tmp_path: Path, text: str) -> None:
    path = written(tmp_path / "m.py", text)
    assert _names(path) == []
    assert parsed(path).broken


def test_what_is_no_notebook_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="is not a notebook"):
        parsed(written(tmp_path / "n.ipynb", "{}"))
    with pytest.raises(CheckpointError, match="no such file"):
        parsed(tmp_path / "none.py")
