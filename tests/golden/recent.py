"""Writes recent.json: three updates of the methods of recent_cases.py.

As trajectories.py, which says how random numbers are drawn; what differs for a
method is said at its loss. Nothing of the package's methods, networks or
training is used. Run it with the extra "bench" in the root of the repository:

  PYTHONPATH=tests python -m golden.recent
"""

from pathlib import Path

import jax
import numpy as np
import torch
from golden import recent_cases as given_recent
from golden import trajectories as classic
from golden import trajectory_cases as given
from golden.trajectories import dense, double

MARGIN = 1e-5  # so that float32 decides as float64 does


def features_of(params, images):
  h = images.reshape(len(images), -1)
  for i in range(len(given.WIDTHS)):
    h = dense(params, f"encoder/Dense_{i}", h).clamp(min=0)
  return h


def images_of(case, dataset, step):
  return double(given.images()[classic.draw(dataset, case, step)[0]])


def summed(case, outputs, images, penalty, terms):
  """The mean of reconstruction and penalty, and the terms' means."""
  reconstruction = classic.reconstruction_of(case, outputs, images)
  loss = (reconstruction + penalty).mean()
  terms = {"reconstruction": reconstruction, **terms}
  terms = {name: term.detach().mean().item() for name, term in terms.items()}
  return loss, None, {"loss": loss.item(), **terms}


def qlae(params, case, dataset, step):
  """Hsu et al. 2023, eq. 1 to 3: the nearest value of each latent's own."""
  images, weight = images_of(case, dataset, step), case.hparams
  raw = dense(params, "head/mean", features_of(params, images))
  codebook = params["head/codebook"]
  distance = (raw[:, :, None] - codebook[None]).abs()
  ordered = distance.sort(2)[0]
  assert (ordered[:, :, 1] - ordered[:, :, 0]).min() > MARGIN
  code = torch.stack(
    [codebook[d, distance[:, d].argmin(1)] for d in range(raw.shape[1])], 1
  )
  z = raw + (code - raw).detach()
  to_codebook = ((raw.detach() - code) ** 2).mean(1)
  to_encoder = ((raw - code.detach()) ** 2).mean(1)
  penalty = weight["quantise"] * to_codebook + weight["commit"] * to_encoder
  outputs = classic.decode(params, z)
  return summed(case, outputs, images, penalty, {"distance": to_codebook})


LOSSES = {"qlae": qlae}


def trajectory(case):
  def loss_of(params, case, dataset, step):
    return LOSSES[case.objective](params, case, dataset, step)

  return classic.trajectory(
    case, loss_of=loss_of, first=given_recent.first_params(case)
  )


def main():
  torch.set_num_threads(1)
  values = {
    "versions": {m.__name__: m.__version__ for m in (torch, np, jax)},
    "trajectories": {
      name: classic.rounded(trajectory(case))
      for name, case in given_recent.CASES.items()
    },
  }
  path = Path(__file__).with_suffix(".json")
  path.write_text(classic.a_line_a_case(values))


if __name__ == "__main__":
  main()
