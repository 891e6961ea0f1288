"""A Python file that the person named, run once; what goes wrong in it is one sentence with its line."""

from __future__ import annotations

import contextlib
import importlib
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any, final

from vae_analyze.errors import CheckpointError, VaeAnalyzeError
from vae_analyze.loading.files.printable import printable

_MARK = "__vae_analyze_adapter__"
_FORM = "expected a Python file with a function load(path), which returns an object with encode and decode"


@final
class AdapterFile:
    """A file whose `load` makes a model.

    While code of it runs, its folder comes first in the search for modules, and what it prints goes to standard error.

    Args:
        path: The file.

    Raises:
        CheckpointError: It is not there, is not Python, fails when run, or has no function ``load``.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._modules = _Modules(path.parent)
        self.shown = printable(path, limit=300)
        code = self._compiled()
        module = ModuleType(path.stem)
        module.__file__ = str(path)
        with self.running("running it"):
            exec(code, vars(module))  # noqa: S102 - naming the file is consent to run it
        made = vars(module).get("load")
        if not callable(made):
            raise CheckpointError(f"{self.shown} has no function load(path)", hint=f"{_FORM}; {_PAGE}")
        self._load = made

    def load(self, checkpoint: Path) -> Any:
        """What its ``load`` returns for a checkpoint."""
        with self.running(f"load({printable(checkpoint)!r})"):
            return self._load(str(checkpoint))

    @contextlib.contextmanager
    def running(self, what: str) -> Iterator[None]:
        """Turn whatever fails inside into one `CheckpointError` that says where in the file it did.

        Args:
            what: Is being done, for the message.
        """
        try:
            with self._modules.first(), contextlib.redirect_stdout(sys.stderr):
                yield
        except VaeAnalyzeError as error:
            place = self._line(error.__cause__) if error.__cause__ is not None else ""
            if not place:
                raise
            raise CheckpointError(f"{self.shown}{place}: {error.message}", hint=error.hint) from error
        except (Exception, SystemExit) as error:
            said = printable(" ".join(str(error).split()), limit=300)
            raise CheckpointError(
                f"{self.shown}{self._line(error)}: {what} failed: {type(error).__name__}{': ' if said else ''}{said}",
                hint="mend the adapter; it is the person's own file and runs as it stands",
            ) from error

    def siblings(self) -> dict[str, Path]:
        """The modules in its folder that it imported, by name."""
        own = sorted(self._modules.own.items())
        return {name: Path(str(module.__file__)) for name, module in own if Path(str(module.__file__)).is_file()}

    def _compiled(self) -> CodeType:
        try:
            return compile(self.path.read_bytes(), str(self.path), "exec", dont_inherit=True)
        except OSError as error:
            raise CheckpointError(f"cannot read the adapter {self.shown}: {error.strerror}", hint=_FORM) from error
        except (SyntaxError, ValueError) as error:
            line = f", line {error.lineno}" if isinstance(error, SyntaxError) and error.lineno else ""
            said = error.msg if isinstance(error, SyntaxError) else error
            raise CheckpointError(f"{self.shown}{line} is not Python: {printable(said)}", hint=_FORM) from error

    def _line(self, error: BaseException | None) -> str:
        """Where in the file an error came from, as text that follows its name."""
        frames = traceback.extract_tb(error.__traceback__) if error is not None else []
        own = [frame for frame in frames if frame.filename == str(self.path)]
        return f", line {own[-1].lineno}" if own else ""


_PAGE = "vae-analyze inspect FILE prints one to complete where a file is of no known format"


@final
class _Modules:
    """The modules that lie in a folder, fresh, whatever else of their names was imported before.

    They stay imported afterwards, because functions may import them again later; the next adapter starts afresh.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.own: dict[str, ModuleType] = {}

    @contextlib.contextmanager
    def first(self) -> Iterator[None]:
        """Look for modules in the folder first."""
        aside = {name: module for name, module in list(sys.modules.items()) if self._in_the_way(name)}
        for name in aside:
            del sys.modules[name]
        sys.modules.update(self.own)
        before = set(sys.modules)
        sys.path.insert(0, str(self._folder))
        importlib.invalidate_caches()
        try:
            yield
        finally:
            with contextlib.suppress(ValueError):
                sys.path.remove(str(self._folder))
            self._keep(set(sys.modules) - before)
            # What another adapter brought is stale; what the person's program brought is not ours to lose.
            sys.modules.update({name: module for name, module in aside.items() if not hasattr(module, _MARK)})

    def _keep(self, names: set[str]) -> None:
        for name in names:
            module = sys.modules[name]
            where = getattr(module, "__file__", None)
            if isinstance(where, str) and Path(where).is_relative_to(self._folder) and not _installed(where):
                self.own[name] = module
                setattr(module, _MARK, True)

    def _in_the_way(self, name: str) -> bool:
        """Whether a module that was imported before would be taken for one in the folder."""
        top = name.partition(".")[0]
        if top in sys.stdlib_module_names or top in ("vae_analyze", "__main__"):
            return False
        return (self._folder / f"{top}.py").is_file() or (self._folder / top / "__init__.py").is_file()


def _installed(where: str) -> bool:
    return not {"site-packages", "dist-packages"}.isdisjoint(Path(where).parts)
