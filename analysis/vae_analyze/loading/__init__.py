"""From a path to a VAE and its model card, executing nothing that the file contains."""
