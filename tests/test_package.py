"""What is installed: the two packages, whole, and quick to import."""

import ast
import inspect
import json
import pickle
import re
import runpy
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import microtensor
import nn

ROOT = Path(__file__).parent.parent


def run(*arguments, **options):
    return subprocess.run(
        [sys.executable, *arguments], capture_output=True, text=True, check=True, **options
    ).stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    pytest.importorskip("hatchling", reason="builds the wheel with hatchling")
    folder = tmp_path_factory.mktemp("wheel")
    run("-m", "hatchling", "build", "-t", "wheel", "-d", str(folder), cwd=ROOT)
    (path,) = folder.iterdir()
    return zipfile.ZipFile(path)


def test_the_wheel_holds_every_file_of_both_packages_and_nothing_else(wheel):
    shipped = {n for n in wheel.namelist() if ".dist-info/" not in n}
    wanted = {
        path.relative_to(ROOT).as_posix()
        for package in ("microtensor", "nn")
        for path in (ROOT / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert shipped == wanted
    assert {"microtensor/py.typed", "nn/py.typed"} <= shipped


def test_the_wheel_carries_the_licence(wheel):
    assert any(name.endswith("licenses/LICENSE") for name in wheel.namelist())


def test_importing_loads_numpy_and_nothing_else():
    probe = (
        "import sys, json, numpy; before = set(sys.modules);"
        "import microtensor, nn; new = {m.split('.')[0] for m in set(sys.modules) - before};"
        "print(json.dumps(sorted(new - set(sys.stdlib_module_names))))"
    )
    loaded = {m for m in json.loads(run("-c", probe, cwd=ROOT)) if "cython" not in m}
    assert loaded - {"numpy"} == {"microtensor", "nn"}


@pytest.mark.parametrize("package", [microtensor, nn])
def test_every_public_name_is_there(package):
    assert sorted(set(package.__all__)) == sorted(package.__all__)
    for name in package.__all__:
        assert getattr(package, name).__doc__, name


def test_every_function_is_found_by_its_name_as_pickle_does():
    linalg = microtensor.linalg
    named = *vars(microtensor).values(), *(getattr(linalg, name) for name in linalg.__all__)
    functions = [x for x in named if inspect.isfunction(x)]
    for function in functions:
        assert pickle.loads(pickle.dumps(function)) is function
    shown = [
        str(inspect.signature(f)).partition(" ->")[0] for f in (microtensor.exp, microtensor.add)
    ]
    assert shown == ["(x: 'Operand')", "(a: 'Operand', b: 'Operand')"]


def test_nn_and_the_examples_use_public_names_alone():
    for path in [*(ROOT / "nn").rglob("*.py"), *(ROOT / "examples").rglob("*.py")]:
        text = path.read_text()
        assert "from microtensor." not in text, path
        assert "import microtensor." not in text, path


LAYERS = [
    *("lexicon numerics rules errors decorate modes operands tensor backward".split()),
    *("operations functions linalg interop primitive derivatives check".split()),
]


@pytest.mark.parametrize("name", LAYERS)
def test_the_engine_imports_from_lower_layers_alone(name):
    """Not for types either."""
    tree = ast.parse((ROOT / "microtensor" / f"{name}.py").read_text())
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.level]
    for node in imports:
        for module in [node.module] if node.module else [part.name for part in node.names]:
            assert module in LAYERS[: LAYERS.index(name)], module


VIEWS = ROOT / "microtensor" / "views"


@pytest.mark.parametrize(
    "path", [p for p in VIEWS.rglob("*.py") if p.name != "__init__.py"], ids=str
)
def test_views_read_the_graph_and_what_they_share(path):
    """Not the engine, nor each other; the doors, in `__init__`, take tensors."""
    room = ["microtensor", *path.relative_to(VIEWS.parent).parts[:-1]]
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.level:
            start = room[: len(room) + 1 - node.level]
            for name in [node.module] if node.module else [part.name for part in node.names]:
                module = [*start, *name.split(".")]
                shared = module[:2] == ["microtensor", "views"] and len(module) == 3
                known = module in ([*room[:1], x] for x in ("graph", "lexicon", "errors"))
                assert shared or known or module[:-1] == room, module


def test_the_version_is_said_in_one_place():
    assert f"\nversion: {microtensor.__version__}\n" in (ROOT / "CITATION.cff").read_text()
    changelog = (ROOT / "CHANGELOG.md").read_text()
    assert re.search(r"^## \[(.*?)\]", changelog, re.MULTILINE)[1] == microtensor.__version__


@pytest.mark.parametrize(
    "origin",
    [
        "https://github.com/someone/a.package.git",
        "https://someone:secret@github.com/someone/a.package",
        "git@github.com:someone/a.package.git",
    ],
)
def test_an_index_gets_addresses_of_the_repository_it_is_built_from(tmp_path, origin):
    text, urls = for_an_index(tmp_path, origin)
    assert urls["Source"] == "https://github.com/someone/a.package"
    pictures = re.findall(r"(?:src|srcset)=\"(.*?)\"", text)
    raw = "https://raw.githubusercontent.com/someone/a.package/HEAD/examples/pictures/"
    assert pictures and all(picture.startswith(raw) for picture in pictures)
    assert re.findall(r"\]\((?!https://)[^)]*", text) == []
    assert "](https://github.com/someone/a.package/blob/HEAD/docs/gradients.md)" in text
    assert "secret" not in text + str(urls)


@pytest.mark.parametrize("origin", ["/home/someone/package", "https://mygithub.com/a/b.git", None])
def test_an_index_gets_no_address_where_none_is_known(tmp_path, origin):
    text, urls = for_an_index(tmp_path, origin)
    assert text == (ROOT / "README.md").read_text()
    assert urls is None


def for_an_index(folder, origin):
    """README and the addresses, as they are built from a clone with this origin."""
    pytest.importorskip("hatchling", reason="what the wheel is built with")
    git = shutil.which("git") or pytest.skip("git isn't installed")
    shutil.copy(ROOT / "README.md", folder)
    if origin:
        subprocess.run([git, "init", "--quiet"], cwd=folder, check=True)
        subprocess.run([git, "remote", "add", "origin", origin], cwd=folder, check=True)
    metadata = {}
    runpy.run_path(str(ROOT / "hatch_build.py"))["Address"](str(folder), {}).update(metadata)
    return metadata["readme"]["text"], metadata.get("urls")


def test_the_wheel_says_what_readme_says(wheel):
    (name,) = [name for name in wheel.namelist() if name.endswith("/METADATA")]
    text = wheel.read(name).decode()
    assert f"\nVersion: {microtensor.__version__}\n" in text
    assert "\n# microtensor\n" in text
