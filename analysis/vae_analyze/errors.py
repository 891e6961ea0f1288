"""One small tree of errors; each says what was expected, what was found and what to do next."""

from typing import ClassVar


class VaeAnalyzeError(Exception):
    """Base of every error that a person can mend; the command line prints it without a traceback.

    Args:
        message: What was expected and what was found.
        hint: The next thing to try; may be empty.
    """

    exit_code: ClassVar[int] = 2

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}\n  Hint: {self.hint}" if self.hint else self.message


class UsageError(VaeAnalyzeError):
    """An option, a name or an output place that cannot be used (exit code 2)."""


class StoreError(VaeAnalyzeError):
    """A run folder or cache that cannot be read or written (exit code 2)."""


class CheckpointError(VaeAnalyzeError):
    """A checkpoint that cannot be loaded (exit code 3)."""

    exit_code: ClassVar[int] = 3


class DataError(VaeAnalyzeError):
    """Data that cannot be loaded or do not fit the model (exit code 3)."""

    exit_code: ClassVar[int] = 3


class AnalyzerError(VaeAnalyzeError):
    """An analyzer that failed (exit code 4)."""

    exit_code: ClassVar[int] = 4
