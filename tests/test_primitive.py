"""An operation of one's own is recorded, differentiated, checked and drawn like a built-in one."""

import math

import numpy as np
import pytest
from test_rules import differences

import microtensor as mt
import nn
from microtensor import Tensor, grad, primitive

cube = primitive("cube", lambda x: x**3, lambda g, out, x: g * 3 * x**2)
scale = primitive("scale", lambda x, *, by=2.0: x * by, lambda g, out, x, *, by=2.0: g * by)
hypotenuse = primitive(
    "hypotenuse", np.hypot, lambda g, out, a, b: g * a / out, lambda g, out, a, b: g * b / out
)
choose = primitive(
    "choose",
    lambda c, x: x * c,
    None,
    lambda g, out, c, x: g * c,
)


def leaf(data, name=None):
    return Tensor(data, requires_grad=True, name=name)


def refused(error, message, f, *arguments, **options):
    with pytest.raises(error) as caught:
        f(*arguments, **options)
    assert str(caught.value) == message
    assert type(caught.value) is error


def test_value_and_gradient():
    x = leaf([1.0, 2.0])
    y = cube(x)
    assert isinstance(y, Tensor)
    assert y.tolist() == [1, 8]
    y.sum().backward()
    assert x.grad.tolist() == [3, 12]


@pytest.mark.parametrize("data", [2.0, [2.0, 3.0], [[2.0], [3.0]], np.ones((0, 2))])
def test_shapes(data):
    x = leaf(data)
    y = cube(x)
    assert y.shape == x.shape
    y.sum().backward()
    np.testing.assert_array_equal(x.grad, 3 * x.numpy() ** 2)


def test_higher_derivatives():
    x = leaf(2.0)
    d = cube(x)
    for expected in (12, 12, 6):
        d = grad(d, x, create_graph=True)
        assert d.item() == expected


def test_differences_agree():
    a, b = np.array([[1.0, 2.0]]), np.array([[1.5], [0.5]])
    found = grad(hypotenuse(x := leaf(a), y := leaf(b)).sum(), [x, y])
    expected = differences(lambda a, b: np.hypot(a, b).sum(), (a, b))
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one.numpy(), other, rtol=1e-8)


def test_checked_like_the_others():
    mt.check_gradients(cube, [1.0, -2.0])
    mt.check_gradients(hypotenuse, [[1.0, 2.0]], [[1.5], [0.5]])
    wrong = primitive("wrong", lambda x: x**2, lambda g, out, x: g * x)
    with pytest.raises(mt.GradientError, match=r"check_gradients: input 0, .* off by "):
        mt.check_gradients(wrong, 3.0)


def test_broadcasting_is_undone():
    a, b = leaf(np.full((2, 3), 3.0)), leaf(4.0)
    hypotenuse(a, b).sum().backward()
    np.testing.assert_allclose(a.grad, 0.6)
    np.testing.assert_allclose(b.grad, 6 * 0.8)


def test_a_derivative_that_is_broadcast_already():
    """It may return the shape of the result; what was copied is added up."""
    total = primitive("total", lambda x, y: x + y, lambda g, out, x, y: g, lambda g, out, x, y: g)
    a, b = leaf(np.ones((2, 3))), leaf(np.ones(3))
    total(a, b).sum().backward()
    assert b.grad.tolist() == [2, 2, 2]


def test_options():
    x = leaf([1.0, 2.0])
    assert scale(x).tolist() == [2, 4]
    y = scale(x, by=5.0)
    assert y.tolist() == [5, 10]
    y.sum().backward()
    assert x.grad.tolist() == [5, 5]


def test_plain_values_and_numbers():
    assert cube([1.0, 2.0]).tolist() == [1, 8]
    assert not cube(2.0).requires_grad
    x = leaf(2.0)
    hypotenuse(x, 1.5).backward()
    assert x.grad == pytest.approx(0.8)
    with mt.no_grad():
        assert not cube(x).requires_grad


def test_an_input_without_a_derivative():
    x = leaf([1.0, 2.0])
    y = choose(np.array([1.0, 0.0]), x)
    y.sum().backward()
    assert x.grad.tolist() == [1, 0]
    message = (
        "choose: no derivative with respect to input 0, 'c', which requires a gradient; pass its "
        ".detach() to keep it constant"
    )
    refused(TypeError, message, choose, leaf([1.0, 1.0], "c"), x)


def test_an_operation_without_any_derivative_gives_constants():
    lower = primitive("lower", np.floor, None)
    result = lower(leaf([1.5, 2.5]))
    assert result.tolist() == [1, 2]
    assert not result.requires_grad


def test_a_number_as_value():
    total = primitive("total", lambda x: float(x.sum()), lambda g, out, x: g * np.ones(x.shape))
    x = leaf([1.0, 2.0])
    y = total(x)
    assert y.shape == ()
    y.backward()
    assert x.grad.tolist() == [1, 1]


def test_values_may_be_views_and_gradients_too():
    """What forward or a derivative hands on may be memory of its inputs; results own theirs."""
    same = primitive("same", lambda x: x, lambda g, out, x: g)
    x = leaf([1.0, 2.0])
    y = same(x)
    assert not np.shares_memory(x.data, y.data)
    leak = primitive("leak", lambda x: x * 1.0, lambda g, out, x: x)
    seed = np.ones(2)
    leak(x).backward(seed)
    x.grad += 5
    assert x.tolist() == [1, 2]
    same(z := leaf([1.0, 2.0])).backward(seed)
    z.grad += 5
    assert seed.tolist() == [1, 1]


def test_it_is_in_the_graph():
    with mt.group("mine"):
        y = cube(leaf(2.0, "x"))
    node = mt.Graph.of(y).nodes[-1]
    assert (node.rule, node.role, node.group) == ("cube", "output", ("mine",))
    assert "cube" in mt.draw(y).source
    assert repr(y) == "Tensor(8., from cube)"


def test_it_has_a_name_and_a_docstring():
    def forward(x):
        """x, doubled."""
        return 2 * x

    double = primitive("double", forward, lambda g, out, x: 2 * g)
    assert double.__name__ == "double"
    assert double.__doc__ == "x, doubled."


def test_anomalies_are_named():
    bad = primitive("bad", lambda x: x * np.nan, lambda g, out, x: g)
    with pytest.raises(FloatingPointError, match="bad: the result is nan"), mt.detect_anomaly():
        bad(leaf([1.0]))


def test_a_memory_of_its_own_record_is_freed():
    import gc
    import weakref

    gc.collect()
    gc.disable()
    try:
        x = leaf(2.0)
        y = cube(x)
        y.backward()
        watched = weakref.ref(y)
        del y
        assert watched() is None
    finally:
        gc.enable()


# Mistakes ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["", "two words", "1st", 3, None])
def test_a_name_is_an_identifier(name):
    message = f"primitive: a name is a Python identifier, got {name!r}"
    refused(ValueError, message, primitive, name, np.exp, None)


def test_built_in_names_are_taken():
    message = "primitive: 'exp' is a built-in operation; choose another name"
    refused(ValueError, message, primitive, "exp", np.exp, None)


def test_the_same_name_twice():
    """A cell of a notebook is run again: the new one counts, and the old one works still."""
    first = primitive("again", lambda x: x * 1, lambda g, out, x: g)
    second = primitive("again", lambda x: x * 2, lambda g, out, x: g * 2)
    assert (first(1.0).item(), second(1.0).item()) == (1, 2)


def test_derivatives_are_needed():
    message = "primitive: 'f' needs a derivative (or None) for each input"
    refused(TypeError, message, primitive, "f", np.exp)


@pytest.mark.parametrize("parts", [(3, None), (np.exp, 3)])
def test_functions_are_needed(parts):
    message = "primitive: 'f': expected functions, got 3"
    refused(TypeError, message, primitive, "f", *parts)


@pytest.mark.parametrize(("inputs", "count"), [((), 0), ((1.0, 2.0), 2)])
def test_count_of_inputs(inputs, count):
    refused(TypeError, f"cube: takes 1 inputs, got {count}", cube, *inputs)


@pytest.mark.parametrize(
    ("value", "what"),
    [
        (None, "None"),
        ("text", "'text'"),
        ([1.0], "[1.0]"),
        (np.ones(1, complex), "dtype complex128"),
        (np.array(["a"]), "dtype <U1"),
        (1j, "1j"),
    ],
)
def test_forward_returns_an_array(value, what):
    f = primitive("f", lambda x: value, lambda g, out, x: g)
    message = f"f: forward returns an array of real numbers, but gave {what}"
    refused(TypeError, message, f, 1.0)


def test_forward_that_returns_a_tensor():
    f = primitive("f", lambda x: Tensor(x), lambda g, out, x: g)
    with pytest.raises(TypeError, match="f: forward returns an array of real numbers, but gave"):
        f(1.0)


@pytest.mark.parametrize("shape", [(3,), (4, 2), ()])
def test_a_derivative_fits_its_input(shape):
    f = primitive("f", lambda x: x * 1.0, lambda g, out, x: np.ones(shape))
    y = f(leaf(np.ones((2, 2)), "w")).sum()
    message = (
        f"f: the derivative of input 0 has shape {shape}, but the input is (2, 2) 'w'; "
        "a derivative is multiplied by g"
    )
    with pytest.raises(mt.ShapeError) as caught:
        y.backward()
    assert str(caught.value).replace(" 'w'", "") == message.replace(" 'w'", "")


@pytest.mark.parametrize("at", [[1.0, 2.0], 1.0])
@pytest.mark.parametrize(
    ("value", "what"),
    [(None, "None"), ("text", "'text'"), (1j, "1j"), (np.ones(2, complex), "dtype complex128")],
)
def test_a_derivative_is_an_array(value, what, at):
    f = primitive("f", lambda x: x * 1.0, lambda g, out, x: value)
    y = f(leaf(at)).sum()
    message = f"f: the derivative of input 0 is an array of real numbers, but gave {what}"
    refused(TypeError, message, y.backward)


def test_own_errors_pass_through():
    def forward(x):
        raise ValueError("mine")

    refused(ValueError, "mine", primitive("f", forward, None), 1.0)


def test_a_changed_input_is_noticed():
    x = leaf([1.0])
    y = cube(x)
    x.data -= 1
    with pytest.raises(mt.GradientError, match="was changed after cube had used it"):
        y.backward()


LEAVING = {
    ".data": lambda g, out, x: g * 3 * getattr(x, "data", x) ** 2,
    "float()": lambda g, out, x: g * 3 * math.pow(x, 2),
    ".item()": lambda g, out, x: g * 3 * x.item() ** 2,
    ".numpy()": lambda g, out, x: g * 3 * getattr(x, "numpy", lambda: x)() ** 2,
    ".tolist()": lambda g, out, x: g * 3 * np.square(x.tolist()),
    "int()": lambda g, out, x: g * 3 * int(x) ** 2,
}


@pytest.mark.parametrize("how", LEAVING)
def test_a_derivative_that_leaves_the_record_is_refused(how):
    """w f(w) would have a second derivative without the part that f' is left out of."""
    f = primitive("f", lambda x: x**3, LEAVING[how])
    w = leaf(3.0)
    if how not in (".data", ".numpy()"):  # those are of tensors alone
        assert grad(f(w), w).item() == 27
    with pytest.raises((mt.GradientError, TypeError)) as caught:
        grad(w * f(w), w, create_graph=True)
    if how not in ("float()", "int()"):
        assert str(caught.value) == (
            f"f: the derivative of input 0 takes numbers out by {how}, so it can't be "
            "differentiated again; write it in operators and NumPy's functions of g, out and the "
            "inputs"
        )
    assert (w * 2).requires_grad  # nothing is left in force


def test_a_derivative_may_look_at_what_has_no_derivative():
    f = primitive(
        "f", lambda x: np.where(x > 0, x**3, 0), lambda g, out, x: g * 3 * x**2 if x > 0 else g * 0
    )
    largest = primitive("largest", np.max, lambda g, out, x: g * (np.arange(3) == np.argmax(x)))
    constant = primitive("constant", np.multiply, lambda g, out, x, y: g * y.data, None)
    x, v = leaf(3.0), leaf([1.0, 3.0, 2.0])
    assert grad(grad(f(x), x, create_graph=True), x).item() == 18
    d = grad(largest(v) ** 2, v, create_graph=True)
    assert grad(d.sum(), v).tolist() == [0, 2, 0]
    assert grad(constant(x, Tensor(2.0)), x, create_graph=True).item() == 2
    assert grad(grad(cube(x).detach() * x, x, create_graph=True), x).item() == 0


def test_a_derivative_that_leaves_the_record_in_a_compiled_function():
    f = primitive("f", lambda x: x**3, lambda g, out, x: g * 3 * getattr(x, "data", x) ** 2)
    w = leaf(3.0)
    step = mt.compile(lambda: (grad(f(w), w, create_graph=True) * w).sum())
    with pytest.raises(mt.GradientError, match="takes numbers out by"):
        step()


# How it is shown --------------------------------------------------------------------------------

swish = primitive(
    "swish",
    lambda x: x / (1 + np.exp(-x)),
    lambda g, out, x: g * (out + (1 - out) / (1 + np.exp(-x))),
    locals="{out} + σ({0})(1 − {out})",
    words="{0} moves {L} less, the further left it is",
    activation=True,
)
turned = primitive(
    "turned",
    lambda x, y: x[::-1] * y,
    lambda g, out, x, y: (g * y)[::-1],
    lambda g, out, x, y: g * x[::-1],
    written="{0}↓ · {1}",
    sends=("({g} · {1}), turned back", "{g} · {0}↓, for operand {k} of {n}"),
    words=("{me} is turned, and {other} isn't", "its partner stands at the other end"),
)


def network():
    x = Tensor([[1.0, 2.0], [3.0, 4.0]], name="x")
    W = leaf([[0.5, -1.0], [1.0, 0.5]], "W")
    return (swish(x @ W) @ leaf([1.0, 2.0], "w")).sum()


def test_it_is_told_by_its_row_as_built_in_ones_are():
    story = " ".join(mt.explain(network()).split())
    assert "A1 = swish(Z1)" in story
    assert "∂L/∂A1 × (A1 + σ(Z1)(1 − A1)), entry by entry" in story
    assert "The rule: Z1 moves L less, the further left it is." in story
    story = mt.explain(turned(leaf([1.0, 2.0], "a"), leaf([3.0, 4.0], "b")).sum())
    assert "a↓ · b" in story
    assert "it sends (∂L/∂t1 · b), turned back: [4, 3]." in story
    assert "it sends ∂L/∂t1 · a↓, for operand 2 of 1: [2, 1]." in story
    assert "The rule: a is turned, and b isn't." in story
    assert "The rule: its partner stands at the other end." in story


def test_it_is_drawn_by_its_row():
    drawn = mt.draw(network(), collapse=False).source
    assert "∂A1/∂Z1 = A1 + σ(Z1)(1 − A1)" in drawn
    assert "◂ ∂L/∂A1 × (A1 + σ(Z1)(1 − A1)), entry by entry" in drawn
    drawn = mt.draw(turned(leaf([1.0, 2.0], "a"), leaf([3.0, 4.0], "b")).sum()).source
    assert "◂ (∂L/∂t1 · b), turned back" in drawn


def test_its_row_in_latex():
    tex = mt.explain(network(), format="latex")
    local = r"\left(A_{1} + \sigma(Z_{1})(1 - A_{1})\right)"
    assert rf"\frac{{\partial L}}{{\partial A_{{1}}}} \odot {local}" in tex


def test_an_activation_of_ones_own_is_called_so_in_programs_and_on_its_layers_card():
    class Swish(nn.Module):
        def forward(self, x):
            return swish(x)

    linear = [nn.Linear(2, 2, rng=k) for k in range(2)]
    L = nn.Sequential(linear[0], Swish(), linear[1], Swish())(np.ones((3, 2))).sum()
    assert [node.name for node in mt.Graph.of(L).nodes if node.activation] == ["A1", "A2"]
    assert "    A1 = Z1 / " in mt.to_source(L)
    assert mt.draw(L).source.count(">swish<") == 2


@pytest.mark.parametrize(
    ("written", "nested"),
    [
        ("{0}²", "((a + b)²)^3"),
        ("{0} squared", "((a + b) squared)^3"),
        ("sq({0})", "sq(a + b)^3"),
        ("−{0}", "(−(a + b))^3"),
        ("", "square_of(a + b)^3"),
    ],
)
def test_it_is_put_in_brackets_within_longer_expressions(written, nested):
    f = primitive("square_of", np.square, lambda g, out, x: 2 * g * x, written=written)
    L = f(leaf(1.0, "a") + leaf(2.0, "b")) ** 3
    graph = mt.Graph.of(L)
    assert graph.written(graph.result.id) == nested.replace("^3", "³")


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ({"words": 3}, TypeError, "words is a text, or one for each input, got 3"),
        ({"sends": [3]}, TypeError, "sends is a text, or one for each input, got [3]"),
        ({"written": ("x",)}, TypeError, "written is a text, got ('x',)"),
        ({"written": "{1}²"}, ValueError, "written may name {0} in braces, got '{1}²'"),
        ({"locals": "{g}"}, ValueError, "locals may name {0}, {out} in braces, got '{g}'"),
        ({"locals": "2·{0"}, ValueError, "locals may name {0}, {out} in braces, got '2·{0'"),
        (
            {"sends": "{g.T}"},
            ValueError,
            "sends may name {0}, {out}, {g}, {k}, {n} in braces, got '{g.T}'",
        ),
        (
            {"words": "{x} grows"},
            ValueError,
            "words may name {0}, {out}, {L}, {me}, {other} in braces, got '{x} grows'",
        ),
        ({"locals": ("1", "2")}, ValueError, "2 locals for 1 inputs"),
        (
            {"locals": "1", "sends": "{g}"},
            ValueError,
            "it has locals, or it sends something else: not both",
        ),
    ],
)
def test_a_row_makes_sense(given, error, message):
    parts = lambda x: 2 * x, lambda g, out, x: 2 * g
    refused(error, f"primitive: 'twice': {message}", primitive, "twice", *parts, **given)
