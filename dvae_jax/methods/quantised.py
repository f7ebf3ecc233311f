"""Methods whose latents take few values: QLAE."""

import jax.numpy as jnp
from jax import Array
from jax.lax import stop_gradient

from dvae_jax.methods.objective import Objective, Penalty, Scalar
from dvae_jax.methods.posteriors import Quantised, quantised
from dvae_jax.methods.shapes import Float


def qlae(
  q: Quantised, z: Float[Array, "B D"], *, quantise: Scalar, commit: Scalar
) -> Penalty:
  """Draws codebook and encoder to each other (Hsu et al. 2023, eq. 3).

  quantise mean_d (sg(raw) - code)^2 + commit mean_d (raw - sg(code))^2, sg
  without gradient: the first moves the codebook alone, the second the encoder
  alone. The paper weighs both by 0.01 beside a mean over H x W x C pixels; in
  nats per image that is 0.01 H W C: `convert.from_latent_quantization`.

  Args:
    q: Quantised, (B, D).
    z: not used.
    quantise, commit: weights.

  Returns:
    (B,) nats per image, and the mean squared distance (B,) to log.
  """
  to_codebook = jnp.mean((stop_gradient(q.raw) - q.code) ** 2, axis=1)
  to_encoder = jnp.mean((q.raw - stop_gradient(q.code)) ** 2, axis=1)
  penalty = quantise * to_codebook + commit * to_encoder
  return penalty, {"distance": to_codebook}


OBJECTIVES = {"qlae": Objective(qlae, quantised)}
