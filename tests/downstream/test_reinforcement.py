"""Learning to act, where what is best is known."""

import math
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dvae_jax.downstream import reinforcement as rl

TASK = rl.Task(sizes=(2, 5, 4), moving=(1, 2), goal=(2, 1), horizon=6)
FACTORS = np.stack(np.unravel_index(np.arange(40), TASK.sizes), -1)
FEATURES = jnp.asarray((FACTORS - FACTORS.mean(0)) / FACTORS.std(0), "float32")
STARTS = jnp.arange(40)


@pytest.mark.parametrize(
  ("factors", "action", "after", "gain"),
  [
    ((1, 4, 3), 0, (1, 3, 3), 1),  # the first factor down, towards the goal
    ((0, 3, 1), 1, (0, 4, 1), -1),  # up, away from it
    ((0, 0, 0), 3, (0, 0, 1), 1),  # the second one up
    ((1, 0, 0), 2, (1, 0, 0), 0),  # against an edge
    ((1, 2, 1), 0, (1, 2, 1), 0),  # at the goal nothing moves
  ],
)
def test_moves(factors, action, after, gain):
  index = lambda f: np.ravel_multi_index(f, TASK.sizes)
  state = jnp.asarray(index(factors))
  assert rl.move(TASK, state, jnp.asarray(action)) == (index(after), gain)


def test_the_gradient_is_that_of_the_expected_gain():
  # Episodes of one step: the expected gain is a sum over images and actions.
  task = TASK._replace(horizon=1)
  params = rl.first_params(jax.random.PRNGKey(2), 3, 2)
  move = partial(rl.move, task)
  every = jax.jit(jax.vmap(jax.vmap(move, (None, 0)), (0, None)))
  gains = every(STARTS, jnp.arange(4))[1]

  def expected_gain(params):
    logits = jax.vmap(rl.policy, (None, 0))(params, FEATURES)
    return (jax.nn.softmax(logits) * gains).sum(-1).mean()

  @jax.jit
  def slopes(params):
    options = {"number": 400_000, "gamma": 0.9}
    loss = lambda params: rl.reinforce_loss(
      params, jax.random.PRNGKey(1), task, FEATURES, STARTS, **options
    )
    return jax.grad(loss, has_aux=True)(params)[0], jax.grad(expected_gain)(
      params
    )

  found, expected = slopes(params)
  assert max(np.abs(leaf).max() for leaf in jax.tree.leaves(expected)) > 0.1
  for ours, exact in zip(
    jax.tree.leaves(found), jax.tree.leaves(expected), strict=True
  ):
    # A mean of 400,000 terms of about 1: five standard errors.
    np.testing.assert_allclose(-ours, exact, atol=5 / 400_000**0.5)


@pytest.mark.slow
def test_it_learns_to_reach_the_goal_and_seeds_are_vectorised():
  keys = jax.random.split(jax.random.PRNGKey(2), 2)
  learn = lambda key: rl.learn(
    key, TASK, FEATURES, STARTS, learning_rate=0.03, updates=60
  )
  found = jax.vmap(learn)(keys)
  assert found.success.shape == (2, 60)
  assert (found.success[:, -10:].mean(1) > 0.9).all()
  assert found.success[:, :5].mean() < 0.6
  alone = learn(keys[1])
  np.testing.assert_allclose(alone.success, found.success[1], atol=0.1)
  greedy = rl.success(alone.params, keys[0], TASK, FEATURES, STARTS)
  assert greedy > 0.9


def test_episodes_needed():
  curve = [0.0, 0.5, 1.0, 1.0, 1.0, 0.0]
  # Means of two: 0.25, 0.75, 1, 1, 0.5; the third ends after four updates.
  assert rl.episodes_needed(curve, 32, level=0.9, last=2) == 4 * 32
  assert rl.episodes_needed(curve, 32, level=0.7, last=2) == 3 * 32
  assert rl.episodes_needed([0.5] * 20, 32) == math.inf
