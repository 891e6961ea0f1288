from dataclasses import dataclass, field
from typing import ClassVar

from vae_analyze.analyzers.base import Batch, Context, Cost, Need
from vae_analyze.analyzers.option import option, transient
from vae_analyze.findings import Findings, Scalar
from vae_analyze.metrics import mean_squared_difference
from vae_analyze.stats.moments import Moments
from vae_analyze.stats.normal import around


@dataclass(frozen=True, kw_only=True)
class Brightness:
    name: ClassVar[str] = "brightness"
    version: ClassVar[int] = 1
    question: ClassVar[str] = "How far do codes move when an image is dimmed?"
    needs: ClassVar[frozenset[Need]] = frozenset({"codes", "encoder", "images"})
    references: ClassVar[tuple[str, ...]] = ()
    factor: float = option(0.9, help="what every pixel is multiplied by", minimum=0)

    def cost(self) -> Cost:
        return Cost(encodes=1)

    def start(self, context: Context, /) -> "Movement":
        return Movement(self.factor)


@dataclass
class Movement:
    factor: float = transient()
    moved: Moments = field(default_factory=Moments)

    def update(self, batch: Batch, /) -> None:
        dimmed = batch.encode(self.factor * batch.x).mean
        self.moved.update(mean_squared_difference(dimmed, batch.posterior.mean))

    def merge(self, other: "Movement", /) -> None:
        self.moved.merge(other.moved)

    def finish(self) -> Findings:
        mean, se = self.moved.mean.item(), self.moved.standard_error().item()
        low, high = around(mean, se)
        moved = Scalar(
            name="dimmed_latent_mse", value=mean, low=low, high=high, se=se, unit="latent unit²", direction="lower",
            n=self.moved.count,
        )  # fmt: skip
        return Findings(scalars=(moved,))
