"""The page: one offline file, stepped through in a real browser."""

import base64
import hashlib
import html
import json
import re
import shutil
import sys
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from test_picture import (
    HOSTILE,
    Block,
    Recurrent,
    leaf,
    network,
    neuron,
    normal,
    paths,
    pygraphviz_is_there,
)

import nn
from microtensor import (
    Graph,
    NoRenderer,
    Tensor,
    draw,
    frames,
    group,
    page,
    primitive,
    record_constants,
    worksheet,
)
from microtensor.views import numbers
from microtensor.views.languages.en import SENTENCES
from microtensor.views.story import steps

needs_renderer = pytest.mark.skipif(
    not (shutil.which("dot") or pygraphviz_is_there()), reason="Graphviz isn't installed"
)
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def broadcast():
    X = Tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]], name="X")
    W, b = leaf([[1.0, -1.0], [0.5, 2.0]], "W"), leaf([0.5, -1.0], "b")
    Z = X @ W + b
    return (Z * Z).mean(), {"Z": Z}


def chain():
    """Two ways on at each of 20 steps: a million paths."""
    x = leaf(1.0, "x")
    y = x
    for _ in range(20):
        y = y * 0.5 + y * 0.5
    return y


def hostile(name):
    a = leaf(2.0, name)
    with group(name):
        y = (a * a + a).sin()
    y.name = name
    return y


def text_of(path):
    return Path(path).read_text(encoding="utf-8")


def data_of(text):
    found = re.search(r'<script id="data" type="application/json">(.*?)</script>', text, re.DOTALL)
    return json.loads(found[1])


def skipping():
    """What skips a layer, with a gradient: two arrows lead to one card."""
    a, net = leaf(normal(6, 4), "a"), nn.Sequential(Block(4, 0), nn.Linear(4, 1, rng=2))
    return (net((a * 1.0).exp()) ** 2).sum()


def looping():
    return (Recurrent(1)(Tensor(normal(3, 5, 2), name="X")) ** 2).sum()


# The file ---------------------------------------------------------------------------------------


@needs_renderer
@pytest.mark.parametrize("make", [skipping, looping, network])
@pytest.mark.parametrize("collapse", ["auto", 1])
def test_each_arrow_and_row_of_a_page_has_its_own_numbers(make, collapse, tmp_path):
    result = make()
    graph = Graph.of(result)
    data = data_of(text_of(page(result, tmp_path / "p.html", collapse=collapse)))
    assert len(data["keys"]) == len(data["arrows"])
    for (source, target, backward), told in zip(data["arrows"], data["keys"], strict=True):
        if isinstance(told, str):
            (edge,) = (e for e in graph.edges if f"{e.target}:{e.slot}" == told)
            assert edge.target == target and source.rpartition("-")[2] == edge.source
        else:
            assert bool(told) == (backward and source != target)
            ends = [x.partition(":")[0] for some in told for x in some]
            assert target.startswith("g") or set(ends) <= {target}
    for card in draw(result, collapse=1).scene.cards if collapse == 1 else ():
        names = [row[0].text for row in card.rows if row[0].style == "name"]
        if card.id in data["rows"] and names:
            named = [graph.node(key).name for key in data["rows"][card.id]]
            assert [x.rpartition(", ")[2] for x in names] == named


@needs_renderer
def test_a_page_is_one_file_under_125_kilobytes(tmp_path):
    L, names = neuron()
    path = tmp_path / "new folder" / "neuron.html"
    assert page(L, path, names) == str(path)
    assert [p.name for p in path.parent.iterdir()] == ["neuron.html"]
    assert path.stat().st_size < 125_000


@needs_renderer
def test_a_page_of_a_network_holds_no_arrays(tmp_path):
    path = tmp_path / "page.html"
    page(network((12288, 20, 7, 5, 1), n=50), path)
    assert path.stat().st_size < 210_000


@needs_renderer
@pytest.mark.acceptance
def test_a_page_of_thousands_of_operations_is_small(tmp_path):
    y = x = leaf(1.0, "x")
    for _ in range(3000):
        y = y * 1.001
    path = tmp_path / "page.html"
    page(y, path)
    assert path.stat().st_size < 80_000
    text = text_of(path)
    assert "more</b>" in text and text.count("<li>") < 100
    assert x.grad is None


def still():
    """Too many numbers to be computed anew."""
    W = leaf(np.ones((70, 60)), "W")
    return (W * W).sum(), None


def unwritten():
    own = primitive("gamma", lambda x: np.asarray(1.0), lambda g, out, x: g * out)
    a = leaf(2.5, "a")
    return own(a) * a, None


def layered():
    return network(), None


def large():
    return network((300, 20, 1)), None


ALL_KINDS = [neuron, broadcast, still, unwritten, layered, large]


@needs_renderer
@pytest.mark.parametrize("make", ALL_KINDS)
def test_a_page_has_the_sentences_that_its_scripts_say_and_no_others(make, tmp_path):
    text = text_of(page(*[make()[0], tmp_path / "page.html", make()[1]]))
    script = max(re.findall("<script>(.*?)</script>", text, re.DOTALL), key=len)
    known = data_of(text)["sentences"]
    said = set(re.findall(r'say\(\s*"([\w.]+)"', script))
    assert len(said) > 20
    for key in said:
        forms = {key, f"{key}.one", f"{key}.many"} & SENTENCES.keys()
        assert forms and forms <= known.keys(), key
    for key in known:
        assert f'"{key}"' in script or f'"{key.rpartition(".")[0]}"' in script, key


@needs_renderer
def test_a_page_has_the_scripts_that_it_needs(tmp_path):
    L, names = neuron()
    texts = [text_of(page(L, tmp_path / "neuron.html", names))]
    texts += [text_of(page(make()[0], tmp_path / "page.html")) for make in (still, layered, large)]
    for function, there in [
        ("renderPaths", [True, True, True, True]),
        ("descend", [True, False, True, False]),
        ("renderEntries", [True, False, True, False]),
        ("openLayers", [False, False, True, True]),
        ("writeNode", [True, False, True, False]),
        ("writeUnit", [False, False, True, False]),
    ]:
        assert [f"function {function}(" in text for text in texts] == there, function


@needs_renderer
def test_a_page_loads_nothing_and_runs_its_own_script_alone(tmp_path):
    text = text_of(page(paths()[0], tmp_path / "page.html"))
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', text)[1]
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy
    for tag, where in (("script", "script-src"), ("style", "style-src")):
        allowed = re.search(rf"{where} ([^;]*)", policy)[1].split()
        for code in re.findall(rf"<{tag}>(.*?)</{tag}>", text, re.DOTALL):
            known = base64.b64encode(hashlib.sha256(code.encode()).digest()).decode()
            assert f"'sha256-{known}'" in allowed
    assert not re.search(r"""(src|href)=(?!"#)|url\(|@import|https?:|style=|\son\w+=""", text)


@cache
def page_of(name, collapse):
    """The text of a page on which everything that can have a name has this one."""
    said = f"{name}."
    with TemporaryDirectory() as folder:
        path = f"{folder}/page.html"
        page(hostile(name), path, title=said, text=said, questions={said: said}, collapse=collapse)
        return text_of(path)


@needs_renderer
@pytest.mark.parametrize("collapse", [0, pytest.param(1, marks=pytest.mark.acceptance)])
@pytest.mark.parametrize("name", [name for name in HOSTILE if name.strip()])
def test_hostile_names_stay_text(name, collapse):
    text, plain = page_of(name, collapse), page_of("v", collapse)
    tags = re.compile(r"</?[a-zA-Z!][^\s>]*")
    assert tags.findall(text) == tags.findall(plain)
    assert "<" not in json.dumps(data_of(text)["cards"]) or "\\u003c" in text
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]", text)


@needs_renderer
@pytest.mark.parametrize("make", [neuron, paths, broadcast])
def test_the_picture_shows_what_draw_shows(make, tmp_path):
    result, names = make()
    text = text_of(page(result, tmp_path / "page.html", names))
    svg = text[text.index("<svg") : text.index("</svg>")]
    shown = html.unescape("\n".join(re.findall(r"<tspan[^>]*>([^<]*)", svg)))
    for card in draw(result, names).scene.cards:
        for cell in [*card.heading, *(cell for row in card.rows for cell in row)]:
            for line in cell.text.split("\n"):
                assert " ".join(line.split()) in " ".join(shown.split())


@needs_renderer
def test_colours_are_variables_of_both_themes(tmp_path):
    text = text_of(page(neuron()[0], tmp_path / "page.html"))
    svg = text[text.index("<svg") : text.index("</svg>")]
    assert set(re.findall(r'(?:fill|stroke)="([^"]*)"', svg)) <= {
        "none",
        *(f"var(--{name})" for name in re.findall(r"var\(--([\w-]+)\)", svg)),
    }
    for name in set(re.findall(r"var\(--([\w-]+)\)", svg)):
        assert len(set(re.findall(rf"--{name}:(#\w+);", text))) == 2, name


@needs_renderer
def test_every_step_is_told(tmp_path):
    L, names = neuron()
    text = text_of(page(L, tmp_path / "page.html", names))
    steps = list(Graph.of(L, names).steps)
    assert len(data_of(text)["steps"]) == len(steps) == text.count('<li><a class="title"') - 1


@needs_renderer
def test_questions_and_paragraphs(tmp_path):
    asked = {"Why not?": "Because it is."}
    path = page(neuron()[0], tmp_path / "a.html", title="T", text="One.\n\nTwo.", questions=asked)
    text = text_of(path)
    assert "<title>T</title>" in text and "<h1>T</h1>" in text
    assert "<p>One.</p><p>Two.</p>" in text
    assert "<summary>Why not?</summary><p>Because it is.</p>" in text


@needs_renderer
@pytest.mark.parametrize("write", [page, worksheet, frames])
def test_nothing_goes_back_through_a_layer_without_gradients(write, tmp_path):
    W, X = leaf(np.ones((2, 2)), "W"), Tensor(np.ones((3, 2)), name="X")
    with record_constants():
        with group("prepared"):
            Z = (X * 2.0 + 1.0).exp()
        with group("learnt"):
            L = (Z @ W).relu().sum()
    written = write(L, tmp_path / "made", collapse=1)
    if write is frames:
        assert len(written) == 4  # the start, two forward and one back
        return
    text = text_of(written)
    assert "prepared, forward" in text and "prepared, backward" not in text
    assert "learnt, backward" in text


@needs_renderer
def test_an_operation_that_fails_in_its_own_words_is_named(tmp_path):
    def back(g, out, x):
        if not isinstance(g, np.ndarray):
            raise ValueError("of no array")
        return g * 2

    twice = primitive("twice", lambda x: x * 2, back)
    path = page(twice(leaf([1.0, 2.0], "a")).sum(), tmp_path / "page.html")
    assert "tried here: twice has no JavaScript." in text_of(path)


def test_without_a_renderer_there_is_one_clear_line_and_no_file(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", "")
    monkeypatch.setitem(sys.modules, "pygraphviz", None)
    with pytest.raises(NoRenderer, match="pip install 'pygraphviz>=2'"):
        page(neuron()[0], tmp_path / "page.html")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("options", "said"),
    [({"direction": "up"}, "direction 'up' isn't one of LR"), ({"collapse": "x"}, "no group 'x'")],
)
def test_wrong_options_are_refused_before_anything_is_written(options, said, tmp_path):
    with pytest.raises(ValueError, match=said):
        page(neuron()[0], tmp_path / "page.html", **options)
    assert not list(tmp_path.iterdir())


def test_what_is_no_tensor_is_refused(tmp_path):
    with pytest.raises(TypeError, match="expected a tensor, got float"):
        page(1.0, tmp_path / "page.html")


def test_a_value_that_many_read_stands_again_beside_them(tmp_path):
    """As in a picture. There it isn't a card that can be chosen; the arrows are the value's own."""
    h = leaf(0.5, "w").exp()
    total = h * 1.0
    for k in range(12):
        total = total + h * float(k + 2)
    graph = Graph.of(total, names={"h": h})
    written = page(total, tmp_path / "page.html", names={"h": h}, collapse=False)
    text = Path(written).read_text()
    assert text.count('<g class="again intermediate" data-id=') == 12
    assert len(re.findall(r'class="card \w+" data-id="n\d+"', text)) == len(graph.nodes)
    assert text.count(f'["{graph.find("h").id}","n') == 13


# In a browser -----------------------------------------------------------------------------------


# A tab's storage, by file or in one. Chromium's own can lose what was kept just before a reload.
STORAGE = """
const all = JSON.parse(window.name || "{}");
const place = PLACE;
class Kept {
  getItem(key) { return this[key] ?? null; }
  setItem(key, value) {
    this[key] = String(value);
    window.name = JSON.stringify({ ...all, [place]: this });
  }
}
Object.defineProperty(window, "localStorage", { value: Object.assign(new Kept(), all[place]) });
"""
SHARED = STORAGE.replace("PLACE", "'all files'")
EACH_ITS_OWN = STORAGE.replace("PLACE", "location.pathname")  # as some browsers have it


@pytest.fixture(scope="module")
def chromium():
    sync = pytest.importorskip("playwright.sync_api", reason="playwright isn't installed")
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    with sync.sync_playwright() as playwright:
        try:
            browser = playwright.chromium.launch(executable_path=found, args=ARGUMENTS)
        except sync.Error as error:
            pytest.skip(f"chromium doesn't start: {str(error).splitlines()[0]}")
        yield browser
        browser.close()


def watched(chromium, wrong, **context):
    """A tab of its own; what its pages complain of is put into `wrong`."""
    tab = chromium.new_context(reduced_motion="reduce", **context).new_page()
    tab.set_default_timeout(20_000)
    tab.on("console", lambda message: wrong.append(message.text))
    tab.on("pageerror", lambda error: wrong.append(str(error)))
    return tab


@pytest.fixture
def visit(chromium, tmp_path):
    """Opens the page of a result; at the end nothing was requested and nothing went wrong."""
    wrong = []
    opened = []

    def opening(result, names=None, at="", options=None, **context):
        path = page(result, tmp_path / f"page{len(opened)}.html", names, **(options or {}))
        tab = watched(chromium, wrong, **context)
        tab.on("dialog", lambda dialog: wrong.append(dialog.message))
        address = f"file://{path}"
        tab.on("request", lambda r: r.url.split("#")[0] == address or wrong.append(r.url))
        tab.goto(address + at)
        opened.append(tab)
        return tab

    if not (shutil.which("dot") or pygraphviz_is_there()):
        pytest.skip("Graphviz isn't installed")
    yield opening
    for tab in opened:
        tab.context.close()
    assert wrong == []


def where(tab):
    return tab.inner_text("#where")


def at(tab, step):
    from playwright.sync_api import expect

    expect(tab.locator("#where")).to_contain_text(f"step {step} of")


def shown(tab, name, part):
    """A visible text of the card of a name; None where it is hidden."""
    script = """([name, part]) => {
        const named = (c) => c.querySelector("tspan.name").textContent === name;
        const card = [...document.querySelectorAll(".wide .card")].find(named);
        const texts = [...card.querySelectorAll(`text.${part}`)];
        const seen = texts.filter((t) => getComputedStyle(t).visibility === "visible");
        return seen.length ? seen.map((t) => t.textContent).join("\\n") : null;
    }"""
    return tab.evaluate(script, [name, part])


def labels(tab):
    """The visible texts on arrows."""
    script = """() => [...document.querySelectorAll(".wide .arrow text")]
        .filter((t) => getComputedStyle(t).visibility === "visible").map((t) => t.textContent)"""
    return tab.evaluate(script)


# In the page itself, as hundreds of keys and clicks from outside take long
PRESSED = """(keys) => keys.forEach((key) =>
    document.body.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true })))"""
WALKED = """() => {
    const [ask, show, next] = ["ask", "show", "next"].map((id) => document.getElementById(id));
    for (let k = 0; (ask.checkVisibility() || !next.disabled) && k < 10000; k++)
        (ask.checkVisibility() ? show : next).click();
}"""


@pytest.mark.acceptance
@pytest.mark.parametrize("make", ALL_KINDS)
def test_every_kind_of_page_is_used_to_its_end(make, visit):
    """Whatever scripts a page has, none of them asks for another that it lacks."""
    result, names = make()
    tab = visit(result, names)
    last = int(where(tab).split()[-1])
    tab.evaluate(PRESSED, [*["ArrowRight"] * (last + 1), "+", "-", "0", "Home"])
    for card in tab.locator(".card:visible").all()[:8]:
        card.dispatch_event("click")
        tab.keyboard.press("End")
        tab.keyboard.press("Home")
    if tab.is_visible("#predict"):
        tab.check("#predict")
    tab.evaluate(WALKED)
    assert tab.is_disabled("#next") and not tab.is_visible("#ask")
    tab.evaluate("location.hash = '#step-1&w=2&b=1,2&open=x&mode=predict'")
    at(tab, 1)
    tab.evaluate("window.print = () => {}")
    tab.click("#print")
    assert tab.locator(".slide").count() == last + 1


def test_keys_and_buttons_step(visit):
    tab = visit(*paths())
    assert where(tab) == "step 0 of 9"
    for key, step in [
        ("ArrowRight", 1),
        ("PageDown", 2),
        ("ArrowLeft", 1),
        ("PageUp", 0),
        ("ArrowLeft", 0),
        ("End", 9),
        ("ArrowRight", 9),
        ("Home", 0),
    ]:
        tab.keyboard.press(key)
        at(tab, step)
    for button, step in [("next", 1), ("last", 9), ("back", 8), ("first", 0)]:
        tab.click(f"#{button}")
        at(tab, step)
    assert tab.is_disabled("#back") and tab.is_disabled("#first") and tab.is_enabled("#next")


def test_keys_with_alt_or_control_are_the_browsers(visit):
    tab = visit(*paths())
    tab.keyboard.press("Control+ArrowRight")
    tab.keyboard.press("Shift+End")
    assert where(tab) == "step 0 of 9"


def test_the_step_is_in_the_address_both_ways(visit):
    tab = visit(*paths(), at="#step-4")
    at(tab, 4)
    tab.keyboard.press("ArrowRight")
    at(tab, 5)
    tab.wait_for_url("**#step-5")
    tab.go_back()
    at(tab, 4)
    tab.go_forward()
    at(tab, 5)
    tab.evaluate("location.hash = '#step-2'")
    at(tab, 2)
    tab.evaluate("location.hash = '#step-999'")
    at(tab, 9)
    tab.evaluate("location.hash = '#nonsense'")
    at(tab, 0)


def test_a_click_in_the_list_goes_to_the_step(visit):
    tab = visit(*paths())
    tab.click("#steps a >> nth=6")
    at(tab, 6)
    assert tab.inner_text("#title") == tab.inner_text("#steps a >> nth=6")
    assert tab.get_attribute("#steps a >> nth=6", "aria-current") == "step"
    assert tab.locator("#steps [aria-current]").count() == 1


def test_numbers_appear_when_they_are_computed(visit):
    tab = visit(*neuron())
    assert shown(tab, "w", "value") == "−2"
    assert shown(tab, "p", "value") is None and labels(tab) == []
    tab.keyboard.press("ArrowRight")
    at(tab, 1)
    assert shown(tab, "p", "value") == "−6" and shown(tab, "z", "value") is None
    tab.evaluate("location.hash = '#step-5'")  # the seed
    at(tab, 5)
    assert shown(tab, "L", "gradient") == "1" and shown(tab, "s", "gradient") is None
    tab.keyboard.press("ArrowRight")
    at(tab, 6)
    assert shown(tab, "s", "gradient") == "8.389"
    assert labels(tab) == ["∂L/∂s = 1/s = 8.389", "◂ 1 × 8.389 = 8.389"]
    tab.keyboard.press("Home")
    at(tab, 0)
    assert shown(tab, "s", "gradient") is None and labels(tab) == []


def test_gradients_grow_as_contributions_arrive(visit):
    tab = visit(*paths())
    grown = []
    for step in range(5, 10):
        tab.evaluate(f"location.hash = '#step-{step}'")
        at(tab, step)
        grown.append((shown(tab, "a", "gradient"), shown(tab, "a", "sum")))
    assert grown[-3:] == [("−3", "= (−3) + …"), ("−1", "= (−3) + 2 + …"), ("1", "= (−3) + 2 + 2")]


def test_gradients_of_arrays_grow_too(visit):
    L, names = broadcast()
    tab = visit(L, names, at="#step-7")
    so_far = shown(tab, "Z", "gradient")
    tab.evaluate("location.hash = '#step-8'")
    at(tab, 8)
    whole = shown(tab, "Z", "gradient")
    gradient = next(n.gradient for n in Graph.of(L, names).nodes if n.name == "Z")
    assert so_far == numbers.array(gradient / 2).replace(" ", "\xa0")  # columns keep their places
    assert whole == numbers.array(gradient).replace(" ", "\xa0")


@pytest.mark.parametrize("make", [neuron, paths, lambda: (chain(), None)])
def test_contributions_shown_add_up_to_the_gradients(make, visit):
    result, names = make()
    tab = visit(result, names)
    found = tab.evaluate("""() => {
        const data = JSON.parse(document.querySelector("#data").textContent);
        const { values, gradients, sent } = data.scalars;
        const sums = {};
        data.arrows.forEach(([source, , back], i) => {
            if (back) sums[source] = (sums[source] || 0) + sent[i];
        });
        return { sums, gradients };
    }""")
    for node in Graph.of(result, names).nodes:
        if node.id in found["sums"]:
            assert found["sums"][node.id] == pytest.approx(float(node.gradient), rel=1e-12)
            assert found["gradients"][node.id] == float(node.gradient)


def answer(tab, said):
    tab.fill("#answer", said)
    tab.keyboard.press("Enter")
    return tab.inner_text("#verdict")


def test_predict_asks_and_checks(visit):
    tab = visit(*neuron(), at="#step-6")
    tab.check("#predict")
    assert tab.is_visible("#ask")
    assert tab.inner_text("#question") == (
        "L = log(s), with s = 0.1192, L = −2.127. What is the local derivative ∂L/∂s?"
    )
    assert labels(tab) == ["∂L/∂s = ?", "◂ 1 × ? = ?"] and shown(tab, "s", "gradient") is None
    assert tab.inner_text("#text") == "" and tab.inner_text("#equation") == ""
    for said, verdict in [("", "Type a number"), ("x", "Type a number"), ("8.4", "Not yet")]:
        assert answer(tab, said).startswith(verdict)
        assert shown(tab, "s", "gradient") is None
    assert answer(tab, "8,389") == "Right."
    assert labels(tab) == ["∂L/∂s = 1/s = 8.389", "◂ 1 × 8.389 = ?"]
    assert tab.inner_text("#question").startswith("Upstream ∂L/∂L = 1, local derivative ∂L/∂s = 8")
    assert shown(tab, "s", "gradient") is None and tab.inner_text("#equation") == ""
    assert answer(tab, "1").startswith("Not yet, try again: upstream × local")
    assert answer(tab, "8.389") == "Right."
    assert tab.is_hidden("#ask") and shown(tab, "s", "gradient") == "8.389"
    assert tab.inner_text("#equation").endswith("= 8.389")
    assert tab.inner_text("#score") == "0 of 2 right at once"


def test_predict_asks_for_the_sum_and_ends_with_what_was_wrong(visit):
    tab = visit(*paths(), at="#step-5")
    tab.check("#predict")
    asked = []
    while tab.locator("#next:enabled").count():
        while tab.is_visible("#ask"):
            asked.append(tab.inner_text("#question"))
            right = {"∂L/∂a was −3 so far. Now 2 arrives. What is it now?": "-1"}
            if asked[-1] in right:
                assert answer(tab, "5") == "Not yet, try again."
                assert shown(tab, "a", "gradient") == "−3"
                assert answer(tab, right[asked[-1]]) == "Right."
            else:
                tab.click("#show")
        tab.keyboard.press("ArrowRight")
    while tab.is_visible("#ask"):
        tab.click("#show")
    assert next(text for text in asked if "so far" in text) in right
    assert tab.inner_text("#review p") == "To look at again:"
    said = tab.inner_text("#review")
    assert "∂L/∂a was −3 so far. Now 2 arrives. What is it now? You said 5; it is −1." in said
    tab.click("#review a >> nth=0")
    at(tab, 5)


def test_predict_says_that_all_was_right(visit):
    a = leaf(2.0, "a")
    y = a * 3.0
    y.name = "y"
    tab = visit(y, at="#step-3")
    tab.check("#predict")
    for said in ("3", "3"):
        assert answer(tab, said) == "Right."
    assert tab.inner_text("#review") == "All were right at once."
    assert tab.inner_text("#score") == "2 of 2 right at once"


def test_predict_asks_for_shapes_of_arrays(visit):
    L, names = broadcast()
    tab = visit(L, names, at="#step-1")
    tab.check("#predict")
    assert tab.inner_text("#question") == "Shapes: X 3×2, W 2×2. What shape has t1 = X @ W?"
    heading = """() => [...document.querySelectorAll(".wide .card.asking .quiet")]
        .map((t) => getComputedStyle(t).visibility)"""
    assert tab.evaluate(heading) == ["hidden"]
    assert answer(tab, "wide").startswith("Type a shape")
    assert answer(tab, "2x3").startswith("Not yet") and answer(tab, "(3, 2)") == "Right."
    tab.evaluate("location.hash = '#step-11'")
    at(tab, 11)
    step = tab.inner_text("#title")
    assert step == "t1 sends to W" and tab.inner_text("#question") == (
        "Shape of ∂L/∂t1: 3×2. What shape has what t1 sends to W?"
    )
    assert answer(tab, "2×2") == "Right." and tab.is_hidden("#ask")


def test_predict_asks_for_an_entry_of_arrays(visit):
    L, names = broadcast()
    tab = visit(L, names, at="#step-7")
    tab.check("#predict")
    graph = Graph.of(L, names)
    (edge, *_) = graph.arrivals(graph.find("Z").id)
    place = np.unravel_index(np.abs(edge.contribution).argmax(), (3, 2))
    where = f"[{place[0]}, {place[1]}]"
    assert answer(tab, "3, 2") == "Right."
    assert tab.inner_text("#question").endswith(
        f"What is the local derivative ∂t2/∂Z (1st){where}?"
    )
    assert answer(tab, numbers.number(edge.local[place])) == "Right."
    assert f"{where} = {numbers.number(edge.local[place])}. What does it send?" in tab.inner_text(
        "#question"
    )
    assert answer(tab, numbers.number(edge.contribution[place])) == "Right."
    assert tab.is_hidden("#ask")


def test_predict_takes_a_number_as_people_write_it_and_nothing_else(visit):
    tab = visit(*paths(), at="#step-7&mode=predict")
    for said in ("3", "-3.001", "--3", "3-", "-3 2", "1e", "0x3", "-3;"):
        assert answer(tab, said) != "Right." and tab.is_visible("#ask"), said
    for said in ("-3", "−3", "–3", "(-3)", "-3,0", " - 3.000 ", "-.3e1"):
        tab.reload()
        assert answer(tab, said) == "Right.", said


def test_predict_takes_inf_and_nan_where_they_are_right(visit):
    z = Tensor(-800.0, requires_grad=True, name="z")
    with np.errstate(all="ignore"):
        L = z.sigmoid().log()
    tab = visit(L, at="#step-4&mode=predict")
    right = [
        ("inf", ["nan", "-inf", "5", "constructor"]),
        ("∞", ["nan", "−∞"]),  # 1 × inf
        ("0", ["inf"]),
        ("NaN", ["0", "inf"]),  # inf × 0
    ]
    for said, others in right:
        if tab.is_hidden("#ask"):
            tab.click("#next")
        assert all(answer(tab, other) != "Right." for other in others)
        assert answer(tab, said) == "Right."


def test_predict_shows_on_request_and_hides_what_is_to_come(visit):
    tab = visit(*paths(), at="#step-7")
    tab.check("#predict")
    hidden = "[...document.querySelectorAll('#steps li.hidden')].length"
    assert tab.evaluate(hidden) == 3
    assert "−3" not in tab.inner_text("#steps li.now")
    tab.click("#show")
    assert tab.is_visible("#ask") and shown(tab, "a", "gradient") is None
    tab.click("#show")
    assert tab.is_hidden("#ask") and shown(tab, "a", "gradient") == "−3"
    assert tab.evaluate(hidden) == 2
    tab.keyboard.press("ArrowRight")
    at(tab, 8)
    assert tab.is_visible("#ask")
    tab.uncheck("#predict")
    assert tab.is_hidden("#ask") and tab.evaluate(hidden) == 0


def test_the_arrow_keys_step_from_an_empty_answer_and_edit_a_filled_one(visit):
    tab = visit(*paths(), at="#step-7")
    tab.check("#predict")
    tab.focus("#answer")
    tab.keyboard.press("ArrowLeft")
    at(tab, 6)
    tab.focus("#answer")
    tab.keyboard.type("12")
    tab.keyboard.press("ArrowLeft")
    tab.keyboard.type("3")
    assert tab.input_value("#answer") == "132" and where(tab) == "step 6 of 9"


def test_a_click_shows_paths_and_their_sum(visit):
    tab = visit(*paths(), at="#step-9")
    tab.click('.wide .card:has-text("parameter") >> nth=0')
    assert tab.inner_text("#paths-title").startswith("3 paths lead from a to ")
    assert tab.locator("#paths-body li").count() == 3
    assert "2 + 2 + (−3) = 1 = ∂" in tab.inner_text(".proof")
    assert tab.locator(".wide .arrow.on-path").count() == 5
    tab.keyboard.press("Escape")
    assert tab.is_hidden("#paths") and tab.locator(".wide .arrow.on-path").count() == 0


def test_paths_are_there_for_the_keyboard(visit):
    tab = visit(*neuron())
    tab.focus(".wide .card >> nth=0")
    assert tab.get_attribute(".wide .card >> nth=0", "tabindex") == "0"
    tab.keyboard.press("Enter")
    assert tab.is_visible("#paths")
    tab.keyboard.press(" ")
    assert tab.is_hidden("#paths")


def test_paths_of_many_are_counted_and_the_rest_is_factored(visit):
    tab = visit(chain(), options={"collapse": 0})
    tab.click(".wide .card.parameter")
    assert tab.inner_text("#paths-title").startswith("1048576 paths lead from x")
    assert tab.locator("#paths-body li").count() == 16
    assert "≈ 1 = ∂" in tab.inner_text(".proof") or "= 1 = ∂" in tab.inner_text(".proof")
    assert "paths not listed (1048560)" in tab.inner_text(".proof")


def test_a_leaf_that_many_read_is_one_leaf(visit):
    a = leaf(2.0, "a")
    y = a
    for _ in range(20):
        y = y * a
    tab = visit(y, options={"collapse": 0}, at="#step-9999")
    tab.click(".wide .card.parameter")
    assert tab.inner_text("#paths-title").startswith("21 paths lead from a")
    assert shown(tab, "a", "gradient") == numbers.number(21 * 2.0**20)


@pytest.mark.parametrize("make", [neuron, broadcast, layered])
def test_what_is_not_tracked_says_so(make, visit):
    tab = visit(*make())
    tab.click(".wide .card.input >> nth=0")
    assert "isn't tracked" in tab.inner_text("#paths-body")


def test_a_result_without_a_gradient_has_none(visit):
    tab = visit(Tensor(2.0, name="a") * 3.0)
    tab.keyboard.press("End")
    tab.click(".wide .card.output")
    said = tab.inner_text("#paths")
    assert "inf" not in said and "isn't tracked" in said


def test_predicting_the_paths_keep_their_numbers(visit):
    tab = visit(*paths(), at="#step-4")
    tab.check("#predict")
    tab.click(".wide .card.parameter")
    assert "?" in tab.inner_text("#paths-body") and "= 1 =" not in tab.inner_text("#paths-body")


def test_arrays_show_their_paths_and_what_arrives(visit):
    tab = visit(*broadcast(), at="#step-9999")
    tab.click('.wide .card:has(tspan.name:text-is("Z"))')
    assert tab.inner_text("#paths-title").startswith("2 paths lead from Z")
    assert "The gradient of Z is their sum." in tab.inner_text("#paths-body")
    assert tab.is_visible("#predict") and tab.is_visible("#numbers")


def test_screen_readers_hear_what_is_known(visit):
    tab = visit(*neuron())
    heard = [card.get_attribute("aria-label") for card in tab.query_selector_all(".wide .card")]
    heard = [label.replace("\xa0", "") for label in heard]
    assert "w parameter, value, −2, ∂L/∂w" in heard and "s = σ(z), value, ∂L/∂s" in heard
    tab.keyboard.press("End")
    at(tab, 10)
    heard = [card.get_attribute("aria-label") for card in tab.query_selector_all(".wide .card")]
    assert "s = σ(z), value, 0.1192, ∂L/∂s, 8.389" in heard
    assert tab.get_attribute("[aria-live] >> nth=0", "aria-live") == "polite"


def test_a_network_is_told_layer_by_layer(visit):
    tab = visit(network(), at="#step-1")
    cards = tab.locator(".wide .card.layer").count()
    assert cards == 3
    assert where(tab) == "step 1 of 8"  # 3 layers and the loss, forward and backward
    assert "A1 = relu(X @ W1ᵀ + b1)" in tab.inner_text("#text")
    assert shown(tab, "layer1", "value") and shown(tab, "layer2", "value") is None
    assert shown(tab, "layer1", "gradient") is None
    tab.keyboard.press("End")
    at(tab, 8)
    assert "∂L/∂W1" in tab.inner_text("#text")
    assert tab.locator("#steps details").count() == 8
    assert tab.evaluate("document.querySelectorAll('.wide .later').length") == 0


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_stay_text_in_the_browser(name, visit):
    asked = {name if name.strip() else "?": name}  # which is never blank
    options = {"title": name, "text": name, "questions": asked, "collapse": 0}
    tab = visit(hostile(name), at="#step-3", options=options)
    tab.click(".wide .card.parameter")
    assert tab.locator(".picture table, h1 *, .intro b, #paths b, #steps table").count() == 0
    assert tab.locator(".wide .card").count() == 4


def test_dark_follows_the_system_and_the_button(visit):
    background = "getComputedStyle(document.documentElement).backgroundColor"
    dark, light = "rgb(13, 17, 23)", "rgb(255, 255, 255)"
    tab = visit(*neuron(), color_scheme="dark")
    assert tab.evaluate(background) == dark
    tab.click("#theme")
    assert tab.evaluate(background) == light
    tab = visit(*neuron(), color_scheme="light")
    assert tab.evaluate(background) == light and tab.inner_text("#theme") == "Dark"
    tab.click("#theme")
    assert tab.evaluate(background) == dark and tab.inner_text("#theme") == "Light"


@pytest.mark.parametrize("width", [360, 768, 1280, 1920])
@pytest.mark.parametrize("make", [neuron, paths, broadcast, lambda: (network(), None)])
def test_the_page_never_scrolls_sideways_and_its_letters_are_large_enough(make, width, visit):
    tab = visit(*make(), viewport={"width": width, "height": 800}, at="#step-6")
    assert tab.evaluate("document.documentElement.scrollWidth") == width
    sizes = tab.evaluate("""() => {
        const pictures = [...document.querySelectorAll(".picture")];
        const svg = pictures.find((some) => some.getBoundingClientRect().width);
        const scale = svg.getBoundingClientRect().width / svg.viewBox.baseVal.width;
        const texts = [...svg.querySelectorAll(".arrow tspan, text.value tspan")];
        return texts.map((t) => parseFloat(getComputedStyle(t).fontSize) * scale);
    }""")
    assert min(sizes) > 10


@pytest.mark.parametrize("width", [1280, 1920])
def test_a_neuron_is_seen_whole(width, visit):
    w, x, b = leaf(2.0, "w"), leaf(-1.0, "x"), leaf(0.5, "b")
    L = (w * x + b).sigmoid().log()
    L.name = "L"
    tab = visit(L, viewport={"width": width, "height": 800})
    assert (
        tab.evaluate("""() => {
        const view = document.querySelector("#view");
        return view.scrollWidth - view.clientWidth;
    }""")
        == 0
    )


@pytest.mark.parametrize("width", [360, 1280, 1920])
@pytest.mark.parametrize("make", [neuron, paths, broadcast, lambda: (network(), None)])
def test_no_text_lies_on_another_or_leaves_its_card(make, width, visit):
    tab = visit(*make(), viewport={"width": width, "height": 800}, at="#step-9999")
    found = tab.evaluate("""() => {
        const pictures = [...document.querySelectorAll(".picture")];
        const svg = pictures.find((some) => some.getBoundingClientRect().width);
        const texts = [...svg.querySelectorAll("text")].filter((t) => t.textContent.trim());
        const boxes = texts.map((t) => {
            const { left, right, top, bottom, height } = t.getBoundingClientRect();
            return { left, right, top: top + 0.3 * height, bottom: bottom - 0.25 * height, t };
        });
        const meet = (a, b) =>
            Math.min(a.right, b.right) - Math.max(a.left, b.left) > 1.5 &&
            Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 1.5;
        const wrong = [];
        boxes.forEach((a, i) => boxes.slice(i + 1).forEach((b) => {
            if (meet(a, b)) wrong.push(`${a.t.textContent} | ${b.t.textContent}`);
        }));
        for (const card of svg.querySelectorAll(".card")) {
            const edge = card.querySelector(".line").getBoundingClientRect();
            for (const box of boxes) {
                const inside = card.contains(box.t);
                if (inside && (box.left < edge.left || box.right > edge.right + 0.5)) {
                    wrong.push(`${box.t.textContent} leaves its card`);
                }
                if (!inside && meet(box, edge)) wrong.push(`${box.t.textContent} lies on a card`);
            }
        }
        return wrong;
    }""")
    assert found == []


@pytest.mark.parametrize("width", [360, 1280])
def test_nothing_jumps_from_step_to_step(width, visit):
    tab = visit(*neuron(), viewport={"width": width, "height": 800})
    top = "document.querySelector('#view').getBoundingClientRect().top + scrollY"
    found = set()
    for step in range(11):
        tab.evaluate(f"location.hash = '#step-{step}'")
        at(tab, step)
        found.add(tab.evaluate(top))
    assert len(found) == 1


def test_what_a_step_is_about_is_in_sight_on_a_phone(visit):
    tab = visit(*neuron(), viewport={"width": 360, "height": 740})
    for step in (1, 6, 10):
        tab.evaluate(f"location.hash = '#step-{step}'")
        at(tab, step)
        for i in range(tab.locator(".tall .now").count()):
            box = tab.locator(f".tall .now >> nth={i}").bounding_box()
            view = tab.locator("#view").bounding_box()
            assert box["x"] >= 0 and box["x"] + box["width"] <= 360
            assert box["y"] >= view["y"] - 1
            assert box["y"] + box["height"] <= view["y"] + view["height"] + 1


def test_numbers_are_written_as_python_writes_them(visit):
    rng = np.random.default_rng(0)
    some = [0.0, -0.0, 1.0, 2.0625, 2.0635, 9999.5, 9999.4, 99995.0, 1e-4, 9.9995e-5, 1e5, 0.5]
    some += [1e300, -1e-300, 123456.0, 0.1 + 0.2, 1 / 3, 1234.5, 1233.5, 5e-324, 0.00012345]
    some += list(rng.normal(size=50) * 10.0 ** rng.integers(-8, 8, 50))
    a = leaf(1.0, "a")
    tab = visit(a * 1.0)
    for value in some:
        tab.fill("#numbers input[type=text]", repr(float(value)))
        assert shown(tab, "a", "value") == numbers.number(value)


# Other numbers ----------------------------------------------------------------------------------


def rerun(tab):
    """What the page computes from the numbers in its fields."""
    return tab.evaluate("""() => {
        const fields = [...document.querySelectorAll("#numbers input[type=text]")];
        const given = Object.fromEntries(fields.map((f) => [f.dataset.id, Number(f.value)]));
        return rerun(given);
    }""")


def everything(w, x, b, c):
    p = w * x + b
    q = p.tanh() * c + (p / (c * c + 1.0)) ** 3
    return (q.sigmoid().log() - (w * w + 2.0).sqrt() * x.exp() + (b - c).relu()) * abs(c)


@pytest.mark.parametrize(
    "given", [(-2.0, 3.0, 4.0, 0.5), (0.1, -0.7, 2.0, -1.5), (1.5, 0.0, -1.0, -1.0)]
)
def test_other_numbers_give_what_the_engine_gives(given, visit):
    names = "wxbc"
    first = [leaf(1.0 + i, name) for i, name in enumerate(names)]
    tab = visit(everything(*first), options={"collapse": 0})
    for name, value in zip(names, given, strict=True):
        tab.fill(f'#numbers input[type=text][aria-label="{name}"]', str(value))
    tab.click("#last")
    result = everything(*[leaf(v, name) for v, name in zip(given, names, strict=True)])
    graph = Graph.of(result)
    found = rerun(tab)
    for node in graph.nodes:
        if node.role != "constant":
            assert found["values"][node.id] == pytest.approx(float(node.value), rel=1e-12, abs=0)
            near = pytest.approx(float(node.gradient), rel=1e-12, abs=1e-15)
            assert found["gradients"][node.id] == near
    for edge in graph.edges:
        if edge.contribution is not None:
            key = f"{edge.target}:{edge.slot}"
            near = pytest.approx(float(edge.contribution), rel=1e-12, abs=1e-15)
            assert found["contributions"][key] == near
    for name in names:
        (node,) = [n for n in graph.nodes if n.name == name]
        assert shown(tab, name, "value") == numbers.number(node.value)
        assert shown(tab, name, "gradient") == numbers.number(node.gradient)


def some_of_everything():
    return everything(*[leaf(1.0 + i, name) for i, name in enumerate("wxbc")]), None


@pytest.mark.parametrize("make", [neuron, paths, some_of_everything])
def test_the_script_writes_on_arrows_and_cards_what_the_picture_has(make, visit):
    result, names = make()
    tab = visit(result, names, at="#step-9999", options={"collapse": 0})
    scene = draw(result, names, collapse=0, direction="LR").scene
    lines = [" ".join(cell.text for cell in line) for a in scene.arrows for line in a.lines]
    assert labels(tab) == lines
    for card in scene.cards:
        for row in card.rows[2:]:  # the sum of the contributions
            assert shown(tab, card.heading[0].text, "sum") == row[1].text


def test_other_numbers_are_told_as_the_story_tells_them(visit):
    tab = visit(*some_of_everything(), options={"collapse": 0})
    given = {"w": -2.0, "x": 0.3, "b": 1.7, "c": -0.25}
    for name, value in given.items():
        tab.fill(f'#numbers input[type=text][aria-label="{name}"]', str(value))
    graph = Graph.of(everything(*[leaf(value, name) for name, value in given.items()]))
    for k, tale in enumerate(steps.told(graph), 1):
        line = tab.locator("#steps > li").nth(k)
        if tale.total:
            assert line.locator(".total").text_content() == tale.total
            product = tale.brief.partition(": ")[2]
            assert line.locator(".numbers").text_content().endswith(f" = {product}.")
        elif k <= sum(node.rule is not None for node in graph.nodes):
            said = line.locator(".numbers").text_content().replace("≈", "=")
            assert said == tale.numbers.replace("≈", "=")


def test_texts_follow_other_numbers_and_come_back(visit):
    tab = visit(*paths(), at="#step-9")
    told = tab.inner_text("#steps")
    assert tab.is_disabled("#reset")
    tab.fill('#numbers input[type=text][aria-label="a"]', "−1,5")
    assert shown(tab, "a", "value") == "−1.5" and shown(tab, "a", "gradient") == "−6"
    assert shown(tab, "a", "sum") == "= (−3) + (−1.5) + (−1.5)"
    assert "= (−3) + (−1.5) + (−1.5) = −6" in tab.inner_text("#steps li.now")
    assert "p = (−1.5) · (−1.5) = 2.25." in tab.inner_text("#steps")
    tab.fill('#numbers input[type=text][aria-label="a"]', "1.23456")
    assert "p = 1.235 · 1.235 ≈ 1.524." in tab.inner_text("#steps")
    assert tab.inner_text("#steps").count("The rule:") == told.count("The rule:")
    tab.click("#reset")
    assert tab.inner_text("#steps") == told and shown(tab, "a", "gradient") == "1"
    assert tab.input_value('#numbers input[type=text][aria-label="a"]') == "2"
    assert tab.is_disabled("#reset")


def test_a_field_takes_numbers_alone_and_its_arrow_keys_count(visit):
    tab = visit(*neuron(), at="#step-10")
    field = '#numbers input[type=text][aria-label="w"]'
    tab.fill(field, "two")
    assert tab.get_attribute(field, "aria-invalid") == "true" and tab.is_visible("#numbers-error")
    assert shown(tab, "w", "value") == "−2"
    tab.fill(field, "2")
    assert tab.is_hidden("#numbers-error") and shown(tab, "w", "value") == "2"
    tab.press(field, "ArrowUp")
    assert shown(tab, "w", "value") == "2.1"
    tab.press(field, "ArrowDown")
    tab.press(field, "ArrowDown")
    assert shown(tab, "w", "value") == "1.9"
    tab.press(field, "ArrowLeft")
    assert where(tab).startswith("step 10")


def test_a_number_that_is_too_long_for_its_card_is_drawn_closer(visit):
    tab = visit(*neuron(), at="#step-10")
    tab.fill('#numbers input[type=text][aria-label="w"]', "-0.000123456")
    tab.fill('#numbers input[type=text][aria-label="x"]', "-1.23456e-101")
    outside = """() => [...document.querySelectorAll(".wide .card")].flatMap((card) => {
        const edge = card.querySelector(".line").getBoundingClientRect();
        const texts = [...card.querySelectorAll("text")];
        return texts.filter((t) => t.getBoundingClientRect().left < edge.left);
    }).map((t) => t.textContent)"""
    assert shown(tab, "p", "value") == "1.524e−105"
    assert tab.evaluate(outside) == []
    squeezed = tab.locator(".wide text[textLength]").all_text_contents()
    assert "1.524e−105" in squeezed
    tab.click("#reset")
    assert tab.locator(".wide text.value[textLength]").count() == 0


def test_the_slider_changes_the_number(visit):
    tab = visit(*neuron(), at="#step-10")
    slider = '#numbers input[type=range][aria-label^="w"]'
    tab.focus(slider)
    before = shown(tab, "L", "value")
    tab.keyboard.press("ArrowRight")
    assert shown(tab, "L", "value") != before and where(tab).startswith("step 10")


def test_at_the_edge_numbers_stay_true(visit):
    a = leaf(1.0, "a")
    y = a.log()
    y.name = "y"
    tab = visit(y, at="#step-3")
    tab.fill("#numbers input[type=text]", "0")
    assert (shown(tab, "y", "value"), shown(tab, "a", "gradient")) == ("−inf", "inf")
    tab.fill("#numbers input[type=text]", "-1")
    assert shown(tab, "y", "value") == "nan"


def test_an_operation_that_has_no_javascript_has_a_page_without_fields(visit):
    import math

    own = primitive("gamma", lambda x: np.asarray(math.gamma(x)), lambda g, out, x: g * out)
    tab = visit(own(leaf(2.5, "a")), at="#step-3")
    assert tab.is_hidden("#numbers") and tab.is_visible("#predict")
    assert tab.inner_text("#still") == (
        "Other numbers can't be tried here: gamma has no JavaScript."
    )


def test_what_has_no_gradient_has_a_page_of_its_values(visit):
    tab = visit(Tensor(2.0, name="a"))
    assert where(tab) == "step 0 of 0"


def test_without_scripts_the_page_still_reads(visit):
    tab = visit(*neuron(), java_script_enabled=False)
    assert tab.is_visible(".wide") and tab.is_visible("#steps")
    assert tab.is_hidden(".bar") and tab.is_hidden("#told")


@needs_renderer
def test_a_deep_model_lists_a_few_of_its_parameters(tmp_path):
    layers = [layer for _ in range(8) for layer in (nn.Linear(3, 3, rng=1), nn.Tanh())]
    result = nn.Sequential(*layers)(np.ones((4, 3))).sum()
    text = html.unescape(text_of(page(result, tmp_path / "page.html")))
    assert re.search(r"From it: (∂\S+ \([^)]*\), ){3}∂\S+ \([^)]*\) and 12 more\.", text)
    assert "last t" not in text_of(page(result, tmp_path / "open.html", collapse=0))


def test_a_model_of_the_users_own_has_a_page(visit):
    model = nn.Sequential(nn.Linear(2, 3, rng=0), nn.Tanh(), nn.Linear(3, 1, rng=1))
    tab = visit(model(np.ones((4, 2))).sum())
    tab.keyboard.press("End")
    at(tab, tab.locator("#steps > li").count() - 1)
    assert tab.evaluate("document.querySelectorAll('.wide .later').length") == 0
