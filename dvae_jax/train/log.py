"""What a run writes while it trains, checkpoints aside."""

from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

from dvae_jax import arrays, processes, rundir, trackers
from dvae_jax.data.dataset import Dataset
from dvae_jax.methods import models
from dvae_jax.train.training import Setup

CLOUD = 256  # images whose codes are kept at every checkpoint


def spread_images(dataset: Dataset, number: int):
  """Images spread evenly over a data set.

  Returns:
    indices (B,) int32 and images (B, H, W, C) in [0, 1], B <= number.
  """
  evenly = np.linspace(0, dataset.num_images - 1, number)
  indices = np.unique(evenly.astype(np.int32))
  if dataset.render is None:
    assert dataset.read is not None
    return indices, jnp.asarray(dataset.read(indices), jnp.float32) / 255.0
  return indices, jax.jit(dataset.render)(dataset.arrays, indices)


def strip_maker(setup: Setup):
  """A function of the states: a picture of images over reconstructions a lane.

  Returns:
    states (L, ...) -> (L, 2H, 8W, C) in [0, 1], of images spread over the set.
  """
  _, images = spread_images(setup.dataset, 8)
  model = setup.model

  def strip(state):
    codes = _codes(model, state, images)
    decoded = models.decode_images(model, state.params, codes)
    shown = jnp.stack([images, decoded])
    _, number, height, width, channels = shown.shape
    shown = shown.transpose(0, 2, 1, 3, 4)
    return shown.reshape(2 * height, number * width, channels)

  return jax.jit(lambda states: jax.lax.map(strip, states))


def onlooker(setup: Setup, folder: Path):
  """A function of the states: what is shown of each lane where it's kept.

  Args:
    setup: static.
    folder: the run directory, into which `clouds/indices.npy` is written.

  Returns:
    states (L, ...) -> "strips", as of `strip_maker`, and "codes" (L, n, D),
    float16, of the images whose indices (n,) were written.
  """
  strips = strip_maker(setup)
  indices, images = spread_images(setup.dataset, CLOUD)

  @jax.jit
  def codes(states, images):
    def of_lane(state):
      return _codes(setup.model, state, images).astype(jnp.float16)

    return jax.lax.map(of_lane, states)

  if processes.leads():
    (folder / rundir.CLOUDS).mkdir(exist_ok=True)
    _write_cloud(folder, "indices", indices)
  return lambda states: {
    "strips": strips(states),
    "codes": codes(states, images),
  }


def _write_cloud(folder: Path, name: str, array) -> None:
  path = folder / rundir.CLOUDS / f"{name}.npy"
  arrays.write_one(path, np.asarray(array))


class Told:
  """What a bar says of a training: means over lanes, the best lane so far."""

  def __init__(self):
    self.best = float("-inf")

  def words(self, means: dict[str, np.ndarray]) -> str:
    """ "loss 34.1, kl 7.2, best elbo -31.9".

    Args:
      means: name -> (L, ...), averages of the last steps.
    """
    known = [name for name in ("loss", "kl") if name in means]
    good = {name: means[name][np.isfinite(means[name])] for name in known}
    parts = [f"{n} {_short(good[n].mean())}" for n in known if good[n].size]
    name, bound = "elbo", -means.get("reconstruction", np.full(1, np.nan))
    if "kl" in means:
      bound = bound - means["kl"]
    else:  # no bound: the reconstruction alone
      name, bound = "reconstruction", bound
    best = np.max(bound, initial=self.best, where=np.isfinite(bound))
    if np.isfinite(best):
      self.best = best
      value = best if name == "elbo" else -best
      parts.append(f"best {name} {_short(value)}")
    return ", ".join(parts)


def _short(value: float) -> str:
  return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def _codes(model, state, images):
  q = models.encode(model, state.params, state.hparams, images)
  return model.objective.posterior.code(q)


class Log:
  """The files that grow while a run trains, and the boards of its tracker.

  Args:
    folder: the run directory.
    lanes: from `sweep.grid`.
    step: the one resumed from.
    tracker: a name in `trackers.TRACKERS`.
  """

  def __init__(self, folder: Path, lanes: list, step: int, tracker: str):
    self.folder, self.lanes = folder, len(lanes)
    named = trackers.lanes_of(lanes)
    self.boards = trackers.boards(tracker, folder, named, step)
    self.metrics = (folder / rundir.LOGGED).open("a")
    self.timings = (folder / rundir.TIMINGS).open("a")

  def write(self, step: int, means: dict[str, np.ndarray], timing: dict):
    """Appends one line per lane; means are (L, ...), averages of steps."""
    for lane in range(self.lanes):
      terms = {name: value[lane] for name, value in means.items()}
      line = {"step": step, "lane": lane, **terms}
      self.metrics.write(rundir.to_line(line))
      for board in self.boards[lane : lane + 1]:
        board.numbers(step, trackers.finite(terms))
    self.timings.write(rundir.to_line({"step": step, **timing}))
    for file in (self.metrics, self.timings):
      file.flush()  # a run can be watched; resuming drops what's too much

  def keep(self, step: int, seen: dict | None):
    """Returns when the disk holds all that was written, and what was seen.

    Args:
      step: of the checkpoint that comes next.
      seen: from `onlooker`, or None.
    """
    if seen:
      self._show(step, seen["strips"])
      _write_cloud(self.folder, str(step), seen["codes"])
    for file in (self.metrics, self.timings):
      file.flush()
    for board in self.boards:
      board.flush()
    for name in (rundir.LOGGED, rundir.TIMINGS, "."):
      rundir.sync(self.folder / name)

  def _show(self, step: int, strips):
    """Adds one picture per lane to its board; strips are (L, H, W, C)."""
    # A diverged lane may decode to NaN.
    levels = 255.0 * np.nan_to_num(np.asarray(strips)).clip(0.0, 1.0) + 0.5
    shown = levels.astype(np.uint8)
    for board, strip in zip(self.boards, shown, strict=False):
      channels = strip if strip.shape[-1] in (1, 3) else strip[..., :1]
      board.image(step, "reconstructions", channels)

  def close(self):
    """Closes every file."""
    for file in (self.metrics, self.timings, *self.boards):
      file.close()
