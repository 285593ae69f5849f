"""Checkpoints: a model, its optimizer and its history in one .npz file, without pickle.

Entries are stored uncompressed, so no small file can unfold into a large one, and an array's
shape is compared with the model's before the array is read.
"""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from .checks import expect
from .files import draft
from .module import Buffer, Leaf, Module, misfits, refuse, saved
from .optim import Optimizer
from .training import History

if TYPE_CHECKING:
    from zipfile import ZipFile

Array = np.ndarray[Any, np.dtype[Any]]
COSTS, ABOUT, FORMAT = "history/costs", "history/about", "format"
VALIDATION = "history/validation"  # iteration, cost, iteration, cost, ...
LISTS = {COSTS: np.float64, ABOUT: np.uint8, VALIDATION: np.float64}
LARGEST_ITEM = 64  # bytes; a number has 16 at most
STORED = 0  # the zip format's number for "not compressed"


def save(
    path: str | os.PathLike[str],
    model: Module,
    optimizer: Optimizer | None = None,
    history: History | None = None,
) -> None:
    """Writes a checkpoint: the whole file or, when anything fails, none (an old one stays).

    Threads and processes may save to one path at once; what is read is always one of theirs. A
    link stays a link, and an old file's mode is kept.
    """
    arrays = {f"model/{name}": array for name, array in _known("save", path, model).items()}
    if optimizer is not None:
        expect("save", "optimizer", optimizer, Optimizer)
        arrays |= {f"optimizer/{name}": a for name, a in optimizer.state_dict().items()}
    if history is not None:
        expect("save", "history", history, History)
        arrays[COSTS] = np.array(history.costs, dtype=float)
        if history.validation:
            arrays[VALIDATION] = np.array(history.validation, dtype=float).ravel()
        if history.about:
            import json  # here and below: it takes longer to import than this package's files

            text = json.dumps(history.about, default=_plain)
            arrays[ABOUT] = np.frombuffer(text.encode(), np.uint8)
    arrays[FORMAT] = np.array(2)
    with draft(path) as file:
        np.savez(file, **arrays)  # type: ignore[arg-type]  # its other keyword is a bool


def _plain(value: Any) -> Any:
    """A number or an array of NumPy's as Python has them."""
    if isinstance(value, np.generic | np.ndarray) and value.dtype.kind in "biufU":
        return value.tolist()
    raise TypeError(
        f"save: history.about holds texts, numbers, and lists and dicts of them; a "
        f"{type(value).__name__} is not JSON serializable"
    )


def _known(owner: str, path: Any, model: Module) -> dict[str, Array]:
    if isinstance(path, Module):
        raise TypeError(f"{owner}: the path comes first: {owner}(path, model)")
    expect(owner, "model", model, Module)
    return model.state_dict()


def load(
    path: str | os.PathLike[str], model: Module, optimizer: Optimizer | None = None
) -> History:
    """Puts a checkpoint into a model, and into an optimizer where one is given.

    Returns the history saved with it (an empty one where none was). A file that is damaged or
    doesn't fit raises ValueError, in one line, and changes nothing.
    """
    from zipfile import ZipFile  # not at the top: few programs load checkpoints, all start

    places = {f"model/{key}": array for key, array in _known("load", path, model).items()}
    name = os.path.basename(path)
    if optimizer is not None:
        expect("load", "optimizer", optimizer, Optimizer)
        places |= {f"optimizer/{name}": a for name, a in optimizer.state_dict().items()}
    try:
        with open(path, "rb") as file, ZipFile(file) as archive:
            size = os.fstat(file.fileno()).st_size
            names = {info.filename.removesuffix(".npy") for info in archive.infolist()}
            older = {} if FORMAT in names else _numbers(names, optimizer)
            shapes = {older.get(name, name): a.shape for name, a in places.items()}
            arrays = _read(archive, size, shapes)
            validation = arrays.pop(VALIDATION, np.array([])).reshape(-1, 2).tolist()
            pairs = [(int(iteration), cost) for iteration, cost in validation]
            about: dict[str, Any] = {}
            if ABOUT in arrays:
                import json

                about = dict(json.loads(arrays.pop(ABOUT).tobytes()))
    except Exception as error:  # whatever damaged bytes can lead to
        if isinstance(error, OSError) and error.filename is not None:
            raise  # of the disk
        reason = " ".join(str(error).split()) or type(error).__name__
        raise ValueError(f"{name} is no whole checkpoint: {reason}") from None
    costs = arrays.pop(COSTS, np.array([]))
    if arrays.pop(FORMAT, None) is None:  # leaves and buffers weren't saved then
        late = [f"model/{key}" for key, x in saved(model).items() if isinstance(x, Leaf | Buffer)]
        late += [key for key, old in older.items() if not old]
        newer = {old: key for key, old in older.items()}
        arrays = {newer.get(key, key): array for key, array in arrays.items()}
        arrays = {key: places[key] for key in late} | arrays
    if optimizer is None:
        arrays = {name: a for name, a in arrays.items() if not name.startswith("optimizer/")}
    problems = misfits(places, arrays)
    if optimizer is not None and not problems:
        problems = optimizer.misfits(_part(arrays, "optimizer/"))
    refuse(f"{name} doesn't fit the model", problems)
    model.load_state_dict(_part(arrays, "model/"))
    if optimizer is not None:
        optimizer.load_state_dict(_part(arrays, "optimizer/"))
    history = History(costs.tolist(), about)
    history.validation = pairs
    return history


def _numbers(names: set[str], optimizer: Optimizer | None) -> dict[str, str]:
    """What an old file calls the optimizer's arrays; leaves weren't counted then ("": no array)."""
    if optimizer is None:
        return {}
    counted = [str(k) for k, p in enumerate(optimizer.parameters) if not isinstance(p, Leaf)]
    leaves = {str(k) for k in range(len(optimizer.parameters))} - {*counted}
    found = {}
    for what, k in (name.rsplit(".", 1) for name in optimizer.memory if "." in name):
        name = f"optimizer/{what}."
        if f"{name}{len(counted)}" in names:
            return {}  # it was given the leaves, too
        if k in counted:
            found[name + k] = name + str(counted.index(k))
        elif k in leaves:
            found[name + k] = ""
    return found


def _part(arrays: Mapping[str, Array], prefix: str) -> dict[str, Array]:
    return {name[len(prefix) :]: a for name, a in arrays.items() if name.startswith(prefix)}


def _read(archive: ZipFile, whole: int, shapes: Mapping[str, tuple[int, ...]]) -> dict[str, Array]:
    """Every array; of one that isn't wanted in its shape only the header, as an empty stand-in."""
    arrays: dict[str, Array] = {}
    for info in archive.infolist():
        name = info.filename.removesuffix(".npy")
        if info.compress_type != STORED or info.file_size != info.compress_size or name in arrays:
            raise ValueError(f"{name!r} is compressed, or there twice")
        if info.comment or archive.comment or info.file_size > whole:
            raise ValueError("its table of contents is damaged")
        with archive.open(info) as entry:
            shape, dtype = _header(entry, name)
        if name in LISTS and (len(shape) != 1 or dtype != LISTS[name]):
            raise ValueError(f"{name} has shape {shape} and dtype {dtype}")
        if shape != shapes.get(name) and name not in LISTS:
            arrays[name] = np.broadcast_to(np.zeros((), dtype), shape)
            continue
        if math.prod(shape) * dtype.itemsize > info.file_size:
            raise ValueError(f"{name} is cut short")
        with archive.open(info) as entry:
            arrays[name] = np.lib.format.read_array(entry, allow_pickle=False)
            if entry.read(1):
                raise ValueError(f"{name} is longer than its shape")
    return arrays


def _header(entry: IO[bytes], name: str) -> tuple[tuple[int, ...], np.dtype[Any]]:
    try:
        version = np.lib.format.read_magic(entry)
        if version != (1, 0):
            raise ValueError
        shape, _, dtype = np.lib.format.read_array_header_1_0(entry)
    except ValueError:
        raise ValueError(f"the header of {name!r} is damaged") from None
    if dtype.hasobject or dtype.itemsize > LARGEST_ITEM:
        raise ValueError(f"{name!r} holds objects, not numbers")
    return shape, dtype
