"""One row an operation, one sentence a key: what is forgotten is named."""

import ast
import re
import string
from pathlib import Path

import pytest

import microtensor as mt
from microtensor.lexicon import ROWS  # what a row says is read in every view
from microtensor.rules import RULES
from microtensor.views.languages.en import SENTENCES  # the catalogue itself

PACKAGE = Path(__file__).parent.parent / "microtensor"
PAGES = PACKAGE / "views" / "pages"
SOURCES = [p for p in PACKAGE.rglob("*.py") if p.parent.name != "languages"]
TREES = {path: ast.parse(path.read_text(encoding="utf-8")) for path in SOURCES}
OPERANDS = {"0", "1", "2"}


def fields(template):
    return {name for _, name, _, _ in string.Formatter().parse(template) if name is not None}


# Rows -------------------------------------------------------------------------------------------


INNER = {"put", "put_each", "cofactors", "linalg.vector_norm", "overlap_add"}


@pytest.mark.parametrize("rule", sorted(RULES))
def test_a_rule_has_a_row(rule):
    assert rule in ROWS, f"write a row for {rule!r} in microtensor/lexicon.py"


@pytest.mark.parametrize("rule", sorted(set(RULES) - INNER))
def test_a_rule_has_a_function(rule):
    """But for those that others are made of, and parts: `linalg.svd.U` of what `svd` gives."""
    known = {*mt.__all__, *(f"linalg.{name}" for name in mt.linalg.__all__)}
    name = ".".join(rule.split(".")[:2])
    assert name in known, f"write a function for {rule!r} in operations.py or linalg.py"


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
        assert len(given) <= slots or RULES[name].every


# Sentences --------------------------------------------------------------------------------------


def said():
    """Every sentence that is asked for by its key: where, the keys, and the fields given."""
    for path, tree in TREES.items():
        for call in ast.walk(tree):
            if isinstance(call, ast.Call) and ast.unparse(call.func) == "say":
                count = ast.unparse(call.args[1]) if len(call.args) > 1 else "None"
                ends = [""] if "None" in count else []
                ends += [".one", ".many"] if count != "None" else []
                given = {keyword.arg for keyword in call.keywords}
                given |= {"count"} if count != "None" else set()
                place = f"{path.name}:{call.lineno}"
                yield place, [k + end for k in keys(call.args[0]) for end in ends], given
    for script in PAGES.glob("*.js"):
        code = script.read_text(encoding="utf-8")
        asked = r'\bsay\(\s*"([\w.]+)"(?:,\s*\{\s(.*?)\s\}\s*\)|\))'
        for key, given_here in re.findall(asked, code, re.DOTALL):
            bare = re.sub(r"\([^()]*\)|\[[^\[\]]*\]", "", given_here)
            given = set(re.findall(r"(?:^\s*|,\s+)(\w+)", bare))
            if "..." in given_here:  # what is spread there isn't seen here
                given = fields(SENTENCES[key])
            ends = (".one", ".many") if "count" in given else [""]
            yield script.name, [key + end for end in ends], given
    for template in PAGES.glob("*.html"):
        for key in re.findall(r"\{say\[([\w.]+)\]\}", template.read_text(encoding="utf-8")):
            yield template.name, [key], set()


def keys(asked):
    """The keys in an expression; of one that is put together, those in the catalogue."""
    if isinstance(asked, ast.JoinedStr):
        parts = [re.escape(x.value) if is_text(x) else "[A-Za-z]+" for x in asked.values]
        found = {key.removesuffix(".one").removesuffix(".many") for key in SENTENCES}
        return [key for key in found if re.fullmatch("".join(parts), key)] or [ast.unparse(asked)]
    return [x.value for x in ast.walk(asked) if is_text(x)]


def is_text(node):
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def test_every_sentence_that_is_said_is_in_the_catalogue_with_its_fields():
    for place, asked, given in said():
        for key in asked:
            assert key in SENTENCES, f"{place}: write a sentence for {key!r} in languages/en.py"
            missing = fields(SENTENCES[key]) - given
            assert not missing, f"{place}: {key!r} names {missing}, which it isn't given"
        named = {name for key in asked for name in fields(SENTENCES[key])}
        assert not asked or given - {"count"} <= named, f"{place}: not said: {given - named}"


def test_every_sentence_in_the_catalogue_is_said():
    known = {key for _, keys, _ in said() for key in keys}
    known |= {x.value for tree in TREES.values() for x in ast.walk(tree) if is_text(x)}
    for script in PAGES.glob("*.js"):
        known |= set(re.findall(r'"([\w.]+)"', script.read_text(encoding="utf-8")))
    known |= {f"{key}.{form}" for key in known for form in ("one", "many")}
    assert set(SENTENCES) - known == set()
