"""Fields of a protocol buffer, read by hand: https://protobuf.dev/programming-guides/encoding."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import final

_MOST_FIELDS = 3_000_000  # a graph of tens of thousands of nodes has a tenth of this
_LONGEST_TEXT = 1 << 14
_SIZES = {1: 8, 5: 4}  # bytes of the wire types of fixed size


class MalformedError(Exception):
    """Not the bytes of a protocol buffer; the message continues "it is not whole: "."""


@final
@dataclass(slots=True)
class Reader:
    """Reads messages up to a number of fields in all, so that no file keeps it busy for ever.

    Args:
        left: How many fields it may still read.
    """

    left: int = _MOST_FIELDS

    def fields(self, content: memoryview) -> Iterator[tuple[int, int | memoryview]]:
        """Numbers and contents of the fields of one message; what lies in them is read only when asked for.

        Raises:
            MalformedError: The bytes are no message.
        """
        at = 0
        while at < len(content):
            self.left -= 1
            if self.left < 0:
                raise MalformedError("it has more fields than any model")
            tag, at = _varint(content, at)
            number, wire = tag >> 3, tag & 7
            if wire == 0:
                value, at = _varint(content, at)
                yield number, value
                continue
            size = _SIZES.get(wire, -1)
            if wire == 2:
                size, at = _varint(content, at)
            if number == 0 or size < 0 or at + size > len(content):
                raise MalformedError("its fields do not fit into it")
            yield number, content[at : at + size]
            at += size


def message(value: int | memoryview) -> memoryview:
    """A field that holds a message, a text or bytes.

    Raises:
        MalformedError: It holds a number.
    """
    if isinstance(value, int):
        raise MalformedError("a number stands where a message belongs")
    return value


def text(value: int | memoryview) -> str:
    """A field that holds a text.

    Raises:
        MalformedError: It holds a number, more than any name has, or other bytes than text.
    """
    content = message(value)
    if len(content) > _LONGEST_TEXT:
        raise MalformedError("a name without end")
    try:
        return bytes(content).decode("utf-8")
    except UnicodeDecodeError as error:
        raise MalformedError("a name is not text") from error


def numbers(value: int | memoryview) -> list[int]:
    """A field of a list of numbers: one of them, or all packed into one.

    Raises:
        MalformedError: It ends within a number.
    """
    if isinstance(value, int):
        return [value]
    found, at = [], 0
    while at < len(value):
        number, at = _varint(value, at)
        found.append(number)
    return found


def _varint(content: memoryview, at: int) -> tuple[int, int]:
    number = 0
    for shift in range(0, 70, 7):
        if at >= len(content):
            raise MalformedError("it ends within a number")
        byte = content[at]
        at += 1
        number |= (byte & 0x7F) << shift
        if byte < 0x80:
            return number, at
    raise MalformedError("a number without end")
