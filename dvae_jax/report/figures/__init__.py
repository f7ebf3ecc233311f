"""Arrays in, Matplotlib figure out: one function for each picture.

The figures use Matplotlib's object interface: nothing here touches pyplot, a
backend or rcParams, so they may be drawn in threads and on machines without a
display. Charts are drawn on white, image grids on nothing, with captions in a
grey that reads on white and on black; `report.charts` gives both a page's
colours. A `width` is in inches: texts keep their size. Where margins are known
beforehand (`style.framed`, `grids`) there is no layout to compute, which is
what a figure costs most.
"""

from dvae_jax.report.figures.curves import (
  anomaly_histograms,
  loss_terms,
  rate_distortion,
  score_against,
  score_violins,
)
from dvae_jax.report.figures.grids import (
  interpolations,
  reconstructions,
  samples,
  traversals,
)
from dvae_jax.report.figures.images import (
  moving_webp,
  save_gif,
  shown,
  tile,
  to_uint8,
  traversal_animation,
  walk,
)
from dvae_jax.report.figures.kls import kl_over_training
from dvae_jax.report.figures.latents import (
  cloud_history,
  cloud_limits,
  mean_response,
  posterior_cloud,
  unit_selectivity,
)
from dvae_jax.report.figures.matrices import (
  agreement,
  factor_matrix,
  rank_correlations,
)
from dvae_jax.report.figures.style import Usage, ranked, usage

__all__ = [
  "Usage",
  "agreement",
  "anomaly_histograms",
  "cloud_history",
  "cloud_limits",
  "factor_matrix",
  "interpolations",
  "kl_over_training",
  "loss_terms",
  "mean_response",
  "moving_webp",
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
