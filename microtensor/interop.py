"""NumPy's functions on tensors: np.exp(t), np.sum(t, axis=0), array + t find their rule here.

What has no rule raises and says what to do; no array and no Python number loses its record.
"""

from __future__ import annotations

import operator
import sys
from collections.abc import Callable, Iterable
from functools import cache
from inspect import Signature, signature
from opcode import opmap
from types import FrameType
from typing import Any

import numpy as np

from . import functions, operations
from . import linalg as linalg  # whose functions are among the operations from here on
from .errors import called
from .modes import current_mode
from .numerics import numpy_function
from .operands import Array, defers
from .operations import OPERATIONS
from .tensor import Tensor, read


def _clip(a: Any, a_min: Any = None, a_max: Any = None, min: Any = None, max: Any = None) -> Any:
    if (a_min is not None or a_max is not None) and (min is not None or max is not None):
        raise TypeError("np.clip: give min and max, or a_min and a_max, not some of each")
    return operations.clip(a, min if a_min is None else a_min, max if a_max is None else a_max)


def _full_like(a: Any, fill_value: Any, *more: Any, **options: Any) -> Any:
    if isinstance(fill_value, Tensor):
        return functions.full_like(a, fill_value, *more, **options)
    return np.full_like(getattr(a, "_array", a), fill_value, *more, **options)


def _float_power(a: Any, b: Any) -> Any:
    return operations.power(_in(np.float64, a), _in(np.float64, b))


def _fabs(x: Any) -> Any:
    return operations.absolute(_in(np.fabs.resolve_dtypes((x.dtype, None))[-1], x))


def _divmod(a: Any, b: Any) -> Any:
    if defers(a) or defers(b):
        return NotImplemented
    return operations.floor_divide(a, b), operations.remainder(a, b)


def _in(dtype: Any, x: Any) -> Any:
    """An operand in a dtype, which a number of Python's takes on by itself."""
    return x if getattr(x, "dtype", dtype) == dtype else operations.astype(x, dtype)


_RULES: dict[Callable[..., Any], Callable[..., Any]] = {
    numpy_function(name): row.function for row in OPERATIONS.values() for name in row.numpy
} | {
    np.positive: operator.pos,
    np.divmod: _divmod,
    np.dstack: lambda tup: operations.concatenate([functions.atleast_3d(x) for x in tup], 2),
    np.vdot: lambda a, b: operations.dot(operations.ravel(a), operations.ravel(b)),
    # whose keywords have other names in NumPy
    np.clip: _clip,
    np.full_like: _full_like,
    # whose results are floats, also of whole numbers
    np.float_power: _float_power,
    np.fabs: _fabs,
    np.transpose: lambda a, axes=None: operations.transpose(a, axes),
    np.reshape: lambda a, shape, order="C": operations.reshape(a, shape, order=order),
}

# np.linalg has these by the same name, for the same
for _name in "matmul outer cross vecdot tensordot matrix_transpose".split():
    if getattr(np, _name) in _RULES:
        _RULES[getattr(np.linalg, _name)] = _RULES[getattr(np, _name)]

_REDUCTIONS = {
    np.add: operations.sum,
    np.multiply: operations.prod,
    np.maximum: operations.max,
    np.minimum: operations.min,
    np.logaddexp: operations.logsumexp,
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
    "all any argmax argmin isclose allclose array_equal array_repr array_str "
    "array2string count_nonzero nonzero argwhere"
) | {np.linalg.matrix_rank}
_CONSTANT_UFUNCS = _functions("isnan isinf isfinite signbit")


def array(self: Tensor, dtype: Any = None, copy: bool | None = None) -> Array:
    """What NumPy calls for `np.asarray(t)`."""
    if _learnt(self):
        raise TypeError(
            f"{called(self, 'this tensor')} requires a gradient, which an array would lose: take "
            ".detach() for a constant, .numpy() for an array, .item() for a number, and stack() to "
            "make one tensor of several; write X @ W for X.dot(W)"
        )
    if copy is False:
        raise ValueError("a tensor becomes an array by a copy; t.data is its array itself")
    return np.array(read(self, "np.asarray()"), dtype=dtype)


def dlpack(self: Tensor, *, copy: bool | None = None, **options: Any) -> Any:
    """What another library calls to take over the numbers: those of a copy."""
    if _learnt(self):
        text = "requires a gradient, which another library would lose: give its .detach()"
        raise BufferError(f"{called(self, 'this tensor')} {text}")
    if copy is False:
        raise BufferError("a tensor is handed over as a copy; t.data is its array itself")
    array = np.array(read(self, "__dlpack__()"), self.dtype.newbyteorder("="))
    return array.__dlpack__(**options)


def from_dlpack(x: Any) -> Tensor:
    """A constant with a copy of the numbers of another library's array, PyTorch's or JAX's.

    BufferError if it is not on the CPU, requires a gradient, or holds what NumPy lacks (bfloat16).
    """
    try:
        return Tensor(np.from_dlpack(x))
    except (BufferError, RuntimeError) as error:
        said = str(error).rstrip(".")
        cure = "; bring it to the CPU and to a dtype of NumPy's, by .cpu().float() or .astype()"
        raise BufferError(f"from_dlpack: {said}{'' if 'detach' in said else cure}") from None


def array_ufunc(self: Any, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
    """What NumPy calls for `np.exp(t)` and for `array + t`."""
    name = ufunc.__name__ + ("" if method == "__call__" else f".{method}")
    if getattr(np, ufunc.__name__, None) is ufunc:  # and not one of another library
        name = f"np.{name}"
    constant = ufunc in _CONSTANT_UFUNCS and method == "__call__"
    out = inputs[:1] if method == "at" else options.get("out")
    if out is not None and (
        any(isinstance(x, Tensor) for x in out)
        or ("out" in options and not constant and any(map(_learnt, inputs)))
    ):
        raise TypeError(
            f"{name}: an array can't take the result of a tensor in place, for it would lose "
            "the record; write array = array + tensor, or use the tensor's .numpy()"
        )
    if constant:
        inputs, options = _arrays(inputs, options, name)
        return ufunc(*inputs, **options)
    if out is None and method == "__call__" and ufunc in _RULES:
        return _call(name, _RULES[ufunc], inputs, options)
    if out is None and method == "reduce" and ufunc in _REDUCTIONS:
        options.setdefault("axis", 0)
        return _call(name, _REDUCTIONS[ufunc], inputs, options)
    return getattr(ufunc, method)(*_constant(inputs, name), **_constant(options, name))


def array_function(
    self: Any, function: Any, types: Iterable[type], arguments: Any, options: Any
) -> Any:
    """What NumPy calls for `np.sum(t)` and its other functions."""
    name = f"{function.__module__}.{function.__name__}".replace("numpy", "np", 1)
    if function in _OF_SHAPES or function in _CONSTANT:
        arguments, options = _arrays(arguments, options, name, function in _OF_SHAPES)
        return function(*arguments, **options)
    if function in _RULES:
        operation = _RULES[function]
        known = not options or _names(operation).issuperset(options)
        if not known or (len(arguments) > 2 and len(arguments) > _places(function)):
            arguments, options = _by_name(function, operation, arguments, options)
        return _call(name, operation, arguments, options)
    return function(*_constant(arguments, name), **_constant(options, name))


@cache
def _signature(function: Callable[..., Any]) -> Signature:
    try:
        return signature(function)
    except ValueError:  # of NumPy before 2.4, some have none
        return Signature()


@cache
def _names(operation: Callable[..., Any]) -> frozenset[str]:
    return frozenset(_signature(operation).parameters)


@cache
def _places(function: Callable[..., Any]) -> int:
    """How many arguments NumPy's function and the operation have in the same places."""
    parameters = _signature(function).parameters.values()
    if not parameters or any(p.kind is p.VAR_POSITIONAL for p in parameters):
        return sys.maxsize
    needed = [p.kind is p.POSITIONAL_ONLY or p.default is p.empty for p in parameters]
    return sum(needed) - any(p.kind is p.VAR_KEYWORD for p in parameters)


def _by_name(function: Any, operation: Any, arguments: Any, options: Any) -> tuple[Any, Any]:
    """The arguments behind those places by NumPy's names, for an operation has others there.

    One that the operation lacks is left out where it says what NumPy does anyway, `out=None`.
    """
    places, parameters = _places(function), _signature(function).parameters
    if places == sys.maxsize:
        return arguments, options
    given = list(_signature(function).bind(*arguments, **options).arguments.items())
    named = dict(given[places:])
    named |= named.pop("kwargs", {})
    for key in {*named} & {*parameters} - _names(operation):
        value, default = named[key], parameters[key].default
        if value is default or (type(value) is str and value == default):
            del named[key]
    return [x for _, x in given[:places]], named


def _call(name: str, operation: Callable[..., Any], arguments: Any, options: Any) -> Any:
    try:
        return operation(*arguments, **options)
    except TypeError as error:
        said = str(error)
        if "positional argument" in said and ("missing" in said or "takes" in said):
            many = "few" if "missing" in said else "many"
            raise TypeError(f"{name}: too {many} arguments for tensors") from None
        if "keyword argument" not in said:
            raise
        unknown = said.split("argument ")[-1]
        raise TypeError(f"{name}: the argument {unknown} isn't supported for tensors") from None


def _arrays(arguments: Any, options: Any, name: str, unread: bool = False) -> tuple[Any, Any]:
    """The arguments, with arrays for tensors; `unread`: none looks at their numbers."""

    def array(x: Any) -> Any:
        if not hasattr(x, "_array"):
            return x
        return x._array if unread else read(x, name)

    return tuple(map(array, arguments)), {key: array(x) for key, x in options.items()}


def _learnt(x: Any) -> bool:
    """Whether a gradient would be lost with a value."""
    return isinstance(x, Tensor) and x.requires_grad and current_mode().recording


def _constant(x: Any, name: str) -> Any:
    """Arguments of a function that has no rule: tensors as arrays, which it can't change."""
    if isinstance(x, list | tuple):
        return type(x)(_constant(part, name) for part in x)
    if isinstance(x, dict):
        return {key: _constant(part, name) for key, part in x.items()}
    if not isinstance(x, Tensor):
        return x
    if _learnt(x):
        raise TypeError(
            f"{name} has no rule for its derivative; give it one by microtensor.primitive, or "
            "apply it to the tensor's .numpy() where no gradient is wanted"
        )
    if current_mode().recorder is not None:
        raise TypeError(
            f"compile: {name} has no rule, so a program can't call it on a tensor; call it outside "
            "of the function and pass what it gives, or on the tensor's .numpy() if that stays"
        )
    array = np.asarray(x._array).view()
    array.flags.writeable = False
    return array


# Python's conversions, which would take a number out of the record -------------------------------


def _conversion(convert: Callable[..., Any], how: str) -> Any:
    def converted(tensor: Tensor, *more: Any) -> Any:
        if _learnt(tensor) and current_mode().recorder is None and not _formats(sys._getframe(1)):
            raise TypeError(
                f"{how}: {called(tensor)} requires a gradient, which a Python number would lose: "
                "take .item() for a number to keep; for its gradient use microtensor's functions "
                "(microtensor.exp for math.exp), and stack() for entries that a loop fills in"
            )
        return convert(read(tensor, how), *more)

    return converted


def _formats(frame: FrameType) -> bool:
    """Whether what runs there is `text % tensor`, which asks for a float to write it down."""
    code, at = frame.f_code.co_code, frame.f_lasti
    return code[at] == opmap.get("BINARY_OP") and code[at + 1] in (6, 19)  # % and %=


Tensor.__float__ = _conversion(float, "float()")
Tensor.__int__ = _conversion(int, "int()")
Tensor.__complex__ = _conversion(complex, "complex()")
Tensor.__round__ = _conversion(lambda x, *digits: round(x.item(), *digits), "round()")
Tensor.__array__ = array
Tensor.__divmod__ = _divmod
Tensor.__rdivmod__ = lambda b, a: _divmod(a, b)
Tensor.__array_ufunc__ = array_ufunc
Tensor.__array_function__ = array_function
Tensor.__dlpack__ = dlpack
Tensor.__dlpack_device__ = lambda self: (1, 0)  # the CPU
