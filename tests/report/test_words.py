"""What a run trains on, in words."""

import pytest

from dvae_jax.report import words

SPRITES = {
  "name": "dsprites", "source": "rendered", "num_images": 768, "resolution": 32,
  "factors": {"shape": 1, "scale": 6, "orientation": 1, "posX": 16, "posY": 8},
}  # fmt: skip


def test_a_part_of_a_grid_is_named_as_one():
  assert words.data_in_words(SPRITES, {}, whole=737_280) == (
    "dsprites (rendered), 768 of 737,280 images of 32 pixels; scale (6), posX"
    " (16) and posY (8) vary, shape and orientation don't"
  )


def test_splits_are_said():
  config = {"data": {"holdout": "shape=heart", "heldout_fraction": 0.5}}
  text = words.data_in_words(SPRITES, config)
  assert "768 images of 32 pixels" in text
  assert text.endswith("held out: shape=heart; 50% of the images held out")
  config = {"data": {"correlate": "posX,posY"}}
  assert words.data_in_words(SPRITES, config).endswith("correlated: posX,posY")


@pytest.mark.parametrize(
  ("factors", "end"),
  [
    ({"row": 16}, "; row (16) varies"),
    ({"row": 16, "hue": 1}, "; row (16) varies, hue doesn't"),
    (["digit"], "images"),
    (None, "images"),
  ],
)
def test_sets_without_a_grid_have_no_factors_in_words(factors, end):
  data = {"name": "x", "source": "file", "num_images": 10, "factors": factors}
  assert words.data_in_words(data, {}, whole=10).endswith(end)


TRAINED = {
  "objective": "beta_vae", "network": "conv",
  "sweep": {"beta": (1.0, 4.0), "seed": (0, 1, 2, 3), "gamma": ()},
  "train": {"steps": 6000, "batch_size": 64},
}  # fmt: skip


def test_what_is_trained_is_one_sentence():
  data = SPRITES | {"num_images": 3456}
  assert words.training_in_words(TRAINED, data, (32, 32, 1)) == (
    "beta_vae on dsprites (rendered), 3,456 images of 32 x 32: 8 lanes (beta 1,"
    " 4 x seeds 0-3), network conv, 6,000 steps of 64 images"
  )
  colour = words.training_in_words(TRAINED, data, (28, 20, 3))
  assert "images of 28 x 20 x 3:" in colour


def test_a_table_is_of_vectors():
  text = words.training_in_words(TRAINED, SPRITES, (1, 12, 1))
  assert "768 vectors of 12:" in text
  assert text.endswith("6,000 steps of 64 vectors")


@pytest.mark.parametrize(
  ("sweep", "text"),
  [
    ({}, "1 lane (seed 0)"),
    ({"seed": (0, 1)}, "2 lanes (seeds 0, 1)"),
    ({"seed": (3, 5, 7)}, "3 lanes (seeds 3, 5, 7)"),
    (
      {"alpha,beta": ((1.0, 4.0), (0.5, 6.0)), "seed": (2,)},
      "2 lanes (alpha, beta (1, 4), (0.5, 6) x seed 2)",
    ),
  ],
)
def test_lanes_are_said_as_they_are_swept(sweep, text):
  assert words.lanes_in_words(sweep) == text
