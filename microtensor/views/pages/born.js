// Where a nan or an infinity is born, and why

const sameShape = (x, y) => String(shapeOf(x)) === String(shapeOf(y));

/** Why an operation on finite numbers (or on infinities) gives this, in words. */
function reasonOf(rule, operands, result) {
  const [a, b] = operands.map(Number);
  const infinite = operands.some((x) => Math.abs(x) === Infinity);
  if (/^log/.test(rule) && operands.length === 1 && !Number.isNaN(a)) {
    const edge = rule === "log1p" ? -1 : 0;
    if (a <= edge) return say(a === edge ? "born.log" : "born.domain", { rule, x: number(a) });
  }
  if (rule === "divide" && b === 0) {
    return say(a === 0 ? "born.nothing" : "born.zero", { x: number(a) });
  }
  if (rule === "reciprocal" && a === 0 && !Number.isNaN(result)) return say("born.zero", { x: "1" });
  if (!Number.isNaN(result)) return say("born.overflow");
  if (rule === "multiply" && infinite) return say("born.infzero");
  if (["add", "subtract", "sum", "mean", "matmul"].includes(rule) && infinite) {
    return say("born.difference");
  }
  if (infinite) return say("born.infinite", { rule });
  return say("born.domain", { rule, x: operands.map(factor).join(", ") });
}

/** A nan where no nan was before it, an infinity where all was finite. */
function isBorn(x, earlier) {
  const numbers = earlier.map(Number);
  return Number.isNaN(x)
    ? !numbers.some(Number.isNaN)
    : !Number.isFinite(Number(x)) && numbers.every(Number.isFinite);
}

/** So near to 0 that a slope there, 1/x or 1/x², overflows: it is finite. */
const isTiny = (x) => x !== 0 && Math.abs(x) < 1e-150;

/** The entries of an operand that entry k of a result can come from. */
function partner(operand, id, k) {
  const list = flat(now.values[operand]);
  if (list.length === 1) return list;
  return sameShape(operand, id) ? [list[k]] : list;
}

/** The first entry of a value that is born with it, in a sentence. */
function ofValue(id) {
  const { rule } = data.nodes[id];
  if (!rule || !(id in now.values)) return "";
  const values = flat(now.values[id]);
  const parts = (k) => operandsOf(id).flatMap((operand) => partner(operand, id, k));
  const i = values.findIndex((x, k) => !Number.isFinite(Number(x)) && isBorn(x, parts(k)));
  if (i < 0) return "";
  const why = reasonOf(rule, parts(i), values[i]);
  return say("born.value", {
    name: entryOf(id, i),
    expression: expression(id).split(" = ").slice(1).join(" = "),
    value: number(values[i]),
    why,
  });
}

/** The first entry of what goes back along an edge that is born there. */
function ofEdge(key) {
  const { source, target, local, formula, entrywise } = data.edges[key];
  const upstream = slopeName(target);
  const sent = flat(now.contributions[key] ?? []);
  const gradients = flat(now.gradients[target] ?? []);
  const same = sameShape(target, source);
  const i = sent.findIndex((x, k) => isBorn(x, same ? [gradients[k]] : gradients));
  if (i < 0) return "";
  const place = same ? i : 0;
  const slope = entrywise ? flat(now.locals[key])[place] : 0;
  const product = `${upstream} × ${local} = ${factor(gradients[place])} × ${factor(slope)}`;
  const parts = operandsOf(target).flatMap((operand) => partner(operand, target, place));
  let why = say("born.overflow");
  if (Number.isNaN(slope) && Number.isNaN(sent[i])) why = say("born.noslope", { local });
  else if (Number.isNaN(sent[i])) why = say("born.infzero");
  else if (Math.abs(slope) === Infinity && !parts.some(isTiny)) {
    const written = [local, formula].filter(Boolean).join(" = ");
    why = say("born.slope", { local: written, slope: number(slope) });
  }
  return say("born.sent", {
    name: name(target),
    to: entryOf(source, i),
    value: number(sent[i]),
    numbers: entrywise ? product : upstream,
    why,
  });
}

/** All births, forward by value and backward by edge, that have happened; those of a step first. */
function renderBorn() {
  const box = find("#born");
  const s = current();
  const isHere = (id) => id === s.key || (s.kind === "forward" && (id === s.card || s.said));
  const ids = learning || predicting ? [] : Object.keys(data.nodes).filter((id) => known(id).value);
  const keys = learning || predicting ? [] : Object.keys(data.edges);
  const seen = [
    ...ids.map((id) => [id, ofValue(id)]),
    ...keys.filter((key) => passed(data.edges[key].at)).map((key) => [key, ofEdge(key)]),
  ].filter(([, said]) => said);
  const here = seen.filter(([id]) => isHere(id));
  const texts = (here.length ? here : seen).slice(0, 2).map(([, said]) => said);
  box.hidden = !texts.length;
  if (box.told === texts.join()) return; // nothing is said twice to those who hear it
  box.told = texts.join();
  box.replaceChildren(...texts.map((said) => paragraph(said)));
}

renders.push(renderBorn);
