"""Questions, links and the course: what each lesson says is true, in both languages."""

import contextlib
import html
import io
import re
import runpy
import shutil
import sys
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from test_page import EACH_ITS_OWN, SHARED, chromium, neuron, watched  # noqa: F401
from test_page_alive import until
from test_picture import pygraphviz_is_there

from microtensor import Graph, Tensor, film, grad, maximum, page, square

LESSONS = Path(__file__).parent.parent / "examples" / "lessons"
LANGUAGES = ["en", "es"]

needs_renderer = pytest.mark.skipif(
    not (shutil.which("dot") or pygraphviz_is_there()), reason="Graphviz isn't installed"
)


@cache
def course():
    """What all.py is made of."""
    return runpy.run_path(str(LESSONS / "all.py"))


@cache
def lesson(name):
    """A lesson's variables, before a page is written."""
    return runpy.run_path(str(LESSONS / f"{name}.py"))


NAMES = course()["LESSONS"]
each_lesson = pytest.mark.parametrize("name", NAMES)


@pytest.fixture(scope="module")
def lessons(tmp_path_factory):
    """The folder that all.py writes, in both languages."""
    folder = tmp_path_factory.mktemp("lessons")
    printed = io.StringIO()
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(printed):
        patch.chdir(folder)
        patch.setattr(sys, "argv", ["all.py"])
        runpy.run_path(str(LESSONS / "all.py"), run_name="__main__")
    files = [f"{i:02}-{name}.html" for i, name in enumerate(NAMES, 1)]
    assert printed.getvalue().splitlines() == [
        line
        for at in ("lessons", "lessons/es")
        for line in [*(f"{at}/{file}" for file in files), f"{at}/index.html links them"]
    ]
    return folder / "lessons"


# Questions and links on a page ------------------------------------------------------------------

ASKED = {
    "How many?": (1.5, "Three halves."),
    "Why?": (["B, because", "A, perhaps", "C, never"], "It is so."),
    "And then?": "Nothing.",
}
LINKS = {"Next": "2.html", "Elsewhere": "https://example.org/?a=1&b=2"}


@needs_renderer
def test_questions_are_checked_choices_sorted_and_links_stand_at_both_ends(tmp_path):
    L, names = neuron()
    text = Path(page(L, tmp_path / "x.html", names, questions=ASKED, links=LINKS)).read_text(
        "utf-8"
    )
    assert text.count('<form class="question"') == 2 and 'data-right="1.5"' in text
    choices = re.findall(r'<input type="radio" name="question-1"( data-right)?> ([^<]*)<', text)
    assert choices == [("", "A, perhaps"), (" data-right", "B, because"), ("", "C, never")]
    assert "<summary>And then?</summary><p>Nothing.</p>" in text
    for part in re.search("<nav.*?</nav>.*<footer.*?</footer>", text, re.DOTALL)[0].split("<main>"):
        assert part.count('<a href="2.html">Next</a>') == 1
        assert part.count('href="https://example.org/?a=1&amp;b=2"') == 1


@needs_renderer
def test_a_page_without_questions_has_no_script_for_them(tmp_path):
    text = Path(page(*neuron()[:1], tmp_path / "x.html")).read_text("utf-8")
    assert "<form class" not in text and "microtensor-score" not in text and "<nav" not in text


@pytest.mark.parametrize(
    ("options", "error", "said"),
    [
        ({"questions": {"a": (1,)}}, TypeError, "the answer to 'a' is a text, or (answer, why)"),
        ({"questions": {"a": (1, 2)}}, TypeError, "the answer to 'a' is"),
        ({"questions": {"a": (np.nan, "x")}}, TypeError, "the answer to 'a' is"),
        ({"questions": {"a": (True, "x")}}, TypeError, "the answer to 'a' is"),
        ({"questions": {"a": (1j, "x")}}, TypeError, "the answer to 'a' is"),
        ({"questions": {"a": (np.ones(2), "x")}}, TypeError, "the answer to 'a' is"),
        ({"questions": {"a": (["one"], "x")}}, TypeError, "the answer to 'a' is"),
        ({"questions": {"a": (["one", "one"], "x")}}, TypeError, "the answer to 'a' is"),
        ({"questions": {"a": (["one", 2], "x")}}, TypeError, "the answer to 'a' is"),
        ({"questions": {1: "a"}}, TypeError, "each question is text, got 1"),
        ({"questions": "why?"}, TypeError, "questions is a dict of them and answers, got 'why?'"),
        (
            {"links": ["a.html"]},
            TypeError,
            "links is a dict of texts and addresses, got ['a.html']",
        ),
        ({"links": {"a": 3}}, TypeError, "links is a dict of texts and addresses, got 3"),
        (
            {"links": {"a": "javascript:x"}},
            ValueError,
            "'a' leads to 'javascript:x'; a link has a text, and an address such as",
        ),
        ({"links": {"a": ""}}, ValueError, "the link 'a' leads to ''; a link has a text"),
        (
            {"links": {"a": "http://[x"}},
            ValueError,
            "the link 'a' leads to 'http://[x'; a link",
        ),
        ({"links": {" ": "a.html"}}, ValueError, "the link ' ' leads to 'a.html'; a link has a"),
        ({"questions": {"": "a"}}, TypeError, "each question is text, got ''"),
        ({"questions": {"a": (["one", " "], "x")}}, TypeError, "the answer to 'a' is"),
        ({"questions": {"a": (["one", "one "], "x")}}, TypeError, "the answer to 'a' is"),
        ({"title": 3}, TypeError, "title is text, got 3"),
        ({"title": 0}, TypeError, "title is text, got 0"),
    ],
)
def test_what_is_no_lesson_is_said_in_one_line_and_nothing_written(options, error, said, tmp_path):
    for who, call in (
        ("page", lambda: page(neuron()[0], tmp_path / "x.html", **options)),
        ("film", lambda: film(tmp_path / "x.html", **options)),
    ):
        with pytest.raises(error) as caught:
            call()
        assert str(caught.value).startswith(f"{who}: ") and said in str(caught.value)
        assert "\n" not in str(caught.value) and not list(tmp_path.iterdir())


@needs_renderer
def test_what_questions_and_links_say_is_escaped(tmp_path):
    evil = '"><script>alert(1)</script>'
    asked = {evil: ([evil, "b"], evil), evil * 2: (1, evil)}
    path = page(neuron()[0], tmp_path / "x.html", questions=asked, links={evil: f"a{evil}"})
    text = Path(path).read_text("utf-8")
    assert "<script>alert" not in text and text.count("<script") == 4


# The course, without its pages ------------------------------------------------------------------


def test_each_script_is_a_lesson_of_the_course():
    assert {path.stem for path in LESSONS.glob("*.py")} == {*NAMES, "all"}


@each_lesson
def test_both_languages_say_the_same(name):
    found = lesson(name)
    assert set(found["LESSON"]) == set(found["LINES"]) == set(LANGUAGES)
    english, spanish = (found["LESSON"][language] for language in LANGUAGES)
    assert set(english) == set(spanish) == {"title", "text", "questions"}
    kinds = []
    for part in (english, spanish):
        answers = part["questions"].values()
        checked = [answer[0] for answer in answers if not isinstance(answer, str)]
        assert len(checked) == 3 and len(answers) == 4  # and something to try
        kinds.append([len(x) if isinstance(x, list) else float(x) for x in checked])
    assert kinds[0] == kinds[1]


@pytest.mark.parametrize("language", LANGUAGES)
@each_lesson
def test_texts_are_short(name, language):
    found = lesson(name)
    texts = found["LESSON"][language]
    assert texts["text"].strip().count("\n\n") == 1 and len(texts["text"]) < 750
    assert len(found["LINES"][language]) < 100 and "\n" not in found["LINES"][language]


def answers(name):
    """What is asked in English: the numbers, and of choices the right one."""
    asked = lesson(name)["LESSON"]["en"]["questions"].values()
    checked = [answer[0] for answer in asked if not isinstance(answer, str)]
    return [x[0] if isinstance(x, list) else x for x in checked]


def values(name, *names):
    return [lesson(name)[x] for x in names]


# What the lessons say ---------------------------------------------------------------------------


def test_nudge():
    x, f = values("nudge", "x", "f")
    moved, slope, _ = answers("nudge")
    assert grad(f, x) == 6 and moved == pytest.approx(0.0601)
    at = Tensor(-5.0, requires_grad=True)
    assert slope == grad(square(at), at)


def test_gates():
    a, b, c, s, f = values("gates", "a", "b", "c", "s", "f")
    assert answers("gates") == [grad(f, c), "Both local derivatives of a sum are 1.", 5]
    assert grad(f, s) == grad(f, a) == grad(f, b) == -2
    assert grad((a + b) * 0.0, a) == 0


def test_a_neuron():
    w, b, x, z, p, L = values("neuron", "w", "b", "x", "z", "p", "L")
    way, local, times = answers("neuron")
    assert grad(L, w) > 0 and way == "Grow."
    assert grad(L, z) == grad(L, p) == grad(L, b) and local == 1
    assert times == pytest.approx(x.item())
    z = w * x + 40.0
    assert z.item() == 34 and grad(z.sigmoid(), z) < 1e-14


def test_gradients_add():
    a, c, p, q, f = values("sums", "a", "c", "p", "q", "f")
    steps = list(Graph.of(f, {"a": a, "c": c, "p": p, "q": q, "f": f}).steps)
    arriving = [i for i, s in enumerate(steps, 1) if s.edge is not None and s.node.name == "a"]
    assert arriving == [7, 9, 10] and answers("sums")[0] == grad(f, a) == 1
    assert [s.edge.contribution for s in steps if s.edge and s.node.name == "a"] == [-3, 2, 2]
    assert grad(a * a + a * -4.0, a) == 0


def test_order_matters():
    a, b, c = values("order", "a", "b", "c")
    steps = list(Graph.of(c, {"a": a, "b": b, "c": c}).steps)
    assert steps[3].node.name == "b" and steps[3].total == 1 and steps[3].waiting == 1
    x = a
    for _ in range(10):
        x = x + x
    contributions = sum(edge.contribution is not None for edge in Graph.of(x).edges)
    assert answers("order") == [grad(c, a), 2 * steps[3].total, contributions] == [4, 2, 20]
    assert grad(x, a) == 1024


def test_backward():
    names = {k: v for k, v in lesson("backward").items() if isinstance(v, Tensor)}
    graph = Graph.of(names["L"], names)
    back = sum(edge.contribution is not None for edge in graph.edges)
    onward = 0
    for leaf in "abcd":  # a walk from each: the arrows that lead on from what was reached
        reached, arrows = {leaf}, 0
        for node in graph.nodes:
            into = [e for e in graph.edges if e.target == node.id]
            on = [e for e in into if graph.node(e.source).name in reached]
            arrows += len(on)
            reached |= {node.name} if on else set()
        onward += arrows
    assert answers("backward")[0] == back == 7
    assert onward == lesson("backward")["forward"] == 13
    text = lesson("backward")["LESSON"]
    assert "13 products" in text["en"]["text"] and "13 productos" in text["es"]["text"]


def test_a_bias_is_copied():
    X, b, Z, L = values("bias", "X", "b", "Z", "L")
    assert grad(L, b).tolist() == [24, 18] and answers("bias")[0] == 24
    assert grad(L, Z).T.tolist() == [[4, 8, 12], [2, 6, 10]]
    twice = square(np.concatenate([X, X]) + b).sum()
    assert (grad(twice, b) / grad(L, b)).tolist() == [2, 2] and answers("bias")[2] == 2
    other = Tensor([-3.0, -4.0], requires_grad=True)
    assert grad(square(X + other).sum(), other).tolist() == [0, 0]


def test_matrices():
    named = values("matmul", "z1", "z2", "w11", "w12", "w21", "w22", "x1", "x2")
    (L,) = values("matmul", "L")
    found = [grad(L, x).item() for x in named]
    assert found == [1, 4, 2, 1, 8, 4, -3, 14] and answers("matmul")[1:] == [8, -3]
    W = Tensor([[1.0, 2.0], [-1.0, 3.0]], requires_grad=True)
    x = Tensor([0.0, 1.0], requires_grad=True)
    z = W @ x
    assert (grad(z[0] * z[1], W) == 0).tolist() == [[True, False], [True, False]]


def test_relu():
    a, b, c, f = values("relu", "a", "b", "c", "f")
    assert answers("relu")[:2] == [grad(f, b), 3] == [3, 3] and grad(f, a) == 0
    shut = maximum(a, b) * (c - 4.0).relu()
    assert [grad(shut, x) for x in (a, b, c)] == [0, 0, 0]
    tie = maximum(a + 3.0, b)
    assert grad(tie, a) == grad(tie, b) == 0.5


def test_softmax():
    z, p, L = values("softmax", "z", "p", "L")
    assert grad(L, z) == pytest.approx(p.numpy() - [0, 1, 0])
    assert grad(L, z).round(4).tolist() == [0.7054, -0.7405, 0.0351]
    assert answers("softmax")[0] == grad(L, z)[1] and grad(L, z).sum() == pytest.approx(0)
    scores = np.exp([2, 8, -1])
    assert round(scores[1] / scores.sum(), 3) == 0.997


def test_descent():
    found = lesson("descent")
    costs = found["costs"]
    assert round(costs[0], 4) == 0.6655 and round(costs[1], 4) == 0.6082
    assert (np.diff(costs) < 0).all()
    assert found["below"] == 79 and costs[79] < 0.05 < costs[78]
    far = found["train"](1.0, 20)
    assert far[1] == found["far"] < far[0] and far[-1] > 1e6
    assert (np.diff(far[1:]) > 0).all()  # after the first step
    assert all("0.4567;" in str(found["LESSON"][language]) for language in LANGUAGES)
    assert answers("descent")[1] == pytest.approx(0.5 - 0.2 * -0.3)
    assert answers("descent")[0] == f"{costs[1]:.2f}"


def test_vanishing():
    x, s4, r4 = values("vanishing", "x", "s4", "r4")
    assert answers("vanishing") == [grad(r4, x), grad(s4, x), "Nothing."]
    assert round(grad(s4, x), 6) == 0.002164 < 0.25**4 < 0.004 and grad(r4, x) == 1
    assert grad((x * -1.0).relu(), x) == 0
    far = x * 20.0
    assert grad(far.sigmoid(), far) == pytest.approx(2e-9, rel=0.05)


def test_dead_units(tmp_path):
    found = lesson("dead")
    path = tmp_path / "film.html"
    assert found["dead"] == [3, 4, 7] and found["train"](1.0) == [] and answers("dead")[0] == 3
    found["write"](path, **found["LESSON"]["es"])
    text = path.read_text("utf-8")
    assert '<li data-iteration="4">' in text and "units 3, 4 and 7 of hidden die" in text
    assert "<h1>Neuronas muertas</h1>" in text and text.count('<form class="question"') == 3
    assert found["train"](1.0, [film(tmp_path / "calm.html", every=4)]) == []


def test_shared():
    u, x, h3, f = values("shared", "u", "x", "h3", "f")
    assert answers("shared") == [grad(f, u), grad(h3, x), "About 1."] == [1.5, 0.125, "About 1."]
    assert grad(f, x) - grad(h3, x) == 1
    v = Tensor(2.0, requires_grad=True)
    assert grad(v * (v * (v * x)), x) == 8


def test_nan():
    z, s, L = values("nan", "z", "s", "L")
    assert s.item() == 0 and L.item() == -np.inf
    with np.errstate(all="ignore"):
        assert grad(L, s) == np.inf and np.isnan(grad(L, z))
        ends = [(-30, 1, -30), (-709, 1, -709), (-710, np.inf, -710), (-745, np.inf, -744.4)]
        for at, gradient, value in [*ends, (-746, 0, -np.inf)]:
            z = Tensor(float(at), requires_grad=True)
            L = z.sigmoid().log()
            assert L.item() == pytest.approx(value, abs=0.1)
            assert at == -746 or grad(L, z) == pytest.approx(gradient)
    assert round(1 / (1 + np.exp(30)), 17) == 9.358e-14


def test_cats():
    model, L = values("cats", "model", "L")
    counts = [w.size + b.size for w, b in zip(*[iter(model.parameters())] * 2, strict=True)]
    assert answers("cats")[1] == counts[0] == 245_780 and sum(counts) == 245_973
    weights = list(model.parameters())[::2]
    gradients = [np.sqrt(np.mean(g**2)) for g in grad(L, weights)]
    shares = [g / np.sqrt(np.mean(w.data**2)) for g, w in zip(gradients, weights, strict=True)]
    assert gradients[0] < gradients[2] and np.argmin(shares) == 2
    for language in LANGUAGES:
        said = str(lesson("cats")["LESSON"][language])
        assert f"{shares[0]:.4g}" in said and f"{shares[2]:.4g}" in said


# The pages --------------------------------------------------------------------------------------


@needs_renderer
@pytest.mark.acceptance
def test_every_link_leads_to_a_page_and_every_lesson_is_small(lessons):
    pages = sorted(lessons.rglob("*.html"))
    assert len(pages) == 2 * (len(NAMES) + 1)
    for path in pages:
        text = path.read_text("utf-8")
        assert path.stat().st_size < 600_000
        links = re.findall(r'<a href="([^"#]+)#?"', text)
        assert len(links) >= 2
        for link in links:
            assert (path.parent / html.unescape(link)).resolve() in pages
        if path.stem != "index":
            assert text.count('<form class="question"') == 3
    cats = (lessons / "16-cats.html").read_text("utf-8")
    assert cats.count("dead: unit") == 2 and "gradient / value" in cats


@needs_renderer
@pytest.mark.acceptance
@each_lesson
def test_a_lesson_alone_is_a_script(name, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    runpy.run_path(str(LESSONS / f"{name}.py"), run_name="__main__")
    assert capsys.readouterr().out == f"{name}.html\n"
    assert [path.name for path in tmp_path.iterdir()] == [f"{name}.html"]


@needs_renderer
def test_the_switch_and_the_order_of_the_links(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    written = {}
    make = course()["write_course"]
    some = ["gates", "sums", "order"]
    monkeypatch.setitem(make.__globals__, "LESSONS", some)
    make(["en", "es"])
    capsys.readouterr()
    for at in ("lessons", "lessons/es"):
        for path in Path(at).glob("*.html"):
            text = path.read_text("utf-8")
            written[path.as_posix()] = re.findall(r'<a href="([^"#]+)#?"', text)
    assert written["lessons/02-sums.html"][:4] == [
        "01-gates.html", "index.html", "03-order.html", "es/02-sums.html"
    ]  # fmt: skip
    assert written["lessons/es/01-gates.html"][:3] == [
        "index.html", "02-sums.html", "../01-gates.html"
    ]  # fmt: skip
    assert written["lessons/index.html"] == ["es/index.html", *(f"{i:02}-{name}.html"
        for i, name in enumerate(some, 1))]  # fmt: skip
    make(["es"])
    assert "../" not in Path("lessons/es/01-gates.html").read_text("utf-8")


# In a browser -----------------------------------------------------------------------------------


@pytest.fixture
def reader(chromium, request):  # noqa: F811
    """A learner's browser; at the end nothing went wrong and nothing came from elsewhere."""
    wrong = []
    tab = watched(chromium, wrong)
    tab.context.add_init_script(getattr(request, "param", SHARED))
    tab.on("request", lambda r: r.url.startswith("file://") or wrong.append(r.url))
    tab.on("requestfailed", lambda r: wrong.append(r.url))
    yield tab
    tab.context.close()
    assert wrong == []


def follow(tab, link):
    """Clicks a link that leads to another page, waits for it and returns where it led: the page
    may bring its address up to date at any time."""
    before = tab.url.partition("#")[0]
    led = []

    def leads_away(url):
        led.append(url)
        return url.partition("#")[0] != before

    with tab.expect_navigation(url=leads_away):
        tab.locator(link).first.click()
    return led[-1]


def answer(form, right):
    """Answers a question, by keyboard: the right answer or another."""
    field = form.locator("input[type=text]")
    if field.count():
        field.fill(field.get_attribute("data-right") if right else "77.7")
    else:
        form.locator(f"input{'[data-right]' if right else ':not([data-right])'}").first.check()
    form.locator("input").first.press("Enter")


@needs_renderer
@pytest.mark.acceptance
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_learner_takes_the_course(language, lessons, reader):
    index = lessons / ("index.html" if language == "en" else "es/index.html")
    reader.goto(index.as_uri())
    follow(reader, "li a")
    for i, name in enumerate(NAMES, 1):
        reader.wait_for_url(re.compile(rf"/{i:02}-{name}\.html(#|$)"))
        assert reader.locator("h1").inner_text().startswith(f"{i}. ")
        forms = reader.locator("form.question")
        for k in range(3):
            answer(forms.nth(k), right=False)
            assert forms.nth(k).get_attribute("data-verdict") == "wrong"
            why = forms.nth(k).locator(".why")
            explained = why.locator("p").text_content()
            assert explained not in forms.nth(k).locator(".verdict").inner_text()
            assert why.locator("p").is_hidden()
            why.locator("summary").click()
            assert why.locator("p").is_visible()
            answer(forms.nth(k), right=True)
            assert forms.nth(k).get_attribute("data-verdict") == "right"
            assert explained in forms.nth(k).locator(".verdict").inner_text()
            assert why.is_hidden()
        score = re.findall(r"\d", reader.locator(".score").inner_text())
        assert score == ["3", "3", "0"]
        onward = f"footer a:has-text('{i + 1}. ')"
        if i < len(NAMES):
            follow(reader, onward)
    assert reader.locator(onward).count() == 0
    follow(reader, "nav a[href='index.html']")
    assert reader.locator("li .score").all_inner_texts() == ["3/3"] * len(NAMES)
    follow(reader, "nav a")
    assert reader.locator("html").get_attribute("lang") != language
    assert reader.locator("li .score").all_inner_texts() == ["3/3"] * len(NAMES)


@needs_renderer
@pytest.mark.acceptance
def test_other_numbers_are_told_in_every_lesson(lessons, reader):
    for file in sorted(lessons.glob("**/[01]*.html")):
        reader.goto(file.as_uri())
        if not reader.locator("#numbers:visible").count():
            continue
        for details in reader.locator("#numbers details").all()[:1]:
            details.locator("summary").click()
        reader.locator("#numbers input[type=text][data-id]").first.fill("0.5")
        if reader.is_visible("#learn"):
            reader.click("#descend")
            assert re.search("1 (step|paso)", reader.inner_text("#cost"))


@needs_renderer
@pytest.mark.acceptance
def test_no_lesson_is_wider_than_a_phone(lessons, reader):
    reader.set_viewport_size({"width": 360, "height": 740})
    for file in sorted(lessons.glob("**/*.html")):
        reader.goto(file.as_uri())
        assert reader.evaluate("document.documentElement.scrollWidth") <= 360, file.name


# How much of the main card of a step is seen, in its window and in the browser's
SEEN = """() => {
  const view = document.querySelector("#view").getBoundingClientRect();
  const share = (box) => {
    const room = (from, to, end) =>
      Math.min(box[to], view[to], end) - Math.max(box[from], view[from], 0);
    const width = room("left", "right", innerWidth) / Math.min(box.width, view.width);
    return Math.min(width, room("top", "bottom", innerHeight) / box.height);
  };
  const boxes = [...document.querySelectorAll("#view .card.now")]
    .map((card) => card.getBoundingClientRect())
    .filter((box) => box.width);
  return boxes.length ? Math.max(...boxes.map(share)) : 1;
}"""
# Of each step: which it is, the share of its card that is in sight, and where the button is then
TO_THE_END = f"""async () => {{
  const button = document.querySelector("#next");
  const found = [];
  while (document.querySelector("#view") && !button.disabled) {{
    button.click();
    await new Promise(requestAnimationFrame);
    const where = document.querySelector("#where").textContent;
    found.push([where, ({SEEN})(), button.getBoundingClientRect().top]);
  }}
  return found;
}}"""


@needs_renderer
@pytest.mark.acceptance
@pytest.mark.parametrize("size", [(390, 844), (844, 390), (1280, 800)])
def test_the_card_of_each_step_is_in_sight(size, lessons, reader):
    reader.set_viewport_size(dict(zip(("width", "height"), size, strict=True)))
    for file in sorted(lessons.glob("[01]*.html")):
        reader.goto(file.as_uri())
        for where, share, top in reader.evaluate(TO_THE_END):
            assert share > 0.98, (file.name, where)
            assert size[1] < 400 or top > -1, (file.name, where)


@needs_renderer
def test_a_picture_larger_than_its_window_fades_where_it_goes_on(tmp_path, reader):
    reader.set_viewport_size({"width": 390, "height": 844})
    x = Tensor(np.ones((9, 2)), requires_grad=True, name="a_name_that_is_rather_long")
    page((x @ np.ones((2, 9))).relu().sum(), tmp_path / "x.html")
    reader.goto((tmp_path / "x.html").as_uri())
    window, view = reader.locator("#window"), reader.locator("#view")

    def fades(left, right):
        edges = "getComputedStyle(document.querySelector('#window'))"
        said = [f"{edges}.getPropertyValue('--{k}')" for k in ("left", "right")]
        until(reader, f"{said[0]} === '{left}px' && {said[1]} === '{right}px'")

    view.evaluate("(view) => view.scrollTo(0, 0)")
    fades(0, 28)
    view.evaluate("(view) => view.scrollTo(60, 0)")
    fades(28, 28)
    view.evaluate("(view) => view.scrollTo(view.scrollWidth, view.scrollHeight)")
    fades(28, 0)
    drawn = "(some) => getComputedStyle(some, '::after')"
    assert "linear-gradient" in window.evaluate(f"{drawn}.backgroundImage")
    assert window.evaluate(f"{drawn}.width") == f"{view.evaluate('(view) => view.clientWidth')}px"
    reader.click("#fit")
    fades(0, 0)
    reader.emulate_media(media="print")
    assert window.evaluate(f"{drawn}.content") == "none"
    assert view.evaluate("(view) => getComputedStyle(view).maxHeight") == "none"


@needs_renderer
@pytest.mark.parametrize("name", ["descent", "nan"])
def test_what_was_found_is_told_at_the_last_step(name, tmp_path, reader):
    found = lesson(name)
    with np.errstate(all="ignore"):
        found["write"](tmp_path / "x.html", **found["LESSON"]["en"])
    reader.goto((tmp_path / "x.html").as_uri())
    told = reader.locator(".finding").last
    while reader.locator("#next").is_enabled():
        assert told.evaluate("(some) => getComputedStyle(some).visibility") == "hidden"
        reader.keyboard.press("ArrowRight")
    assert told.is_visible()


@needs_renderer
def test_texts_follow_while_it_learns_by_itself(tmp_path, reader):
    found = lesson("descent")
    found["write"](tmp_path / "x.html", **found["LESSON"]["en"])
    reader.goto((tmp_path / "x.html").as_uri() + "#step-3")
    told = reader.locator("#told div[aria-live]")
    begin = (
        told.inner_text(),
        reader.inner_text("#steps li:nth-child(7)"),
        reader.inner_text("#moved"),
    )
    assert "0.6655" in begin[0]
    reader.evaluate(  # a frame at a time
        "window.requestAnimationFrame = (frame) => { window.next = frame; return 0; }"
    )
    reader.click("#run")
    reader.evaluate("next()")
    reader.evaluate("next()")
    assert reader.inner_text("#run") == "Stop" and told.get_attribute("aria-live") == "off"
    cost = re.search(r"L = ([\d.]+)", reader.inner_text("#cost"))[1]
    assert cost != "0.6655" and cost in told.inner_text()
    later = reader.inner_text("#steps li:nth-child(7)"), reader.inner_text("#moved")
    assert later[0] != begin[1] and later[1] != begin[2]
    reader.click("#run")
    assert cost in told.inner_text() and told.get_attribute("aria-live") == "polite"


@needs_renderer
@pytest.mark.acceptance
def test_every_name_of_a_layer_is_in_the_text_of_its_lesson(lessons):
    """A title of a card or a frame, and the kind of its layer."""
    for file in sorted(lessons.glob("**/[01]*.html")):
        text = html.unescape(file.read_text("utf-8"))
        said = re.search('<div class="intro.*?</div>', text, re.DOTALL)[0]
        shown = set(
            re.findall(r'class="(?:name|quiet)">([A-Z][a-z]\w*|hidden|layers\.\d|layer[14])<', text)
        )
        shown |= set(re.findall(r'"name":"([a-z]\w{2,})"', text)) if "dead" in file.name else set()
        assert {name for name in shown if name not in said} <= {"Network", "CatClassifier"}, (
            file.name
        )
        assert "MSELoss" not in text


@needs_renderer
def test_answers_are_read_as_they_are_typed(tmp_path, reader):
    asked = {
        "How many?": (1.5, "Three halves."),
        "A third?": (1 / 3, "One of three."),
        "A count": (1024, "2 to the tenth."),
        "Minus": (-0.74050354, "Less than nothing."),
        "Nothing": (0, "Nought."),
        "Large": (245780, "Many."),
        "As computed": (0.1 + 0.2 - 0.3, "Rounding apart, nothing."),
        "Rounded": (3.0000000000000004, "Three."),
    }
    reader.goto(Path(page(neuron()[0], tmp_path / "x.html", questions=asked)).as_uri())
    right = [
        ["1.5", "1,5", " 3/2", "1.50", "15e-1", "0,75/0,5"],
        ["1/3", ".33", "0.333", "0,3333"],
        ["1024", "1,024", "1.024", "1 024"],
        ["−0.74", "-0.7405", "–0.741", "(-0.7405)"],
        ["0", "-0", "0.0"],
        ["245780", "245,780", "245.780", "245\u00a0780"],
        ["0"],
        ["3", "3.0"],
    ]
    wrong = [["2", "15", "-1.5"], ["0.3", "0.34", "3"], ["1020", "1000"], ["0.74", "-0.7", "-0.75"],
             ["1", "0.001"], ["245.78", "245,000"], ["0.1"], ["3.01", "3.1"]]  # fmt: skip
    none = ["", "x", "1.5.", "1/0", "--1", "1.2.3", "3/2/5"]
    for k, (some, others) in enumerate(zip(right, wrong, strict=True)):
        form = reader.locator("form.question").nth(k)
        for verdict, typed in [("right", some), ("wrong", others), ("", none)]:
            for text in typed:
                form.locator("input").fill(text)
                form.locator("input").press("Enter")
                assert (text, form.get_attribute("data-verdict")) == (text, verdict)
    assert "Choose an answer" in form.locator(".verdict").inner_text()
    assert "8 of 8 right, 8 at the first try" in reader.locator(".score").inner_text()


@needs_renderer
def test_keys_in_a_question_take_no_step_and_dark_is_kept(tmp_path, reader):
    L, names = neuron()
    first, second = (tmp_path / f"{i}.html" for i in (1, 2))
    page(L, first, names, questions=ASKED, links={"On": "2.html"})
    page(L, second, names, links={"Back": "1.html"})
    reader.goto(first.as_uri())
    radio = reader.locator("input[type=radio]").first
    radio.focus()
    for key in ("End", "PageDown", "ArrowDown", "ArrowRight", "ArrowLeft"):
        reader.keyboard.press(key)
        assert "step 0" in reader.inner_text("#where")
    assert reader.locator("input[type=radio]:checked").count() == 1
    reader.keyboard.press("Enter")
    assert reader.locator("form.question").nth(1).get_attribute("data-verdict") == "right"
    reader.click("#theme")
    follow(reader, "footer a")
    assert reader.locator("html").get_attribute("data-theme") == "dark"
    reader.click("#theme")
    reader.go_back()
    assert reader.locator("html").get_attribute("data-theme") == "light"
    # Where "back" returns to the page as it was left, it is told so by an event
    reader.evaluate("localStorage.setItem('microtensor-theme', 'dark')")
    reader.evaluate("dispatchEvent(new Event('pageshow'))")
    assert reader.locator("html").get_attribute("data-theme") == "dark"
    assert reader.inner_text("#theme") == "Light"


@needs_renderer
def test_the_switch_leads_to_the_same_place_with_the_same_numbers(tmp_path, reader):
    L, names = neuron()
    for file, link in (("a.html", "b/c.html#"), ("b/c.html", "../a.html#")):
        page(L, tmp_path / file, names, links={"Same": link, "Start": link[:-1]})
    reader.goto(Path(tmp_path / "a.html").as_uri())
    reader.locator("#predict").check()
    reader.keyboard.press("ArrowRight")
    reader.locator("#numbers input[type=text][data-id]").first.fill("0.5")
    led = follow(reader, "nav a")  # at once, before the address says so
    assert led.split("/")[-1].startswith("c.html#step-1&")
    assert reader.locator("#predict").is_checked()
    assert reader.locator("#numbers input[type=text][data-id]").first.input_value() == "0.5"
    reader.keyboard.press("ArrowRight")
    led = follow(reader, "footer a")
    assert led.split("/")[-1].startswith("a.html#step-") and "=0.5" in led
    assert follow(reader, "nav a:nth-child(2)").endswith("c.html")
    assert "step 0" in reader.inner_text("#where")
    training = film(tmp_path / "film.html", every=1, links={"Same": "again.html#"})
    for i in range(60):
        training(i, L)
    training.write()
    shutil.copy(tmp_path / "film.html", tmp_path / "again.html")
    reader.goto((tmp_path / "film.html").as_uri() + "#iteration-1")
    assert follow(reader, "nav a").endswith("again.html#iteration-1")
    reader.go_back()
    reader.click("#play")
    until(reader, "document.querySelector('#title').textContent > 'Iteration 2'")
    led = follow(reader, "nav a")
    assert int(led.rpartition("again.html#iteration-")[2]) > 1


@needs_renderer
@pytest.mark.acceptance
def test_each_lesson_is_in_the_other_language_at_the_same_place(lessons, reader):
    for file in sorted(lessons.glob("[01]*.html")):
        reader.goto(file.as_uri())
        before = reader.url
        opened = reader.locator(".module .title, .card[aria-expanded]")
        if opened.count():
            opened.first.click()
        if reader.is_visible("#numbers"):
            for details in reader.locator("#numbers details").all()[:1]:
                details.locator("summary").click()
            reader.locator("#numbers input[type=text][data-id]").first.fill("0.75")
        for _ in range(2):
            reader.keyboard.press("ArrowLeft" if "dead" in file.name else "ArrowRight")
        there = follow(reader, "nav a[href$='#']")
        place = there.partition("#")[2]
        assert "/es/" in there and place and there.partition("#")[0] != before
        assert follow(reader, "nav a[href$='#']") == f"{before.partition('#')[0]}#{place}"


@needs_renderer
@pytest.mark.acceptance
@pytest.mark.parametrize("reader", [SHARED, EACH_ITS_OWN], indirect=True, ids=["one", "each"])
def test_files_tell_each_other_what_they_keep(lessons, reader):
    reader.goto((lessons / "01-nudge.html").as_uri())
    reader.click("#theme")
    for form in reader.locator("form.question").all()[:2]:
        answer(form, right=True)
    follow(reader, "nav a[href='02-gates.html']")
    reader.wait_for_url("**/02-gates.html")
    for form in reader.locator("form.question").all():
        answer(form, right=True)
    follow(reader, "footer a[href='index.html']")
    assert reader.locator("html").get_attribute("data-theme") == "dark"
    reader.wait_for_url("**/index.html")
    shown = reader.locator("li .score").all_inner_texts()
    assert shown == ["2/3", "3/3"] + [""] * (len(NAMES) - 2)
    follow(reader, "li a")
    answer(reader.locator("form.question").first, right=True)
    follow(reader, "nav a[href$='#']")
    answer(reader.locator("form.question").first, right=True)
    follow(reader, "nav a[href='index.html']")
    assert reader.locator("html").get_attribute("lang") == "es"  # a score is of all languages
    assert reader.locator("li .score").all_inner_texts()[:2] == ["2/3", "3/3"]  # the best is kept


@needs_renderer
@pytest.mark.parametrize("reader", [EACH_ITS_OWN], indirect=True, ids=["each"])
def test_a_chosen_language_goes_along_from_file_to_file(tmp_path, reader):
    for file, link in (("a.html", "b.html"), ("b.html", "a.html")):
        spanish = {"es": {"title": "Una"}}
        page(neuron()[0], tmp_path / file, links={"On": link}, translations=spanish)
    reader.goto((tmp_path / "a.html").as_uri())
    in_spanish = "html.alive[lang=es]"  # which is unpacked after the page is read
    follow(reader, "header a")
    reader.wait_for_selector(in_spanish)
    follow(reader, "nav a")
    reader.wait_for_selector(in_spanish)
    reader.wait_for_url("**/b.html")
    reader.reload()
    reader.wait_for_selector(in_spanish)


@needs_renderer
@pytest.mark.acceptance
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_index_runs_its_own_scripts_and_no_other(language, lessons, chromium):  # noqa: F811
    index = lessons / ("index.html" if language == "en" else "es/index.html")
    text = index.read_text("utf-8")
    evil = "<script>document.title = 'run'</script><style>body { color: red }</style>"
    (index.parent / "evil.html").write_text(text.replace("</main>", f"{evil}</main>"), "utf-8")
    tab = chromium.new_page()
    refused = []
    tab.on("console", lambda message: refused.append(message.text))
    tab.goto(index.as_uri())
    assert refused == [] and tab.is_visible("#theme")
    tab.goto((index.parent / "evil.html").as_uri())
    (index.parent / "evil.html").unlink()
    assert tab.title() == course()["WORDS"][language]["course"] and len(refused) == 2
    assert tab.evaluate("fetch('index.html').then(() => 'read', () => 'refused')") == "refused"
    tab.close()


@needs_renderer
def test_without_storage_or_scripts_a_lesson_is_still_one(tmp_path, chromium):  # noqa: F811
    path = page(neuron()[0], tmp_path / "x.html", questions=ASKED, links=LINKS)
    for options, script in (
        ({}, "Object.defineProperty(window, 'localStorage', { get() { throw new Error('no'); } })"),
        ({"java_script_enabled": False}, ""),
    ):
        context = chromium.new_context(**options)
        context.add_init_script(script)
        tab = context.new_page()
        wrong = []
        tab.on("pageerror", lambda error: wrong.append(str(error)))  # noqa: B023
        tab.goto(Path(path).as_uri())
        form = tab.locator("form.question").nth(0)
        if script:
            tab.click("#theme")
            form.locator("input").fill("1.5")
            form.locator("button").click()
            assert "1 of 2 right, 1 at the first try." in tab.inner_text(".score")
            assert tab.locator(".why").first.is_hidden()
        else:
            assert form.locator("button").is_hidden()
            form.locator("summary").click()
            assert form.locator(".why p").inner_text() == "Three halves."
        assert wrong == []
        context.close()


@needs_renderer
def test_a_printed_lesson_begins_with_its_picture_and_asks(tmp_path, reader):
    L, names = neuron()
    path = page(L, tmp_path / "x.html", names, direction="TB", questions=ASKED, links=LINKS)
    reader.set_viewport_size({"width": 700, "height": 1000})  # about a sheet
    reader.goto(Path(path).as_uri())
    reader.emulate_media(media="print")
    picture = reader.locator(".picture").bounding_box()
    assert picture["y"] + picture["height"] < 1000 and picture["height"] > 300
    assert reader.locator("nav").is_hidden() and reader.locator("footer").is_hidden()
    assert reader.locator("legend").first.is_visible() and reader.locator(".why").first.is_hidden()
