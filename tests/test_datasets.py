"""The cat pictures: what `load_cats` reads and refuses, and what `drawn_cats` draws."""

import hashlib
import os
import shutil
import warnings
from pathlib import Path

import numpy as np
import pytest

from nn import datasets

GOOD = {
    "train_images.csv": "0,1,2\n253,254,255\n10,20,30\n",
    "train_labels.csv": "0\n1\n1\n",
    "test_images.csv": "7,8,9\n1,1,1\n",
    "test_labels.csv": "1\n0\n",
}


def write(folder: Path, **changes: str | bytes) -> Path:
    """Write the four small files, with e.g. `train_images` other than in GOOD."""
    files = GOOD | {f"{name}.csv": content for name, content in changes.items()}
    for name, content in files.items():
        data = content.encode() if isinstance(content, str) else content
        (folder / name).write_bytes(data)
    return folder


def digest(cats: datasets.Cats) -> str:
    return hashlib.sha256(b"".join(array.tobytes() for array in cats)).hexdigest()


# Reading files


def test_reads_all_four_files(tmp_path: Path) -> None:
    cats = datasets.load_cats(write(tmp_path))
    assert isinstance(cats, datasets.Cats)
    assert cats.train_images.tolist() == [[0, 1, 2], [253, 254, 255], [10, 20, 30]]
    assert cats.train_labels.tolist() == [[0], [1], [1]]
    assert cats.test_images.tolist() == [[7, 8, 9], [1, 1, 1]]
    assert cats.test_labels.tolist() == [[1], [0]]
    assert [array.dtype for array in cats] == [np.uint8, np.int64, np.uint8, np.int64]


def test_takes_the_folder_as_text(tmp_path: Path) -> None:
    assert datasets.load_cats(str(write(tmp_path))).test_images.shape == (2, 3)


@pytest.mark.parametrize(
    "content",
    [
        "1,2,3\r\n4,5,6\r\n7,8,9\r\n",
        "1,2,3\n4,5,6\n7,8,9",
        " 1, 2 ,3\n4,5,6\n7,8,9\n",
        "+1,002,3\n4,5,6\n7,8,9\n",
    ],
    ids=["CRLF", "no last line end", "spaces", "sign and zeros"],
)
def test_accepts_harmless_differences(tmp_path: Path, content: str) -> None:
    images = datasets.load_cats(write(tmp_path, train_images=content)).train_images
    assert images.tolist() == [[1, 2, 3], [4, 5, 6], [7, 8, 9]]


@pytest.mark.parametrize("name", ["train_images", "train_labels"])
def test_a_byte_order_mark_is_no_part_of_the_first_value(tmp_path: Path, name: str) -> None:
    plain = datasets.load_cats(write(tmp_path))
    marked = b"\xef\xbb\xbf" + GOOD[f"{name}.csv"].encode()
    assert digest(datasets.load_cats(write(tmp_path, **{name: marked}))) == digest(plain)


def test_reads_a_single_line_and_a_single_value(tmp_path: Path) -> None:
    single = {"train_images": "5", "train_labels": "1", "test_images": "6", "test_labels": "0"}
    cats = datasets.load_cats(write(tmp_path, **single))
    assert [array.shape for array in cats] == [(1, 1)] * 4


NOT_PIXELS = "abc,, ,nan,inf,-1,256,300,0.5,17.0,1e2,1_0,0x10,#,5#,5;6,'5',5\x00,\u0661,99999999"


@pytest.mark.parametrize("found", NOT_PIXELS.split(","))
def test_names_the_place_of_a_value_that_is_no_pixel(tmp_path: Path, found: str) -> None:
    folder = write(tmp_path, train_images=f"0,1,2\n3,4,{found}\n5,6,7\n")
    with pytest.raises(ValueError) as caught:
        datasets.load_cats(folder)
    assert str(caught.value) == (
        f"train_images.csv, line 2, column 3: {found!r} is not a whole number from 0 to 255 "
        "in plain digits"
    )


IN_DIGITS = "is not a whole number from 0 to 255 in plain digits"
A_LABEL = "is not 0 (not a cat) or 1 (cat)"
PLAIN = "; save it without a header and an index"
SAVETXT = '; np.savetxt(path, array, fmt="%d", delimiter=",") writes it so'
COUNTING = ",".join(map(str, range(12)))
ROWS = f"{COUNTING[::-1]}\n" * 5


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("train_images", "", " is empty; expected one line per image"),
        ("train_labels", "", " is empty; expected one line per image"),
        ("train_images", "\n", ", line 1 is blank; delete it"),
        ("train_images", "\n1,2,3\n4,5,6\n7,8,9\n", ", line 1 is blank; delete it"),
        ("train_images", "1,2,3\n \t\n4,5,6\n7,8,9\n", ", line 2 is blank; delete it"),
        ("train_images", "1,2,3\r\n\r\n4,5,6\r\n7,8,9\r\n", ", line 2 is blank; delete it"),
        ("train_labels", "1\n0\n1\n\n", ", line 4 is blank; delete it"),
        ("train_images", "1,2,3\n4,5\n7,8,9\n", ", line 2: 2 values, expected 3 as in line 1"),
        ("train_images", "1,2\n4\n7,8\n", ", line 2: 1 value, expected 2 as in line 1"),
        ("train_images", "1,2,3\n4,5,6\n7,8,9,0\n", ", line 3: 4 values, expected 3 as in line 1"),
        ("train_images", "1,2,3\n4,5,6,\n7,8,9\n", f", line 2, column 4: '' {IN_DIGITS}"),
        ("train_images", "0," * 11 + "x\n", f", line 1, column 12: 'x' {IN_DIGITS}"),
        ("train_images", "# pixels\n1,2,3\n", f", line 1, column 1: '# pixels' {IN_DIGITS}"),
        ("train_images", b"1,2,3\n4,\xff5,6\n", f", line 2, column 2: '\ufffd5' {IN_DIGITS}"),
        ("train_images", "p0,p1,p2\n1,2,3\n", f", line 1, column 1: 'p0' {IN_DIGITS}{PLAIN}"),
        ("train_images", "red,g\n1,2\n", f", line 1, column 1: 'red' {IN_DIGITS}{PLAIN}"),
        ("train_images", ",0,1\n0,9,9\n1,8,8\n", f", line 1, column 1: '' {IN_DIGITS}{PLAIN}"),
        (
            "train_images",
            ",".join(map(str, range(300))) + "\n" + "9," * 299 + "9\n",
            f", line 1, column 257: '256' {IN_DIGITS}{PLAIN}",
        ),
        (
            "train_images",
            "".join(f"{i},7,7\n" for i in range(300)),
            f", line 257, column 1: '256' {IN_DIGITS}{PLAIN}",
        ),
        ("train_images", f"{COUNTING}\n{ROWS}", f", line 1 counts the columns{PLAIN}"),
        (
            "test_images",
            "".join(f"{i},{i * i},7\n" for i in range(1, 7)),
            f", column 1 counts the lines{PLAIN}",
        ),
        (
            "train_images",
            "0.000000000000000000e+00 2.500000000000000000e+02\n",
            f", line 1, column 1: '0.000000000000000...' {IN_DIGITS}{SAVETXT}",
        ),
        (
            "train_labels",
            "1.000000000000000000e+00\n",
            f", line 1, column 1: '1.000000000000000...' {A_LABEL}{SAVETXT}",
        ),
        ("train_labels", "0,1\n1,1\n", f", line 1: 2 values, expected 1{PLAIN}"),
        ("train_labels", ",label\n0,1\n", f", line 1, column 1: '' {A_LABEL}{PLAIN}"),
        (
            "train_images",
            "1;2;3;4;5;6;7;8;9;10;11\n",
            f", line 1, column 1: '1;2;3;4;5;6;7;8;9...' {IN_DIGITS}",
        ),
        ("train_labels", "0\n2\n1\n", f", line 2, column 1: '2' {A_LABEL}"),
        ("train_labels", "0\n1\n-1\n", f", line 3, column 1: '-1' {A_LABEL}"),
        ("train_labels", "label\n0\n1\n1\n", f", line 1, column 1: 'label' {A_LABEL}{PLAIN}"),
        ("train_labels", "1.0\n0\n1\n", f", line 1, column 1: '1.0' {A_LABEL}"),
        ("train_labels", "0,1,1\n", ", line 1: 3 values, expected 1"),
        ("test_labels", "1\n1,0\n", ", line 2: 2 values, expected 1"),
        ("test_images", "1,2,3\n4,5,600\n", f", line 2, column 3: '600' {IN_DIGITS}"),
        (
            "train_labels",
            "1\n0\n",
            ": 2 labels for the 3 images of train_images.csv; give one label per image",
        ),
        (
            "test_labels",
            "1\n0\n1\n",
            ": 3 labels for the 2 images of test_images.csv; give one label per image",
        ),
        (
            "test_images",
            "1,2,3,4\n5,6,7,8\n",
            ": 4 values in a line, but train_images.csv has 3; "
            "images must be of the same size in both files",
        ),
    ],
)
def test_says_what_is_wrong_with_a_file(
    tmp_path: Path, name: str, content: str | bytes, message: str
) -> None:
    with pytest.raises(ValueError) as caught:
        datasets.load_cats(write(tmp_path, **{name: content}))
    assert str(caught.value) == f"{name}.csv{message}"


def test_a_fault_is_told_without_the_error_of_numpy(tmp_path: Path) -> None:
    with pytest.raises(ValueError) as caught:
        datasets.load_cats(write(tmp_path, train_images="x\n"))
    assert caught.value.__suppress_context__


@pytest.mark.parametrize(("content", "found"), [("", "is empty"), ("1,0.5,3\n", "'0.5' is not")])
def test_faults_are_told_also_where_warnings_are_ignored(
    tmp_path: Path, content: str, found: str
) -> None:
    with warnings.catch_warnings(), pytest.raises(ValueError, match=found):
        warnings.simplefilter("ignore")
        datasets.load_cats(write(tmp_path, train_images=content))


def test_the_first_of_several_faults_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"line 2, column 2: '999'"):
        datasets.load_cats(write(tmp_path, train_images="1,2,3\n4,999,6\n\n7,x,9\n"))


def test_a_missing_folder(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError) as caught:
        datasets.load_cats(tmp_path / "nowhere")
    assert str(caught.value) == (
        f"{tmp_path / 'nowhere'} does not exist; give the folder that holds train_images.csv, "
        "train_labels.csv, test_images.csv, test_labels.csv"
    )


def test_a_file_for_a_folder(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"train_images\.csv is not a folder; give the"):
        datasets.load_cats(write(tmp_path) / "train_images.csv")


def test_all_missing_files_are_named_at_once(tmp_path: Path) -> None:
    write(tmp_path)
    (tmp_path / "train_labels.csv").unlink()
    (tmp_path / "test_images.csv").unlink()
    (tmp_path / "test_images.csv").mkdir()  # a folder of that name is not the file either
    with pytest.raises(FileNotFoundError) as caught:
        datasets.load_cats(tmp_path)
    assert str(caught.value) == (
        f"{tmp_path} lacks train_labels.csv, test_images.csv; put the missing files there"
    )


def test_the_tutorials_own_files_are_named(tmp_path: Path) -> None:
    (tmp_path / "train_catvnoncat.h5").write_bytes(b"")
    with pytest.raises(FileNotFoundError, match=r"test_labels\.csv; write them of the \.h5 files"):
        datasets.load_cats(tmp_path)


def test_an_empty_folder(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError) as caught:
        datasets.load_cats(tmp_path)
    assert all(name in str(caught.value) for name in datasets.FILES)


def test_drawn_pictures_survive_a_round_trip(tmp_path: Path) -> None:
    cats = datasets.drawn_cats(train=6, test=3)
    for name, array in zip(datasets.FILES, cats, strict=True):
        np.savetxt(tmp_path / name, array, fmt="%d", delimiter=",")
    assert digest(datasets.load_cats(tmp_path)) == digest(cats)


# The well-known files themselves, where they are at hand


@pytest.fixture
def real_folder() -> Path:
    folder = os.environ.get("MICROTENSOR_CATS")
    if not folder:
        pytest.skip("MICROTENSOR_CATS does not name the folder with the real cat pictures")
    return Path(folder)


def test_the_real_files(real_folder: Path) -> None:
    cats = datasets.load_cats(real_folder)
    assert [array.shape for array in cats] == [(209, 12288), (209, 1), (50, 12288), (50, 1)]
    assert (cats.train_labels.sum(), cats.test_labels.sum()) == (72, 33)
    for name, array in zip(datasets.FILES, cats, strict=True):
        with open(real_folder / name) as file:
            assert np.array_equal(np.loadtxt(file, delimiter=",", ndmin=2), array)


def test_the_real_files_with_one_fault_near_the_end(real_folder: Path, tmp_path: Path) -> None:
    for name in datasets.FILES:
        shutil.copyfile(real_folder / name, tmp_path / name)
    path = tmp_path / "test_images.csv"
    path.write_text(path.read_text().rstrip("\n").rpartition(",")[0] + ",256\n")
    with pytest.raises(ValueError, match=r"^test_images\.csv, line 50, column 12288: '256' is not"):
        datasets.load_cats(tmp_path)


# Drawn pictures


@pytest.fixture(scope="module")
def cats() -> datasets.Cats:
    return datasets.drawn_cats()


def test_shapes_types_and_shares(cats: datasets.Cats) -> None:
    assert [array.shape for array in cats] == [(209, 12288), (209, 1), (50, 12288), (50, 1)]
    assert [array.dtype for array in cats] == [np.uint8, np.int64, np.uint8, np.int64]
    assert (cats.train_labels.sum(), cats.test_labels.sum()) == (72, 33)
    assert set(np.unique(cats.train_labels)) == {0, 1}


@pytest.mark.parametrize(("train", "test", "counts"), [(100, 10, (34, 7)), (1, 1, (0, 1))])
def test_other_numbers_keep_the_shares(train: int, test: int, counts: tuple[int, int]) -> None:
    few = datasets.drawn_cats(train=train, test=test)
    assert (len(few.train_images), len(few.test_images)) == (train, test)
    assert (few.train_labels.sum(), few.test_labels.sum()) == counts


@pytest.mark.parametrize(("train", "test"), [(0, 50), (209, 0), (-1, 5)])
def test_refuses_to_draw_nothing(train: int, test: int) -> None:
    with pytest.raises(ValueError) as caught:
        datasets.drawn_cats(train=train, test=test)
    assert str(caught.value) == f"train and test must be at least 1, found {train} and {test}"


def test_the_default_pictures_never_change(cats: datasets.Cats) -> None:
    # Figures in the documentation rest on these very bytes
    assert digest(cats) == "6d4f3ccb49c69d1cb7f88b8221ecddb891a2b407f92300259fd6eaa9d49a5299"


def test_the_same_seed_draws_the_same_and_another_does_not() -> None:
    first, again, other = (datasets.drawn_cats(seed, train=8, test=4) for seed in (3, 3, 4))
    assert digest(first) == digest(again)
    assert not np.array_equal(first.train_images, other.train_images)
    assert not np.array_equal(first.test_images, other.test_images)


def test_the_test_pictures_do_not_depend_on_the_number_trained_on(cats: datasets.Cats) -> None:
    assert np.array_equal(datasets.drawn_cats(train=2).test_images, cats.test_images)


def test_the_global_random_state_is_neither_used_nor_changed() -> None:
    np.random.seed(5)
    first = digest(datasets.drawn_cats(train=8, test=4))
    assert np.random.random() == np.random.RandomState(5).random()
    assert digest(datasets.drawn_cats(train=8, test=4)) == first


def test_no_picture_comes_twice(cats: datasets.Cats) -> None:
    images = np.concatenate([cats.train_images, cats.test_images])
    assert len(np.unique(images, axis=0)) == 259
    # Nor nearly: the closest pair still differs by more than the noise does
    pixels = images.astype(np.float64)
    squares = (pixels**2).sum(axis=1)
    between = squares[:, None] + squares - 2 * pixels @ pixels.T + np.diag([np.inf] * 259)
    assert np.sqrt(between.min() / 12288) > 15


def test_the_labels_are_shuffled(cats: datasets.Cats) -> None:
    changes = np.count_nonzero(np.diff(cats.train_labels[:, 0]))
    assert changes > 60  # 2 * 72 * 137 / 209 = 94 on average, 1 if sorted
    assert 10 < cats.train_labels[:100].sum() < 60


def test_each_picture_is_lively(cats: datasets.Cats) -> None:
    images = np.concatenate([cats.train_images, cats.test_images])
    assert images.std(axis=1).min() > 20
    assert images.min() == 0 and images.max() == 255


@pytest.mark.acceptance
def test_colour_and_brightness_give_nothing_away() -> None:
    """Nearest class mean, and the best linear fit, on features that tell nothing of shapes."""
    many = datasets.drawn_cats(seed=2, train=400, test=400)

    def features(images: np.ndarray) -> np.ndarray:
        pixels = images.reshape(len(images), 4096, 3) / 255
        return np.hstack([pixels.mean(axis=1), pixels.std(axis=1), np.ones((len(images), 1))])

    train, test = features(many.train_images), features(many.test_images)
    is_cat, answer = many.train_labels[:, 0] == 1, many.test_labels[:, 0] == 1
    near, far = (
        ((test - train[which].mean(axis=0)) ** 2).sum(axis=1) for which in (is_cat, ~is_cat)
    )
    weights = np.where(is_cat, 0.5 / is_cat.sum(), 0.5 / (~is_cat).sum())[:, None] ** 0.5
    target = np.where(is_cat, 1.0, -1.0)[:, None]
    fitted = np.linalg.lstsq(weights * train, weights * target, rcond=None)[0]
    for guess in (near < far, (test @ fitted)[:, 0] > 0):
        balanced = (guess[answer].mean() + (~guess[~answer]).mean()) / 2
        assert balanced < 0.65
