"""The README's code runs, and prints what it says it prints."""

import contextlib
import io
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def said(block):
    """What a block says that it prints: comments behind or below a print."""
    behind = re.findall(r"print\(.*\)  # (.*)$", block, re.MULTILINE)
    below = re.findall(r"print\(.*\)\n *# (.*)$", block, re.MULTILINE)
    return behind + below


def test_the_python_blocks_run_in_order_and_print_what_they_say(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = {}
    for block in blocks("python"):
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(io.StringIO()):
            exec(compile(block, "README.md", "exec"), names)
        assert printed.getvalue().splitlines() == said(block)
    assert (tmp_path / "neuron.dot").read_text().startswith("digraph")


@pytest.mark.parametrize("target", re.findall(r"!\[[^]]*\]\(([^)]*)\)", README))
def test_every_picture_is_there(target):
    assert (ROOT / target).stat().st_size > 0


def test_there_are_two_commands_of_one_line_each():
    commands = [c for block in blocks("sh") for c in block.splitlines() if "venv .venv" in c]
    assert ["cat_classifier.py" in c for c in commands] == [True, False]
    assert commands[1].endswith("-m pytest")
