"""Writes labelled.json: three updates of the methods of labelled_cases.py.

As trajectories.py, which says how random numbers are drawn; what differs for a
method is said at its loss. Nothing of the package's methods, networks or
training is used. Run it with the extra "bench" in the root of the repository:

  PYTHONPATH=tests python -m golden.labelled
"""

from pathlib import Path

import jax
import numpy as np
import torch
from golden import labelled_cases as given_labelled
from golden import trajectories as classic
from golden import trajectory_cases as given
from golden.recent import summed, with_kl
from golden.trajectories import double


def s2_beta_vae(params, case, dataset, step):
  """Locatello et al. 2020, labels as disentanglement_lib has them.

  With k1, k2 = split(images' key) the batch is drawn with k1 as any, and with
  randint(k2, (B,), 0, M) among the M training images, all of which have labels,
  for they are fewer than labels are. Noise is normal(noise key, (B, D)).
  """
  key = jax.random.PRNGKey(given.SEED)
  k1, k2 = jax.random.split(jax.random.fold_in(key, 2 * step))
  if dataset.sample is None:
    indices = jax.random.randint(k1, (given.BATCH,), 0, given.NUM_IMAGES)
  else:
    indices = dataset.sample(dataset.arrays, k1, given.BATCH)
  train = np.arange(given.NUM_IMAGES)
  if dataset.held_out is not None:
    train = np.setdiff1d(train, dataset.held_out)
  place = jax.random.randint(k2, (given.BATCH,), 0, len(train))
  noise_key = jax.random.fold_in(key, 2 * step + 1)
  eps = double(jax.random.normal(noise_key, (given.BATCH, given.LATENT_DIM)))
  images = double(given.images()[np.asarray(indices)])
  mean, logvar = classic.encode(params, case, images)
  kl = classic.kl_per_latent(mean, logvar).sum(1)
  chosen = train[np.asarray(place)]
  codes, _ = classic.encode(params, case, double(given.images()[chosen]))
  entropy = torch.zeros(given.BATCH).double()
  for k, labels in enumerate(np.unravel_index(chosen, given.SIZES)):
    p, y = torch.sigmoid(codes[:, k]), double(labels / given.SIZES[k])
    entropy = entropy - y * torch.log(p) - (1 - y) * torch.log(1 - p)
  # A mean over the labelled batch beside one over the other.
  penalty = case.hparams["beta"] * kl
  penalty = penalty + case.hparams["supervised"] * entropy.mean()
  outputs = classic.decode(params, mean + torch.exp(logvar / 2) * eps)
  terms = {"kl": kl, "label_entropy": entropy}
  parts = summed(case, outputs, images, penalty, terms)
  return with_kl(parts, mean, logvar)


def trajectory(case):
  return classic.trajectory(
    case, loss_of=s2_beta_vae, first=given_labelled.first_params(case)
  )


if __name__ == "__main__":
  path = Path(__file__).with_suffix(".json")
  classic.write(path, trajectory, given_labelled.CASES)
