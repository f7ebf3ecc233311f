"""A file outside the package adds rows to its registries."""

import pytest
from helpers import commands

import dvae_jax
from dvae_jax.metrics import METRICS, Metric
from dvae_jax.registration import register_first

TEXT = """
from dvae_jax.metrics import METRICS, Metric
METRICS[{name!r}] = Metric(len, better="low", reads="codes")
"""


@pytest.fixture
def file(tmp_path):
  def write(name):
    path = tmp_path / f"{name}.py"
    path.write_text(TEXT.format(name=name))
    return path

  return write


def test_a_file_is_run_for_its_rows(file):
  dvae_jax.register(file("first"))
  assert METRICS["first"] == Metric(len, better="low", reads="codes")


def test_files_come_out_of_the_arguments_wherever_they_stand(file):
  first, second = file("first"), file("second")
  others = register_first(
    ["list", f"--register={first}", "--dir", "x", "--register", str(second)]
  )
  assert others == ["list", "--dir", "x"]
  assert {"first", "second"} <= set(METRICS)


def test_no_argument_is_taken_for_a_short_form(file):
  assert register_first([f"--reg={file('first')}", "--out=x"]) == [
    f"--reg={file('first')}",
    "--out=x",
  ]
  assert "first" not in METRICS


@pytest.mark.parametrize("name", ["missing.py", "", "."])
def test_what_is_no_file_is_refused(tmp_path, name):
  with pytest.raises(ValueError, match=r"--register: .* is no Python file"):
    dvae_jax.register(tmp_path / name)


def test_refusals_are_one_line():
  for module in ("data", "metrics", "report", "study"):
    arguments = {"report": ["--workdir=x"], "study": ["x"]}.get(module, [])
    with pytest.raises(SystemExit, match=r"--register: none\.py is no"):
      commands.run(f"dvae_jax.{module}", *arguments, "--register=none.py")
