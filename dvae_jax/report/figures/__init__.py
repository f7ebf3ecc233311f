"""Arrays in, Matplotlib figure out: one function for each picture.

The figures use Matplotlib's object interface: nothing here touches pyplot, a
backend or rcParams, so they may be drawn in threads and on machines without a
display. Charts are drawn on white, `report.charts` gives them a page's colours;
image grids are transparent, with captions in a grey that reads on white and on
black. A `width` is in inches: texts keep their size.
"""

from dvae_jax.report.figures.curves import (
  agreement,
  anomaly_histograms,
  loss_terms,
  rank_correlations,
  rate_distortion,
  score_against,
  score_violins,
)
from dvae_jax.report.figures.images import (
  animation,
  interpolations,
  reconstructions,
  samples,
  save_gif,
  shown,
  tile,
  to_uint8,
  traversal_animation,
  traversals,
  walk,
)
from dvae_jax.report.figures.kls import kl_over_training
from dvae_jax.report.figures.latents import (
  cloud_limits,
  factor_matrix,
  mean_response,
  posterior_cloud,
  unit_selectivity,
)
from dvae_jax.report.figures.style import Usage, ranked, usage

__all__ = [
  "Usage",
  "agreement",
  "animation",
  "anomaly_histograms",
  "cloud_limits",
  "factor_matrix",
  "interpolations",
  "kl_over_training",
  "loss_terms",
  "mean_response",
  "posterior_cloud",
  "rank_correlations",
  "ranked",
  "rate_distortion",
  "reconstructions",
  "samples",
  "save_gif",
  "score_against",
  "score_violins",
  "shown",
  "tile",
  "to_uint8",
  "traversal_animation",
  "traversals",
  "unit_selectivity",
  "usage",
  "walk",
]
