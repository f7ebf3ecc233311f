"""Figures of all lanes: they draw the record's numbers and claim no more."""

import numpy as np
import pytest
from helpers import fake_runs
from scipy.stats import sem

from dvae_jax.report import gallery, records


def record_of(folder, *, kind="gaussian", lanes=3, seeds=(0,), **changes):
  run = fake_runs.make_run(folder, lanes=lanes, seeds=seeds, kind=kind)
  fake_runs.write_run(run, codes=False, **changes)
  return records.read(folder)


def drawn(record):
  return {picture.name: picture for picture in gallery.draw(record)}


def test_loss_terms_are_the_logged_ones(tmp_path):
  record = record_of(tmp_path)
  axes = drawn(record)["loss_terms"].draw().axes
  for ax, (name, lanes) in zip(axes, record.terms.items(), strict=False):
    assert ax.get_title(loc="left") == name
    for line, lane in zip(ax.get_lines(), lanes, strict=True):
      np.testing.assert_array_equal(line.get_ydata(), lane)


def test_rate_is_the_kl_and_distortion_the_reconstruction(tmp_path):
  record = record_of(tmp_path, diverged=(1,))
  ax = drawn(record)["rate_distortion"].draw().axes[0]
  kl, reconstruction = (record.scores[n] for n in ("kl", "reconstruction"))
  points = np.ma.filled(ax.collections[0].get_offsets(), np.nan)
  np.testing.assert_allclose(points, np.stack([kl, reconstruction], -1))
  (line,) = ax.get_lines()
  np.testing.assert_allclose(
    np.add(line.get_xdata(), line.get_ydata()),
    -record.scores["elbo"][0],  # lane 0 is the best one
  )


def test_scores_have_error_bars_over_seeds_only(tmp_path):
  one = drawn(record_of(tmp_path / "one"))["scores"]
  assert "seeds" not in one.caption
  assert not any(ax.containers for ax in one.draw().axes)
  record = record_of(tmp_path / "two", seeds=(0, 1, 2))
  two = drawn(record)["scores"]
  assert "means over seeds, with standard errors" in two.caption
  ax = next(ax for ax in two.draw().axes if ax.get_title(loc="left") == "mig ↑")
  (bars,) = ax.containers[0].lines[2]
  found = [np.ptp(bar[:, 1]) / 2 for bar in bars.get_segments()]
  mig = record.scores["mig"].reshape(3, 3)
  np.testing.assert_allclose(found, sem(mig, axis=1))


def test_seeds_are_told_apart_unless_colours_do(tmp_path):
  names = ("loss_terms", "rate_distortion", "scores")
  shown = drawn(record_of(tmp_path / "two", seeds=(0, 1)))
  for name in names:
    (legend,) = shown[name].draw().legends
    entries = [text.get_text() for text in legend.get_texts()]
    assert entries[-2:] == ["seed 0", "seed 1"]
  shown = drawn(record_of(tmp_path / "alone", lanes=1, seeds=(0, 1)))
  assert not shown["loss_terms"].draw().legends


def test_agreement_of_many_metrics_has_the_pages_width(tmp_path, monkeypatch):
  record = record_of(tmp_path)
  assert drawn(record)["agreement"].beside
  monkeypatch.setattr(gallery, "FEW_METRICS", 3)
  assert not drawn(record)["agreement"].beside


def test_all_but_one_seed_diverged_is_one_seed(tmp_path):
  shown = drawn(record_of(tmp_path, lanes=2, seeds=(0, 1), diverged=(0, 3)))
  assert "violins" not in shown
  assert "seeds" not in shown["scores"].caption


def test_settings_that_differ_in_a_second_number_stay_apart(tmp_path):
  record = record_of(tmp_path, lanes=2, seeds=(0, 1))
  for lane in record.lanes:  # what was the seed is another number
    lane["hparams"]["gamma"], lane["seed"] = float(lane["seed"]), 0
  shown = drawn(record)
  assert "violins" not in shown
  lines = shown["scores"].draw().axes[0].get_lines()
  assert [line.get_label() for line in lines] == ["gamma 0", "gamma 1"]
  mig = record.scores["mig"]
  np.testing.assert_allclose(lines[1].get_ydata(), mig[[1, 3]])


def test_spread_over_seeds_is_by_whole_settings(tmp_path):
  record = record_of(tmp_path, lanes=4, seeds=(0, 1))
  for lane in record.lanes:  # two numbers of two values each
    code = lane["lane"] // 2
    lane["hparams"] |= {"beta": 1.0 + code // 2, "gamma": float(code % 2)}
  ax = drawn(record)["violins"].draw().axes[0]
  names = [label.get_text() for label in ax.get_xticklabels()]
  assert names == [
    "beta\n1, gamma 0", "beta\n1, gamma 1", "beta\n2, gamma 0",
    "beta\n2, gamma 1",
  ]  # fmt: skip
  points = ax.collections[0].get_offsets()[:, 1]
  np.testing.assert_allclose(points, record.scores["mig"][:2])


def test_seeds_alone_are_no_axis(tmp_path):
  shown = drawn(record_of(tmp_path, lanes=1, seeds=(0, 1, 2)))
  assert "scores" not in shown
  assert "violins" in shown


def test_agreement_is_positive_where_metrics_agree_on_the_better(tmp_path):
  record = record_of(tmp_path)  # mig falls and total_correlation rises
  shown = drawn(record)["agreement"]
  names = [t.get_text() for t in shown.draw().axes[0].get_xticklabels()]
  assert names == ["mig", "sap", "dci", "total_correlation"]
  matrix = shown.draw().axes[0].images[0].get_array()
  np.testing.assert_allclose(matrix, np.ones((4, 4)))


def test_kl_caption_says_what_grey_is(tmp_path):
  shown = drawn(record_of(tmp_path))["kl_over_training"]
  assert shown.caption == "Latents that end at 0.01 nats or less are grey."


@pytest.mark.parametrize("kind", ["deterministic", "quantised"])
def test_run_without_a_kl_has_no_rate(tmp_path, kind):
  shown = drawn(record_of(tmp_path, kind=kind))
  assert {"loss_terms", "scores", "agreement"} <= shown.keys()
  assert not {"rate_distortion", "kl_over_training"} & shown.keys()
