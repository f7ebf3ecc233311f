"""Decodes what the report shows, once, into `pictures.npz`.

Everything is made from one random sample of the data set's images and from
their codes in NumPy, so a report can be drawn again on any machine. What a
posterior has no meaning for is left out: KLs, draws from a prior.
"""

from functools import partial
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED

import numpy as np

from dvae_jax import arrays, rundir
from dvae_jax.report import paths
from dvae_jax.report.figures import Usage, shown, usage

SAMPLE = 512  # images that errors, clouds and KLs are taken from
SHOWN = 5  # images in each group of reconstructions
DRAWN = 48  # draws from the prior
BATCH = 128  # images per call of encode and decode, so that one compile serves
GRID_IMAGES = 10_000  # in the interactive grids of all lanes together
GRIDS = ((4, 9), (3, 9), (2, 9))  # (latents, values of each)


def write(run, *, seed: int = 0) -> Path:
  """Writes `pictures.npz` into a run's directory, atomically.

  Arrays, with L lanes, D latents and images of H x W x C uint8:
  `lanes` (L,), `discrete` (); `codes` (L, n, D) of the sample's n images at
  `indices` (n,), their `spread` (L, D), a standard deviation; `factors` (n, K)
  and `factor_names` where there are factors;
  `originals`, `reconstructions` (L, 3, P, H, W, C) and `errors` (L, 3, P): the
  best, median and worst of the sample; `base` (H, W, C), `traversals`
  (L, D, V, H, W, C) from its code at `values` (L, D, V);
  `interpolations` (L, 4, 11, H, W, C); `usual`, `unusual` (L, n) nats of
  `anomaly_names` (2,): -ELBO where there is a KL, else the reconstruction;
  `grids` (L, v^a, H, W, C), latent `grid_latents` (L, a) taking `grid_values`
  (L, a, v), the last one fastest, all other latents at the base's code.

  With a KL: `kl` (L, D) nats over the sample. With a prior: `samples` (L,
  DRAWN, H, W, C) and `prior_traversals` (L, D, V, H, W, C) from the middle of
  `values`; unless codes are discrete, `walks` (L, 16, H, W, C) along
  `walk_paths` (L, 16, 2) in `walk_latents` (L, 2).

  Args:
    run: what `load_run` returns.
    seed: of the sample and of the prior's draws.

  Returns:
    The file.
  """
  shared, images, unusual = _shared(run, np.random.default_rng(seed))
  numbers = range(len(run.lanes))
  with np.errstate(invalid="ignore", over="ignore"):  # of diverged lanes
    lanes = [_of_lane(run, lane, images, unusual, seed) for lane in numbers]
  found: dict[str, Any] = shared | {
    name: np.stack([lane[name] for lane in lanes]) for name in lanes[0]
  }
  path = Path(run.workdir) / rundir.PICTURES
  arrays.write(path, found, compression=ZIP_DEFLATED)
  return path


def sample_codes(run, lane: int, *, seed: int = 0) -> tuple[np.ndarray, Usage]:
  """Codes (n, D) of a random sample of the images, and the latents' usage."""
  rng = np.random.default_rng(seed)
  size = min(SAMPLE, run.dataset.num_images)
  images = run.render(rng.choice(run.dataset.num_images, size, replace=False))
  return _encode(run, lane, images)[::2]


def _encode(run, lane: int, images):
  """Codes (n, D), KLs (n, D) or None, and the latents' usage."""
  codes = _in_chunks(partial(run.encode, lane=lane), images)
  kl = _in_chunks(partial(run.kl, lane=lane), images)
  mean_kl = None if kl is None else kl.mean(0)
  return codes, kl, usage(mean_kl, codes.std(0))


def _shared(run, rng):
  """What all lanes have in common, the sample, and unusual images."""
  dataset, held_out = run.dataset, run.dataset.held_out
  size = min(SAMPLE, dataset.num_images)
  indices = np.sort(rng.choice(dataset.num_images, size, replace=False))
  if held_out is not None and len(held_out):
    indices = np.setdiff1d(indices, held_out)
    unusual = run.render(np.asarray(held_out)[:size])
    names = ("training images", "held-out images")
  indices = rng.permutation(indices)
  images = run.render(indices)
  if held_out is None or not len(held_out):
    unusual = np.maximum(images, np.roll(images, 1, axis=0))
    names = ("images", "two images in one")
  shared = {
    "lanes": np.arange(len(run.lanes)),
    "discrete": np.array(run.discrete),
    "indices": indices,
    "base": shown(images[0]),
    "anomaly_names": np.array(names),
    **_factors(dataset, indices),
  }
  return shared, images, unusual


def _factors(dataset, indices) -> dict[str, np.ndarray]:
  """Factors of the sample that take more than one value, and their names."""
  if len(dataset.factor_sizes):
    factors = np.stack(np.unravel_index(indices, dataset.factor_sizes), axis=-1)
  elif dataset.factors is not None:
    factors = dataset.factors[indices]
  else:
    return {}
  vary = np.ptp(factors, axis=0) > 0
  if not vary.any():  # such as a label of which one value is kept
    return {}
  names = np.array(dataset.factor_names)[vary]
  return {"factors": factors[:, vary], "factor_names": names}


def _grid_shape(run) -> tuple[int, int]:
  """The finest grid whose images fit the budget: (latents, values of each)."""
  most = run.config["latent_dim"]
  shapes = [(min(latents, most), values) for latents, values in GRIDS]
  budget = GRID_IMAGES / len(run.lanes)
  return next((s for s in shapes if s[1] ** s[0] <= budget), shapes[-1])


def _of_lane(run, lane, images, unusual, seed) -> dict[str, np.ndarray]:
  """Everything that one lane contributes."""
  codes, kl, use = _encode(run, lane, images)
  latents, number = _grid_shape(run)
  moved = use.order()[:latents]
  values = run.traversal_values(codes)
  grid_values = run.traversal_values(codes, number=number)[moved]
  prior, walk = _from_prior(run, use, codes[0], values, seed)
  decoded = _decode(
    run,
    lane,
    {
      "sample": codes,
      "traversals": paths.one_at_a_time(codes[:1], values)[0],
      "interpolations": paths.lines(codes[0:8:2], codes[1:9:2], 11),
      "grids": paths.latent_grid(codes[0], moved, grid_values),
      **prior,
    },
  )
  reconstruction = partial(run.reconstruction, lane=lane)
  errors = _in_chunks(reconstruction, images)
  others = _in_chunks(reconstruction, unusual)
  bound = {"usual": errors, "unusual": others}
  if kl is not None:
    other_kl = _in_chunks(partial(run.kl, lane=lane), unusual)
    bound = {
      "usual": errors + kl.sum(1),
      "unusual": others + other_kl.sum(1),
      "kl": use.amount,
    }
  return {
    **_extremes(images, decoded.pop("sample"), errors),
    **{name: shown(part) for name, part in decoded.items()},
    **bound,
    **walk,
    "codes": codes,
    "spread": codes.std(0),
    "values": values,
    "grid_latents": moved,
    "grid_values": grid_values,
  }


def _from_prior(run, use: Usage, code, values, seed):
  """Codes that only a prior gives, to be decoded, and the walk's own arrays."""
  draws = run.prior(DRAWN, seed=seed)
  if draws is None:
    return {}, {}
  middle = values[:, values.shape[1] // 2].astype(np.float32)
  points = {
    "samples": draws,
    "prior_traversals": paths.one_at_a_time(middle[None], values)[0],
  }
  if run.discrete or len(middle) < 2:
    return points, {}
  plane = use.order()[:2]
  path = paths.circle(values[plane, 0], values[plane, -1])
  points["walks"] = paths.in_plane(code, plane, path)
  return points, {"walk_paths": path, "walk_latents": plane}


def _in_chunks(function, rows: np.ndarray):
  """A function of BATCH rows applied to all of them; None where it is None."""
  parts = [function(chunk) for chunk in _chunks(np.asarray(rows))]
  return None if parts[0] is None else np.concatenate(parts)[: len(rows)]


def _decode(run, lane, points: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
  """Decodes arrays of codes (..., D) into images (..., H, W, C), together."""
  latents = next(iter(points.values())).shape[-1]
  flat = np.concatenate([z.reshape(-1, latents) for z in points.values()])
  images = _in_chunks(partial(run.decode, lane=lane), flat)
  decoded, start = {}, 0
  for name, z in points.items():
    stop = start + z.size // latents
    shape = (*z.shape[:-1], *images.shape[1:])
    decoded[name] = images[start:stop].reshape(shape)
    start = stop
  return decoded


def _chunks(rows: np.ndarray):
  """Yields BATCH rows at a time; the last chunk is filled up with its end."""
  for start in range(0, len(rows), BATCH):
    chunk = rows[start : start + BATCH]
    yield np.concatenate([chunk, chunk[-1:].repeat(BATCH - len(chunk), 0)])


def _extremes(images, decoded, errors) -> dict[str, np.ndarray]:
  """The best, median and worst SHOWN images of the sample."""
  ranked = np.argsort(errors, kind="stable")
  size = min(SHOWN, len(ranked))
  middle = (len(ranked) - size) // 2
  rows = np.stack(
    [ranked[:size], ranked[middle : middle + size], ranked[-size:]]
  )
  return {
    "originals": shown(images[rows]),
    "reconstructions": shown(decoded[rows]),
    "errors": errors[rows],
  }
