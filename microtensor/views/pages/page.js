// What is known at the step that the address names, and the picture and the texts that show it.
const steps = data.steps;
const last = steps.length;
const told = all("#steps > li");
const view = find("#view");
let svg = null; // the picture in use, its cards by id and its arrows in order
let cards = new Map();
let arrows = [];
let step = 0;
let inner = 0; // which operation of an opened layer's step; 0: the step as a whole
let chosen = "";
const opened = new Set();
let learning = false; // whether it is led downhill by itself
const renders = []; // what else is drawn anew at every step: other scripts add theirs

const name = (id) => data.nodes[id]?.name ?? data.cards[id];
const shapeOf = (id) => data.nodes[id].shape;
const operandsOf = (id) =>
  (data.nodes[id].operands || "").split(" ").filter((x) => x in data.nodes);
const expression = (id) =>
  `${name(id)} = ${data.nodes[id].forward.replace(/\{(\w+)\}/g, (_, x) => name(x))}`;
const entryOf = (id, i) => entryName(name(id), shapeOf(id), i);
const slopeName = (id) => `∂${data.of}/∂${name(id)}`;
const placeName = ([k, j]) => (j ? `${k}.${j}` : String(k));
const targetOf = (arrow) => data.arrows[arrow][1];

// The numbers

const recompute = typeof rerun === "function" ? rerun : null; // all of them, from the leaves'

/** The numbers as they were recorded; of arrays, as the page computes them, or null. */
function recorded() {
  const computed = recompute ? recompute({}) : null;
  if (!data.scalars) return computed;
  const read = (x) => (typeof x === "string" ? Number(x.replace("inf", "Infinity")) : x);
  const ofNodes = (some) => Object.fromEntries(Object.keys(some).map((id) => [id, read(some[id])]));
  const ofEdges = (some) => Object.fromEntries(data.keys.map((key, i) => [key, read(some[i])]));
  const { values, gradients, locals, sent } = data.scalars;
  return {
    ...computed,
    values: ofNodes(values),
    gradients: ofNodes(gradients),
    locals: ofEdges(locals),
    contributions: ofEdges(sent),
  };
}

const original = recorded();
let now = original; // null: nothing can be computed here, and no script that would is there

// What is known at a step

const when = { value: new Map(), gradient: new Map(), arrow: new Map() }; // [step, operation]
steps.forEach((s, i) => {
  const whole = [i + 1, 1];
  if (s.kind === "forward") when.value.set(s.card, whole);
  else for (const id of s.cards || (s.key ? [] : [s.card])) when.gradient.set(id, whole);
  for (const a of s.arrows ?? ("arrow" in s ? [s.arrow] : [])) when.arrow.set(a, whole);
  (s.inner || []).forEach((x, j) => {
    if (x.kind === "forward") when.value.set(x.card, [i + 1, j + 1]);
    if (x.kind === "seed") when.gradient.set(x.card, [i + 1, j + 1]);
  });
});
data.keys.forEach((key, i) => {
  if (key in data.edges && !when.arrow.has(i)) when.arrow.set(i, data.edges[key].at);
});
const arriving = new Map(); // of each value, the edges that its gradient sums, in their order
const byTime = Object.entries(data.edges).sort(
  ([, { at: a }], [, { at: b }]) => a[0] - b[0] || a[1] - b[1],
);
for (const [key, { source }] of byTime) {
  arriving.set(source, [...(arriving.get(source) || []), key]);
}

/** Whether something of this time has happened; in a layer that isn't open all happens at once. */
function passed(time) {
  return Boolean(time) && (time[0] < step || (time[0] === step && time[1] <= (inner || Infinity)));
}

/** What is known of a card: its value, and of its gradient the parts, and whether it is complete. */
function known(id) {
  const value = !when.value.has(id) || passed(when.value.get(id));
  const keys = arriving.get(id) || [];
  const parts = id in data.nodes ? keys.filter((key) => passed(data.edges[key].at)) : [];
  const open = isAsking();
  if (open && parts.length && current().key === parts.at(-1)) parts.pop();
  const begun =
    passed(when.gradient.get(id)) && !(open && id in data.cards && current().card === id);
  const seed = begun && (!(id in data.nodes) || !keys.length);
  const complete = seed || (parts.length > 0 && parts.length === keys.length);
  return { value, parts, gradient: seed || parts.length > 0, complete };
}

/** The step, or the operation in it. */
function current() {
  const s = step ? steps[step - 1] : { kind: "start" };
  return inner ? s.inner[inner - 1] : s;
}

const isTracked = (id) => arriving.has(id) || when.gradient.has(id);

// The picture

const altered = new Set(); // texts of the picture that may need another width

/** A text or an attribute as it was at first. */
function written(some, attribute = "text") {
  some.first ??= {};
  return (some.first[attribute] ??=
    attribute === "text" ? some.textContent : some.getAttribute(attribute));
}

/** Sets a text or an attribute; without a value, as it was at first. */
function put(some, value, attribute = "text") {
  const fresh = String(value ?? written(some, attribute));
  written(some, attribute);
  if (attribute !== "text") some.setAttribute(attribute, fresh);
  else if (some.textContent !== fresh) {
    some.textContent = fresh;
    if (some.tagName === "tspan") altered.add(some.parentNode);
  }
}

/** Sets texts, one each, or all as they were at first. */
function write(elements, texts) {
  const fits = !texts || texts.length === elements.length;
  elements.forEach((some, i) => put(some, fits ? texts?.[i] : "…"));
}

function show(selector, root, visible) {
  for (const some of all(selector, root)) mark(some, "later", !visible);
}

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
  fit([...altered]);
  altered.clear();
  show(".finding", document, now === original && step === last);
  renderList();
  renderTold();
  find("#back").disabled = find("#first").disabled = !before();
  find("#next").disabled = find("#last").disabled = !after();
  put(find("#where"), say("script.step", { step: placeName([step, inner]), last }));
  for (const draw of renders) draw();
  follow();
}

function renderCard(id, card, doing) {
  const state = known(id);
  const { value, parts, gradient, complete } = state;
  const partial = !complete && steps.find((s) => s.key && s.key === parts.at(-1));
  const settled = complete || (value && !isTracked(id));
  show(".value", card, value);
  show(".gradient", card, gradient && (complete || now || partial));
  show(".sum", card, parts.length > 0);
  show(".heat", card, settled);
  show(".note", card, settled && now === original);
  show(".verdict", card, settled && now === original && step === last);
  if (now && id in data.nodes) writeNode(id, card, state);
  else if (now) writeUnit(id, card);
  else {
    write(all("text.gradient tspan", card), partial && partial.total);
    write(all(".sum tspan", card), partial && [`${partial.sum} + …`]);
  }
  const sends = doing.key && data.edges[doing.key].target === id;
  mark(card, "partial", gradient && !complete);
  mark(card, "now", doing.card === id || sends);
  mark(card, "asking", isAsking("shape") && doing.card === id);
  mark(card, "chosen", id === chosen);
  if (!(id in data.units)) card.setAttribute("aria-pressed", String(id === chosen));
  card.setAttribute("aria-label", spoken(card));
}

/** All that is seen on a card, for those who hear it. */
function spoken(card) {
  const hidden = card.matches(".asking") ? ".later, .quiet" : ".later";
  const seen = (text) =>
    [...text.childNodes].map((part) => (part.matches?.(hidden) ? "" : part.textContent)).join("");
  return all("text:not(.later)", card)
    .map((text) => seen(text).trim())
    .join(", ");
}

function renderArrow(arrow, i, doing) {
  const [, target, backward] = data.arrows[i];
  const key = data.keys[i];
  const here = doing.arrow === i || doing.arrows?.includes(i) || (inner && doing.key === key);
  const asked = here ? questions()[0]?.kind : undefined;
  const forth = known(target).value;
  const back = passed(when.arrow.get(i));
  const isNumber = data.nodes[target]?.shape.length === 0; // then what is asked for is a ?
  show("text.forth", arrow, forth);
  show("text.back", arrow, back && (!asked || (asked !== "shape" && isNumber)));
  show("text.forth tspan.backward", arrow, back && !asked); // between layers both stand in a line
  mark(arrow, "ahead", !forth);
  mark(arrow, "waiting", !back);
  mark(arrow, "now", here);
  mark(arrow, "feeds", doing.kind === "forward" && doing.card === target);
  if (now && backward && Array.isArray(key)) writeFlow(arrow, key);
  else if (now && backward && key in data.edges) writeEdge(arrow, key, asked);
}

// What is told

function renderList() {
  told.forEach((line, i) => {
    mark(line, "now", i === step);
    mark(line, "hidden", predicting && (i > step || (i === step && isAsking())));
    const link = find("a", line);
    if (i === step) link.setAttribute("aria-current", "step");
    else link.removeAttribute("aria-current");
  });
}

/** What a step computes, with the numbers of now, and what is told beside it. */
function twoTexts(k) {
  const s = steps[k - 1];
  const apart = now && !s?.said;
  const parts = all(apart ? ".rule, .notes, .total" : ".text", told[k]);
  return [apart && s ? equation(s, told[k]) : "", parts.map((part) => part.textContent).join(" ")];
}

function renderTold() {
  const line = told[step];
  const item = inner ? all("li", line)[inner - 1] : null;
  const [computed, text] = item ? ["", item.lastChild.textContent.trim()] : twoTexts(step);
  const open = isAsking();
  put(find("#title"), find(item ? "b" : ".title", item ?? line).textContent);
  put(find("#equation"), open ? "" : computed);
  put(find("#text"), open ? "" : text);
  const colour = current().kind === "forward" ? "forward" : "backward";
  find("#told").dataset.kind = step ? colour : "start";
}

/** All texts (of many, the longest), unseen, keep the height that they need: nothing jumps. */
function reserve() {
  const needs = told.map((line, k) => [find(".title", line).textContent, ...twoTexts(k)]);
  needs.sort((a, b) => b.join("").length - a.join("").length);
  const ghosts = needs
    .slice(0, 60)
    .map(([title, ...texts]) =>
      element("div", {}, element("strong", {}, title), ...texts.map((text) => paragraph(text))),
    );
  find("#ghosts").replaceChildren(...ghosts);
}

const EDGE = 28; // pixels: so much of the picture fades where it goes on

/** Keeps what the step is about in sight, its card above all, where not all of the picture is. */
function follow() {
  const boxes = all(".now", svg)
    .map((some) => some.getBoundingClientRect())
    .filter((box) => box.width);
  if (!boxes.length || learning) return;
  const frame = view.getBoundingClientRect();
  const doing = current();
  const main = cards.get(doing.card)?.getBoundingClientRect() ?? boxes[0];
  /** How far to scroll between two edges. */
  const way = (from, to, room) => {
    const start = Math.min(...boxes.map((box) => box[from])) - frame[from];
    const end = Math.max(...boxes.map((box) => box[to])) - frame[from];
    const rest = room - (main[to] - main[from]); // a card can be too large
    const margin = Math.min(EDGE, Math.max(0, rest / 2));
    if (start >= margin && end <= room - margin) return 0;
    const most = main[from] - frame[from] - margin;
    const least = most + 2 * margin - rest;
    if (rest < 0) return doing.kind === "forward" ? most : least; // gradients stand at its end
    return Math.min(Math.max((start + end - room) / 2, least), most);
  };
  view.scrollBy({
    left: way("left", "right", view.clientWidth),
    top: way("top", "bottom", view.clientHeight),
    behavior: matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth",
  });
}
