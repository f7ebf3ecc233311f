"""Writes compared.json: three updates of the methods of compared_cases.py.

As trajectories.py, which says how random numbers are drawn; what differs for a
method is said at its loss. Nothing of the package's methods, networks or
training is used. Run it with the extra "bench" in the root of the repository:

  PYTHONPATH=tests python -m golden.compared
"""

import contextlib
from pathlib import Path
from unittest import mock

import jax
import numpy as np
import torch
from dvae_jax.data.sampling import groups
from golden import compared_cases as given_compared
from golden import trajectories as classic
from golden import trajectory_cases as given
from golden.recent import features_of, gaussian, images_of, summed, with_kl
from golden.trajectories import dense, double
from torch.nn.functional import leaky_relu, softplus

HALF = (0.5, 0.999)  # Radford et al. 2016, of all players
MARGIN = 1e-5  # so that float32 rounds as float64 does
PLAIN = (0.9, 0.999)  # of FactorQVAE's critic


def noise_key(step):
  return jax.random.fold_in(jax.random.PRNGKey(given.SEED), 2 * step + 1)


def fixed(params):
  return {name: p.detach() for name, p in params.items()}


def plain(terms):
  return {name: term.detach().mean().item() for name, term in terms.items()}


def infogan(params, case, dataset, step, key=None):
  """Chen et al. 2016, eq. 1, 5 and 6, a player at a time, and Mescheder's R1.

  Codes are uniform(noise key, (B, D), minval=-1). The sum of the players'
  losses has the gradient of each by its own parameters alone.
  """
  images = images_of(case, dataset, step).requires_grad_()
  shape = (given.BATCH, given.LATENT_DIM)
  key = noise_key(step) if key is None else key
  z = double(jax.random.uniform(key, shape, minval=-1.0))
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
  (slope,) = torch.autograd.grad(true.sum(), images, create_graph=True)
  steepness = (slope.reshape(given.BATCH, -1).norm(dim=1) ** 2 / 2).mean()
  right = torch.cat([true > 0, false < 0]).double().mean()
  loss = fools + tells + case.hparams["info"] * missing
  loss = loss + case.hparams["r1"] * steepness
  return loss, None, plain({
    "loss": loss,
    "generator": fools,
    "discriminator": tells,
    "recognition": missing,
    "steepness": steepness,
    "discriminator_accuracy": right,
  })


def infogan_cr(params, case, dataset, step):
  """Lin et al. 2020: infogan on k1, pairs on k2, with k1, k2 = split(key).

  Of k2, split in three, the first draws uniform(k, (B,)), the common latent's
  place among those that aren't noise; the others draw a code each.
  """
  k1, k2 = jax.random.split(noise_key(step))
  loss, _, terms = infogan(params, case, dataset, step, k1)
  keys, shape = jax.random.split(k2, 3), (given.BATCH, given.LATENT_DIM)
  count = given.LATENT_DIM - int(case.hparams["noise_latents"])
  place = np.asarray(jax.random.uniform(keys[0], shape[:1]))
  shared = (place * count).astype(int)
  first, second = (
    np.array(jax.random.uniform(k, shape, minval=-1.0)) for k in keys[1:]
  )
  for row, latent in enumerate(shared):
    second[row, latent] = first[row, latent]
  second[:, count:] = first[:, count:]

  def entropy(judge, generator):
    images = [
      torch.sigmoid(classic.decode(generator, double(z)))
      for z in (first, second)
    ]
    # Channels lie innermost, here one of each image.
    h = torch.stack(images, 2).reshape(given.BATCH, -1)
    for i in range(len(given.WIDTHS)):
      h = dense(judge, f"guesser/encoder/Dense_{i}", h).clamp(min=0)
    logits = dense(judge, "guesser/Dense_0", h)[:, :count]
    p = torch.softmax(logits, 1)
    chosen = p[np.arange(given.BATCH), shared]
    right = (logits.argmax(1).numpy() == shared).mean()
    return -torch.log(chosen).mean(), right

  own, right = entropy(params, fixed(params))
  to_generator, _ = entropy(fixed(params), params)
  late = step >= case.hparams["contrast_start"]
  loss = loss + own + (case.hparams["contrast"] if late else 0.0) * to_generator
  terms |= {"loss": loss.item(), "contrast": own.item()}
  return loss, None, terms | {"contrast_accuracy": float(right)}


def factor_qvae(params, case, dataset, step):
  """Baykal et al. 2024: relaxed choices among the values of one codebook.

  Noise is gumbel(k1, (B, D, V)) and, of the second batch, gumbel(k2, ...).
  """
  indices, others, _, _, rows = classic.draw(dataset, case, step)
  shuffle = torch.tensor(rows)
  images, weight = double(given.images()[indices]), case.hparams
  codebook = params["head/codebook"]
  shape = (given.BATCH, given.LATENT_DIM, len(codebook))
  k1, k2, _ = jax.random.split(noise_key(step), 3)

  def choose(images, key):
    raw = dense(params, "head/mean", features_of(params, images))
    logits = torch.stack([-((raw - c) ** 2) for c in codebook], 2)
    noise = double(jax.random.gumbel(key, shape))
    tempered = torch.exp((logits + noise) / weight["temperature"])
    return logits, tempered / tempered.sum(2, keepdim=True)

  logits, choices = choose(images, k1)
  _, other = choose(double(given.images()[others]), k2)
  permuted = torch.stack(
    [other[shuffle[:, d], d] for d in range(given.LATENT_DIM)], 1
  ).detach()
  flat = lambda x: x.reshape(len(x), -1)
  tc = classic.critic(fixed(params), flat(choices))
  true = classic.critic(params, flat(choices.detach()))
  false = classic.critic(params, flat(permuted))
  critic_loss = (softplus(-true) + softplus(false)).mean() / 2
  right = torch.cat([true > 0, false < 0]).double().mean()
  p = torch.exp(logits) / torch.exp(logits).sum(2, keepdim=True)
  kl = (p * torch.log(p * len(codebook))).sum((1, 2))
  penalty = weight["beta"] * kl + weight["gamma"] * tc
  terms = {"kl": kl, "tc": tc, "critic_loss": critic_loss}
  terms["critic_accuracy"] = right
  outputs = classic.decode(params, (choices * codebook).sum(2))
  loss, _, terms = summed(case, outputs, images, penalty, terms)
  return loss, critic_loss, terms


def info_vae(params, case, dataset, step):
  """Zhao et al. 2017, eq. 6; the MMD of Gretton et al. 2012 pair by pair.

  The prior's draws are normal(k3, (B, D)).
  """
  images, mean, logvar, z = gaussian(params, case, dataset, step)
  weight = case.hparams
  k3 = jax.random.split(noise_key(step), 3)[2]
  prior = double(jax.random.normal(k3, z.shape))
  kernel = lambda a, b: torch.exp(
    -((a - b) ** 2).sum() / (2 * weight["bandwidth"] ** 2)
  )
  pairs = [(i, j) for i in range(len(z)) for j in range(i)]
  mmd = -2 * sum(kernel(a, b) for a in z for b in prior) / len(z) ** 2
  for sample in (z, prior):
    mmd = mmd + sum(kernel(sample[i], sample[j]) for i, j in pairs) / len(pairs)
  kl = classic.kl_per_latent(mean, logvar).sum(1)
  penalty = (1 - weight["alpha"]) * kl
  penalty = penalty + (weight["alpha"] + weight["lambda_mmd"] - 1) * mmd
  outputs = classic.decode(params, z)
  parts = summed(case, outputs, images, penalty, {"kl": kl, "mmd": mmd})
  return with_kl(parts, mean, logvar)


def alpha_tcvae(params, case, dataset, step):
  """Meo et al. 2024, their loss with K the number of latents."""
  images, mean, logvar, z = gaussian(params, case, dataset, step)
  size = classic.count_training_images(dataset, case)
  log_qz, log_product = classic.aggregate(case, z, mean, logvar, size)
  own = classic.log_normal(z, mean, logvar).sum(1)
  zero = torch.zeros_like(z)
  mi = own - log_qz
  dwkl = log_product - classic.log_normal(z, zero, zero).sum(1)
  alpha, latents = case.hparams["alpha"], z.shape[1]
  penalty = latents * alpha / (latents - alpha) * mi
  penalty = penalty + (1 - alpha) * latents / (latents - alpha) * dwkl
  kl = classic.kl_per_latent(mean, logvar).sum(1)
  terms = {"kl": kl, "mi": mi, "tc": log_qz - log_product, "dwkl": dwkl}
  outputs = classic.decode(params, z)
  return with_kl(summed(case, outputs, images, penalty, terms), mean, logvar)


def ivae(params, case, dataset, step):
  """Khemakhem et al. 2020, with one-hot labels side by side."""
  images, mean, logvar, _ = parts = gaussian(params, case, dataset, step)
  indices = classic.draw(dataset, case, step)[0]
  labels = np.stack(np.unravel_index(indices, given.SIZES), 1)
  label = int(case.hparams["label"])
  one_hot = torch.zeros(len(labels), given_compared.ROWS).double()
  for row, values in enumerate(labels):
    for factor, value in enumerate(values):
      if label in (-1, factor):
        one_hot[row, 256 * factor + value] = 1
  h = leaky_relu(one_hot @ params["prior/rows"] + params["prior/bias"], 0.1)
  h = leaky_relu(dense(params, "prior/Dense_0", h), 0.1)
  scale = lambda logvar: torch.exp(logvar / 2)
  prior_logvar = dense(params, "prior/logvar", h)
  prior = torch.distributions.Normal(
    case.hparams["location"] * dense(params, "prior/mean", h),
    scale(prior_logvar),
  )
  q = torch.distributions.Normal(mean, scale(logvar))
  kl = torch.distributions.kl_divergence(q, prior).sum(1)
  terms = {"kl": kl, "prior_logvar": prior_logvar}
  penalty = case.hparams["beta"] * kl
  return summed(case, classic.decode(params, parts[3]), images, penalty, terms)


def draw_groups(dataset, case, step):
  """Indices of groups of 20 and noise, normal(noise key, (20 B, D)).

  As pairs', they are drawn by the package's data, and so written down too.
  """
  key = jax.random.PRNGKey(given.SEED)
  indices = groups.draw(
    jax.random.fold_in(key, 2 * step),
    dataset,
    dataset.arrays,
    given.BATCH,
    num_changed=1,
  )
  shape = (len(indices), given.LATENT_DIM)
  return np.asarray(indices), double(jax.random.normal(noise_key(step), shape))


def dc_ign(params, case, dataset, step):
  """Kulkarni et al. 2015, section 3.1, a group at a time.

  There are as many latents as factors.
  """
  indices, eps = draw_groups(dataset, case, step)
  images, weight = double(given.images()[indices]), case.hparams
  encoded = classic.encode(params, case, images)
  labels = np.stack(np.unravel_index(indices, given.SIZES), 1)
  clamped, distance = [], torch.zeros(len(images)).double()
  rows = np.arange(len(images)).reshape(-1, given.BATCH)
  for part in encoded:
    part_clamped = torch.zeros_like(part)
    for own in rows.T:
      varies = [len(set(column)) > 1 for column in labels[own].T]
      assert sum(varies) == 1
      for latent, varied in enumerate(varies):
        values = part[own, latent]
        mean = values.mean().detach()
        kept = values[0].detach() if weight["first_image"] else mean
        part_clamped[own, latent] = values if varied else kept
        if not varied:
          distance[own] = distance[own] + (values - mean) ** 2 / 2
    clamped.append(part_clamped)
  mean, logvar = clamped
  kl = classic.kl_per_latent(mean, logvar).sum(1)
  penalty = weight["beta"] * kl + weight["invariance"] * distance
  outputs = classic.decode(params, mean + torch.exp(logvar / 2) * eps)
  terms = {"kl": kl, "clamped_distance": distance}
  parts = summed(case, outputs, images, penalty, terms)
  return with_kl(parts, mean, logvar)


def kernel_densities(z, scale):
  """log density of each point and latent, (B, D), and of each point, (B,)."""
  normal = torch.distributions.Normal(z[None], scale)
  density = torch.exp(normal.log_prob(z[:, None]))
  one = torch.log(density.mean(1))
  return one, torch.log(density.prod(2).mean(1))


def tripod(params, case, dataset, step):
  """Hsu et al. 2024: twelve values a latent, Silverman's kernels, probes.

  The probes are rademacher(k, (2, B, D)) and normal(l, (2, B, D)), with k, l =
  split(k3). The layers are the decoder's second, before its tanh.
  """
  images, weight = images_of(case, dataset, step), case.hparams
  raw = torch.tanh(dense(params, "head/mean", features_of(params, images)))
  place = (raw + 1) / 2 * 11
  assert ((place - place.floor()) - 0.5).abs().min() > MARGIN
  code = 2 * torch.floor(place + 0.5) / 11 - 1
  z = raw + (code - raw).detach()
  batch, latents = z.shape
  spread = torch.sqrt(raw.var(0, unbiased=False) + 1e-12) + 1e-6
  rule = lambda dim: (4 / (batch * (dim + 2))) ** (1 / (dim + 4))
  published = case.objective == "tripod_published"
  marginals = kernel_densities(z, (1 if published else rule(1)) * spread)[0]
  joint = kernel_densities(z, rule(latents) * spread)[1]
  shared = joint - marginals.sum(1)

  def layer(z):
    return dense(
      params, "decoder/Dense_1", torch.tanh(dense(params, "decoder/Dense_0", z))
    )

  k3 = jax.random.split(noise_key(step), 3)[2]
  sign_key, normal_key = jax.random.split(k3)
  shape = (2, *z.shape)
  kinds = (
    double(jax.random.rademacher(sign_key, shape, np.float32)),
    double(jax.random.normal(normal_key, shape)),
  )
  sizes = []
  for probes in kinds:
    moves = [0.1 * spread * v for v in probes]
    second = torch.stack(
      [(layer(z + v) - 2 * layer(z) + layer(z - v)) / 0.01 for v in moves]
    )
    sizes.append(second.var(0, unbiased=False).mean(1))
  bent = sizes[0] / (sizes[1] + 1e-10)
  penalty = weight["information"] * shared + weight["hessian"] * bent
  terms = {"multi_information": shared, "hessian_penalty": bent}
  return summed(case, classic.decode(params, z), images, penalty, terms)


LOSSES = {
  function.__name__: function
  for function in (
    infogan, infogan_cr, factor_qvae, info_vae, alpha_tcvae, ivae, dc_ign, tripod
  )
}


def trajectory(case):
  def loss_of(params, case, dataset, step):
    return LOSSES[case.objective.removesuffix("_published")](params, case, dataset, step)

  half = dict.fromkeys(("model", "decoder", "guesser"), HALF)
  other = half if case.train.get("optimizer") == "adam_half" else {}
  if case.objective == "factor_qvae":
    other = {"critic": PLAIN}
  patched = contextlib.nullcontext()
  if case.objective == "dc_ign":
    patched = mock.patch.multiple(classic, draw=draw_groups, PAIRS=("dc_ign",))
  with mock.patch.dict(classic.BETAS, other), patched:
    return classic.trajectory(
      case, loss_of=loss_of, first=given_compared.first_params(case)
    )


if __name__ == "__main__":
  path = Path(__file__).with_suffix(".json")
  classic.write(path, trajectory, given_compared.CASES)
