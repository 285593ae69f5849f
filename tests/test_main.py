"""python -m microtensor: draw, source, explain and doctor."""

import shutil
import subprocess
import sys

import numpy as np
import pytest

import microtensor as mt
from microtensor.__main__ import doctor, main  # the command, without a process

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


def test_source(script, capsys):
    main(["source", "script.py:loss", "-o", "program.py"])
    assert capsys.readouterr().out == "program.py\n"
    space = {}
    exec((script / "program.py").read_text(encoding="utf-8"), space)
    value, gradients = space["loss_and_gradients"](w=np.float64(2.0))
    assert value == pytest.approx(np.log(6))
    assert gradients == {"w": pytest.approx(0.5)}
    (script / "script.py").write_text(SCRIPT + "print('done')\n")
    main(["source", "script.py:p", "--xp", "jax.numpy"])
    said = capsys.readouterr()
    assert "\nimport jax.numpy as jnp\n\n\ndef p_and_gradients(w):\n" in said.out
    assert said.err == "done\n"


def test_a_constant_has_no_program(script, capsys):
    (script / "script.py").write_text("from microtensor import Tensor\nx = Tensor(1.0)\n")
    with pytest.raises(SystemExit):
        main(["source", "script.py:x"])
    assert capsys.readouterr().err.startswith("microtensor source: to_source: the output is a con")


def test_draw_refuses_an_ending_before_the_script_runs(script, capsys):
    (script / "script.py").write_text("print('ran')\n" + SCRIPT)
    with pytest.raises(SystemExit):
        main(["draw", "script.py:loss", "-o", "graph.bmp"])
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("microtensor draw: save: 'graph.bmp' ends in none of .svg, ")
    assert [p.name for p in script.iterdir()] == ["script.py"]


def test_draw_says_once_who_speaks(script, capsys):
    with pytest.raises(SystemExit):
        main(["draw", "script.py:loss", "--collapse", "layer9", "-o", "graph.txt"])
    said = capsys.readouterr().err
    assert said == "microtensor draw: collapse: there is no group 'layer9'; groups: none\n"
    with pytest.raises(SystemExit):
        main(["draw", "script.py:loss", "--theme", "pink"])
    assert "invalid choice: 'pink'" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["draw", "explain", "source"])
@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("script.py:cost", "script.py has no tensor 'cost'; its tensors: w, p, loss"),
        ("script.py:number", "script.py has no tensor 'number'; its tensors: w, p, loss"),
        ("script.py", "expected script.py:name, got 'script.py'; the name is a tensor's in it"),
        ("script.py:", "script.py has no tensor ''; its tensors: w, p, loss"),
        ("missing.py:x", "there is no file 'missing.py'"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(script, capsys, command, target, said):
    with pytest.raises(SystemExit) as stopped:
        main([command, target])
    assert stopped.value.code == 2
    error = capsys.readouterr().err
    assert error.startswith(f"microtensor {command}: ")
    assert said in error
    assert error.count("\n") == 1


@pytest.mark.parametrize("command", ["draw", "explain", "source"])
class TestAScriptThatStops:
    def stopped(self, capsys, command):
        with pytest.raises(SystemExit) as stopped:
            main([command, "script.py:loss"])
        assert stopped.value.code == 2
        return capsys.readouterr().err

    def test_by_an_error(self, script, capsys, command):
        (script / "script.py").write_text("def f():\n    return 1 / 0\n\n\nf()\n")
        said = self.stopped(capsys, command)
        first, place, *_, error, last = said.splitlines()
        assert first == "Traceback (most recent call last):"
        assert place == '  File "script.py", line 5, in <module>'  # nothing of what ran it
        assert 'File "script.py", line 2, in f\n' in said
        assert error == "ZeroDivisionError: division by zero"
        assert last == f"microtensor {command}: script.py stopped with the error above"

    def test_by_an_error_of_microtensor(self, script, capsys, command):
        (script / "script.py").write_text(SCRIPT + "loss.reshape(3)\n")
        said = self.stopped(capsys, command)
        assert 'File "script.py", line 7, in <module>' in said
        assert said.endswith(f"microtensor {command}: script.py stopped with the error above\n")

    def test_by_its_syntax(self, script, capsys, command):
        (script / "script.py").write_text("x = 1\ny = = 2\n")
        said = self.stopped(capsys, command)
        assert said.startswith('  File "script.py", line 2\n')
        assert said.endswith(f"microtensor {command}: script.py stopped with the error above\n")

    @pytest.mark.parametrize("code", ["", "0", "'no data'"])
    def test_by_sys_exit(self, script, capsys, command, code):
        (script / "script.py").write_text(SCRIPT + f"import sys\nsys.exit({code})\n")
        assert self.stopped(capsys, command) == (
            f"microtensor {command}: script.py ended itself, by sys.exit({code}), "
            "before its tensors could be read\n"
        )

    def test_by_ctrl_c(self, script, capsys, command):
        (script / "script.py").write_text("raise KeyboardInterrupt\n")
        with pytest.raises(SystemExit) as stopped:
            main([command, "script.py:loss"])
        assert stopped.value.code == 130
        assert capsys.readouterr().err == f"microtensor {command}: stopped by Ctrl-C\n"


def test_a_script_runs_as_python_runs_it(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "beside_it.py").write_text("three = 3.0\n")
    (tmp_path / "deep" / "script.py").write_text(
        "import sys\nfrom beside_it import three\nfrom microtensor import Tensor\n"
        "assert sys.argv == ['deep/script.py']\n"
        "y = Tensor(three, requires_grad=True) * 2.0\n"
    )
    path, argv = list(sys.path), list(sys.argv)
    main(["draw", "deep/script.py:y", "-o", "graph.txt"])
    assert (path, argv) == (sys.path, sys.argv)
    assert (tmp_path / "graph.txt").read_text(encoding="utf-8").startswith("y = ")


@pytest.mark.parametrize("command", ["draw", "explain", "source"])
def test_a_script_has_its_own_values(script, capsys, command):
    with pytest.raises(SystemExit):
        main([command, "script.py:loss", "w=3"])
    said = capsys.readouterr().err
    assert said == f"microtensor {command}: w=3 is for a formula; script.py has its own values\n"


@pytest.mark.parametrize("command", ["draw", "explain", "source"])
def test_the_help_says_that_the_script_runs(capsys, command):
    with pytest.raises(SystemExit):
        main([command, "--help"])
    assert "RUNS the script" in capsys.readouterr().out


def explained(capsys, *arguments):
    main(["explain", *arguments])
    return capsys.readouterr().out


def test_explain(capsys):
    story = explained(capsys, "log(sigmoid(w*x + b))", "w=2", "x=-1", "b=0.5")
    assert story.startswith("L = log(σ(w · x + b))\n")
    assert story.endswith("  ∂L/∂b = 0.8176;  b + 1e−6 moves L by 8.176e−7\n")
    assert story.count("moves L by") == 3
    one = explained(capsys, "w*x*w", "w=2", "x=3", "--wrt", "w")
    assert one.count("moves L by") == 1
    assert "sends to x" not in one
    two = explained(capsys, "w*x*b", "w=2", "x=3", "b=1", "--wrt", "w", "--wrt", "b")
    assert two.count("moves L by") == 2
    assert explained(capsys, "L*w", "L=2", "w=3").startswith("y = L · w\n")
    assert explained(capsys, "w", "w=3").startswith("w\n")


@pytest.mark.parametrize("formula", ["-x", "-x**2", "-(x)", "-exp(x)", "-2*x"])
def test_a_formula_may_start_with_a_minus_sign(capsys, formula):
    assert "∂L/∂x = −" in explained(capsys, formula, "x=1")


def test_explain_a_script(script, capsys):
    story = explained(capsys, "script.py:loss")
    assert story.startswith("loss = log(w · 3)\n")
    assert "p = w · 3" in story  # the script's variables name the values
    assert explained(capsys, "script.py:loss", "--wrt", "w").count("moves loss by") == 1


def test_draw_a_formula(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    main(["draw", "log(w*x)", "w=2", "-o", "graph.txt", "x=3"])  # values behind an option too
    assert capsys.readouterr().out == "graph.txt\n"
    text = (tmp_path / "graph.txt").read_text(encoding="utf-8")
    assert text.startswith("L = log(w · x)\n")
    assert "∂L/∂w  0.5" in text


def test_the_program_of_a_formula(capsys):
    main(["source", "-w*x", "w=2", "x=3"])
    space = {}
    exec(capsys.readouterr().out, space)
    value, gradients = space["L_and_gradients"](w=2.0, x=3.0)
    assert (value, gradients) == (-6.0, {"w": -3.0, "x": -2.0})


@pytest.mark.parametrize("arguments", [["doctor", "now"], ["draw", "w*w", "w=2", "--wtr"]])
def test_unknown_arguments_are_refused(capsys, arguments):
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    assert stopped.value.code == 2
    assert f"unrecognized arguments: {arguments[-1]}" in capsys.readouterr().err


def test_explain_as_latex(capsys):
    assert explained(capsys, "x*x", "x=3", "--latex").startswith(
        "\\begin{align*}\nL &= x \\cdot x ="
    )


@pytest.mark.parametrize("arguments", [["w*w", "w=2", "--latex"], ["script.py:loss", "--wrt", "w"]])
def test_a_page_tells_all(script, capsys, arguments):
    with pytest.raises(SystemExit):
        main(["explain", *arguments, "--html", "page.html"])
    assert "a page tells all: --html goes without" in capsys.readouterr().err
    assert not (script / "page.html").exists()


def test_explain_as_a_page(tmp_path, capsys):
    if not shutil.which("dot"):
        pytest.importorskip("pygraphviz", reason="the page has a picture")
    path = tmp_path / "lesson.html"
    assert explained(capsys, "x*x", "x=3", "--html", str(path)) == f"{path}\n"
    assert path.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["w*y", "w=2"], "y has no value: add y=... (given are w)\n  w*y\n    ^\n"),
        (["w*2", "w"], "a value is given as name=number, without spaces, got 'w'\n"),
        (["w*2", "w", "=", "3"], "a value is given as name=number, without spaces, got 'w'\n"),
        (["w*2", "w=1", "w=2"], "w is given twice: w=1 and w=2\n"),
        (["1 + 2", "w=2"], "the formula has nothing to differentiate by: name a value in it"),
        (["x*c", "x=2", "c=3", "--wrt", "q"], "there is no value 'q' to differentiate by; given"),
        (["x*2", "x=2", "c=3", "--wrt", "c"], "the formula has nothing to differentiate by: name"),
        (["x*2", "x=[1,2]"], "the formula gives 2 numbers; make one of them: sum(...)"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_formula(capsys, arguments, said):
    with pytest.raises(SystemExit) as stopped:
        main(["explain", *arguments])
    assert stopped.value.code == 2
    assert capsys.readouterr().err.startswith(f"microtensor explain: {said}")


def test_doctor():
    lines = doctor().splitlines()
    found = {line.split()[0]: line.split()[1] for line in lines[:-1]}
    assert found["numpy"] == np.__version__
    assert set(found) == {
        "python", "numpy", "graphviz", "pygraphviz", "matplotlib", "tqdm", "Pillow", "dot",
    }  # fmt: skip
    assert lines[-1].startswith("pictures can be drawn: ")


def test_version(capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["--version"])
    assert stopped.value.code == 0
    assert capsys.readouterr().out == f"{mt.__version__}\n"


@pytest.mark.parametrize("path", [None, "nn.py", "nn/__init__.py", "nn/layers.py"])
def test_doctor_says_where_another_nn_is_in_the_way(tmp_path, monkeypatch, path):
    """A file of one's own, or another package; a folder without an __init__ isn't in the way."""
    if path:
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text("raise SystemExit('it is not run')")
    monkeypatch.delitem(sys.modules, "nn", raising=False)
    monkeypatch.syspath_prepend(tmp_path)
    said = [line for line in doctor().splitlines() if line.startswith("nn: ")]
    if path in ("nn.py", "nn/__init__.py"):
        (line,) = said
        assert line.startswith(f"nn: another one is in the way, {tmp_path / path}: rename it")
    else:
        assert said == []


def test_doctor_says_that_another_package_is_written_over_nn(tmp_path, monkeypatch):
    info = tmp_path / "nn-0.1.1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: nn\nVersion: 0.1.1\n")
    monkeypatch.syspath_prepend(tmp_path)
    assert "\nnn: another one is in the way, nn 0.1.1, " in doctor()


def test_as_a_module():
    done = subprocess.run(
        [sys.executable, "-m", "microtensor", "doctor"], capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("python ")


def test_a_reader_that_has_enough_is_no_error():
    """As in `python -m microtensor explain ... | head -1`."""
    command = [sys.executable, "-m", "microtensor", "explain", "w*x", "w=2", "x=3"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as done:
        done.stdout.close()
        assert done.stderr.read() == b""
    assert done.returncode == 0


def test_a_negative_depth_is_named_as_it_was_given(capsys):
    with pytest.raises(SystemExit):
        main(["draw", "w*2", "w=3", "--collapse", "-1"])
    said = 'microtensor draw: collapse is "auto", False, a depth, or names of groups, got -1\n'
    assert capsys.readouterr().err == said


@pytest.mark.parametrize("text", ["a\u202eb", "\x1b[31m", "a\nb\r", "\ud800", "\x00", "x" * 10_000])
@pytest.mark.parametrize(
    "arguments",
    [
        ["explain", "{}"], ["explain", "w*x", "w={}"], ["explain", "w*x", "{}=2"], ["{}"],
        ["explain", "w", "w=1", "--wrt", "{}"], ["explain", "w", "w=1", "--{}"], ["doctor", "{}"],
        ["draw", "w*2", "w=1", "-o", "{}.jpg"], ["draw", "w*2", "w=1", "--theme", "{}"],
        ["source", "w*2", "w=1", "--xp", "{}"], ["explain", "{}.py:L"],
        ["explain", "w*2", "w=1", "--html", "{}.svg"],
    ],
    ids=" ".join,
)  # fmt: skip
def test_what_was_typed_is_quoted_harmlessly_and_in_part(arguments, text, capsys):
    with pytest.raises(SystemExit) as stopped:
        main([argument.format(text) for argument in arguments])
    assert stopped.value.code == 2
    said = capsys.readouterr().err
    assert all(c.isprintable() for c in said.replace("\n", ""))
    assert max(map(len, said.splitlines())) <= 500 and len(said.splitlines()) < 8
