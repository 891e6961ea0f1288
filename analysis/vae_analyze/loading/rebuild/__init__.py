"""The structural rebuild: from the names and shapes of bare weights to a working VAE, every choice announced."""

from __future__ import annotations

from vae_analyze.loading.rebuild.format import REBUILD

__all__ = ["REBUILD"]
