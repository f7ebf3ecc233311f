"""Heads and chairs of a few solids, drawn here: stand-ins for 3-D faces and 3-D
chairs, with factors of the same names. Scores must not be compared with those
on the real images.

A head is of ellipsoids, a chair of boxes. Of each of a pixel's parallel rays
the nearest solid counts, in Lambertian light. All images of a set are drawn
when it is loaded.
"""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from dvae_jax.data import grids
from dvae_jax.data.dataset import Dataset

RESOLUTIONS = (32, 64, 16)
RAYS = 2  # along each side of a pixel
CHUNK = 64  # images drawn at a time
AMBIENT = 0.3

HEAD_NAMES = ("identity", "azimuth", "elevation", "lighting")
HEAD_SIZES = (8, 11, 5, 7)
HEAD_VALUES = (
  tuple(range(8)),
  tuple(float(v) for v in np.linspace(-50, 50, 11)),
  tuple(float(v) for v in np.linspace(-20, 20, 5)),
  tuple(float(v) for v in np.linspace(-75, 75, 7)),
)
CHAIR_NAMES = ("legs", "width", "back", "azimuth")
CHAIR_SIZES = (3, 5, 5, 24)
CHAIR_VALUES = (
  ("four", "pedestal", "block"),
  tuple(float(v) for v in np.linspace(0.3, 0.6, 5)),
  tuple(float(v) for v in np.linspace(0.2, 0.75, 5)),
  tuple(float(v) for v in range(0, 360, 15)),
)


class Solids(NamedTuple):
  """The parts of a thing, z upwards, its front along x.

  Attributes:
    centre, half: (P, 3) middle and half the sides or axes.
    albedo: (P,) 0 to 1.
  """

  centre: np.ndarray
  half: np.ndarray
  albedo: np.ndarray


class View(NamedTuple):
  """Where from, all of shape () and in degrees.

  Attributes:
    azimuth, elevation: of the camera; 0 and 0 look at the front.
    light: azimuth of the light, seen from the camera.
  """

  azimuth: jax.Array
  elevation: jax.Array
  light: jax.Array


def _solids(parts) -> Solids:
  """From rows (centre, half, albedo)."""
  columns = zip(*parts, strict=True)
  return Solids(*(np.array(column, np.float32) for column in columns))


def head(identity: int) -> Solids:
  """Skull, jaw, hair, nose, eyes and mouth, whose sizes the identity draws."""
  wide, jaw, nose, apart, high, hair = np.random.default_rng(identity).random(6)
  wide, jaw, nose = 0.52 + 0.16 * wide, 0.3 + 0.2 * jaw, 0.1 + 0.12 * nose
  eye = (0.5, 0.18 + 0.1 * apart, 0.12)
  other = (eye[0], -eye[1], eye[2])
  return _solids(
    [
      ((0, 0, 0.15), (0.62, wide, 0.66 + 0.12 * high), 0.85),
      ((0.12, 0, -0.45), (0.42, jaw, 0.42), 0.85),
      ((-0.16, 0, 0.3), (0.62, wide + 0.06, 0.66), 0.1 + 0.5 * hair),
      ((0.62, 0, -0.08), (nose, 0.09, 0.16), 0.9),
      (eye, (0.12, 0.09, 0.06), 0.1),
      (other, (0.12, 0.09, 0.06), 0.1),
      ((0.46, 0, -0.42), (0.12, 0.18, 0.04), 0.35),
    ]
  )


def chair(legs: str, width: float, back: float) -> Solids:
  """A seat, a back and what stands on the floor."""
  rim, away = width - 0.05, (0.0, 0.0, 99.0)  # out of the picture
  corners = [(x, y, -0.4) for x in (-rim, rim) for y in (-rim, rim)]
  post = (0.05, 0.05, 0.4)
  place = lambda style, centre: centre if legs == style else away
  return _solids(
    [
      ((0, 0, 0), (width, width, 0.06), 0.7),
      ((-rim, 0, back / 2), (0.05, width, back / 2), 0.9),
      *((place("four", corner), post, 0.4) for corner in corners),
      (place("pedestal", (0, 0, -0.4)), (0.07, 0.07, 0.4), 0.4),
      (place("pedestal", (0, 0, -0.75)), (0.35, 0.35, 0.06), 0.4),
      (place("block", (0, 0, -0.4)), (width, width, 0.4), 0.4),
    ]
  )


def ball(part: Solids, origin, direction) -> tuple[jax.Array, jax.Array]:
  """Where a ray meets an ellipsoid, by its quadratic equation.

  Glassner 1989, An Introduction to Ray Tracing, section 2.2.

  Args:
    part: one of its rows.
    origin, direction: (3,).

  Returns:
    The distance in units of the direction, inf where it misses, and the normal
    (3,) of no certain length.
  """
  start, d = (origin - part.centre) / part.half, direction / part.half
  a, b, c = d @ d, start @ d, start @ start - 1
  root = b**2 - a * c
  t = (-b - jnp.sqrt(jnp.maximum(root, 0))) / a
  return jnp.where(root > 0, t, jnp.inf), (start + t * d) / part.half


def box(part: Solids, origin, direction) -> tuple[jax.Array, jax.Array]:
  """Where a ray meets a box, as `ball`: Kay & Kajiya 1986, by its slabs."""
  start, d = (origin - part.centre) / part.half, direction / part.half
  ends = jnp.stack([(-1 - start) / d, (1 - start) / d])
  near, far = ends.min(0), ends.max(0)
  t = jnp.where(near.max() < far.min(), near.max(), jnp.inf)
  return t, jax.nn.one_hot(near.argmax(), 3) * -jnp.sign(d)


def _axes(view: View):
  """The camera's directions: towards it, to its right and up."""
  a, e = jnp.deg2rad(view.azimuth), jnp.deg2rad(view.elevation)
  front = jnp.array([jnp.cos(e) * jnp.cos(a), jnp.cos(e) * jnp.sin(a), 0.0])
  front = front.at[2].set(jnp.sin(e)) + 1e-4  # no ray along a side
  right = jnp.array([-jnp.sin(a), jnp.cos(a), 0.0])
  return front, right, jnp.cross(front, right)


def draw(
  solids: Solids, view: View, *, hit: Callable, resolution: int, background
) -> jax.Array:
  """One image (H, W) in [0, 1], of Lambertian grey under one light.

  Lambert 1760; the light is above and, by `view.light`, beside the camera.

  Args:
    solids: of one thing.
    view: of it.
    hit: `ball` or `box`.
    resolution: side in pixels.
    background: grey level.
  """
  front, right, up = _axes(view)
  angle = jnp.deg2rad(view.light)
  light = jnp.cos(angle) * front + jnp.sin(angle) * right + 0.4 * up
  light /= jnp.linalg.norm(light)
  side = jnp.linspace(-1.1, 1.1, 2 * resolution * RAYS + 1)[1::2]

  def ray(x, y):
    origin = 4 * front + x * right + y * up
    t, normals = jax.vmap(lambda part: hit(part, origin, -front))(solids)
    first = t.argmin()
    normal = normals[first] / jnp.linalg.norm(normals[first])
    lit = AMBIENT + (1 - AMBIENT) * jnp.maximum(normal @ light, 0)
    shade = jnp.asarray(solids.albedo)[first] * lit
    return jnp.where(t[first] < jnp.inf, shade, background)

  shades = jax.vmap(jax.vmap(ray, (0, None)), (None, 0))(side, -side)
  parts = shades.reshape(resolution, RAYS, resolution, RAYS)
  return parts.mean((1, 3))


def table(things: list[Solids], which, views: View, **options) -> jax.Array:
  """All images (N, H, W, 1) uint8.

  Args:
    things: M of them, with as many parts each.
    which: (N,) the thing of each image.
    views: (N,) each.
    options: of `draw`.
  """
  stacked = jax.tree.map(lambda *parts: jnp.stack(parts), *things)
  one = partial(draw, **options)

  def image(place):
    thing = jax.tree.map(lambda leaf: leaf[place[0]], stacked)
    return jnp.rint(255 * one(thing, View(*place[1]))).astype(jnp.uint8)

  places = (jnp.asarray(which), jnp.stack([jnp.asarray(v) for v in views], 1))
  images = jax.jit(lambda p: jax.lax.map(image, p, batch_size=CHUNK))(places)
  return images[..., None]


def render(images, indices) -> jax.Array:
  """Images (B, H, W, 1) of indices (B,), in [0, 1]."""
  return images[indices].astype(jnp.float32) / 255


def _load(config, name, names, values, make, **options) -> Dataset:
  """A grid: `make` gives the things, and each image's thing and view."""
  resolution = grids.check_resolution(config.resolution, RESOLUTIONS)
  sizes = tuple(len(own) for own in values)
  sizes, strides = grids.thin(names, sizes, config.stride)
  values = grids.thin_values(values, strides)
  factors = np.unravel_index(np.arange(np.prod(sizes)), sizes)
  images = table(*make(values, factors), resolution=resolution, **options)
  return Dataset(
    name=name,
    source="rendered",
    image_shape=(resolution, resolution, 1),
    num_images=len(images),
    factor_names=names,
    factor_sizes=sizes,
    arrays=images,
    render=render,
    factor_values=values,
    notes={"resolution": resolution, "stride": list(strides)},
  )


def _heads(values, factors):
  things = [head(identity) for identity in values[0]]
  angles = [
    np.array(own, np.float32)[f]
    for own, f in zip(values[1:], factors[1:], strict=True)
  ]
  return things, factors[0], View(*angles)


def _chairs(values, factors):
  legs, width, back, azimuth = values
  things = [chair(k, w, b) for k in legs for w in width for b in back]
  which = np.ravel_multi_index(factors[:3], [len(v) for v in values[:3]])
  turned = np.array(azimuth, np.float32)[factors[3]]
  return things, which, View(turned, 0 * turned + 20, 0 * turned + 30)


def load_heads(config) -> Dataset:
  """Heads of eight people, of `config.resolution` and `config.stride`."""
  return _load(
    config,
    "drawn_heads",
    HEAD_NAMES,
    HEAD_VALUES,
    _heads,
    hit=ball,
    background=0.0,
  )


def load_chairs(config) -> Dataset:
  """Chairs that turn, of `config.resolution` and `config.stride`."""
  return _load(
    config,
    "drawn_chairs",
    CHAIR_NAMES,
    CHAIR_VALUES,
    _chairs,
    hit=box,
    background=1.0,
  )
