"""The question and its options; the work is in the modules beside it, imported when the pass starts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, final

from vae_analyze.analyzers.base import Cost, Need
from vae_analyze.analyzers.option import option

if TYPE_CHECKING:
    from vae_analyze.analyzers.base import Context
    from vae_analyze.analyzers.baselines.gathered import Gathered


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class Baselines:
    """Does the model earn its keep against simpler models of the same data and latent size?

    Definitions and sources of every number are in docs/analyzers/baselines.md.
    """

    name: ClassVar[str] = "baselines"
    version: ClassVar[int] = 1
    question: ClassVar[str] = "Does the model earn its keep against simpler models of the same data and latent size?"
    needs: ClassVar[frozenset[Need]] = frozenset({"codes", "reconstruction", "encoder", "decoder"})
    references: ClassVar[tuple[str, ...]] = (
        "Pearson 1901, On lines and planes of closest fit to systems of points in space, Philosophical Magazine 2(11): "
        "principal components",
        "Baldi and Hornik 1989, Neural networks and principal component analysis, Neural Networks 2(1): a linear "
        "autoencoder cannot do better than PCA, and spans its subspace",
        "Björck and Golub 1973, Numerical methods for computing angles between linear subspaces, Mathematics of "
        "Computation 27(123): principal angles",
        "Vincent, Larochelle, Bengio and Manzagol 2008, Extracting and composing robust features with denoising "
        "autoencoders, ICML: reconstruction error against the clean input",
        "Alain and Bengio 2017, Understanding intermediate layers using linear classifier probes, ICLR workshop",
        "Jégou, Douze and Schmid 2011, Product quantization for nearest neighbor search, TPAMI 33(1): recall@k, there "
        "of the nearest neighbour, here of a sample of the same class",
        "Hesterberg 2015, What teachers should know about the bootstrap, The American Statistician 69(4): intervals",
    )

    against: str = option(
        "", help="checkpoint of another model of the same data, such as a plain autoencoder; nothing in it is run"
    )
    compared: int = option(2_000, help="most samples that are compared, evenly spread over the data", minimum=2)
    folds: int = option(
        5, help="parts of the data; PCA and probes are fitted to all but one and judged on it", minimum=2
    )
    neighbours: tuple[int, ...] = option((1, 5, 10), help="numbers of nearest samples retrieved", minimum=1)
    noise: float = option(
        0.2,
        help="standard deviation of the noise to be removed, as a share of the data's range",
        minimum=0,
        maximum=1000,
    )
    probes: bool = option(True, help="fit classifiers to codes, principal components and pixels")

    def cost(self) -> Cost:
        """Nothing per sample beyond what is shared; at the end each compared sample is encoded once, decoded twice."""
        return Cost()

    def start(self, context: Context, /) -> Gathered:
        """Nothing gathered yet; the other model is loaded to see that it can be.

        Raises:
            CheckpointError: There is another model, and it cannot be loaded or is of other data.
        """
        from vae_analyze.analyzers.baselines.against import against
        from vae_analyze.analyzers.baselines.gathered import Gathered

        if self.against:
            against(self.against, context)
        return Gathered(options=self, context=context)
