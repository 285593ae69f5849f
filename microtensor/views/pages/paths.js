// Paths of a card to the result -------------------------------------------------------------------

const leaving = new Map(data.order.map((id) => [id, []]));
data.arrows.forEach(([source, , backward], i) => backward && leaving.get(source)?.push(i));

const counted = new Map(); // how many paths lead from a card to the result
for (const id of [...data.order].reverse()) {
  const onward = leaving.get(id).map((i) => counted.get(targetOf(i)) || 0n);
  counted.set(id, id === data.result ? 1n : onward.reduce((a, b) => a + b, 0n));
}

/** The first paths from a card to the result, each a list of arrows. */
function routes(id, most) {
  const found = [];
  const open = [[id, []]];
  while (open.length && found.length < most) {
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
  find("#paths").hidden = !chosen;
  const on = new Set();
  find("#paths-body").replaceChildren();
  if (counted.has(chosen)) {
    const some = routes(chosen, 16);
    some.forEach((route) => route.forEach((i) => on.add(i)));
    find("#paths-body").replaceChildren(...(data.scalars ? scalarPaths(some) : arrayPaths(some)));
  }
  if (chosen) set(find("#paths-title"), pathsTitle());
  arrows.forEach((arrow, i) => arrow.classList.toggle("on-path", on.has(i)));
  svg.classList.toggle("choosing", on.size > 0);
}

function pathsTitle() {
  const [x, out, count] = [name(chosen), name(data.result), counted.get(chosen)];
  if (count === undefined) return x;
  return chosen === data.result
    ? say("script.result", { out })
    : say("paths.lead", { x, out, count });
}

const walked = (route) => [chosen, ...route.map(targetOf)].map(name).join(" → ");
const slopeOf = (i) => data.edges[data.keys[i]].local;
const localOf = (i) => now.locals[data.keys[i]];

function scalarPaths(some) {
  const gradient = now.gradients[chosen];
  const written = `∂${name(data.result)}/∂${name(chosen)}`;
  if (chosen === data.result) {
    return [made("p", say("script.begins", { gradient: `${written} = ${number(gradient)}` }))];
  }
  if (!counted.get(chosen)) return [made("p", say("script.untracked"))];
  const hidden = (i) => predicting && (!passed(times.arrow.get(i)) || isAsked(data.keys[i]));
  const list = made("ol", "");
  for (const route of some) list.append(pathItem(route, hidden));
  if (some.some((route) => route.some(hidden))) {
    return [list, made("p", say("script.hidden"), "proof")];
  }
  const parts = some.map(alongPath);
  const rest = counted.get(chosen) - BigInt(some.length);
  if (rest) parts.push(gradient - parts.reduce((a, b) => a + b));
  const [equal, sum] = [total(parts, gradient)[0], total(parts, gradient).slice(2)];
  const equality = `${number(gradient)} = ${written}`;
  const proof =
    parts.length > 1 ? say("script.sum", { sum: `${sum} ${equal} ${equality}` }) : `${equality}.`;
  const more = rest ? ` ${say("script.rest", { rest })}` : "";
  return [list, made("p", proof + more, "proof")];
}

/** The product of the local derivatives along a path, times what arrives at the result. */
const alongPath = (route) =>
  [...route].reverse().reduce((p, i) => p * localOf(i), now.gradients[data.result]);

function pathItem(route, hidden) {
  const back = [...route].reverse();
  const locals = back.map(localOf);
  const sum = number(alongPath(route));
  const names = back.map(slopeOf).join(" × ");
  let said = back.length > 1 ? product(locals, alongPath(route)) + sum : sum;
  if (back.some(hidden)) {
    said = `${back.map((i, k) => (hidden(i) ? "?" : factor(locals[k]))).join(" × ")} = ?`;
  }
  const item = made("li", walked(route));
  item.append(made("span", `${names} = ${said}`, "product"));
  item.addEventListener("mouseenter", () => trace(route));
  item.addEventListener("mouseleave", () => trace([]));
  return item;
}

function arrayPaths(some) {
  const list = made("ol", "");
  for (const route of some) list.append(made("li", walked(route)));
  const rest = counted.get(chosen) - BigInt(some.length);
  const said = [list];
  if (rest > 0n) said.push(made("p", say("script.more", { rest })));
  const arrived = leaving.get(chosen).filter((i) => sentText(i) && passed(times.arrow.get(i)));
  if (predicting || !arrived.length) return chosen === data.result ? [] : said;
  said.push(made("p", say("script.arrives")));
  const from = made("ul", "");
  for (const i of arrived) {
    from.append(made("li", say("script.from", { name: name(targetOf(i)), sent: sentText(i) })));
  }
  said.push(from);
  if (arrived.length > 1) said.push(made("p", say("script.both", { name: name(chosen) })));
  return chosen === data.result ? [] : said;
}

function sentText(i) {
  const texts = all("text.back", arrows[i]).map((text) => text.textContent);
  return texts.join(" ").replaceAll("◂ ", "");
}

function trace(route) {
  arrows.forEach((arrow, i) => arrow.classList.toggle("traced", route.includes(i)));
}

function choose(id) {
  chosen = chosen === id ? "" : id;
  entry = null;
  render();
  if (chosen) find("#paths").scrollIntoView({ block: "nearest" });
}
