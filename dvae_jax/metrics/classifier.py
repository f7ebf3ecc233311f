"""A small classifier of images, in JAX."""

from collections.abc import Callable

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import optax

BATCH = 256  # images, half of each class
WIDTHS = (256, 256)
RATE = 1e-3


class Classifier(nn.Module):
  """Logit (B,) of the second class, of images (B, H, W, C)."""

  @nn.compact
  def __call__(self, images):
    hidden = images.reshape(len(images), -1) - 0.5
    for width in WIDTHS:
      hidden = nn.relu(nn.Dense(width)(hidden))
    return nn.Dense(1)(hidden)[:, 0]


_classifier = Classifier()
_optimizer = optax.adam(RATE)
_logits = jax.jit(_classifier.apply)


def accuracy(
  train: Callable[[int], np.ndarray],
  test: Callable[[int], np.ndarray],
  *,
  num_train: int,
  num_test: int,
  seed: int,
) -> float:
  """How well two classes of images can be told apart (arXiv:2303.01384).

  Args:
    train: number -> (2 number, H, W, C) images, as many of each class, the
      first class first; called for every step of the fit.
    test: the same, of images to score on.
    num_train: images shown in the fit.
    num_test: images scored on.
    seed: of the first parameters.

  Returns:
    Share of the test images that are told rightly, by chance 1/2.
  """
  half = BATCH // 2
  key = jax.random.PRNGKey(seed)
  params = _classifier.init(key, train(1))
  state = _optimizer.init(params)
  for _ in range(max(1, num_train // BATCH)):
    params, state = _step(params, state, train(half))
  right = []
  for _ in range(max(1, num_test // BATCH)):
    logits = np.asarray(_logits(params, test(half)))
    right.append(np.concatenate([logits[:half] < 0, logits[half:] >= 0]))
  return float(np.mean(right))


@jax.jit
def _step(params, state, images):
  """One update on images, as many of either class."""
  second = jnp.repeat(jnp.array([0.0, 1.0]), len(images) // 2)

  def loss(params):
    logits = _classifier.apply(params, images)
    return optax.sigmoid_binary_cross_entropy(logits, second).mean()

  updates, state = _optimizer.update(jax.grad(loss)(params), state)
  return optax.apply_updates(params, updates), state
