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
@pytest.mark.parametrize("shape", [3, (3,), (), (3, 0), (2, 3, 0), [2, 3], (2, 3, 4.0)])
def test_a_shape_that_is_no_matrix_is_refused(init, shape):
    with pytest.raises((ValueError, TypeError), match=r"\bshape\b"):
        init(shape, 0)


# Kernels ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("init", "deviation"),
    [
        (nn.lecun_normal, (1 / (20 * 15)) ** 0.5),
        (nn.he_normal, (2 / (20 * 15)) ** 0.5),
        (nn.he_uniform, (2 / (20 * 15)) ** 0.5),
        (nn.xavier_normal, (2 / (20 * 15 + 40 * 15)) ** 0.5),
        (nn.xavier_uniform, (2 / (20 * 15 + 40 * 15)) ** 0.5),
    ],
)
def test_a_kernel_counts_what_an_output_reads(init, deviation):
    kernel = init((40, 20, 3, 5), 0)
    assert kernel.shape == (40, 20, 3, 5)
    assert abs(kernel.std() / deviation - 1) < 0.03  # 12,000 draws: five standard errors
    flat = init((40, 20 * 15), 0)
    if "xavier" not in init.__name__:
        np.testing.assert_array_equal(kernel, flat.reshape(kernel.shape))


# One seed for all -------------------------------------------------------------------------------


def model():
    return nn.Sequential(nn.Linear(3, 8), nn.Dropout(0.5), nn.Linear(8, 2))


def bytes_of(made):
    return [*(p.data.tobytes() for p in made.parameters()), made(np.ones((4, 3))).data.tobytes()]


@pytest.fixture
def unseeded():
    """Puts back what was in force: nothing."""
    with nn.seed(0):
        yield


def test_one_seed_makes_one_model(unseeded):
    nn.seed(3)
    first, next_one = bytes_of(model()), bytes_of(model())
    nn.seed(3)
    assert bytes_of(model()) == first != next_one
    nn.seed(4)
    assert bytes_of(model()) not in (first, next_one)


def test_the_layers_of_one_seed_differ():
    with nn.seed(0):
        one, two = nn.Linear(3, 3), nn.Linear(3, 3)
        assert nn.Dropout(0.5)(np.ones(99)).tolist() != nn.Dropout(0.5)(np.ones(99)).tolist()
    assert one.weight.tolist() != two.weight.tolist()


def test_what_a_layer_draws_later_changes_no_other():
    def made(times):
        with nn.seed(0):
            drop = nn.Dropout(0.5)
            for _ in range(times):
                drop(np.ones(5))
            return nn.Linear(2, 2).weight.tolist()

    assert made(0) == made(3)


def test_a_seed_holds_for_its_block_alone():
    with nn.seed(1):
        inside = model()
        with nn.seed(1):
            assert bytes_of(model()) == bytes_of(inside)
        again = model()
    with nn.seed(1):
        model()
        assert model()[0].weight.tolist() == again[0].weight.tolist()
    assert model()[0].weight.tolist() != model()[0].weight.tolist()


def test_explicit_generators_stay():
    expected = nn.he_normal((2, 3), 5)
    before = global_state()
    with nn.seed(1):
        np.testing.assert_array_equal(nn.he_normal((2, 3), 5), expected)
        given = nn.he_normal((2, 3), np.random.default_rng(1))
    np.testing.assert_array_equal(given, nn.he_normal((2, 3), np.random.default_rng(1)))
    assert global_state() == before


@pytest.mark.parametrize("wrong", [None, -1, 1.5, "0", True])
def test_a_seed_is_a_whole_number(wrong):
    with pytest.raises(ValueError, match=r"^seed: seed is a whole number of at least 0, got "):
        nn.seed(wrong)
