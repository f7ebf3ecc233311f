"""Claim: an autoencoder's range of codes is chance, a VAE's is the prior's.

    python -m dvae_jax.study run --config=experiments/claim_range.py

Every course says it of two latents; the VAE's half follows from Kingma &
Welling 2014 (arXiv:1312.6114), eq. 3, whose KL pulls each posterior to N(0, 1).
Fashion-MNIST (Debian's package dataset-fashion-mnist, or `python -m
dvae_jax.data prepare fashion_mnist`), two latents, batch 100, Adam 1e-3, ten
epochs of a small network. The full size is experiments/vae_mnist.py's.
"""

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from dvae_jax import rundir
from dvae_jax.config import base
from dvae_jax.report.figures.style import PALETTE, panels, plain
from dvae_jax.studies import Claim, Conclusion, claims, findings, study_of

MODELS = {"range_autoencoder": "autoencoder", "range_vae": "beta_vae"}
MOST = 0.25  # of the prior's standard deviation


def runs(profile: str) -> dict:
  """An autoencoder and a VAE with two latents."""
  found = {}
  for name, objective in MODELS.items():
    config = found[name] = base()
    config.objective, config.latent_dim = objective, 2
    config.network = "mlp" if profile else "mlp_tiny"
    config.data.name = "mnist" if profile else "fashion_mnist"
    config.hparams.learning_rate = 1e-3
    config.sweep.seed = tuple(range(10))
    config.train.batch_size = 100
    config.train.steps = config.checkpoint.every = 60_000 if profile else 6000
    config.eval.metrics = ()
  found["range_vae"].hparams.beta = 1.0
  return found


def measure(folder: Path) -> list[dict]:
  """A line a lane: centre and 2.5% and 97.5% percentiles of each latent."""
  lines = []
  for name in MODELS:
    for part in claims.parts_of(folder, name):
      results = rundir.read_jsonl(part / rundir.RESULTS)
      with np.load(part / rundir.CODES) as file:
        means = file["means"].astype(np.float64)  # (L, N, 2)
      for line, codes in zip(results, means, strict=True):
        low, high = np.percentile(codes, (2.5, 97.5), axis=0)
        found = {"centre": codes.mean(0), "low": low, "high": high}
        lines.append({"run": name, "seed": line["seed"], **found})
  return lines


def conclude(lines: list[dict]) -> Conclusion:
  """Held where intervals say so: from seed to seed the width of the range, the
  mean over latents from the 2.5% to the 97.5% percentile, varies more in the
  autoencoder (coefficient of variation), its centre is farther from zero, and
  the VAE's is less than 0.25 away. Held in part where one of the two
  comparisons fails and the VAE is centred; otherwise failed.
  """
  column = lambda run, f: np.array([f(x) for x in lines if x["run"] == run])
  width = lambda line: np.subtract(line["high"], line["low"]).mean()
  offset = lambda line: np.linalg.norm(line["centre"])
  widths = [column(name, width) for name in MODELS]
  offsets = [column(name, offset) for name in MODELS]
  varies = lambda values: values.std(ddof=1) / values.mean()
  wider = findings.over_seeds(lambda a, b: varies(a) - varies(b), *widths)
  off = findings.over_seeds(lambda a, b: a.mean() - b.mean(), *offsets)
  far, near = (findings.over_seeds(np.mean, values) for values in offsets)
  shares = [findings.over_seeds(varies, values) for values in widths]
  more = (wider.low > 0) + (off.low > 0)
  centred = near.high < MOST
  ends = [f"{min(values):.2f} to {max(values):.2f}" for values in widths]
  verdict = "held" if more == 2 else "held in part"
  return Conclusion(
    verdict if centred and more else "failed",
    f"The autoencoder's range is {ends[0]} wide, with a coefficient of"
    f" variation of {shares[0]} and its centre {far} from zero; the VAE's is"
    f" {ends[1]} wide, {shares[1]}, and {near} from zero.",
  )


def draw(lines: list[dict]) -> Figure:
  """A line for each latent of each lane, a point at its centre."""
  figure, axes = panels(2, columns=2, height=2.6)
  for ax, (name, method) in zip(axes, MODELS.items(), strict=True):
    vae = method == "beta_vae"
    title = "VAE; grey: 95% of the prior" if vae else "autoencoder"
    plain(ax, xlabel="code", ylabel="" if vae else "seed", title=title)
    if vae:
      ax.axvspan(-1.96, 1.96, color="#eeeeee")
    ax.yaxis.set_major_locator(MaxNLocator(integer=True))
    for line in (line for line in lines if line["run"] == name):
      for latent, (shift, colour) in enumerate(
        zip((-0.15, 0.15), PALETTE, strict=False)
      ):
        y, centre = line["seed"] + shift, line["centre"][latent]
        ends = line["low"][latent], line["high"][latent]
        ax.plot(ends, (y, y), color=colour, linewidth=1.5)
        ax.plot(centre, y, "o", color=colour, markersize=3)
    ax.axvline(0, color="#999999", linewidth=0.5)
  return figure


CLAIM = Claim(
  name="range",
  text="An autoencoder's range of codes changes from training to training, a"
  " VAE's is centred on zero.",
  source="of courses; Kingma & Welling 2014 (arXiv:1312.6114), eq. 3",
  setting="70,000 images of Fashion-MNIST, 2 latents, 2 models x 10 seeds",
  runs=runs,
  measure=measure,
  conclude=conclude,
  draw=draw,
)


def get_study(profile: str = ""):
  """Ten seeds of each of the two."""
  return study_of([CLAIM], profile)
