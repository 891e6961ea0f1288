from __future__ import annotations

import pickle

import pytest

from vae_analyze.errors import AnalyzerError, CheckpointError, DataError, StoreError, UsageError, VaeAnalyzeError

EXIT_CODES = {UsageError: 2, StoreError: 2, CheckpointError: 3, DataError: 3, AnalyzerError: 4}
every = pytest.mark.parametrize("kind", list(EXIT_CODES))


@every
def test_exit_codes_are_those_of_the_command_line(kind: type[VaeAnalyzeError]) -> None:
    assert kind.exit_code == EXIT_CODES[kind]


@every
def test_each_can_be_caught_as_the_base(kind: type[VaeAnalyzeError]) -> None:
    with pytest.raises(VaeAnalyzeError, match="expected a file"):
        raise kind("expected a file, found a folder")


def test_the_hint_follows_the_message() -> None:
    assert str(DataError("expected a, found b", hint="try c")) == "expected a, found b\n  Hint: try c"


def test_without_a_hint_the_message_stands_alone() -> None:
    assert str(DataError("expected a, found b")) == "expected a, found b"


@every
@pytest.mark.parametrize("hint", ["", "do this"])
def test_travels_between_processes(kind: type[VaeAnalyzeError], hint: str) -> None:
    error = pickle.loads(pickle.dumps(kind("what", hint=hint)))
    assert type(error) is kind
    assert (error.message, error.hint, str(error)) == ("what", hint, str(kind("what", hint=hint)))
