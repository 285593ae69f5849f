// Other numbers: leaves that are changed, nudged, and led downhill

const costs = [];
const leafIds = Object.keys(data.nodes).filter(
  (id) => data.nodes[id].rule === "" && data.nodes[id].role !== "constant",
);
const slopes = () => leafIds.filter((id) => id in now.gradients);
const parameters = () => slopes().filter((id) => data.nodes[id].role === "parameter");
const leavesOf = (numbers) => Object.fromEntries(leafIds.map((id) => [id, numbers.values[id]]));
const isFirst = (id, values = now.values) =>
  flat(values[id]).every((a, i) => Object.is(Number(a), Number(flat(original.values[id])[i])));
const withEntry = (x, i, value) =>
  Array.isArray(x) ? x.map((a, k) => (k === i ? value : a)) : value;
const resultOf = (numbers) => Number(flat(numbers.values[data.final])[0]);

/** Goes on with other numbers for some leaves. */
function change(values) {
  const whole = { ...leavesOf(now), ...values };
  now = leafIds.every((id) => isFirst(id, whole)) ? original : recompute(whole);
  find("#reset").disabled = now === original;
  mark(document.documentElement, "altered", now !== original);
  const result = (numbers) => `${name(data.final)} = ${number(resultOf(numbers))}`;
  const heading = find("h1");
  put(heading, written(heading).replace(result(original), result(now)));
  if (learning) return; // it is told frame by frame
  tell();
  remember();
}

/** Says all with the numbers of now. */
function tell() {
  steps.forEach((s, k) => (s.said ? retellUnit : retell)(told[k + 1], s));
  refresh();
  render();
}

// Their fields

/** A number as it can be edited: as it is, or to 6 digits. */
const editable = (x, exact) =>
  Number.isFinite(x) ? String(exact ? x : Number(x.toPrecision(6))) : number(x);

/** Writes the numbers of now into the fields, but for the one that is typed in. */
function refresh() {
  for (const input of all("#numbers [data-id]")) {
    const { id, at } = input.dataset;
    const x = Number(flat(now.values[id])[at]);
    if (input !== document.activeElement) {
      input.value = editable(x, now === original && !shapeOf(id).length);
      input.setAttribute("aria-invalid", "false");
    }
    const slider = find("input[type=range]", input.parentElement);
    if (slider && slider !== document.activeElement) slider.value = x;
  }
  find("#numbers-error").hidden = true;
}

/** The number of a field; nan, and the field says so, where it is none. */
function readNumber(input) {
  const value = typed(input.value);
  input.setAttribute("aria-invalid", String(Number.isNaN(value)));
  return value;
}

function typedIn(input) {
  const value = readNumber(input);
  find("#numbers-error").hidden = !find('#numbers [aria-invalid="true"]');
  if (Number.isNaN(value)) return;
  const { id, at } = input.dataset;
  const slider = find("input[type=range]", input.parentElement);
  if (slider) slider.value = value;
  change({ [id]: withEntry(now.values[id], Number(at), value) });
}

const field = (id, i) =>
  element("input", {
    type: "text",
    inputmode: "decimal",
    autocomplete: "off",
    "data-id": id,
    "data-at": i,
    "aria-label": entryOf(id, i),
  });

/** The field of a single number, with a slider. */
function withSlider(id) {
  const input = field(id, 0);
  const reach = Math.max(4, 2 * Math.abs(original.values[id]));
  const slider = element("input", {
    type: "range",
    min: -reach,
    max: reach,
    step: reach / 80,
    "aria-label": say("page.slider", { name: name(id) }),
  });
  slider.addEventListener("input", () => {
    input.value = String(Number(Number(slider.value).toPrecision(4)));
    typedIn(input);
  });
  return element("div", { class: "field" }, element("span", {}, name(id)), input, slider);
}

/** The fields of an array's entries, made when they are asked for. */
function grid(id) {
  const shape = shapeOf(id);
  const title = element("summary", {}, `${name(id)} ${size(shape)}`);
  const box = element("details", { class: "array" }, title);
  box.addEventListener("toggle", () => {
    if (!box.open || box.children.length > 1) return;
    const fields = flat(now.values[id]).map((_, i) => field(id, i));
    const made = element("div", { class: "grid" }, ...fields);
    made.style.setProperty("--columns", shape.at(-1));
    box.append(made);
    refresh();
  });
  return box;
}

function setUpNumbers() {
  const box = find("#numbers");
  if (!leafIds.length) return;
  box.hidden = false;
  const shown = leafIds.filter((id) => small(shapeOf(id), 12));
  find("#reset").before(...shown.map((id) => (shapeOf(id).length ? grid(id) : withSlider(id))));
  refresh();
  const isField = (event) => event.target.matches("[data-id]");
  box.addEventListener("input", (event) => isField(event) && typedIn(event.target));
  box.addEventListener("keydown", (event) => {
    const by = { ArrowUp: 0.1, ArrowDown: -0.1 }[event.key];
    if (!by || !isField(event)) return;
    event.preventDefault();
    const value = typed(event.target.value) + by;
    if (Number.isNaN(value)) return;
    event.target.value = String(Number(value.toPrecision(12)));
    typedIn(event.target);
  });
  find("#reset").addEventListener("click", () => {
    stop();
    costs.length = 0;
    change(leavesOf(original));
  });
  setUpLearning();
}

// Nudge and learn

function setUpLearning() {
  const isNumber =
    flat(now.values[data.final]).length === 1 &&
    data.final in now.gradients &&
    data.of === name(data.final); // gradients of what it leads to say nothing of how far it moves
  find("#learn").hidden = !isNumber || !parameters().length;
  if (!isNumber) return;
  const options = slopes().flatMap((id) =>
    flat(now.values[id]).map((_, i) => new Option(entryOf(id, i), `${id} ${i}`)),
  );
  find("#which").append(...options.slice(0, 500));
  for (const id of ["#which", "#by"]) find(id).addEventListener("input", renderLearning);
  find("#descend").addEventListener("click", () => {
    stop();
    descend();
  });
  find("#run").addEventListener("click", () => (learning ? stop() : run()));
  renders.push(renderLearning);
}

/** What the result does when one number moves by h, and what its slope says that it does. */
function renderLearning() {
  drawCurve();
  const h = readNumber(find("#by"));
  const [id, i] = find("#which").value.split(" ");
  if (Number.isNaN(h) || !id) return;
  const x = withEntry(now.values[id], Number(i), flat(now.values[id])[i] + h);
  const there = recompute({ ...leavesOf(now), [id]: x });
  const slope = flat(now.gradients[id])[i];
  const fields = {
    out: name(data.final),
    moved: number(resultOf(there) - resultOf(now)),
    sent: multiplied([slope, h], slope * h),
  };
  put(find("#moved"), isAsking() ? "" : say("script.moved", fields));
}

/** One step: every parameter less rate times its gradient. False where there is no way on. */
function descend() {
  const rate = readNumber(find("#rate"));
  if (Number.isNaN(rate)) return false;
  const earlier = resultOf(now);
  if (!costs.length) costs.push(earlier);
  const lower = (id) => each((w, g) => w - rate * g, now.values[id], now.gradients[id]);
  change(Object.fromEntries(parameters().map((id) => [id, lower(id)])));
  costs.push(resultOf(now));
  if (!learning) drawCurve();
  return Number.isFinite(costs.at(-1)) && costs.at(-1) !== earlier;
}

/** Begins to learn, or ends it: meanwhile its numbers aren't read aloud. */
function lead(on) {
  learning = on;
  put(find("#run"), say(on ? "script.stop" : "script.run"));
  find("#told [aria-live]").setAttribute("aria-live", on ? "off" : "polite");
}

function run() {
  lead(true);
  const frame = () => {
    if (!learning) return;
    const until = costs.length + Math.min(16, 1 + Math.floor(costs.length / 50)); // slowly at first
    const begun = performance.now();
    let fine = true;
    while (fine && costs.length < until && performance.now() - begun < 12) fine = descend();
    tell();
    if (fine) requestAnimationFrame(frame);
    else stop();
  };
  requestAnimationFrame(frame);
}

function stop() {
  if (!learning) return;
  lead(false);
  change({});
}

/** The cost after every step, as a curve that grows. */
function drawCurve() {
  const curve = find("#curve");
  const begins = curve.hasAttribute("hidden");
  curve.toggleAttribute("hidden", costs.length < 2);
  if (costs.length < 2) return put(find("#cost"), "");
  const count = costs.length - 1;
  const cost = resultOf(now);
  const most = Math.max(...costs.filter(Number.isFinite)) || 1;
  const every = Math.max(1, Math.floor(costs.length / 300));
  const points = costs
    .map((y, x) => [x, y])
    .filter(([x, y]) => Number.isFinite(y) && (x % every === 0 || x === count))
    .map(([x, y]) => `${((x / count) * 296 + 2).toFixed(1)},${(78 - (y / most) * 74).toFixed(1)}`);
  find("polyline", curve).setAttribute("points", points.join(" "));
  const fields = { count, out: name(data.final), cost: number(cost), first: number(costs[0]) };
  const cure = Number.isFinite(costs[0]) ? "script.diverged" : "script.never";
  const diverged = Number.isFinite(cost) ? "" : ` ${say(cure)}`;
  put(find("#cost"), say("script.cost", fields) + diverged);
  find("#cost").dataset.cost = cost;
  if (begins) find("#learn").scrollIntoView({ block: "end" }); // the picture is seen above it
}

setUpNumbers();
