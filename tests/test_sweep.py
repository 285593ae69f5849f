"""The sweep: its rows, its table, and how it goes on after an interruption."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "examples"))

import sweep  # noqa: E402  # after the path to it

pytest.importorskip("tqdm", reason="the sweep shows its progress with tqdm")


@pytest.fixture
def data(tmp_path):
    folder = tmp_path / "data"
    folder.mkdir()
    rng = np.random.default_rng(0)
    for part in ("train", "test"):
        images = rng.integers(0, 256, (9, 12))
        np.savetxt(folder / f"{part}_images.csv", images, fmt="%d", delimiter=",")
        labels = rng.integers(0, 2, (9, 1))
        np.savetxt(folder / f"{part}_labels.csv", labels, fmt="%d", delimiter=",")
    return folder


def command(data, out, *arguments):
    return [
        *(sys.executable, str(ROOT / "examples" / "sweep.py")),
        *("--data", str(data), "--out", str(out), "--workers", "2", *arguments),
    ]


def run(data, out, *arguments):
    return subprocess.run(command(data, out, *arguments), env=ENV, capture_output=True, text=True)


ENV = {**os.environ, "PYTHONPATH": str(ROOT)}
FEW = ("--hidden", "4,3", "5", "--learning-rates", "0.1,1e9", "--iterations", "120")


def test_every_setting_is_a_row_and_a_line_of_the_table(data, tmp_path):
    done = run(data, tmp_path / "out", *FEW)
    assert done.returncode == 0, done.stderr
    rows = sweep.read_rows(tmp_path / "out" / "sweep.csv")
    settings = [(s.hidden, s.learning_rate, s.iterations, s.seed) for s in rows]
    assert sorted(settings) == [
        *[("4,3", 0.1, 120, 1), ("4,3", 1e9, 120, 1)],
        *[("5", 0.1, 120, 1), ("5", 1e9, 120, 1)],
    ]
    row = next(row for s, row in rows.items() if (s.hidden, s.learning_rate) == ("5", 0.1))
    assert row["costs"].split()[0].startswith("0:0.")
    assert row["costs"].split()[-1].startswith("119:")
    assert 0 < float(row["cost"]) < 0.8
    assert 0 <= float(row["test_accuracy"]) <= 1
    lines = [line.split() for line in done.stdout.splitlines()]
    assert lines[0] == ["layers", "rate", "training", "test", "cost", "seconds"]
    assert len(lines) == 1 + 4 + 1
    assert "Warning" not in done.stderr


def test_a_rate_that_is_too_large_is_said(data, tmp_path):
    setting = sweep.Setting("4", 1e300, 50, 1, str(data))
    row = sweep.train(setting)
    assert row["cost"] == "nan"
    assert "  the cost grew beyond all numbers" in sweep.table([row])


def test_the_same_setting_gives_the_same_row(data):
    setting = sweep.Setting("4,2", 0.1, 60, 3, str(data))
    first, second = sweep.train(setting), sweep.train(setting)
    assert {**first, "seconds": 0} == {**second, "seconds": 0}
    other = sweep.train(setting._replace(seed=4))
    assert other["cost"] != first["cost"]


@pytest.mark.acceptance
def test_an_interrupted_sweep_goes_on_where_it_ended(data, tmp_path):
    out = tmp_path / "out"
    path = out / "sweep.csv"
    many = ("--hidden", "4", "5", "6", "--learning-rates", "0.1,0.2,0.3,0.4")
    process = subprocess.Popen(
        command(data, out, *many, "--iterations", "800"),
        env=ENV,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    limit = time.monotonic() + 60
    while not (path.exists() and path.read_text().count("\n") >= 3) and time.monotonic() < limit:
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does it
    said, complaints = process.communicate(timeout=60)
    assert process.returncode == 130, complaints
    assert f"stopped by Ctrl-C; the same command goes on, with {path}" in said
    assert "Traceback" not in complaints
    before = path.read_text()
    kept = before.splitlines()[1:]
    assert 2 <= len(kept) < 12

    path.write_text(before + "6,0.4,800,1,/half/a/li")
    done = run(data, out, *many, "--iterations", "800")
    assert done.returncode == 0, done.stderr
    assert "the last line was cut short; its setting is tried again" in done.stdout
    assert f"{len(kept)} of 12 settings are in {path} already" in done.stdout
    lines = path.read_text().splitlines()
    assert lines[1 : 1 + len(kept)] == kept
    assert len(lines) == 13
    assert len(sweep.read_rows(path)) == 12

    again = run(data, out, *many, "--iterations", "800")
    assert "12 of 12 settings" in again.stdout
    assert path.read_text().splitlines() == lines


@pytest.mark.acceptance
def test_another_training_is_another_setting(data, tmp_path):
    out = tmp_path / "out"
    one = ("--hidden", "4", "--learning-rates", "0.1")
    assert run(data, out, *one, "--iterations", "5").returncode == 0
    done = run(data, out, *one, "--iterations", "6")
    assert "already" not in done.stdout
    assert len(sweep.read_rows(out / "sweep.csv")) == 2


@pytest.mark.parametrize(
    "text, message",
    [
        ("a,b\n1,2\n", "has other columns than this sweep's; move it, or say --out"),
        (",".join(sweep.COLUMNS) + "\n4,fast,5,1,x\n", "line 2: expected hidden,learning_rate,"),
    ],
)
def test_a_file_that_is_something_else_is_left_alone(data, tmp_path, text, message):
    (tmp_path / "sweep.csv").write_text(text)
    done = run(data, tmp_path, *FEW)
    assert done.returncode == 1
    assert message in done.stderr
    assert (tmp_path / "sweep.csv").read_text() == text


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["--hidden", "4,x"], "expected sizes such as 20,7,5; got '4,x'"),
        (["--hidden", "0"], "expected sizes such as 20,7,5; got '0'"),
        (["--learning-rates", "0.1,-1"], "expected rates such as 0.003,0.0075; got '0.1,-1'"),
        (["--learning-rates", "nan"], "expected rates such as 0.003,0.0075; got 'nan'"),
        (["--workers", "0"], "sweep: --workers is at least 1, got 0"),
        (["--iterations", "0"], "sweep: --iterations is at least 1, got 0"),
        (["--data", "nowhere"], "nowhere does not exist"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(arguments, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as stopped:
        sweep.main(arguments)
    assert str(stopped.value).startswith("sweep: ")
    assert message in str(stopped.value)
    assert not list(tmp_path.iterdir())
