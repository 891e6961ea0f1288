from __future__ import annotations

from pathlib import Path

import pytest

from loading.code.made import written
from vae_analyze.loading.code.execution import Execution
from vae_analyze.loading.code.slicing import Slicer, free_names


def _sliced(tmp_path: Path, text: str, name: str = "A") -> Slicer:
    slicer = Slicer(written(tmp_path / "m.py", text))
    slicer.require(slicer.path, name)
    return slicer


def _run(slicer: Slicer, **overrides: object) -> dict[str, object]:
    return vars(Execution(slicer, overrides).module(slicer.path))


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("x = 1\ny = 2\nclass A:\n    v = x\n", ["x", "A"]),
        ("def f(): return g()\ndef g(): return 1\ndef h(): pass\nclass A:\n    v = f\n", ["f", "g", "A"]),
        ("class B: pass\nclass A(B):\n    pass\n", ["B", "A"]),
        ("x = 1\nclass A:\n    def f(self):\n        x = 2\n        return x\n", ["A"]),
        ("x = 1\nclass A:\n    def f(self):\n        return [y + x for y in range(3)]\n", ["x", "A"]),
        ("n = len(open('f').read())\nclass A:\n    pass\n", ["A"]),
    ],
)
def test_only_what_is_needed_is_kept(tmp_path: Path, text: str, kept: list[str]) -> None:
    slicer = _sliced(tmp_path, text)
    file = slicer.files[slicer.path]
    names = {name for at in file.statements for name in file.unit.entries[at].names}
    assert names == set(kept)


@pytest.mark.parametrize(
    "statement",
    [
        "v = open('x').read()",
        "import os\nv = os.system('true')",
        "v = eval('1')",
        "v = __import__('os').system('true')",
        "v = list(map(exec, ['1']))",
        "import os\nv = list(map(os.system, ['true']))",
        "from os import system\nv = system('true')",
        "import torch\nv = torch.load('x')",
        "import numpy as np\nv = np.load('x')",
        "v = ().__class__.__base__.__subclasses__()",
        "def f():\n    return open('x')\nv = f()",
        "import subprocess as s\nv = s.run(['true'])",
        "v = 2 ** 10 ** 9",
        "v = [0] * 10000000000",
        "v = (lambda: 1)()",
        "for i in range(3):\n    v = i",
    ],
)
def test_what_is_not_plain_is_not_run(tmp_path: Path, statement: str) -> None:
    slicer = _sliced(tmp_path, statement + "\nclass A:\n    w = v\n")
    assert "v is made by code that is not run" in slicer.files[slicer.path].unresolved["v"]


@pytest.mark.parametrize(
    ("statement", "value"),
    [
        ("v = 3", 3),
        ("v = [2 ** i for i in range(3)]", [1, 2, 4]),
        ("import math\nv = int(math.sqrt(16)) // 2", 2),
        ("import numpy as np\nv = int(np.prod((2, 3)))", 6),
        ("d = {}\nd['a'] = 1\nd.update(b=2)\nv = d", {"a": 1, "b": 2}),
        ("v = 1\nv += 2", 3),
        ("def f(n):\n    out = []\n    for i in range(n):\n        out.append(i)\n    return out\nv = f(2)", [0, 1]),
        ("import torch\nv = torch.cuda.is_available() if False else 7", 7),
        ("try:\n    import not_there_at_all\n    v = 1\nexcept ImportError:\n    v = 2", 2),
        ("flag = False\nif flag:\n    v = 1\nelse:\n    v = 2", 2),
        ("if __name__ == '__main__':\n    v = 9", 9),
        ("a, v = 1, 2", 2),
        ("v: int = 4", 4),
        ("from types import SimpleNamespace\nc = SimpleNamespace(x=5)\nc.x = 6\nv = c.x", 6),
        ("import argparse\np = argparse.ArgumentParser()\np.add_argument('-z', '--zdim', type=int, default=8)\n"
         "a = vars(p.parse_args())\nv = a['zdim']", 8),
        ("import argparse\ndef get():\n    p = argparse.ArgumentParser()\n    p.add_argument('--zdim', default=8)\n"
         "    return p.parse_args()\na = get()\nv = a.zdim", 8),
    ],
)  # fmt: skip
def test_plain_statements_are_run(tmp_path: Path, statement: str, value: object) -> None:
    slicer = _sliced(tmp_path, statement + "\nclass A:\n    w = v\n")
    assert _run(slicer)["A"].w == value  # type: ignore[attr-defined]  # of the class in the text


def test_a_name_that_was_changed_by_what_is_not_run_is_doubted(tmp_path: Path) -> None:
    slicer = _sliced(tmp_path, "n = 1\nn = int(input())\nclass A:\n    w = n\n")
    assert "line 2" in slicer.files[slicer.path].doubts["n"]
    assert _run(slicer)["A"].w == 1  # type: ignore[attr-defined]  # of the class in the text


def test_a_global_can_be_given(tmp_path: Path) -> None:
    slicer = _sliced(tmp_path, "n = int(input())\nclass A:\n    w = n\n")
    assert _run(slicer, n=5)["A"].w == 5  # type: ignore[attr-defined]  # of the class in the text


def test_statements_in_a_class_that_do_things_are_taken_out(tmp_path: Path) -> None:
    slicer = _sliced(tmp_path, "class A:\n    print('x')\n    w = 1\n    for i in range(3):\n        pass\n")
    assert _run(slicer)["A"].w == 1  # type: ignore[attr-defined]  # of the class in the text
    assert len(slicer.files[slicer.path].dropped) == 2


def test_a_default_that_does_things_is_an_error_only_when_used(tmp_path: Path) -> None:
    slicer = _sliced(
        tmp_path, "class A:\n    def f(self, x=open('f')):\n        return x\n    def g(self):\n        return 1\n"
    )
    assert _run(slicer)["A"]().g() == 1  # type: ignore[operator]  # of the class in the text


def test_dataclasses_and_enumerations_are_made(tmp_path: Path) -> None:
    text = (
        "from __future__ import annotations\nfrom dataclasses import dataclass, field\nfrom enum import Enum\n"
        "from typing import ClassVar, List\nclass Kind(Enum):\n    A = 1\n"
        "@dataclass\nclass C:\n    n: ClassVar[int] = 1\n"
        "    a: List[int] = field(default_factory=list)\n    k: Kind = Kind.A\nclass A:\n    c = C(a=[1])\n"
    )
    assert _run(_sliced(tmp_path, text))["A"].c.a == [1]  # type: ignore[attr-defined]  # of the class in the text


def test_imports_of_siblings_inside_functions(tmp_path: Path) -> None:
    written(tmp_path / "beside.py", "def f(): return 7\nraise SystemExit\n")
    text = (
        "class A:\n    def g(self):\n        from beside import f\n        return f()\n"
        "    def h(self):\n        import beside\n        return beside.f()\n"
    )
    made = _run(_sliced(tmp_path, text))["A"]
    assert made().g() == made().h() == 7  # type: ignore[operator]  # of the class in the text


def test_free_names() -> None:
    import ast

    assert free_names(ast.parse("def f(a, b=c):\n    d = a\n    return d + e").body[0]) == {"c", "e"}


def test_imports_of_everything_from_packages(tmp_path: Path) -> None:
    text = (
        "from torch.nn import *\nfrom math import *\nimport xml.dom as d\nfrom xml.dom import minidom\n"
        "class A:\n    k = Linear\n    r = sqrt(4)\n    m = minidom\n"
    )
    made = _run(_sliced(tmp_path, text))["A"]
    assert (made.k.__name__, made.r) == ("Linear", 2.0)  # type: ignore[attr-defined]  # of the class in the text
