"""The worksheet: blanks on the first pages, the key on those behind."""

import re
from pathlib import Path

import numpy as np
import pytest
from test_page import chromium, needs_renderer, watched  # noqa: F401
from test_picture import HOSTILE, leaf, network, neuron

from microtensor import relu, worksheet

BLANK = "_" * 8
pytestmark = needs_renderer


def halves(path):
    """What can be read on the sheet, and in its key."""
    text = Path(path).read_text(encoding="utf-8").partition("<main>")[2]
    sheet, _, key = text.partition('class="sheet key"')
    assert key
    return sheet, key


def written(html):
    """The texts of the picture's cards and arrows, in order."""
    return re.findall(r"<tspan[^>]*>([^<]*)</tspan>", html)


def test_every_number_but_those_of_the_leaves_is_a_blank(tmp_path):
    out, names = neuron()
    sheet, key = halves(worksheet(out, tmp_path / "sheet.html", names=names))
    blanks, full = written(sheet), written(key)
    assert len(blanks) == len(full)
    numbers = [text for text in blanks if re.fullmatch(r"−?[\d.]+(e−?\d+)?", text)]
    assert numbers == ["−2", "4", "3"]  # of w, b and x
    assert not any("=" in text and re.search(r"= .*\d", text) for text in blanks)
    assert {"−6", "0.1192", "−2.127"} < set(full)
    assert not any(BLANK in text for text in full)
    assert sheet.count("<li>") == key.count("<li>") > 4


def test_an_arrow_asks_for_its_local_derivative_and_the_product(tmp_path):
    w, x = leaf(2.0, "w"), leaf(3.0, "x")
    sheet, key = halves(worksheet(w * x, tmp_path / "sheet.html"))
    assert "∂L/∂w = x = 3" in key and f"∂L/∂w = {BLANK}" in sheet
    assert f"◂ {BLANK} × {BLANK} =" in sheet


def test_matrices_have_a_blank_for_each_entry(tmp_path):
    W, X = leaf([[1.0, 2.0], [3.0, 4.0]], "W"), leaf([[5.0], [6.0]], "X")
    sheet, _ = halves(worksheet(relu(W @ X).sum(), tmp_path / "sheet.html"))
    assert "[1\xa0\xa02]" in sheet and "[17]" not in sheet
    assert "[_____]" in sheet and "[_____\xa0\xa0_____]" in sheet


def test_of_layers_the_sizes_are_asked(tmp_path):
    sheet, key = halves(worksheet(network(), tmp_path / "sheet.html"))
    computed = [size for size in re.findall(r">(\d+×\d+)<", key) if f">{size}<" not in sheet]
    assert computed and f">{BLANK}<" in sheet
    assert "gradient has the size of its value" in sheet


def test_without_gradients_none_are_asked_for(tmp_path):
    sheet, key = halves(worksheet(leaf([1.0, 2.0], "v") * 2.0, tmp_path / "sheet.html"))
    assert "Fill in the blanks: the blue values." in sheet and "◂" not in key
    assert "upstream" in halves(worksheet(neuron()[0], tmp_path / "s.html"))[0]


@pytest.mark.acceptance
@pytest.mark.parametrize("name", HOSTILE)
def test_names_stay_text(name, tmp_path):
    x = leaf(2.0, name)
    text = "".join(halves(worksheet(x * x, tmp_path / "s.html", title=name, text=name)))
    assert text.count("</script>") == 1 and "<table" not in text
    assert text.count("<b>") == text.count("</b>") == text.count("<li>") / 2


@pytest.mark.parametrize(
    "given, message",
    [
        ({"filename": "sheet.svg"}, "worksheet: a page is .html; 'sheet.svg' is written by draw"),
        ({"filename": "sheet.PDF"}, "worksheet: a page is .html; 'sheet.PDF' is written by draw"),
        ({"filename": 5}, "worksheet: a file such as 'worksheet.html' is expected, got 5"),
        ({"filename": "s.html", "text": 5}, "worksheet: text is text, got 5"),
    ],
)
def test_what_is_no_sheet_is_refused(given, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises((TypeError, ValueError), match=message):
        worksheet(leaf(2.0, "x") * 3.0, **given)
    assert not list(tmp_path.iterdir())


def test_it_prints_with_the_key_on_a_page_of_its_own(chromium, tmp_path):  # noqa: F811
    w, x = leaf(2.0, "w"), leaf(3.0, "x")
    wrong = []
    tab = watched(chromium, wrong)
    tab.goto(f"file://{worksheet(np.square(w * x), tmp_path / 'sheet.html')}")
    tab.click("#theme")
    assert tab.inner_text("#theme") == "Light"
    tab.evaluate("window.print = () => { window.printed = true; }")
    tab.click("#print")
    assert tab.evaluate("window.printed") is True
    printed = tab.pdf(format="A4")
    assert len(re.findall(rb"/Type\s*/Page\b", printed)) == 2
    tab.emulate_media(media="print")
    assert not tab.locator("#print").is_visible()
    assert wrong == []
    tab.context.close()
