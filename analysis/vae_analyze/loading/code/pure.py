"""Which expressions at top level may be run: those that compute from literals and touch nothing outside."""

from __future__ import annotations

import ast
import builtins
from dataclasses import dataclass, field
from typing import final

from vae_analyze.loading.code.units import Unit

_BUILTINS = frozenset(
    [
        "abs",
        "all",
        "any",
        "bool",
        "dict",
        "divmod",
        "enumerate",
        "filter",
        "float",
        "frozenset",
        "int",
        "isinstance",
        "len",
        "list",
        "map",
        "max",
        "min",
        "object",
        "pow",
        "range",
        "reversed",
        "round",
        "set",
        "slice",
        "sorted",
        "str",
        "sum",
        "tuple",
        "zip",
        "super",
        "type",
        "issubclass",
        "repr",
    ]
)
_EVERYTHING_IN = (
    *("math.", "operator.", "itertools.", "functools.", "collections.", "dataclasses.", "typing.", "types.", "enum."),
    *("abc.", "torch.nn.", "torch.distributions.", "easydict.", "ml_collections.", "munch.", "addict.", "attrdict."),
    *("argparse.Namespace", "pathlib.Path", "os.path.", "os.environ.get", "os.getenv", "copy.", "typing_extensions."),
    *("torch.autograd.Variable", "torch.cuda.is_available", "torch.cuda.device_count", "torch.backends."),
    "omegaconf.OmegaConf.create",
)
_TORCH = frozenset(
    [
        "device",
        "tensor",
        "zeros",
        "ones",
        "full",
        "eye",
        "arange",
        "linspace",
        "Size",
        "log",
        "sqrt",
        "exp",
        "prod",
        "as_tensor",
        "FloatTensor",
        "LongTensor",
        "Tensor",
        "Generator",
        "empty",
        "ones_like",
        "zeros_like",
        "stack",
        "cat",
        "pi",
        "float",
        "finfo",
    ]
)
_NOT_NUMPY = ("load", "save", "from", "memmap", "open", "random", "lib", "ctypes", "testing", "test", "f2py")
_METHODS = frozenset(
    [
        "append",
        "extend",
        "insert",
        "update",
        "setdefault",
        "reverse",
        "sort",
        "add",
        "items",
        "keys",
        "values",
        "get",
        "copy",
        "pop",
        "count",
        "index",
        "split",
        "rsplit",
        "join",
        "strip",
        "lstrip",
        "rstrip",
        "lower",
        "upper",
        "replace",
        "format",
        "startswith",
        "endswith",
        "title",
        "partition",
        "rpartition",
        "to",
        "cuda",
        "cpu",
        "float",
        "double",
        "long",
        "int",
        "item",
        "numel",
        "size",
        "dim",
        "view",
        "reshape",
        "tolist",
        "sum",
        "mean",
        "prod",
        "max",
        "min",
        "astype",
        "eval",
        "train",
        "flatten",
        "unsqueeze",
        "squeeze",
        "expand",
        "repeat",
        "requires_grad_",
    ]
)
_PLAIN = (
    *(ast.Constant, ast.Name, ast.Tuple, ast.List, ast.Dict, ast.Set, ast.BinOp, ast.UnaryOp, ast.BoolOp, ast.Compare),
    *(ast.IfExp, ast.Subscript, ast.Slice, ast.Starred, ast.JoinedStr, ast.FormattedValue, ast.Attribute, ast.keyword),
    *(ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp, ast.comprehension, ast.operator, ast.unaryop),
    *(ast.boolop, ast.cmpop, ast.expr_context, ast.Lambda, ast.arguments, ast.arg),
)
_STEPS = (
    *(ast.Assign, ast.AnnAssign, ast.AugAssign, ast.Return, ast.If, ast.For, ast.Pass, ast.Expr, ast.Raise),
    *(ast.Assert, ast.Break, ast.Continue),
)
_DANGEROUS = frozenset(
    ["__subclasses__", "__globals__", "__builtins__", "__code__", "__import__", "__loader__", "__spec__"]
)
_OUTSIDE = frozenset(
    ["os", "sys", "subprocess", "shutil", "socket", "urllib", "requests", "importlib", "builtins", "io"]
)
_MAGNITUDE = 1 << 24


@final
@dataclass(kw_only=True)
class Purity:
    """Tells what may be run in one file.

    Args:
        unit: The file.
    """

    unit: Unit
    _known: dict[str, bool] = field(default_factory=dict)

    def expression(self, node: ast.AST | None) -> bool:
        """Whether computing an expression touches nothing outside of it."""
        if node is None:
            return True
        if isinstance(node, ast.Call):
            return self._call(node) and all(self.expression(part) for part in (*node.args, *node.keywords))
        if isinstance(node, (ast.Attribute, ast.Name)) and self._reaches_out(node):
            return False
        if isinstance(node, ast.BinOp) and _explodes(node):
            return False
        return isinstance(node, _PLAIN) and all(self.expression(part) for part in ast.iter_child_nodes(node))

    def statement(self, node: ast.stmt) -> bool:
        """Whether an assignment, or a change in place, may be run."""
        if isinstance(node, ast.Assign):
            return self.expression(node.value) and all(self.expression(target) for target in node.targets)
        if isinstance(node, (ast.AnnAssign, ast.AugAssign)):
            return self.expression(node.value) and self.expression(node.target)
        return isinstance(node, ast.Expr) and self.expression(node.value)

    def _reaches_out(self, node: ast.Attribute | ast.Name) -> bool:
        """Whether a name, handed to another function such as ``map``, would let it do things."""
        if isinstance(node, ast.Attribute) and node.attr in _DANGEROUS:
            return True
        name = self.unit.dotted(node)
        root = name.split(".")[0]
        if root in _OUTSIDE:
            return not name.startswith(_EVERYTHING_IN) and name not in _OUTSIDE
        return "." not in name and hasattr(builtins, root) and root not in _BUILTINS and root not in self.unit.makers

    def _call(self, node: ast.Call) -> bool:
        function = node.func
        if isinstance(function, ast.Name) and self.unit.definition(function.id) is not None:
            return self._own(function.id)
        name = self.unit.dotted(function)
        if name and self._allowed(name):
            return True
        return isinstance(function, ast.Attribute) and function.attr in _METHODS and self.expression(function.value)

    def _allowed(self, name: str) -> bool:
        root, _, rest = name.partition(".")
        if not rest:
            return root in _BUILTINS if hasattr(builtins, root) else self._starred(root)
        if root == "numpy":
            return not any(word in rest for word in _NOT_NUMPY)
        if root == "torch" and rest in _TORCH:
            return True
        return name.startswith(_EVERYTHING_IN) and "load" not in rest and "hub" not in rest

    def _starred(self, name: str) -> bool:
        """Whether a name can only be one that an import of everything brings."""
        modules = [node.module for node in self.unit.stars() if node.module and not node.level]
        return name not in self.unit.makers and any(self._allowed(f"{module}.{name}") for module in modules)

    def _own(self, name: str) -> bool:
        """Whether a class or function of the same file may be called."""
        if name not in self._known:
            self._known[name] = True  # of a recursive one, the rest decides
            definition = self.unit.definition(name)
            if isinstance(definition, ast.ClassDef):
                self._known[name] = self._class(definition)
            elif isinstance(definition, ast.FunctionDef):
                self._known[name] = self._function(definition)
            else:
                self._known[name] = False
        return self._known[name]

    def _class(self, node: ast.ClassDef) -> bool:
        """A network, whose construction is what naming a class consents to; or plain data."""
        if self.is_module(node):
            return True
        special = ("__init__", "__new__", "__post_init__", "__init_subclass__", "__set_name__")
        return all(
            self._function(part)
            for part in node.body
            if isinstance(part, ast.FunctionDef) and (part.name in special or part.name.startswith("__"))
        )

    def is_module(self, node: ast.ClassDef) -> bool:
        """Whether a class is a network, by the names of what it derives from."""
        for base in node.bases:
            name = self.unit.dotted(base)
            if name.endswith(("Module", ".Sequential", "ModuleList")):
                return True
            parent = self.unit.definition(name) if name and name != node.name else None
            if isinstance(parent, ast.ClassDef) and self.is_module(parent):
                return True
        return False

    def _function(self, node: ast.FunctionDef) -> bool:
        return all(self._step(part) for part in node.body)

    def _step(self, node: ast.stmt) -> bool:
        if not isinstance(node, _STEPS):
            return False
        for part in ast.iter_child_nodes(node):
            if not (self._step(part) if isinstance(part, ast.stmt) else self.expression(part)):
                return False
        return True


def _explodes(node: ast.BinOp) -> bool:
    """Whether powers, shifts or repetitions of literals would fill the memory."""
    if not isinstance(node.op, (ast.Pow, ast.LShift, ast.Mult)):
        return False
    right = node.right
    if not isinstance(node.op, ast.Mult) and any(isinstance(part, (ast.Pow, ast.LShift)) for part in ast.walk(right)):
        return True
    large = isinstance(right, ast.Constant) and isinstance(right.value, int) and abs(right.value) > _MAGNITUDE
    steep = isinstance(right, ast.Constant) and isinstance(right.value, int) and abs(right.value) > 64
    return large or (steep and not isinstance(node.op, ast.Mult))
