"""The optimizers: by hand, against PyTorch, in place; what they remember and what they refuse."""

import copy
import pickle

import numpy as np
import pytest

import microtensor as mt
import nn

LIMIT = {"rtol": 1e-12, "atol": 1e-12}
NAN, INF = float("nan"), float("inf")

SETTINGS = [
    ("SGD", {"lr": 0.05}),
    ("SGD", {"lr": 0.05, "momentum": 0.9}),
    ("SGD", {"lr": 0.05, "weight_decay": 0.1}),
    ("SGD", {"lr": 0.05, "momentum": 0.8, "weight_decay": 0.1}),
    ("Adam", {}),
    ("Adam", {"lr": 0.05}),
    ("Adam", {"lr": 0.05, "weight_decay": 0.1}),
    ("Adam", {"lr": 0.05, "betas": (0.5, 0.9), "eps": 1e-3}),
    ("AdamW", {}),
    ("AdamW", {"lr": 0.05, "betas": (0.5, 0.9), "weight_decay": 0.3}),
]
every_setting = pytest.mark.parametrize(("kind", "options"), SETTINGS)


def parameters():
    rng = np.random.default_rng(0)
    return [nn.Parameter(rng.normal(size=shape)) for shape in [(3, 4), (3,), ()]]


def cost(w, b, c):
    """A smooth function of three parameters, for tensors of either library."""
    return ((w.sum(1) * b + c) ** 2).mean() + (w * w * w).sum() * 0.01


def step(optimizer):
    optimizer.zero_grad()
    cost(*optimizer.parameters).backward()
    optimizer.step()


def bytes_of(arrays):
    return [np.asarray(getattr(a, "data", a)).tobytes() for a in arrays]


# The numbers ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "options", "expected"),
    [
        ("SGD", {"lr": 0.1}, [0.8, 0.6]),
        ("SGD", {"lr": 0.1, "momentum": 0.5}, [0.8, 0.5]),
        ("SGD", {"lr": 0.1, "weight_decay": 1.0}, [0.7, 0.43]),
        ("Adam", {"lr": 0.1, "eps": 1e-300}, [0.9, 0.8]),
    ],
)
def test_two_steps_by_hand(kind, options, expected):
    p = nn.Parameter(1.0)
    optimizer = getattr(nn, kind)([p], **options)
    for value in expected:
        p.grad = np.array(2.0)
        optimizer.step()
        np.testing.assert_allclose(p.item(), value, rtol=1e-14)


@every_setting
def test_twenty_steps_agree_with_pytorch(kind, options):
    torch = pytest.importorskip("torch", reason="compares with PyTorch")
    ours = parameters()
    theirs = [torch.tensor(p.numpy(), requires_grad=True) for p in ours]
    mine = getattr(nn, kind)(ours, **options)
    his = getattr(torch.optim, kind)(theirs, **options)
    for _ in range(20):
        step(mine)
        his.zero_grad()
        cost(*theirs).backward()
        his.step()
        for p, q in zip(ours, theirs, strict=True):
            np.testing.assert_allclose(p.data, q.detach().numpy(), **LIMIT)


@pytest.mark.parametrize("kind", ["SGD", "Adam", "AdamW"])
def test_a_learning_rate_may_change_on_the_way(kind):
    torch = pytest.importorskip("torch", reason="compares with PyTorch")
    ours = parameters()
    theirs = [torch.tensor(p.numpy(), requires_grad=True) for p in ours]
    mine = getattr(nn, kind)(ours, lr=0.1)
    his = getattr(torch.optim, kind)(theirs, lr=0.1)
    for lr in (0.1, 0.05, 0.01, 0.2):
        mine.lr = his.param_groups[0]["lr"] = lr
        step(mine)
        his.zero_grad()
        cost(*theirs).backward()
        his.step()
    for p, q in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(p.data, q.detach().numpy(), **LIMIT)


@pytest.mark.parametrize(("kind", "options"), SETTINGS[:4])
def test_a_parameter_whose_gradient_comes_late_agrees_with_pytorch(kind, options):
    torch = pytest.importorskip("torch", reason="compares with PyTorch")
    ours = [nn.Parameter([1.0, 2.0]), nn.Parameter([3.0])]
    theirs = [torch.tensor(p.numpy(), requires_grad=True) for p in ours]
    mine = getattr(nn, kind)(ours, **options)
    his = getattr(torch.optim, kind)(theirs, **options)
    for k in range(6):
        for p, q in zip(ours, theirs, strict=True):
            late = p is ours[1] and k < 3
            p.grad = None if late else np.full(p.shape, k + 1.0)
            q.grad = None if late else torch.full(tuple(q.shape), k + 1.0, dtype=torch.float64)
        mine.step()
        his.step()
    for p, q in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(p.data, q.detach().numpy(), **LIMIT)


@pytest.mark.parametrize("kind", ["SGD", "Adam", "AdamW"])
def test_the_default_settings_learn(kind):
    p = nn.Parameter(1.0)
    optimizer = getattr(nn, kind)([p])
    for _ in range(50):
        optimizer.zero_grad()
        (p * p).backward()
        optimizer.step()
    assert 0 < p.item() < 0.96


@every_setting
@pytest.mark.parametrize(
    "shape",
    [
        (300, 300),
        (70_000,),
        *(
            pytest.param(shape, marks=pytest.mark.acceptance)
            for shape in [(3, 40_000), (1, 70_000), (70_000, 1)]
        ),
    ],
)
@pytest.mark.parametrize("order", ["C", "F"])
def test_a_large_parameter_learns_as_its_parts_would(kind, options, shape, order):
    rng = np.random.default_rng(1)
    values = np.asarray(rng.normal(size=shape), order=order)
    whole, parts = nn.Parameter(values), [nn.Parameter(part) for part in values.reshape(-1, 1000)]
    optimizers = [getattr(nn, kind)(ps, **options) for ps in ([whole], parts)]
    for _ in range(3):
        whole.grad = rng.normal(size=shape)
        for part, gradient in zip(parts, whole.grad.reshape(-1, 1000), strict=True):
            part.grad = gradient
        for optimizer in optimizers:
            optimizer.step()
    expected = np.concatenate([part.data for part in parts])
    np.testing.assert_allclose(whole.data.reshape(-1), expected, **LIMIT)


# In place ---------------------------------------------------------------------------------------


@every_setting
def test_steps_are_in_place(kind, options):
    ps = parameters()
    optimizer = getattr(nn, kind)(ps, **options)
    arrays = [p.data for p in ps]
    before = [a.copy() for a in arrays]
    for _ in range(3):
        step(optimizer)
    for p, array, old in zip(ps, arrays, before, strict=True):
        assert p.data is array
        assert not np.array_equal(array, old)


@every_setting
def test_gradients_are_left_as_they_are(kind, options):
    ps = parameters()
    cost(*ps).backward()
    gradients = bytes_of(p.grad for p in ps)
    getattr(nn, kind)(ps, **options).step()
    assert bytes_of(p.grad for p in ps) == gradients


@every_setting
def test_float32_stays_float32(kind, options):
    p = nn.Parameter([1.0, 2.0], dtype=np.float32)
    optimizer = getattr(nn, kind)([p], **options)
    (p * p).sum().backward()
    optimizer.step()
    assert p.dtype == np.float32
    assert all(a.dtype == np.float32 for k, a in optimizer.state_dict().items() if k != "steps")


def test_a_parameter_without_a_gradient_is_left_alone():
    used, unused = nn.Parameter(1.0), nn.Parameter(2.0)
    optimizer = nn.SGD([used, unused], lr=0.1, momentum=0.9, weight_decay=0.1)
    (used * 3).backward()
    optimizer.step()
    assert used.item() != 1.0
    assert unused.item() == 2.0


def test_a_step_is_seen_by_the_record():
    p = nn.Parameter(2.0)
    square = p * p
    square.backward()
    nn.SGD([p], lr=0.1).step()
    with pytest.raises(mt.GradientError, match="was changed after multiply had used it"):
        square.backward()


def test_zero_grad_forgets_gradients():
    ps = parameters()
    cost(*ps).backward()
    nn.SGD(ps).zero_grad()
    assert [p.grad for p in ps] == [None, None, None]


def test_parameters_may_come_from_a_generator():
    layer = nn.Linear(2, 1, rng=0)
    optimizer = nn.SGD(p for p in layer.parameters())
    assert [id(p) for p in optimizer.parameters] == [id(p) for p in layer.parameters()]
    layer(np.ones((1, 2))).sum().backward()
    before = bytes_of(layer.parameters())
    optimizer.step()
    assert all(a != b for a, b in zip(before, bytes_of(layer.parameters()), strict=True))


def test_a_plain_tensor_can_be_learnt_too():
    t = mt.Tensor(1.0, requires_grad=True)
    (t * 2).backward()
    nn.SGD([t], lr=0.5).step()
    assert t.item() == 0.0


# One's own --------------------------------------------------------------------------------------


class SignDescent(nn.Optimizer):
    """The one of Optimizer's docstring."""

    def __init__(self, parameters, lr=0.01, inertia=0.9):
        super().__init__(parameters, lr, remembers=("mean",))
        self.inertia = inertia

    def update(self, k, g):
        mean = self.memory[f"mean.{k}"]
        mean += (1 - self.inertia) * (g - mean)
        return self.lr * np.sign(mean)


def test_an_optimizer_of_ones_own_by_hand():
    p = nn.Parameter([1.0, 1.0])
    optimizer = SignDescent([p], lr=0.25, inertia=0.5)
    for gradient, expected in [
        ([2.0, -2.0], [0.75, 1.25]),
        ([-1.0, -1.0], [0.75, 1.5]),
        ([-1.0, 4.0], [1.0, 1.25]),
    ]:
        p.grad = np.array(gradient)
        optimizer.step()
        assert p.tolist() == expected
    assert optimizer.steps == 3
    assert repr(optimizer) == "SignDescent(lr=0.25, weight_decay=0.0, inertia=0.5)"


def test_an_optimizer_of_ones_own_trains_and_goes_on_from_a_checkpoint(tmp_path):
    X, Y = np.eye(3), np.eye(3)[:, :1]

    def train(model, optimizer, history, iterations):
        return nn.fit(
            model, X, Y, iterations=iterations, optimizer=optimizer, history=history,
            print_every=None, progress=False,
        )  # fmt: skip

    whole, half, again = (nn.CatClassifier((3, 2, 1), rng=1) for _ in range(3))
    expected = train(whole, SignDescent(whole.parameters()), None, 9).costs
    optimizer = SignDescent(half.parameters())
    nn.save(tmp_path / "half.npz", half, optimizer, train(half, optimizer, None, 4))
    optimizer = SignDescent(again.parameters())
    history = nn.load(tmp_path / "half.npz", again, optimizer)
    assert train(again, optimizer, history, 5).costs == expected
    assert expected[-1] < expected[0]


def test_an_optimizer_of_ones_own_may_be_one_line():
    class Plain(nn.Optimizer):
        def update(self, k, g):
            return self.lr * g

    p, q = nn.Parameter(2.0), nn.Parameter(2.0)
    for optimizer in (Plain([p], 0.5, weight_decay=0.25), nn.SGD([q], 0.5, weight_decay=0.25)):
        optimizer.parameters[0].grad = np.array(1.0)
        optimizer.step()
    assert p.item() == q.item() == 1.25


def test_an_optimizer_without_an_update_says_so():
    class Unfinished(nn.Optimizer):
        pass

    p = nn.Parameter(1.0)
    p.grad = np.array(1.0)
    with pytest.raises(TypeError, match=r"^Unfinished has no update\(\); write one$"):
        Unfinished([p], lr=0.1).step()


# What is refused --------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["SGD", "Adam", "AdamW"])
def test_a_step_without_gradients_is_refused(kind):
    ps = parameters()
    optimizer = getattr(nn, kind)(ps)
    before = bytes_of(ps)
    with pytest.raises(mt.GradientError) as caught:
        optimizer.step()
    assert str(caught.value) == f"{kind}: no parameter has a gradient; call backward() first"
    assert bytes_of(ps) == before
    assert optimizer.state_dict()["steps"] == 0


PARAMETER = nn.Parameter(1.0)
WRONG_PARAMETERS = [
    ([], ValueError, "there are no parameters to change"),
    (iter(()), ValueError, "there are no parameters to change"),
    ([PARAMETER, PARAMETER], ValueError, "a parameter is listed twice"),
    (PARAMETER, TypeError, "expected a list such as model.parameters(), got a Parameter"),
    ([PARAMETER, 3.0], TypeError, "expected parameters, got a float"),
    (nn.Linear(2, 1, rng=0), TypeError, "expected "),
    (nn.Sequential(nn.Sequential(nn.ReLU())), TypeError, "expected "),
    (
        list(nn.Linear(9, 9, rng=0).named_parameters()),
        TypeError,
        "expected parameters, got a tuple",
    ),
    (None, TypeError, "expected "),
    ({"params": [PARAMETER]}, TypeError, "expected a list such as model.parameters(), got a dict"),
    ([{"params": [PARAMETER]}, PARAMETER], TypeError, "expected parameters, got a dict"),
    ([{"params": PARAMETER}], TypeError, "expected a list such as model.parameters(), got a Par"),
    ([{"params": [PARAMETER]}, {"params": [PARAMETER]}], ValueError, "a parameter is listed twice"),
    ([{"params": []}, {"params": []}], ValueError, "there are no parameters to change"),
    ([{"params": [3.0]}], TypeError, "expected parameters, got a float"),
    ([{"lr": 0.1}], ValueError, "a group has params, and may have lr and weight_decay; got lr"),
    (
        [{"params": [PARAMETER], "learning_rate": 0.1}],
        ValueError,
        "a group has params, and may have lr and weight_decay; got params, learning_rate",
    ),
    ([{"params": [PARAMETER], "lr": 0}], ValueError, "lr is a number above 0, got 0"),
    ([{"params": [PARAMETER], "weight_decay": -1}], ValueError, "weight_decay is a number at"),
]


@pytest.mark.parametrize("kind", ["SGD", "Adam", "AdamW"])
@pytest.mark.parametrize(("wrong", "error", "text"), WRONG_PARAMETERS)
def test_wrong_parameters_are_refused_in_one_line(kind, wrong, error, text):
    with pytest.raises(error) as caught:
        getattr(nn, kind)(wrong)
    assert str(caught.value).startswith(f"{kind}: {text}")
    assert "\n" not in str(caught.value)


def test_a_generator_that_was_consumed_is_refused():
    spent = (p for p in parameters())
    list(spent)
    with pytest.raises(ValueError, match=r"^SGD: there are no parameters to change$"):
        nn.SGD(spent)


WRONG_SETTINGS = [
    *(("SGD", {"lr": lr}, "lr is a number above 0") for lr in (-0.1, 0, NAN, INF, "0.1", None)),
    *(("Adam", {"lr": lr}, "lr is a number above 0") for lr in (-1, 0.0, NAN, INF, "1", None)),
    *(
        (kind, {"weight_decay": w}, "weight_decay is a number at least 0")
        for kind in ("SGD", "Adam")
        for w in (-1e-9, NAN, INF, "1")
    ),
    *(
        ("SGD", {"momentum": m}, "momentum is a number from 0 to below 1")
        for m in (-0.1, 1, 1.0, NAN, "0.9")
    ),
    *(
        ("Adam", {"betas": betas}, "a beta is a number from 0 to below 1")
        for betas in ((1.0, 0.9), (0.9, 1), (-0.1, 0.9), (NAN, 0.9))
    ),
    *(("Adam", {"betas": b}, "bet") for b in ((0.9,), (0.9, 0.99, 0.999), (), 0.9)),
    *(("Adam", {"eps": eps}, "eps is a number above 0") for eps in (0, -1e-8, NAN)),
]


@pytest.mark.parametrize(("kind", "options", "text"), WRONG_SETTINGS)
def test_wrong_settings_are_refused_in_one_line(kind, options, text):
    with pytest.raises((ValueError, TypeError)) as caught:
        getattr(nn, kind)(parameters(), **options)
    assert str(caught.value).startswith(f"{kind}: {text}")
    assert "\n" not in str(caught.value)


# What is remembered -----------------------------------------------------------------------------


@every_setting
def test_going_on_from_a_state_gives_the_same_numbers(kind, options):
    whole = parameters()
    optimizer = getattr(nn, kind)(whole, **options)
    for _ in range(7):
        step(optimizer)
    halfway = [nn.Parameter(p.data) for p in whole]
    other = getattr(nn, kind)(halfway, **options)
    other.load_state_dict(optimizer.state_dict())
    for _ in range(7):
        step(optimizer)
        step(other)
    assert bytes_of(halfway) == bytes_of(whole)
    assert bytes_of(other.state_dict().values()) == bytes_of(optimizer.state_dict().values())


def test_a_state_is_a_copy_both_ways():
    optimizer = nn.Adam(parameters())
    step(optimizer)
    state = optimizer.state_dict()
    kept = bytes_of(state.values())
    step(optimizer)
    assert bytes_of(state.values()) == kept
    optimizer.load_state_dict(state)
    step(optimizer)
    assert bytes_of(state.values()) == kept


def test_states_count_steps():
    optimizer = nn.SGD(parameters())
    for _ in range(3):
        step(optimizer)
    assert optimizer.state_dict() == {"steps": 3}


def test_every_problem_of_a_state_is_listed_and_nothing_changed():
    optimizer = nn.Adam([nn.Parameter([1.0, 2.0]), nn.Parameter(3.0)])
    before = bytes_of(optimizer.state_dict().values())
    state = optimizer.state_dict()
    state["mean.0"] = np.ones(2)
    del state["mean.1"]
    state["square.0"] = np.ones(3)
    state["square.1"] = np.array("x")
    state["speed"] = np.ones(2)
    with pytest.raises(ValueError, match="load_state_dict") as caught:
        optimizer.load_state_dict(state)
    assert str(caught.value) == (
        "load_state_dict of Adam: mean.1 is missing; speed is unknown; "
        "square.0 has shape (3,), not (2,); square.1 has dtype <U1, not float64"
    )
    assert bytes_of(optimizer.state_dict().values()) == before


@pytest.mark.parametrize("steps", [NAN, INF, -1, 2.5])
def test_a_state_with_senseless_steps_is_refused_and_nothing_changed(steps):
    optimizer = nn.Adam([nn.Parameter([1.0, 2.0])])
    before = bytes_of(optimizer.state_dict().values())
    state = {name: array + 1 for name, array in optimizer.state_dict().items()}
    with pytest.raises(ValueError, match="steps"):
        optimizer.load_state_dict(state | {"steps": np.array(steps)})
    assert bytes_of(optimizer.state_dict().values()) == before


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (nn.SGD(parameters()), nn.Adam(parameters())),
        (nn.Adam(parameters()), nn.SGD(parameters())),
        (nn.SGD(parameters()), nn.SGD(parameters(), momentum=0.9)),
        (nn.SGD(parameters(), momentum=0.9), nn.SGD(parameters())),
        (nn.Adam(parameters()), nn.Adam(parameters()[:2])),
    ],
)
def test_a_state_of_another_optimizer_is_refused(one, other):
    with pytest.raises(ValueError, match=r"is missing|is unknown"):
        other.load_state_dict(one.state_dict())


def test_an_optimizer_shows_its_settings():
    w = mt.Tensor(1.0, requires_grad=True)
    assert repr(nn.SGD([w], lr=0.1)) == "SGD(lr=0.1, weight_decay=0.0, momentum=0.0)"
    assert repr(nn.Adam([w])) == "Adam(lr=0.001, weight_decay=0.0, betas=(0.9, 0.999), eps=1e-08)"


@every_setting
def test_what_was_computed_is_no_parameter(kind, options):
    w = nn.Parameter(1.0, name="w")
    for wrong, called in ((w * 2, "a tensor"), (-w, "a tensor")):
        with pytest.raises(TypeError) as caught:
            getattr(nn, kind)([w, wrong], **options)
        assert str(caught.value) == (
            f"{kind}: {called} was computed, and what it was computed from would not change; list "
            "the parameters themselves"
        )
    with mt.no_grad():
        assert getattr(nn, kind)([w * 2], **options).parameters  # a constant, which has no other


@pytest.mark.parametrize("kind", ["SGD", "Adam", "AdamW"])
def test_the_rate_is_called_lr(kind):
    with pytest.raises(TypeError, match=f"^{kind}: learning_rate= is called lr= here$"):
        getattr(nn, kind)([nn.Parameter(1.0)], learning_rate=0.1)
    with pytest.raises(TypeError, match="unexpected keyword argument 'nesterov'"):
        getattr(nn, kind)([nn.Parameter(1.0)], nesterov=True)


# Groups -----------------------------------------------------------------------------------------

GROUPED = [({"lr": 0.1}, {}), ({"weight_decay": 0.3}, {"lr": 0.02, "weight_decay": 0.0}), ({}, {})]


def grouped(ps, options):
    first, second = options
    return [{"params": ps[:2], **first}, {"params": iter(ps[2:]), **second}]


@every_setting
@pytest.mark.parametrize("options_of_groups", GROUPED)
def test_groups_agree_with_pytorch(kind, options, options_of_groups):
    torch = pytest.importorskip("torch", reason="compares with PyTorch")
    ours = parameters()
    theirs = [torch.tensor(p.numpy(), requires_grad=True) for p in ours]
    mine = getattr(nn, kind)(grouped(ours, options_of_groups), **options)
    his = getattr(torch.optim, kind)(grouped(theirs, options_of_groups), **options)
    for k in range(20):
        if k == 10:
            for optimizer in (mine, his):
                optimizer.param_groups[1]["lr"] = 0.03
        step(mine)
        his.zero_grad()
        cost(*theirs).backward()
        his.step()
        for p, q in zip(ours, theirs, strict=True):
            np.testing.assert_allclose(p.data, q.detach().numpy(), **LIMIT)


@pytest.mark.parametrize("kind", ["SGD", "Adam", "AdamW"])
def test_the_optimizers_own_rate_is_that_of_groups_without_one(kind):
    ps, single = parameters(), parameters()
    optimizer = getattr(nn, kind)([{"params": ps[:2]}, {"params": ps[2:], "lr": 0.5}], lr=0.1)
    plain = [getattr(nn, kind)(single[:2], lr=0.1), getattr(nn, kind)(single[2:], lr=0.5)]
    for lr in (0.1, 0.05):
        optimizer.lr = plain[0].lr = lr
        step(optimizer)
        for p in single:
            p.grad = None
        cost(*single).backward()
        for one in plain:
            one.step()
        assert bytes_of(ps) == bytes_of(single)
        assert optimizer.lr == lr


def test_groups_of_an_optimizer_of_ones_own():
    ps = [nn.Parameter(1.0), nn.Parameter(1.0)]
    optimizer = SignDescent([{"params": ps[:1]}, {"params": ps[1:], "lr": 0.5}], lr=0.25)
    for p in ps:
        p.grad = np.array(1.0)
    optimizer.step()
    assert [p.item() for p in ps] == [0.75, 0.5]
    assert repr(optimizer) == "SignDescent(lr=0.25, weight_decay=0.0, inertia=0.9)"


def test_an_error_in_an_update_leaves_the_rate_as_it_was():
    class Failing(nn.Optimizer):
        def update(self, k, g):
            raise ZeroDivisionError

    p = nn.Parameter(1.0)
    p.grad = np.array(1.0)
    optimizer = Failing([{"params": [p], "lr": 0.5}], lr=0.25)
    with pytest.raises(ZeroDivisionError):
        optimizer.step()
    assert optimizer.lr == 0.25


def test_groups_go_on_from_a_checkpoint(tmp_path):
    X, Y = np.eye(3), np.eye(3)[:, :1]

    def made():
        model = nn.Sequential(nn.Linear(3, 2, rng=1), nn.Tanh(), nn.Linear(2, 1, rng=2))
        weights = [p for p in model.parameters() if p.ndim == 2]
        biases = [p for p in model.parameters() if p.ndim == 1]
        groups = [{"params": weights, "weight_decay": 0.1}, {"params": biases, "lr": 0.5}]
        return model, nn.AdamW(groups, lr=0.1)

    def train(model, optimizer, iterations, history=None):
        return nn.fit(
            model, X, Y, iterations=iterations, optimizer=optimizer, history=history,
            loss=nn.MSELoss(), print_every=None, progress=False,
        )  # fmt: skip

    expected = train(*made(), 9).costs
    model, optimizer = made()
    nn.save(tmp_path / "half.npz", model, optimizer, train(model, optimizer, 4))
    model, optimizer = made()
    history = nn.load(tmp_path / "half.npz", model, optimizer)
    assert train(model, optimizer, 5, history).costs == expected


# Clipping ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("max_norm", [0.5, 5.0, 1e6])
def test_clipping_agrees_with_pytorch(max_norm):
    torch = pytest.importorskip("torch", reason="compares with PyTorch")
    ours = parameters()
    theirs = [torch.tensor(p.numpy(), requires_grad=True) for p in ours]
    cost(*ours).backward()
    cost(*theirs).backward()
    kept = [p.grad for p in ours]
    before = bytes_of(kept)
    norm = nn.clip_grad_norm(iter(ours), max_norm)
    assert type(norm) is float
    np.testing.assert_allclose(norm, torch.nn.utils.clip_grad_norm_(theirs, max_norm), rtol=1e-12)
    for p, q in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(p.grad, q.grad.numpy(), rtol=5e-6)  # it adds 1e-6 to the norm
    np.testing.assert_allclose(nn.clip_grad_norm(ours, 1e9), min(norm, max_norm), rtol=1e-14)
    assert bytes_of(kept) == before  # arrays that others may hold


@pytest.mark.parametrize("scale", [1e-200, 1.0, 1e200])
def test_clipping_holds_for_all_sizes(scale):
    ps = [nn.Parameter([1.0, 1.0]), nn.Parameter(1.0), nn.Parameter(np.ones((0, 2)))]
    ps[0].grad, ps[1].grad = np.array([2.0, 3.0]) * scale, np.array(6.0) * scale
    np.testing.assert_allclose(nn.clip_grad_norm(ps, scale), 7 * scale, rtol=1e-14)
    np.testing.assert_allclose(ps[0].grad, np.array([2, 3]) * (scale / 7), rtol=1e-14)
    assert (ps[2].grad, type(ps[1].grad)) == (None, np.ndarray)
    narrow = nn.Parameter([1.0, 1.0], dtype=np.float32)
    narrow.grad = np.full(2, 3e30, np.float32)
    assert nn.clip_grad_norm([narrow], 1.0) > 4e30
    assert narrow.grad.dtype == np.float32
    np.testing.assert_allclose(narrow.grad, 0.5**0.5, rtol=1e-6)


def test_nothing_is_clipped_of_nothing():
    ps = parameters()
    assert nn.clip_grad_norm(ps, 1.0) == nn.clip_grad_norm([], 1.0) == 0.0
    ps[0].grad = np.zeros((3, 4))
    assert nn.clip_grad_norm(ps, 1.0) == 0.0


@pytest.mark.parametrize("bad", [NAN, INF])
def test_clipping_refuses_what_isnt_finite(bad):
    model = nn.Linear(1, 1, rng=0)
    model.weight.grad, model.bias.grad = np.ones((1, 1)), np.array([bad])
    with pytest.raises(
        FloatingPointError, match=r"^clip_grad_norm: the gradient of bias isn't finite$"
    ):
        nn.clip_grad_norm(model.parameters(), 1.0)
    assert model.weight.grad.item() == 1.0


@pytest.mark.parametrize("wrong", [0, -1, NAN, "1", None])
def test_clipping_refuses_wrong_norms(wrong):
    with pytest.raises(ValueError, match=r"^clip_grad_norm: max_norm is a number above 0, got "):
        nn.clip_grad_norm([], wrong)


@pytest.mark.parametrize("wrong", [nn.Linear(1, 1, rng=0), nn.Parameter(1.0), None])
def test_clipping_takes_lists(wrong):
    with pytest.raises(TypeError, match=r"^clip_grad_norm: expected a list such as model\.param"):
        nn.clip_grad_norm(wrong, 1.0)


# How it is computed: small parameters at once, large ones in pieces ------------------------------

OPTIMIZERS = {
    "SGD": (nn.SGD, {"lr": 0.1}),
    "momentum": (nn.SGD, {"lr": 0.1, "momentum": 0.9, "weight_decay": 0.1}),
    "Adam": (nn.Adam, {"weight_decay": 0.1}),
    "AdamW": (nn.AdamW, {}),
}
LAID_OUT = (
    np.zeros(()),
    np.ones((3, 2)),
    np.ones((2, 3)).T,
    np.ones(4, np.float32),
    np.ones((300, 200)),
    np.ones((200, 300)).T,
    np.ones((2, 2), np.float32),
    np.ones(0),
)


def trained(optimizer, parameters, k):
    """What parameters are after a step; one in five has no gradient, each time another."""
    rng = np.random.default_rng(k)
    for i, p in enumerate(parameters):
        g = rng.standard_normal(p.shape).astype(p.dtype)
        p.grad = None if (i + k) % 5 == 0 else g
    optimizer.step()
    return [p.data.copy() for p in parameters]


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_parameters_together_and_in_pieces_are_what_they_are_one_by_one(name):
    kind, settings = OPTIMIZERS[name]

    class OneByOne(kind):
        def update(self, k, g):
            return super().update(k, g)

    found = []
    for make in (kind, OneByOne):
        parameters = [mt.Tensor(x, requires_grad=True) for x in LAID_OUT]
        groups = [{"params": parameters[:3], "lr": 0.03}, {"params": parameters[3:]}]
        optimizer = make(groups, **settings)
        steps = [trained(optimizer, parameters, k) for k in range(7)]
        found.append([*(x for arrays in steps for x in arrays), *optimizer.state_dict().values()])
    for ours, theirs in zip(*found, strict=True):
        assert ours.dtype == theirs.dtype
        assert ours.tobytes() == theirs.tobytes()


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))])
def test_a_copy_of_an_optimizer_goes_on_as_the_optimizer_does(copied):
    parameters = [mt.Tensor(x, requires_grad=True) for x in LAID_OUT]
    optimizer = nn.Adam(parameters)
    trained(optimizer, parameters, 0)
    other = copied(optimizer)
    for _ in range(3):
        ours = trained(optimizer, parameters, 0)
        theirs = trained(other, other.parameters, 0)
        for a, b in zip(ours, theirs, strict=True):
            np.testing.assert_array_equal(a, b)
    assert bytes_of(optimizer.memory.values()) == bytes_of(other.memory.values())


def test_memory_that_is_replaced_is_what_is_remembered():
    class OneByOne(nn.Adam):
        def update(self, k, g):
            return super().update(k, g)

    found = []
    for make in (nn.Adam, OneByOne):
        p, q = (mt.Tensor(np.ones(2), requires_grad=True) for _ in range(2))
        optimizer = make([p, q])
        for k in range(4):
            p.grad, q.grad = np.ones(2), np.ones(2)
            if k == 2:
                optimizer.memory["mean.1"] = np.zeros(2)
            optimizer.step()
        found.append(bytes_of([p, q, *optimizer.memory.values()]))
    assert found[0] == found[1]


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_its_repr_shows_settings_alone(name):
    kind, settings = OPTIMIZERS[name]
    p, q = (mt.Tensor(np.ones(2), requires_grad=True) for _ in range(2))
    optimizer = kind([p, q], **settings)
    p.grad = q.grad = np.ones(2)
    optimizer.step()
    assert "=_" not in repr(optimizer)
    assert all(f"{key}=" in repr(optimizer) for key in settings)
    assert "array" not in repr(optimizer)
