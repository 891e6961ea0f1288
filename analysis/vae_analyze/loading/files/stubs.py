"""What stands for an object of a pickle whose code is never looked up: its name and what it was given."""

from __future__ import annotations

import re
from _compat_pickle import IMPORT_MAPPING, NAME_MAPPING
from typing import Any, final

# Modules that run programs or code, or reach the machine; no model needs them.
_HOSTILE = re.compile(
    r"(os|posix|nt|sys|subprocess|_posixsubprocess|importlib|_frozen_importlib|runpy|shutil|_?socket|_?ctypes|pty|code|"
    r"codeop|_?pickle|marshal|imp|pkgutil|zipimport|pip|webbrowser|commands|popen2|pdb|bdb|timeit|cProfile|profile|"
    r"trace|doctest|pydoc|idlelib|distutils|setuptools|builtins|_?io|signal|asyncio|platform|requests|httplib|ftplib|"
    r"smtplib|telnetlib|xmlrpc|aiohttp|dill|jsonpickle|shelve|urllib\.request|http\.client|numpy\.testing|numpy\.f2py|"
    r"torch\.utils\.cpp_extension)\..*"
    r"|(torch|numpy|joblib|cloudpickle|pandas|yaml|keras|tensorflow)\.(.*\.)?"
    r"(load|loads|read_pickle|load_library|load_inline|load_state_dict_from_url)",
    re.DOTALL,
)
_HARMLESS = re.compile(
    r"builtins\.(set|frozenset|complex|slice|range|int|float|list|dict|tuple|bytearray|bytes|str|bool|object|type|"
    r"NotImplementedError|ValueError|TypeError|KeyError|RuntimeError|Exception)|_?io\.(BytesIO|StringIO)"
)


@final
class Inert:
    """An object that a pickle asks for by name: it can do nothing, and nothing was looked up to make it.

    Args:
        name: Module and name, joined by a dot.
        arguments: What it was called or made with; None for the bare name.
    """

    __slots__ = ("appended", "arguments", "keywords", "name", "pairs", "state")

    def __init__(self, name: str, arguments: tuple[Any, ...] | None = None) -> None:
        self.name = name
        self.arguments = arguments
        self.keywords: dict[str, Any] = {}
        self.state: Any = None
        self.appended: list[Any] = []
        self.pairs: dict[Any, Any] = {}

    def __repr__(self) -> str:
        return f"<{self.name}>"

    @property
    def fields(self) -> dict[str, Any]:
        """Its attributes, as far as its state gives them by name."""
        parts = self.state if isinstance(self.state, tuple) and len(self.state) == 2 else (self.state,)
        found: dict[str, Any] = {}
        for part in parts:
            if isinstance(part, dict):
                found |= {key: value for key, value in part.items() if isinstance(key, str)}
        return found


def current(module: str, name: str) -> str:
    """Module and name joined, as Python 3 calls them."""
    module, name = NAME_MAPPING.get((module, name), (IMPORT_MAPPING.get(module, module), name))
    return f"{module}.{name}"


def hostile(name: str) -> bool:
    """Whether no honest checkpoint asks for this: it runs programs or code, loads other files or opens connections."""
    return _HOSTILE.fullmatch(name) is not None and _HARMLESS.fullmatch(name) is None
