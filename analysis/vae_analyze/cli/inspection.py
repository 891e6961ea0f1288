"""What a file is, for people."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vae_analyze.loading.inspect import Inspection

_MOST_TENSORS = 60


def print_inspection(found: Inspection) -> None:
    """Print an inspection."""
    from rich.table import Table
    from rich.text import Text

    from vae_analyze.cli.analyse import assumed, verified
    from vae_analyze.cli.output import console

    out = console(sys.stdout)
    facts = {
        "file": found.path,
        "container": found.container,
        "size": f"{found.size:,} bytes",
        "SHA-256": found.sha256,
        "format": found.format or "not recognised",
        "would execute": found.executed,
        "asks to import": ", ".join(found.asks_for),
        "found": "; ".join(found.notes),
        "loads": found.outcome if found.loads else f"no: {found.outcome}",
        "next": found.hint,
    }
    for name, value in facts.items():
        if value:
            out.print(Text(f"{name:>14}: {value}"), soft_wrap=True)
    for name, value in (found.card or {}).items():
        if name not in ("assumptions", "checks", "details", "warnings") and value not in ("", [], (), {}):
            out.print(Text(f"{name:>14}: {value}"), soft_wrap=True)
    for given in (found.card or {}).get("assumptions", ()):
        where = assumed(given["source"], guess=given["guess"], runner_up=given["runner_up"])
        out.print(Text(f"{given['what']:>14}: {given['value']} ({where})"), soft_wrap=True)
    for check in (found.card or {}).get("checks", ()):
        out.print(Text(f"{verified(check['outcome']):>14}: {check['what']}: {check['value']}"), soft_wrap=True)
    for warning in (found.card or {}).get("warnings", ()):
        out.print(Text(f"Warning: {warning}", style="yellow"))
    if found.tensors:
        tensors = Table("tensor", "shape", "format", title=f"{found.tensor_count} tensors")
        for tensor in found.tensors[:_MOST_TENSORS]:
            tensors.add_row(Text(tensor.name), "x".join(map(str, tensor.shape)) or "scalar", tensor.dtype)
        out.print(tensors)
