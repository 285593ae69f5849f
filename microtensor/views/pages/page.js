// Steps through a graph: shows what is known at the step that the address names.
const find = (selector, root = document) => root.querySelector(selector);
const all = (selector, root = document) => [...root.querySelectorAll(selector)];
const data = JSON.parse(find("#data").textContent);
let svg = null; // the picture in use, its cards by id and its arrows in order
let cards = new Map();
let arrows = [];
const told = all("#steps > li");
const view = find("#view");
const steps = data.steps;
const last = steps.length;
const recompute = typeof rerun === "function" ? rerun : null;
let step = 0;
let inner = 0; // which operation of an opened layer's step; 0: the step as a whole
let chosen = "";
const opened = new Set();

const forms = new Intl.PluralRules(document.documentElement.lang);

/** A sentence with its fields filled in; with a count, its form for one, many, or another. */
function say(key, fields = {}) {
  const form = "count" in fields ? `.${forms.select(Number(fields.count))}` : "";
  const known = form === ".other" ? undefined : data.sentences[key + form];
  const found = known ?? data.sentences[`${key}.many`];
  return found.replace(/\{(\w+)[^}]*\}/g, (_, field) => fields[field]);
}

function made(tag, text, kind) {
  const element = document.createElement(tag);
  element.textContent = text;
  if (kind) element.className = kind;
  return element;
}

const name = (id) => (data.nodes[id] || data.cards[id]).name;
const targetOf = (arrow) => data.arrows[arrow][1];
const isGentle = () => !matchMedia("(prefers-reduced-motion: reduce)").matches;

// What is known at a step ------------------------------------------------------------------------

const times = { value: new Map(), gradient: new Map(), arrow: new Map() }; // [step, operation]
steps.forEach((s, i) => {
  const whole = [i + 1, 1];
  if (s.kind === "forward") times.value.set(s.card, whole);
  else for (const id of s.cards || (s.key ? [] : [s.card])) times.gradient.set(id, whole);
  for (const a of s.arrows || (s.arrow === null ? [] : [s.arrow])) times.arrow.set(a, whole);
  (s.inner || []).forEach((x, j) => {
    if (x.kind === "forward") times.value.set(x.card, [i + 1, j + 1]);
    if (x.kind === "seed") times.gradient.set(x.card, [i + 1, j + 1]);
  });
});
data.keys.forEach((key, i) => {
  if (key in data.edges && !times.arrow.has(i)) times.arrow.set(i, data.edges[key].at);
});
const arriving = new Map(); // of each value, the edges that its gradient sums, in their order
for (const [key, edge] of Object.entries(data.edges)) {
  arriving.set(edge.source, [...(arriving.get(edge.source) || []), key]);
}
for (const keys of arriving.values()) {
  const time = (key) => data.edges[key].at;
  keys.sort((a, b) => time(a)[0] - time(b)[0] || time(a)[1] - time(b)[1]);
}

/** Whether something of this time has happened; in a layer that isn't open all happens at once. */
function passed(time) {
  return Boolean(time) && (time[0] < step || (time[0] === step && time[1] <= (inner || Infinity)));
}

/** What is known of a card: its value, and of its gradient the parts, and whether it is complete. */
function known(id) {
  const value = !times.value.has(id) || passed(times.value.get(id));
  const keys = arriving.get(id) || [];
  const open = questions().length > 0;
  const parts = id in data.nodes ? keys.filter((key) => passed(data.edges[key].at)) : [];
  if (open && parts.length && current().key === parts.at(-1)) parts.pop();
  const begun =
    passed(times.gradient.get(id)) && !(open && id in data.cards && current().card === id);
  const seed = begun && (!(id in data.nodes) || !keys.length);
  const complete = seed || (parts.length > 0 && parts.length === keys.length);
  return { value, parts, gradient: seed || parts.length > 0, complete };
}

/** The step, or the operation in it. */
function current() {
  const s = step ? steps[step - 1] : { kind: "start", card: "", arrow: null };
  return inner ? s.inner[inner - 1] : s;
}

const isTracked = (id) => arriving.has(id) || times.gradient.has(id);

// The picture ------------------------------------------------------------------------------------

const altered = new Set(); // texts of the picture that may need another width
const set = (element, text) => {
  if (!element || element.textContent === text) return;
  element.textContent = text;
  if (element.tagName === "tspan") altered.add(element.parentNode);
};
/** Sets texts, one each; where nothing was changed, what they were. */
function write(elements, texts) {
  for (const element of elements) element.told ??= element.textContent;
  if (elements.length === (texts || elements).length) {
    elements.forEach((element, i) => set(element, texts ? texts[i] : element.told));
  } else for (const element of elements) set(element, texts ? "…" : element.told);
}
const show = (elements, visible) => {
  for (const element of elements) element.classList.toggle("later", !visible);
};

/** Texts that are too long for their place are drawn closer. */
function fit(texts) {
  for (const text of texts) text.removeAttribute("textLength");
  const room = (text) => Number(text.dataset.room);
  const long = texts.filter((text) => text.getComputedTextLength() > room(text) + 1);
  for (const text of long) {
    text.setAttribute("textLength", text.dataset.room);
    text.setAttribute("lengthAdjust", "spacingAndGlyphs");
  }
}

function render() {
  const doing = current();
  for (const [id, card] of cards) renderCard(id, card, doing);
  arrows.forEach((arrow, i) => renderArrow(arrow, i, doing));
  renderList();
  const number = inner ? `${step}.${inner}` : step;
  find("#back").disabled = find("#first").disabled = !before();
  find("#next").disabled = find("#last").disabled = !after();
  set(find("#where"), say("script.step", { step: number, last }));
  fit([...altered]);
  altered.clear();
  renderTold();
  renderPaths();
  renderEntries();
  renderLearning();
  renderScore();
  renderBorn();
  follow();
}

function renderList() {
  const open = questions().length > 0;
  told.forEach((line, i) => {
    line.classList.toggle("now", i === step);
    line.classList.toggle("hidden", predicting && (i > step || (i === step && open)));
    const link = find("a", line);
    if (i === step) link.setAttribute("aria-current", "step");
    else link.removeAttribute("aria-current");
  });
}

function renderCard(id, card, doing) {
  const { value, parts, gradient, complete } = known(id);
  const sum = find(".sum tspan", card);
  const whole = complete || Boolean(now && recompute) || data.scalars || steps.some((s) => s.total);
  show(all(".value", card), value);
  show(all(".gradient", card), gradient && whole);
  show(all(".sum", card), parts.length > 0);
  show(all(".note, .verdict", card), (complete || (value && !isTracked(id))) && now === original);
  show(all(".heat", card), complete || (value && !isTracked(id)));
  if (step < last) show(all(".verdict", card), false);
  card.classList.toggle("partial", gradient && !complete);
  if (id in data.nodes) writeNode(id, card, parts, gradient, complete, sum);
  else if (now) writeUnit(id, card);
  const sends = doing.key && data.edges[doing.key].target === id;
  card.classList.toggle("now", doing.card === id || Boolean(sends));
  card.classList.toggle("asking", asksShape() && doing.card === id);
  card.classList.toggle("chosen", id === chosen);
  if (!(id in data.units)) card.setAttribute("aria-pressed", String(id === chosen));
  card.setAttribute("aria-label", spoken(card));
}

/** The numbers on the card of a value. */
function writeNode(id, card, parts, gradient, complete, sum) {
  const [values, gradients] = ["value", "gradient"].map((part) => all(`text.${part} tspan`, card));
  if (!now) {
    const partial = !complete && steps.find((s) => s.key === parts.at(-1) && s.key);
    write(gradients, partial && partial.total);
    if (sum) write([sum], partial && [`${partial.sum} + …`]);
    return;
  }
  const shape = data.nodes[id].shape;
  const fresh = now !== original || data.scalars;
  writeBars(card, "value", now.values[id]);
  write(values, fresh ? lines(now.values[id], shape) : null);
  if (!gradient) return;
  const sent = parts.map((key) => now.contributions[key]);
  const so = complete || !sent.length ? now.gradients[id] : sumOf(sent);
  writeBars(card, "gradient", so);
  write(gradients, fresh || !complete ? lines(so, shape) : null);
  if (sum && parts.length) {
    write([sum], fresh || !complete ? [summed(sent, so, shape) + (complete ? "" : " + …")] : null);
  }
}

/** A sum as it stands on a card: in words where it is long. */
function summed(parts, result, shape) {
  const texts = parts.map((x) => lines(x, shape).join("\n"));
  const text = shape.length ? `= ${texts.join(" + ")}` : total(parts, result);
  const long = text.length > data.longest || text.includes("\n");
  return long ? say("sum.long", { parts: parts.length }) : text;
}

/** The numbers on the card of a layer, row by row. */
function writeUnit(id, card) {
  const rows = data.rows[id] || [];
  const short = (x) => number(flat(x).length === 1 ? flat(x)[0] : rms(x));
  const returned = rows.filter((node) => node in now.gradients);
  const text = card.classList.contains("fold") ? brief : short;
  for (const [part, nodes, table] of [
    ["value", rows, now.values],
    ["gradient", returned, now.gradients],
  ]) {
    const fresh = now === original ? null : nodes.map((node) => text(table[node]));
    write(all(`text.${part} tspan`, card), fresh);
    const wide = nodes.filter((node) => flat(table[node]).length > 1);
    all(`path.${part}`, card).forEach((path, i) => drawBars(path, table[wide[i]]));
  }
  const shaded = returned.filter((node) => node !== data.final);
  const texts = all("text.gradient tspan", card);
  all("path.heat", card).forEach((path, i) => {
    const shade = now === original ? null : heatOf(shaded[i]);
    paint(path, shade && `var(--heat-${shade})`);
    paint(texts[returned.indexOf(shaded[i])], shade && `var(--${shade < 5 ? "text" : "page"})`);
  });
}

/** How dark a gradient's cell is: the largest is the darkest, a shade less for each half decade. */
function heatOf(node) {
  const sizes = Object.values(data.rows)
    .flat()
    .filter((id) => id !== data.final && id in now.gradients);
  const largest = Math.max(...sizes.map((id) => rms(now.gradients[id])).filter(Number.isFinite), 0);
  const heat = 8 + 2 * Math.log10(rms(now.gradients[node]) / largest);
  return String(Math.min(7, Math.max(0, Math.ceil(heat) - 1 || 0)));
}

/** Paints in another colour; without one, in that which it had. */
function paint(element, colour) {
  if (!element) return;
  element.fill ??= element.getAttribute("fill");
  element.setAttribute("fill", colour ?? element.fill);
}

const writeBars = (card, part, x) => all(`path.${part}`, card).forEach((path) => drawBars(path, x));

function drawBars(path, x) {
  path.told ??= path.getAttribute("d");
  const place = path.dataset.at.split(" ").map(Number);
  path.setAttribute("d", now === original || x === undefined ? path.told : bars(x, ...place));
}

/** All that is seen on a card, for those who hear it. */
function spoken(card) {
  const hidden = card.classList.contains("asking") ? ".later, .quiet" : ".later";
  const parts = (text) => [...text.childNodes].filter((part) => !part.matches?.(hidden));
  const seen = all("text:not(.later)", card).map(parts);
  return seen
    .map((some) =>
      some
        .map((part) => part.textContent)
        .join("")
        .trim(),
    )
    .join(", ");
}

function renderArrow(arrow, i, doing) {
  const [, target, backward] = data.arrows[i];
  const key = data.keys[i];
  const here =
    doing.arrow === i || (doing.arrows || []).includes(i) || (inner && doing.key === key);
  const open = Boolean(here) && questions().length > 0;
  const back = passed(times.arrow.get(i));
  const { value: forth } = known(target);
  show(all("text.forth", arrow), forth);
  const bare = data.nodes[target]?.shape.length === 0; // of numbers, what is asked for is a ?
  show(all("text.back", arrow), back && !(open && (asksShape() || !bare)));
  arrow.classList.toggle("ahead", !forth);
  arrow.classList.toggle("waiting", !back);
  arrow.classList.toggle("now", Boolean(here));
  arrow.classList.toggle("feeds", doing.kind === "forward" && doing.card === target);
  if (!now || !backward) return;
  if (Array.isArray(key)) writeFlow(arrow, key);
  else if (key in data.edges) writeEdge(arrow, key, open ? questions()[0].kind : "");
}

/** What goes back between layers. */
function writeFlow(arrow, keys) {
  const sums = keys.map((some) => sumOf(some.map((key) => now.contributions[key])));
  write(all("tspan.backward", arrow), now === original ? null : sums.map((x) => `◂ ${brief(x)}`));
}

function writeEdge(arrow, key, asked) {
  const { target, entrywise, upstream, times } = data.edges[key];
  const shapes = [data.nodes[target].shape, data.nodes[data.edges[key].source].shape];
  const sent = now.contributions[key];
  const labels = all("tspan.backward.label", arrow);
  if (!shapes[0].length && !shapes[1].length && entrywise) {
    const parts = [now.gradients[target], now.locals[key]];
    const factors = [factor(parts[0]), asked === "local" ? "?" : factor(parts[1])];
    const left = asked ? `${factors.join(" × ")} =` : product(parts, sent).trim();
    set(find(".plain", arrow), localText(key, asked === "local"));
    set(labels[0], `◂ ${left}`);
    set(find("tspan.backward:not(.label)", arrow), asked && asked !== "sum" ? "?" : number(sent));
    return;
  }
  const fresh = now !== original;
  write(all("tspan.backward:not(.label)", arrow), fresh ? lines(sent, shapes[1]) : null);
  if (entrywise) {
    const label = `◂ ${upstream} × ${oneFactor(key)}${/ =$/.test(labels[0].told) ? " =" : ""}`;
    write(labels.slice(0, 1), fresh && !times ? [label] : null);
    if (fresh) find(".plain", arrow)?.classList.remove("later");
  }
}

/** The local derivative of what works entry by entry, where one number is that of all entries. */
const oneFactor = (key) => factor(flat(now.locals[key])[0]);

/** `∂p/∂w = x = 3`; a condition isn't an equation. */
function localText(key, asked = false) {
  const { local, formula } = data.edges[key];
  if (asked) return `${local} = ?`;
  const value = number(now.locals[key]);
  const conditional = [" if ", say("script.if")].some((word) => formula.includes(word));
  if (conditional) return `${local} = ${value}, ${formula}`;
  return [...new Set([local, formula, value].filter(Boolean))].join(" = ");
}

// What is told -----------------------------------------------------------------------------------

/** The same with the numbers of now; ≈ where one of them is rounded. */
function recomputed(id) {
  let equal = "=";
  const filled = data.nodes[id].forward.replace(/\{(\w+)\}/g, (whole, x) => {
    if (!(x in now.values)) return whole;
    if (shown(now.values[x]) !== now.values[x]) equal = "≈";
    return factor(now.values[x]);
  });
  const bare = filled.replace(/([(|]|, )\((−[^()]*)\)(?=[)|,])/g, "$1$2"); // |−2|, σ(−2)
  return `${name(id)} = ${bare} ${equal} ${number(now.values[id])}`;
}

/** What a step computes, with the numbers of now. */
function equation(s, line) {
  if (!now || !s || s.said) return "";
  if (s.kind === "forward") {
    if (!data.scalars) return given(name(s.card), now.values[s.card], data.nodes[s.card].shape);
    if (now !== original) return recomputed(s.card);
    const said = find(".numbers", line);
    return (said.told || said.textContent).replace(/\.$/, "");
  }
  if (!s.key) return "";
  const { upstream, local, target, source, times, entrywise, sends, axes } = data.edges[s.key];
  const [out, into] = [data.nodes[target].shape, data.nodes[source].shape];
  const [g, sent] = [now.gradients[target], now.contributions[s.key]];
  if (!out.length && !into.length && entrywise) {
    return `${upstream} × ${local} = ${product([g, now.locals[s.key]], sent)}${number(sent)}`;
  }
  let written = sends;
  if (entrywise) {
    written = `${upstream} × ${times || oneFactor(s.key)}`;
    if (times) written = say("sent.entries", { formula: written });
    if (axes) written = say("sent.added", { formula: written, axes });
  }
  const text = inLine(sent, into);
  const whole = small(into) ? `${written}: ${text}` : `${written} (${text})`;
  return say("sent.array", { upstream: given(upstream, g, out) }) + (written ? whole : text);
}

/** The sentences of a step that have numbers, for the numbers of now. */
function retell(place, s) {
  if (s.said) {
    const said = find(".numbers, .rule", place);
    said.told ??= said.textContent;
    set(said, now === original ? said.told : filled(s.said));
    all("li", place).forEach((item, j) => retellInner(item, s.inner?.[j]));
    return;
  }
  for (const part of all(".numbers, .notes, .total", place)) {
    part.told ??= part.textContent;
    const fresh = { numbers: `${equation(s, place)}.`, notes: "" }[part.className] ?? totalSaid(s);
    set(part, now === original ? part.told : fresh);
  }
}

/** An operation in a layer's step; where many are left out, it has no numbers but its own. */
function retellInner(item, s) {
  const text = item.lastChild;
  if (text.nodeType !== Node.TEXT_NODE) return;
  text.told ??= text.data;
  const fresh = s ? ` ${equation(s)}. ${s.key ? totalSaid(s) : ""}` : "";
  text.data = now === original || s?.kind === "seed" ? text.told : fresh;
}

/** A layer's sentence with its numbers. */
function filled(said) {
  return said.replace(/\ue000(\w) ([^\ue001]*)\ue001/g, (_, kind, keys) => {
    const [first, ...more] = keys.split(" ");
    if (kind === "v") return sized(now.values[first], data.nodes[first].shape);
    if (kind === "g") return sized(now.gradients[first], data.nodes[first].shape);
    const sum = sumOf([first, ...more].map((key) => now.contributions[key]));
    return sized(sum, data.nodes[data.edges[first].source].shape);
  });
}

/** What is told beside the equation. */
function besides(line) {
  const parts = all(
    now && !steps[told.indexOf(line) - 1]?.said ? ".rule, .notes, .total" : ".text",
    line,
  );
  return parts.map((part) => part.textContent).join(" ");
}

function totalSaid(s) {
  const id = data.edges[s.key].source;
  const keys = arriving.get(id);
  const shape = data.nodes[id].shape;
  const sent = keys.slice(0, keys.indexOf(s.key) + 1).map((key) => now.contributions[key]);
  const so = sumOf(sent);
  const written = `∂${name(data.final)}/∂${name(id)}`;
  let gradient = given(written, so, shape);
  if (!shape.length && sent.length > 1 && sent.length <= 6) {
    const text = total(sent, so);
    gradient = `${written} = ${text.slice(2)} ${text[0]} ${number(so)}`;
  }
  if (sent.length === 1 && shape.length) gradient = say("sum.that", { gradient: written });
  const waiting = keys.length - sent.length;
  if (waiting) return say("sum.waiting", { gradient, count: waiting });
  const whole = gradient[0].toUpperCase() + gradient.slice(1);
  if (sent.length === 1) return say("sum.complete", { gradient: whole });
  if (sent.length === 2) return say("sum.both", { gradient });
  return say("sum.all", { gradient, parts: sent.length });
}

function renderTold() {
  const line = told[step];
  const item = inner ? all("li", line)[inner - 1] : null;
  const open = questions().length > 0;
  set(find("#title"), (item ? find("b", item) : find(".title", line)).textContent);
  set(find("#equation"), open || item || !step ? "" : equation(steps[step - 1], line));
  set(find("#text"), open ? "" : item ? item.lastChild.textContent.trim() : besides(line));
  renderQuestion();
  const colour = step && current().kind !== "forward" ? "backward" : "forward";
  find("#told").dataset.kind = step ? colour : "start";
}

/** Keeps what the step is about in sight, where the picture is larger than the screen. */
function follow() {
  const here = all(".now", svg).filter((element) => element.getBoundingClientRect().width);
  if (!here.length || learning) return;
  const boxes = here.map((element) => element.getBoundingClientRect());
  const frame = view.getBoundingClientRect();
  const left = Math.min(...boxes.map((b) => b.left)) - frame.left;
  const right = Math.max(...boxes.map((b) => b.right)) - frame.left;
  const top = Math.min(...boxes.map((b) => b.top)) - frame.top;
  const bottom = Math.max(...boxes.map((b) => b.bottom)) - frame.top;
  if (left >= 0 && right <= frame.width && top >= 0 && bottom <= frame.height) return;
  view.scrollTo({
    left: view.scrollLeft + (left + right) / 2 - frame.width / 2,
    top: view.scrollTop + (top + bottom) / 2 - frame.height / 2,
    behavior: isGentle() ? "smooth" : "auto",
  });
}
