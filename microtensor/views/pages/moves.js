// Moving, and the address of a state

const RESERVED = ["open", "mode"];

const countOf = (k) =>
  k && steps[k - 1].inner && opened.has(steps[k - 1].card) ? steps[k - 1].inner.length : 0;

/** The place after this one, and before; null where there is none. */
function after() {
  if (inner && inner < countOf(step)) return [step, inner + 1];
  return step === last ? null : [step + 1, countOf(step + 1) ? 1 : 0];
}
function before() {
  if (inner > 1) return [step, inner - 1];
  return step ? [step - 1, countOf(step - 1)] : null;
}

/** What a leaf is called in an address: by name, where that is its own. */
function addressOf(id) {
  const twin = leafIds.some((x) => x !== id && name(x) === name(id));
  return twin || RESERVED.includes(name(id)) || /^step-/.test(name(id)) ? id : name(id);
}

/** The address of what is seen: the step, numbers, open layers, the mode. */
function address(to = [step, inner]) {
  const parts = [`step-${placeName(to)}`];
  for (const id of now === original ? [] : leafIds.filter((x) => !isFirst(x))) {
    parts.push(`${encodeURIComponent(addressOf(id))}=${flat(now.values[id]).map(Number).join(",")}`);
  }
  const names = [...opened].map((id) => encodeURIComponent(data.units[id]));
  if (names.length) parts.push(`open=${names.join(",")}`);
  if (predicting) parts.push("mode=predict");
  return `#${parts.join("&")}`;
}

let waiting = 0;
let lastRead = ""; // the address as it was read last
/** Brings the address up to date, without a new entry in the history. */
function note() {
  clearTimeout(waiting);
  const fresh = address();
  const moving = location.hash !== lastRead; // on the way to another, which isn't read yet
  if (moving || location.hash === fresh || (!location.hash && fresh === "#step-0")) return;
  history.replaceState(null, "", fresh);
  lastRead = location.hash;
}
/** Does so soon: a browser allows it only so often. */
function remember() {
  clearTimeout(waiting);
  waiting = setTimeout(note, 200);
}
for (const kind of ["click", "contextmenu"]) addEventListener(kind, note, true); // a link takes it along

function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** What an address says: what it doesn't name is as it was recorded; what it says wrong is left out. */
function understood(hash) {
  const found = { place: [0, 0], values: {}, open: [], predict: false };
  for (const part of hash.slice(1).split("&")) {
    const [, k, j] = /^step-(\d+)(?:\.(\d+))?$/.exec(part) || [];
    const [key, value = ""] = part.split(/=(.*)/).map(decoded);
    if (k) found.place = [Math.min(Number(k), last), Number(j || 0)];
    else if (key === "mode") found.predict = value === "predict";
    else if (key === "open") {
      const wanted = part.slice(5).split(",").map(decoded);
      found.open = Object.keys(data.units).filter((id) => wanted.includes(data.units[id]));
    } else if (recompute) Object.assign(found.values, leafOf(key, value, found.values));
  }
  return found;
}

/** The numbers for a leaf (`W=1,2,3,4`), or for one of its entries (`W[0,1]=5`). */
function leafOf(key, value, earlier) {
  const some = value.split(",").map(plain);
  const whole = leafIds.find((x) => addressOf(x) === key || x === key);
  const [, bare, index] = whole ? [] : /^(.*?)\[([\d, ]*)\]$/.exec(key) || [];
  const id = whole ?? leafIds.find((x) => addressOf(x) === bare);
  if (!id || some.some(Number.isNaN)) return {};
  const shape = shapeOf(id);
  if (whole) {
    if (some.length !== flat(now.values[id]).length) return {};
    return { [id]: shape.length ? some : some[0] };
  }
  const at = index.split(",").map(Number);
  const isPlace = at.length === shape.length && at.every((n, k) => n < shape[k]);
  if (!isPlace || some.length > 1) return {};
  const i = at.reduce((sum, n, k) => sum * shape[k] + n, 0);
  return { [id]: withEntry(earlier[id] ?? original.values[id], i, some[0]) };
}

/** Goes to a place at once: the browser tells of a new address only after other keys were pressed. */
function go(to) {
  if (!to || (to[0] === step && to[1] === inner)) return;
  const fresh = address(to);
  location.hash = fresh;
  arrive(fresh);
  comeIntoSight();
}

/** A step was taken: the picture comes into sight, if it isn't. */
function comeIntoSight() {
  const isBeyond = () => view.getBoundingClientRect().bottom > innerHeight;
  scale();
  follow();
  if (isBeyond()) find(".bar").scrollIntoView();
  if (isBeyond()) cards.get(current().card)?.scrollIntoView({ block: "nearest", inline: "nearest" });
}

/** Shows what an address says; one that is a step alone leaves all else as it is. */
function arrive(hash = location.hash) {
  lastRead = location.hash;
  const found = understood(hash);
  [step, inner] = found.place;
  if (hash.includes("&")) {
    const predict = find("#predict");
    if (inlays.size) openLayers(found.open);
    if (predicting !== found.predict) answers.clear();
    predict.checked = predicting = found.predict && !predict.parentElement.hidden;
  }
  inner = Math.min(inner, countOf(step));
  if (recompute && hash.includes("&")) change({ ...leavesOf(original), ...found.values });
  settle();
  remember();
}

/** Shows the step that is reached, and what is asked there. */
function settle() {
  put(find("#verdict"), "");
  find("#answer").value = "";
  mark(find("#told"), "predicting", predicting);
  render();
  const typing = matchMedia("(pointer: fine)").matches; // no keyboard jumps up on a phone
  if (isAsking() && typing) find("#answer").focus({ preventScroll: true });
}

const ACTIONS = {
  first: () => go([0, 0]),
  back: () => go(before()),
  next: () => go(after()),
  last: () => go([last, 0]),
  larger: () => zoomBy(1.25),
  smaller: () => zoomBy(0.8),
  fit: fitWhole,
  print: slides,
};
const KEYS = { Home: "first", ArrowLeft: "back", ArrowRight: "next", End: "last" };
Object.assign(KEYS, { PageUp: "back", PageDown: "next" }); // what a presenter's remote sends
Object.assign(KEYS, { "+": "larger", "=": "larger", "-": "smaller", 0: "fit" });
const PANS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/** Whether a key belongs to the field that has the focus. */
const writing = (field, key) =>
  field.matches("#numbers input, #numbers select") ||
  (field.matches("#answer") && (field.value !== "" || key.length === 1));

document.addEventListener("keydown", (event) => {
  const { key, shiftKey, target } = event;
  if (!isPlainKey(event) || writing(target, key)) return;
  const isSign = key.length === 1; // which may need the shift key
  if (key === "Escape" && chosen) choose(chosen);
  if (shiftKey && key in PANS && view.contains(target)) {
    view.scrollBy(...PANS[key].map((n) => n * 80));
  } else if (key in KEYS && (isSign || !shiftKey)) ACTIONS[KEYS[key]]();
  else return;
  event.preventDefault();
});
for (const id in ACTIONS) find(`#${id}`).addEventListener("click", ACTIONS[id]);

/** A card was taken: a layer opens or closes, of a value the paths are shown. */
function take(element) {
  const card = element.closest(".card, .module .title");
  if (!card) return false;
  const { id } = card.dataset;
  if (id in data.units) toggle(id);
  else choose(id);
  return true;
}
view.addEventListener("click", (event) => !dragged && take(event.target));
view.addEventListener("keydown", (event) => {
  if ((event.key === "Enter" || event.key === " ") && take(event.target)) event.preventDefault();
});

// Slides: a step a page

const MOST_SLIDES = 200;

function slides() {
  const here = [step, inner];
  const sections = Array.from({ length: Math.min(last, MOST_SLIDES) + 1 }, (_, k) => {
    [step, inner] = [k, 0];
    render();
    const picture = svg.cloneNode(true);
    all("[tabindex]", picture).forEach((some) => some.removeAttribute("tabindex"));
    const texts = ["#equation", "#text"].map((some) => paragraph(find(some).textContent));
    const title = element("h2", {}, `${k}. ${find("#title").textContent}`);
    return element("section", { class: "slide" }, title, ...texts, picture);
  });
  [step, inner] = here;
  render();
  find("#slides").replaceChildren(...sections);
  document.documentElement.classList.add("slides");
  print();
}
addEventListener("afterprint", () => {
  document.documentElement.classList.remove("slides");
  find("#slides").replaceChildren();
});

// Beginning

find("#steps").addEventListener("click", (event) => {
  if (!event.target.matches("a")) return;
  event.preventDefault();
  go(understood(event.target.hash).place);
  find(".bar").scrollIntoView();
});

document.documentElement.classList.add("alive");
setUpPredict();
reserve();
lay();
addEventListener("hashchange", () => {
  if (location.hash === lastRead) return;
  arrive();
  comeIntoSight();
});
addEventListener("resize", () => {
  lay();
  render();
});
arrive();
if (step) comeIntoSight();
