"""A loaded model held against the person's own data: what looks wrong is said before anything is computed with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

from vae_analyze.loading.card import Card, Check
from vae_analyze.loading.files.printable import printable
from vae_analyze.loading.settling.evidence import Evidence
from vae_analyze.loading.settling.fresh import untrained_signs
from vae_analyze.loading.verifying.doubts import judged
from vae_analyze.loading.verifying.measured import TooLargeError, measure
from vae_analyze.vae import VAE, ConditionalVAE

_MADE_WITH_DATA = "behaviour on the data"


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class Verified:
    """What was verified of a loaded model.

    Args:
        checks: Each with its numbers; none without evidence.
        warnings: What looks wrong, for the terminal, the run and the report.
    """

    checks: tuple[Check, ...] = ()
    warnings: tuple[str, ...] = ()


def verify(model: VAE | ConditionalVAE, evidence: Evidence | None, card: Card) -> Verified:
    """Check a model on some of the data that it is about to be analysed on; takes about a second and draws no chance.

    Args:
        model: In evaluation mode.
        evidence: Those data; None: nothing is checked.
        card: What is known of the model.
    """
    if evidence is None or len(evidence) == 0:
        return _not_made("there are no data to check it on")
    x = evidence.at(tuple(model.input_shape))
    if x is None:
        return _not_made(
            f"{evidence.name} has samples of shape {evidence.shape}, the model wants {tuple(model.input_shape)}"
        )
    if isinstance(model, ConditionalVAE) and evidence.labels is None:
        return _not_made(f"the model needs a label per sample and {evidence.name} has none")
    try:
        measured = measure(model, evidence, x)
    except TooLargeError as error:
        return _not_made(f"it would take too long: {error}")
    except Exception as error:  # noqa: BLE001 - a foreign model may fail in any way; the analysis will say so too
        reason = f"{type(error).__name__}: {printable(error, limit=200)}"
        return Verified(
            checks=(
                Check(what=_MADE_WITH_DATA, value=f"the model fails on {evidence.name}: {reason}", outcome="failed"),
            ),
            warnings=(f"the model fails on {evidence.name}: {reason}",),
        )
    checks, warnings = judged(measured, card, untrained_signs(model, card.details))
    return Verified(checks=checks, warnings=warnings)


def _not_made(reason: str) -> Verified:
    return Verified(checks=(Check(what=_MADE_WITH_DATA, value=reason, outcome="not made"),))
