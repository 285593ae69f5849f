"""python -m microtensor: draw a script's graph, or say what is installed."""

from __future__ import annotations

import argparse
import platform
import runpy
import shutil
import subprocess
from importlib import metadata

from .errors import NoRenderer
from .tensor import Tensor
from .views import draw

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
    drawing.add_argument("--theme", default="light", help="light or dark")
    drawing.add_argument(
        "--collapse", default="auto", metavar="N|NAME", help="auto, a depth (0: none), or a group"
    )
    commands.add_parser("doctor", help="say what is installed")
    options = parser.parse_args(arguments)
    if options.command == "doctor":
        print(doctor())
        return
    try:
        print(_drawn(options))
    except (ValueError, TypeError, OSError, NoRenderer) as error:
        parser.exit(2, f"microtensor draw: {error}\n")


def _drawn(options: argparse.Namespace) -> str:
    """Runs a script, draws its tensor, and says where the picture is."""
    script, _, name = options.target.rpartition(":")
    if not script:
        raise ValueError(f"expected script.py:name, got {options.target!r}")
    found = runpy.run_path(script, run_name="__main__")
    if name not in found:
        tensors = [key for key, value in found.items() if isinstance(value, Tensor)]
        raise ValueError(f"{script} has no {name!r}; its tensors: {', '.join(tensors) or 'none'}")
    collapse = int(options.collapse) if options.collapse.isdigit() else options.collapse
    return draw(found[name], names=found, collapse=collapse, theme=options.theme).save(
        options.output
    )


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
