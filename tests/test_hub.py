"""The Hub: uploads into a folder, downloads out of it, by functions like it."""

import shutil
import sys
from fnmatch import fnmatch
from types import SimpleNamespace

import jax
import numpy as np
import pytest
from helpers import commands
from helpers.trained import make_evaluated

import dvae_jax
from dvae_jax import hub


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
  folder = tmp_path_factory.mktemp("runs") / "tiny"
  make_evaluated(folder)
  return folder


@pytest.fixture
def place(tmp_path, monkeypatch):
  """A folder that stands for the Hub; its first level is a repository."""
  root = tmp_path / "hub"

  def create_repo(*, repo_id, private, exist_ok):
    assert exist_ok
    (root / repo_id).mkdir(parents=True)
    (root / "private").write_text(str(private))
    return f"https://hub/{repo_id}"

  def upload_folder(*, repo_id, folder_path, ignore_patterns, commit_message):
    assert commit_message
    for path in sorted(hub.Path(folder_path).rglob("*")):
      name = path.relative_to(folder_path).as_posix()
      if path.is_file() and not any(fnmatch(name, p) for p in ignore_patterns):
        target = root / repo_id / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target)

  def upload_file(*, path_or_fileobj, path_in_repo, repo_id):
    (root / repo_id / path_in_repo).write_bytes(path_or_fileobj)

  def snapshot_download(*, repo_id, revision, allow_patterns):
    if not (root / repo_id).is_dir():
      raise OSError(f"401: no {repo_id} at {revision}\nmore")
    # As in huggingface_hub's cache, files are links.
    for path in (root / repo_id).rglob("*"):
      name = path.relative_to(root / repo_id).as_posix()
      if path.is_file() and any(fnmatch(name, p) for p in allow_patterns):
        target = tmp_path / "cache" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.symlink_to(path)
    return str(tmp_path / "cache")

  api = SimpleNamespace(
    create_repo=create_repo, upload_folder=upload_folder,
    upload_file=upload_file,
  )  # fmt: skip
  module = SimpleNamespace(
    HfApi=lambda: api, snapshot_download=snapshot_download
  )
  monkeypatch.setitem(sys.modules, "huggingface_hub", module)
  return root


def test_a_pushed_run_comes_back(trained, place):
  printed = commands.run(
    "dvae_jax.push", f"--workdir={trained}", "--to=me/tiny"
  )
  assert printed == "https://hub/me/tiny\n"
  assert (place / "private").read_text() == "True"
  there = {p.name for p in (place / "me" / "tiny").iterdir()}
  assert {"config.json", "results.jsonl", "codes.npz", "README.md"} <= there
  assert "clouds" not in there
  (kept,) = (place / "me" / "tiny" / "checkpoints").iterdir()
  loaded = dvae_jax.load_run("hf://me/tiny@main")
  own = dvae_jax.load_run(trained)
  assert kept.name == str(own.step) == str(loaded.step)
  jax.tree.map(np.testing.assert_array_equal, own.states, loaded.states)
  # Config and checkpoint, nothing else, are downloaded.
  assert {p.name for p in loaded.workdir.iterdir()} == {
    "config.json", "checkpoints",
  }  # fmt: skip


def test_the_card_says_what_it_is(trained):
  text = hub.card(trained, "me/tiny")
  assert text.startswith("---\nlibrary_name: dvae_jax\n")
  assert 'load_run("hf://me/tiny")' in text
  assert "beta_vae with the mlp_small network and 4 latents on dsprites" in text
  assert "| setting | seeds |" in text


def test_what_the_hub_refuses_is_one_sentence(place):
  with pytest.raises(ValueError, match=r"^hf://: 401: no me/none at v1$"):
    dvae_jax.load_run("hf://me/none@v1")


def test_what_cannot_be_pushed_is_refused(tmp_path, place):
  with pytest.raises(ValueError, match="such as 'user/name' expected"):
    hub.push(tmp_path, "tiny")
  with pytest.raises(ValueError, match="holds no checkpoint"):
    hub.push(tmp_path, "me/tiny")


def test_without_huggingface_hub_the_command_that_installs_it(monkeypatch):
  monkeypatch.setitem(sys.modules, "huggingface_hub", None)
  with pytest.raises(ModuleNotFoundError, match="pip install huggingface_hub"):
    hub.fetch("hf://me/tiny")
