"""Encoders, decoders and the critic, as Flax modules.

An encoder gives features, images (B, H, W, C) -> (B, F); the posterior's head
sits on them. A decoder gives z (B, D) -> outputs (B, H, W, C). Vectors are
images of one row, (B, 1, N, 1).
"""

from collections.abc import Callable, Sequence
from functools import partial
from math import prod
from typing import NamedTuple

import flax.linen as nn
import jax

from dvae_jax.networks import layers
from dvae_jax.networks.layers import Dense, glorot_uniform

# Keras' "RandomNormal", in the network of the covariance experiment.
PETALS_INIT = nn.initializers.normal(0.05)
PETALS_FIT = (8, 40)  # multiples of 8 from 40 on
RELUS = {"sign": layers.relu, "mask": nn.relu}
# float32 would lose the variance of features that lie far from zero.
layer_norm = partial(nn.LayerNorm, use_fast_variance=False)


class Critic(nn.Module):
  """Dense layers with leaky ReLU, six of 1,000 (Kim & Mnih 2018, appendix A).

  z (B, D) -> logit (B,) of z being drawn from q(z) and not from the product of
  its marginals.
  """

  hidden: Sequence[int] = (1000,) * 6

  @nn.compact
  def __call__(self, z):
    h = z
    for width in self.hidden:
      h = nn.leaky_relu(Dense(width)(h), 0.2)
    return Dense(1)(h)[:, 0]


class Architecture(NamedTuple):
  """The networks of a run.

  Attributes:
    encoder: Flax module, images (B, H, W, C) -> features (B, F).
    decoder: Flax module, z (B, D) -> outputs (B, H, W, C).
    kernel_init: initializer of the posterior's head.
    critic: Flax module, z (B, D) -> logit (B,), for methods that need one.
  """

  encoder: nn.Module
  decoder: nn.Module
  kernel_init: Callable = glorot_uniform
  critic: nn.Module = Critic()


class ConvEncoder(nn.Module):
  """Strided convolutions, then dense layers, each with ReLU."""

  convs: Sequence[tuple[int, int]]  # (features, kernel), stride 2 each
  hidden: Sequence[int]
  relu: Callable

  @nn.compact
  def __call__(self, images):
    canvas = layers.grown(images.shape[1:], 2 ** len(self.convs))
    h = layers.padded(images, canvas)
    for features, kernel in self.convs:
      h = self.relu(layers.Conv(features, kernel)(h))
    h = h.reshape(h.shape[0], -1)
    for width in self.hidden:
      h = self.relu(Dense(width)(h))
    return h


class ConvDecoder(nn.Module):
  """Dense layers, then strided transposed convolutions; ReLU between."""

  hidden: Sequence[int]
  start_channels: int
  convs: Sequence[tuple[int, int]]  # (features, kernel) but the last: C
  image_shape: tuple[int, int, int]
  relu: Callable

  @nn.compact
  def __call__(self, z):
    scale = 2 ** (len(self.convs) + 1)
    height, width = layers.grown(self.image_shape, scale)
    start = (height // scale, width // scale, self.start_channels)
    h = z
    for size in (*self.hidden, prod(start)):
      h = self.relu(Dense(size)(h))
    h = h.reshape(-1, *start)
    for features, kernel in self.convs:
      h = self.relu(layers.ConvTranspose(features, kernel)(h))
    h = layers.ConvTranspose(self.image_shape[2], 4)(h)
    return layers.cropped(h, self.image_shape)


class MLPEncoder(nn.Module):
  """Dense layers with ReLU, each after layer normalisation where `norm`."""

  hidden: Sequence[int]
  relu: Callable
  norm: bool = False

  @nn.compact
  def __call__(self, images):
    h = images.reshape(images.shape[0], -1)
    for width in self.hidden:
      h = Dense(width)(h)
      h = self.relu(layer_norm()(h) if self.norm else h)
    return h


class MLPDecoder(nn.Module):
  """Dense layers with tanh, each after layer normalisation likewise."""

  hidden: Sequence[int]
  image_shape: tuple[int, int, int]
  norm: bool = False

  @nn.compact
  def __call__(self, z):
    h = z
    for width in self.hidden:
      h = Dense(width)(h)
      h = nn.tanh(layer_norm()(h) if self.norm else h)
    return Dense(prod(self.image_shape))(h).reshape(-1, *self.image_shape)


class PetalsEncoder(nn.Module):
  """3 x 3 convolutions without padding, each before 2 x 2 max pooling.

  256 x 256 pixels become 15 x 15 x 128 = 28,800 features.
  """

  relu: Callable

  @nn.compact
  def __call__(self, images):
    h = layers.padded(images, layers.grown(images.shape[1:], *PETALS_FIT))
    for features in (64, 64, 128, 128):
      conv = nn.Conv(features, (3, 3), padding="VALID", kernel_init=PETALS_INIT)
      h = nn.max_pool(self.relu(conv(h)), (2, 2), (2, 2), padding="SAME")
    return h.reshape(h.shape[0], -1)


class PetalsDecoder(nn.Module):
  """Upsampling, 3 x 3 and 1 x 1 convolutions, each before a normalisation.

  The published network normalises over the batch; group normalisation stands in
  for it here, because it keeps no running averages beside the parameters.
  """

  image_shape: tuple[int, int, int]
  relu: Callable

  @nn.compact
  def __call__(self, z):
    height, width = layers.grown(self.image_shape, *PETALS_FIT)
    start = (height // 8, width // 8, 16)
    dense = nn.Dense(prod(start), use_bias=False, kernel_init=PETALS_INIT)
    h = self.relu(dense(z)).reshape(-1, *start)
    for features, kernel in ((64, 3), (64, 3), (128, 3), (256, 1)):
      if kernel == 3:
        batch, rows, columns, depth = h.shape
        shape = (batch, 2 * rows, 2 * columns, depth)
        h = jax.image.resize(h, shape, "nearest")
      conv = nn.ConvTranspose(
        features, (kernel, kernel), kernel_init=PETALS_INIT
      )
      h = nn.GroupNorm(8)(self.relu(conv(h)))
    last = nn.ConvTranspose(
      self.image_shape[2], (1, 1), kernel_init=PETALS_INIT
    )
    return layers.cropped(last(h), self.image_shape)


def _convolutional(encoder_convs, hidden, start_channels, decoder_convs):
  def build(image_shape, relu=layers.relu):
    layers.grown(image_shape, 2 ** len(encoder_convs))  # refuses vectors
    return Architecture(
      ConvEncoder(encoder_convs, hidden, relu),
      ConvDecoder(
        hidden[::-1], start_channels, decoder_convs, image_shape, relu
      ),
    )

  return build


def _mlp(
  encoder_hidden, decoder_hidden, critic_hidden=Critic.hidden, norm=False
):
  def build(image_shape, relu=layers.relu):
    return Architecture(
      MLPEncoder(encoder_hidden, relu, norm),
      MLPDecoder(decoder_hidden, image_shape, norm),
      critic=Critic(critic_hidden),
    )

  return build


def _petals(image_shape, relu=layers.relu):
  layers.grown(image_shape, *PETALS_FIT)  # refuses vectors
  return Architecture(
    PetalsEncoder(relu), PetalsDecoder(image_shape, relu), PETALS_INIT
  )


# name -> (image_shape, relu) -> Architecture, or ValueError for what is no
# image. Convolutions pad an image that isn't a multiple of their strides with
# zeros, and crop what they decode; every other network takes any shape.
# conv: Locatello et al. 2019 (arXiv:1811.12359), table 1; conv_k4: the same
# with kernels of 4 throughout, as most ports do; burgess: Burgess et al. 2018
# (arXiv:1804.03599), appendix; mlp: Chen et al. 2018 (arXiv:1802.04942),
# appendix; petals_conv: the notebooks of M-Lin-DM/VAE-zeroshot-learning;
# mlp_small and mlp_tiny, whose parameters, moments and gradients fit a CPU's
# caches, are ours, for laptops: their critics too are as small. mlp_norm is
# mlp_tiny with layer normalisation (Ba et al. 2016, arXiv:1607.06450) before
# every activation, for methods that can't do without, such as tripod. linear,
# whose features are the pixels: the linear VAE of Lucas et al. 2019
# (arXiv:1911.02469).
NETWORKS = {
  "conv": _convolutional(
    ((32, 4), (32, 4), (64, 2), (64, 2)),
    (256,),
    64,
    ((64, 4), (32, 4), (32, 4)),
  ),
  "conv_k4": _convolutional(
    ((32, 4), (32, 4), (64, 4), (64, 4)),
    (256,),
    64,
    ((64, 4), (32, 4), (32, 4)),
  ),
  "burgess": _convolutional(((32, 4),) * 4, (256, 256), 32, ((32, 4),) * 3),
  "mlp": _mlp((1200, 1200), (1200, 1200, 1200)),
  "mlp_small": _mlp((256, 256), (256, 256), (256,) * 3),
  "mlp_tiny": _mlp((128, 128), (128, 128), (128,) * 3),
  "mlp_norm": _mlp((128, 128), (128, 128), (128,) * 3, norm=True),
  "linear": _mlp((), ()),
  "petals_conv": _petals,
}
