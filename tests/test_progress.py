"""What is said in a terminal, in a notebook, and where neither reads."""

import contextlib
import os
import pty
import re
import sys
from types import SimpleNamespace

import pytest

from dvae_jax import progress

CONTROL = "\x1b"
CODES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\r")


def work(number=5):
  """Some work under a bar, with a line in between."""
  with progress.progress_bar() as bar:
    task = bar.add_task("Training 8 lanes", total=number)
    for step in range(number):
      bar.advance(task)
      bar.update(task, note=f"loss {10 - step}.5, best elbo -{9 - step}.1")
    progress.say("a line")


@pytest.fixture
def terminal(monkeypatch):
  """Calls a function with a pseudo-terminal as standard error: what it got."""
  monkeypatch.delenv("JPY_PARENT_PID", raising=False)
  monkeypatch.setenv("TERM", "xterm-256color")
  monkeypatch.setattr(progress.CONSOLE, "_width", 100)
  monkeypatch.setattr(progress.CONSOLE, "_height", 25)

  def shown(function):
    master, slave = pty.openpty()
    with os.fdopen(slave, "w") as file, monkeypatch.context() as patch:
      patch.setattr(sys, "stderr", file)
      function()
      file.flush()
      os.set_blocking(master, False)
      found = []
      with contextlib.suppress(BlockingIOError):  # all is read
        while True:
          found.append(os.read(master, 1 << 16))
    os.close(master)
    return b"".join(found).decode()

  return shown


@pytest.fixture
def piped(capsys):
  return lambda: capsys.readouterr().err


@pytest.fixture(autouse=True)
def loud():
  yield
  progress.be_quiet(False)


def test_a_terminal_gets_a_bar_with_its_numbers_and_the_time_left(terminal):
  text = terminal(work)
  assert CONTROL in text
  for words in ("Training 8 lanes", "5/5", "left", "loss 6.5, best elbo -5.1"):
    assert words in text
  assert "a line" in text


def test_a_bar_fits_eighty_columns(terminal, monkeypatch):
  monkeypatch.setattr(progress.CONSOLE, "_width", 80)

  def long():
    with progress.progress_bar() as bar:
      task = bar.add_task("Training 8 lanes", total=300_000, completed=299_999)
      bar.update(task, note="loss 34.1, kl 7.21, best elbo -31.9")

  last = CODES.sub("", terminal(long)).strip().splitlines()[-1]
  assert len(last) <= 80
  assert last.startswith("Training 8 lanes ")
  assert last.endswith("100% --:-- left loss 34.1, kl 7.21, best elbo -31.9")


@pytest.mark.parametrize("variable", ["FORCE_COLOR", "CLICOLOR_FORCE"])
def test_a_pipe_gets_no_control_codes(piped, monkeypatch, variable):
  monkeypatch.setenv(variable, "1")  # as a notebook's kernel sets for commands
  monkeypatch.setattr(progress, "SECONDS_PER_LINE", 0.0)
  work()
  text = piped()
  lines = text.splitlines()
  assert CONTROL not in text
  assert "\r" not in text
  assert lines[-1] == "a line"
  assert lines[-2].startswith("Training 8 lanes: 5 of 5, loss 6.5, best elbo")


def test_lines_come_now_and_then(piped):
  work(2000)
  assert piped() == "a line\n"


def test_a_command_in_a_cell_of_a_notebook_has_no_terminal(
  terminal, monkeypatch
):
  monkeypatch.setenv("JPY_PARENT_PID", "1")
  assert terminal(work).splitlines() == ["a line"]


def test_quiet_leaves_warnings(piped):
  progress.be_quiet(True)
  work()
  assert piped() == ""
  progress.warn("Metric mig: nothing varies")
  assert piped() == "Metric mig: nothing varies\n"
  assert progress.is_quiet()


def test_a_notebook_gets_one_output_that_is_renewed(monkeypatch, capsys):
  shown, renewed = [], []
  handle = SimpleNamespace(update=lambda data, raw: renewed.append(data))

  def display(data, *, raw, display_id):
    assert raw
    assert display_id
    shown.append(data)
    return handle

  monkeypatch.setattr("IPython.display.display", display)
  monkeypatch.setattr(progress, "_notebook", lambda: object())
  monkeypatch.setattr(progress, "SECONDS_PER_DISPLAY", 0.0)
  work()
  assert len(shown) == 1
  assert '<progress value="5" max="5">' in renewed[-1]["text/html"]
  assert renewed[-1]["text/plain"].startswith("Training 8 lanes: 5 of 5")
  assert capsys.readouterr() == ("a line\n", "")  # stderr would be red


def test_states_that_nobody_could_see_are_not_displayed(monkeypatch):
  renewed = []
  handle = SimpleNamespace(update=lambda data, raw: renewed.append(data))
  monkeypatch.setattr("IPython.display.display", lambda *_, **__: handle)
  monkeypatch.setattr(progress, "_notebook", lambda: object())
  work(2000)
  # The last state and its note, whatever the clock says, and few others.
  assert 1 <= len(renewed) < 10
  assert "2,000 of 2,000" in renewed[-1]["text/plain"]


@pytest.mark.parametrize(
  ("seconds", "text"), [(5.4, "0:05"), (80, "1:20"), (7400, "2:03:20")]
)
def test_clock(seconds, text):
  assert progress.clock(seconds) == text


def test_time_left_is_that_of_this_process_own_pace(monkeypatch):
  now = [100.0]
  monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
  # Resumed at 50; the first call compiles. 10 steps in 20 s leave 40 of 2 s.
  task = progress.Task("Training", 101, 50)
  task.move(51)
  assert task.left() == ""
  now[0] = 120.0
  task.move(61)
  assert task.left() == "1:20 left"
  assert task.words() == "Training: 61 of 101, 1:20 left"
