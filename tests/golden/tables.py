"""Twenty tables of codes for which golden/metrics_peers.json holds values of the peers' own code."""

import numpy as np

SIZES = (4, 6, 10, 8, 8)
ROWS = 5000  # of those metrics that read a sample: see `sample`


def grid(sizes=SIZES):
  """All factor combinations, row-major, (N, K) int."""
  axes = np.meshgrid(*[np.arange(s) for s in sizes], indexing="ij")
  return np.stack(axes, -1).reshape(-1, len(sizes))


def quantise(codes, levels):
  """Equally wide levels between each column's ends, at most `levels` values."""
  low, high = codes.min(0), codes.max(0)
  return np.rint((codes - low) / (high - low) * (levels - 1)) / (levels - 1) - 0.5


def tables(seed=5):
  """Returns the factors (N, K) and {name: (codes (N, D), discrete)}."""
  rng = np.random.default_rng(seed)
  factors = grid()
  n = len(factors)
  unit = (factors / (np.array(SIZES) - 1) - 0.5) * 2

  def noise(scale, columns=6):
    return rng.normal(size=(n, columns)) * scale

  own = np.concatenate([unit, np.zeros((n, 1))], 1) + noise(0.05)
  turned = own @ np.linalg.qr(rng.normal(size=(6, 6)))[0]
  both = 0.7 * unit[:, 3:4] + 0.7 * unit[:, 4:5]
  dead = np.concatenate([unit[:, :3], both, noise(0.01, 2)], 1) + noise(0.02)
  copies = np.concatenate([unit[:, :2], unit[:, :2], np.sin(3 * unit[:, 2:4])], 1)
  copies = copies + noise(0.1)
  random = noise(1.0)
  parts = np.stack([own, turned, copies, random])
  parts = parts / parts.std(1, keepdims=True)
  mixed = [np.tensordot(w, parts, 1) for w in rng.dirichlet(np.full(4, 0.5), 4)]
  values = np.take_along_axis(
    np.stack([rng.permutation(10) for _ in SIZES]), factors.T, 1
  ).T / 10
  continuous = {
    "own": own,
    "turned": turned,
    "dead": dead,
    "copies": copies,
    "noise": random,
    **{f"mixed {i}": codes for i, codes in enumerate(mixed)},
    "cubed": own**3,
    "three latents": turned[:, :3],
    "scaled": own * (3.0, 1.0, 0.3, 10.0, 1.0, 1.0),
  }
  discrete = {
    "own, 10 values": quantise(own, 10),
    "own, 2 values": quantise(own, 2),
    "turned, 10 values": quantise(turned, 10),
    "copies, 4 values": quantise(copies, 4),
    "mixed 0, 3 values": quantise(mixed[0], 3),
    "mixed 1, 10 values": quantise(mixed[1], 10),
    "noise, 5 values": quantise(random, 5),
    "values out of order": values,
  }
  return factors, {k: (v, False) for k, v in continuous.items()} | {
    k: (v, True) for k, v in discrete.items()
  }


def sample(seed=0):
  """Rows (ROWS,) of a table that metrics read which read a sample."""
  return np.random.default_rng(seed).permutation(np.prod(SIZES))[:ROWS]


def models(seed=7):
  """Codes (1000, 5) and KLs (5,) of 20 models for udr: half of them aligned."""
  rng = np.random.default_rng(seed)
  latents = rng.uniform(-1, 1, (1000, 3))
  codes, kls = [], []
  for number in range(20):
    turn = np.linalg.qr(rng.normal(size=(3, 3)))[0] if number % 2 else np.eye(3)
    live = latents @ turn + 0.1 * rng.normal(size=latents.shape)
    order = rng.permutation(5)
    dead = 0.1 * rng.normal(size=(1000, 2))
    codes.append(np.hstack([live, dead])[:, order] * rng.choice([-2, 1], 5))
    # Some models have an uninformative latent more.
    third = 0.001 if number % 5 == 0 else 1.0
    kls.append(np.array([3.0, 2.0, third, 0.001, 0.0])[order])
  return codes, kls


def orbits():
  """Rows (50, 10): for 50 values of the other factors, all ten of the third one."""
  rows = np.moveaxis(np.arange(np.prod(SIZES)).reshape(SIZES), 2, -1)
  return rows.reshape(-1, 10)[::31]
