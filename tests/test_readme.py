"""The README's code runs, and prints what it says it prints."""

import contextlib
import io
import re
import shlex
import shutil
from pathlib import Path

import pytest

import microtensor as mt
import nn
from microtensor.__main__ import main

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def said(block):
    """What a block says that it prints: comments behind or below a print."""
    lines = []
    for line, below in re.findall(r"(print\(.*)\n((?: *#.*\n)*)", block):
        _, _, behind = line.partition("  # ")
        lines += [behind] if behind else [x.strip()[2:] for x in below.splitlines()]
    return lines


def test_the_python_blocks_run_in_order_and_print_what_they_say(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = {}
    for block in blocks("python"):
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(io.StringIO()):
            exec(compile(block, "README.md", "exec"), names)
        assert printed.getvalue().splitlines() == said(block)
    assert (tmp_path / "neuron.dot").read_text().startswith("digraph")
    assert names["program"] in blocks("python")


def test_the_story_told_in_a_shell_is_what_it_says(capsys):
    main(shlex.split(commands()[0])[3:])
    printed = capsys.readouterr().out
    (block,) = blocks("text")
    for part in block.split("\n...\n"):
        assert part.strip("\n") in printed
        printed = printed.partition(part.strip("\n"))[2]


def test_what_there_is_is_listed():
    section = README.split("## What there is")[1].split("##")[0]
    engine, network = section.split("\n`nn` has")
    listed = re.findall(r"`(\w+)`", engine.partition("- arithmetic")[2])
    assert len(listed) == len(set(listed))
    assert set(listed) == {name for name in mt.__all__ if name[0].islower()}
    for name in re.findall(r"`(\w+)`", network):
        assert hasattr(nn, name), name


def commands():
    """The shell's lines that give a formula."""
    return [c for block in blocks("sh") for c in block.splitlines() if "-m microtensor " in c]


def test_each_command_reads_the_formula(tmp_path, monkeypatch, capsys):
    if not shutil.which("dot"):
        pytest.importorskip("pygraphviz", reason="a picture and a page are drawn")
    monkeypatch.chdir(tmp_path)
    printed = []
    for command in commands():
        main(shlex.split(command)[3:])
        printed.append(capsys.readouterr().out)
    story, page, picture, program = printed
    assert "∂L/∂b = 0.8176" in story
    assert (page, picture) == ("neuron.html\n", "neuron.svg\n")
    assert "sends to" in (tmp_path / "neuron.html").read_text(encoding="utf-8")
    assert "0.8176" in (tmp_path / "neuron.svg").read_text(encoding="utf-8")
    assert "def L_and_gradients(w, x, b):" in program


@pytest.mark.parametrize("target", re.findall(r"(?:\]\(|src(?:set)?=\")(examples/[^)\"]*)", README))
def test_every_picture_is_there(target):
    assert (ROOT / target).stat().st_size > 0


def test_there_are_two_commands_of_one_line_each():
    commands = [c for block in blocks("sh") for c in block.splitlines() if "venv .venv" in c]
    assert ["cat_classifier.py" in c for c in commands] == [True, False]
    assert commands[1].endswith("-m pytest")
