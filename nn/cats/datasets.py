"""The cat / not-cat pictures: `load_cats` reads them from files, `drawn_cats` draws its own."""

from __future__ import annotations

import os
import re
import warnings
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

FILES = ("train_images.csv", "train_labels.csv", "test_images.csv", "test_labels.csv")
CATS_IN_TRAIN, CATS_IN_TEST = 72 / 209, 33 / 50  # the shares of the well-known files

PLAIN = "; save it without a header and an index"

Images = NDArray[np.uint8]
Labels = NDArray[np.int64]


class Cats(NamedTuple):
    """Pictures to train on and pictures to test with, one per row; a label is 1 for a cat, else 0.

    Images are uint8, shape (n, 12288): 64 x 64 pixels row by row, each red, green, blue from 0 to
    255. Labels are int64, shape (n, 1).
    """

    train_images: Images
    train_labels: Labels
    test_images: Images
    test_labels: Labels


def drawn_cats(seed: int = 1, train: int = 209, test: int = 50) -> Cats:
    """Draw `train` and `test` pictures of cats and other things; the same ones for the same seed.

    As in the well-known files, 72 of 209 training pictures and 33 of 50 test pictures are cats.
    """
    if train < 1 or test < 1:
        raise ValueError(f"train and test must be at least 1, found {train} and {test}")
    # A generator of its own for each half: the test pictures do not depend on the number trained on
    for_train, for_test = np.random.default_rng(seed).spawn(2)
    return Cats(*_draw(for_train, train, CATS_IN_TRAIN), *_draw(for_test, test, CATS_IN_TEST))


def _draw(rng: np.random.Generator, count: int, share: float) -> tuple[Images, Labels]:
    is_cat = np.arange(count) < round(count * share)
    rng.shuffle(is_cat)
    from .drawings import draw  # not at the top: only this function needs it

    images = np.stack([draw(rng, bool(cat)).reshape(-1) for cat in is_cat])
    return images, is_cat.astype(np.int64)[:, np.newaxis]


def load_cats(folder: str | os.PathLike[str]) -> Cats:
    """Read train_images.csv, train_labels.csv, test_images.csv and test_labels.csv from `folder`.

    Values are separated by commas, without header and index: one image per line, one label per
    line. Any number of lines will do, and any number of values per image, the same in all lines.

    Raises FileNotFoundError when the folder or files are missing and ValueError, saying where,
    when a file does not hold what it should.
    """
    folder = os.fspath(folder)
    _check_files(folder)
    train_images, train_labels = _read_pair(folder, *FILES[:2])
    test_images, test_labels = _read_pair(folder, *FILES[2:])
    found, expected = test_images.shape[1], train_images.shape[1]
    if found != expected:
        raise ValueError(
            f"{FILES[2]}: {found} values in a line, but {FILES[0]} has {expected}; "
            "images must be of the same size in both files"
        )
    return Cats(train_images, train_labels, test_images, test_labels)


def _check_files(folder: str) -> None:
    if not os.path.isdir(folder):
        what = "is not a folder" if os.path.exists(folder) else "does not exist"
        raise FileNotFoundError(f"{folder} {what}; give the folder that holds {', '.join(FILES)}")
    missing = [name for name in FILES if not os.path.isfile(os.path.join(folder, name))]
    if missing:
        hdf5 = any(name.endswith((".h5", ".hdf5")) for name in os.listdir(folder))
        cure = "write them of the .h5 files" if hdf5 else "put the missing files"
        raise FileNotFoundError(f"{folder} lacks {', '.join(missing)}; {cure} there")


def _read_pair(folder: str, images_name: str, labels_name: str) -> tuple[Images, Labels]:
    images = _read(os.path.join(folder, images_name), highest=255)
    labels = _read(os.path.join(folder, labels_name), highest=1, width=1)
    if len(images) != len(labels):
        raise ValueError(
            f"{labels_name}: {len(labels)} labels for the {len(images)} images of {images_name}; "
            "give one label per image"
        )
    return images, labels.astype(np.int64)


def _read(path: str, highest: int, width: int | None = None) -> NDArray[np.uint8]:
    """Read whole numbers from 0 to `highest`, `width` per line or as many as in line 1."""
    # A byte that is not UTF-8 becomes a replacement character, and so is found not to be a number
    with open(path, encoding="utf-8-sig", errors="replace") as file:
        lines = file.readlines()
    try:
        with warnings.catch_warnings():
            # A warning is all that tells of an empty file, and in older NumPy of 0.5 read as 0
            warnings.simplefilter("error")
            values = np.loadtxt(lines, np.uint8, comments=None, delimiter=",", ndmin=2)
    except (ValueError, Warning):
        raise ValueError(f"{os.path.basename(path)}{_fault(lines, highest, width)}") from None
    # loadtxt skips blank lines, hence the look at the number of lines
    if len(values) != len(lines) or values.max() > highest or width not in (None, values.shape[1]):
        raise ValueError(f"{os.path.basename(path)}{_fault(lines, highest, width)}")
    # Small enough, the numbers of columns and lines would pass for colours
    n, wide = values.shape
    if wide >= 12 and np.array_equal(values[0], np.arange(wide)):
        raise ValueError(f"{os.path.basename(path)}, line 1 counts the columns{PLAIN}")
    if n >= 5 and wide > 1 and np.array_equal(values[:, 0] - values[0, 0], np.arange(n)):
        raise ValueError(f"{os.path.basename(path)}, column 1 counts the lines{PLAIN}")
    return values


def _fault(lines: list[str], highest: int, width: int | None) -> str:
    """Go through the lines one by one to say where the first fault is and what should be there."""
    expected = f"a whole number from 0 to {highest} in plain digits"
    if highest == 1:
        expected = "0 (not a cat) or 1 (cat)"
    if not lines:
        return " is empty; expected one line per image"
    same = "" if width else " as in line 1"
    for number, line in enumerate(lines, start=1):
        fields = line.rstrip("\n").split(",")
        if not line.strip():
            return f", line {number} is blank; delete it"
        for column, field in enumerate(fields, start=1):
            if not (re.fullmatch("[+-]?[0-9]{1,99}", field.strip()) and 0 <= int(field) <= highest):
                found = field if len(field) <= 20 else field[:17] + "..."
                hint = _hint(field.strip(), number, column)
                return f", line {number}, column {column}: {found!r} is not {expected}{hint}"
        width = width or len(fields)
        if len(fields) != width:
            count = "1 value" if len(fields) == 1 else f"{len(fields)} values"
            hint = PLAIN if (number, len(fields)) == (1, 2) else ""
            return f", line {number}: {count}, expected {width}{same}{hint}"
    return f": expected lines of whole numbers from 0 to {highest} with commas between"


def _hint(field: str, line: int, column: int) -> str:
    """What to do about a value that other programs write."""
    if re.match(r"[0-9.]+e[+-][0-9]", field):
        return '; np.savetxt(path, array, fmt="%d", delimiter=",") writes it so'
    counted = (line == 1 and field == str(column - 1)) or (
        column == 1 and field in (str(line - 1), str(line - 2))
    )
    header = line == 1 and re.fullmatch(r'|"?[A-Za-z]\w.*', field)
    return PLAIN if counted or header else ""
