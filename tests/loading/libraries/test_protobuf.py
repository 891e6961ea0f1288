from __future__ import annotations

import pytest

from loading.onnx_bytes import field, varint
from vae_analyze.loading.libraries.protobuf import MalformedError, Reader, message, numbers, text


def test_numbers_texts_and_fixed_sizes_are_read() -> None:
    content = field(1, 300) + field(2, "é") + varint(3 << 3 | 1) + b"12345678" + varint(4 << 3 | 5) + b"1234"
    found = list(Reader().fields(memoryview(content)))
    assert found[0] == (1, 300)
    assert text(found[1][1]) == "é"
    assert [bytes(message(part)) for _, part in found[2:]] == [b"12345678", b"1234"]


def test_lists_of_numbers_may_be_packed_or_not() -> None:
    assert numbers(300) == [300]
    assert numbers(memoryview(varint(300) + varint(2))) == [300, 2]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"\x08", "ends within a number"),
        (b"\x08" + b"\xff" * 11, "number without end"),
        (b"\x0a\x05abc", "do not fit"),
        (b"\x0b", "do not fit"),  # a group, which no writer has used for twenty years
        (b"\x02\x00", "do not fit"),  # field 0
    ],
)
def test_bytes_that_are_no_message_are_refused(content: bytes, said: str) -> None:
    with pytest.raises(MalformedError, match=said):
        list(Reader().fields(memoryview(content)))


def test_the_number_of_fields_is_bounded() -> None:
    with pytest.raises(MalformedError, match="more fields than any model"):
        list(Reader(left=3).fields(memoryview(field(1, 1) * 4)))


def test_a_number_is_no_message_and_a_name_is_short() -> None:
    with pytest.raises(MalformedError, match="a number stands where"):
        message(3)
    with pytest.raises(MalformedError, match="name without end"):
        text(memoryview(b"a" * (1 << 15)))
    with pytest.raises(MalformedError, match="not text"):
        text(memoryview(b"\xff"))
