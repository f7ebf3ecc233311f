"""Claim: a policy learns from fewer episodes on disentangled codes.

    python -m dvae_jax.study run --config=experiments/claim_reinforcement.py

Higgins et al. 2017 (arXiv:1707.08475, DARLA) train policies on the frozen codes
of a beta-VAE and find them more robust where the scene changes. Here a sprite
of dSprites must reach the middle of its 16 x 8 positions from anywhere in 16
moves (`downstream.reinforcement`, REINFORCE), seeing pixels, as many principal
components as latents, the kept codes of results/laptop at beta 1 and 4, or the
five factors themselves. Each has the learning rate, of five, that needs least
episodes on seeds 100 and 101; a seed has its own model and its own policy.
Hearts are never seen in training: success with them is the transfer. Nothing is
trained but policies, in seconds; DARLA's own tasks are first-person mazes and a
robot's arm.
"""

from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
from matplotlib.figure import Figure

from dvae_jax import data
from dvae_jax.downstream import reinforcement as rl
from dvae_jax.downstream.linear import principal_components, project
from dvae_jax.report.figures.style import PALETTE, panels, plain
from dvae_jax.studies import (
  Claim,
  Conclusion,
  findings,
  load_study,
  study_of,
)

RESULTS = Path(__file__).parents[1] / "results" / "laptop"
INPUTS = ("factors", "codes, beta 4", "codes, beta 1", "components", "pixels")
RATES = (0.001, 0.003, 0.01, 0.03, 0.1)
EPISODES, UPDATES, SEEDS = 32, 250, 10
NEVER = EPISODES * UPDATES  # what counts for a policy that never gets there


def inputs() -> tuple[tuple[int, ...], dict[str, np.ndarray]]:
  """Sizes of the grid's factors; name -> standardised (1 or 10, N, D)."""
  study = load_study(RESULTS)
  sprites = data.load(study.about["runs"]["beta_vae"]["data"])
  every = np.arange(sprites.num_images)
  images = np.asarray(sprites.render(sprites.arrays, every))
  lanes = [lane for lane in study.lanes if lane["run"] == "beta_vae"]
  codes = lambda setting: study.codes["beta_vae"]["means"][
    [lane["setting"] == setting for lane in lanes]
  ].astype(np.float32)
  factors = np.stack(np.unravel_index(every, sprites.factor_sizes), -1)
  size = codes("beta 4").shape[-1]
  arrays = {
    "factors": factors[None],
    "codes, beta 4": codes("beta 4"),
    "codes, beta 1": codes("beta 1"),
    "components": project(images, principal_components(images, size))[None],
    "pixels": images.reshape(1, len(images), -1),
  }
  scaled = lambda a: (
    (a - a.mean(1, keepdims=True)) / np.maximum(a.std(1, keepdims=True), 1e-3)
  )
  return sprites.factor_sizes, {n: scaled(a) for n, a in arrays.items()}


def learnt(task, features, starts, seeds, rate) -> tuple[rl.Learnt, list]:
  """Policies of some seeds, and the episodes that each needed."""
  keys = jnp.stack([jax.random.PRNGKey(seed) for seed in seeds])
  models = jnp.asarray(features)[np.arange(len(seeds)) % len(features)]
  one = lambda key, array: rl.learn(
    key, task, array, starts, learning_rate=rate, updates=UPDATES,
    number=EPISODES,
  )  # fmt: skip
  if len(features) == 1:  # pixels are many: one copy
    shared = jnp.asarray(features[0])
    found = jax.vmap(lambda key: one(key, shared))(keys)
  else:
    found = jax.vmap(one)(keys, models)
  return found, [rl.episodes_needed(s, EPISODES) for s in found.success]


def measure(folder: Path) -> list[dict]:
  """A line an input and seed: episodes needed, success, also with hearts."""
  sizes, arrays = inputs()
  task = rl.Task(sizes, moving=(3, 4), goal=(8, 4))
  shape = np.unravel_index(np.arange(np.prod(sizes)), sizes)[0]
  seen, hearts = (jnp.flatnonzero(mask) for mask in (shape < 2, shape == 2))
  lines = []
  for name, features in arrays.items():
    needed = {
      rate: np.mean(
        np.minimum(learnt(task, features, seen, (100, 101), rate)[1], NEVER)
      )
      for rate in RATES
    }
    rate = min(needed, key=needed.get)
    found, episodes = learnt(task, features, seen, range(SEEDS), rate)
    for seed in range(SEEDS):
      params = jax.tree.map(lambda leaf, i=seed: leaf[i], found.params)
      own = jnp.asarray(features[seed % len(features)])
      score = lambda starts, p=params, f=own: float(
        rl.success(p, jax.random.PRNGKey(0), task, f, starts)
      )
      curve = np.asarray(found.success[seed]).reshape(-1, 10).mean(1)
      lines.append(
        {"input": name, "seed": seed, "rate": rate}
        | {"episodes": min(episodes[seed], NEVER)}
        | {"seen": score(seen), "hearts": score(hearts)}
        | {"curve": " ".join(f"{v:.3f}" for v in curve)}
      )
  return lines


def column(lines: list[dict], name: str, field: str) -> list[float]:
  """A field of an input's seeds."""
  return [line[field] for line in lines if line["input"] == name]


def conclude(lines: list[dict]) -> Conclusion:
  """Codes of beta 4 against pixels, and against codes of beta 1.

  Held where the codes of beta 4 need fewer episodes to 90% than pixels and than
  codes of beta 1, by intervals below 0; held in part where than one of them.
  """
  difference = lambda own, other: np.mean(own) - np.mean(other)
  gaps = [
    findings.over_seeds(
      difference,
      column(lines, INPUTS[1], "episodes"),
      column(lines, other, "episodes"),
    )
    for other in ("pixels", INPUTS[2])
  ]
  won = sum(gap.high < 0 for gap in gaps)
  mean = lambda name, field: findings.over_seeds(
    np.mean, column(lines, name, field)
  )
  whole = lambda v: f"{v.value:,.0f} ({v.low:,.0f} to {v.high:,.0f})"
  told = [f"{n} {whole(mean(n, 'episodes'))}" for n in INPUTS]
  hearts = [f"{n} {mean(n, 'hearts')}" for n in INPUTS]
  return Conclusion(
    ("failed", "held in part", "held")[won],
    f"Episodes until 90% arrive: {', '.join(told)}. With the shape never"
    f" seen there arrive: {', '.join(hearts)}.",
  )


def draw(lines: list[dict]) -> Figure:
  """Success by episodes, and with the shape never seen."""
  figure, axes = panels(2, columns=2, height=2.4)
  plain(axes[0], xlabel="episodes", ylabel="share that arrive")
  plain(axes[1], ylabel="share of hearts that arrive")
  for k, name in enumerate(INPUTS):
    own = [line for line in lines if line["input"] == name]
    curves = np.array([np.fromstring(x["curve"], sep=" ") for x in own])
    x = EPISODES * 10 * (np.arange(curves.shape[1]) + 0.5)
    ends = np.percentile(curves, (10, 90), axis=0)
    axes[0].fill_between(x, *ends, color=PALETTE[k], alpha=0.15, linewidth=0)
    axes[0].plot(x, curves.mean(0), color=PALETTE[k], label=name)
    hearts = [line["hearts"] for line in own]
    spread = k + np.linspace(-0.15, 0.15, len(hearts))
    axes[1].plot(spread, hearts, "o", color=PALETTE[k], markersize=3)
  axes[1].set_xticks(range(len(INPUTS)), INPUTS, fontsize=6.5)
  figure.legend(loc="outside upper center", fontsize=7, frameon=False, ncols=5)
  return figure


CLAIM = Claim(
  name="reinforcement",
  text="A policy learns from fewer episodes on the codes of a beta-VAE than on"
  " pixels, and than on those of a VAE.",
  source="Higgins et al. 2017 (arXiv:1707.08475), section 4",
  setting="dSprites of results/laptop, 10 seeds of model and policy, 8,000"
  " episodes. Bands: 10% to 90% of seeds",
  runs=lambda profile: {},
  measure=measure,
  conclude=conclude,
  draw=draw,
)


def get_study(profile: str = ""):
  """Nothing but policies is trained."""
  return study_of([CLAIM], profile)
