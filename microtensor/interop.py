"""NumPy's functions on tensors: np.exp(t), np.sum(t, axis=0), array + t find their rule here.

What has no rule raises and says what to do; nothing gives back an array that lost its record.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from . import operations
from .errors import called
from .operations import OPERATIONS
from .tensor import Array, Tensor, read


def _clip(a: Any, a_min: Any = None, a_max: Any = None, min: Any = None, max: Any = None) -> Any:
    return operations.clip(a, min if a_min is None else a_min, max if a_max is None else a_max)


_RULES: dict[Callable[..., Any], Callable[..., Any]] = {
    getattr(np, name): row.function for row in OPERATIONS.values() for name in row.numpy
} | {
    np.positive: lambda x: x,
    # whose keywords have other names in NumPy
    np.clip: _clip,
    np.transpose: lambda a, axes=None: operations.transpose(a, axes),
    np.reshape: lambda a, shape: operations.reshape(a, shape),
}

_REDUCTIONS = {
    np.add: operations.sum,
    np.multiply: operations.prod,
    np.maximum: operations.max,
    np.minimum: operations.min,
}


def _functions(names: str) -> set[Callable[..., Any]]:
    return {getattr(np, name) for name in names.split()}


# They answer with shapes, bools or positions, through which no gradient flows; the first ones
# without a look at the numbers.
_OF_SHAPES = _functions(
    "shape ndim size zeros_like ones_like empty_like isfortran result_type can_cast iscomplexobj "
    "isrealobj shares_memory may_share_memory"
)
_CONSTANT = _functions(
    "all any argmax argmin argsort isclose allclose array_equal full_like array_repr array_str "
    "array2string count_nonzero nonzero argwhere"
)
_CONSTANT_UFUNCS = _functions("isnan isinf isfinite signbit")


def array(self: Tensor, dtype: Any = None, copy: bool | None = None) -> Array:
    """What NumPy calls for `np.asarray(t)`."""
    if self.requires_grad:
        raise TypeError(
            f"{called(self, 'this tensor')} requires a gradient, which an array would lose: take "
            ".detach() for a constant, .numpy() for an array, .item() for a number"
        )
    if copy is False:
        raise ValueError("a tensor becomes an array by a copy; t.data is its array itself")
    return np.array(read(self, "np.asarray()"), dtype=dtype)


def array_ufunc(self: Any, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
    """What NumPy calls for `np.exp(t)` and for `array + t`."""
    name = f"np.{ufunc.__name__}" + ("" if method == "__call__" else f".{method}")
    if ufunc in _CONSTANT_UFUNCS and method == "__call__":
        return ufunc(*_arrays(inputs, name), **options)
    if options.pop("out", None) is not None:
        raise TypeError(
            f"{name}: an array can't take the result of a tensor in place, for it would lose the "
            "record; write array = array + tensor, or use the tensor's .numpy()"
        )
    if method == "__call__" and ufunc in _RULES:
        return _call(name, _RULES[ufunc], inputs, options)
    if method == "reduce" and ufunc in _REDUCTIONS:
        options.setdefault("axis", 0)
        return _call(name, _REDUCTIONS[ufunc], inputs, options)
    raise _no_rule(name)


def array_function(
    self: Any, function: Any, types: Iterable[type], arguments: Any, options: Any
) -> Any:
    """What NumPy calls for `np.sum(t)` and its other functions."""
    name = f"{function.__module__}.{function.__name__}".replace("numpy", "np", 1)
    if function in _OF_SHAPES:
        return function(*(getattr(x, "_array", x) for x in arguments), **options)
    if function in _CONSTANT:
        return function(*_arrays(arguments, name), **options)
    if function not in _RULES:
        raise _no_rule(name)
    return _call(name, _RULES[function], arguments, options)


def _call(name: str, operation: Callable[..., Any], arguments: Any, options: Any) -> Any:
    try:
        return operation(*arguments, **options)
    except TypeError as error:
        if "missing" in str(error) and "positional argument" in str(error):
            raise TypeError(f"{name}: too few arguments for tensors") from None
        if "keyword argument" not in str(error):
            raise
        unknown = str(error).split("argument ")[-1]
        raise TypeError(f"{name}: the argument {unknown} isn't supported for tensors") from None


def _arrays(arguments: Iterable[Any], name: str) -> tuple[Any, ...]:
    return tuple(read(x, name) if hasattr(x, "_array") else x for x in arguments)


def _no_rule(name: str) -> TypeError:
    return TypeError(
        f"{name} has no rule for its derivative; give it one by microtensor.primitive, or apply it "
        "to the tensor's .numpy() where no gradient is wanted"
    )


Tensor.__array__ = array
Tensor.__array_ufunc__ = array_ufunc
Tensor.__array_function__ = array_function
