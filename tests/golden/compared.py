"""Writes compared.json: three updates of the methods of compared_cases.py.

As trajectories.py, which says how random numbers are drawn; what differs for a
method is said at its loss. Nothing of the package's methods, networks or
training is used. Run it with the extra "bench" in the root of the repository:

  PYTHONPATH=tests python -m golden.compared
"""

from pathlib import Path
from unittest import mock

import jax
import numpy as np
import torch
from golden import compared_cases as given_compared
from golden import trajectories as classic
from golden import trajectory_cases as given
from golden.recent import features_of, images_of, summed, with_kl
from golden.trajectories import dense, double
from torch.nn.functional import softplus

HALF = (0.5, 0.999)  # Radford et al. 2016, of all players


def noise_key(step):
  return jax.random.fold_in(jax.random.PRNGKey(given.SEED), 2 * step + 1)


def fixed(params):
  return {name: p.detach() for name, p in params.items()}


def plain(terms):
  return {name: term.detach().mean().item() for name, term in terms.items()}


def infogan(params, case, dataset, step):
  """Chen et al. 2016, eq. 1, 5 and 6, a player at a time.

  Codes are uniform(noise key, (B, D), minval=-1). The sum of the players'
  losses has the gradient of each by its own parameters alone.
  """
  images = images_of(case, dataset, step)
  shape = (given.BATCH, given.LATENT_DIM)
  z = double(jax.random.uniform(noise_key(step), shape, minval=-1.0))
  draw = lambda params: torch.sigmoid(classic.decode(params, z))
  real = lambda params, x: dense(params, "head/real", features_of(params, x))
  generated, seen = draw(params), draw(fixed(params))
  fools = -torch.log(torch.sigmoid(real(fixed(params), generated))).mean()
  true, false = real(params, images), real(params, seen)
  tells = -torch.log(torch.sigmoid(true)).mean()
  tells = tells - torch.log(1 - torch.sigmoid(false)).mean()
  codes = dense(params, "head/mean", features_of(params, generated))
  count = given.LATENT_DIM - int(case.hparams["noise_latents"])
  normal = torch.distributions.Normal(codes, double(1.0))
  at_best = torch.distributions.Normal(codes, double(1.0)).log_prob(codes)
  missing = (at_best - normal.log_prob(z))[:, :count].sum(1).mean()
  right = torch.cat([true > 0, false < 0]).double().mean()
  loss = fools + tells + case.hparams["info"] * missing
  return loss, None, plain({
    "loss": loss,
    "generator": fools,
    "discriminator": tells,
    "recognition": missing,
    "discriminator_accuracy": right,
  })


LOSSES = {function.__name__: function for function in (infogan,)}


def trajectory(case):
  def loss_of(params, case, dataset, step):
    return LOSSES[case.objective](params, case, dataset, step)

  half = {"model": HALF, "decoder": HALF}
  other = half if case.train.get("optimizer") == "adam_half" else {}
  with mock.patch.dict(classic.BETAS, other):
    return classic.trajectory(
      case, loss_of=loss_of, first=given_compared.first_params(case)
    )


def main():
  torch.set_num_threads(1)
  values = {
    "versions": {m.__name__: m.__version__ for m in (torch, np, jax)},
    "trajectories": {
      name: classic.rounded(trajectory(case))
      for name, case in given_compared.CASES.items()
    },
  }
  path = Path(__file__).with_suffix(".json")
  path.write_text(classic.a_line_a_case(values))


if __name__ == "__main__":
  main()
