"""QLAE's encoder and decoder, layer by layer in SciPy's float64."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.signal import correlate2d

from dvae_jax.networks import NETWORKS, styled

SHAPE = (32, 32, 1)
KEY = jax.random.PRNGKey(0)


def made(module, example):
  """First parameters, moved so that none is 0 or 1, and the output."""
  params = jax.jit(module.init)(KEY, example)
  rng = np.random.default_rng(0)
  move = lambda leaf: np.float32(leaf + 0.1 * rng.normal(size=leaf.shape))
  params = jax.tree.map(move, params)
  return params["params"], jax.jit(module.apply)(params, example)


def convolved(h, kernel, stride=1):
  """(C, H, W) by (k, k, C, F), one pixel of zeros around."""
  padded = np.pad(h, ((0, 0), (1, 1), (1, 1)))
  return np.stack(
    [
      sum(
        correlate2d(padded[c], kernel[:, :, c, f], "valid")
        for c in range(len(h))
      )[::stride, ::stride]
      for f in range(kernel.shape[3])
    ]
  )


def transposed(h, kernel):
  """Stride 2: each pixel adds a flipped window of 4 x 4 around it."""
  _, rows, columns = h.shape
  out = np.zeros((kernel.shape[3], 2 * rows + 2, 2 * columns + 2))
  flipped = np.float64(kernel)[::-1, ::-1]
  for r in range(rows):
    for c in range(columns):
      window = np.einsum("i,abif->fab", h[:, r, c], flipped)
      out[:, 2 * r : 2 * r + 4, 2 * c : 2 * c + 4] += window
  return out[:, 1:-1, 1:-1]


def normed(h):
  mean = h.mean((1, 2), keepdims=True)
  return (h - mean) / np.sqrt(h.var((1, 2), keepdims=True) + 1e-6)


def leaky(h):
  return np.where(h > 0, h, 0.2 * h)


def dense_relu(params, name, h):
  return np.maximum(h @ params[name]["kernel"] + params[name]["bias"], 0)


def float64(params):
  return jax.tree.map(np.float64, params)


@pytest.fixture(autouse=True)
def narrow(monkeypatch):
  monkeypatch.setattr(styled, "WIDTHS", (2, 3, 2, 3))


def test_the_encoder_normalises_before_its_leaky_relu():
  images = jax.random.uniform(KEY, (2, *SHAPE))
  params, features = made(styled.NormedEncoder(), images)
  params = float64(params)
  for image, found in zip(np.float64(images), features, strict=True):
    h = image.transpose(2, 0, 1)
    for i in range(12):
      kernel = params[f"Conv_{i}"]["kernel"]
      h = normed(convolved(h, kernel, 2 if len(kernel) == 4 else 1))
      norm = params[f"GroupNorm_{i}"]
      h = leaky(h * norm["scale"][:, None, None] + norm["bias"][:, None, None])
    h = h.transpose(1, 2, 0).ravel()
    for i in range(2):
      h = dense_relu(params, f"Dense_{i}", h)
    np.testing.assert_allclose(found, h, rtol=1e-4, atol=1e-5)


def test_the_decoder_is_modulated_by_the_code_alone():
  z = jax.random.normal(KEY, (2, 3))
  params, logits = made(styled.StyledDecoder(SHAPE), z)
  params = float64(params)
  for code, found in zip(np.float64(z), logits, strict=True):
    h = params["map"][0].transpose(2, 0, 1)
    style = code
    for i in range(2):
      style = dense_relu(params, f"Dense_{i}", style)
    three, denses = iter(range(9)), iter(range(2, 14))
    for block in range(4):
      for kind in (3, 3, 4):
        if kind == 3:
          h = convolved(h, params[f"Conv_{next(three)}"]["kernel"])
        else:
          h = transposed(h, params[f"ConvTranspose_{block}"]["kernel"])
        scale, bias = np.split(
          dense_relu(params, f"Dense_{next(denses)}", style), 2
        )
        h = normed(leaky(h)) * scale[:, None, None] + bias[:, None, None]
    h = convolved(h, params["Conv_8"]["kernel"]).transpose(1, 2, 0)
    np.testing.assert_allclose(found, h, rtol=1e-3, atol=1e-4)


def test_the_decoder_starts_from_one_map_for_all_images():
  init = jax.jit(styled.StyledDecoder(SHAPE).init)
  first = init(KEY, jnp.zeros((1, 3)))["params"]
  assert first["map"].shape == (1, 2, 2, 3)
  assert (first["map"] == np.float32(0.1)).all()


def test_only_dense_layers_and_norms_have_biases():
  encoder, decoder, *_ = NETWORKS["qlae_conv"](SHAPE)
  for module, example in (
    (encoder, jnp.zeros((1, *SHAPE))),
    (decoder, jnp.zeros((1, 3))),
  ):
    params = jax.eval_shape(module.init, KEY, example)["params"]
    convs = {n: p for n, p in params.items() if n.startswith("Conv")}
    assert len(convs) in (12, 13)
    assert all(set(p) == {"kernel"} for p in convs.values())
