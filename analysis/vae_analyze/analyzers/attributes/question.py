"""The question and its options; the work is in the modules beside it, imported when the pass starts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, final

from vae_analyze.analyzers.base import Cost, Need
from vae_analyze.analyzers.option import option

if TYPE_CHECKING:
    from vae_analyze.analyzers.attributes.gathered import Gathered
    from vae_analyze.analyzers.base import Context


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class Attributes:
    """Is there a direction in latent space for each label or factor, and does moving along it change the output?

    Definitions and sources of every number are in docs/analyzers/attributes.md.
    """

    name: ClassVar[str] = "attributes"
    version: ClassVar[int] = 1
    question: ClassVar[str] = (
        "Is there a direction in latent space for each label or attribute, and does moving along it change the output "
        "accordingly?"
    )
    needs: ClassVar[frozenset[Need]] = frozenset({"codes", "encoder", "decoder", "groups"})
    references: ClassVar[tuple[str, ...]] = (
        "Larsen, Soenderby, Larochelle and Winther 2016, Autoencoding beyond pixels using a learned similarity metric, "
        "ICML: attribute vectors, the difference of the mean codes with and without",
        "White 2016, Sampling generative networks, arXiv:1609.04468: vectors biased by correlated labels",
        "Alain and Bengio 2017, Understanding intermediate layers using linear classifier probes, ICLR workshop: the "
        "probe",
        "DeLong, DeLong and Clarke-Pearson 1988, Comparing the areas under two or more correlated receiver operating "
        "characteristic curves, Biometrics 44: the interval of the AUC",
        "Spearman 1910, Correlation calculated from faulty data, and Brown 1910, Some experimental results in the "
        "correlation of mental abilities, British Journal of Psychology 3: reliability at twice the length",
        "Wilson 1927, Probable inference, the law of succession, and statistical inference, JASA 22: shares",
    )

    attributes: int = option(24, help="most attributes, those with the most samples on their smaller side", minimum=1)
    probed: int = option(5_000, help="samples that probes are fitted to and judged on, evenly spread", minimum=10)
    moved: int = option(64, help="samples without an attribute that are moved along its vector", minimum=1)
    steps: int = option(6, help="steps of alpha from 0 to 1 along a vector", minimum=2, maximum=101)

    def cost(self) -> Cost:
        """Nothing per sample beyond the codes; attributes x moved x steps decodings and encodings at the end."""
        return Cost()

    def start(self, context: Context, /) -> Gathered:
        """Nothing gathered yet."""
        from vae_analyze.analyzers.attributes.gathered import Gathered

        return Gathered(options=self, context=context)
