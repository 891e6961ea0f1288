"""Everything that is known of the model and its rivals before it is put into words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, final

import numpy as np
import torch
from numpy.typing import NDArray

from vae_analyze.analyzers.baselines.against import Against, against
from vae_analyze.analyzers.baselines.compared import Compared, compared_of
from vae_analyze.analyzers.baselines.components import CrossFitted, cross_fitted
from vae_analyze.analyzers.baselines.curve import Curve, curve_of
from vae_analyze.analyzers.baselines.evaluated import Evaluated, evaluated
from vae_analyze.analyzers.baselines.paired import Paired
from vae_analyze.analyzers.baselines.probed import Features, Hits, hits
from vae_analyze.analyzers.baselines.retrieval import Retrieved, chance, retrieved
from vae_analyze.analyzers.baselines.sheet import sheet
from vae_analyze.analyzers.baselines.subspace import Alignment, alignments
from vae_analyze.analyzers.baselines.targets import Target, targets_of
from vae_analyze.metrics import Principal
from vae_analyze.stats.folds import folds, stratified

if TYPE_CHECKING:
    from vae_analyze.analyzers.activity import Activity
    from vae_analyze.analyzers.base import Context
    from vae_analyze.analyzers.baselines.gathered import Gathered
    from vae_analyze.analyzers.baselines.question import Baselines

Floats = NDArray[np.float64]
_SHOWN = 6  # pictures
MOST_FEATURES = 1024  # that a linear probe is fitted to as they are
_PROJECTED = 256


@final
@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Comparison:
    """The model, PCA, the pixels and the other model on the same samples.

    Args:
        options: Of the analyzer.
        context: Model and data.
        activity: Of the latent dimensions, over all analysed samples.
        compared: The samples.
        other: The other model, or None.
        found: What both make of the samples.
        pca: Cross-fitted; None where there are too few samples.
        curve: Of its error; likewise.
        alignment: Of the decoder's directions with PCA's.
        targets: What is told from codes.
        no_targets: Why nothing is, or "".
        ks: Numbers of neighbours that there are samples for.
        retrieval: Of the first target, by representation.
        chance: Of retrieval; None without it.
        hits: Of the probes, by target.
        paired: Values per sample.
        shown: Rows of the samples that are shown, by rising error of the model.
    """

    options: Baselines
    context: Context
    activity: Activity
    compared: Compared
    other: Against | None
    found: Evaluated
    pca: CrossFitted | None
    curve: Curve | None
    alignment: tuple[Alignment, ...]
    targets: tuple[Target, ...]
    no_targets: str
    ks: tuple[int, ...]
    retrieval: dict[str, Retrieved]
    chance: Retrieved | None
    hits: tuple[Hits, ...]
    paired: Paired
    shown: NDArray[np.int64]

    @property
    def active(self) -> int:
        """Number of active dimensions."""
        return int(self.activity.active.sum())

    @property
    def d(self) -> int:
        """Latent size."""
        return self.compared.d


def comparison(gathered: Gathered) -> Comparison:
    """Compare the model with everything else."""
    options, context = gathered.options, gathered.context
    features = int(np.prod(context.data.input_shape))
    compared = compared_of(context.codes, features, options.compared)
    other = against(options.against, context) if options.against else None
    found = evaluated(context, compared, other, options.noise)
    parts = folds(compared.index, options.folds, seed=context.seed)
    shown = _evenly_by_error(found.model.reconstruction, compared.index)
    activity = gathered.activity.finish()
    pca = cross_fitted(context, compared, found.x, parts, shown, options.noise)
    principal = Principal.fit(found.x, max(compared.d, _PROJECTED if features > MOST_FEATURES else 0))
    targets, no_targets = targets_of(compared, context.data)
    representations = _representations(compared, found, principal)
    ks = tuple(k for k in sorted(set(options.neighbours)) if k < len(compared))
    first = targets[0].classes if targets and ks else None
    retrieval = {} if first is None else {by: retrieved(one.whole, first, ks) for by, one in representations.items()}
    told = tuple(
        hits(representations, one, stratified(compared.index, one.classes, options.folds, seed=context.seed))
        for one in (targets if options.probes else ())
    )
    by_chance = None if first is None else chance(first, ks)
    active = int(activity.active.sum())
    paired = sheet(compared, found, pca, active, retrieval, ks, told, targets, seed=context.seed)
    return Comparison(
        options=options,
        context=context,
        activity=activity,
        compared=compared,
        other=other,
        found=found,
        pca=pca,
        curve=None if pca is None else curve_of(pca.curve, paired, seed=context.seed),
        alignment=alignments(context, compared, found, principal, activity.active),
        targets=targets,
        no_targets=no_targets,
        ks=ks,
        retrieval=retrieval,
        chance=by_chance,
        hits=told,
        paired=paired,
        shown=shown,
    )


def _evenly_by_error(errors: Floats, index: NDArray[np.int64]) -> NDArray[np.int64]:
    order = np.lexsort((index, errors))
    at = np.unique(np.linspace(0, len(order) - 1, min(_SHOWN, len(order))).round().astype(np.int64))
    return order[at]


def _representations(compared: Compared, found: Evaluated, principal: Principal) -> dict[str, Features]:
    """Codes, principal components as many, pixels, and codes of the other model.

    These components are of all compared samples: neighbours need one basis. They have not seen a label.
    """
    pixels = found.x.double().numpy()
    projected = principal.project(found.x).numpy()
    made = {
        "codes": _features(compared.flat),
        "pca": Features(projected[:, : compared.d], projected[:, :_PROJECTED] if compared.d > MOST_FEATURES else None),
        "pixels": Features(pixels, projected[:, :_PROJECTED] if pixels.shape[1] > MOST_FEATURES else None),
    }
    if found.against_codes is not None and np.isfinite(found.against_codes).all():
        made["against"] = _features(found.against_codes)
    return made


def _features(codes: Floats) -> Features:
    if codes.shape[1] <= MOST_FEATURES:
        return Features(codes)
    x = torch.from_numpy(codes)
    return Features(codes, Principal.fit(x, _PROJECTED).project(x).numpy())
