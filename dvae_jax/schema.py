"""What each field of a config may hold: one table that checks and documents.

`python -m benchmarks.config_page` writes it into docs/config.md.
"""

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

FLOAT32_MAX = 3.4e38  # hyper-parameters are traced in float32
INT32_MAX = 2**31 - 1  # steps are counted in int32
SHOWN = 60  # characters of a value that a sentence repeats


class Field(NamedTuple):
  """What a field may hold.

  Attributes:
    kind: "whole", "number", "yes or no", "text", "name" of a registry's row,
      "names" of several, or "strides".
    meaning: one sentence.
    low: the smallest value, or what it must be above.
    high: the largest value.
    above: whether `low` itself is refused.
    unit: of the value.
  """

  kind: str
  meaning: str
  low: float = -FLOAT32_MAX
  high: float = FLOAT32_MAX
  above: bool = False
  unit: str = ""


def _whole(meaning: str, low: int, high: int = INT32_MAX, unit: str = ""):
  return Field("whole", meaning, low, high, unit=unit)


def _positive(meaning: str, unit: str = ""):
  return Field("number", meaning, 0.0, above=True, unit=unit)


def _weight(meaning: str, unit: str = ""):
  return Field("number", meaning, 0.0, unit=unit)


FIELDS: dict[str, Field] = {
  "objective": Field("name", "The method: penalty and posterior."),
  "network": Field("name", "Encoder and decoder."),
  "likelihood": Field("name", "p(x|z) of a pixel."),
  "latent_dim": _whole("Number of latents, D.", 1, 10**9),
  "estimator": Field("name", "Of log q(z), where the objective needs one."),
  "data.name": Field("name", "The data set."),
  "data.source": Field(
    "text", "'auto', 'rendered', 'tfds' or 'file': where images come from."
  ),
  "data.dir": Field("text", "Where prepared copies are; '' is the cache."),
  "data.resolution": _whole("Side; 0 is the native one.", 0, 4096, "pixels"),
  "data.stride": Field("strides", "Keep every s-th value of each factor."),
  "data.crop": Field(
    "text",
    "How images become square: 'resize', 'center', 'crop148'; 'none' keeps"
    " their height and width; '' is the data set's own rule.",
  ),
  "data.placement": Field("text", "'auto', 'device' or 'streamed'."),
  "data.heldout_fraction": Field(
    "number", "Share of images held out by a hash of their index.", 0.0, 1.0
  ),
  "data.holdout": Field(
    "text", "Combinations held out, such as 'shape=heart,posX>15'."
  ),
  "data.correlate": Field(
    "text", "Factors sampled together: 'posX,posY;shape,scale' or 'posX,*'."
  ),
  "data.correlation_strength": _positive(
    "Sigma: the smaller, the stronger the correlation.",
    "of a factor's range",
  ),
  "data.variant": Field(
    "text", "Of a data set that has some; '' is its first."
  ),
  "data.pair_changes": _whole(
    "Factors in which the images of a pair differ; 0 draws the number, -1"
    " moves factors by Laplace transitions.",
    -1,
    64,
  ),
  "train.steps": _whole("Updates of each lane.", 1, unit="steps"),
  "train.batch_size": _whole("Images of a step.", 1, 2**20, "images"),
  "train.steps_per_call": _whole(
    "Steps of a compiled call; 0 is about a second's worth.", 0, unit="steps"
  ),
  "train.lanes_per_call": _whole(
    "Lanes vectorised at a time; 0 is all on a GPU, one elsewhere.", 0
  ),
  "train.optimizer": Field("name", "Of all modules."),
  "train.clip": Field("name", "How the gradient is clipped."),
  "train.schedule": Field("name", "Of the learning rate."),
  "train.dtype": Field("name", "Of activations; parameters are float32."),
  "train.relu": Field("name", "How the gradient of ReLU is computed."),
  "train.log_every": _whole(
    "A line of metrics.jsonl, the mean since the last.", 1, unit="steps"
  ),
  "checkpoint.every": _whole(
    "A checkpoint; a multiple of train.log_every.", 1, unit="steps"
  ),
  "checkpoint.keep": _whole("Newest checkpoints that are kept.", 1, 10**6),
  "eval.metrics": Field("names", "Metrics that the evaluation computes."),
  "eval.stride": Field("strides", "Evaluate every s-th value of each factor."),
  "eval.codes": Field("yes or no", "Whether codes.npz is kept."),
}
# Hyper-parameters by name, wherever an objective, posterior, likelihood,
# optimizer or schedule takes one. Another name may be any finite number: others
# train InfoVAE at alpha -9 (AntixK/PyTorch-VAE), beta-TCVAE at alpha -5.
HPARAMS: dict[str, Field] = {
  "learning_rate": _positive("Of encoder, head, decoder.", "per step"),
  "annealing_steps": _positive("Until the capacity is reached.", "steps"),
  "posterior_std": _positive("Standard deviation of q, the same everywhere."),
  "clip": _positive("Largest component or norm of the gradient."),
  "laplace_rate": _positive("Of the Laplace prior of a pair's differences."),
  "noise_variance": _positive("Of the Gaussian likelihood.", "squared grey"),
  "temperature": _positive("Of the Gumbel-softmax."),
  "bandwidth": _positive("Of a kernel.", "units of a code"),
  "contrast": _weight("Weight of guessing what a pair has in common."),
  "contrast_start": _weight("First step that has it.", "steps"),
  "information": _weight("Weight of the multi-information."),
  "hessian": _weight("Weight of the Hessian penalty."),
  "invariance": _weight("Pull of a clamped latent to its group's mean."),
  "first_image": _weight("Clamp to a group's first image (1) or its mean (0)."),
  "location": _weight("Of the prior's mean, 0 or 1."),
  "beta": _weight("Weight of the KL."),
  "gamma": _weight("Weight of the penalty."),
  "capacity": _weight("KL that is aimed at.", "nats"),
  "lambda_od": _weight("Weight off the diagonal of the covariance."),
  "supervised": _weight("Weight of the labels' cross-entropy."),
  "lambda_d": _weight("Weight on the diagonal of the covariance."),
  "weight_decay": _weight("Of kernels, inside the learning rate.", "per step"),
  "warmup_steps": _weight("Until the full learning rate.", "steps"),
  "info": _weight("Weight of the mutual information."),
  "noise_latents": _weight("Latents that are noise alone."),
  "r1": _weight("Penalty of a discriminator's squared slope."),
}
SEED = _whole("Of parameters, batches and noise.", 0, 2**32 - 1)
ANY_NUMBER = Field("number", "Any finite number.")


def shown(value: Any) -> str:
  """A value's text for a sentence, cut where it is long."""
  try:
    text = repr(value)
  except Exception:  # anybody's object
    text = f"a {type(value).__name__}"
  text = " ".join(text.split())
  return text if len(text) <= SHOWN else f"{text[: SHOWN - 3]}..."


def shown_name(name: str) -> str:
  """A field's name for a sentence, cut where it is long."""
  return name if len(name) <= SHOWN and name.isprintable() else shown(name)


def value_of(config: Any, name: str) -> Any:
  """What a field holds; a dot leads into a group."""
  for part in name.split("."):
    config = config[part]
  return config


def expected(field: Field) -> str:
  """What may be in a field, in words."""
  low, high = (f"{bound:.15g}" for bound in (field.low, field.high))
  if field.kind == "whole":
    most = f" to {high}" if field.high != INT32_MAX else " on"
    return f"a whole number from {low}{most}"
  if field.kind == "number":
    if field.low <= -FLOAT32_MAX:
      return "a finite number"
    most = f" and below {high}" if field.high < FLOAT32_MAX else ""
    if field.above:
      return f"a number above {low}{most}"
    return f"a number, {low} or above{most}"
  return {
    "yes or no": "True or False",
    "text": "a text of at most 1000 characters",
    "name": "a name",
    "names": "a tuple of names",
    "strides": "() or a tuple of whole numbers from 1 on, one a factor",
  }[field.kind]


def fits(field: Field, value: Any) -> bool:
  """Whether a field may hold a value."""
  if field.kind == "whole":
    return _is_whole(value) and field.low <= value <= field.high
  if field.kind == "number":
    return _is_number(value) and _inside(field, value)
  if field.kind == "yes or no":
    return isinstance(value, bool)
  if field.kind in ("text", "name"):
    return isinstance(value, str) and len(value) <= 1000 and "\0" not in value
  if not isinstance(value, tuple | list):
    return False
  if field.kind == "names":
    return all(isinstance(name, str) for name in value)
  return all(_is_whole(stride) and 1 <= stride <= INT32_MAX for stride in value)


def check_value(name: str, field: Field, value: Any) -> None:
  """Refuses a value that a field may not hold.

  Args:
    name: of the field, as it is typed.
    field: its row.
    value: what it holds.

  Raises:
    ValueError: names the field, the value found and the values allowed.
  """
  if not fits(field, value):
    raise ValueError(
      f"{name}: {shown(value)} found, {expected(field)} expected"
    )


def check_values(config: Mapping[str, Any]) -> None:
  """Checks every field of the table, types and bounds, but no names.

  Args:
    config: of a run, nested.

  Raises:
    ValueError: names the field that is missing or holds what it may not.
  """
  for name, field in FIELDS.items():
    above, _, last = name.rpartition(".")
    group = group_of(config, above) if above else config
    if last not in group:
      raise ValueError(f"{name}: missing, {expected(field)} expected")
    check_value(name, field, group[last])


def group_of(config: Mapping[str, Any], name: str) -> Mapping[str, Any]:
  """The fields below one of a config's, such as `train`.

  Raises:
    ValueError: there are none.
  """
  if not isinstance(config.get(name), Mapping):
    raise ValueError(
      f"{name}: {shown(config.get(name))} found, fields expected"
    )
  return config[name]


def _is_whole(value: Any) -> bool:
  return isinstance(value, int) and not isinstance(value, bool)


def _is_number(value: Any) -> bool:
  number = isinstance(value, float) or _is_whole(value)
  return number and abs(value) < FLOAT32_MAX and math.isfinite(value)


def _inside(field: Field, value: float) -> bool:
  more = value > field.low if field.above else value >= field.low
  return more and (value < field.high or field.high == FLOAT32_MAX)
