"""Writes recent.json: three updates of the methods of recent_cases.py.

As trajectories.py, which says how random numbers are drawn; what differs for a
method is said at its loss. Nothing of the package's methods, networks or
training is used. Run it with the extra "bench" in the root of the repository:

  PYTHONPATH=tests python -m golden.recent
"""

from functools import partial
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


def gaussian(params, case, dataset, step):
  """Images, mean, log variance and a draw, as the classics'."""
  indices, _, eps, *_ = classic.draw(dataset, case, step)
  images = double(given.images()[indices])
  mean, logvar = classic.encode(params, case, images)
  return images, mean, logvar, mean + torch.exp(logvar / 2) * eps


def with_kl(parts, mean, logvar):
  loss, critic_loss, terms = parts
  kl = classic.kl_per_latent(mean, logvar).mean(0).tolist()
  return loss, critic_loss, terms | {"kl_per_latent": kl}


def hausdorff_vae(params, case, dataset, step):
  """Roth et al. 2023, combination by combination.

  There are six pairs of latents, so that every step draws all of them.
  """
  images, mean, logvar, z = gaussian(params, case, dataset, step)
  weight = case.hparams
  distance = double(0.0)
  for i in range(mean.shape[1]):
    for j in range(i):
      corners = torch.cartesian_prod(mean[:, i], mean[:, j])
      found = torch.stack([mean[:, i], mean[:, j]], 1)
      apart = ((corners[:, None] - found[None]) ** 2).sum(2)
      ordered = apart.min(1)[0].sort()[0]
      # An image drawn twice ties with itself, which changes no gradient.
      others = ordered[ordered < ordered[-1] - 1e-12]
      assert ordered[-1] - others[-1] > MARGIN
      distance = distance + ordered[-1]
  spread = torch.sqrt(mean.var(0, unbiased=False) + 1e-6)
  missing = (1 - spread).clamp(min=0).sum()
  kl = classic.kl_per_latent(mean, logvar).sum(1)
  penalty = weight["beta"] * kl + weight["gamma"] * distance
  penalty = penalty + weight["scale"] * missing
  terms = {"kl": kl, "distance": distance, "missing_spread": missing}
  outputs = classic.decode(params, z)
  parts = summed(case, outputs, images, penalty, terms)
  return with_kl(parts, mean, logvar)


def slow_vae(params, case, dataset, step):
  """Klindt et al. 2021; the Laplace term by its integral's halves.

  E|x| = sqrt(2 / pi) s exp(-m^2 / 2 s^2) + m (1 - 2 Phi(-m / s)).
  """
  images, mean, logvar, z = gaussian(params, case, dataset, step)
  weight, pairs = case.hparams, len(mean) // 2
  normal = torch.distributions.Normal(double(0.0), double(1.0))
  halves = []
  for own, other in ((0, 1), (1, 0)):
    part = lambda a, half: a[half * pairs : (half + 1) * pairs]
    m = part(mean, own) - part(mean, other)
    s = torch.exp(part(logvar, own) / 2)
    size = np.sqrt(2 / np.pi) * s * torch.exp(-(m**2) / (2 * s**2))
    size = size + m * (1 - 2 * normal.cdf(-m / s))
    rate = weight["laplace_rate"]
    crossed = -np.log(rate / 2) + rate * size
    entropy = torch.log(s) + 0.5 * np.log(2 * np.pi * np.e)
    halves.append((crossed - weight["entropy"] * entropy).sum(1))
  transition = torch.cat(halves)
  kl = classic.kl_per_latent(mean, logvar).sum(1)
  penalty = weight["beta"] * kl + weight["gamma"] * transition
  terms = {"kl": kl, "transition": transition}
  outputs = classic.decode(params, z)
  parts = summed(case, outputs, images, penalty, terms)
  return with_kl(parts, mean, logvar)


def factor_vae_same_batch(params, case, dataset, step):
  """Kim & Mnih 2018, eq. 2, with disentanglement_lib's permuted batch."""
  indices, _, eps, _, shuffle = classic.draw(dataset, case, step)
  images = double(given.images()[indices])
  mean, logvar = classic.encode(params, case, images)
  z = mean + torch.exp(logvar / 2) * eps
  kl = classic.kl_per_latent(mean, logvar).sum(1)
  tc = classic.critic({name: p.detach() for name, p in params.items()}, z)
  permuted = torch.gather(z.detach(), 0, torch.as_tensor(shuffle))
  true = classic.critic(params, z.detach())
  false = classic.critic(params, permuted)
  critic_loss = torch.nn.functional.softplus(torch.cat([-true, false])).mean()
  right = torch.cat([true > 0, false < 0]).double().mean()
  terms = {"kl": kl, "tc": tc, "critic_loss": critic_loss}
  terms["critic_accuracy"] = right
  penalty = kl + case.hparams["gamma"] * tc
  outputs = classic.decode(params, z)
  loss, _, terms = summed(case, outputs, images, penalty, terms)
  return with_kl((loss, critic_loss, terms), mean, logvar)


def ada_mlvae_averaged(params, case, dataset, step):
  """disentanglement_lib's Ada-ML-VAE: precisions are averaged."""
  indices, _, eps, *_ = classic.draw(dataset, case, step)
  images = double(given.images()[indices])
  mean, logvar = classic.encode(params, case, images)
  m1, m2 = mean.chunk(2)
  p1, p2 = torch.exp(-logvar).chunk(2)
  apart = 0.5 * (p2 / p1 + (m1 - m2) ** 2 * p2 - 1 + torch.log(p1 / p2))
  middle = (apart.amax(1, keepdim=True) + apart.amin(1, keepdim=True)) / 2
  assert (apart - middle).abs().min() > MARGIN
  shared, precision = apart < middle, (p1 + p2) / 2
  joint = (m1 * p1 + m2 * p2) / (p1 + p2)
  pick = lambda one, a, b: torch.cat(
    [torch.where(shared, one, a), torch.where(shared, one, b)]
  )
  mean = pick(joint, m1, m2)
  logvar = -torch.log(pick(precision, p1, p2))
  z = mean + torch.exp(logvar / 2) * eps
  kl = classic.kl_per_latent(mean, logvar).sum(1)
  penalty = case.hparams["beta"] * kl
  outputs = classic.decode(params, z)
  parts = summed(case, outputs, images, penalty, {"kl": kl})
  return with_kl(parts, mean, logvar)


def beta_tcvae(params, case, dataset, step, *, past):
  """Chen et al. 2018, eq. 4; q(z) of this batch and of the posteriors before.

  The sample's own posterior stands for one of N images, the others for the
  rest. Only z is differentiated (Roeder et al. 2017).

  Args:
    past: posteriors of earlier steps, to which this step's are added.
  """
  images, mean, logvar, z = gaussian(params, case, dataset, step)
  past.append((mean.detach(), logvar.detach()))
  means, logvars = (torch.cat(part) for part in zip(*past[::-1], strict=True))
  size, batch = classic.count_training_images(dataset, case), len(z)
  share = (size - 1) / size / (len(means) - 1)
  weights = torch.full((batch, len(means)), share).double()
  weights[range(batch), range(batch)] = 1 / size
  density = classic.log_normal(z[:, None], means[None], logvars[None]).exp()
  log_qz = (weights * density.prod(2)).sum(1).log()
  log_product = (weights[:, :, None] * density).sum(1).log().sum(1)
  kl = classic.kl_per_latent(mean, logvar).sum(1)
  zero = torch.zeros_like(z)
  mi = classic.log_normal(z, mean, logvar).sum(1) - log_qz
  tc = log_qz - log_product
  dwkl = log_product - classic.log_normal(z, zero, zero).sum(1)
  terms = {"kl": kl, "mi": mi, "tc": tc, "dwkl": dwkl}
  weight = {"mi": "alpha", "tc": "beta", "dwkl": "gamma"}
  extra = sum((case.hparams[w] - 1) * terms[t] for t, w in weight.items())
  outputs = classic.decode(params, z)
  return with_kl(summed(case, outputs, images, kl + extra, terms), mean, logvar)


LOSSES = {
  function.__name__: function
  for function in (
    qlae,
    hausdorff_vae,
    slow_vae,
    factor_vae_same_batch,
    ada_mlvae_averaged,
  )
}


def trajectory(case):
  losses = LOSSES | {"beta_tcvae": partial(beta_tcvae, past=[])}

  def loss_of(params, case, dataset, step):
    return losses[case.objective](params, case, dataset, step)

  return classic.trajectory(
    case, loss_of=loss_of, first=given_recent.first_params(case)
  )


if __name__ == "__main__":
  path = Path(__file__).with_suffix(".json")
  classic.write(path, trajectory, given_recent.CASES)
