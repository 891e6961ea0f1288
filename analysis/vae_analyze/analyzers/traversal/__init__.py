"""One latent dimension at a time: what it does to the output, how evenly, where, and what it follows."""
