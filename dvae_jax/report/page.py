"""A run directory's `report.html` and `figures/`, from its files alone."""

import base64
import io
import json
import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from dvae_jax.data import DATASETS
from dvae_jax.report import figures, gallery, portraits, tables
from dvae_jax.report.charts import inline_twice, lay_out
from dvae_jax.report.figures.style import HALF_WIDTH, NARROW_WIDTH
from dvae_jax.report.formats import to_latex
from dvae_jax.report.records import Record, lane_title, read
from dvae_jax.report.scores import headline
from dvae_jax.report.templates import template
from dvae_jax.report.words import data_in_words
from dvae_jax.rundir import clear_away, plain, write_atomic

LANES_SHOWN = 12  # that are pictured one by one: the best ones
CLOUD_DPI = 96  # of the clouds over training: a pixel is one of the page's
CLOUD_PACE = 300  # milliseconds of each


FORMATS = ("pdf", "svg")  # of a figure, beside PNG


def write(
  workdir,
  *,
  formats: tuple[str, ...] = (),
  out: str | Path = "",
  advance: Callable[[], object] = lambda: None,
) -> Path:
  """Writes `figures/` and `report.html`, each file atomically.

  Whatever is missing is left out: metrics, codes.npz, pictures.npz, factors.

  Args:
    workdir: a run directory.
    formats: of FORMATS; with any, every figure is also written in it, and the
      table of settings as figures/settings.tex.
    out: the folder to write into, made where it's missing; "" is the run's.
    advance: called after each figure, for a progress bar.

  Returns:
    The report.

  Raises:
    ValueError: the folder holds no run, or there's no such format.
  """
  for name in formats:
    if name not in FORMATS:
      raise ValueError(f"--format: {name!r} found, of {list(FORMATS)} expected")
  folder = Path(out or workdir)
  record = read(workdir)
  shown = tables.best_lanes(record)[:LANES_SHOWN]
  (folder / "figures").mkdir(parents=True, exist_ok=True)
  for inside in (folder, folder / "figures"):
    clear_away(inside, hours=1)  # another report may be drawn beside this one
  embedded = []
  for picture in _drawn(record, shown):
    embedded.append(_save(picture, folder / "figures", formats))
    advance()
  if formats:
    table = to_latex(tables.setting_rows(record))
    write_atomic(folder / "figures" / "settings.tex", table)
  animations = {}
  for lane in shown:
    animations[lane] = _animations(record, lane, folder / "figures")
    advance()
  page = template("dvae_jax.report", "page.html.jinja").render(
    **_about(record, Path(workdir)),
    **tables.lanes(record),
    explorer=_explorer(record, shown),
    **_view(record),
    sections=_sections(record, embedded, animations, shown),
  )
  path = folder / "report.html"
  write_atomic(path, page)
  return path


def _drawn(record: Record, lanes) -> Iterator[gallery.Picture]:
  """Every figure of the page: of all lanes, then of each that is shown."""
  yield from gallery.draw(record)
  for lane in sorted(lanes):
    yield from portraits.draw(record, lane)


def _uri(kind: str, content: bytes) -> str:
  return f"data:image/{kind};base64,{base64.b64encode(content).decode()}"


def _save(
  picture: gallery.Picture, folder: Path, formats: tuple[str, ...]
) -> dict[str, Any]:
  """Writes a picture's files and returns what the page shows of it."""
  figure = picture.draw()
  lay_out(figure)
  for kind in ("png", *formats):
    with io.BytesIO() as file:
      figure.savefig(file, format=kind)
      write_atomic(folder / f"{picture.name}.{kind}", file.getvalue())
  wide = picture.draw(width=HALF_WIDTH) if picture.beside else figure
  width, height = wide.get_size_inches()
  small = width <= NARROW_WIDTH
  shown = inline_twice(
    wide,
    None if small else picture.draw(width=NARROW_WIDTH),
    name=picture.name,
    label=picture.alt,
  )
  return {
    **picture._asdict(),
    "wide": shown[0],
    "narrow": shown[1],
    "width": round(96 * width),
    "height": round(96 * height),
  }


def _animations(record: Record, lane: int, folder: Path) -> list[dict]:
  """One lane's GIFs as files; returns what the page shows of them."""
  if not record.pictures:
    return []
  images = record.pictures["traversals"][lane]
  frames = figures.traversal_animation(
    images,
    portraits.lane_usage(record, lane),
    scale=max(1, 64 // images.shape[3]),
  )
  path = folder / f"lane{lane}_traversals.gif"
  figures.save_gif(path, frames)
  found = [
    {
      "title": "Animated traversal",
      "alt": "every latent moves from its lowest value to its highest and back",
      "source": _uri("webp", figures.moving_webp(frames)),
    }
  ]
  clouds = portraits.cloud_over_training(record, lane)
  if clouds:
    path = folder / f"lane{lane}_cloud_over_training.gif"
    frames = figures.cloud_history(*clouds, dpi=CLOUD_DPI)
    figures.save_gif(path, frames, milliseconds=CLOUD_PACE)
    moving = figures.moving_webp(frames, milliseconds=CLOUD_PACE)
    use, code = portraits.lane_usage(record, lane), portraits.code_name(record)
    found.append(
      {
        "title": f"{code.capitalize()}s over training",
        "alt": f"{code}s in the plane of the two latents of the largest"
        f" {use.name}, one frame a checkpoint",
        "source": _uri("webp", moving),
      }
    )
  return found


def _about(record: Record, folder: Path) -> dict[str, Any]:
  """Heading, facts, and how to run it again."""
  config, data = record.config, record.data
  entry = DATASETS.get(config.get("data", {}).get("name", ""))
  whole = entry.num_images if entry else 0
  steps = config.get("train", {}).get("steps", "")
  facts = [
    ("lanes", len(record.lanes)),
    ("steps", f"{steps:,}" if isinstance(steps, int) else steps),
  ]
  facts += tables.headline_facts(record)
  if record.seconds:
    facts.append(("training", _duration(record.seconds)))
  summary = (
    f"{config.get('objective')} with the {config.get('network')} network and"
    f" {config.get('latent_dim')} latents, {config.get('likelihood')}"
    f" likelihood, on {data_in_words(data, config, whole=whole)}."
  )
  command = record.command or "python -m dvae_jax.main"
  again = f"python -m dvae_jax.report --workdir={folder}"
  return {
    "name": record.name,
    "summary": summary,
    "facts": facts,
    "command": f"{command}\n\n# this page alone, from the run's files\n{again}",
    "versions": record.versions,
    "data": json.dumps(data, indent=2),
    "config": json.dumps(config, indent=2),
  }


def _duration(seconds: float) -> str:
  if seconds < 120:
    return f"{seconds:.0f} s"
  if seconds < 7200:
    return f"{seconds / 60:.0f} min"
  return f"{seconds / 3600:.1f} h"


def _view(record: Record) -> dict[str, Any]:
  """Shape of the explorer's image, and whether enlarging it may blur it."""
  if not record.pictures:
    return {"aspect": "1", "fine": False}
  height, width = record.pictures["base"].shape[:2]
  return {"aspect": f"{width} / {height}", "fine": min(height, width) >= 64}


def _explorer(record: Record, lanes) -> dict[str, Any] | None:
  """What the page's sliders need, lanes by order: one sheet of decodings each.

  Args:
    record: the files.
    lanes: that are shown, the best one first.
  """
  shown = record.pictures
  if not shown:
    return None
  uses = {lane: portraits.lane_usage(record, lane) for lane in lanes}
  return {
    "note": "Move the latents of the largest"
    f" {uses[lanes[0]].name} together; the others stay at the"
    f" {portraits.code_name(record)} of one image.",
    "lanes": [
      {
        "title": lane_title(record, lane),
        "best": lane == lanes[0],
        "latents": shown["grid_latents"][lane].tolist(),
        "values": plain(shown["grid_values"][lane]),
        "active": plain(uses[lane].active()[shown["grid_latents"][lane]]),
        "use": [uses[lane].text(d) for d in shown["grid_latents"][lane]],
        **_sheet(shown["grids"][lane]),
      }
      for lane in sorted(lanes)
    ],
  }


def _sheet(images: np.ndarray) -> dict[str, Any]:
  """All images (n, H, W, C) in one WebP, row by row."""
  number, height, width, channels = images.shape
  columns = math.ceil(math.sqrt(number))
  rows = math.ceil(number / columns)
  blank = np.zeros((columns * rows - number, height, width, channels), np.uint8)
  table = np.concatenate([images, blank])
  table = table.reshape(rows, columns, height, width, channels)
  table = table.transpose(0, 2, 1, 3, 4)
  table = table.reshape(rows * height, columns * width, channels)
  if channels == 1:
    table = table.repeat(3, axis=2)
  with io.BytesIO() as file:
    Image.fromarray(table).save(file, format="WEBP", quality=80)
    sheet = _uri("webp", file.getvalue())
  return {"columns": columns, "rows": rows, "sheet": sheet}


def _sections(record, embedded, animations, shown) -> list[dict[str, Any]]:
  """Headings with their pictures; what has none is left out."""

  def group(name):
    return [picture for picture in embedded if picture["group"] == name]

  lanes = [
    {
      "title": lane_title(record, lane),
      "open": lane == shown[0],
      "pictures": group(lane),
      "animations": animations[lane],
    }
    for lane in sorted(shown)
    if group(lane)
  ]
  note = ""
  if len(shown) < len(record.lanes):
    by = headline(record.scores)
    which = f"best by {by}" if by else "first"
    note = (
      f"The {len(shown)} {which} of {len(record.lanes)} lanes."
      " python -m dvae_jax.show makes pictures of any lane."
    )
  sections = [
    ("training", "Training", "", group("training"), []),
    ("across", "Across lanes", "", group("lanes"), []),
    ("models", "Lane by lane", note, [], lanes),
  ]
  return [
    {"id": i, "title": t, "note": n, "pictures": p, "lanes": ls}
    for i, t, n, p, ls in sections
    if p or ls
  ]
