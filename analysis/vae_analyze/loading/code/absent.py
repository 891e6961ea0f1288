"""Stand-ins for packages that are not there and for names whose making is not run."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable
from typing import Any, NoReturn, final

from torch import nn

from vae_analyze.errors import CheckpointError
from vae_analyze.loading.code.said import said
from vae_analyze.loading.files.printable import printable

# Bases that add nothing to what a network computes.
_MIXINS = ("PyTorchModelHubMixin", "ModelHubMixin", "PushToHubMixin", "HyperparametersMixin", "FromOriginalModelMixin")


@final
class NotThere:
    """Something that cannot be had; every use of it raises.

    Args:
        reason: Why.
        hint: What to do about it.
    """

    def __init__(self, reason: str, hint: str = "") -> None:
        object.__setattr__(self, "_why", (reason, hint))

    def _refuse(self, *_: Any, **__: Any) -> NoReturn:
        reason, hint = object.__getattribute__(self, "_why")
        raise CheckpointError(f"the class needs {reason}", hint=hint)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        self._refuse()

    def __repr__(self) -> str:
        return f"<not there: {object.__getattribute__(self, '_why')[0]}>"

    __call__ = __iter__ = __len__ = __bool__ = __getitem__ = __mro_entries__ = _refuse
    __add__ = __radd__ = __mul__ = __rmul__ = __sub__ = __rsub__ = __truediv__ = __rtruediv__ = _refuse
    __floordiv__ = __rfloordiv__ = __pow__ = __int__ = __float__ = __index__ = __lt__ = __gt__ = _refuse


@final
class Deferred:
    """A package, or something in one, that is imported when it is used and not before.

    Args:
        module: Dotted name of the module.
        path: Attributes below it.
    """

    def __init__(self, module: str, path: tuple[str, ...] = ()) -> None:
        self._module = module
        self._path = path

    def _found(self) -> Any:
        """The thing itself.

        Raises:
            CheckpointError: The package is not installed.
        """
        name = ".".join((self._module, *self._path))
        try:
            found: Any = importlib.import_module(self._module)
            for at, part in enumerate(self._path):
                if not hasattr(found, part):
                    found = importlib.import_module(".".join((self._module, *self._path[: at + 1])))
                else:
                    found = getattr(found, part)
        except Exception as error:  # a foreign package may fail in any way
            package = self._module.split(".")[0]
            raise CheckpointError(
                f"the class needs {printable(name)}, and it cannot be imported: {said(error, limit=200)}",
                hint=f"pip install {package}, or take out what uses it",
            ) from error
        return found

    def _there(self) -> bool:
        try:
            self._found()
        except CheckpointError:
            return False
        return True

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(self._found(), name) if self._there() else Deferred(self._module, (*self._path, name))

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """What is in the package, called."""
        return self._found()(*args, **kwargs)

    def __iter__(self) -> Any:
        return iter(self._found())

    def __getitem__(self, key: Any) -> Any:
        return self._found()[key]

    def __instancecheck__(self, instance: Any) -> bool:
        return self._there() and isinstance(instance, self._found())

    def __mro_entries__(self, bases: tuple[Any, ...]) -> tuple[type, ...]:
        last = (*self._module.split("."), *self._path)[-1]
        if self._there():
            return (self._found(),)
        if last == "LightningModule":
            return (StandInModule,)
        if last in _MIXINS:
            return ()
        return (self._found(),)

    def __repr__(self) -> str:
        return f"<{'.'.join((self._module, *self._path))}>"


@final
class Hyperparameters(dict[str, Any]):
    """A constructor's arguments, by key or as attributes."""

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(f"no hyperparameter {name!r}") from None

    def __setattr__(self, name: str, value: Any) -> None:
        self[name] = value


class StandInModule(nn.Module):
    """Lightning's module where Lightning is not there: the part of it that a constructor and a forward use."""

    current_epoch = 0
    global_step = 0
    trainer: Any = None
    logger: Any = None

    @property
    def hparams(self) -> Any:
        """The arguments of the constructor."""
        return self.__dict__.setdefault("_hparams", Hyperparameters())

    @hparams.setter
    def hparams(self, values: Any) -> None:
        self.__dict__["_hparams"] = Hyperparameters(values) if isinstance(values, dict) else values

    @property
    def device(self) -> Any:
        """Where the weights are."""
        return next((weight.device for weight in self.parameters()), "cpu")

    def save_hyperparameters(self, *given: Any, ignore: Any = (), **_: Any) -> None:
        """Keep the arguments of the constructor that calls this."""
        frame = inspect.currentframe()
        frame = frame.f_back if frame else None
        held: dict[str, Any] = dict(frame.f_locals) if frame else {}
        extra = held.pop("kwargs", {}) | held.pop("hparams_kwargs", {})
        held = {name: value for name, value in held.items() if name != "self" and not name.startswith("__")}
        names = [name for name in given if isinstance(name, str)]
        whole = [vars(value) if hasattr(value, "__dict__") else value for value in given if not isinstance(value, str)]
        left_out = (ignore,) if isinstance(ignore, str) else tuple(ignore)
        chosen = {name: held[name] for name in names if name in held} if names else {**held, **extra}
        for values in whole:
            chosen = dict(values) if isinstance(values, dict) else chosen
        self.hparams.update({name: value for name, value in chosen.items() if name not in left_out})

    def log(self, *_: Any, **__: Any) -> None:
        """Nothing."""

    log_dict: Callable[..., None] = log
    print: Callable[..., None] = log
