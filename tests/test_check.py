"""check_gradients and detect_anomaly: right ones pass, the first wrong number is named."""

import numpy as np
import pytest

import microtensor as mt
from microtensor import GradientError, Tensor, check_gradients, detect_anomaly, primitive

A = np.array([[0.5, 1.5, 0.7], [1.1, 0.3, 1.9]])


def refused(error, message, f, *arguments, **options):
    with pytest.raises(error) as caught:
        f(*arguments, **options)
    assert str(caught.value) == message


# check_gradients --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("f", "inputs"),
    [
        (lambda x: x * x, (A,)),
        (lambda x: x.sum(), (A,)),
        (lambda x, y: x @ y, (A, A.T)),
        (mt.softmax, (A,)),
        (mt.exp, ([-30.0, 0.0, 30.0],)),
        (lambda x: mt.log(x), ([1e-2, 1.0, 1e3],)),
        (lambda x: x**3, ([1e-3, 1e3],)),
        (lambda x: x + 1e6, (A,)),
        (mt.sin, (Tensor(0.5, name="x"),)),
        (lambda x: x, (1.0,)),
        (lambda x: x * 2, (np.zeros((0, 3)),)),
        (lambda x, k: x[k], ([1.0, 2.0], [0, 0, 1])),
    ],
)
def test_right_gradients_pass(f, inputs):
    assert check_gradients(f, *inputs) is None


def test_inputs_are_left_alone():
    x = A.copy()
    t = Tensor(x, requires_grad=True)
    x.setflags(write=False)
    check_gradients(lambda a, b: a * b, x, t)
    np.testing.assert_array_equal(x, A)
    np.testing.assert_array_equal(t.data, A)
    assert t.grad is None


def faulty(change):
    """x * y, with a gradient of y that is wrong as told."""
    return primitive(
        "faulty",
        lambda x, y: x * y,
        lambda g, out, x, y: g * y,
        lambda g, out, x, y: change(g * x),
    )


def test_it_says_which_and_by_how_much():
    wrong = faulty(lambda d: d * 2)
    with pytest.raises(GradientError) as caught:
        check_gradients(lambda x, y: wrong(x, y).sum(), 3.0, Tensor([2.0], name="y"))
    text = str(caught.value)
    start = "check_gradients: input 1, (1,) 'y', entry [0]: the gradient is "
    assert text.startswith(start)
    assert text.endswith(" (1 of 1 entries are off)")
    gradient, slope, off = (
        float(part.split()[0].rstrip(","))
        for part in (
            text[len(start) :],
            text.split("differences give ")[1],
            text.split("off by ")[1],
        )
    )
    assert gradient == pytest.approx(2 * slope, rel=1e-6)
    assert off == pytest.approx(slope, rel=1e-2)


def test_it_names_the_worst_entry():
    def change(d):
        d = np.array(d)
        d[0, 1] += 0.01
        d[1, 2] += 0.5
        return d

    wrong = faulty(change)
    with pytest.raises(GradientError) as caught:
        check_gradients(wrong, np.ones((2, 3)), A)
    assert "input 1, (2, 3), entry [1, 2]:" in str(caught.value)
    assert "off by 0.5 " in str(caught.value)
    assert str(caught.value).endswith("(2 of 6 entries are off)")


@pytest.mark.parametrize(
    "change",
    [
        lambda d: -d,
        lambda d: d * 0,
        lambda d: d * (1 + 1e-5),
        lambda d: d * np.nan,
        lambda d: d * np.inf,
        lambda d: d + 1e-5,
        lambda d: d[::-1],
    ],
)
def test_wrong_gradients_are_found(change):
    with pytest.raises(GradientError, match="check_gradients: input 1"):
        check_gradients(faulty(change), A, A.copy())


def test_errors_do_not_cancel():
    """Two wrong entries whose sum is right."""

    def change(d):
        return d + np.array([1.0, -1.0])

    with pytest.raises(GradientError):
        check_gradients(faulty(change), [1.0, 2.0], [3.0, 4.0])


def test_errors_in_results_do_not_cancel():
    """A wrong gradient that a seed of ones would hide."""
    mean = primitive("centred", lambda x: x - x.mean(), lambda g, out, x: g * 0 - g.sum() * 0)
    with pytest.raises(GradientError):
        check_gradients(mean, [1.0, 2.0, 4.0])


def test_a_gradient_quietly_zero_is_found():
    """A slice whose gradient goes nowhere."""
    part = primitive("part", lambda x: x[1:] * 1, lambda g, out, x: np.zeros_like(x))
    with pytest.raises(GradientError, match="the gradient is 0, differences give"):
        check_gradients(part, [1.0, 2.0])


def test_a_gradient_that_is_cut_is_found():
    with pytest.raises(GradientError, match="the gradient is"):
        check_gradients(lambda x: x * x.detach(), [1.0, 2.0])


def test_nothing_reaches_the_result():
    with pytest.raises(GradientError):
        check_gradients(lambda x: Tensor(x.data), [1.0])


def test_tolerances():
    slightly = faulty(lambda d: d * (1 + 1e-3))
    check_gradients(slightly, A, A.copy(), rtol=1e-2)
    check_gradients(slightly, A, A.copy(), atol=1e-1)
    with pytest.raises(GradientError):
        check_gradients(slightly, A, A.copy(), rtol=1e-4)


@pytest.mark.parametrize(
    ("f", "slopes"),
    [
        (mt.relu, "0 below and [0-9.]+ above"),
        (lambda x: mt.relu(-x), "-[0-9.]+ below and 0 above"),
        (lambda x: mt.clip(x, 0, 2), "0 below and [0-9.]+ above"),
    ],
)
def test_a_kink_is_named(f, slopes):
    with pytest.raises(GradientError, match=r"entry \[1\].*; a kink: slope " + slopes):
        check_gradients(lambda x: f(x).sum(), [-1.0, 0.0, 1.0])


@pytest.mark.parametrize("f", [mt.absolute, lambda x: mt.maximum(x, 0.0)])
def test_the_mean_of_two_slopes_agrees(f):
    """|x|' = 0 at 0, and a tie that is halved, are what central differences give."""
    check_gradients(f, [-1.0, 0.0, 1.0])


@pytest.mark.parametrize("x", [0.0, 1e-6, 3e-6, 1e-3])
def test_what_bends_is_no_kink(x):
    wrong = mt.primitive("wrong", lambda x: x**2, lambda g, out, x: g * (4 * x + 1))
    with pytest.raises(GradientError) as caught:
        check_gradients(wrong, x)
    assert "kink" not in str(caught.value)


def test_no_kink_no_note():
    with pytest.raises(GradientError) as caught:
        check_gradients(faulty(lambda d: d * 2), A, A.copy())
    assert "kink" not in str(caught.value)


def test_away_from_the_kink_it_passes():
    check_gradients(mt.relu, [-1.0, -0.1, 0.1, 1.0])


def test_random_functions_are_refused():
    draw = np.random.default_rng(0)
    message = "check_gradients: f gave two results for the same inputs: fix its random draws first"
    refused(ValueError, message, check_gradients, lambda x: x * draw.uniform(), [1.0])


def test_float32_is_refused():
    end = "has dtype float32; differences need float64 to tell a wrong gradient from rounding"
    f32 = np.ones(2, np.float32)
    message = f"check_gradients: input 0 {end}"
    refused(TypeError, message, check_gradients, mt.exp, f32)
    message = f"check_gradients: the result of f {end}"
    refused(TypeError, message, check_gradients, lambda x: x.astype(np.float32), [1.0])


def test_float32_inside_is_found():
    """Float64 at both ends, and too few digits between."""
    with pytest.raises(GradientError):
        check_gradients(lambda x: mt.sin(x.astype(np.float32)).astype(np.float64), [0.5])


def test_there_must_be_floats():
    refused(TypeError, "check_gradients: no input holds floats", check_gradients, mt.exp, [1, 2])
    refused(TypeError, "check_gradients: no input holds floats", check_gradients, lambda: 1)


def test_f_returns_a_tensor():
    message = "check_gradients: f returns a tensor, but gave float"
    refused(TypeError, message, check_gradients, lambda x: 1.0, 2.0)


def test_an_unused_input_is_refused():
    with pytest.raises(GradientError, match="wasn't computed from"):
        check_gradients(lambda x, y: x * 2, 1.0, 2.0)


# detect_anomaly ---------------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def _quiet():
    with np.errstate(all="ignore"):
        yield


def leaf(data, name=None):
    return Tensor(data, requires_grad=True, name=name)


def test_the_first_nan_forward():
    x = leaf([1.0, 0.0, -1.0], "x")
    message = "log: the result is -inf at [1], of inputs (3,) 'x' from -1 to 1"
    with detect_anomaly():
        refused(FloatingPointError, message, mt.log, x)


def test_a_scalar_has_no_place():
    with detect_anomaly():
        message = "log: the result is -inf, of inputs () 'a' = 0"
        refused(FloatingPointError, message, mt.log, leaf(0.0, "a"))


def test_numbers_among_the_inputs():
    with detect_anomaly(), pytest.raises(FloatingPointError) as caught:
        leaf(1.0, "a") / 0.0
    assert str(caught.value).startswith("divide: the result is inf, of inputs () 'a' = 1, 0")


@pytest.mark.parametrize("exponent", [0.5, np.array(0.5), np.array([0.5])])
def test_numbers_among_the_inputs_backward(exponent):
    x = leaf([0.0], "x")
    y = (x**exponent).sum()
    with detect_anomaly(), pytest.raises(FloatingPointError) as caught:
        y.backward()
    start = "power: the gradient for (1,) 'x' is inf at [0], of inputs (1,) 'x' = 0, "
    assert str(caught.value).startswith(start)


def test_the_first_of_several():
    """The operation where it was born, and none of those it spread to."""
    x = leaf([4.0, -1.0], "x")
    with detect_anomaly(), pytest.raises(FloatingPointError, match=r"^sqrt: the result is nan at "):
        (mt.sqrt(x * 1.0) + 1).sum()


def test_the_first_nan_backward():
    x = leaf([1.0, 0.0], "x")
    y = mt.sqrt(x * x).sum()
    with detect_anomaly(), pytest.raises(FloatingPointError) as caught:
        y.backward()
    assert str(caught.value).startswith("sqrt: the gradient for (2,) is inf at [1], of inputs ")
    assert x.grad is None


def test_backward_names_the_tensor():
    x = leaf([0.0], "x")
    with detect_anomaly(), pytest.raises(FloatingPointError) as caught:
        mt.sqrt(x).sum().backward()
    message = "sqrt: the gradient for (1,) 'x' is inf at [0], of inputs (1,) 'x' = 0"
    assert str(caught.value) == message


def test_what_is_finite_passes():
    x = leaf([1.0, 2.0])
    with detect_anomaly():
        y = (mt.exp(x) * 3).sum()
        y.backward()
        assert mt.grad(mt.exp(x).sum(), x, create_graph=True).requires_grad
        assert (Tensor([1, 2]) * 2).tolist() == [2, 4]
        assert (x > 1).tolist() == [False, True]
    assert x.grad is not None


def test_outside_nothing_is_raised():
    assert np.isnan(mt.log(leaf(-1.0)).item())
    with detect_anomaly():
        pass
    assert np.isnan(mt.log(leaf(-1.0)).item())


def test_inside_no_grad_too():
    with mt.no_grad(), detect_anomaly(), pytest.raises(FloatingPointError):
        mt.log(leaf(-1.0))


def test_constants_too():
    with detect_anomaly(), pytest.raises(FloatingPointError, match=r"^log: the result is nan"):
        mt.log(Tensor([-1.0]))


def test_second_derivatives_too():
    x = leaf(0.0, "x")
    y = x**1.5
    with detect_anomaly():
        d = mt.grad(y, x, create_graph=True)
        with pytest.raises(FloatingPointError, match="is inf"):
            mt.grad(d, x)


def test_infinities_of_a_reduction():
    x = leaf([np.inf, 1.0], "x")
    with detect_anomaly():
        message = "sum: the result is inf, of inputs (2,) 'x' from 1 to inf"
        refused(FloatingPointError, message, mt.sum, x)
