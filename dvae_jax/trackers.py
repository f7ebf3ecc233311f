"""Where a run's curves go beside its files: `--tracker=NAME`.

A tracker is a `Board` a lane; the run directory itself stays complete without
any. What isn't installed is refused before a run begins.
"""

import contextvars
import hashlib
import importlib.util
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np

from dvae_jax.progress import say

PROJECT = "dvae_jax"  # of wandb and trackio; WANDB_PROJECT goes before it
LONGEST_NAME = 100


class Lane(NamedTuple):
  """What a board needs to know of its lane.

  Attributes:
    name: "lane_0_beta_4_seed_1".
    hparams: numbers, the seed among them.
  """

  name: str
  hparams: dict[str, float]


class Board(Protocol):
  """Where the numbers and images of one lane go."""

  def numbers(self, step: int, values: dict[str, float]) -> None:
    """Adds numbers of a step."""

  def image(self, step: int, name: str, image: np.ndarray) -> None:
    """Adds an image (H, W, C) uint8, C one or three."""

  def scores(self, step: int, values: dict[str, float]) -> None:
    """Adds a trained lane's scores, beside its hyper-parameters."""

  def flush(self) -> None:
    """Hands everything on."""

  def close(self) -> None:
    """Ends it."""


class _TensorBoard:
  """Event files in the run directory, a folder a lane."""

  def __init__(self, folder: Path, lane: Lane, step: int):
    from tensorboardX import SummaryWriter  # imports torch where there is one

    self.lane = lane
    place = folder / "tensorboard" / lane.name
    self.writer = SummaryWriter(
      str(place),
      purge_step=step + 1,
      filename_suffix=f".{time.time_ns()}",  # two of a second are two files
    )

  def numbers(self, step: int, values: dict[str, float]) -> None:
    for name, value in values.items():
      self.writer.add_scalar(name, value, step)

  def image(self, step: int, name: str, image: np.ndarray) -> None:
    self.writer.add_image(name, image, step, dataformats="HWC")

  def scores(self, step: int, values: dict[str, float]) -> None:
    from tensorboardX.summary import hparams

    scores = {f"scores/{name}": value for name, value in values.items()}
    # `add_hparams` would make another run of them.
    for part in hparams(self.lane.hparams, scores):
      self.writer.file_writer.add_summary(part, step)
    self.numbers(step, scores)

  def flush(self) -> None:
    self.writer.flush()

  def close(self) -> None:
    self.writer.close()


class _Wandb:
  """A run of Weights & Biases a lane, a group of them a run directory."""

  def __init__(self, folder: Path, lane: Lane, step: int):
    import wandb

    self.wandb = wandb
    self.run = wandb.init(
      project=None if "WANDB_PROJECT" in os.environ else PROJECT,
      group=folder.resolve().name,
      name=lane.name,
      id=identifier(folder, lane),
      resume="allow",
      reinit="create_new",  # lanes are side by side
      config=lane.hparams,
      dir=str(folder),
    )
    # Of its own, so that a resumed run may repeat steps.
    self.run.define_metric("*", step_metric="step")

  def numbers(self, step: int, values: dict[str, float]) -> None:
    self.run.log({"step": step, **values})

  def image(self, step: int, name: str, image: np.ndarray) -> None:
    self.run.log({"step": step, name: self.wandb.Image(image.squeeze())})

  def scores(self, step: int, values: dict[str, float]) -> None:
    self.run.summary.update({f"scores/{n}": v for n, v in values.items()})

  def flush(self) -> None:
    pass

  def close(self) -> None:
    self.run.finish()


class _Trackio:
  """A run of trackio a lane, on this machine."""

  def __init__(self, folder: Path, lane: Lane, step: int):
    import trackio

    self.trackio = trackio
    # In a context of its own: `init` ends the run of the one it's called in.
    self.run = contextvars.Context().run(
      trackio.init,
      project=PROJECT,
      name=f"{lane.name}_{identifier(folder, lane)}",
      group=folder.resolve().name,
      config=lane.hparams,
      resume="allow",
      embed=False,
    )

  def numbers(self, step: int, values: dict[str, float]) -> None:
    self.run.log(dict(values), step=step)

  def image(self, step: int, name: str, image: np.ndarray) -> None:
    shown = image if image.shape[-1] == 3 else image.repeat(3, axis=-1)
    self.run.log({name: self.trackio.Image(shown)}, step=step)

  def scores(self, step: int, values: dict[str, float]) -> None:
    self.run.log({f"scores/{n}": v for n, v in values.items()}, step=step)

  def flush(self) -> None:
    pass

  def close(self) -> None:
    self.run.finish()


# name -> what makes the board of a lane, and the module that it takes.
TRACKERS: dict[str, tuple[Callable[[Path, Lane, int], Board] | None, str]] = {
  "none": (None, ""),
  "tensorboard": (_TensorBoard, "tensorboardX"),
  "wandb": (_Wandb, "wandb"),
  "trackio": (_Trackio, "trackio"),
}


def check(name: str) -> None:
  """Refuses a tracker that isn't known or installed.

  Raises:
    ValueError: says what there is, or how to install it.
  """
  if name not in TRACKERS:
    raise ValueError(
      f"--tracker: {name!r} found, one of {', '.join(TRACKERS)} expected"
    )
  module = TRACKERS[name][1]
  if (
    name != "tensorboard"
    and module
    and importlib.util.find_spec(module) is None
  ):
    raise ValueError(
      f"--tracker={name} needs {module}, which isn't installed: pip install"
      f" {module}, or take another of {', '.join(TRACKERS)}"
    )


def lanes_of(found: Sequence[tuple[int, dict[str, float]]]) -> list[Lane]:
  """The lanes of a run by what they differ in: "lane_0_beta_4_seed_1".

  Args:
    found: seed and hyper-parameters of each.
  """
  points = [{**hparams, "seed": seed} for seed, hparams in found]
  differ = [n for n in points[0] if len({p[n] for p in points}) > 1]
  lanes = []
  for number, point in enumerate(points):
    parts = [f"{name}_{point[name]:g}" for name in differ]
    name = "_".join([f"lane_{number}", *parts])[:LONGEST_NAME]
    lanes.append(Lane(name, point))
  return lanes


def identifier(folder: Path, lane: Lane) -> str:
  """The same for the same lane of the same folder, so that it's resumed."""
  text = f"{folder.resolve()} {lane.name}"
  return hashlib.sha256(text.encode()).hexdigest()[:12]


def boards(
  tracker: str, folder: Path, lanes: Sequence[Lane], step: int
) -> list[Board]:
  """A board a lane; none without a tracker, or without tensorboardX.

  Args:
    tracker: a name in TRACKERS.
    folder: the run directory.
    lanes: from `lanes_of`.
    step: the one resumed from.

  Raises:
    ValueError: as `check`.
  """
  check(tracker)
  make, module = TRACKERS[tracker]
  if module and importlib.util.find_spec(module) is None:
    say(f"No TensorBoard files: {module} isn't installed")
    return []
  return [make(folder, lane, step) for lane in lanes] if make else []


@contextmanager
def closing(found: list[Board]) -> Iterator[list[Board]]:
  """Closes all boards after the body."""
  try:
    yield found
  finally:
    for board in found:
      board.close()


def write_scores(tracker: str, folder: Path, lines: Sequence[dict]) -> None:
  """Hands a run's results to its boards.

  Args:
    tracker: a name in TRACKERS.
    folder: the run directory.
    lines: of results.jsonl.
  """
  lanes = lanes_of([(line["seed"], line["hparams"]) for line in lines])
  step = max(line["step"] for line in lines)
  with closing(boards(tracker, folder, lanes, step)) as found:
    for board, line in zip(found, lines, strict=False):
      values = finite(line["metrics"])
      if values:
        board.scores(line["step"], values)


def finite(values: dict[str, Any]) -> dict[str, float]:
  """Numbers that a chart can show; those of a vector by their places."""
  found = {}
  for name, value in values.items():
    if value is None:
      continue
    array = np.asarray(value)
    if array.ndim == 0:
      found[name] = float(array)
    else:
      found |= {f"{name}/{i}": float(v) for i, v in enumerate(array.ravel())}
  return {name: value for name, value in found.items() if np.isfinite(value)}
