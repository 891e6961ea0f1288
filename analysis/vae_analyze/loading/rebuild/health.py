"""Whether the best candidate reconstructs the data at all, and if not, what is the matter with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, final

import torch
from torch import Tensor

from vae_analyze.loading.rebuild.bench import Bench
from vae_analyze.loading.rebuild.blueprint import assemble
from vae_analyze.loading.rebuild.candidate import Candidate
from vae_analyze.loading.rebuild.network import Rebuilt
from vae_analyze.loading.settling.fresh import untrained_signs

# Wrong candidates come out at or above the mean image's error; poor but right ones below it, and they do much worse
# with another sample's code.
_BETTER = 0.95
_BETTER_THAN_SHUFFLED = 0.85
_FAR = 1.2  # collapsed models give about the mean image; further off, something else is the matter
_DEAF = 0.02  # errors with the own and with another sample's code that differ by less, as a share
_SEED = 20263
_NO_KL = 0.02  # nats per latent
_COUNT = 512


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class Health:
    """How a candidate does on the data.

    Args:
        error: Mean squared error of its reconstructions.
        mean_sample: Of the mean sample as the only reconstruction.
        shuffled: Of reconstructions from another sample's code.
        sick: What is the matter, in words; "" for a candidate that reconstructs the data.
        signs: That it was never trained.
    """

    error: float
    mean_sample: float
    shuffled: float
    sick: str = ""
    signs: tuple[str, ...] = ()

    @property
    def numbers(self) -> str:
        """The three errors in words."""
        return (
            f"reconstruction error {self.error:.3g}; the mean image's {self.mean_sample:.3g}, "
            f"with another sample's code {self.shuffled:.3g}"
        )


def health_of(candidate: Candidate, bench: Bench, stated: Mapping[str, Any]) -> Health:
    """Hold a candidate's reconstructions against two that know nothing of the sample."""
    blueprint = assemble(candidate.plan, candidate.choices, candidate.shape)
    count = min(_COUNT, len(bench.evidence))
    x = bench.data(candidate.shape)
    assert x is not None
    x = x[:count]
    mean, second = bench.both(blueprint, candidate.choices, count)
    order = torch.randperm(count, generator=torch.Generator().manual_seed(_SEED))
    own = _error(x, bench.squashed(bench.decode(blueprint, mean), candidate.choices))
    other = _error(x, bench.squashed(bench.decode(blueprint, mean[order]), candidate.choices))
    constant = _error(x, x.mean(dim=0, keepdim=True).expand_as(x))
    signs = untrained_signs(Rebuilt(blueprint, bench.weights), stated)
    sick = ""
    if not (own < _BETTER * constant and own < _BETTER_THAN_SHUFFLED * other):
        deaf = abs(other - own) < _DEAF * own
        sick = _reason(mean, second, signs, far=own > _FAR * constant, deaf=deaf)
    return Health(error=own, mean_sample=constant, shuffled=other, sick=sick, signs=signs)


def _error(x: Tensor, x_hat: Tensor) -> float:
    return float((x - x_hat).square().mean())


def _reason(mean: Tensor, second: Tensor | None, signs: tuple[str, ...], *, far: bool, deaf: bool) -> str:
    if signs:
        return f"untrained: {'; '.join(signs)}"
    if second is not None and not far:
        kl = (0.5 * (mean.square() + second.exp() - 1 - second)).flatten(1).mean(dim=0)
        if float(kl.mean()) < _NO_KL:
            return (
                f"posterior collapse: KL to the prior {float(kl.sum()):.2g} nats in all {kl.numel()} latents together, "
                "so that the codes carry nothing"
            )
    if deaf:
        return (
            "the best reading found ignores its code, so that this is an architecture that names and shapes do not "
            "tell, or the data are others"
        )
    return "no reading reconstructs them: another architecture, other data, or hardly trained"
