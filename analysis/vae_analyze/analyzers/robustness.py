"""Robustness to Gaussian noise: how far codes and reconstructions move when the input does.

This module holds the question and its options; the work is in `vae_analyze.analyzers.noise_sweep`, which is imported
when the pass starts, so that listing analyzers loads no numerical library.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, final

from vae_analyze.analyzers.base import Cost, Need
from vae_analyze.analyzers.option import option

if TYPE_CHECKING:
    from vae_analyze.analyzers.base import Context
    from vae_analyze.analyzers.noise_sweep import NoiseSweep


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class Robustness:
    """How stable are codes and reconstructions under Gaussian noise on the input?

    For each sample x, noise level sigma and draw eta ~ N(0, I) the input becomes x + sigma * eta. What is measured, on
    what and in which unit is defined in `vae_analyze.analyzers.noise_sweep` and in docs/analyzers/robustness.md.
    """

    name: ClassVar[str] = "robustness"
    version: ClassVar[int] = 2
    question: ClassVar[str] = "How far do codes and reconstructions move when Gaussian noise is added to the input?"
    needs: ClassVar[frozenset[Need]] = frozenset({"codes", "reconstruction", "encoder", "decoder"})
    references: ClassVar[tuple[str, ...]] = (
        "Camuto, Willetts, Roberts, Holmes and Rainforth 2021, Towards a theoretical understanding of the robustness "
        "of variational autoencoders, AISTATS: the distance between reconstructions of clean and perturbed input",
        "Kuzina, Welling and Tomczak 2022, Alleviating adversarial attacks on variational autoencoders with MCMC, "
        "NeurIPS: the symmetrised KL divergence between posteriors",
        "Vincent, Larochelle, Bengio and Manzagol 2008, Extracting and composing robust features with denoising "
        "autoencoders, ICML: reconstruction error against the clean input",
        "Hesterberg 2015, What teachers should know about the bootstrap, The American Statistician 69(4): intervals",
    )

    sigma: tuple[float, ...] = option(
        (0.05, 0.1, 0.2, 0.3, 0.5),
        help="noise levels: standard deviation per feature, as a share of the data's range",
        above=0.0,
        maximum=1000.0,
    )
    draws: int = option(4, help="noise draws per sample and level", minimum=1)

    def cost(self) -> Cost:
        """Twice per level and draw: with and without clipping."""
        passes = 2 * len(set(self.sigma)) * self.draws
        return Cost(encodes=passes, decodes=passes)

    def start(self, context: Context, /) -> NoiseSweep:
        """An empty sweep over the noise levels, ascending and without repeats."""
        from vae_analyze.analyzers.noise_sweep import NoiseSweep, layout_for

        layout = layout_for(tuple(sorted(set(self.sigma))), self.draws, context)
        return NoiseSweep.empty(layout, context)
