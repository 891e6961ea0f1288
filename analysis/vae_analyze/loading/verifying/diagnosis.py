"""What is wrong with a model that does not reconstruct the data, by what its codes and its decoder do."""

from __future__ import annotations

import torch
from torch import Tensor

from vae_analyze.loading.card import Check
from vae_analyze.loading.settling.ruling import FEWEST, against
from vae_analyze.loading.verifying.measured import ENOUGH, Measured

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


def untold(what: str, found: Measured, value: str) -> Verdict:
    """A check for which there are too few samples: no word against the model."""
    count = "1 sample" if found.n == 1 else f"{found.n} samples"
    return Check(what=what, value=f"too few samples to tell ({count}): {value}", outcome="not made"), ""


def active_latents(found: Measured) -> Tensor:
    """Which latents vary with the data, bool ``(d,)``."""
    return found.mean.var(dim=0) > ACTIVE if found.n > 1 else torch.zeros(found.mean.shape[1], dtype=torch.bool)


def points(found: Measured) -> Tensor:
    """Which latents have no variance for some sample, bool ``(d,)``: classes that enter as points, say."""
    return torch.isneginf(found.logvar).any(dim=0)


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
    better = gain >= BETTER and follows >= BETTER
    if better and sure >= SURE_Z:
        return passed(what, value)
    if explained:
        return Check(what=what, value=value, outcome="failed"), ""
    if better or _too_few(found, gain):
        return untold(what, found, value)
    if signs and gain < BETTER:
        return failed(what, value, f"untrained: {'; '.join(signs)} (reconstruction {value})")
    return failed(what, value, f"{_reason(found, gain)} (reconstruction {value})")


def _too_few(found: Measured, gain: float) -> bool:
    """Whether a model that is good enough might look like this by the luck of the samples."""
    if found.n < FEWEST:
        return True
    sure = against(found.mean_sample, BETTER * found.own)[1] >= SURE_Z
    return found.n < ENOUGH and gain < BETTER and not _carries_nothing(found) and not sure


def _carries_nothing(found: Measured) -> bool:
    return not bool(active_latents(found).any()) or bool((kl_of(found).mean(dim=0) < NO_KL).all())


def _reason(found: Measured, gain: float) -> str:
    carries_nothing = _carries_nothing(found)
    if gain >= BETTER and found.given is not None:
        return "collapsed: the codes carry nothing beyond the labels"
    if gain >= BETTER and not carries_nothing:
        return "the codes hardly matter: those of other samples reconstruct the data about as well"
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
