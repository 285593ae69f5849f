"""The checks of test_rules.py are checked: a fault planted in any derivative is found.

Each derivative of each rule is made wrong in turn, and a case under the rule's name must fail.
"""

import operator

import numpy as np
import pytest
from cases import CASES
from test_rules import check_first_order, check_second_order

import microtensor as mt
from microtensor import backward  # faults are planted in it,
from microtensor.rules import RULES  # and in these

# What a check says when it finds a fault: a wrong number, or that nothing was recorded.
FOUND = (AssertionError, mt.GradientError)


def wrong_sign(d):
    return -d


def twice(d):
    return 2 * d


def half_again(d):
    return d * 1.5


def zero(d):
    return d * 0


def nearly(d):
    return d * (1 + 1e-5)


def copied(d):
    """A shape with a new axis of two: added up on the way, it counts twice."""
    return np.broadcast_to(d, (2, *d.shape))


def reversed_entries(d):
    return np.flip(d)


def shifted(d):
    return d + 0.01


def unrecorded(d):
    """The right numbers, which can't be differentiated again."""
    return mt.Tensor(d.data) if isinstance(d, mt.Tensor) else d


FIRST_ORDER = [wrong_sign, twice, half_again, zero, nearly, copied, reversed_entries, shifted]
SLOTS = [
    (rule, slot)
    for rule in RULES.values()
    for slot in range(2 if rule.every else len(rule.derivatives))
    if rule.derivative(slot) is not None
]
STEPS = "sign floor ceil trunc rint round floor_divide".split()  # whose derivative is 0
SLOPES = [place for place in SLOTS if place[0].name not in STEPS]


def slot_name(rule_and_slot):
    rule, slot = rule_and_slot
    return f"{rule.name} {slot}"


def plant(monkeypatch, rule, slot, fault):
    """Puts `fault(derivative)` in place of one derivative."""
    right = rule.derivative(slot)

    def wrong(*arguments, **options):
        return fault(right(*arguments, **options))

    if rule.every:
        every = rule.every

        def wrong_there(*arguments, **options):
            right = every(*arguments, **options)
            return lambda k: fault(right(k)) if k == slot else right(k)

        monkeypatch.setattr(rule, "every", wrong_there)
    else:
        planted = (*rule.derivatives[:slot], wrong, *rule.derivatives[slot + 1 :])
        monkeypatch.setattr(rule, "derivatives", planted)


def is_found(rule, check):
    """Whether a case under the rule's name fails."""
    for case in CASES:
        if case.rule == rule.name:
            try:
                check(case)
            except FOUND:
                return True
    return False


@pytest.mark.parametrize("fault", FIRST_ORDER, ids=lambda f: f.__name__)
@pytest.mark.parametrize("place", SLOPES, ids=slot_name)
def test_wrong_derivative_is_found(place, fault, monkeypatch):
    plant(monkeypatch, *place, fault)
    assert is_found(place[0], check_first_order)


@pytest.mark.parametrize("place", [x for x in SLOTS if x not in SLOPES], ids=slot_name)
def test_a_derivative_that_should_be_0_is_found(place, monkeypatch):
    plant(monkeypatch, *place, shifted)
    assert is_found(place[0], check_first_order)


@pytest.mark.parametrize("place", SLOPES, ids=slot_name)
def test_unrecorded_derivative_is_found(place, monkeypatch):
    plant(monkeypatch, *place, unrecorded)
    assert is_found(place[0], check_second_order)


def _twice_when_recorded(d):
    return d * 2 if isinstance(d, mt.Tensor) else d


@pytest.mark.parametrize("place", SLOPES, ids=slot_name)
def test_wrong_second_derivative_is_found(place, monkeypatch):
    """Right on arrays and wrong on tensors: only the second order can tell."""
    plant(monkeypatch, *place, _twice_when_recorded)
    assert is_found(place[0], check_second_order)


@pytest.mark.parametrize("place", SLOPES, ids=slot_name)
def test_check_gradients_finds_it_too(place, monkeypatch):
    plant(monkeypatch, *place, wrong_sign)
    for case in CASES:
        if case.rule == place[0].name:
            try:
                mt.check_gradients(case.f, *case.inputs)
            except mt.GradientError:
                return
    pytest.fail("no case found it")


# Undoing a broadcast, wrongly -------------------------------------------------------------------


def forgotten(g, shape):
    return g


def first_copy(g, shape):
    extra = g.ndim - len(shape)
    g = g[(0,) * extra]
    return g[tuple(slice(0, 1) if n == 1 else slice(None) for n in shape)]


def averaged(g, shape):
    right = unbroadcast(g, shape)
    return right / max(1, g.size // max(1, right.size))


def outer_axes_only(g, shape):
    return np.sum(g, axis=tuple(range(g.ndim - len(shape))))


unbroadcast = backward.unbroadcast
BROADCASTING = (
    "add subtract multiply divide power maximum minimum where clip matmul einsum hypot logaddexp "
    "remainder"
).split()


@pytest.mark.parametrize("name", BROADCASTING)
@pytest.mark.parametrize(
    "fault", [forgotten, first_copy, averaged, outer_axes_only], ids=lambda f: f.__name__
)
def test_wrong_unbroadcast_is_found(name, fault, monkeypatch):
    monkeypatch.setattr(backward, "unbroadcast", fault)
    assert is_found(RULES[name], check_first_order)


# Wrong values -----------------------------------------------------------------------------------


def test_a_wrong_value_is_found(monkeypatch):
    """The differences follow the value, so it has a test of its own, which this one tests."""
    monkeypatch.setattr(RULES["add"], "forward", operator.sub)
    case = next(c for c in CASES if c.rule == "add")
    with pytest.raises(AssertionError):
        np.testing.assert_allclose(
            case.f(*map(mt.Tensor, case.inputs)).numpy(), case.value(*case.inputs)
        )


@pytest.mark.acceptance
def test_without_a_fault_nothing_is_found():
    for rule in RULES.values():
        assert not is_found(rule, check_first_order), rule
