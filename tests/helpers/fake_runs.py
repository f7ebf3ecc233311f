"""A run that needs no training: its encoder and decoder are known functions.

Images are Gaussian spots; latent 0 is the horizontal position, 2 the vertical
one, 1 the size; every further latent is inactive. Lane l rotates latents 0 and
2 by l times 10 degrees, so that the first lane is the best one. Codes are the
means of Gaussians, points of an autoencoder, or quantised to LEVELS.
"""

from typing import NamedTuple

import numpy as np

from dvae_jax import rundir
from dvae_jax.report import paths

SIZES = (3, 6, 6)
NAMES = ("scale", "posX", "posY")
LEVELS = np.array([-1.5, -0.5, 0.5, 1.5])
OBJECTIVES = {
  "gaussian": "beta_vae",
  "deterministic": "autoencoder",
  "quantised": "quantised_autoencoder",
}


class FakeDataset(NamedTuple):
  name: str = "spots"
  source: str = "rendered"
  image_shape: tuple = (16, 16, 1)
  num_images: int = 108
  factor_names: tuple = NAMES
  factor_sizes: tuple = SIZES
  held_out: np.ndarray | None = None
  factors: np.ndarray | None = None


class FakeRun(NamedTuple):
  """The part of a Run that pictures and `show` use."""

  workdir: object
  config: dict
  lanes: list
  kind: str = "gaussian"
  latent_dim: int = 5
  dataset: FakeDataset = FakeDataset()

  @property
  def discrete(self):
    return self.kind == "quantised"

  def render(self, indices):
    factors = np.stack(np.unravel_index(np.asarray(indices), SIZES), -1)
    unit = factors / (np.array(SIZES) - 1) * 3 - 1.5
    return spots(unit[:, 1], unit[:, 2], unit[:, 0], self._channels())

  def encode(self, images, lane=0):
    images = np.asarray(images).mean(-1, keepdims=True)
    grid = np.linspace(-1.5, 1.5, 16)
    mass = images[..., 0].sum((1, 2))
    x = images[..., 0].sum(1) @ grid / mass * 1.3
    y = images[..., 0].sum(2) @ grid / mass * 1.3
    z = np.zeros((len(images), self.latent_dim))
    angle = np.deg2rad(10 * lane)
    z[:, 0] = np.cos(angle) * x - np.sin(angle) * y
    z[:, 2] = np.sin(angle) * x + np.cos(angle) * y
    z[:, 1] = np.log(mass / 12.0) * 1.5
    if self.discrete:
      z = LEVELS[np.abs(z[..., None] - LEVELS).argmin(-1)]
    return z.astype(np.float32)

  def logvars(self):
    """Of every image, (D,)."""
    return np.log([0.02, 0.1, 0.03, 1, 1][: self.latent_dim])

  def kl(self, images, lane=0):
    if self.kind != "gaussian":
      return None
    mean, logvar = self.encode(images, lane), self.logvars()
    return 0.5 * (mean**2 + np.exp(logvar) - logvar - 1)

  def reconstruction(self, images, lane=0):
    x = np.asarray(images, np.float64)
    p = np.clip(self.decode(self.encode(x, lane), lane), 1e-7, 1 - 1e-7)
    nats = -(x * np.log(p) + (1 - x) * np.log1p(-p))
    return nats.reshape(len(x), -1).sum(1)

  def decode(self, z, lane=0):
    z = np.asarray(z)
    angle = np.deg2rad(10 * lane)
    x = np.cos(angle) * z[:, 0] + np.sin(angle) * z[:, 2]
    y = -np.sin(angle) * z[:, 0] + np.cos(angle) * z[:, 2]
    return spots(x, y, z[:, 1], self._channels())

  def prior(self, number, *, seed=0):
    if self.kind != "gaussian":
      return None
    rng = np.random.default_rng(seed)
    return rng.standard_normal((number, self.latent_dim), np.float32)

  def traversal_values(self, codes, number=9):
    if self.kind == "gaussian":
      return np.tile(np.linspace(-2, 2, number), (self.latent_dim, 1))
    if self.discrete:
      values = [np.unique(column)[:number] for column in np.asarray(codes).T]
      return np.stack([np.pad(v, (0, number - len(v)), "edge") for v in values])
    return np.linspace(*np.quantile(codes, (0.05, 0.95), 0), number, axis=1)

  def traverse(self, images, lane=0, values=None):
    codes = self.encode(images, lane)
    values = self.traversal_values(codes, 7) if values is None else values
    z = paths.one_at_a_time(codes, values)
    flat = self.decode(z.reshape(-1, self.latent_dim), lane)
    return flat.reshape(*z.shape[:3], *flat.shape[1:])

  def _channels(self):
    return self.dataset.image_shape[-1]


def spots(x, y, size, channels):
  grid = np.linspace(-2, 2, 16)
  across = (grid[None, None] - x[:, None, None]) ** 2
  down = (grid[None, :, None] - y[:, None, None]) ** 2
  width = 0.35 * np.exp(0.25 * size)[:, None, None]
  image = np.exp(-(across + down) / (2 * width**2))[..., None]
  return np.repeat(image, channels, -1).astype(np.float32)


def make_run(
  workdir, *, lanes=3, channels=1, seeds=(0,), kind="gaussian"
) -> FakeRun:
  """A fake run of `lanes` betas by seeds; nothing is written."""
  betas = np.geomspace(1, 16, lanes) if lanes > 1 else np.ones(1)
  points = [(float(beta), seed) for beta in betas for seed in seeds]
  return FakeRun(
    workdir,
    {
      "objective": OBJECTIVES[kind],
      "network": "mlp",
      "likelihood": "bernoulli",
      "latent_dim": 5,
      "hparams": {"beta": 1.0, "learning_rate": 1e-3},
      "sweep": {"beta": list(map(float, betas)), "seed": list(seeds)},
      "data": {"name": "spots"},
      "train": {"steps": 1000, "batch_size": 64},
    },
    [
      {
        "lane": i,
        "seed": seed,
        "hparams": {"beta": beta, "learning_rate": 1e-3},
      }
      for i, (beta, seed) in enumerate(points)
    ],
    kind,
    dataset=FakeDataset(image_shape=(16, 16, channels)),
  )


def write_run(run, *, codes=True, factors=True, diverged=()):
  """Writes the files that a finished run leaves, from the fake one."""
  run.workdir.mkdir(parents=True, exist_ok=True)
  rng = np.random.default_rng(0)
  images = run.render(np.arange(run.dataset.num_images))
  kl = None
  if run.kind == "gaussian":
    kl = np.stack([run.kl(images, lane["lane"]).mean(0) for lane in run.lanes])
  rundir.write_config(
    run.workdir,
    {
      "config": run.config,
      "data": {"name": "spots", "source": "rendered", "stride": [1, 1, 1]},
      "versions": {"dvae_jax": "0.1.0", "jax": "0.10.2"},
      "command": "python -m dvae_jax.main --config=experiments/spots.py",
    },
  )
  lines = {
    rundir.LOGGED: _curves(run, kl, rng, diverged),
    rundir.TIMINGS: [{"step": 1000, "seconds": 12.5, "steps_per_second": 80.0}],
    rundir.RESULTS: _results(run, kl, diverged, factors),
  }
  for name, rows in lines.items():
    rundir.write_jsonl(run.workdir / name, rows)
  if codes:
    np.savez(run.workdir / rundir.CODES, **_codes(run, images, kl, factors))


def _codes(run, images, kl, factors):
  indices = np.arange(run.dataset.num_images)
  arrays = {
    "means": np.stack([run.encode(images, i) for i in range(len(run.lanes))]),
    "indices": indices,
    "discrete": np.bool_(run.discrete),
  }
  if kl is not None:
    arrays["kl"] = kl
    arrays["logvars"] = np.broadcast_to(run.logvars(), arrays["means"].shape)
  if factors:
    arrays["factors"] = np.stack(np.unravel_index(indices, SIZES), -1)
    arrays["factor_names"] = np.array(NAMES)
  return arrays


def _curves(run, kl, rng, diverged):
  """Lines of metrics.jsonl; without KL where there is none."""
  for step in range(100, 1001, 100):
    for i, lane in enumerate(run.lanes):
      noise = rng.normal(0, 0.1)
      reconstruction = 40 + 200 * np.exp(-step / 200) + 3 * i + noise
      broken = np.nan if i in diverged and step > 500 else 1.0
      line = {"reconstruction": reconstruction * broken}
      if kl is not None:
        grown = kl[i] * (1 - np.exp(-step / 250)) * broken
        line |= {"kl": grown.sum(), "kl_per_latent": grown}
      loss = line["reconstruction"] + lane["hparams"]["beta"] * line.get(
        "kl", 0
      )
      yield {"step": step, "lane": i, "loss": loss, **line}


def _results(run, kl, diverged, factors):
  """Lines of results.jsonl; a diverged lane has no numbers."""
  for i, lane in enumerate(run.lanes):
    metrics = {"reconstruction": 40.0 + 3 * i}
    if kl is not None:
      metrics |= {
        "kl": kl[i].sum(),
        "elbo": -40.0 - 3 * i - kl[i].sum(),
        "kl_per_latent": kl[i],
        "active_units": int((kl[i] > 0.01).sum()),
        "mi": 2.0 - 0.1 * i,
        "tc": 0.5 + 0.1 * i,
        "dwkl": 6.0,
      }
    metrics["total_correlation"] = 0.2 + 0.1 * i
    if factors:
      metrics["mig"] = 0.6 - 0.05 * i
      metrics["sap"] = 0.3 - 0.02 * i**1.1
      metrics["dci"] = 0.8 - 0.04 * i
      metrics["dci.completeness"] = 0.7 - 0.04 * i
    yield {
      **lane,
      "step": 1000,
      "diverged_at": 600 if i in diverged else -1,
      "metrics": {} if i in diverged else metrics,
      "data": {"name": "spots", "source": "rendered"},
    }


def save_clouds(run, steps, *, scale=1):
  """Codes that spread out over training; lane 1's are broken at the end."""
  about = rundir.read_config(run.workdir)
  about["data"]["factors"] = dict(zip(NAMES, SIZES, strict=True))
  rundir.write_config(run.workdir, about)
  clouds, indices = run.workdir / rundir.CLOUDS, np.arange(0, 108, 2)
  clouds.mkdir()
  np.save(clouds / "indices.npy", indices)
  lanes = [run.encode(run.render(indices), lane) for lane in (0, 1)]
  for step in steps:
    codes = scale * np.stack(lanes).astype(np.float16) * step / steps[-1]
    if step == steps[-1]:
      codes[1] = np.nan
    np.save(clouds / f"{step}.npy", codes)
