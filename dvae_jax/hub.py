"""Runs on the Hugging Face Hub: uploaded whole, downloaded as far as needed.

A run directory is data: nothing of a downloaded one is executed.
"""

import contextlib
import importlib
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

from dvae_jax import rundir
from dvae_jax.report import records, tables
from dvae_jax.report.words import data_in_words

PREFIX = "hf://"
# What a loaded run reads.
NEEDED = (rundir.CONFIG, f"{rundir.CHECKPOINTS}/**")
# What nobody else has a use for.
LEFT = (f"{rundir.DAMAGED}/**", f"{rundir.CLOUDS}/**", ".*", "*/.*")


def push(folder: Path, name: str, *, private: bool = True) -> str:
  """Uploads a run directory.

  Args:
    folder: of a run that has a checkpoint.
    name: "user/name".
    private: whether a repository that is made is.

  Returns:
    Its address.

  Raises:
    ModuleNotFoundError: huggingface_hub isn't installed.
    ValueError: the folder holds no trained run, or the Hub refuses.
  """
  owner, _, rest = name.partition("/")
  if not owner or not rest or "/" in rest:
    raise ValueError(f"--to: {name!r} found, such as 'user/name' expected")
  newest = newest_checkpoint(folder)
  text = card(folder, name)
  older = [
    f"{rundir.CHECKPOINTS}/{path.name}/**"
    for path in (folder / rundir.CHECKPOINTS).iterdir()
    if path.name != newest
  ]
  api = _hub().HfApi()
  with _refused():
    made = api.create_repo(repo_id=name, private=private, exist_ok=True)
    api.upload_folder(
      repo_id=name,
      folder_path=str(folder),
      ignore_patterns=[*LEFT, *older],
      commit_message="Upload a run of dvae_jax",
    )
    api.upload_file(
      path_or_fileobj=text.encode(), path_in_repo="README.md", repo_id=name
    )
  return str(made)


def fetch(address: str) -> Path:
  """Downloads what `load_run` reads of "hf://user/name", "...@revision".

  Returns:
    The folder, in huggingface_hub's cache.

  Raises:
    ModuleNotFoundError: huggingface_hub isn't installed.
    ValueError: there is no such repository, or the Hub can't be reached.
  """
  name, _, revision = address.removeprefix(PREFIX).partition("@")
  with _refused():
    place = _hub().snapshot_download(
      repo_id=name, revision=revision or None, allow_patterns=[*NEEDED]
    )
  return Path(place)


def newest_checkpoint(folder: Path) -> str:
  """Name of the folder of a run's newest checkpoint.

  Raises:
    ValueError: there is none.
  """
  place = folder / rundir.CHECKPOINTS
  steps = [p.name for p in place.glob("*") if p.name.isdigit()]
  if not steps:
    raise ValueError(f"--workdir: {folder} holds no checkpoint to upload")
  return max(steps, key=int)


def card(folder: Path, name: str) -> str:
  """What the repository's page says: what was trained, and its scores."""
  record = records.read(folder, arrays=False)
  config = record.config
  about = (
    f"{config['objective']} with the {config['network']} network and"
    f" {config['latent_dim']} latents on {data_in_words(record.data, config)}."
  )
  head, *rows = tables.summary_rows(record)
  table = [head, ["---"] * len(head), *rows]
  return f"""---
library_name: dvae_jax
tags: [disentanglement, vae, jax]
---

# {record.name}

{about}

```python
import dvae_jax

run = dvae_jax.load_run("{PREFIX}{name}")
```

Trained by `{record.command}`. Means over seeds, ± their standard error:

{chr(10).join(f"| {' | '.join(row)} |" for row in table)}
"""


@contextlib.contextmanager
def _refused() -> Iterator[None]:
  """Turns what the Hub, or the way to it, refuses into one sentence."""
  try:
    yield
  except (OSError, ValueError) as error:  # huggingface_hub's are such
    words = str(error).strip().partition("\n")[0]
    raise ValueError(f"{PREFIX}: {words or type(error).__name__}") from error


def _hub() -> ModuleType:
  try:
    return importlib.import_module("huggingface_hub")
  except ModuleNotFoundError as error:
    raise ModuleNotFoundError(
      "hf:// needs huggingface_hub: pip install huggingface_hub"
    ) from error
