// The numbers of now: on cards, on arrows, and in the sentences of the steps -----------------------

/** The numbers on the card of a value. */
function writeNode(id, card, { parts, gradient, complete }) {
  const shape = shapeOf(id);
  const fresh = now !== original || data.scalars;
  drawBars(card, "value", [now.values[id]]);
  write(all("text.value tspan", card), fresh ? lines(now.values[id], shape) : null);
  if (!gradient) return;
  const sent = parts.map((key) => now.contributions[key]);
  const so = complete ? now.gradients[id] : sumOf(sent);
  const anew = fresh || !complete;
  drawBars(card, "gradient", [so]);
  write(all("text.gradient tspan", card), anew ? lines(so, shape) : null);
  if (sent.length && anew) {
    write(all(".sum tspan", card), [summed(sent, so, shape) + (complete ? "" : " + …")]);
  } else write(all(".sum tspan", card), null);
}

/** A sum as it stands on a card: in words where it is long. */
function summed(parts, result, shape) {
  const [terms, equal] = shape.length
    ? [parts.map((x) => lines(x, shape).join("\n")).join(" + "), "="]
    : added(parts, result);
  const text = `${equal} ${terms}`;
  const long = text.length > data.longest || text.includes("\n");
  return long ? say("sum.long", { parts: parts.length }) : text;
}

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

/** Histograms of 12 bars each, from where Graphviz put them. */
function drawBars(card, part, arrays) {
  all(`path.${part}`, card).forEach((path, i) => {
    const anew = now !== original && arrays[i] !== undefined;
    put(path, anew ? bars(arrays[i], ...path.dataset.at.split(" ").map(Number)) : null, "d");
  });
}

function bars(values, x, y, letter) {
  const finite = flat(values).map(Number).filter(Number.isFinite);
  let [low, high] = [Math.min(...finite), Math.max(...finite)];
  const largest = Math.max(Math.abs(low), Math.abs(high));
  if (!(high - low > 1e-12 * largest)) {
    low -= ((largest || 1) * 6.5) / 12;
    high = low + (largest || 1);
  }
  const counts = Array(12).fill(0);
  for (const a of finite) counts[Math.min(11, Math.floor(((a - low) / (high - low)) * 12))] += 1;
  const most = Math.max(1, ...counts);
  const [wide, tall] = data.bars.map((n) => n * letter);
  const bar = (n, i) =>
    `M${x + i * wide},${y}v${(-Math.ceil((n * 8) / most) / 8) * tall}h${wide}V${y}z`;
  return counts.map((n, i) => (n ? bar(n, i) : "")).join("");
}

/** What goes back between layers. */
function writeFlow(arrow, keys) {
  const sums = keys.map((some) => sumOf(some.map((key) => now.contributions[key])));
  write(all("tspan.backward", arrow), now === original ? null : sums.map((x) => `◂ ${brief(x)}`));
}

/** Whether an edge's local derivative is a number. */
const isNumeric = ({ source, target, entrywise }) =>
  entrywise && !shapeOf(target).length && !shapeOf(source).length;

/** What goes back between values; of what is asked for, a question mark. */
function writeEdge(arrow, key, asked) {
  const edge = data.edges[key];
  const sent = now.contributions[key];
  const labels = all("tspan.backward.label", arrow);
  const numbers = all("tspan.backward:not(.label)", arrow);
  const isAnew = now !== original;
  if (isNumeric(edge)) {
    const [g, local] = [now.gradients[edge.target], now.locals[key]];
    const left = `${factor(g)} × ${asked === "local" ? "?" : factor(local)} =`;
    write(all(".plain", arrow), [localText(key, asked === "local")]);
    write(labels, [`◂ ${asked ? left : product([g, local], sent)}`]);
    write(numbers, [asked && asked !== "sum" ? "?" : number(sent)]);
    return;
  }
  write(numbers, isAnew ? lines(sent, shapeOf(edge.source)) : null);
  if (!edge.entrywise) return;
  const end = written(labels[0]).endsWith(" =") ? " =" : "";
  const label = `◂ ${edge.upstream} × ${oneFactor(key)}${end}`;
  put(labels[0], isAnew && !edge.times ? label : null);
  if (isAnew) show(".plain", arrow, true);
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

// The sentences ----------------------------------------------------------------------------------

/** What a value was computed from; ≈ where one of the numbers is rounded. */
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

/** What a step computes, in a line. */
function equation(s, line) {
  if (s.kind === "forward") {
    if (!data.scalars) return given(name(s.card), now.values[s.card], shapeOf(s.card));
    if (now !== original) return recomputed(s.card);
    return written(find(".numbers", line)).replace(/\.$/, "");
  }
  if (!s.key) return "";
  const edge = data.edges[s.key];
  const { upstream, local, target, source, axes } = edge;
  const [g, sent] = [now.gradients[target], now.contributions[s.key]];
  if (isNumeric(edge)) {
    return `${upstream} × ${local} = ${multiplied([g, now.locals[s.key]], sent)}`;
  }
  let formula = edge.sends;
  if (edge.entrywise) {
    formula = `${upstream} × ${edge.times || oneFactor(s.key)}`;
    if (edge.times) formula = say("sent.entries", { formula });
    if (axes) formula = say("sent.added", { formula, axes });
  }
  const text = inLine(sent, shapeOf(source));
  const whole = small(shapeOf(source)) ? `${formula}: ${text}` : `${formula} (${text})`;
  const arrived = given(upstream, g, shapeOf(target));
  return say("sent.array", { upstream: arrived }) + (formula ? whole : text);
}

/** The sentences of a step that have numbers, for the numbers of now. */
function retell(line, s) {
  const anew = (f) => (now === original ? null : f());
  if (s.said) {
    put(find(".numbers, .rule", line), anew(() => filled(s.said)));
    all("li", line).forEach((item, j) => put(item.lastChild, anew(() => ofInner(s.inner?.[j]))));
    return;
  }
  const parts = { numbers: () => `${equation(s)}.`, notes: () => "", total: () => totalSaid(s) };
  for (const part of all(".numbers, .notes, .total", line)) put(part, anew(parts[part.className]));
}

/** An operation in a layer's step; where many are left out, it has no numbers but its own. */
function ofInner(s) {
  if (!s) return "";
  return s.kind === "seed" ? null : ` ${equation(s)}. ${s.key ? totalSaid(s) : ""}`;
}

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

/** What has arrived with a step, and how much is still to come. */
function totalSaid(s) {
  const id = data.edges[s.key].source;
  const keys = arriving.get(id);
  const count = keys.indexOf(s.key) + 1;
  const sent = keys.slice(0, count).map((key) => now.contributions[key]);
  const so = sumOf(sent);
  let gradient = given(slopeName(id), so, shapeOf(id));
  if (!shapeOf(id).length && count > 1 && count <= 6) {
    gradient = `${slopeName(id)} = ${added(sent, so).join(" ")} ${number(so)}`;
  }
  if (count === 1 && shapeOf(id).length) gradient = say("sum.that", { gradient: slopeName(id) });
  const waiting = keys.length - count;
  if (waiting) return say("sum.waiting", { gradient, count: waiting });
  const whole = gradient[0].toUpperCase() + gradient.slice(1);
  if (count === 1) return say("sum.complete", { gradient: whole });
  return count === 2 ? say("sum.both", { gradient }) : say("sum.all", { gradient, parts: count });
}
