"""README and docs: their code runs and prints what it says it prints, and every link leads on."""

import ast
import contextlib
import inspect
import io
import re
import runpy
import shlex
import shutil
import subprocess
import sys
import tarfile
from operator import attrgetter
from pathlib import Path
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest

import microtensor as mt
import nn
from microtensor.__main__ import main  # the command, without a process

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
DOCS = sorted((ROOT / "docs").rglob("*.md"))
SPANISH = ROOT / "README.es.md"
PAGES = [README, SPANISH, *DOCS]
# They take long, and what they print depends on it: tests/test_tutorial.py runs them
TUTORIALS = [ROOT / "docs" / "tutorial.md", ROOT / "docs" / "es" / "tutorial.md"]
TEXTS = [*PAGES, ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md"]
OPTIONAL = "matplotlib onnx onnxruntime pandas polars safetensors sklearn torch tqdm".split()
each_page = pytest.mark.parametrize(
    "page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix().removeprefix("docs/")
)


def blocks(page, *languages):
    """The fenced blocks of a page in these languages, each with its language."""
    found = re.findall(r"^```(\w*)\n(.*?)^```$", page.read_text(), re.DOTALL | re.MULTILINE)
    return [(language, text) for language, text in found if language in languages]


def lines(page):
    """The shell's lines of a page, in words."""
    text = "".join(text for _, text in blocks(page, "sh"))
    return [shlex.split(line, comments=True) for line in text.splitlines()]


def said(block):
    """What a block says that it prints: comments behind or below a print."""
    found = []
    for line, below in re.findall(r"(print\(.*)\n((?: *#.*\n)*)", block):
        _, _, behind = line.partition("  # ")
        found += [behind] if behind else [x.strip()[2:] for x in below.splitlines()]
    return found


@pytest.mark.parametrize(
    "page", [page for page in PAGES if page not in TUTORIALS], ids=lambda page: page.name
)
def test_the_python_runs_in_order_and_prints_what_it_says(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(ROOT / "examples")  # what a page says to put beside one's script
    module = ModuleType("page")  # by which pickle finds the classes of a page
    monkeypatch.setitem(sys.modules, "page", module)
    names = vars(module)
    for _, block in blocks(page, "python"):
        if "Written by microtensor." in block:  # a program: of what the page has just done
            assert block in [text for text in names.values() if isinstance(text, str)]
            exec(compile(block, page.name, "exec"), {})
            continue
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(io.StringIO()):
            try:
                exec(compile(block, page.name, "exec"), names)
            except mt.NoRenderer:
                pytest.skip("Graphviz draws a picture here")
            except ModuleNotFoundError as error:
                if error.name not in OPTIONAL:
                    raise
                pytest.skip(f"the page is about {error.name}")
        assert printed.getvalue().splitlines() == said(block)


COMMANDS = dict.fromkeys(
    shlex.join(words[3:])
    for page in PAGES
    for words in lines(page)
    if words[1:3] == ["-m", "microtensor"]
)


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_runs_and_writes_the_file_it_names(command, tmp_path, monkeypatch, capsys):
    if not shutil.which("dot") and re.search(r"\.(svg|png|pdf|html)\b", command):
        pytest.importorskip("pygraphviz", reason="a picture or a page is drawn")
    monkeypatch.chdir(tmp_path)
    main(shlex.split(command))
    printed = capsys.readouterr().out
    assert printed
    if " -o " in command or " --html " in command:
        assert (tmp_path / printed.strip()).stat().st_size > 0


@each_page
def test_what_a_command_prints_is_what_the_page_shows(page, capsys):
    """A block of text shows what the command above it prints; dots stand for what is left out."""
    for language, block in blocks(page, "sh", "text"):
        if language == "sh":
            command = shlex.split(block.splitlines()[0])
            continue
        main(command[3:])
        printed = capsys.readouterr().out
        for part in filter(None, block.split("...\n")):
            assert part in printed
            printed = printed.partition(part)[2]


@each_page
def test_scripts_and_their_options_are_there(page):
    for words in lines(page):
        scripts = [word for word in words if word.startswith("examples/")]
        if words[1:3] == ["-m", "benchmarks"]:
            scripts = ["benchmarks/__main__.py"]
        for script in scripts:
            text = (ROOT / script).read_text()
            options = [word for word in words if word.startswith("--")]
            assert [word for word in options if f'"{word}"' not in text] == []


def headings(page):
    """What GitHub calls the headings of a page in addresses."""
    found = re.findall(r"^#+ (.*)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in found}


@pytest.mark.parametrize("page", TEXTS, ids=lambda page: page.name)
def test_every_link_and_picture_is_there(page):
    prose = re.sub(r"^```.*?^```$", "", page.read_text(), flags=re.DOTALL | re.MULTILINE)
    for target in re.findall(r"(?:\]\(|(?:src|srcset|href)=\")([^)\"\s]+)", prose):
        if target.startswith("https://"):
            continue
        path, _, heading = target.partition("#")
        found = (page.parent / path).resolve() if path else page
        assert found.exists(), target
        assert not heading or heading in headings(found), target


@each_page
def test_a_page_begins_with_what_it_is_for(page):
    title, empty, sentence = page.read_text().splitlines()[:3]
    assert title.startswith("# ")
    assert (empty, sentence[:1]) == ("", sentence[:1].upper())
    assert sentence


def test_the_index_leads_to_every_page():
    linked = set(re.findall(r"\]\(((?:\w+/)?[\w-]+\.md)", (ROOT / "docs" / "index.md").read_text()))
    assert linked == {page.relative_to(ROOT / "docs").as_posix() for page in DOCS} - {"index.md"}


def test_every_page_stands_in_the_navigation():
    """Beside those that docs/hooks.py makes: of README and its like, docstrings, and lessons."""
    text = (ROOT / "mkdocs.yml").read_text()
    listed = re.findall(r"^ +- .*: ([\w/-]+\.md)$", text, re.MULTILINE)
    made = {"tour.md", "course.md", "es/tour.md", "es/course.md", "contributing.md", "changelog.md"}
    made |= set(reference().pages())
    assert len(listed) == len(set(listed))
    assert set(listed) - made == {page.relative_to(ROOT / "docs").as_posix() for page in DOCS}
    assert made - set(listed) <= {"es/tour.md", "es/course.md"}


def reference():
    """What makes the pages of the reference."""
    return SimpleNamespace(**runpy.run_path(str(ROOT / "docs" / "reference.py")))


@pytest.mark.parametrize("package", [mt, mt.linalg, nn], ids=lambda package: package.__name__)
def test_the_reference_has_every_public_name_with_its_docstring(package):
    text = "\n".join(reference().pages().values())
    for name in package.__all__:
        thing = getattr(package, name)
        assert f"{{ #{package.__name__}.{name} }}" in text or thing is mt.linalg, name
        assert (thing.__doc__ or "").strip(), f"{package.__name__}.{name} has no docstring"
        if inspect.isclass(thing):  # its own, not that of what it extends
            assert [x for x in thing.__bases__ if x.__doc__ == thing.__doc__] == [], name


def test_an_entry_of_the_reference_says_how_it_is_called_and_what_else_it_is_called():
    entry = reference().entry
    assert entry("microtensor.clip", mt.clip).split("\n")[:4] == [
        "## `clip` { #microtensor.clip }",
        "",
        "```py",
        "clip(x: Operand, low: Operand = None, high: Operand = None) -> Tensor",
    ]
    assert entry("microtensor.absolute", mt.absolute).endswith(
        "\n\n|x|. Its derivative at 0 is 0.\n\nAlso `x.absolute`, `x.abs`, `np.absolute`.\n"
    )
    assert r"sqrt(a\*\*2 + b\*\*2)" in entry("microtensor.hypot", mt.hypot)
    assert "### `backward` { #microtensor.Tensor.backward }\n\n```py\nbackward(gradient" in entry(
        "microtensor.Tensor", mt.Tensor
    )


def script():
    """What writes the tables of docs/operations.md."""
    return SimpleNamespace(**runpy.run_path(str(ROOT / "docs" / "operations.py")))


def test_the_list_of_functions_is_that_of_the_code():
    """And where NumPy is that of the list, so are the functions of NumPy's that it names."""
    text = (ROOT / "docs" / "operations.md").read_text()
    written = script().page(text)
    version = ".".join(np.__version__.split(".")[:2])
    if f"as NumPy {version} has them" not in " ".join(text.split()):
        text, written = (x.partition("## NumPy's functions")[0] for x in (text, written))
    assert text == written, "run: python docs/operations.py"


def test_the_number_of_numpys_functions_is_said_as_it_is():
    count, *others = (
        re.findall(r"(\d+) of NumPy's\s+(?:own )?functions", page.read_text())
        for page in (ROOT / "docs" / "operations.md", *(page for page in PAGES))
    )
    assert {number for found in others for number in found} == set(count)


def test_numpys_functions_that_are_listed_differentiate():
    found = script().differentiated()
    assert {"sum", "exp", "matmul", "clip", "where", "split"} <= set(found)
    assert not {"equal", "bitwise_and", "argmax", "zeros_like"} & set(found)


def test_what_there_is_is_listed():
    engine, network = (ROOT / "docs" / "operations.md").read_text().split("\n## nn")
    for text, package in ((engine, mt), (network, nn)):
        rows = re.findall(r"^\| `([a-zA-Z][\w.]*)(?:\(([^)]*)\))?`", text, re.MULTILINE)
        listed, public = {name.split(".")[0] for name, _ in rows}, set(package.__all__)
        assert not public - listed, f"write a line for {public - listed} in docs/operations.md"
        assert not listed - public, f"docs/operations.md has lines for {listed - public}"
        assert len(rows) == len(set(rows))
        for name, inputs in rows:
            known = inspect.signature(attrgetter(name)(package)).parameters if inputs else ()
            assert [x for x in re.findall(r"\w+", inputs) if x not in known] == [], name


def test_what_linear_algebra_has_is_listed():
    text = (ROOT / "docs" / "operations.md").read_text()
    rows = re.findall(r"^\| `linalg\.(\w+)\(([^)]*)\)`", text, re.MULTILINE)
    assert sorted(name for name, _ in rows) == sorted(mt.linalg.__all__)
    for name, inputs in rows:
        known = inspect.signature(getattr(mt.linalg, name)).parameters
        assert [x for x in re.findall(r"\w+", inputs) if x not in known] == [], name


def test_what_a_tensor_module_optimizer_and_history_have_is_listed():
    text = (ROOT / "docs" / "operations.md").read_text()
    listed = set(re.findall(r"^\| `\.(\w+)", text, re.MULTILINE))
    functions = set(mt.__all__) - {"grad"}
    assert listed == public(mt.Tensor) - functions - {"abs", "pow", "apply_rule"}
    named = set(re.findall(r"`(\w+)(?:\(\w*\))?`", text.partition("A module has")[2]))
    module = public(nn.Module) - {"activation", "training", "forward"}
    optimizer = public(nn.SGD([nn.Parameter(1.0)])) - {"momentum", "weight_decay", "parameters"}
    assert named == module | (optimizer - {"update"}) | public(nn.History())


def public(x):
    return {name for name in dir(x) if not name.startswith("_")}


ARCHITECTURE = (ROOT / "docs" / "architecture.md").read_text()
ROOMS = re.findall(r"^\| `(\S+?)`", ARCHITECTURE, re.MULTILINE)
FILES = sorted([*ROOT.glob("microtensor/**/*.py"), *ROOT.glob("nn/**/*.py")])


def room(path):
    """The row of the table that a file is in: its own, or that of the innermost folder."""
    path = path.relative_to(ROOT)
    places = [str(path), *(f"{folder}/" for folder in path.parents)]
    return next((place for place in places if place in ROOMS), None)


def imports():
    """Every file, with each file of the packages that it imports from."""
    for path in FILES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom):
                folder = path.parents[node.level - 1] if node.level else ROOT
                source = folder.joinpath(*(node.module or "").split("."))
                for name in node.names:
                    inside = source / f"{name.name}.py", source / name.name / "__init__.py"
                    places = *inside, source.with_suffix(".py"), source / "__init__.py"
                    found = next((place for place in places if place in FILES), None)
                    if found is not None:
                        yield path, found


def test_every_file_has_a_room_and_imports_from_the_rooms_above_it():
    assert len(ROOMS) == len(set(ROOMS))
    assert [name for name in ROOMS if not (ROOT / name).exists()] == []
    assert [path for path in FILES if room(path) is None] == []
    for path, source in imports():
        here, there = room(path), room(source)
        assert ROOMS.index(there) <= ROOMS.index(here), (path, source)


def test_the_arrows_of_the_diagram_are_the_imports():
    labels = re.findall(r'(\w+)\["([\w, ]+)', ARCHITECTURE)
    nodes = {name: node for node, label in labels for name in label.split(", ")}
    arrows = re.findall(r"^  (\w+)\S*.*? --> (\w+)", ARCHITECTURE, re.MULTILINE)
    reached = {node: {node} for node in nodes.values()}
    for _ in arrows:
        for start, end in arrows:
            reached[end] |= reached[start]
    found = set()
    for pair in imports():
        parts = [path.relative_to(ROOT).with_suffix("").parts for path in pair]
        user, used = (nodes[x[0] if x[0] == "nn" else x[1]] for x in parts)
        assert used in reached[user], pair
        found.add((used, user))
    assert set(arrows) <= found


def test_the_guide_to_an_operation_shows_the_code_as_it_is():
    """Each excerpt stands in the file that is named above it, line breaks apart."""
    parts = (ROOT / "docs" / "adding-an-operation.md").read_text().split("\n## ")[1:5]
    for part in parts:
        path = ROOT / re.search(r"In `(\S+\.py)`", part)[1]
        known = [ast.dump(node) for node in ast.walk(ast.parse(path.read_text()))]
        for shown in ast.parse(re.search(r"```py\n(.*?)```", part, re.DOTALL)[1]).body:
            shown = shown.value if isinstance(shown, ast.Expr) else shown
            assert ast.dump(shown) in known, f"{path.name} has no such {ast.unparse(shown)}"


def test_readme_is_short_and_has_two_commands_of_one_line_each():
    text = README.read_text().splitlines()
    assert len(text) <= 200
    commands = [line for line in text if line.startswith("python3 -m venv")]
    assert ["cat_classifier.py" in command for command in commands] == [True, False]
    assert commands[1].endswith("-m pytest -n 2")


def test_the_spanish_readme_has_the_same_code_sections_and_links():
    parts = r"^```(\w*)$", r"^(#+) ", r"(?:\]\(|(?:src|srcset|href)=\")([^)\"\s]+)"
    pages = "tutorial.md", "es/tutorial.md", "es/quick-start.md"
    others = {"README.md", "README.es.md", *(f"docs/{page}" for page in pages)}
    for part in parts:
        english, spanish = (
            [
                x.replace("pictures/es/", "pictures/")
                for x in re.findall(part, page.read_text(), re.M)
                if x not in others
            ]
            for page in (README, SPANISH)
        )
        assert english == spanish
    for (_, english), (kind, spanish) in zip(
        *map(_blocks_that_run, (README, SPANISH)), strict=True
    ):
        spanish = re.sub(r', language="es"| --language es', "", spanish)
        assert kind == "text" or re.sub("#.*", "", english) == re.sub("#.*", "", spanish)
    assert "](README.es.md)" in README.read_text()
    assert "](README.md)" in SPANISH.read_text()


def _blocks_that_run(page):
    return blocks(page, "sh", "bat", "python", "text")


def test_the_source_distribution_carries_every_page(tmp_path):
    pytest.importorskip("hatchling", reason="builds with hatchling")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "sdist", "-d", str(tmp_path)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (path,) = tmp_path.iterdir()
    with tarfile.open(path) as archive:
        held = {name.partition("/")[2] for name in archive.getnames()}
    assert {page.relative_to(ROOT).as_posix() for page in TEXTS} <= held
