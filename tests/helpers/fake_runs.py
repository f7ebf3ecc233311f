"""A run that needs no training: its encoder and decoder are known functions.

Images are Gaussian spots; latent 0 is the horizontal position, 2 the vertical
one, 1 the size; every further latent is inactive. Lane l rotates latents 0 and
2 by l times 10 degrees, so that the first lane is the best one.
"""

import json
from typing import NamedTuple

import numpy as np

from dvae_jax import rundir

SIZES = (3, 6, 6)
NAMES = ("scale", "posX", "posY")


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
  latent_dim: int = 5
  dataset: FakeDataset = FakeDataset()

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
    logvar = np.zeros_like(z)
    logvar[:, :3] = np.log([0.02, 0.1, 0.03])
    return z.astype(np.float32), logvar.astype(np.float32)

  def decode(self, z, lane=0):
    z = np.asarray(z)
    angle = np.deg2rad(10 * lane)
    x = np.cos(angle) * z[:, 0] + np.sin(angle) * z[:, 2]
    y = -np.sin(angle) * z[:, 0] + np.cos(angle) * z[:, 2]
    return spots(x, y, z[:, 1], self._channels())

  def traverse(self, images, lane=0, values=None):
    values = np.linspace(-2, 2, 7) if values is None else values
    mean = self.encode(images, lane)[0]
    z = np.tile(mean[:, None, None], (1, self.latent_dim, len(values), 1))
    for d in range(self.latent_dim):
      z[:, d, :, d] = values
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


def make_run(workdir, *, lanes=3, channels=1) -> FakeRun:
  """A fake run with `lanes` betas; nothing is written."""
  betas = np.geomspace(1, 16, lanes) if lanes > 1 else np.ones(1)
  return FakeRun(
    workdir,
    {
      "objective": "beta_vae",
      "network": "mlp",
      "likelihood": "bernoulli",
      "latent_dim": 5,
      "hparams": {"beta": 1.0, "learning_rate": 1e-3},
      "sweep": {"beta": list(map(float, betas)), "seed": []},
      "data": {"name": "spots"},
      "train": {"steps": 1000, "batch_size": 64},
    },
    [
      {
        "lane": i,
        "seed": 0,
        "hparams": {"beta": float(b), "learning_rate": 1e-3},
      }
      for i, b in enumerate(betas)
    ],
    dataset=FakeDataset(image_shape=(16, 16, channels)),
  )


def write_run(run, *, codes=True, factors=True, diverged=()):
  """Writes the files that a finished run leaves, from the fake one."""
  run.workdir.mkdir(parents=True, exist_ok=True)
  rng = np.random.default_rng(0)
  indices = np.arange(run.dataset.num_images)
  encoded = [
    run.encode(run.render(indices), lane["lane"]) for lane in run.lanes
  ]
  means, logvars = (np.stack(part) for part in zip(*encoded, strict=True))
  kl = 0.5 * (means**2 + np.exp(logvars) - logvars - 1).mean(1)
  rundir.write_config(
    run.workdir,
    {
      "config": run.config,
      "data": {"name": "spots", "source": "rendered", "stride": [1, 1, 1]},
      "versions": {"dvae_jax": "0.1.0", "jax": "0.10.2"},
      "command": "python -m dvae_jax.main --config=experiments/spots.py",
    },
  )
  _write_lines(run.workdir / "metrics.jsonl", _curves(run, kl, rng, diverged))
  _write_lines(
    run.workdir / "timings.jsonl",
    [{"step": 1000, "seconds": 12.5, "steps_per_second": 80.0}],
  )
  _write_lines(
    run.workdir / "results.jsonl", _results(run, kl, diverged, factors)
  )
  if codes:
    extra = {}
    if factors:
      extra["factors"] = np.stack(np.unravel_index(indices, SIZES), -1)
      extra["factor_names"] = np.array(NAMES)
    np.savez(
      run.workdir / "codes.npz",
      means=means,
      logvars=logvars,
      indices=indices,
      **extra,
    )


def _write_lines(path, rows):
  path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def _curves(run, kl, rng, diverged):
  for step in range(100, 1001, 100):
    for lane in run.lanes:
      i = lane["lane"]
      grown = kl[i] * (1 - np.exp(-step / 250))
      noise = rng.normal(0, 0.1)
      reconstruction = 40 + 200 * np.exp(-step / 200) + 3 * i + noise
      if i in diverged and step > 500:
        grown, reconstruction = grown * np.nan, np.nan
      total = float(grown.sum())
      yield {
        "step": step,
        "lane": i,
        "loss": reconstruction + lane["hparams"]["beta"] * total,
        "reconstruction": reconstruction,
        "kl": total,
        "kl_per_latent": grown.tolist(),
      }


def _results(run, kl, diverged, factors):
  for lane in run.lanes:
    i = lane["lane"]
    bad = i in diverged
    metrics = {
      "reconstruction": float("nan") if bad else 40.0 + 3 * i,
      "kl": float("nan") if bad else float(kl[i].sum()),
      "kl_per_latent": kl[i].tolist(),
      "active_units": int((kl[i] > 0.01).sum()),
    }
    if factors:
      metrics["mig"] = float("nan") if bad else 0.6 - 0.05 * i
      metrics["sap"] = 0.3 - 0.02 * i**1.1
      metrics["dci"] = 0.8 - 0.04 * i
    yield {
      **lane,
      "step": 1000,
      "diverged_at": 600 if bad else -1,
      "metrics": metrics,
      "data": {"name": "spots", "source": "rendered"},
    }
