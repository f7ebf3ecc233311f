"""What a run trains on and what, in words: for the page and the terminal."""

import math
from collections.abc import Mapping
from typing import Any


def data_in_words(
  data: Mapping[str, Any], config: Mapping[str, Any], *, whole: int = 0
) -> str:
  """ "dsprites (rendered), 768 of 737,280 images of 32 pixels; scale (6) ...".

  Args:
    data: what a run records of its data set.
    config: the resolved config, whose `data` says how it is split.
    whole: images of the whole set, 0 where nobody knows.
  """
  count = data.get("num_images", 0)
  number = f"{count:,}"
  if whole > count:
    number += f" of {whole:,}"
  side = data.get("resolution") or config.get("data", {}).get("resolution")
  size = f" of {side} pixels" if side else ""
  text = f"{data.get('name')} ({data.get('source')}), {number} images{size}"
  parts = [text, _factors(data.get("factors")), *_splits(config)]
  return "; ".join(filter(None, parts))


def _factors(factors) -> str:
  """ "scale (6) and posX (16) vary, shape doesn't"."""
  if not isinstance(factors, Mapping):
    return ""
  moving = [f"{name} ({size})" for name, size in factors.items() if size > 1]
  fixed = [name for name, size in factors.items() if size <= 1]
  if not moving:
    return ""
  text = f"{listed(moving)} {'vary' if len(moving) > 1 else 'varies'}"
  if fixed:
    text += f", {listed(fixed)} {'do' if len(fixed) > 1 else 'does'}n't"
  return text


def _splits(config: Mapping[str, Any]) -> list[str]:
  """What isn't seen in training, or seen together."""
  fields = config.get("data", {})
  parts = []
  if fields.get("holdout"):
    parts.append(f"held out: {fields['holdout']}")
  if fields.get("heldout_fraction"):
    parts.append(f"{fields['heldout_fraction']:.0%} of the images held out")
  if fields.get("correlate"):
    parts.append(f"correlated: {fields['correlate']}")
  return parts


def listed(names) -> str:
  """ "a", "a and b", "a, b and c"."""
  *most, last = names
  return f"{', '.join(most)} and {last}" if most else last


def training_in_words(
  config: Mapping[str, Any], data: Mapping[str, Any], shape: tuple[int, ...]
) -> str:
  """What a run is about to train, in one sentence.

  "beta_vae on dsprites (rendered), 3,456 images of 32 x 32: 8 lanes (beta 1, 4
  x seeds 0-3), network conv, 6,000 steps of 64 images".

  Args:
    config: the resolved config.
    data: what the run records of its data set.
    shape: (H, W, C) of an image.
  """
  height, width, channels = shape
  kind, size = "images", f"{height} x {width}"
  if 1 in (height, width):
    kind, size = "vectors", f"{height * width}"
  if channels > 1:
    size += f" x {channels}"
  size = f"{data['num_images']:,} {kind} of {size}"
  train = config["train"]
  return (
    f"{config['objective']} on {data['name']} ({data['source']}), {size}:"
    f" {lanes_in_words(config['sweep'])}, network {config['network']},"
    f" {train['steps']:,} steps of {train['batch_size']} {kind}"
  )


def lanes_in_words(sweep: Mapping[str, Any]) -> str:
  """ "8 lanes (beta 1, 4 x seeds 0-3)"; "1 lane (seed 0)"."""
  swept = {names: values for names, values in sweep.items() if values}
  seeds = [int(seed) for seed in swept.pop("seed", (0,))]
  parts = [
    f"{names.replace(',', ', ')} {', '.join(map(_value, values))}"
    for names, values in swept.items()
  ]
  number = len(seeds) * math.prod(map(len, swept.values()))
  parts.append(f"seed{'s' if len(seeds) > 1 else ''} {_ranges(seeds)}")
  return f"{number} lane{'s' if number > 1 else ''} ({' x '.join(parts)})"


def _value(value) -> str:
  """ "4" of 4.0, "(1, 4)" of a point of a joint sweep."""
  if isinstance(value, list | tuple):
    return f"({', '.join(map(_value, value))})"
  return f"{value:g}"


def _ranges(seeds: list[int]) -> str:
  """ "0-3" where seeds follow one another, else "0, 2, 5"."""
  first, last = seeds[0], seeds[-1]
  if len(seeds) > 2 and seeds == [*range(first, last + 1)]:
    return f"{first}-{last}"
  return ", ".join(map(str, seeds))
