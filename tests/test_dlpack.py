"""Numbers handed to other libraries and taken from them by DLPack: copies, of constants."""

import numpy as np
import pytest

from microtensor import Tensor, from_dlpack, no_grad

DTYPES = ["bool", "int8", "uint8", "int32", "int64", "float16", "float32", "float64"]
ARRAYS = {
    "matrix": np.arange(6).reshape(2, 3),
    "number": np.array(2),
    "size 0": np.zeros((0, 3)),
    "transposed": np.arange(6).reshape(2, 3).T,
    "every other": np.arange(12).reshape(2, 6)[:, ::2],
    "backwards": np.arange(6)[::-1],
}


def library(name):
    if name == "numpy":
        return np
    module = pytest.importorskip("torch" if name == "torch" else "jax")
    return module if name == "torch" else module.numpy


@pytest.mark.parametrize("name", ["torch", "jax", "numpy"])
@pytest.mark.parametrize("array", ARRAYS.values(), ids=ARRAYS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_there_and_back(name, array, dtype):
    if name == "jax" and dtype.endswith("64"):
        pytest.skip("JAX has 64 bits where it is told")
    array = array.astype(dtype)
    there = library(name).from_dlpack(Tensor(array))
    np.testing.assert_array_equal(np.asarray(there), array)
    assert str(there.dtype).removeprefix("torch.") == dtype
    back = from_dlpack(there)
    assert isinstance(back, Tensor)
    assert (back.dtype, back.tolist(), back.requires_grad) == (array.dtype, array.tolist(), False)


def test_what_is_handed_over_is_a_copy():
    torch = pytest.importorskip("torch")
    t = Tensor([1.0, 2.0])
    there = torch.from_dlpack(t)
    there[0] = 9
    assert t.tolist() == [1, 2]
    back = from_dlpack(there)
    there[1] = 7
    assert back.tolist() == [9, 2]
    array = np.from_dlpack(t)
    t[0] = 5
    assert array.tolist() == [1, 2]


@pytest.mark.parametrize("name", ["torch", "jax", "numpy"])
def test_what_requires_a_gradient_is_refused(name):
    w = Tensor([1.0, 2.0], requires_grad=True, name="w")
    for t, what in ((w, "'w'"), (w * 2, "this tensor")):
        with pytest.raises(BufferError) as caught:
            library(name).from_dlpack(t)
        assert str(caught.value) == (
            f"{what} requires a gradient, which another library would lose: give its .detach()"
        )
        assert np.asarray(library(name).from_dlpack(t.detach())).tolist() == t.tolist()
        with no_grad():
            assert np.asarray(library(name).from_dlpack(t)).tolist() == t.tolist()
    with pytest.raises(BufferError, match=r"^from_dlpack: 'w' requires a gradient"):
        from_dlpack(w)
    with pytest.raises(BufferError, match="copy"):
        np.from_dlpack(Tensor([1.0]), copy=False)
    assert np.from_dlpack(Tensor([1.0]), copy=True).tolist() == [1]


def test_bytes_are_in_the_order_of_the_machine():
    array = np.arange(3.0)
    for order in "<>":
        t = Tensor(array.astype(array.dtype.newbyteorder(order)))
        assert np.from_dlpack(t).tolist() == array.tolist()


def test_device():
    assert Tensor([1.0]).__dlpack_device__() == (1, 0)
    np.from_dlpack(Tensor([1.0]), device="cpu")


def test_pytorchs_gradients_and_dtypes_are_refused():
    torch = pytest.importorskip("torch")
    with pytest.raises(BufferError, match=r"^from_dlpack: .*detach"):
        from_dlpack(torch.ones(2, requires_grad=True))
    with pytest.raises(BufferError) as caught:
        from_dlpack(torch.ones(2, dtype=torch.bfloat16))
    assert ".float()" in str(caught.value)
    assert "\n" not in str(caught.value)
    with pytest.raises(TypeError, match="complex"):
        from_dlpack(torch.ones(2, dtype=torch.complex64))


def test_jaxs_bfloat16_is_refused():
    jnp = library("jax")
    with pytest.raises(BufferError) as caught:
        from_dlpack(jnp.ones(2, dtype=jnp.bfloat16))
    assert ".astype()" in str(caught.value)


class Elsewhere:
    """An array on another device."""

    def __dlpack_device__(self):
        return 2, 1

    def __dlpack__(self, **options):
        raise BufferError("It is on a GPU.")


def test_other_devices_are_refused():
    with pytest.raises(BufferError) as caught:
        from_dlpack(Elsewhere())
    assert str(caught.value) == (
        "from_dlpack: It is on a GPU; bring it to the CPU and to a dtype of NumPy's, by "
        ".cpu().float() or .astype()"
    )
    with pytest.raises(AttributeError, match="'list' object has no attribute '__dlpack__'"):
        from_dlpack([1.0])
