"""python -m dvae_jax.rotate: codes in, codes and scores out."""

import re

import numpy as np
import pytest

from dvae_jax.metrics.files import read_arrays
from dvae_jax.rotate import main

TURN = np.array([[0.8, 0.6], [-0.6, 0.8]])


def arrays(lanes=0):
  """A grid of two factors whose codes lie askew."""
  factors = np.stack(np.meshgrid(range(12), range(12)), -1).reshape(-1, 2)
  factors = np.repeat(factors, 5, axis=0)
  noise = np.random.default_rng(0).normal(size=factors.shape)
  codes = ((factors / 11 + 0.01 * noise) @ TURN).astype(np.float32)
  found = {"factors": factors, "factor_names": np.array(["x", "y"])}
  if not lanes:
    return {**found, "codes": codes, "logvars": np.zeros_like(codes)}
  means = np.stack([codes * (lane + 1) for lane in range(lanes)])
  held_out = np.arange(len(codes)) % 3 == 0
  return {
    **found,
    "means": means,
    "kl": np.ones((lanes, 2)),
    "held_out": held_out,
  }


def saved(path, **found):
  np.savez(path, **found)
  return str(path)


def test_ica_turns_a_grid_back(tmp_path, capsys):
  source = saved(tmp_path / "codes.npz", **arrays())
  assert main([source, "--method=ica", "--metrics=mig,mcc"]) == 0
  shown = capsys.readouterr().out
  before, after = map(float, re.search(r"mig +(\S+) -> (\S+)", shown).groups())
  assert before < 0.3 < 0.7 < after
  written = read_arrays(tmp_path / "codes_ica.npz")
  assert set(written) == {"codes", "factors", "factor_names"}
  correlation = np.corrcoef(written["codes"].T, arrays()["factors"].T)[:2, 2:]
  assert np.abs(correlation).max(1).min() > 0.99
  assert main([source, "--method=ica"]) == 2
  assert "codes_ica.npz exists" in capsys.readouterr().err


def test_every_lane_of_a_run_is_turned_by_what_was_not_held_out(
  tmp_path, capsys
):
  found = arrays(lanes=2)
  hidden = found["held_out"]
  found["means"][:, hidden] += 100.0  # what a fit must not see
  saved(tmp_path / "codes.npz", **found)
  assert main([str(tmp_path), "--method=pca", "--metrics=sap"]) == 0
  shown = capsys.readouterr().out
  assert len(re.findall(r"^lane [01] +sap", shown, re.MULTILINE)) == 2
  assert re.search(r"^mean +sap .* -> .* to ", shown, re.MULTILINE)
  written = read_arrays(tmp_path / "codes_pca.npz")
  assert written["means"].shape == found["means"].shape
  one, other = written["means"][:, ~hidden]
  np.testing.assert_allclose(other, 2 * one, 1e-3, 1e-5)
  np.testing.assert_allclose(one.mean(0), 0, atol=1e-5)


@pytest.mark.parametrize(
  ("options", "words"),
  [
    (["--metrics=mgi"], "'mgi' found"),
    (["--metrics=mig_exact"], "logvars: missing.*a rotation has only codes"),
  ],
)
def test_refusals_name_what_was_found(tmp_path, capsys, options, words):
  source = saved(tmp_path / "codes.npz", **arrays())
  assert main([source, "--method=varimax", *options]) == 2
  assert re.search(words, capsys.readouterr().err)
  assert not (tmp_path / "codes_varimax.npz").exists()


def test_codes_without_factors_are_turned_and_not_scored(tmp_path, capsys):
  source = saved(tmp_path / "a.npz", codes=arrays()["codes"])
  out = tmp_path / "b.npz"
  assert main([source, "--method=varimax", f"--out={out}"]) == 0
  assert capsys.readouterr().out == f"Wrote {out}.\n"
  assert set(read_arrays(out)) == {"codes"}
