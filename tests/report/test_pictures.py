"""pictures.npz: every array shows what its name says, or isn't there."""

import numpy as np
import pytest
from helpers import fake_runs

from dvae_jax.report import page, pictures

KINDS = ("gaussian", "deterministic", "quantised")


def written(folder, kind="gaussian", **changes):
  """The run and the arrays of its pictures.npz."""
  run = fake_runs.make_run(folder, lanes=2, kind=kind)
  run = run._replace(dataset=run.dataset._replace(**changes))
  with np.load(pictures.write(run)) as file:
    return run, dict(file)


@pytest.fixture(scope="module", params=KINDS)
def shown(request, tmp_path_factory):
  return written(tmp_path_factory.mktemp(request.param), request.param)


def eight_bits(images):
  return np.rint(255 * images)


def test_codes_are_those_of_the_sample(shown):
  run, arrays = shown
  for lane in range(2):
    codes = run.encode(run.render(arrays["indices"]), lane)
    np.testing.assert_array_equal(arrays["codes"][lane], codes)
    np.testing.assert_allclose(arrays["spread"][lane], codes.std(0), rtol=1e-6)


def test_what_a_posterior_has_no_meaning_for_is_left_out(shown):
  run, arrays = shown
  gaussian = run.kind == "gaussian"
  for name in ("kl", "samples", "prior_traversals", "walks", "walk_paths"):
    assert (name in arrays) == gaussian
  assert "logvars" not in arrays
  assert bool(arrays["discrete"]) == (run.kind == "quantised")


def test_traversal_sets_one_latent_to_its_value(shown):
  run, arrays = shown
  for lane, latent, step in ((0, 0, 3), (1, 2, 7)):
    z = run.encode(run.render(arrays["indices"][:1]), lane)
    z[0, latent] = arrays["values"][lane, latent, step]
    np.testing.assert_array_equal(
      arrays["traversals"][lane, latent, step],
      eight_bits(run.decode(z, lane)[0]),
    )


def test_grid_moves_the_most_used_latents_the_last_fastest(shown):
  run, arrays = shown
  latents, values = arrays["grid_latents"][1], arrays["grid_values"][1]
  used = arrays["kl"][1] if "kl" in arrays else arrays["spread"][1]
  np.testing.assert_array_equal(latents, np.argsort(-used, kind="stable")[:3])
  z = run.encode(run.render(arrays["indices"][:1]), 1)
  number = values.shape[1]
  at = (1, 0, 8)
  z[0, latents] = values[np.arange(3), at]
  place = np.ravel_multi_index(at, (number,) * 3)
  np.testing.assert_array_equal(
    arrays["grids"][1, place], eight_bits(run.decode(z, 1)[0])
  )


def test_quantised_latents_take_only_their_values(tmp_path):
  _, arrays = written(tmp_path, "quantised")
  for name in ("values", "grid_values", "codes"):
    assert set(np.unique(arrays[name])) <= set(fake_runs.LEVELS)


def test_interpolations_end_at_two_images(shown):
  run, arrays = shown
  ends = run.encode(run.render(arrays["indices"][2:4]), 0)
  np.testing.assert_array_equal(
    arrays["interpolations"][0, 1, [0, -1]], eight_bits(run.decode(ends, 0))
  )


def test_errors_rank_the_images_that_are_shown(shown):
  run, arrays = shown
  images = run.render(arrays["indices"])
  nats = run.reconstruction(images, 1)
  ranked = np.argsort(nats, kind="stable")
  worst, nats = images[ranked[-1]], nats[ranked]
  middle = (len(nats) - 5) // 2
  expected = [nats[:5], nats[middle : middle + 5], nats[-5:]]
  np.testing.assert_allclose(arrays["errors"][1], expected, rtol=1e-12)
  np.testing.assert_array_equal(
    arrays["originals"][1, 2, -1], eight_bits(worst)
  )
  decoded = run.decode(run.encode(worst[None], 1), 1)[0]
  np.testing.assert_array_equal(
    arrays["reconstructions"][1, 2, -1], eight_bits(decoded)
  )


def nats(run, images, lane):
  """-ELBO of each image, or the reconstruction where there's no KL."""
  found, kl = run.reconstruction(images, lane), run.kl(images, lane)
  return found if kl is None else found + kl.sum(1)


def test_anomaly_scores_are_those_of_the_images(shown):
  run, arrays = shown
  images = run.render(arrays["indices"])
  two = np.maximum(images, np.roll(images, 1, axis=0))
  for lane in range(2):
    np.testing.assert_allclose(
      arrays["usual"][lane], nats(run, images, lane), rtol=1e-6
    )
    np.testing.assert_allclose(
      arrays["unusual"][lane], nats(run, two, lane), rtol=1e-6
    )
  assert arrays["anomaly_names"].tolist() == ["images", "two images in one"]


def test_held_out_images_are_the_unusual_ones(tmp_path):
  held_out = np.array([3, 50, 51, 90])
  run, arrays = written(tmp_path, held_out=held_out)
  assert not np.isin(arrays["indices"], held_out).any()
  expected = nats(run, run.render(held_out), 1)
  np.testing.assert_allclose(arrays["unusual"][1], expected, rtol=1e-6)
  assert arrays["anomaly_names"].tolist() == [
    "training images", "held-out images",
  ]  # fmt: skip


def test_prior_gives_samples_and_traversals(tmp_path):
  run, arrays = written(tmp_path)
  np.testing.assert_allclose(
    arrays["kl"][1],
    run.kl(run.render(arrays["indices"]), 1).mean(0),
    rtol=1e-6,
  )
  draws = run.prior(pictures.DRAWN, seed=0)
  np.testing.assert_array_equal(
    arrays["samples"][1], eight_bits(run.decode(draws, 1))
  )
  z = np.zeros((1, 5), np.float32)
  z[0, 2] = arrays["values"][1, 2, 8]
  np.testing.assert_array_equal(
    arrays["prior_traversals"][1, 2, 8], eight_bits(run.decode(z, 1)[0])
  )
  latents, path = arrays["walk_latents"][1], arrays["walk_paths"][1]
  np.testing.assert_allclose(np.hypot(*path.T), 1.5, rtol=1e-6)
  z = run.encode(run.render(arrays["indices"][:1]), 1)
  z[0, latents] = path[5]
  np.testing.assert_array_equal(
    arrays["walks"][1, 5], eight_bits(run.decode(z, 1)[0])
  )


def test_factors_that_do_not_vary_are_left_out(tmp_path):
  factors = np.stack([np.arange(108) % 5, np.full(108, 3)], -1)
  changes = {"factor_sizes": (), "factor_names": ("hue", "size")}
  _, arrays = written(tmp_path, factors=factors, **changes)
  assert arrays["factor_names"].tolist() == ["hue"]
  np.testing.assert_array_equal(
    arrays["factors"], factors[arrays["indices"], :1]
  )


def test_where_no_factor_varies_there_are_none(tmp_path):
  factors = np.ones((108, 1), np.int64)
  changes = {"factor_sizes": (), "factor_names": ("face",)}
  run, arrays = written(tmp_path, factors=factors, **changes)
  assert not {"factors", "factor_names"} & arrays.keys()
  fake_runs.write_run(run, factors=False)
  assert page.write(run.workdir).exists()


@pytest.mark.parametrize("lanes", [1, 36])
def test_grid_of_the_explorer_fits_its_budget(tmp_path, lanes):
  run = fake_runs.make_run(tmp_path, lanes=lanes)
  latents, values = pictures._grid_shape(run)
  assert lanes * values**latents <= pictures.GRID_IMAGES
  assert values == 9  # the middle is on it


def test_sample_tells_codes_and_usage(shown):
  run, _ = shown
  codes, use = pictures.sample_codes(run, 1)
  assert codes.shape == (108, 5)  # the whole grid, in another order
  images = run.render(np.arange(108))
  kl = run.kl(images, 1)
  expected = run.encode(images, 1).std(0) if kl is None else kl.mean(0)
  assert use.name == ("spread" if kl is None else "KL")
  np.testing.assert_allclose(use.amount, expected, rtol=1e-5, atol=1e-6)
