"""Decodes what the report shows, once, into `pictures.npz`.

Everything is made from one random sample of the data set's images and from
posterior means in NumPy, so a report can be drawn again on any machine.
"""

from pathlib import Path

import numpy as np

from dvae_jax import rundir
from dvae_jax.report.figures import order_by_kl, to_uint8

SAMPLE = 512  # images that errors, clouds and KLs are taken from
SHOWN = 5  # images in each group of reconstructions
BATCH = 128  # images per call of encode and decode, so that one compile serves
VALUES = np.linspace(-2.0, 2.0, 9, dtype=np.float32)  # of a traversal
GRID_IMAGES = 5000  # in the interactive grids of all lanes together
GRIDS = ((4, 7), (4, 5), (3, 7), (3, 5))  # (latents, values of each)


def write(run, *, seed: int = 0) -> Path:
  """Writes `pictures.npz` into a run's directory, atomically.

  Arrays, with L lanes, D latents and images of H x W x C uint8:
  `lanes` (L,), `kl` (L, D) nats over the sample, `means` (L, n, D),
  `factors` (n, K) and `factor_names` where there are factors;
  `originals`, `reconstructions` (L, 3, P, H, W, C) and `errors` (L, 3, P): the
  best, median and worst of the sample; `bases` (2, H, W, C), `traversals`
  (L, 2, D, V, H, W, C) from their posterior means and `prior_traversals`
  (L, D, V, H, W, C) at `values` (V,); `samples` (L, 48, H, W, C);
  `interpolations` (L, 4, 11, H, W, C); `walks` (L, 16, H, W, C) along
  `walk_paths` (L, 16, 2) in `walk_latents` (L, 2); `usual`, `unusual` (L, n)
  scores of `anomaly_names` (2,); `grids` (L, v^a, H, W, C), latent
  `grid_latents` (L, a) taking `grid_values` (v,), the last one fastest, all
  other latents at the first base's means.

  Args:
    run: what `load_run` returns.
    seed: of the sample and of the prior's draws.

  Returns:
    The file.
  """
  rng = np.random.default_rng(seed)
  shared, images, unusual = _shared(run, rng)
  lanes = [
    _of_lane(run, lane, images, unusual, np.random.default_rng(seed))
    for lane in range(len(run.lanes))
  ]
  stacked = {
    name: np.stack([lane[name] for lane in lanes]) for name in lanes[0]
  }
  path = Path(run.workdir) / rundir.PICTURES
  rundir.write_atomic(
    path, lambda file: np.savez_compressed(file, **shared, **stacked)
  )
  return path


def sample_kl(run, lane: int, *, seed: int = 0) -> np.ndarray:
  """KL per latent (D,) in nats, over a random sample of the images."""
  rng = np.random.default_rng(seed)
  size = min(SAMPLE, run.dataset.num_images)
  indices = rng.choice(run.dataset.num_images, size, replace=False)
  return _encode(run, lane, run.render(indices))[1].mean(0)


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
    "indices": indices,
    "bases": to_uint8(images[:2]),
    "values": VALUES,
    "grid_values": _steps(_grid_shape(run)[1]),
    "anomaly_names": np.array(names),
  }
  factors = _factors(dataset, indices)
  if factors is not None:
    shared["factors"] = factors
    shared["factor_names"] = np.array(dataset.factor_names)
  return shared, images, unusual


def _factors(dataset, indices) -> np.ndarray | None:
  if len(dataset.factor_sizes):
    return np.stack(np.unravel_index(indices, dataset.factor_sizes), axis=-1)
  return None if dataset.factors is None else dataset.factors[indices]


def _grid_shape(run) -> tuple[int, int]:
  """The finest grid whose images fit the budget: (latents, values of each)."""
  most = run.config["latent_dim"]
  shapes = [(min(latents, most), values) for latents, values in GRIDS]
  budget = GRID_IMAGES / len(run.lanes)
  return next((s for s in shapes if s[1] ** s[0] <= budget), shapes[-1])


def _steps(number: int) -> np.ndarray:
  return np.linspace(-2.0, 2.0, number, dtype=np.float32)


def _of_lane(run, lane, images, unusual, rng) -> dict[str, np.ndarray]:
  """Everything that one lane contributes."""
  mean, kl = _encode(run, lane, images)
  other, other_kl = _encode(run, lane, unusual)
  latents, values = _grid_shape(run)
  order = order_by_kl(kl.mean(0))
  points = {
    "sample": mean,
    "others": other,
    "traversals": axis_traversals(mean[:2], VALUES),
    "prior_traversals": axis_traversals(np.zeros_like(mean[:1]), VALUES)[0],
    "samples": rng.standard_normal((48, mean.shape[1]), np.float32),
    "interpolations": lines(mean[0:8:2], mean[1:9:2], 11),
    "walks": in_plane(mean[0], order[:2], circle()),
    "grids": latent_grid(mean[0], order[:latents], _steps(values)),
  }
  decoded = _decode(run, lane, points)
  likelihood = run.config["likelihood"]
  reconstructed = decoded.pop("sample")
  errors = image_errors(images, reconstructed, likelihood)
  other_errors = image_errors(unusual, decoded.pop("others"), likelihood)
  return {
    **_extremes(images, reconstructed, errors),
    **{name: to_uint8(part) for name, part in decoded.items()},
    "kl": kl.mean(0),
    "means": mean,
    "walk_paths": circle()[:, : len(order)],
    "walk_latents": order[:2],
    "grid_latents": order[:latents],
    "usual": errors + kl.sum(1),
    "unusual": other_errors + other_kl.sum(1),
  }


def _encode(run, lane, images):
  """Means (B, D) and KLs per latent (B, D), in chunks of one shape.

  An autoencoder has no variance: one stands in, so that the KL, then half the
  squared code, still ranks the latents by use.
  """
  parts = [run.encode(chunk, lane) for chunk in _chunks(np.asarray(images))]
  mean, logvar = (
    np.concatenate(part)[: len(images)] for part in zip(*parts, strict=True)
  )
  if run.config["objective"] == "autoencoder":
    logvar = np.zeros_like(logvar)
  return mean, 0.5 * (mean**2 + np.exp(logvar) - logvar - 1)


def _decode(run, lane, points: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
  """Decodes arrays of codes (..., D) into images (..., H, W, C), together."""
  latents = next(iter(points.values())).shape[-1]
  flat = np.concatenate([z.reshape(-1, latents) for z in points.values()])
  images = np.concatenate([run.decode(z, lane) for z in _chunks(flat)])
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
  shown = min(SHOWN, len(ranked))
  middle = (len(ranked) - shown) // 2
  rows = np.stack(
    [ranked[:shown], ranked[middle : middle + shown], ranked[-shown:]]
  )
  return {
    "originals": to_uint8(images[rows]),
    "reconstructions": to_uint8(decoded[rows]),
    "errors": errors[rows],
  }


def image_errors(images, decoded, likelihood: str) -> np.ndarray:
  """Negative log-likelihood of each image under its decoded mean.

  Args:
    images: (B, H, W, C) in [0, 1].
    decoded: (B, H, W, C) in [0, 1].
    likelihood: "bernoulli", or "gaussian" of variance 1/2, whose constant is
      left out.

  Returns:
    (B,) nats. A probability counts as at least 1e-7: in float32 the decoder's
    sigmoid saturates there.
  """
  x, p = np.asarray(images, np.float64), np.asarray(decoded, np.float64)
  if likelihood == "gaussian":
    nats = (x - p) ** 2
  else:
    p = np.clip(p, 1e-7, 1 - 1e-7)
    nats = -(x * np.log(p) + (1 - x) * np.log1p(-p))
  return nats.reshape(len(x), -1).sum(1)


def axis_traversals(mean, values) -> np.ndarray:
  """Codes with one latent set to each value: (B, D), (S,) -> (B, D, S, D)."""
  latents = mean.shape[1]
  z = np.tile(mean[:, None, None], (1, latents, len(values), 1))
  for latent in range(latents):
    z[:, latent, :, latent] = values
  return z


def lines(start, end, number: int) -> np.ndarray:
  """Points of the straight lines between codes: (P, D) twice -> (P, S, D)."""
  share = np.linspace(0, 1, number, dtype=start.dtype)[:, None]
  return start[:, None] * (1 - share) + end[:, None] * share


def circle(radius: float = 1.5, number: int = 16) -> np.ndarray:
  """Points on a circle in a plane of the latent space, (S, 2)."""
  angle = np.linspace(0, 2 * np.pi, number, endpoint=False)
  return radius * np.stack([np.cos(angle), np.sin(angle)], -1)


def in_plane(mean, latents, path) -> np.ndarray:
  """A code (D,) whose one or two `latents` follow a path (S, 2) -> (S, D)."""
  z = np.tile(mean, (len(path), 1))
  z[:, latents] = path[:, : len(latents)]
  return z


def latent_grid(mean, latents, values) -> np.ndarray:
  """A code (D,) whose A latents take all combinations of V values: (V^A, D).

  The last latent varies fastest.
  """
  points = np.meshgrid(*[values] * len(latents), indexing="ij")
  z = np.tile(mean, (points[0].size, 1))
  z[:, latents] = np.stack(points, -1).reshape(-1, len(latents))
  return z
