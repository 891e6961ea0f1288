"""Health of the latent space: what it costs, which dimensions carry it, how close it is to the prior."""
