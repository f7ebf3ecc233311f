"""Every penalty against a plain NumPy float64 version of its formula."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.integrate
import scipy.spatial
import scipy.special
import scipy.stats
from helpers import tiny
from helpers.latents import (
  KEY,
  B,
  D,
  N,
  bent_layers,
  critic_params,
  gradients,
  penalty,
  prior_params,
  random_latents,
  some_factors,
)
from helpers.precision import x64
from helpers.strengths import HPARAMS

from dvae_jax.methods import OBJECTIVES
from dvae_jax.methods.build import hparam_names
from dvae_jax.methods.estimators import ESTIMATORS
from dvae_jax.methods.objective import no_penalty, reads


def float64(latents):
  return tuple(np.asarray(array, np.float64) for array in latents)


def kl_numpy(latents):
  _, mean, logvar = float64(latents)
  return 0.5 * (mean**2 + np.exp(logvar) - logvar - 1).sum(1)


def annealed_numpy(latents, gamma, capacity, annealing_steps, step=30):
  target = min(capacity, capacity * step / annealing_steps)
  return gamma * abs(kl_numpy(latents).mean() - target)


def factor_numpy(latents, gamma):
  weight, bias = (np.float64(critic_params()[k]) for k in ("weight", "bias"))
  return kl_numpy(latents) + gamma * (float64(latents)[0] @ weight + bias)


def dip_numpy(latents, lambda_od, lambda_d, add_variance):
  _, mean, logvar = float64(latents)
  covariance = np.cov(mean.T, bias=True)
  if add_variance:
    covariance = covariance + np.diag(np.exp(logvar).mean(0))
  distance = 0.0
  for i in range(D):
    for j in range(D):
      target, strength = (1, lambda_d) if i == j else (0, lambda_od)
      distance += strength * (covariance[i, j] - target) ** 2
  return kl_numpy(latents) + distance


def beta_tcvae_numpy(latents, estimator, alpha, beta, gamma):
  z, mean, logvar = float64(latents)
  log_q = scipy.stats.norm.logpdf(z[:, None], mean, np.exp(logvar / 2))
  weights = np.full((B, B), 1 / (B * N))
  if estimator == "mss":
    weights = np.full((B, B), 1 / (B - 1))
    for i in range(B):
      weights[i, i] = 1 / N
      weights[i, (i + 1) % B] = (N - B + 1) / (N * (B - 1))
  if estimator.startswith("bank"):  # which is empty
    weights = np.full((B, B), (N - 1) / N / (B - 1))
    np.fill_diagonal(weights, 1 / N)
  log_qz = scipy.special.logsumexp(log_q.sum(2), axis=1, b=weights)
  marginals = scipy.special.logsumexp(log_q, axis=1, b=weights[:, :, None])
  log_qz_product = marginals.sum(1)
  own = log_q[np.arange(B), np.arange(B)].sum(1)
  mi, tc = own - log_qz, log_qz - log_qz_product
  dwkl = log_qz_product - scipy.stats.norm.logpdf(z).sum(1)
  sampled_kl = mi + tc + dwkl
  # The sampled KL enters with weight one: its closed form takes its place.
  total = alpha * mi + beta * tc + gamma * dwkl
  terms = {"mi": mi, "tc": tc, "kl": sampled_kl}
  return total - sampled_kl + kl_numpy(latents), terms


def covariance_numpy(latents, beta, gamma):
  _, mean, _ = float64(latents)
  entanglement = 0.0
  for i in range(D):
    for j in range(i + 1, D):
      entanglement += np.abs(mean[:, i] * mean[:, j])
  return beta * kl_numpy(latents) + gamma * 2 / (D * (D - 1)) * entanglement


def qlae_numpy(latents, quantise, commit):
  _, mean, _ = float64(latents)
  codebook = np.linspace(-0.5, 0.5, 10)
  distance = np.abs(mean[:, :, None] - codebook).min(2)
  return (quantise + commit) * (distance**2).mean(1)


def hausdorff_numpy(latents, beta, gamma, scale):
  _, mean, _ = float64(latents)
  total = beta * kl_numpy(latents)
  for i in range(D):
    for j in range(i + 1, D):
      found = mean[:, [i, j]]
      total += gamma * max(
        min((a - c) ** 2 + (b - d) ** 2 for c, d in found)
        for a in mean[:, i]
        for b in mean[:, j]
      )
  return total + scale * np.maximum(0, 1 - mean.std(0)).sum()


def slow_numpy(latents, beta, gamma, laplace_rate, entropy):
  _, mean, logvar = float64(latents)
  partner = np.concatenate([mean[B // 2 :], mean[: B // 2]])
  total = beta * kl_numpy(latents)
  for row in range(B):
    for j in range(D):
      q = scipy.stats.norm(
        mean[row, j] - partner[row, j], np.exp(logvar[row, j] / 2)
      )
      step = scipy.stats.laplace(scale=1 / laplace_rate)
      # The kink at 0 is an end of both integrals.
      low, high = (
        scipy.integrate.quad(
          lambda x, q=q, step=step: -q.pdf(x) * step.logpdf(x), *ends
        )[0]
        for ends in ((-30, 0), (0, 30))
      )
      total[row] += gamma * (low + high - entropy * q.entropy())
  return total


def info_numpy(latents, alpha, lambda_mmd, bandwidth):
  z, _, _ = float64(latents)
  prior = np.float64(jax.random.normal(KEY, z.shape))
  kernel = lambda x, y: np.exp(
    -scipy.spatial.distance.cdist(x, y, "sqeuclidean") / (2 * bandwidth**2)
  )
  # Of a kernel that is 1 where its arguments are the same.
  within = lambda x: (kernel(x, x).sum() - B) / (B * (B - 1))
  mmd = within(z) + within(prior) - 2 * kernel(z, prior).mean()
  return (1 - alpha) * kl_numpy(latents) + (alpha + lambda_mmd - 1) * mmd


def tripod_numpy(name, latents, information, hessian):
  z, mean, _ = float64(latents)
  spread = np.tanh(mean).std(0) + 1e-6
  silverman = lambda dim: (4 / (dim + 2) / B) ** (1 / (dim + 4)) * spread
  published = name == "tripod_published"
  total = np.zeros(B)
  for scale, joint in ((silverman(D), True), (spread, False)):
    if not joint and not published:
      scale = silverman(1)
    log_q = scipy.stats.norm.logpdf(z[:, None], z[None], scale)
    log_q = log_q.sum(2, keepdims=True) if joint else log_q
    density = scipy.special.logsumexp(log_q, axis=1) - np.log(B)
    total += (1 if joint else -1) * information * density.sum(1)
  signs, normals = jax.random.split(KEY)
  probes = [
    np.float64(jax.random.rademacher(signs, (2, B, D), jnp.float32)),
    np.float64(jax.random.normal(normals, (2, B, D))),
  ]
  with x64():
    layers = lambda x: [np.asarray(y) for y in bent_layers(jnp.asarray(x))]
    for layer in range(2):
      mixed, every = (
        np.var(
          [
            layers(z + 0.1 * spread * v)[layer]
            - 2 * layers(z)[layer]
            + layers(z - 0.1 * spread * v)[layer]
            for v in kind
          ],
          axis=0,
        )
        .reshape(B, -1)
        .mean(1)
        / 0.1**4
        for kind in probes
      )
      total += hessian * mixed / (every + 1e-10)
  return total


def ivae_numpy(latents, beta, label, location):
  _, mean, logvar = float64(latents)
  along = np.float64(some_factors())[:, [int(label)]]
  params = np.float64(prior_params())[None]
  prior_logvar = 0.1 * along * params
  apart = np.exp(logvar) + (mean - location * along * params) ** 2
  ratio = apart / np.exp(prior_logvar)
  return beta * 0.5 * (ratio - 1 + prior_logvar - logvar).sum(1)


def expected_penalty(name, latents, hparams, estimator):
  if OBJECTIVES[name].penalty is no_penalty:
    return np.zeros(B)
  if name == "annealed_vae":
    return annealed_numpy(latents, **hparams)
  if name.startswith("tripod"):
    return tripod_numpy(name, latents, **hparams)
  if name == "ivae":
    return ivae_numpy(latents, **hparams)
  if name == "info_vae":
    return info_numpy(latents, **hparams)
  if name == "alpha_tcvae":
    weights = {"alpha": D * hparams["alpha"] / (D - hparams["alpha"])}
    gamma = (1 - hparams["alpha"]) / (1 - hparams["alpha"] / D)
    weights |= {"beta": 0.0, "gamma": gamma}
    total, terms = beta_tcvae_numpy(latents, estimator, **weights)
    return total - kl_numpy(latents) + terms["kl"]
  if name.startswith("factor_vae"):
    return factor_numpy(latents, **hparams)
  if name.startswith("dip_vae"):
    return dip_numpy(latents, **hparams, add_variance=name == "dip_vae_ii")
  if name == "beta_tcvae":
    return beta_tcvae_numpy(latents, estimator, **hparams)[0]
  if name == "qlae":
    return qlae_numpy(latents, **hparams)
  if name == "hausdorff_vae":
    return hausdorff_numpy(latents, **hparams)
  if name == "slow_vae":
    return slow_numpy(latents, **hparams)
  if name.startswith("covariance_vae"):
    return covariance_numpy(latents, hparams["beta"], hparams["gamma"])
  return hparams.get("beta", 1.0) * kl_numpy(latents)


ESTIMATED = [
  (name, estimator)
  for name, objective in OBJECTIVES.items()
  for estimator in (ESTIMATORS if reads(objective, "estimator") else ("mss",))
]


@pytest.mark.parametrize(("name", "estimator"), ESTIMATED)
def test_penalty_equals_numpy(name, estimator):
  latents = random_latents(0)
  actual, terms = penalty(name, latents, estimator=estimator)
  expected = expected_penalty(name, latents, HPARAMS[name], estimator)
  assert actual.shape in ((B,), ())
  np.testing.assert_allclose(actual, expected, rtol=1e-4, atol=1e-4)
  assert all(term.shape in ((B,), ()) for term in terms.values())
  if OBJECTIVES[name].posterior.kl and terms:
    np.testing.assert_allclose(terms["kl"], kl_numpy(latents), rtol=1e-5)


def test_every_objective_has_a_test_setting():
  assert set(HPARAMS) == set(OBJECTIVES)


NEUTRAL = [
  ("beta_vae", {"beta": 1.0}, {}),
  ("factor_vae", {"gamma": 0.0}, {}),
  ("dip_vae_i", {"lambda_od": 0.0, "lambda_d": 0.0}, {}),
  ("dip_vae_ii", {"lambda_od": 0.0, "lambda_d": 0.0}, {}),
  (
    "beta_tcvae",
    {"alpha": 1.0, "beta": 1.0, "gamma": 1.0},
    {"estimator": "mws"},
  ),
  (
    "beta_tcvae",
    {"alpha": 1.0, "beta": 1.0, "gamma": 1.0},
    {"estimator": "mss"},
  ),
  (
    "beta_tcvae",
    {"alpha": 1.0, "beta": 1.0, "gamma": 1.0},
    {"estimator": "bank_4096"},
  ),
  ("covariance_vae_learned", {"beta": 1.0, "gamma": 0.0}, {}),
]


def vae_gradients_numpy(mean, logvar):
  """d/dmean and d/dlogvar of mean_b KL_b."""
  mean, logvar = np.float64(mean), np.float64(logvar)
  return mean / len(mean), 0.5 * (np.exp(logvar) - 1) / len(mean)


@pytest.mark.parametrize(("name", "hparams", "changes"), NEUTRAL)
def test_neutral_settings_give_the_gradients_of_the_vae(name, hparams, changes):
  _, mean, logvar = random_latents(2)
  value, actual = gradients(name, mean, logvar, hparams, **changes)
  vae_value, vae = gradients("vae", mean, logvar, {})
  np.testing.assert_allclose(value, vae_value, rtol=1e-6)
  expected = vae_gradients_numpy(mean, logvar)
  for each, same, numpy in zip(actual, vae, expected, strict=True):
    np.testing.assert_allclose(each, same, rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(each, numpy, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("name", OBJECTIVES)
@pytest.mark.parametrize(
  "shape",
  [
    (6, 3),
    (1, 1),
    pytest.param((1, 3), marks=pytest.mark.slow),
    pytest.param((6, 1), marks=pytest.mark.slow),
  ],
)
def test_extremes_are_finite(name, shape):
  if OBJECTIVES[name].companions:
    shape = (2 * shape[0], shape[1])
  rng = np.random.default_rng(5)
  mean = jnp.asarray(rng.normal(0, 3, size=shape), jnp.float32)
  signs = jnp.asarray(rng.choice([-1.0, 1.0], size=shape), jnp.float32)
  jitted = jax.jit(lambda logvar: gradients(name, mean, logvar, None))
  for logvar in (30.0 * signs, jnp.full(shape, 30.0), jnp.full(shape, -30.0)):
    value, gradient = jitted(logvar)
    assert np.isfinite(value)
    assert all(np.isfinite(each).all() for each in gradient)


@pytest.mark.parametrize("name", OBJECTIVES)
def test_signatures_ask_for_the_hyper_parameters(name):
  rates = {own.rate for own in OBJECTIVES[name].networks.values()}
  found = hparam_names(tiny.get_config(name))
  assert set(found) == set(HPARAMS[name]) | rates
  assert len(found) == len(set(found))
