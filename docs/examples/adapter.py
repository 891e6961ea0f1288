import torch


class Adapter(torch.nn.Module):
    input_shape, latent_shape = (1, 8, 8), (4,)

    def __init__(self, path: str) -> None:
        super().__init__()
        self.encoder, self.decoder = torch.nn.Linear(64, 8), torch.nn.Linear(4, 64)
        self.load_state_dict(torch.load(path, weights_only=True))

    def encode(self, x: torch.Tensor) -> tuple[torch.Tensor, ...]:  # x as the data are, images in [0, 1]
        mean, logvar = self.encoder(x.flatten(1)).chunk(2, dim=1)
        return mean, logvar  # nothing is drawn

    def decode(self, z: torch.Tensor) -> torch.Tensor:
        x_hat: torch.Tensor = self.decoder(z).sigmoid()
        return x_hat.view(-1, *self.input_shape)


load = Adapter
