"""Makes a picture from a trained run.

  traverse     every latent moves through its values, the others stay at the
               code of --image; most used latents first, inactive ones dimmed
  interpolate  the straight line between the codes of --image and --to
  sample       decoded draws from the prior, where the model has one

The ending of --out decides: .png is a still, .gif an animation (samples: .png).
Without --lane it is the best lane by the run's headline score.

  python -m dvae_jax.show traverse --workdir=runs/x --lane=2 --image=17 \\
      --out=traversal.gif
  python -m dvae_jax.show traverse --workdir=runs/x --range=-3,3 --steps=7
  python -m dvae_jax.show interpolate --workdir=runs/x --image=17 --to=42
  python -m dvae_jax.show sample --workdir=runs/x --seed=1 --out=samples.png
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from absl import app, flags

from dvae_jax import runs, session
from dvae_jax.registration import register
from dvae_jax.report import figures, paths, pictures, records
from dvae_jax.report.tables import best_lanes

BEST = -1  # the lane that is best by the headline score


def traverse(
  run,
  *,
  lane: int,
  image: int,
  out: Path,
  steps: int = 11,
  ends: tuple[float, ...] = (),
) -> None:
  """Writes a traversal of every latent from an image's code.

  Args:
    run: what `load_run` returns.
    lane: which model.
    image: index into the data set.
    out: .png or .gif.
    steps: values of a latent.
    ends: the lowest and the highest one; the model's own without.
  """
  codes, use = pictures.sample_codes(run, lane)
  values = run.traversal_values(codes, number=steps)
  if ends:
    line = np.linspace(ends[0], ends[1], steps, dtype=np.float32)
    values = np.tile(line, (len(values), 1))
  frames = run.traverse(run.render([image]), lane, values)[0]
  if out.suffix == ".gif":
    scale = max(1, 64 // frames.shape[3])
    animation = figures.traversal_animation(frames, use, scale=scale)
    figures.save_gif(out, animation)
  else:
    figures.traversals(frames, use, values).savefig(out)


def interpolate(
  run, *, lane: int, image: int, to: int, out: Path, steps: int = 11
) -> None:
  """Writes the line between two images' codes; as `traverse`."""
  codes = run.encode(run.render([image, to]), lane)
  frames = run.decode(paths.lines(codes[:1], codes[1:], steps)[0], lane)
  if out.suffix == ".gif":
    scale = max(1, 128 // frames.shape[2])
    grown = figures.shown(frames).repeat(scale, 1).repeat(scale, 2)
    loop = [*grown, *grown[-2:0:-1]]
    figures.save_gif(out, [np.broadcast_to(f, (*f.shape[:2], 3)) for f in loop])
  else:
    figures.interpolations(frames[None]).savefig(out)


def sample(run, *, lane: int, seed: int, out: Path) -> None:
  """Writes 64 decoded draws from the prior; as `traverse`.

  Raises:
    ValueError: the model has no prior.
  """
  z = run.prior(64, seed=seed)
  if z is None:
    raise ValueError(
      f"sample: {run.config['objective']} has no prior to draw codes from;"
      " try traverse or interpolate"
    )
  figures.samples(run.decode(z, lane)).savefig(out)


VERBS: dict[str, tuple[Callable, tuple[str, ...], tuple[str, ...]]] = {
  "traverse": (traverse, ("image", "steps", "ends"), (".gif", ".png")),
  "interpolate": (interpolate, ("image", "to", "steps"), (".gif", ".png")),
  "sample": (sample, ("seed",), (".png",)),
}


def show(verb: str, workdir, *, out: str, **options: Any) -> Path:
  """Makes one picture.

  Args:
    verb: a name in VERBS.
    workdir: a run directory.
    out: file to write; <verb>.png where it's empty.
    options: `lane`, BEST or none for the best one, and what the verb takes.

  Returns:
    The file.

  Raises:
    ValueError: what is wrong with the verb, a flag or the run directory.
  """
  if verb not in VERBS:
    raise ValueError(
      f"verb: {verb!r} found, one of {', '.join(VERBS)} expected"
    )
  function, names, endings = VERBS[verb]
  path = Path(out or f"{verb}.png")
  if path.suffix not in endings:
    raise ValueError(
      f"--out: {path} found, {verb} writes {' or '.join(endings)}"
    )
  if not path.parent.is_dir():
    raise ValueError(f"--out: the folder {path.parent} doesn't exist")
  run = runs.load_run(workdir)
  given = {name: options[name] for name in names if name in options}
  given["lane"] = options.get("lane", BEST)
  if given["lane"] == BEST:
    given["lane"] = best_lanes(records.read(workdir, arrays=False))[0]
  _check_range("--lane", given["lane"], len(run.lanes))
  if given.get("steps", 2) < 2:
    raise ValueError(f"--steps: {given['steps']} found, 2 or more expected")
  for name in {"image", "to"} & given.keys():
    _check_range(f"--{name}", given[name], run.dataset.num_images)
  function(run, out=path, **given)
  return path


def _check_range(flag: str, value: int, size: int) -> None:
  if not 0 <= value < size:
    raise ValueError(f"{flag}: {value} found, 0 to {size - 1} allowed")


def _ends(text: list[str]) -> tuple[float, ...]:
  """The two numbers of --range, or none."""
  try:
    found = tuple(map(float, text))
  except ValueError:
    found = (0.0,)
  if len(found) not in (0, 2):
    raise ValueError(
      f"--range: {','.join(text)!r} found, such as -3,3 expected"
    )
  return found


def main(argv) -> None:
  """Reads the flags; what is wrong with them is one line."""
  if len(argv) != 2:
    raise app.UsageError(f"one verb expected: {', '.join(VERBS)}")
  options = {name: getattr(flags.FLAGS, name) for name in NUMBERS}
  session.set_up()
  with session.refusing():
    options["ends"] = _ends(flags.FLAGS.range)
    for experiment in flags.FLAGS.register:
      register(experiment)
    print(show(argv[1], flags.FLAGS.workdir, out=flags.FLAGS.out, **options))


NUMBERS = {
  "lane": "Which model of the run; -1 for the best.",
  "image": "Index of an image in the data set.",
  "to": "interpolate: index of the image at the other end.",
  "seed": "sample: another seed, other draws.",
  "steps": "traverse, interpolate: images of a line.",
}
DEFAULTS = {"lane": BEST, "steps": 11}

if __name__ == "__main__":
  flags.DEFINE_string("workdir", None, "The run directory.", required=True)
  flags.DEFINE_string("out", "", "File to write; <verb>.png where it's empty.")
  flags.DEFINE_multi_string(
    "register", [], "Experiment file that registers what the run names."
  )
  for name, text in NUMBERS.items():
    flags.DEFINE_integer(name, DEFAULTS.get(name, 0), text)
  flags.DEFINE_list("range", [], "traverse: lowest and highest value, -3,3.")
  app.run(main)
