"""Jinja templates of pages, which share their style and the theme's button."""

import jinja2


def template(package: str, name: str) -> jinja2.Template:
  """A page's template; what it includes may lie in this package.

  Args:
    package: whose template it is.
    name: of its file.
  """
  packages = dict.fromkeys((package, "dvae_jax.report"))
  environment = jinja2.Environment(
    loader=jinja2.ChoiceLoader(
      [jinja2.PackageLoader(place, "") for place in packages]
    ),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
  )
  return environment.get_template(name)
