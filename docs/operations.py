"""Writes the tables of functions in operations.md from the code: `python docs/operations.py`.

Each public function stands under the heading of its section of the code, with the first sentence
of its docstring, and those that tell of its derivative.
"""

import ast
import dis
import importlib
import inspect
import re
from pathlib import Path

import numpy as np

import microtensor
from microtensor.interop import _CONSTANT, _CONSTANT_UFUNCS, _OF_SHAPES, _RULES
from microtensor.operations import OPERATIONS
from microtensor.rules import RULES, Rule

PAGE = Path(__file__).with_name("operations.md")
BEGIN = "<!-- from here on written by docs/operations.py -->\n"
END = "<!-- to here -->\n"
FIRST = "Functions that are a rule and nothing else"  # whose heading here is
ARITHMETIC = "Arithmetic, and functions of each number"
PUBLIC = {name: row for name, row in OPERATIONS.items() if not name.startswith("_")}
NAMES = {id(row.function): name for name, row in OPERATIONS.items()}
SHARED = {"microtensor.operations", "microtensor.functions"}  # whose functions are microtensor's
SPACES = {"": np, "linalg.": np.linalg, "lib.stride_tricks.": np.lib.stride_tricks}

LEFT_OUT = {  # families that have no derivative, or none that is asked for
    "of complex numbers": "angle conj conjugate imag iscomplex isreal real real_if_close "
    "sort_complex unwrap linalg.eig linalg.eigvals, and all of `np.fft`",
    "of bits and whole numbers": "bitwise_count bitwise_left_shift bitwise_right_shift bitwise_xor "
    "gcd lcm left_shift right_shift packbits unpackbits logical_xor",
    "that search, count and sort out": "argpartition array_equiv bincount digitize extract "
    "flatnonzero histogram histogram2d histogram_bin_edges histogramdd in1d intersect1d isin "
    "isneginf isposinf lexsort nanargmax nanargmin searchsorted setdiff1d setxor1d trim_zeros "
    "union1d unique unique_all unique_counts unique_inverse unique_values linalg.matrix_rank",
    "of positions": "diag_indices_from ix_ ravel_multi_index tril_indices_from triu_indices_from "
    "unravel_index einsum_path",
    "that change an array in place": "copyto fill_diagonal place put put_along_axis putmask",
    "of polynomials": "poly polyadd polyder polydiv polyfit polyint polymul polysub polyval roots "
    "vander",
    "of the bits of floats": "frexp ldexp modf nextafter spacing copysign",
    "of dates, text, files and dtypes": "busday_count busday_offset common_type datetime_as_string "
    "is_busday isnat min_scalar_type save savetxt savez savez_compressed",
    "that NumPy has dropped, or is about to": "trapz cumproduct",
    "that call a function of one's own": "apply_along_axis apply_over_axes piecewise",
}  # fmt: skip


def sections():
    """Each public function's name, by the headings of the modules that define them."""
    found: dict[str, list[str]] = {}
    left = dict.fromkeys(PUBLIC)
    for path in sorted(Path(microtensor.__file__).parent.glob("*.py"), key=_rank):
        if path.stem.startswith("__"):
            continue
        module = importlib.import_module(f"microtensor.{path.stem}")
        text = path.read_text()
        comments = re.finditer(r"^# (.+?):?(?: [^\n:]+)? -+$", text, re.MULTILINE)
        starts = [(text[: x.start()].count("\n") + 1, x[0]) for x in comments]
        for node in ast.parse(text).body:
            for own in _defined(node):
                name = NAMES.get(id(getattr(module, own, None)))
                if name in left:
                    del left[name]
                    before = [said for line, said in starts if line < node.lineno]
                    found.setdefault(_heading(before, module), []).append(name)
    if left:
        found["Others"] = list(left)
    return found


def _rank(path):
    """The modules in the order in which a reader wants them."""
    order = ["operations", "functions", "linalg"]
    return order.index(path.stem) if path.stem in order else len(order), path


def _defined(node):
    """The names that a statement gives to what it makes."""
    if isinstance(node, ast.FunctionDef):
        return [node.name]
    targets = node.targets if isinstance(node, ast.Assign) else []
    return [target.id for target in targets if isinstance(target, ast.Name)]


def _heading(comments, module):
    """The section's title; of a module with a name of its own for users, the module's."""
    if hasattr(microtensor, module.__name__.rpartition(".")[2]) and module.__name__ not in SHARED:
        return module.__doc__.partition(":")[0]
    title = comments[-1].strip("# -").partition(":")[0] if comments else "Others"
    return ARITHMETIC if title == FIRST else title


def signature(function):
    """Its inputs, without defaults and types."""
    parameters = inspect.signature(function).parameters.values()
    return ", ".join("*" * (p.kind is p.VAR_POSITIONAL) + p.name for p in parameters)


def said(function):
    """The first sentence of its docstring, and each later one that tells of a derivative."""
    text = " ".join(inspect.getdoc(function).split())
    first, *more = re.split(r"(?<=\.)\s+(?=[^a-z])", text)
    special = [one for one in more if re.search(r"derivative|gradient", one)]
    parts = " ".join([first, *special]).replace("|", "\\|").split("`")
    parts[::2] = (part.replace("*", "\\*") for part in parts[::2])  # what isn't code
    return "`".join(parts)


def made_of(name):
    """`a rule`, or the operations that it is a composition of."""
    if name in RULES:
        return "a rule" if RULES[name].differentiable else "a rule without a derivative"
    parts = sorted(set(_called(inspect.unwrap(PUBLIC[name].function), set())))
    return ", ".join(f"`{part}`" for part in parts if part != name) or "a composition"


def _called(function, seen):
    """The operations that the code of a function names, and those of its helpers in its module."""
    seen.add(function)
    cells = [cell.cell_contents for cell in function.__closure__ or ()]
    for x in [*_named(function.__code__, function.__globals__), *cells]:
        helper = inspect.isfunction(x) and x.__module__ == function.__module__
        if isinstance(x, Rule):
            yield x.name
        elif NAMES.get(id(x)) in PUBLIC:
            yield NAMES[id(x)]
        elif helper and x not in seen and id(x) not in NAMES:
            yield from _called(x, seen)


def _named(code, known):
    """What a code reads: what its global names stand for; of what is behind a dot, operations."""
    before = None
    for step in dis.get_instructions(code):
        if step.opname == "LOAD_GLOBAL":
            yield known.get(step.argval)
        elif step.opname in ("LOAD_ATTR", "LOAD_METHOD") and before not in ("builtins", "rules"):
            yield PUBLIC[step.argval].function if step.argval in PUBLIC else None
        elif step.opname in ("LOAD_ATTR", "LOAD_METHOD") and before == "rules":
            yield RULES.get(step.argval)
        before = step.argval
    for part in code.co_consts:
        if inspect.iscode(part):
            yield from _named(part, known)


def of_numpy():
    """NumPy's functions of arrays by their names; what has several goes by its own."""
    seen = set()
    for space, module in SPACES.items():
        for name in dir(module):
            f = getattr(module, name)
            own = getattr(module, getattr(f, "__name__", ""), None) is f
            kind = isinstance(f, type(np.sum) | np.ufunc)
            if kind and f not in seen and (not own or name == f.__name__):
                seen.add(f)
                yield f, space + name


def differentiated():
    """NumPy's functions that can be differentiated, by their names."""
    return sorted(name for f, name in of_numpy() if f in _RULES and _has_derivative(f))


def _has_derivative(f):
    own = NAMES.get(id(_RULES[f]))
    if own is None:  # it is written out in interop.py
        return True
    return own in PUBLIC and (own not in RULES or RULES[own].differentiable)


def missing():
    """NumPy's functions of arrays that have no rule and are in no family that is left out."""
    left_out = re.findall(r"[\w.]+", " ".join(LEFT_OUT.values()))
    known = {*_RULES, *_CONSTANT, *_OF_SHAPES, *_CONSTANT_UFUNCS}
    return sorted({name for f, name in of_numpy() if f not in known} - set(left_out))


def tables():
    """What stands in the page between the two marks."""
    lines = []
    for title, names in sections().items():
        lines += [f"## {title}", "", "| function | gives | is made of | NumPy's |"]
        lines += ["| --- | --- | --- | --- |"]
        for name in names:
            row = PUBLIC[name]
            numpy = ", ".join(f"`{x}`" for x in row.numpy)
            call = f"{name}({signature(row.function)})"
            lines.append(f"| `{call}` | {said(row.function)} | {made_of(name)} | {numpy} |")
        lines.append("")
    version = ".".join(np.__version__.split(".")[:2])
    names, answers = differentiated(), {*_CONSTANT, *_OF_SHAPES, *_CONSTANT_UFUNCS}
    lines += ["## NumPy's functions", ""]
    lines += _wrapped(
        f"{len(names)} of NumPy's functions, as NumPy {version} has them, differentiate:", names
    )
    lines += _wrapped(
        "Some answer with bools, positions or shapes, as they do for arrays:",
        sorted(name for f, name in of_numpy() if f in answers),
    )
    lines += _wrapped("Without a rule, these refuse tensors that require a gradient:", missing())
    lines += ["So do all families without a derivative that anybody asks for, those", ""]
    for family, text in LEFT_OUT.items():
        names, _, more = text.partition(", ")
        lines += _wrapped(f"- {family}:", names.split(), f", {more}" if more else "", "  ")[:-1]
    return "\n".join(lines) + "\n"


def _wrapped(text, names, more="", indent=""):
    """A paragraph of at most 100 characters a line."""
    words = [*text.split(), *(f"`{name}`," for name in names)]
    words[-1] = words[-1].rstrip(",") + more + "."
    lines = [words.pop(0)]
    for word in " ".join(words).split():
        if len(lines[-1]) + len(word) > 99:
            lines.append(indent + word)
        else:
            lines[-1] += f" {word}"
    return [*lines, ""]


def page(text):
    """The page with its tables as the code has them."""
    before, _, rest = text.partition(BEGIN)
    return before + BEGIN + "\n" + tables() + "\n" + END + rest.partition(END)[2]


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text()))
