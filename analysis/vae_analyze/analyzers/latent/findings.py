"""From what was gathered to scalars with intervals, tables, figures and sentences."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, final

from vae_analyze.analyzers.latent.classes import Classes, class_tables, classes_of, shares
from vae_analyze.analyzers.latent.clusters import Clusters, clusters_of
from vae_analyze.analyzers.latent.density import Density, density_of, why_none
from vae_analyze.analyzers.latent.dimensions import Dimensions, dimension_table, dimensions_of
from vae_analyze.analyzers.latent.figures import figures
from vae_analyze.analyzers.latent.gathered import DISTORTION
from vae_analyze.analyzers.latent.likelihood import Likelihood, likelihood_of
from vae_analyze.analyzers.latent.observation import Observation, observation_of
from vae_analyze.analyzers.latent.readings import readings, warnings
from vae_analyze.analyzers.latent.scalars import bounds, coverage, decomposition, dimensional, elbo
from vae_analyze.analyzers.latent.table import Table, table_of
from vae_analyze.analyzers.spanned import spanned
from vae_analyze.findings import Findings

if TYPE_CHECKING:
    from vae_analyze.analyzers.latent.gathered import Gathered


@final
@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Health:
    """Everything that is known of a latent space before it is put into words.

    Args:
        gathered: Per sample and moments.
        table: Posteriors in memory.
        dimensions: One by one.
        density: Of the aggregate posterior; None: `no_density` says why.
        no_density: See there.
        clusters: Among the codes.
        likelihood: None where p(x | z) is unknown or nothing was asked for.
        observation: p(x | z).
        classes: How the labels share the prior; or why that is not known.
    """

    gathered: Gathered
    table: Table
    dimensions: Dimensions
    density: Density | None
    no_density: str
    clusters: Clusters
    likelihood: Likelihood | None
    observation: Observation
    classes: Classes | str


def findings(gathered: Gathered) -> Findings:
    """Everything that `latent` reports."""
    health = _health(gathered)
    scalars = (
        *elbo(health), *dimensional(health), *decomposition(health), *coverage(health), *bounds(health),
        *shares(health.classes, seed=gathered.context.seed),
    )  # fmt: skip
    dimensions = dimension_table(health.dimensions, deterministic=gathered.deterministic)
    telling = ("code_variance", "the variance of codes") if gathered.deterministic else ("kl", "the KL")
    tables = (
        spanned(dimensions, *telling, "dimension"),
        *(
            spanned(table, "ratio", "a class's share of the prior over its share of the data", "class")
            for table in class_tables(health.classes)
        ),
    )
    found = Findings(
        scalars=scalars,
        tables=tables,
        figures=figures(health),
        rows=gathered.rows,
    )
    return Findings(
        scalars=found.scalars,
        tables=found.tables,
        figures=found.figures,
        rows=found.rows,
        readings=readings(health, found),
        warnings=warnings(health),
    )


def _health(gathered: Gathered) -> Health:
    options, context = gathered.options, gathered.context
    table = table_of(context.codes, options.posteriors)
    dimensions = dimensions_of(gathered, table)
    reason = why_none(table, deterministic=gathered.deterministic)
    varying = table.posteriors.mean.numpy()[:, dimensions.active]
    observation = observation_of(gathered, _mean_squared_error(gathered))
    bounded = observation.known and not gathered.deterministic and options.likelihood_samples > 0
    most, weights = options.likelihood_samples, options.importance_weights
    return Health(
        gathered=gathered,
        table=table,
        dimensions=dimensions,
        density=None if reason else density_of(table, options.draws, context),
        no_density=reason,
        clusters=clusters_of(varying, options.clusters, context.generator("mixtures")),
        likelihood=likelihood_of(context, observation, most, weights) if bounded else None,
        observation=observation,
        classes=classes_of(context, table, options.draws),
    )


def _mean_squared_error(gathered: Gathered) -> float:
    total = sum(float(chunk.values[:, DISTORTION].sum()) for chunk in gathered.rows)
    return total / max(1, gathered.activity.kl.count)
