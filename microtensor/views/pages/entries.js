// One entry of an array: which entries it reaches, and which it came from

let entry = null; // of what is followed, the place in its list
let followed = "";
const MOST = 6; // lines of a list

/** What one entry of an edge's target would send to each entry of its source, if 1 arrived there. */
function row(key, j) {
  const value = now.values[key.split(":")[0]];
  const g = Array.isArray(value) ? value.map((_, k) => Number(k === j)) : 1;
  const sent = now.back[key](g);
  return flat(now.narrow[key] ? now.narrow[key](sent) : sent);
}

/** Which use of its source an edge is, as its slope says: ` (2nd)`, ` (direct)`. */
const wayOf = ({ target, source, local }) =>
  local.slice(`∂${name(target)}/∂${name(source)}`.length);

/** The entries at the other end of an edge: where, the gradient, the slope, and their product. */
const ends = (id, pairs, edge) => ({
  id,
  edge,
  found: pairs
    .map(([upstream, local], j) => ({ j, upstream, local, sent: upstream * local }))
    .filter(({ local }) => local !== 0),
});

/** What an entry reaches, edge by edge. */
function reached(id, i) {
  return (arriving.get(id) || []).map((key) => {
    const edge = data.edges[key];
    const arrived = flat(now.gradients[edge.target]);
    return ends(edge.target, arrived.map((g, j) => [g, row(key, j)[i]]), edge);
  });
}

/** What an entry was computed from, operand by operand. */
function origins(id, i) {
  const g = now.gradients[id] === undefined ? null : flat(now.gradients[id])[i];
  return data.nodes[id].operands.split(" ").flatMap((operand, slot) => {
    const key = `${id}:${slot}`;
    if (!(key in now.back) || !(operand in data.nodes)) return [];
    return [ends(operand, row(key, i).map((local) => [g, local]), data.edges[key])];
  });
}

function renderEntries() {
  const place = find("#entries");
  const focus = document.activeElement?.dataset?.entry;
  if (followed !== chosen) [followed, entry] = [chosen, null];
  place.hidden = !(chosen in data.nodes) || !small(shapeOf(chosen), 12) || isAsking();
  if (place.hidden) return place.replaceChildren();
  if (!shapeOf(chosen).length) entry ??= 0;
  const [from, to] = entry === null ? [[], []] : [origins(chosen, entry), reached(chosen, entry)];
  const about =
    entry === null ? [paragraph(say("script.entry"))] : [...toldOf(to), ...toldFrom(from)];
  place.replaceChildren(
    element("div", { class: "bench" }, ...from.map(table), table({ id: chosen }), ...to.map(table)),
    element("div", { class: "about" }, ...about),
  );
  if (focus !== undefined) find(`[data-entry="${focus}"]`, place)?.focus({ preventScroll: true });
}

/** The entries of an array; those of what is chosen are buttons, others are lit where found. */
function table({ id, found }) {
  const shape = shapeOf(id);
  const title = `${name(id)} ${shape.length ? size(shape) : ""}`;
  const figure = element("figure", {}, element("figcaption", {}, title));
  if (!small(shape, 12)) return figure;
  const lit = found?.map(({ j }) => j);
  const { complete, value } = known(id);
  const gradient = complete && now.gradients[id] !== undefined ? flat(now.gradients[id]) : null;
  const cells = flat(now.values[id]).map((x, i) => {
    const texts = [element("span", { class: "forth" }, value ? number(x) : "·")];
    if (gradient) texts.push(element("span", { class: "back" }, number(gradient[i])));
    if (found) return element("td", lit.includes(i) ? { class: "lit" } : {}, ...texts);
    const label = [entryOf(id, i), ...texts.map((text) => text.textContent)];
    const looks = { "aria-pressed": entry === i, "aria-label": label.join(", ") };
    const button = element("button", { type: "button", "data-entry": i, ...looks }, ...texts);
    return element("td", {}, button);
  });
  const rows = rowsOf(cells, shape).map((some) => element("tr", {}, ...some));
  figure.append(element("table", {}, ...rows));
  return figure;
}

/** What is told of what an entry reaches, and that this is its gradient. */
function toldOf(to) {
  const here = entryOf(chosen, entry);
  if (!known(chosen).complete) {
    return [paragraph(say(isTracked(chosen) ? "script.later" : "script.untracked"))];
  }
  const said = to.flatMap(({ id, found, edge }) => {
    const since = expression(id) + (edge.use || "");
    if (!found.length) return [paragraph(say("entry.none", { entry: here, since }))];
    const what = shapeOf(id).length
      ? say("entry", { count: found.length, name: name(id) })
      : name(id);
    const title = say("entry.reaches", { entry: here, what, since });
    return [paragraph(title), listed(found, (x) => [entryOf(id, x.j), here + wayOf(edge)])];
  });
  const sent = to.flatMap(({ found }) => found.map((x) => x.sent));
  return [...said, sumOfEntry(sent, flat(now.gradients[chosen])[entry], here)];
}

/** What is told of what it came from. */
function toldFrom(from) {
  const here = entryOf(chosen, entry);
  return from
    .filter(({ edge, found }) => edge && found.length) // nothing goes back without an edge
    .flatMap(({ id, found, edge }) => {
      const fields = { entry: here, since: expression(chosen), name: name(id) };
      return [
        paragraph(say("script.came", fields)),
        listed(found, (x) => [here, entryOf(id, x.j) + wayOf(edge)]),
      ];
    });
}

/** The slopes that `pair` names, the largest first, and what the others add up to. */
function listed(found, pair) {
  const { complete } = known(chosen);
  const what = complete ? "sent" : "local";
  const tell = (x) => {
    const [top, bottom] = pair(x);
    const slope = `∂${top}/∂${bottom}`;
    const sent = multiplied([x.upstream, x.local], x.sent);
    return complete
      ? `∂${data.of}/∂${top} × ${slope}: ${sent}`
      : `${slope} = ${number(x.local)}`;
  };
  const sorted = [...found].sort((a, b) => Math.abs(b[what]) - Math.abs(a[what]));
  const lines = sorted.slice(0, MOST).map(tell);
  const rest = sorted.slice(MOST).map((x) => x[what]);
  if (rest.length) {
    lines.push(say("entry.others", { count: rest.length, sum: number(rest.reduce(plus)) }));
  }
  return element("ul", { class: "product" }, ...lines.map((line) => element("li", {}, line)));
}

function sumOfEntry(sent, gradient, here) {
  const title = `∂${data.of}/∂${here}`;
  if (chosen === data.final) {
    const begins = say("script.begins", { gradient: `${title} = ${number(gradient)}` });
    return paragraph(begins);
  }
  const whole = sent.reduce(plus, 0);
  const isShort = sent.length > 1 && sent.length <= MOST;
  const terms = isShort ? `${added(sent, whole).join(" ")} ` : "";
  const isNear = Math.abs(whole - gradient) <= 1e-9 * Math.max(1, ...sent.map(Math.abs));
  const said = isNear
    ? say("entry.same", { sum: terms + number(whole), name: title })
    : say("entry.other", { sum: number(whole), name: title, gradient: number(gradient) });
  return element("p", { class: "proof", "data-sum": whole, "data-gradient": gradient }, said);
}

find("#entries").addEventListener("click", (event) => {
  const button = event.target.closest("[data-entry]");
  if (!button) return;
  const i = Number(button.dataset.entry);
  entry = entry === i ? null : i;
  renderEntries();
  find(".bench").classList.add("fresh");
});
find("#entries").addEventListener("keydown", (event) => {
  const at = event.target.dataset.entry;
  const wide = shapeOf(chosen).at(-1) ?? 1;
  const by = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -wide, ArrowDown: wide }[event.key];
  if (at === undefined || !by || !isPlainKey(event)) return;
  event.preventDefault();
  event.stopPropagation();
  find(`[data-entry="${Number(at) + by}"]`, event.currentTarget)?.focus();
});

renders.push(renderEntries);
