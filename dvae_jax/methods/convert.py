"""The same objective in other codebases' conventions, and back.

Ours: nats per image, summed over pixels and latents, averaged over the batch.
A loss that is a positive multiple of another has the same optimum, and the same
path under Adam as long as Adam's epsilon is negligible: so only the ratios of
its terms are converted.
"""

from collections.abc import Mapping, Sequence
from itertools import combinations
from math import comb

# Name there -> our objective, and our name of each of its hyper-parameters.
DISENTANGLEMENT_LIB = {
  "vae": ("beta_vae", {"beta": "beta"}),
  "annealed_vae": (
    "annealed_vae",
    {
      "gamma": "gamma",
      "c_max": "capacity",
      "iteration_threshold": "annealing_steps",
    },
  ),
  "factor_vae": ("factor_vae_same_batch", {"gamma": "gamma"}),
  "beta_tc_vae": ("beta_tcvae", {"beta": "beta"}),
  "group_vae_argmax": ("ada_gvae", {"beta": "beta"}),
  "mlvae_argmax": ("ada_mlvae_averaged", {"beta": "beta"}),
}


def from_disentanglement_lib(
  model: str, bindings: Mapping[str, float | str]
) -> tuple[str, dict[str, float]]:
  """Our objective and hyper-parameters of a disentanglement_lib model.

  That library (Locatello et al. 2019) sums and averages as we do; names differ,
  DIP-VAE's diagonal weight is a multiple of the other, and beta-TCVAE's total
  correlation lacks the constant (D - 1) log(B N) of our estimator "mws". Its
  `mlvae_argmax` averages precisions, and its `factor_vae` permutes the batch
  that it encodes: departures from the papers, which have rows of their own. It
  counts steps otherwise (`steps_from_disentanglement_lib`), and its pairs are
  others (`changed_factors_of_disentanglement_lib`).

  Args:
    model: name in gin: "vae" (with a beta), "annealed_vae", "factor_vae",
      "dip_vae", "beta_tc_vae", "group_vae_argmax" or "mlvae_argmax".
    bindings: its gin parameters, without the model's name.

  Returns:
    Name in OBJECTIVES, and its hyper-parameters.

  Raises:
    ValueError: unknown model, or other parameters than it has.
  """
  if model == "dip_vae":
    _check_names(model, bindings, ("lambda_od", "lambda_d_factor", "dip_type"))
    lambda_od = float(bindings["lambda_od"])
    lambda_d = lambda_od * float(bindings["lambda_d_factor"])
    kinds = {"i": "dip_vae_i", "ii": "dip_vae_ii"}
    kind = bindings["dip_type"]
    if kind not in kinds:
      raise ValueError(f"dip_type={kind!r}: allowed are {tuple(kinds)}")
    return kinds[str(kind)], {"lambda_od": lambda_od, "lambda_d": lambda_d}
  if model not in DISENTANGLEMENT_LIB:
    allowed = ("dip_vae", *DISENTANGLEMENT_LIB)
    raise ValueError(f"model={model!r}: allowed are {allowed}")
  objective, names = DISENTANGLEMENT_LIB[model]
  _check_names(model, bindings, tuple(names))
  hparams = {names[name]: float(value) for name, value in bindings.items()}
  if objective == "beta_tcvae":
    hparams |= {"alpha": 1.0, "gamma": 1.0}
  return objective, hparams


def steps_from_disentanglement_lib(model: str, training_steps: int) -> int:
  """Our train.steps of that library's `model.training_steps`.

  Both optimizers of its `factor_vae` count their step, so that its 300,000 are
  150,000 updates.

  Args:
    model: name in gin.
    training_steps: as in gin.

  Returns:
    Number of updates of the model.
  """
  return training_steps // 2 if model == "factor_vae" else training_steps


def changed_factors_of_disentanglement_lib(
  k: int, factor_sizes: Sequence[int]
) -> list[float]:
  """In how many factors that library's pairs differ (its `dynamics.k`).

  It redraws one factor or k of them, at even odds; where k is -1, a number from
  1 to K - 1 drawn for the pair stands for k. A redrawn factor takes any of its
  n values, with probability 1/n the one that it had. No value of our
  `data.pair_changes` has that law: our pairs differ in just so many factors (0:
  in a uniform number from 1 to K - 1), and never in none.

  Args:
    k: -1, or 1 to K.
    factor_sizes: number of values of each of the K factors.

  Returns:
    Probabilities of 0, 1, ..., K factors.

  Raises:
    ValueError: another k.
  """
  total = len(factor_sizes)
  if k not in (-1, *range(1, total + 1)):
    raise ValueError(f"k={k}: allowed are -1 and 1 to {total}")
  others = range(1, total) if k == -1 else (k,)
  redrawn = [0.0] * (total + 1)
  for number in others:
    redrawn[1] += 0.5 / len(others)
    redrawn[number] += 0.5 / len(others)
  changed = [0.0] * (total + 1)
  for number, weight in enumerate(redrawn):
    for subset in combinations(factor_sizes, number):
      law = [weight / comb(total, number)]
      for n in subset:  # stays with probability 1/n
        stays, moves = [p / n for p in law], [p * (n - 1) / n for p in law]
        law = [s + m for s, m in zip([*stays, 0], [0, *moves], strict=True)]
      for i, probability in enumerate(law):
        changed[i] += probability
  return changed


def to_disentanglement_lib(
  objective: str, hparams: Mapping[str, float]
) -> tuple[str, dict[str, float | str]]:
  """The inverse of `from_disentanglement_lib`.

  Args:
    objective: name in OBJECTIVES.
    hparams: its hyper-parameters.

  Returns:
    Name of the model in gin, and its parameters.

  Raises:
    ValueError: that library has no such objective.
  """
  if objective in ("dip_vae_i", "dip_vae_ii"):
    if hparams["lambda_od"] == 0 != hparams["lambda_d"]:
      raise ValueError(
        "hparams.lambda_od=0: disentanglement_lib states lambda_d as a multiple"
      )
    return "dip_vae", {
      "lambda_od": hparams["lambda_od"],
      "lambda_d_factor": hparams["lambda_d"] / (hparams["lambda_od"] or 1),
      "dip_type": objective.removeprefix("dip_vae_"),
    }
  if objective == "vae":
    return "vae", {"beta": 1.0}
  if (
    objective == "beta_tcvae" and not hparams["alpha"] == hparams["gamma"] == 1
  ):
    raise ValueError(
      f"hparams.alpha={hparams['alpha']}, hparams.gamma={hparams['gamma']}:"
      " disentanglement_lib's beta-TCVAE has only 1 and 1"
    )
  for model, (name, names) in DISENTANGLEMENT_LIB.items():
    if name == objective:
      return model, {theirs: hparams[ours] for theirs, ours in names.items()}
  raise ValueError(
    f"objective={objective!r}: disentanglement_lib has none that equals it"
  )


def from_pixel_mean(weight: float, *, num_pixels: int) -> float:
  """Our weight of a term beside a reconstruction averaged over pixels.

  latent_quantization (Hsu et al. 2023) and Tripod (Hsu et al. 2024) average so,
  and other terms not: QLAE's 0.01 is 40.96 on images of 64 x 64. It holds for a
  bound on the gradient's components as well.

  Args:
    weight: of the term, against the reconstruction's mean over pixels.
    num_pixels: H W C.

  Returns:
    The weight against the sum over pixels.
  """
  return weight * num_pixels


def from_disent(
  beta_normalised: float, *, latent_dim: int, num_pixels: int
) -> float:
  """Our beta of a loss that averages over pixels and over latents.

  disent and latent_quantization do so; Higgins et al. 2017, section 4.2, call
  it beta_norm = beta D / num_pixels.

  Args:
    beta_normalised: weight of the KL's mean over latents, against the
      reconstruction's mean over pixels.
    latent_dim: D.
    num_pixels: H W C.

  Returns:
    beta, for sums over pixels and latents.
  """
  return beta_normalised * num_pixels / latent_dim


def to_disent(beta: float, *, latent_dim: int, num_pixels: int) -> float:
  """The inverse of `from_disent`."""
  return beta * latent_dim / num_pixels


def from_keras_covariance(
  kl_weight: float,
  entanglement_weight: float,
  *,
  latent_dim: int,
  num_pixels: int,
) -> dict[str, float]:
  """Hyper-parameters of `covariance_vae` for the Keras covariance code.

  Its loss is the mean cross-entropy over pixels, plus kl_weight times the mean
  over latents of mean^2 + s^2 - log s^2 - 1 (no 1/2), plus entanglement_weight
  times the mean over pairs of |mean_i mean_j|. Times num_pixels that is ours:
  beta = 2 kl_weight num_pixels / D, gamma = entanglement_weight num_pixels.

  Args:
    kl_weight: 1e-3 there, 8e-3 in the variant with sample weights.
    entanglement_weight: 1e-4 there.
    latent_dim: D, 3 there.
    num_pixels: H W C, 65,536 there.

  Returns:
    {"beta", "gamma"}.
  """
  return {
    "beta": 2 * kl_weight * num_pixels / latent_dim,
    "gamma": entanglement_weight * num_pixels,
  }


def to_keras_covariance(
  beta: float, gamma: float, *, latent_dim: int, num_pixels: int
) -> dict[str, float]:
  """The inverse: {"kl_weight", "entanglement_weight"}."""
  return {
    "kl_weight": beta * latent_dim / (2 * num_pixels),
    "entanglement_weight": gamma / num_pixels,
  }


def _check_names(model: str, bindings, names: tuple[str, ...]) -> None:
  if set(bindings) != set(names):
    raise ValueError(
      f"{model}: parameters {tuple(bindings)}, but it has {names}"
    )
