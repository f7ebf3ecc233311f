"""A bad field is named, with the value found and the values allowed."""

import re

import pytest
from helpers import commands, tiny

from benchmarks import config_page
from dvae_jax import checks, data, memory
from dvae_jax import config as configs
from dvae_jax.train import training


def edited(field, value):
  config = tiny.get_config()
  with config.unlocked():
    config.update_from_flattened_dict({field: value})
  return config


@pytest.mark.parametrize(
  ("field", "value", "words"),
  [
    ("objective", "beta_vea", "objective: 'beta_vea'.*did you mean 'beta_vae'"),
    ("network", "resnet", "network: 'resnet' found, one of conv"),
    ("likelihood", "poisson", "likelihood: .*bernoulli"),
    ("estimator", "mwss", "estimator: .*mws, mss"),
    ("data.name", "dsprite", "data.name: .*did you mean 'dsprites'"),
    ("eval.metrics", ("mgi",), "eval.metrics: 'mgi'"),
    ("hparams.gamma", 1.0, "hparams.gamma: objective 'beta_vae' doesn't take"),
    ("hparams.beta", 4.0, None),
    ("hparams.learning_rate", 0.0, "hparams.learning_rate: 0.0 .* above 0"),
    ("hparams.learning_rate", -1e-3, "hparams.learning_rate: -0.001"),
    ("hparams.learning_rate", float("nan"), "hparams.learning_rate: nan"),
    ("hparams.learning_rate", 1e39, "hparams.learning_rate: 1e\\+39"),
    ("sweep.beta", (1.0, -1.0), "sweep.beta: -1.0 found, a number, 0 or above"),
    ("sweep.beta", (), "hparams.beta: missing; .* takes learning_rate, beta"),
    ("sweep.latent_dim", (5, 10), "sweep.latent_dim: .*static"),
    ("sweep.gamma", (5.0,), "sweep.gamma: 'gamma' can't be swept"),
    ("sweep.seed", (0, 1.5), "sweep.seed: 1.5 found, a whole number from 0 to"),
    ("sweep.seed", (-1,), "sweep.seed: -1 found"),
    ("sweep.seed", (2**32,), "sweep.seed: 4294967296 found"),
    ("sweep.seed", (2**32 - 1,), None),
    ("sweep.seed", (True,), "sweep.seed: True found"),
    ("sweep.seed", (3, 4, 3), "sweep.seed: 3 is given twice"),
    ("sweep.beta", (1, 4.0, 1.0), "sweep.beta: 1.0 is given twice"),
    ("train.stepz", 3, "train.stepz: .* no such field.*did you mean 'steps'"),
    ("estimater", "mss", "estimater: .*did you mean 'estimator'"),
    ("hparams.bata", 3.0, "hparams.bata: .* takes .*did you mean 'beta'"),
    ("train.optimizer", "sgd", "train.optimizer: 'sgd' found, one of adam"),
    ("train.optimizer", "adamw", "hparams.weight_decay: missing"),
    ("train.clip", "value", "hparams.clip: missing"),
    ("train.schedule", "step", "train.schedule: 'step' found, one of constant"),
    ("train.schedule", "cosine", None),
    ("train.schedule", "warmup", "hparams.warmup_steps: missing"),
    ("train.steps", 0, "train.steps: 0 found, a whole number from 1"),
    ("train.batch_size", 0, "train.batch_size: 0"),
    ("train.lanes_per_call", -1, "train.lanes_per_call: -1"),
    ("train.dtype", "float16", "train.dtype: 'float16'"),
    ("train.relu", "leaky", "train.relu: 'leaky' found, one of sign, mask"),
    ("checkpoint.every", 15, "checkpoint.every: 15 found, a multiple"),
  ],
)
def test_check_names_the_bad_field(field, value, words):
  config = edited(field, value)
  if words is None:
    checks.check(config)
    return
  with pytest.raises(ValueError, match=words):
    checks.check(config)


def test_check_accepts_the_tiny_experiment():
  checks.check(tiny.get_config())


def test_joint_sweep_is_checked_by_each_name():
  config = tiny.get_config()
  config.sweep["beta,learning_rate"] = ((1.0, 1e-3), (2.0, 0.0))
  config.sweep.beta = ()
  with pytest.raises(ValueError, match=r"sweep\.learning_rate: 0\.0"):
    checks.check(config)


@pytest.mark.parametrize(
  ("alpha", "words"),
  [(-5.0, None), (0, None), (float("-inf"), "-inf found, a finite number")],
)
def test_a_weight_that_may_be_negative_is_any_finite_number(alpha, words):
  # Below 0 it rewards mutual information (Chen et al. 2018, eq. 4).
  config = tiny.get_config("beta_tcvae")
  config.hparams.update(alpha=alpha, gamma=1.0)
  if words is None:
    checks.check(config)
    return
  with pytest.raises(ValueError, match=rf"hparams\.alpha: {words} expected"):
    checks.check(config)


@pytest.mark.parametrize(
  ("objective", "hparams", "bad"),
  [
    ("beta_tcvae", {"alpha": 1.0, "gamma": -1.0}, "gamma"),
    ("dip_vae_i", {"lambda_od": -1.0, "lambda_d": 1.0}, "lambda_od"),
    ("dip_vae_i", {"lambda_od": 1.0, "lambda_d": -1.0}, "lambda_d"),
  ],
)
def test_a_weight_of_a_distance_is_not_negative(objective, hparams, bad):
  config = tiny.get_config(objective)
  if objective == "dip_vae_i":
    config.sweep = {"seed": (0,)}
  config.hparams.update(hparams)
  with pytest.raises(ValueError, match=rf"{bad}: -1.0 found, a number, 0 or"):
    checks.check(config)


@pytest.mark.parametrize(
  ("values", "words"),
  [
    (((1.0, 1e-3),), "'beta' is swept twice"),
    ((1.0, 2.0), r"1.0 found, a tuple of 2 numbers"),
    (((1.0, 1e-3, 3.0),), r"\(1.0, 0.001, 3.0\) found, a tuple of 2"),
  ],
)
def test_joint_sweeps_have_one_number_a_name(values, words):
  config = tiny.get_config()
  config.sweep["beta,learning_rate"] = values
  with pytest.raises(ValueError, match=rf"sweep\.beta,learning_rate: {words}"):
    checks.check(config)


def test_a_number_is_no_sweep():
  config = tiny.get_config()
  config.sweep = {"beta": 4.0}
  with pytest.raises(ValueError, match=r"beta: 4.0 found, .* \(4.0,\)"):
    checks.check(config)


def test_a_field_given_twice_is_refused():
  flag = "--config.sweep.beta="
  with pytest.raises(SystemExit, match=r"sweep\.beta: given 2 times"):
    configs.parse_flags(["main", f"{flag}(1.0,)", f"{flag}(2.0,)"])


def test_batch_larger_than_the_data_set_is_refused():
  config = edited("train.batch_size", 97)
  dataset = data.load(config.data)
  assert dataset.num_images == 96
  with pytest.raises(ValueError, match=r"train\.batch_size: 97 found, at most"):
    checks.check_dataset(config, dataset)


def test_pairs_need_factors():
  config = edited("objective", "ada_gvae")
  dataset = data.load(config.data)._replace(factor_sizes=())
  with pytest.raises(ValueError, match=r"objective: 'ada_gvae' .* grid"):
    checks.check_dataset(config, dataset)


@pytest.mark.parametrize(
  ("stride", "words"),
  [((1, 2), r"eval.stride: \(1, 2\) found, .*'posY'"), ((1,) * 5, None)],
)
def test_eval_stride_is_checked_before_training(stride, words):
  config = edited("eval.stride", stride)
  if words is None:
    checks.check_dataset(config, data.load(config.data))
    return
  with pytest.raises(ValueError, match=words):
    checks.check_dataset(config, data.load(config.data))


@pytest.mark.parametrize(
  ("field", "value", "words"),
  [
    # mlp_small's head and decoder have 3 * 256 * D numbers or so, and Adam two
    # moments of each: 9.2 kB a latent, and twice that with a copy to save.
    ("latent_dim", 10**6, r"latent_dim: 1000000 found, which needs 18.5 GB at"),
    ("latent_dim", 10**9, "latent_dim: 1000000000 found, .* TB at least"),
    ("sweep.seed", tuple(range(10**4)), "sweep: 20,000 lanes found, .* GB"),
    ("train.batch_size", 2**20, "train.batch_size: 1048576 found, .* 1.07 GB"),
  ],
)
def test_what_memory_does_not_hold_is_refused_with_the_estimate(
  monkeypatch, field, value, words
):
  monkeypatch.setattr(memory, "available", lambda: 10**9)
  config = edited(field, value)
  checks.check(config)
  setup = training.set_up(config, data.load(config.data))
  with pytest.raises(ValueError, match=words):
    checks.check_size(config, setup)


def test_more_lanes_than_anybody_lists_are_counted_and_refused():
  config = edited("sweep.seed", tuple(range(1000)))
  config.sweep.learning_rate = tuple(1 / (1 + n) for n in range(1000))
  with pytest.raises(ValueError, match="sweep: 2,000,000 lanes found, at most"):
    checks.check(config)


EXPERIMENT = "experiments/betavae_dsprites.py"
FILES = {
  "syntax.py": ("def get_config(\n", r"line 1: SyntaxError: '\(' was never"),
  "import.py": ("\nimport nothing\n", "line 2: ModuleNotFoundError: No mod"),
  "none.py": ("x = 1\n", r"none.py has no get_config\(profile\)"),
  "raises.py": (
    "def get_config():\n  return 1 / 0\n",
    "line 2: ZeroDivisionError: division by zero",
  ),
  "dict.py": (
    "def get_config():\n  return {}\n",
    "get_config of .*dict.py returned a dict, a ConfigDict expected",
  ),
}


def refusal(*arguments):
  """The one line that a command which is refused ends with."""
  with pytest.raises(SystemExit) as end:
    commands.run("dvae_jax.main", *arguments)
  sentence, *printed = str(end.value.code).splitlines()
  assert not printed
  assert sentence.startswith("error: ")
  assert len(sentence) <= 300
  return sentence


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_is_no_experiment_is_named_with_its_line(tmp_path, name):
  content, words = FILES[name]
  (tmp_path / name).write_text(content)
  found = refusal(f"--config={tmp_path / name}")
  assert found.startswith(f"error: --config: {'get' if 'dict' in name else ''}")
  assert str(tmp_path / name) in found
  assert re.search(words, found)


@pytest.mark.parametrize(
  ("arguments", "words"),
  [
    ([], "--config=FILE[:PROFILE] is missing"),
    (["--config="], "is no Python file"),
    (["--config"], "Missing value for flag --config"),
    (["--config=none.py"], "none.py is no Python file"),
    (["--config=tests"], "tests is no Python file"),
    ([f"--config={'a' * 5000}.py"], "aaa.py: OSError: File name too long"),
    (
      [f"--config={EXPERIMENT}:x"],
      "profile 'x': allowed is 'quick'",
    ),
    (["--config.objective.x=3"], "objective holds no fields"),
    (["--config.train=3"], "--config.train=3: Failed to parse"),
    (["--config.train.steps=x"], "--config.train.steps=x: invalid literal"),
    (["--config.=3"], "--config.: names no field"),
    (["--config.sweep.beta=(a"], "sweep.beta: '(a' found, a number, 0 or"),
    (["--config.trian.steps=3"], "has no field 'trian'"),
    (["--nonsense=3"], "Unknown command line flag 'nonsense'"),
  ],
)
def test_a_wrong_command_line_is_one_sentence(arguments, words):
  given = arguments and not arguments[0].startswith("--config.")
  file = [] if given or not arguments else [f"--config={EXPERIMENT}"]
  assert words in refusal(*file, *arguments)


def test_docs_list_every_field():
  wanted = config_page.page()
  again = "run python -m benchmarks.config_page"
  assert config_page.PAGE.read_text() == wanted, again
