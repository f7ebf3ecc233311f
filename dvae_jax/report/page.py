"""A run directory's `report.html` and `figures/`, from its files alone."""

import base64
import io
import json
import math
from importlib.resources import files
from pathlib import Path
from typing import Any

import jinja2
import numpy as np
from PIL import Image

from dvae_jax.report import figures, gallery
from dvae_jax.report.records import Record, lane_title, read, swept
from dvae_jax.rundir import write_atomic

LANES_SHOWN = 12  # that are pictured one by one: the best ones
CLOUD_DPI = 96  # of the clouds over training: a pixel is one of the page's
FIRST = ("reconstruction", "kl", "elbo", "active_units")  # then the scores


def write(workdir) -> Path:
  """Writes `figures/` and `report.html`, each file atomically.

  Whatever is missing is left out: metrics, codes.npz, pictures.npz, factors.

  Args:
    workdir: a run directory.

  Returns:
    The report.

  Raises:
    ValueError: the folder holds no run.
  """
  folder = Path(workdir)
  record = read(folder)
  shown = best_lanes(record)[:LANES_SHOWN]
  (folder / "figures").mkdir(exist_ok=True)
  embedded = [
    _save(picture, folder / "figures")
    for picture in gallery.draw(record, sorted(shown))
  ]
  animations = {
    lane: _animations(record, lane, folder / "figures") for lane in shown
  }
  page = _template().render(
    **_about(record, folder),
    **_table(record),
    explorer=_explorer(record, shown),
    **_view(record),
    sections=_sections(record, embedded, animations, shown),
  )
  path = folder / "report.html"
  write_atomic(path, page)
  return path


def _template() -> jinja2.Template:
  environment = jinja2.Environment(
    autoescape=True, undefined=jinja2.StrictUndefined
  )
  source = (
    files("dvae_jax.report").joinpath("page.html.jinja").read_text("utf-8")
  )
  return environment.from_string(source)


def _uri(kind: str, content: bytes) -> str:
  return f"data:image/{kind};base64,{base64.b64encode(content).decode()}"


def best_lanes(record: Record) -> list[int]:
  """Lanes from the best to the worst.

  By the first score of the results; without scores by -ELBO, the smallest
  first. Diverged lanes and lanes without a number come last.
  """
  scores = gallery.supervised(record)
  known = record.scores
  if scores:
    worth = next(iter(scores.values()))
  elif {"kl", "reconstruction"} <= known.keys():
    worth = -(known["kl"] + known["reconstruction"])
  else:
    worth = np.zeros(len(record.lanes))
  diverged = [lane.get("diverged_at", -1) >= 0 for lane in record.lanes]
  worth = np.where(
    np.isfinite(worth) & ~np.array(diverged, bool), worth, -np.inf
  )
  return [int(lane) for lane in np.argsort(-worth, kind="stable")]


def _save(picture: gallery.Picture, folder: Path) -> dict[str, Any]:
  """Writes a picture's file and returns what the page shows of it."""
  with io.BytesIO() as file:
    picture.figure.savefig(file, format="png")
    content = file.getvalue()
  write_atomic(folder / f"{picture.name}.png", content)
  width, height = picture.figure.get_size_inches()
  return {
    **picture._asdict(),
    "source": _uri("webp", _webp(content, lossless=picture.chart)),
    "width": round(96 * width),
    "height": round(96 * height),
  }


def _webp(png: bytes, *, lossless: bool) -> bytes:
  """A smaller file for the page; grids of images lose what nobody sees."""
  with Image.open(io.BytesIO(png)) as image, io.BytesIO() as file:
    image.save(file, format="WEBP", quality=85, method=2, lossless=lossless)
    return file.getvalue()


def _animations(record: Record, lane: int, folder: Path) -> list[dict]:
  """One lane's GIFs as files; returns what the page shows of them."""
  if not record.pictures:
    return []
  base = record.pictures["traversals"][lane, 0]
  frames = figures.traversal_animation(
    base,
    record.pictures["kl"][lane],
    scale=max(1, 64 // base.shape[3]),
  )
  path = folder / f"lane{lane}_traversals.gif"
  figures.save_gif(path, frames)
  found = [
    {
      "title": "Animated traversal",
      "alt": "every latent moves from -2 to 2 and back",
      "source": _uri("gif", path.read_bytes()),
    }
  ]
  clouds = gallery.cloud_over_training(record, lane)
  if clouds:
    path = folder / f"lane{lane}_cloud_over_training.gif"
    frames = figures.animation(clouds, dpi=CLOUD_DPI)
    figures.save_gif(path, frames, milliseconds=300)
    found.append(
      {
        "title": "Posterior means over training",
        "alt": "posterior means in the plane of the two latents of the largest"
        " KL, around the prior's circles, one frame a checkpoint",
        "source": _uri("gif", path.read_bytes()),
      }
    )
  return found


def _about(record: Record, folder: Path) -> dict[str, Any]:
  """Heading, facts, and how to run it again."""
  config, data = record.config, record.data
  steps = config.get("train", {}).get("steps", "")
  facts = [
    ("lanes", len(record.lanes)),
    ("steps", f"{steps:,}" if isinstance(steps, int) else steps),
  ]
  scores = gallery.supervised(record)
  if scores:
    name = next(iter(scores))
    best = best_lanes(record)[0]
    facts.append((f"best {name}", f"{scores[name][best]:.3f}"))
    facts.append(("in", lane_title(record, best)))
  if record.seconds:
    facts.append(("training", _duration(record.seconds)))
  summary = (
    f"{config.get('objective')} with the {config.get('network')} network and"
    f" {config.get('latent_dim')} latents, {config.get('likelihood')}"
    f" likelihood, on {data.get('name')} ({data.get('source')})."
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


def _table(record: Record) -> dict[str, Any]:
  """Columns and rows of the table of lanes."""
  names = swept(record)
  scores = [name for name in record.scores if name not in gallery.UNSCORED]
  listed = [name for name in FIRST if name in record.scores] + scores
  listed += [name for name in record.scores if name not in listed]
  rows = []
  for i, lane in enumerate(record.lanes):
    first = _cell(lane["lane"])
    if lane.get("diverged_at", -1) >= 0:
      first["warning"] = f"diverged at step {lane['diverged_at']}"
    settings = [_cell(lane["hparams"].get(name)) for name in names]
    numbers = [_cell(record.scores[n][i], record.scores[n]) for n in listed]
    rows.append([first, _cell(lane["seed"]), *settings, *numbers])
  note = (
    "Loss terms are in nats per image. Click a column's name to sort by it."
  )
  return {
    "columns": ["lane", "seed", *names, *listed],
    "rows": rows,
    "table_note": note,
  }


def _cell(value, column=None) -> dict[str, Any]:
  """Text and sorting key; the share of the column's range is a bar."""
  missing = value is None or not math.isfinite(value)
  share = None
  if column is not None and not missing:
    low, high = min(0.0, np.nanmin(column)), np.nanmax(column)
    share = float((value - low) / (high - low)) if high > low else None
  return {
    "value": "" if missing else repr(float(value)),
    "text": "–" if missing else _number(value),
    "share": share,
    "warning": "",
  }


def _number(value: float) -> str:
  """Whole numbers as they are, others with three digits that matter or so."""
  if value == int(value) and abs(value) < 1e6:
    return str(int(value))
  if 0.001 <= abs(value) < 10:
    return f"{value:.3f}"
  return f"{value:.1f}" if 10 <= abs(value) < 1e5 else f"{value:.3g}"


def _view(record: Record) -> dict[str, Any]:
  """Shape of the explorer's image, and whether enlarging it may blur it."""
  if not record.pictures:
    return {"aspect": "1", "fine": False}
  height, width = record.pictures["bases"].shape[1:3]
  return {"aspect": f"{width} / {height}", "fine": min(height, width) >= 64}


def _explorer(record: Record, lanes) -> dict[str, Any] | None:
  """What the sliders of the page need: one sheet of decodings a lane."""
  shown = record.pictures
  if not shown:
    return None
  kl = shown["kl"]
  return {
    "values": [float(value) for value in shown["grid_values"]],
    "lanes": [
      {
        "title": lane_title(record, lane),
        "best": lane == lanes[0],
        "latents": [int(d) for d in shown["grid_latents"][lane]],
        "kl": kl[lane, shown["grid_latents"][lane]].tolist(),
        "active": [
          bool(kl[lane, d] > figures.INACTIVE_KL)
          for d in shown["grid_latents"][lane]
        ],
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
    note = (
      f"The {len(shown)} best of {len(record.lanes)} lanes."
      " `python -m dvae_jax.show` makes pictures of any lane."
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
