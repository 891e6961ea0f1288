"""Plain facts that stand beside the weights: constructor arguments, hyper-parameters, sizes."""

from __future__ import annotations

import re
from typing import Any

from vae_analyze.loading.files.plain import plain_items
from vae_analyze.loading.files.stubs import Inert
from vae_analyze.loading.unwrapping.content import ModuleTree
from vae_analyze.loading.unwrapping.networks import network_in

# Keys whose entries are facts, in the order in which they are believed.
_HOLDERS = re.compile(
    r"(hyper_?parameters|hparams|h_?params|init_args|(model_)?(args|arguments|kwargs|config|cfg|conf|params|opts?|options|"
    r"settings|hparams|spec|specs|hyperparameters)|constructor(_args)?|metadata|meta|datamodule_hyper_parameters)",
    re.IGNORECASE,
)
_MOST = 500


def stated_in(raw: Any, tree: ModuleTree | None) -> dict[str, Any]:
    """Facts by name; those of inner mappings such as ``hyper_parameters`` under their own names, the outer ones win.

    Args:
        raw: What a file holds.
        tree: Of a pickled module, whose plain attributes count last.
    """
    found: dict[str, Any] = {}
    if isinstance(raw, (list, tuple)):
        for item in raw[:8]:
            if isinstance(item, (dict, Inert)):
                found = {**stated_in(item, None), **found}
    if isinstance(raw, dict):
        found = _of(raw)
    if tree is not None:
        found = {**tree.root.attributes, **found}
        found.pop("training", None)
    return dict(list(found.items())[:_MOST])


def _of(mapping: dict[Any, Any]) -> dict[str, Any]:
    weights = network_in(mapping)
    rest = {key: value for key, value in mapping.items() if key not in weights and not _holds(key, value)}
    # A network is no fact, and the counters in it are no arguments.
    rest = {key: value for key, value in rest.items() if not (isinstance(value, dict) and network_in(value))}
    plain = plain_items(rest)
    found: dict[str, Any] = {}
    for key, value in mapping.items():
        if _holds(key, value):
            inner = plain_items(value)
            found = {**inner, **found}
            # One level further down, where a configuration has sections.
            for section in ("model", "vae", "network", "init_args"):
                if isinstance(inner.get(section), dict):
                    found = {**inner[section], **found}
    return {**found, **plain}


def _holds(key: Any, value: Any) -> bool:
    return isinstance(key, str) and isinstance(value, (dict, Inert)) and _HOLDERS.fullmatch(key) is not None
