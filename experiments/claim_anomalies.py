"""Claim: a VAE tells images of a class that it never saw.

    python -m dvae_jax.study run --config=experiments/claim_anomalies.py

An & Cho 2015, who score by the probability of the reconstruction; Xiao et al.
2020 (arXiv:2003.02977) find the likelihood misleading. One class of
Fashion-MNIST is left out of the training; the official test images are ranked
by reconstruction, negative ELBO and the Mahalanobis distance of the code, and
by scikit-learn's isolation forest and what principal components don't explain.
A departure: the reconstruction is that of the code, not a mean over draws.
Beside the claim stands the squared error of the same reconstruction, added once
its log probability was seen to fail: of grey pixels the Bernoulli's has a part
that no model can change, their own entropy, which differs by class. The full
size leaves out each class in turn and has the network of vae_mnist.py.
"""

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from dvae_jax.config import base
from dvae_jax.downstream import anomalies
from dvae_jax.downstream.linear import principal_components
from dvae_jax.metrics.explicitness import roc_area
from dvae_jax.report.figures.style import PALETTE, panels, plain
from dvae_jax.studies import Claim, Conclusion, findings, study_of, trained

CLASSES = {0: "T-shirt", 1: "trouser", 4: "coat", 5: "sandal", 7: "sneaker"}
CLASSES |= {8: "bag"}
OWN = ("reconstruction", "negative ELBO", "latent distance", "squared error")
OTHERS = ("isolation forest", "principal components")


def runs(profile: str) -> dict:
  """A VAE for each class that is left out."""
  found = {}
  for label in range(10) if profile else CLASSES:
    config = base()
    config.objective, config.network = "vae", "mlp_tiny"
    config.latent_dim, config.hparams.learning_rate = 16, 1e-3
    config.data.name, config.data.holdout = "fashion_mnist", f"label={label}"
    config.sweep.seed = (0, 1, 2)
    config.train.steps = config.checkpoint.every = 4000
    config.eval.metrics, config.eval.codes = (), False
    if profile:
      config.network, config.train.steps = "mlp", 60_000
    found[f"fashion_without_{label}"] = config
  return found


def scores(run, lane: int, images, normal) -> dict[str, np.ndarray]:
  """The model's scores of images (B, H, W, C), given normal ones."""
  codes = run.encode(images, lane)
  errors = (run.decode(codes, lane) - images) ** 2
  return {
    OWN[0]: run.reconstruction(images, lane),
    OWN[1]: anomalies.negative_elbo(run, images, lane),
    OWN[2]: anomalies.mahalanobis(codes, run.encode(normal, lane)),
    OWN[3]: errors.sum((1, 2, 3)),
  }


def others(images, normal, size: int, seed: int) -> dict[str, np.ndarray]:
  """The scores without a model; as many components as latents."""
  from sklearn.ensemble import IsolationForest

  flat = lambda array: array.reshape(len(array), -1)
  forest = IsolationForest(random_state=seed).fit(flat(normal))
  return {
    OTHERS[0]: -forest.score_samples(flat(images)),
    OTHERS[1]: anomalies.outside(images, principal_components(normal, size)),
  }


def measure(folder: Path) -> list[dict]:
  """A line a class and seed: the area under each score's ROC curve."""
  lines = []
  for name in runs(""):
    for run in trained(folder, name):
      label = int(name.rsplit("_", 1)[1])
      labels = run.dataset.factors[:, 0]
      tested = np.arange(60_000, 70_000)
      strange = labels[tested] == label
      learnt = np.flatnonzero(labels[:60_000] != label)
      images = run.render(tested)
      for lane, about in enumerate(run.lanes):
        rng = np.random.default_rng(about["seed"])
        normal = run.render(np.sort(rng.choice(learnt, 10_000, replace=False)))
        found = scores(run, lane, images, normal)
        found |= others(images, normal, run.config.latent_dim, about["seed"])
        area = {n: roc_area(score, strange) for n, score in found.items()}
        lines.append({"label": label, "seed": about["seed"], **area})
  return lines


def conclude(lines: list[dict]) -> Conclusion:
  """The model's reconstruction against either of the others, paired.

  Reconstruction is the log probability. Held where its mean area is larger than
  both, by intervals of the difference above 0 over classes and seeds; held in
  part where than one of them; failed otherwise.
  """
  mean = {
    name: findings.over_seeds(np.mean, [line[name] for line in lines])
    for name in (*OWN, *OTHERS)
  }
  ahead = {
    name: findings.over_seeds(
      np.mean, [line[OWN[0]] - line[name] for line in lines]
    )
    for name in OTHERS
  }
  won = sum(gap.low > 0 for gap in ahead.values())
  return Conclusion(
    ("failed", "held in part", "held")[won],
    "Mean area under the ROC curve: "
    + ", ".join(f"{name} {value}" for name, value in mean.items())
    + ". Reconstruction is ahead "
    + " and ".join(f"of the {name} by {gap}" for name, gap in ahead.items())
    + ".",
  )


def draw(lines: list[dict]) -> Figure:
  """Each score's area by the class that was left out."""
  figure, (ax,) = panels(1, columns=1, height=2.6)
  plain(ax, ylabel="area under the ROC curve", xlabel="class left out")
  for k, name in enumerate((*OWN, *OTHERS)):
    for place, label in enumerate(CLASSES):
      own = [line[name] for line in lines if line["label"] == label]
      x = np.full(len(own), place + 0.13 * (k - 2.5))
      told = name if place == 0 else None
      ax.plot(x, own, "o", color=PALETTE[k], markersize=3, label=told)
  ax.axhline(0.5, color="#999999", linewidth=0.6)
  ax.set_xticks(range(len(CLASSES)), [*CLASSES.values()])
  figure.legend(loc="outside upper center", fontsize=7, frameon=False, ncols=3)
  return figure


CLAIM = Claim(
  name="anomalies",
  text="A VAE's reconstruction tells images of a class it never saw, better"
  " than isolation forests and principal components do.",
  source="An & Cho 2015 (http://dm.snu.ac.kr/static/docs/TR/SNUDM-TR-2015-03.pdf)",
  setting="Fashion-MNIST without one of 6 classes, VAE with 16 latents, 3 seeds"
  " each, 4,000 steps; 10,000 test images",
  runs=runs,
  measure=measure,
  conclude=conclude,
  draw=draw,
)


def get_study(profile: str = ""):
  """18 VAEs; "full": 30 larger ones."""
  return study_of([CLAIM], profile)
