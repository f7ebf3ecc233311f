"""p(x|z): how an image is compared with what the decoder says, in nats."""

import math
from collections.abc import Callable, Mapping
from typing import NamedTuple

import jax.numpy as jnp
from jax import Array
from jax.nn import sigmoid, softplus

from dvae_jax.methods.shapes import Float

Images = Float[Array, "B H W C"]


class Likelihood(NamedTuple):
  """One likelihood.

  Attributes:
    log_prob: (outputs (B, H, W, C) of the decoder, images (B, H, W, C) in [0,
      1], *, learned parameters and hyper-parameters) -> (B,) nats.
    mean: outputs -> the decoded image, in [0, 1].
    parameters: name -> first value, of what is learned beside the networks.
  """

  log_prob: Callable[..., Array]
  mean: Callable[[Array], Array] = sigmoid
  parameters: Mapping[str, float] = {}


def bernoulli(logits: Images, images: Images) -> Float[Array, " B"]:
  """log p(x|z) of independent Bernoulli pixels, summed over pixels.

  Kingma & Welling 2014 (arXiv:1312.6114), appendix C.1. For pixels inside (0,
  1) it is minus the cross-entropy, as in all published tables; the continuous
  Bernoulli's constant is left out.

  Args:
    logits: (B, H, W, C) log p / (1 - p).
    images: (B, H, W, C) pixels in [0, 1].

  Returns:
    (B,) in nats.
  """
  return _over_pixels(images * logits - softplus(logits))


def gaussian(logits: Images, images: Images) -> Float[Array, " B"]:
  """Minus the squared error of sigmoid(logits), summed over pixels.

  It is log N(x; sigmoid(logits), 1/2) without its constant -(1/2) log(pi) a
  pixel: disentanglement_lib's `l2`, with no factor 1/2.

  Args:
    logits: (B, H, W, C); their sigmoid is the mean of a pixel.
    images: (B, H, W, C) pixels in [0, 1].

  Returns:
    (B,) in nats, up to the constant.
  """
  return -_over_pixels((images - sigmoid(logits)) ** 2)


def gaussian_noise(
  logits: Images, images: Images, *, noise_variance
) -> Float[Array, " B"]:
  """log N(x; sigmoid(logits), noise_variance), summed over pixels.

  Kingma & Welling 2014 (arXiv:1312.6114), appendix C.2, with one variance. A
  linear beta-VAE uses the directions in which images vary by more than beta
  noise_variance (Lucas et al. 2019, arXiv:1911.02469, section 4), so that beta
  says nothing without it. `gaussian` is a variance of 1/2, but for a constant.

  Args:
    logits: (B, H, W, C); their sigmoid is the mean of a pixel.
    images: (B, H, W, C) pixels in [0, 1].
    noise_variance: of a pixel, above 0.

  Returns:
    (B,) in nats.
  """
  squares = (images - sigmoid(logits)) ** 2 / noise_variance
  constant = math.log(2.0 * math.pi) + jnp.log(noise_variance)
  return -0.5 * _over_pixels(squares + constant)


def gaussian_learned(
  logits: Images, images: Images, *, log_variance
) -> Float[Array, " B"]:
  """`gaussian_noise` whose variance is learned: sigma-VAE.

  Rybkin et al. 2021 (arXiv:2006.13202), section 3, one variance for all pixels.
  At its best it is the mean squared error, so that the loss grows with the
  logarithm of that error, without bound where images are met exactly.

  Args:
    logits: (B, H, W, C); their sigmoid is the mean of a pixel.
    images: (B, H, W, C) pixels in [0, 1].
    log_variance: of a pixel, a parameter.

  Returns:
    (B,) in nats.
  """
  return gaussian_noise(logits, images, noise_variance=jnp.exp(log_variance))


def _over_pixels(values: Images) -> Float[Array, " B"]:
  return jnp.sum(values, axis=tuple(range(1, values.ndim)))


LIKELIHOODS = {
  "bernoulli": Likelihood(bernoulli),
  "gaussian": Likelihood(gaussian),
  "gaussian_noise": Likelihood(gaussian_noise),
  "gaussian_learned": Likelihood(
    gaussian_learned, parameters={"log_variance": 0.0}
  ),
}
