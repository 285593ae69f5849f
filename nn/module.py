"""Module, what models are made of; Parameter, what they learn; Buffer, what they only keep."""

from __future__ import annotations

import sys
from collections import ChainMap, OrderedDict, UserDict, UserList, defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Set, ValuesView
from types import MappingProxyType
from typing import Any, TypeVar
from weakref import WeakValueDictionary

import numpy as np

from microtensor import Graph, Tensor, group, record_anew

from .checks import as_array, printable

Array = np.ndarray[Any, np.dtype[Any]]
M = TypeVar("M", bound="Module")
READY = {Tensor, np.ndarray}  # what most calls are given, and what needs no look


class _Path(str):
    """A name that a module gave, and may change; a tensor's own name is plain text."""

    __slots__ = ()


class Kept(Tensor):
    """What a checkpoint holds of a module: parameters and buffers."""

    __slots__ = ()

    @property
    def _path(self) -> str | None:
        """Its name, where a module gave it; views shorten such names."""
        return self.name if isinstance(self.name, _Path) else None


class Parameter(Kept):
    """A tensor that a model learns; a module's attribute path becomes its name.

    A name of its own (`name="W1"`) stays.
    """

    __slots__ = ()

    def __init__(
        self, data: Any, requires_grad: bool = True, name: str | None = None, dtype: Any = None
    ) -> None:
        super().__init__(data, requires_grad, name, dtype)
        _loose[id(self)] = self


class Leaf(Parameter):
    """What a `Tensor(..., requires_grad=True)` becomes in a module: a parameter like any other."""

    __slots__ = ()


class Input(Tensor):
    """A leaf that requires a gradient, given to a module that keeps it: not its parameter."""

    __slots__ = ()


class Buffer(Kept):
    """An array that belongs to a module, such as a running mean: saved and loaded, not trained.

    Its numbers change by `module.mean.data = ...`. It is named as parameters are.
    """

    __slots__ = ()


class Module:
    """A part of a model: attributes that are parameters or modules, and `forward`.

        class Neuron(nn.Module):
            def __init__(self):
                self.w = nn.Parameter(1.0)

            def forward(self, x):
                return microtensor.relu(self.w * x)

    Calling the module calls `forward`, with arrays for lists of numbers and frames; what is
    computed meanwhile is drawn as one group, and as an activation function where the class says
    `activation = True`. Parameters are found through attributes, in their order, and through
    lists, tuples and dicts; one that is shared counts once. A leaf that requires a gradient is one
    too, but not where it is an input of the call that keeps it; a computed tensor is none, and
    can't take the place of one.

    A list or dict with such parts in it, or nothing yet, is kept as a copy that notices changes,
    in a tuple too: change `model.layers`, not the list it was made of. Other collections, and
    classes of one's own, are refused where they hold parameters. Compiled steps are recorded anew
    when anything of a module changes, but not what other lists and dicts hold.
    """

    activation: Any = False  # a module's own attribute of this name may hold anything
    training = True
    _place = "", ""  # its path from the outermost module, and from the one that it stands in
    _called = False

    def forward(self, *inputs: Any, **named: Any) -> Any:
        """The module's result; every subclass has its own."""
        raise TypeError(f"{type(self).__name__} has no forward(); write one")

    def __call__(self, *inputs: Any, **named: Any) -> Any:
        if not self._called:
            vars(self)["_called"] = True
        if not READY.issuperset(map(type, inputs)):
            inputs = tuple([as_array(x) for x in inputs])
        kind = type(self).__name__
        with group(self._place[1] or kind, self.activation is True, kind):
            return self.forward(*inputs, **named)

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        for name, value in vars(cls).items():
            if _holds(value, Kept):
                raise TypeError(
                    f"{printable(f'{cls.__name__}.{name}')}: no module has what its class has; set "
                    "it in __init__, self.w = ..."
                )

    def __setattr__(self, name: str, value: Any) -> None:
        before = vars(self).get(name, getattr(type(self), name, _MISSING))
        if before is not value and _is_part(before):
            after = {**vars(self), name: value}
            _refuse_loss(f"{type(self).__name__}.{name}", before, value, after)
        if not isinstance(value, SIMPLE) and isinstance(value, UNSEEN + HOLDERS):
            _telling(f"{type(self).__name__}.{name}", value, {})
        if before is _MISSING and not self._called:
            _refuse_orphans(f"{type(self).__name__}.{name}", value)
        object.__setattr__(self, name, value)
        simple = isinstance(value, int | float | str) and type(value) is type(before)
        same = before is value or (simple and before == value)
        if not same and (before is not _MISSING or self._called):  # else it is still being made
            record_anew()
        if _is_part(before) or _is_part(value):
            _settle(self, self._place)

    def __delattr__(self, name: str) -> None:
        object.__delattr__(self, name)
        record_anew()
        _settle(self, self._place)

    def named_parameters(self) -> Iterator[tuple[str, Parameter]]:
        """Every parameter with its attribute path from this module, such as `layers.0.weight`.

        A parameter without a name of its own has as its name the path from the outermost module
        that it was put into, the last where there are several. Names are given when an attribute
        is set or deleted, and when a list or dict of modules changes; reading changes none. What
        is copied or taken out keeps its name, until it is put somewhere else.
        """
        return ((path, x) for path, x in saved(self).items() if isinstance(x, Parameter))

    def parameters(self) -> list[Parameter]:
        """Every parameter, in attribute order."""
        return [parameter for _, parameter in self.named_parameters()]

    def named_modules(self) -> Iterator[tuple[str, Module]]:
        """The module itself (path '') and every module in it."""
        return ((path, part) for path, _, part in _parts(self) if isinstance(part, Module))

    def zero_grad(self) -> None:
        """Forgets the gradients of all parameters."""
        for parameter in self.parameters():
            parameter.grad = None

    def train(self: M, mode: bool = True) -> M:
        """Into training mode (dropout drops), with everything in it."""
        for _, module in self.named_modules():
            module.training = mode
        return self

    def eval(self: M) -> M:
        """Into evaluation mode (dropout lets all through), with everything in it."""
        return self.train(False)

    def state_dict(self) -> dict[str, Array]:
        """A copy of every parameter's and buffer's value, by attribute path."""
        return {path: tensor.numpy() for path, tensor in saved(self).items()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Takes values from a `state_dict`. One that doesn't fit changes nothing.

        Raises ValueError with every problem: what is missing, unknown, or of another shape.
        """
        tensors = saved(self)
        refuse(f"load_state_dict of {type(self).__name__}", misfits(tensors, state))
        for path, tensor in tensors.items():
            tensor.data = np.asarray(state[path])

    def extra_repr(self) -> str:
        """What stands between the brackets of the module's repr."""
        return ""

    def __repr__(self) -> str:
        rows: list[tuple[str, str]] = []
        depths = {"": -1}
        for path, own_path, part in _parts(self):
            if isinstance(part, Module):
                name = f"{printable(own_path)}: " if path else ""
                details = f"({printable(part.extra_repr())})" if part.extra_repr() else ""
                count = sum(p.size for p in part.parameters())
                depths[path] = depths[path.removesuffix(own_path).removesuffix(".")] + 1
                row = f"{'  ' * depths[path]}{name}{printable(type(part).__name__)}{details}"
                several = "parameter" if count == 1 else "parameters"
                rows.append((row, f"  {count:,} {several}" if count else ""))
        width = max(len(row) for row, _ in rows)
        return "\n".join(f"{row:<{width}}{count}".rstrip() for row, count in rows)


def _inside(part: Any) -> list[tuple[Any, Any]]:
    """What may be or hold a parameter in a module, list, tuple or dict, each with its key."""
    items: Iterable[tuple[Any, Any]] = ()
    if isinstance(part, Module | dict):
        items = list((vars(part) if isinstance(part, Module) else part).items())
    elif isinstance(part, list | tuple):
        items = enumerate(part)
    return [(key, x) for key, x in items if _is_part(x)]


def _is_part(x: Any) -> bool:
    """What a module has is or may hold parameters.

    A leaf that requires a gradient becomes one: the very tensor, which others may hold too.
    """
    if type(x) in (Tensor, Buffer) and x.requires_grad and x.is_leaf:
        x.__class__ = Input if type(x) is Tensor and _is_input(x) else Leaf
    return isinstance(x, PARTS)


def _is_input(x: Tensor) -> bool:
    """Whether a call of a module that is under way was given a tensor, alone or in a list."""
    frame = sys._getframe()
    while frame.f_back is not None:
        frame = frame.f_back
        if frame.f_code is CALL:
            given = [*frame.f_locals["inputs"], *frame.f_locals["named"].values()]
            lists = (y for y in given if isinstance(y, HOLDERS))
            entries = [y.values() if isinstance(y, dict) else y for y in lists]
            if any(x is y for several in [given, *entries] for y in several):
                return True
    return False


def _parts(root: Any, path: str = "", own_path: str = "") -> Iterator[tuple[str, str, Any]]:
    """Modules, parameters, buffers and what holds them, in attribute order, each once, root first.

    With each comes its path from the root, and that from the module it stands in.
    """
    seen: set[int] = set()
    stack: list[tuple[str, str, Any]] = [(path, own_path, root)]
    while stack:
        path, own_path, part = stack.pop()
        if id(part) in seen:
            continue
        seen.add(id(part))
        if isinstance(part, _Telling):
            part.expect_no_other_change()
        yield path, own_path, part
        own_path = "" if isinstance(part, Module) else own_path
        for key, inner in reversed(_inside(part)):
            stack.append((_joined(path, key), _joined(own_path, key), inner))


def saved(model: Module) -> dict[str, Tensor]:
    """Every parameter and buffer by its attribute path: what a checkpoint holds."""
    found: dict[str, Tensor] = {}
    made: dict[int, Any] = {}
    for path, _, part in _parts(model):
        if _watch(path, part, made):
            _settle(part, part._place)
        if isinstance(part, Kept):
            if path in found:
                raise ValueError(
                    f"{type(model).__name__}: two parameters have the path {printable(path)}"
                )
            found[path] = part
    return found


def _settle(root: Any, place: tuple[str, str]) -> None:
    """Names everything in `root`, and watches what holds it."""
    made: dict[int, Any] = {}
    for path, own_path, part in _parts(root, *place):
        if isinstance(part, Kept) and isinstance(part.name, _Path | None):
            part.name = _Path(path)
        _loose.pop(id(part), None)
        if isinstance(part, Module | _Telling) and part._place != (path, own_path):
            vars(part)["_place"] = path, own_path  # a compiled step would take it for a change
        _watch(path, part, made)


def _watch(path: str, part: Any, made: dict[int, Any]) -> bool:
    """Puts telling lists and dicts in the place of plain ones; whether there were any."""
    changed = False
    if isinstance(part, Module | _Telling):
        inside: Any = vars(part) if isinstance(part, Module) else super(_Telling, part)
        for key, plain in _inside(part):
            if isinstance(plain, _Telling) or not isinstance(plain, HOLDERS):
                continue
            if isinstance(part, _Telling) or not plain or _holds(plain, SINGLE):
                now = _telling(_joined(path, key), plain, made)
                changed = changed or now is not plain
                inside.__setitem__(key, now)
    return changed


def _telling(path: str, root: Any, made: dict[int, Any]) -> Any:
    """A list, tuple or dict, with telling ones in it; raises where nobody would see a change."""
    stack: list[Any] = [root]
    found: list[Any] = []
    while stack:
        part = stack.pop()
        if isinstance(part, UNSEEN):
            entries = part.values() if isinstance(part, Mapping) else part
            if any(_holds(x, SINGLE) for x in entries):
                raise _unseen(path, part, "list")
        elif isinstance(part, HOLDERS) and not isinstance(part, _Telling) and id(part) not in made:
            made[id(part)] = part, part
            found.append(part)
            stack += part.values() if isinstance(part, dict) else part
    for part in reversed(found):  # the inner ones first
        kind: Any = KINDS.get(type(part))
        now = part
        if kind:
            now = kind(part)
        elif isinstance(part, tuple):
            anew = [made[id(x)][1] if id(x) in made else x for x in part]
            if any(x is not y for x, y in zip(anew, part, strict=True)):
                now = getattr(type(part), "_make", type(part))(anew)
        elif _holds(part, Kept):
            raise _unseen(path, part, "list" if isinstance(part, list) else "dict")
        made[id(part)] = part, now
    return made[id(root)][1] if id(root) in made else root


def _unseen(path: str, part: Any, better: str) -> TypeError:
    return TypeError(
        f"{printable(path)}: parameters and modules are found in lists, tuples and dicts, not in a "
        f"{type(part).__name__}; make it a {better}"
    )


def _refuse_orphans(path: str, value: Any) -> None:
    """Raises where a new module gets what was computed from a parameter that no module holds."""
    entries = value.values() if isinstance(value, dict) else value
    for x in entries if isinstance(value, HOLDERS) else [value]:
        if isinstance(x, Tensor) and x.requires_grad and not x.is_leaf and _loose:
            graph = Graph.of(x)
            if any(graph.find(parameter) for parameter in list(_loose.values())):
                raise TypeError(
                    f"{printable(path)}: this was computed from a parameter that no module holds, "
                    "and isn't learnt; compute its first value before, as nn.Parameter(0.1 * array)"
                )


def _holds(x: Any, kinds: Any) -> bool:
    return _is_part(x) and any(isinstance(part, kinds) for *_, part in _parts(x))


def _refuse_loss(path: str, before: Any, value: Any, after: Any) -> None:
    """Raises where what is learnt or saved would give way to what isn't, as in `w = w * 0.5`."""
    kept = {id(part) for *_, part in _parts(after)}
    pairs, seen = [(path, before, value)], set()
    for place, was, now in pairs:
        if id(was) in seen or id(was) in kept or now is None or callable(now):
            continue
        seen.add(id(was))
        if isinstance(was, HOLDERS) and isinstance(now, HOLDERS):
            entries = dict(now if isinstance(now, dict) else enumerate(now))
            pairs += [(_joined(place, k), x, entries[k]) for k, x in _inside(was) if k in entries]
        elif not _holds(now, SINGLE) and _holds(was, Kept):
            cure = next(text for kind, text in CURES.items() if isinstance(was, kind))
            raise TypeError(
                f"{printable(place)}: a {type(now).__name__} is neither trained nor saved in the "
                f"place of {cure}"
            )


def _joined(path: str, key: Any) -> str:
    return f"{path}.{key}" if path else str(key)


def misfits(expected: Mapping[str, Any], state: Mapping[str, Any]) -> list[str]:
    """Everything that keeps the arrays in `state` from being put into those expected."""
    problems = [f"{printable(name)} is missing" for name in expected if name not in state]
    problems += [f"{printable(name)} is unknown" for name in state if name not in expected]
    for name, place in expected.items():
        if name in state:
            value, called = np.asarray(state[name]), printable(name)
            if value.shape != place.shape:
                problems.append(f"{called} has shape {value.shape}, not {place.shape}")
            elif value.dtype.kind not in ("b" if place.dtype == bool else "fiu") or not np.can_cast(
                value.dtype, place.dtype, "same_kind"
            ):
                problems.append(f"{called} has dtype {value.dtype}, not {place.dtype}")
    return problems


def refuse(what: str, problems: list[str]) -> None:
    """Raises ValueError, in one line, where there is a problem."""
    if problems:
        raise ValueError(f"{printable(what)}: {'; '.join(problems)}")


class _Telling:
    """A list or dict that a module holds: it names what is put in, and tells compiled steps."""

    _place = "", ""  # as of modules
    copy: Any  # of list or dict

    def __init__(self, given: Any) -> None:
        super().__init__(given)  # type: ignore[call-arg]  # as above
        self._given = given  # until its first change

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.copy(),), {**vars(self), "_given": None}

    def expect_no_other_change(self) -> None:
        """What is put into the list that it was made of isn't lost in silence."""
        if self._given is not None and len(self._given) != len(self.copy()):
            raise ValueError(
                f"{printable(self._place[0])}: the {type(self._given).__name__} that was set was "
                "changed afterwards, but the module has a copy of it; change that instead"
            )


class _List(_Telling, list[Any]):
    def append(self, value: Any) -> None:
        one = _Dict({})  # named alone: a list of any length grows at one speed
        vars(one)["_place"] = self._place
        one[len(self)] = value
        super().append(one[len(self)])
        self._given = None


class _Dict(_Telling, dict[Any, Any]):
    def __init__(self, given: Any) -> None:
        super().__init__(given)
        self.default_factory = getattr(given, "default_factory", None)  # of a defaultdict

    def __missing__(self, key: Any) -> Any:
        if self.default_factory is None:
            raise KeyError(key)
        return self.setdefault(key, self.default_factory())

    def setdefault(self, key: Any, default: Any = None) -> Any:
        if key not in self:
            self[key] = default
        return self[key]  # the telling one of a list


def _noticed(method: Callable[..., Any]) -> Callable[..., Any]:
    def change(self: Any, *args: Any, **named: Any) -> Any:
        before, old = _inside(self), self.copy()
        self._given = None
        try:
            result = method(self, *args, **named)
            if method.__name__ in REPLACING:
                _refuse_loss(self._place[0], old, self.copy(), self.copy())
            for x in self.values() if isinstance(self, dict) else self:
                if isinstance(x, UNSEEN):
                    _telling(self._place[0], x, {})
            moved = [id(x) for _, x in before] != [id(x) for _, x in _inside(self)]
            if moved:
                _settle(self, self._place)
        except BaseException:  # a change that fails changes nothing
            super(_Telling, self).clear()
            (dict.update if isinstance(self, dict) else list.extend)(self, old)
            raise
        if moved:
            record_anew()
        return result

    return change


for _kind, _names in (
    (_List, "extend insert pop remove clear reverse sort __iadd__ __imul__"),
    (_Dict, "pop popitem update clear __ior__"),
):
    for _name in [*_names.split(), "__setitem__", "__delitem__"]:
        setattr(_kind, _name, _noticed(getattr(_kind, _name)))

REPLACING = ("__setitem__", "update", "__ior__")
SINGLE = (Module, Kept)
HOLDERS = (list, tuple, dict)
PARTS = (*SINGLE, *HOLDERS)
SIMPLE = (Tensor, Module, np.ndarray, int, float, str)  # which hold no others, in the way of lists
UNSEEN = (Set, ValuesView, deque, UserList, UserDict, ChainMap, MappingProxyType)
CURES = {
    Parameter: "a parameter; inside no_grad() `m.w *= 0.5` changes it, or set nn.Parameter(...)",
    Buffer: "a buffer; change its numbers, as in `m.mean.data = ...`, or set nn.Buffer(...)",
    object: "what holds parameters; give it another name, or set None before",
}
KINDS: dict[type, Callable[[Any], Any]] = {
    list: _List, dict: _Dict, OrderedDict: _Dict, defaultdict: _Dict,
}  # fmt: skip
CALL = Module.__call__.__code__
_MISSING = object()
_loose: WeakValueDictionary[int, Parameter] = WeakValueDictionary()  # those in no module yet


class Sequential(Module):
    """Modules one after another: each gets what the one before gave."""

    def __init__(self, *layers: Module) -> None:
        for layer in layers:
            if not isinstance(layer, Module):
                raise TypeError(f"Sequential: expected modules, got {layer!r}")
        self.layers: list[Any] = list(layers)  # type checkers look for what a layer has of its own

    def forward(self, x: Any) -> Any:
        for layer in self.layers:
            x = layer(x)
        return x

    def __len__(self) -> int:
        return len(self.layers)

    def __iter__(self) -> Iterator[Module]:
        return iter(self.layers)

    def __getitem__(self, index: int) -> Any:
        return self.layers[index]
