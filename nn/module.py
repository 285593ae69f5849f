"""Module, what models are made of, and Parameter, what they learn."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeVar

import numpy as np

from microtensor import Tensor, group

Array = np.ndarray[Any, np.dtype[Any]]
M = TypeVar("M", bound="Module")


class Parameter(Tensor):
    """A tensor that a model learns; a module's attribute path becomes its name.

    A name of its own (`name="W1"`) stays.
    """

    __slots__ = ("_path",)

    def __init__(
        self, data: Any, requires_grad: bool = True, name: str | None = None, dtype: Any = None
    ) -> None:
        super().__init__(data, requires_grad, name, dtype)
        self._path: str | None = None

    def __reduce__(self) -> tuple[Any, ...]:
        kind, (data, requires_grad, name) = super().__reduce__()
        return kind, (data, requires_grad, None if name == self._path else name)


class Module:
    """A part of a model: attributes that are parameters or modules, and `forward`.

        class Neuron(nn.Module):
            def __init__(self):
                self.w = nn.Parameter(1.0)

            def forward(self, x):
                return microtensor.relu(self.w * x)

    Calling the module calls `forward`; what is computed meanwhile is drawn as one group.
    Parameters are found through attributes, in their order, and through lists, tuples and dicts
    of modules; one that is shared counts once.
    """

    training = True
    _name: str | None = None

    def forward(self, *inputs: Any) -> Any:
        """The module's result; every subclass has its own."""
        raise TypeError(f"{type(self).__name__} has no forward(); write one")

    def __call__(self, *inputs: Any, **options: Any) -> Any:
        with group(self._name or type(self).__name__):
            return self.forward(*inputs, **options)

    def __setattr__(self, name: str, value: Any) -> None:
        object.__setattr__(self, name, value)
        if isinstance(value, Parameter | Module | list | tuple | dict):
            self.parameters()

    def named_parameters(self) -> Iterator[tuple[str, Parameter]]:
        """Every parameter with its attribute path, such as `layers.0.weight`.

        One without a name of its own gets the path as its name.
        """
        paths = set()
        for path, own_path, part in _parts(self):
            if isinstance(part, Module) and part is not self:
                object.__setattr__(part, "_name", own_path)
            elif isinstance(part, Parameter):
                if path in paths:
                    raise ValueError(f"{type(self).__name__}: two parameters have the path {path}")
                paths.add(path)
                if part.name is None or part.name == part._path:
                    part.name = part._path = path
                yield path, part

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
        """A copy of every parameter's value, by attribute path."""
        return {path: parameter.numpy() for path, parameter in self.named_parameters()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Takes values from a `state_dict`. One that doesn't fit changes nothing.

        Raises ValueError with every problem: what is missing, unknown, or of another shape.
        """
        parameters = dict(self.named_parameters())
        refuse(f"load_state_dict of {type(self).__name__}", misfits(parameters, state))
        for path, parameter in parameters.items():
            parameter.data = np.asarray(state[path])

    def extra_repr(self) -> str:
        """What stands between the brackets of the module's repr."""
        return ""

    def __repr__(self) -> str:
        rows: list[tuple[str, str]] = []
        depths = {"": -1}
        for path, own_path, part in _parts(self):
            if isinstance(part, Module):
                name = f"{own_path}: " if path else ""
                details = f"({part.extra_repr()})" if part.extra_repr() else ""
                count = sum(p.size for p in part.parameters())
                depths[path] = depths[path.removesuffix(own_path).removesuffix(".")] + 1
                row = f"{'  ' * depths[path]}{name}{type(part).__name__}{details}"
                rows.append((row, f"  {count:,} parameters" if count else ""))
        width = max(len(row) for row, _ in rows)
        return "\n".join(f"{row:<{width}}{count}".rstrip() for row, count in rows)


def _parts(root: Module) -> Iterator[tuple[str, str, Module | Parameter]]:
    """The modules and parameters in `root`, itself first, in attribute order, each once.

    With each comes its path from the root, and that from the module it stands in.
    """
    seen: set[int] = set()
    stack: list[tuple[str, str, Any]] = [("", "", root)]
    while stack:
        path, own_path, part = stack.pop()
        if id(part) in seen:
            continue
        inside: Iterable[tuple[Any, Any]] = ()
        if isinstance(part, Module):
            inside = vars(part).items()
        elif isinstance(part, dict):
            inside = part.items()
        elif isinstance(part, list | tuple):
            inside = enumerate(part)
        elif not isinstance(part, Parameter):
            continue
        seen.add(id(part))
        if isinstance(part, Module | Parameter):
            yield path, own_path, part
            own_path = ""
        stack += reversed(
            [(_joined(path, key), _joined(own_path, key), value) for key, value in inside]
        )


def _joined(path: str, key: Any) -> str:
    return f"{path}.{key}" if path else str(key)


def misfits(expected: Mapping[str, Any], state: Mapping[str, Any]) -> list[str]:
    """Everything that keeps the arrays in `state` from being put into those expected."""
    problems = [f"{name} is missing" for name in expected if name not in state]
    problems += [f"{_shown(name)} is unknown" for name in state if name not in expected]
    for name, place in expected.items():
        if name in state:
            value = np.asarray(state[name])
            if value.shape != place.shape:
                problems.append(f"{name} has shape {value.shape}, not {place.shape}")
            elif value.dtype.kind not in "fiu" or not np.can_cast(
                value.dtype, place.dtype, "same_kind"
            ):
                problems.append(f"{name} has dtype {value.dtype}, not {place.dtype}")
    return problems


def _shown(name: Any) -> str:
    """A name from a file, in printable characters."""
    return name if isinstance(name, str) and name.isprintable() else ascii(name)


def refuse(what: str, problems: list[str]) -> None:
    """Raises ValueError, in one line, where there is a problem."""
    if problems:
        raise ValueError(f"{what}: {'; '.join(problems)}")


class Sequential(Module):
    """Modules one after another: each gets what the one before gave."""

    def __init__(self, *layers: Module) -> None:
        for layer in layers:
            if not isinstance(layer, Module):
                raise TypeError(f"Sequential: expected modules, got {layer!r}")
        self.layers = list(layers)

    def forward(self, x: Any) -> Any:
        """The last module's result."""
        for layer in self.layers:
            x = layer(x)
        return x

    def __len__(self) -> int:
        return len(self.layers)

    def __iter__(self) -> Iterator[Module]:
        return iter(self.layers)

    def __getitem__(self, index: int) -> Module:
        return self.layers[index]
