"""Sentences made from the numbers of the traversals, most important first."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from vae_analyze.analyzers.traversal.follows import LABEL
from vae_analyze.analyzers.traversal.measured import percent
from vae_analyze.analyzers.words import listed

if TYPE_CHECKING:
    from vae_analyze.analyzers.traversal.measured import Measured
    from vae_analyze.findings import Findings

_NAMED = 6
_OFF = 2.0  # times the movement from samples: so much more from the prior mean is worth a sentence


def readings(measured: Measured, found: Findings) -> tuple[str, ...]:
    """What a reader should remember."""
    made = (
        _collapsed(measured),
        _most(measured),
        _live(measured),
        _dead_that_move(measured),
        _dead(measured),
        _followed(measured),
        _off_data(measured),
        *_jumps(measured),
        _shape(found),
    )
    return tuple(sentence for sentence in made if sentence)


def _collapsed(measured: Measured) -> str:
    if measured.activity.active.any():
        return ""
    return f"None of {len(measured.activity.kl)} dimensions is active: the codes do not depend on the input."


def _most(measured: Measured) -> str:
    order = measured.by_movement
    if not order and not measured.still.all():
        return ""
    if not order:
        return f"None of the {len(measured)} traversed dimensions moves the output: the decoder ignores the code."
    k = order[0]
    one = measured.estimates["per_unit"][k]
    between = f" [{one.low:.2g}, {one.high:.2g}]" if math.isfinite(one.low) else ""
    text = f"{measured.name(k)} moves the output most: {one.value:.2g}{between} per unit of z, {_place(measured, k)}"
    name, share = measured.followed.best(k)
    if name:
        text += f"; it follows {_quoted(name)} ({percent(share)} of its variance)"
    return text + "."


def _place(measured: Measured, k: int) -> str:
    heat = measured.heat
    share, (row, column) = heat.share(k), heat.centre(k)
    if not math.isfinite(share):
        return "but not at the anchors themselves"
    if not math.isfinite(row):
        return f"on {percent(share)} of the features, most on {heat.strongest(k)}"
    height, width = heat.maps[k].shape
    return f"on {percent(share)} of the pixels around row {row:.0f} of {height}, column {column:.0f} of {width}"


def _live(measured: Measured) -> str:
    live = [k for k in range(len(measured)) if measured.active[k]]
    still = [measured.name(k) for k in live if measured.still[k]]
    if not live or not (still or all(measured.moves[k] for k in live)):
        return ""
    if not still:
        of = _traversed(measured)
        each = "The one active dimension" if len(live) == 1 else f"All {len(live)} active dimensions"
        return f"{each}{of} {'moves' if len(live) == 1 else 'move'} the output."
    verb, it = ("is", "moves") if len(still) == 1 else ("are", "move")
    return (
        f"{listed(still)} {verb} active and {it} nothing: the encoder writes there, and the decoder does not read it."
    )


def _dead(measured: Measured) -> str:
    dead = [k for k in range(len(measured)) if measured.dead[k]]
    still = [measured.name(k) for k in dead if measured.still[k]]
    if not still:
        return ""
    unseen = int(measured.activity.dead.sum()) - len(dead)
    more = f" {unseen} more are dead and were not traversed." if unseen else ""
    size = max(measured.estimates["per_unit"][k].value for k in dead if measured.still[k])
    little = f" (at most {size:.2g} per unit of z)" if size > 0 else ""
    if len(still) == len(measured):
        return f"All {len(still)} dimensions traversed are dead and move nothing{little}.{more}"
    return f"{listed(still)} {'is dead and moves' if len(still) == 1 else 'are dead and move'} nothing{little}.{more}"


def _dead_that_move(measured: Measured) -> str:
    moving = [k for k in range(len(measured)) if measured.dead[k] and measured.moves[k]]
    if not moving:
        return ""
    names = listed([measured.name(k) for k in moving])
    most = max(measured.estimates["per_unit"][k].value for k in moving)
    swing = max(measured.estimates["swing"][k].value for k in moving) / measured.scale
    verb, it = ("is", "moves") if len(moving) == 1 else ("are", "move")
    known = measured.gathered.context.data.value_range is not None
    of = "the data's range" if known else "the spread of outputs"
    return (
        f"{names} {verb} dead and nevertheless {it} the output, by up to {most:.2g} per unit of z (one feature by "
        f"{percent(swing)} of {of}): samples differ by numbers that say nothing of the data."
    )


def _off_data(measured: Measured) -> str:
    """Where the strip that everybody shows, from the prior mean, shows more than happens at the data."""
    at_data = {k: measured.estimates["per_unit"][k].value for k in measured.by_movement if measured.active[k]}
    ratio = {k: float(measured.centre.per_unit[0, k]) / size for k, size in at_data.items()}
    far = [k for k in ratio if ratio[k] >= _OFF]
    if not far:
        return ""
    k, centre = max(far, key=lambda k: ratio[k]), measured.chosen.centre.names[0]
    text = f"From the {centre} {measured.name(k)} moves the output {ratio[k]:.2g} times as far as from samples"
    if len(far) > 1:
        text += f", and {len(far) - 1} more dimension{'s' if len(far) > 2 else ''} {_OFF:g} times or more"
    return text + ": strips from there show more than happens to data."


def _followed(measured: Measured) -> str:
    found = measured.followed
    live = [k for k in range(len(measured)) if measured.active[k]]
    if not found.names or not live:
        return ""
    follow = [(share, measured.name(k), name) for k in live for name, share in [found.best(k)] if name]
    if not follow:
        return f"No active dimension follows {_either(found.names)} beyond chance (n = {found.n})."
    follow.sort(reverse=True)
    alone = len(found.names) == 1
    listing = ", ".join(
        f"{dimension} {'' if alone else _quoted(name) + ' '}({percent(share)})"
        for share, dimension, name in follow[:_NAMED]
    )
    more = f" and {len(follow) - _NAMED} more" if len(follow) > _NAMED else ""
    verb = "follows" if len(follow) == 1 else "follow"
    return (
        f"{len(follow)} of {len(live)} active dimensions{_traversed(measured)} {verb} {_either(found.names)}: {listing}"
        f"{more}; in brackets the share of the code's variance."
    )


def _traversed(measured: Measured) -> str:
    """What to add where there are more active dimensions than were looked at."""
    return "" if int(measured.active.sum()) == int(measured.activity.active.sum()) else " that were traversed"


def _quoted(name: str) -> str:
    return "the label" if name == LABEL else repr(name)


def _either(names: tuple[str, ...]) -> str:
    if len(names) == 1:
        return _quoted(names[0])
    return "a label or factor" if LABEL in names else "a factor"


def _jumps(measured: Measured) -> list[str]:
    said = []
    for k in measured.by_movement:
        jump = measured.jump(k)
        if jump is not None:
            m = len(measured.chosen.measured)
            where = f"between {jump.start:.2g} and {jump.end:.2g}"
            often = "" if jump.anchors == m else f" (at {jump.anchors} of {m} anchors just there)"
            said.append(
                f"{measured.name(k)} jumps: its fastest step is {jump.ratio:.2g} times as fast as its mean step, "
                f"{where}{often}."
            )
    return said[:_NAMED]


def _shape(found: Findings) -> str:
    monotone, straight, uneven = (found.scalar(name) for name in ("monotonicity", "straightness", "unevenness"))
    if not all(math.isfinite(one.value) for one in (monotone, straight, uneven)):
        return ""
    turn = (
        "hardly turns back" if monotone.value > 0.9 else "turns back at times" if monotone.value > 0.6 else "turns back"
    )
    return (
        f"Along an active dimension the output {turn} (monotonicity {monotone.value:.2f}), goes {straight.value:.2f} "
        f"as far as its path is long, and its fastest step is {uneven.value:.2g} times its mean step."
    )
