"""CelebA, aligned and cropped (Liu et al. 2015).

Its authors ask that the images are not passed on; they are fetched by hand.
"""

from pathlib import Path

import numpy as np

from dvae_jax.data.dataset import Dataset
from dvae_jax.data.entries import TfdsCopy
from dvae_jax.data.formats import archives, image_files, storage
from dvae_jax.data.formats.packing import Header

SHAPE = (218, 178, 3)
NUM_IMAGES = 202_599
CROP = "crop148"
_ATTRIBUTES = """
5_o_Clock_Shadow Arched_Eyebrows Attractive Bags_Under_Eyes Bald Bangs Big_Lips
Big_Nose Black_Hair Blond_Hair Blurry Brown_Hair Bushy_Eyebrows Chubby
Double_Chin Eyeglasses Goatee Gray_Hair Heavy_Makeup High_Cheekbones Male
Mouth_Slightly_Open Mustache Narrow_Eyes No_Beard Oval_Face Pale_Skin
Pointy_Nose Receding_Hairline Rosy_Cheeks Sideburns Smiling Straight_Hair
Wavy_Hair Wearing_Earrings Wearing_Hat Wearing_Lipstick Wearing_Necklace
Wearing_Necktie Young
"""
ATTRIBUTES = tuple(_ATTRIBUTES.split())
CHECKSUMS = {
  "img_align_celeba.zip": "sha256:"
  "46fb89443c578308acf364d7d379fe1b9efb793042c0af734b6112e4fd3a8c74",
  "list_eval_partition.txt": "sha256:"
  "fc955bcb3ef8fbdf7d5640d9a8693a8431b5f2ee291a5c1449a1549e7e073fe7",
  "list_attr_celeba.txt": "sha256:"
  "f0e5da289d5ccf75ffe8811132694922b60f2af59256ed362afa03fefba324d0",
}
BY_HAND = (
  "open https://mmlab.ie.cuhk.edu.hk/projects/CelebA.html, accept its terms,"
  " download img_align_celeba.zip, list_eval_partition.txt and"
  " list_attr_celeba.txt into one folder, then run: python -m dvae_jax.data"
  " prepare celeb_a --from=FOLDER"
)


TFDS = TfdsCopy(
  lambda counts: header(sum(counts), np.arange(counts[0], sum(counts))),
  SHAPE,
  tuple(f"attributes/{name}" for name in ATTRIBUTES),
  splits=("train", "validation", "test"),
  side=image_files.DEFAULT_SIDE,
  crop=CROP,
  adjustable=True,
)


def header(
  num_images: int,
  held_out: np.ndarray,
  attributes: tuple[str, ...] = ATTRIBUTES,
) -> Header:
  """What CelebA is; official validation and test images are held out."""
  return Header(
    image_shape=SHAPE,
    num_images=num_images,
    factor_names=attributes,
    factor_values=(("no", "yes"),) * len(attributes),
    held_out=held_out,
  )


def prepare(
  path: Path, directory: Path, *, num_images: int = NUM_IMAGES
) -> None:
  """Prepares the user's download.

  Args:
    path: a folder with list_eval_partition.txt, list_attr_celeba.txt and either
      img_align_celeba.zip, which is unpacked into the prepared folder, or the
      folder img_align_celeba, which must stay where it is.
    directory: the prepared folder.
    num_images: how many there must be.

  Raises:
    FileNotFoundError: a file is missing.
    ValueError: one is damaged, or they don't belong together.
  """
  names, partition = read_partition(path / "list_eval_partition.txt")
  attributes, table = read_attributes(path / "list_attr_celeba.txt", names)
  if len(names) != num_images:
    raise ValueError(f"{path} lists {len(names)} images; needed: {num_images}")
  held_out = np.flatnonzero(partition != 0)
  head = header(len(names), held_out, attributes)._replace(factors=table)
  with storage.atomic_directory(directory) as fresh:
    archive = path / "img_align_celeba.zip"
    folder = path / "img_align_celeba"
    if archive.exists():
      archives.extract(archive, fresh, lambda name: name.endswith(".jpg"))
      folder, root = fresh / "img_align_celeba", "img_align_celeba"
    else:
      root = str(folder.resolve())
    found = {file.name for file in folder.iterdir()} if folder.is_dir() else ()
    missing = [name for name in names if name not in found]
    if missing:
      raise ValueError(
        f"{path} lacks {len(missing)} images, first img_align_celeba/"
        f"{missing[0]}"
      )
    image_files.write(fresh, head, root, names)


def read_partition(path: Path) -> tuple[list[str], np.ndarray]:
  """File names, and 0, 1, 2 for training, validation and test images."""
  with storage.reading(path, "list"):
    lines = [line.split() for line in path.read_text().splitlines() if line]
  if not lines or any(len(n) != 2 or n[1] not in "012" for n in lines):
    raise ValueError(f"{path} needs lines of a file name and 0, 1 or 2")
  names, parts = zip(*lines, strict=True)
  return list(names), np.array(parts).astype(int)


def read_attributes(
  path: Path, names: list[str]
) -> tuple[tuple[str, ...], np.ndarray]:
  """Names of the attributes, and (N, K) 0 or 1 in the order of `names`."""
  with storage.reading(path, "list"):
    lines = path.read_text().splitlines()
  attributes = tuple(lines[1].split()) if len(lines) > 1 else ()
  rows = {line.split()[0]: line.split()[1:] for line in lines[2:] if line}
  values = {value for row in rows.values() for value in row}
  lengths = {len(row) for row in rows.values()}
  if lengths != {len(attributes)} or not values <= {"1", "-1"}:
    raise ValueError(
      f"{path} needs a count, the attributes' names, then lines of a file name"
      " and 1 or -1 for each"
    )
  if set(rows) != set(names):
    raise ValueError(f"{path} lists other images than list_eval_partition.txt")
  table = np.array([rows[name] for name in names]) == "1"
  return attributes, table.astype(np.int32)


def load(config) -> Dataset:
  """CelebA as prepared, at `config.crop` and `config.resolution`."""
  return image_files.load_prepared(config, crop=CROP)
