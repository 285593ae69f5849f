"""The walk: from the result back to the leaves, newest first, by the derivative of each rule."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import reduce
from heapq import heappop, heappush
from typing import Any

import numpy as np

from . import rules
from .errors import GradientError, ShapeError, called, label, no_tensor
from .modes import changing, current_mode, mode
from .numerics import column_sums
from .operands import mark, operand
from .rules import total
from .tensor import Tensor, latest_change, memory_of, owner

GETITEM = rules.getitem
Visit = Callable[[Tensor, Tensor, Any, Any], None]
Read = Callable[[Tensor], tuple[Any, tuple[Any, ...], dict[str, Any]]]


def backward(output: Tensor, gradient: Any = None) -> None:
    """Adds to the `.grad` of every leaf the derivative of this tensor with respect to it.

    `gradient` (of this tensor's shape) is what arrives from beyond; for a scalar it is 1.
    The leaves alone keep gradients. Calling it again adds the same gradients again.
    """
    seed = starting_gradient(output, gradient, "backward")
    _refuse_in_a_program("backward()")
    found = walk(output, seed, visit=_watching())
    taken = set() if gradient is None else {id(owner(seed))}
    with changing:
        for leaf, g in found.items():
            g = _leaf_gradient(leaf, g, taken)
            if leaf._grad is not None:
                g = np.asarray(leaf._grad + g)
            leaf._grad = g


Tensor.backward = backward


def grad(
    output: Tensor,
    inputs: Tensor | Sequence[Tensor],
    gradient: Any = None,
    create_graph: bool = False,
) -> Any:
    """The derivative of `output` with respect to `inputs`: a tensor for one, a tuple for several.

    Nobody's `.grad` is touched, and inputs may be intermediate results. With
    `create_graph=True` the derivatives are recorded themselves, so that they can be
    differentiated again.
    """
    wanted = (inputs,) if isinstance(inputs, Tensor) else inputs
    if not isinstance(wanted, list | tuple) or not all(isinstance(x, Tensor) for x in wanted):
        kind = type(inputs).__name__
        raise TypeError(f"grad: inputs is a tensor or a list of tensors, got {kind}")
    seed = starting_gradient(output, gradient, "grad")
    tensors = behind(output, tracked=True)
    on_path = set(wanted).intersection(tensors)
    for x in wanted:
        if x not in on_path:
            why = "so its derivative is zero everywhere, or it was computed from a copy"
            raise GradientError(
                f"grad: {called(output, 'the output')} wasn't computed from {called(x)}, "
                + (why if x._requires_grad else "which doesn't require a gradient")
            )
    for node in tensors:
        if any(x in on_path for x in node._inputs):
            on_path.add(node)
    keep = frozenset(wanted)
    if create_graph:
        with mode(recording=True):  # derivatives of the tensors themselves are recorded
            start = gradient if isinstance(gradient, Tensor) else Tensor(seed)
            found = walk(
                output, start, on_path, keep, lambda x: (x, x._operands, x._options), _watching()
            )
    else:
        _refuse_in_a_program("grad() without create_graph=True")
        found = walk(output, seed, on_path, keep, visit=_watching())
    results = tuple(_as_dtype(found[x], x.dtype) for x in wanted)
    if create_graph:
        results = tuple(_as_function_of(wanted, results))
    return results[0] if isinstance(inputs, Tensor) else results


def _as_function_of(wanted: Sequence[Tensor], results: Sequence[Tensor]) -> Iterator[Tensor]:
    """Derivatives that may be differentiated by all inputs: by one that they lack it gives 0."""
    reached: dict[Tensor, int] = {}  # of every tensor, which inputs it was computed from, as bits
    for k, x in enumerate(wanted):
        reached[x] = reached.get(x, 0) | 1 << k
    for x in behind(*results, tracked=True):
        for origin in x._inputs:
            reached[x] = reached.get(x, 0) | reached.get(origin, 0)  # type: ignore[arg-type]
    for d in results:
        lacking = [x for k, x in enumerate(wanted) if not reached.get(d, 0) >> k & 1]
        if lacking:
            with mode(recording=True), np.errstate(all="ignore"):
                other: Any = reduce(rules.add, map(np.sum, lacking))
                d = rules.where(True, d, _as_dtype(other, d.dtype))
        yield d


def _refuse_in_a_program(what: str) -> None:
    recorder = current_mode().recorder
    if recorder is not None:
        recorder.refuse(
            f"{what} inside the function isn't recorded; the compiled function computes the "
            "gradients of what it returns"
        )


def walk(
    output: Tensor,
    seed: Any,
    on_path: set[Tensor] | None = None,
    keep: frozenset[Tensor] = frozenset(),
    read: Read | None = None,
    visit: Visit | None = None,
) -> dict[Tensor, Any]:
    """The gradients of the leaves and of the tensors in `keep`.

    Derivatives are given arrays, or what `read(node)` gives in their place: the result, the
    inputs and the options. `visit(node, x, g, d)` is told of every step: the node, one of its
    inputs, the gradient that arrived at the node, and what it contributes to the input's.

    Every consumer of a tensor is newer than the tensor. So when the newest is taken from the
    heap, all its contributions have arrived. Given `on_path`, only tensors in it are visited.
    What was picked by an index waits until then, and is put in place in one step: an array of all
    of the input for each pick would make a loop over its rows quadratic.
    """
    pending: dict[Tensor, Any] = {output: seed}
    found: dict[Tensor, Any] = {}
    picked: dict[Tensor, list[_Picked]] = {}
    summed: set[Tensor] = set()  # their pending gradient is a sum made here: add to it in place
    heap = [(-output._index, output)] if output._rule is not None else []
    changed = latest_change()
    while heap:
        node: Any = heappop(heap)[1]
        if node in picked:
            _put_back(node, picked.pop(node), pending)
        g = pending.pop(node)
        if node in keep:
            found[node] = g
        if changed > node._index:
            refuse_changed(node)
        elif node._marks:
            _refuse_refilled(node)
        rule, inputs = node._rule, node._inputs
        options, out = node._options, node._array
        values = node._saved or [x._array for x in inputs]
        if read is not None:
            out, values, options = read(node)
        every = rule.every and rule.every(g, out, *values, **options)
        for slot, x in enumerate(inputs):
            if x is None or not x._requires_grad or (on_path is not None and x not in on_path):
                continue
            if x._rule is not None and x not in pending and x not in picked:
                heappush(heap, (-x._index, x))
            part = rule is GETITEM and values[0].ndim
            if part:
                picked.setdefault(x, []).append((g, out, values[0], options))
                if visit is None:
                    continue
            d = every(slot) if every else rule.derivatives[slot](g, out, *values, **options)
            if d.shape != x._array.shape:
                d = unbroadcast(d, values[slot].shape)
            if visit is not None:
                visit(node, x, g, d)
            if part:
                continue
            if x not in pending:
                pending[x] = d
            elif x in summed:
                pending[x] += d
            else:
                pending[x] = pending.pop(x) + d  # in its memory, if nobody else holds that
                if read is None:  # what stands for arrays may not change
                    summed.add(x)
    for x, parts in picked.items():
        _put_back(x, parts, pending)
    return found | pending


_Picked = tuple[Any, Any, Any, dict[str, Any]]  # what a derivative of getitem is given


def _put_back(x: Tensor, picked: list[_Picked], pending: dict[Tensor, Any]) -> None:
    """Adds what arrived at the parts of a tensor to what arrived at all of it."""
    if len(picked) == 1:
        (g, out, whole, options), derivative = picked[0], GETITEM.derivative(0)
        d = derivative(g, out, whole, **options)  # type: ignore[misc]  # it has one
    else:
        indices = tuple([options["index"] for _, _, _, options in picked])
        gs = [g for g, _, _, _ in picked]
        d = rules.put_each(*gs, indices=indices, shape=picked[0][2].shape)
    pending[x] = pending.pop(x) + d if x in pending else d


def _watching() -> Visit | None:
    """What tells the watch in force, if there is one, of every step."""
    watch = current_mode().watch
    return watch and (lambda node, x, g, d: watch(node._rule, node._operands, d, x))


def unbroadcast(g: Any, shape: tuple[int, ...]) -> Any:
    """The gradient of a value that broadcasting copied: what returns to its copies, added up."""
    extra = g.ndim - len(shape)
    rows = extra and len(shape) == 1 and g.__class__ is np.ndarray and g.shape[-1:] == shape
    if rows and shape[0] and g.dtype.char in "df":
        return column_sums(g if extra == 1 else g.reshape(-1, shape[0]))
    axes = tuple(range(extra)) + tuple(
        extra + i for i, n in enumerate(shape) if n == 1 and g.shape[extra + i] != 1
    )
    return total(g, axes).reshape(shape)


def starting_gradient(output: Any, gradient: Any, name: str) -> Any:
    """What arrives at the output: the gradient given, or 1 for a scalar."""
    if not isinstance(output, Tensor):
        raise no_tensor(name, output)
    if not output._requires_grad:
        how = "is a constant" if output.name is None else f"{output.name!r} is a constant"
        raise GradientError(
            f"{name}: the output {how}: nothing it was computed from requires a gradient, or "
            "it was computed inside no_grad(); make a leaf with requires_grad=True"
        )
    if gradient is None:
        if output.size != 1:
            raise GradientError(
                f"{name}: {label(output)} isn't a scalar: reduce it by .sum() or .mean(), or pass "
                "gradient=, an array of its shape"
            )
        return np.ones(output.shape, output.dtype)[()]
    value = np.asarray(operand(getattr(gradient, "_array", gradient), name), dtype=output.dtype)
    if value.shape != output.shape:
        raise ShapeError(f"{name}: gradient has shape {value.shape}, {label(output)} has another")
    return value


def _as_dtype(g: Any, dtype: np.dtype[Any]) -> Tensor:
    """A gradient as a tensor, in the dtype of what it is the gradient of."""
    if not isinstance(g, Tensor):
        return Tensor(g, dtype=dtype)
    return g if g.dtype == dtype else g.astype(dtype)


def behind(*results: Tensor, tracked: bool = False) -> list[Tensor]:
    """Every tensor that the results were computed from, and themselves, oldest first.

    `tracked`: those alone whose gradient reaches on through all that is in between.
    """
    tensors = list(dict.fromkeys(results))
    seen = set(tensors)
    for tensor in tensors:  # grows while it is read
        for x in tensor._inputs:
            if x is not None and x not in seen and (x._requires_grad or not tracked):
                seen.add(x)
                tensors.append(x)
    return sorted(tensors, key=lambda tensor: tensor._index)


def refuse_changed(node: Tensor) -> None:
    """GradientError if what a rule was given, or gave, isn't what it was when it was recorded."""
    held = [x for x in (*node._inputs, node) if x is not None]
    for x in (x for tensor in held for x in memory_of(tensor)):
        if x._changed > node._index:
            what = f"{'' if x.name else 'a tensor '}{label(x)}"
            raise _mixed(node, what, "change the tensor after backward()")
    _refuse_refilled(node)


def _refuse_refilled(node: Any) -> None:
    for array, was in node._marks:
        if mark(array) != was:
            cure = f"give {node._rule.name} a copy, Tensor(array)"
            raise _mixed(node, f"an array {label(array)}", cure)


def _mixed(node: Any, what: str, cure: str) -> GradientError:
    return GradientError(
        f"{what} was changed after {node._rule.name} had used it, so gradients and views would mix "
        f"old numbers with new; compute the result again, or {cure}"
    )


def _leaf_gradient(leaf: Tensor, g: Any, taken: set[int]) -> Any:
    """`g` in the leaf's dtype, in memory that no other gradient and no caller holds.

    A rule returns fresh memory, or passes on what it got. So two leaves, or a leaf and the
    caller's seed, can be handed the same array: the second gets a copy.
    """
    g = np.asarray(g, dtype=leaf.dtype)
    memory = owner(g)
    if id(memory) in taken or memory.nbytes != g.nbytes or not g.flags.writeable:
        return g.copy()
    taken.add(id(memory))
    return g
