"""A look-alike of 3D shapes (Burgess and Kim 2018, 3d-shapes), drawn on the
device. Its scores must not be compared with those of the real images.

What the camera sees depends on scale, shape and orientation alone; the three
hues only colour it. So 480 pictures of 9 parts, made once and cached, compose
all 480,000 images.
"""

import contextlib
import zipfile
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

from dvae_jax.data import grids
from dvae_jax.data.dataset import Dataset
from dvae_jax.data.formats import storage
from dvae_jax.data.rendered import shapes3d_scene
from dvae_jax.rundir import write_atomic

NAMES = (
  "floor_hue",
  "wall_hue",
  "object_hue",
  "scale",
  "shape",
  "orientation",
)
SIZES = (10, 10, 10, 8, 4, 15)
HUES = tuple(round(0.1 * i, 1) for i in range(10))
SCALES = tuple(float(v) for v in np.linspace(0.75, 1.25, 8))
SHAPES = ("cube", "cylinder", "sphere", "capsule")
DEGREES = tuple(float(v) for v in np.linspace(-30.0, 30.0, 15))
VALUES = (HUES, HUES, HUES, SCALES, SHAPES, DEGREES)
RESOLUTIONS = (64, 32, 16, 8)
# What NumPy raises for a file that is missing, truncated, or another thing.
_DAMAGE = (
  EOFError,
  KeyError,
  OSError,
  TypeError,
  ValueError,
  zipfile.BadZipFile,
)
SKY = (153 / 255, 226 / 255, 249 / 255)


def colours() -> np.ndarray:
  """(10, 3) float32: red, green and blue of the hues, S = V = 1."""
  ramp = (np.array([5.0, 3.0, 1.0]) + 6.0 * np.array(HUES)[:, None]) % 6.0
  rgb = 1.0 - np.clip(np.minimum(ramp, 4.0 - ramp), 0.0, 1.0)
  return rgb.astype(np.float32)


def layer_table() -> np.ndarray:
  """Casts all 480 scenes: (480, 9, 64, 64) uint8, in 255ths.

  Row (scale * 4 + shape) * 15 + orientation; the layers are those of
  `shapes3d_scene.layers`.
  """
  scenes = [
    (shape, scale, degrees)
    for scale in SCALES
    for shape in range(len(SHAPES))
    for degrees in DEGREES
  ]
  draw = lambda scene: np.round(255.0 * shapes3d_scene.layers(*scene))
  with ThreadPoolExecutor() as pool:
    return np.stack(list(pool.map(draw, scenes))).astype(np.uint8)


def cached_layer_table(directory: Path) -> np.ndarray:
  """`layer_table()`, made once per version of the scene.

  A missing or damaged file is made again; where the folder can't be written,
  the table is made in every process.
  """
  path = directory / f"shapes3d-layers-{shapes3d_scene.fingerprint()}.npz"
  try:
    with path.open("rb") as stored, np.load(stored) as file:
      table = file["table"]
    if table.shape == (480, 9, 64, 64) and table.dtype == np.uint8:
      return table
  except _DAMAGE:
    pass
  table = layer_table()
  with contextlib.suppress(OSError):
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomic(path, lambda file: np.savez(file, table=table))
  return table


def render(table, indices, *, sizes, strides) -> jax.Array:
  """Composes images (B, H, W, 3) of a thinned grid from the layer table."""
  factors = grids.native(grids.unravel(indices, sizes), strides)
  floor, wall, thing, *scene = factors
  hues = jnp.asarray(colours())
  levels = jnp.round(5.0 * hues).astype(jnp.int32)
  layers = jnp.concatenate(
    [jnp.broadcast_to(jnp.arange(3), (len(floor), 3)), 3 + levels[thing]], 1
  )
  parts = table[grids.ravel(scene, SIZES[3:])[:, None], layers]
  parts = parts.astype(jnp.float32) / 255.0
  paint = lambda colour, k: colour[:, None, None, :] * parts[:, k, :, :, None]
  sky = jnp.broadcast_to(jnp.array(SKY, jnp.float32), hues[floor].shape)
  image = paint(hues[floor], 0) + paint(hues[wall], 1) + paint(sky, 2)
  image += jnp.moveaxis(parts[:, 3:], 1, -1)
  return jnp.minimum(image, 1.0)


def load(config) -> Dataset:
  """The look-alike, of `config.resolution` and `config.stride`."""
  resolution = grids.check_resolution(config.resolution, RESOLUTIONS)
  sizes, strides = grids.thin(NAMES, SIZES, config.stride)
  table = cached_layer_table(storage.cache_dir())
  side = 64 // resolution
  if side > 1:
    table = table.reshape(480, 9, resolution, side, resolution, side)
    table = np.round(table.mean((3, 5))).astype(np.uint8)
  return Dataset(
    name="shapes3d",
    source="rendered",
    image_shape=(resolution, resolution, 3),
    num_images=int(np.prod(sizes)),
    factor_names=NAMES,
    factor_sizes=sizes,
    arrays=jnp.asarray(table),
    render=partial(render, sizes=sizes, strides=strides),
    factor_values=grids.thin_values(VALUES, strides),
    notes={
      "resolution": resolution,
      "stride": list(strides),
      "look_alike": "ray-cast imitation of 3D shapes; not comparable with"
      " scores on the real images",
    },
  )
