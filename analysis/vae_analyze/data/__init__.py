"""Data by name or path, addressed by sample index."""
