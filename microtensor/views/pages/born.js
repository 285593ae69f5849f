// Where a nan or an infinity is born, and why ------------------------------------------------------

const isWrong = (x) => !Number.isFinite(Number(x));

/** Why an operation on finite numbers (or on infinities) gives this, in words. */
function reasonOf(rule, operands, result) {
  const [a, b] = operands.map(Number);
  const infinite = operands.filter((x) => Math.abs(x) === Infinity).length;
  const signed = operands.map(factor);
  if (/^log/.test(rule) && operands.length === 1 && !Number.isNaN(a)) {
    const edge = rule === "log1p" ? -1 : 0;
    if (a <= edge) return say(a === edge ? "born.log" : "born.domain", { rule, x: number(a) });
  }
  if (rule === "divide" && b === 0)
    return say(a === 0 ? "born.nothing" : "born.zero", { x: number(a) });
  if (Number.isNaN(result)) {
    if (rule === "multiply" && infinite) return say("born.infzero");
    if (["add", "subtract", "sum", "mean", "matmul"].includes(rule) && infinite)
      return say("born.difference");
    if (infinite) return say("born.infinite", { rule });
    return say("born.domain", { rule, x: signed.join(", ") });
  }
  if (rule === "reciprocal" && a === 0) return say("born.zero", { x: "1" });
  return say("born.overflow");
}

/** All births: forward by value, backward by edge, each with a sentence. */
function births() {
  const found = new Map();
  if (!now || !recompute) return found;
  for (const [id, node] of Object.entries(data.nodes)) {
    if (!node.rule || !(id in now.values)) continue;
    const values = flat(now.values[id]);
    const operands = node.operands
      .split(" ")
      .filter(Boolean)
      .map((x) => [flat(now.values[x]), data.nodes[x].shape]);
    const i = values.findIndex(
      (x, k) =>
        isWrong(x) &&
        isBorn(
          x,
          operands.map(([list, shape]) => partner(list, shape, node.shape, k)),
        ),
    );
    if (i < 0) continue;
    const some = operands.flatMap(([list, shape]) => partner(list, shape, node.shape, i));
    const why = reasonOf(node.rule, some, values[i]);
    found.set(
      id,
      say("born.value", {
        name: entryName(node.name, node.shape, i),
        expression: expression(id).split(" = ").slice(1).join(" = "),
        value: number(values[i]),
        why,
      }),
    );
  }
  for (const [key, edge] of Object.entries(data.edges)) {
    const sent = flat(now.contributions[key] ?? []);
    const upstream = flat(now.gradients[edge.target] ?? []);
    const [target, source] = [edge.target, edge.source].map((id) => data.nodes[id]);
    const same = String(target.shape) === String(source.shape);
    const i = sent.findIndex((x, k) => isWrong(x) && isBorn(x, [same ? [upstream[k]] : upstream]));
    if (i >= 0) found.set(key, ofEdge(key, edge, i, same));
  }
  return found;
}

/** The entries of an operand that an entry of a result can come from. */
function partner(list, shape, wide, k) {
  if (list.length === 1) return [list[0]];
  return String(shape) === String(wide) ? [list[k]] : list;
}

/** A nan where no nan was before it, an infinity where all was finite. */
function isBorn(x, earlier) {
  const numbers = earlier.flat().map(Number);
  return Number.isNaN(x)
    ? !numbers.some(Number.isNaN)
    : isWrong(x) && numbers.every(Number.isFinite);
}

function ofEdge(key, { source, target, local, upstream, formula, entrywise }, i, same) {
  const x = flat(now.contributions[key])[i];
  const place = same ? i : 0;
  const g = flat(now.gradients[target])[place];
  const slope = entrywise ? flat(now.locals[key])[place] : NaN;
  const fields = {
    name: name(target),
    to: entryName(name(source), data.nodes[source].shape, i),
    value: number(x),
  };
  let why = say("born.overflow");
  if (Number.isNaN(x)) why = say("born.infzero");
  else if (entrywise && Math.abs(slope) === Infinity)
    why = say("born.slope", {
      local: [local, formula].filter(Boolean).join(" = "),
      slope: number(slope),
    });
  if (Number.isNaN(x) && Number.isNaN(slope) && entrywise) why = say("born.noslope", { local });
  const numbers = entrywise ? `${upstream} × ${local} = ${factor(g)} × ${factor(slope)}` : upstream;
  return say("born.sent", { ...fields, numbers, why });
}

function renderBorn() {
  const box = find("#born");
  const found = learning ? new Map() : births();
  const paragraphs = [];
  const seen = [...found].filter(([id]) =>
    id in data.edges ? passed(data.edges[id].at) : known(id).value,
  );
  const s = current();
  const here = seen.filter(
    ([id]) => id === s.key || (s.kind === "forward" && (id === s.card || s.said)),
  );
  for (const [, said] of here.length ? here.slice(0, 2) : seen.slice(0, 2))
    paragraphs.push(made("p", said));
  if (predicting) paragraphs.length = 0;
  const same = paragraphs.map((line) => line.textContent).join("\n");
  box.hidden = !paragraphs.length;
  if (box.told !== same) box.replaceChildren(...paragraphs);
  box.told = same;
}
