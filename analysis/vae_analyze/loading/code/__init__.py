"""Models made by the person's own class: only that class and what it uses is run, and nothing else of its file."""

from vae_analyze.loading.code.read import read_code

__all__ = ["read_code"]
