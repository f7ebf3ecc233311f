"""Estimators of the aggregate posterior against NumPy and SciPy in float64."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.special
import scipy.stats
from helpers.mixtures import as_jax, log_mixture, log_q_pairs, random_latents

from dvae_jax.methods import densities, estimators

B, D, N = 16, 5, 1000


def mss_weights_by_loops(batch, dataset_size, stride_mistake=False):
  """Chen et al. 2018, C.2: importance weights filled entry by entry."""
  others = batch - 1
  weights = np.full((batch, batch), 1 / others)
  stratum = (dataset_size - others) / (dataset_size * others)
  if stride_mistake:  # flat stride M + 1 = B: columns 0 and 1
    weights[:, 0], weights[:, 1] = 1 / dataset_size, stratum
    weights[others - 1, 0] = stratum
    return weights
  for i in range(batch):
    weights[i, i] = 1 / dataset_size
    weights[i, (i + 1) % batch] = stratum
  return weights


@pytest.mark.parametrize("spread", [0.1, 2.0])
def test_log_qz_mws_equals_numpy(spread):
  latents = random_latents(4, spread=spread)
  expected = log_mixture(log_q_pairs(*latents), np.full((B, B), 1 / (B * N)))
  actual = estimators.log_qz_mws(*as_jax(*latents), N)
  np.testing.assert_allclose(actual[0], expected[0], rtol=1e-4, atol=1e-4)
  np.testing.assert_allclose(actual[1], expected[1], rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("spread", [0.1, 2.0])
def test_log_qz_mss_equals_numpy(spread):
  latents = random_latents(5, spread=spread)
  expected = log_mixture(log_q_pairs(*latents), mss_weights_by_loops(B, N))
  actual = estimators.log_qz_mss(*as_jax(*latents), N)
  np.testing.assert_allclose(actual[0], expected[0], rtol=1e-4, atol=1e-4)
  np.testing.assert_allclose(actual[1], expected[1], rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(("batch", "size"), [(2, 2), (2, 9), (64, 4000)])
def test_mss_weights(batch, size):
  weights = np.asarray(estimators.mss_weights(batch, size))
  expected = mss_weights_by_loops(batch, size)
  np.testing.assert_allclose(weights, expected, rtol=1e-6)
  np.testing.assert_allclose(weights.sum(1), 1.0, rtol=1e-6)
  np.testing.assert_allclose(np.diag(weights), 1 / size, rtol=1e-6)


def test_mss_needs_as_many_images_as_the_batch():
  latents = as_jax(*random_latents(10))
  with pytest.raises(ValueError, match="dataset_size=15"):
    estimators.log_qz_mss(*latents, 15)


def toy_latents(dim, correlation, std, rng, size=4000):
  """Means of all posteriors, from a normal with equal correlations."""
  covariance = np.full((dim, dim), correlation) + (1 - correlation) * np.eye(
    dim
  )
  mean = rng.multivariate_normal(np.zeros(dim), covariance, size=size)
  return mean.astype(np.float32), np.full(mean.shape, 2 * np.log(std))


CASES = {
  "independent": (4, 0.0, 0.3),
  "correlated": (4, 0.7, 0.3),
  "ten latents": (10, 0.0, 0.3),
  "narrow": (4, 0.0, 0.1),
}


@pytest.mark.parametrize("case", CASES)
def test_total_correlation_of_toy_posteriors(case):
  dim, correlation, std = CASES[case]
  rng = np.random.default_rng(0)
  mean_all, logvar_all = as_jax(*toy_latents(dim, correlation, std, rng))
  mss, mws, exact = (
    jax.jit(estimators.log_qz_mss, static_argnums=3),
    jax.jit(estimators.log_qz_mws, static_argnums=3),
    jax.jit(densities.log_qz_exact),
  )
  mistaken = mss_weights_by_loops(64, 4000, stride_mistake=True)
  rows = []
  for _ in range(100):
    images = rng.choice(4000, size=64, replace=False)
    mean, logvar = mean_all[images], logvar_all[images]
    z = mean + std * jnp.asarray(rng.normal(size=mean.shape), jnp.float32)
    estimates = [
      exact(z, mean_all, logvar_all),
      mss(z, mean, logvar, 4000),
      mws(z, mean, logvar, 4000),
      log_mixture(log_q_pairs(z, mean, logvar), mistaken),
    ]
    rows.append([float(np.mean(a - b)) for a, b in estimates])
  exact_tc, mss_tc, mws_tc, mistaken_tc = np.mean(rows, axis=0)
  assert abs(mss_tc - exact_tc) < 1.0
  assert mws_tc - exact_tc > 20.0
  # The mistake moves the estimate by many standard errors of the mean.
  spread = np.std(np.array(rows)[:, 1]) / 10
  assert mistaken_tc - mss_tc > 10 * spread


@pytest.mark.parametrize("estimator", ["mws", "mss", "exact"])
def test_decomposition_sums_to_the_sampled_kl(estimator):
  z, mean, logvar = as_jax(*random_latents(11))
  if estimator == "exact":
    _, mean_all, logvar_all = as_jax(*random_latents(12, batch=50))
    log_qz = densities.log_qz_exact(z, mean_all, logvar_all)
  elif estimator == "mws":
    log_qz = estimators.log_qz_mws(z, mean, logvar, N)
  else:
    log_qz = estimators.log_qz_mss(z, mean, logvar, N)
  std = np.exp(np.float64(logvar) / 2)
  log_qz_given_x = scipy.stats.norm.logpdf(z, mean, std).sum(1)
  log_pz = scipy.stats.norm.logpdf(np.float64(z)).sum(1)
  parts = densities.decompose_kl(*as_jax(log_qz_given_x, log_pz), *log_qz)
  total = parts.mi + parts.tc + parts.dwkl
  sampled_kl = log_qz_given_x - log_pz
  np.testing.assert_allclose(total, sampled_kl, rtol=1e-5, atol=1e-4)
  np.testing.assert_allclose(parts.tc, log_qz[0] - log_qz[1], rtol=1e-6)


@functools.cache
def _with_gradients(estimator):
  """Compiled whole: operation by operation takes several times as long."""

  def total(mean, logvar, eps):
    z = mean + jnp.exp(logvar / 2) * eps
    log_qz, log_qz_product = estimator(z, mean, logvar, 100)
    return jnp.sum(log_qz + log_qz_product)

  return jax.jit(jax.value_and_grad(total, argnums=(0, 1)))


@pytest.mark.parametrize(
  "estimator",
  [
    estimators.log_qz_mws,
    estimators.log_qz_mss,
    estimators.log_qz_stratified,
  ],
)
@pytest.mark.parametrize("shape", [(8, 3), (1, 3), (8, 1), (1, 1)])
@pytest.mark.parametrize("logvar", [-30.0, 0.0, 30.0])
def test_estimators_survive_extremes(estimator, shape, logvar):
  rng = np.random.default_rng(13)
  mean = jnp.asarray(rng.normal(0, 3, size=shape), jnp.float32)
  eps = jnp.asarray(rng.normal(size=shape), jnp.float32)
  logvar = jnp.full(shape, logvar)
  value, gradients = _with_gradients(estimator)(mean, logvar, eps)
  assert np.isfinite(value)
  assert all(np.isfinite(gradient).all() for gradient in gradients)


def test_estimators_are_the_same_under_jit_and_vmap():
  lanes = [as_jax(*random_latents(seed)) for seed in (14, 15)]
  stacked = [jnp.stack(arrays) for arrays in zip(*lanes, strict=True)]
  both = jax.jit(jax.vmap(lambda *a: estimators.log_qz_mss(*a, N)))(*stacked)
  for lane, latents in enumerate(lanes):
    alone = estimators.log_qz_mss(*latents, N)
    np.testing.assert_allclose(both[0][lane], alone[0], rtol=1e-5)
    np.testing.assert_allclose(both[1][lane], alone[1], rtol=1e-5)


def stratified_weights(batch, filled, size, dataset_size):
  """1/N for the sample's own row, the rest shared by the other full ones."""
  weights = np.zeros((batch, size))
  weights[:, :filled] = (dataset_size - 1) / dataset_size / (filled - 1)
  weights[np.arange(batch), np.arange(batch)] = 1 / dataset_size
  return weights


def latents_and_bank(filled, size=60):
  """A batch, and a bank of which the first rows are full."""
  latents = random_latents(16)
  _, mean, logvar = random_latents(17, batch=size)
  logvar[filled:] = np.inf
  return latents, estimators.Bank(*as_jax(mean, logvar))


@pytest.mark.parametrize("filled", [0, 40, 60])
@pytest.mark.parametrize("marginal_rows", [24, 1024])
def test_log_qz_bank_equals_numpy(filled, marginal_rows, monkeypatch):
  monkeypatch.setattr(estimators, "MARGINAL_ROWS", marginal_rows)
  (z, mean, logvar), bank = latents_and_bank(filled)
  full = filled + B
  all_means = np.concatenate([mean, bank.mean[:filled]])
  all_logvars = np.concatenate([logvar, bank.logvar[:filled]])
  log_q = log_q_pairs(z, all_means, all_logvars)
  few = min(full, marginal_rows)
  joint, _ = log_mixture(log_q, stratified_weights(B, full, full, N))
  _, product = log_mixture(log_q[:, :few], stratified_weights(B, few, few, N))
  actual = estimators.log_qz_bank(*as_jax(z, mean, logvar), N, bank)
  np.testing.assert_allclose(actual[0], joint, rtol=1e-4, atol=1e-4)
  np.testing.assert_allclose(actual[1], product, rtol=1e-4, atol=1e-4)


def test_the_whole_set_as_bank_is_the_exact_density():
  # With M = N rows, the own one first, every weight is 1/N.
  z, mean, logvar = as_jax(*random_latents(18, batch=50))
  exact = densities.log_qz_exact(z, mean, logvar)
  actual = estimators.log_qz_stratified(z, mean, logvar, 50)
  np.testing.assert_allclose(actual, exact, rtol=1e-4, atol=1e-4)


def test_gradient_of_the_bank_goes_through_z_alone():
  (z, mean, logvar), bank = latents_and_bank(40)

  def tc(z, mean, logvar, bank):
    joint, product = estimators.log_qz_bank(z, mean, logvar, N, bank)
    return (joint - product).sum()

  arguments = *as_jax(z, mean, logvar), bank
  d_z, *others = jax.grad(tc, argnums=(0, 1, 2, 3))(*arguments)
  assert not any(leaf.any() for leaf in jax.tree.leaves(others))
  # d/dz_d log sum_j w_j q_j = sum_j r_j (m_jd - z_d) / v_jd, by SciPy.
  full = B + 40
  all_means = np.concatenate([mean, bank.mean[:40]]).astype(np.float64)
  all_logvars = np.concatenate([logvar, bank.logvar[:40]]).astype(np.float64)
  log_q = log_q_pairs(z, all_means, all_logvars)
  log_weights = np.log(stratified_weights(B, full, full, N))
  softmax = lambda a: np.exp(a - scipy.special.logsumexp(a, 1, keepdims=True))
  slope = (all_means[None] - np.float64(z)[:, None]) / np.exp(all_logvars)
  joint = (softmax(log_q.sum(2) + log_weights)[:, :, None] * slope).sum(1)
  product = (softmax(log_q + log_weights[:, :, None]) * slope).sum(1)
  np.testing.assert_allclose(d_z, joint - product, rtol=1e-3, atol=1e-3)


def test_a_bank_keeps_the_latest_posteriors():
  memory = estimators.bank_of(40)
  bank = memory.start(D)
  assert np.isinf(bank.logvar).all()
  batches = [as_jax(*random_latents(seed)) for seed in (19, 20, 21)]
  for z, mean, logvar in batches:
    bank = memory.renew(bank, estimators.Bank(mean, logvar), z)
  for kept, column in ((bank.mean, 1), (bank.logvar, 2)):
    latest = np.concatenate([batch[column] for batch in reversed(batches)])
    np.testing.assert_array_equal(kept, latest[:40])
