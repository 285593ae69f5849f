// Paths of a card to the result

const MOST_ROUTES = 16;
const order = Object.keys(data.cards);
const leaving = new Map(order.map((id) => [id, []]));
data.arrows.forEach(([source, target, backward], i) => {
  if (backward && source !== target) leaving.get(source)?.push(i); // a loop's rounds are one card
});

const counted = new Map(); // how many paths lead from a card to the result
for (const id of order.reverse()) {
  const onward = leaving.get(id).map((i) => counted.get(targetOf(i)) || 0n);
  counted.set(id, id === data.result ? 1n : onward.reduce(plus, 0n));
}

/** The first paths from a card to the result, each a list of arrows. */
function routes(id) {
  const found = [];
  const open = [[id, []]];
  while (open.length && found.length < MOST_ROUTES) {
    const [at, through] = open.pop();
    if (at === data.result) found.push(through);
    else {
      for (const i of [...leaving.get(at)].reverse()) {
        if (counted.get(targetOf(i))) open.push([targetOf(i), [...through, i]]);
      }
    }
  }
  return found;
}

function renderPaths() {
  const some = counted.has(chosen) ? routes(chosen) : [];
  const on = new Set(some.flat());
  find("#paths").hidden = !chosen;
  if (chosen) put(find("#paths-title"), pathsTitle());
  find("#paths-body").replaceChildren(...(counted.has(chosen) ? pathsTold(some) : []));
  arrows.forEach((arrow, i) => mark(arrow, "on-path", on.has(i)));
  mark(svg, "choosing", on.size);
}

function pathsTitle() {
  const [x, out, count] = [name(chosen), name(data.result), counted.get(chosen)];
  if (count === undefined) return x;
  return chosen === data.result
    ? say("script.result", { out })
    : say("paths.lead", { x, out, count });
}

const isHidden = (i) =>
  predicting && (!passed(when.arrow.get(i)) || (isAsking() && current().key === data.keys[i]));
const localOf = (i) => now.locals[data.keys[i]];

function pathsTold(some) {
  if (chosen === data.result) {
    if (!data.scalars || !(chosen in now.gradients)) return [];
    const gradient = `${slopeName(chosen)} = ${number(now.gradients[chosen])}`;
    return [paragraph(say("script.begins", { gradient }))];
  }
  if (!some.length) return [paragraph(say("script.untracked"))];
  const rest = counted.get(chosen) - BigInt(some.length);
  const list = element("ol", {}, ...some.map(pathItem));
  return [list, ...(data.scalars ? proof(some, rest) : arrived(rest))];
}

/** The product of the local derivatives along a path, times what arrives at the result. */
const alongPath = (route) => route.map(localOf).reduceRight(times, now.gradients[data.result]);

function pathItem(route) {
  const item = element("li", {}, [chosen, ...route.map(targetOf)].map(name).join(" → "));
  if (data.scalars) {
    const back = [...route].reverse();
    const names = back.map((i) => data.edges[data.keys[i]].local).join(" × ");
    const [locals, whole] = [back.map(localOf), alongPath(route)];
    let said = back.length > 1 ? multiplied(locals, whole) : number(whole);
    if (back.some(isHidden)) {
      said = `${back.map((i, k) => (isHidden(i) ? "?" : factor(locals[k]))).join(" × ")} = ?`;
    }
    item.append(element("span", { class: "product" }, `${names} = ${said}`));
  }
  const trace = (on) => route.forEach((i) => mark(arrows[i], "traced", on));
  item.addEventListener("mouseenter", () => trace(true));
  item.addEventListener("mouseleave", () => trace(false));
  return item;
}

/** That the products of single numbers add up to the gradient. */
function proof(some, rest) {
  if (some.flat().some(isHidden)) return [paragraph(say("script.hidden"), { class: "proof" })];
  const gradient = now.gradients[chosen];
  const parts = some.map(alongPath);
  if (rest) parts.push(gradient - parts.reduce(plus));
  const equality = `${number(gradient)} = ${slopeName(chosen)}`;
  const sum = `${added(parts, gradient).join(" ")} ${equality}`;
  const said = parts.length > 1 ? say("script.sum", { sum }) : `${equality}.`;
  const more = rest ? ` ${say("script.rest", { rest })}` : "";
  return [paragraph(said + more, { class: "proof" })];
}

/** What has come back along each first arrow. */
function arrived(rest) {
  const said = rest ? [paragraph(say("script.more", { rest }))] : [];
  const sentText = (i) =>
    all("text.back", arrows[i])
      .map((text) => text.textContent)
      .join(" ")
      .replaceAll("◂ ", "");
  const back = leaving.get(chosen).filter((i) => sentText(i) && passed(when.arrow.get(i)));
  if (predicting || !back.length) return said;
  const items = back.map((i) =>
    element("li", {}, say("script.from", { name: name(targetOf(i)), sent: sentText(i) })),
  );
  said.push(paragraph(say("script.arrives")), element("ul", {}, ...items));
  if (back.length > 1) said.push(paragraph(say("script.both", { name: name(chosen) })));
  return said;
}

function choose(id) {
  chosen = chosen === id ? "" : id;
  render();
  if (chosen) find("#paths").scrollIntoView({ block: "nearest" });
}
find("#close").addEventListener("click", () => choose(chosen));

renders.push(renderPaths);
