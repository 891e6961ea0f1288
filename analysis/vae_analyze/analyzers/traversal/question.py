"""The question and its options; the work is in the modules beside it, imported when the pass starts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal, final

from vae_analyze.analyzers.base import Cost, Need
from vae_analyze.analyzers.option import option

if TYPE_CHECKING:
    from vae_analyze.analyzers.base import Context
    from vae_analyze.analyzers.traversal.gathered import Gathered


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class Traversal:
    """What does each latent dimension do to the output?

    Definitions and sources of every number are in docs/analyzers/traversal.md.
    """

    name: ClassVar[str] = "traversal"
    version: ClassVar[int] = 1
    question: ClassVar[str] = "What does each latent dimension do to the output?"
    needs: ClassVar[frozenset[Need]] = frozenset({"codes", "reconstruction", "decoder"})
    references: ClassVar[tuple[str, ...]] = (
        "Higgins, Matthey, Pal, Burgess, Glorot, Botvinick, Mohamed and Lerchner 2017, beta-VAE, ICLR: traversals",
        "Burda, Grosse and Salakhutdinov 2016, Importance weighted autoencoders, ICLR: active units",
        "Wang, Bovik, Sheikh and Simoncelli 2004, Image quality assessment, IEEE Trans. Image Processing 13(4): "
        "structural similarity",
        "Griewank and Walther 2008, Evaluating derivatives, chapter 3: forward-mode derivatives",
        "Kelley 1935, An unbiased correlation ratio measure, PNAS 21(9): the share of variance between groups",
    )

    steps: int = option(11, help="frames of a traversal", minimum=3, maximum=1001)
    extent: float = option(3.0, help="values run from minus to plus this, in latent units", above=0, maximum=100)
    spacing: Literal["linear", "prior", "posterior"] = option(
        "linear", help="even steps, or even steps of probability under the prior or the aggregate posterior"
    )
    anchors: int = option(3, help="samples shown, from the best to the worst reconstructed", minimum=0, maximum=64)
    measured: int = option(32, help="samples over which movement is measured, evenly spread over the data", minimum=1)
    dimensions: int = option(32, help="most dimensions traversed, by falling KL", minimum=1)
    animation: Literal["none", "webp", "gif"] = option("none", help="a moving picture of all dimensions at once")

    def cost(self) -> Cost:
        """Nothing per sample beyond what is shared; at the end measured x dimensions x (steps + 2) decodings."""
        return Cost()

    def start(self, context: Context, /) -> Gathered:
        """Nothing gathered yet."""
        from vae_analyze.analyzers.traversal.gathered import Gathered

        return Gathered(options=self, context=context)
