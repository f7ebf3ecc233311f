"""What a stranger adds in one file works in every command, as ours does."""

import os
import re
import subprocess
import sys

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from helpers import commands, tiny
from helpers.commands import stranger
from jax.lax import stop_gradient

import dvae_jax
from dvae_jax import checks, data, metrics, rundir
from dvae_jax.methods import LIKELIHOODS, OBJECTIVES, models
from dvae_jax.methods.posteriors import Gaussian
from dvae_jax.report.scores import worth
from dvae_jax.train import training

TOGETHER = ("info_vae", "sigma_vae", "residual", "discs", "spread")
PNG = b"\x89PNG"
BATCH = training.Batch(
  np.random.default_rng(0).uniform(size=(16, 16, 16, 1)).astype(np.float32)
)


@pytest.fixture
def registered():
  """Registers files as a command's --register does."""
  return lambda *names: [dvae_jax.register(stranger(name)) for name in names]


def of(name):
  return f"--register={stranger(name)}"


def words(folder):
  """A run's report without its pictures."""
  page = (folder / "report.html").read_text()
  return re.sub(r"data:image/[^\"']*", "", page)


def first_and_last(folder, name):
  lines = rundir.read_jsonl(folder / "metrics.jsonl")
  return lines[0][name], lines[-1][name]


def any_nonzero(tree):
  return any(jnp.any(leaf != 0) for leaf in jax.tree.leaves(tree))


def result(folder):
  (line,) = rundir.read_jsonl(folder / "results.jsonl")
  return line


def arrays(path):
  with np.load(path) as file:
    return {name: file[name] for name in file.files}


def set_up(config):
  """Setup and the state of a new lane."""
  checks.check(config)
  setup = training.set_up(config, data.load(config.data))
  init = jax.jit(lambda seed: training.init(setup, seed, dict(config.hparams)))
  return setup, init(0)


# Five strangers in one run: a method, a likelihood, a network, a data set and a
# metric.


@pytest.fixture(scope="module")
def together(tmp_path_factory):
  folder = tmp_path_factory.mktemp("runs") / "together"
  commands.train(
    folder,
    stranger("together"),
    "--config.train.steps=300",
    "--config.checkpoint.every=300",
  )
  return folder


def test_five_strangers_train_together(together, registered):
  first, last = first_and_last(together, "loss")
  assert last < first - 20
  assert set(rundir.read_jsonl(together / "metrics.jsonl")[0]) >= {"kl", "mmd"}
  registered("together")
  run = dvae_jax.load_run(together)
  params = run.states.params
  assert "Blocks_0" in params["encoder"]["params"]
  log_sigma = params["likelihood"]["log_sigma"][0]
  assert log_sigma < -0.5  # it began at 0
  logged = first_and_last(together, "log_sigma")[1]  # of the last 20 steps
  assert logged == pytest.approx(log_sigma, abs=0.1)
  assert run.render([3]).shape == (1, 16, 16, 1)
  deviations = arrays(together / "codes.npz")["means"][0].std(0)
  wanted = deviations.std() / deviations.mean()
  assert result(together)["metrics"]["spread"] == pytest.approx(wanted, 1e-4)


def test_what_a_run_names_is_registered_or_refused_by_its_file(
  together, tmp_path
):
  workdir, own = f"--workdir={together}", of("together")
  for command in ("evaluate",), ("show", "traverse"):
    with pytest.raises(SystemExit, match=f"'residual' isn't reg.*{own}"):
      commands.run(f"dvae_jax.{command[0]}", *command[1:], workdir)
  without_metric = [of(name) for name in TOGETHER[:-1]]
  with pytest.raises(SystemExit, match=r"eval\.metrics: 'spread' found"):
    commands.run("dvae_jax.evaluate", workdir, *without_metric)
  before = result(together)
  commands.run("dvae_jax.evaluate", workdir, "--metrics=spread,sap", own)
  after = result(together)
  assert set(after["metrics"]) == set(before["metrics"]) | {"sap"}
  assert after["metrics"]["spread"] == before["metrics"]["spread"]
  picture = tmp_path / "traverse.png"
  commands.run("dvae_jax.show", "traverse", workdir, f"--out={picture}", own)
  assert picture.read_bytes().startswith(PNG)


def test_a_metric_is_shown_the_right_way_up(together, tmp_path, registered):
  workdir, own = f"--workdir={together}", of("spread")
  assert "spread ↓" in words(together)  # as `main` wrote it
  (together / "report.html").unlink()
  commands.run("dvae_jax.report", workdir, own)
  assert "spread ↓" in words(together)
  table = commands.run(
    "dvae_jax.study", "report", together, f"--out={tmp_path / 'study'}", own
  )
  assert "| spread ↓ |" in table
  registered("spread")
  assert worth("spread", [0.1, 0.2]).argmax() == 0


def test_a_metric_is_listed_and_scores_a_file(together):
  own = of("spread")
  listed = commands.run("dvae_jax.metrics", own)
  assert re.search("^spread +low +codes +Variation", listed, re.MULTILINE)
  assert "spread" not in commands.run("dvae_jax.metrics")
  codes = together / "codes.npz"
  printed = commands.run("dvae_jax.metrics", codes, "--metrics=spread", own)
  assert f"{result(together)['metrics']['spread']:.4f}" in printed


def test_a_data_set_is_listed_and_shown(tmp_path):
  own, sheet = of("discs"), tmp_path / "sheet.png"
  listed = commands.run("dvae_jax.data", own, "list")
  assert "discs: 108 images of 16 x 16 x 1" in listed
  assert "radius 3, x 6, y 6" in listed
  assert "discs" not in commands.run("dvae_jax.data", "list")
  commands.run("dvae_jax.data", "show", "discs", f"--out={sheet}", own)
  assert sheet.read_bytes().startswith(PNG)


def test_info_vae_is_its_formula(registered):
  registered("info_vae")
  mean, logvar, z = np.random.default_rng(0).normal(size=(3, 6, 2))
  key = jax.random.PRNGKey(1)
  prior = np.float64(jax.random.normal(key, z.shape))
  kernel = lambda x, y: np.exp(-((x[:, None] - y) ** 2).sum(-1) / 2).mean()
  mmd = kernel(z, z) + kernel(prior, prior) - 2 * kernel(z, prior)
  kl = 0.5 * (mean**2 + np.exp(logvar) - logvar - 1).sum(1)
  found, _ = OBJECTIVES["info_vae"].penalty(
    Gaussian(jnp.float32(mean), jnp.float32(logvar)),
    jnp.float32(z),
    key=key,
    alpha=0.25,
    lambda_mmd=3.0,
  )
  np.testing.assert_allclose(found, 0.75 * kl + 2.25 * mmd, rtol=1e-4)


def test_a_learned_sigma_is_a_normal_density(registered):
  registered("sigma_vae")
  images, logits = np.random.default_rng(0).uniform(size=(2, 3, 4, 4, 1))
  error = (images - 1 / (1 + np.exp(-logits))) / 0.3
  density = -0.5 * error**2 - np.log(0.3 * np.sqrt(2 * np.pi))
  found = LIKELIHOODS["sigma"].log_prob(
    jnp.float32(logits), jnp.float32(images), log_sigma=np.log(0.3)
  )
  np.testing.assert_allclose(found, density.sum((1, 2, 3)), rtol=1e-4)


@pytest.mark.slow  # 800 steps
def test_a_learned_sigma_becomes_the_error_of_a_draw(registered):
  registered("sigma_vae")
  config = tiny.get_config("vae")
  config.sweep = {"seed": (0,)}
  config.likelihood, config.latent_dim = "sigma", 1  # so that an error stays
  config.hparams.learning_rate = 0.005
  setup, state = set_up(config)
  arrays, sums = setup.dataset.arrays, training.zero_terms(setup, state)
  steps = jax.jit(
    lambda lane: training.run_steps(setup, lane, None, (arrays, None, 800))
  )
  state, _ = steps((state, sums))
  images = setup.dataset.render(arrays, jnp.arange(96))
  _, z = models.infer(setup.model, state.params, {}, state.key, images)
  error = models.decode_images(setup.model, state.params, z) - images
  sigma = np.exp(state.params["likelihood"]["log_sigma"])
  assert sigma == pytest.approx(np.sqrt(np.mean(error**2)), rel=0.1)
  assert sigma < 0.2  # it began at 1


# A quantised autoencoder, with a decaying rate and decaying weights.


@pytest.fixture(scope="module")
def quantised(tmp_path_factory):
  folder = tmp_path_factory.mktemp("runs") / "quantised"
  commands.train(
    folder,
    stranger("quantised"),
    *commands.SPRITES,
    "--config.train.schedule=cosine",
    "--config.train.steps=200",
    "--config.checkpoint.every=200",
    "--config.eval.metrics=('infomec','mig_exact','total_correlation')",
  )
  return folder


def test_a_quantised_autoencoder_learns_its_codebook(quantised, registered):
  first, last = first_and_last(quantised, "reconstruction")
  assert last < 0.5 * first
  registered("quantised")
  run = dvae_jax.load_run(quantised)
  codebook = run.states.params["head"]["params"]["codebook"][0]  # (D, values)
  assert np.abs(codebook - np.linspace(-0.5, 0.5, 10)).max() > 0.01
  codes = arrays(quantised / "codes.npz")["means"][0]
  for latent, values in enumerate(codebook):
    found = np.unique(codes[:, latent])
    assert 1 < len(found) <= 10
    assert np.isin(found, values).all()


def test_what_reaches_the_encoder_and_what_the_codebook(registered):
  registered("quantised")
  method = OBJECTIVES["quantised"]
  head = method.posterior.head(2, nn.initializers.lecun_normal())
  features = jnp.linspace(-1, 1, 15).reshape(5, 3)
  first = head.init(jax.random.PRNGKey(0), features)

  def draw(params):
    q = head.apply(params, features)
    z = method.posterior.draw(None, q)
    np.testing.assert_allclose(*map(stop_gradient, (z, q.code)), atol=1e-6)
    return z.sum()

  def attract(params, **weights):
    q = head.apply(params, features)
    return method.penalty(q, q.code, **weights)[0].sum()

  def reached(function, **weights):
    found = jax.grad(function)(first, **weights)["params"]
    return {name for name, tree in found.items() if any_nonzero(tree)}

  assert reached(draw) == {"Dense_0"}
  assert reached(attract, quantise=0.0, commit=1.0) == {"Dense_0"}
  assert reached(attract, quantise=1.0, commit=0.0) == {"codebook"}


def test_a_quantised_run_says_nothing_of_a_kl_or_a_prior(quantised):
  files = arrays(quantised / "codes.npz") | arrays(quantised / "pictures.npz")
  assert files["discrete"]
  assert not {"logvars", "kl", "samples", "prior_traversals"} & set(files)
  scores = result(quantised)["metrics"]
  measured = {"infomec", "infomec.infoc", "infomec.infoe", "total_correlation"}
  assert set(scores) == measured | {"reconstruction"}
  logged = rundir.read_jsonl(quantised / "metrics.jsonl")[-1]
  assert not {"kl", "kl_per_latent", "elbo"} & set(logged)
  page = words(quantised)
  assert "Reconstructions" in page
  assert not re.findall(r"\bKL\b|ELBO|[Pp]rior", page)
  with pytest.raises(SystemExit, match="sample: quantised has no prior"):
    commands.run(
      "dvae_jax.show", "sample", f"--workdir={quantised}", of("quantised")
    )


def test_traversals_go_over_the_codebook(quantised):
  codes = arrays(quantised / "codes.npz")["means"][0]
  values = arrays(quantised / "pictures.npz")["values"][0]  # (D, V)
  for latent, moved in enumerate(values):
    assert set(moved) <= set(codes[:, latent])
    assert len(set(moved)) == min(len(set(codes[:, latent])), values.shape[1])


def test_quantised_codes_are_scored_as_discrete_ones(quantised):
  files = arrays(quantised / "codes.npz")

  def infomec(discrete):
    return metrics.score(
      "infomec",
      files["means"][0],
      files["factors"],
      rng=np.random.default_rng(0),
      discrete=discrete,
    )["infomec"]

  assert result(quantised)["metrics"]["infomec"] == infomec(True)
  assert infomec(True) != infomec(False)


# An adversarial method with a loss and a network of its own.


@pytest.fixture(scope="module")
def gan(tmp_path_factory):
  folder = tmp_path_factory.mktemp("runs") / "gan"
  commands.train(
    folder,
    stranger("gan"),
    *commands.SPRITES,
    "--config.train.steps=100",
    "--config.checkpoint.every=100",
    "--config.eval.metrics=('infomec',)",
  )
  return folder


@pytest.mark.slow  # its run takes a quarter of a minute
def test_a_gan_recognises_the_codes_of_what_it_draws(gan, registered):
  first, last = first_and_last(gan, "code")
  assert last < 0.3 * first
  registered("gan")
  run = dvae_jax.load_run(gan)
  z = run.prior(500, seed=3)
  codes = run.encode(run.decode(z))
  for latent in range(4):
    assert np.corrcoef(z[:, latent], codes[:, latent])[0, 1] > 0.8


@pytest.mark.slow  # its run takes a quarter of a minute
def test_a_gan_has_a_prior_and_no_elbo(gan, tmp_path):
  files = arrays(gan / "codes.npz") | arrays(gan / "pictures.npz")
  assert not {"logvars", "kl"} & set(files)
  assert files["samples"].shape[1:] == (48, 16, 16, 1)
  scores = result(gan)["metrics"]
  assert "infomec" in scores
  assert not {"kl", "elbo", "mi", "active_units"} & set(scores)
  assert not re.findall(r"\bKL\b|ELBO", words(gan))
  picture = tmp_path / "samples.png"
  workdir, out = f"--workdir={gan}", f"--out={picture}"
  commands.run("dvae_jax.show", "sample", workdir, out, of("gan"))
  assert picture.read_bytes().startswith(PNG)


def gan_config():
  config = tiny.get_config("info_gan")
  config.sweep = {"seed": (0,)}
  config.hparams.update(info=1.0, discriminator_learning_rate=2e-4)
  return config


def test_a_gans_players_have_gradients_and_rates_of_their_own(registered):
  registered("gan")
  setup, state = set_up(gan_config())
  loss = OBJECTIVES["info_gan"].loss
  given = models.pick(
    loss, {**state.hparams, "model": setup.model, "hparams": state.hparams}
  )
  terms = lambda params: loss(params, state.key, BATCH, **given)[1]
  gradients = jax.jit(jax.jacrev(terms))(state.params)
  moved = {
    name: {player for player, tree in found.items() if any_nonzero(tree)}
    for name, found in gradients.items()
  }
  assert moved["generator"] == {"decoder"}
  assert moved["discriminator"] == {"discriminator"}
  assert moved["code"] == {"decoder", "encoder", "head"}
  assert moved["loss"] == set(state.params)
  # Adam's first step moves a parameter by its rate, whatever the gradient.
  after, _ = jax.jit(lambda s: training.update(setup, s, BATCH))(state)
  for player, rate in (("discriminator", 2e-4), ("decoder", 1e-3)):
    change = jax.tree.map(
      lambda new, old: jnp.abs(new - old).max(),
      after.params[player],
      state.params[player],
    )
    assert max(jax.tree.leaves(change)) == pytest.approx(rate, rel=1e-3)


def test_a_loss_names_its_hyper_parameters(registered):
  registered("gan")
  config = gan_config()
  checks.check(config)
  config.hparams.discriminator_learning_rate = 0.0
  with pytest.raises(ValueError, match=r"discriminator_.*: 0\.0 .* above 0"):
    checks.check(config)
  del config.hparams.discriminator_learning_rate, config.hparams.info
  with pytest.raises(ValueError, match=r"hparams\.\w+: missing.* info"):
    checks.check(config)


# Cosine rate and AdamW: lines of a config.


@pytest.fixture
def cosine_adamw(registered):
  """First parameters, and those after one step at a step with a decay."""
  registered("sigma_vae")
  config = tiny.get_config("vae")
  config.sweep = {"seed": (0,)}
  config.likelihood = "sigma"
  config.train.optimizer, config.hparams.weight_decay = "adamw", 0.0
  config.train.schedule, config.train.steps = "cosine", 40
  setup, state = set_up(config)
  # No parameter is 0, so that a decay would show.
  state = state.replace(params=jax.tree.map(lambda x: x + 0.1, state.params))

  @jax.jit
  def after(step, weight_decay):
    hparams = state.hparams | {"weight_decay": weight_decay}
    now = state.replace(step=step, hparams=hparams)
    return training.update(setup, now, BATCH)[0].params

  return state.params, after


def test_cosine_ends_at_nothing_and_adamw_shrinks_kernels_alone(cosine_adamw):
  before, after = cosine_adamw

  def distance(step):
    moved = jax.tree.map(jnp.subtract, after(step, 0.0), before)
    return float(optax.tree.norm(moved))

  first, middle, last = (distance(step) for step in (0, 20, 39))
  assert middle == pytest.approx(0.5 * first, rel=1e-2)
  assert 0 < last < 0.005 * first
  names = set()

  def compare(path, before, plain, decayed):
    name = path[-1].key
    names.add(name)
    # Rate 1e-3 at step 0, decay 100: a tenth.
    shrunk = 0.1 * before if name == "kernel" else 0.0
    np.testing.assert_allclose(plain - decayed, shrunk, atol=1e-6)

  plain, decayed = after(0, 0.0), after(0, 100.0)
  jax.tree_util.tree_map_with_path(compare, before, plain, decayed)
  assert names == {"kernel", "bias", "log_sigma"}


# Each file by itself, typed as its docstring says.


def typed(module, *arguments):
  """Runs a command in a process of its own."""
  return subprocess.run(
    [sys.executable, "-m", f"dvae_jax.{module}", *map(str, arguments)],
    env=os.environ | {"JAX_PLATFORMS": "cpu"},
    check=True,
    capture_output=True,
    text=True,
  ).stdout


@pytest.mark.slow  # four processes: about a minute each
@pytest.mark.parametrize("name", [*TOGETHER, "quantised", "gan"])
def test_a_file_alone_does_in_processes_of_their_own(name, tmp_path):
  folder, picture = tmp_path / "run", tmp_path / "traverse.png"
  overrides = [
    flag
    for flag in commands.SPRITES
    if not (name == "residual" and "network" in flag)
    and not (name == "discs" and "data" in flag)
  ]
  typed(
    "main",
    f"--config={stranger(name)}",
    f"--workdir={folder}",
    *commands.TINY,
    *overrides,
    "--config.train.steps=40",
    "--config.checkpoint.every=40",
    "--config.eval.metrics=('mig',)",
  )
  own = (f"--workdir={folder}", of(name))
  typed("evaluate", *own, "--metrics=sap")
  assert {"mig", "sap"} <= set(result(folder)["metrics"])
  typed("show", "traverse", *own, f"--out={picture}")
  assert picture.read_bytes().startswith(PNG)
  (folder / "report.html").unlink()
  typed("report", *own)
  assert "sap ↑" in words(folder)
