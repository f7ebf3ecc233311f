"""`python -m dvae_jax.data`: list, prepare and show."""

import numpy as np
import pytest
from helpers.official_files import idx_files
from PIL import Image

from dvae_jax.data import DATASETS, Dataset, DatasetEntry, load, sources
from dvae_jax.data import __main__ as cli
from dvae_jax.data.formats import storage
from dvae_jax.data.official import mpi3d

pytestmark = pytest.mark.usefixtures("cache")


def test_list_names_every_set_its_factors_size_sources_and_licence(capsys):
  assert cli.main(["list"]) == 0
  text = capsys.readouterr().out
  for name in DATASETS:
    assert f"{name}: " in text
  assert "737,280 images of 64 x 64 x 1" in text
  assert "shape 3, scale 6, orientation 40, posX 32, posY 32" in text
  assert "sources: tfds, file; licence: MIT" in text
  assert "no; python -m dvae_jax.data prepare smallnorb" in text


def test_list_shows_a_new_row_of_one_field(monkeypatch, capsys):
  bars = Dataset("bars", "rendered", (8, 8, 1), 6, ("a", "b"), (2, 3), (), None)
  monkeypatch.setitem(DATASETS, "bars", DatasetEntry(lambda config: bars))
  assert cli.main(["list"]) == 0
  assert capsys.readouterr().out.endswith(
    "bars: 6 images of 8 x 8 x 1\n"
    "  factors: a 2, b 3\n"
    "  sources: rendered; licence: none stated\n"
    "  ready here: rendered\n"
  )
  assert load({"name": "bars"}) is bars


def test_ones_own_images_are_ready_where_dir_names_them(tmp_path):
  assert "ready here: no; set data.dir" in cli.describe("npz")
  assert "ready here: no; set data.dir" in cli.describe("npz", "missing")
  assert "ready here: file" in cli.describe("npz", str(tmp_path))


def test_list_says_what_is_ready(tmp_path):
  assert "ready here: no;" in cli.describe("mnist")
  idx_files(tmp_path)
  assert cli.main(["prepare", "mnist", f"--from={tmp_path}"]) == 0
  assert "ready here: file" in cli.describe("mnist")
  assert "ready here: no;" in cli.describe("mnist", str(tmp_path))


def test_prepare_writes_below_dir(tmp_path, capsys):
  idx_files(tmp_path)
  there = tmp_path / "there"
  flags = ["prepare", "mnist", f"--from={tmp_path}", f"--dir={there}"]
  assert cli.main(flags) == 0
  target = there / "mnist" / "prepared"
  assert capsys.readouterr().out.endswith(f"prepared {target}\n")
  assert (target / "meta.json").exists()
  assert not storage.cache_dir().exists()


@pytest.mark.parametrize(
  ("flags", "message"),
  [
    (["prepare", "mnist", "--from=none"], "error: there is no none\n"),
    (["prepare", "cars3d"], "error: nothing downloads cars3d: download nips"),
    (["prepare", "faces3d"], "error: nothing downloads faces3d: ask for the"),
    (["prepare", "petals", "--from=."], "error: petals is prepared from no"),
    (
      ["show", "cars3d", "--out=x.png"],
      "error: data.name: cars3d is not prepared in",
    ),
  ],
)
def test_errors_are_one_sentence(capsys, flags, message):
  assert cli.main(flags) == 1
  error = capsys.readouterr().err
  assert error.startswith(message)
  assert error.count("\n") == 1


def test_an_unknown_name_is_refused(capsys):
  with pytest.raises(SystemExit):
    cli.main(["prepare", "imagenet"])
  assert "invalid choice: 'imagenet'" in capsys.readouterr().err


def test_what_needs_no_preparing_says_so(capsys):
  for name in ("petals", "digits"):
    assert cli.main(["prepare", name]) == 0
    assert f"{name} needs no preparing" in capsys.readouterr().out


def shown(name, tmp_path, *flags):
  path = tmp_path / "contact.png"
  assert cli.main(["show", name, f"--out={path}", *flags]) == 0
  with Image.open(path) as image:
    return np.asarray(image.convert("L"))


def test_show_draws_a_row_of_images_for_each_factor(tmp_path):
  sheet = shown("dsprites", tmp_path)
  # Five rows of ten images, of which shape has 3 and scale 6; paper is white.
  black = (sheet < 50).mean()
  assert 0.3 < black < 0.7


def test_show_draws_labelled_and_streamed_sets(tmp_path):
  idx_files(tmp_path, counts=(30, 10))
  sources.prepare("mnist", file=tmp_path)
  digits = shown("mnist", tmp_path)
  images = np.zeros((96, 64, 64, 3), np.uint8)
  np.savez(tmp_path / "mpi3d_toy.npz", images=images)
  target = storage.prepared_dir("mpi3d_toy")
  sizes = ((2, 2, 2, 1, 3, 2, 2),)
  mpi3d.prepare(tmp_path / "mpi3d_toy.npz", target, sizes=sizes)
  sheet = shown("mpi3d_toy", tmp_path)
  assert digits.shape[0] > sheet.shape[0]  # ten labels, seven factors


def test_rows_of_a_contact_sheet_change_one_factor():
  dataset = load({"name": "dsprites", "stride": (1, 2, 4, 8, 8)})
  rows = dict(cli._rows(dataset))
  assert list(rows) == [
    "shape (3)",
    "scale (3)",
    "orientation (10)",
    "posX (4)",
    "posY (4)",
  ]
  for k, indices in enumerate(rows.values()):
    factors = np.unravel_index(indices, dataset.factor_sizes)
    assert len(np.unique(factors[k])) == len(indices)
    for other in range(5):
      if other != k:
        assert set(factors[other]) == {dataset.factor_sizes[other] // 2}
