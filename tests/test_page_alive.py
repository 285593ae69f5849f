# ruff: noqa: F811  # pytest finds fixtures by their names
"""The page alive: other numbers, learning, entries, addresses, layers that open, nan and inf."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from test_page import at, chromium, data_of, labels, shown, visit, where  # noqa: F401
from test_picture import Recurrent, leaf, neuron, normal

import nn
from microtensor import Graph, Tensor, draw, group, page

RATE = 0.3


def weights():
    rng = np.random.default_rng(1)
    sizes = {"W1": (2, 4), "b1": (4,), "W2": (4, 1), "b2": (1,)}
    return {name: rng.normal(size=size) for name, size in sizes.items()}


def xor(given=None):
    """2-4-1 with tanh, on all four examples at once."""
    X = Tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], name="X")
    y = Tensor([[0.0], [1.0], [1.0], [0.0]], name="y")
    given = given or weights()
    W1, b1, W2, b2 = (leaf(given[name], name) for name in ("W1", "b1", "W2", "b2"))
    A = np.tanh(X @ W1 + b1)
    A.name = "A"
    L = ((A @ W2 + b2 - y) ** 2).mean()
    L.name = "L"
    return L, [W1, b1, W2, b2]


def engines_costs(steps):
    """What the engine gives, stepping downhill."""
    given = weights()
    costs = []
    for _ in range(steps + 1):
        L, leaves = xor(given)
        costs.append(L.item())
        L.backward()
        given = {x.name: x.data - RATE * x.grad for x in leaves}
    return costs


def model():
    return nn.Sequential(nn.Linear(2, 4, rng=0), nn.Tanh(), nn.Linear(4, 1, rng=1))


def network():
    X = Tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], name="X")
    y = Tensor([[0.0], [1.0], [1.0], [0.0]], name="y")
    L = nn.MSELoss()(model()(X), y)
    L.name = "L"
    return L


def until(tab, expression):
    """Waits until it is true; the page's policy forbids that the page itself evaluates it."""
    for _ in range(100):
        if tab.evaluate(expression):
            return
        tab.wait_for_timeout(50)
    raise AssertionError(expression)


def choose(tab, name):
    tab.click(f'.wide .card:has(tspan.name:text-is("{name}"))')


def numbers_of(tab):
    """What the page holds: its numbers are those of its script."""
    return tab.evaluate("""() => {
        const cost = document.querySelector("#cost").textContent;
        const proof = document.querySelector("#entries .proof");
        return { cost, ...(proof ? proof.dataset : {}) };
    }""")


# Learning ---------------------------------------------------------------------------------------


def test_xor_is_learnt_in_the_page_as_the_engine_learns_it(visit):
    L, _ = xor()
    tab = visit(L, at="#step-9999")
    script = """([rate, steps, parameters, result]) => {
        const costs = [];
        let leaves = {};
        for (let i = 0; i <= steps; i += 1) {
            const { values, gradients } = rerun(leaves);
            costs.push(values[result]);
            leaves = Object.fromEntries(parameters.map((id) =>
                [id, values[id].map((w, k) => w - rate * gradients[id][k])]));
        }
        return costs;
    }"""
    graph = Graph.of(L)
    ids = [node.id for node in graph.nodes if node.role == "parameter"]
    found = tab.evaluate(script, [RATE, 400, ids, graph.result.id])
    costs = engines_costs(400)
    np.testing.assert_allclose(found, costs, rtol=0, atol=1e-12)
    assert min(i for i, cost in enumerate(costs) if cost < 0.05) < 2000
    tab.fill("#rate", str(RATE))
    for k in range(3):
        tab.click("#descend")
        assert abs(float(tab.get_attribute("#cost", "data-cost")) - costs[k + 1]) < 1e-12
        said = f"After {k + 1} step{'s' if k else ''} L = {costs[k + 1]:.4g}; at first it was"
        assert tab.inner_text("#cost").startswith(said)
    tab.click("#run")
    until(tab, "/L = (0\\.0[0-4]|.*e−)/.test(document.querySelector('#cost').textContent)")
    tab.click("#run")
    steps, cost = re.match(r"After (\d+) steps L = (\S+);", tab.inner_text("#cost")).groups()
    assert float(cost.replace("−", "-")) < 0.05 and int(steps) < 2000
    known = costs if int(steps) < len(costs) else engines_costs(int(steps))
    assert abs(float(tab.get_attribute("#cost", "data-cost")) - known[int(steps)]) < 1e-12
    points = tab.get_attribute("#curve polyline", "points").split()
    assert len(points) > 10 and tab.is_visible("#curve")
    assert tab.is_visible("#reset:enabled")
    tab.click("#reset")
    assert tab.inner_text("#cost") == "" and shown(tab, "L", "value") == f"{costs[0]:.4g}"


def test_a_rate_that_is_no_number_moves_nothing(visit):
    tab = visit(xor()[0], at="#step-9999")
    tab.fill("#rate", "fast")
    tab.click("#descend")
    assert tab.get_attribute("#rate", "aria-invalid") == "true" and tab.is_disabled("#reset")


def test_a_nudge_moves_the_result_by_about_its_slope(visit):
    tab = visit(*neuron())
    tab.fill("#by", "0.5")
    w, b, x = -1.5, 4.0, 3.0
    moved = np.log(1 / (1 + np.exp(-(w * x + b)))) - np.log(1 / (1 + np.exp(2.0)))
    assert tab.inner_text("#moved") == (
        f"L moves by {moved:.4g}; its slope says 2.642 × 0.5 = 1.321."
    )


def test_what_is_learnt_is_told(visit):
    L, _ = xor()
    tab = visit(L, at="#step-9999")
    tab.fill("#rate", str(RATE))
    tab.click("#descend")
    L.backward()
    _, leaves = xor()
    again, _ = xor(
        {x.name: x.data - RATE * Graph.of(xor()[0]).find(x.name).gradient for x in leaves}
    )
    rows = [card for card in Graph.of(again).nodes if card.name == "b1"]
    assert (
        shown(tab, "b1", "value")
        == "[" + " ".join(f"{x:.4g}".replace("-", "−") for x in rows[0].value) + "]"
    )
    said = tab.inner_text("#steps")
    assert f"L = {again.item():.4g}." in said and f"L = {L.item():.4g}." not in said


def test_layers_follow_other_numbers(visit):
    tab = visit(network(), at="#step-9999")
    before = tab.inner_text("#steps"), shown(tab, "layers.0", "value"), labels(tab)
    tab.click("#descend")
    after = tab.inner_text("#steps"), shown(tab, "layers.0", "value"), labels(tab)
    assert all(x != y for x, y in zip(before, after, strict=True))
    tab.click("#reset")
    assert (tab.inner_text("#steps"), shown(tab, "layers.0", "value"), labels(tab)) == before


def test_between_layers_gradients_are_seen_from_their_step_on(visit):
    model, X = Recurrent(1), Tensor(normal(3, 9, 2), name="X")
    tab = visit((model(X) ** 2).sum(), at="#step-2")
    said = """() => [...document.querySelectorAll(".wide .arrow tspan.backward")]
        .filter((t) => getComputedStyle(t).visibility === "visible").length"""
    assert tab.evaluate(said) == 0
    tab.click("#last")
    assert tab.evaluate(said) > 0


def test_a_loops_paths_go_through_it_once(visit):
    model, X = Recurrent(1), Tensor(normal(3, 9, 2), name="X")
    tab = visit((model(X) ** 2).sum(), at="#step-9999")
    choose(tab, "cell")
    assert "1 path leads" in tab.inner_text("#paths-title")
    assert tab.locator("#paths-body li").count() == 1 and "more" not in tab.inner_text("#paths")


def test_the_card_of_a_loop_follows_other_numbers(visit):
    model, X = Recurrent(1), Tensor(normal(3, 9, 2), name="X")
    cost = (model(X) ** 2).sum()
    tab = visit(cost, at="#step-9999")
    tab.fill("#rate", "0.1")
    tab.click("#descend")
    cost.backward()
    for p in model.parameters():
        p.data = p.data - 0.1 * p.grad
    cards = draw((model(X) ** 2).sum()).scene.cards
    (card,) = (card for card in cards if [c.text for c in card.heading[:2]] == ["cell", "× 9"])
    named = json.loads(tab.text_content("#data"))["cards"].items()
    (loop,) = (key for key, known in named if known == "cell")
    for style, part in (("forward", "value"), ("backward", "gradient")):
        told = [cell.text for row in card.rows for cell in row if cell.style == style]
        texts = tab.locator(f'.card[data-id="{loop}"] text.{part} tspan')
        assert texts.all_text_contents() == told


# Entries ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["W1", "b1", "A", "W2"])
def test_an_entry_reaches_what_adds_up_to_its_gradient(name, visit):
    L, _ = xor()
    tab = visit(L, at="#step-9999")
    choose(tab, name)
    gradient = Graph.of(L).find(name).gradient
    for i, g in enumerate(gradient.ravel()):
        tab.click(f'#entries [data-entry="{i}"]')
        found = numbers_of(tab)
        assert float(found["sum"]) == pytest.approx(g, rel=1e-12, abs=1e-12)
        assert float(found["gradient"]) == pytest.approx(g, rel=1e-12, abs=1e-12)
        assert tab.locator("#entries .lit").count() > 0
        said = tab.inner_text("#entries")
        assert "undefined" not in said and "isn't linear" not in said
    assert "which is the gradient" in tab.inner_text("#entries .proof")


def test_an_entry_of_a_product_shows_its_row_and_its_column(visit):
    A, B = leaf(np.arange(6.0).reshape(2, 3) + 1, "A"), leaf(np.arange(12.0).reshape(3, 4) - 5, "B")
    C = A @ B
    C.name = "C"
    tab = visit((C * C).sum(), at="#step-9999", options={"collapse": 0})
    choose(tab, "C")
    tab.click('#entries [data-entry="6"]')  # C[1, 2]
    lit = """() => [...document.querySelectorAll("#entries figure")].map((figure) =>
        [...figure.querySelectorAll("td")].flatMap((td, i) => td.className === "lit" ? [i] : []))"""
    assert tab.evaluate(lit)[:2] == [[3, 4, 5], [2, 6, 10]]
    assert "C[1, 2] was computed from A, since C = A @ B" in tab.inner_text("#entries")
    assert "since L" not in tab.inner_text("#entries")
    for use in ("(1st use)", "(2nd use)"):
        assert f"C[1, 2] reaches 1 entry of t1, since t1 = C · C {use}; upstream × local:" in (
            tab.inner_text("#entries")
        )
    tab.focus('#entries [data-entry="6"]')
    tab.keyboard.press("ArrowUp")
    tab.keyboard.press("Enter")
    assert tab.get_attribute('#entries [data-entry="2"]', "aria-pressed") == "true"


def test_entries_can_be_edited(visit):
    tab = visit(xor()[0], at="#step-9999")
    tab.click("#numbers summary:text-is('W1 2×4')")
    tab.fill("#numbers [aria-label='W1[1, 2]']", "−1,5")
    given = weights()
    given["W1"][1, 2] = -1.5
    L, _ = xor(given)
    assert shown(tab, "L", "value") == f"{L.item():.4g}"
    tab.fill("#numbers [aria-label='W1[1, 2]']", "x")
    assert tab.is_visible("#numbers-error") and shown(tab, "L", "value") == f"{L.item():.4g}"


def test_a_graph_of_many_numbers_says_that_it_stays_as_it_is(visit):
    W = leaf(np.ones((70, 60)), "W")
    tab = visit((W * W).sum(), options={"collapse": 0})
    assert tab.is_hidden("#numbers")
    assert tab.inner_text("#still").startswith(
        "Other numbers can't be tried here: the graph holds "
    )


def test_what_is_not_recorded_is_named(visit):
    w, x = leaf([1.0, 2.0], "w"), Tensor([3.0, 4.0], name="x")
    kept = x * 2.0
    kept.name = "kept"
    tab = visit((w * kept).sum())
    assert tab.inner_text("#still") == (
        "kept keeps its number, whatever you change: what it was computed from isn't recorded."
    )


# Addresses --------------------------------------------------------------------------------------


def test_numbers_and_the_mode_are_in_the_address(visit):
    tab = visit(*neuron(), at="#step-7&w=5")
    at(tab, 7)
    assert shown(tab, "w", "value") == "5" and shown(tab, "p", "value") == "15"
    tab.keyboard.press("ArrowRight")
    at(tab, 8)
    tab.wait_for_url("**#step-8&w=5")
    tab.fill('#numbers input[type=text][aria-label="b"]', "-2")
    tab.wait_for_url("**#step-8&w=5&b=-2")
    tab.reload()
    at(tab, 8)
    assert (shown(tab, "w", "value"), shown(tab, "b", "value")) == ("5", "−2")
    assert tab.input_value('#numbers input[type=text][aria-label="b"]') == "-2"
    tab.go_back()
    at(tab, 7)
    assert (shown(tab, "w", "value"), shown(tab, "b", "value")) == ("5", "4")
    tab.check("#predict")
    tab.wait_for_url("**#step-7&w=5&mode=predict")
    tab.reload()
    assert tab.is_checked("#predict") and tab.is_visible("#ask")
    tab.click("#steps a >> nth=2")
    at(tab, 2)
    assert shown(tab, "w", "value") == "5"


def test_an_entry_has_an_address(visit):
    tab = visit(xor()[0], at="#step-20&W1[0,1]=5&b1=1,2,3,4")
    assert shown(tab, "W1", "value").split("\n")[0].split()[1] == "5"
    assert shown(tab, "b1", "value") == "[1 2 3 4]"


BAD = [
    "&w=", "&w=x", "&w=1,2", "&nobody=3", "&w[0]=3", "&=", "&%E0%A4%A=1", ".9&w=1e", "&w",
    "&open=nobody&mode=nothing&lang=<b>",
]  # fmt: skip


def test_bad_addresses_are_harmless(visit):
    tab = visit(*neuron())
    page = tab.url.split("#")[0]
    for bad in BAD:
        tab.goto("about:blank")
        tab.goto(f"{page}#step-4{bad}")
        at(tab, 4)
        assert shown(tab, "w", "value") == "−2" and tab.is_disabled("#reset"), bad
        assert tab.is_hidden("#ask"), bad
        until(tab, "!location.hash.includes('lang')")  # the address is brought up to date


# Layers that open -------------------------------------------------------------------------------


def test_a_layer_opens_and_closes_in_its_place(visit):
    tab = visit(network(), at="#step-9999", viewport={"width": 1280, "height": 800})
    card = '.wide .card.closed:has(tspan.name:text-is("layers.0"))'
    assert tab.get_attribute(card, "aria-expanded") == "false"
    tab.click(card)
    assert tab.locator(".module .card").count() == 6
    assert tab.evaluate("document.activeElement.getAttribute('aria-expanded')") == "true"
    tab.wait_for_url("**&open=Sequential.layers.0")
    tab.keyboard.press("Enter")
    assert tab.locator(".module").count() == 0 and "open" not in where(tab)
    tab.focus('.wide .card.closed:has(tspan.name:text-is("MSELoss"))')
    tab.keyboard.press("Enter")
    tab.focus(card)
    tab.keyboard.press("Enter")
    assert tab.locator(".module").count() == 2
    tab.wait_for_url("**open=MSELoss,Sequential.layers.0")
    tab.reload()
    assert tab.locator(".module").count() == 2 and tab.locator(".module .card").count() == 9
    found = tab.evaluate("""() => {
        const box = (x) => x.getBoundingClientRect();
        const drawn = ".wide > .card:not(.opened) > .line, .module .box, .module .card > .line";
        const cards = [...document.querySelectorAll(drawn)];
        const meet = (a, b) => Math.min(a.right, b.right) - Math.max(a.left, b.left) > 1 &&
            Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 1;
        const wrong = [];
        cards.forEach((a, i) => cards.slice(i + 1).forEach((b) => {
            const module = a.closest(".module");
            const same = module && module === b.closest(".module");
            const within = same && [a, b].some((x) => x.matches(".box"));
            if (!within && meet(box(a), box(b))) wrong.push([a.outerHTML, b.outerHTML]);
        }));
        return wrong;
    }""")
    assert found == []


def test_arrows_reach_the_cards_that_moved(visit):
    tab = visit(network(), at="#step-9999&open=Sequential.layers.0,MSELoss")
    off = tab.evaluate("""() => {
        const data = JSON.parse(document.querySelector("#data").textContent);
        const svg = document.querySelector(".wide");
        return [...svg.querySelectorAll(":scope > .arrow")].map((arrow) => {
            const line = arrow.querySelector("path[fill=none]").getBoundingClientRect();
            const [from, to] = data.arrows[arrow.dataset.id].map((id) =>
                (svg.querySelector(`.module[data-id="${id}"] .box`) ||
                 svg.querySelector(`[data-id="${id}"] .line`))?.getBoundingClientRect());
            return Math.max(Math.abs(line.top - from.bottom), Math.abs(line.bottom - to.top));
        });
    }""")
    assert max(off) < 16  # an arrow's head lies between


def test_the_steps_go_on_inside_of_an_open_layer(visit):
    tab = visit(network(), at="#step-0&open=Sequential.layers.0")
    seen = []
    for _ in range(5):
        tab.keyboard.press("ArrowRight")
        seen.append((where(tab), tab.inner_text("#title")))
    assert [place for place, _ in seen] == [
        "step 1.1 of 6", "step 1.2 of 6", "step 1.3 of 6", "step 1.4 of 6", "step 2 of 6",
    ]  # fmt: skip
    assert seen[2][1] == "Z1 = t2 + b1" and seen[4][1] == "layers.2, forward"
    tab.keyboard.press("ArrowLeft")
    at(tab, "1.4")
    tab.keyboard.press("ArrowLeft")
    at(tab, "1.3")
    inside = """(name) => [...document.querySelectorAll(".module .card")].filter((card) =>
        card.querySelector(".name").textContent === name).map((card) =>
        [...card.querySelectorAll("text.value")].every((t) => !t.classList.contains("later")))"""
    assert tab.evaluate(inside, "Z1") == [True] and tab.evaluate(inside, "A1") == [False]
    tab.evaluate("location.hash = '#step-6.1&open=Sequential.layers.0'")
    at(tab, "6.1")
    assert tab.inner_text("#title") == "A1 sends to Z1"
    assert tab.locator(".module .arrow.now").count() == 1


@pytest.mark.acceptance
def test_the_cat_classifiers_layers_open_quickly(visit, tmp_path):
    cats = nn.datasets.drawn_cats()
    L = nn.BCELoss()(
        nn.CatClassifier(rng=1)(Tensor(cats.train_images / 255)), Tensor(cats.train_labels)
    )
    path = Path(page(L, tmp_path / "cats.html"))
    assert path.stat().st_size < 230_000
    tab = visit(L, at="#step-9999")
    units = data_of(path.read_text(encoding="utf-8"))["units"]
    assert list(units.values()) == [*(f"CatClassifier.layer{k}" for k in range(1, 5)), "BCELoss"]
    for id_ in units:
        for k in (1, 0):
            tab.focus(f'.wide [data-id="{id_}"][role=button]:not(.opened)')
            tab.keyboard.press("Enter")
            assert tab.locator(f'.module[data-id="{id_}"]').count() == k


# The picture's size -----------------------------------------------------------------------------


def test_the_picture_is_zoomed_and_moved(visit):
    tab = visit(xor()[0], viewport={"width": 1280, "height": 800})
    width = "document.querySelector('.wide').getBoundingClientRect().width"
    before = tab.evaluate(width)
    tab.click("#larger")
    assert tab.evaluate(width) == pytest.approx(before * 1.25, rel=0.01)
    tab.keyboard.press("-")
    assert tab.evaluate(width) == pytest.approx(before, rel=0.01)
    tab.hover("#view")
    top = tab.evaluate("scrollY")
    tab.keyboard.down("Control")
    tab.mouse.wheel(0, -200)
    tab.keyboard.up("Control")
    until(tab, f"{width} > {before * 1.2}")
    assert tab.evaluate("scrollY") == top
    tab.focus("#view")
    left = tab.evaluate("document.querySelector('#view').scrollLeft")
    tab.keyboard.press("Shift+ArrowRight")
    until(tab, f"document.querySelector('#view').scrollLeft > {left}")
    tab.click("#fit")
    assert tab.evaluate(width) <= tab.evaluate("document.querySelector('#view').clientWidth")


def test_a_local_derivative_that_is_called_as_the_gradient_is_told_apart_on_a_page(visit):
    x = leaf(2.0, "x")
    h = x * 3.0
    f = h + x
    h.name, f.name = "h", "f"
    tab = visit(f, at="#step-9999")
    choose(tab, "x")
    said = tab.inner_text("main")
    assert "∂f/∂f × ∂f/∂x (direct): 1 × 1 = 1" in said and "∂f/∂x (direct) = 1" in said
    assert "∂f/∂h × ∂h/∂x: 1 × 3 = 3" in said


def test_nothing_is_told_to_go_back_to_an_operand_that_is_not_tracked(visit):
    w, x = leaf(2.0, "w"), Tensor(3.0, name="x")
    p = w * x
    p.name = "p"
    tab = visit(p * 5.0, at="#step-9999")
    choose(tab, "p")
    said = tab.inner_text("#entries")
    assert "p was computed from w" in said and "∂L/∂p × ∂p/∂w: 5 × 3 = 15" in said
    assert "p was computed from x" not in said and "∂p/∂x" not in said


def test_each_use_of_an_entry_has_a_local_derivative_of_its_own(visit):
    v = leaf([2.0, 3.0], "v")
    p = v * v
    p.name = "p"
    tab = visit((p * 5.0).sum(), at="#step-9999")
    for card, entry, said in (("v", 1, "∂p[1]/∂v[1] (2nd): 5 × 3 = 15"), ("p", 0, "v[0] (1st)")):
        choose(tab, card)
        tab.click(f'#entries button[data-entry="{entry}"]')
        assert said in tab.inner_text("#entries")


def test_a_page_says_of_a_name_that_is_a_word_and_of_a_lost_part_what_a_story_says(visit):
    a, c = leaf(2.0, "a"), leaf(3.0, "c")
    y = a + c * 1.0
    y.name = "y"
    tab = visit(y, at="#step-9999&a=1&c=2e-11", options={"language": "es"})
    choose(tab, "a")
    said = tab.inner_text("main")
    assert "1 camino lleva desde «a» hasta «y»" in said
    assert "∂y/∂a" in said and "∂y/∂«a»" not in said
    steps = " ".join(tab.locator("#steps").all_text_contents())
    assert "«a» recibe de «y»" in steps and "y = 1 + 2e−11 ≈ 1" in steps


def test_a_gradient_handed_over_has_its_own_name_on_a_page(visit):
    x = leaf(2.0, "x")
    z = x * x
    z.name = "z"
    tab = visit(z, at="#step-9999", options={"gradient": 3.0})
    choose(tab, "x")
    said = tab.inner_text("main")
    assert "∂L/∂x" in said and "∂L/∂z × ∂z/∂x" in said and "∂z/∂z" not in said
    assert "L: what z leads to; ∂L/∂z was handed over" in said
    assert tab.is_visible("#numbers") and tab.is_hidden("#learn")
    assert data_of(Path(tab.url.partition("#")[0].removeprefix("file://")).read_text())["of"] == "L"


def test_that_a_bias_was_copied_is_said_of_other_numbers_too(visit):
    X, b = Tensor(np.ones((3, 2)), name="X"), leaf([1.0, 2.0], "b")
    tab = visit(((X + b) * 2.0).sum(), at="#step-9999", options={"collapse": 0})
    said = "b was copied to 3 rows, so 3 gradients return: add them."
    for numbers in ("", "&b=[5,6]"):
        tab.evaluate(f"location.hash = '#step-9999{numbers}'")
        tab.wait_for_function("said => document.body.innerText.includes(said)", arg=said)


# nan and inf ------------------------------------------------------------------------------------


def told(tab):
    return tab.inner_text("#born") if tab.is_visible("#born") else ""


def test_a_nan_is_explained_where_it_is_born(visit):
    tab = visit(*neuron(), at="#step-3&b=-800")
    at(tab, 3)
    assert told(tab) == ""
    said = {
        4: "L = log(s) is −inf: log falls without end as its input nears 0.",
        6: "What L sends to s is inf, ∂L/∂L × ∂L/∂s = 1 × inf: the slope here is infinite, "
        "∂L/∂s = 1/s = inf.",
        7: "What s sends to z is nan, ∂L/∂s × ∂s/∂z = inf × 0: inf × 0 has no value, since one "
        "factor grows without end and the other vanishes. All that it reaches from here on is nan.",
    }
    for step, text in said.items():
        tab.evaluate(f"location.hash = '#step-{step}'")
        at(tab, step)
        assert told(tab) == text
    assert shown(tab, "z", "gradient") == "nan"


@pytest.mark.parametrize(
    ("f", "x", "text"),
    [
        (lambda x: x.exp(), 1000, "it overflows, since a number of 64 bits ends at 1.8e308"),
        (lambda x: x * x * x, 1e200, "it overflows"),
        (lambda x: x.log(), 0, "log falls without end"),
        (lambda x: x.log(), -1, "log of −1 is no real number."),
        (lambda x: x.log(), 5e-324, "∂L/∂L × ∂L/∂x = 1 × inf: it overflows"),  # 1/x is finite
        (lambda x: x.log(), "0.0", "the slope here is infinite, ∂L/∂x = 1/x = inf."),
        (lambda x: x.sqrt(), -4, "sqrt of (−4) is no real number."),
        (lambda x: 1.0 / x, 0, "1 / 0 grows without end."),
        (lambda x: x / x, 0, "0 / 0 has no value."),
        (lambda x: x.exp() - x.exp(), 1000, "it overflows"),
        (lambda x: x.exp() * (x - 1000.0), 1000, "inf × 0 has no value"),
    ],
)
def test_each_kind_is_explained(f, x, text, visit):
    y = f(leaf(2.0, "x"))
    tab = visit(y, at=f"#step-9999&x={x}", options={"collapse": 0})
    found = set()
    for k in range(int(where(tab).split()[-1]) + 1):
        tab.evaluate(f"location.hash = '#step-{k}'")
        at(tab, k)
        found.add(told(tab))
    assert any(text in said for said in found), found


def test_of_arrays_the_entry_is_named(visit):
    X = leaf([[1.0, 5.0], [2.0, 3.0]], "X")
    tab = visit(X.log().sum(), at="#step-1&X[0,1]=0")
    assert told(tab) == ("t1[0, 1] = log(X) is −inf: log falls without end as its input nears 0.")


def test_a_nan_from_the_start_is_not_the_rates_fault(visit):
    w = leaf([-1.0], "w")
    with np.errstate(invalid="ignore"):
        tab = visit(np.log(w).sum(), at="#step-9999")
    tab.click("#descend")
    assert "no rate mends" in tab.inner_text("#cost") and "smaller" not in tab.inner_text("#cost")


# Print ------------------------------------------------------------------------------------------


def test_printed_it_has_a_picture_on_its_first_page_and_slides_a_step_each(visit):
    tab = visit(*neuron(), at="#step-7")
    tab.evaluate("window.print = () => { window.printed = true; }")
    tab.emulate_media(media="print")
    assert tab.is_visible("#title") and tab.is_visible(".wide") and tab.is_hidden(".bar")
    assert tab.locator(".wide").bounding_box()["y"] < 600
    tab.emulate_media(media="screen")
    tab.click("#print")
    assert tab.evaluate("window.printed")
    tab.emulate_media(media="print")
    slides = tab.locator(".slide")
    assert slides.count() == 11 and tab.is_hidden("#view") and tab.is_hidden("#steps")
    assert all(slides.nth(k).locator(".picture.wide").is_visible() for k in (0, 10))
    assert tab.locator(".slide h2").all_text_contents()[7] == "7. s sends to z"
    assert where(tab) == "step 7 of 10"
    tab.evaluate("dispatchEvent(new Event('afterprint'))")
    assert tab.locator(".slide").count() == 0 and tab.is_visible("#view")


def test_what_the_page_is_told_is_plain_data(tmp_path):
    """No array of a graph that stays as it is stands in its page."""
    W = leaf(np.ones((100, 50)), "W")
    text = (
        (tmp_path / "page.html").read_text() if page((W * W).sum(), tmp_path / "page.html") else ""
    )
    assert len(json.dumps(data_of(text))) < 60_000


def test_while_it_asks_nothing_gives_the_answer_away(visit):
    L, _ = xor()
    tab = visit(L, at="#step-17")  # A sends to Z1
    choose(tab, "A")
    tab.check("#predict")
    assert tab.inner_text("#title") == "A sends to Z1"
    while tab.is_visible("#ask"):
        said = tab.inner_text("#told") + tab.inner_text("#steps") + " ".join(labels(tab))
        assert "1 − A²" not in said and "The rule: tanh" not in said
        assert tab.is_hidden("#entries") and tab.inner_text("#moved") == ""
        assert shown(tab, "Z1", "gradient") is None
        tab.click("#show")
    assert "1 − A²" in tab.inner_text("#told") and tab.is_visible("#entries")


# Every kind of page ------------------------------------------------------------------------------


def changed(tab):
    """Changes the first number that can be, and leads all downhill."""
    for details in tab.locator("#numbers details").all()[:1]:
        details.locator("summary").click()
    field = tab.locator("#numbers input[type=text][data-id]").first
    field.fill("0.5")
    tab.fill("#rate", "0.01")
    for said in ("After 1 step ", "After 2 steps "):
        tab.click("#descend")
        assert said in tab.inner_text("#cost")
    for card in tab.locator(".card:visible").all():
        card.dispatch_event("click")
    tab.click("#last")
    tab.click("#reset")


WHOLE = {
    "sum(exp(A))": lambda A: np.exp(A).sum(),
    "sum(A*A)": lambda A: (A * A).sum(),
    "sum(tanh(A))": lambda A: np.tanh(A).sum(),
    "mean(A**2)": lambda A: (A**2).mean(),
    "A @ A": lambda A: (A @ A).mean(),
    "xor": lambda A: xor()[0],
}


@pytest.mark.parametrize("kind", WHOLE)
def test_other_numbers_are_told_on_every_kind_of_page(kind, visit):
    tab = visit(WHOLE[kind](leaf([[0.1, -0.2], [0.3, 0.4]], "A")))
    changed(tab)


@pytest.mark.parametrize("make", [lambda: xor()[0], lambda: rounds(30)])
def test_a_page_steps_through_values_where_a_picture_may_fold_them(make, tmp_path):
    result = make()
    text = Path(page(result, tmp_path / "x.html")).read_text()
    graph = Graph.of(result)
    assert set(data_of(text)["cards"]) == {node.id for node in graph.nodes}


def test_what_would_take_too_many_steps_is_folded_on_a_page_too(tmp_path):
    text = Path(page(rounds(60), tmp_path / "x.html")).read_text()
    assert len(data_of(text)["cards"]) < 60


def rounds(count):
    x = leaf(0.5, "x")
    y = x
    for _ in range(count):
        y = np.tanh(y * 0.9) + y
    return y


def test_every_press_of_a_key_counts(visit):
    tab = visit(xor()[0])
    tab.evaluate("""() => {
        for (let k = 0; k < 10; k += 1) {
            const press = new KeyboardEvent("keydown", { key: "ArrowRight", bubbles: true });
            document.body.dispatchEvent(press);
        }
    }""")
    at(tab, 10)
    until(tab, "location.hash === '#step-10'")
    tab.go_back()
    at(tab, 9)
    tab.go_forward()
    at(tab, 10)


def test_running_downhill_with_too_large_a_rate_stops_and_says_so(visit):
    x = leaf(1.0, "x")
    L = x**4
    L.name = "L"
    tab = visit(L)
    tab.fill("#rate", "3")
    tab.click("#run")
    until(tab, "document.querySelector('#cost').textContent.includes('no finite number')")
    until(tab, "document.querySelector('#run').textContent === 'Run'")
    assert "smaller rate" in tab.inner_text("#cost")
    tab.click("#reset")
    assert tab.inner_text("#cost") == ""


@pytest.mark.parametrize("said", ["scalar", "()", "[ ]", "Scalar"])
def test_one_number_has_a_shape_too(said, visit):
    tab = visit(nn_loss(), options={"collapse": 1})
    tab.check("#predict")
    for _ in range(60):
        asks = tab.is_visible("#ask") and tab.inner_text("#question") == "What shape has L?"
        if asks:
            break
        tab.click("#next")
    assert asks
    for wrong in ("1", "2×2"):
        tab.fill("#answer", wrong)
        tab.press("#answer", "Enter")
        assert "Not yet" in tab.inner_text("#verdict")
    tab.fill("#answer", "")
    tab.press("#answer", "Enter")
    assert "Type a shape" in tab.inner_text("#verdict")
    tab.fill("#answer", said)
    tab.press("#answer", "Enter")
    assert tab.is_hidden("#ask")


def nn_loss():
    with group("loss"):
        L = (leaf([1.0, 2.0], "x") ** 2).sum()
        L.name = "L"
    return L


def test_nothing_of_the_picture_is_hidden_without_a_sign(visit):
    size = {"width": 1280, "height": 800}
    view = "document.querySelector('#view')"
    hidden = f"{view}.scrollWidth > {view}.clientWidth"
    small = visit(neuron()[0], viewport=size)
    assert not small.evaluate(hidden) and small.inner_text("#beyond") == ""
    large = visit(rounds(30), viewport=size)
    assert large.evaluate(hidden) and "press Fit" in large.inner_text("#beyond")
    large.click("#fit")
    assert not large.evaluate(hidden) and large.inner_text("#beyond") == ""


def test_what_is_learnt_is_in_sight_with_the_picture(visit):
    tab = visit(xor()[0], viewport={"width": 1280, "height": 800})
    tab.click("#descend")
    ends = {key: tab.locator(key).bounding_box() for key in ("#curve", "#cost", "#view")}
    for key in ("#curve", "#cost"):
        assert ends[key]["y"] >= 0 and ends[key]["y"] + ends[key]["height"] <= 801
    assert ends["#view"]["y"] + ends["#view"]["height"] > 200
