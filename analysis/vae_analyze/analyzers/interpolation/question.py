"""The question and its options; the work is in the modules beside it, imported when the pass starts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, final

from vae_analyze.analyzers.base import Cost, Need
from vae_analyze.analyzers.option import option

if TYPE_CHECKING:
    from vae_analyze.analyzers.base import Context
    from vae_analyze.analyzers.interpolation.gathered import Gathered


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class Interpolation:
    """Does the space between two data points decode to something sensible?

    Definitions and sources of every number are in docs/analyzers/interpolation.md.
    """

    name: ClassVar[str] = "interpolation"
    version: ClassVar[int] = 1
    question: ClassVar[str] = "Does the space between two data points decode to something sensible?"
    needs: ClassVar[frozenset[Need]] = frozenset({"codes", "encoder", "decoder"})
    references: ClassVar[tuple[str, ...]] = (
        "Shoemake 1985, Animating rotation with quaternion curves, SIGGRAPH: spherical linear interpolation",
        "White 2016, Sampling generative networks, arXiv:1609.04468: spherical paths between codes",
        "Berthelot, Raffel, Roy and Goodfellow 2019, Understanding and improving interpolation in autoencoders via an "
        "adversarial regularizer, ICLR: mean distance to the nearest data point and smoothness of interpolations",
        "Arvanitidis, Hansen and Hauberg 2018, Latent space oddity: on the curvature of deep generative models, ICLR: "
        "the length of a latent path is that of its decoded image",
        "Wang, Bovik, Sheikh and Simoncelli 2004, Image quality assessment, IEEE Transactions on Image Processing "
        "13(4): SSIM",
        "Wilson 1927, Probable inference, the law of succession, and statistical inference: intervals of shares",
    )

    pairs: int = option(64, help="pairs of samples of each kind (random, nearest, same and different class)", minimum=1)
    steps: int = option(11, help="points along a path, with both ends", minimum=3, maximum=1001)
    gallery: int = option(4, help="paths of each kind that are drawn; 0 for none", minimum=0, maximum=50)
    reference: int = option(2_000, help="most real samples among which the nearest is sought", minimum=2)

    def cost(self) -> Cost:
        """Nothing per sample beyond what is shared; at the end 2 * steps + 8 decodings and 8 encodings per pair."""
        return Cost()

    def start(self, context: Context, /) -> Gathered:
        """Nothing gathered yet."""
        from vae_analyze.analyzers.interpolation.gathered import Gathered

        return Gathered(options=self, context=context)
