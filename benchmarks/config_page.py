"""Writes docs/config.md, every field of a config: from its table.

python -m benchmarks.config_page
"""

from collections.abc import Iterable
from pathlib import Path

from dvae_jax import checks, schema
from dvae_jax.config import base
from dvae_jax.metrics import single_model

PAGE = Path(__file__).parents[1] / "docs" / "config.md"
HEAD = """# The config

Every field of an experiment's config, from the table that checks it
(`dvae_jax/schema.py`; this page is made by `python -m benchmarks.config_page`).
A field that isn't here, of another type or out of its bounds is refused before
anything is written. On the command line: `--config.train.steps=3000`,
`--config.sweep.beta="(1.0,4.0)"`.
"""
HPARAMS = """
## Hyper-parameters

Traced numbers: `hparams.NAME` is the same in all lanes, `sweep.NAME` a tuple of
values, a lane each; `sweep["a,b"]` sweeps tuples of both. An objective,
posterior, likelihood, optimizer or schedule takes those that its function names
(`python -m dvae_jax.main` says which, where one is missing or too many). A name
that isn't here may be any finite number. A run has at most {lanes:,} lanes, and
as many as memory holds.
"""


def names_of(name: str) -> Iterable[str]:
  """What a field may name; () where it names nothing."""
  if name == "eval.metrics":
    return single_model()
  return checks.REGISTRIES.get(name, ())


def row(name: str, field: schema.Field, default: str) -> str:
  """A row of a table."""
  allowed = ", ".join(f"`{n}`" for n in names_of(name))
  cells = [
    f"`{name}`",
    default,
    allowed or schema.expected(field),
    field.unit,
    field.meaning,
  ]
  cells = [cell.replace("|", "\\|") for cell in cells]
  return f"| {' | '.join(cells)} |\n"


def page() -> str:
  """The page: Markdown."""
  defaults = base().to_dict()
  heads = ("field", "default", "allowed", "unit", "meaning")
  head = f"\n| {' | '.join(heads)} |\n{'| --- ' * len(heads)}|\n"
  text = HEAD + head
  for name, field in schema.FIELDS.items():
    value = schema.value_of(defaults, name)
    many = name == "eval.metrics"
    shown = "all that take seconds, and `dci`" if many else f"`{value!r}`"
    text += row(name, field, shown)
  text += HPARAMS.format(lanes=checks.MOST_LANES)
  text += f"\n| {' | '.join(('name', *heads[2:]))} |\n{'| --- ' * 4}|\n"
  seed = {"seed": schema.SEED}
  for name, field in (seed | schema.HPARAMS).items():
    text += row(name, field, "").replace("|  | ", "| ", 1)
  return text


if __name__ == "__main__":
  PAGE.write_text(page())
