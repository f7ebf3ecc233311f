"""The dSprites variants of Locatello et al. 2019 (arXiv:1811.12359).

There, colours, noise and patches are drawn anew whenever an image is sampled.
Here they are a fixed function of the image's index in the full grid, so that an
image is the same in training, evaluation and any thinned grid.
"""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

from dvae_jax.data import grids
from dvae_jax.data.dataset import Dataset
from dvae_jax.data.rendered import dsprites
from dvae_jax.data.sampling.hashing import uniform

_PATCH = 64


def texture(height: int = 274, width: int = 350) -> np.ndarray:
  """A procedural stand-in for the painting: bands that flow around bends.

  Returns:
    (height, width, 3) float32 in [0, 1]; a warm upper and a dark lower half.
  """
  y, x = np.mgrid[0:height, 0:width] / height
  bend = 0.11 * np.sin(5.1 * x + 1.3) + 0.06 * np.sin(11.7 * x - 7.9 * y)
  flow = y + bend + 0.035 * np.sin(23.0 * (x + y) + 6.0 * bend)
  band = 0.5 + 0.5 * np.sin(61.0 * flow + 4.0 * np.sin(3.7 * x))
  fine = 0.5 + 0.5 * np.sin(173.0 * flow + 19.0 * x)
  warm = 1.0 / (1.0 + np.exp(14.0 * (flow - 0.5)))
  sky = np.array([0.87, 0.48, 0.20]) + np.array([0.10, 0.27, 0.18]) * (
    band[..., None] - 0.5
  )
  water = np.array([0.20, 0.26, 0.36]) + np.array([0.24, 0.25, 0.20]) * (
    band[..., None] - 0.5
  )
  colour = warm[..., None] * sky + (1.0 - warm[..., None]) * water
  colour += 0.08 * (fine[..., None] - 0.5)
  return np.clip(colour, 0.0, 1.0).astype(np.float32)


def _colour(indices, sprite, arrays) -> jax.Array:
  """The sprite in a colour from U(0.5, 1)^3, on black."""
  colour = 0.5 + 0.5 * uniform(indices, 1, (1, 1, 3))
  return sprite * colour


def _noise(indices, sprite, arrays) -> jax.Array:
  """A white sprite on U(0, 1) noise in every pixel and channel."""
  noise = uniform(indices, 2, (*sprite.shape[1:3], 3))
  return sprite + (1.0 - sprite) * noise


def _scream(indices, sprite, arrays) -> jax.Array:
  """A random patch of the texture, tinted, and inverted under the sprite."""
  picture = arrays["texture"]
  room = jnp.array(picture.shape[:2]) - _PATCH
  corner = uniform(indices, 3, (2,)) * room[None, :]
  patch = jax.vmap(
    lambda at: jax.lax.dynamic_slice(
      picture, (at[0], at[1], 0), (_PATCH, _PATCH, 3)
    )
  )(corner.astype(jnp.int32))
  resolution = sprite.shape[1]
  side = _PATCH // resolution
  patch = patch.reshape(-1, resolution, side, resolution, side, 3)
  background = (patch.mean((2, 4)) + uniform(indices, 4, (1, 1, 3))) / 2.0
  return sprite + (1.0 - 2.0 * sprite) * background


def _render(arrays, indices, *, paint, sizes, strides, resolution) -> jax.Array:
  factors = grids.native(grids.unravel(indices, sizes), strides)
  sprite = dsprites.draw(arrays["spans"], factors, resolution)[..., None]
  return paint(grids.ravel(factors, dsprites.SIZES), sprite, arrays)


def _load(config, name: str, paint) -> Dataset:
  plain = dsprites.load(config)
  arrays = {"spans": plain.arrays}
  if paint is _scream:
    arrays["texture"] = jnp.asarray(texture())
  resolution = plain.image_shape[0]
  return plain._replace(
    name=name,
    image_shape=(resolution, resolution, 3),
    arrays=arrays,
    render=partial(
      _render,
      paint=paint,
      sizes=plain.factor_sizes,
      strides=tuple(plain.notes["stride"]),
      resolution=resolution,
    ),
    notes={**plain.notes, "randomness": "fixed by the index"},
  )


def load_colour(config) -> Dataset:
  """dSprites with sprites in random light colours."""
  return _load(config, "color_dsprites", _colour)


def load_noisy(config) -> Dataset:
  """dSprites on a background of uniform noise, drawn at the resolution."""
  return _load(config, "noisy_dsprites", _noise)


def load_scream(config) -> Dataset:
  """dSprites as inverted regions of patches of a procedural texture."""
  dataset = _load(config, "scream_dsprites", _scream)
  return dataset._replace(
    notes={**dataset.notes, "texture": "procedural, not the painting"}
  )


def _render_noshape(table, indices, *, sizes, strides, resolution) -> jax.Array:
  factors = grids.native(grids.unravel(indices, sizes), strides)
  index = grids.ravel(factors, dsprites.SIZES[1:])
  shape = (3.0 * uniform(index, 5)).astype(jnp.int32)
  return dsprites.draw(table, [shape, *factors], resolution)[..., None]


def load_noshape(config) -> Dataset:
  """dSprites whose shape is random instead of a factor: 245,760 images."""
  resolution = grids.check_resolution(config.resolution, dsprites.RESOLUTIONS)
  names, native_sizes = dsprites.NAMES[1:], dsprites.SIZES[1:]
  sizes, strides = grids.thin(names, native_sizes, config.stride)
  return Dataset(
    name="dsprites_noshape",
    source="rendered",
    image_shape=(resolution, resolution, 1),
    num_images=int(np.prod(sizes)),
    factor_names=names,
    factor_sizes=sizes,
    arrays=jnp.asarray(dsprites.span_table()),
    render=partial(
      _render_noshape, sizes=sizes, strides=strides, resolution=resolution
    ),
    factor_values=grids.thin_values(dsprites.VALUES[1:], strides),
    notes={
      "resolution": resolution,
      "stride": list(strides),
      "randomness": "fixed by the index",
    },
  )
