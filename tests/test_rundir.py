"""A run directory's files: whole or not there, refused when of another kind."""

import hashlib
import json
import multiprocessing
import re
import subprocess
import sys

import jax.numpy as jnp
import numpy as np
import pytest

from dvae_jax import rundir


@pytest.mark.parametrize(
  ("content", "wanted"),
  [("a\u00e9", b"a\xc3\xa9"), (b"\0", b"\0"), (lambda f: f.write(b"x"), b"x")],
)
def test_write_replaces_a_file_and_leaves_nothing_else(
  tmp_path, content, wanted
):
  path = tmp_path / "file"
  path.write_text("old")
  rundir.write_atomic(path, content)
  assert path.read_bytes() == wanted
  assert list(tmp_path.iterdir()) == [path]


def test_failed_write_keeps_the_old_file(tmp_path):
  path = tmp_path / "file"
  path.write_text("old")

  def half(file):
    file.write(b"new")
    assert path.read_text() == "old"  # no reader sees half of it
    raise RuntimeError("full disk")

  with pytest.raises(RuntimeError, match="full disk"):
    rundir.write_atomic(path, half)
  assert path.read_text() == "old"
  assert list(tmp_path.iterdir()) == [path]


def test_arrays_of_numpy_and_jax_become_lists():
  value = {
    1: np.float32(0.5),
    "a": (jnp.arange(2), np.bool_(True)),
    "b": [np.array([[np.nan, -np.inf]]), float("inf"), np.float64("nan"), None],
  }
  assert rundir.plain(value) == {
    "1": 0.5,
    "a": [[0, 1], True],
    "b": [[[None, None]], None, None, None],
  }


def test_json_has_no_infinities():
  found = rundir.to_json({"a": np.float32("nan"), "b": [float("inf"), 1]})
  assert json.loads(found) == {"a": None, "b": [None, 1]}


def test_lines_come_back_and_a_cut_one_does_not(tmp_path):
  path = tmp_path / "metrics.jsonl"
  assert rundir.read_jsonl(path) == []
  rundir.write_jsonl(path, [{"a": 1}, {"a": np.float32(2)}])
  with path.open("a") as file:
    file.write('{"a": 3}')  # the end of its line isn't written yet
  assert rundir.read_jsonl(path) == [{"a": 1}, {"a": 2.0}]


@pytest.mark.parametrize("content", ["", '{"step": 1}\n', '{"step": 1}\n{"st'])
def test_a_log_that_lacks_lines_is_not_cut_further(tmp_path, content):
  path = tmp_path / "metrics.jsonl"
  rundir.truncate_jsonl(path, 2, 2)  # there is none: it begins late
  path.write_text(content)
  with pytest.raises(ValueError, match=r"ends at step [01], and all of step 2"):
    rundir.truncate_jsonl(path, 2, 2)
  assert path.read_text() == content


def test_objects_and_lines_carry_their_digest(tmp_path):
  rundir.write_json(tmp_path / "a.json", {"a": [1, {"b": 0.1}]})
  text = (tmp_path / "a.json").read_text()
  body = text[: text.rindex(",")].encode()
  digest = hashlib.blake2b(body, digest_size=8).hexdigest()
  assert json.loads(text) == {"a": [1, {"b": 0.1}], "digest": digest}
  assert rundir.read_json(tmp_path / "a.json") == {"a": [1, {"b": 0.1}]}
  assert json.loads(rundir.to_line({"a": 1})).keys() == {"a", "digest"}


def edited(old, new):
  return lambda text: text.replace(old, new)


@pytest.mark.parametrize(
  ("change", "words"),
  [
    (edited('"a": 2', '"a": 3'), "line 2: isn't what was written"),
    (edited('{"a": 1', '{"a": 2'), "line 1: isn't what was written"),
    (lambda text: text.split("\n", 1)[1], "line 1: .* or a line is missing"),
    (lambda text: text[:-5], "line 2: ends early"),
    (lambda text: "", "line 1: ends early"),
    (edited('{"a": 2', '{"a" 2'), "line 2: isn't JSON"),
    (edited('"a": 2', "\udc80"), "line 2: isn't text"),
    (lambda text: "[1]\n" + text, "line 1: a list found, an object"),
    (lambda text: '{"b": 1}\n', "line 1: has no 'a'"),
    (lambda text: '{"a": true}\n', "'a' is 'True', a whole number needed"),
    (lambda text: "[" * 100_000 + "\n", "isn't JSON"),
  ],
)
def test_a_damaged_line_is_named_with_what_to_do(tmp_path, change, words):
  path = tmp_path / "results.jsonl"
  rundir.write_jsonl(path, [{"a": 1}, {"a": 2}])
  damaged = change(path.read_text())
  path.write_bytes(damaged.encode(errors="surrogateescape"))
  with pytest.raises(ValueError, match=words) as refused:
    rundir.read_jsonl(path, {"a": int})
  (sentence,) = str(refused.value).splitlines()
  assert sentence.startswith(f"{path}, line")
  assert sentence.endswith("; remove it and evaluate again")


def test_a_line_cut_short_is_no_damage_of_a_file_that_grows(tmp_path):
  path = tmp_path / "metrics.jsonl"
  rundir.write_jsonl(path, [{"a": 1}, {"a": 2}], grows=True)
  path.write_text(path.read_text()[:-5])
  assert rundir.read_jsonl(path) == [{"a": 1}]
  with path.open("w") as file:
    file.write(rundir.to_line({"a": 1}) + rundir.to_line({"a": 2}))
  assert rundir.read_jsonl(path) == [{"a": 1}, {"a": 2}]


def test_lines_after_a_step_are_dropped(tmp_path):
  path = tmp_path / "metrics.jsonl"
  path.write_text('{"step": 1}\n{"step": 2}\n{"step": 3}\n{"st')
  rundir.truncate_jsonl(path, 2, 2)
  assert rundir.read_jsonl(path) == [{"step": 1}, {"step": 2}]


def test_differences_name_nested_fields_and_missing_ones():
  old = {"a": {"b": 1, "c": 2}, "d": 3}
  new = {"a": {"b": 1, "c": 4}, "e": {"f": 5}}
  assert rundir.differences(old, new) == [
    "a.c was 2, now 4", "d was 3, now None", "e was None, now {'f': 5}",
  ]  # fmt: skip


def test_config_comes_back_with_its_format(tmp_path):
  rundir.write_config(tmp_path, {"config": {"sweep": (1, 2)}, "data": {}})
  assert rundir.read_config(tmp_path) == {
    "format": 2,
    "config": {"sweep": [1, 2]},
    "data": {},
  }


def test_folder_without_a_config_holds_no_run(tmp_path):
  with pytest.raises(ValueError, match=r"holds no run \(no config\.json"):
    rundir.read_config(tmp_path)


@pytest.mark.parametrize(("about", "found"), [({}, 1), ({"format": 3}, 3)])
def test_files_of_another_format_are_refused_in_one_sentence(
  tmp_path, about, found
):
  (tmp_path / "config.json").write_text(json.dumps({"config": {}} | about))
  with pytest.raises(ValueError, match=f"format {found}.*format 2") as error:
    rundir.read_config(tmp_path)
  (line,) = str(error.value).splitlines()
  for words in (str(tmp_path), "another --workdir", "install the version"):
    assert re.search(re.escape(words), line)


def _try_lock(folder, refused):
  try:
    with rundir.locked(folder):
      pass
  except ValueError as error:
    refused.put(str(error))
  else:
    refused.put("")


def test_lock_holds_against_another_process_until_it_is_left(tmp_path):
  context = multiprocessing.get_context("spawn")
  refused = context.Queue()

  def attempt():
    other = context.Process(target=_try_lock, args=(tmp_path, refused))
    other.start()
    other.join()
    return refused.get()

  with rundir.locked(tmp_path):
    assert "in use by another process" in attempt()
  assert attempt() == ""


def test_folder_that_cannot_be_made_is_refused(tmp_path):
  (tmp_path / "file").write_text("")
  with (
    pytest.raises(ValueError, match="can't be written"),
    rundir.locked(tmp_path / "file" / "run"),
  ):
    pass


def test_no_jax_is_imported():
  code = "import sys, dvae_jax.rundir; assert 'jax' not in sys.modules"
  subprocess.run([sys.executable, "-c", code], check=True)
