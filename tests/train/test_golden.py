"""The compiled training step against float64 trajectories in PyTorch.

tests/golden/trajectories.py wrote them from the papers' formulas; it says how
random numbers are drawn. Images, splits and first parameters are made up in
tests/golden/trajectory_cases.py.
"""

import dataclasses
import json
from functools import partial
from itertools import combinations, product
from math import prod
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from golden import compared_cases, labelled_cases, recent_cases
from golden import trajectory_cases as given

from dvae_jax import checks
from dvae_jax import config as configs
from dvae_jax.data.dataset import Dataset
from dvae_jax.data.sampling import splits
from dvae_jax.methods import LIKELIHOODS, OBJECTIVES, models
from dvae_jax.train import loop, optimizers, sweep, training

FOLDER = Path(__file__).parents[1] / "golden"
GOLDEN, *LATER = (
  json.loads((FOLDER / f"{name}.json").read_text())
  for name in ("trajectories", "recent", "compared", "labelled")
)
GIVEN = (given, recent_cases, compared_cases, labelled_cases)
CASES = {n: case for source in GIVEN for n, case in source.CASES.items()}
TRAJECTORIES = {
  n: t for file in (GOLDEN, *LATER) for n, t in file["trajectories"].items()
}
pytestmark = pytest.mark.usefixtures("compiled_quickly")
NAMES, KINDS = tuple(OBJECTIVES), tuple(LIKELIHOODS)


def configure(objective, hparams, data_fields, train_fields):
  """A checked config."""
  config = configs.base()
  config.objective, config.network = objective, "mlp_small"
  config.latent_dim = given.LATENT_DIM
  config.hparams = {"learning_rate": given.LEARNING_RATE, **hparams}
  config.data.update(data_fields)
  config.train.update(train_fields)
  config.train.steps = given.TRAIN_STEPS
  config.train.batch_size = given.BATCH
  return config


def dataset_of(config):
  """The grid of trajectory_cases with the config's split."""
  plain = Dataset(
    "spots",
    "rendered",
    (given.SIDE, given.SIDE, 1),
    given.NUM_IMAGES,
    given.NAMES,
    given.SIZES,
    jnp.asarray(given.images()),
    lambda arrays, indices: arrays[indices],
  )
  return splits.apply(plain, config.data)


def named(tree):
  """{"module/layer/name": leaf}, without Flax's collection."""
  parts = lambda path: [part.key for part in path if part.key != "params"]
  leaves, _ = jax.tree_util.tree_flatten_with_path(tree)
  return {"/".join(parts(path)): leaf for path, leaf in leaves}


def nested(tensors):
  """The inverse of `named`."""
  tree = {}
  for name, tensor in tensors.items():
    module, *path, last = name.split("/")
    inner = tree.setdefault(module, {"params": {}})["params"]
    for part in path:
      inner = inner.setdefault(part, {})
    inner[last] = jnp.asarray(tensor)
  return tree


def first_state(setup, lane, params):
  """The lane's first state, stacked, but with parameters of the same shapes."""
  state = jax.eval_shape(lambda: training.init(setup, *lane))
  tree = nested(params)
  shapes = jax.tree.map(lambda leaf: leaf.shape, (state.params, tree))
  assert shapes[0] == shapes[1]
  hparams = {name: jnp.float32(value) for name, value in lane.hparams.items()}
  state = dataclasses.replace(
    state,
    step=jnp.int32(0),
    params=tree,
    opt_state=setup.optimizer.init(tree, hparams),
    key=jax.random.PRNGKey(lane.seed),
    hparams=hparams,
    diverged_at=jnp.int32(-1),
    memories={
      owner: memory.start(setup.model.latent_dim)
      for owner, memory in setup.model.memories.items()
    },
  )
  return sweep.stack([state])


def first_gradient(opt_state, case):
  """The gradient that Adam got in its only step, from its first moment."""
  found = {}
  all_half = case.train.get("optimizer") == "adam_half"
  no_half = case.objective == "factor_qvae"
  for _, moment in optax.tree.get_all_with_path(opt_state, "mu"):
    for name, leaf in named(moment).items():
      half = all_half or name.startswith(("critic", "discriminator"))
      b1 = 0.5 if half and not no_half else 0.9
      found[name] = np.float64(leaf[0]) / (1 - b1)
  return found


def set_up(case):
  """The Setup of a case, as the command makes it."""
  config = configure(case.objective, case.hparams, case.data, case.train)
  config.likelihood, config.estimator = case.likelihood, case.estimator
  checks.check(config)
  dataset = dataset_of(config)
  if case.weights:
    dataset = dataset._replace(weights=jnp.asarray(given.sample_weights()))
  checks.check_dataset(config, dataset)
  return training.set_up(config, dataset)


def with_pairs(setup, case, written):
  """Draws the pairs that were written down, each step's with its own key."""
  model, first = setup.model, jax.random.PRNGKey(given.SEED)
  keys = jnp.stack(
    [jax.random.fold_in(first, 2 * step) for step in range(given.STEPS)]
  )

  def draw(key, dataset, arrays, batch_size, *, num_changed):
    assert (batch_size, num_changed) == (given.BATCH, case.data["pair_changes"])
    step = jnp.argmax((keys == key[None]).all(axis=1))
    return jnp.asarray(written, jnp.int32)[step]

  companions = model.objective.companions._replace(draw=draw)
  method = model.objective._replace(companions=companions)
  return setup._replace(model=dataclasses.replace(model, objective=method))


def lane_of(case):
  return sweep.Lane(
    given.SEED, {"learning_rate": given.LEARNING_RATE, **case.hparams}
  )


def train(case, pairs):
  """Three steps of the loop's program: terms, first gradient, change."""
  setup = set_up(case)
  if pairs:
    setup = with_pairs(setup, case, pairs)
  source = next(source for source in GIVEN if case in source.CASES.values())
  first = source.first_params(case)
  states = first_state(setup, lane_of(case), first)
  one = jax.tree.map(lambda leaf: leaf[0], states)
  zeros = sweep.stack([training.zero_terms(setup, one)])
  mesh = sweep.device_mesh(1)
  call = loop.compiled_steps(setup, mesh)
  terms, gradient = [], None
  for _ in range(given.STEPS):
    placed = sweep.place((states, zeros), mesh)
    states, sums = sweep.unplace(call(placed, None, 1))
    terms.append({name: value[0] for name, value in sums.items()})
    gradient = gradient or first_gradient(states.opt_state, case)
  last = {n: np.float64(p[0]) for n, p in named(states.params).items()}
  return terms, gradient, {name: last[name] - first[name] for name in first}


def assert_met(tensors, golden, norm_rtol, product_rtol):
  """The norms, and the products with a direction in units of the norms."""
  assert set(tensors) == set(golden)
  for name, tensor in tensors.items():
    norm, product = given.summary(name, tensor)
    expected, expected_product = golden[name]
    assert norm == pytest.approx(expected, rel=norm_rtol, abs=0), name
    away = abs(product - expected_product) / expected
    assert away < product_rtol, name


def test_every_objective_has_a_trajectory_of_every_likelihood():
  cases = {(case.objective, case.likelihood) for case in CASES.values()}
  # gaussian_noise is gaussian but for a factor: one method's will do, for
  # gaussian_learned, too, whose factor is a parameter.
  scaled = set(product(NAMES, ("gaussian_noise", "gaussian_learned")))
  assert set(product(NAMES, KINDS)) - scaled <= cases
  assert scaled & cases


@pytest.mark.parametrize("name", CASES)
def test_three_steps_equal_float64(name):
  golden = TRAJECTORIES[name]
  # Second differences with a step of 0.1 cost float32 a digit.
  rtol = 2e-3 if name.startswith("tripod") else 1e-4
  terms, gradient, change = train(CASES[name], golden.get("pairs"))
  for found, expected in zip(terms, golden["terms"], strict=True):
    for term, value in expected.items():
      # These are differences of log densities of about 10 nats.
      atol = 1e-4 if term in ("mi", "tc", "dwkl") else 0
      np.testing.assert_allclose(found[term], value, rtol, atol, err_msg=term)
  assert_met(gradient, golden["gradient"], rtol, rtol)
  # Adam moves by the sign of the few gradients that float32 can't resolve.
  signs = 5e-2 if name.startswith("tripod") else 1e-3
  assert_met(change, golden["change"], rtol, signs)


@pytest.mark.parametrize("name", GOLDEN["codes"])
def test_codes_of_single_images_share_nothing(name):
  case = given.CASES[name]
  setup = set_up(case)
  params = first_state(setup, lane_of(case), given.first_params(case)).params
  images = jnp.asarray(given.images()[: given.CODED])
  one = jax.tree.map(lambda leaf: leaf[0], params)
  key = jax.random.PRNGKey(0)
  q, _ = models.infer(setup.model, one, case.hparams, key, images)
  for found, expected in zip(q, GOLDEN["codes"][name], strict=True):
    np.testing.assert_allclose(found, expected, 1e-4, 1e-5)


@pytest.mark.parametrize("name", given.OPTIMIZERS)
def test_optimizers_equal_float64(name):
  fields, hparams = given.OPTIMIZERS[name]
  hparams = {"learning_rate": given.LEARNING_RATE, **given.FACTOR, **hparams}
  config = configure("factor_vae", {}, {}, fields)
  networks = OBJECTIVES["factor_vae"].networks
  optimizer = optimizers.build(config.train, networks)
  update = jax.jit(partial(optimizer.update, hparams=hparams))
  params = nested(given.some_params())
  state = optimizer.init(params, hparams)
  change = dict.fromkeys(given.some_params(), 0.0)
  for step, gradient in enumerate(given.some_gradients()):
    moves, state = update(nested(gradient), state, params, step=step)
    params = optax.apply_updates(params, moves)
    for tensor, move in named(moves).items():
      change[tensor] += np.float64(move).ravel()
  for tensor, expected in GOLDEN["optimizers"][name].items():
    # Moves of about the rate may cancel.
    np.testing.assert_allclose(
      change[tensor], expected, 1e-4, 1e-5 * given.LEARNING_RATE, err_msg=tensor
    )


@pytest.mark.parametrize("network", ["mlp_small", "conv"])
def test_first_parameters_are_glorot_uniform(network):
  # Glorot & Bengio 2010, eq. 16: U(-b, b), b^2 = 6 / (inputs + outputs).
  config = configure("factor_vae", given.FACTOR, {}, {})
  config.network = network
  dataset = dataset_of(config)._replace(image_shape=(64, 64, 1))
  setup = training.set_up(config, dataset)
  lanes = [sweep.Lane(seed, dict(config.hparams)) for seed in (0, 1)]
  params = named(training.init_lanes(setup, lanes).params)
  kernels = {n: p for n, p in params.items() if n.endswith("kernel")}
  biases = {n: p for n, p in params.items() if n.endswith("bias")}
  assert kernels.keys() | biases.keys() == params.keys()
  assert not any(bias.any() for bias in biases.values())
  for name, (kernel, other) in kernels.items():
    *window, inputs, outputs = kernel.shape
    bound = np.sqrt(6 / (prod(window) * (inputs + outputs)))
    unit = np.float64(kernel).ravel() / bound
    assert np.abs(unit).max() <= 1 + 1e-6, name
    # Standard errors of a uniform distribution's mean and variance.
    assert abs(unit.mean()) < 5 * np.sqrt(1 / 3 / unit.size), name
    assert abs((unit**2).mean() - 1 / 3) < 5 * np.sqrt(4 / 45 / unit.size), name
    assert (kernel != other).mean() > 0.99, name  # of another seed
  hidden = (f"critic/Dense_{i}/kernel" for i in range(1, 3))
  layers = [kernels[name][0] for name in hidden]
  assert all((a != b).mean() > 0.99 for a, b in combinations(layers, 2))
