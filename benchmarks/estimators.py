"""What estimators say of the total correlation, and of its gradient.

    python -m benchmarks.estimators [--batches=64,256,2048]
        [--images=16384] [--size=737280] [--json=FILE]
        [--page=docs/estimators.md]        writes its figure beside it

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
from matplotlib import rc_context

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
TRUE_BATCH, TRUE_DRAWS = 64, 24  # images that the truth is sampled at
# (rho, logvar) of each table.
CASES = ((0.5, -3.0), (0.9, -3.0), (0.5, -7.0), (0.9, -7.0))
COLUMNS = ("TC, nats", "dTC/drho", "dTC/dlogvar")
HEAD = """# What estimators say of the total correlation

Written by `python -m benchmarks.estimators --page=docs/estimators.md`. {size:,}
images, {latents} latents of which {active} are active, two of them correlated
by rho; every posterior has the same log variance. Each row is one batch's
estimate, as a training step sees it: its mean ± its standard error over draws.
"True" sums over all posteriors; the last row is the closed form of infinitely
many images, without the gaps between narrow posteriors. A bank is full of other
images' posteriors of the same model.

* `mws` reads the constants of its weights rather than the total correlation,
  and most of its gradient is about the widths of posteriors.
* `mss` is nats off in small batches, to either side. Its gradient is too steep
  by rho and, where posteriors overlap (logvar -3), of the wrong sign by logvar.
* A bank's errors shrink with its size, and hardly depend on the batch's.
* At logvar -7 few posteriors have a neighbour: what an estimator says by rho is
  lost in noise, and so is the truth.

![{columns} by batch size, with the true values as lines](estimators.svg)
"""


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


def program(function):
  """Compiles (key, rho, logvar) -> (3,), what `measure` says of a function."""
  return jax.jit(
    lambda key, *case: jnp.stack(measure(partial(function, key=key), *case))
  )


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
  return {name: program(function) for name, function in functions.items()}


def row(compiled, case, draws: int, *, first: int = 0) -> dict:
  """Means and standard errors of what a program says over draws.

  Args:
    compiled: from `program`.
    case: (rho, logvar).
    draws: how many.
    first: seed of the first; they are consecutive.
  """
  keys = [jax.random.PRNGKey(first + seed) for seed in range(draws)]
  found = np.array([compiled(key, *case) for key in keys])
  error = found.std(0, ddof=1) / np.sqrt(draws)
  return {"draws": draws, "mean": found.mean(0), "error": error}


def measure_case(case, compiled: dict, images: int) -> dict:
  """Every row of one case, and its two truths."""
  rows = []
  for (name, batch), function in compiled.items():
    draws = TRUE_DRAWS if name == "true" else max(FEWEST, images // batch)
    found = row(function, case, draws)
    rows.append({"estimator": name, "batch": batch, **found})
    print(case, line(rows[-1]), flush=True)
  return {
    "rho": case[0],
    "logvar": case[1],
    "closed_form": np.array(measure(closed_form, *case)),
    "true": rows.pop(),
    "rows": rows,
  }


def line(row: dict) -> str:
  """A row of a table in Markdown."""
  cells = [
    f"{mean:.3f} ± {error:.3f}"
    for mean, error in zip(row["mean"], row["error"], strict=True)
  ]
  name = row["estimator"]
  batch = "" if name == "true" else row["batch"]
  return f"| {' | '.join([name, str(batch), *cells, str(row['draws'])])} |"


def table(case: dict) -> str:
  """One case as a Markdown section."""
  numbers = [f"{number:.3f}" for number in case["closed_form"]]
  titles = ["estimator", "batch", *COLUMNS, "draws"]
  return "\n".join(
    [
      f"\n## rho {case['rho']}, logvar {case['logvar']:g}\n",
      f"| {' | '.join(titles)} |",
      "| --- " * len(titles) + "|",
      *(line(row) for row in case["rows"]),
      line(case["true"]),
      f"| infinitely many images | | {' | '.join(numbers)} | |",
    ]
  )


def page(cases: list[dict], size: int) -> str:
  """docs/estimators.md.

  Args:
    cases: from `measure_case`.
    size: number of images.
  """
  head = HEAD.format(
    size=size, latents=LATENTS, active=ACTIVE, columns=", ".join(COLUMNS)
  )
  return "\n".join([head.rstrip(), *map(table, cases), ""])


def draw(cases: list[dict]):
  """A figure: quantities down, cases across, a line an estimator."""
  figure = new_figure(6.0)
  axes = figure.subplots(len(COLUMNS), len(cases), sharex=True, squeeze=False)
  for (i, j), ax in np.ndenumerate(axes):
    case = cases[j]
    title = f"rho {case['rho']}, logvar {case['logvar']:g}" if i == 0 else ""
    plain(ax, title=title, ylabel=COLUMNS[i] if j == 0 else "")
  for (i, j), ax in np.ndenumerate(axes):
    case = cases[j]
    mean, error = (case["true"][part][i] for part in ("mean", "error"))
    ax.axhline(mean, color=INK, lw=1.2, label="true")
    ax.axhspan(mean - error, mean + error, color=INK, alpha=0.15, lw=0)
    for name, colour in zip(ESTIMATORS, PALETTE, strict=False):
      rows = [r for r in case["rows"] if r["estimator"] == name]
      ax.errorbar(
        [r["batch"] for r in rows],
        [r["mean"][i] for r in rows],
        [r["error"][i] for r in rows],
        color=colour, lw=1.2, marker="o", ms=3, label=name,
      )  # fmt: skip
    ax.set_xscale("log", base=2)
    if i == 0:  # one of them is a hundred nats off
      ax.set_yscale("symlog", linthresh=5)
      ticks = (-5, 0, 5, 25, 125)
      ax.set_yticks(ticks, ticks)
      ax.set_ylim(-5, 170)
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
  """Measures every case; prints, and writes what is asked for."""
  parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
  parser.add_argument("--batches", default="64,256,2048")
  parser.add_argument("--images", type=int, default=16_384)
  parser.add_argument("--size", type=int, default=DATASET_SIZE)
  parser.add_argument("--json", type=Path)
  parser.add_argument("--page", type=Path)
  options = parser.parse_args()
  batches = [int(batch) for batch in options.batches.split(",")]
  compiled = programs(batches, options.size)
  cases = [measure_case(case, compiled, options.images) for case in CASES]
  if options.json:
    plain_numbers = lambda array: np.asarray(array).tolist()
    text = json.dumps(cases, indent=1, default=plain_numbers)
    options.json.write_text(text + "\n")
  text = page(cases, options.size)
  print(text)
  if options.page:
    options.page.write_text(text)
    with rc_context({"svg.hashsalt": "estimators"}):  # the same every time
      path = options.page.with_suffix(".svg")
      draw(cases).savefig(path, metadata={"Date": None})


if __name__ == "__main__":
  main()
