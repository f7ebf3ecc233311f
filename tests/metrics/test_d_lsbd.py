"""D_LSBD of codes whose rotation is known."""

import numpy as np
import pytest

from dvae_jax.metrics import score

NAMES = ("shape", "orientation", "posX")


def grid(sizes=(2, 12, 3)):
  axes = np.meshgrid(*[np.arange(s) for s in sizes], indexing="ij")
  return np.stack(axes, -1).reshape(-1, len(sizes))


def turning(factors, period=12, frequency=1):
  """Codes (N, 4): a circle for the orientation, two numbers for the rest."""
  angle = 2 * np.pi * frequency * factors[:, 1] / period
  circle = np.stack([np.cos(angle), np.sin(angle)], 1)
  return np.hstack([circle, factors[:, [0, 2]]])


def value(codes, factors, names=NAMES):
  rng = np.random.default_rng(0)
  return score("d_lsbd", codes, factors, rng=rng, factor_names=names)


@pytest.mark.parametrize("frequency", [1, -3, 5])
@pytest.mark.parametrize("turn", [0, 1])
def test_a_rotation_is_perfect_at_any_frequency_and_in_any_plane(
  frequency, turn
):
  factors = grid()
  codes = turning(factors, frequency=frequency)
  if turn:
    basis = np.linalg.qr(np.random.default_rng(1).normal(size=(4, 4)))[0]
    codes = 7 * codes @ basis - 3
  found = value(codes, factors)
  assert found["d_lsbd"] < 1e-12
  assert found["d_lsbd"] == found["d_lsbd_orientation"]


def test_codes_by_hand():
  # On a line instead of a circle: z = c cos(a), whose mean square c^2 / 2 is
  # 1/2 (1/2 11/12, as n - 1 stands in the scale). Turned back by a, its mean is
  # c / 2 long: c^2 / 2 - c^2 / 4 with c^2 = 11/12.
  factors = grid()
  codes = turning(factors) * (1, 0, 1, 1)
  np.testing.assert_allclose(
    value(codes, factors)["d_lsbd"], 11 / 12 / 4, rtol=1e-9
  )


def test_codes_that_do_not_move_are_the_worst_and_noise_is_nearly():
  factors = grid()
  still = turning(factors) * (0, 0, 1, 1)
  assert value(still, factors)["d_lsbd"] == 1
  noise = np.random.default_rng(0).normal(size=(len(factors), 4))
  assert 0.6 < value(noise, factors)["d_lsbd"] < 1


def test_a_value_that_repeats_the_first_one_is_left_out():
  # dSprites' orientation: the last of 13 values is the first angle again.
  factors = grid((2, 13, 3))
  codes = turning(factors, period=12)
  found = value(codes, factors)
  assert found["d_lsbd"] < 1e-12
  assert "orientation of 12" in found["variant"]
  # Were it an angle of its own, 13 steps of 2 pi / 13 would not fit.
  other = turning(factors, period=13)
  assert value(other, factors)["d_lsbd"] < 1e-12
  assert "orientation of 13" in value(other, factors)["variant"]


def test_rotations_of_several_factors_are_averaged():
  factors = grid((5, 6, 2))
  names = ("floor_hue", "wall_hue", "shape")
  a, b = 2 * np.pi * factors[:, 0] / 5, 2 * np.pi * factors[:, 1] / 6
  codes = np.stack([np.cos(a), np.sin(a), np.cos(b), 0 * b], 1)
  found = value(codes, factors, names)
  assert found["d_lsbd_floor_hue"] < 1e-12
  assert found["d_lsbd_wall_hue"] > 0.2
  np.testing.assert_allclose(
    found["d_lsbd"],
    (found["d_lsbd_floor_hue"] + found["d_lsbd_wall_hue"]) / 2,
    rtol=1e-12,
  )


def test_order_and_scale_of_latents_do_not_matter_and_one_latent_is_a_line():
  factors = grid()
  rng = np.random.default_rng(2)
  codes = turning(factors) + 0.3 * rng.normal(size=(len(factors), 4))
  base = value(codes, factors)["d_lsbd"]
  np.testing.assert_allclose(
    value(1e-20 * codes[:, ::-1], factors)["d_lsbd"], base, rtol=1e-9
  )
  assert 0 < value(codes[:, :1], factors)["d_lsbd"] <= 1


def test_refuses_what_does_not_come_around():
  factors = grid()
  codes = turning(factors)
  for names in ((), ("shape", "orientation", "wall_hue"), ("a", "b", "c")):
    with pytest.raises(ValueError, match="d_lsbd: no cyclic factor among"):
      value(codes, factors, names)
  with pytest.raises(ValueError, match=r"not a grid of \['orientation'\]"):
    value(codes[1:], factors[1:])
