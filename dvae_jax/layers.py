"""Strided convolution and its transpose, lowered per platform."""

import flax.linen as nn


def Conv(features: int, kernel: int) -> nn.Module:
  """Convolution, stride 2, SAME: (B, H, W, C) -> (B, H/2, W/2, features)."""
  return nn.Conv(
    features,
    (kernel, kernel),
    (2, 2),
    kernel_init=nn.initializers.glorot_uniform(),
  )


def ConvTranspose(features: int, kernel: int) -> nn.Module:
  """Transposed convolution, stride 2: (B, H, W, C) -> (B, 2H, 2W, features)."""
  return nn.ConvTranspose(
    features,
    (kernel, kernel),
    (2, 2),
    kernel_init=nn.initializers.glorot_uniform(),
  )
