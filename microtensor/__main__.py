"""The command line, python -m microtensor; what it says of itself stands in the catalogues."""

from __future__ import annotations

import argparse
import os
import platform
import re
import runpy
import subprocess
import sys
import traceback
from collections.abc import Callable, Mapping
from contextlib import redirect_stdout
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NoReturn
from unicodedata import normalize

from . import __version__
from .errors import GradientError, NoRenderer
from .lexicon import UNPRINTED, cut
from .tensor import Tensor
from .views import draw, explain, page, to_source
from .views.languages import chosen, languages, speaking
from .views.words import say

PACKAGES = "numpy", "graphviz", "pygraphviz", "matplotlib", "tqdm", "Pillow"

LONGEST = 500  # of a line of what is said to be wrong

# What is written where the output can't have the sign
ASCII = str.maketrans(
    {"∂": "d", "σ": "sigmoid", "√": "sqrt", "²": "^2", "³": "^3", "⁴": "^4", "½": "1/2", "ᵀ": ".T"}
    | {"≤": "<=", "≥": ">=", "≠": "!=", "±": "+-", "→": "->", "…": "..."}
    | dict(zip("·×−–≈›", "**--~>", strict=True))
)


def main(arguments: list[str] | None = None) -> None:
    """The command line."""
    given = sys.argv[1:] if arguments is None else arguments
    try:
        language = chosen(_language(given))
    except ValueError as error:
        _Parser().exit(2, f"microtensor: {error}\n")
    with speaking(language):
        _run_command(given)


def _language(given: list[str]) -> str | None:
    """The language that is asked for, in which all help is; a wrong one is told by the parser."""
    options = re.findall("(?:^|\0)--(\\w+)[=\0](\\w+)", "\0".join(given))
    asked = [code for option, code in options if "language".startswith(option)]
    return next((code for code in asked[-1:] if code in languages()), None)


def _run_command(given: list[str]) -> None:
    parser = _parser()
    # A formula that starts with a minus sign, `-x**2`, is no option: a space says so
    given = [f" {text}" if re.match("-(?!-|[ho]$)", text) else text for text in given]
    options, rest = parser.parse_known_args(given)
    if wrong := [text for text in rest if text.startswith("-") or options.command == "doctor"]:
        parser.error(f"unrecognized arguments: {' '.join(wrong)}")
    options.values += rest  # values that stand behind an option
    try:
        print(_readable(options.run(options), sys.stdout), flush=True)
    except BrokenPipeError:  # `| head` has read enough; what is left goes nowhere, as Python exits
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (ValueError, TypeError, OSError, NoRenderer, GradientError) as error:
        said = str(error).removeprefix(f"{options.command}: ")
        parser.exit(2, f"microtensor {options.command}: {said}\n")
    except KeyboardInterrupt:
        parser.exit(130, f"microtensor {options.command}: stopped by Ctrl-C\n")


def _readable(text: str, output: Any) -> str:
    """The text as the output's encoding can have it: where it can't, in ASCII.

    What isn't printed, of names that the user gave, stands as �.
    """
    text = "".join(c if c.isprintable() or c == "\n" else UNPRINTED for c in text)
    encoding = getattr(output, "encoding", None) or "utf-8"
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        text = text.translate(ASCII)
        text = "".join(
            c if c.isascii() or c.encode(encoding, "ignore") else normalize("NFKD", c)[0]
            for c in text  # a letter without its accent, where it has one
        )
        text = text.encode(encoding, "replace").decode(encoding)
    return text


class _Parser(argparse.ArgumentParser):
    """One whose messages quote what was given in part and on their lines, for any output."""

    def format_help(self) -> str:
        return _readable(super().format_help(), sys.stdout)

    def format_usage(self) -> str:
        return _readable(super().format_usage(), sys.stderr)

    def exit(self, status: int = 0, message: str | None = None) -> NoReturn:
        lines = (message or "").split("\n")
        said = "\n".join(cut(_readable(line, sys.stderr), LONGEST) for line in lines)
        super().exit(status, said or None)


class _Help(argparse.HelpFormatter):
    """Help in the language that is spoken."""

    def add_usage(self, usage: Any, actions: Any, groups: Any, prefix: str | None = None) -> None:
        super().add_usage(usage, actions, groups, say("shell.usage") if prefix is None else prefix)


def _command(commands: Any, name: str) -> tuple[Any, Any, Any]:
    """A command: its parser, and what its arguments and its options are added to."""
    does = say(f"command.{name}")
    said = f"{does[0].upper()}{does[1:]}" + ("." if name == "doctor" else "")
    said += "" if name == "doctor" else say("shell.of", command=name)
    parser = commands.add_parser(
        name, help=does, description=said, add_help=False, formatter_class=_Help
    )
    return parser, parser.add_argument_group(say("shell.arguments")), _options(parser)


def _options(parser: argparse.ArgumentParser) -> Any:
    """The options that every command has; more can be added."""
    group = parser.add_argument_group(say("shell.options"))
    group.add_argument("-h", "--help", action="help", help=say("shell.help"))
    group.add_argument("--language", choices=languages(), help=say("shell.language"))
    return group


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="python -m microtensor",
        description=say("shell.about"),
        add_help=False,
        formatter_class=_Help,
    )
    commands = parser.add_subparsers(dest="command", required=True, title=say("shell.commands"))
    _options(parser).add_argument(
        "--version", action="version", version=__version__, help=say("shell.version")
    )
    name, file = say("shell.name"), say("shell.file")

    def command(command: str, run: Callable[..., str]) -> Callable[..., Any]:
        """Adds a command that reads a formula or a script's tensor; returns what adds to it."""
        added, arguments, options = _command(commands, command)
        arguments.add_argument("target", metavar=say("shell.target"))
        values = say("shell.values")
        arguments.add_argument("values", nargs="*", metavar=say("shell.value"), help=values)
        added.set_defaults(run=run, wrt=None)
        return options.add_argument  # type: ignore[no-any-return]

    add = command("draw", _drawn)
    add("-o", "--output", metavar=file, default="graph.svg", help=say("shell.draw.output"))
    add("--theme", default="light", choices=("light", "dark"))
    add("--collapse", default="auto", metavar=f"N|{name}", help=say("shell.draw.collapse"))
    add = command("explain", _explained)
    add("--wrt", action="append", metavar=name, help=say("shell.explain.wrt"))
    add("--latex", action="store_true", help=say("shell.explain.latex"))
    add("--html", metavar=file, help=say("shell.explain.html"))
    add = command("source", _written)
    add("-o", "--output", metavar=file, help=say("shell.source.output"))
    add("--xp", default="numpy", help=say("shell.source.xp"))
    added, *_ = _command(commands, "doctor")
    added.set_defaults(run=lambda _: doctor(), values=[])
    return parser


def _drawn(options: argparse.Namespace) -> str:
    """Draws the graph, and says where the picture is."""
    from .views.picture.picture import ending

    ending(options.output)  # a wrong one is said before a script runs for long
    result, names = _result(options)
    depth = re.fullmatch(r" ?-?\d+", options.collapse)
    collapse = int(options.collapse) if depth else options.collapse
    return draw(result, names=names, collapse=collapse, theme=options.theme).save(options.output)


def _explained(options: argparse.Namespace) -> str:
    """The story, or where the page of it is."""
    result, names = _result(options)
    if options.html:
        if options.latex or (options.wrt and names is not None):
            raise ValueError("a page tells all: --html goes without --latex, or a script's --wrt")
        return page(result, options.html, names)
    return explain(result, options.wrt, "latex" if options.latex else "text", names)


def _written(options: argparse.Namespace) -> str:
    """The program, or where it is."""
    with redirect_stdout(sys.stderr):  # what a script prints is no part of the program
        result, names = _result(options)
    text = to_source(result, names=names, xp=options.xp)
    if not options.output:
        if _readable(text, sys.stdout) != text:
            raise ValueError(f"{sys.stdout.encoding} can't write its names; take -o program.py")
        return text.rstrip("\n")
    Path(options.output).write_text(text, encoding="utf-8")
    return str(options.output)


def _result(options: argparse.Namespace) -> tuple[Tensor, Mapping[str, Any] | None]:
    """The tensor that is asked for, and what names the values it came from."""
    target = options.target
    script, _, name = target.rpartition(":")
    if script.endswith(".py"):
        if options.values:
            raise ValueError(f"{options.values[0]} is for a formula; {script} has its own values")
        found = _run(script, name)
        return found[name], found
    if target.endswith(".py"):
        raise ValueError(f"expected script.py:name, got {target!r}; the name is a tensor's in it")
    return _computed(target, options.values, options.wrt), None


def _computed(formula: str, given: list[str], wrt: list[str] | None) -> Tensor:
    """A formula's result."""
    from .formulas import leaves, read

    texts: dict[str, str] = {}
    for text in given:
        name, equals, value = (part.strip() for part in text.partition("="))
        if not (name and equals and value):
            raise ValueError(f"a value is given as name=number, without spaces, got {text!r}")
        if name in texts:
            raise ValueError(f"{name} is given twice: {name}={texts[name]} and {name}={value}")
        texts[name] = value
    values = leaves(texts, wrt)
    result = read(formula, values)
    if not isinstance(result, Tensor) or not result.requires_grad:
        raise ValueError("the formula has nothing to differentiate by: name a value in it, w=2")
    if result.size != 1:
        shape = "×".join(map(str, result.shape))
        raise ValueError(
            f"the formula gives {shape} numbers; make one of them: sum(...), mean(...)"
        )
    if result.name is None:
        result.name = next(name for name in ("L", "y", "out", "result") if name not in values)
    return result


def _run(script: str, name: str) -> dict[str, Any]:
    """Runs a script that makes a tensor of this name: everything the script has at its end."""
    if not Path(script).is_file():
        raise ValueError(f"there is no file {script!r}")
    path, argv = list(sys.path), sys.argv
    sys.path.insert(0, str(Path(script).resolve().parent))  # its modules are found beside it
    sys.argv = [script]
    try:
        found = runpy.run_path(script, run_name="__main__")
    except SystemExit as stopped:
        said = "" if stopped.code is None else repr(stopped.code)
        raise ValueError(
            f"{script} ended itself, by sys.exit({said}), before its tensors could be read"
        ) from None
    except Exception as error:
        place = error.__traceback__
        while place is not None and place.tb_frame.f_code.co_filename != script:
            place = place.tb_next  # as Python shows it, from the script's first line on
        traceback.print_exception(error.with_traceback(place))
        raise ValueError(f"{script} stopped with the error above") from None
    finally:
        sys.path[:], sys.argv = path, argv
    if not isinstance(found.get(name), Tensor):
        tensors = [key for key, value in found.items() if isinstance(value, Tensor)]
        raise ValueError(
            f"{script} has no tensor {name!r}; its tensors: {', '.join(tensors) or 'none'}"
        )
    return found


def doctor() -> str:
    """What is installed, a line for each, and whether a picture can be drawn: one is."""
    import graphviz

    found = {"python": platform.python_version()}
    for package in PACKAGES:
        found[package] = next((x.version for x in metadata.distributions(name=package)), "–")
    try:
        found["dot"] = ".".join(map(str, graphviz.version()))
    except (RuntimeError, OSError, ValueError, subprocess.SubprocessError):
        found["dot"] = "–"
    try:
        draw(Tensor(1.0)).pipe("svg")
        answer = say("shell.pictures")
    except NoRenderer as error:
        answer = say("shell.pictures.none", error=error)
    lines = [f"{name:<11} {version:<16} {say(f'doctor.{name}')}" for name, version in found.items()]
    others = [say("shell.nn", place=place) for place in _other_nn()]
    return "\n".join([*(line.rstrip() for line in lines), *others, answer])


def _other_nn() -> list[str]:
    """Where `import nn` finds another one than that which belongs to microtensor."""
    own = Path(__file__).resolve().parent.parent / "nn" / "__init__.py"
    spec = find_spec("nn")  # without an import: what is there may do anything
    if spec is None or spec.origin is None or Path(spec.origin).resolve() != own:
        places = [] if spec is None else [spec.origin, *(spec.submodule_search_locations or ())]
        return [next(filter(None, places), "–")]
    # A package of this name on the index is written over ours
    others = metadata.distributions(name="nn")
    return [f"nn {other.version}, {own.parent}" for other in others]


if __name__ == "__main__":
    main()
