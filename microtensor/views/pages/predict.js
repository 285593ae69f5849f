// Predict: what a learner is asked before it is shown ----------------------------------------------

let predicting = false;
const answered = new Set();
const answers = new Map(); // by question, what was said first, and whether that was right

/** What is asked at a step, in its order: a question each of these kinds, on an edge or a value. */
function askable() {
  const s = current();
  const edge = data.edges[s.key];
  if (s.said || s.asks) return s.asks ? ["shape"] : [];
  if (s.kind === "forward") return data.nodes[s.card]?.shape.length ? ["shape"] : [];
  if (!edge) return [];
  const [out, into] = [data.nodes[edge.target].shape, data.nodes[edge.source].shape];
  const kinds = into.length ? ["shape"] : [];
  if (!now || !edge.entrywise || String(out) !== String(into)) return kinds;
  if (flat(now.values[edge.source]).length) kinds.push("local", "sent");
  if (arriving.get(edge.source).indexOf(s.key) > 0) kinds.push("sum");
  return kinds;
}

/** The questions of this step that are still open. */
function questions() {
  if (!predicting || !step) return [];
  const open = askable().map((kind) => ({ kind, id: `${step}.${inner}.${kind}` }));
  return open.filter((q) => !answered.has(q.id));
}

const asksShape = () => questions()[0]?.kind === "shape";
const isAsked = (key) => questions().length > 0 && current().key === key;

/** The entry that is asked for: of the last ones, the one that sends most. */
function asked(key) {
  const sent = flat(now.contributions[key]).map(Math.abs);
  return sent.indexOf(Math.max(...sent.filter(Number.isFinite)));
}

/** A question's text, its answer, and whether an answer is right. */
function question(kind) {
  const s = current();
  if (kind === "shape") return ofShape(s);
  const { source, target, local, upstream } = data.edges[s.key];
  const shape = data.nodes[source].shape;
  const i = Math.max(0, asked(s.key));
  const at = (x) => flat(x)[i];
  const place = shape.length ? entryName("", shape, i) : "";
  const [g, slope, sent] = [now.gradients[target], now.locals[s.key], now.contributions[s.key]].map(
    at,
  );
  const written = (id) =>
    `${entryName(name(id), data.nodes[id].shape, i)} = ${number(at(now.values[id]))}`;
  const operands = data.nodes[target].operands?.split(" ").filter((id) => id in data.nodes) || [
    source,
  ];
  const plainly = operands.filter(
    (id) => String(data.nodes[id].shape) === String(shape) && data.nodes[id].role !== "constant",
  );
  if (kind === "local") {
    const facts = [...new Set([...plainly, target])].map(written).join(", ");
    const since = data.nodes[target].forward ? expression(target) : name(target);
    return numeric(
      say("script.ask.local", { local: local + place, since, known: facts }),
      slope,
      [slope],
      true,
    );
  }
  if (kind === "sent") {
    const fields = {
      upstream: `${upstream}${place} = ${number(g)}`,
      local: `${local}${place} = ${number(slope)}`,
    };
    return numeric(say("script.question", fields), sent, [g, slope]);
  }
  const keys = arriving.get(source);
  const parts = keys.slice(0, keys.indexOf(s.key)).map((key) => at(now.contributions[key]));
  const soFar = parts.reduce((a, b) => a + b);
  const gradient = `∂${name(data.final)}/∂${name(source)}${place}`;
  const fields = { gradient, before: number(soFar), sent: number(sent) };
  return numeric(
    say("script.ask.sum", fields),
    soFar + sent,
    [soFar, sent],
    false,
    (a, b) => a + b,
  );
}

/** A number: as it is shown, or what the shown numbers give. */
function numeric(text, right, parts, loose = false, f = (a, b) => a * b) {
  const fromShown = parts.map(shown).reduce((a, b) => f(a, b));
  const near = (x) =>
    loose && shown(right) !== right && Math.abs(x - right) <= 1e-3 * Math.abs(right);
  const isRight = (x) => [right, fromShown].some((y) => number(y) === number(x)) || near(x);
  return { text, right: number(right), read: typed, isRight, wanted: "script.number" };
}

function ofShape(s) {
  const edge = data.edges[s.key];
  const id = s.asks ?? (edge ? edge.source : s.card);
  const { shape } = data.nodes[id];
  const bare = (some) => size(data.nodes[some].shape);
  let text = say("script.ask.layer", {
    name: s.kind === "forward" ? name(id) : `∂${name(data.final)}/∂${name(id)}`,
  });
  if (!s.asks && edge) {
    const fields = {
      upstream: edge.upstream,
      size: bare(edge.target),
      name: name(edge.target),
      to: name(id),
    };
    text = say("script.ask.sent", fields);
  } else if (!s.asks) {
    const operands = [...new Set((data.nodes[id].operands || "").split(" "))].filter(
      (x) => x in data.nodes,
    );
    const facts = operands.map((x) => `${name(x)}: ${bare(x)}`).join(", ");
    text = say("script.ask.shape", {
      known: facts,
      expression: find(".title", told[step])?.textContent ?? name(id),
    });
  }
  const read = (said) => {
    const bare = said.replace(/\s/g, "").toLowerCase();
    if (["()", "[]", "scalar", say("scalar").toLowerCase()].includes(bare)) return [];
    return /^[\d,x×*()[\]]*\d[\d,x×*()[\]]*$/.test(bare) ? said.match(/\d+/g).map(Number) : null;
  };
  const isRight = (x) => String(x) === String(shape);
  return { text, right: size(shape), read, isRight, wanted: "script.shape" };
}

function renderQuestion() {
  const [open] = questions();
  find("#ask").hidden = !open;
  if (open) set(find("#question"), question(open.kind).text);
}

function check(event) {
  event.preventDefault();
  const [open] = questions();
  const { read: parse, isRight, wanted, right, text } = question(open.kind);
  const said = find("#answer").value;
  const answer = parse(said);
  if (answer === null) return set(find("#verdict"), say(wanted));
  const fine = isRight(answer);
  if (!answers.has(open.id)) answers.set(open.id, { fine, said, right, text, at: [step, inner] });
  if (fine) return reveal(say("script.right"));
  set(find("#verdict"), say(open.kind === "sent" ? "script.wrong" : "script.again"));
  return renderScore();
}

function reveal(said) {
  const [open] = questions();
  if (!answers.has(open.id)) {
    const { right, text } = question(open.kind);
    answers.set(open.id, { fine: false, said: "–", right, text, at: [step, inner] });
  }
  answered.add(open.id);
  find("#answer").value = "";
  render();
  set(find("#verdict"), said);
  const [next] = questions();
  find(next ? "#answer" : "#next").focus({ preventScroll: true });
}

/** How many answers were right at once; at the end, what was wrong. */
function renderScore() {
  const results = [...answers.values()];
  const wrong = results.filter((x) => !x.fine);
  set(
    find("#score"),
    predicting
      ? say("script.score", { right: results.length - wrong.length, all: results.length })
      : "",
  );
  const review = find("#review");
  review.hidden = !(predicting && step === last && !questions().length && results.length);
  if (review.hidden) return review.replaceChildren();
  const list = made("ul", "");
  for (const { said, right, text, at } of wrong) {
    const item = made("li", "");
    const link = made("a", say("script.at", { step: at[1] ? at.join(".") : at[0] }));
    link.href = `#step-${at[1] ? at.join(".") : at[0]}`;
    item.append(link, ` ${text} ${say("script.said", { said, right })}`);
    list.append(item);
  }
  review.replaceChildren(made("p", say(wrong.length ? "script.review" : "script.perfect")), list);
}

function setUpPredict() {
  const predict = find("#predict");
  predict.parentElement.hidden = !steps.some(
    (s) => s.key || s.asks || data.nodes[s.card]?.shape.length,
  );
  find("#ask").addEventListener("submit", check);
  find("#show").addEventListener("click", () => reveal(""));
  predict.addEventListener("change", () => {
    predicting = predict.checked;
    answered.clear();
    answers.clear();
    remember();
    settle();
  });
}
