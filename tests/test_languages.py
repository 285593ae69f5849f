"""The languages: each says all that English says, at every door, and nothing is said outside."""

import base64
import gzip
import hashlib
import importlib.util
import inspect
import json
import pickle
import re
import string
import sys
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
from test_film import moons
from test_film import network as small_network
from test_page import SHARED, chromium, data_of, needs_renderer, text_of, watched  # noqa: F401
from test_picture import leaf, network, neuron

import microtensor as mt
import nn
from microtensor import (
    Graph,
    Tensor,
    detail,
    difference,
    draw,
    explain,
    film,
    follow,
    frames,
    page,
    paths,
    primitive,
    views,
)
from microtensor.__main__ import main
from microtensor.lexicon import ROWS
from microtensor.views import languages as package  # how a language is found

VIEWS = Path(package.__file__).parent.parent
ENGLISH = import_module("microtensor.views.languages.en").SENTENCES
OTHERS = [code for code in package.languages() if code != "en"]
NOTATION = {  # functions in what a row sends, the same in every language
    *"abs cos cosh ddof det exp inv log max mean min ord outer sign sin sinh solve sum".split(),
}
VARIABLE = "MICROTENSOR_LANGUAGE"


# Catalogues -------------------------------------------------------------------------------------


def catalogue(code):
    return import_module(f"microtensor.views.languages.{code}")


def fields(text):
    return {field for _, field, _, _ in string.Formatter().parse(text) if field is not None}


def worded(text):
    """Whether a template has words, beside its fields and the names of functions."""
    return set(re.findall(r"[a-z]{2,}", re.sub(r"\{\w+\}", "", text))) - NOTATION


def told():
    """Every text of the lexicon's rows that has words."""
    for row in ROWS.values():
        for case in ({}, *row.cases.values()):
            some = row._replace(**case)
            yield from some.why
            yield from filter(worded, (*some.locals, *some.sends))
            yield from [some.written] if re.search(r"\b(if|not)\b", some.written) else ()


@pytest.mark.parametrize("code", OTHERS)
def test_a_language_has_every_sentence_with_its_fields(code):
    own = catalogue(code).SENTENCES
    missing = {key: text for key, text in ENGLISH.items() if key not in own}
    assert missing == {}, f"say these in languages/{code}.py"
    forms = {key for key in own if f"{key.rpartition('.')[0]}.many" in ENGLISH}  # `few`
    assert set(own) - forms - set(ENGLISH) == set(), f"nobody says these of languages/{code}.py"
    for key, text in ENGLISH.items():
        counts = {"count", "number"} if key.endswith((".one", ".many")) else set()  # "a million"
        assert fields(own[key]) | counts == fields(text) | counts, key
        for side in (str.lstrip, str.rstrip):  # a space that joins it to something
            assert (side(own[key]) == own[key]) == (side(text) == text), key
        assert own[key].isprintable(), key


@pytest.mark.parametrize("code", OTHERS)
def test_a_language_has_every_reason_of_the_lexicon(code):
    own = catalogue(code).LEXICON
    missing = [text for text in dict.fromkeys(told()) if text not in own]
    assert missing == [], f"say these in languages/{code}.py"
    assert set(own) - set(told()) == set(), f"no row says these of languages/{code}.py"
    for text, other in own.items():
        assert fields(other) == fields(text), text


@pytest.mark.parametrize(
    ("code", "places"),
    [
        ("en", ["1st", "2nd", "3rd", "4th", "11th", "12th", "13th", "21st", "22nd", "111th"]),
        ("es", ["1.er", "2.º", "3.er", "4.º", "11.º", "12.º", "13.er", "21.er", "22.º", "111.º"]),
    ],
)
def test_ordinals(code, places):
    ordinal = package.catalogue(code).ordinal
    assert [ordinal(k) for k in (1, 2, 3, 4, 11, 12, 13, 21, 22, 111)] == places


# Which language is spoken -----------------------------------------------------------------------


def test_an_argument_the_environment_and_english(monkeypatch):
    L, names = neuron()
    english, spanish = "Backward: newest first", "Hacia atrás, desde el último"
    assert english in explain(L, names=names)
    assert spanish in explain(L, names=names, language="es")
    monkeypatch.setenv(VARIABLE, "es")
    assert spanish in explain(L, names=names)
    assert english in explain(L, names=names, language="en")
    monkeypatch.setenv(VARIABLE, "")
    assert english in explain(L, names=names)


def test_an_unknown_language_is_told_in_a_line(monkeypatch, capsys, tmp_path):
    L, names = neuron()
    known = ", ".join(package.languages())
    for door in (explain, draw):
        with pytest.raises(ValueError, match=f"^{door.__name__}: language 'xx' isn't one of "):
            door(L, names=names, language="xx")
    with pytest.raises(ValueError, match=f"^film: language 5 isn't one of {known}$"):
        film(tmp_path / "film.html", language=5)
    monkeypatch.setenv(VARIABLE, "../en")
    said = f"MICROTENSOR_LANGUAGE: language '../en' isn't one of {known}"
    with pytest.raises(ValueError, match=f"^{re.escape(said)}$"):
        explain(L, names=names)
    with pytest.raises(SystemExit) as stopped:
        main(["doctor"])
    assert stopped.value.code == 2
    assert capsys.readouterr().err == f"microtensor: {said}\n"
    assert "Hacia atrás" in explain(L, names=names, language="es")


def test_a_door_leaves_the_language_as_it_was():
    L, names = neuron()
    with pytest.raises(ValueError, match="wasn't computed from 'v'"):
        explain(L, "v", names=names, language="es")
    assert "Backward: newest first" in explain(L, names=names)


def test_threads_speak_their_own_languages():
    L, names = neuron()
    want = {code: str(explain(L, names=names, language=code)) for code in ("en", "es")}

    def tell(k):
        code = ("en", "es")[k % 2]
        return explain(L, names=names, language=code) == want[code]

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(tell, range(24)))


def test_what_is_shown_later_is_in_the_language_it_was_made_in(monkeypatch):
    L, names = neuron()
    moved = difference(Graph.of(L, names), Graph.of(L, names), language="es")
    assert re.match(
        r" +forma +valor o RMS +cambio +RMS de la diferencia +gradiente o RMS\n", str(moved)
    )
    assert str(pickle.loads(pickle.dumps(moved))) == str(moved)
    story = explain(L, names=names, language="es")
    monkeypatch.setenv(VARIABLE, "en")
    assert '<div class="microtensor-story" lang="es">' in story._repr_mimebundle_()["text/html"]


@needs_renderer
def test_a_picture_and_a_page_say_which_language_they_are_in(tmp_path):
    L, names = neuron()
    picture = draw(L, names, language="es")
    assert ' xml:lang="es" ' in picture.pipe("svg", encoding="utf-8")
    assert ' xml:lang="en" ' in draw(L, names).pipe("svg", encoding="utf-8")
    assert '<html lang="es">' in text_of(page(L, tmp_path / "a.html", names, language="es"))
    first, *_ = frames(L, tmp_path, names=names, language="es")
    assert ' xml:lang="es" ' in text_of(first)


def test_a_graph_as_data_is_the_same_in_every_language(monkeypatch):
    L = leaf([1.0, -2.0], "x").relu().sum()
    monkeypatch.setenv(VARIABLE, "es")
    said = [(edge.formula, edge.sends) for edge in Graph.of(L).edges]
    assert said == [("1 if x > 0 else 0", ""), ("", "∂L/∂L, copied to each entry")]
    told = views.words.in_words(Graph.of(L))  # which views read
    assert [(edge.formula, edge.sends) for edge in told.edges] == [
        ("1 si x > 0; 0 si no", ""),
        ("", "∂L/∂L, copiado en cada elemento"),
    ]
    assert told.find("x").value.tolist() == [1.0, -2.0]


def test_errors_stay_english():
    A = leaf(np.ones((2, 2)), "A")
    with pytest.raises(ValueError, match=r"isn't a single number; reduce it by \.sum\(\)"):
        paths(A * 2, A, language="es")
    with pytest.raises(ValueError, match=r"isn't a single number; reduce it by \.sum\(\)"):
        follow(A * 2, "A[0, 0]", language="es")
    y = A
    for _ in range(60):
        y = y * 0.5 + y * 0.5
    with pytest.raises(ValueError, match=r"about 1\.15e18 paths of arrays lead from"):
        paths(y.sum(), A, language="es")


def test_a_film_keeps_its_language(tmp_path, monkeypatch):
    path = tmp_path / "film.html"
    made = film(path, 1, language="es")
    monkeypatch.setenv(VARIABLE, "en")
    w = leaf(2.0, "w")
    for k in range(3):
        made(k, w * w)
    made.due = 1e99
    made(3, w * w)
    del made  # what was held back is written as the film is dropped
    text = text_of(path)
    assert '<html lang="es">' in text
    assert "La película de un entrenamiento" in text
    assert '"iteration":3' in text


@pytest.mark.parametrize("arguments", [["--language", "es"], ["--language=es"], ["--lang", "es"]])
def test_the_command_line_and_its_help(arguments, capsys, monkeypatch):
    main([*arguments, "explain", "w*w", "w=2"])
    main(["explain", "w*w", "w=2", *arguments])
    said = capsys.readouterr().out
    assert said.count("Hacia delante: cada valor") == 2
    with pytest.raises(SystemExit):
        main(["draw", "--help", *arguments])
    spanish = capsys.readouterr().out
    assert spanish.startswith("uso: ")
    assert "\nopciones:\n  -h, --help            muestra esta ayuda y termina\n" in spanish
    with pytest.raises(SystemExit):
        main(["draw", "x", "--language", "xx"])
    assert "--language: invalid choice: 'xx'" in capsys.readouterr().err
    monkeypatch.setenv(VARIABLE, "es")
    main(["doctor"])
    assert capsys.readouterr().out.endswith(("\nse puede dibujar: sí\n", "pip install"))


# What Spanish makes of it -----------------------------------------------------------------------


def test_spanish_conditions_and_counts():
    x = leaf(2.0, "x")
    story = explain((x * x).relu(), language="es")
    assert "Llega ∂L/∂L = 1; derivada local ∂L/∂z = 1: 1 × 1 = 1." in story  # no equation
    assert "x recibe de z (2.º uso)" in story
    assert "falta 1 contribución." in story
    text = explain(leaf([1.0, -2.0], "x").relu().sum(), language="es")
    assert "∂L/∂a × (1 si x > 0; 0 si no), elemento a elemento" in re.sub(r"\s+", " ", text)


def test_spanish_conditions_in_expressions():
    x, y = leaf([1.0, -2.0], "x"), leaf([3.0, 4.0], "y")
    result = mt.where(Tensor([True, False], name="c"), x, y)
    result.name = "r"
    for said in (explain(result.sum(), language="es"), str(draw(result, language="es"))):
        assert "(x si c; y si no)" in said
        assert " if " not in said and " else " not in said
    assert "(x if c else y)" in explain(result.sum())
    text = explain(result.sum(), format="latex", language="es")
    assert r"(x \;\text{si}\; c; y \;\text{si no}\;)" in text


def test_names_that_are_words_stand_in_quotes_but_not_within_formulas():
    a, y = leaf(2.0, "a"), leaf(3.0, "y")
    L = (a * y).relu() + a
    said = re.sub(r"\s+", " ", explain(L, language="es"))
    assert "«a» recibe de L" in said and "«y» recibe de z" in said
    assert "con «a» + 1e−6, L varía en 4e−6" in said
    assert "z = a · y" in said and "∂z/∂a = y = 3" in said and "∂L/∂y = 2" in said
    assert "llevan desde «a» hasta L" in paths(L, a, language="es")
    assert "“" not in explain(L)
    matrix = leaf(np.eye(2), "a")
    solved = explain(mt.linalg.solve(matrix, [1.0, 2.0]).sum(), language="es")
    assert "como a @ t1 = x, una variación de «a» equivale" in re.sub(r"\s+", " ", solved)
    assert "abierta donde «y» > 0" in explain(y.relu(), language="es")
    assert "«a» vale exactamente 0:" in explain(leaf(0.0, "a").relu(), language="es")
    follows = follow(mt.stack([a * k for k in range(8)]).sum(), "a", language="es")
    assert "Los otros 2 usos de «a» envían 1 en total." in follows


def test_counts_of_one_of_what_is_left_out():
    a = leaf(2.0, "a")
    seven = follow(mt.stack([a * k for k in range(7)]).sum(), a.name)
    assert "The other use of a sends 0." in seven
    x = np.array([1.0, 2, 3, 4, 5, 6, 0.5])
    assert "  the other 1 sends 0.5\n" in follow((x * a).sum(), "a")
    x = np.array([1.0, 2, 3, 4, 5, 6, 0.5, -1])
    assert "los otros 2 suman 0.5; de ellos, 1 envía 0\n" in follow(
        (x * a).relu().sum(), "a", language="es"
    )
    x[6:] = -1
    assert "los otros 2 suman 0\n" in follow((x * a).relu().sum(), "a", language="es")


def test_three_axes_are_a_list():
    L = (leaf(1.0, "b") * np.ones((2, 3, 4))).sum()
    assert "added over axes 0, 1 and 2" in re.sub(r"\s+", " ", explain(L))
    assert "sobre los ejes 0, 1 y 2" in re.sub(r"\s+", " ", explain(L, language="es"))


def test_spanish_names_of_large_numbers():
    large = views.words.large
    with package.speaking("es"):
        assert [large(10**k) for k in (6, 9, 12)] == [
            "aproximadamente 1 millón",
            "aproximadamente mil millones",
            "aproximadamente 1 billón",
        ]
        assert large(10_700_000_000) == "aproximadamente 10.7 mil millones"
        assert large(2 * 10**12) == "aproximadamente 2 billones"


def test_spanish_words_in_latex():
    x = leaf([1.0, 2.0], "x")
    text = explain((x.relu() * leaf([1.0], "b")).sum(), format="latex", language="es")
    assert r"\left(1 \;\text{si}\; x > 0; 0 \;\text{si no}\;\right)" in text
    assert r"\text{(sumado sobre el eje 0)}" in text
    assert r"\;\text{devuelto al orden de antes}\;" in explain(
        mt.sort(x).sum(), format="latex", language="es"
    )
    assert "máximo" in explain(mt.max(x), format="latex", language="es")


def test_a_rule_of_ones_own_says_what_its_owner_says():
    step = "1 if {0} > 0 else 0"
    own = primitive("own", np.abs, lambda g, out, x: g, words="por ser mía", locals=step)
    story = explain(own(leaf(2.0, "x")), language="es")
    assert "derivada local ∂L/∂x = 1: 1 × 1 = 1." in story  # a condition is no equation
    assert "La regla: por ser mía." in story


# A page in several languages --------------------------------------------------------------------

SPANISH = {"title": "Una neurona", "text": "Aquí.", "questions": {"¿Cuánto?": "Uno."}}


def packed(text):
    """The other pages in a page, by language."""
    data = re.search(r'<script id="languages" type="application/json">(.*?)</script>', text)[1]
    pages = json.loads(data)["pages"].items()
    return {code: gzip.decompress(base64.b64decode(page)).decode() for code, page in pages}


@needs_renderer
def test_a_page_holds_its_translations(tmp_path):
    L, names = neuron()
    alone = text_of(page(L, tmp_path / "es.html", names, **SPANISH, language="es"))
    path = page(L, tmp_path / "en.html", names, title="<b>", translations={"es": SPANISH})
    both = text_of(path)
    still = '<script type="text/plain">'
    assert packed(both) == {"es": alone.replace("<script>", still)}
    assert '<html lang="en">' in both
    assert "<title>&lt;b&gt;</title>" in both
    assert len(re.findall("<script>", both)) == 1  # what chooses a language is all that runs
    policy = re.search(r"script-src ([^;]*);", both)[1].split()
    scripts = re.findall(
        r"<script(?: type=\"text/plain\")?>(.*?)</script>", both + alone, re.DOTALL
    )
    known = [base64.b64encode(hashlib.sha256(x.encode()).digest()).decode() for x in scripts]
    assert set(policy) == {f"'sha256-{code}'" for code in known}
    assert len(both) < 1.4 * len(alone)


@needs_renderer
def test_translations_that_make_no_sense_are_refused(tmp_path):
    L, names = neuron()
    path = tmp_path / "page.html"
    for given, error, said in (
        ("es", TypeError, "page: translations is a dict of languages and their texts"),
        ({"xx": {}}, ValueError, "page: language 'xx' isn't one of "),
        ({"en": {}}, ValueError, "page: translations has 'en', which the page itself is in"),
        ({"es": "Una neurona"}, TypeError, "page: a translation is a dict with some of title, "),
        ({"es": {"titel": ""}}, TypeError, "page: a translation is a dict with some of title, "),
        ({"es": {"title": 5}}, TypeError, "page: title is text, got 5"),
    ):
        with pytest.raises(error, match=f"^{re.escape(said)}"):
            page(L, path, names, translations=given)
        assert not path.exists()


@needs_renderer
def test_a_page_switches_its_language_and_remembers(chromium, tmp_path):  # noqa: F811
    L, names = neuron()
    first, second = (
        page(L, tmp_path / f"{k}.html", names, title="A neuron", translations={"es": SPANISH})
        for k in range(2)
    )
    wrong = []
    tab = watched(chromium, wrong)
    tab.context.add_init_script(SHARED)

    def shows(language, title, where):
        tab.wait_for_selector(f'html.alive[lang="{language}"]')
        assert (tab.inner_text("h1"), tab.inner_text("#where")) == (title, where)

    tab.goto(f"file://{first}?language=constructor#step-2")
    shows("en", "A neuron", "step 2 of 10")
    tab.keyboard.press("ArrowRight")
    tab.click("text=Español")
    shows("es", "Una neurona", "paso 3 de 10")
    tab.wait_for_url(re.compile(r"0\.html\?language=es#step-3$"))
    tab.keyboard.press("ArrowRight")  # one script hears it
    shows("es", "Una neurona", "paso 4 de 10")
    tab.fill("#numbers input", "5")
    assert "p = 5 · 3 = 15." in tab.inner_text("#steps")
    tab.goto(f"file://{second}")
    shows("es", "Una neurona", "paso 0 de 10")
    tab.click("text=English")
    shows("en", "A neuron", "step 0 of 10")
    assert wrong == []
    tab.context.close()


@pytest.mark.parametrize(
    ("sizes", "english", "spanish"),
    [((7, 99), "792", "792"), ((31, 31), "992", "992"), ((32, 31), "1,023", "1023"),
     ((99, 100), "10,000", "10\u00a0000"), ((1023, 1000), "1,024,000", "1\u00a0024\u00a0000")],
)  # fmt: skip
def test_counts_are_grouped_as_one_writes_them(sizes, english, spanish):
    model = nn.Sequential(nn.Linear(*sizes))
    L = model(np.ones((1, sizes[0]))).mean()
    assert f">{english} parameter" in str(draw(L, collapse=1))
    assert f">{spanish} par" in str(draw(L, collapse=1, language="es"))


# A third language is one file -------------------------------------------------------------------


def garbled(text):
    """A text in no language: every letter outside of its fields is ж."""
    return "".join(
        part if part.startswith("{") else re.sub("[A-Za-z]", "ж", part)
        for part in re.split(r"(\{[^{}]*\})", text)
    )


@pytest.fixture
def third(tmp_path, monkeypatch):
    """A language that is put beside the others, and in which nothing reads like English."""
    (tmp_path / "xx.py").write_text(
        f"SENTENCES = { {key: garbled(text) for key, text in ENGLISH.items()} }\n"
        f"LEXICON = { {text: garbled(text) for text in told()} }\n"
        "SENTENCES['path.few'] = 'ж {count} жж'\n"
        "form = lambda count: {1: 'one', 2: 'few'}.get(count, 'many')\n",
        encoding="utf-8",
    )
    monkeypatch.setattr(package, "__path__", [*package.__path__, str(tmp_path)])
    package.languages.cache_clear()
    yield "xx"
    sys.modules.pop("microtensor.views.languages.xx", None)
    package.languages.cache_clear()
    package.catalogue.cache_clear()


def test_a_language_has_its_own_forms_for_counts(third):
    with package.speaking(third):
        said = [views.words.say("path", count) for count in (1, 2, 3)]
        assert said == ["1 жжжж", "ж 2 жж", "3 жжжжж"]
        assert views.words.say("numbers", 2) == "2 жжжжжжж"  # this one has no form of its own


def softmax_graph():
    X, W = Tensor(np.eye(3, 2), name="X"), leaf(np.arange(6.0).reshape(2, 3), "W")
    b = leaf(np.zeros(3), "b")
    A = mt.softmax((X @ W + b).relu(), axis=1)
    return -(mt.log(A) * Tensor(np.eye(3))).mean()


def folded():
    y = leaf(1.0, "x")
    for _ in range(400):
        y = y * 0.5 + 1.0
    return y


def many():
    """Results that say different things."""
    x, w = leaf(2.0, "x"), leaf(0.0, "w")
    yield "numbers", (x * x + x * w).relu() * mt.maximum(x, w)
    yield "softmax", softmax_graph()
    yield "layers", network()
    yield "folded", folded()
    yield "array", leaf(np.ones((2, 2)), "A") * 2
    yield "constant", Tensor(1.0, name="c") * 2
    with np.errstate(divide="ignore"):
        yield "not finite", mt.log(leaf([0.0, 1.0], "v")).sum()


def rendered(folder, code):
    """All that the doors say, by name."""
    x, y = leaf(2.0, "x"), leaf(3.0, "y")
    z = x * x + x * y
    yield "paths", paths(z, x, language=code)
    yield "paths", paths(folded(), "x", language=code)
    yield "follow", follow(softmax_graph(), "W[0, 1]", language=code)
    yield "difference", str(difference(Graph.of(z), Graph.of(z), language=code))
    if importlib.util.find_spec("matplotlib"):
        figure = detail(np.array([[1.0, np.nan], [2.0, 3.0]]), (1, 2), language=code)
        parts = [figure, *figure.subfigs]
        texts = [text for part in parts for ax in part.axes for text in (*ax.texts, ax.title)]
        yield "detail", "\n".join(text.get_text() for text in texts)
    for name, L in many():
        yield f"draw {name}", draw(L, language=code).scene
        yield f"explain {name}", explain(L, language=code)
        if name != "folded":
            yield f"latex {name}", explain(L, format="latex", language=code)
        if name in ("numbers", "layers"):
            yield f"page {name}", text_of(page(L, folder / "page.html", language=code))
            sheet = mt.worksheet(L, folder / "sheet.html", language=code)
            yield f"worksheet {name}", text_of(sheet)
    yield "frames", " ".join(map(text_of, frames(x.relu(), folder / "frames", language=code)))
    yield "film", filmed(folder / "film.html", code)


def filmed(path, code):
    X, Y = moons()
    model = small_network(nn.ReLU)
    made = film(path, 1, language=code)
    model.layers[0].weight.data[1] = 0.0
    model.layers[0].bias.data[1] = -1.0
    options = {"print_every": None, "progress": False}
    nn.fit(model, X, Y, iterations=8, callbacks=[made], **options)
    return text_of(path)


SAID = re.compile(r'(?:aria-label|title|alt|placeholder|data-light)="([^"]*)"')


def visible(said):
    """What is read or heard of a text, a scene or a page."""
    if not isinstance(said, str):
        cells = [*said.title, *(c for line in said.legend for c in line)]
        cells += [c for card in said.cards for row in (card.heading, *card.rows) for c in row]
        cells += [c for arrow in said.arrows for line in arrow.lines for c in line]
        return "\n".join(cell.text for cell in cells)
    if "</" not in said:
        return said
    bare = re.sub(r"<(style|script|title)\b.*?</\1>|<!.*?>", " ", said, flags=re.DOTALL)
    attributes = [text for text in SAID.findall(bare) if text]
    data = texts(data_of(said)) if '<script id="data"' in said else ()
    return "\n".join([re.sub(r"<[^>]*>", " ", bare), *attributes, *data])


def texts(data, told=False):
    """The texts in a page's data that are told."""
    if isinstance(data, str):
        yield from [re.sub(r"\{\w+.*?\}", " ", data)] if told else ()
    elif isinstance(data, dict):
        for key, value in data.items():
            yield from texts(value, told or key in ("sentences", "words", "notes", "said", "sum"))
    elif isinstance(data, list):
        for value in data:
            yield from texts(value, told)


# Names of values, rules and layers; what Python and NumPy call things
NAMES = NOTATION | {
    *"relu sigmoid softmax matmul maximum multiply axis nan inf add layers layer BCELoss".split(),
    *"CatClassifier Sequential Linear True False None requires_grad gradient".split(),
}


@needs_renderer
def test_nothing_is_said_outside_of_the_catalogue(third, tmp_path):
    """In a language without a Latin letter, what is left of them are names."""
    for name, said in rendered(tmp_path, third):
        text = visible(said)
        assert "ж" in text or name.startswith("latex"), name
        if name.startswith("latex"):
            text = re.sub(r"\\[a-z]+|\{align\*\}|\{pmatrix\}", " ", text)
        words = set(re.findall(r"[A-Za-z]{3,}", text)) - NAMES
        assert words == set(), name
    pytest.importorskip("matplotlib", reason="of a figure's words nothing is known")


def test_every_door_takes_a_language_and_is_looked_at_here():
    doors = [getattr(views, name) for name in views.__all__ if name.islower()]
    speaking = {f.__name__ for f in doors if "language" in inspect.signature(f).parameters}
    assert {f.__name__ for f in doors} - speaking == {"to_source"}  # a program is code
    looked_at = inspect.getsource(rendered) + inspect.getsource(filmed)
    assert {name for name in speaking if f"{name}(" not in looked_at} == set()


def test_the_help_is_in_the_catalogue(third, capsys):
    with pytest.raises(SystemExit):
        main(["draw", "--help", "--language", third])
    known = "python microtensor draw help language theme light dark collapse output graph svg auto "
    known += "script log sigmoid"
    words = set(re.findall("[A-Za-z]{3,}", capsys.readouterr().out)) - set(known.split())
    assert words == set()


def test_scripts_say_nothing_of_their_own():
    """Two words are a sentence, and so is one with a capital; selectors and keys are none."""
    chosen = re.compile(
        r"\b(?:find|all|matches|closest|querySelector(?:All)?)\((?:\"[^\"\n]*\"|`[^`\n]*`)"
    )
    names = {*"use strict select button input textarea summary a label forward backward".split()}
    names |= {*"Home End Enter Escape Tab Infinity True False".split()}
    for path in VIEWS.rglob("*.js"):
        code = re.sub(r"/\*.*?\*/|^\s*//.*?$", "", text_of(path), flags=re.DOTALL | re.MULTILINE)
        for text in re.findall(r'"[^"\n]*"|`[^`\n]*`', chosen.sub("", code)):
            bare = re.sub(r"\$\{[^}]*\}", "", text[1:-1])
            words = re.findall(r"(?:^|(?<= ))([A-Za-z]+)[.,:!?]?(?= |$)", bare)
            fine = len(words) < 2 and not re.fullmatch(r"[A-Z][a-z]+\W*", bare)
            fine = fine or names.issuperset(words)
            assert fine, f"{path.name}: {text} belongs into the catalogue"


def test_templates_say_nothing_of_their_own():
    for path in VIEWS.rglob("*.html"):
        text = re.sub(r"\{say\[[\w.]+\]\}|\{\w+\}", "", text_of(path))
        assert re.findall("[A-Za-z]{2,}", re.sub(r"<[^>]*>", " ", text)) == [], path.name
        assert [said for said in SAID.findall(text) if said] == [], path.name


@needs_renderer
def test_the_script_of_a_page_says_nothing_of_its_own(third, chromium, tmp_path):  # noqa: F811
    x, w = leaf(2.0, "x"), leaf(-3.0, "w")
    path = page((x * x + x * w).relu() * w, tmp_path / "page.html", language=third)
    tab = chromium.new_context(reduced_motion="reduce").new_page()
    tab.goto(f"file://{path}")
    heard = "[...document.querySelectorAll('[aria-label]')].map((e) => e.ariaLabel).join(' ')"
    said = ""
    tab.click(".card >> nth=0")
    for _ in range(20):
        said += tab.inner_text("body") + tab.evaluate(heard)
        tab.keyboard.press("ArrowRight")
    tab.fill("#numbers input", "5")
    said += tab.inner_text("body")
    tab.fill("#numbers input", "?")
    said += tab.inner_text("body")
    tab.click("#predict")
    for _ in range(20):
        tab.keyboard.press("ArrowLeft")
        if tab.is_visible("#ask"):
            for answer in ("?", "123456"):
                tab.fill("#answer", answer)
                tab.keyboard.press("Enter")
                said += tab.inner_text("body")
            tab.fill("#answer", "")
    assert said.count("ж") > 1000
    assert set(re.findall(r"[A-Za-z]{3,}", said)) - NAMES == set()
    tab.context.close()
