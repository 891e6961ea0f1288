"""The text of a Python file or notebook as a syntax tree; what does not parse is set aside block by block."""

from __future__ import annotations

import ast
import io
import json
import re
import tokenize
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any, final

from vae_analyze.errors import CheckpointError
from vae_analyze.loading.code.spec import missing_file
from vae_analyze.loading.files.printable import printable

_MAGIC = re.compile(r"^(\s*)(?:[%!?]|[\w.,\s]+=\s*[%!](?=\w)|[\w.]+\?{1,2}\s*$).*$")
# Cell magics below which there is Python.
_PYTHON_BELOW = ("%%time", "%%timeit", "%%capture", "%%prun", "%%writefile", "%%file", "%%python3", "%%memit")
_MOST_BLOCKS = 60
_MOST_BYTES = 64 << 20


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class Broken:
    """A block of the file that is no Python of today.

    Args:
        line: The line that is wrong, from 1.
        text: That line.
        reason: What is wrong.
        block: The whole block.
    """

    line: int
    text: str
    reason: str
    block: str

    def __str__(self) -> str:
        return f"line {self.line} does not parse ({self.reason}): {printable(self.text.strip())!r}"


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class Parsed:
    """A file as a syntax tree.

    Args:
        path: The file.
        tree: Of everything that parses; line numbers are those of the file, or of a notebook's cells joined.
        lines: The text by lines.
        broken: What was set aside.
        magics: How many lines of notebook magics were taken out.
    """

    path: Path
    tree: ast.Module
    lines: tuple[str, ...]
    broken: tuple[Broken, ...]
    magics: int


def parsed(path: Path) -> Parsed:
    """Read and parse a file; nothing of it is run.

    Raises:
        CheckpointError: It is not there, cannot be read, or is no Python at all.
    """
    cells = _cells(path)
    magics = 0
    texts: list[str] = []
    for cell in cells:
        text, stripped = _without_magics(cell)
        texts.append(text)
        magics += stripped
    text = "\n".join(texts)
    tree, broken = _recovered(text, path)
    return Parsed(path=path, tree=tree, lines=tuple(text.splitlines()), broken=broken, magics=magics)


def _cells(path: Path) -> list[str]:
    try:
        if not path.is_file():
            raise missing_file(path)
        if path.stat().st_size > _MOST_BYTES:
            raise CheckpointError(f"--model: {printable(path)} is too large to be a program")
        content = path.read_bytes()
    except OSError as error:
        raise CheckpointError(f"--model: cannot read {printable(path)}: {printable(error.strerror)}") from error
    if path.suffix == ".ipynb":
        return _notebook_cells(path, content)
    return [_decoded(content)]


def _decoded(content: bytes) -> str:
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(content).readline)
        text = content.decode(encoding)
    except (SyntaxError, UnicodeDecodeError, LookupError):
        text = content.decode("utf-8-sig", errors="replace")
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")


def _notebook_cells(path: Path, content: bytes) -> list[str]:
    try:
        notebook: Any = json.loads(content.decode("utf-8-sig"))
        sheets = notebook.get("worksheets", [notebook])
        cells = [cell for sheet in sheets for cell in sheet["cells"] if cell.get("cell_type") == "code"]
        texts = [cell.get("source", cell.get("input", "")) for cell in cells]
        return [text if isinstance(text, str) else "".join(text) for text in texts]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise CheckpointError(
            f"--model: {printable(path)} is not a notebook: {printable(error)}",
            hint="expected Jupyter's JSON with code cells",
        ) from error


def _without_magics(cell: str) -> tuple[str, int]:
    """The cell as Python, and how many lines were taken out; what parses as it is stays as it is."""
    first = cell.lstrip().split("\n", 1)[0]
    lines = cell.split("\n")
    if first.startswith("%%") and not first.startswith(_PYTHON_BELOW):
        return "\n" * (len(lines) - 1), len(lines)
    if first.startswith(("%%writefile", "%%file")) and not first.rstrip().endswith(".py"):
        return "\n" * (len(lines) - 1), len(lines)
    if isinstance(_tree(cell), ast.Module):
        return cell, 0
    cleaned = [_MAGIC.sub(r"\1pass", line) for line in lines]
    return "\n".join(cleaned), sum(before != after for before, after in zip(lines, cleaned, strict=True))


def _tree(text: str) -> ast.Module | SyntaxError:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # invalid escapes in strings are theirs to mend
            return ast.parse(text)
    except SyntaxError as error:
        return error
    except (ValueError, RecursionError, MemoryError) as error:
        return SyntaxError(str(error) or type(error).__name__, ("", 1, 0, ""))


def _recovered(text: str, path: Path) -> tuple[ast.Module, tuple[Broken, ...]]:
    lines = text.split("\n")
    broken: list[Broken] = []
    for _ in range(_MOST_BLOCKS):
        tree = _tree("\n".join(lines))
        if isinstance(tree, ast.Module):
            return tree, tuple(broken)
        at = min(max((tree.lineno or 1) - 1, 0), len(lines) - 1)
        first, last = _block(lines, at)
        broken.append(
            Broken(line=at + 1, text=lines[at], reason=_reason(tree), block="\n".join(lines[first : last + 1]))
        )
        if not any(line.strip() for line in lines[first : last + 1]):
            break
        lines[first : last + 1] = [""] * (last - first + 1)
    raise CheckpointError(
        f"--model: {printable(path)} is no Python: {broken[0] if broken else 'nothing parses'}",
        hint="expected a Python 3 file or a Jupyter notebook",
    )


def _block(lines: list[str], at: int) -> tuple[int, int]:
    """First and last line of the top-level block around a line."""
    first = at
    while first > 0 and not _begins(lines[first]):
        first -= 1
    while first > 0 and lines[first - 1].startswith("@"):
        first -= 1
    last = at
    while last + 1 < len(lines) and not _begins(lines[last + 1]):
        last += 1
    return first, last


def _begins(line: str) -> bool:
    return bool(line) and not line[0].isspace() and line[0] not in "#)]}" and not line.startswith(_CONTINUES)


_CONTINUES = ("else:", "else ", "elif ", "except", "finally:")


def _reason(error: SyntaxError) -> str:
    message = printable(error.msg or "invalid syntax", limit=160)
    if "call to 'print'" in message or "call to 'exec'" in message:
        return "a print statement of Python 2" if "print" in message else "an exec statement of Python 2"
    if "multiple exception types" in message:
        return "an except clause of Python 2"
    return message
