// The numbers of now, where layers are cards: on these, between them, and in their sentences

/** The numbers on the card of a layer, row by row. */
function writeUnit(id, card) {
  const rows = data.rows[id] || [];
  const returned = rows.filter((node) => node in now.gradients);
  const short = (x) => number(flat(x).length === 1 ? flat(x)[0] : rms(x));
  const text = card.matches(".fold") ? brief : short;
  const isAnew = now !== original;
  for (const [part, nodes, numbers] of [
    ["value", rows, now.values],
    ["gradient", returned, now.gradients],
  ]) {
    const arrays = nodes.map((node) => numbers[node]);
    write(all(`text.${part} tspan`, card), isAnew ? arrays.map(text) : null);
    drawBars(card, part, arrays.filter((x) => flat(x).length > 1));
  }
  const shaded = returned.filter((node) => node !== data.final);
  const texts = all("text.gradient tspan", card);
  all("path.heat", card).forEach((path, i) => {
    const heat = isAnew ? heatOf(shaded[i]) : null;
    const written = texts[returned.indexOf(shaded[i])];
    put(path, isAnew ? `var(--heat-${heat})` : null, "fill");
    if (written) put(written, isAnew ? `var(--${heat < 5 ? "text" : "page"})` : null, "fill");
  });
}

/** How dark a gradient's cell is: the largest is the darkest, a shade less for each half decade. */
function heatOf(node) {
  const sizes = Object.values(data.rows)
    .flat()
    .filter((id) => id !== data.final && id in now.gradients)
    .map((id) => rms(now.gradients[id]));
  const largest = Math.max(...sizes.filter(Number.isFinite), 0);
  const heat = 8 + 2 * Math.log10(rms(now.gradients[node]) / largest);
  return Math.min(7, Math.max(0, Math.ceil(heat) - 1 || 0));
}

/** What goes back between layers. */
function writeFlow(arrow, keys) {
  const sums = keys.map((some) => sumOf(some.map((key) => now.contributions[key])));
  write(all("tspan.backward", arrow), now === original ? null : sums.map((x) => `◂ ${brief(x)}`));
}

/** The sentences of a layer's step, with the numbers of now. */
function retellUnit(line, s) {
  const isAnew = now !== original;
  put(find(".rule", line), isAnew ? filled(s.said) : null);
  all("li", line).forEach((item, j) => put(item.lastChild, isAnew ? ofInner(s.inner?.[j]) : null));
}

/** An operation in a layer's step; where many are left out, it has no numbers but its own. */
function ofInner(s) {
  if (!s) return "";
  return s.kind === "seed" ? null : ` ${equation(s)}. ${s.key ? totalSaid(s) : ""}`;
}

const sized = (x, shape) => (flat(x).length === 1 ? brief(x) : `${size(shape)}, ${brief(x)}`);

/** A layer's sentence with its numbers. */
function filled(said) {
  return said.replace(/\ue000(\w) ([^\ue001]*)\ue001/g, (_, kind, place) => {
    const keys = place.split(" ");
    if (kind === "v") return sized(now.values[place], shapeOf(place));
    if (kind === "g") return sized(now.gradients[place], shapeOf(place));
    const sum = sumOf(keys.map((key) => now.contributions[key]));
    return sized(sum, shapeOf(data.edges[keys[0]].source));
  });
}
