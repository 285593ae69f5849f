// One entry of an array: which entries it reaches, and which it came from -------------------------

let entry = null; // of what is chosen, the place in its list
const MOST = 6; // lines of a list

const hasEntries = (id) => {
  const shape = data.nodes[id]?.shape;
  return Boolean(now && recompute && shape && small(shape, 12));
};
const expression = (id) =>
  `${name(id)} = ${data.nodes[id].forward.replace(/\{(\w+)\}/g, (_, x) => name(x))}`;

/** What one entry of an edge's target would send to each entry of its source, if 1 arrived there. */
function row(key, j) {
  const value = now.values[key.split(":")[0]];
  const g = Array.isArray(value) ? value.map((_, k) => Number(k === j)) : 1;
  const sent = now.back[key](g);
  return flat(now.narrow[key] ? now.narrow[key](sent) : sent);
}

/** By how much each entry of an edge's target moves with one entry of its source. */
const column = (key, i) => flat(now.values[key.split(":")[0]]).map((_, j) => row(key, j)[i]);

/** What an entry reaches, edge by edge: where, what has arrived there, and the local derivative. */
function reached(id, i) {
  return (arriving.get(id) || []).map((key) => {
    const { target } = data.edges[key];
    const upstream = flat(now.gradients[target]);
    const found = column(key, i).map((local, j) => ({
      j,
      local,
      upstream: upstream[j],
      sent: upstream[j] * local,
    }));
    return { key, id: target, found: found.filter((x) => x.local !== 0) };
  });
}

/** What an entry was computed from, operand by operand. */
function origins(id, i) {
  const operands = data.nodes[id].operands.split(" ").filter(Boolean);
  const g = now.gradients[id] === undefined ? null : flat(now.gradients[id])[i];
  return operands.flatMap((operand, slot) => {
    const key = `${id}:${slot}`;
    if (!(key in now.back) || !(operand in data.nodes)) return [];
    const found = row(key, i).map((local, j) => ({ j, local, upstream: g, sent: g * local }));
    return [{ key, id: operand, found: found.filter((x) => x.local !== 0) }];
  });
}

function renderEntries() {
  const place = find("#entries");
  const focus = document.activeElement?.dataset?.entry;
  place.hidden = !chosen || !hasEntries(chosen) || questions().length > 0;
  if (place.hidden) return place.replaceChildren();
  const shape = data.nodes[chosen].shape;
  if (!shape.length && entry === null) entry = 0;
  const [from, to] = entry === null ? [[], []] : [origins(chosen, entry), reached(chosen, entry)];
  const complete = known(chosen).complete;
  const tables = [
    ...from.map((x) => table(x.id, x.found)),
    table(chosen, null),
    ...to.map((x) => table(x.id, x.found)),
  ];
  const bench = made("div", "", "bench");
  bench.append(...tables);
  const about = made("div", "", "about");
  if (entry === null) about.append(made("p", say("script.entry")));
  else about.append(...followed(from, to, complete));
  place.replaceChildren(bench, about);
  if (focus !== undefined) find(`[data-entry="${focus}"]`, place)?.focus({ preventScroll: true });
}

/** The entries of an array; those of what is chosen are buttons, others are lit where found. */
function table(id, found) {
  const { shape } = data.nodes[id];
  const figure = made("figure", "");
  figure.append(made("figcaption", `${name(id)} ${shape.length ? size(shape) : ""}`));
  if (!small(shape, 12)) return figure;
  const lit = new Map((found || []).map((x) => [x.j, x]));
  const { complete, value } = known(id);
  const body = made("table", "");
  const cells = flat(now.values[id]).map((x, i) =>
    cell(id, i, value ? x : null, complete, found, lit.get(i)),
  );
  for (const some of shape.length ? rowsOf(cells, shape) : [cells]) {
    const line = made("tr", "");
    line.append(...some);
    body.append(line);
  }
  figure.append(body);
  return figure;
}

function cell(id, i, x, complete, found, lit) {
  const at = made("td", "", lit ? "lit" : "");
  const parts = [made("span", x === null ? "·" : number(x), "forth")];
  const g = now.gradients[id];
  if (g !== undefined && complete) parts.push(made("span", number(flat(g)[i]), "back"));
  if (found) {
    at.append(...parts);
    return at;
  }
  const button = made("button", "");
  button.type = "button";
  button.dataset.entry = i;
  button.append(...parts.flatMap((part) => [part, " "]));
  button.setAttribute("aria-pressed", String(entry === i));
  button.setAttribute(
    "aria-label",
    `${entryName(name(id), data.nodes[id].shape, i)}, ${parts.map((p) => p.textContent).join(", ")}`,
  );
  at.append(button);
  return at;
}

/** What is told of an entry: what it came from, what it reached, and that this is its gradient. */
function followed(from, to, complete) {
  const shape = data.nodes[chosen].shape;
  const here = entryName(name(chosen), shape, entry);
  const said = [];
  const written = (id, j) => entryName(name(id), data.nodes[id].shape, j);
  const out = name(data.final);
  const multiplied = (x) => `${product([x.upstream, x.local], x.sent)}${number(x.sent)}`;
  for (const { id, found } of complete ? to : []) {
    const what = data.nodes[id].shape.length
      ? say("entry", { count: found.length, name: name(id) })
      : name(id);
    const since = expression(id);
    if (!found.length) said.push(made("p", say("entry.none", { entry: here, since })));
    else {
      said.push(made("p", say("entry.reaches", { entry: here, what, since })));
      said.push(
        listed(
          found,
          (x) => `∂${out}/∂${written(id, x.j)} × ∂${written(id, x.j)}/∂${here}: ${multiplied(x)}`,
        ),
      );
    }
  }
  const g = now.gradients[chosen];
  if (complete)
    said.push(
      sumOfEntry(
        to.flatMap((x) => x.found),
        flat(g)[entry],
        here,
      ),
    );
  else said.push(made("p", say(isTracked(chosen) ? "script.later" : "script.untracked")));
  for (const { id, found } of from.filter((x) => x.found.length)) {
    const since = expression(chosen);
    said.push(made("p", say("script.came", { entry: here, since, name: name(id) })));
    const local = (x) => `∂${here}/∂${written(id, x.j)} = ${number(x.local)}`;
    const back = (x) => `∂${out}/∂${here} × ∂${here}/∂${written(id, x.j)}: ${multiplied(x)}`;
    said.push(listed(found, complete ? back : local));
  }
  return said;
}

function listed(found, tell) {
  const list = made("ul", "", "product");
  const sorted = [...found].sort(
    (a, b) => Math.abs(b.sent ?? b.local) - Math.abs(a.sent ?? a.local),
  );
  for (const x of sorted.slice(0, MOST)) list.append(made("li", tell(x)));
  const rest = sorted.slice(MOST).map((x) => x.sent ?? x.local);
  if (rest.length) {
    const sum = number(rest.reduce((a, b) => a + b));
    list.append(made("li", say("entry.others", { others: rest.length, sum })));
  }
  return list;
}

function sumOfEntry(found, gradient, here) {
  const sent = found.map((x) => x.sent);
  const begins = chosen === data.final ? gradient : 0;
  const whole = sent.reduce((a, b) => a + b, begins);
  const title = `∂${name(data.final)}/∂${here}`;
  if (chosen === data.final)
    return made("p", say("script.begins", { gradient: `${title} = ${number(gradient)}` }));
  const text =
    sent.length > 1 && sent.length <= MOST
      ? `${total(sent, whole).slice(2)} ${total(sent, whole)[0]} `
      : "";
  const line = made("p", say("entry.same", { sum: text + number(whole), name: title }), "proof");
  const near = Math.abs(whole - gradient) <= 1e-9 * Math.max(1, ...sent.map(Math.abs));
  if (!near)
    set(line, say("entry.other", { sum: number(whole), name: title, gradient: number(gradient) }));
  Object.assign(line.dataset, { sum: whole, gradient });
  return line;
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
  const at = event.target.dataset?.entry;
  if (at === undefined || event.ctrlKey || event.altKey || event.metaKey) return;
  const wide = data.nodes[chosen].shape.at(-1) ?? 1;
  const by = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -wide, ArrowDown: wide }[event.key];
  if (!by) return;
  event.preventDefault();
  event.stopPropagation();
  find(`[data-entry="${Number(at) + by}"]`, event.currentTarget)?.focus();
});
