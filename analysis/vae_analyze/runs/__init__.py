"""The run folder: the only thing between measuring and showing."""
