"""`python -m dvae_jax.show`: what it writes and what it refuses."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from helpers import fake_runs
from matplotlib.figure import Figure
from PIL import Image

from dvae_jax import show
from dvae_jax.report import records


@pytest.fixture
def run(tmp_path, monkeypatch):
  run = fake_runs.make_run(tmp_path, lanes=2)
  monkeypatch.setattr(show.runs, "load_run", lambda workdir: run)
  return run


@pytest.mark.parametrize("verb", show.VERBS)
def test_every_verb_writes_its_endings(run, tmp_path, verb):
  for ending in show.VERBS[verb][2]:
    path = show.show(
      verb, tmp_path, out=f"{tmp_path}/x{ending}", lane=1, image=3, to=9, seed=0
    )
    with Image.open(path) as image:
      assert image.format.lower() == ending[1:]
      assert getattr(image, "n_frames", 1) == (20 if ending == ".gif" else 1)


@pytest.mark.parametrize("kind", ["deterministic", "quantised"])
def test_model_without_a_prior_is_shown_but_for_samples(
  tmp_path, monkeypatch, kind
):
  run = fake_runs.make_run(tmp_path, lanes=2, kind=kind)
  monkeypatch.setattr(show.runs, "load_run", lambda workdir: run)
  options = {"lane": 1, "image": 3, "to": 9, "seed": 0}
  out = str(tmp_path / "x.png")
  for verb in ("traverse", "interpolate"):
    with Image.open(show.show(verb, tmp_path, out=out, **options)) as image:
      image.verify()
  with pytest.raises(ValueError, match="encoder has no prior"):
    show.show("sample", tmp_path, out=out, **options)


def test_traversal_moves_each_latent_through_its_values(tmp_path, monkeypatch):
  run = fake_runs.make_run(tmp_path, lanes=2, kind="deterministic")
  monkeypatch.setattr(show.runs, "load_run", lambda workdir: run)
  drawn = {}
  monkeypatch.setattr(
    show.figures, "traversals",
    lambda frames, use, values: drawn.update(
      frames=frames, use=use, values=values
    ) or Figure(),
  )  # fmt: skip
  out = str(tmp_path / "x.png")
  show.show("traverse", tmp_path, out=out, lane=1, image=3)
  codes = run.encode(run.render(np.arange(108)), 1)
  np.testing.assert_allclose(
    drawn["values"], run.traversal_values(codes, 11), atol=1e-6
  )
  np.testing.assert_array_equal(
    drawn["frames"], run.traverse(run.render([3]), 1, drawn["values"])[0]
  )
  np.testing.assert_allclose(drawn["use"].amount, codes.std(0), atol=1e-6)


def test_interpolation_starts_and_ends_at_the_images(run, tmp_path):
  out = tmp_path / "x.gif"
  show.show(
    "interpolate", tmp_path, out=str(out), lane=0, image=3, to=9, seed=0
  )
  ends = run.decode(run.encode(run.render([3, 9]), 0), 0)
  with Image.open(out) as animation:
    for frame, end in zip((0, 10), ends, strict=True):
      animation.seek(frame)
      found = np.asarray(animation.convert("L"))[4::8, 4::8]
      np.testing.assert_allclose(found, 255 * end[..., 0], atol=4)


@pytest.mark.parametrize(
  ("verb", "changed", "message"),
  [
    ("travers", {}, "verb: 'travers' found, one of traverse"),
    ("traverse", {"lane": 2}, "--lane: 2 found, 0 to 1 allowed"),
    ("traverse", {"image": -1}, "--image: -1 found, 0 to 107 allowed"),
    ("interpolate", {"to": 108}, "--to: 108 found, 0 to 107 allowed"),
    ("sample", {"out": "x.gif"}, "--out: x.gif found, sample writes .png"),
    ("traverse", {"out": "no/x.gif"}, "--out: the folder no doesn't exist"),
  ],
)
def test_bad_flags_are_named(run, tmp_path, verb, changed, message):
  options = {"lane": 0, "image": 0, "to": 0, "seed": 0, "out": "x.png"}
  with pytest.raises(ValueError) as error:
    show.show(verb, tmp_path, **options | changed)
  assert message in str(error.value)


def test_range_steps_and_the_best_lane(run, tmp_path, monkeypatch):
  fake_runs.write_run(run)
  drawn = {}
  monkeypatch.setattr(
    show.figures, "traversals",
    lambda frames, use, values: drawn.update(frames=frames, values=values)
    or Figure(),
  )  # fmt: skip
  out = str(tmp_path / "x.png")
  show.show("traverse", run.workdir, out=out, image=3, steps=5, ends=(-3, 3))
  np.testing.assert_allclose(drawn["values"], [[-3, -1.5, 0, 1.5, 3]] * 5)
  results = records.read(run.workdir, arrays=False)
  best = int(np.argmax(results.scores["mig"]))
  np.testing.assert_array_equal(
    drawn["frames"], run.traverse(run.render([3]), best, drawn["values"])[0]
  )
  with pytest.raises(ValueError, match="--steps: 1 found, 2 or more"):
    show.show("traverse", run.workdir, out=out, image=3, steps=1)
  assert show._ends(["-3", "3"]) == (-3, 3)
  for wrong in (["a", "b"], ["1"], ["1", "2", "3"]):
    with pytest.raises(ValueError, match="--range"):
      show._ends(wrong)


def command(*arguments):
  return subprocess.run(
    [sys.executable, "-m", "dvae_jax.show", *arguments],
    capture_output=True,
    text=True,
    cwd=Path(__file__).parents[1],
    env=os.environ | {"JAX_PLATFORMS": "cpu"},
    check=False,
  )


def test_help_tells_every_verb_and_flag():
  text = command("--help").stdout
  for word in (*show.VERBS, *show.NUMBERS, "workdir", "out", ".gif", "prior"):
    assert word in text


def test_folder_without_a_run_is_one_line(tmp_path):
  done = command("sample", f"--workdir={tmp_path}")
  assert done.returncode != 0
  (line,) = done.stderr.strip().splitlines()
  assert "--workdir" in line
