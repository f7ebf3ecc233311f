"""Tables of a study are read back by the libraries that read such files."""

import io

import pytest

from dvae_jax.report import formats

ROWS = [["run", "seed", "mig"], ["a_b", "0", "0.25"], ["c", "1", ""]]


def test_parquet_has_numbers_words_and_gaps():
  pandas = pytest.importorskip("pandas")
  pytest.importorskip("pyarrow")
  table = pandas.read_parquet(io.BytesIO(formats.to_parquet(ROWS)))
  assert list(table.columns) == ROWS[0]
  assert list(table.run) == ["a_b", "c"]
  assert list(table.seed) == [0, 1]
  assert table.mig[0] == 0.25
  assert pandas.isna(table.mig[1])


def test_a_column_of_words_and_numbers_is_words():
  pandas = pytest.importorskip("pandas")
  pytest.importorskip("pyarrow")
  rows = [["setting"], ["beta 4"], ["7"]]
  table = pandas.read_parquet(io.BytesIO(formats.to_parquet(rows)))
  assert list(table.setting) == ["beta 4", "7"]


def test_text_has_columns_as_wide_as_their_cells():
  assert formats.to_text(ROWS) == "run  seed  mig\na_b  0     0.25\nc    1"
