"""Whether a model earns its keep: against PCA, another autoencoder and the pixels themselves."""
