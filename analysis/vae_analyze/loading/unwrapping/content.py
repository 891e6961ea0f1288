"""What a foreign file holds once its wrappers are off: named weights, plain facts, and the tree of a pickled module."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal, final

from torch import Tensor

Role = Literal["raw", "ema"]


@final
@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class State:
    """The weights of one network.

    Args:
        name: Where in the file it was found, keys joined by dots; "" for a file that is nothing but a state_dict.
        role: Plain weights, or their average over training (EMA, SWA).
        tensors: Names and tensors in the order of the file, floating point ones as float32 on the CPU; `prefix` is
            taken off the names.
        prefix: What was common to the names of all weights and carries no meaning, such as "module.vae."; may be "".
        modules: Paths of all modules that the model had when it was saved, those without weights (activations,
            pooling, dropout) included; empty where the file does not say.
        whole: The same with the weights that were left out as belonging to the training (a discriminator, a loss):
            a class that was named may hold them all the same. None: nothing was left out.
    """

    name: str
    role: Role
    tensors: dict[str, Tensor]
    prefix: str = ""
    modules: tuple[str, ...] = ()
    whole: State | None = None

    @property
    def parameters(self) -> int:
        """Numbers in all floating point tensors."""
        return sum(tensor.numel() for tensor in self.tensors.values() if tensor.is_floating_point())


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class ModuleNode:
    """One module of a pickled model.

    Args:
        path: Its place, such as "encoder.0"; "" for the model itself.
        kind: Module and class, such as "torch.nn.modules.activation.LeakyReLU" or "__main__.VAE".
        attributes: Its plain attributes (numbers, texts, tuples, lists and dicts of such), private ones left out.
    """

    path: str
    kind: str
    attributes: dict[str, Any] = field(default_factory=dict)

    @property
    def class_name(self) -> str:
        """The class without its module, such as "LeakyReLU"."""
        return self.kind.rpartition(".")[2]

    @property
    def library(self) -> bool:
        """Whether the class is torch's own, whose behaviour is known."""
        return self.kind.startswith("torch.nn.")


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class ModuleTree:
    """A pickled model without its code: what it is made of, in the order in which it was made.

    Args:
        nodes: Every module, parents before children; the first is the model itself.
    """

    nodes: tuple[ModuleNode, ...]

    @property
    def root(self) -> ModuleNode:
        """The model itself."""
        return self.nodes[0]

    def at(self, path: str) -> ModuleNode | None:
        """The module at a path, or None."""
        return next((node for node in self.nodes if node.path == path), None)

    def below(self, path: str) -> tuple[ModuleNode, ...]:
        """The modules under a path, itself left out, in order."""
        start = f"{path}." if path else ""
        return tuple(node for node in self.nodes if node.path and node.path.startswith(start))


@final
@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Content:
    """Everything in a file that can help to rebuild its model.

    Args:
        states: The networks found, those with the most weights first among those of one role.
        stated: Plain facts stated beside the weights by name (constructor arguments, hyper-parameters, sizes).
        modules: Of a pickled module: what it is made of; else None.
        notes: What was left out or decided on the way, one sentence each, fit for printing.
        container: What the file is, in words, such as "zip archive".
    """

    states: tuple[State, ...]
    stated: dict[str, Any] = field(default_factory=dict)
    modules: ModuleTree | None = None
    notes: tuple[str, ...] = ()
    container: str = ""
