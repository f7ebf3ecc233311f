"""Methods that make the support of the codes a product: the Hausdorff VAE."""

from itertools import combinations

import jax
import jax.numpy as jnp
from jax import Array
from jax.lax import stop_gradient
from jax.nn import relu

from dvae_jax.methods.densities import gaussian_kl
from dvae_jax.methods.objective import Objective, Penalty, Scalar
from dvae_jax.methods.posteriors import Gaussian
from dvae_jax.methods.shapes import Float, PRNGKeyArray

MOST_PAIRS = 25  # of latents, a step, as the authors draw them


def hausdorff_vae(
  q: Gaussian,
  z: Float[Array, "B D"],
  *,
  key: PRNGKeyArray,
  beta: Scalar,
  gamma: Scalar,
  scale: Scalar,
) -> Penalty:
  """beta KL + gamma sum of distances + scale times what spread is missing.

  Roth et al. 2023 (arXiv:2210.07347), as in the authors' loss
  `factorizedsupportvae`: `distance_to_product` over at most 25 pairs of latents
  drawn anew in every step. The last term, which keeps codes from shrinking
  instead, is sum_d max(0, 1 - std_d) over the batch; the authors' code takes it
  over the latents of each image.

  Args:
    q: Gaussian, (B, D).
    z: not used.
    key: draws the pairs.
    beta, gamma, scale: weights.

  Returns:
    (B,) nats per image, and the KL (B,), the sum of the distances () and what
    spread is missing () to log.
  """
  kl = gaussian_kl(q.mean, q.logvar)
  pairs = [*combinations(range(q.mean.shape[1]), 2)]
  every = jnp.array(pairs, jnp.int32).reshape(-1, 2)
  drawn = jax.random.permutation(key, every)[:MOST_PAIRS]
  distance = distance_to_product(q.mean, drawn).sum()
  missing = relu(1.0 - jnp.sqrt(q.mean.var(axis=0) + 1e-6)).sum()
  penalty = beta * kl + gamma * distance + scale * missing
  return penalty, {"kl": kl, "distance": distance, "missing_spread": missing}


def distance_to_product(
  codes: Float[Array, "B D"], pairs: Array
) -> Float[Array, " P"]:
  """How far codes are from occurring in every combination, a pair at a time.

  Roth et al. 2023 (arXiv:2210.07347), for two latents: the Hausdorff distance
  from the product of their supports to their joint support, max over
  combinations (a_i, b_j) of min over images n of (a_i - a_n)^2 + (b_j - b_n)^2.
  Gradients reach both: without those of the combinations, the authors say,
  training diverges.

  Args:
    codes: (B, D).
    pairs: (P, 2) int32, two latents each.

  Returns:
    (P,) squared distances.
  """
  a, b = codes[:, pairs[:, 0]].T, codes[:, pairs[:, 1]].T  # (P, B)
  squares = lambda x: (x[:, :, None] - x[:, None]) ** 2
  first, second = (squares(stop_gradient(x)) for x in (a, b))
  # Only the farthest combination and its nearest image have a gradient.
  nearest = (first[:, :, :, None] + second[:, :, None]).min(axis=1)
  farthest = nearest.reshape(len(pairs), len(codes) ** 2).argmax(axis=1)
  i, j = jnp.divmod(farthest, len(codes))
  pair = jnp.arange(len(pairs))
  n = (first[pair, :, i] + second[pair, :, j]).argmin(axis=1)
  return (a[pair, i] - a[pair, n]) ** 2 + (b[pair, j] - b[pair, n]) ** 2


OBJECTIVES = {"hausdorff_vae": Objective(hausdorff_vae)}
