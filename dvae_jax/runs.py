"""A run directory opened for training, and a trained run loaded back."""

import contextlib
import importlib.metadata
import os
import platform
import shlex
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import ml_collections
import numpy as np
from absl import logging

from dvae_jax import data, rundir
from dvae_jax.data.dataset import Dataset
from dvae_jax.methods import models
from dvae_jax.train import checkpoint, sweep, training

PACKAGES = (
  "dvae_jax", "jax", "jaxlib", "flax", "optax", "orbax-checkpoint", "numpy",
  "scikit-learn",
)  # fmt: skip


def versions() -> dict[str, str]:
  """Versions of what decides a result, to the bit or nearly so."""
  found = {name: importlib.metadata.version(name) for name in PACKAGES}
  return {
    "python": platform.python_version(),
    **found,
    "backend": jax.default_backend(),
    "devices": str(jax.device_count()),
  }


def describe(dataset: Dataset) -> dict[str, Any]:
  """What results record of a data set."""
  return {
    "name": dataset.name,
    "source": dataset.source,
    "num_images": dataset.num_images,
    "factors": dict(
      zip(dataset.factor_names, dataset.factor_sizes, strict=True)
    )
    if dataset.factor_sizes
    else list(dataset.factor_names),
    **dataset.notes,
  }


@contextlib.contextmanager
def opened(
  workdir: str | Path, config: dict, dataset: Dataset
) -> Iterator[Path]:
  """Holds a run directory for one process, new or resumed.

  Args:
    workdir: the folder; made when it doesn't exist.
    config: the resolved config as a nested dict of JSON values.
    dataset: what the run trains on.

  Yields:
    The folder, with config.json in it.

  Raises:
    ValueError: the folder belongs to another config, is in use by another
      process, or can't be written. Nothing in it was changed.
  """
  folder = Path(workdir)
  resolved = rundir.plain({"config": config, "data": describe(dataset)})
  with rundir.locked(folder):
    if (folder / rundir.CONFIG).exists():
      found = rundir.read_config(folder)
      changed = rundir.differences(
        {"config": found["config"], "data": found["data"]}, resolved
      )
      if changed:
        raise ValueError(
          f"--workdir: {folder} holds a run of another config:"
          f" {'; '.join(changed)}. Choose another --workdir, or undo the change"
        )
    elif any(
      (folder / name).exists() for name in (rundir.CHECKPOINTS, rundir.RESULTS)
    ):
      raise ValueError(
        f"--workdir: {folder} holds checkpoints or results but no"
        f" {rundir.CONFIG}; choose another --workdir"
      )
    else:
      record = resolved | {"versions": versions(), "command": _command()}
      rundir.write_config(folder, record)
    yield folder


def _command() -> str:
  module = getattr(sys.modules.get("__main__"), "__spec__", None)
  program = ["-m", module.name] if module else sys.argv[:1]
  return shlex.join(["python", *program, *sys.argv[1:]])


@contextlib.contextmanager
def refusing() -> Iterator[None]:
  """Turns a ValueError about the user's input into one line on stderr."""
  try:
    yield
  except ValueError as error:
    sys.exit(f"error: {error}")


def set_up() -> None:
  """Sets up a process: compiled programs are cached, Orbax is quiet.

  The cache is in the user's cache folder, XDG_CACHE_HOME or ~/.cache.
  """
  root = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
  folder = Path(root) / "dvae_jax" / "xla"
  jax.config.update("jax_compilation_cache_dir", str(folder))
  jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.5)
  jax.config.update("jax_persistent_cache_min_entry_size_bytes", -1)
  logging.set_verbosity(logging.ERROR)


@dataclass(frozen=True)
class Run:
  """A trained run: every lane's model and the data set it was trained on.

  Attributes:
    workdir: the run directory.
    config: the resolved config.
    dataset: the data set.
    model: modules and functions, shared by the lanes.
    lanes: {"lane", "seed", "hparams"} of each lane.
    step: updates made.
    states: TrainState of all lanes, NumPy arrays (L, ...).
  """

  workdir: Path
  config: ml_collections.ConfigDict
  dataset: Dataset
  model: models.Model
  lanes: list[dict[str, Any]]
  step: int
  states: training.TrainState

  def state(self, lane: int) -> training.TrainState:
    """The state of one lane.

    Raises:
      ValueError: there is no such lane.
    """
    if not 0 <= lane < len(self.lanes):
      raise ValueError(
        f"lane: {lane} isn't in this run; it has lanes 0 to"
        f" {len(self.lanes) - 1}"
      )
    return jax.tree.map(lambda leaf: leaf[lane], self.states)

  def render(self, indices) -> np.ndarray:
    """Images (B, H, W, C) in [0, 1] of indices (B,) into the data set."""
    indices = np.asarray(indices, np.int32)
    if self.dataset.render is None:
      assert self.dataset.read is not None
      return self.dataset.read(indices).astype(np.float32) / 255.0
    return np.asarray(self.dataset.render(self.dataset.arrays, indices))

  def encode(self, images, lane: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Mean and log variance of q(z|x), each (B, D), of images (B, H, W, C)."""
    images = jnp.asarray(images, jnp.float32)
    if images.shape[1:] != self.dataset.image_shape:
      raise ValueError(
        f"images: shape {images.shape} found, (B, *{self.dataset.image_shape})"
        " expected"
      )
    state, key = self.state(lane), jax.random.PRNGKey(0)
    latents = _infer(self.model, state.params, state.hparams, key, images)
    return np.asarray(latents.mean), np.asarray(latents.logvar)

  def decode(self, z, lane: int = 0) -> np.ndarray:
    """Mean images (B, H, W, C) in [0, 1] of p(x|z), z (B, D)."""
    z = jnp.asarray(z, jnp.float32)
    if z.ndim != 2 or z.shape[1] != self.config.latent_dim:
      raise ValueError(
        f"z: shape {z.shape} found, (B, {self.config.latent_dim}) expected"
      )
    return np.asarray(_decode(self.model, self.state(lane).params, z))

  def traverse(self, images, lane: int = 0, values=None) -> np.ndarray:
    """Decodes the images' codes with one latent moved at a time.

    Args:
      images: (B, H, W, C).
      lane: which model.
      values: (S,) values each latent takes; 11 from -2 to 2 by default.

    Returns:
      (B, D, S, H, W, C) images in [0, 1].
    """
    values = np.linspace(-2, 2, 11) if values is None else np.asarray(values)
    mean, _ = self.encode(images, lane)
    batch, latents = mean.shape
    z = np.tile(mean[:, None, None], (1, latents, len(values), 1))
    for latent in range(latents):
      z[:, latent, :, latent] = values
    decoded = self.decode(z.reshape(-1, latents), lane)
    return decoded.reshape(batch, latents, len(values), *decoded.shape[1:])


_infer = jax.jit(models.infer, static_argnums=0)
_decode = jax.jit(models.decode_images, static_argnums=0)


def load_run(workdir: str | Path) -> Run:
  """Loads the newest checkpoint of a run directory.

  Args:
    workdir: of a run that has made at least one checkpoint.

  Returns:
    The Run; nothing in the folder is changed.

  Raises:
    ValueError: it's no run directory, or its checkpoint can't be read.
  """
  folder = Path(workdir)
  config = ml_collections.ConfigDict(rundir.read_config(folder)["config"])
  dataset = data.load(config.data)
  model = models.build(config, dataset.image_shape)
  lanes = sweep.grid(config.sweep, config.hparams)
  with checkpoint.manager(
    folder / rundir.CHECKPOINTS, keep=config.checkpoint.keep, read_only=True
  ) as checkpoints:
    step = checkpoints.latest_step()
    if step is None:
      raise ValueError(f"--workdir: {folder} holds no finished checkpoint yet")
    like = training.init_lanes(model, dataset.image_shape, lanes)
    states = checkpoint.restore(checkpoints, step, like)
  named = [{"lane": i, **lane._asdict()} for i, lane in enumerate(lanes)]
  return Run(folder, config, dataset, model, named, step, states)
