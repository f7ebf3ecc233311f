"""People's own tables of numbers."""

import numpy as np
import pytest
from helpers.official_files import load

pytestmark = pytest.mark.usefixtures("cache")
CSV = "width,factor:kind,length\n1,b,10\n3,a,30\n2,b,10\n"


def rows(dataset):
  indices = np.arange(dataset.num_images)
  return np.asarray(dataset.render(dataset.arrays, indices))


def write(tmp_path, text):
  path = tmp_path / "own.csv"
  path.write_text(text)
  return path


def test_columns_are_scaled_and_can_be_scaled_back(tmp_path):
  dataset = load("table", dir=str(write(tmp_path, CSV)))
  assert dataset.image_shape == (1, 2, 1)
  assert dataset.notes["columns"] == ["width", "length"]
  found = rows(dataset)[:, 0, :, 0]
  # 1, 3, 2 from 1 to 3 are 0, 1, 1/2; 10, 30, 10 are 0, 1, 0.
  np.testing.assert_array_equal(found, [[0, 0], [1, 1], [0.5, 0]])
  low, high = (np.array(dataset.notes[n]) for n in ("low", "high"))
  back = low + found * (high - low)
  np.testing.assert_allclose(back, [[1, 10], [3, 30], [2, 10]])


def test_marked_columns_are_factors(tmp_path):
  dataset = load("table", dir=str(write(tmp_path, CSV)))
  assert dataset.factor_names == ("kind",)
  assert dataset.factor_values == (("a", "b"),)
  assert dataset.factors.tolist() == [[1], [0], [1]]
  thinned = load("table", dir=str(write(tmp_path, CSV)), stride=(2,))
  assert rows(thinned)[:, 0, 0, 0].tolist() == [1.0]


def test_a_constant_column_is_zero(tmp_path):
  dataset = load("table", dir=str(write(tmp_path, "a,b\n7,1\n7,2\n")))
  assert rows(dataset)[:, 0, :, 0].tolist() == [[0, 0], [0, 1]]


def test_numpys_files_are_tables(tmp_path):
  vectors = np.random.default_rng(0).normal(size=(4, 3))
  np.save(tmp_path / "own.npy", vectors)
  grid = np.array([[1, 0], [0, 1], [0, 0], [1, 1]])
  np.savez(tmp_path / "own.npz", vectors=vectors, factors=grid)
  plain = load("table", dir=str(tmp_path / "own.npy"))
  ordered = load("table", dir=str(tmp_path / "own.npz"))
  assert ordered.factor_sizes == (2, 2)
  # All combinations make a grid: rows in the order of their factors.
  np.testing.assert_array_equal(rows(ordered), rows(plain)[[2, 1, 0, 3]])


@pytest.mark.parametrize(
  ("text", "words"),
  [
    ("a,b\n1,2\n1,x\n", r"own.csv, line 3: .*'x'.*numbers in all but"),
    ("a,b\n1,2\n1\n", r"line 3: .*needed: 2 cells"),
    ("a,b\n1,2\n1,nan\n", r"row 1, column 1 \(from 0\) is nan"),
    ("a,a\n1,2\n", "different names"),
    ("a,b\n", "0 lines"),
    ("factor:a\n1\n", r"shape \(1, 0\); needed"),
  ],
)
def test_what_is_no_table_is_refused(tmp_path, text, words):
  with pytest.raises(ValueError, match=words):
    load("table", dir=str(write(tmp_path, text)))


def test_other_files_and_fields_are_refused(tmp_path):
  (tmp_path / "own.xlsx").write_text("")
  with pytest.raises(ValueError, match=r"needed: one of \.csv, \.npy, \.npz"):
    load("table", dir=str(tmp_path / "own.xlsx"))
  with pytest.raises(ValueError, match="a table has neither"):
    load("table", dir=str(write(tmp_path, CSV)), resolution=8)
