"""Which parameters decay; the numbers themselves are in test_golden.py."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dvae_jax import config as configs
from dvae_jax.methods import OBJECTIVES
from dvae_jax.train import optimizers

RATE, DECAY = 0.5, 0.1
# A parameter of each kind, with the names that Flax and the modules give.
PARAMS = {
  "encoder": {
    "params": {"GroupNorm_0": ("scale", "bias"), "Dense_0": ("bias",)}
  },
  "head": {"params": {"mean": ("kernel",), "own": ("codebook",)}},
  "decoder": {"params": {"Conv_0": ("kernel",), "start": ("constant",)}},
  "likelihood": ("log_sigma",),
  "critic": {"params": {"Dense_0": ("kernel", "scale")}},
}
KERNELS = {"head/mean/kernel", "decoder/Conv_0/kernel"}
DECAYED = {
  "adamw": KERNELS,
  "adamw_all_but_bias": KERNELS
  | {"encoder/GroupNorm_0/scale", "decoder/start/constant"},
}


def ones(tree):
  if isinstance(tree, tuple):
    return {name: jnp.ones(2) for name in tree}
  return {name: ones(inner) for name, inner in tree.items()}


@pytest.mark.parametrize("name", DECAYED)
def test_without_a_gradient_what_decays_shrinks_by_rate_times_decay(name):
  train = configs.base().train
  train.optimizer = name
  networks = OBJECTIVES["factor_vae"].networks
  optimizer = optimizers.build(train, networks)
  hparams = {
    "learning_rate": RATE,
    "critic_learning_rate": RATE,
    "weight_decay": DECAY,
  }
  params = ones(PARAMS)
  state = optimizer.init(params, hparams)
  gradient = jax.tree.map(jnp.zeros_like, params)
  moves, _ = optimizer.update(gradient, state, params, step=0, hparams=hparams)
  found = {}
  for path, move in jax.tree_util.tree_leaves_with_path(moves):
    parts = [part.key for part in path if part.key != "params"]
    found["/".join(parts)] = np.asarray(move)
  assert DECAYED[name] < set(found)
  for parameter, move in found.items():
    expected = -RATE * DECAY if parameter in DECAYED[name] else 0.0
    np.testing.assert_allclose(move, expected, rtol=1e-6, err_msg=parameter)
