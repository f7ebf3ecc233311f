"""Claim: a VAE takes noise away and fills in what is missing.

    python -m dvae_jax.study run --config=experiments/claim_denoising.py

Rezende et al. 2014 (arXiv:1401.4082), sections 6.4 and appendix F, fill in
images by encoding and decoding again and again; what they do by draws is done
by means here. Noise is taken away by encoding and decoding once. Both against
doing nothing and against principal components used in the same way, as many as
latents and, because more may be better, five times as many. A VAE that saw
clean images only, and official test images of Fashion-MNIST. The full size has
the network of vae_mnist.py.
"""

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from dvae_jax.config import base
from dvae_jax.downstream import repair
from dvae_jax.downstream.linear import principal_components
from dvae_jax.report.figures.style import PALETTE, new_figure, plain
from dvae_jax.studies import (
  Claim,
  Conclusion,
  findings,
  pixels,
  study_of,
  trained,
)

NOISE = (0.1, 0.2, 0.4)  # standard deviations; grey levels go from 0 to 1
MASKS = ("lower half", "half of the pixels")
TASKS = (*(f"noise {sd}" for sd in NOISE), *MASKS)
MEANS = ("nothing done", "components", "5x components", "VAE")
TESTED = 2000


def runs(profile: str) -> dict:
  """One VAE of Fashion-MNIST, several seeds; claim_labels reads it, too."""
  config = base()
  config.objective, config.network = "vae", "mlp_tiny"
  config.latent_dim, config.hparams.learning_rate = 16, 1e-3
  config.data.name = "fashion_mnist"
  config.sweep.seed = tuple(range(6))
  config.train.steps = config.checkpoint.every = 4000
  config.eval.metrics, config.eval.codes = (), False
  if profile:
    config.network, config.train.steps = "mlp", 60_000
  return {"fashion_vae": config}


def spoilt(images, task: str, seed: int) -> tuple[np.ndarray, np.ndarray]:
  """Images with noise, or with pixels missing (0), and which are seen."""
  rng = np.random.default_rng(seed)
  seen = np.ones(images.shape, bool)
  if task in MASKS:
    seen = rng.random(images.shape) < 0.5
    if task == MASKS[0]:
      seen = np.broadcast_to(np.arange(28)[:, None, None] < 14, images.shape)
    return np.where(seen, images, 0), seen
  noise = rng.normal(0, float(task.split()[1]), images.shape)
  return (images + noise).clip(0, 1).astype(np.float32), seen


def mended(images, seen, task: str, model, mean) -> np.ndarray:
  """What a model makes of them; `mean` stands in for missing pixels."""
  if task in MASKS:
    return repair.inpaint(images, seen, model, fill=mean)
  return repair.denoise(images, model)


def examples(run) -> list[dict]:
  """Pictures of the figure: of two tasks the images, spoilt and mended."""
  images = run.render(np.array([60_001, 60_004, 60_018]))
  mean = run.render(np.arange(10_000)).mean(0)
  model, rows = repair.through_model(run), []
  for task in (TASKS[1], TASKS[3]):
    bad, seen = spoilt(images, task, 0)
    good = mended(bad, seen, task, model, mean)
    rows += zip(("image", task, "mended"), (images, bad, good), strict=True)
  return [{"row": name, **pixels.pack(row)} for name, row in rows]


def measure(folder: Path) -> list[dict]:
  """A line a seed and task: squared errors of what was noisy or missing."""
  lines = []
  for run in trained(folder, "fashion_vae"):
    images = run.render(60_000 + np.arange(TESTED))
    fitted, size = run.render(np.arange(10_000)), run.config.latent_dim
    linear = [
      repair.through_components(principal_components(fitted, number))
      for number in (size, 5 * size)
    ]
    for lane, about in enumerate(run.lanes):
      models = [*linear, repair.through_model(run, lane)]
      for task in TASKS:
        bad, seen = spoilt(images, task, about["seed"])
        found = [np.where(seen, bad, fitted.mean(0))]
        found += [
          mended(bad, seen, task, model, fitted.mean(0)) for model in models
        ]
        counted = ~seen if task in MASKS else seen
        errors = [((f - images) ** 2)[counted].mean() for f in found]
        line = dict(zip(MEANS, errors, strict=True))
        lines.append({"task": task, "seed": about["seed"], **line})
    if not any("examples" in line for line in lines):
      lines[0]["examples"] = examples(run)
  return lines


def conclude(lines: list[dict]) -> Conclusion:
  """The VAE against doing nothing and against as many components, by task.

  A task is won where the VAE's error is smaller than both, by intervals of the
  paired differences below 0. Held where all are won; failed where none is. Five
  times as many components are reported beside it.
  """
  won, told, more = [], [], []
  for task in TASKS:
    own = [line for line in lines if line["task"] == task]
    gaps = [
      findings.over_seeds(np.mean, [x["VAE"] - x[name] for x in own])
      for name in MEANS[:3]
    ]
    won.append(all(gap.high < 0 for gap in gaps[:2]))
    more.append(gaps[2].high < 0)
    means = [f"{np.mean([x[name] for x in own]):.4f}" for name in MEANS]
    told.append(f"{task}: {' / '.join(means)}")
  verdict = "held" if all(won) else "held in part" if any(won) else "failed"
  return Conclusion(
    verdict,
    f"Mean squared error ({' / '.join(MEANS)}): {'; '.join(told)}. The VAE has"
    f" less than nothing done and as many components in {sum(won)} of"
    f" {len(TASKS)} tasks, less than five times as many in {sum(more)}.",
  )


def draw(lines: list[dict]) -> Figure:
  """Errors by task, and three images: as they are, spoilt and mended."""
  figure = new_figure(3.6)
  left, right = figure.subfigures(1, 2, width_ratios=(2.2, 1))
  ax = plain(left.subplots(), ylabel="mean squared error")
  for k, name in enumerate(MEANS):
    for place, task in enumerate(TASKS):
      own = [line[name] for line in lines if line["task"] == task]
      x = np.full(len(own), place + 0.15 * (k - 1.5))
      told = name if place == 0 else None
      ax.plot(x, own, "o", color=PALETTE[k], markersize=3, label=told)
  ax.set_yscale("log")
  ax.set_xticks(range(len(TASKS)), TASKS, fontsize=6.5)
  left.legend(loc="outside upper center", fontsize=7, frameon=False, ncols=4)
  ax = right.subplots()
  rows = lines[0]["examples"]
  whole = pixels.sheet(np.stack([pixels.unpack(row) for row in rows]))
  ax.imshow(whole, cmap="gray_r", vmin=0, vmax=1)
  names = [row["row"] for row in rows]
  ax.set_yticks(14 + 28 * np.arange(len(rows)), names, fontsize=6.5)
  ax.set_xticks([])
  ax.spines[:].set_visible(False)
  ax.tick_params(length=0)
  return figure


CLAIM = Claim(
  name="denoising",
  text="A VAE takes noise away and fills in what is missing.",
  source="Rezende et al. 2014 (arXiv:1401.4082), section 6.4",
  setting="Fashion-MNIST, VAE with 16 latents, 6 seeds, 4,000 steps; 2,000 test"
  " images; components of 10,000 training images",
  runs=runs,
  measure=measure,
  conclude=conclude,
  draw=draw,
)


def get_study(profile: str = ""):
  """Six VAEs; "full": six larger ones."""
  return study_of([CLAIM], profile)
