"""What a run trains on and what, in words: for the page and the terminal."""

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
