"""Any config runs, or is refused at once by one sentence that names a field.

Generated configs go through everything that happens before the first compile.
"""

import functools
import re
import time

import hypothesis
import pytest
from helpers import tiny
from hypothesis import strategies as st
from ml_collections import ConfigDict

from dvae_jax import checks, data, rundir, schema
from dvae_jax.data.rendered import dsprites, dsprites_variants
from dvae_jax.methods import OBJECTIVES
from dvae_jax.metrics import single_model
from dvae_jax.train import sweep, training

SECONDS, CHARACTERS = 2.0, 300
FIELD = re.compile(
  r"(objective|network|likelihood|latent_dim|estimator|hparams|sweep|data|train"
  r"|checkpoint|eval)\b"
)
NUMBERS = st.one_of(
  st.integers(-3, 70),
  st.sampled_from([0, 1, 2**31, 2**32, 2**63, 10**6, 10**9, 10**400]),
  st.floats(),
  st.sampled_from([1e39, -1e39, 3.4e38, 5e-324, -0.0]),
)
KEYS = st.text(st.characters(exclude_characters="."), max_size=8)
TEXTS = st.one_of(
  st.text(max_size=8),
  st.sampled_from([
    "", "auto", "device", "streamed", "center", "crop9", "resize", "posX>15",
    "shape=heart", "posX,posY", "posX,*", "shape=", ",", ";", "a" * 5000, "\0",
    "../x", "shape=heart,posX>15", "shape,scale;posX,posY", "shape=9", "none",
    "shape<0", "shape>=0", "orientation,shape", "shape,shape", "=", "shape=²",
  ]),
)  # fmt: skip
ANYTHING = st.recursive(
  st.one_of(st.none(), st.booleans(), NUMBERS, TEXTS, st.binary(max_size=3)),
  lambda some: st.one_of(
    st.lists(some, max_size=6),
    st.lists(some, max_size=6).map(tuple),
    st.dictionaries(KEYS, some, max_size=3),
  ),
  max_leaves=6,
)
HPARAMS = (*schema.HPARAMS, "alpha", "scale", "entropy", "nonsense")


def _names(name):
  known = single_model() if name == "eval.metrics" else checks.REGISTRIES[name]
  return [*known]


def good(name, field):
  """Values that a field may hold, at its bounds and between."""
  if field.kind == "whole":
    low, high = int(field.low), int(min(field.high, 2**40))
    near = st.integers(low, min(high, low + 70))
    return st.one_of(near, st.sampled_from([low, high]))
  if field.kind == "number":
    return st.floats(field.low, field.high, allow_nan=False)
  if field.kind == "yes or no":
    return st.booleans()
  if field.kind == "name":
    return st.sampled_from(_names(name))
  if field.kind == "names":
    return st.lists(st.sampled_from(_names(name)), max_size=3).map(tuple)
  if field.kind == "strides":
    return st.lists(st.sampled_from([1, 2, 5, 40, 2**31 - 1]), max_size=6)
  return TEXTS


@st.composite
def changes(draw):
  """Fields and their values, some of which are wrong."""
  found = {}
  for _ in range(draw(st.integers(0, 3))):
    name = draw(st.sampled_from([*schema.FIELDS]))
    wrong = draw(st.integers(0, 5)) == 0
    found[name] = draw(ANYTHING if wrong else good(name, schema.FIELDS[name]))
  for group in draw(
    st.lists(st.sampled_from(["hparams", "sweep"]), max_size=2)
  ):
    names = st.lists(
      st.sampled_from((*HPARAMS, "seed")), min_size=1, max_size=2
    )
    name = ",".join(draw(names))
    values = st.one_of(NUMBERS, st.floats(0.1, 9), ANYTHING)
    if group == "sweep":
      values = st.one_of(ANYTHING, st.lists(values, max_size=4).map(tuple))
    found[f"{group}.{name}"] = draw(values)
  if draw(st.integers(0, 7)) == 0:
    place = st.sampled_from(["", "train.", "data.", "eval.", "objective."])
    found[draw(place) + draw(KEYS)] = draw(ANYTHING)
  if draw(st.integers(0, 9)) == 0:
    groups = ["train", "data", "sweep", "hparams", "eval", "checkpoint"]
    found[draw(st.sampled_from(groups))] = draw(ANYTHING)
  return draw(st.sampled_from([*OBJECTIVES])), found


def config_of(objective, found):
  """The tiny experiment with what its objective needs, then changed."""
  fields = tiny.get_config(objective).to_dict()
  fields["data"]["stride"] = (1, 5, 40, 8, 8)
  taken = checks.hparam_names(ConfigDict(fields))
  fields["hparams"] = dict.fromkeys(taken, 1.0)
  fields["sweep"] = {"seed": (0, 1)}
  for name, value in found.items():
    above, _, last = name.rpartition(".")
    group = fields.get(above) if above else fields
    if isinstance(group, dict):
      group[last] = value
  return fields


def start(fields):
  """What `main` does with a config before it compiles anything."""
  config = ConfigDict(fields)
  checks.check(config)
  checks.num_lanes(config)
  dataset = data.load(config.data)
  checks.check_dataset(config, dataset)
  setup = training.set_up(config, dataset)
  checks.check_size(config, setup)
  lanes = sweep.grid(config.sweep, config.hparams)
  assert len(lanes) == checks.num_lanes(config)
  # What is written into config.json is accepted when it is read.
  checks.check_trained(ConfigDict(rundir.plain(config.to_dict())))
  return lanes


@pytest.fixture(scope="module", autouse=True)
def _drawn_once():
  """The sprites' table is the same for every config."""
  with pytest.MonkeyPatch.context() as patch:
    table = functools.cache(dsprites.span_table)
    patch.setattr(dsprites, "span_table", table)
    patch.setattr(dsprites_variants, "span_table", table, raising=False)
    yield


def runs_or_is_refused(case):
  objective, found = case
  fields = config_of(objective, found)
  began = time.process_time()
  try:
    start(fields)
  except (ValueError, OSError) as error:
    (sentence,) = str(error).splitlines()
    hypothesis.note(sentence)
    assert len(sentence) <= CHARACTERS
    assert FIELD.match(sentence) or "has no such field" in sentence
    assert time.process_time() - began < SECONDS
    hypothesis.event("refused")
  else:
    hypothesis.event("runs")


SETTINGS = {
  "deadline": None,
  "derandomize": True,
  "database": None,
  "phases": [hypothesis.Phase.generate, hypothesis.Phase.shrink],
  "suppress_health_check": [*hypothesis.HealthCheck],
}


@pytest.mark.filterwarnings("ignore:Do not use the `random` module")
@hypothesis.given(changes())
@hypothesis.settings(max_examples=200, **SETTINGS)
def test_any_config_runs_or_is_refused_by_one_sentence(case):
  runs_or_is_refused(case)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:Do not use the `random` module")
@hypothesis.given(changes())
@hypothesis.settings(max_examples=10_000, **SETTINGS | {"derandomize": False})
def test_ten_thousand_configs_run_or_are_refused_by_one_sentence(case):
  runs_or_is_refused(case)
