"""Our own network shapes: what the shipped checkpoints and the recognised projects are built of."""
