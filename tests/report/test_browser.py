"""The report in a real headless Chromium; screenshots go to build/."""

import base64
import re
import shutil
import zipfile
from pathlib import Path

import pytest
from helpers import fake_runs

from dvae_jax import arrays, rundir
from dvae_jax.report import files, pictures
from dvae_jax.report import page as report

selenium = pytest.importorskip("selenium", reason="Selenium isn't installed")

from selenium import webdriver  # noqa: E402
from selenium.webdriver.common.action_chains import ActionChains  # noqa: E402
from selenium.webdriver.common.by import By  # noqa: E402
from selenium.webdriver.common.keys import Keys  # noqa: E402
from selenium.webdriver.support.select import Select  # noqa: E402

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
DRIVER = shutil.which("chromedriver")
SCREENSHOTS = Path(__file__).parents[2] / "build" / "screenshots"
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

pytestmark = pytest.mark.skipif(
  not (CHROMIUM and DRIVER), reason="no chromium or no chromedriver on the PATH"
)


@pytest.fixture(scope="module")
def page(tmp_path_factory):
  run = fake_runs.make_run(tmp_path_factory.mktemp("runs") / "spots", lanes=3)
  fake_runs.write_run(run, diverged=(2,))
  pictures.write(run)
  path = run.workdir / rundir.PICTURES
  shown = arrays.read(path, files.PICTURE_ARRAYS)
  shown["kl"][1, shown["grid_latents"][1, 2]] = 0.0  # an inactive latent
  arrays.write(path, shown, compression=zipfile.ZIP_STORED)
  return report.write(run.workdir)


@pytest.fixture(scope="module")
def chromium(tmp_path_factory):
  options = webdriver.ChromeOptions()
  options.binary_location = CHROMIUM
  for option in OPTIONS:
    options.add_argument(option)
  options.add_argument(f"--user-data-dir={tmp_path_factory.mktemp('chromium')}")
  options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
  driver = webdriver.Chrome(options, webdriver.ChromeService(DRIVER))
  yield driver
  driver.quit()


@pytest.fixture
def browser(chromium, page):
  """The page freshly opened; afterwards the console must be empty."""
  chromium.get(page.as_uri())
  yield chromium
  assert chromium.get_log("browser") == []


def test_everything_is_shown_and_nothing_is_fetched(browser):
  browser.execute_script(
    "document.querySelectorAll('details').forEach(d => d.open = true)"
  )
  broken = browser.execute_script(
    "return [...document.images].filter(i => !i.naturalWidth).map(i => i.alt)"
  )
  assert broken == []
  fetched = browser.execute_script(
    "return performance.getEntriesByType('resource').map(e => e.name)"
  )
  assert [
    address for address in fetched if not address.startswith("data:")
  ] == []
  width = "return document.documentElement.scrollWidth - innerWidth"
  assert browser.execute_script(width) <= 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_screenshot_follows_the_colour_scheme(browser, scheme):
  media = [{"name": "prefers-color-scheme", "value": scheme}]
  browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": media})
  size = browser.execute_script("return document.documentElement.scrollHeight")
  clip = {"x": 0, "y": 0, "width": 1280, "height": size, "scale": 1}
  shot = browser.execute_cdp_cmd(
    "Page.captureScreenshot", {"captureBeyondViewport": True, "clip": clip}
  )
  SCREENSHOTS.mkdir(parents=True, exist_ok=True)
  path = SCREENSHOTS / f"report_{scheme}.png"
  path.write_bytes(base64.b64decode(shot["data"]))
  assert (
    _background(browser)
    == {
      "light": "rgb(255, 255, 255)",
      "dark": "rgb(20, 23, 26)",
    }[scheme]
  )


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_charts_have_the_colour_of_the_pages_text(browser, scheme):
  media = [{"name": "prefers-color-scheme", "value": scheme}]
  browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": media})
  colours = browser.execute_script(
    "return [...document.querySelectorAll('.wide svg text')].map("
    "text => getComputedStyle(text).fill)"
  )
  ink = {"light": "rgb(29, 33, 37)", "dark": "rgb(230, 230, 227)"}[scheme]
  assert colours.count(ink) > len(colours) / 2
  assert "rgb(0, 0, 0)" not in colours


def test_print_is_dark_on_white(browser):
  browser.execute_script("document.documentElement.dataset.theme = 'dark'")
  browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
  printed = _background(browser)
  browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})
  assert printed == "rgb(255, 255, 255)"
  paper = base64.b64decode(browser.print_page())
  # The best lane is open, and what is open is printed.
  assert 2 <= len(re.findall(rb"/Type */Page\b", paper)) <= 12


def test_wide_tables_are_whole_on_paper(browser):
  browser.execute_script(
    "document.querySelectorAll('[data-group]').forEach(b => b.checked ||"
    " b.click())"
  )
  browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
  browser.execute_cdp_cmd(  # A4 on its side, between Chromium's margins
    "Emulation.setDeviceMetricsOverride",
    {"width": 1046, "height": 717, "deviceScaleFactor": 1, "mobile": False},
  )
  over = browser.execute_script(
    "return [...document.querySelectorAll('.scroll')].map("
    "box => box.scrollWidth - box.clientWidth)"
  )
  browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
  browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})
  assert over
  assert max(over) <= 0


# Of every visible text of a chart: its size in CSS pixels, and how far it
# reaches out of the chart and of the window.
TEXTS = """
document.querySelectorAll("details").forEach(d => d.open = true);
return [...document.querySelectorAll("figure svg")].filter(
  svg => svg.checkVisibility()).flatMap(svg => {
  const whole = svg.getBoundingClientRect();
  const scale = whole.width / svg.viewBox.baseVal.width;
  return [...svg.querySelectorAll("text")].map(text => {
    const own = text.getBoundingClientRect();
    return {
      text: text.textContent,
      size: parseFloat(getComputedStyle(text).fontSize) * scale,
      out: Math.max(whole.left - own.left, own.right - whole.right,
        whole.top - own.top, own.bottom - whole.bottom, own.right - innerWidth),
    };
  });
});
"""


@pytest.mark.parametrize("width", [390, 1280])
def test_charts_are_read_at_any_width(browser, width):
  browser.execute_cdp_cmd(
    "Emulation.setDeviceMetricsOverride",
    {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": True},
  )
  texts = browser.execute_script(TEXTS)
  shown = browser.execute_script(
    "return ['.narrow', '.wide'].map(kind => [...document.querySelectorAll("
    "`figure ${kind}`)].filter(e => e.checkVisibility()).length)"
  )
  scrolled = browser.execute_script(
    "return document.documentElement.scrollWidth"
  )
  browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
  assert (shown[0] > 0, shown[1] > 0) == (width == 390, width == 1280)
  assert scrolled <= width
  assert len(texts) > 200
  assert [text for text in texts if text["size"] < 8] == []
  assert [text for text in texts if text["out"] > 1] == []


def test_theme_button_overrides_the_scheme(browser):
  media = [{"name": "prefers-color-scheme", "value": "light"}]
  browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": media})
  button = browser.find_element(By.ID, "theme")
  seen = []
  for _ in range(3):
    button.send_keys(Keys.ENTER)
    seen.append((button.text, _background(browser)))
  light, dark = "rgb(255, 255, 255)", "rgb(20, 23, 26)"
  assert seen == [
    ("Theme: light", light),
    ("Theme: dark", dark),
    ("Theme: auto", light),
  ]


def test_table_sorts_by_mouse_and_by_keyboard(browser):
  heads = browser.find_elements(By.CSS_SELECTOR, "#table thead th")
  # Folded columns have no text that is seen.
  names = [head.get_attribute("textContent").split()[0] for head in heads]
  column = names.index("mig")
  button = heads[column].find_element(By.TAG_NAME, "button")
  button.click()
  assert heads[column].get_attribute("aria-sort") == "descending"
  assert _column(browser, column) == ["0.600", "0.550", "–"]
  button.send_keys(Keys.ENTER)
  assert heads[column].get_attribute("aria-sort") == "ascending"
  assert _column(browser, column) == ["0.550", "0.600", "–"]  # missing: last
  beta = names.index("beta")
  heads[beta].find_element(By.TAG_NAME, "button").send_keys(Keys.SPACE)
  assert heads[column].get_attribute("aria-sort") == "none"
  assert _column(browser, beta) == ["16", "4", "1"]


def test_sliders_move_the_decoded_image(browser):
  view = browser.find_element(By.CLASS_NAME, "view")
  sliders = browser.find_elements(By.CSS_SELECTOR, ".sliders input")
  assert len(sliders) == 3
  assert view.get_attribute("data-index") == str((9**3 - 1) // 2)
  before = view.value_of_css_property("background-position")
  sliders[1].send_keys(Keys.ARROW_RIGHT)
  assert view.get_attribute("data-index") == str((9**3 - 1) // 2 + 9)
  assert view.value_of_css_property("background-position") != before
  assert "z2 = 0.5" in view.get_attribute("aria-label")
  assert sliders[1].get_attribute("aria-valuetext") == "0.5"
  browser.find_element(By.CLASS_NAME, "centre").click()
  assert "z2 = 0.0" in view.get_attribute("aria-label")


def test_dragging_on_the_image_moves_two_latents(browser):
  view = browser.find_element(By.CLASS_NAME, "view")
  half = int(view.size["width"] / 2 - 2)
  # To the upper right, then to the upper left: two of 0 to 8, the third stays.
  for across, index in ((half, 8 * 81 + 8 * 9 + 4), (-half, 8 * 9 + 4)):
    drag = ActionChains(browser).move_to_element(view).click_and_hold()
    drag.move_by_offset(across, -half).release().perform()
    assert view.get_attribute("data-index") == str(index)
  ActionChains(browser).move_to_element(view).perform()  # not held any more
  assert view.get_attribute("data-index") == str(index)


def test_lanes_can_be_chosen(browser):
  view = browser.find_element(By.CLASS_NAME, "view")
  chosen = Select(browser.find_element(By.CLASS_NAME, "lane"))
  assert [o.text for o in chosen.options][1] == "lane 1: beta 4"
  before = view.value_of_css_property("background-image")
  chosen.select_by_index(1)
  assert view.value_of_css_property("background-image") != before


def test_two_lanes_are_moved_side_by_side(browser):
  button = browser.find_element(By.ID, "compare")
  button.click()
  one, other = browser.find_elements(By.CLASS_NAME, "view")
  assert one.location["y"] == other.location["y"]
  sheets = [v.value_of_css_property("background-image") for v in (one, other)]
  assert sheets[0] != sheets[1]
  before = other.get_attribute("data-index")
  browser.find_element(By.CSS_SELECTOR, ".sliders input").send_keys(Keys.HOME)
  assert one.get_attribute("data-index") != before
  assert other.get_attribute("data-index") == before
  browser.save_screenshot(str(SCREENSHOTS / "report_compared.png"))
  button.send_keys(Keys.ENTER)
  assert len(browser.find_elements(By.CLASS_NAME, "view")) == 1


def test_inactive_latents_have_no_slider(browser):
  select = Select(browser.find_element(By.CLASS_NAME, "lane"))
  for lane, active in enumerate(([True] * 3, [True, True, False])):
    select.select_by_index(lane)
    inputs = browser.find_elements(By.CSS_SELECTOR, ".sliders input")
    assert [i.is_displayed() for i in inputs] == active


def test_everything_is_reached_by_the_keyboard(browser):
  reached = set()
  for _ in range(60):
    browser.switch_to.active_element.send_keys(Keys.TAB)
    element = browser.switch_to.active_element
    names = ("id", "className", "tagName")
    reached.update(element.get_property(name) for name in names)
  every = {"theme", "compare", "lane", "centre", "INPUT", "SUMMARY", "A"}
  assert every <= reached
  named = browser.execute_script(
    "return [...document.querySelectorAll('input, select')]"
    ".every(i => i.labels.length && i.labels[0].textContent.trim())"
  )
  assert named


def test_narrow_window_does_not_scroll_sideways(browser):
  browser.execute_cdp_cmd(
    "Emulation.setDeviceMetricsOverride",
    {"width": 400, "height": 800, "deviceScaleFactor": 1, "mobile": True},
  )
  width = browser.execute_script("return document.documentElement.scrollWidth")
  browser.save_screenshot(str(SCREENSHOTS / "report_narrow.png"))
  browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
  assert width <= 400


def _background(browser):
  return (
    browser.find_element(By.TAG_NAME, "body")
    .value_of_css_property("background-color")
    .replace("rgba", "rgb")
    .replace(", 1)", ")")
  )


def _column(browser, column):
  cells = browser.find_elements(
    By.CSS_SELECTOR, f"#table tbody tr > :nth-child({column + 1})"
  )
  return [cell.text for cell in cells]
