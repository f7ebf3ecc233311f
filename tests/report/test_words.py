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
