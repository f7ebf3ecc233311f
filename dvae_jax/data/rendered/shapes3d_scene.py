"""The room of the 3D shapes look-alike, cast ray by ray in NumPy.

An object stands at the origin, on the floor of a room without ceiling, and the
camera circles it. x points right, y back and z up; the unit of length is about
half the width of the room.
"""

import hashlib
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

LEVELS = np.arange(6, dtype=np.float32) / 5  # what a hue's channels can be
_FAR = np.float32(1e9)


class Scene(NamedTuple):
  """Effective constants, found by comparison with 30 real images (in-sample).

  Their mean absolute error there is 0.015. Sixteen of the images fit better
  with a scale or an orientation one or two steps off their labels, which are
  themselves a best match; the constants were fitted to those, with 0.013.

  Attributes:
    distance, height, pitch: the camera's, from the object, above the floor, and
      downwards in radians.
    view: tangent of half the field of view.
    wall, back, sides: height of the walls, distances of the back one, and of
      the left and the right one.
    cube: half a side at scale 1.
    cylinder, capsule: radius and height at scale 1.
    sphere: radius at scale 1.
    light: direction towards it.
    floor: brightness as a polynomial in 1, x, y, x^2, y^2, xy.
    walls: brightness of the back, left and right one, and of the back one's
      decrease with x^2.
    shadow: brightness that is left in it.
    shading: ambient, light and view terms of the object.
    highlight: its brightness, and where it starts and ends in the cosine.
  """

  distance: float = 0.9438
  height: float = 0.3233
  pitch: float = 0.0412
  view: float = 0.4657
  wall: float = 0.6418
  back: float = 0.9931
  sides: tuple[float, float] = (1.0587, 1.0481)
  cube: float = 0.1325
  cylinder: tuple[float, float] = (0.1412, 0.2875)
  sphere: float = 0.1608
  capsule: tuple[float, float] = (0.1221, 0.49)
  light: tuple[float, float, float] = (-0.2478, 0.0927, 0.9718)
  floor: tuple[float, ...] = (1.0678, -0.4071, 0.0555, -0.3019, -0.3936, 0.1618)
  walls: tuple[float, float, float, float] = (0.9963, 0.7102, 0.6612, 0.0785)
  shadow: float = 0.3363
  shading: tuple[float, float, float] = (0.4949, 0.5133, 0.4649)
  highlight: tuple[float, float, float] = (0.1138, 0.0294, 0.0862)


SCENE = Scene()


class Rays(NamedTuple):
  """Origins o and directions d: arrays or numbers that broadcast."""

  ox: Any
  oy: Any
  oz: Any
  dx: Any
  dy: Any
  dz: Any


def _divide(a, b):
  return a / np.where(np.abs(b) < 1e-9, np.float32(1e-9), b)


def _ball(rays: Rays, z: float, r: float):
  """Hit with a sphere of radius r around (0, 0, z): distance and normal."""
  oz = rays.oz - z
  b = rays.ox * rays.dx + rays.oy * rays.dy + oz * rays.dz
  c = rays.ox**2 + rays.oy**2 + oz**2 - r * r
  inside = b * b - c
  t = -b - np.sqrt(np.maximum(inside, 0))
  t = np.where((inside > 0) & (t > 1e-4), t, _FAR)
  normal = (
    (rays.ox + t * rays.dx) / r,
    (rays.oy + t * rays.dy) / r,
    (oz + t * rays.dz) / r,
  )
  return t, normal


def _tube(rays: Rays, r: float, low: float, high: float):
  """Hit with an upright open cylinder of radius r."""
  a = rays.dx**2 + rays.dy**2
  b = rays.dx * rays.ox + rays.dy * rays.oy
  inside = b * b - a * (rays.ox**2 + rays.oy**2 - r * r)
  t = _divide(-b - np.sqrt(np.maximum(inside, 0)), a)
  z = rays.oz + t * rays.dz
  hit = (inside > 0) & (t > 1e-4) & (z >= low) & (z <= high)
  normal = (
    (rays.ox + t * rays.dx) / r,
    (rays.oy + t * rays.dy) / r,
    np.zeros_like(t),
  )
  return np.where(hit, t, _FAR), normal


def _lid(rays: Rays, r: float, z: float):
  """Hit with a horizontal disc seen from above."""
  t = _divide(z - rays.oz, rays.dz)
  off = (rays.ox + t * rays.dx) ** 2 + (rays.oy + t * rays.dy) ** 2
  zero = np.zeros_like(t)
  return np.where((t > 1e-4) & (off <= r * r), t, _FAR), (zero, zero, zero + 1)


def _box(rays: Rays, a: float):
  """Hit with the cube of half side a that stands on the floor."""
  near, far = [], []
  for o, d, low, high in (
    (rays.ox, rays.dx, -a, a),
    (rays.oy, rays.dy, -a, a),
    (rays.oz, rays.dz, 0.0, 2 * a),
  ):
    one, two = _divide(low - o, d), _divide(high - o, d)
    near.append(np.minimum(one, two))
    far.append(np.maximum(one, two))
  t = np.maximum(np.maximum(near[0], near[1]), near[2])
  hit = (t < np.minimum(np.minimum(far[0], far[1]), far[2])) & (t > 1e-4)
  normal = tuple(
    np.where(t == n, -np.sign(d), np.float32(0))
    for n, d in zip(near, (rays.dx, rays.dy, rays.dz), strict=True)
  )
  return np.where(hit, t, _FAR), normal


def _nearest(hits):
  t, normal = hits[0]
  for other, its_normal in hits[1:]:
    closer = other < t
    t = np.where(closer, other, t)
    normal = tuple(
      np.where(closer, b, a) for a, b in zip(normal, its_normal, strict=True)
    )
  return t, normal


def _object(scene: Scene, rays: Rays, shape: int, scale: float):
  """Nearest hit with cube, cylinder, sphere or capsule."""
  if shape == 0:
    return _box(rays, scene.cube * scale)
  if shape == 1:
    r, h = scene.cylinder[0] * scale, scene.cylinder[1] * scale
    return _nearest([_tube(rays, r, 0.0, h), _lid(rays, r, h)])
  if shape == 2:
    r = scene.sphere * scale
    return _ball(rays, r, r)
  r, h = scene.capsule[0] * scale, scene.capsule[1] * scale
  return _nearest(
    [_tube(rays, r, r, h - r), _ball(rays, r, r), _ball(rays, h - r, r)]
  )


def _camera(scene: Scene, turn: float, size: int) -> Rays:
  """Rays through size x size pixels, turned by `turn` radians."""
  across = (np.arange(size, dtype=np.float32) + 0.5) / size * 2 - 1
  x, y = across[None, :] * scene.view, -across[:, None] * scene.view
  sin, cos = np.float32(np.sin(turn)), np.float32(np.cos(turn))
  down, level = np.sin(scene.pitch), np.cos(scene.pitch)
  forward = level + y * down
  dx, dy = x * cos - forward * sin, x * sin + forward * cos
  dz = np.broadcast_to(y * level - down, dx.shape)
  norm = np.sqrt(dx**2 + dy**2 + dz**2)
  origin = (scene.distance * sin, -scene.distance * cos, scene.height)
  return Rays(
    *(np.float32(v) for v in origin),
    *((d / norm).astype(np.float32) for d in (dx, dy, dz)),
  )


def _room(scene: Scene, rays: Rays):
  """Distance to floor and walls, whether it's the floor, wall brightness."""
  floor = np.where(rays.dz < 0, _divide(-rays.oz, rays.dz), _FAR)
  right = np.where(
    rays.dx > 0, _divide(scene.sides[1] - rays.ox, rays.dx), _FAR
  )
  left = np.where(
    rays.dx < 0, _divide(-scene.sides[0] - rays.ox, rays.dx), _FAR
  )
  back = np.where(rays.dy > 0, _divide(scene.back - rays.oy, rays.dy), _FAR)
  wall = np.minimum(np.minimum(left, right), back)
  x = rays.ox + wall * rays.dx
  bright = np.where(
    back <= np.minimum(left, right),
    scene.walls[0] - scene.walls[3] * np.maximum(x, 0) ** 2,
    np.where(left < right, scene.walls[1], scene.walls[2]),
  )
  return np.minimum(floor, wall), floor < wall, bright


def _lit_floor(scene: Scene, x, y, shape: int, scale: float):
  """Brightness of the floor at (x, y), the object's shadow included."""
  c = scene.floor
  bright = c[0] + c[1] * x + c[2] * y + c[3] * x * x + c[4] * y * y
  bright = np.clip(bright + c[5] * x * y, 0.4, 1.0)
  towards = np.array(scene.light, np.float32)
  up = Rays(x, y, np.float32(1e-3), *towards)
  t, _ = _object(scene, up, shape, scale)
  return np.where(t < _FAR, scene.shadow, np.float32(1)) * bright


def layers(
  shape: int,
  scale: float,
  degrees: float,
  *,
  scene: Scene = SCENE,
  size: int = 64,
  samples: int = 3,
) -> np.ndarray:
  """Brightness of each part of the picture.

  Args:
    shape: 0 cube, 1 cylinder, 2 sphere, 3 capsule.
    scale: of the object.
    degrees: orientation of the room.
    scene: the constants.
    size: side in pixels.
    samples: rays along a pixel's side.

  Returns:
    (9, size, size) float32: floor, walls, sky, and the object where a channel
    of its colour is 0, 0.2, ... 1; each 0 where other parts cover the pixel.
  """
  scale = float(scale)  # a NumPy scalar would turn all arrays into float64
  rays = _camera(scene, np.deg2rad(degrees), size * samples)
  distance, is_floor, wall = _room(scene, rays)
  t, normal = _object(scene, rays, shape, scale)
  is_object = t < distance
  x, y = rays.ox + distance * rays.dx, rays.oy + distance * rays.dy
  floor = _lit_floor(scene, x, y, shape, scale)
  is_floor &= ~is_object
  low = rays.oz + distance * rays.dz < scene.wall
  is_wall = ~is_object & ~is_floor & low
  is_sky = ~(is_object | is_floor | is_wall)
  light = np.maximum(
    sum(n * c for n, c in zip(normal, scene.light, strict=True)), 0
  )
  facing = -(normal[0] * rays.dx + normal[1] * rays.dy + normal[2] * rays.dz)
  shade = scene.shading[0] + scene.shading[1] * light
  shade += scene.shading[2] * np.maximum(facing, 0)
  peak, start, end = scene.highlight
  gloss = peak * np.clip((light - start) / (end - start), 0, 1)
  painted = [is_object * np.clip(v * shade + gloss, 0, 1) for v in LEVELS]
  parts = np.stack([is_floor * floor, is_wall * wall, is_sky * 1.0, *painted])
  parts = parts.reshape(9, size, samples, size, samples)
  return parts.mean((2, 4)).astype(np.float32)


def fingerprint() -> str:
  """Changes whenever this file does: part of the name of what it made."""
  return hashlib.sha256(Path(__file__).read_bytes()).hexdigest()[:16]
