"""python -m microtensor: draw and doctor."""

import subprocess
import sys

import numpy as np
import pytest

from microtensor.__main__ import doctor, main

SCRIPT = """
from microtensor import Tensor
w = Tensor(2.0, requires_grad=True)
p = w * 3.0
loss = p.log()
number = 5
"""


@pytest.fixture
def script(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "script.py").write_text(SCRIPT)
    return tmp_path


def test_draw(script, capsys):
    main(["draw", "script.py:loss", "-o", "graph.txt"])
    assert capsys.readouterr().out == "graph.txt\n"
    text = (script / "graph.txt").read_text(encoding="utf-8")
    assert text.startswith("loss = log(w · 3)\n")
    assert "∂loss/∂p  0.1667" in text  # the script's variables name the values


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("script.py:cost", "script.py has no 'cost'; its tensors: w, p, loss"),
        ("script.py:number", "Graph.of: expected a tensor, got int"),
        ("script.py", "expected script.py:name, got 'script.py'"),
        ("missing.py:x", "No such file"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(script, capsys, target, said):
    with pytest.raises(SystemExit) as stopped:
        main(["draw", target])
    assert stopped.value.code == 2
    error = capsys.readouterr().err
    assert error.startswith("microtensor draw: ")
    assert said in error
    assert error.count("\n") == 1


def test_the_help_says_that_the_script_runs(capsys):
    with pytest.raises(SystemExit):
        main(["draw", "--help"])
    assert "RUNS the script" in capsys.readouterr().out


def test_doctor():
    lines = doctor().splitlines()
    found = {line.split()[0]: line.split()[1] for line in lines[:-1]}
    assert found["numpy"] == np.__version__
    assert set(found) == {
        "python", "numpy", "graphviz", "pygraphviz", "matplotlib", "tqdm", "Pillow", "dot",
    }  # fmt: skip
    assert lines[-1].startswith("pictures can be drawn: ")


def test_as_a_module():
    done = subprocess.run(
        [sys.executable, "-m", "microtensor", "doctor"], capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("python ")
