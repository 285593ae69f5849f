"""Makes the pages of the reference from signatures and docstrings: `pages()`, by their places."""

import inspect
import re
from types import FunctionType, ModuleType
from typing import Any

import microtensor
import nn
from microtensor import Tensor, functions, linalg, operations

WIDTH = 84  # of a signature's line

HEADS = {
    "microtensor": "Tensors, their gradients, and the ways to read what was computed; the "
    "[functions](functions.md) have a page of their own.",
    "Functions": "What computes: each function takes tensors, arrays, numbers and nested lists "
    "(`Operand`), and gives a tensor. Shapes broadcast and dtypes are promoted as NumPy's are; "
    "shapes that don't fit raise `ShapeError`, a ValueError. `Axis` is a number, a tuple of "
    "numbers, or None for all. [What there is](../operations.md) has them by kind.",
    "microtensor.linalg": "Linear algebra, as `np.linalg` has it. [Special points]"
    "(../special-points.md#linear-algebra) says what happens where a matrix is singular, or "
    "eigenvalues are equal.",
    "nn": "What models are made of and trained with; [Models](../models.md) is the guide. `RNG` is "
    "a seed, a generator of NumPy's, or None for other numbers each time, `Pair` a number or two, "
    "and `Array` an array of NumPy's.",
}
COMPUTING = {*operations.__all__, *functions.__all__}
ROWS = {id(row.function): row for row in operations.OPERATIONS.values()}


def pages() -> dict[str, str]:
    """The text of each page."""
    others = sorted({*microtensor.__all__} - {*COMPUTING, "linalg", "Tensor"}, key=str.lower)
    return {
        "api/microtensor.md": _page("microtensor", microtensor, ["Tensor", *others]),
        "api/functions.md": _page("Functions", microtensor, sorted(COMPUTING)),
        "api/linalg.md": _page("microtensor.linalg", linalg, sorted(linalg.__all__)),
        "api/nn.md": _page("nn", nn, sorted(nn.__all__, key=str.lower)),
    }


def _page(title: str, module: ModuleType, names: list[str]) -> str:
    entries = (entry(f"{module.__name__}.{name}", getattr(module, name)) for name in names)
    return "\n".join([f"# {title}\n\n{HEADS[title]}\n", *entries])


def entry(name: str, thing: Any, depth: int = 2) -> str:
    """The heading, signature and docstring of what goes by a name, and of what it has itself."""
    short = name.rpartition(".")[2]
    parts = [f"{'#' * depth} `{short}` {{ #{name} }}"]
    if call := signature(short, thing, method=depth > 2 and inspect.isfunction(thing)):
        parts.append(f"```py\n{call}\n```")
    parts.append(plain(inspect.getdoc(thing) or ""))
    parts += [elsewhere(ROWS[id(thing)])] if id(thing) in ROWS else []
    parts += [methods()] if thing is Tensor else []
    parts += [entry(f"{name}.{key}", value, depth + 1) for key, value in members(thing)]
    return "\n\n".join(filter(None, parts)) + "\n"


def elsewhere(row: operations.Operation) -> str:
    """What a function is called as a method, and in NumPy."""
    names = [f"x.{name}" for name in row.methods if name[0] != "_"]
    names += [f"np.{name}" for name in row.numpy]
    return f"Also {', '.join(f'`{name}`' for name in names)}." if names else ""


def methods() -> str:
    """The functions that are methods of a tensor."""
    names = sorted({name for row in ROWS.values() for name in row.methods} & COMPUTING)
    links = ", ".join(f"[`{name}`](functions.md#microtensor.{name})" for name in names)
    return f"These functions are methods too, of their first input: {links}."


def members(thing: Any) -> list[tuple[str, Any]]:
    """What a class or a module has itself: public, with a docstring, and in no list elsewhere."""
    if inspect.ismodule(thing):
        own = [key for key, x in vars(thing).items() if inspect.isfunction(x)]
        own = [key for key in own if getattr(thing, key).__module__ == thing.__name__]
    elif inspect.isclass(thing):
        kinds = FunctionType | property | classmethod | staticmethod
        own = [key for key, x in vars(thing).items() if isinstance(x, kinds)]
    else:
        return []
    found = [(key, vars(thing)[key]) for key in sorted(own) if key[0] != "_"]
    known = {*ROWS, id(Tensor.apply_rule)}  # which rules ask for, not people
    return [(key, x) for key, x in found if inspect.getdoc(x) and id(x) not in known]


def signature(name: str, thing: Any, method: bool = False) -> str:
    """How it is called, on one line or on one for each input; nothing of what isn't."""
    if isinstance(thing, classmethod | staticmethod):
        method, thing = isinstance(thing, classmethod), thing.__func__
    called = inspect.isroutine(thing) or inspect.isclass(thing)
    if not called or (inspect.isclass(thing) and issubclass(thing, Exception)):
        return ""
    found = inspect.signature(thing)
    texts: list[str] = []
    for p in list(found.parameters.values())[int(method) :]:
        if p.kind is p.KEYWORD_ONLY and not any(text[0] == "*" for text in texts):
            texts.append("*")
        texts.append(re.sub(r": '(.*?)'(?= =|$)", r": \1", str(p)))
    given = found.return_annotation
    end = f" -> {given}" if isinstance(given, str) and given != "None" else ""
    line = f"{name}({', '.join(texts)}){end}"
    if len(line) <= WIDTH:
        return line
    return "\n".join([f"{name}(", *(f"    {text}," for text in texts), f"){end}"])


def plain(text: str) -> str:
    """A docstring as Markdown: in what isn't code, a star is a star."""
    parts = re.split(r"(``.*?``|`[^`]*`|^    .*$)", text, flags=re.MULTILINE)
    parts[::2] = (re.sub(r"([*_<\[])", r"\\\1", part) for part in parts[::2])
    return "".join(parts)
