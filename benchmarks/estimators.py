"""What estimators say of the total correlation, and of its gradient.

    python -m benchmarks.estimators [--batches=64,256,1024,2048]
        [--images=5120] [--size=737280] [--json=FILE]
        [--figure=docs/estimators.png]

An aggregate posterior that is known: N = 737,280 images, 10 latents of which 5
are active, whose means are normal with variance 1 - v and whose posteriors have
variance v = exp(logvar), two of them correlated by rho; the other five say
nothing. The true density is that of all N posteriors: its marginals are
normal, and the joint one is summed over all of them. Where posteriors are
narrow, N images are too few to fill five dimensions, so that their total
correlation is larger than that of infinitely many, the closed form, which the
table has too. Every estimator sees batches of the same kind, a bank is full of
other images of the same model; the table has means and standard errors over
draws of as many batches as `--images` fill, 4 at least. There is no training
here: these are the numbers that a loss and an optimizer would see in a step at
such a posterior.
"""

import argparse
import json
from functools import partial
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

from dvae_jax.methods.densities import log_normal
from dvae_jax.methods.estimators import (
  ESTIMATORS,
  Bank,
  log_qz_stratified,
)
from dvae_jax.report.figures.style import INK, PALETTE, new_figure, plain

DATASET_SIZE = 737_280
LATENTS, ACTIVE = 10, 5
FEWEST = 4  # draws
TRUE_BATCH, TRUE_DRAWS = 64, 8  # images that the truth is sampled at
# (rho, logvar) of each table.
CASES = ((0.5, -3.0), (0.9, -3.0), (0.5, -7.0), (0.9, -7.0))
COLUMNS = ("TC, nats", "dTC/drho", "dTC/dlogvar")


def closed_form(rho, logvar, start):
  """TC of infinitely many images, means drawn at log variance `start`."""
  own = 1.0 - jnp.exp(start)
  correlation = rho * own / (own + jnp.exp(logvar))
  return -0.5 * jnp.log1p(-(correlation**2))


def posteriors(rho, logvar, start, key, number: int):
  """Means and log variances (number, LATENTS) of images drawn anew."""
  free = jax.random.normal(key, (number, LATENTS))
  second = rho * free[:, 0] + jnp.sqrt(1.0 - rho**2) * free[:, 1]
  mean = free.at[:, 1].set(second) * jnp.sqrt(1.0 - jnp.exp(start))
  says = jnp.arange(LATENTS)[None, :] < ACTIVE
  logvars = jnp.broadcast_to(jnp.where(says, logvar, 0.0), mean.shape)
  return jnp.where(says, mean, 0.0), logvars


def true(rho, logvar, start, key, *, batch: int, size: int):
  """TC of `size` images, sampled at `batch` of them.

  Its gradient goes through z alone; what is left out, the expectation of the
  gradient of a log density, is 0.
  """
  image_key, noise_key = jax.random.split(key)
  mean, logvars = posteriors(rho, logvar, start, image_key, size)
  eps = jax.random.normal(noise_key, (batch, LATENTS))
  z = mean[:batch] + jnp.exp(0.5 * logvars[:batch]) * eps
  # Weights of all images' posteriors: 1/N each, without an estimate.
  joint, _ = log_qz_stratified(z, mean, logvars, size)
  own = jnp.where(jnp.arange(LATENTS) < ACTIVE, 1.0 - jnp.exp(start), 0.0)
  total = jax.lax.stop_gradient(own + jnp.exp(logvars[0]))
  product = log_normal(z, jnp.float32(0), jnp.log(total)[None, :]).sum(1)
  return jnp.mean(joint - product)


def estimate(rho, logvar, start, key, *, estimator: str, batch: int):
  """TC that an estimator reads from one batch of images."""
  image_key, noise_key, bank_key = jax.random.split(key, 3)
  mean, logvars = posteriors(rho, logvar, start, image_key, batch)
  z = mean + jnp.exp(0.5 * logvars) * jax.random.normal(noise_key, mean.shape)
  row, memories = ESTIMATORS[estimator], ()
  if row.memory:
    bank = row.memory.start(LATENTS)
    past = posteriors(rho, logvar, start, bank_key, len(bank.mean))
    memories = (Bank(*past),)
  joint, product = row.log_qz(z, mean, logvars, DATASET_SIZE, *memories)
  return jnp.mean(joint - product)


def measure(function, rho, logvar) -> tuple:
  """A function's value, and its derivatives by rho and logvar."""
  rho, logvar = jnp.float32(rho), jnp.float32(logvar)
  value, gradient = jax.value_and_grad(function, argnums=(0, 1))(
    rho, logvar, logvar
  )
  return (value, *gradient)


def programs(batches: list[int], size: int) -> dict:
  """(estimator or "true", batch) -> (key, rho, logvar) -> what `measure` gives.

  Compiled once for all cases.
  """
  functions = {
    (name, batch): partial(estimate, estimator=name, batch=batch)
    for name in ESTIMATORS
    for batch in batches
  }
  functions["true", TRUE_BATCH] = partial(true, batch=TRUE_BATCH, size=size)

  def program(function):
    return jax.jit(
      lambda key, *case: jnp.stack(measure(partial(function, key=key), *case))
    )

  return {name: program(function) for name, function in functions.items()}


def row(program, case, draws: int) -> dict:
  """Means and standard errors of what a program says over draws."""
  keys = [jax.random.PRNGKey(seed) for seed in range(draws)]
  found = np.array([program(key, *case) for key in keys])
  error = found.std(0, ddof=1) / np.sqrt(draws)
  return {"draws": draws, "mean": found.mean(0), "error": error}


def table(case, compiled: dict, images: int) -> dict:
  """Everything of one case, printed as a Markdown table on the way."""
  print(f"\nrho {case[0]}, logvar {case[1]:g}\n")
  print("| | " + " | ".join(COLUMNS) + " |\n| --- | --- | --- | --- |")
  rows = []
  for (name, batch), program in compiled.items():
    draws = TRUE_DRAWS if name == "true" else max(FEWEST, images // batch)
    found = row(program, case, draws)
    rows.append({"estimator": name, "batch": batch, **found})
    cells = " | ".join(
      f"{mean:.3f} ± {error:.3f}"
      for mean, error in zip(found["mean"], found["error"], strict=True)
    )
    label = name if name == "true" else f"{name}, B {batch}"
    print(f"| {label} | {cells} |", flush=True)
  infinite = np.array(measure(closed_form, *case))
  numbers = " | ".join(f"{number:.3f}" for number in infinite)
  print(f"| infinitely many images | {numbers} |", flush=True)
  return {
    "rho": case[0],
    "logvar": case[1],
    "closed_form": infinite,
    "true": rows.pop(),
    "rows": rows,
  }


def draw(cases: list[dict]):
  """A figure: quantities down, cases across, a line an estimator."""
  figure = new_figure(6.0)
  axes = figure.subplots(len(COLUMNS), len(cases), sharex=True, squeeze=False)
  for (i, j), ax in np.ndenumerate(axes):
    case = cases[j]
    title = f"rho {case['rho']}, logvar {case['logvar']:g}" if i == 0 else ""
    plain(ax, title=title, ylabel=COLUMNS[i] if j == 0 else "")
    ax.axhline(case["true"]["mean"][i], color=INK, lw=1.2, label="true")
    for name, colour in zip(ESTIMATORS, PALETTE, strict=False):
      rows = [r for r in case["rows"] if r["estimator"] == name]
      ax.errorbar(
        [r["batch"] for r in rows],
        [r["mean"][i] for r in rows],
        [r["error"][i] for r in rows],
        color=colour, lw=1.2, marker="o", ms=3, label=name,
      )  # fmt: skip
    ax.set_xscale("log", base=2)
    batches = sorted({r["batch"] for r in case["rows"]})
    ax.set_xticks(batches, batches)
    ax.minorticks_off()
  figure.supxlabel("batch", fontsize=8.5, color=INK)
  figure.legend(
    *axes[0, 0].get_legend_handles_labels(),
    loc="outside upper center", ncols=5, fontsize=8, frameon=False,
  )  # fmt: skip
  return figure


def main() -> None:
  """Prints a table a case, and writes and draws them all."""
  parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
  parser.add_argument("--batches", default="64,256,1024,2048")
  parser.add_argument("--images", type=int, default=5_120)
  parser.add_argument("--size", type=int, default=DATASET_SIZE)
  parser.add_argument("--json", type=Path)
  parser.add_argument("--figure", type=Path)
  options = parser.parse_args()
  batches = [int(batch) for batch in options.batches.split(",")]
  compiled = programs(batches, options.size)
  cases = [table(case, compiled, options.images) for case in CASES]
  if options.json:
    plain_numbers = lambda array: np.asarray(array).tolist()
    text = json.dumps(cases, indent=1, default=plain_numbers)
    options.json.write_text(text + "\n")
  if options.figure:
    draw(cases).savefig(options.figure)


if __name__ == "__main__":
  main()
