"""Times one training step against plain Flax layers and PyTorch.

    python -m benchmarks.train_step [--network=conv_k4] [--batch=64]
        [--json=FILE]

The same network, batch, loss (a Bernoulli VAE) and optimizer (Adam). `seconds`
is this project's step as the trainer runs it, many steps in one compiled call;
`single` is a call of its own for every step, which pays for fresh memory each
time. The others make one step a call. Ratios are this project's time over the
other's: medians over turns taken in alternation, with quartiles.
"""

import itertools
import statistics
from functools import partial

from benchmarks import timing

NETWORKS = ("conv_k4", "burgess", "mlp")
BATCHES = (64, 256)
SHAPE = (64, 64, 1)
LATENTS = 10
IMAGES_PER_CALL = 1024  # of `ours`; the trainer's calls take a second
SIDE = 2048  # of the square matrices whose product sets the scale


def images(batch: int):
  """(B, 64, 64, 1) float32, a tenth of the pixels white."""
  import numpy as np

  rng = np.random.default_rng(0)
  return (rng.random((batch, *SHAPE)) < 0.1).astype(np.float32)


def jax_update(network: str, batch: int, flax_layers: bool):
  """The project's update of one lane, its first state, and the batch."""
  import flax.linen as nn
  import jax.numpy as jnp

  from dvae_jax import data
  from dvae_jax.config import base
  from dvae_jax.methods.objective import Batch
  from dvae_jax.networks import layers
  from dvae_jax.train import training

  config = base()
  if flax_layers:
    config.train.relu = "mask"
    for name in ("Conv", "ConvTranspose"):
      plain = getattr(nn, name)
      setattr(layers, name, lambda f, k, p=plain: p(f, (k, k), (2, 2)))
  config.objective, config.network = "vae", network
  config.latent_dim = LATENTS
  setup = training.set_up(config, data.load(config.data))
  state = training.init(setup, 0, {"learning_rate": 1e-4})
  update = partial(training.update, setup)
  return update, state, Batch(jnp.asarray(images(batch)))


def make_jax(network: str, batch: int, flax_layers: bool, steps: int):
  """A contender: `steps` updates in one compiled call."""
  import jax

  update, state, data = jax_update(network, batch, flax_layers)
  one = lambda state, data: update(state, data)[0]
  many = lambda state, data: jax.lax.fori_loop(
    0, steps, lambda _, state: one(state, data), state
  )
  call = jax.jit(one if steps == 1 else many, donate_argnums=0)

  def step():
    nonlocal state
    state = jax.block_until_ready(call(state, data))

  return step


def flops(network: str, batch: int) -> float:
  """Operations of one step, counted by XLA in the plain Flax program."""
  import jax

  from dvae_jax.networks import layers

  ours = layers.Conv, layers.ConvTranspose
  update, state, data = jax_update(network, batch, True)
  analysis = jax.jit(update).lower(state, data).cost_analysis()
  layers.Conv, layers.ConvTranspose = ours
  return analysis["flops"]


def make_product():
  """A contender: one product of two square matrices."""
  import jax
  import jax.numpy as jnp

  a = jnp.ones((SIDE, SIDE))
  product = jax.jit(jnp.matmul)
  return lambda: product(a, a).block_until_ready()


def torch_modules(network: str):
  """The same encoder and decoder, built from the Flax modules' fields."""
  from torch import nn

  from dvae_jax.networks import NETWORKS as FLAX

  encoder, decoder = FLAX[network](SHAPE)[:2]
  height, width, channels = SHAPE

  def dense(sizes, activation):
    layers = []
    for inputs, outputs in itertools.pairwise(sizes):
      layers += [nn.Linear(inputs, outputs), activation()]
    return layers

  pixels = height * width * channels
  if not hasattr(encoder, "convs"):
    down = [nn.Flatten(), *dense((pixels, *encoder.hidden), nn.ReLU)]
    up = dense((LATENTS, *decoder.hidden), nn.Tanh)
    up += [nn.Linear(decoder.hidden[-1], pixels)]
    up += [nn.Unflatten(1, (channels, height, width))]
  else:
    down, last = [], channels
    for features, k in encoder.convs:
      down += [nn.Conv2d(last, features, k, 2, (k - 2) // 2), nn.ReLU()]
      last, height, width = features, height // 2, width // 2
    start = (decoder.start_channels, height, width)
    down += [nn.Flatten()]
    down += dense((last * height * width, *encoder.hidden), nn.ReLU)
    size = start[0] * height * width
    up = dense((LATENTS, *decoder.hidden, size), nn.ReLU)
    up += [nn.Unflatten(1, start)]
    last = start[0]
    for features, k in decoder.convs:
      up += [nn.ConvTranspose2d(last, features, k, 2, (k - 2) // 2), nn.ReLU()]
      last = features
    up += [nn.ConvTranspose2d(last, channels, 4, 2, 1)]
  down += [nn.Linear(encoder.hidden[-1], 2 * LATENTS)]
  return nn.Sequential(*down), nn.Sequential(*up)


def make_torch(network: str, batch: int):
  """A contender: the same step in PyTorch, eager."""
  import torch
  from torch.nn import functional

  encoder, decoder = torch_modules(network)
  parameters = [*encoder.parameters(), *decoder.parameters()]
  adam = torch.optim.Adam(parameters, 1e-4)
  x = torch.tensor(images(batch)).permute(0, 3, 1, 2).contiguous()

  def step():
    mean, logvar = encoder(x).chunk(2, 1)
    z = mean + torch.exp(0.5 * logvar) * torch.randn_like(mean)
    reconstruction = functional.binary_cross_entropy_with_logits(
      decoder(z), x, reduction="sum"
    )
    kl = 0.5 * torch.sum(mean**2 + logvar.exp() - logvar - 1.0)
    loss = (reconstruction + kl) / batch
    adam.zero_grad()
    loss.backward()
    adam.step()
    loss.item()

  return step


def measure(network: str, batch: int, rounds: int) -> dict:
  """One row: seconds and ratios of a network at a batch size."""
  steps = IMAGES_PER_CALL // batch
  turns = timing.alternate(
    {
      "ours": (make_jax, (network, batch, False, steps)),
      "single": (make_jax, (network, batch, False, 1)),
      "torch": (make_torch, (network, batch)),
      "flax": (make_jax, (network, batch, True, 1)),
      "product": (make_product, ()),
    },
    rounds=rounds,
  )
  turns["ours"] = [seconds / steps for seconds in turns["ours"]]
  median = {name: statistics.median(seconds) for name, seconds in turns.items()}
  rate = flops(network, batch) / median["ours"]
  row = {
    "network": network,
    "batch": batch,
    "seconds": median["ours"],
    "gflops": rate / 1e9,
    "share_of_matmul_rate": rate / (2 * SIDE**3 / median["product"]),
  }
  for name in ("single", "torch", "flax"):
    if name in turns:
      middle, *spread = timing.ratio(turns["ours"], turns[name])
      row[f"seconds_{name}"] = median[name]
      row[f"ratio_to_{name}"] = middle
      row[f"ratio_to_{name}_spread"] = spread
  return row


def show(row: dict) -> str:
  """One line of the printed table."""
  text = f"{row['network']:8} {row['batch']:5} {1e3 * row['seconds']:8.1f}"
  for name in ("single", "torch", "flax"):
    if f"seconds_{name}" in row:
      low, high = row[f"ratio_to_{name}_spread"]
      text += f" {1e3 * row[f'seconds_{name}']:8.1f}"
      text += f" {row[f'ratio_to_{name}']:.2f} ({low:.2f}-{high:.2f})"
    else:
      text += f" {'-':>8} {'-':16}"
  return f"{text} {row['gflops']:8.0f} {row['share_of_matmul_rate']:6.2f}"


def main() -> None:
  """Prints the table, and writes it where asked to."""
  parser = timing.parser(__doc__)
  parser.add_argument("--network", choices=NETWORKS, nargs="*")
  parser.add_argument("--batch", type=int, nargs="*")
  parser.add_argument("--rounds", type=int, default=20, help="turns of each")
  flags = parser.parse_args()
  print(
    "network  batch  ours ms   single    ratio            torch    ratio"
    "             flax    ratio          GFLOP/s  share"
  )
  rows = []
  for network in flags.network or NETWORKS:
    for batch in flags.batch or BATCHES:
      rows.append(measure(network, batch, flags.rounds))
      print(show(rows[-1]), flush=True)
      timing.write(flags.json, rows)


if __name__ == "__main__":
  main()
