"""What a digest costs: seconds of a core for 1 GB of arrays.

python -m benchmarks.digests
"""

import hashlib
import statistics
import time
import zlib

import numpy as np

from dvae_jax import arrays
from dvae_jax.train import checkpoint

SIZE = 10**9
ROUNDS = 5
OTHERS = {
  "BLAKE2b, as before": hashlib.blake2b,
  "SHA-1": hashlib.sha1,
  "CRC-32, of 32 bits": zlib.crc32,
  "Adler-32, of 32 bits": zlib.adler32,
}


def seconds(function, *given) -> float:
  """Median of a core's seconds, whatever else the machine does."""
  spent = []
  for _ in range(ROUNDS):
    began = time.process_time()
    function(*given)
    spent.append(time.process_time() - began)
  return statistics.median(spent)


def main() -> None:
  """Prints a line for arrays in files, for checkpoints, and for other ways."""
  array = np.random.default_rng(0).integers(0, 256, SIZE, np.uint8)
  print(f"arrays.digest: {seconds(arrays.digest, 'a', array):.2f} s/GB")
  lane = array[None]
  print(f"checkpoint.digest: {seconds(checkpoint.digest, lane):.2f} s/GB")
  for name, way in OTHERS.items():
    print(f"{name}: {seconds(way, array.data):.2f} s/GB")


if __name__ == "__main__":
  main()
