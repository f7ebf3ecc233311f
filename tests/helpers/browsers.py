"""A headless Chromium for tests of pages, where there is one."""

import contextlib
import shutil

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
DRIVER = shutil.which("chromedriver")
OPTIONS = (
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--hide-scrollbars",
  "--window-size=1280,1000",
)


@contextlib.contextmanager
def opened(folder):
  """A driver whose profile is in a folder; it needs CHROMIUM and DRIVER."""
  from selenium import webdriver

  options = webdriver.ChromeOptions()
  options.binary_location = CHROMIUM
  for option in (*OPTIONS, f"--user-data-dir={folder}"):
    options.add_argument(option)
  driver = webdriver.Chrome(options, webdriver.ChromeService(DRIVER))
  try:
    yield driver
  finally:
    driver.quit()


def prefer(driver, scheme: str) -> None:
  """A "light" or "dark" system."""
  media = [{"name": "prefers-color-scheme", "value": scheme}]
  driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": media})


@contextlib.contextmanager
def as_wide(driver, width: int):
  """A window of that many CSS pixels, such as a phone's 390."""
  driver.execute_cdp_cmd(
    "Emulation.setDeviceMetricsOverride",
    {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": True},
  )
  yield
  driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
