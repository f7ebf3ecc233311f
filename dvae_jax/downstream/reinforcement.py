"""A sprite that learns where to go, from whatever stands for its image.

The images of a grid data set are the states. An action moves the sprite by one
value of one of two factors; the others stay what they were at the start. All of
it is one compiled function, so that seeds are vectorised.
"""

import math
from collections.abc import Sequence
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import Array

from dvae_jax.methods.shapes import Float, Int, PRNGKeyArray

ACTIONS = 4  # back and forth along either factor


class Task(NamedTuple):
  """Reach a goal in time.

  Attributes:
    sizes: of the grid's factors, the last varying fastest.
    moving: positions of the two factors that actions change.
    goal: their values there.
    horizon: steps of an episode.
  """

  sizes: tuple[int, ...]
  moving: tuple[int, int]
  goal: tuple[int, int]
  horizon: int = 16


class Learnt(NamedTuple):
  """A policy and how it came about.

  Attributes:
    params: of `policy`.
    success: (U,) share of each update's episodes that reached the goal.
  """

  params: Any
  success: Array


def move(
  task: Task, state: Int[Array, ""], action: Int[Array, ""]
) -> tuple[Array, Array]:
  """The state after an action; at an edge, and at the goal, nothing moves.

  Args:
    task: static.
    state: index of an image.
    action: 0 to 3: the first factor down, up, the second one down, up.

  Returns:
    The state, and how much nearer the goal is, in steps.
  """
  factors = _factors(task, state)
  which = jnp.asarray(task.moving)[action // 2]
  step = jax.nn.one_hot(which, len(task.sizes), dtype=jnp.int32)
  before = distance(task, factors)
  step = jnp.where(before > 0, (2 * (action % 2) - 1) * step, 0)
  after = jnp.clip(factors + step, 0, jnp.asarray(task.sizes) - 1)
  there = jnp.ravel_multi_index(tuple(after), task.sizes, mode="clip")
  return there.astype(state.dtype), before - distance(task, after)


def distance(task: Task, factors: Int[Array, " K"]) -> Int[Array, ""]:
  """Fewest steps to the goal, of one image's factors."""
  away = factors[jnp.asarray(task.moving)] - jnp.asarray(task.goal)
  return jnp.abs(away).sum()


def _factors(task: Task, state) -> Array:
  return jnp.stack(jnp.unravel_index(state, task.sizes))


def first_params(key: PRNGKeyArray, width: int, hidden: int) -> list[tuple]:
  """Weights and biases of a policy with one hidden layer (He et al. 2015)."""
  keys = jax.random.split(key)
  sizes = ((width, hidden), (hidden, ACTIONS))
  return [
    (jax.random.normal(k, s) * math.sqrt(2 / s[0]), jnp.zeros(s[1]))
    for k, s in zip(keys, sizes, strict=True)
  ]


def policy(params: list[tuple], features: Float[Array, " D"]) -> Array:
  """Logits (4,) of the actions, from the features of one image."""
  (w1, b1), (w2, b2) = params
  return jax.nn.relu(features @ w1 + b1) @ w2 + b2


def _episode(params, key, task, features, starts, greedy):
  """Plays once: log probabilities and gains (T,), and whether it arrived."""
  start_key, step_key = jax.random.split(key)
  first = starts[jax.random.randint(start_key, (), 0, len(starts))]

  def step(state, key):
    logits = policy(params, features[state])
    chosen = jax.random.categorical(key, logits)
    action = jnp.where(greedy, logits.argmax(), chosen)
    state, gain = move(task, state, action)
    return state, (jax.nn.log_softmax(logits)[action], gain)

  keys = jax.random.split(step_key, task.horizon)
  last, (log_p, gain) = jax.lax.scan(step, first, keys)
  return log_p, gain, distance(task, _factors(task, last)) == 0


def _episodes(params, key, task, features, starts, number, greedy):
  """`number` of them, (number, T)."""
  play = lambda key: _episode(params, key, task, features, starts, greedy)
  return jax.vmap(play)(jax.random.split(key, number))


def reinforce_loss(params, key, task: Task, features, starts, *, number, gamma):
  """-mean [log pi(a|s) (return - mean return)] over episodes and steps.

  Williams 1992 (doi:10.1007/BF00992696), with the batch's mean return of each
  step as baseline. The reward is by how much the goal gets nearer, which leaves
  the best policy what it is (Ng et al. 1999, theorem 1).

  Args:
    params: of `policy`.
    key: JAX key.
    task: static.
    features: (N, D) of every image of the grid.
    starts: (M,) images that episodes start at.
    number: B, episodes.
    gamma: discount of a step.

  Returns:
    The loss, and the share of episodes that reached the goal.
  """
  log_p, gain, there = _episodes(
    params, key, task, features, starts, number, False
  )
  add = lambda later, now: (now + gamma * later, now + gamma * later)
  nothing = jnp.zeros(number)
  returns = jax.lax.scan(add, nothing, 1.0 * gain.T, reverse=True)[1].T
  advantage = returns - returns.mean(0, keepdims=True)
  return -(log_p * advantage).sum(1).mean(), there.mean()


@partial(jax.jit, static_argnames=("task", "updates", "number", "hidden"))
def learn(
  key: PRNGKeyArray,
  task: Task,
  features: Float[Array, "N D"],
  starts: Int[Array, " M"],
  *,
  learning_rate,
  updates: int = 300,
  number: int = 32,
  hidden: int = 64,
  gamma=0.9,
) -> Learnt:
  """Learns a policy by REINFORCE and Adam; `vmap` over keys or features.

  Args:
    key: JAX key.
    task: static.
    features: (N, D) of every image of the grid, standardised.
    starts: (M,) images that episodes start at.
    learning_rate: of Adam.
    updates: U.
    number: episodes of an update.
    hidden: units of the policy.
    gamma: discount of a step.

  Returns:
    The policy, and the success of every update's episodes.
  """
  first, key = jax.random.split(key)
  params = first_params(first, features.shape[1], hidden)
  adam = optax.adam(learning_rate)
  slope = jax.value_and_grad(reinforce_loss, has_aux=True)

  def update(carry, key):
    params, state = carry
    (_, success), gradient = slope(
      params, key, task, features, starts, number=number, gamma=gamma
    )
    change, state = adam.update(gradient, state)
    return (optax.apply_updates(params, change), state), success

  keys = jax.random.split(key, updates)
  carry, success = jax.lax.scan(update, (params, adam.init(params)), keys)
  return Learnt(carry[0], success)


@partial(jax.jit, static_argnames=("task", "number"))
def success(
  params, key, task: Task, features, starts, *, number: int = 1000
) -> Array:
  """Share of episodes in which the likeliest actions reach the goal.

  Args:
    params: of a `Learnt`.
    key: JAX key.
    task: static.
    features: (N, D) of every image.
    starts: (M,) images that episodes start at, such as shapes never seen.
    number: of episodes.
  """
  return _episodes(params, key, task, features, starts, number, True)[2].mean()


def episodes_needed(
  success: Sequence[float], number: int, *, level: float = 0.9, last: int = 10
) -> float:
  """Episodes until the mean success of `last` updates is at a level.

  Args:
    success: (U,) of a `Learnt`.
    number: episodes of an update.
    level: of success.
    last: updates that are averaged.

  Returns:
    The number of episodes; infinity where it never is.
  """
  window = np.convolve(np.asarray(success), np.ones(last) / last, "valid")
  reached = np.flatnonzero(window >= level)
  return float((reached[0] + last) * number) if len(reached) else math.inf
