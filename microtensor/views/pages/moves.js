// Moving, and the address of a state ----------------------------------------------------------------

const RESERVED = ["open", "mode", "lang"];
let language = ""; // of the address: kept as it is

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

/** The address of what is seen: the step, numbers, open layers, the mode, the language. */
function address(to = [step, inner]) {
  const parts = [`step-${to[1] ? to.join(".") : to[0]}`];
  if (now !== original) {
    for (const id of leafIds.filter((x) => !isSame(now.values[x], original.values[x]))) {
      parts.push(
        `${encodeURIComponent(addressOf(id))}=${flat(now.values[id]).map(Number).join(",")}`,
      );
    }
  }
  if (opened.size)
    parts.push(`open=${[...opened].map((id) => encodeURIComponent(data.units[id])).join(",")}`);
  if (predicting) parts.push("mode=predict");
  if (language) parts.push(`lang=${language}`);
  return `#${parts.join("&")}`;
}

let waiting = 0;
let lastRead = ""; // the address as it was read last
/** Brings the address up to date, without a new entry in the history. */
function remember() {
  clearTimeout(waiting);
  waiting = setTimeout(() => {
    const fresh = address();
    const moving = location.hash !== lastRead; // on the way to another, which isn't read yet
    if (moving || location.hash === fresh || (!location.hash && fresh === "#step-0")) return;
    history.replaceState(null, "", fresh);
    lastRead = location.hash;
  }, 200);
}

function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** What an address says: what it doesn't name is as it was recorded; what it says wrong is left out. */
function understood(hash) {
  const found = {
    place: [0, 0],
    values: {},
    open: [],
    predict: false,
    language: "",
    whole: hash.includes("&"),
  };
  for (const part of hash.slice(1).split("&")) {
    const [, k, j] = /^step-(\d+)(?:\.(\d+))?$/.exec(part) || [];
    if (k) found.place = [Math.min(Number(k), last), Number(j || 0)];
    const [key, value] = [part.split("=")[0], part.slice(part.indexOf("=") + 1)].map(decoded);
    if (key === "open") {
      const wanted = part.slice(5).split(",").map(decoded);
      found.open = Object.keys(data.units).filter((id) => wanted.includes(data.units[id]));
    } else if (key === "mode") found.predict = value === "predict";
    else if (key === "lang")
      found.language = /^[a-z]{2,3}(-[\w-]{1,12})?$/i.test(value) ? value : "";
    else if (!k && now && recompute && part.includes("="))
      Object.assign(found.values, leafOf(key, value, found.values));
  }
  return found;
}

/** The numbers for a leaf (`W=1,2,3,4`), or for one of its entries (`W[0,1]=5`). */
function leafOf(key, value, earlier) {
  const some = value
    .split(",")
    .map((x) => (/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(x) ? Number(x) : NaN));
  const [, bare, index] = /^(.*?)(?:\[([\d, ]*)\])?$/.exec(key);
  const id =
    leafIds.find((x) => addressOf(x) === key) ??
    leafIds.find((x) => x === key || addressOf(x) === bare);
  if (!id || some.some(Number.isNaN)) return {};
  const { shape } = data.nodes[id];
  if (index === undefined || addressOf(id) === key) {
    if (some.length !== flat(now.values[id]).length) return {};
    return { [id]: shape.length ? some : some[0] };
  }
  const at = index.split(",").map(Number);
  if (at.length !== shape.length || some.length > 1 || at.some((n, k) => !(n < shape[k])))
    return {};
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
  if (view.getBoundingClientRect().bottom > innerHeight) find(".bar").scrollIntoView();
}

function arrive(hash = location.hash) {
  lastRead = location.hash;
  const found = understood(hash);
  [step, inner] = found.place;
  if (found.whole) {
    opened.clear();
    for (const id of inlays.keys()) placeInlay(id, boxes.get(id));
    found.open.forEach((id) => opened.add(id));
    arrange();
    language = found.language;
    if (predicting !== found.predict) [answered, answers].forEach((some) => some.clear());
    find("#predict").checked = predicting = found.predict && !find("#predict").parentElement.hidden;
  }
  inner = Math.min(inner, countOf(step));
  if (found.whole && now && recompute)
    change(Object.fromEntries(leafIds.map((id) => [id, found.values[id] ?? original.values[id]])));
  settle();
  remember();
}

/** Shows the step that is reached, and what is asked there. */
function settle() {
  set(find("#verdict"), "");
  find("#answer").value = "";
  find("#told").classList.toggle("predicting", predicting);
  render();
  const typing = matchMedia("(pointer: fine)").matches; // no keyboard jumps up on a phone
  if (questions().length && typing) find("#answer").focus({ preventScroll: true });
}

const MOVES = { first: () => [0, 0], back: before, next: after, last: () => [last, 0] };
const KEYS = { Home: "first", ArrowLeft: "back", ArrowRight: "next", End: "last" };
Object.assign(KEYS, { PageUp: "back", PageDown: "next" }); // what a presenter's remote sends
const ZOOMS = {
  "+": () => zoomBy(1.25),
  "=": () => zoomBy(1.25),
  "-": () => zoomBy(0.8),
  0: fitWhole,
};
const PANS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/** Whether a key belongs to the field that has the focus. */
const writing = (field) =>
  field.matches("#numbers input, #numbers select") ||
  (field.matches("#answer") && field.value !== "");

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey || writing(event.target)) return;
  if (event.shiftKey && event.key in PANS && view.contains(event.target)) {
    event.preventDefault();
    view.scrollBy(...PANS[event.key].map((n) => n * 80));
  } else if (event.key in ZOOMS && !event.target.matches("input")) ZOOMS[event.key]();
  else if (event.shiftKey) return;
  else if (event.key in KEYS) {
    event.preventDefault();
    go(MOVES[KEYS[event.key]]());
  } else if (event.key === "Escape" && chosen) choose(chosen);
});

/** A card was taken: a layer opens or closes, of a value the paths are shown. */
function take(element) {
  const card = element.closest(".card, .module .title");
  if (!card) return false;
  if (card.dataset.id in data.units) toggle(card.dataset.id);
  else choose(card.dataset.id);
  return true;
}
view.addEventListener("click", (event) => !dragged && take(event.target));
view.addEventListener("keydown", (event) => {
  if ((event.key === "Enter" || event.key === " ") && take(event.target)) event.preventDefault();
});
for (const id in MOVES) find(`#${id}`).addEventListener("click", () => go(MOVES[id]()));
find("#close").addEventListener("click", () => choose(chosen));
find("#larger").addEventListener("click", () => zoomBy(1.25));
find("#smaller").addEventListener("click", () => zoomBy(0.8));
find("#fit").addEventListener("click", fitWhole);

// Slides: a step a page ----------------------------------------------------------------------------

const MOST_SLIDES = 200;

function slides() {
  const box = find("#slides");
  const here = [step, inner];
  const places = Array.from({ length: Math.min(last, MOST_SLIDES) + 1 }, (_, k) => [k, 0]);
  const sections = places.map(([k, j]) => {
    [step, inner] = [k, j];
    render();
    const slide = made("section", "", "slide");
    slide.append(
      made("h2", `${k}. ${find("#title").textContent}`),
      made("p", find("#equation").textContent),
    );
    slide.append(made("p", find("#text").textContent), svg.cloneNode(true));
    all("[tabindex]", slide).forEach((element) => element.removeAttribute("tabindex"));
    return slide;
  });
  [step, inner] = here;
  render();
  box.replaceChildren(...sections);
  document.documentElement.classList.add("slides");
  print();
}
addEventListener("afterprint", () => {
  document.documentElement.classList.remove("slides");
  find("#slides").replaceChildren();
});
find("#print").addEventListener("click", slides);

// Beginning ----------------------------------------------------------------------------------------

/** All texts (of many, the longest), unseen, keep the height that they need: nothing jumps. */
function reserve() {
  const title = (line) => find(".title", line).textContent;
  const needs = told.map((line, k) => [
    title(line),
    k ? equation(steps[k - 1], line) : "",
    besides(line),
  ]);
  needs.sort((a, b) => b.join("").length - a.join("").length);
  find("#ghosts").replaceChildren(
    ...needs.slice(0, 60).map((texts) => {
      const ghost = made("div", "");
      ghost.append(...texts.map((said, i) => made(i ? "p" : "strong", said)));
      return ghost;
    }),
  );
}

find("#steps").addEventListener("click", (event) => {
  if (!event.target.matches("a")) return;
  event.preventDefault();
  go(understood(event.target.hash).place);
  find(".bar").scrollIntoView();
});

document.documentElement.classList.add("alive");
setUpNumbers();
setUpPredict();
lay();
reserve();
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
