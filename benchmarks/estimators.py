"""What minibatch estimators say of the total correlation, and of its gradient.

    python -m benchmarks.estimators [--batches=64,256,1024,2048] [--draws=40]
        [--json=FILE]

An aggregate posterior that is known: N = 737,280 images, 10 latents of which 5
are active, whose means have variance 1 - v and whose posteriors have variance
v = exp(logvar), two of them correlated by rho; the other five say nothing. Its
total correlation and the derivatives by rho and by logvar are closed forms.
Every estimator sees the same batches; the table has means and standard errors
over draws. There is no training here: these are the numbers that a loss and an
optimizer would see in the first step at such a posterior.
"""

import argparse
import json
from functools import partial
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

from dvae_jax.methods.estimators import ESTIMATORS

DATASET_SIZE = 737_280
LATENTS, ACTIVE = 10, 5
# (rho, logvar) of each row.
CASES = ((0.0, -3.0), (0.5, -3.0), (0.9, -3.0), (0.9, -7.0))


def exact(rho, logvar, start):
  """TC of the case whose means were drawn at log variance `start`."""
  own = 1.0 - jnp.exp(start)
  correlation = rho * own / (own + jnp.exp(logvar))
  return -0.5 * jnp.log1p(-(correlation**2))


def estimate(rho, logvar, start, key, *, estimator: str, batch: int):
  """TC that an estimator reads from one batch of images."""
  mean_key, noise_key = jax.random.split(key)
  free = jax.random.normal(mean_key, (batch, LATENTS))
  second = rho * free[:, 0] + jnp.sqrt(1.0 - rho**2) * free[:, 1]
  mean = free.at[:, 1].set(second) * jnp.sqrt(1.0 - jnp.exp(start))
  says = jnp.arange(LATENTS)[None, :] < ACTIVE
  mean = jnp.where(says, mean, 0.0)
  logvars = jnp.broadcast_to(jnp.where(says, logvar, 0.0), mean.shape)
  eps = jax.random.normal(noise_key, mean.shape)
  z = mean + jnp.exp(0.5 * logvars) * eps
  joint, product = ESTIMATORS[estimator](z, mean, logvars, DATASET_SIZE)
  return jnp.mean(joint - product)


def measure(function, rho: float, logvar: float) -> tuple[float, float, float]:
  """A function's value, and its derivatives by rho and logvar."""
  start = jnp.float32(logvar)
  value, gradient = jax.value_and_grad(function, argnums=(0, 1))(
    jnp.float32(rho), start, start
  )
  return (value, *gradient)


def row(estimator: str, batch: int, case, draws: int) -> dict:
  """Means and standard errors of one estimator over draws of batches."""
  one = jax.jit(
    lambda key: measure(
      partial(estimate, key=key, estimator=estimator, batch=batch), *case
    )
  )
  found = np.array([one(jax.random.PRNGKey(seed)) for seed in range(draws)])
  error = found.std(0, ddof=1) / np.sqrt(draws)
  return {
    "estimator": estimator,
    "batch": batch,
    "mean": found.mean(0).tolist(),
    "error": error.tolist(),
  }


def main() -> None:
  """Prints a table a case, and writes them all."""
  parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
  parser.add_argument("--batches", default="64,256,1024,2048")
  parser.add_argument("--draws", type=int, default=40)
  parser.add_argument("--json", type=Path)
  options = parser.parse_args()
  batches = [int(size) for size in options.batches.split(",")]
  cases = []
  for rho, logvar in CASES:
    case = (rho, logvar)
    true = [float(number) for number in measure(exact, *case)]
    rows = [
      row(name, batch, case, options.draws)
      for name in ESTIMATORS
      for batch in batches
    ]
    cases.append({"rho": rho, "logvar": logvar, "true": true, "rows": rows})
    print(f"\nrho {rho}, logvar {logvar}")
    print("| | TC, nats | dTC/drho | dTC/dlogvar |\n| --- | --- | --- | --- |")
    print("| true | " + " | ".join(f"{number:.3f}" for number in true) + " |")
    for each in rows:
      pairs = zip(each["mean"], each["error"], strict=True)
      cells = " | ".join(f"{mean:.3f} ± {error:.3f}" for mean, error in pairs)
      print(f"| {each['estimator']}, B {each['batch']} | {cells} |", flush=True)
  if options.json:
    options.json.write_text(json.dumps(cases, indent=1) + "\n")


if __name__ == "__main__":
  main()
