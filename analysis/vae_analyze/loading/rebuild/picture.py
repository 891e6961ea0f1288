"""An architecture in one line."""

from __future__ import annotations

from vae_analyze.loading.rebuild.candidate import Candidate
from vae_analyze.loading.rebuild.gaps import Gap


def picture(candidate: Candidate) -> str:
    """Such as "MLP VAE 784-400-20-400-784, relu" or "convolutional VAE 1x28x28: 32k4s2, 64k4s2, 10 and back, relu"."""
    structure = candidate.plan.structure
    kind = "autoencoder" if structure.event == "single" else "VAE"
    if structure.extra:
        kind = f"conditional {kind}"
    front, back = candidate.choices.encoder, candidate.choices.decoder
    act = front.activation if front.activation == back.activation else f"{front.activation} and {back.activation}"
    links = (*structure.encoder, *structure.decoder)
    if all(link.layer.kind == "linear" for link in links):
        widths = [structure.encoder[0].enters - structure.encoder[0].extra]
        widths += [link.leaves for link in structure.trunk] + [structure.latent]
        widths += [link.leaves for link in structure.decoder]
        return f"MLP {kind} {'-'.join(str(width) for width in widths)}, {act}"
    shape = "x".join(str(size) for size in candidate.shape)
    encoder = ", ".join(_said(candidate.plan.encoder[: len(structure.trunk)], front.geometry.settings))
    decoder = ", ".join(_said(candidate.plan.decoder, back.geometry.settings))
    return f"convolutional {kind} {shape}: {encoder} > {structure.latent} > {decoder}, {act}"


def _said(gaps: tuple[Gap, ...], settings: tuple[object, ...]) -> list[str]:
    from vae_analyze.loading.rebuild.geometry import Setting

    waiting = iter(settings)
    words = []
    for gap in gaps:
        setting = next(waiting, None) if gap.owner.layer.kind == "conv" else None
        if isinstance(setting, Setting):
            out = gap.owner.layer.shape[1] if setting.transposed else gap.owner.layer.shape[0]
            words.append(
                f"{'T' if setting.transposed else ''}{out}{setting.said(gap.owner.layer.shape[2]).replace(' ', '')}"
            )
        else:
            words.append(str(gap.owner.leaves))
    return words
