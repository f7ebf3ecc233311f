"""Encoders and decoders: `NETWORKS[name](image_shape, relu)`."""

from dvae_jax.networks import architectures, residual, styled
from dvae_jax.networks.architectures import RELUS, Architecture, Critic

__all__ = ["NETWORKS", "RELUS", "Architecture", "Critic"]

NETWORKS = {
  **architectures.NETWORKS,
  **styled.NETWORKS,
  **residual.NETWORKS,
}
