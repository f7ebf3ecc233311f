"""Every penalty against a plain NumPy float64 version of its formula."""

import inspect

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.special
import scipy.stats
from helpers.strengths import HPARAMS

from dvae_jax.methods import objectives
from dvae_jax.methods.objectives import OBJECTIVES, Latents

B, D, N = 12, 4, 500
KEY = jax.random.PRNGKey(3)


def random_latents(seed, batch=B, dim=D):
  rng = np.random.default_rng(seed)
  mean = rng.normal(size=(batch, dim)).astype(np.float32)
  logvar = rng.normal(-1.0, 1.0, size=(batch, dim)).astype(np.float32)
  z = mean + np.exp(logvar / 2) * rng.normal(size=mean.shape)
  return Latents(*(jnp.asarray(a, jnp.float32) for a in (z, mean, logvar)))


def linear_critic(params, z):
  return z @ params["weight"] + params["bias"]


def critic_params(dim=D):
  weight = np.linspace(-1, 1, dim)
  return {"weight": jnp.asarray(weight, jnp.float32), "bias": jnp.float32(0.3)}


def context(step=30, estimator="mss", dim=D, batch=B):
  return {
    "step": jnp.int32(step),
    "dataset_size": N,
    "estimator": estimator,
    "key": KEY,
    "critic": linear_critic,
    "critic_params": critic_params(dim),
    "other": random_latents(99, batch, dim),
  }


def pick(function, available):
  names = inspect.signature(function).parameters.items()
  return {
    name: available[name]
    for name, parameter in names
    if parameter.kind is inspect.Parameter.KEYWORD_ONLY
  }


def penalty(name, latents, hparams=None, **changes):
  hparams = HPARAMS[name] if hparams is None else hparams
  batch, dim = latents.mean.shape
  available = {**context(batch=batch, dim=dim), **hparams, **changes}
  function = OBJECTIVES[name].penalty
  return function(latents, **pick(function, available))


def draw(name, key, mean, logvar, hparams=None):
  hparams = HPARAMS[name] if hparams is None else hparams
  function = OBJECTIVES[name].draw
  return function(key, mean, logvar, **pick(function, hparams))


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
  log_qz = scipy.special.logsumexp(log_q.sum(2), axis=1, b=weights)
  marginals = scipy.special.logsumexp(log_q, axis=1, b=weights[:, :, None])
  log_qz_product = marginals.sum(1)
  own = log_q[np.arange(B), np.arange(B)].sum(1)
  mi, tc = own - log_qz, log_qz - log_qz_product
  dwkl = log_qz_product - scipy.stats.norm.logpdf(z).sum(1)
  sampled_kl = mi + tc + dwkl
  # The sampled KL enters with weight one: its closed form takes its place.
  total = alpha * mi + beta * tc + gamma * dwkl
  return total - sampled_kl + kl_numpy(latents), {"mi": mi, "tc": tc}


def covariance_numpy(latents, beta, gamma):
  _, mean, _ = float64(latents)
  entanglement = 0.0
  for i in range(D):
    for j in range(i + 1, D):
      entanglement += np.abs(mean[:, i] * mean[:, j])
  return beta * kl_numpy(latents) + gamma * 2 / (D * (D - 1)) * entanglement


def expected_penalty(name, latents, hparams, estimator):
  if name == "autoencoder":
    return np.zeros(B)
  if name == "annealed_vae":
    return annealed_numpy(latents, **hparams)
  if name == "factor_vae":
    return factor_numpy(latents, **hparams)
  if name.startswith("dip_vae"):
    return dip_numpy(latents, **hparams, add_variance=name == "dip_vae_ii")
  if name == "beta_tcvae":
    return beta_tcvae_numpy(latents, estimator, **hparams)[0]
  if name.startswith("covariance_vae"):
    return covariance_numpy(latents, hparams["beta"], hparams["gamma"])
  return hparams.get("beta", 1.0) * kl_numpy(latents)


@pytest.mark.parametrize("estimator", objectives.ESTIMATORS)
@pytest.mark.parametrize("name", OBJECTIVES)
def test_penalty_equals_numpy(name, estimator):
  latents = random_latents(0)
  actual, terms = penalty(name, latents, estimator=estimator)
  expected = expected_penalty(name, latents, HPARAMS[name], estimator)
  assert actual.shape in ((B,), ())
  np.testing.assert_allclose(actual, expected, rtol=1e-4, atol=1e-4)
  assert all(term.shape in ((B,), ()) for term in terms.values())
  if name != "autoencoder":
    np.testing.assert_allclose(terms["kl"], kl_numpy(latents), rtol=1e-5)


def test_every_objective_has_a_test_setting():
  assert set(HPARAMS) == set(OBJECTIVES)


@pytest.mark.parametrize("name", OBJECTIVES)
def test_keyword_arguments_are_context_or_hyper_parameters(name):
  objective = OBJECTIVES[name]
  keywords = {
    parameter.name
    for function in (objective.penalty, objective.draw)
    for parameter in inspect.signature(function).parameters.values()
    if parameter.kind is inspect.Parameter.KEYWORD_ONLY
  }
  assert keywords - set(objectives.CONTEXT) == set(HPARAMS[name])
  assert not set(HPARAMS[name]) & set(objectives.CONTEXT)
  assert ("critic" in keywords) == objective.critic
  assert ("other" in keywords) == (objective.batch == "two")


@pytest.mark.parametrize("name", OBJECTIVES)
def test_strengths_share_one_trace_and_jit_equals_eager(name):
  traces = []

  @jax.jit
  def jitted(latents, hparams):
    traces.append(1)
    return penalty(name, latents, hparams)[0]

  latents = random_latents(1)
  for factor in (1.0, 3.0):
    hparams = {k: jnp.float32(factor * v) for k, v in HPARAMS[name].items()}
    eager, _ = penalty(name, latents, hparams)
    actual = jitted(latents, hparams)
    np.testing.assert_allclose(actual, eager, rtol=1e-4, atol=1e-4)
  assert len(traces) == 1


def gradients(name, mean, logvar, hparams, **changes):
  def mean_penalty(mean, logvar):
    latents = draw(name, KEY, mean, logvar, hparams)
    return jnp.mean(penalty(name, latents, hparams, **changes)[0])

  return jax.value_and_grad(mean_penalty, argnums=(0, 1))(mean, logvar)


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


@pytest.mark.parametrize(("capacity", "sign"), [(0.0, 1.0), (1e3, -1.0)])
def test_capacity_pulls_the_kl_from_both_sides(capacity, sign):
  _, mean, logvar = random_latents(3)
  hparams = {"gamma": 7.0, "capacity": capacity, "annealing_steps": 10.0}
  _, actual = gradients("annealed_vae", mean, logvar, hparams)
  expected = vae_gradients_numpy(mean, logvar)
  for each, numpy in zip(actual, expected, strict=True):
    np.testing.assert_allclose(each, sign * 7.0 * numpy, rtol=1e-4, atol=1e-6)


def test_capacity_acts_on_the_batch_mean():
  # One image above the target and one below it by the same amount: no loss.
  mean = jnp.sqrt(2 * jnp.array([[1.0], [3.0]]))  # KL 1 and 3 at unit variance
  latents = Latents(mean, mean, jnp.zeros((2, 1)))
  hparams = {"gamma": 1.0, "capacity": 2.0, "annealing_steps": 1.0}
  value, _ = penalty("annealed_vae", latents, hparams)
  np.testing.assert_allclose(value, 0.0, atol=1e-6)


@pytest.mark.parametrize(
  ("step", "expected"), [(0, 0.0), (25, 5.0), (50, 10.0), (5000, 10.0)]
)
def test_capacity_grows_linearly_and_stays(step, expected):
  hparams = {"gamma": 1.0, "capacity": 10.0, "annealing_steps": 50.0}
  latents = random_latents(4)
  _, terms = penalty("annealed_vae", latents, hparams, step=jnp.int32(step))
  np.testing.assert_allclose(terms["capacity"], expected, rtol=1e-6)


@pytest.mark.parametrize("name", OBJECTIVES)
@pytest.mark.parametrize("shape", [(6, 3), (1, 3), (6, 1), (1, 1)])
def test_extremes_are_finite(name, shape):
  if OBJECTIVES[name].batch == "pairs":
    shape = (2 * shape[0], shape[1])
  rng = np.random.default_rng(5)
  mean = jnp.asarray(rng.normal(0, 3, size=shape), jnp.float32)
  signs = jnp.asarray(rng.choice([-1.0, 1.0], size=shape), jnp.float32)
  jitted = jax.jit(lambda logvar: gradients(name, mean, logvar, None))
  for logvar in (30.0 * signs, jnp.full(shape, 30.0), jnp.full(shape, -30.0)):
    value, gradient = jitted(logvar)
    assert np.isfinite(value)
    assert all(np.isfinite(each).all() for each in gradient)


def test_critic_and_encoder_give_each_other_no_gradient():
  latents, other = random_latents(6), random_latents(7)
  params, gamma = critic_params(), 6.0

  def value(z, other_z, params):
    own = Latents(z, latents.mean, latents.logvar)
    second = Latents(other_z, other.mean, other.logvar)
    result, _ = penalty(
      "factor_vae", own, {"gamma": gamma}, other=second, critic_params=params
    )
    return jnp.mean(result)

  arguments = latents.z, other.z, params
  d_z, d_other, d_params = jax.grad(value, argnums=(0, 1, 2))(*arguments)
  # Encoder: d/dz of gamma mean(w z + b), nothing of the cross-entropy.
  weight, bias = (np.float64(params[name]) for name in ("weight", "bias"))
  np.testing.assert_allclose(
    d_z, np.tile(gamma * weight / B, (B, 1)), rtol=1e-5
  )
  assert not np.any(d_other)
  # Critic: the derivative of the cross-entropy, nothing of gamma TC.
  permuted = np.float64(objectives.permute_latents(KEY, other.z))
  z = np.float64(latents.z)
  slope = scipy.special.expit(z @ weight + bias) - 1
  slope_permuted = scipy.special.expit(permuted @ weight + bias)
  d_weight = 0.5 * (slope @ z + slope_permuted @ permuted) / B
  d_bias = 0.5 * (slope + slope_permuted).mean()
  np.testing.assert_allclose(d_params["weight"], d_weight, rtol=1e-4)
  np.testing.assert_allclose(d_params["bias"], d_bias, rtol=1e-4)


def test_critic_terms():
  latents = random_latents(8)
  _, terms = penalty("factor_vae", latents)
  weight, bias = (np.float64(critic_params()[k]) for k in ("weight", "bias"))
  logit = np.float64(latents.z) @ weight + bias
  other = objectives.permute_latents(KEY, context()["other"].z)
  logit_permuted = np.float64(other) @ weight + bias
  log_expit = scipy.special.log_expit
  loss = -0.5 * (log_expit(logit) + log_expit(-logit_permuted)).mean()
  accuracy = 0.5 * ((logit > 0).mean() + (logit_permuted < 0).mean())
  np.testing.assert_allclose(terms["tc"], logit, rtol=1e-4, atol=1e-5)
  np.testing.assert_allclose(terms["critic_loss"], loss, rtol=1e-5)
  np.testing.assert_allclose(terms["critic_accuracy"], accuracy, rtol=1e-6)


def test_permuted_latents_keep_every_marginal():
  z = random_latents(9, batch=64).z
  permuted = objectives.permute_latents(KEY, z)
  np.testing.assert_array_equal(np.sort(permuted, 0), np.sort(z, 0))
  # Each latent has a permutation of its own.
  order = np.argsort(np.argsort(permuted, 0), 0)
  original = np.argsort(np.argsort(z, 0), 0)
  moved = np.array(
    [
      [np.flatnonzero(original[:, d] == r)[0] for r in order[:, d]]
      for d in range(D)
    ]
  )
  assert len({tuple(row) for row in moved}) == D


def pair_latents(seed=10):
  """Six pairs; half of the latents of each differ little."""
  rng = np.random.default_rng(seed)
  mean = rng.normal(size=(B, D)).astype(np.float32)
  mean[B // 2 :, ::2] = mean[: B // 2, ::2] + 0.01
  logvar = rng.normal(-2.0, 0.3, size=(B, D)).astype(np.float32)
  return mean, logvar


def shared_by_loops(mean, logvar):
  mean, logvar = np.float64(mean), np.float64(logvar)
  half = len(mean) // 2
  shared = np.zeros((half, mean.shape[1]), bool)
  for b in range(half):
    kls = []
    for d in range(mean.shape[1]):
      v1, v2 = np.exp(logvar[b, d]), np.exp(logvar[half + b, d])
      difference = mean[b, d] - mean[half + b, d]
      kls.append(0.5 * (v1 / v2 + difference**2 / v2 - 1 + np.log(v2 / v1)))
    threshold = (min(kls) + max(kls)) / 2
    shared[b] = [kl < threshold for kl in kls]
  return shared


def test_shared_latents_are_those_under_the_threshold():
  mean, logvar = pair_latents()
  shared = objectives.shared_latents(jnp.asarray(mean), jnp.asarray(logvar))
  expected = shared_by_loops(mean, logvar)
  np.testing.assert_array_equal(shared, expected)
  assert expected.any(axis=1).all()
  assert not expected.all(axis=1).any()


@pytest.mark.parametrize("name", ["ada_gvae", "ada_mlvae"])
def test_pairs_share_an_average_and_keep_the_rest(name):
  mean, logvar = pair_latents()
  shared = shared_by_loops(mean, logvar)
  latents = draw(name, KEY, jnp.asarray(mean), jnp.asarray(logvar))
  m1, m2 = np.split(np.float64(mean), 2)
  v1, v2 = np.split(np.exp(np.float64(logvar)), 2)
  if name == "ada_gvae":
    average, variance = (m1 + m2) / 2, (v1 + v2) / 2
  else:  # N(m1, v1) N(m2, v2), normalised
    variance = 1 / (1 / v1 + 1 / v2)
    average = variance * (m1 / v1 + m2 / v2)
  for rows, (own_mean, own_variance) in enumerate(((m1, v1), (m2, v2))):
    half = slice(rows * B // 2, (rows + 1) * B // 2)
    expected = np.where(shared, average, own_mean)
    np.testing.assert_allclose(latents.mean[half], expected, rtol=1e-5)
    expected = np.log(np.where(shared, variance, own_variance))
    np.testing.assert_allclose(latents.logvar[half], expected, rtol=1e-5)
  # z is drawn after averaging.
  eps = jax.random.normal(KEY, mean.shape)
  expected = latents.mean + np.exp(np.float64(latents.logvar) / 2) * eps
  np.testing.assert_allclose(latents.z, expected, rtol=1e-5, atol=1e-6)


def test_product_of_gaussians_is_the_product_of_densities():
  # The first latent of a pair is shared; the second differs most.
  mean = jnp.array([[0.2, -3.0], [0.5, 3.0]])
  logvar = jnp.array([[-1.0, -1.0], [-0.5, -1.0]])
  latents = draw("ada_mlvae", KEY, mean, logvar)
  grid = np.linspace(-10, 10, 100_001)
  std = np.exp(np.float64(logvar) / 2)
  density = scipy.stats.norm.pdf(grid, mean[0, 0], std[0, 0])
  density = density * scipy.stats.norm.pdf(grid, mean[1, 0], std[1, 0])
  density /= density.sum()
  average = (grid * density).sum()
  variance = ((grid - average) ** 2 * density).sum()
  np.testing.assert_allclose(latents.mean[:, 0], average, rtol=1e-5)
  np.testing.assert_allclose(latents.logvar[:, 0], np.log(variance), rtol=1e-5)


def test_a_pair_of_the_same_image_is_a_vae():
  # Equal posteriors share nothing and average to themselves.
  mean, logvar = (jnp.tile(a, (2, 1)) for a in random_latents(11)[1:])
  _, actual = gradients("ada_gvae", mean, logvar, {"beta": 1.0})
  _, expected = gradients("vae", mean, logvar, {})
  for each, same in zip(actual, expected, strict=True):
    np.testing.assert_allclose(each, same, rtol=1e-5, atol=1e-7)


def test_fixed_variance_ignores_the_encoder():
  _, mean, logvar = random_latents(12)
  latents = draw("covariance_vae", KEY, mean, logvar, {"posterior_std": 0.1})
  np.testing.assert_allclose(latents.logvar, 2 * np.log(0.1), rtol=1e-6)
  eps = jax.random.normal(KEY, mean.shape)
  np.testing.assert_allclose(latents.z, mean + 0.1 * eps, rtol=1e-5, atol=1e-6)


def test_an_autoencoder_has_no_noise():
  _, mean, logvar = random_latents(13)
  np.testing.assert_array_equal(draw("autoencoder", KEY, mean, logvar).z, mean)


@pytest.mark.parametrize("name", ["vae", "covariance_vae"])
def test_draws_have_the_posteriors_moments(name):
  mean = jnp.tile(jnp.array([[1.0, -2.0]]), (20_000, 1))
  logvar = jnp.tile(jnp.array([[-1.0, 0.5]]), (20_000, 1))
  z = draw(name, KEY, mean, logvar).z
  std = [0.1, 0.1] if name == "covariance_vae" else np.exp([-0.5, 0.25])
  # Standard errors at 20,000 draws: 0.7% of std, 0.5% of std.
  np.testing.assert_allclose(z.mean(0), mean[0], atol=0.03 * max(std))
  np.testing.assert_allclose(z.std(0), std, rtol=0.02)
