"""Images as they are shown: side by side, moving, along a walk."""

import io
from functools import partial
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from PIL import Image, ImageDraw

from dvae_jax.report.figures.style import (
  CAPTION,
  FAINT,
  HALF_WIDTH,
  PALETTE,
  Usage,
  framed,
)
from dvae_jax.rundir import write_atomic


def to_uint8(images) -> np.ndarray:
  """Images in [0, 1] to 0 ... 255, rounded; uint8 stays as it is."""
  images = np.asarray(images)
  if images.dtype == np.uint8:
    return images
  return np.rint(np.clip(np.nan_to_num(images), 0, 1) * 255).astype(np.uint8)


def shown(images) -> np.ndarray:
  """Images (..., C) as uint8 that can be seen, in one or three channels.

  Of more than three channels they are the first three, of two the first. A
  vector, an image of one line, is as high as a third of its length.
  """
  images = to_uint8(images)
  height, width, channels = images.shape[-3:]
  if height == 1:
    images = images.repeat(max(1, width // 3), axis=-3)
  if channels in (1, 3):
    return images
  return images[..., :3] if channels > 3 else images[..., :1]


def tile(images, *, gap: int, alpha=1.0) -> np.ndarray:
  """Lays images out as a table with transparent gaps.

  Args:
    images: (R, S, H, W, C) in [0, 1] or uint8, as `shown` shows them.
    gap: pixels between images.
    alpha: opacity in [0, 1]: a number, or anything that broadcasts to (R, S).

  Returns:
    (R (H + gap) - gap, S (W + gap) - gap, 4) uint8, RGBA.
  """
  images = shown(images)
  rows, columns, height, width, _ = images.shape
  table = np.zeros((rows, height + gap, columns, width + gap, 4), np.uint8)
  table[:, :height, :, :width, :3] = images.transpose(0, 2, 1, 3, 4)
  opacity = np.broadcast_to(np.asarray(alpha, np.float64), (rows, columns))
  table[:, :height, :, :width, 3] = np.rint(255 * opacity)[:, None, :, None]
  flat = table.reshape(rows * (height + gap), columns * (width + gap), 4)
  return flat[: flat.shape[0] - gap, : flat.shape[1] - gap]


def opacity(use: Usage) -> np.ndarray:
  """Of each latent, sorted by use: inactive ones are dimmed. (D,)."""
  return np.where(use.active()[use.order()], 1.0, 0.3)


def walk(
  frames, path, codes, *, names=("z0", "z1"), width=HALF_WIDTH
) -> Figure:
  """Decodings along a curved path, drawn where the path passes.

  Args:
    frames: (S, H, W, C) decoded points of the path.
    path: (S, 2) the path's coordinates in a plane of the latent space.
    codes: (N, 2) codes in that plane, drawn behind it.
    names: the plane's two axes.
    width: inches.
  """
  frames, path, codes = shown(frames), np.asarray(path), np.asarray(codes)
  side = width - 0.65
  figure, ax = framed(width, side)
  figure.suppressComposite = True  # every image keeps its own pixels
  figure.patch.set_alpha(0)
  ax.patch.set_alpha(0)
  ax.scatter(codes[:, 0], codes[:, 1], s=3, color=FAINT, lw=0)
  ax.plot(*path.T, color=PALETTE[1], lw=1.2)
  reach = 1.2 * np.abs(path).max()
  x = 0.38 * reach / side  # half of an image 0.38 inches wide
  half = np.array([x, x * frames.shape[1] / frames.shape[2]])
  for frame, point in zip(frames, path, strict=True):
    (left, bottom), (right, top) = point - half, point + half
    ax.imshow(
      tile(frame[None, None], gap=1), interpolation="none", zorder=3,
      extent=(left, right, bottom, top),
    )  # fmt: skip
    ax.add_patch(
      Rectangle((left, bottom), *2 * half, fill=False, ec=PALETTE[1], zorder=4)
    )
  ax.set(xlim=(-reach, reach), ylim=(-reach, reach), aspect="equal")
  ax.set_xlabel(names[0], fontsize=8.5, color=CAPTION)
  ax.set_ylabel(names[1], fontsize=8.5, color=CAPTION)
  ax.tick_params(labelsize=7.5, colors=CAPTION)
  ax.spines[:].set_color(FAINT)
  return figure


def traversal_animation(
  frames, use: Usage, *, scale: int = 1
) -> list[np.ndarray]:
  """All latents side by side, moving from the lowest value to the highest.

  Args:
    frames: (D, S, H, W, C).
    use: of the D latents: they are sorted by it, inactive ones dimmed.
    scale: whole number that pixels are enlarged by.

  Returns:
    2 S - 2 frames that loop, each (scale H + 14, D (scale W + 2) - 2, 3) uint8.
  """
  frames, order, dim = shown(frames), use.order(), opacity(use)[None]
  frames = frames.repeat(scale, axis=2).repeat(scale, axis=3)
  loop = [*range(frames.shape[1]), *range(frames.shape[1] - 2, 0, -1)]
  return [_labelled(frames[order, s], order, dim) for s in loop]


def _labelled(images, order, alpha) -> np.ndarray:
  """One frame: a row of images on white with z's index under each."""
  row = Image.fromarray(tile(images[None], gap=2, alpha=alpha))
  canvas = Image.new("RGB", (row.width, row.height + 14), "white")
  canvas.paste(row, (0, 0), row)
  draw = ImageDraw.Draw(canvas)
  for i, latent in enumerate(order):
    middle = i * (images.shape[2] + 2) + images.shape[2] / 2
    draw.text((middle, row.height + 1), f"z{latent}", CAPTION, anchor="ma")
  return np.asarray(canvas)


def moving_webp(frames, *, milliseconds: int = 120) -> bytes:
  """Frames (H, W, 3) uint8 as a looping WebP, a third of a GIF's size."""
  first, *rest = [Image.fromarray(np.asarray(f)) for f in frames]
  with io.BytesIO() as file:
    first.save(
      file, format="WEBP", save_all=True, append_images=rest,
      duration=milliseconds, loop=0, quality=80, method=2,
    )  # fmt: skip
    return file.getvalue()


def save_gif(path, frames, *, milliseconds: int = 120) -> None:
  """Writes frames (H, W, 3) uint8 as a looping GIF, atomically."""
  first, *rest = [
    Image.fromarray(np.asarray(f)).quantize(128, dither=Image.Dither.NONE)
    for f in frames
  ]
  write = partial(
    first.save,
    format="GIF",
    save_all=True,
    append_images=rest,
    duration=milliseconds,
    loop=0,
  )
  write_atomic(Path(path), write)
