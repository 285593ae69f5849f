"""One row an operation, one sentence a key: what is forgotten is named."""

import ast
import string
from pathlib import Path

import pytest

from microtensor.lexicon import ROWS  # what a row says is read in every view
from microtensor.rules import RULES
from microtensor.views.english import SENTENCES  # the catalogue itself

PACKAGE = Path(__file__).parent.parent / "microtensor"
SOURCES = [p for p in PACKAGE.rglob("*.py") if p.name != "english.py"]
TREES = {path: ast.parse(path.read_text(encoding="utf-8")) for path in SOURCES}
OPERANDS = {"0", "1", "2"}


def fields(template):
    return {name for _, name, _, _ in string.Formatter().parse(template) if name is not None}


# Rows -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rule", sorted(RULES))
def test_a_rule_has_a_row(rule):
    assert rule in ROWS, f"write a row for {rule!r} in microtensor/lexicon.py"


@pytest.mark.parametrize("name", sorted(ROWS))
def test_a_row_has_a_rule_and_a_reason(name):
    assert name in RULES, f"there is no rule {name!r} in microtensor/rules.py"
    assert ROWS[name].why, f"say in the row of {name!r} why its derivative is what it is"


@pytest.mark.parametrize("name", sorted(ROWS))
def test_templates_name_what_there_is(name):
    row = ROWS[name]
    rows = [row, *(row._replace(**case) for case in row.cases.values())]
    for text in (text for row in rows for text in (row.written, row.javascript, *row.locals)):
        assert fields(text) <= OPERANDS | {"out", "index"}
    for text in (text for row in rows for text in row.sends):
        assert fields(text) <= OPERANDS | {"g", "k", "n", "out", "index", "ddof"}
    for text in (text for row in rows for text in row.why):
        assert fields(text) <= OPERANDS | {"out", "L", "me", "other"}
    for given in (row.locals, row.sends, row.why):
        slots = len(RULES[name].derivatives)
        assert len(given) <= slots or name in ("concatenate", "einsum")


# Sentences --------------------------------------------------------------------------------------


def said():
    """Every call of `say`: its file and line, the keys it can have, and the fields it gives."""
    for path, tree in TREES.items():
        for call in ast.walk(tree):
            if isinstance(call, ast.Call) and ast.unparse(call.func) == "say":
                keys = [x.value for x in ast.walk(call.args[0]) if is_text(x)]
                counted = len(call.args) == 2 and ast.unparse(call.args[1]) != "None"
                given = {keyword.arg for keyword in call.keywords}
                yield f"{path.name}:{call.lineno}", keys, counted, given


def is_text(node):
    return isinstance(node, ast.Constant) and isinstance(node.value, str)
