"""Pictures: one sample per attribute moved along its vector, and morphs between examples of groups."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from vae_analyze.analyzers.attributes.morphs import corners, ends
from vae_analyze.analyzers.pixels import as_pixels
from vae_analyze.analyzers.sheet import sheet
from vae_analyze.findings import Cell, Figure, Pictures

if TYPE_CHECKING:
    from vae_analyze.analyzers.attributes.morphs import Morph
    from vae_analyze.analyzers.attributes.survey import Measured, Survey

Floats = NDArray[np.float64]


def pictures(survey: Survey) -> tuple[Figure, ...]:
    """Grids of pictures; none unless the data are images with a known range."""
    shape, bounds = survey.context.data.input_shape, survey.context.data.value_range
    if len(shape) != 3 or shape[0] not in (1, 3) or bounds is None or not survey.known:
        return ()
    made = (_along(survey, bounds), _pairs(survey, bounds), _corners(survey, bounds))
    return tuple(figure for figure in made if figure is not None)


def _along(survey: Survey, bounds: tuple[float, float]) -> Figure:
    chosen = [(one, median_sample(survey, one)) for one in survey.known]
    streamed, traveller = survey.streamed, survey.traveller
    rows = np.array([one.shift.rows[at] for one, at in chosen])
    along = np.stack([_own_vector(survey, one, row) for (one, _), row in zip(chosen, rows, strict=True)])
    tiles = [as_pixels(survey.context.read(streamed.index[rows]).x, bounds)]
    cells: list[tuple[Cell, ...]] = []
    for step, alpha in enumerate(survey.alphas):
        decoded = traveller.decoded(streamed.codes[rows] + alpha * along, rows)
        tiles.append(as_pixels(decoded, bounds))
        for (one, at), row in zip(chosen, rows, strict=True):
            again, direct = float(one.shift.again[at, step]), float(one.shift.direct[at, step])
            cells.append((one.name, int(streamed.index[row]), float(alpha), again, direct))
    rises = sorted((float(one.shift.again[at, -1] - one.shift.again[at, 0]), one.said) for one, at in chosen)
    labels = tuple(f"{one.name} (sample {streamed.index[row]})" for (one, _), row in zip(chosen, rows, strict=True))
    return Figure(
        name="along",
        kind="pictures",
        title="Along the vectors",
        alt=f"One sample per attribute, decoded at {len(survey.alphas)} steps from its code to its code plus the "
        f"vector; the probability of the attribute rises most for {rises[-1][1]}, by {rises[-1][0]:+.2f}, and least "
        f"for {rises[0][1]}, by {rises[0][0]:+.2f}.",
        table=sheet("along", "Probability of the attribute", ("attribute", ""), ("sample", ""), ("alpha", "1"),
                     ("again", "1"), ("direct", "1"), rows=cells),
        caption="Boxed: the sample as it is. Of the moved samples the one whose code has the median distance to the "
        "mean code of those without the attribute. again: the probe's probability after decoding and encoding; direct: "
        f"at the code itself.{_condition(survey, 'of the sample')}",
        pictures=Pictures(
            pixels=np.stack(tiles, axis=1),
            row_labels=labels,
            column_labels=("source", *(f"α = {alpha:.2g}" for alpha in survey.alphas)),
            boxed=(0,),
        ),
    )  # fmt: skip


def median_sample(survey: Survey, one: Measured) -> int:
    """Which of the moved samples is shown: median distance to the mean code of samples without, ties by index."""
    streamed = survey.streamed
    absent = survey.groups.groupings[one.attribute.grouping].numbers[streamed.rows] != one.attribute.level
    mean = streamed.codes[absent].mean(axis=0)
    distance = np.linalg.norm(streamed.codes[one.shift.rows] - mean, axis=1)
    order = np.lexsort((one.shift.index, distance))
    return int(order[(len(order) - 1) // 2])


def _own_vector(survey: Survey, one: Measured, row: int) -> Floats:
    along: Floats = one.vector.moving[survey.streamed.fold(one.attribute.grouping)[row]]
    return along


def _pairs(survey: Survey, bounds: tuple[float, float]) -> Figure | None:
    found = ends(survey)
    if not found:
        return None
    streamed = survey.streamed
    decoded = [survey.traveller.decoded(morph.codes, morph.rows) for morph in found]
    sources = [as_pixels(survey.context.read(streamed.index[list(morph.corners)]).x, bounds) for morph in found]
    tiles = [
        np.concatenate([source[:1], as_pixels(images, bounds), source[1:]])
        for source, images in zip(sources, decoded, strict=True)
    ]
    cells: list[tuple[Cell, ...]] = []
    for morph in found:
        for (weight, _), given, name in zip(morph.weights, morph.probability, morph.called, strict=True):
            cells.append((morph.name, float(1 - weight), *(float(given[level]) for level in morph.levels), name))
    steps = len(found[0].weights)
    title = "Morphs between two samples"
    return Figure(
        name="morphs",
        kind="pictures",
        title=title,
        group="morphs",
        alt=f"{len(found)} straight lines between codes of two samples, decoded at {steps} steps: "
        f"{'; '.join(_met(morph) for morph in found)}.",
        table=sheet("morphs", title, ("pair", ""), ("alpha", "1"), ("probability_first", "1"),
                     ("probability_second", "1"), ("called", ""), rows=cells),
        caption="z = (1 - α) z_A + α z_B, decoded. Boxed: the samples themselves. In the table what a probe that has "
        f"seen neither says of the picture encoded again.{_condition(survey, 'of the first one')}",
        pictures=Pictures(
            pixels=np.stack(tiles),
            row_labels=tuple(morph.name for morph in found),
            column_labels=("A", *(f"α = {1 - weight:.2g}" for weight, _ in found[0].weights), "B"),
            boxed=(0, steps + 1),
        ),
    )  # fmt: skip


def _met(morph: Morph) -> str:
    return f"{morph.name} is called {', '.join(dict.fromkeys(morph.called))}"


def _corners(survey: Survey, bounds: tuple[float, float]) -> Figure | None:
    morph = corners(survey)
    if morph is None:
        return None
    side = round(len(morph.weights) ** 0.5)
    images = as_pixels(survey.traveller.decoded(morph.codes, morph.rows), bounds)
    scale = tuple(f"{at / (side - 1):.2g}" for at in range(side))
    cells: list[tuple[Cell, ...]] = [
        (float(scale[at // side]), float(scale[at % side]), name, float(given.max()))
        for at, (name, given) in enumerate(zip(morph.called, morph.probability, strict=True))
    ]
    met = list(dict.fromkeys(morph.called))
    title = "Between four samples"
    return Figure(
        name="corners",
        kind="pictures",
        title=title,
        group="morphs",
        alt=f"A grid of {side} by {side} decoded codes between {morph.name} in its corners; a probe calls the pictures "
        f"{', '.join(met)}.",
        table=sheet("corners", title, ("down", "1"), ("right", "1"), ("called", ""), ("probability", "1"), rows=cells),
        caption=f"Bilinear between the codes of four samples: {morph.name}, from the top left to the bottom right, row "
        f"by row. called: the probe on the picture encoded again.{_condition(survey, 'at the top left')}",
        pictures=Pictures(
            pixels=images.reshape(side, side, *images.shape[1:]),
            row_labels=tuple(f"down {word}" for word in scale),
            column_labels=tuple(f"right {word}" for word in scale),
        ),
    )


def _condition(survey: Survey, whose: str) -> str:
    return f" The model is given the label {whose}." if survey.context.card.conditional else ""
