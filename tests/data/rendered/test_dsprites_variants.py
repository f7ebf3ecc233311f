"""The variants of dSprites are dSprites, but for what each is named for."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dvae_jax import data
from dvae_jax.data.rendered import dsprites_variants
from dvae_jax.data.sampling import hashing

VARIANTS = ["color_dsprites", "noisy_dsprites", "scream_dsprites"]


def images(dataset, indices):
  indices = jnp.asarray(indices, jnp.int32)
  return np.asarray(jax.jit(dataset.render)(dataset.arrays, indices))


@pytest.fixture(scope="module")
def dataset():
  return data.load({"name": "dsprites"})


@pytest.mark.parametrize("name", VARIANTS)
def test_variants_are_fixed_by_the_index(name):
  dataset = data.load({"name": name})
  pair = images(dataset, [5, 300000])
  alone = images(dataset, [300000])
  np.testing.assert_array_equal(pair[1], alone[0])
  again = data.load({"name": name})
  np.testing.assert_array_equal(images(again, [5, 300000]), pair)
  assert pair.shape == (2, 64, 64, 3)
  assert pair.min() >= 0
  assert pair.max() <= 1


def test_coloured_sprites(dataset):
  indices = np.arange(0, 737280, 700)
  mask = images(dataset, indices)
  drawn = images(data.load({"name": "color_dsprites"}), indices)
  assert not drawn[(mask == 0)[..., 0]].any()
  colour = drawn.max((1, 2))
  np.testing.assert_array_equal(drawn, mask * colour[:, None, None, :])
  # U(0.5, 1): mean 0.75, variance 1/48; 1,054 images, bounds of 5 sigma.
  assert colour.min() >= 0.5
  assert colour.max() < 1.0
  np.testing.assert_allclose(colour.mean(0), 0.75, atol=5 / (48 * 1054) ** 0.5)
  np.testing.assert_allclose(
    np.corrcoef(colour.T), np.eye(3), atol=5 / 1054**0.5
  )


def test_noisy_background(dataset):
  indices = np.arange(0, 737280, 40000)
  mask = images(dataset, indices)[..., 0] == 1
  drawn = images(data.load({"name": "noisy_dsprites"}), indices)
  assert (drawn[mask] == 1).all()
  noise = drawn[~mask]
  # U(0, 1): each sixteenth of the range holds a sixteenth, within 5 sigma.
  share = np.histogram(noise, 16, (0, 1))[0] / noise.size
  np.testing.assert_allclose(
    share, 1 / 16, atol=5 * (1 / 16 / noise.size) ** 0.5
  )
  # No sprite reaches the outermost two rows: 768 numbers an image.
  rows = drawn[:, [0, 1, 62, 63]].reshape(len(indices), -1)
  apart = np.corrcoef(rows)
  np.testing.assert_allclose(apart, np.eye(len(indices)), atol=5 / 768**0.5)
  neighbours = np.corrcoef(rows[:, :-3].ravel(), rows[:, 3:].ravel())[0, 1]
  np.testing.assert_allclose(neighbours, 0, atol=5 / rows.size**0.5)


def test_scream_inverts_the_patch_under_the_sprite(dataset):
  scream = data.load({"name": "scream_dsprites"})
  assert "procedural" in scream.notes["texture"]
  # A heart and a square share nothing but, by chance, a patch: so compare an
  # image with its own background, filled in by the low-pass of its neighbours.
  drawn = images(scream, [0, 204800])
  mask = images(dataset, [0, 204800])[..., 0] == 1
  flipped = np.where(mask[..., None], 1 - drawn, drawn)
  jump = lambda x: abs(np.diff(x, axis=2)).max()
  assert jump(flipped) < 0.5 * jump(drawn)


def test_noshape_draws_every_shape_equally_often(dataset):
  noshape = data.load({"name": "dsprites_noshape"})
  assert noshape.num_images == 245760
  assert noshape.factor_names == ("scale", "orientation", "posX", "posY")
  indices = np.arange(0, 245760, 80)
  shapes = np.stack(
    [images(dataset, indices + k * 245760) for k in range(3)], 1
  )
  drawn = images(noshape, indices)
  chosen = (drawn[:, None] == shapes).all((2, 3, 4))
  assert (chosen.sum(1) >= 1).all()
  # 3,072 images: a third each within 5 sigma, 0.0425.
  np.testing.assert_allclose(chosen.mean(0), 1 / 3, atol=0.0425)


def test_scream_patches_are_tinted_and_lie_all_over_the_texture():
  indices = np.arange(0, 737280, 7000)
  drawn = images(data.load({"name": "scream_dsprites"}), indices)
  corner = drawn[:, 0, 0]  # no sprite reaches it
  # Backgrounds are (texture + a tint of each channel) / 2.
  tint = np.asarray(hashing.uniform(jnp.asarray(indices), 4, (3,)))
  patch = 2 * corner - tint
  # Where corners of patches of 64 x 64 can lie.
  texture = dsprites_variants.texture()[:-64, :-64].reshape(-1, 3)
  assert (patch >= texture.min(0) - 1e-5).all()
  assert (patch <= texture.max(0) + 1e-5).all()
  # Colours of 106 places vary as those of all do.
  np.testing.assert_allclose(patch.mean(0), texture.mean(0), atol=0.1)
  np.testing.assert_allclose(patch.std(0), texture.std(0), rtol=0.3)
