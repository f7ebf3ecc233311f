"""Instance-normalised encoders, and decoders that the code only modulates.

A decoder starts from a map that is the same for every image; the code enters by
the scales and biases of adaptive instance normalisation (Huang & Belongie 2017,
arXiv:1703.06868) of every layer. So a latent acts everywhere alike.
"""

from functools import partial

import flax.linen as nn
import jax.numpy as jnp

from dvae_jax.networks import layers
from dvae_jax.networks.architectures import Architecture

# Equinox' initializer: uniform in +-1 / sqrt(inputs).
uniform_fan_in = nn.initializers.variance_scaling(1 / 3, "fan_in", "uniform")
Dense = partial(nn.Dense, kernel_init=uniform_fan_in)
Conv3 = partial(nn.Conv, kernel_size=(3, 3), kernel_init=uniform_fan_in)
Strided = partial(layers.Conv, kernel=4, kernel_init=uniform_fan_in)
Transposed = partial(layers.ConvTranspose, kernel=4, kernel_init=uniform_fan_in)
leaky_relu = partial(nn.leaky_relu, negative_slope=0.2)
WIDTHS = (32, 64, 128, 256)
FIT = (16, 32)  # multiples of 16 from 32 on


def instance_norm(affine: bool, epsilon: float = 1e-6) -> nn.Module:
  """Mean 0 and variance 1 of every image's every channel.

  Ulyanov et al. 2016 (arXiv:1607.08022), eq. 4.

  Args:
    affine: whether scales and biases are learned.
    epsilon: added to the variance.

  Returns:
    A Flax module, (B, H, W, C) -> (B, H, W, C).
  """
  return nn.GroupNorm(
    num_groups=None,
    group_size=1,
    epsilon=epsilon,
    use_bias=affine,
    use_scale=affine,
    use_fast_variance=False,  # float32 would lose a small variance
  )


class NormedEncoder(nn.Module):
  """QLAE's encoder: each convolution, instance normalisation, leaky ReLU.

  Hsu et al. 2023 (arXiv:2305.18378): four times two of 3 x 3 and one of 4 x 4
  with stride 2, without biases, then two dense layers of 256 with ReLU.
  """

  @nn.compact
  def __call__(self, images):
    h = layers.padded(images, layers.grown(images.shape[1:], *FIT))
    for width in WIDTHS:
      for conv in (Conv3, Conv3, Strided):
        h = conv(features=width, use_bias=False)(h)
        h = leaky_relu(instance_norm(affine=True)(h))
    h = h.reshape(h.shape[0], -1)
    for _ in range(2):
      h = nn.relu(Dense(256)(h))
    return h


class StyledDecoder(nn.Module):
  """QLAE's decoder: a learned map, modulated by two dense layers of the code.

  Hsu et al. 2023 (arXiv:2305.18378): four times two transposed convolutions of
  3 x 3 and one of 4 x 4 with stride 2; each before leaky ReLU, instance
  normalisation and the code's scale and bias, which are not negative (a ReLU's
  outputs). Nothing has a bias of its own but the dense layers.
  """

  image_shape: tuple[int, int, int]

  @nn.compact
  def __call__(self, z):
    height, width = layers.grown(self.image_shape, *FIT)
    start = (1, height // 16, width // 16, WIDTHS[-1])
    h = self.param("map", nn.initializers.constant(0.1), start)
    h = jnp.broadcast_to(h.astype(z.dtype), (len(z), *start[1:]))
    style = z
    for _ in range(2):
      style = nn.relu(Dense(256)(style))
    for features in WIDTHS[::-1]:
      for conv in (Conv3, Conv3, Transposed):
        h = leaky_relu(conv(features=features, use_bias=False)(h))
        h = instance_norm(affine=False)(h)
        scale_and_bias = nn.relu(Dense(2 * features)(style))
        scale, bias = jnp.split(scale_and_bias[:, None, None, :], 2, axis=-1)
        h = h * scale + bias
    h = Conv3(features=self.image_shape[2], use_bias=False)(h)
    return layers.cropped(h, self.image_shape)


def _qlae(image_shape, relu=layers.relu):
  layers.grown(image_shape, *FIT)  # refuses vectors
  return Architecture(
    NormedEncoder(), StyledDecoder(image_shape), uniform_fan_in
  )


NETWORKS = {"qlae_conv": _qlae}
