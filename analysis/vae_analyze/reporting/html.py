"""The report: one HTML file that needs nothing else, and lets nothing else in."""

from __future__ import annotations

import base64
import hashlib
import os
import tempfile
from functools import cache
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Final

from markupsafe import Markup

from vae_analyze._version import __version__
from vae_analyze.errors import StoreError
from vae_analyze.reporting.drawing.palette import scheme
from vae_analyze.reporting.drawing.sprite import LARGEST_SPRITE
from vae_analyze.reporting.origin import options, provenance
from vae_analyze.reporting.overview import assumptions, checks, doubts, facts, readings
from vae_analyze.reporting.sections import anchors, drawings, headline, section
from vae_analyze.reporting.text import printable
from vae_analyze.runs.run import Run

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jinja2 import Environment

    from vae_analyze.reporting.drawing.drawn import Drawn

LARGEST: Final = 2_000_000  # bytes
# Bytes of each figure's pictures, and rows of a table; less of either if the page would become too large.
ROOM: Final = ((LARGEST_SPRITE, 400), (120_000, 400), (60_000, 100), (30_000, 20), (12_000, 20))


def render(run: Run) -> str:
    """A run as one HTML page; the same run gives the same bytes.

    Pictures are stored with loss and long tables cut, and say so, until the page is below 2 MB.
    """
    page = ""
    for room, most_rows in ROOM:
        drawn = [drawings(result, number, room) for number, result in enumerate(run.results)]
        page = _page(run, drawn, most_rows)
        if len(page.encode("utf-8")) <= LARGEST:
            break
    return page


def write_report(run: Run, path: str | os.PathLike[str]) -> Path:
    """Write the report; the file appears whole or not at all.

    Raises:
        StoreError: The place cannot be written.
    """
    target = Path(path)
    page = render(run).encode("utf-8")
    temporary = ""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.", suffix=".tmp")
        with os.fdopen(handle, "wb") as file:
            file.write(page)
        Path(temporary).chmod(0o666 & ~_umask())  # mkstemp makes files that only their owner can read
        Path(temporary).replace(target)
    except OSError as error:
        raise StoreError(
            f"cannot write the report to {target}: {error.strerror or error}", hint="choose another place"
        ) from error
    finally:
        if temporary:
            Path(temporary).unlink(missing_ok=True)
    return target


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _page(run: Run, drawn: Sequence[Sequence[Drawn]], most_rows: int) -> str:
    style, script = _style(), _asset("script.js")
    ids = anchors(run.results)
    text = (
        _environment()
        .get_template("report.html")
        .render(
            run=run,
            title=printable(run.card.get("name") or run.name),
            policy=_policy(style, script),
            style=Markup(style),  # noqa: S704 - our own file
            script=Markup(script),  # noqa: S704 - our own file
            version=__version__,
            anchors=ids,
            facts=facts(run),
            assumptions=assumptions(run),
            checks=checks(run),
            readings=readings(run),
            headline=[scalar for result in run.results for scalar in headline(result)],
            doubts=doubts(run),
            sections=[
                section(result, ids[result.analyzer], figures, most_rows=most_rows)
                for result, figures in zip(run.results, drawn, strict=True)
            ],
            options=options(run),
            provenance=provenance(run),
            reproduce=printable(run.provenance.get("reproduce") or ""),
        )
    )
    return printable(text)


@cache
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("vae_analyze.reporting", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["printable"] = printable
    return environment


def _asset(name: str) -> str:
    return resources.files("vae_analyze.reporting").joinpath("templates", name).read_text(encoding="utf-8")


@cache
def _style() -> str:
    """The style sheet with the colours of both schemes."""
    light, dark = (
        ";".join([f"color-scheme:{name}", *(f"--{key}:{value}" for key, value in scheme(name).items())])
        for name in ("light", "dark")
    )
    schemes = (
        f":root{{{light}}}\n"
        f"@media screen and (prefers-color-scheme:dark){{:root:not([data-theme=light]){{{dark}}}}}\n"
        f"@media screen{{:root[data-theme=dark]{{{dark}}}}}\n"
    )
    return schemes + _asset("style.css")


def _policy(style: str, script: str) -> str:
    """Nothing is fetched or sent; only the one script and the one style sheet of the page, known by hash, are used."""
    return (
        f"default-src 'none'; img-src data:; style-src {_hash(style)}; script-src {_hash(script)}; "
        "base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode('utf-8')).digest()).decode('ascii')}'"
