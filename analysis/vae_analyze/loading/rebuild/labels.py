"""Labels of conditional models: how many features one adds, and a table of label vectors where there is one."""

from __future__ import annotations

import re

from vae_analyze.loading.options import LoadOptions
from vae_analyze.loading.rebuild.layers import Layer

_TABLE = re.compile(r"(embed|emb\b|label|class_?vec|cond)", re.IGNORECASE)


def table_in(chain: tuple[Layer, ...]) -> Layer | None:
    """A table of label vectors: no bias, and named as one."""
    found = [layer for layer in chain if layer.kind == "linear" and not layer.biased and _TABLE.search(layer.path)]
    return found[0] if len(found) == 1 else None


def without_table(chain: tuple[Layer, ...], table: Layer | None) -> tuple[Layer, ...]:
    """The layers that are a link of the chain."""
    return tuple(layer for layer in chain if layer is not table)


def classes_of(options: LoadOptions, table: Layer | None) -> tuple[int, ...] | None:
    """How many features a label may add; None: whatever the shapes agree on."""
    if options.labels == "none":
        return ()
    if table is not None:
        return (table.shape[1],)
    if options.evidence is None or options.evidence.classes == 0:
        return None
    return (options.evidence.classes,)
