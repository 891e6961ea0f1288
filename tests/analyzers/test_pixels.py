"""Samples as pictures."""

from __future__ import annotations

import torch

from vae_analyze.analyzers.pixels import as_pixels


def test_large_pictures_are_averaged_down() -> None:
    picture = torch.zeros(1, 3, 192, 96)
    picture[..., ::2, :] = 1.0
    assert as_pixels(picture, (0.0, 1.0)).shape == (1, 96, 48, 3)
    assert (as_pixels(picture, (0.0, 1.0)) == 128).all()


def test_values_are_clamped_scaled_and_rounded() -> None:
    values = torch.tensor([-2.0, -1.0, 0.0, 0.999, 3.0]).reshape(1, 1, 1, 5)
    assert as_pixels(values, (-1.0, 1.0)).ravel().tolist() == [0, 0, 128, 255, 255]


def test_channels_that_are_no_colours_are_averaged() -> None:
    picture = torch.stack([torch.zeros(2, 2), torch.ones(2, 2)])[None]
    assert as_pixels(picture, (0.0, 1.0)).tolist() == [[[[128], [128]], [[128], [128]]]]
