"""What not to trust in the comparison, and why."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from vae_analyze.analyzers.baselines.comparison import MOST_FEATURES

if TYPE_CHECKING:
    from vae_analyze.analyzers.baselines.comparison import Comparison

_PER_COMPONENT = 5


def warnings(found: Comparison) -> tuple[str, ...]:
    """What a reader must know before using a number."""
    said = [*_model(found), *_samples(found)]
    if found.other is not None:
        said += [f"{found.other.name}: {text}" for text in found.other.warnings]
        if found.other.d != found.d:
            said.append(
                f"{found.other.name} has {found.other.d} latent dimensions and the model {found.d}: the larger has an "
                "advantage that is not its merit."
            )
        if found.retrieval and "against" not in found.retrieval:
            said.append(f"A code of {found.other.name} is not finite: nothing is told from its codes.")
    return tuple(said)


def _model(found: Comparison) -> list[str]:
    said = []
    if not found.active:
        said.append(
            "The model has collapsed: no dimension follows the data. A linear probe standardises its features, so "
            "it may still tell classes from differences between codes that the decoder does not see."
        )
    if found.pca is not None:
        gain = found.paired.difference("reconstruction_mse", {"by": "pca"}, {"by": "model"})
        if gain.sure and gain.value < 0:
            said.append(
                f"PCA with {found.pca.k} components reconstructs these data better than the model does: for "
                "reconstruction the model does not earn its keep."
            )
    return said


def _samples(found: Comparison) -> list[str]:
    said = []
    n, compared = len(found.compared), found.compared
    if found.pca is not None and found.pca.fitted < _PER_COMPONENT * found.d:
        said.append(
            f"PCA is fitted to {found.pca.fitted} samples for {found.d} components: with so few it is worse than it "
            "could be, and the model looks the better for it."
        )
    if found.pca is not None and found.curve is not None:
        matched = found.curve.to_match.value
        needed = found.pca.most if math.isnan(matched) else matched
        if found.pca.fitted >= _PER_COMPONENT * found.d and found.pca.fitted < _PER_COMPONENT * needed:
            said.append(
                f"PCA is fitted to {found.pca.fitted} samples: with so few its error beyond "
                f"{found.pca.fitted // _PER_COMPONENT} components is larger than it could be, and how many match the "
                "model is not to be trusted."
            )
    if any(one.k and not one.exact for one in found.alignment):
        said.append("The model has no derivatives: the decoder's own directions are by central differences.")
    if n + compared.broken < compared.total:
        said.append(f"{n + compared.broken} of {compared.total} samples are compared, evenly spread.")
    if compared.broken:
        said.append(f"{compared.broken} of {n + compared.broken} codes are not finite; these samples are left out.")
    sizes = {"features": found.found.x.shape[1], "codes": found.d}
    large = [f"{size} {what}" for what, size in sizes.items() if size > MOST_FEATURES]
    if found.hits and large:
        said.append(
            f"The linear probe on {' and on '.join(large)} is fitted to their first 256 principal components; "
            "distances are between all of them."
        )
    return said
