"""Holds training averages against those that a PyTorch code published.

    python -m benchmarks.averages runs/study_averages_cpu --pytorch

reads runs of experiments/study_averages.py. With --pytorch the same network,
loss, batch, optimizer and initialization are trained in PyTorch for as many
steps, on other images and noise; that goes on where it was stopped. Writes
results/averages.json and prints it as a table.
"""

import argparse
import json
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from dvae_jax import data, rundir, session
from dvae_jax.atomic import write_atomic

KEPT = Path(__file__).parents[1] / "results" / "averages.json"
BATCH, EPOCH = 64, 11_520
TENTH = EPOCH // 10  # steps between two lines
# Epoch -> (reconstruction, KL): YannDubs/disentangling-vae at fe65e19,
# results/*_dsprites/train_losses.log.
PUBLISHED = {
  "vae": {1: (71.01, 33.67), 2: (38.56, 26.64), 30: (17.99, 25.40)},
  "beta_vae": {1: (87.90, 20.71), 2: (64.42, 15.04), 30: (35.61, 15.35)},
  "annealed_vae": {30: (81.06, 25.00)},
  "beta_tcvae": {30: (42.21, 13.60)},
  "factor_vae": {30: (36.63, 21.74)},
}
TERMS = ("reconstruction", "kl")


def averages(lines: list[dict]) -> dict[int, tuple[float, ...]]:
  """Epoch, from 1 -> means of TERMS over its steps.

  Args:
    lines: each of a step and the means since the line before, a tenth of an
      epoch apart.
  """
  found: dict[int, list] = {}
  for line in lines:
    epoch = (line["step"] - 1) // EPOCH + 1
    found.setdefault(epoch, []).append([line[name] for name in TERMS])
  return {
    epoch: tuple(np.mean(tenths, 0).tolist())
    for epoch, tenths in found.items()
    if len(tenths) == EPOCH // TENTH
  }


def parts_of(network: str, rate: float) -> dict:
  """Encoder, decoder and Adam in PyTorch, initialised as ours are."""
  import torch

  from benchmarks.train_step import torch_modules

  torch.manual_seed(0)
  encoder, decoder = torch_modules(network)
  parameters = [*encoder.parameters(), *decoder.parameters()]
  for weights in parameters:
    if weights.ndim > 1:
      torch.nn.init.xavier_uniform_(weights)
    else:
      torch.nn.init.zeros_(weights)
  adam = torch.optim.Adam(parameters, rate)
  return {"encoder": encoder, "decoder": decoder, "adam": adam}


def update(encoder, decoder, adam, x, weight: float):
  """One step on images (B, 1, H, W); returns (2,) the TERMS, in nats."""
  import torch
  from torch.nn import functional

  mean, logvar = encoder(x).chunk(2, 1)
  z = mean + torch.exp(0.5 * logvar) * torch.randn_like(mean)
  reconstruction = functional.binary_cross_entropy_with_logits(
    decoder(z), x, reduction="sum"
  ) / len(x)
  kl = 0.5 * (mean**2 + logvar.exp() - logvar - 1.0).sum(1).mean()
  adam.zero_grad()
  (reconstruction + weight * kl).backward()
  adam.step()
  return torch.stack([reconstruction, kl]).detach()


def train(config: dict, file: Path) -> list[dict]:
  """Trains the model of a config in PyTorch; returns lines as ours has.

  Args:
    config: of a run of `warmed_beta_vae`.
    file: where it's kept after every line, and resumed from.
  """
  import jax
  import torch

  hparams, steps = config["hparams"], config["train"]["steps"]
  dataset = data.load(config["data"])
  render = jax.jit(lambda indices: dataset.render(dataset.arrays, indices))
  parts = parts_of(config["network"], hparams["learning_rate"])
  lines: list[dict] = []
  if file.exists():
    kept = torch.load(file)
    lines = kept["lines"]
    torch.set_rng_state(kept["noise"])
    for name, part in parts.items():
      part.load_state_dict(kept[name])
  while (first := len(lines) * TENTH) < steps:
    sums, start = torch.zeros(2), time.perf_counter()
    for step in range(first, first + TENTH):
      draw = np.random.default_rng(step)
      indices = draw.integers(dataset.num_images, size=BATCH)
      x = torch.from_numpy(np.array(render(indices))).permute(0, 3, 1, 2)
      warm = min(step / hparams["warmup_steps"], 1.0)
      sums += update(**parts, x=x, weight=warm * hparams["beta"])
    means = (sums / TENTH).tolist()
    lines.append({"step": step + 1, **dict(zip(TERMS, means, strict=True))})
    keep(file, parts, lines)
    left = (time.perf_counter() - start) * (steps - step - 1) / TENTH / 60
    print(
      f"{file.stem}: {step + 1} of {steps}, {left:.0f} min left", flush=True
    )
  return lines


def keep(file: Path, parts: dict, lines: list[dict]) -> None:
  """Writes all that going on needs."""
  import torch

  kept = {name: part.state_dict() for name, part in parts.items()}
  kept |= {"lines": lines, "noise": torch.get_rng_state()}
  write_atomic(file, lambda place: torch.save(kept, place))


def table(numbers: dict) -> str:
  """Rows of theirs, ours and PyTorch's, epoch by epoch."""
  rows = [
    "| model | epoch | published | ours | PyTorch, the same code |",
    "| --- | --- | --- | --- | --- |",
  ]
  pair = lambda values: "{:.2f} / {:.2f}".format(*values) if values else ""
  for model, own in numbers.items():
    for epoch in sorted({*own["ours"], *PUBLISHED[model]}):
      if epoch in own["ours"]:
        columns = PUBLISHED[model], own["ours"], own.get("pytorch", {})
        values = " | ".join(pair(column.get(epoch)) for column in columns)
        rows.append(f"| `{model}` | {epoch} | {values} |")
  return "\n".join(rows)


def main() -> None:
  """Prints the table, and keeps what it is made of."""
  parser = argparse.ArgumentParser(
    description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
  )
  parser.add_argument("study", type=Path)
  parser.add_argument("--pytorch", action="store_true")
  flags = parser.parse_args()
  numbers = {}
  for model in PUBLISHED:
    for folder in flags.study.glob(f"{model}/*"):
      config = rundir.read_config(folder)["config"]
      own = numbers[model] = {
        "ours": averages(rundir.read_jsonl(folder / rundir.LOGGED))
      }
      if flags.pytorch:
        file = flags.study / f"{model}.pt"
        own["pytorch"] = averages(train(config, file))
  if not numbers:
    sys.exit(f"error: {flags.study} holds none of {', '.join(PUBLISHED)}")
  about = {
    "date": datetime.now(UTC).date().isoformat(),
    "versions": session.versions(),
  }
  KEPT.write_text(
    json.dumps({"about": about, "models": numbers}, indent=1) + "\n"
  )
  print(table(numbers))


if __name__ == "__main__":
  main()
