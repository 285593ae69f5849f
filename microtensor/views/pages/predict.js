// Predict: what a learner is asked before it is shown

let predicting = false;
const answers = new Map(); // by question, what was said first, whether it was right, if it is done

/** What is asked at a step, in its order: a question each of these kinds, on an edge or a value. */
function askable() {
  const s = current();
  const edge = data.edges[s.key];
  if (s.said || s.asks) return s.asks ? ["shape"] : [];
  if (s.kind === "forward") return data.nodes[s.card]?.shape.length ? ["shape"] : [];
  if (!edge) return [];
  const into = shapeOf(edge.source);
  const kinds = into.length ? ["shape"] : [];
  if (!now || !edge.entrywise || String(shapeOf(edge.target)) !== String(into)) return kinds;
  if (flat(now.values[edge.source]).length) kinds.push("local", "sent");
  if (arriving.get(edge.source).indexOf(s.key) > 0) kinds.push("sum");
  return kinds;
}

/** The questions of this step that are still open. */
function questions() {
  if (!predicting || !step) return [];
  const asked = askable().map((kind) => ({ kind, id: `${step}.${inner}.${kind}` }));
  return asked.filter(({ id }) => !answers.get(id)?.done);
}

/** Whether there is an open question, or the next one is of this kind. */
function isAsking(kind) {
  const [open] = questions();
  return Boolean(open) && (!kind || open.kind === kind);
}

/** A question's text, what reads an answer (undefined: none), whether one is right, and which is. */
function question(kind) {
  const s = current();
  if (kind === "shape") return ofShape(s);
  const { source, target, local } = data.edges[s.key];
  const shape = shapeOf(source);
  const sizes = flat(now.contributions[s.key]).map(Math.abs);
  const i = Math.max(0, sizes.indexOf(Math.max(...sizes.filter(Number.isFinite)))); // the largest
  const at = (x) => flat(x)[i];
  const place = entryName("", shape, i);
  const [g, slope, sent] = [
    now.gradients[target],
    now.locals[s.key],
    now.contributions[s.key],
  ].map(at);
  if (kind === "local") {
    const isLike = (id) =>
      String(shapeOf(id)) === String(shape) && data.nodes[id].role !== "constant";
    const operands = "operands" in data.nodes[target] ? operandsOf(target) : [source];
    const facts = [...new Set([...operands.filter(isLike), target])]
      .map((id) => `${entryOf(id, i)} = ${number(at(now.values[id]))}`)
      .join(", ");
    const since = data.nodes[target].forward ? expression(target) : name(target);
    const text = say("script.ask.local", { local: local + place, since, known: facts });
    const near = (x) => shown(slope) !== slope && Math.abs(x - slope) <= 1e-3 * Math.abs(slope);
    return numeric(text, slope, shown(slope), near);
  }
  if (kind === "sent") {
    const fields = {
      upstream: `${slopeName(target)}${place} = ${number(g)}`,
      local: `${local}${place} = ${number(slope)}`,
    };
    return numeric(say("script.question", fields), sent, ofShown(times, [g, slope]));
  }
  const keys = arriving.get(source);
  const earlier = keys.slice(0, keys.indexOf(s.key)).map((key) => at(now.contributions[key]));
  const before = earlier.reduce(plus);
  const gradient = slopeName(source) + place;
  const text = say("script.ask.sum", { gradient, before: number(before), sent: number(sent) });
  return numeric(text, before + sent, ofShown(plus, [before, sent]));
}

/** What was typed as a number, which inf and nan are here. */
function answerOf(said) {
  const found = typed(said);
  const word = bare(said).toLowerCase().replace(/∞|infinity/, "inf");
  const endless = [Infinity, -Infinity, NaN].find((x) => bare(number(x)) === word);
  return Number.isNaN(found) ? endless : found;
}

/** A number: as it is shown, or what the shown numbers give. */
function numeric(text, right, fromShown, near = () => false) {
  const isRight = (x) => [right, fromShown].some((y) => number(y) === number(x)) || near(x);
  return { text, right: number(right), read: answerOf, isRight, wanted: "script.number" };
}

function ofShape(s) {
  const edge = data.edges[s.key];
  const id = s.asks ?? (edge ? edge.source : s.card);
  const shape = shapeOf(id);
  const read = (said) => {
    const text = said.replace(/\s/g, "").toLowerCase();
    if (["()", "[]", "scalar", say("scalar").toLowerCase()].includes(text)) return [];
    return /^[\d,x×*()[\]]*\d[\d,x×*()[\]]*$/.test(text) ? text.match(/\d+/g).map(Number) : undefined;
  };
  const isRight = (x) => String(x) === String(shape);
  return { text: shapeText(s, edge, id), right: size(shape), read, isRight, wanted: "script.shape" };
}

function shapeText(s, edge, id) {
  if (s.asks) {
    return say("script.ask.layer", { name: s.kind === "forward" ? name(id) : slopeName(id) });
  }
  const sizeOf = (x) => size(shapeOf(x));
  if (edge) {
    const fields = { upstream: slopeName(edge.target), size: sizeOf(edge.target) };
    return say("script.ask.sent", { ...fields, name: name(edge.target), to: name(id) });
  }
  const facts = [...new Set(operandsOf(id))].map((x) => `${name(x)} ${sizeOf(x)}`).join(", ");
  const expression = find("#title").textContent;
  return facts
    ? say("script.ask.shape", { known: facts, expression })
    : say("script.ask.layer", { name: expression });
}

/** Keeps an answer, if it is the first to a question. */
function keep({ id, kind }, said, fine) {
  const { right, text } = question(kind);
  const place = placeName([step, inner]);
  if (!answers.has(id)) answers.set(id, { said, fine, right, text, place, done: false });
  return answers.get(id);
}

function check(event) {
  event.preventDefault();
  const [open] = questions();
  const { read, isRight, wanted } = question(open.kind);
  const said = find("#answer").value;
  const answer = read(said);
  if (answer === undefined) return put(find("#verdict"), say(wanted));
  const fine = isRight(answer);
  keep(open, said, fine);
  if (fine) return reveal(say("script.right"));
  put(find("#verdict"), say(open.kind === "sent" ? "script.wrong" : "script.again"));
  return renderScore();
}

function reveal(verdict) {
  keep(questions()[0], "–", false).done = true;
  find("#answer").value = "";
  render();
  put(find("#verdict"), verdict);
  find(isAsking() ? "#answer" : "#next").focus({ preventScroll: true });
}

function renderQuestion() {
  const [open] = questions();
  find("#ask").hidden = !open;
  if (open) put(find("#question"), question(open.kind).text);
}

/** How many answers were right at once; at the end, what was wrong. */
function renderScore() {
  const results = [...answers.values()];
  const wrong = results.filter((x) => !x.fine);
  const score = { right: results.length - wrong.length, all: results.length };
  put(find("#score"), predicting ? say("script.score", score) : "");
  const review = find("#review");
  review.hidden = !(predicting && step === last && !isAsking() && results.length);
  if (review.hidden) return review.replaceChildren();
  const items = wrong.map(({ said, right, text, place }) =>
    element(
      "li",
      {},
      element("a", { href: `#step-${place}` }, say("script.at", { step: place })),
      ` ${text} ${say("script.said", { said, right })}`,
    ),
  );
  const title = say(wrong.length ? "script.review" : "script.perfect");
  return review.replaceChildren(paragraph(title), element("ul", {}, ...items));
}

function setUpPredict() {
  const predict = find("#predict");
  const asks = (s) => s.key || s.asks || data.nodes[s.card]?.shape.length;
  predict.parentElement.hidden = !steps.some(asks);
  find("#ask").addEventListener("submit", check);
  find("#show").addEventListener("click", () => reveal(""));
  predict.addEventListener("change", () => {
    predicting = predict.checked;
    answers.clear();
    remember();
    settle();
  });
}

renders.push(renderQuestion, renderScore);
