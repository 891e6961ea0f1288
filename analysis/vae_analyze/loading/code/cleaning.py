"""A class or function without what would run when it is defined: decorators, defaults and statements that do things."""

from __future__ import annotations

import ast
import copy
from dataclasses import dataclass, field
from typing import Any, final

from vae_analyze.loading.code.pure import Purity
from vae_analyze.loading.code.siblings import sibling, target
from vae_analyze.loading.code.units import Unit
from vae_analyze.loading.files.printable import printable

UNAVAILABLE = "__not_run__"
_DECORATORS = (
    *("property", "staticmethod", "classmethod", "functools.", "dataclasses.", "abc.", "typing.", "typing_extensions."),
    *("torch.no_grad", "torch.inference_mode", "torch.enable_grad", "contextlib.", "enum.", "torch.nn.utils."),
    *("cached_property", "torch.autograd.", "attr.", "attrs."),
)
# NumPy's names for Python's own types, and others that it took away.
_NUMPY = {
    "product": "prod",
    "cumproduct": "cumprod",
    "sometrue": "any",
    "alltrue": "all",
    "float": "float64",
    "int": "int64",
    "long": "int64",
    "bool": "bool_",
    "object": "object_",
    "complex": "complex128",
    "float_": "float64",
    "Inf": "inf",
    "Infinity": "inf",
    "NaN": "nan",
    "infty": "inf",
    "round_": "round",
}


@final
@dataclass(kw_only=True)
class Cleaned:
    """A statement that may be run.

    Args:
        node: The statement.
        imports: Imports of files beside it that stood inside, to be made before it.
        dropped: What was taken out, in words.
    """

    node: ast.stmt
    imports: list[ast.Import | ast.ImportFrom] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)


def cleaned(node: ast.stmt, unit: Unit, purity: Purity) -> Cleaned:
    """A copy of a statement without what would run when it is defined."""
    result = Cleaned(node=copy.deepcopy(node))
    _Cleaner(unit, purity, result).visit(result.node)
    ast.fix_missing_locations(result.node)
    return result


@final
class _Cleaner(ast.NodeTransformer):
    def __init__(self, unit: Unit, purity: Purity, result: Cleaned) -> None:
        self._unit = unit
        self._purity = purity
        self._result = result
        self._inside = 0

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        node.decorator_list = self._decorators(node, node.name)
        node.keywords = [word for word in node.keywords if self._purity.expression(word.value)]
        node.body = [part for part in node.body if self._belongs(part, node.name)] or [ast.Pass()]
        self.generic_visit(node)
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        return self._function(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.AST:
        return self._function(node)

    def visit_Import(self, node: ast.Import) -> ast.AST:
        beside = [name for name in node.names if sibling(self._unit.parsed.path, name.name, 0) is not None]
        return self._hoisted(node) if self._inside and beside else node

    def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.AST:
        return self._hoisted(node) if self._inside and target(self._unit.parsed.path, node) is not None else node

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        self.generic_visit(node)
        if node.attr in _NUMPY and self._unit.dotted(node) == f"numpy.{node.attr}" and _gone(node.attr):
            self._result.dropped.append(f"numpy.{node.attr}, which NumPy took away, read as numpy.{_NUMPY[node.attr]}")
            node.attr = _NUMPY[node.attr]
        return node

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> ast.AST:
        if not self._inside:
            node.decorator_list = self._decorators(node, node.name)
            arguments = node.args
            arguments.defaults = [self._default(value, node.name) for value in arguments.defaults]
            arguments.kw_defaults = [value and self._default(value, node.name) for value in arguments.kw_defaults]
        self._inside += 1
        self.generic_visit(node)
        self._inside -= 1
        return node

    def _hoisted(self, node: Any) -> ast.AST:
        self._result.imports.append(node)
        return ast.Pass()

    def _decorators(self, node: Any, name: str) -> list[ast.expr]:
        kept = [decorator for decorator in node.decorator_list if self._harmless(decorator)]
        for decorator in node.decorator_list:
            if decorator not in kept:
                self._result.dropped.append(f"decorator @{printable(ast.unparse(decorator), limit=60)} of {name}")
        return kept

    def _harmless(self, decorator: ast.expr) -> bool:
        function = decorator.func if isinstance(decorator, ast.Call) else decorator
        if isinstance(decorator, ast.Call) and not self._purity.expression(ast.Tuple(decorator.args, ast.Load())):
            return False
        name = self._unit.dotted(function)
        if name.rpartition(".")[2] in ("setter", "getter", "deleter") or name.startswith(_DECORATORS):
            return True
        return self._unit.definition(name.split(".")[0]) is not None

    def _default(self, value: ast.expr, name: str) -> ast.expr:
        if self._purity.expression(value):
            return value
        text = printable(ast.unparse(value), limit=80)
        self._result.dropped.append(f"default {text} of {name}")
        return ast.Call(ast.Name(UNAVAILABLE, ast.Load()), [ast.Constant(text)], [])

    def _belongs(self, node: ast.stmt, name: str) -> bool:
        kept = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Pass, ast.Import, ast.ImportFrom)
        if isinstance(node, kept) or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)):
            return True
        if isinstance(node, (ast.Assign, ast.AnnAssign, ast.AugAssign)) and self._purity.statement(node):
            return True
        text = printable(ast.unparse(node).split("\n")[0], limit=60)
        self._result.dropped.append(f"`{text}` in class {name}")
        return False


def _gone(name: str) -> bool:
    import warnings

    import numpy as np

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return not hasattr(np, name)
