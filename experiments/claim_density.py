"""Claim: factors are only disentangled where they are sampled densely.

    python -m dvae_jax.study run --config=experiments/claim_density.py

Higgins et al. 2016 (arXiv:1606.05579) ask for continuous data: objects that
move in small steps. Here beta-VAEs of beta 1 and 4 see 16, 8, 4 or 2 values of
each position, 2 to 16 pixels of dSprites apart, and as many images as the two
coarsest grids hold, drawn at random from the finest: fewer, but not further
apart. All are trained for as many steps and scored on the finest grid; scores
of the training images alone say what not having seen the others costs.
Departures: a small network and 32 pixels; the source's images aren't dSprites.
The full size thins the whole data set.
"""

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from dvae_jax import metrics
from dvae_jax.config import base
from dvae_jax.report.figures.style import PALETTE, panels, plain
from dvae_jax.studies import (
  Claim,
  Conclusion,
  charts,
  findings,
  study_of,
  trained,
)

STEPS = {"grid_16": 2, "grid_8": 4, "grid_4": 8, "grid_2": 16}
RANDOM = {"random_4": 1 - 4**2 / 16**2, "random_2": 1 - 2**2 / 16**2}
SCORES = ("mig", "selectivity", "mig_trained")
BETAS = (1.0, 4.0)


def runs(profile: str) -> dict:
  """A run a grid, and a run a random share of the finest one."""
  found = {}
  for name in (*STEPS, *RANDOM):
    config = found[name] = base()
    config.sweep.beta, config.sweep.seed = BETAS, tuple(range(6))
    config.data.heldout_fraction = RANDOM.get(name, 0.0)
    step = STEPS.get(name, 2)
    config.data.stride = (1, 1, 1, step, step)
    config.eval.metrics, config.eval.codes = (), False
    if not profile:
      config.network, config.latent_dim = "mlp_tiny", 6
      config.data.resolution, config.data.stride = 32, (1, 2, 14, step, step)
      config.hparams.learning_rate = 1e-3
      config.train.steps = config.checkpoint.every = 5000
  return found


def measure(folder: Path) -> list[dict]:
  """A line a lane: scores of the finest grid's images."""
  finest = next(trained(folder, "grid_16"))
  indices = np.arange(finest.dataset.num_images)
  images = finest.render(indices)
  factors = np.stack(
    np.unravel_index(indices, finest.dataset.factor_sizes), axis=-1
  )
  lines = []
  for name in (*STEPS, *RANDOM):
    coarser = STEPS.get(name, 2) // 2
    for run in trained(folder, name):
      seen = (factors[:, 3:] % coarser == 0).all(1)
      if run.dataset.held_out is not None:
        seen[run.dataset.held_out] = False
      for lane in run.lanes:
        codes = run.encode(images, lane["lane"])
        nats = run.reconstruction(images, lane["lane"])
        lines.append({
          "run": name, "images": int(seen.sum()), "seed": lane["seed"],
          "beta": lane["hparams"]["beta"],
          "mig": score("mig", codes, factors),
          "selectivity": score("selectivity", codes, factors),
          "mig_trained": score("mig", codes[seen], factors[seen]),
          "nats_trained": nats[seen].mean(), "nats": nats.mean(),
        })  # fmt: skip
  return lines


def score(name: str, codes: np.ndarray, factors: np.ndarray) -> float:
  """One metric's headline."""
  return metrics.score(name, codes, factors, rng=np.random.default_rng(0))[name]


def values(lines: list[dict], run: str, beta: float, name: str) -> np.ndarray:
  """A number of a run's seeds."""
  return np.array(
    [x[name] for x in lines if x["run"] == run and x["beta"] == beta]
  )


def conclude(lines: list[dict]) -> Conclusion:
  """Held where at beta 4 MIG and selectivity are both higher on the finest grid
  than on the coarsest, and beta 4's gain over beta 1 is larger there, by
  intervals that leave out zero; held in part where one of the three is so."""
  gap = lambda a, b: a.mean() - b.mean()
  fine, coarse = "grid_16", "grid_2"
  found = {
    name: findings.over_seeds(
      gap, values(lines, fine, 4, name), values(lines, coarse, 4, name)
    )
    for name in ("mig", "selectivity")
  }
  gains = [
    values(lines, run, 4, "mig") - values(lines, run, 1, "mig")
    for run in (fine, coarse)
  ]
  found["gain"] = findings.over_seeds(gap, *gains)
  won = [part.low > 0 for part in found.values()]
  mean = lambda *key: findings.over_seeds(np.mean, values(lines, *key))
  gained = [findings.over_seeds(np.mean, gain) for gain in gains]
  return Conclusion(
    "held" if all(won) else "held in part" if any(won) else "failed",
    f"At beta 4 MIG is {mean(fine, 4, 'mig')} with 16 x 16 positions and"
    f" {mean(coarse, 4, 'mig')} with 2 x 2, selectivity"
    f" {mean(fine, 4, 'selectivity')} and {mean(coarse, 4, 'selectivity')}; as"
    " few images at random from the finest grid give MIG"
    f" {mean('random_2', 4, 'mig')}. Beta 4 gains {gained[0]} over a"
    f" VAE on the finest grid and {gained[1]} on the coarsest, whose"
    f" own images alone have MIG {mean(coarse, 4, 'mig_trained')} at beta 4"
    f" and {mean(coarse, 1, 'mig_trained')} at beta 1.",
  )


def draw(lines: list[dict]) -> Figure:
  """Scores against the number of training images."""
  figure, axes = panels(3, height=2.6)
  labels = ("MIG", "selectivity", "MIG of training images")
  kinds = (("grid", list(STEPS), "o-"), ("random", ["grid_16", *RANDOM], "s--"))
  for ax, name, label in zip(axes, SCORES, labels, strict=True):
    plain(ax, xlabel="training images", ylabel=label)
    for colour, beta in zip(PALETTE, BETAS, strict=False):
      for kind, names, style in kinds:
        groups = {run: values(lines, run, beta, name) for run in names}
        sizes = [values(lines, run, beta, "images")[0] for run in names]
        charts.draw_means(
          ax, groups, places=sizes, colour=colour, style=style,
          label=f"beta {beta:g}, {kind}" if ax is axes[0] else "",
        )  # fmt: skip
    ax.set_xscale("log")
    ax.set_ylim(0)
  figure.legend(loc="outside upper center", fontsize=7, frameon=False, ncols=4)
  return figure


CLAIM = Claim(
  name="density",
  text="Factors are only disentangled where the data sample them densely.",
  source="Higgins et al. 2016 (arXiv:1606.05579), on continuous data",
  setting="dSprites at 32 pixels, 3 shapes x 3 sizes x 3 orientations x 16, 8,"
  " 4 or 2 values of each position, beta-VAEs of 6 latents, 6 seeds; scored on"
  " the 6,912 images of the finest grid",
  runs=runs,
  measure=measure,
  conclude=conclude,
  draw=draw,
)


def get_study(profile: str = ""):
  """Six seeds of two betas on six training sets."""
  return study_of([CLAIM], profile)
