"""Images made whole by a model: noise taken away, missing pixels filled in."""

from collections.abc import Callable

import numpy as np

from dvae_jax.downstream.linear import Components, project, restore
from dvae_jax.runs import Run

Project = Callable[[np.ndarray], np.ndarray]  # images -> images of a model


def through_model(run: Run, lane: int = 0) -> Project:
  """images (B, H, W, C) -> what the model decodes from their codes."""
  return lambda images: run.decode(run.encode(images, lane), lane)


def through_components(components: Components) -> Project:
  """images -> their projection on principal components, in [0, 1]."""

  def nearest(images):
    flat = restore(project(images, components), components)
    return flat.reshape(images.shape).clip(0, 1)

  return nearest


def denoise(images: np.ndarray, model: Project) -> np.ndarray:
  """What a model makes of noisy images, (B, H, W, C).

  Vincent et al. 2008 (doi:10.1145/1390156.1390294) train for it; here the model
  saw clean images only, and noise is what it can't say.

  Args:
    images: (B, H, W, C).
    model: such as `through_model(run)`.
  """
  return model(np.asarray(images, np.float32))


def inpaint(
  images: np.ndarray,
  seen: np.ndarray,
  model: Project,
  *,
  fill: np.ndarray | float = 0.5,
  rounds: int = 20,
) -> np.ndarray:
  """Fills missing pixels with what a model decodes, again and again.

  Rezende et al. 2014 (arXiv:1401.4082), appendix F: the image is encoded and
  decoded, the decoded pixels replace the missing ones, and so on. Theirs draws
  z and pixels; here both are means, so that the answer is one image.

  Args:
    images: (B, H, W, C); what is missing isn't read.
    seen: booleans that broadcast to the images: which pixels are known.
    model: such as `through_model(run)`.
    fill: what missing pixels are at first, a number or an image.
    rounds: of encoding and decoding.

  Returns:
    (B, H, W, C), with the known pixels as they were.
  """
  found = np.where(seen, images, fill).astype(np.float32)
  for _ in range(rounds):
    found = np.where(seen, images, model(found)).astype(np.float32)
  return found
