import torch

import vae_analyze
from vae_analyze.vae import DiagonalGaussian


class MyVAE(torch.nn.Module):
    input_shape, latent_shape = (1, 8, 8), (4,)

    def __init__(self) -> None:
        super().__init__()
        self.encoder, self.decoder = torch.nn.Linear(64, 8), torch.nn.Linear(4, 64)

    def encode(self, x: torch.Tensor) -> DiagonalGaussian:
        mean, logvar = self.encoder(x.flatten(1)).chunk(2, dim=1)
        return DiagonalGaussian(mean, logvar)

    def decode(self, z: torch.Tensor) -> torch.Tensor:
        x_hat: torch.Tensor = self.decoder(z).sigmoid()
        return x_hat.reshape(-1, 1, 8, 8)


run = vae_analyze.analyze(MyVAE(), ["robustness"], data="digits", samples=200)
print(run["robustness"].scalar("latent_nmse", sigma=0.2, clipped=True))
