"""What an image becomes: families of q(z|x), each decided here once.

A family's functions pass on `q`, a NamedTuple of arrays with B rows, and only
they look inside it. Training, evaluation, files and reports ask the family.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import flax.linen as nn
import jax
import jax.numpy as jnp
from jax import Array
from jax.lax import stop_gradient

from dvae_jax.methods.densities import gaussian_kl_per_latent
from dvae_jax.methods.shapes import Float, PRNGKeyArray
from dvae_jax.networks.layers import Dense, glorot_uniform


class Prior(NamedTuple):
  """What codes are drawn from to generate images.

  Attributes:
    draw: (key, (n, D)) -> z (n, D).
    low, high: a traversal moves a latent from one to the other.
  """

  draw: Callable
  low: float
  high: float


class Posterior(NamedTuple):
  """One family of q(z|x).

  Attributes:
    head: (latent_dim, kernel_init) -> Flax module: (features (B, F), *,
      hyper-parameters) -> q. It may own parameters, such as a codebook.
    draw: (key, q, *, hyper-parameters) -> z (B, D), decoded in training.
    code: q -> (B, D), what metrics read and what stands for an image.
    logvar: q -> (B, D) log variances; None where q isn't Gaussian.
    kl: q -> (B, D) KL to the prior of each latent, in nats; None where there is
      no such thing: then no ELBO either.
    prior: None where nothing is known to draw codes from.
    discrete: whether a latent's codes take few different values.
  """

  head: Callable[..., nn.Module]
  draw: Callable[..., Array]
  code: Callable[[Any], Array]
  logvar: Callable[[Any], Array] | None = None
  kl: Callable[[Any], Array] | None = None
  prior: Prior | None = None
  discrete: bool = False


class Gaussian(NamedTuple):
  """N(mean, exp(logvar)) of each latent, both (B, D)."""

  mean: Array
  logvar: Array


class Point(NamedTuple):
  """A code without noise, (B, D)."""

  code: Array


class Quantised(NamedTuple):
  """What the encoder says and the value next to it, both (B, D)."""

  raw: Array
  code: Array


class Categorical(NamedTuple):
  """Which of the same values each latent takes.

  Attributes:
    logits: (B, D, V), unnormalised log probabilities of the values.
    values: (V,), of all latents.
  """

  logits: Array
  values: Array


class Recognised(NamedTuple):
  """What a discriminator says of images.

  Attributes:
    code: (B, D), recognised; 0 where a latent isn't to be.
    known: (1, D), 1 where a latent is recognised, else 0.
    logit: (B,) of an image being of the data.
  """

  code: Array
  known: Array
  logit: Array


def bound_logvar(raw):
  """Keeps a log variance finite without killing its gradient.

  Of this package (2026), no paper's: the identity up to an absolute value of
  10, logarithmic beyond: +-30 becomes +-13.04, with slope 1/21.

  Args:
    raw: log variances of any shape.

  Returns:
    The bounded log variances, same shape.
  """
  excess = jnp.maximum(jnp.abs(raw) - 10.0, 0.0)
  return jnp.clip(raw, -10.0, 10.0) + jnp.sign(raw) * jnp.log1p(excess)


class GaussianHead(nn.Module):
  """Two linear heads: features (B, F) -> Gaussian, log variances bounded."""

  latent_dim: int
  kernel_init: Callable = glorot_uniform

  @nn.compact
  def __call__(self, features):
    dense = lambda name: Dense(
      self.latent_dim, kernel_init=self.kernel_init, name=name
    )
    return Gaussian(
      dense("mean")(features), bound_logvar(dense("logvar")(features))
    )


class FixedVarianceHead(nn.Module):
  """A linear head for the mean; the standard deviation is a hyper-parameter."""

  latent_dim: int
  kernel_init: Callable = glorot_uniform

  @nn.compact
  def __call__(self, features, *, posterior_std):
    mean = Dense(self.latent_dim, kernel_init=self.kernel_init, name="mean")(
      features
    )
    logvar = jnp.asarray(2.0 * jnp.log(posterior_std), mean.dtype)
    return Gaussian(mean, jnp.full_like(mean, logvar))


class PointHead(nn.Module):
  """One linear head: features (B, F) -> Point."""

  latent_dim: int
  kernel_init: Callable = glorot_uniform

  @nn.compact
  def __call__(self, features):
    dense = Dense(self.latent_dim, kernel_init=self.kernel_init, name="mean")
    return Point(dense(features))


class FiniteScalarHead(nn.Module):
  """A linear head and tanh, rounded to `values` numbers evenly over [-1, 1].

  Mentzer et al. 2024 (arXiv:2309.15505), as Hsu et al. 2024 (arXiv:2404.10282)
  quantise Tripod's latents: nothing of the quantisation is learned.
  """

  latent_dim: int
  kernel_init: Callable = glorot_uniform
  values: int = 12

  @nn.compact
  def __call__(self, features):
    dense = Dense(self.latent_dim, kernel_init=self.kernel_init, name="mean")
    raw = jnp.tanh(dense(features))
    gaps = self.values - 1
    code = 2.0 * jnp.round(0.5 * (raw + 1.0) * gaps) / gaps - 1.0
    return Quantised(raw, code)


class SharedCodebookHead(nn.Module):
  """A linear head, and one codebook of `values` numbers for all latents.

  Baykal et al. 2024 (arXiv:2409.14851), section 3.2, as in the authors' code: a
  value's logit is minus its squared distance from what the encoder says. At
  first values are standard normal, as PyTorch's embeddings are.
  """

  latent_dim: int
  kernel_init: Callable = glorot_uniform
  values: int = 64

  @nn.compact
  def __call__(self, features):
    codebook = self.param("codebook", nn.initializers.normal(1), (self.values,))
    dense = Dense(self.latent_dim, kernel_init=self.kernel_init, name="mean")
    values = codebook.astype(features.dtype)
    raw = dense(features)[:, :, None]
    return Categorical(-((raw - values[None, None, :]) ** 2), values)


class RecogniserHead(nn.Module):
  """A discriminator's heads: the code and whether an image is of the data.

  Chen et al. 2016 (arXiv:1606.03657), section 6: both share all layers below.
  The last `noise_latents` latents are noise, which nothing recognises.
  """

  latent_dim: int
  kernel_init: Callable = glorot_uniform

  @nn.compact
  def __call__(self, features, *, noise_latents):
    dense = lambda size, name: Dense(
      size, kernel_init=self.kernel_init, name=name
    )
    latents = jnp.arange(self.latent_dim)
    known = (latents < self.latent_dim - noise_latents).astype(features.dtype)
    code = dense(self.latent_dim, "mean")(features) * known[None]
    return Recognised(code, known[None], dense(1, "real")(features)[:, 0])


class CodebookHead(nn.Module):
  """A linear head, and a codebook of `values` numbers for each latent.

  Hsu et al. 2023 (arXiv:2305.18378), section 3.1: every latent takes the value
  of its own, among (D, values) learned ones, that is nearest to what the
  encoder says. At first they are evenly spread over [-1/2, 1/2].
  """

  latent_dim: int
  kernel_init: Callable = glorot_uniform
  values: int = 10

  @nn.compact
  def __call__(self, features):
    evenly = lambda _, shape: jnp.tile(
      jnp.linspace(-0.5, 0.5, self.values), (self.latent_dim, 1)
    )
    codebook = self.param("codebook", evenly, (self.latent_dim, self.values))
    dense = Dense(self.latent_dim, kernel_init=self.kernel_init, name="mean")
    raw = dense(features)
    nearest = jnp.abs(raw[:, :, None] - codebook[None]).argmin(axis=-1)
    return Quantised(
      raw, jnp.take_along_axis(codebook.T, nearest, axis=0).astype(raw.dtype)
    )


def straight_through(key: PRNGKeyArray, q: Quantised) -> Float[Array, "B D"]:
  """The code, with the gradient of what the encoder says.

  Bengio et al. 2013 (arXiv:1308.3432), section 4.

  Args:
    key: not used.
    q: Quantised, (B, D).

  Returns:
    (B, D).
  """
  return q.raw + stop_gradient(q.code - q.raw)


def draw_gaussian(key: PRNGKeyArray, q: Gaussian) -> Float[Array, "B D"]:
  """z = mean + exp(logvar / 2) eps (Kingma & Welling 2014, section 2.4).

  Args:
    key: JAX key.
    q: Gaussian, (B, D).

  Returns:
    (B, D), one draw for each image.
  """
  eps = jax.random.normal(key, q.mean.shape, q.mean.dtype)
  return q.mean + jnp.exp(0.5 * q.logvar) * eps


def gaussian_kl_of(q: Gaussian) -> Float[Array, "B D"]:
  """KL(q || N(0, 1)) of each latent, in nats; q and result are (B, D).

  Kingma & Welling 2014 (arXiv:1312.6114), appendix B.
  """
  return gaussian_kl_per_latent(q.mean, q.logvar)


def likeliest(q: Categorical) -> Float[Array, "B D"]:
  """The value of every latent with the largest probability.

  As Baykal et al. 2024 (arXiv:2409.14851) encode after training.
  """
  return q.values[q.logits.argmax(axis=-1)]


STANDARD_NORMAL = Prior(jax.random.normal, -2.0, 2.0)
UNIFORM = Prior(
  lambda key, shape: jax.random.uniform(key, shape, minval=-1.0), -1.0, 1.0
)

gaussian = Posterior(
  GaussianHead,
  draw_gaussian,
  code=lambda q: q.mean,
  logvar=lambda q: q.logvar,
  kl=gaussian_kl_of,
  prior=STANDARD_NORMAL,
)
# Its prior depends on labels, which a code's reader doesn't have.
labelled_gaussian = gaussian._replace(kl=None, prior=None)
fixed_variance = gaussian._replace(head=FixedVarianceHead)
deterministic = Posterior(
  PointHead, draw=lambda key, q: q.code, code=lambda q: q.code
)
quantised = Posterior(
  CodebookHead, straight_through, code=lambda q: q.code, discrete=True
)
recognised = Posterior(
  RecogniserHead,
  draw=lambda key, q: q.code,
  code=lambda q: q.code,
  prior=UNIFORM,
)
categorical = Posterior(
  SharedCodebookHead,
  draw=lambda key, q: likeliest(q),
  code=likeliest,
  discrete=True,
)
finite_scalar = quantised._replace(head=FiniteScalarHead)
