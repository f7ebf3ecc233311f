"""Linear symmetry-based disentanglement of cyclic factors."""

import numpy as np

from dvae_jax.metrics.sampling import group_rest

FREQUENCIES = np.arange(11)
# Factors that come around, by name, where another factor of this name is there:
# dSprites' orientation does, that of Shapes3D doesn't.
CYCLIC = (
  ("floor_hue", "wall_hue"),
  ("wall_hue", "floor_hue"),
  ("object_hue", "floor_hue"),
  ("orientation", "posX"),
  ("azimuth", "object"),
  ("azimuth", "category"),
)


def d_lsbd(
  codes: np.ndarray,
  factors: np.ndarray,
  *,
  rng: np.random.Generator,
  factor_names: tuple[str, ...] = (),
  cyclic: tuple[str, ...] | None = None,
) -> dict[str, float | str]:
  """How far the codes are from turning when a cyclic factor turns.

  Tonnaer et al. 2022 (arXiv:2011.06070), section 4, as the authors compute it
  for objects that turn: for each cyclic factor and each object, a combination
  of the factors that aren't cyclic, the codes less their mean over the factor
  are projected to their two principal axes, scaled to unit size there, turned
  back by -w times the angle, and spread around their mean by the score: 0 for a
  perfect rotation, 1 for none. Averaged over objects and cyclic factors; each
  factor's frequency w, from 0 to 10, is the one that scores least. An object
  turns either way (principal axes have no handedness; the authors take one sign
  for all objects, which is the same for one object). Codes that don't move with
  the factor score 1 (the authors divide by zero).

  Angles are 2 pi i / n of n values; where the last value gives the codes of the
  first, as dSprites' orientation does (its values 0 and 39 are the same angle),
  2 pi i / (n - 1), and the last is left out.

  Args:
    codes: (N, D) codes.
    factors: (N, K) integers, a grid.
    rng: not used.
    factor_names: K names.
    cyclic: names of the cyclic factors; those known by name (see CYCLIC) if
      None.

  Returns:
    "d_lsbd", 0 to 1, lower is better; "d_lsbd_<factor>" of each cyclic factor;
    and "variant".

  Raises:
    ValueError: no factor is cyclic, one of them isn't there, or the rows aren't
      a grid of the cyclic factors.
  """
  del rng
  columns = _cyclic_columns(factor_names, cyclic)
  if codes.shape[1] == 1:  # a plane needs two axes
    codes = np.pad(codes, [(0, 0), (0, 1)])
  codes, factors, periods = _drop_repeats(codes, factors, columns)
  key = np.delete(factors, columns, axis=1)
  objects = group_rest(np.pad(key, [(0, 0), (0, 1)]), key.shape[1])
  if (objects.size != np.prod(periods)).any():
    named = [factor_names[k] for k in columns]
    raise ValueError(f"factors: the rows are not a grid of {named}")
  floor = 1e-9 * float(np.linalg.norm(codes - codes.mean(0)))
  scores = {}
  for k, period in zip(columns, periods, strict=True):
    angles = 2 * np.pi * factors[:, k] / period
    moved = _less_mean(codes, factors, k)
    spread = [
      _spreads(moved[rows], angles[rows], floor)
      for rows in np.split(objects.order, objects.start[1:])
    ]
    scores[f"d_lsbd_{factor_names[k]}"] = float(np.mean(spread, axis=0).min())
  turns = zip(columns, periods, strict=True)
  told = ", ".join(f"{factor_names[k]} of {n}" for k, n in turns)
  return {
    "d_lsbd": float(np.mean(list(scores.values()))),
    **scores,
    "variant": f"tonnaer2022, {len(objects.size)} objects, {told}",
  }


def _cyclic_columns(names, cyclic) -> list[int]:
  if cyclic is None:
    cyclic = dict.fromkeys(n for n, other in CYCLIC if {n, other} <= set(names))
  missing = [name for name in cyclic if name not in names]
  if missing or not cyclic:
    raise ValueError(
      f"d_lsbd: {missing or 'no cyclic factor'} among {tuple(names)}; it reads"
      " factors that come around, such as dSprites' orientation"
    )
  return [names.index(name) for name in cyclic]


def _drop_repeats(codes, factors, columns) -> tuple:
  """Leaves out a factor's last value where its codes are those of the first."""
  periods = []
  for k in columns:
    last = factors[:, k].max()
    order = group_rest(factors, k).order
    ends = [order[factors[order, k] == value] for value in (0, last)]
    first, final = (codes[rows] for rows in ends)
    repeats = last > 1 and first.shape == final.shape
    if repeats:
      size = np.abs(codes - codes.mean(0)).max()
      repeats = bool(np.abs(first - final).max() <= 1e-5 * size)
    if repeats:
      kept = factors[:, k] < last
      codes, factors = codes[kept], factors[kept]
    periods.append(int(last) + (0 if repeats else 1))
  return codes, factors, periods


def _less_mean(codes, factors, k) -> np.ndarray:
  """Codes less their mean over factor k, all others fixed."""
  groups = group_rest(factors, k)
  sums = np.add.reduceat(codes.take(groups.order, 0), groups.start)
  return codes - (sums / groups.size[:, None])[groups.value]


def _spreads(moved, angles, floor: float) -> np.ndarray:
  """The score of one object for each frequency.

  Args:
    moved: (n, D) codes less their mean: they sum to 0.
    angles: (n,).
    floor: size of codes that count as not moving.
  """
  left, sizes, _ = np.linalg.svd(moved, full_matrices=False)
  if sizes[0] <= floor:
    return np.ones(len(FREQUENCIES))
  # Variances of 1/2 on each axis, with n - 1 in them as the authors have it.
  plane = left[:, :2] * np.sqrt((len(moved) - 1) / 2)
  plane[:, sizes[:2] <= 1e-9 * sizes[0]] = 0.0
  points = plane[:, 0] + 1j * plane[:, 1]
  turns = np.exp(-1j * FREQUENCIES[:, None] * angles)
  # Mean square around the mean, of both ways to turn.
  mean = np.maximum(
    *(np.abs((points * t).mean(1)) for t in (turns, turns.conj()))
  )
  return np.maximum((np.abs(points) ** 2).mean() - mean**2, 0.0)
