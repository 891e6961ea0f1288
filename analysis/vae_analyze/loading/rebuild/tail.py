"""What follows a layer with weights: normalisation, activation, pooling."""

from __future__ import annotations

from collections.abc import Iterator

from vae_analyze.loading.rebuild.choices import Half, named
from vae_analyze.loading.rebuild.gaps import Gap
from vae_analyze.loading.rebuild.geometry import Setting
from vae_analyze.loading.rebuild.layers import Layer
from vae_analyze.loading.rebuild.steps import Step
from vae_analyze.loading.unwrapping.content import ModuleNode

_EPSILON = 1e-5
_MODULES = {
    "ReLU": "relu",
    "Tanh": "tanh",
    "GELU": "gelu",
    "SiLU": "silu",
    "Mish": "mish",
    "SELU": "selu",
    "Sigmoid": "sigmoid",
    "Softplus": "softplus",
    "ReLU6": "relu6",
    "Hardswish": "hardswish",
    "Softsign": "softsign",
    "Identity": "none",
}


def tail(
    gap: Gap, following: Gap | None, half: Half, setting: Setting, *, seam: bool, ends: bool, head: bool
) -> Iterator[Step]:
    """What follows one layer, up to the next.

    Args:
        gap: The layer and what is known of what follows it.
        following: The next one of the same chain.
        half: The choices.
        setting: Of the layer, where it is a convolution.
        seam: Whether names leave open that an activation stands here, so that `Half.seam` decides.
        ends: Whether the chain ends here: no activation but `Half.ends`.
        head: Whether it ends in an encoder output, where the file's modules do not include what squashes data.
    """
    if gap.nodes is not None:
        yield from _exact(gap, gap.nodes, half, seam=seam, ends=ends, head=head)
    else:
        norms = [layer for layer in gap.attached if layer.kind != "prelu"]
        active = active_behind(gap, following, half, setting, seam=seam, ends=ends)
        if gap.owner.layer.block is not None and gap.room is None and not norms:
            active = seam and half.seam and half.style in ("sum", "active first")  # else a block has its own
        acts = list(_activation(gap, half, ends=ends)) if active else []
        first = half.norm_first if gap.inside is None else gap.inside == 0
        normed = [normalisation(layer, half, maps=gap.owner.layer.kind == "conv") for layer in norms]
        yield from [*normed, *acts] if first else [*acts, *normed]
    if setting.pool:
        yield Step(op="pool", kind=setting.pool, stride=2)


def active_behind(gap: Gap, following: Gap | None, half: Half, setting: Setting, *, seam: bool, ends: bool) -> bool:
    """Whether an activation follows."""
    if any(layer.kind == "prelu" for layer in gap.attached):
        return True
    if ends:
        return half.ends != "none"
    if gap.inside:
        return True
    if gap.room is not None:
        up = False if following is None else _upsampled(following, half)
        return gap.room - int(bool(setting.pool)) - int(up) >= 1
    return half.seam if seam else True


def _upsampled(following: Gap, half: Half) -> bool:
    """Whether the next convolution is one that is upsampled ahead of: the modules between include that."""
    return following.owner.layer.kind == "conv" and any(setting.up for setting in half.geometry.settings)


def _activation(gap: Gap, half: Half, *, ends: bool) -> Iterator[Step]:
    learned = next((layer for layer in gap.attached if layer.kind == "prelu"), None)
    if learned is not None:
        yield Step(op="activation", at=learned.path, kind="prelu")
        return
    kind, slope = named(half.ends if ends else half.activation)
    if kind != "none":
        yield Step(op="activation", kind=kind, number=slope)


def normalisation(layer: Layer, half: Half, *, maps: bool) -> Step:
    """The step of a normalisation; a group norm's groups are a choice."""
    if layer.kind == "batchnorm":
        return Step(op="norm", at=layer.path, kind="batch", number=_EPSILON)
    if len(layer.shape) > 1 or not maps:
        return Step(op="norm", at=layer.path, kind="layer", number=_EPSILON)
    groups = half.groups
    while layer.shape[0] % groups:
        groups -= 1
    return Step(op="norm", at=layer.path, kind="group", number=_EPSILON, offset=float(groups))


def _exact(
    gap: Gap, nodes: tuple[ModuleNode, ...], half: Half, *, seam: bool, ends: bool, head: bool
) -> Iterator[Step]:
    """What a pickled Sequential says stands here; behind its end stands what the choices say."""
    attached = {layer.path: layer for layer in gap.attached}
    found = 0
    for node in nodes:
        layer = attached.get(node.path)
        if layer is not None and layer.kind != "prelu":
            step = normalisation(layer, half, maps=gap.owner.layer.kind == "conv")
            epsilon, groups = node.attributes.get("eps"), node.attributes.get("num_groups")
            yield Step(
                op="norm",
                at=step.at,
                kind=step.kind,
                number=float(epsilon) if isinstance(epsilon, (int, float)) else step.number,
                offset=float(groups) if isinstance(groups, int) else step.offset,
            )
        elif layer is not None:
            found += 1
            yield Step(op="activation", at=layer.path, kind="prelu")
        else:
            activation = activation_of(node)
            if activation and not (ends and not head):  # the decoder's last activation is its squash
                found += 1
                kind, slope = named(activation)
                yield Step(op="activation", kind=kind, number=slope)
    open_end = gap.behind is None and not found and gap.owner.layer.block is None
    if open_end and (half.ends != "none" if ends else seam and half.seam):
        yield from _activation(gap, half, ends=ends)


def activation_of(node: ModuleNode) -> str:
    """The activation that a module is, as choices name it; "" for another module."""
    if not node.library:
        return ""
    if node.class_name == "LeakyReLU":
        return f"leaky_relu({_number(node, 'negative_slope', 0.01):g})"
    if node.class_name == "ELU":
        return f"elu({_number(node, 'alpha', 1.0):g})"
    return _MODULES.get(node.class_name, "")


def _number(node: ModuleNode, name: str, default: float) -> float:
    value = node.attributes.get(name)
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else default
