"""Names in programs: whatever they hold, it is no code there and hides none."""

import ast

import numpy as np
import pytest

import microtensor as mt
import nn
from microtensor.program.javascript import javascript

NAMES = [
    "a\n    __import__('os').system('echo PWNED')\n    #",
    "a\r__import__('os')\r#",
    '"""\nimport os',
    "a\u2028import os\u2029#",
    "a\x0bimport os\x0c#\x85",
    "x\u202ey",
    "\u2066i\u2069\u200b",
    "a\x00b",
    "\ud800",
    "'\"\\",
    "# x",
    "</script><script>alert(1)</script>",
    "{0}{x} %s \\N{x}",
    "\x1b[31m",
]
X = np.random.default_rng(0).normal(size=(20, 2))


def leaf(name="w"):
    tensor = mt.Tensor([1.0, 2.0], requires_grad=True)
    tensor.name = name
    return tensor


def in_a_group(name):
    with mt.group(name):
        z = (leaf() * 2).tanh()
    with mt.group(name + " outside"), mt.group(name):
        return (z * z).sum()


def in_a_module(name):
    class Inner(nn.Module):
        def __init__(self):
            super().__init__()
            setattr(self, name, nn.Linear(2, 2, rng=0))

        def forward(self, x):
            return getattr(self, name)(x).tanh()

    class Outer(nn.Module):
        def __init__(self):
            super().__init__()
            setattr(self, name, Inner())

        def forward(self, x):
            return getattr(self, name)(x).tanh()

    return Outer()(X).sum()


def of_a_result(name):
    result = (leaf() * leaf("v")).sum()
    result.name = name
    return result


PLACES = {
    "a group": in_a_group,
    "a module": in_a_module,
    "a parameter": lambda name: (leaf(name) * leaf(name)).sum(),
    "data": lambda name: (leaf() * mt.Tensor(X, name=name)).sum(),
    "a result": of_a_result,
    "an argument": lambda name: (X @ leaf()).sum(),
}


def check(text):
    """It is what it looks like: a module of functions that call NumPy's, printed on its lines."""
    text.encode()
    assert all(c.isprintable() or c == "\n" for c in text)
    module = ast.parse(text)
    docstring, imported, *functions = module.body
    assert isinstance(docstring, ast.Expr) and isinstance(imported, ast.Import)
    assert all(isinstance(f, ast.FunctionDef) for f in functions)
    last = functions[-1].body
    assert all(isinstance(line, ast.Assign) for line in last[1:-1])
    called = {ast.unparse(x.func) for x in ast.walk(module) if isinstance(x, ast.Call)}
    known = {f.name for f in functions} | {"len"}
    assert all(name in known or name.startswith(("np.", "jnp.")) for name in called), called


@pytest.mark.parametrize("xp", ["numpy", "jax.numpy"])
@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_no_code(name, place, xp):
    result = PLACES[place](name)
    names = {name: X} if place == "an argument" else None
    check(mt.to_source(result, names=names, xp=xp))


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_no_code_in_what_compile_runs(name):
    w = leaf(name)

    def f(x, y):
        with mt.group(name):
            return (x * w * y).sum()

    f.__name__ = name
    step = mt.compile(f)
    step(mt.Tensor(X, name=name), X)
    step.source.encode()
    assert all(c.isprintable() or c == "\n" for c in step.source)
    assert len(ast.parse(step.source).body) == 1
    assert "__import__" not in {
        x.id for x in ast.walk(ast.parse(step.source)) if isinstance(x, ast.Name)
    }


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_no_code_in_javascript(name):
    w = mt.Tensor(2.0, requires_grad=True, name=name)
    with mt.group(name):
        result = (w * 3).tanh()
    result.name = name
    text = javascript(mt.Graph.of(result), result)
    assert text.isascii() and "script" not in text and "PWNED" not in text and "import" not in text


def test_an_index_is_called_as_the_tensor_that_it_was():
    W = mt.Tensor(np.ones((6, 4)), requires_grad=True, name="W")
    numbers, some = np.array([0, 5, 5]), np.array([True, False, True, True, False, False])
    letters, first = mt.Tensor(numbers, name="letters"), mt.Tensor([0, 1], name="def")
    loss = nn.CrossEntropyLoss()(W[letters][first], mt.Tensor([3, 0], name="labels"))
    program = mt.to_source(loss)
    assert "[letters]" in program and "[def_]" in program  # however few
    assert "labels]" in program and "index" not in program.partition("def loss")[2].split("put")[0]
    Y, mask = mt.Tensor(numbers), mt.Tensor(some)
    masked = W[mask][Y - mt.Tensor([0, 3, 3])].sum() + W[Y].sum()
    assert "mask (6,)" in mt.to_source(masked, names={"mask": mask, "Y": Y})
    assert "Y (3,)" in mt.to_source(masked, names={"mask": mask, "Y": Y})
    for x in (letters, Y):  # copies: nobody changes those later
        rows = W[x]
        x[0] = 1
        assert rows.data[0].tolist() == W.data[0].tolist()
