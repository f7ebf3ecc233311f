"""mig_exact against brute force, SciPy, sampling and closed forms."""

import importlib

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import rel_entr
from scipy.stats import norm

from dvae_jax.metrics.mig_exact import factor_gaps, mig_exact

SIZES = (3, 2, 5)


def grid(sizes):
  axes = np.meshgrid(*[np.arange(s) for s in sizes], indexing="ij")
  return np.stack(axes, -1).reshape(-1, len(sizes))


def gap(information, entropies):
  """MIG from the table (D, K) of informations: Chen et al. 2018, eq. 6."""
  ranked = np.sort(information, axis=0)
  return ((ranked[-1] - ranked[-2]) / entropies).mean()


def brute_force(codes, sds, factors):
  """The definition on one fine uniform grid per latent, float64."""
  information = np.zeros((codes.shape[1], factors.shape[1]))
  for j, (mean, sd) in enumerate(zip(codes.T, sds.T, strict=True)):
    z, step = np.linspace(
      (mean - 10 * sd).min(), (mean + 10 * sd).max(), 40_001, retstep=True
    )
    density = norm.pdf(z, mean[:, None], sd[:, None])
    q = density.mean(0)
    for k, labels in enumerate(factors.T):
      for v in np.unique(labels):
        qv = density[labels == v].mean(0)
        logs = np.log(np.where(qv > 0, qv, 1)) - np.log(np.where(q > 0, q, 1))
        information[j, k] += (labels == v).mean() * (qv * logs).sum() * step
  return information


def toy(seed, low=0.03, high=1.5):
  rng = np.random.default_rng(seed)
  factors = grid(SIZES)
  mixing = rng.normal(size=(3, 4)) * (rng.random((3, 4)) < 0.5)
  codes = factors @ mixing + 0.2 * rng.normal(size=(len(factors), 4))
  sds = np.exp(rng.uniform(np.log(low), np.log(high), size=codes.shape))
  return codes, sds, factors


@pytest.mark.parametrize("seed", range(4))
def test_agrees_with_a_brute_force_mixture(seed):
  codes, sds, factors = toy(seed)
  expected = gap(brute_force(codes, sds, factors), np.log(SIZES))
  result = mig_exact(
    codes, factors, rng=np.random.default_rng(0), logvars=2 * np.log(sds)
  )
  np.testing.assert_allclose(result["mig_exact"], expected, rtol=0, atol=1e-6)
  assert result["widened"] == 0


def test_agrees_with_a_sampling_estimate_within_its_error():
  codes, sds, factors = toy(7)
  rng = np.random.default_rng(1)
  # One latent: then the gap is the information itself over the entropy.
  mean, sd = codes[:, 0], sds[:, 0]
  rows = rng.integers(len(mean), size=40_000)
  z = rng.normal(mean[rows], sd[rows])
  density = norm.pdf(z[:, None], mean, sd)
  for k, size in enumerate(SIZES):
    same = factors[:, k] == factors[rows, k][:, None]
    ratio = np.log((density * same).sum(1) * size / density.sum(1))
    estimate = ratio.mean() / np.log(size)
    error = ratio.std() / np.sqrt(len(ratio)) / np.log(size)
    gaps, _ = factor_gaps(codes[:, :1], factors, 2 * np.log(sds[:, :1]))
    assert abs(gaps[k] - estimate) < 4 * error


def test_agrees_with_scipy_quadrature_for_two_posteriors():
  # I(z; v) of two Gaussians of unequal width, one per factor value.
  a, b = norm(-0.5, 0.3), norm(1.0, 1.1)

  def integrand(z):
    p, q = a.pdf(z), b.pdf(z)
    m = (p + q) / 2
    return (p * np.log(p / m) + q * np.log(q / m)) / 2

  expected = quad(integrand, -8, 10, points=[-0.5, 1.0], epsabs=1e-10)[0]
  gaps, _ = factor_gaps(
    np.array([[-0.5], [1.0]]),
    np.array([[0], [1]]),
    2 * np.log([[0.3], [1.1]]),
  )
  # 1e-7: the tails beyond 6.5 standard deviations.
  np.testing.assert_allclose(gaps, expected / np.log(2), rtol=1e-7)


@pytest.mark.parametrize("sd", [1e-150, 1e-6, 1e-2])
@pytest.mark.parametrize("spread", [1.0, 1e3, 1e9])
def test_narrow_far_posteriors_tell_everything(sd, spread):
  # Every posterior is alone: I(z_0; v) = H(v), and latent 1 is dead.
  factors = grid((4,))
  codes = np.concatenate([factors * spread, np.zeros((4, 1))], axis=1)
  logvars = np.full(codes.shape, 2 * np.log(sd))
  gaps, widened = factor_gaps(codes, factors, logvars)
  # Densities are added in float32, whose rounding is 6e-8.
  np.testing.assert_allclose(gaps, 1.0, rtol=1e-7)
  # Latent 0 is as wide as the rounding of its means where it was narrower.
  assert widened == (0.5 if sd < 3e-13 * spread else 0)


def test_one_posterior_far_away_changes_only_its_own_share():
  codes, sds, factors = toy(2)
  base, _ = factor_gaps(codes, factors, 2 * np.log(sds))
  near, far = codes.copy(), codes.copy()
  near[0], far[0] = 1e3, 1e9
  close, widened = factor_gaps(near, factors, 2 * np.log(sds))
  distant, _ = factor_gaps(far, factors, 2 * np.log(sds))
  assert widened == 0
  np.testing.assert_allclose(distant, close, rtol=0, atol=1e-6)
  assert np.abs(close - base).max() < 0.2


@pytest.mark.parametrize("ratio", [3.0, 1e2, 1e4])
def test_widths_far_apart_in_one_latent(ratio):
  # Half of the images of each value are narrow and known, half are wide, in the
  # middle and say nothing.
  factors = np.repeat([[0], [1]], 20, axis=0)
  codes = np.where(factors == 1, 5.0, -5.0) * np.tile([[1.0], [0.0]], (20, 1))
  sds = np.tile([[0.1], [0.1 * ratio]], (20, 1))
  expected = brute_force_line(codes, sds, factors)
  gaps, widened = factor_gaps(codes, factors, 2 * np.log(sds))
  np.testing.assert_allclose(gaps * np.log(2), expected, rtol=1e-6)
  assert widened == 0


def brute_force_line(codes, sds, factors):
  """I(z; v) of one latent on a grid of 200,000 points, float64."""
  mean, sd = codes[:, 0], sds[:, 0]
  wide = 10 * sd.max() + 10
  edges = np.concatenate(  # fine where the narrow posteriors are
    [
      np.linspace(-wide, -8, 40_001)[:-1],
      np.linspace(-8, 8, 120_001)[:-1],
      np.linspace(8, wide, 40_001),
    ]
  )
  unique = {}
  for m, s, v in zip(mean, sd, factors[:, 0], strict=True):
    unique[m, s, v] = unique.get((m, s, v), 0) + 1 / len(mean)
  joint = np.zeros((2, len(edges)))
  for (m, s, v), weight in unique.items():
    joint[v] += weight * norm.pdf(edges, m, s)
  terms = rel_entr(joint, joint.sum(0)).sum(0)
  return np.trapezoid(terms, edges) + np.log(2)


def test_widening_is_reported_and_only_lowers_an_information(monkeypatch):
  rng = np.random.default_rng(3)
  factors = rng.integers(2, size=(500, 1))
  codes = rng.normal(size=(500, 1))
  logvars = np.full((500, 1), 2 * np.log(1e-5))
  exact, widened = factor_gaps(codes, factors, logvars)
  assert widened == 0
  # 500 windows of 54 grid points don't fit on 4,096 points.
  module = importlib.import_module("dvae_jax.metrics.mig_exact")
  monkeypatch.setattr(module, "MAX_POINTS", 4096)
  coarse, widened = factor_gaps(codes, factors, logvars)
  assert widened == 1
  assert 0.3 < coarse[0] < exact[0]


def test_is_deterministic_and_ignores_the_generator():
  codes, sds, factors = toy(0)
  results = [
    mig_exact(
      codes,
      factors,
      rng=np.random.default_rng(seed),
      logvars=2 * np.log(sds),
    )
    for seed in range(2)
  ]
  assert results[0] == results[1]


def test_rows_units_and_order_of_latents_do_not_matter():
  codes, sds, factors = toy(5)
  expected, _ = factor_gaps(codes, factors, 2 * np.log(sds))
  rng = np.random.default_rng(0)
  rows, latents = rng.permutation(len(codes)), [2, 0, 3, 1]
  scale = np.array([1e-3, 1.0, 50.0, 1e6])
  moved, _ = factor_gaps(
    (codes * scale + 7)[rows][:, latents],
    factors[rows],
    (2 * np.log(sds * scale))[rows][:, latents],
  )
  np.testing.assert_allclose(moved, expected, rtol=0, atol=1e-7)


def test_a_dead_latent_changes_nothing_and_a_twin_removes_the_gap():
  codes, sds, factors = toy(6)
  base, _ = factor_gaps(codes, factors, 2 * np.log(sds))
  dead = np.zeros((len(codes), 1))
  logvars = 2 * np.log(sds)
  with_dead, _ = factor_gaps(
    np.hstack([codes, dead]), factors, np.hstack([logvars, dead])
  )
  np.testing.assert_allclose(with_dead, base, rtol=0, atol=1e-9)
  twins, _ = factor_gaps(
    np.hstack([codes, codes]), factors, np.hstack([logvars, logvars])
  )
  np.testing.assert_allclose(twins, 0, atol=1e-12)


def test_reports_the_published_value_without_shape():
  codes, sds, factors = toy(1)
  logvars = 2 * np.log(sds)
  rng = np.random.default_rng(0)
  gaps, _ = factor_gaps(codes, factors, logvars)
  named = mig_exact(
    codes,
    factors,
    rng=rng,
    logvars=logvars,
    factor_names=("shape", "scale", "pos_x"),
  )
  np.testing.assert_allclose(
    named["mig_exact_without_shape"], gaps[1:].mean(), rtol=1e-12
  )
  plain = mig_exact(codes, factors, rng=rng, logvars=logvars)
  assert named["mig_exact"] == plain["mig_exact"]
  assert "mig_exact_without_shape" not in plain
