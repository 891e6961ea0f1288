"""What lies between two layers with weights: how many modules without any, as far as numbered names tell.

In a Sequential every child counts: ``0.weight`` and ``2.weight`` have one module between them. A pickled module says
what those are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

from vae_analyze.loading.rebuild.layers import Layer
from vae_analyze.loading.rebuild.structure import Link
from vae_analyze.loading.unwrapping.content import ModuleNode, ModuleTree


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class Gap:
    """What follows one link, up to the next.

    Args:
        owner: The link.
        attached: Its normalisation and learned slope, in order.
        inside: Modules without weights between the link and its normalisation; None: not known.
        behind: Modules without weights from there to the next link; None: not known.
        ahead: Modules without weights that come before the link at the start of its Sequential; None: not known.
        reshaped: Whether maps become vectors or vectors maps on the way, which takes a module in a Sequential.
        nodes: Of a pickled module: everything between this link and the next, in order; None: not known.
        nodes_ahead: Of a pickled module: what comes before the link at the start of its Sequential.
    """

    owner: Link
    attached: tuple[Layer, ...] = ()
    inside: int | None = None
    behind: int | None = None
    ahead: int | None = None
    reshaped: bool = False
    nodes: tuple[ModuleNode, ...] | None = None
    nodes_ahead: tuple[ModuleNode, ...] | None = None

    @property
    def room(self) -> int | None:
        """Modules behind that are not the reshaping; None: not known."""
        return None if self.behind is None else max(self.behind - int(self.reshaped), 0)


def gaps_of(
    links: tuple[Link, ...], attached: dict[str, tuple[Layer, ...]], tree: ModuleTree | None
) -> tuple[Gap, ...]:
    """One gap per link of a chain; that of the last says only what trails it."""
    listed = _listed(links)
    return tuple(_gap(links, at, attached.get(link.layer.path, ()), tree, listed) for at, link in enumerate(links))


def _listed(links: tuple[Link, ...]) -> frozenset[str]:
    """Modules whose children are numbered layers without anything in between: lists of layers, not Sequentials.

    What stands between the layers of a list is in the code that goes through it, so their numbers say nothing.
    """
    numbers: dict[str, list[int]] = {}
    for link in links:
        if link.layer.index is not None:
            numbers.setdefault(link.layer.parent, []).append(link.layer.index)
    blocks = {link.layer.parent for link in links if link.layer.block is not None}
    return frozenset(
        parent
        for parent, found in numbers.items()
        if len(found) > 1 and sorted(found) == list(range(len(found))) and parent not in blocks
    )


def _gap(
    links: tuple[Link, ...], at: int, attached: tuple[Layer, ...], tree: ModuleTree | None, listed: frozenset[str]
) -> Gap:
    link = links[at]
    following = links[at + 1] if at + 1 < len(links) else None
    norm = next((layer for layer in attached if layer.kind != "prelu"), None)
    last = attached[-1] if attached else link.layer
    in_list = link.layer.parent in listed and last is link.layer
    opening = at == 0 or links[at - 1].layer.parent != link.layer.parent
    return Gap(
        owner=link,
        attached=attached,
        inside=_between(link.layer, norm),
        behind=None if in_list else _between(last, following.layer if following else None),
        ahead=link.layer.index if opening and not in_list else None,
        reshaped=following is not None and (link.layer.kind == "conv") != (following.layer.kind == "conv"),
        nodes=_nodes(tree, link.layer, following.layer if following else None),
        nodes_ahead=_children(tree, link.layer.parent, 0, link.layer.index) if opening else (),
    )


def _between(one: Layer, other: Layer | None) -> int | None:
    if other is None or one.index is None or other.index is None or one.parent != other.parent:
        return None
    return max(other.index - one.index - 1, 0)


def _nodes(tree: ModuleTree | None, one: Layer, other: Layer | None) -> tuple[ModuleNode, ...] | None:
    if tree is None or one.index is None:
        return None
    if other is not None and other.parent != one.parent:
        other = None
    return _children(tree, one.parent, one.index + 1, None if other is None else other.index)


def _children(tree: ModuleTree | None, parent: str, start: int, stop: int | None) -> tuple[ModuleNode, ...] | None:
    """A Sequential's children in a range of numbers; None where the parent is no Sequential of torch's own."""
    owner = None if tree is None else tree.at(parent)
    if tree is None or owner is None or not owner.library or owner.class_name != "Sequential":
        return None
    found = []
    for node in tree.below(parent):
        last = node.path.removeprefix(f"{parent}.") if parent else node.path
        if last.isdigit() and int(last) >= start and (stop is None or int(last) < stop):
            found.append(node)
    return tuple(found)
