"""What experiment files say their `:quick` gave follows from what was kept."""

import json

import pytest

from benchmarks import experiments

NAMES = experiments.names()


@pytest.mark.parametrize("name", NAMES)
def test_a_file_holds_what_was_kept(name):
  kept = json.loads((experiments.KEPT / f"{name}.json").read_text())
  text = (experiments.ROOT / "experiments" / f"{name}.py").read_text()
  assert experiments.block(kept).strip() in text
  assert experiments.written(name) == text
  seeds = {line["seed"] for line in kept["lines"]}
  assert len(seeds) >= 3


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_a_rerun_lands_in_the_intervals(name, tmp_path):
  kept = json.loads((experiments.KEPT / f"{name}.json").read_text())
  again = experiments.run(name, tmp_path / name)
  for setting, scores in experiments.table(kept["lines"]).items():
    found = experiments.table(again["lines"])[setting]
    for score, (mean, half) in scores.items():
      assert found[score][0] == pytest.approx(mean, abs=half + 0.01)


def test_every_experiment_was_run_and_nothing_else():
  kept = {path.stem for path in experiments.KEPT.glob("*.json")}
  assert kept == set(NAMES)


def test_means_have_students_intervals():
  lines = [
    {"setting": "beta 4", "seed": i, "scores": {"mig": v}}
    for i, v in enumerate((0.1, 0.2, 0.6))
  ]
  ((mean, half),) = experiments.table(lines)["beta 4"].values()
  # 4.303 standard errors: Student's quantile of two degrees of freedom.
  assert mean == pytest.approx(0.3)
  assert half == pytest.approx(4.3027 * 0.26458 / 3**0.5, rel=1e-4)


def test_a_block_is_replaced_by_the_next(tmp_path, monkeypatch):
  monkeypatch.setattr(experiments, "ROOT", tmp_path)
  monkeypatch.setattr(experiments, "KEPT", tmp_path)
  (tmp_path / "experiments").mkdir()
  path = tmp_path / "experiments" / "toy.py"
  path.write_text('"""A toy.\n\nMore.\n"""\n\nx = """not this\n"""\n')
  for mig in (0.25, 0.5):
    lines = [
      {"setting": "vae", "seed": i, "scores": {"mig": mig}} for i in range(3)
    ]
    about = {"date": "2026-11-29", "cpu_minutes": 1.5}
    kept = {"about": about, "lines": lines}
    (tmp_path / "toy.json").write_text(json.dumps(kept))
    path.write_text(experiments.written("toy"))
  text = path.read_text()
  assert text.count("`:quick` gave") == 1
  assert "0.50 +- 0.00" in text
  assert text.startswith('"""A toy.\n\nMore.\n\n`:quick`')
  assert text.endswith('"""\n\nx = """not this\n"""\n')
