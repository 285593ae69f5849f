"""The data-parallel example: shares of the examples on four devices, the costs of NumPy."""

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "examples"))

import data_parallel  # noqa: E402  # after the path to it


def run(*arguments):
    return subprocess.run(
        [sys.executable, str(ROOT / "examples" / "data_parallel.py"), *arguments],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )


def csv_files(folder, examples=11, pixels=12):
    rng = np.random.default_rng(0)
    for part in ("train", "test"):
        images = rng.integers(0, 256, (examples, pixels))
        np.savetxt(folder / f"{part}_images.csv", images, fmt="%d", delimiter=",")
        labels = rng.integers(0, 2, (examples, 1))
        np.savetxt(folder / f"{part}_labels.csv", labels, fmt="%d", delimiter=",")
    return str(folder)


def test_the_costs_are_those_of_numpy(tmp_path):
    pytest.importorskip("jax", reason="the example runs on JAX's devices")
    done = run("--data", csv_files(tmp_path), "--iterations", "30", "--learning-rate", "0.5")
    assert done.returncode == 0, done.stderr
    assert "11 examples, 3 rows on each of 4 devices" in done.stdout
    assert float(re.search(r"difference of the costs: (\S+);", done.stdout)[1]) <= 1e-9
    costs = [float(c) for c in re.findall(r"([0-9.]+) on the devices", done.stdout)]
    assert len(costs) == 2
    assert costs[1] < costs[0] - 0.01


@pytest.mark.parametrize("count, rows", [(4, 12), (3, 12), (11, 11), (1, 11)])
def test_empty_examples_fill_up_and_weigh_nothing(count, rows):
    X, Y = np.ones((11, 5)), np.ones((11, 1))
    X, Y, weights = data_parallel.shares(X, Y, count)
    assert [len(a) for a in (X, Y, weights)] == [rows] * 3
    assert weights[:11].ravel().tolist() == [1 / 11] * 11
    assert not X[11:].any()
    assert not weights[11:].any()


def test_what_is_wrong_is_said_in_one_line(tmp_path):
    for arguments, message in [
        (["--devices", "0"], "data_parallel: --devices is at least 1, got 0"),
        (["--iterations", "x"], "data_parallel: argument --iterations: invalid int value: 'x'"),
    ]:
        with pytest.raises(SystemExit, match=message):
            data_parallel.main(arguments)


def test_a_missing_folder_is_said(tmp_path):
    pytest.importorskip("jax", reason="the example runs on JAX's devices")
    done = run("--data", str(tmp_path / "nowhere"))
    assert done.returncode == 1
    assert done.stderr.startswith("data_parallel: ")
    assert "nowhere does not exist" in done.stderr
