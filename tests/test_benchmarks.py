import re
import time
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from benchmarks import (
  averages,
  estimators,
  gpu_compile,
  sweep,
  timing,
  tpu_compile,
)


def make_sleeper(seconds):
  return lambda: time.sleep(seconds)


def make_missing():
  import a_package_that_nobody_has  # noqa: F401


def test_contenders_are_timed_in_turn(capsys):
  seconds = timing.alternate(
    {
      "short": (make_sleeper, (0.01,)),
      "long": (make_sleeper, (0.05,)),
      "missing": (make_missing, ()),
    },
    rounds=3,
  )
  assert {name: len(turns) for name, turns in seconds.items()} == {
    "short": 3,
    "long": 3,
  }
  assert min(seconds["long"]) >= 0.05
  assert min(seconds["short"]) >= 0.01
  assert capsys.readouterr().out == (
    "missing is left out: a_package_that_nobody_has isn't installed.\n"
  )


def test_ratio_is_the_median_of_the_turns_ratios():
  # 1/2, 1/4, 3/4: the middle one is 1/2, the quartiles are the other two.
  ratios = timing.ratio([1.0, 1.0, 3.0], [2.0, 4.0, 4.0])
  assert ratios == pytest.approx((0.5, 0.25, 0.75))


def test_three_ways_to_train_eight_betas_are_compared():
  eight = {
    "network": "mlp",
    "startup_seconds": 2.0,
    "compile_seconds": 3.0,
    "seconds_per_step_and_lane": 0.001,
    "ratio_to_one_lane": 0.5,
  }
  row = sweep.compare(eight, eight)
  # 1,000 steps of a lane take 1 s; start-up 2 s and compilation 3 s.
  assert row["one_process_seconds"] == pytest.approx(2 + 3 + 4)
  assert row["solo_runs_seconds"] == pytest.approx(2 + 8 * (3 + 1))
  assert row["eight_processes_seconds"] == pytest.approx(8 * (2 + 3 + 1))


def test_torch_has_the_networks_of_flax():
  pytest.importorskip("torch")
  import jax
  import jax.numpy as jnp
  from jax.flatten_util import ravel_pytree

  from benchmarks import train_step
  from dvae_jax.methods.posteriors import GaussianHead
  from dvae_jax.networks import NETWORKS

  for network in train_step.NETWORKS:
    encoder, decoder, *_ = NETWORKS[network](train_step.SHAPE)
    key = jax.random.key(0)
    images = jnp.zeros((1, *train_step.SHAPE))
    features, trunk = encoder.init_with_output(key, images)
    params = (
      trunk,
      GaussianHead(train_step.LATENTS).init(key, features),
      decoder.init(key, jnp.zeros((1, train_step.LATENTS))),
    )
    modules = train_step.torch_modules(network)
    count = sum(p.numel() for m in modules for p in m.parameters())
    assert count == ravel_pytree(params)[0].size


def test_cycles_of_a_step_are_those_of_the_innermost_loop():
  text = """
%fused (p: f32[]) -> f32[] {
}
%step.1 (p: f32[]) -> f32[] {
  %a = f32[] fusion(%p), backend_config={"estimated_cycles":"30"}
  ROOT %b = f32[] copy(%a), backend_config={"estimated_cycles":"4"}
}
%lane.2 (p: f32[]) -> f32[] {
  %w = f32[] while(%p), condition=%c, body=%step.1
  ROOT %b = f32[] copy(%w), backend_config={"estimated_cycles":"200"}
}
ENTRY %main (p: f32[]) -> f32[] {
  ROOT %w = f32[] while(%p), condition=%c, body=%lane.2
}
"""
  assert tpu_compile.estimated_cycles(text) == (34, 200)
  straight = text.replace("while", "call")
  assert tpu_compile.estimated_cycles(straight) == (234, 0)


GPU_PROGRAM = """
%step (x: f32[2,8]) -> f32[2,4] {
  %x = f32[2,8]{1,0} parameter(0)
  %f = (f32[2,8]{1,0}, pred[3]{0}) fusion(%x), kind=kLoop
  %g = f32[2,8]{1,0} get-tuple-element(%f), index=0
  %call = (f32[2,4]{1,0}, s8[4096]{0}) custom-call(%g, %x)
}
ENTRY %main (a: f32[2,8]) -> f32[2,8] {
  %w = f32[2,8]{1,0} while(%a), condition=%c, body=%step
}
"""


def test_bytes_that_a_gpu_program_moves_are_counted():
  body = gpu_compile.innermost_body(GPU_PROGRAM)
  assert "custom-call" in body
  assert "while" not in body
  # fusion: 64 in, 64 + 3 out; the call: 64 + 64 in, 32 out, scratch left out.
  assert gpu_compile.bytes_moved(body) == 64 + 67 + 128 + 32


def test_the_page_of_estimators_has_what_the_command_measures():
  # A row that is quick, anew with other seeds: its means lie within five
  # standard errors of the difference from the page's.
  text = (Path(__file__).parents[1] / "docs" / "estimators.md").read_text()
  section = text.partition("## rho 0.9, logvar -3\n")[2]
  (line,) = re.findall(r"\| mws \| 64 \| (.*) \| \d+ \|", section)[:1]
  page = np.array([c.split(" ± ") for c in line.split(" | ")], float)
  program = estimators.program(
    partial(estimators.estimate, estimator="mws", batch=64)
  )
  found = estimators.row(program, (0.9, -3.0), 64, first=1000)
  for (mean, error), ours, spread in zip(
    page, found["mean"], found["error"], strict=True
  ):
    assert abs(ours - mean) < 5 * np.hypot(error, spread)
  # The closed form is the last row of the same section.
  closed = re.findall(r"\| infinitely many images \| \| (.*) \| \|", section)
  numbers = [float(number) for number in closed[0].split(" | ")]
  exact = estimators.measure(estimators.closed_form, 0.9, -3.0)
  np.testing.assert_allclose(numbers, exact, atol=5e-4)


def test_an_epochs_average_is_that_of_its_tenths():
  """Ten lines an epoch; an epoch that isn't over has none."""
  lines = [
    {"step": step, "reconstruction": float(number), "kl": 2.0}
    for number, step in enumerate(range(1152, 11_520 * 2, 1152))
  ]
  assert len(lines) == 19
  assert averages.averages(lines) == {1: (4.5, 2.0)}
  numbers = {"vae": {"ours": averages.averages(lines)}}
  assert "| `vae` | 1 | 71.01 / 33.67 | 4.50 / 2.00 |  |" in averages.table(
    numbers
  )


@pytest.mark.slow
def test_a_training_in_pytorch_goes_on_where_it_was_stopped(tmp_path):
  torch = pytest.importorskip("torch")
  config = {
    "network": "burgess",
    "data": {"name": "dsprites"},
    "hparams": {"learning_rate": 1e-3, "warmup_steps": 2.0, "beta": 4.0},
    "train": {"steps": 4},
  }
  patch = pytest.MonkeyPatch()
  with patch.context() as m:
    m.setattr(averages, "TENTH", 1)
    m.setattr(averages, "BATCH", 2)
    whole = averages.train(config, tmp_path / "whole.pt")
    config["train"]["steps"] = 2
    averages.train(config, tmp_path / "parts.pt")
    config["train"]["steps"] = 4
    torch.manual_seed(9)
    assert averages.train(config, tmp_path / "parts.pt") == whole
