"""Classes as their authors may have written them, for the public checkpoints in the shared data."""

# ruff: noqa: E501 - the lines of other people
from __future__ import annotations

_HEAD = """
import os, sys, argparse
import torch
import torch.nn as nn
import torch.nn.functional as F
import torchvision
from torchvision import datasets, transforms
import matplotlib.pyplot as plt
from tqdm import tqdm
"""

_TRAINING = """
raise RuntimeError("training ran")
"""

CLASSES: dict[str, tuple[str, str]] = {}

CLASSES["01.pth"] = (
    "VAE",
    _HEAD
    + """
parser = argparse.ArgumentParser()
parser.add_argument('--batch-size', type=int, default=128)
parser.add_argument('--no-cuda', action='store_true', default=False)
args = parser.parse_args()
args.cuda = not args.no_cuda and torch.cuda.is_available()

class VAE(nn.Module):
    def __init__(self):
        super(VAE, self).__init__()
        self.fc1 = nn.Linear(784, 400)
        self.fc21 = nn.Linear(400, 20)
        self.fc22 = nn.Linear(400, 20)
        self.fc3 = nn.Linear(20, 400)
        self.fc4 = nn.Linear(400, 784)
        self.relu = nn.ReLU()
        self.sigmoid = nn.Sigmoid()

    def encode(self, x):
        h1 = self.relu(self.fc1(x))
        return self.fc21(h1), self.fc22(h1)

    def reparametrize(self, mu, logvar):
        std = logvar.mul(0.5).exp_()
        eps = torch.cuda.FloatTensor(std.size()).normal_()
        eps = torch.autograd.Variable(eps).cuda()
        return eps.mul(std).add_(mu)

    def decode(self, z):
        h3 = self.relu(self.fc3(z))
        return self.sigmoid(self.fc4(h3))

    def forward(self, x):
        mu, logvar = self.encode(x.view(-1, 784))
        z = self.reparametrize(mu, logvar)
        return self.decode(z), mu, logvar

model = VAE()
model.cuda()
"""
    + _TRAINING,
)

CLASSES["02.pth"] = (
    "VariationalAutoEncoder",
    """
import torch
from torch import nn

class VariationalAutoEncoder(nn.Module):
    def __init__(self, input_dim, h_dim=200, z_dim=20):
        super().__init__()
        self.img_2hid = nn.Linear(input_dim, h_dim)
        self.hid_2mu = nn.Linear(h_dim, z_dim)
        self.hid_2sigma = nn.Linear(h_dim, z_dim)
        self.z_2hid = nn.Linear(z_dim, h_dim)
        self.hid_2img = nn.Linear(h_dim, input_dim)
        self.relu = nn.ReLU()

    def encode(self, x):
        h = self.relu(self.img_2hid(x))
        mu, sigma = self.hid_2mu(h), self.hid_2sigma(h)
        return mu, sigma

    def decode(self, z):
        h = self.relu(self.z_2hid(z))
        return torch.sigmoid(self.hid_2img(h))

    def forward(self, x):
        mu, sigma = self.encode(x)
        epsilon = torch.randn_like(sigma)
        z = mu + sigma * epsilon
        return self.decode(z), mu, sigma

if __name__ == "__main__":
    x = torch.randn(4, 28 * 28)
    vae = VariationalAutoEncoder(input_dim=784)
    print(vae(x)[0].shape)
""",
)

CLASSES["03.pth"] = (
    "VAE",
    _HEAD
    + """
latent_size = 64
class Encoder(nn.Module):
    def __init__(self, input_size, hidden_size, latent_size):
        super().__init__()
        self.fc1 = nn.Linear(input_size, hidden_size)
        self.fc2 = nn.Linear(hidden_size, latent_size * 2)
    def forward(self, x):
        x = F.relu(self.fc1(x))
        x = self.fc2(x)
        return x[:, :latent_size], x[:, latent_size:]
class Decoder(nn.Module):
    def __init__(self, latent_size, hidden_size, output_size):
        super().__init__()
        self.fc1 = nn.Linear(latent_size, hidden_size)
        self.fc2 = nn.Linear(hidden_size, output_size)
    def forward(self, z):
        return torch.sigmoid(self.fc2(F.relu(self.fc1(z))))
class VAE(nn.Module):
    def __init__(self, input_size, hidden_size, latent_size):
        super().__init__()
        self.encoder = Encoder(input_size, hidden_size, latent_size)
        self.decoder = Decoder(latent_size, hidden_size, input_size)
    def forward(self, x):
        mu, logvar = self.encoder(x)
        std = torch.exp(0.5 * logvar)
        z = mu + torch.randn_like(std) * std
        return self.decoder(z), mu, logvar
"""
    + _TRAINING,
)

CLASSES["04.pth"] = (
    "VAE",
    _HEAD
    + """
class VAE(nn.Module):
    def __init__(self, input_dim, hidden_dim, latent_dim):
        super().__init__()
        self.latent_dim = latent_dim
        self.encoder = nn.Sequential(nn.Linear(input_dim, hidden_dim), nn.ReLU(), nn.Linear(hidden_dim, latent_dim * 2))
        self.decoder = nn.Sequential(nn.Linear(latent_dim, hidden_dim), nn.ReLU(), nn.Linear(hidden_dim, input_dim), nn.Sigmoid())
    def reparameterize(self, mu, logvar):
        std = torch.exp(0.5 * logvar)
        return mu + torch.randn_like(std) * std
    def forward(self, x):
        h = self.encoder(x)
        mu, logvar = torch.chunk(h, 2, dim=1)
        return self.decoder(self.reparameterize(mu, logvar)), mu, logvar
"""
    + _TRAINING,
)

CLASSES["05.pth"] = (
    "VAE",
    _HEAD
    + """
class VAE(nn.Module):
    def __init__(self, net_list):
        super().__init__()
        self.layers = nn.ModuleDict({
            'linear_dec1': nn.Linear(net_list[1], net_list[0]),
            'linear_dec2': nn.Linear(net_list[2], net_list[1]),
            'linear_enc1': nn.Linear(net_list[0], net_list[1]),
            'linear_enc3_mean': nn.Linear(net_list[1], net_list[2]),
            'linear_enc3_std': nn.Linear(net_list[1], net_list[2]),
        })
    def encode(self, x):
        h = F.relu(self.layers['linear_enc1'](x))
        return self.layers['linear_enc3_mean'](h), self.layers['linear_enc3_std'](h)
    def reparameterize(self, mean, logstd):
        return mean + torch.exp(logstd) * torch.randn(mean.shape)
    def decode(self, z):
        return torch.sigmoid(self.layers['linear_dec1'](F.relu(self.layers['linear_dec2'](z))))
    def forward(self, x):
        mean, logstd = self.encode(x.view(-1, 784))
        return self.decode(self.reparameterize(mean, logstd)), mean, logstd
"""
    + _TRAINING,
)

CLASSES["07.ckpt"] = (
    "VAE",
    """
import pytorch_lightning as pl
import torch
from torch import nn
from torch.nn import functional as F
from torchvision import transforms

class Stack(nn.Module):
    def __init__(self, channels, height, width):
        super().__init__()
        self.channels, self.height, self.width = channels, height, width
    def forward(self, x):
        return x.view(x.size(0), self.channels, self.height, self.width)

class VAE(pl.LightningModule):
    def __init__(self, latent_dim, input_height, input_width, input_channels, lr, batch_size, **kwargs):
        super().__init__()
        self.save_hyperparameters()
        self.log_scale = nn.Parameter(torch.Tensor([0.0]))
        sizes = [input_height * input_width * input_channels, 392, 196, 128]
        layers = [nn.Flatten()]
        for a, b in zip(sizes, sizes[1:]):
            layers += [nn.Linear(a, b), nn.BatchNorm1d(b), nn.LeakyReLU(0.1)]
        self.encoder = nn.Sequential(*layers, nn.Linear(128, latent_dim))
        self.hidden2mu = nn.Linear(latent_dim, latent_dim)
        self.hidden2log_var = nn.Linear(latent_dim, latent_dim)
        layers = []
        for a, b in [(latent_dim, 128), (128, 196), (196, 392)]:
            layers += [nn.Linear(a, b), nn.BatchNorm1d(b), nn.LeakyReLU(0.1)]
        self.decoder = nn.Sequential(*layers, nn.Linear(392, sizes[0]), Stack(input_channels, input_height, input_width), nn.Tanh())
    def encode(self, x):
        hidden = self.encoder(x)
        return self.hidden2mu(hidden), self.hidden2log_var(hidden)
    def decode(self, z):
        return self.decoder(z)
    def reparametrize(self, mu, log_var):
        sigma = torch.exp(0.5 * log_var)
        return mu + sigma * torch.randn(sigma.size(), device=self.device)
    def forward(self, x):
        mu, log_var = self.encode(x)
        z = self.reparametrize(mu, log_var)
        return mu, torch.exp(0.5 * log_var), z, self.decode(z)
    def train_dataloader(self):
        return DataLoader(MNIST("data", download=True))
""",
)

CLASSES["08.pth"] = (
    "VAE",
    _HEAD
    + """
class VAE(nn.Module):
    def __init__(self, input_dim, hidden_dims, latent_dim=2):
        super().__init__()
        layers, last = [], input_dim
        for h in hidden_dims:
            layers += [nn.Linear(last, h), nn.ReLU()]
            last = h
        self.encoder = nn.Sequential(*layers, nn.Linear(last, 2 * latent_dim))
        layers, last = [], latent_dim
        for h in hidden_dims[::-1]:
            layers += [nn.Linear(last, h), nn.ReLU()]
            last = h
        self.decoder = nn.Sequential(*layers, nn.Linear(last, input_dim), nn.Sigmoid())
    def encode(self, x):
        mean, logvar = self.encoder(x).chunk(2, dim=-1)
        return mean, logvar
    def decode(self, z):
        return self.decoder(z)
    def forward(self, x):
        mean, logvar = self.encode(x)
        z = torch.distributions.Normal(mean, torch.exp(logvar / 2)).rsample()
        return {"imgs": self.decode(z), "z": z, "mean": mean, "logvar": logvar}
""",
)

CLASSES["09.pth"] = (
    "VAE",
    _HEAD
    + """
class VAE(nn.Module):
    def __init__(self, input_dim=784, hidden_dim=400, latent_dim=20, beta=1.0):
        super().__init__()
        self.beta = beta
        self.encoder = nn.Sequential(nn.Linear(input_dim, hidden_dim), nn.ReLU(), nn.Linear(hidden_dim, latent_dim), nn.ReLU())
        self.mean_layer = nn.Linear(latent_dim, latent_dim)
        self.logvar_layer = nn.Linear(latent_dim, latent_dim)
        self.decoder = nn.Sequential(nn.Linear(latent_dim, hidden_dim), nn.ReLU(), nn.Linear(hidden_dim, input_dim))
    def encode(self, x):
        h = self.encoder(x)
        return self.mean_layer(h), self.logvar_layer(h)
    def reparameterize(self, mu, logvar):
        if not self.training:
            return mu
        return mu + torch.exp(0.5 * logvar) * torch.randn_like(mu)
    def decode(self, z):
        return self.decoder(z)
    def forward(self, x):
        mu, logvar = self.encode(x)
        return self.decode(self.reparameterize(mu, logvar)), mu, logvar
""",
)

CLASSES["10.pt"] = (
    "VAE",
    """
import torch
import torch.nn as nn

def idx2onehot(idx, n):
    assert torch.max(idx).item() < n
    if idx.dim() == 1:
        idx = idx.unsqueeze(1)
    onehot = torch.zeros(idx.size(0), n).to(idx.device)
    onehot.scatter_(1, idx, 1)
    return onehot

class VAE(nn.Module):
    def __init__(self, encoder_layer_sizes, latent_size, decoder_layer_sizes, conditional=False, num_labels=0):
        super().__init__()
        if conditional:
            assert num_labels > 0
        assert type(encoder_layer_sizes) == list
        self.latent_size = latent_size
        self.encoder = Encoder(encoder_layer_sizes, latent_size, conditional, num_labels)
        self.decoder = Decoder(decoder_layer_sizes, latent_size, conditional, num_labels)
    def forward(self, x, c=None):
        if x.dim() > 2:
            x = x.view(-1, 28 * 28)
        means, log_var = self.encoder(x, c)
        z = self.reparameterize(means, log_var)
        return self.decoder(z, c), means, log_var, z
    def reparameterize(self, mu, log_var):
        std = torch.exp(0.5 * log_var)
        return mu + torch.randn_like(std) * std
    def inference(self, z, c=None):
        return self.decoder(z, c)

class Encoder(nn.Module):
    def __init__(self, layer_sizes, latent_size, conditional, num_labels):
        super().__init__()
        self.conditional, self.n = conditional, num_labels
        layer_sizes = list(layer_sizes)
        if conditional:
            layer_sizes[0] += num_labels
        self.MLP = nn.Sequential()
        for i, (a, b) in enumerate(zip(layer_sizes[:-1], layer_sizes[1:])):
            self.MLP.add_module(name="L{:d}".format(i), module=nn.Linear(a, b))
            self.MLP.add_module(name="A{:d}".format(i), module=nn.ReLU())
        self.linear_means = nn.Linear(layer_sizes[-1], latent_size)
        self.linear_log_var = nn.Linear(layer_sizes[-1], latent_size)
    def forward(self, x, c=None):
        if self.conditional:
            x = torch.cat((x, idx2onehot(c, self.n)), dim=-1)
        x = self.MLP(x)
        return self.linear_means(x), self.linear_log_var(x)

class Decoder(nn.Module):
    def __init__(self, layer_sizes, latent_size, conditional, num_labels):
        super().__init__()
        self.conditional, self.n = conditional, num_labels
        self.MLP = nn.Sequential()
        size = latent_size + num_labels if conditional else latent_size
        for i, (a, b) in enumerate(zip([size] + layer_sizes[:-1], layer_sizes)):
            self.MLP.add_module(name="L{:d}".format(i), module=nn.Linear(a, b))
            if i + 1 < len(layer_sizes):
                self.MLP.add_module(name="A{:d}".format(i), module=nn.ReLU())
            else:
                self.MLP.add_module(name="sigmoid", module=nn.Sigmoid())
    def forward(self, z, c):
        if self.conditional:
            z = torch.cat((z, idx2onehot(c, self.n)), dim=-1)
        return self.MLP(z)
""",
)

CLASSES["11.pth"] = (
    "VAE",
    _HEAD
    + """
latent_dim = 10
class VAE(nn.Module):
    def __init__(self, latent_dim=latent_dim):
        super().__init__()
        self.encoder = nn.Sequential(nn.Conv2d(1, 32, 4, 2, 1), nn.ReLU(), nn.Conv2d(32, 64, 4, 2, 1), nn.ReLU(), nn.Flatten())
        self.fc_mu = nn.Linear(64 * 7 * 7, latent_dim)
        self.fc_logvar = nn.Linear(64 * 7 * 7, latent_dim)
        self.decoder = nn.Sequential(nn.Linear(latent_dim, 64 * 7 * 7), nn.ReLU(), nn.Unflatten(1, (64, 7, 7)),
            nn.ConvTranspose2d(64, 32, 4, 2, 1), nn.ReLU(), nn.ConvTranspose2d(32, 1, 4, 2, 1), nn.Sigmoid())
    def forward(self, x):
        return x
    def forward(self, x):
        h = self.encoder(x)
        mu, logvar = self.fc_mu(h), self.fc_logvar(h)
        z = mu + torch.exp(0.5 * logvar) * torch.randn_like(mu)
        return self.decoder(z), mu, logvar
"""
    + _TRAINING,
)

CLASSES["12.pth"] = (
    "VAE",
    _HEAD
    + """
LATENT_DIM = 2
class VAE(nn.Module):
    def __init__(self):
        super().__init__()
        self.enc_conv1 = nn.Conv2d(1, 32, 3, stride=2, padding=1)
        self.enc_conv2 = nn.Conv2d(32, 64, 3, stride=2, padding=1)
        self.fc_mu = nn.Linear(64 * 7 * 7, LATENT_DIM)
        self.fc_logvar = nn.Linear(64 * 7 * 7, LATENT_DIM)
        self.fc_dec = nn.Linear(LATENT_DIM, 64 * 7 * 7)
        self.dec_conv1 = nn.ConvTranspose2d(64, 32, 3, stride=2, padding=1, output_padding=1)
        self.dec_conv2 = nn.ConvTranspose2d(32, 1, 3, stride=2, padding=1, output_padding=1)
    def encode(self, x):
        h = F.relu(self.enc_conv2(F.relu(self.enc_conv1(x))))
        h = h.view(h.size(0), -1)
        return self.fc_mu(h), self.fc_logvar(h)
    def decode(self, z):
        h = F.relu(self.fc_dec(z)).view(-1, 64, 7, 7)
        return torch.sigmoid(self.dec_conv2(F.relu(self.dec_conv1(h))))
    def forward(self, x):
        mu, logvar = self.encode(x)
        std = torch.exp(0.5 * logvar)
        return self.decode(mu + std * torch.randn_like(std)), mu, logvar
"""
    + _TRAINING,
)

CLASSES["14.pth"] = (
    "VAE",
    """
import torch
import torch.nn as nn
device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
class VAE(nn.Module):
    def __init__(self, device=device):
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(144, 120), nn.ReLU(), nn.Linear(120, 120), nn.ReLU(), nn.Linear(120, 120),
            nn.ReLU(), nn.Linear(120, 120), nn.ReLU(), nn.Linear(120, 80), nn.ReLU())
        self.mean_layer = nn.Linear(80, 120)
        self.logvar_layer = nn.Linear(80, 120)
        self.decoder = nn.Sequential(nn.Linear(120, 80), nn.ReLU(), nn.Linear(80, 120), nn.ReLU(), nn.Linear(120, 120), nn.ReLU(),
            nn.Linear(120, 144), nn.Sigmoid())
    def encode(self, x):
        x = self.encoder(x)
        return self.mean_layer(x), self.logvar_layer(x)
    def reparameterization(self, mean, var):
        epsilon = torch.randn_like(var).to(device)
        return mean + var * epsilon
    def decode(self, x):
        return self.decoder(x)
    def forward(self, x):
        mean, log_var = self.encode(x)
        return self.decode(self.reparameterization(mean, log_var)), mean, log_var
""",
)

CLASSES["13.pth"] = (
    "VAE",
    """
import torch
from torch import nn
class VAE(nn.Module):
    def __init__(self, latent_dim):
        super().__init__()
        self.encoder_layer = nn.Sequential(
            nn.Conv2d(1, 16, 3, padding=1), nn.BatchNorm2d(16), nn.LeakyReLU(), nn.MaxPool2d(2),
            nn.Conv2d(16, latent_dim, 3, padding=1), nn.BatchNorm2d(latent_dim), nn.LeakyReLU(), nn.MaxPool2d(2))
        self.decoder_layer = nn.Sequential(
            nn.Upsample(scale_factor=2), nn.Conv2d(latent_dim, 16, 3, padding=1), nn.BatchNorm2d(16), nn.LeakyReLU(),
            nn.Upsample(scale_factor=2), nn.Conv2d(16, 1, 3, padding=1), nn.Tanh())
    def forward(self, x):
        return self.decoder_layer(self.encoder_layer(x))
""",
)

CLASSES["15.pt"] = (
    "VAE",
    """
import torch
from torch import nn, optim
from torch.nn import functional as F
EPS = 1e-12
class VAE(nn.Module):
    def __init__(self, img_size, latent_spec, temperature=.67, use_cuda=False):
        super(VAE, self).__init__()
        self.use_cuda = use_cuda
        self.is_continuous = 'cont' in latent_spec
        self.is_discrete = 'disc' in latent_spec
        self.latent_spec = latent_spec
        self.temperature = temperature
        self.latent_cont_dim = latent_spec['cont'] if self.is_continuous else 0
        self.latent_disc_dim = sum(latent_spec['disc']) if self.is_discrete else 0
        self.reshape = (64, 4, 4)
        self.img_to_features = nn.Sequential(nn.Conv2d(img_size[0], 32, 4, 2, 1), nn.ReLU(), nn.Conv2d(32, 64, 4, 2, 1),
            nn.ReLU(), nn.Conv2d(64, 64, 4, 2, 1), nn.ReLU())
        self.features_to_hidden = nn.Sequential(nn.Linear(1024, 256), nn.ReLU())
        if self.is_continuous:
            self.fc_mean = nn.Linear(256, self.latent_cont_dim)
            self.fc_log_var = nn.Linear(256, self.latent_cont_dim)
        if self.is_discrete:
            self.fc_alphas = nn.ModuleList([nn.Linear(256, d) for d in latent_spec['disc']])
        self.latent_to_features = nn.Sequential(nn.Linear(self.latent_cont_dim + self.latent_disc_dim, 256), nn.ReLU(),
            nn.Linear(256, 1024), nn.ReLU())
        self.features_to_img = nn.Sequential(nn.ConvTranspose2d(64, 32, 4, 2, 1), nn.ReLU(),
            nn.ConvTranspose2d(32, 32, 4, 2, 1), nn.ReLU(), nn.ConvTranspose2d(32, img_size[0], 4, 2, 1), nn.Sigmoid())
    def encode(self, x):
        h = self.features_to_hidden(self.img_to_features(x).view(x.size(0), -1))
        out = {}
        if self.is_continuous:
            out['cont'] = [self.fc_mean(h), self.fc_log_var(h)]
        if self.is_discrete:
            out['disc'] = [F.softmax(fc(h), dim=1) for fc in self.fc_alphas]
        return out
    def reparameterize(self, latent_dist):
        sample = []
        if self.is_continuous:
            mean, logvar = latent_dist['cont']
            if self.training:
                sample.append(mean + torch.exp(.5 * logvar) * torch.zeros(mean.size()).normal_())
            else:
                sample.append(mean)
        if self.is_discrete:
            for alpha in latent_dist['disc']:
                if self.training:
                    g = -torch.log(-torch.log(torch.rand(alpha.size()) + EPS) + EPS)
                    sample.append(F.softmax((torch.log(alpha + EPS) + g) / self.temperature, dim=1))
                else:
                    hot = torch.zeros(alpha.size())
                    hot.scatter_(1, torch.max(alpha, dim=1)[1].view(-1, 1), 1)
                    sample.append(hot)
        return torch.cat(sample, dim=1)
    def decode(self, z):
        return self.features_to_img(self.latent_to_features(z).view(-1, *self.reshape))
    def forward(self, x):
        dist = self.encode(x)
        return self.decode(self.reparameterize(dist)), dist
""",
)

CLASSES["06.pt"] = ("VAE", CLASSES["01.pth"][1].replace("reparametrize", "reparameterize"))
