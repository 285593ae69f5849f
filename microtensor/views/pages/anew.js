// The numbers of now: on cards, on arrows, and in the sentences of the steps

const small = (shape, most = 4) => shape.length <= 2 && shape.every((n) => n > 0 && n <= most);
const each = (f, x, y) => (Array.isArray(x) ? x.map((a, i) => f(a, y[i])) : f(x, y));
const sumOf = (parts) => parts.reduce((x, y) => each(plus, x, y));

function rms(x) {
  const scale = flat(x).reduce((most, a) => Math.max(most, Math.abs(a)), 0);
  if (!(scale > 0 && scale < Infinity)) return flat(x).some(Number.isNaN) ? NaN : scale;
  return scale * Math.sqrt(flat(x).reduce((s, a) => s + (a / scale) ** 2, 0) / flat(x).length);
}

const brief = (x) =>
  flat(x).length === 1 ? number(flat(x)[0]) : say("rms", { number: number(rms(x)) });
const rowsOf = (x, shape) => {
  const n = shape.at(-1) ?? 1;
  return Array.from({ length: x.length / n }, (_, i) => x.slice(i * n, i * n + n));
};

/** The lines of an array on a card: its rows, or its root mean square. */
function lines(x, shape) {
  if (!shape.length) return [number(x)];
  if (!small(shape)) return [say("rms", { number: number(rms(x)) })];
  const rows = rowsOf(x, shape).map((row) => row.map(number));
  if (rows.length === 1) return [`[${rows[0].join(" ")}]`];
  const widths = rows[0].map((_, k) => Math.max(...rows.map((row) => row[k].length)));
  return rows.map(
    (row) => `[${row.map((a, k) => a.padStart(widths[k], "\u00a0")).join("\u00a0\u00a0")}]`,
  );
}

/** A value in a sentence: `[[1, 2], [3, −4]]`; a larger one's shape and size. */
function inLine(x, shape) {
  if (!shape.length) return number(x);
  if (!small(shape)) return `${size(shape)}, ${lines(x, shape)[0]}`;
  const rows = rowsOf(x, shape).map((row) => `[${row.map(number).join(", ")}]`);
  return shape.length === 1 ? rows[0] : `[${rows.join(", ")}]`;
}

const given = (name, x, shape) =>
  small(shape) ? `${name} = ${inLine(x, shape)}` : `${name} (${inLine(x, shape)})`;

// The picture

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
  const sum = sent.length && anew && [summed(sent, so, shape) + (complete ? "" : " + …")];
  write(all(".sum tspan", card), sum);
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
  const label = `◂ ${slopeName(edge.target)} × ${oneFactor(key)}${end}`;
  put(labels[0], isAnew && !edge.times ? label : null);
}

/** The local derivative of what works entry by entry, where one number is that of all entries. */
const oneFactor = (key) => factor(flat(now.locals[key])[0]);

/** `∂p/∂w = x = 3`; a condition is no equation: `∂r/∂c = 1: 1 if c > 0 else 0`. */
function localText(key, asked = false) {
  const { local, formula = "" } = data.edges[key];
  if (asked) return `${local} = ?`;
  const value = number(now.locals[key]);
  const conditional = [" if ", say("script.if")].some((word) => formula.includes(word));
  if (conditional) return `${local} = ${value}: ${formula}`;
  return [...new Set([local, formula, value].filter(Boolean))].join(" = ");
}

// The sentences

/** What a value was computed from; ≈ where one of the numbers is rounded. */
function recomputed(id) {
  const { forward, rule } = data.nodes[id];
  const parts = /^(add|subtract)$/.test(rule) ? operandsOf(id).map((x) => now.values[x]) : [];
  let equal = isLost(parts, now.values[id]) ? "≈" : "=";
  const filled = forward.replace(/\{(\w+)\}/g, (whole, x) => {
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
  const { local, target, source, axes } = edge;
  const upstream = slopeName(target);
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
  const parts = { numbers: () => `${equation(s)}.`, notes: () => "", total: () => totalSaid(s) };
  for (const part of all(".numbers, .notes, .total", line)) {
    put(part, now === original ? null : parts[part.className]());
  }
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
