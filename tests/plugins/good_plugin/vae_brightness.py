"""Does a VAE keep the brightness of its input?"""

from dataclasses import dataclass, field
from typing import ClassVar

from vae_analyze.analyzers.base import Batch, Context, Cost, Need
from vae_analyze.analyzers.option import option, transient
from vae_analyze.findings import Axis, Column, Figure, Findings, Scalar, Table
from vae_analyze.stats.moments import Moments


@dataclass(frozen=True, kw_only=True)
class Brightness:
    """Mean of the reconstructions against mean of the data."""

    name: ClassVar[str] = "brightness"
    version: ClassVar[int] = 1
    question: ClassVar[str] = "Are reconstructions as bright as the data?"
    needs: ClassVar[frozenset[Need]] = frozenset({"reconstruction"})
    references: ClassVar[tuple[str, ...]] = ()
    gain: float = option(1.0, help="factor on every brightness", above=0.0)
    show_bars: bool = option(True, help="draw the figure")

    def cost(self) -> Cost:
        return Cost()

    def start(self, context: Context, /) -> "Levels":
        return Levels(self)


@dataclass
class Levels:
    options: Brightness = transient()
    data: Moments = field(default_factory=Moments)
    decoded: Moments = field(default_factory=Moments)

    def update(self, batch: Batch, /) -> None:
        self.data.update(self.options.gain * batch.x.flatten(1).mean(dim=1, keepdim=True))
        self.decoded.update(self.options.gain * batch.reconstruction.flatten(1).mean(dim=1, keepdim=True))

    def merge(self, other: "Levels", /) -> None:
        self.data.merge(other.data)
        self.decoded.merge(other.decoded)

    def finish(self) -> Findings:
        data, decoded = float(self.data.mean[0]), float(self.decoded.mean[0])
        shift = Scalar(name="brightness_shift", value=decoded - data, unit="1", direction="none", n=self.data.count,
                       definition="Mean of reconstructions less mean of data.", headline=True)  # fmt: skip
        rows = (("data", data), ("reconstructions", decoded))
        columns = (Column(name="what"), Column(name="mean", unit="1"))
        table = Table(name="brightness", title="Brightness", columns=columns, rows=rows)
        bars = Figure(name="brightness", kind="bars", title="Brightness of data and reconstructions", table=table,
                      alt=f"Data {data:.3g}, reconstructions {decoded:.3g}.",
                      x=Axis(column="what", label=""), y=Axis(column="mean", label="mean brightness"))  # fmt: skip
        return Findings(scalars=(shift,), figures=(bars,) if self.options.show_bars else ())
