"""Figures made of images: reconstructions, traversals, samples, walks."""

import io
from functools import partial
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.offsetbox import AnnotationBbox, OffsetImage
from PIL import Image, ImageDraw

from dvae_jax.report.figures.style import (
  CAPTION,
  DPI,
  HALF_WIDTH,
  PAGE_WIDTH,
  Usage,
  new_figure,
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


def _gap(width: int) -> int:
  """Pixels between images of this width: what looks the same at any size."""
  return max(1, width // 24)


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


def _table(images, *, alpha=1.0) -> np.ndarray:
  return tile(images, gap=_gap(images.shape[3]), alpha=alpha)


def _picture(table: np.ndarray, *, width=PAGE_WIDTH, margin=0.1, header=0.25):
  """A figure that is one table of images.

  Args:
    table: (H, W, 4) from `tile`.
    width: inches of the figure.
    margin: inches for captions on the left.
    header: inches for captions on top.
  """
  height = (width - margin) * table.shape[0] / table.shape[1] + header
  figure = new_figure(height, width=width)
  figure.patch.set_alpha(0)
  ax = figure.add_subplot()
  ax.patch.set_alpha(0)
  ax.imshow(table, interpolation="nearest", aspect="equal")
  for side in ax.spines.values():
    side.set_visible(False)
  ax.tick_params(length=0, labelsize=7.5, labelcolor=CAPTION)
  ax.xaxis.tick_top()
  ax.set_xticks([])
  ax.set_yticks([])
  return figure, ax


def _captions(ax: Axes, images, *, rows=None, columns=None) -> None:
  """Writes labels at the middles of a table's rows and columns."""
  height, width = images.shape[2:4]
  gap = _gap(width)
  if rows is not None:
    ax.set_yticks(np.arange(len(rows)) * (height + gap) + height / 2, rows)
  if columns is not None:
    ax.set_xticks(np.arange(len(columns)) * (width + gap) + width / 2, columns)


def reconstructions(
  images, decoded, errors, *, groups=("best", "median", "worst")
) -> Figure:
  """Originals above their reconstructions, in groups by error.

  Args:
    images: (G, P, H, W, C).
    decoded: (G, P, H, W, C).
    errors: (G, P) nats per image.
    groups: G names.
  """
  images, decoded = shown(images), shown(decoded)
  pairs = np.stack([images, decoded], axis=1)
  tables = [_table(pair) for pair in pairs]
  gutter = np.zeros(
    (tables[0].shape[0], max(images.shape[3] // 3, 4), 4), np.uint8
  )
  parts = [part for table in tables for part in (table, gutter)][:-1]
  figure, ax = _picture(np.concatenate(parts, axis=1), margin=0.65)
  step = tables[0].shape[1] + gutter.shape[1]
  middles = [i * step + tables[0].shape[1] / 2 for i in range(len(tables))]
  labels = [
    f"{name}: {np.mean(error):.1f} nats"
    for name, error in zip(groups, np.asarray(errors), strict=True)
  ]
  ax.set_xticks(middles, labels)
  _captions(ax, pairs[0], rows=("image", "decoded"))
  return figure


def traversals(frames, use: Usage, values) -> Figure:
  """One row a latent, sorted by use; inactive latents are dimmed.

  Higgins et al. 2017 (beta-VAE), figure 1; sorted as Burgess et al. 2018.

  Args:
    frames: (D, S, H, W, C): latent d set to its s-th value.
    use: of the D latents.
    values: (D, S) what each latent is set to, or (S,) for all of them.
  """
  frames = shown(frames)
  values = np.broadcast_to(values, frames.shape[:2])
  order = use.order()
  table = _table(frames[order], alpha=_opacity(use)[:, None])
  width = min(PAGE_WIDTH, 0.9 + 0.62 * frames.shape[1])
  figure, ax = _picture(table, width=width, margin=1.0)
  rows = [f"z{d}   {use.amount[d]:.2f}" for d in order]
  columns = [f"{value:.1f}" for value in values[0]]
  if (values != values[0]).any():  # every latent has a range of its own
    ends = values[order][:, [0, -1]]
    rows = [
      f"{row}\n{low:.2g} to {high:.2g}"
      for row, (low, high) in zip(rows, ends, strict=True)
    ]
    columns = ["lowest", *[""] * (len(columns) - 2), "highest"]
  _captions(ax, frames, rows=rows, columns=columns)
  unit = f" in {use.unit}" if use.unit else ""
  ax.set_ylabel(f"latent, {use.name}{unit}", fontsize=8, color=CAPTION)
  return figure


def _opacity(use: Usage) -> np.ndarray:
  """Of each latent, sorted by use: inactive ones are dimmed. (D,)."""
  return np.where(use.active()[use.order()], 1.0, 0.3)


def samples(images, *, columns: int = 16) -> Figure:
  """Images (B, H, W, C), such as decoded draws, in rows of `columns`."""
  images = shown(images)
  columns = min(columns, len(images))
  whole = len(images) // columns * columns
  table = images[:whole].reshape(-1, columns, *images.shape[1:])
  return _picture(_table(table), header=0.1)[0]


def interpolations(frames) -> Figure:
  """Rows of decodings on the straight line between two codes.

  Args:
    frames: (P, S, H, W, C); the first and last of a row are the end points.
  """
  frames = shown(frames)
  figure, ax = _picture(_table(frames))
  labels = [""] * frames.shape[1]
  labels[0], labels[-1] = "from", "to"
  _captions(ax, frames, columns=labels)
  return figure


def walk(frames, path, codes, *, names=("z0", "z1")) -> Figure:
  """Decodings along a curved path, drawn where the path passes.

  Args:
    frames: (S, H, W, C) decoded points of the path.
    path: (S, 2) the path's coordinates in a plane of the latent space.
    codes: (N, 2) codes in that plane, drawn behind it.
    names: the plane's two axes.
  """
  frames, path, codes = shown(frames), np.asarray(path), np.asarray(codes)
  figure = new_figure(4.0, width=HALF_WIDTH)
  figure.patch.set_alpha(0)
  ax = figure.add_subplot()
  ax.patch.set_alpha(0)
  ax.scatter(codes[:, 0], codes[:, 1], s=3, color="#0072B2", alpha=0.3, lw=0)
  ax.plot(*path.T, color="#D55E00", lw=1.2)
  zoom = 0.38 * 72 / frames.shape[2]
  for frame, point in zip(frames, path, strict=True):
    picture = OffsetImage(
      tile(frame[None, None], gap=1), zoom=zoom, interpolation="nearest"
    )
    picture.image.axes = ax
    ax.add_artist(
      AnnotationBbox(picture, point, pad=0.1, bboxprops={"ec": "#D55E00"})
    )
  reach = 1.15 * np.abs(path).max()
  ax.set(xlim=(-reach, reach), ylim=(-reach, reach), aspect="equal")
  ax.set_xlabel(names[0], fontsize=8.5, color=CAPTION)
  ax.set_ylabel(names[1], fontsize=8.5, color=CAPTION)
  ax.tick_params(labelsize=7.5, colors=CAPTION)
  for side in ax.spines.values():
    side.set_color(CAPTION)
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
  frames, order, dim = shown(frames), use.order(), _opacity(use)[None]
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


def animation(figures: list[Figure], *, dpi: float = DPI) -> list[np.ndarray]:
  """Draws figures of one size as frames, each (H, W, 3) uint8.

  A list of `posterior_cloud`, one a checkpoint, becomes the cloud's history.
  Frames have dpi pixels an inch.
  """
  frames = []
  for figure in figures:
    with io.BytesIO() as file:
      figure.savefig(file, format="png", facecolor="white", dpi=dpi)
      frames.append(np.asarray(Image.open(file).convert("RGB")))
  return frames


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
