"""Encoders and decoders: `NETWORKS[name](image_shape, relu)`."""

from dvae_jax.networks.architectures import (
  NETWORKS,
  RELUS,
  Architecture,
  Critic,
)

__all__ = ["NETWORKS", "RELUS", "Architecture", "Critic"]
