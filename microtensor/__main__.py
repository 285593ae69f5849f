"""python -m microtensor: draw a script's graph, write its program, explain a formula, or say what
is installed."""

from __future__ import annotations

import argparse
import platform
import re
import runpy
import shutil
import subprocess
import sys
from contextlib import redirect_stdout
from importlib import metadata
from pathlib import Path
from typing import Any

from .errors import GradientError, NoRenderer
from .tensor import Tensor
from .views import draw, explain, to_source
from .views.page.document import page

PACKAGES = {
    "numpy": "computes",
    "graphviz": "writes pictures",
    "pygraphviz": "draws pictures, from 2 on without the dot program",
    "matplotlib": "plots",
    "tqdm": "shows a progress bar",
    "Pillow": "reads photos",
}


def main(arguments: list[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m microtensor", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    drawing = commands.add_parser(
        "draw",
        help="run a script and draw one of its tensors",
        description="RUNS the script, with all that it does, and draws the tensor that is "
        "called so at its end.",
    )
    drawing.add_argument("target", metavar="script.py:name")
    drawing.add_argument(
        "-o", "--output", default="graph.svg", help=".svg, .png, .pdf, .dot, .mmd or .txt"
    )
    drawing.add_argument("--theme", default="light", choices=("light", "dark"))
    drawing.add_argument(
        "--collapse", default="auto", metavar="N|NAME", help="auto, a depth (0: none), or a group"
    )
    writing = commands.add_parser(
        "source",
        help="run a script and write the NumPy program behind one of its tensors",
        description="RUNS the script, with all that it does, and writes the program behind the "
        "tensor that is called so at its end: its value and its gradients, in NumPy.",
    )
    writing.add_argument("target", metavar="script.py:name")
    writing.add_argument("-o", "--output", help="a file, such as program.py; else it is printed")
    writing.add_argument("--xp", default="numpy", help="numpy or jax.numpy")
    telling = commands.add_parser(
        "explain",
        help="tell the chain rule of a formula, step by step",
        description='Such as: explain "log(sigmoid(w*x + b))" w=2 x=-1 b=0.5. Values are numbers, '
        "vectors [1, 2] and matrices [[1, 2], [3, 4]].",
    )
    telling.add_argument("formula")
    telling.add_argument("values", nargs="*", metavar="name=value")
    telling.add_argument(
        "--wrt", action="append", metavar="NAME", help="only the gradient of this value"
    )
    telling.add_argument("--latex", action="store_true", help="as equations")
    telling.add_argument("--html", metavar="FILE", help="write a page that steps through it")
    commands.add_parser("doctor", help="say what is installed")
    given = sys.argv[1:] if arguments is None else arguments
    if given[:1] == ["explain"]:
        given = [_minus_kept(argument) for argument in given]
    options = parser.parse_args(given)
    if options.command == "doctor":
        print(doctor())
        return
    try:
        print(COMMANDS[options.command](options))
    except (ValueError, TypeError, OSError, NoRenderer, GradientError) as error:
        said = str(error).removeprefix(f"{options.command}: ")
        parser.exit(2, f"microtensor {options.command}: {said}\n")


def _minus_kept(argument: str) -> str:
    """A formula that starts with a minus sign, `-x**2`, is no option: a space says so."""
    return f" {argument}" if re.match("-(?!-|h$)", argument) else argument


def _explained(options: argparse.Namespace) -> str:
    """The story of a formula, or where the page of it is."""
    from .expressions import leaves, read

    pairs = [text.partition("=") for text in options.values]
    values = leaves({name.strip(): value for name, _, value in pairs}, options.wrt)
    result = read(options.formula, values)
    if not isinstance(result, Tensor) or not result.requires_grad:
        raise ValueError("the formula has nothing to differentiate by: name a value in it, w=2")
    if result.size != 1:
        shape = "×".join(map(str, result.shape))
        raise ValueError(
            f"the formula gives {shape} numbers; make one of them: sum(...), mean(...)"
        )
    if result.name is None:
        result.name = next(name for name in ("L", "y", "out", "result") if name not in values)
    if options.html:
        return page(result, options.html)
    return explain(result, options.wrt, "latex" if options.latex else "text")


def _drawn(options: argparse.Namespace) -> str:
    """Runs a script, draws its tensor, and says where the picture is."""
    from .views.picture.rendering import ending

    ending(options.output)  # a wrong one is said before a script runs for long
    name, found = _run(options.target)
    collapse = int(options.collapse) if options.collapse.isdigit() else options.collapse
    return draw(found[name], names=found, collapse=collapse, theme=options.theme).save(
        options.output
    )


def _written(options: argparse.Namespace) -> str:
    """Runs a script, and gives its tensor's program, or says where it is."""
    with redirect_stdout(sys.stderr):  # what the script prints is no part of the program
        name, found = _run(options.target)
    text = to_source(found[name], names=found, xp=options.xp)
    if not options.output:
        return text.rstrip("\n")
    Path(options.output).write_text(text, encoding="utf-8")
    return str(options.output)


def _run(target: str) -> tuple[str, dict[str, Any]]:
    """Runs the script of `script.py:name`: the name, and everything the script has at its end."""
    script, _, name = target.rpartition(":")
    if not script:
        raise ValueError(f"expected script.py:name, got {target!r}")
    found = runpy.run_path(script, run_name="__main__")
    if not isinstance(found.get(name), Tensor):
        tensors = [key for key, value in found.items() if isinstance(value, Tensor)]
        raise ValueError(
            f"{script} has no tensor {name!r}; its tensors: {', '.join(tensors) or 'none'}"
        )
    return name, found


COMMANDS = {"draw": _drawn, "source": _written, "explain": _explained}


def doctor() -> str:
    """What is installed, a line for each, and whether pictures can be drawn."""
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            found[package] = "–"
    found["dot"] = _dot_version()
    major = found["pygraphviz"].partition(".")[0]
    can = found["dot"] != "–" or (major.isdigit() and int(major) >= 2)
    uses = {"dot": "draws pictures", **PACKAGES}
    lines = [f"{name:<11} {version:<16} {uses.get(name, '')}" for name, version in found.items()]
    answer = "yes" if can else "no: install Graphviz, or pip install 'pygraphviz>=2'"
    return "\n".join([*(line.rstrip() for line in lines), f"pictures can be drawn: {answer}"])


def _dot_version() -> str:
    """The version of the dot program, or –."""
    if not shutil.which("dot"):
        return "–"
    said = subprocess.run(["dot", "-V"], capture_output=True, text=True, check=False).stderr
    return " ".join(said.replace("dot - graphviz version", "").split()) or "no version"


if __name__ == "__main__":
    main()
