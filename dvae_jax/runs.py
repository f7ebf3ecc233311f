"""A trained run loaded back: encode, decode, draw, traverse."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import ml_collections
import numpy as np

from dvae_jax import checks, data, rundir, schema
from dvae_jax.data.dataset import Dataset
from dvae_jax.methods import models
from dvae_jax.report import paths
from dvae_jax.train import checkpoint, sweep, training


def _check_registered(record: dict[str, Any], folder: Path) -> None:
  """Refuses a run of a method, a network or the like that isn't registered.

  What registered it is never executed on the word of a run directory.
  """
  for field, known in checks.REGISTRIES.items():
    name = schema.value_of(record["config"], field)
    if name not in known:
      experiment = record.get("experiment") or "the file that registers it"
      raise ValueError(
        f"--workdir: {folder}: {field} {name!r} isn't registered here; add"
        f" --register={experiment}, or in Python"
        f" dvae_jax.register({experiment!r})"
      )


@dataclass(frozen=True)
class Run:
  """A trained run: every lane's model and the data set it was trained on.

  Attributes:
    workdir: the run directory.
    config: the resolved config.
    setup: what was static in the training: model, data set, optimizer.
    lanes: {"lane", "seed", "hparams"} of each lane.
    step: updates made.
    states: TrainState of all lanes, NumPy arrays (L, ...).
  """

  workdir: Path
  config: ml_collections.ConfigDict
  setup: training.Setup
  lanes: list[dict[str, Any]]
  step: int
  states: training.TrainState

  @property
  def model(self) -> models.Model:
    """Modules and functions, shared by the lanes."""
    return self.setup.model

  @property
  def dataset(self) -> Dataset:
    """What the run was trained on."""
    return self.setup.dataset

  @property
  def discrete(self) -> bool:
    """Whether a latent's codes take few different values."""
    return self.model.objective.posterior.discrete

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
    return np.asarray(
      _render(self.dataset.render, self.dataset.arrays, indices)
    )

  def posterior(self, images, lane: int = 0) -> Any:
    """q(z|x) of images (B, H, W, C): a NamedTuple of arrays of B rows."""
    images = jnp.asarray(images, jnp.float32)
    if images.shape[1:] != self.dataset.image_shape:
      raise ValueError(
        f"images: shape {images.shape} found, (B, *{self.dataset.image_shape})"
        " expected"
      )
    state = self.state(lane)
    return _encode(self.model, state.params, state.hparams, images)

  def encode(self, images, lane: int = 0) -> np.ndarray:
    """Codes (B, D) of images (B, H, W, C): posterior means, as metrics read."""
    q = self.posterior(images, lane)
    return np.asarray(self.model.objective.posterior.code(q))

  def kl(self, images, lane: int = 0) -> np.ndarray | None:
    """KL (B, D) of each latent to the prior, nats; None where there is none."""
    kl = self.model.objective.posterior.kl
    return np.asarray(jax.jit(kl)(self.posterior(images, lane))) if kl else None

  def reconstruction(self, images, lane: int = 0) -> np.ndarray:
    """-log p(x|z) (B,) in nats of images at their codes, without noise."""
    state, codes = self.state(lane), self.encode(images, lane)
    images = jnp.asarray(images, jnp.float32)
    return -np.asarray(
      _log_prob(self.model, state.params, state.hparams, codes, images)
    )

  def decode(self, z, lane: int = 0) -> np.ndarray:
    """Mean images (B, H, W, C) in [0, 1] of p(x|z), z (B, D)."""
    z = jnp.asarray(z, jnp.float32)
    if z.ndim != 2 or z.shape[1] != self.config.latent_dim:
      raise ValueError(
        f"z: shape {z.shape} found, (B, {self.config.latent_dim}) expected"
      )
    return np.asarray(_decode(self.model, self.state(lane).params, z))

  def prior(self, number: int, *, seed: int = 0) -> np.ndarray | None:
    """Draws z (number, D) from the prior; None where there is none."""
    prior = self.model.objective.posterior.prior
    shape = (number, self.config.latent_dim)
    if prior is None:
      return None
    return np.asarray(_draw(prior.draw, shape, seed))

  def traversal_values(self, codes, number: int = 9) -> np.ndarray:
    """Values that each latent takes in a traversal.

    Args:
      codes: (N, D) of a sample of images.
      number: V.

    Returns:
      (D, V): over the prior's range; without a prior from the 2.5% to the 97.5%
      quantile of the latent's codes; of discrete codes the values that occur,
      thinned to V or padded with the last.
    """
    prior = self.model.objective.posterior.prior
    codes = np.asarray(codes, np.float32)
    if self.discrete:
      return np.stack([occurring(column, number) for column in codes.T])
    if prior is not None:
      steps = np.linspace(prior.low, prior.high, number, dtype=np.float32)
      return np.tile(steps, (codes.shape[1], 1))
    low, high = np.quantile(codes, (0.025, 0.975), axis=0)
    return np.linspace(low, high, number, axis=1, dtype=np.float32)

  def traverse(self, images, lane: int = 0, values=None) -> np.ndarray:
    """Decodes the images' codes with one latent moved at a time.

    Args:
      images: (B, H, W, C).
      lane: which model.
      values: (D, V) or (V,) values that each latent takes; 11 of
        `traversal_values` by default.

    Returns:
      (B, D, V, H, W, C) images in [0, 1].
    """
    codes = self.encode(images, lane)
    if values is None:
      values = self.traversal_values(codes, 11)
    z = paths.one_at_a_time(codes, values)
    decoded = self.decode(z.reshape(-1, codes.shape[1]), lane)
    return decoded.reshape(*z.shape[:3], *decoded.shape[1:])


def occurring(codes: np.ndarray, number: int) -> np.ndarray:
  """The different values among codes (N,): `number` of them, or padded."""
  values = np.unique(codes)
  if len(values) > number:
    values = values[np.linspace(0, len(values) - 1, number).round().astype(int)]
  return np.pad(values, (0, number - len(values)), mode="edge")


# Compiled whole: operations one by one would be as many programs.
_render = jax.jit(lambda render, *args: render(*args), static_argnums=0)
_draw = jax.jit(
  lambda draw, shape, seed: draw(jax.random.PRNGKey(seed), shape),
  static_argnums=(0, 1),
)
_encode = jax.jit(models.encode, static_argnums=0)
_decode = jax.jit(models.decode_images, static_argnums=0)
_log_prob = jax.jit(models.log_prob, static_argnums=0)


def _place(workdir: str | Path) -> Path:
  """The folder itself, or a downloaded one."""
  if not str(workdir).startswith("hf://"):
    return Path(workdir)
  from dvae_jax import hub

  return hub.fetch(str(workdir))


def load_run(
  workdir: str | Path, *, setup: training.Setup | None = None
) -> Run:
  """Loads the newest checkpoint of a run directory.

  Args:
    workdir: of a run that has made at least one checkpoint; "hf://user/name" is
      one on the Hugging Face Hub.
    setup: of a run that differs in its lanes alone, whose data and compiled
      programs are used; None loads and compiles them, 10 MB each time.

  Returns:
    The Run; nothing in the folder is changed.

  Raises:
    ValueError: it's no run directory, what it names isn't registered, or its
      checkpoint can't be read.
  """
  folder = _place(workdir)
  record = rundir.read_config(folder)
  with rundir.about(folder / rundir.CONFIG):
    schema.check_values(record["config"])
  _check_registered(record, folder)
  config = ml_collections.ConfigDict(record["config"])
  with rundir.about(folder / rundir.CONFIG):
    checks.check_trained(config)
  setup = setup or training.set_up(config, data.load(config.data))
  lanes = sweep.grid(config.sweep, config.hparams)
  place = folder / rundir.CHECKPOINTS
  with checkpoint.manager(place, read_only=True) as checkpoints:
    like = training.lane_shapes(setup, lanes)
    step, states, _ = checkpoint.restore_newest(checkpoints, like)
    if not step:
      raise ValueError(f"--workdir: {folder} holds no finished checkpoint yet")
  named = [{"lane": i, **lane._asdict()} for i, lane in enumerate(lanes)]
  return Run(folder, config, setup, named, step, states)
