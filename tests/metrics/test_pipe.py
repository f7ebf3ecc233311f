"""PIPE of models whose latents are a spot's place."""

from functools import partial

import numpy as np
import pytest

from dvae_jax.metrics import METRICS, score
from dvae_jax.metrics.pipe import pipe

FEW = {"num_train": 6_000, "num_test": 1024}


def spots(z):
  """Images (B, 8, 8, 1) of a spot at (z0, z1) in [-1, 1]^2."""
  grid = np.linspace(-1, 1, 8)
  across = np.exp(-(((grid - z[:, :1]) / 0.3) ** 2))
  down = np.exp(-(((grid - z[:, 1:2]) / 0.3) ** 2))
  return (down[:, :, None] * across[:, None, :])[..., None]


def measure(codes, decode=spots, **options):
  rng = np.random.default_rng(0)
  return pipe(codes, rng=rng, decode=decode, **(FEW | options))


def latents(rows=2000):
  return np.random.default_rng(1).uniform(-1, 1, (rows, 2))


def test_independent_uniform_codes_score_one_by_both():
  found = measure(latents())
  # Three times 1,024 images: a standard error of 2 / (2 sqrt(3072)) = .018.
  assert abs(found["pipe"] - 1) < 0.06
  assert abs(found["pipe_permuted"] - 1) < 0.06


def test_codes_on_a_line_give_themselves_away():
  codes = np.repeat(latents()[:, :1], 2, axis=1)
  found = measure(codes)
  # Off the diagonal lie all but the samples within a spot's width of it.
  assert found["pipe"] < 0.4
  assert found["pipe_permuted"] < 0.4


def test_only_uniform_samples_tell_the_shape_of_a_latents_distribution():
  found = measure(latents() ** 5)
  assert found["pipe"] < 0.7
  assert abs(found["pipe_permuted"] - 1) < 0.06


def test_more_dependence_scores_lower():
  z = latents()
  values = []
  for weight in (0.0, 0.5, 0.9):
    second = weight * z[:, :1] + (1 - weight) * z[:, 1:]
    values.append(measure(np.hstack([z[:, :1], second]))["pipe_permuted"])
  assert values[0] > values[1] + 0.1 > values[2] + 0.2


def test_nothing_of_an_image_is_remembered():
  # A classifier knows its 20 codes by heart; the test's are others.
  codes = np.random.default_rng(2).normal(size=(40, 64))

  def as_they_are(z):
    return z.reshape(-1, 8, 8, 1)

  found = measure(codes, as_they_are)
  assert found["pipe_permuted"] > 0.75


def test_a_latent_that_the_decoder_ignores_does_not_matter():
  z = latents()
  ignored = np.hstack([z, z[:, :1]])
  assert abs(measure(ignored)["pipe_permuted"] - 1) < 0.06


def test_score_gives_it_the_decoder_or_says_that_there_is_none(monkeypatch):
  quick = METRICS["pipe"]._replace(function=partial(pipe, **FEW))
  monkeypatch.setitem(METRICS, "pipe", quick)
  codes = latents(100)
  rng = np.random.default_rng(0)
  with pytest.raises(ValueError, match="decoder: missing; pipe reads its"):
    score("pipe", codes, None, rng=rng)
  found = score("pipe", codes, None, rng=rng, decode=spots)
  assert found["variant"].startswith("estermann2023, uniform samples, 3 ")
  assert 0 < found["pipe_spread"] < 0.1


def test_the_same_seed_gives_the_same_value():
  few = {"num_train": 1000, "num_test": 256}
  assert measure(latents(100), **few) == measure(latents(100), **few)


def test_one_code_is_refused():
  with pytest.raises(ValueError, match="codes: 1 rows; too few"):
    measure(latents(1))
