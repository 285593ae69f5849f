"""How weights begin: their spread, and the generators that they are drawn from."""

import numpy as np
import pytest

import nn

EVERY = [nn.lecun_normal, nn.he_normal, nn.he_uniform, nn.xavier_normal, nn.xavier_uniform]
each = pytest.mark.parametrize("init", EVERY, ids=lambda init: init.__name__)
N_OUT, N_IN = 300, 500


def global_state():
    kind, keys, *rest = np.random.get_state()
    return kind, keys.tobytes(), *rest


# The spread -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("init", "deviation"),
    [
        (nn.lecun_normal, (1 / N_IN) ** 0.5),
        (nn.he_normal, (2 / N_IN) ** 0.5),
        (nn.xavier_normal, (2 / (N_IN + N_OUT)) ** 0.5),
    ],
)
def test_normal_initialisers_have_their_deviation(init, deviation):
    weights = init((N_OUT, N_IN), 0)
    assert abs(weights.std() / deviation - 1) < 0.01  # 150,000 draws: five standard errors
    assert abs(weights.mean()) < 0.013 * deviation
    assert np.abs(weights).max() > 4 * deviation


@pytest.mark.parametrize(
    ("init", "bound"),
    [
        (nn.he_uniform, (6 / N_IN) ** 0.5),
        (nn.xavier_uniform, (6 / (N_IN + N_OUT)) ** 0.5),
    ],
)
def test_uniform_initialisers_keep_their_bounds(init, bound):
    weights = init((N_OUT, N_IN), 0)
    assert 0.999 * bound < weights.max() <= bound
    assert -bound <= weights.min() < -0.999 * bound
    assert abs(weights.std() / (bound / 3**0.5) - 1) < 0.01


@each
def test_weights_are_float64_of_the_shape_asked_for(init):
    weights = init((3, 5), 0)
    assert type(weights) is np.ndarray
    assert weights.shape == (3, 5)
    assert weights.dtype == np.float64


# The generator ----------------------------------------------------------------------------------


def test_lecun_normal_is_the_tutorials():
    expected = np.random.RandomState(1).randn(20, 12) / np.sqrt(12)
    np.testing.assert_array_equal(nn.lecun_normal((20, 12), 1), expected)


def expected_draws(init, generator, shape):
    n_out, n_in = shape
    if init.__name__.endswith("uniform"):
        bound = np.sqrt(6 / (n_in if init is nn.he_uniform else n_in + n_out))
        return generator.uniform(-bound, bound, shape)
    variance = {
        nn.lecun_normal: 1 / n_in,
        nn.he_normal: 2 / n_in,
        nn.xavier_normal: 2 / (n_in + n_out),
    }[init]
    return generator.standard_normal(shape) * np.sqrt(variance)


@each
@pytest.mark.parametrize("seed", [0, 1, 2**32 - 1, np.int64(7)])
def test_an_int_gives_the_stream_of_a_random_state(init, seed):
    expected = expected_draws(init, np.random.RandomState(seed), (4, 6))
    np.testing.assert_allclose(init((4, 6), seed), expected, rtol=1e-15)


@each
@pytest.mark.parametrize("make", [np.random.RandomState, np.random.default_rng])
def test_a_generator_is_used_and_moves_on(init, make):
    generator, twin = make(5), make(5)
    first, second = init((4, 6), generator), init((4, 6), generator)
    np.testing.assert_allclose(first, expected_draws(init, twin, (4, 6)), rtol=1e-15)
    np.testing.assert_allclose(second, expected_draws(init, twin, (4, 6)), rtol=1e-15)
    assert not np.array_equal(first, second)
    assert generator.uniform() == twin.uniform()


@each
def test_an_int_gives_the_same_every_time_and_none_does_not(init):
    np.testing.assert_array_equal(init((4, 6), 3), init((4, 6), 3))
    assert not np.array_equal(init((4, 6), 3), init((4, 6), 4))
    assert not np.array_equal(init((4, 6)), init((4, 6)))
    assert not np.array_equal(init((4, 6), None), init((4, 6), None))


@each
@pytest.mark.parametrize("rng", [None, 0, 1])
def test_the_global_generator_is_left_alone(init, rng):
    before = global_state()
    init((4, 6), rng)
    assert global_state() == before


@each
def test_the_global_seed_has_no_say(init):
    saved = np.random.get_state()
    try:
        np.random.seed(0)
        first = init((4, 6))
        np.random.seed(0)
        assert not np.array_equal(init((4, 6)), first)
    finally:
        np.random.set_state(saved)


# What is refused --------------------------------------------------------------------------------


@pytest.mark.parametrize("rng", [True, 1.0, "1", [1], np.random, np.random.rand, object()])
def test_what_is_no_generator_is_refused(rng):
    with pytest.raises(TypeError, match=r"^rng: expected an int, a RandomState or a Generator"):
        nn.he_normal((2, 2), rng)


@pytest.mark.parametrize("seed", [-1, 2**32, 10**30])
def test_a_seed_out_of_range_is_refused(seed):
    with pytest.raises(ValueError, match=rf"^rng: a seed .* 0 to 4294967295, got {seed}$"):
        nn.he_normal((2, 2), seed)


@pytest.mark.parametrize("use", [lambda r: nn.Linear(1, 1, rng=r), lambda r: nn.Dropout(rng=r)])
def test_layers_refuse_the_same(use):
    with pytest.raises(TypeError, match=r"^rng: expected an int"):
        use("seed")


@pytest.mark.parametrize("init", [nn.he_normal, nn.xavier_uniform])
@pytest.mark.parametrize("shape", [3, (3,), (), (3, 0), (2, 3, 4)])
def test_a_shape_that_is_no_matrix_is_refused(init, shape):
    with pytest.raises((ValueError, TypeError), match=r"\bshape\b"):
        init(shape, 0)
