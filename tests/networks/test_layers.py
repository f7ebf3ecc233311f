from functools import partial

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from helpers.precision import x64

from dvae_jax.networks import layers
from dvae_jax.networks.architectures import RELUS

# (height, width, input channels, features, kernel): the first and last layers
# of the networks, wide ones, rectangles, the smallest image.
SHAPES = [
  (16, 16, 1, 32, 4),
  (16, 16, 3, 32, 4),
  (8, 12, 32, 32, 4),
  (8, 8, 32, 16, 4),
  (4, 6, 8, 1, 4),
  (4, 4, 16, 3, 4),
  (6, 4, 5, 7, 2),
  (4, 4, 2, 16, 2),
  (2, 2, 3, 4, 4),
]
PAIRS = {
  "conv": (layers.Conv, nn.Conv),
  "conv_transpose": (layers.ConvTranspose, nn.ConvTranspose),
}


def positive(rng, *shape):
  """Random numbers without cancellation, so that rtol alone is meaningful."""
  return rng.uniform(0.5, 1.0, shape)


def modules(name, features, kernel):
  ours, flax = PAIRS[name]
  return ours(features, kernel), flax(features, (kernel, kernel), (2, 2))


def arguments(name, shape, batch=3):
  """x, {kernel, bias} and a cotangent, float64."""
  height, width, channels, features, kernel = shape
  rng = np.random.default_rng(0)
  x = positive(rng, batch, height, width, channels)
  params = {
    "kernel": positive(rng, kernel, kernel, channels, features),
    "bias": positive(rng, features),
  }
  size = (
    (height // 2, width // 2) if name == "conv" else (2 * height, 2 * width)
  )
  return x, params, positive(rng, batch, *size, features)


def value_and_gradients(module, x, params, cotangent):
  apply = lambda x, params: module.apply({"params": params}, x)
  value, vjp = jax.vjp(apply, x, params)
  return value, vjp(cotangent)


def second_derivatives(module, x, params, cotangent):
  """Gradients of the squared norms of a nonlinear loss's gradients."""

  def loss(x, params):
    value = module.apply({"params": params}, x)
    return jnp.mean(cotangent * value**2)

  def norms(x, params):
    gradients = jax.grad(loss, (0, 1))(x, params)
    return sum(jnp.sum(g**2) for g in jax.tree.leaves(gradients))

  return jax.grad(norms, (0, 1))(x, params)


def assert_close(actual, expected, rtol):
  jax.tree.map(
    partial(np.testing.assert_allclose, rtol=rtol, atol=0), actual, expected
  )


def in_float32(tree):
  return jax.tree.map(jnp.float32, tree)


def in_float64(function, *args):
  with x64():
    return jax.tree.map(np.asarray, jax.jit(function)(*args))


@pytest.mark.parametrize("name", PAIRS)
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(
  "derivatives", [value_and_gradients, second_derivatives]
)
def test_layers_equal_flax_in_float64(name, shape, derivatives):
  ours, flax = modules(name, *shape[3:])
  args = arguments(name, shape)
  actual = jax.jit(partial(derivatives, ours))(*in_float32(args))
  expected = in_float64(partial(derivatives, flax), *args)
  assert_close(actual, expected, 1e-5)


@pytest.mark.parametrize("name", PAIRS)
def test_vmap_over_weights_inside_scan_equals_single_calls(name):
  shape = (8, 8, 2, 16, 4)
  ours, _ = modules(name, *shape[3:])
  x, params, cotangent = in_float32(arguments(name, shape))
  lanes = jax.tree.map(lambda p: jnp.stack([p, 2 * p, 3 * p]), params)
  call = lambda params: value_and_gradients(ours, x, params, cotangent)

  def body(carry, _):
    return carry, jax.vmap(call)(lanes)

  _, stacked = jax.jit(lambda: jax.lax.scan(body, None, length=2))()
  at = lambda tree, *index: jax.tree.map(lambda leaf: leaf[index], tree)
  for lane in range(3):
    alone = call(at(lanes, lane))
    for step in range(2):
      assert_close(at(stacked, step, lane), alone, 1e-5)


@pytest.mark.parametrize("name", PAIRS)
@pytest.mark.parametrize("dtype", ["bfloat16", "float32"])
def test_layers_compute_in_the_dtype_of_their_images(name, dtype):
  ours, _ = modules(name, 4, 4)
  x = jnp.zeros((1, 4, 4, 2), dtype)
  variables = ours.init(jax.random.key(0), x)
  assert ours.apply(variables, x).dtype == dtype
  assert variables["params"]["kernel"].dtype == jnp.float32


def convolutions(name, platform):
  """The convolutions of a layer with many channels, forward and backward."""
  ours, _ = modules(name, 16, 4)
  x, params, cotangent = in_float32(arguments(name, (8, 8, 16, 16, 4)))
  lanes = jax.tree.map(lambda p: jnp.stack([p, 2 * p]), params)
  call = lambda params: value_and_gradients(ours, x, params, cotangent)
  traced = jax.jit(jax.vmap(call)).trace(lanes)
  text = traced.lower(lowering_platforms=(platform,)).as_text()
  return [line for line in text.splitlines() if "convolution(" in line]


# Forward and the gradients of images and kernel. The kernel's is a product on a
# CPU; on a GPU, where kernels of lanes would be groups, all three are.
@pytest.mark.parametrize("name", PAIRS)
@pytest.mark.parametrize(
  ("platform", "count"), [("cpu", 2), ("tpu", 3), ("cuda", 0), ("rocm", 0)]
)
def test_each_platform_gets_one_lowering(name, platform, count):
  assert len(convolutions(name, platform)) == count


@pytest.mark.parametrize("name", PAIRS)
def test_cpu_gets_plain_convolutions_only(name):
  for line in convolutions(name, "cpu"):
    assert "lhs_dilate = [1, 1], rhs_dilate = [1, 1]" in line
    assert "batch_group_count = 1 : i64, feature_group_count = 1 : i64" in line


def relu_and_gradient(relu, x, cotangent):
  value, vjp = jax.vjp(relu, x)
  return value, *vjp(cotangent)


def test_relu_equals_flax_to_the_bit():
  rng = np.random.default_rng(0)
  x = jnp.asarray(rng.normal(size=999), jnp.float32).at[:3].set((0, -0.0, 1e9))
  g = jnp.asarray(rng.normal(size=999), jnp.float32)
  for relu in RELUS.values():
    for ours, flax in zip(
      relu_and_gradient(relu, x, g),
      relu_and_gradient(nn.relu, x, g),
      strict=True,
    ):
      np.testing.assert_array_equal(ours, flax)


def test_only_the_masked_relu_keeps_a_comparison():
  x = jnp.ones(3)
  compares = {
    name: "compare"
    in jax.jit(partial(relu_and_gradient, r)).lower(x, x).as_text()
    for name, r in RELUS.items()
  }
  assert compares == {"sign": False, "mask": True}


@pytest.mark.parametrize("channels", [1, 16])
def test_a_tpu_sums_a_biass_gradient_by_a_product(channels):
  gradient = np.random.default_rng(0).normal(size=(3, 4, 6, channels))
  actual = in_float64(layers._sum_pixels_by_product, gradient)
  np.testing.assert_allclose(actual, gradient.sum((0, 1, 2)), rtol=1e-12)
  lowered = jax.jit(layers._sum_pixels_by_product).lower(gradient).as_text()
  assert ("dot_general" in lowered) == (channels > 1)


def test_odd_sizes_are_refused():
  with pytest.raises(ValueError, match="must be even, got a 3 wide"):
    layers.conv(jnp.zeros((1, 4, 4, 1)), jnp.zeros((3, 3, 1, 1)))
  with pytest.raises(ValueError, match=r"must be even.*5 x 4 images"):
    layers.conv(jnp.zeros((1, 5, 4, 1)), jnp.zeros((4, 4, 1, 1)))
  with pytest.raises(ValueError, match="must be even, got 3"):
    layers.conv_transpose(jnp.zeros((1, 4, 4, 1)), jnp.zeros((3, 3, 1, 1)))
