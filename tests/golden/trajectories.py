"""Writes trajectories.json: three updates of every method, in float64.

Everything is written from the papers' formulas in PyTorch; gradients are
autograd's. Of the package it takes which images a split leaves and in what
order they are drawn (`dvae_jax.data`), nothing of methods, networks or train.
Run it with the extra "bench", which has PyTorch, in the root of the repository:

  PYTHONPATH=tests python -m golden.trajectories

Random numbers are JAX's, drawn in float32 as the training step draws them. With
key = PRNGKey(seed), step t = 0, 1, ... has

  images   k = fold_in(key, 2 t). Single images: k1, k2 = split(k); the batch is
           drawn with k1, FactorVAE's second batch with k2, uniformly:
           randint(k1, (B,), 0, N). Pairs are drawn with k, by rejection where
           there is a split, and so their indices are written down too.
  noise    k1, k2, k3 = split(fold_in(key, 2 t + 1), 3): eps = normal(k1, (B,
           D)), (2B, D) for pairs; the second batch's is normal(k2, (B, D)), and
           permutation(k3, ., axis=0, independent=True) shuffles its z.

Adam is Kingma & Ba 2015, algorithm 1, rates .9 and .999; the critic's are .5
and .9 (Kim & Mnih 2018, appendix A), and it has a learning rate of its own.
"""

import json
from pathlib import Path

import jax
import numpy as np
import torch
from golden import trajectory_cases as given
from ml_collections import ConfigDict
from torch.nn.functional import leaky_relu, softplus

from dvae_jax import config
from dvae_jax.data.dataset import Dataset
from dvae_jax.data.sampling import pairs, splits

EPS = 1e-8
BETAS = {
  "model": (0.9, 0.999),
  "critic": (0.5, 0.9),
  "discriminator": (0.5, 0.999),
  "prior": (0.9, 0.999),
}
SHARING = ("ada_gvae", "ada_mlvae")
PAIRS = (*SHARING, "ada_mlvae_averaged", "slow_vae")
LOG_2PI = float(np.log(2 * np.pi))


def double(array) -> torch.Tensor:
  return torch.tensor(np.asarray(array, np.float64))


def dataset_of(case) -> Dataset:
  """The grid with the case's split, for what its draws are."""
  plain = Dataset(
    "spots",
    "rendered",
    (given.SIDE, given.SIDE, 1),
    given.NUM_IMAGES,
    given.NAMES,
    given.SIZES,
    given.images(),
    lambda arrays, indices: arrays[indices],
  )
  return splits.apply(plain, ConfigDict({**config.DATA, **case.data}))


def count_training_images(dataset, case) -> int:
  held_out = np.zeros(given.NUM_IMAGES, bool)
  if case.data.get("holdout"):
    held_out |= given.held_out_by_condition()
  if case.data.get("heldout_fraction"):
    held_out[dataset.held_out] = True  # by a hash, data's own
  return int((~held_out).sum())


def draw(dataset, case, step: int):
  """Indices, those of the second batch, eps, its eps, and a shuffle (B, D)."""
  key = jax.random.PRNGKey(given.SEED)
  images_key = jax.random.fold_in(key, 2 * step)
  noise_key = jax.random.fold_in(key, 2 * step + 1)
  shape = (given.BATCH, given.LATENT_DIM)

  def single(key):
    if dataset.sample is None:
      return jax.random.randint(key, shape[:1], 0, given.NUM_IMAGES)
    return dataset.sample(dataset.arrays, key, given.BATCH)

  if case.objective in PAIRS:
    changed = case.data["pair_changes"]
    indices = other = pairs.draw(
      images_key, dataset, dataset.arrays, given.BATCH, num_changed=changed
    )
    shape = (2 * given.BATCH, given.LATENT_DIM)
  else:
    indices, other = (single(k) for k in jax.random.split(images_key))
  k1, k2, k3 = jax.random.split(noise_key, 3)
  rows = np.tile(np.arange(shape[0])[:, None], (1, shape[1]))
  shuffle = jax.random.permutation(k3, rows, axis=0, independent=True)
  eps = [double(jax.random.normal(k, shape)) for k in (k1, k2)]
  return np.asarray(indices), np.asarray(other), *eps, np.asarray(shuffle)


# Networks of Chen et al. 2018, appendix: ReLU up, tanh down, two linear heads.


def dense(params, name, h):
  return h @ params[f"{name}/kernel"] + params[f"{name}/bias"]


def encode(params, case, images):
  h = images.reshape(len(images), -1)
  for i in range(len(given.WIDTHS)):
    h = dense(params, f"encoder/Dense_{i}", h).clamp(min=0)
  mean = dense(params, "head/mean", h)
  if case.objective == "autoencoder":
    return mean, None
  if case.objective == "covariance_vae":
    std = case.hparams["posterior_std"]
    return mean, torch.full_like(mean, 2 * np.log(std))
  logvar = dense(params, "head/logvar", h)
  assert logvar.abs().max() < 10  # where the head bounds it
  return mean, logvar


def decode(params, z):
  h = z
  for i in range(len(given.WIDTHS)):
    h = torch.tanh(dense(params, f"decoder/Dense_{i}", h))
  return dense(params, f"decoder/Dense_{len(given.WIDTHS)}", h)


def critic(params, z):
  h = z
  for i in range(len(given.CRITIC)):
    h = leaky_relu(dense(params, f"critic/Dense_{i}", h), 0.2)
  return dense(params, f"critic/Dense_{len(given.CRITIC)}", h)[:, 0]


# Terms of the losses, in nats per image.


def reconstruction_of(case, outputs, images):
  """Minus log p(x|z), and the squared error of the mean."""
  x = images.reshape(len(images), -1)
  if case.likelihood == "gaussian_noise":
    sd = case.hparams["noise_variance"] ** 0.5
    pixels = torch.distributions.Normal(torch.sigmoid(outputs), sd)
    return -pixels.log_prob(x).sum(1)
  if case.likelihood == "gaussian":
    return ((x - torch.sigmoid(outputs)) ** 2).sum(1)
  p = torch.sigmoid(outputs)
  return -(x * torch.log(p) + (1 - x) * torch.log(1 - p)).sum(1)


def kl_per_latent(mean, logvar):
  return 0.5 * (mean**2 + logvar.exp() - logvar - 1)


def log_normal(z, mean, logvar):
  return -0.5 * (LOG_2PI + logvar + (z - mean) ** 2 / logvar.exp())


def share(case, mean, logvar):
  """Locatello et al. 2020, section 4: what the two of each pair share."""
  m1, m2 = mean.chunk(2)
  v1, v2 = logvar.exp().chunk(2)
  kl = 0.5 * (v1 / v2 + (m1 - m2) ** 2 / v2 - 1 + torch.log(v2 / v1))
  middle = (kl.max(1, keepdim=True)[0] + kl.min(1, keepdim=True)[0]) / 2
  if case.objective == "ada_gvae":  # the average of Hosoya 2019
    m, v = (m1 + m2) / 2, (v1 + v2) / 2
  else:  # the product of Bouchacourt et al. 2018
    v = 1 / (1 / v1 + 1 / v2)
    m = v * (m1 / v1 + m2 / v2)
  shared = kl < middle
  assert (kl - middle).abs().min() > 1e-5  # float32 decides the same
  pick = lambda one, own: torch.where(shared, one, own)
  mean = torch.cat([pick(m, m1), pick(m, m2)])
  return mean, torch.log(torch.cat([pick(v, v1), pick(v, v2)]))


def aggregate(case, z, mean, logvar, num_train):
  """log q(z) and log prod_j q(z_j), Chen et al. 2018, eq. 5 and C.2."""
  batch = len(z)
  if case.estimator == "mws":
    weights = torch.full((batch, batch), 1 / (batch * num_train)).double()
  else:
    # The stratum's image is the one after the sample's own.
    others = batch - 1
    weights = torch.full((batch, batch), 1 / others).double()
    for i in range(batch):
      weights[i, i] = 1 / num_train
      weights[i, (i + 1) % batch] = (num_train - others) / (
        num_train * others
      )
  density = log_normal(z[:, None], mean[None], logvar[None]).exp()
  joint = (weights * density.prod(2)).sum(1)
  marginals = (weights[:, :, None] * density).sum(1)
  return joint.log(), marginals.log().sum(1)


def covariance(mean):
  centred = mean - mean.mean(0)
  return centred.T @ centred / len(mean)


def penalty_of(case, step, z, mean, logvar, num_train):
  """What is added to the reconstruction, and the terms to log."""
  name, weight = case.objective, case.hparams
  if name == "autoencoder":
    return torch.zeros(len(z)).double(), {}
  kl = kl_per_latent(mean, logvar).sum(1)
  if name in ("vae", "factor_vae"):  # Kingma & Welling 2014, eq. 10
    return kl, {"kl": kl}
  if name in ("beta_vae", *SHARING):  # Higgins et al. 2017, eq. 4
    return weight["beta"] * kl, {"kl": kl}
  if name == "annealed_vae":  # Burgess et al. 2018, eq. 8
    grown = min(step / weight["annealing_steps"], 1)
    capacity = double(weight["capacity"] * grown)
    distance = (kl.mean() - capacity).abs()
    return weight["gamma"] * distance, {"kl": kl, "capacity": capacity}
  if name.startswith("dip_vae"):  # Kumar et al. 2018, eq. 6 and 7
    s = covariance(mean)
    if name == "dip_vae_ii":
      s = s + torch.diag(logvar.exp().mean(0))
    off = sum(
      s[i, j] ** 2 for i in range(len(s)) for j in range(len(s)) if i != j
    )
    on = sum((s[i, i] - 1) ** 2 for i in range(len(s)))
    penalty = kl + weight["lambda_od"] * off + weight["lambda_d"] * on
    return penalty, {"kl": kl, "off_diagonal": off, "diagonal": on}
  if name.startswith("covariance_vae"):
    d = mean.shape[1]
    products = sum(
      (mean[:, i] * mean[:, j]).abs() for i in range(d) for j in range(i)
    )
    entanglement = 2 / (d * (d - 1)) * products
    penalty = weight["beta"] * kl + weight["gamma"] * entanglement
    return penalty, {"kl": kl, "entanglement": entanglement}
  assert name == "beta_tcvae"  # Chen et al. 2018, eq. 4, KL in closed form
  log_qz, log_product = aggregate(case, z, mean, logvar, num_train)
  mi = log_normal(z, mean, logvar).sum(1) - log_qz
  tc = log_qz - log_product
  zero = torch.zeros_like(z)
  dwkl = log_product - log_normal(z, zero, zero).sum(1)
  penalty = kl + (weight["alpha"] - 1) * mi + (weight["beta"] - 1) * tc
  penalty = penalty + (weight["gamma"] - 1) * dwkl
  return penalty, {"kl": kl, "mi": mi, "tc": tc, "dwkl": dwkl}


def sample(mean, logvar, eps):
  return mean if logvar is None else mean + torch.exp(logvar / 2) * eps


def loss_of(params, case, dataset, step):
  """The loss of encoder, head and decoder, the critic's or None, and terms."""
  indices, other_indices, eps, other_eps, shuffle = draw(dataset, case, step)
  images = double(given.images()[indices])
  mean, logvar = encode(params, case, images)
  if case.objective in SHARING:
    mean, logvar = share(case, mean, logvar)
  z = sample(mean, logvar, eps)
  num_train = count_training_images(dataset, case)
  penalty, terms = penalty_of(case, step, z, mean, logvar, num_train)
  critic_loss = None
  if case.objective == "factor_vae":  # Kim & Mnih 2018, eq. 2, algorithm 2
    tc = critic({name: p.detach() for name, p in params.items()}, z)
    penalty = penalty + case.hparams["gamma"] * tc
    others = double(given.images()[other_indices])
    other_z = sample(*encode(params, case, others), other_eps).detach().numpy()
    permuted = double(np.take_along_axis(other_z, shuffle, axis=0))
    true, false = critic(params, z.detach()), critic(params, permuted)
    critic_loss = (softplus(-true) + softplus(false)).mean() / 2
    right = ((true > 0).double().mean() + (false < 0).double().mean()) / 2
    terms |= {"tc": tc, "critic_loss": critic_loss, "critic_accuracy": right}
  outputs = decode(params, z)
  reconstruction = reconstruction_of(case, outputs, images)
  weights = double(given.sample_weights()[indices]) if case.weights else 1.0
  loss = (weights * (reconstruction + penalty)).mean()
  terms = {"reconstruction": reconstruction, **terms}
  terms = {name: term.detach().mean().item() for name, term in terms.items()}
  if logvar is not None:
    terms["kl_per_latent"] = kl_per_latent(mean, logvar).mean(0).tolist()
  return loss, critic_loss, {"loss": loss.item(), **terms}


# Optimizers, in NumPy.


def player(name):
  """Whose optimizer moves a parameter: a network's of its own or "model"."""
  module = name.partition("/")[0]
  return module if module in BETAS else "model"


class Adam:
  """Adam, AdamW, clipping and schedules on {name: array}."""

  def __init__(self, train, hparams):
    self.train, self.hparams = train, hparams
    self.first, self.second, self.step = {}, {}, 0

  def clipped(self, gradient):
    """Componentwise, or by the norm of all that isn't the critic's."""
    clip, kind = self.hparams.get("clip"), self.train.get("clip", "none")
    own = {n: g for n, g in gradient.items() if player(n) == "model"}
    if kind == "value":
      own = {n: np.clip(g, -clip, clip) for n, g in own.items()}
    if kind == "norm":
      norm = np.sqrt(sum((g**2).sum() for g in own.values()))
      own = {n: g * min(1, clip / norm) for n, g in own.items()}
    return gradient | own

  def share(self):
    """Of the learning rate, by the schedule."""
    kind, share = self.train.get("schedule", "constant"), 1.0
    if "cosine" in kind:
      progress = min(self.step / given.TRAIN_STEPS, 1)
      share *= (1 + np.cos(np.pi * progress)) / 2
    if "warmup" in kind:
      share *= min((self.step + 1) / self.hparams["warmup_steps"], 1)
    return share

  def update(self, params, gradient):
    """The next parameters."""
    result, t = {}, self.step + 1
    for name, g in self.clipped(gradient).items():
      owner = player(name)
      b1, b2 = BETAS[owner]
      self.first[name] = b1 * self.first.get(name, 0) + (1 - b1) * g
      self.second[name] = b2 * self.second.get(name, 0) + (1 - b2) * g**2
      m = self.first[name] / (1 - b1**t)
      v = self.second[name] / (1 - b2**t)
      move = m / (np.sqrt(v) + EPS)
      decays = self.train.get("optimizer") == "adamw" and owner == "model"
      if decays and name.endswith("/kernel"):
        move = move + self.hparams["weight_decay"] * params[name]
      rate = given.LEARNING_RATE
      if owner != "model":
        rate = self.hparams[f"{owner}_learning_rate"]
      result[name] = params[name] - rate * self.share() * move
    self.step = t
    return result


def rounded(tree):
  """Ten digits of every number."""
  if isinstance(tree, dict):
    return {name: rounded(value) for name, value in tree.items()}
  if isinstance(tree, list):
    return [rounded(value) for value in tree]
  if isinstance(tree, int):
    return tree
  return float(f"{tree:.10g}")


def trajectory(case, loss_of=loss_of, first=None):
  """Terms of each step, the gradient Adam gets first, and the whole change."""
  dataset, adam = dataset_of(case), Adam(case.train, case.hparams)
  first = given.first_params(case) if first is None else first
  first = {n: np.float64(p) for n, p in first.items()}
  params, terms, indices = first, [], []
  for step in range(given.STEPS):
    leaves = {n: double(p).requires_grad_() for n, p in params.items()}
    loss, critic_loss, logged = loss_of(leaves, case, dataset, step)
    losses = loss if critic_loss is None else loss + critic_loss
    found = torch.autograd.grad(losses, list(leaves.values()))
    gradient = {n: g.numpy() for n, g in zip(leaves, found)}
    if step == 0:
      start = adam.clipped(gradient)
    params = adam.update(params, gradient)
    terms.append(logged)
    indices.append(draw(dataset, case, step)[0].tolist())
  return {
    **({"pairs": indices} if case.objective in PAIRS else {}),
    "terms": terms,
    "gradient": {n: given.summary(n, g) for n, g in start.items()},
    "change": {n: given.summary(n, params[n] - first[n]) for n in first},
  }


def codes(case):
  """Mean and log variance of the first images, each on its own."""
  params = {n: double(p) for n, p in given.first_params(case).items()}
  found = encode(params, case, double(given.images()[: given.CODED]))
  return [array.tolist() for array in found]


def optimizer_values(train, hparams):
  """How three updates change the parameters of no network."""
  hparams = hparams | {"critic_learning_rate": 3e-4}
  adam = Adam(train, hparams)
  first = {n: np.float64(p) for n, p in given.some_params().items()}
  params = first
  for gradient in given.some_gradients():
    gradient = {n: np.float64(g) for n, g in gradient.items()}
    params = adam.update(params, gradient)
  return {n: (params[n] - first[n]).ravel().tolist() for n in first}


def a_line_a_case(values) -> str:
  """JSON whose differences can be read."""
  lines = lambda cases: ",\n".join(
    f"{json.dumps(name)}: {json.dumps(case)}" for name, case in cases.items()
  )
  parts = (f"{json.dumps(n)}: {{\n{lines(v)}\n}}" for n, v in values.items())
  return "{\n" + ",\n".join(parts) + "\n}\n"


def write(path, of_case, cases, **more):
  """Writes the trajectories of cases, and what else a file has."""
  torch.set_num_threads(1)
  values = {
    "versions": {m.__name__: m.__version__ for m in (torch, np, jax)},
    "trajectories": {
      name: rounded(of_case(case)) for name, case in cases.items()
    },
  }
  path.write_text(a_line_a_case(values | more))


def main():
  torch.set_num_threads(1)
  more = {
    "codes": {
      name: rounded(codes(case))
      for name, case in given.CASES.items()
      if case.objective in SHARING and case.likelihood == "bernoulli"
    },
    "optimizers": {
      name: rounded(optimizer_values(*fields))
      for name, fields in given.OPTIMIZERS.items()
    },
  }
  path = Path(__file__).with_suffix(".json")
  write(path, trajectory, given.CASES, **more)


if __name__ == "__main__":
  main()
