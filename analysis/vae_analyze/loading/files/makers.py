"""What is made of the few names that carry weights and plain data; all other names stay inert."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Any, final

from vae_analyze.loading.files.stubs import Inert
from vae_analyze.loading.files.tensors import cast, tensor
from vae_analyze.loading.files.unpickle import DamagedError, Maker, key_of

_ROOM = 64 << 20


@final
class Makers:
    """Makers for one file.

    Args:
        room: Bytes that the file holds: what byte strings may be made of it together.
        nested: Reads a torch file inside a byte string.
    """

    def __init__(self, room: int, nested: Callable[[bytes], Any]) -> None:
        self._room = max(room, _ROOM)
        self._nested = nested

    def table(self) -> dict[str, Maker]:
        """Makers by name."""
        return {
            "collections.OrderedDict": _ordered,
            "collections.defaultdict": lambda arguments: _mapping(arguments[1:]),
            "collections.Counter": _mapping,
            "builtins.dict": _mapping,
            "builtins.set": lambda arguments: set(_keys(arguments)),
            "builtins.frozenset": lambda arguments: frozenset(_keys(arguments)),
            "builtins.list": lambda arguments: list(_plain(arguments)),
            "builtins.tuple": lambda arguments: tuple(_plain(arguments)),
            "builtins.complex": _complex,
            "builtins.bytes": self._bytes,
            "builtins.bytearray": self._bytes,
            "_codecs.encode": self._bytes,
            "torch.Size": lambda arguments: tuple(_plain(arguments)),
            "torch._utils._rebuild_tensor": _tensor,
            "torch._utils._rebuild_tensor_v2": _tensor_with_flags,
            "torch._utils._rebuild_tensor_v3": _cast_tensor,
            "torch._utils._rebuild_parameter": lambda arguments: arguments[0],
            "torch._utils._rebuild_parameter_with_state": lambda arguments: arguments[0],
            "torch._tensor._rebuild_from_type_v2": self._subclass,
            "torch.storage._load_from_bytes": self._load,
        }

    def _charge(self, size: int) -> None:
        self._room -= size
        if self._room < 0:
            raise DamagedError("the pickle makes more bytes than the file has")

    def _bytes(self, arguments: tuple[Any, ...]) -> bytes:
        if not arguments:
            return b""
        content = arguments[0]
        if isinstance(content, str):
            self._charge(len(content))
            return content.encode("latin-1")
        if isinstance(content, (bytes, bytearray)):
            self._charge(len(content))
            return bytes(content)
        raise DamagedError("the pickle makes bytes of something else")

    def _load(self, arguments: tuple[Any, ...]) -> Any:
        content = arguments[0]
        if isinstance(content, str):  # as Python 2 wrote them
            content = content.encode("latin-1")
        if not isinstance(content, (bytes, bytearray)):
            raise DamagedError("the pickle loads something else than bytes")
        self._charge(len(content))
        return self._nested(bytes(content))

    def _subclass(self, arguments: tuple[Any, ...]) -> Any:
        function, _, inner = arguments[:3]
        maker = self.table().get(function.name) if isinstance(function, Inert) else None
        if maker is None or not isinstance(inner, tuple) or "_rebuild_from_type" in function.name:
            return Inert("torch._tensor._rebuild_from_type_v2", arguments)
        return maker(inner)


def _plain(arguments: tuple[Any, ...]) -> Any:
    if not arguments:
        return ()
    if isinstance(arguments[0], (list, tuple, set, frozenset)):
        return arguments[0]
    raise DamagedError("the pickle makes a collection of something else")


def _keys(arguments: tuple[Any, ...]) -> list[Any]:
    return [key_of(value) for value in _plain(arguments)]


def _ordered(arguments: tuple[Any, ...]) -> OrderedDict[Any, Any]:
    return OrderedDict(_mapping(arguments))


def _mapping(arguments: tuple[Any, ...]) -> dict[Any, Any]:
    if not arguments or arguments[0] is None:
        return {}
    given = arguments[0]
    if isinstance(given, dict):
        return dict(given)
    pairs = [pair for pair in _plain(arguments) if isinstance(pair, (list, tuple)) and len(pair) == 2]
    return {key_of(pair[0]): pair[1] for pair in pairs}


def _complex(arguments: tuple[Any, ...]) -> complex:
    if not all(isinstance(part, (int, float)) for part in arguments[:2]):
        raise DamagedError("the pickle makes a complex number of something else")
    return complex(*arguments[:2])


def _tensor(arguments: tuple[Any, ...]) -> Any:
    return tensor(*arguments[:4])


def _tensor_with_flags(arguments: tuple[Any, ...]) -> Any:
    # The seventh says that the numbers are to be negated or conjugated, which weights never are.
    return Inert("torch.Tensor", arguments) if len(arguments) > 6 and arguments[6] else tensor(*arguments[:4])


def _cast_tensor(arguments: tuple[Any, ...]) -> Any:
    return tensor(cast(arguments[0], arguments[6]), *arguments[1:4])
