"""Latent arithmetic: a direction for each label or factor, and what moving along it does to the output."""
