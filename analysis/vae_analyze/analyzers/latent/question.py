"""The question and its options; the work is in the modules beside it, imported when the pass starts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal, final

from vae_analyze.analyzers.base import Cost, Need
from vae_analyze.analyzers.option import option

if TYPE_CHECKING:
    from vae_analyze.analyzers.base import Context
    from vae_analyze.analyzers.latent.gathered import Gathered


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class Latent:
    """Which latent dimensions are alive, and is the aggregate posterior close to the prior?

    Definitions and sources of every number are in docs/analyzers/latent.md.
    """

    name: ClassVar[str] = "latent"
    version: ClassVar[int] = 1
    question: ClassVar[str] = "Which latent dimensions are alive, and is the aggregate posterior close to the prior?"
    needs: ClassVar[frozenset[Need]] = frozenset({"codes", "reconstruction", "decoder"})
    references: ClassVar[tuple[str, ...]] = (
        "Kingma and Welling 2014, Auto-encoding variational Bayes, ICLR: the ELBO and the KL divergence to the prior",
        "Alemi, Poole, Fischer, Dillon, Saurous and Murphy 2018, Fixing a broken ELBO, ICML: rate and distortion",
        "Hoffman and Johnson 2016, ELBO surgery, NIPS workshop on approximate inference: index-code mutual information",
        "Chen, Li, Grosse and Duvenaud 2018, Isolating sources of disentanglement in variational autoencoders, "
        "NeurIPS: total correlation and dimension-wise KL",
        "Burda, Grosse and Salakhutdinov 2016, Importance weighted autoencoders, ICLR: active units, and the bound",
        "Rybkin, Daniilidis and Levine 2021, Simple and effective VAE training with calibrated decoders, ICML: the "
        "variance of most likelihood",
        "D'Agostino and Pearson 1973, Tests for departure from normality, Biometrika 60: normality of the marginals",
        "Roy and Vetterli 2007, The effective rank, EUSIPCO: effective rank",
        "Gretton, Borgwardt, Rasch, Schoelkopf and Smola 2012, A kernel two-sample test, JMLR 13: maximum mean "
        "discrepancy",
        "Schwarz 1978, Estimating the dimension of a model, Annals of Statistics 6(2): the BIC of a mixture",
    )

    posteriors: int = option(10_000, help="most posteriors in the aggregate, evenly spread over the data", minimum=2)
    draws: int = option(2_000, help="posterior and prior draws at which densities are evaluated", minimum=2)
    clusters: int = option(10, help="largest number of components of the Gaussian mixtures fitted to codes", minimum=1)
    likelihood_samples: int = option(64, help="samples whose log likelihood is bounded; 0 for none", minimum=0)
    likelihood: Literal["auto", "bernoulli", "gaussian"] = option(
        "auto", help="p(x | z) that nats are counted under; auto: what the checkpoint says"
    )
    variance: float = option(
        0.0, help="of a Gaussian p(x | z), data unit²; 0 for the model's own mean squared error", minimum=0
    )
    importance_weights: int = option(200, help="importance weights per sample", minimum=1, maximum=100_000)

    def cost(self) -> Cost:
        """Nothing per sample beyond what is shared; the likelihood costs samples times weights decodings at the end."""
        return Cost()

    def start(self, context: Context, /) -> Gathered:
        """Nothing gathered yet."""
        from vae_analyze.analyzers.latent.gathered import Gathered

        return Gathered(options=self, context=context)
