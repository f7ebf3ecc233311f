"""Arrays in, Matplotlib figure out: one function for each picture.

The figures use Matplotlib's object interface: nothing here touches pyplot, a
backend or rcParams, so they may be drawn in threads and on machines without a
display. Charts are drawn on white; image grids are transparent, with captions
in a grey that reads on white and on black.
"""

from dvae_jax.report.figures.curves import (
  agreement,
  anomaly_histograms,
  kl_over_training,
  loss_terms,
  rank_correlations,
  rate_distortion,
  score_against,
  score_violins,
  separation,
)
from dvae_jax.report.figures.images import (
  animation,
  interpolations,
  reconstructions,
  samples,
  save_gif,
  tile,
  to_uint8,
  traversal_animation,
  traversals,
  walk,
)
from dvae_jax.report.figures.latents import (
  factor_matrix,
  mean_response,
  posterior_cloud,
  posterior_cloud_3d,
  unit_selectivity,
)
from dvae_jax.report.figures.style import INACTIVE_KL, order_by_kl

__all__ = [
  "INACTIVE_KL",
  "agreement",
  "animation",
  "anomaly_histograms",
  "factor_matrix",
  "interpolations",
  "kl_over_training",
  "loss_terms",
  "mean_response",
  "order_by_kl",
  "posterior_cloud",
  "posterior_cloud_3d",
  "rank_correlations",
  "rate_distortion",
  "reconstructions",
  "samples",
  "save_gif",
  "score_against",
  "score_violins",
  "separation",
  "tile",
  "to_uint8",
  "traversal_animation",
  "traversals",
  "unit_selectivity",
  "walk",
]
