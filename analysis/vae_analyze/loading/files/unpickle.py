"""A pickle followed instruction by instruction on our own stack: nothing is imported, looked up or called.

The unpicklers of Python and of torch call what a pickle names, if only what an allow-list holds. This one has nothing
to call: names become `Inert` objects, and tensors are made by the `Makers` that the container hands in.
"""

from __future__ import annotations

import pickletools
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, Protocol, final

from vae_analyze.errors import CheckpointError
from vae_analyze.loading.files.printable import printable
from vae_analyze.loading.files.stubs import Inert, current, hostile

Maker = Callable[[tuple[Any, ...]], Any]
_MOST_STEPS = 2_000_000  # each costs some hundred bytes at most: what memory a pickle may take
_STEPS_PER_CALL = 30
_MOST_DIGITS = 4096  # bits of a whole number; Python refuses to print much larger ones
# Instructions that say a number, a text or bytes.
_LITERALS = frozenset(
    opcode.name
    for opcode in pickletools.opcodes
    if opcode.arg is not None and opcode.stack_after and opcode.stack_after[0] is not pickletools.anyobject
)
_CONSTANTS: dict[str, Callable[[], Any]] = {
    "NONE": lambda: None,
    "NEWTRUE": lambda: True,
    "NEWFALSE": lambda: False,
    "EMPTY_DICT": dict,
    "EMPTY_LIST": list,
    "EMPTY_TUPLE": tuple,
    "EMPTY_SET": set,
}
_MARK = object()
_ATTRIBUTE = "builtins.getattr"
_FUNCTIONS = ("torch._C._VariableFunctions", "torch._C._VariableFunctionsClass", "torch._VariableFunctionsClass")


class Stream(Protocol):
    """What instructions are read from."""

    def read(self, size: int, /) -> bytes:
        """At most so many bytes."""
        ...

    def readline(self) -> bytes:
        """Up to the end of a line."""
        ...

    def tell(self) -> int:
        """Where the next byte lies."""
        ...


class DamagedError(Exception):
    """The instructions make no sense, or ask for more than is reasonable; says what."""


class HostileError(Exception):
    """The instructions ask for what runs programs or code; says the name."""


@final
class Unpickler:
    """One pickle, read once.

    Args:
        stream: Where it begins; afterwards where it ended.
        makers: What is made of a call to a name; everything else becomes `Inert`.
        persistent: What stands for what lies outside of the pickle.
    """

    def __init__(self, stream: Stream, makers: dict[str, Maker], persistent: Callable[[Any], Any]) -> None:
        self._stream = stream
        self._makers = makers
        self._persistent = persistent
        self._stack: list[Any] = []
        self._memo: dict[int, Any] = {}
        self._left = _MOST_STEPS
        self._asked = False  # for an attribute of something, and not yet for which
        self.names: dict[str, None] = {}

    def run(self) -> Any:
        """What the pickle describes.

        Raises:
            HostileError: It asks for what no honest checkpoint does.
            DamagedError: It cannot be followed to its end.
        """
        try:
            instructions = pickletools.genops(self._stream)  # type: ignore[arg-type]  # no more of a stream is needed
            for opcode, argument, _ in instructions:
                self._charge(1)
                self._step(opcode.name, argument)
            if self._asked:
                raise HostileError(_ATTRIBUTE)
            return self._pop()
        except (CheckpointError, DamagedError, HostileError):
            raise
        except Exception as error:  # damaged instructions raise whatever their arguments happen to provoke
            raise DamagedError(f"the pickle is damaged or cut off ({printable(error)})") from error

    def _charge(self, steps: int) -> None:
        self._left -= steps
        if self._left < 0:
            raise DamagedError(f"the pickle needs more than {_MOST_STEPS:,} steps; no checkpoint does")

    def _step(self, name: str, argument: Any) -> None:
        if name in _LITERALS:
            self._literal(argument)
        elif name in _CONSTANTS:
            self._stack.append(_CONSTANTS[name]())
        elif name in _STEPS:
            _STEPS[name](self, argument)
        elif name not in ("PROTO", "FRAME", "STOP"):
            raise DamagedError(f"the pickle uses the instruction {name}, which no checkpoint needs")

    def _literal(self, value: Any) -> None:
        if isinstance(value, int) and value.bit_length() > _MOST_DIGITS:
            raise DamagedError("the pickle holds a number of thousands of digits")
        self._stack.append(value)

    def _pop(self) -> Any:
        value = self._stack.pop()
        if value is _MARK:
            raise DamagedError("the pickle takes a value where it has none")
        return value

    def _top(self) -> Any:
        value = self._stack[-1]
        if value is _MARK:
            raise DamagedError("the pickle takes a value where it has none")
        return value

    def _popped_to_mark(self) -> list[Any]:
        at = len(self._stack) - 1
        while self._stack[at] is not _MARK:
            if at == 0:
                raise DamagedError("the pickle closes what it did not open")
            at -= 1
        items = self._stack[at + 1 :]
        del self._stack[at:]
        return items

    def _name(self, module: object, name: object) -> None:
        if not isinstance(module, str) or not isinstance(name, str):
            raise DamagedError("the pickle asks for a name that is no text")
        full = current(module, name)
        if full == _ATTRIBUTE:
            self._asked = True
        elif hostile(full):
            raise HostileError(printable(full))
        self.names[full] = None
        self._stack.append(Inert(full))

    # One method per instruction; the argument is what follows it in the file.

    def _global(self, argument: str) -> None:
        module, _, name = argument.partition(" ")
        self._name(module, name)

    def _stack_global(self, _: Any) -> None:
        name, module = self._pop(), self._pop()
        self._name(module, name)

    def _inst(self, argument: str) -> None:
        arguments = tuple(self._popped_to_mark())
        self._global(argument)
        self._stack.append(self._call(self._pop(), arguments))

    def _obj(self, _: Any) -> None:
        items = self._popped_to_mark()
        self._stack.append(self._call(items[0], tuple(items[1:])))

    def _reduce(self, _: Any) -> None:
        arguments, function = self._pop(), self._pop()
        self._stack.append(self._call(function, arguments))

    def _new_with_keywords(self, _: Any) -> None:
        keywords, arguments, kind = self._pop(), self._pop(), self._pop()
        made = self._call(kind, arguments)
        if isinstance(made, Inert) and isinstance(keywords, dict):
            made.keywords = keywords
        self._stack.append(made)

    def _call(self, function: Any, arguments: Any) -> Any:
        if not isinstance(function, Inert) or not isinstance(arguments, tuple):
            raise DamagedError("the pickle calls what is no name")
        if function.arguments is not None:  # what a call gave is called again
            return Inert(function.name, arguments)
        if function.name == "copyreg._reconstructor" or function.name == "copyreg.__newobj__":
            function, arguments = arguments[0], ()
            if not isinstance(function, Inert):
                raise DamagedError("the pickle makes an object of no class")
        if function.name == _ATTRIBUTE:
            return self._function_of_torch(arguments)
        maker = self._makers.get(function.name)
        if maker is None:
            return Inert(function.name, arguments)
        self._charge(_STEPS_PER_CALL + sum(_length(argument) for argument in arguments))
        return maker(arguments)

    def _function_of_torch(self, arguments: tuple[Any, ...]) -> Inert:
        """Torch's own functions, kept by a module as its activation, are pickled as attributes: their bare name."""
        place = arguments[0] if len(arguments) == 2 else None
        if not isinstance(place, Inert) or place.name not in _FUNCTIONS or not isinstance(arguments[1], str):
            raise HostileError(_ATTRIBUTE)
        self._asked = False
        return Inert(f"torch.{arguments[1]}")

    def _build(self, _: Any) -> None:
        state, target = self._pop(), self._top()
        if isinstance(target, Inert):
            target.state = state
        elif isinstance(target, OrderedDict) and isinstance(state, dict):
            metadata = state.get("_metadata")  # of a state_dict: the paths of all modules
            if isinstance(metadata, dict):
                target._metadata = metadata  # type: ignore[attr-defined]  # where torch puts and expects it

    def _append(self, _: Any) -> None:
        value = self._pop()
        self._extend([value])

    def _appends(self, _: Any) -> None:
        self._extend(self._popped_to_mark())

    def _extend(self, values: list[Any]) -> None:
        target = self._top()
        if isinstance(target, Inert):
            target = target.appended
        if not isinstance(target, list):
            raise DamagedError("the pickle appends to what is no list")
        target.extend(values)

    def _set_item(self, _: Any) -> None:
        value, key = self._pop(), self._pop()
        self._update([key, value])

    def _set_items(self, _: Any) -> None:
        self._update(self._popped_to_mark())

    def _dict(self, _: Any) -> None:
        items = self._popped_to_mark()
        self._stack.append({})
        self._update(items)

    def _update(self, items: list[Any]) -> None:
        target = self._top()
        if isinstance(target, Inert):
            target = target.pairs
        if not isinstance(target, dict) or len(items) % 2:
            raise DamagedError("the pickle sets an item of what is no mapping")
        for at in range(0, len(items), 2):
            target[key_of(items[at])] = items[at + 1]

    def _add_items(self, _: Any) -> None:
        values, target = self._popped_to_mark(), self._top()
        if isinstance(target, Inert):
            target.appended.extend(values)
        elif isinstance(target, set):
            target.update(key_of(value) for value in values)
        else:
            raise DamagedError("the pickle adds to what is no set")

    def _frozen(self, _: Any) -> None:
        self._stack.append(frozenset(key_of(value) for value in self._popped_to_mark()))

    def _list(self, _: Any) -> None:
        self._stack.append(self._popped_to_mark())

    def _tuple(self, _: Any) -> None:
        self._stack.append(tuple(self._popped_to_mark()))

    def _tuple_of(self, size: int) -> None:
        items = [self._pop() for _ in range(size)]
        self._stack.append(tuple(reversed(items)))

    def _mark(self, _: Any) -> None:
        self._stack.append(_MARK)

    def _pop_any(self, _: Any) -> None:
        self._stack.pop()

    def _pop_mark(self, _: Any) -> None:
        self._popped_to_mark()

    def _dup(self, _: Any) -> None:
        self._stack.append(self._top())

    def _put(self, at: int) -> None:
        self._memo[at] = self._top()

    def _memoize(self, _: Any) -> None:
        self._memo[len(self._memo)] = self._top()

    def _get(self, at: int) -> None:
        self._stack.append(self._memo[at])

    def _text_id(self, identifier: str) -> None:
        self._stack.append(self._persistent(identifier))

    def _stack_id(self, _: Any) -> None:
        self._stack.append(self._persistent(self._pop()))


_STEPS: dict[str, Callable[[Unpickler, Any], None]] = {
    "GLOBAL": Unpickler._global,
    "STACK_GLOBAL": Unpickler._stack_global,
    "INST": Unpickler._inst,
    "OBJ": Unpickler._obj,
    "REDUCE": Unpickler._reduce,
    "NEWOBJ": Unpickler._reduce,
    "NEWOBJ_EX": Unpickler._new_with_keywords,
    "BUILD": Unpickler._build,
    "APPEND": Unpickler._append,
    "APPENDS": Unpickler._appends,
    "SETITEM": Unpickler._set_item,
    "SETITEMS": Unpickler._set_items,
    "DICT": Unpickler._dict,
    "ADDITEMS": Unpickler._add_items,
    "FROZENSET": Unpickler._frozen,
    "LIST": Unpickler._list,
    "TUPLE": Unpickler._tuple,
    "TUPLE1": lambda self, _: self._tuple_of(1),
    "TUPLE2": lambda self, _: self._tuple_of(2),
    "TUPLE3": lambda self, _: self._tuple_of(3),
    "MARK": Unpickler._mark,
    "POP": Unpickler._pop_any,
    "POP_MARK": Unpickler._pop_mark,
    "DUP": Unpickler._dup,
    "PUT": Unpickler._put,
    "BINPUT": Unpickler._put,
    "LONG_BINPUT": Unpickler._put,
    "MEMOIZE": Unpickler._memoize,
    "GET": Unpickler._get,
    "BINGET": Unpickler._get,
    "LONG_BINGET": Unpickler._get,
    "PERSID": Unpickler._text_id,
    "BINPERSID": Unpickler._stack_id,
}


def _length(value: Any) -> int:
    """How much a call copies; bytes and texts are counted by whoever copies them."""
    return len(value) if isinstance(value, (list, tuple, dict, set, frozenset)) else 0


def key_of(value: Any, *, depth: int = 3) -> Any:
    """A key of a mapping: plain, or an inert object; deep ones would overrun the stack where they are hashed.

    Raises:
        DamagedError: It can be no key.
    """
    if value is None or isinstance(value, (str, bytes, int, float, complex, frozenset, Inert)):
        return value
    if isinstance(value, tuple) and depth:
        for item in value:
            key_of(item, depth=depth - 1)
        return value
    raise DamagedError("the pickle uses a key that no mapping can have")
