"""The losses of other codebases, written out in NumPy, against ours."""

import numpy as np
import pytest
import scipy.special

from dvae_jax.methods import OBJECTIVES, convert

B, D, PIXELS = 5, 3, 48


def numbers():
  rng = np.random.default_rng(0)
  images = rng.integers(0, 2, size=(B, PIXELS)).astype(np.float64)
  logits = rng.normal(0, 2, size=(B, PIXELS))
  mean, logvar = rng.normal(size=(B, D)), rng.normal(size=(B, D))
  cross_entropy = -images * scipy.special.log_expit(logits) - (
    1 - images
  ) * scipy.special.log_expit(-logits)
  kl = 0.5 * (mean**2 + np.exp(logvar) - logvar - 1)
  return cross_entropy, kl, mean


def test_disent_averages_over_pixels_and_latents():
  cross_entropy, kl, _ = numbers()
  theirs = cross_entropy.mean() + 0.02 * kl.mean()
  beta = convert.from_disent(0.02, latent_dim=D, num_pixels=PIXELS)
  ours = cross_entropy.sum(1).mean() + beta * kl.sum(1).mean()
  np.testing.assert_allclose(ours, PIXELS * theirs, rtol=1e-12)
  back = convert.to_disent(beta, latent_dim=D, num_pixels=PIXELS)
  np.testing.assert_allclose(back, 0.02, rtol=1e-12)


def test_keras_covariance_code():
  cross_entropy, kl, mean = numbers()
  entanglement = np.mean(
    [
      np.abs(mean[:, i] * mean[:, j]).mean()
      for i, j in ((0, 1), (0, 2), (1, 2))
    ]
  )
  # Its KL: the mean over latents, without 1/2.
  theirs = cross_entropy.mean() + 1e-3 * (2 * kl).mean() + 1e-4 * entanglement
  weights = convert.from_keras_covariance(
    1e-3, 1e-4, latent_dim=D, num_pixels=PIXELS
  )
  ours = (
    cross_entropy.sum(1).mean()
    + weights["beta"] * kl.sum(1).mean()
    + weights["gamma"] * entanglement
  )
  np.testing.assert_allclose(ours, PIXELS * theirs, rtol=1e-12)
  back = convert.to_keras_covariance(**weights, latent_dim=D, num_pixels=PIXELS)
  np.testing.assert_allclose(back["kl_weight"], 1e-3, rtol=1e-12)
  np.testing.assert_allclose(back["entanglement_weight"], 1e-4, rtol=1e-12)


def test_published_covariance_weights():
  # 65,536 pixels, 3 latents: 1e-4 x 65,536, and 2 x 1e-3 x 65,536 / 3.
  weights = convert.from_keras_covariance(
    1e-3, 1e-4, latent_dim=3, num_pixels=256 * 256
  )
  np.testing.assert_allclose(weights["gamma"], 6.5536, rtol=1e-12)
  np.testing.assert_allclose(weights["beta"], 43.690666666666665, rtol=1e-12)


DLIB = [
  ("vae", {"beta": 4.0}, "beta_vae", {"beta": 4.0}),
  (
    "annealed_vae",
    {"gamma": 1000.0, "c_max": 25.0, "iteration_threshold": 100000.0},
    "annealed_vae",
    {"gamma": 1000.0, "capacity": 25.0, "annealing_steps": 100000.0},
  ),
  ("factor_vae", {"gamma": 40.0}, "factor_vae_same_batch", {"gamma": 40.0}),
  (
    "dip_vae",
    {"lambda_od": 5.0, "lambda_d_factor": 10.0, "dip_type": "i"},
    "dip_vae_i",
    {"lambda_od": 5.0, "lambda_d": 50.0},
  ),
  (
    "dip_vae",
    {"lambda_od": 5.0, "lambda_d_factor": 1.0, "dip_type": "ii"},
    "dip_vae_ii",
    {"lambda_od": 5.0, "lambda_d": 5.0},
  ),
  (
    "beta_tc_vae",
    {"beta": 6.0},
    "beta_tcvae",
    {"alpha": 1.0, "beta": 6.0, "gamma": 1.0},
  ),
  ("group_vae_argmax", {"beta": 1.0}, "ada_gvae", {"beta": 1.0}),
  ("mlvae_argmax", {"beta": 1.0}, "ada_mlvae_averaged", {"beta": 1.0}),
]


@pytest.mark.parametrize(("model", "bindings", "objective", "hparams"), DLIB)
def test_disentanglement_lib_and_back(model, bindings, objective, hparams):
  assert convert.from_disentanglement_lib(model, bindings) == (
    objective,
    hparams,
  )
  assert convert.to_disentanglement_lib(objective, hparams) == (model, bindings)
  assert objective in OBJECTIVES


def test_both_of_their_optimizers_count_steps():
  steps = convert.steps_from_disentanglement_lib
  assert steps("factor_vae", 300_000) == 150_000
  assert steps("beta_tc_vae", 300_000) == 300_000


@pytest.mark.parametrize("k", [-1, 1, 3])
def test_their_pairs_are_redrawn(k):
  # Their dynamics, simulated; standard errors are below 0.005.
  sizes, draws = (3, 2, 4), 10_000
  rng = np.random.default_rng(k + 1)
  counts = np.zeros(len(sizes) + 1)
  for _ in range(draws):
    first = [rng.integers(n) for n in sizes]
    second = list(first)
    some = rng.integers(1, len(sizes)) if k == -1 else k
    number = rng.choice([1, some])
    for j in rng.choice(len(sizes), number, replace=False):
      second[j] = rng.integers(sizes[j])
    counts[sum(a != b for a, b in zip(first, second, strict=True))] += 1
  found = convert.changed_factors_of_disentanglement_lib(k, sizes)
  np.testing.assert_allclose(found, counts / draws, rtol=0, atol=0.02)
  assert sum(found) == pytest.approx(1, rel=1e-12)


def test_pairs_of_another_k_are_refused():
  with pytest.raises(ValueError, match="k=0: allowed are -1 and 1 to 2"):
    convert.changed_factors_of_disentanglement_lib(0, (3, 4))


def test_vae_is_their_beta_vae_at_one():
  assert convert.to_disentanglement_lib("vae", {}) == ("vae", {"beta": 1.0})


@pytest.mark.parametrize(
  ("model", "bindings", "message"),
  [
    ("mlvae_labels", {"beta": 1.0}, "mlvae_labels.*allowed.*factor_vae"),
    ("vae", {"gamma": 1.0}, r"vae: parameters \('gamma',\).*\('beta',\)"),
    (
      "dip_vae",
      {"lambda_od": 1.0, "lambda_d_factor": 1.0, "dip_type": "iii"},
      "dip_type='iii'.*'i'",
    ),
  ],
)
def test_unknown_models_and_parameters_are_named(model, bindings, message):
  with pytest.raises(ValueError, match=message):
    convert.from_disentanglement_lib(model, bindings)


@pytest.mark.parametrize(
  ("objective", "hparams", "message"),
  [
    ("covariance_vae", {"beta": 1.0}, "covariance_vae"),
    ("ada_mlvae", {"beta": 1.0}, "ada_mlvae"),
    ("beta_tcvae", {"alpha": 0.0, "beta": 4.0, "gamma": 1.0}, "alpha=0.0"),
    ("dip_vae_i", {"lambda_od": 0.0, "lambda_d": 1.0}, "lambda_od=0"),
  ],
)
def test_objectives_without_counterpart_are_refused(
  objective, hparams, message
):
  with pytest.raises(ValueError, match=message):
    convert.to_disentanglement_lib(objective, hparams)


def test_qlaes_weights_on_images_of_64_pixels():
  # 0.01 beside the mean over 64 x 64 pixels, and a clip of 1.
  assert convert.from_pixel_mean(0.01, num_pixels=4096) == pytest.approx(40.96)
  cross_entropy, _, mean = numbers()
  theirs = cross_entropy.mean() + 0.01 * (mean**2).mean()
  weight = convert.from_pixel_mean(0.01, num_pixels=PIXELS)
  ours = cross_entropy.sum(1).mean() + weight * (mean**2).mean(1).mean()
  np.testing.assert_allclose(ours, PIXELS * theirs, rtol=1e-12)
