"""Where data are kept, and how files come there."""

from dvae_jax.data.formats import storage


def test_a_right_checksum_passes(tmp_path):
  path = tmp_path / "f"
  path.write_bytes(b"abc")  # RFC 1321 and FIPS 180-2 give these two
  storage.check_digest(path, "md5:900150983cd24fb0d6963f7d28e17f72")
  storage.check_digest(
    path,
    "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
  )
