"""What is wrong with a model that does not reconstruct the data, by what its codes and its decoder do."""

from __future__ import annotations

import torch
from torch import Tensor

from vae_analyze.loading.card import Check
from vae_analyze.loading.settling.ruling import against
from vae_analyze.loading.verifying.measured import Measured

# Burda et al. 2016, section 5.2: a latent whose mean varies less than this carries nothing.
ACTIVE = 0.01
# The mean sample's error over the model's. Collapsed models come to within 2 % of it on either side.
BETTER, NOT_WORSE = 1.05, 0.95
# Fewer samples make either by luck.
SURE_Z = 3.0
# KL of a latent that is the prior's for all that matters, nats.
NO_KL = 0.05
# Share of the prior's latents that come back as themselves after decoding and encoding: 0.75 and more in 60 healthy
# models and 1 in nearly all; 0 to 0.2 where the encoder is another model's.
KEPT, STRANGERS = 0.75, 0.5
TOGETHER = 0.6  # and their correlation with themselves
# Decoded draws from the prior differ this much, against the data: those of an untrained decoder by less than 0.02.
ALIVE = 0.1
# The data are so much worse reconstructed than by their own mean: no model does that to what it was trained on.
UNLIKE = 1.2

Verdict = tuple[Check, str]


def passed(what: str, value: str) -> Verdict:
    """A check with nothing to warn of."""
    return Check(what=what, value=value), ""


def failed(what: str, value: str, warning: str) -> Verdict:
    """A check and its warning."""
    return Check(what=what, value=value, outcome="failed"), warning


def active_latents(found: Measured) -> Tensor:
    """Which latents vary with the data, bool ``(d,)``."""
    return found.mean.var(dim=0) > ACTIVE if found.n > 1 else torch.zeros(found.mean.shape[1], dtype=torch.bool)


def kl_of(found: Measured) -> Tensor:
    """KL to the prior per sample and latent ``(n, d)``, nats; infinite for a point mass."""
    return 0.5 * (found.mean.square() + found.logvar.exp() - 1 - found.logvar)


def diagnosed(found: Measured, signs: tuple[str, ...], *, explained: bool) -> Verdict:
    """Whether the model reconstructs the data from their own codes, and if not, why.

    Args:
        found: What was measured.
        signs: That the model was never trained.
        explained: Whether another check has already found a reason.
    """
    what = "reconstruction"
    own, shuffled, mean = (f"{float(errors.mean()):.3g}" for errors in (found.own, found.shuffled, found.mean_sample))
    value = f"error {own}; {shuffled} from codes of other samples, {mean} with the mean of the data"
    gain, sure = against(found.own, found.mean_sample)
    follows = against(found.own, found.shuffled)[0]
    if gain >= BETTER and sure >= SURE_Z and follows >= BETTER:
        return passed(what, value)
    if explained:
        return Check(what=what, value=value, outcome="failed"), ""
    if signs and gain < BETTER:
        return failed(what, value, f"untrained: {'; '.join(signs)} (reconstruction {value})")
    return failed(what, value, f"{_reason(found, gain)} (reconstruction {value})")


def _reason(found: Measured, gain: float) -> str:
    if gain >= BETTER:
        return "collapsed: the codes carry nothing beyond the labels"
    carries_nothing = not bool(active_latents(found).any()) or bool((kl_of(found).mean(dim=0) < NO_KL).all())
    if carries_nothing and gain >= NOT_WORSE:
        return "collapsed: no latent carries anything, every sample is decoded to about the mean of the data"
    alive = found.cycle.spread >= ALIVE * float(found.mean_sample.mean())
    if carries_nothing or not alive:
        return "untrained or hardly trained: reconstructs no better than the mean of the data"
    cycle = found.cycle
    if cycle.used and cycle.kept <= STRANGERS:
        return (
            "encoder and decoder do not belong together, or the encoder's outputs are read wrongly: of the latents "
            f"that come back from the decoder {cycle.kept:.0%} come back as themselves"
        )
    if cycle.kept >= KEPT and cycle.agreement >= TOGETHER and gain <= 1 / UNLIKE:
        return (
            f"{found.name} is unlike the data that the model was trained on: what it decodes it encodes again "
            f"(correlation {cycle.agreement:.2f}), but not these"
        )
    return "reconstructs no better than the mean of the data"
