"""Image files as they are decoded."""

import numpy as np
from PIL import Image

from dvae_jax.data.formats import image_files


def test_a_photo_is_turned_as_its_camera_says(tmp_path):
  pixels = np.zeros((16, 16), np.uint8)
  pixels[:8] = 200
  exif = Image.Exif()
  exif[0x0112] = 3  # Orientation: turned by 180 degrees (Exif 2.3, 4.6.4)
  path = tmp_path / "a.png"
  Image.fromarray(pixels).save(path, exif=exif)
  image = image_files.decode_file(path, shape=(0, 0, 1), crop="center", side=16)
  np.testing.assert_array_equal(image[..., 0], pixels[::-1])
