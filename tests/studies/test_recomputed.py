"""Every number, sentence and point of a study's page, from lanes.csv again.

By NumPy and SciPy alone: nothing of `dvae_jax.studies` computes here, it only
writes what is read. Values must agree to five digits. Ends of intervals are
held against 2,000 bootstrap samples of our own: no more than 4.6% of them may
lie outside of an end, and 0.4% must, where 2.5% should (four standard errors of
two such counts are 2.1%).
"""

import csv
import itertools
import math
import re

import numpy as np
import pytest
from helpers import synthetic
from matplotlib.collections import (
  LineCollection,
  PathCollection,
  PolyCollection,
)
from scipy import stats

from dvae_jax.report.figures.style import NARROW_WIDTH, PAGE_WIDTH
from dvae_jax.studies import page
from dvae_jax.studies.results import Results

ABOUT = {"runs": {"a": {}, "b": {}}, "command": "<made up>", "versions": {}}
LABELLED = ["mig", "sap", "downstream"]
FREE = ["tc", "total_correlation", "reconstruction", "elbo"]
LOW = {"tc", "total_correlation", "reconstruction"}  # is better
TITLES = {"mig": "mig ↑", "sap": "sap ↑", "downstream": "downstream ↑"}
SAMPLES, LEAST, MOST = 2000, 0.004, 0.046


@pytest.fixture(scope="module")
def written(tmp_path_factory):
  """The folder of a study's page, what draws its figures, and their bounds."""
  out, figures, ask = tmp_path_factory.mktemp("study"), {}, page.sections
  bounds, show = {}, page.inline

  def sections(table, by):
    parts = ask(table, by)
    figures.update((part.name, part.draw) for part in parts)
    return parts

  def inline(figure, *, name, label):
    svg = show(figure, name=name, label=label)
    around = figure.get_tightbbox()
    bounds[name] = np.concatenate([
      [around.x0, around.y0],
      figure.get_size_inches() - [around.x1, around.y1],
    ])  # fmt: skip
    return svg

  with pytest.MonkeyPatch.context() as patch:
    patch.setattr(page, "sections", sections)
    patch.setattr(page, "inline", inline)
    page.write(Results(synthetic.several_data_sets(), {}, ABOUT), out)
  return out, figures, bounds


@pytest.fixture(scope="module")
def folder(written):
  return written[0]


@pytest.fixture(params=[PAGE_WIDTH, NARROW_WIDTH], ids=["wide", "narrow"])
def axes(written, request):
  """Figure's name -> its axes, at a width."""
  draw = lambda name: written[1][name](request.param)
  return lambda name: [
    ax for ax in draw(name).axes if ax.get_label() != "<colorbar>"
  ]


def read(path):
  with path.open() as file:
    return list(csv.DictReader(file))


class Lanes:
  """lanes.csv as columns, and bootstrap samples of its rows.

  A statistic here is a function of (B, M) rows; lane m of a sample has the
  setting of lane m.
  """

  def __init__(self, path):
    rows = [row for row in read(path) if row["diverged_at"] == "-1"]
    self.text = {
      name: np.array([row[name] for row in rows])
      for name in ("run", "setting", "seed", "method", "network", "data")
    }
    names = list(rows[0])[7:]
    self.scores = {
      n: np.array([float(row[n] or "nan") for row in rows]) for n in names
    }
    keys = zip(self.text["run"], self.text["setting"], strict=True)
    self.keys = list(dict.fromkeys(keys))
    self.at = {key: self.where(run=key[0], setting=key[1]) for key in self.keys}
    self.runs = list(dict.fromkeys(self.text["run"]))
    self.data = list(dict.fromkeys(self.text["data"]))
    self.all = np.arange(len(rows))
    rng = np.random.default_rng(12345)
    self.draws = np.empty((SAMPLES, len(rows)), int)
    for own in self.at.values():
      chosen = rng.integers(0, len(own), (SAMPLES, len(own)))
      self.draws[:, own] = own[chosen]

  def where(self, **texts):
    """Lanes that have these texts."""
    same = [self.text[name] == value for name, value in texts.items()]
    return np.flatnonzero(np.all(same, axis=0))

  def turned(self, name):
    return -self.scores[name] if name in LOW else self.scores[name]

  def mean(self, name, at):
    return lambda rows: self.scores[name][rows[:, at]].mean(1)

  def spearman(self, x, y, at):
    """Of two columns, over some lanes."""

    def statistic(rows):
      a, b = (stats.rankdata(v[rows[:, at]], axis=1) for v in (x, y))
      a, b = (v - v.mean(1, keepdims=True) for v in (a, b))
      return (a * b).sum(1) / np.sqrt((a**2).sum(1) * (b**2).sum(1))

    return statistic

  def over_data(self, statistic):
    """A statistic of some lanes, averaged over the data sets' lanes."""
    each = [statistic(self.where(data=name)) for name in self.data]
    return lambda rows: np.mean([own(rows) for own in each], axis=0)

  def settings_of(self, run):
    return [setting for own, setting in self.keys if own == run]


@pytest.fixture(scope="module")
def lanes(folder):
  return Lanes(folder / "lanes.csv")


def between(low, high, samples):
  """The ends are 2.5% and 97.5% percentiles of samples, within chance."""
  near = 1e-5 * max(abs(low), abs(high))
  for outside, reached in (
    (samples < low - near, samples <= low + near),
    (samples > high + near, samples >= high - near),
  ):
    assert outside.mean() <= MOST
    assert reached.mean() >= LEAST


def check(row, title, statistic, lanes, *, moved=False):
  """One number of a table with its interval, against a statistic."""
  own = statistic(lanes.all[None])[0]
  if row[title] == "":
    assert np.isnan(own)
    return
  assert float(row[title]) == pytest.approx(own, rel=2e-5, abs=1e-6)
  samples = statistic(lanes.draws)
  if moved:
    samples = (samples + own - samples.mean()).clip(0, 1)
  between(float(row[f"{title} low"]), float(row[f"{title} high"]), samples)


def said(row, title):
  """An interval in words, as sentences have it."""
  value, low, high = (
    float(row[f"{title}{end}"]) for end in ("", " low", " high")
  )
  return f"{value:.2f} ({low:.2f} to {high:.2f})"


def sentence(folder, title):
  """What study.md says to a question."""
  text = (folder / "study.md").read_text()
  return text.partition(f"## {title}\n\n")[2].partition("\n")[0]


def test_settings(folder, lanes):
  rows = read(folder / "settings.csv")
  assert [(row["run"], row["setting"]) for row in rows] == lanes.keys
  titles = [t for t in rows[0] if t.endswith((" ↑", " ↓"))]
  assert len(titles) == 9
  means = {}
  for row in rows:
    key = row["run"], row["setting"]
    assert int(row["seeds"]) == len(lanes.at[key])
    for title in titles:
      check(row, title, lanes.mean(title[:-2], lanes.at[key]), lanes)
    means[key] = lanes.mean("mig", lanes.at[key])
  words = []
  for data in lanes.data:
    own = [row for row in rows if row["run"].startswith(data)]
    drawn = np.array([means[r["run"], r["setting"]](lanes.draws) for r in own])
    wins = np.bincount(drawn.argmax(0), minlength=len(own)) / SAMPLES
    chance = [float(row["chance of best"]) for row in own]
    np.testing.assert_allclose(chance, wins, atol=0.07)
    best = max(own, key=lambda row: float(row["mig ↑"]))
    words.append(
      f"On {data} the best mean mig is {said(best, 'mig ↑')}, of {best['run']}"
      f" at {best['setting']}; it is the best setting in"
      f" {float(best['chance of best']):.0%} of the bootstrap samples."
    )
  assert sentence(folder, "Which setting is best?") == " ".join(words)


def test_draws_and_means(folder, lanes):
  for row in read(folder / "draws.csv"):
    at = lanes.at[row["run"], row["setting"]]
    check(row, "nats of draws", lanes.mean("tc", at), lanes)
    check(row, "nats of means", lanes.mean("total_correlation", at), lanes)
  counts = []
  rows = read(folder / "draws_trends.csv")
  assert [row["run"] for row in rows] == lanes.runs
  for kind, name in (("draws", "tc"), ("means", "total_correlation")):
    for row in rows:
      names = lanes.settings_of(row["run"])
      place = np.array([
        names.index(s) if s in names else -1 for s in lanes.text["setting"]
      ])  # fmt: skip
      at = lanes.where(run=row["run"])
      trend = lanes.spearman(place, lanes.scores[name], at)
      check(row, f"trend of {kind}", trend, lanes)
    falls = sum(float(row[f"trend of {kind} high"]) < 0 for row in rows)
    rises = sum(float(row[f"trend of {kind} low"]) > 0 for row in rows)
    counts.append(f"that of {kind} falls in {falls} and rises in {rises}")
  text = sentence(folder, "Are draws of the code independent, and its means?")
  assert f"of {len(rows)} runs, in the order of the sweep: " in text
  assert ": " + ", ".join(counts) + " (95% interval" in text


def test_agreement(folder, lanes):
  rows = read(folder / "agreement.csv")
  pairs = {(row["score"], row["and score"]): row for row in rows}
  assert set(map(frozenset, pairs)) == set(
    map(frozenset, itertools.combinations(LABELLED, 2))
  )
  for (a, b), row in pairs.items():
    both = lanes.turned(a), lanes.turned(b)
    mean = lanes.over_data(lambda at, both=both: lanes.spearman(*both, at))
    check(row, "rank correlation", mean, lanes)
  order = sorted(pairs, key=lambda pair: float(pairs[pair]["rank correlation"]))
  least, most = order[0], order[-1]
  rank = lambda pair: said(pairs[pair], "rank correlation")
  positive = sum(float(row["rank correlation low"]) > 0 for row in rows)
  assert sentence(folder, "Do scores agree?") == (
    f"{most[0]} and {most[1]} agree most, {rank(most)}; {least[0]} and"
    f" {least[1]} least, {rank(least)}. Of {len(pairs)} pairs {positive} have"
    " an interval above 0."
  )


def test_distributions(folder, lanes):
  median = {}
  for row in read(folder / "distributions.csv"):
    values = np.sort(lanes.scores["mig"][lanes.where(run=row["run"])])
    assert int(row["lanes"]) == len(values)
    wanted = stats.mstats.mquantiles(
      values, (0, 0.25, 0.5, 0.75, 1), alphap=1, betap=1
    )
    np.testing.assert_allclose(list(map(float, list(row.values())[2:])), wanted,
                               rtol=1e-5)  # fmt: skip
    median[row["run"]] = wanted[2]
  wins = dict.fromkeys(lanes.text["method"], 0)
  rows = read(folder / "distributions_best.csv")
  assert len(rows) == len(lanes.data) * len(LABELLED)
  for row in rows:
    own = {}
    for run in lanes.runs:
      if run.startswith(row["data set"]):
        own[run] = np.median(lanes.scores[row["score"]][lanes.where(run=run)])
    best = max(own, key=own.get)
    assert row["best median of"] == best
    assert float(row["median"]) == pytest.approx(own[best], rel=1e-5)
    wins[best.partition("-")[2]] += 1
  words = []
  for data in lanes.data:
    own = {r: m for r, m in median.items() if r.startswith(data)}
    most, least = max(own, key=own.get), min(own, key=own.get)
    words.append(
      f"On {data} the median mig over all strengths and seeds is best of {most}"
      f" ({own[most]:.2f}) and worst of {least} ({own[least]:.2f})."
    )
  counts = [
    f"{name} by {number}"
    for name, number in sorted(wins.items(), key=lambda item: -item[1])
    if number
  ]
  words.append(f"Of {len(rows)} scores and data sets the best median is that of"
               f" {' and '.join(counts)}.")  # fmt: skip
  assert sentence(folder, "Is one method best?") == " ".join(words)


def shares(lanes, name):
  """Statistics: shares of a score's sum of squares, by hand."""
  values, seeds = lanes.scores[name], lanes.text["seed"].astype(int)

  def explained(groups):
    def statistic(rows):
      drawn = values[rows]
      mean = drawn.mean(1)
      total = ((drawn - mean[:, None]) ** 2).sum(1)
      return sum(
        len(at) * (drawn[:, at].mean(1) - mean) ** 2 for at in groups
      ) / total  # fmt: skip

    return statistic

  def shared(rows):
    drawn, which = values[rows], seeds[rows]
    total = ((drawn - drawn.mean(1, keepdims=True)) ** 2).sum(1)
    left = drawn.copy()
    for at in lanes.at.values():
      left[:, at] -= left[:, at].mean(1, keepdims=True)
    found = np.zeros(len(rows))
    for seed in set(seeds):
      same = which == seed
      number = np.maximum(same.sum(1), 1)
      found += number * ((left * same).sum(1) / number) ** 2
    return found / total

  data = explained([lanes.where(data=name) for name in lanes.data])
  run = explained([lanes.where(run=run) for run in lanes.runs])
  setting = explained(list(lanes.at.values()))
  return {
    "data set": data,
    "method": lambda rows: run(rows) - data(rows),
    "strength within it": lambda rows: setting(rows) - run(rows),
    "seed, the rest": lambda rows: 1 - setting(rows),
    "seed in every setting": shared,
  }


def test_variance(folder, lanes):
  rows = {row["score"]: row for row in read(folder / "variance.csv")}
  assert list(rows) == LABELLED
  for name, row in rows.items():
    for part, statistic in shares(lanes, name).items():
      check(row, part, statistic, lanes, moved=True)
    parts = list(map(float, list(row.values())[1:13:3]))
    assert sum(parts) == pytest.approx(1, abs=1e-5)
  part = lambda title: said(rows["mig"], title)
  more = sum(
    float(row["method"])
    < float(row["strength within it"]) + float(row["seed, the rest"])
    for row in rows.values()
  )
  title = "Does the method matter, its strength or the seed?"
  assert sentence(folder, title) == (
    f"Of mig's variance the data set explains {part('data set')}, the method"
    f" explains {part('method')}, the strength within it"
    f" {part('strength within it')} and the seed the remaining"
    f" {part('seed, the rest')}, of which {part('seed in every setting')} is"
    " the same seed's in every setting and what is left its interaction with"
    " the setting. Strengths and seeds together explain"
    f" more than the method in {more} of {len(rows)} scores."
  )


def test_strengths(folder, lanes):
  rows = read(folder / "strengths.csv")
  chance = {}
  for row in rows:
    key = row["run"], row["setting"]
    check(row, "mig ↑", lanes.mean("mig", lanes.at[key]), lanes)
    chance[key] = float(row["chance of best"])
  for run in lanes.runs:
    keys = [key for key in lanes.keys if key[0] == run]
    drawn = [lanes.mean("mig", lanes.at[key])(lanes.draws) for key in keys]
    wins = np.bincount(np.argmax(drawn, 0), minlength=len(keys)) / SAMPLES
    np.testing.assert_allclose([chance[k] for k in keys], wins, atol=0.07)
  best = {}
  for row in read(folder / "strengths_best.csv"):
    for name in LABELLED:
      mean = {
        s: lanes.scores[name][lanes.at[row["run"], s]].mean()
        for s in lanes.settings_of(row["run"])
      }
      best[row["run"], name] = max(mean, key=mean.get)
      assert row[TITLES[name]] == best[row["run"], name]
  sure = {run: chance[run, best[run, "mig"]] for run in lanes.runs}
  most, least = max(sure, key=sure.get), min(sure, key=sure.get)
  others = [
    best[run, name] != best[run, "mig"]
    for run in lanes.runs
    for name in LABELLED[1:]
  ]
  assert sentence(folder, "Does one strength serve everywhere?") == (
    f"In {sum(s >= 0.95 for s in sure.values())} of {len(sure)} runs one"
    " setting has the best mean mig in 95% of the bootstrap samples or more;"
    f" surest is {best[most, 'mig']} of {most} ({sure[most]:.0%}), least sure"
    f" {best[least, 'mig']} of {least} ({sure[least]:.0%}). Another score's"
    f" best setting of the same run is another one in {sum(others)} of"
    f" {len(others)} cases."
  )


def chosen(lanes, name, at):
  """Statistic: mig of the lane that a criterion chooses, among some lanes."""
  criterion, mig = lanes.turned(name), lanes.scores["mig"]

  def statistic(rows):
    picked = criterion[rows[:, at]].argmax(1)
    return mig[rows[np.arange(len(rows)), at[picked]]]

  return statistic


def correlated(lanes, name, at):
  return lanes.spearman(lanes.turned(name), lanes.turned("mig"), at)


def test_reconstruction(folder, lanes):
  words = []
  rows = {row["run"]: row for row in read(folder / "reconstruction.csv")}
  assert list(rows) == ["all", *lanes.runs]
  for name in ("reconstruction", "elbo"):
    of = lambda at, name=name: correlated(lanes, name, at)
    check(rows["all"], name, lanes.over_data(of), lanes)
    for run in lanes.runs:
      check(rows[run], name, of(lanes.where(run=run)), lanes)
    low = min(lanes.runs, key=lambda run: float(rows[run][name]))
    high = max(lanes.runs, key=lambda run: float(rows[run][name]))
    words.append(
      f"Rank correlation of a better {name} and a better mig over all models:"
      f" {said(rows['all'], name)}. Of single runs it is least of {low},"
      f" {said(rows[low], name)}, and most of {high}, {said(rows[high], name)}."
    )
  assert sentence(folder, "Does the loss tell?") == " ".join(words)


def test_choices(folder, lanes):
  rows = {row["criterion"]: row for row in read(folder / "choices.csv")}
  assert set(rows) == {"best", "at random", *FREE}
  for name, row in rows.items():
    if name == "at random":
      rate = lambda at: lanes.mean("mig", at)
      assert row["rank correlation"] == ""
    else:
      own = {"best": "mig"}.get(name, name)
      rate = lambda at, own=own: chosen(lanes, own, at)
      rank = lanes.over_data(lambda at, own=own: correlated(lanes, own, at))
      check(row, "rank correlation", rank, lanes)
    check(row, "mig ↑", lanes.over_data(rate), lanes)
    for run in lanes.runs:
      check(row, run, rate(lanes.where(run=run)), lanes)
  best = max(FREE, key=lambda name: float(rows[name]["mig ↑"]))
  assert sentence(folder, "Can one choose without labels?") == (
    f"The best model has {said(rows['best'], 'mig ↑')}, one at random"
    f" {said(rows['at random'], 'mig ↑')}; of the criteria that need no labels"
    f" {best} chooses best, {said(rows[best], 'mig ↑')}."
  )


def exchanged(here, there):
  """Statistics of settings' means here and there, each (B, G) of rows."""

  def pick(rows, by):
    a, b = here(rows), there(rows)
    return b[np.arange(len(rows)), (a if by == "here" else b).argmax(1)]

  def correlation(rows):
    return np.array([
      stats.spearmanr(a, b).statistic if len(rows) == 1 else _pearson(a, b)
      for a, b in zip(here(rows), there(rows), strict=True)
    ])  # fmt: skip

  def gain(rows):
    mean = there(rows).mean(1)
    return (pick(rows, "here") - mean) / (pick(rows, "there") - mean)

  return {
    "correlation": correlation,
    "chosen": lambda rows: pick(rows, "here"),
    "best": lambda rows: pick(rows, "there"),
    "all": lambda rows: there(rows).mean(1),
    "gain": gain,
  }


def _pearson(a, b):
  """Spearman's of a few numbers without ties; `spearmanr` is slow."""
  distance = ((a.argsort().argsort() - b.argsort().argsort()) ** 2).sum()
  return 1 - 6 * distance / (len(a) * (len(a) ** 2 - 1))


def means_of(lanes, name, keys):
  return lambda rows: np.stack(
    [lanes.mean(name, lanes.at[key])(rows) for key in keys], axis=1
  )


def test_scores(folder, lanes):
  rows = read(folder / "scores.csv")
  pairs = {(row["chosen by"], row["judged by"]): row for row in rows}
  assert set(pairs) == set(itertools.permutations(LABELLED, 2))
  titles = {
    "correlation": "rank correlation", "chosen": "of the chosen",
    "best": "of the best", "all": "of all", "gain": "gain",
  }  # fmt: skip
  for (a, b), row in pairs.items():
    parts = []
    for data in lanes.data:
      keys = [key for key in lanes.keys if key[0].startswith(data)]
      parts.append(exchanged(*(means_of(lanes, n, keys) for n in (a, b))))
    for what, title in titles.items():
      mean = lambda rows, what=what, parts=parts: np.mean(
        [own[what](rows) for own in parts], axis=0
      )
      check(row, title, mean, lanes)
  gain = lambda pair: float(pairs[pair]["gain"])
  most, least = max(pairs, key=gain), min(pairs, key=gain)
  words = lambda pair: (
    f"chosen by {pair[0]} and judged by {pair[1]}, {said(pairs[pair], 'gain')}"
  )
  best = max((pair for pair in pairs if pair[1] == "mig"), key=gain)
  title = "Is a setting that is good by one score good by another?"
  assert sentence(folder, title) == (
    "From the mean setting (a gain of 0) to the best one (1), choosing by"
    f" another score gets {np.mean([gain(pair) for pair in pairs]):.2f} in the"
    f" mean over {len(pairs)} pairs, beyond chance in"
    f" {sum(float(row['gain low']) > 0 for row in rows)} of them; furthest"
    f" where {words(most)}, least far where {words(least)}. Judged by mig"
    f" {best[0]} chooses best, {said(pairs[best], 'gain')}."
  )


def test_transfer(folder, lanes):
  rows = read(folder / "transfer.csv")
  pairs = {(row["here"], row["there"]): row for row in rows}
  assert set(pairs) == set(itertools.permutations(lanes.data, 2))
  titles = {
    "correlation": "rank correlation", "gain": "gain",
    "chosen": "mig ↑ there of the best here",
    "best": "mig ↑ there of the best there", "all": "mig ↑ there of all",
  }  # fmt: skip
  for pair, row in pairs.items():
    keys = [[key for key in lanes.keys if key[0].startswith(n)] for n in pair]
    assert int(row["settings"]) == len(keys[0]) == len(keys[1])
    parts = exchanged(*(means_of(lanes, "mig", own) for own in keys))
    for what, title in titles.items():
      check(row, title, parts[what], lanes)
  won = sum(float(r[titles["chosen"]]) > float(r[titles["all"]]) for r in rows)
  text = sentence(
    folder, "Is a setting that is good on one data set good on another?"
  )
  assert text.startswith(
    f"In {won} of {len(rows)} pairs of data sets the setting with the best mean"
    " mig on one is above the mean setting on the other."
  )
  found = re.findall(r"on (\w+) and (\w+), ([^;]*?\))", text)
  assert [own[2] for own in found] == [
    said(pairs[own[:2]], "rank correlation") for own in found
  ]


def test_labels(folder, lanes):
  rows = read(folder / "labels.csv")
  assert [row["score"] for row in rows] == ["mig", "sap"]
  few = {
    "10 labels": lanes.scores["downstream.downstream_10"],
    "100 labels": lanes.scores["downstream"],
    "1,000 labels": lanes.scores["downstream.downstream_1000"],
  }
  _, hundred, thousand = few.values()
  few["100 over 1,000 labels"] = hundred / thousand
  for row in rows:
    for title, values in few.items():
      both = lanes.scores[row["score"]], values
      of = lambda at, both=both: lanes.spearman(*both, at)
      check(row, title, lanes.over_data(of), lanes)
  own = ", ".join(f"{title} {said(rows[0], title)}" for title in few)
  above = {
    title: sum(float(row[f"{title} low"]) > 0 for row in rows) for title in few
  }
  counted = [list(few)[1], list(few)[3]]
  assert sentence(
    folder, "Are well-rated codes worth more with few labels?"
  ) == (
    f"Rank correlation of mig with the accuracy from {own}. "
    + " ".join(
      f"Of 2 scores {above[title]} correlate beyond chance with that from"
      f" {title}."
      for title in counted
    )
  )


def test_seeds(folder, lanes):
  rows = read(folder / "seeds.csv")
  best = {}
  for run in lanes.runs:
    keys = [key for key in lanes.keys if key[0] == run]
    own = max(keys, key=lambda key: lanes.scores["mig"][lanes.at[key]].mean())
    best[" ".join(own)] = lanes.at[own]
  assert {(row["one"], row["other"]) for row in rows} == {
    (a, b)
    for a, b in itertools.combinations(best, 2)
    if a.partition("-")[0] == b.partition("-")[0]
  }
  needed = []
  for row in rows:
    one, other = best[row["one"]], best[row["other"]]
    x, y = (lanes.scores["mig"][at] for at in (one, other))
    gap = lambda rows, one=one, other=other: (
      lanes.mean("mig", one)(rows) - lanes.mean("mig", other)(rows)
    )
    check(row, "difference", gap, lanes)
    quantiles = stats.norm.ppf(0.975) + stats.norm.ppf(0.8)
    wanted = quantiles**2 * (np.var(x, ddof=1) + np.var(y, ddof=1))
    needed.append(math.ceil(wanted / (x.mean() - y.mean()) ** 2))
    assert float(row["seeds of each"]) == pytest.approx(needed[-1], rel=1e-5)
    assert int(row["seeds here"]) == min(len(x), len(y))
  told = sum(
    n <= int(row["seeds here"]) for n, row in zip(needed, rows, strict=True)
  )
  assert sentence(folder, "How many seeds does a claim need?") == (
    f"With 80% power at 5%, the seeds here tell {told} of {len(rows)} pairs of"
    " runs apart, at their best settings, were the differences those measured"
    f" here; for half of the pairs it takes {np.median(needed):,.0f} seeds of"
    f" each or fewer, for all of them {max(needed):,.0f}."
  )


def triples(rows, title):
  """(N, 3) numbers of a table's column and their intervals."""
  cells = [
    [row[f"{title}{end}"] for end in ("", " low", " high")] for row in rows
  ]
  return np.array([[float(cell or "nan") for cell in row] for row in cells])


def dots(ax):
  """(N, 3) dots of some axes and the intervals they stand on, from above."""
  found = []
  for line, bars in zip(
    [line for line in ax.lines if line.get_marker() == "o"],
    [c for c in ax.collections if isinstance(c, LineCollection)],
    strict=True,
  ):
    x, y = line.get_data()
    ends = np.array(bars.get_segments())
    np.testing.assert_array_equal(ends[:, 0, 1], y)
    np.testing.assert_array_equal(ends[:, 1, 1], y)
    found.append(np.column_stack([x, ends[:, :, 0]]))
  return np.concatenate(found)


def same(found, wanted):
  np.testing.assert_allclose(found, wanted, rtol=2e-5, atol=1e-9)


def test_figures_of_dots_have_the_numbers_of_their_tables(folder, axes):
  rows = read(folder / "settings.csv")
  best = {}
  for row, own in zip(rows, triples(rows, "mig ↑"), strict=True):
    best[row["run"]] = max(best.get(row["run"], own), own, key=lambda t: t[0])
  (ax,) = axes("settings")
  same(dots(ax), list(best.values()))
  rows = read(folder / "variance.csv")
  assert len(axes("variance")) == 5
  for ax in axes("variance"):
    same(dots(ax), triples(rows, ax.get_xlabel()))
  names = [t.get_text() for t in axes("variance")[0].get_yticklabels()]
  assert names == [row["score"] for row in rows]
  every = {row["criterion"]: row for row in read(folder / "choices.csv")}
  rows = [row for row in every.values() if row["criterion"] in FREE]
  left, right = axes("choices")
  same(dots(left), triples(rows, "mig ↑"))
  same(dots(right), triples(rows, "rank correlation"))
  marks = [line.get_xdata()[0] for line in left.lines if line.is_dashed()]
  same(
    sorted(marks),
    sorted(float(every[n]["mig ↑"]) for n in every.keys() - {*FREE}),
  )


def test_figures_of_several_series_have_the_numbers_of_their_tables(
  folder, axes
):
  for name, titles in {
    "transfer": [f"mig ↑ there of {w}" for w in ("the best here",
                 "the best there", "all")],
    "labels": ["10 labels", "100 labels", "1,000 labels",
               "100 over 1,000 labels"],
  }.items():  # fmt: skip
    rows = read(folder / f"{name}.csv")
    (ax,) = axes(name)
    same(dots(ax), np.concatenate([triples(rows, title) for title in titles]))


@pytest.mark.parametrize("name", ["draws", "strengths"])
def test_figures_of_strengths_have_lanes_means_and_bands(
  folder, axes, lanes, name
):
  rows = read(folder / f"{name}.csv")
  kinds = {
    "draws": {"nats of draws": "tc", "nats of means": "total_correlation"},
    "strengths": {"mig ↑": "mig"},
  }[name]
  assert [ax.get_title("left") for ax in axes(name)] == lanes.runs
  for ax, run in zip(axes(name), lanes.runs, strict=True):
    own = [row for row in rows if row["run"] == run]
    clouds = [c for c in ax.collections if isinstance(c, PathCollection)]
    bands = [c for c in ax.collections if isinstance(c, PolyCollection)]
    for (title, score), line, cloud, band in zip(
      kinds.items(), ax.lines, clouds, bands, strict=True
    ):
      value, low, high = triples(own, title).T
      same(line.get_ydata(), value)
      corners = band.get_paths()[0].vertices
      for k in range(len(own)):
        ends = corners[corners[:, 0] == k][:, 1]
        same([ends.min(), ends.max()], [low[k], high[k]])
      points = cloud.get_offsets()
      same(points[:, 1], lanes.scores[score][lanes.where(run=run)])
      place = [f"beta {k + 1:.0f}" for k in points[:, 0]]
      assert place == list(lanes.text["setting"][lanes.where(run=run)])


def test_heat_maps_have_the_numbers_of_their_tables(folder, axes):
  for name, keys, title, both in (
    ("agreement", ("score", "and score"), "rank correlation", True),
    ("scores", ("chosen by", "judged by"), "gain", False),
  ):
    wanted = np.eye(len(LABELLED))
    for row in read(folder / f"{name}.csv"):
      i, j = (LABELLED.index(row[key]) for key in keys)
      wanted[i, j] = float(row[title])
      wanted[j, i] = wanted[i, j] if both else wanted[j, i]
    ax = axes(name)[0]  # before its bar of colours
    same(np.asarray(ax.images[0].get_array()), wanted)
    texts = [float(text.get_text()) for text in ax.texts]
    within = 0.0501 if max(len(t.get_text()) for t in ax.texts) < 4 else 0.00501
    small = abs(wanted.ravel()) < 1  # others have one digit
    off = abs(np.array(texts) - wanted.ravel())
    np.testing.assert_array_less(off, np.where(small, within, 0.0501))
    assert [t.get_text() for t in ax.get_xticklabels()] == LABELLED
    assert [t.get_text() for t in ax.get_yticklabels()] == LABELLED


def test_points_are_the_lanes(folder, axes, lanes):
  (ax,) = axes("distributions")
  clouds = [c for c in ax.collections if isinstance(c, PathCollection)]
  lines = [c for c in ax.collections if isinstance(c, LineCollection)]
  medians = [float(row["median"]) for row in read(folder / "distributions.csv")]
  same([line.get_segments()[0][0, 0] for line in lines], medians)
  left, right = axes("reconstruction")
  pairs = [c for c in left.collections if isinstance(c, PathCollection)]
  for cloud, pair, run in zip(clouds, pairs, lanes.runs, strict=True):
    at = lanes.where(run=run)
    same(cloud.get_offsets()[:, 0], lanes.scores["mig"][at])
    both = [lanes.scores[n][at] for n in ("reconstruction", "mig")]
    same(pair.get_offsets(), np.transpose(both))
  rows = read(folder / "reconstruction.csv")[1:]
  same(dots(right), triples(rows, "reconstruction"))


def test_stairs_rise_where_a_pair_is_told_apart(folder, axes):
  rows = read(folder / "seeds.csv")
  (ax,) = axes("seeds")
  x, y = ax.lines[0].get_data()
  same(x, sorted(float(row["seeds of each"]) for row in rows))
  assert list(y) == list(range(1, len(rows) + 1))
  assert ax.lines[1].get_xdata()[0] == np.median(
    [int(row["seeds here"]) for row in rows]
  )


def test_figures_are_within_their_bounds(written):
  assert len(written[2]) == 2 * len(written[1])
  for name, inches in written[2].items():
    assert inches.min() > -0.02, name
