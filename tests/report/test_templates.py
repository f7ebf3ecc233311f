"""Pages of runs and of studies are made of the same parts."""

import pytest
from jinja2 import meta

from dvae_jax.report.templates import template

PAGES = {
  "dvae_jax.report": "page.html.jinja",
  "dvae_jax.studies": "study.html.jinja",
}


@pytest.mark.parametrize("package", PAGES)
def test_pages_share_their_style_and_the_switch_of_the_theme(package):
  page = template(package, PAGES[package])
  environment = page.environment
  source, *_ = environment.loader.get_source(environment, PAGES[package])
  shared = set(meta.find_referenced_templates(environment.parse(source)))
  assert shared == {"style.css.jinja", "theme.js.jinja"}


@pytest.mark.parametrize("package", PAGES)
def test_what_a_page_is_given_stays_text(package):
  environment = template(package, PAGES[package]).environment
  text = environment.from_string("{{ name }}").render(name="<b>")
  assert text == "&lt;b&gt;"
