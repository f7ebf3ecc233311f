"""The training step in PyTorch, in the ways that people run it on a GPU.

Every maker returns a function of a number of steps that makes them and waits.
The same networks, loss (a Bernoulli VAE), batch and optimizer as this
project's; the batch lies on the device and is the same in every step, where
this project draws and renders a new one.
"""

import copy

import torch
from torch.func import functional_call, grad, stack_module_state, vmap
from torch.nn import functional

from benchmarks.train_step import LATENTS, images, torch_modules

RATE = 1e-4


class VAE(torch.nn.Module):
  """Encoder and decoder; forward gives the loss of a batch."""

  def __init__(self, network: str):
    super().__init__()
    self.encoder, self.decoder = torch_modules(network)

  def forward(self, x, eps):
    mean, logvar = self.encoder(x).chunk(2, 1)
    z = mean + torch.exp(0.5 * logvar) * eps
    reconstruction = functional.binary_cross_entropy_with_logits(
      self.decoder(z), x, reduction="sum"
    )
    kl = 0.5 * torch.sum(mean**2 + logvar.exp() - logvar - 1.0)
    return (reconstruction + kl) / x.shape[0]


def batch_of(size: int, device: str):
  """(B, 1, 64, 64) images on the device."""
  x = torch.tensor(images(size)).permute(0, 3, 1, 2)
  return x.contiguous().to(device)


def wait(device: str) -> None:
  if device == "cuda":
    torch.cuda.synchronize()


def precision(dtype: str, device: str):
  """TF32 products, or autocast's bfloat16."""
  torch.set_float32_matmul_precision("high")
  torch.backends.cudnn.allow_tf32 = True
  torch.backends.cudnn.benchmark = True
  return torch.autocast(device, torch.bfloat16, enabled=dtype == "bfloat16")


def make_eager(network: str, size: int, dtype: str, device="cuda"):
  """One model, as the usual script runs it."""
  return _one_model(network, size, dtype, device, lambda loss: loss)


def make_compiled(network: str, size: int, dtype: str, device="cuda"):
  """One model, `torch.compile` with CUDA graphs."""
  return _one_model(
    network,
    size,
    dtype,
    device,
    lambda loss: torch.compile(loss, mode="reduce-overhead"),
  )


def _one_model(network, size, dtype, device, compiled):
  model = VAE(network).to(device)
  adam = torch.optim.Adam(
    model.parameters(), RATE, fused=True, capturable=device == "cuda"
  )
  x = batch_of(size, device)
  cast = precision(dtype, device)

  def loss_of(x):
    eps = torch.randn(size, LATENTS, device=device)
    with cast:
      return model(x, eps)

  loss_of = compiled(loss_of)

  def steps(number: int):
    for _ in range(number):
      adam.zero_grad(set_to_none=True)
      loss_of(x).backward()
      adam.step()
    wait(device)

  return steps


def make_graph(network: str, size: int, dtype: str, device="cuda"):
  """One model, its whole compiled step captured as one CUDA graph."""
  model = VAE(network).to(device)
  adam = torch.optim.Adam(model.parameters(), RATE, fused=True, capturable=True)
  x = batch_of(size, device)
  eps = torch.zeros(size, LATENTS, device=device)
  cast = precision(dtype, device)

  def loss_of(x, eps):
    with cast:
      return model(x, eps)

  loss_of = torch.compile(loss_of)

  def step():
    eps.normal_()
    loss_of(x, eps).backward()
    adam.step()

  side = torch.cuda.Stream()
  side.wait_stream(torch.cuda.current_stream())
  with torch.cuda.stream(side):
    for _ in range(3):
      adam.zero_grad(set_to_none=True)
      step()
  torch.cuda.current_stream().wait_stream(side)
  graph = torch.cuda.CUDAGraph()
  adam.zero_grad(set_to_none=True)
  with torch.cuda.graph(graph):
    step()

  def steps(number: int):
    for _ in range(number):
      graph.replay()
    wait(device)

  return steps


def make_vmap(network: str, size: int, dtype: str, device="cuda", lanes=8):
  """`torch.func.vmap` over models with parameters of their own."""
  models = [VAE(network).to(device) for _ in range(lanes)]
  params, _ = stack_module_state(models)
  shell = copy.deepcopy(models[0]).to("meta")
  adam = torch.optim.Adam(params.values(), RATE, fused=True)
  x = batch_of(size, device)
  cast = precision(dtype, device)

  def loss_of(params, eps):
    return functional_call(shell, params, (x, eps))

  gradients = vmap(grad(loss_of))

  def steps(number: int):
    for _ in range(number):
      eps = torch.randn(lanes, size, LATENTS, device=device)
      with cast:
        found = gradients(params, eps)
      for name, parameter in params.items():
        parameter.grad = found[name]
      adam.step()
    wait(device)

  return steps
