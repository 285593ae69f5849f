"""Checkpoints: what is saved comes back bit for bit; whatever is damaged is refused in one line."""

import io
import os
import struct
import subprocess
import sys
import threading
import tracemalloc
import warnings
import zipfile
from pathlib import Path

import numpy as np
import pytest

import microtensor as mt
import nn

X = np.random.default_rng(0).normal(size=(6, 3))
Y = X.sum(axis=1, keepdims=True)
WEIGHT = "model/layers.0.weight"


def new_model(seed=1):
    return nn.Sequential(nn.Linear(3, 2, rng=seed), nn.Tanh(), nn.Linear(2, 1, rng=seed))


def new_adam(model):
    return nn.Adam(model.parameters(), lr=0.05)


def train(model, optimizer, iterations, history=None):
    return nn.fit(
        model, X, Y, iterations=iterations, optimizer=optimizer, loss=nn.MSELoss(),
        history=history, print_every=None, progress=False,
    )  # fmt: skip


def bytes_of(*parts):
    return [array.tobytes() for part in parts for array in part.state_dict().values()]


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    """The entries of a checkpoint of a model, its Adam and its history, as .npy bytes."""
    path = tmp_path_factory.mktemp("good") / "model.npz"
    model = new_model()
    optimizer = new_adam(model)
    nn.save(path, model, optimizer, train(model, optimizer, 3))
    with zipfile.ZipFile(path) as archive:
        return {info.filename: archive.read(info) for info in archive.infolist()}


def write(path, entries, compression=zipfile.ZIP_STORED):
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, data in entries.items():
            archive.writestr(name, data)


def npy(array):
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def header(descr, shape, data=b""):
    """The bytes of a .npy file that says what it holds, and holds `data`."""
    file = io.BytesIO()
    about = {"descr": descr, "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(file, about)
    return file.getvalue() + data


def refusal(path, limit=5_000_000):
    """What load says. It says it in one line, in little memory, and changes nothing."""
    model = new_model(seed=9)
    optimizer = new_adam(model)
    before = bytes_of(model, optimizer)
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match=path.name) as caught:
            nn.load(path, model, optimizer)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < limit
    assert bytes_of(model, optimizer) == before
    message = str(caught.value)
    assert message.isprintable()  # one line, and no control characters
    assert "allow_pickle" not in message  # NumPy would advise it
    return message


# Round trips ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "make",
    [
        lambda model: nn.SGD(model.parameters(), lr=0.05),
        lambda model: nn.SGD(model.parameters(), lr=0.05, momentum=0.9),
        new_adam,
    ],
)
def test_training_goes_on_bit_for_bit(tmp_path, make):
    whole, first, second = new_model(), new_model(), new_model(seed=5)
    expected = train(whole, make(whole), 10).costs
    optimizer = make(first)
    nn.save(tmp_path / "half.npz", first, optimizer, train(first, optimizer, 4))
    optimizer = make(second)
    history = nn.load(tmp_path / "half.npz", second, optimizer)
    assert history.costs == expected[:4]
    assert train(second, optimizer, 6, history).costs == expected
    assert bytes_of(second) == bytes_of(whole)


def test_a_model_alone_comes_back(tmp_path):
    model, other = new_model(), new_model(seed=5)
    nn.save(tmp_path / "m.npz", model)
    assert nn.load(tmp_path / "m.npz", other).costs == []
    assert bytes_of(other) == bytes_of(model)


def test_only_the_model_of_a_whole_checkpoint(tmp_path, good):
    path, model = tmp_path / "m.npz", new_model(seed=5)
    write(path, good)
    history = nn.load(path, model)
    assert len(history.costs) == 3
    assert npy(model.state_dict()["layers.0.weight"]) == good[WEIGHT + ".npy"]


@pytest.mark.parametrize("name", ["m.npz", "m", "m.tar.gz", "with space.npz", "\u732b.npz"])
def test_a_file_is_called_what_it_was_told(tmp_path, name):
    model = new_model()
    nn.save(str(tmp_path / name), model)
    assert os.listdir(tmp_path) == [name]
    nn.load(str(tmp_path / name), model)


def test_a_file_in_the_current_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    nn.save("m.npz", new_model())
    nn.load("m.npz", new_model())


def test_numpy_reads_a_checkpoint_without_pickle(tmp_path):
    path, model = tmp_path / "m.npz", new_model()
    nn.save(path, model, nn.SGD(model.parameters()), nn.History([0.5, 0.25]))
    with np.load(path, allow_pickle=False) as arrays:
        assert sorted(arrays) == [
            "format",
            "history/costs",
            "model/layers.0.bias",
            "model/layers.0.weight",
            "model/layers.2.bias",
            "model/layers.2.weight",
            "optimizer/steps",
        ]
        assert arrays["history/costs"].tolist() == [0.5, 0.25]
        np.testing.assert_array_equal(arrays[WEIGHT], model[0].weight.data)


def test_parameters_of_every_kind_come_back(tmp_path):
    class Odd(nn.Module):
        def __init__(self, value):
            self.scalar = nn.Parameter(value)
            self.empty = nn.Parameter(np.full((0, 3), value))
            self.narrow = nn.Parameter(np.full((2, 2), value, dtype=np.float32))
            self.fortran = nn.Parameter(np.asfortranarray(np.arange(6.0).reshape(2, 3) * value))
            self.by_name = {"a/b \u732b.npy": nn.Parameter([value, -0.0, np.inf])}

        def forward(self, x):
            return x

    model, other = Odd(2.0), Odd(5.0)
    nn.save(tmp_path / "m.npz", model)
    nn.load(tmp_path / "m.npz", other)
    assert bytes_of(other) == bytes_of(model)
    assert [p.dtype for p in other.parameters()] == [p.dtype for p in model.parameters()]


@pytest.mark.parametrize("costs", [[], [0.5], [1, 0], [float("nan"), float("inf")]])
def test_every_history_comes_back(tmp_path, costs):
    nn.save(tmp_path / "m.npz", new_model(), history=nn.History(costs))
    found = nn.load(tmp_path / "m.npz", new_model()).costs
    np.testing.assert_array_equal(found, costs)
    assert all(type(cost) is float for cost in found)


def test_what_was_loaded_can_be_trained(tmp_path):
    model = new_model()
    nn.save(tmp_path / "m.npz", model)
    nn.load(tmp_path / "m.npz", model)
    assert train(model, new_adam(model), 5).costs[-1] > 0


# Written whole or not at all --------------------------------------------------------------------


def test_a_newer_file_takes_the_place_of_the_old(tmp_path):
    path, model = tmp_path / "m.npz", new_model()
    nn.save(path, new_model(seed=7))
    nn.save(path, model)
    other = new_model(seed=8)
    nn.load(path, other)
    assert bytes_of(other) == bytes_of(model)
    assert os.listdir(tmp_path) == ["m.npz"]


def half_a_file(file, **arrays):
    file.write(b"half a file")
    raise OSError(28, "No space left on device")


def stopped(*_, **__):
    raise KeyboardInterrupt


@pytest.mark.parametrize(
    ("where", "what", "error"),
    [
        (np, {"savez": half_a_file}, OSError),
        (np, {"savez": stopped}, KeyboardInterrupt),
        (os, {"fsync": half_a_file}, (OSError, AttributeError)),
        (os, {"replace": stopped}, KeyboardInterrupt),
    ],
)
@pytest.mark.parametrize("old", [None, b"the old file"])
def test_a_failure_leaves_the_old_file_and_no_draft(tmp_path, monkeypatch, where, what, error, old):
    path = tmp_path / "m.npz"
    if old:
        path.write_bytes(old)
    for name, broken in what.items():
        monkeypatch.setattr(where, name, broken)
    with pytest.raises(error):
        nn.save(path, new_model())
    assert os.listdir(tmp_path) == (["m.npz"] if old else [])
    assert not old or path.read_bytes() == old


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"^save: there is no folder .*missing$"):
        nn.save(tmp_path / "missing" / "m.npz", new_model())
    assert os.listdir(tmp_path) == []


def test_a_folder_in_the_files_place_is_no_place(tmp_path):
    (tmp_path / "m.npz").mkdir()
    with pytest.raises(OSError, match=r"m\.npz"):
        nn.save(tmp_path / "m.npz", new_model())
    assert os.listdir(tmp_path) == ["m.npz"]


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"missing\.npz"):
        nn.load(tmp_path / "missing.npz", new_model())


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")
@pytest.mark.parametrize("mode", [0o600, 0o640, 0o664, 0o755, 0o444])
def test_the_old_files_mode_is_kept(tmp_path, mode):
    path = tmp_path / "m.npz"
    nn.save(path, new_model())
    path.chmod(mode)
    nn.save(path, new_model())
    assert path.stat().st_mode & 0o7777 == mode


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")
@pytest.mark.parametrize("mask", [0o022, 0o077, 0o002, 0o000])
def test_a_new_file_has_the_mode_that_the_umask_gives(tmp_path, mask):
    before = os.umask(mask)
    try:
        nn.save(tmp_path / "m.npz", new_model())
        assert os.umask(mask) == mask
    finally:
        os.umask(before)
    assert (tmp_path / "m.npz").stat().st_mode & 0o7777 == 0o666 & ~mask


@pytest.mark.skipif(os.name == "nt", reason="Windows needs a right to make links")
@pytest.mark.parametrize("old", [True, False])
@pytest.mark.parametrize("absolute", [True, False])
def test_a_link_stays_a_link(tmp_path, old, absolute):
    (tmp_path / "runs").mkdir()
    link, target = tmp_path / "best.npz", tmp_path / "runs" / "7.npz"
    link.symlink_to(target if absolute else os.path.join("runs", "7.npz"))
    if old:
        nn.save(target, new_model(seed=7))
    model, other = new_model(), new_model(seed=8)
    nn.save(link, model)
    assert link.is_symlink()
    assert not target.is_symlink()
    assert os.listdir(tmp_path / "runs") == ["7.npz"]
    assert sorted(os.listdir(tmp_path)) == ["best.npz", "runs"]
    nn.load(target, other)
    assert bytes_of(other) == bytes_of(model)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="has no pipes with names")
def test_what_is_no_file_is_not_replaced(tmp_path):
    path = tmp_path / "pipe"
    os.mkfifo(path)  # never a real device: whoever fails here would replace it
    with pytest.raises(OSError, match=r"^save: .*pipe is no file, and isn't replaced by one$"):
        nn.save(path, new_model())
    assert path.is_fifo()


@pytest.mark.parametrize("name", ["x" * 251 + ".npz", "\u732b" * 83 + ".npz"])
def test_a_file_may_have_the_longest_of_names(tmp_path, name):
    nn.save(tmp_path / name, new_model())
    assert os.listdir(tmp_path) == [name]


def test_a_path_may_be_bytes(tmp_path):
    path = os.fsencode(tmp_path / "m.npz")
    nn.save(path, new_model())
    nn.load(path, new_model())


def seen_in(path):
    """The seed of the model that a file holds, whole."""
    model = new_model(seed=9)
    nn.load(path, model)
    (seed,) = {int(value) for p in model.parameters() for value in p.data.ravel()}
    return seed


def filled(value):
    model = new_model()
    for p in model.parameters():
        p.data = np.full(p.shape, float(value))
    return model


def test_threads_that_save_to_one_path_never_fail_nor_tear(tmp_path):
    path, errors, done = tmp_path / "m.npz", [], threading.Event()
    nn.save(path, filled(0), history=nn.History([0.0] * 500))

    def save(value):
        try:
            for k in range(20):
                nn.save(path, filled(value), history=nn.History([0.0] * (k % 2 * 500)))
        except BaseException as error:
            errors.append(error)

    def read():
        try:
            while not done.is_set():
                assert seen_in(path) in range(5)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=save, args=(k,)) for k in range(1, 5)]
    reader = threading.Thread(target=read)
    for thread in [reader, *threads]:
        thread.start()
    for thread in threads:
        thread.join()
    done.set()
    reader.join()
    assert errors == []
    assert os.listdir(tmp_path) == ["m.npz"]
    assert seen_in(path) in range(1, 5)


SAVER = """
import sys, numpy as np, nn
path, value, times = sys.argv[1], float(sys.argv[2]), int(sys.argv[3])
model = nn.Sequential(nn.Linear(3, 2, rng=1), nn.Tanh(), nn.Linear(2, 1, rng=1))
for p in model.parameters():
    p.data = np.full(p.shape, value)
if times < 0:  # dies while it writes
    savez = np.savez
    def half(file, **arrays):
        file.write(b"half a file")
        file.flush()
        print("writing", flush=True)
        sys.stdin.read()
    np.savez = half
for _ in range(abs(times)):
    nn.save(path, model)
"""


def saver(path, value, times):
    return subprocess.Popen(
        [sys.executable, "-c", SAVER, str(path), str(value), str(times)],
        cwd=Path(nn.__file__).parents[1], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def test_processes_that_save_to_one_path_never_fail_nor_tear(tmp_path):
    path = tmp_path / "m.npz"
    nn.save(path, filled(0))
    savers = [saver(path, value, 30) for value in (1, 2)]
    while any(process.poll() is None for process in savers):
        assert seen_in(path) in range(4)
    assert [process.communicate()[1] for process in savers] == [""] * 2
    assert os.listdir(tmp_path) == ["m.npz"]
    assert seen_in(path) in (1, 2)


@pytest.mark.skipif(os.name == "nt", reason="kills a process as Windows does not")
def test_the_draft_of_a_dead_writer_is_removed_and_that_of_a_live_one_is_not(tmp_path):
    path = tmp_path / "m.npz"
    live, dead = saver(path, 1, -1), saver(path, 2, -1)
    for process in (live, dead):
        assert process.stdout.readline() == "writing\n"
    drafts = set(os.listdir(tmp_path))
    assert len(drafts) == 2
    nn.save(path, new_model())
    assert set(os.listdir(tmp_path)) == {*drafts, "m.npz"}
    dead.kill()
    dead.communicate()
    nn.save(tmp_path / "another.npz", new_model())
    assert drafts < set(os.listdir(tmp_path))
    nn.save(path, new_model())
    (left,) = set(os.listdir(tmp_path)) - {"m.npz", "another.npz"}
    assert left in drafts
    live.communicate("")  # goes on, with half a file
    assert sorted(os.listdir(tmp_path)) == ["another.npz", "m.npz"]
    assert path.read_bytes() == b"half a file"


def test_what_looks_like_a_draft_and_is_none_stays(tmp_path):
    others = [".m.npz.part", ".m.npz.mine.part", ".m.npz.0123456789abcdef", "m.npz.part", ".m.npz"]
    for name in others:
        (tmp_path / name).write_text("mine")
    nn.save(tmp_path / "m.npz", new_model())
    assert sorted(os.listdir(tmp_path)) == sorted([*others, "m.npz"])


def test_a_draft_that_was_removed_before_it_was_locked_is_begun_again(tmp_path, monkeypatch):
    begun, usual = [], os.path.exists

    def gone(path):
        if str(path).endswith(".part") and not begun:
            begun.append(path)
            os.unlink(path)  # what another writer does that finds it unlocked
        return usual(path)

    monkeypatch.setattr(os.path, "exists", gone)
    nn.save(tmp_path / "m.npz", filled(3))
    assert len(begun) == 1
    assert os.listdir(tmp_path) == ["m.npz"]
    assert seen_in(tmp_path / "m.npz") == 3


# What else is kept ------------------------------------------------------------------------------


class Kept(nn.Module):
    def __init__(self, value):
        self.layer = nn.Linear(1, 1, rng=0)
        self.s = mt.Tensor(value, requires_grad=True)
        self.mean = nn.Buffer([value, value])
        self.seen = nn.Buffer(int(value))
        self.mask = nn.Buffer([value > 1])


def test_leaves_and_buffers_are_kept(tmp_path):
    path, model, other = tmp_path / "m.npz", Kept(5.0), Kept(0.0)
    nn.save(path, model, nn.Adam(model.parameters()))
    nn.load(path, other, nn.Adam(other.parameters()))
    assert bytes_of(other) == bytes_of(model)


def old_file(path, drop=()):
    """The file as it was when neither leaves nor buffers were saved."""
    with zipfile.ZipFile(path) as archive:
        entries = {info.filename: archive.read(info) for info in archive.infolist()}
    dropped = ["format", *(f"model/{name}" for name in drop)]
    write(path, {name: data for name, data in entries.items() if name[:-4] not in dropped})


def test_an_older_file_loads_and_leaves_what_it_lacks_as_it_is(tmp_path):
    path, model, other = tmp_path / "m.npz", Kept(5.0), Kept(0.0)
    nn.save(path, model)
    old_file(path, drop=["s", "mean", "seen", "mask"])
    nn.load(path, other)
    assert other.layer.weight.item() == model.layer.weight.item()
    assert (other.s.item(), other.mean.tolist(), other.seen.item()) == (0.0, [0.0, 0.0], 0)
    assert other.mask.tolist() == [False]


def test_an_older_file_of_plain_layers_loads_whole(tmp_path, good):
    path, model = tmp_path / "m.npz", new_model(seed=5)
    write(path, {name: data for name, data in good.items() if name != "format.npy"})
    optimizer = new_adam(model)
    assert len(nn.load(path, model, optimizer).costs) == 3
    assert optimizer.steps == 3


@pytest.mark.parametrize("counted", [True, False])
@pytest.mark.parametrize("make", [nn.Adam, lambda p: nn.SGD(p, momentum=0.9), nn.SGD])
def test_an_older_file_finds_its_optimizers_memory(tmp_path, make, counted):
    class Leafy(nn.Module):
        def __init__(self):
            self.first = nn.Linear(2, 1, rng=0)
            self.s = mt.Tensor([1.0, 2.0], requires_grad=True)
            self.last = nn.Linear(1, 1, rng=0)

    def train(model, parameters):
        optimizer = make(parameters)
        for p in parameters:
            p.grad = np.full(p.shape, p.size, dtype=float)
        optimizer.step()
        return optimizer

    path, model, other = tmp_path / "m.npz", Leafy(), Leafy()
    parameters = [p for p in model.parameters() if counted or p is not model.s]
    before = train(model, parameters)
    nn.save(path, model, before)
    old_file(path, drop=["s"])
    optimizer = make(other.parameters())
    fresh = {name: array.copy() for name, array in optimizer.memory.items()}
    nn.load(path, other, optimizer)
    assert optimizer.steps == 1
    for name, array in optimizer.memory.items():
        what, k = name.split(".")
        place = [p is model.parameters()[int(k)] for p in parameters]
        expected = before.memory[f"{what}.{place.index(True)}"] if any(place) else fresh[name]
        np.testing.assert_array_equal(array, expected)


@pytest.mark.parametrize(("old", "drop"), [(True, "layer.bias"), (False, "s"), (False, "mean")])
def test_what_a_file_should_have_is_missed(tmp_path, old, drop):
    path, model = tmp_path / "m.npz", Kept(0.0)
    nn.save(path, Kept(5.0))
    with zipfile.ZipFile(path) as archive:
        entries = {info.filename: archive.read(info) for info in archive.infolist()}
    del entries[f"model/{drop}.npy"]
    if old:
        del entries["format.npy"]
    write(path, entries)
    with pytest.raises(ValueError, match=f"model/{drop} is missing$"):
        nn.load(path, model)
    assert bytes_of(model) == bytes_of(Kept(0.0))


@pytest.mark.parametrize(
    "about", [{}, {"data": "drawn cats", "rates": [0.5, 1e-3], "seed": 3, "\u732b": None}]
)
def test_what_a_training_was_about_is_kept(tmp_path, about):
    nn.save(tmp_path / "m.npz", new_model(), history=nn.History([0.5], about))
    history = nn.load(tmp_path / "m.npz", new_model())
    assert (history.costs, history.about) == ([0.5], about)


def test_what_cant_be_kept_is_refused_and_the_old_file_stays(tmp_path):
    nn.save(tmp_path / "m.npz", filled(3))
    said = "^save: history.about holds texts, numbers, .* a (object|set) is not JSON serializable$"
    for value in (object(), {np.int64(1)}):
        with pytest.raises(TypeError, match=said):
            nn.save(tmp_path / "m.npz", new_model(), history=nn.History([], {"data": value}))
    assert os.listdir(tmp_path) == ["m.npz"]
    assert seen_in(tmp_path / "m.npz") == 3


def test_notes_of_numpys_numbers_are_kept_as_pythons(tmp_path):
    about = {"seed": np.int64(3), "rates": np.array([0.5, 1.0]), "on": np.bool_(True)}
    nn.save(tmp_path / "m.npz", new_model(), history=nn.History([], about))
    found = nn.load(tmp_path / "m.npz", new_model()).about
    assert found == {"seed": 3, "rates": [0.5, 1.0], "on": True}


@pytest.mark.parametrize("about", [{np.int64(1)}, [("a", 1)], "text", 3])
def test_notes_are_a_dict(about):
    kind = type(about).__name__
    with pytest.raises(TypeError, match=f"^History: about is a Mapping object, got a {kind}$"):
        nn.History([], about)


ABOUT = [b"", b"{", b"[1]", b"3", b"\xff", b"[" * 100_000, b'"text"']


@pytest.mark.parametrize("text", ABOUT, ids=range(len(ABOUT)))
def test_notes_that_are_damaged_are_refused(tmp_path, good, text):
    path = tmp_path / "m.npz"
    write(path, good | {"history/about.npy": npy(np.frombuffer(text, np.uint8))})
    assert refusal(path).startswith("m.npz is no whole checkpoint: ")


def test_notes_that_are_no_text_are_refused(tmp_path, good):
    path = tmp_path / "m.npz"
    write(path, good | {"history/about.npy": npy(np.zeros((2, 2)))})
    assert "history/about has shape (2, 2)" in refusal(path)
    write(path, good | {"history/about.npy": header("|u1", (10**9,), b"{}")})
    assert "history/about is cut short" in refusal(path)


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (lambda path, model: (model, path), "the path comes first: {}(path, model)"),
        (lambda path, model: (model,) * 2, "the path comes first: {}(path, model)"),
        (lambda path, model: (path, nn.Linear), "{}: model is a Module object, got Linear"),
        (
            lambda path, model: (path, model.state_dict()),
            "{}: model is a Module object, got a dict",
        ),
        (
            lambda path, model: (path, model, nn.History()),
            "{}: optimizer is an Optimizer object, got",
        ),
    ],
)
@pytest.mark.parametrize("use", [nn.save, nn.load])
def test_arguments_in_the_wrong_places_are_named(tmp_path, use, arguments, text):
    path, model = tmp_path / "m.npz", new_model()
    nn.save(path, model)
    with pytest.raises(TypeError) as caught:
        use(*arguments(path, model))
    assert text.format(use.__name__) in str(caught.value)


def test_a_history_is_a_history(tmp_path):
    model = new_model()
    with pytest.raises(TypeError, match="save: history is a History object, got a list"):
        nn.save(tmp_path / "m.npz", model, None, [0.5])


# Damaged files ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "data",
    [b"", b"PK", b"PK\5\6", b"no zip", b"\0" * 5000, b"PK\5\6" + b"\xff" * 18, npy(np.ones(3))],
)
def test_what_is_no_zip_is_refused(tmp_path, data):
    path = tmp_path / "m.npz"
    path.write_bytes(data)
    assert refusal(path).startswith("m.npz is no whole checkpoint: ")


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """The bytes of a small checkpoint."""
    path = tmp_path_factory.mktemp("small") / "model.npz"
    model = nn.Linear(1, 1, rng=1)
    nn.save(path, model, nn.SGD(model.parameters(), momentum=0.9), nn.History([0.5]))
    return path.read_bytes()


def attempt(path):
    """What is in a small model, its optimizer and history after loading; or the error."""
    model = nn.Linear(1, 1, rng=2)
    optimizer = nn.SGD(model.parameters(), momentum=0.9)
    before = bytes_of(model, optimizer)
    try:
        costs = nn.load(path, model, optimizer).costs
    except Exception as error:
        assert bytes_of(model, optimizer) == before
        assert str(error).isprintable()
        return error
    return bytes_of(model, optimizer), costs


def places(step):
    """Every place of a file, or every so many-th in the tier of every change."""
    every = pytest.param(1, marks=pytest.mark.acceptance)
    return pytest.mark.parametrize("step", [every, step])


@places(11)
def test_a_file_cut_anywhere_is_refused(tmp_path, small, step):
    path = tmp_path / "m.npz"
    for length in range(0, len(small), step):
        path.write_bytes(small[:length])
        assert type(attempt(path)) is ValueError, length


@places(7)
@pytest.mark.parametrize(
    "bits", [0xFF, *(pytest.param(one, marks=pytest.mark.acceptance) for one in (0x01, 0x80))]
)
def test_a_byte_changed_anywhere_is_refused_or_harmless(tmp_path, small, bits, step):
    path = tmp_path / "m.npz"
    path.write_bytes(small)
    whole = attempt(path)
    wrong = []
    for place in range(bits % step, len(small), step):
        path.write_bytes(small[:place] + bytes([small[place] ^ bits]) + small[place + 1 :])
        result = attempt(path)
        if type(result) is not ValueError and result != whole:
            wrong.append((place, result))
    assert wrong == []


def test_a_changed_number_is_noticed(tmp_path, small):
    path = tmp_path / "m.npz"
    place = small.index(struct.pack("<d", 0.5))
    path.write_bytes(small[:place] + struct.pack("<d", 0.75) + small[place + 8 :])
    assert "CRC" in str(attempt(path))


# Files that hold something else -----------------------------------------------------------------


def test_names_missing_and_unknown_and_shapes_are_all_listed(tmp_path, good):
    path = tmp_path / "m.npz"
    entries = dict(good)
    del entries["model/layers.2.bias.npy"], entries["optimizer/square.3.npy"]
    entries["model/extra.npy"] = npy(np.ones(1))
    entries[WEIGHT + ".npy"] = npy(np.ones((3, 2)))
    entries["optimizer/mean.0.npy"] = npy(np.ones((2, 3), dtype=complex))
    write(path, entries)
    assert refusal(path) == (
        "m.npz doesn't fit the model: model/layers.2.bias is missing; "
        "optimizer/square.3 is missing; model/extra is unknown; "
        "model/layers.0.weight has shape (3, 2), not (2, 3); "
        "optimizer/mean.0 has dtype complex128, not float64"
    )


def test_a_checkpoint_of_another_model_is_refused(tmp_path):
    path = tmp_path / "m.npz"
    nn.save(path, nn.CatClassifier((3, 2, 1)))
    message = refusal(path)
    assert "model/layers.0.weight is missing" in message
    assert "model/layer1.layers.0.weight is unknown" in message


def test_a_checkpoint_without_an_optimizer_is_refused_where_one_is_wanted(tmp_path):
    nn.save(tmp_path / "m.npz", new_model())
    assert "optimizer/steps is missing" in refusal(tmp_path / "m.npz")


NOT_AN_ARRAY = [
    (b"", "header"),
    (b"no array", "header"),
    (b"\x93NUMPY\x02\x00" + b"\0" * 50, "header"),
    (b"\x93NUMPY\x01\x00" + struct.pack("<H", 9000) + b"(" * 9000, ""),
    (b"\x93NUMPY\x01\x00" + struct.pack("<H", 9000) + b"-" * 9000, ""),
    (b"\x93NUMPY\x01\x00" + struct.pack("<H", 60000) + b" " * 60000, ""),
    (header("<f8", (2, 3), b"\0" * 47), ""),
    (header("<f8", (2, 3), b"\0" * 49), "model/layers.0.weight is longer than its shape"),
    (header("<f8", (2, 3)), ""),
    (header("<f8", (-2, -3), b"\0" * 48), ""),
    (header("<f8", (10**5, 10**5)), "has shape (100000, 100000), not (2, 3)"),
    (header("<f8", (10**12, 10**12)), ""),
    (header("<f8", (2, 10**9)), "has shape (2, 1000000000), not (2, 3)"),
    (header("|V50000000", (2, 3)), ""),
    (header("|V50000000", (2,)), ""),
    (header("<U20000000", (3, 2)), ""),
    (header("|S50000000", ()), ""),
]


@pytest.mark.parametrize(("data", "text"), NOT_AN_ARRAY)
def test_a_header_that_lies_is_refused_in_little_memory(tmp_path, good, data, text):
    path = tmp_path / "m.npz"
    write(path, good | {WEIGHT + ".npy": data})
    assert text in refusal(path)


@pytest.mark.parametrize(
    "dtype", [bool, complex, "U3", "S8", "M8[s]", [("a", "f8")]], ids=lambda dtype: str(dtype)
)
def test_arrays_of_other_things_than_numbers_are_refused(tmp_path, good, dtype):
    path = tmp_path / "m.npz"
    write(path, good | {WEIGHT + ".npy": npy(np.zeros((2, 3), dtype=dtype))})
    assert "model/layers.0.weight has dtype " in refusal(path)


class Unpickled:
    """Tells when it is unpickled."""

    times = 0

    def __reduce__(self):
        return Unpickled.happens, ()

    @staticmethod
    def happens():
        Unpickled.times += 1


@pytest.mark.parametrize("name", [WEIGHT, "optimizer/mean.0", "history/costs", "model/extra"])
def test_objects_are_refused_without_being_unpickled(tmp_path, good, name):
    path = tmp_path / "m.npz"
    objects = np.empty((2, 3), dtype=object)
    objects[...] = Unpickled()
    write(path, good | {name + ".npy": npy(objects)})
    assert "objects" in refusal(path)
    assert Unpickled.times == 0


def test_objects_that_need_unpickling_would_have_told():
    np.load(io.BytesIO(npy(np.array(Unpickled(), dtype=object))), allow_pickle=True)
    assert Unpickled.times == 1
    Unpickled.times = 0


@pytest.mark.parametrize("compression", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_compressed_entries_are_refused_in_little_memory(tmp_path, good, compression):
    path = tmp_path / "m.npz"
    bomb = npy(np.zeros(5_000_000))
    write(path, {"history/costs.npy": bomb} | good, compression)
    assert "compressed" in refusal(path)


@pytest.mark.parametrize("name", [WEIGHT + ".npy", WEIGHT, "history/costs"])
def test_an_entry_that_is_there_twice_is_refused(tmp_path, good, name):
    path = tmp_path / "m.npz"
    write(path, good)
    with zipfile.ZipFile(path, "a") as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # zipfile warns of what is done here on purpose
        archive.writestr(name, npy(np.zeros((2, 3))))
    assert "twice" in refusal(path)


def test_a_size_that_lies_is_refused_in_little_memory(tmp_path, good):
    path, size = tmp_path / "m.npz", 80_000_000
    write(path, good | {"history/costs.npy": header("<f8", (size // 8,))})
    data = bytearray(path.read_bytes())
    entry = data.rindex(b"history/costs.npy") - 46
    assert data[entry : entry + 4] == b"PK\1\2"
    data[entry + 20 : entry + 28] = struct.pack("<II", size + 128, size + 128)
    path.write_bytes(data)
    refusal(path)


@pytest.mark.parametrize("name", ["model/a\nb", "model/a\x1b[31mb", "model/a\u2028b"])
def test_names_with_control_characters_are_refused_in_one_line(tmp_path, good, name):
    path = tmp_path / "m.npz"
    write(path, good | {name + ".npy": npy(np.zeros(2))})
    refusal(path)


@pytest.mark.parametrize("steps", [float("nan"), float("inf"), -1, 2.5])
def test_senseless_steps_are_refused(tmp_path, good, steps):
    path = tmp_path / "m.npz"
    write(path, good | {"optimizer/steps.npy": npy(np.array(steps))})
    assert "steps" in refusal(path)


@pytest.mark.parametrize(
    "costs",
    [np.zeros((2, 2)), np.array(1.0), np.array([1, 2]), np.array(["a"]), np.zeros(2, "f4")],
)
def test_a_history_that_is_none_is_refused(tmp_path, good, costs):
    path = tmp_path / "m.npz"
    write(path, good | {"history/costs.npy": npy(costs)})
    assert "history/costs has shape" in refusal(path)


@pytest.mark.parametrize("pairs", [[1.0], [np.nan, 0.5], [np.inf, 0.5], [[1.0, 0.5]]])
def test_validation_costs_that_are_none_are_refused(tmp_path, good, pairs):
    path = tmp_path / "m.npz"
    write(path, good | {"history/validation.npy": npy(np.array(pairs))})
    assert refusal(path).startswith("m.npz is no whole checkpoint: ")


def test_a_history_longer_than_its_file_is_refused_in_little_memory(tmp_path, good):
    path = tmp_path / "m.npz"
    write(path, good | {"history/costs.npy": header("<f8", (10**9,), b"\0" * 80)})
    assert "history/costs is cut short" in refusal(path)


def test_an_encrypted_entry_is_refused(tmp_path, good):
    path = tmp_path / "m.npz"
    write(path, good)
    data = bytearray(path.read_bytes())
    for signature, flags in ((b"PK\1\2", 8), (b"PK\3\4", 6)):
        data[data.index(signature) + flags] |= 1
    path.write_bytes(data)
    assert "encrypted" in refusal(path)
