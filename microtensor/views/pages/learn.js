// Other numbers: leaves that are changed, nudged, and led downhill --------------------------------

let learning = false;
const costs = [];

function read(scalars) {
  const named = { nan: NaN, inf: Infinity, "-inf": -Infinity };
  const plain = (x) => (typeof x === "string" ? named[x] : x);
  const mapped = (some) => Object.fromEntries(Object.entries(some).map(([k, x]) => [k, plain(x)]));
  const byKey = (some) => Object.fromEntries(data.keys.map((key, i) => [key, plain(some[i])]));
  return {
    values: mapped(scalars.values),
    gradients: mapped(scalars.gradients),
    locals: byKey(scalars.locals),
    contributions: byKey(scalars.sent),
  };
}

/** The numbers of single numbers as they were recorded; of arrays, as the page computes them. */
function first() {
  if (data.scalars) return { ...(recompute ? recompute({}) : {}), ...read(data.scalars) };
  return recompute ? recompute({}) : null;
}

const original = first();
let now = original; // null: nothing can be computed here
const leafIds = Object.keys(data.nodes).filter(
  (id) => data.nodes[id].rule === "" && data.nodes[id].role !== "constant",
);
const parameters = () =>
  leafIds.filter((id) => data.nodes[id].role === "parameter" && id in now.gradients);
const leaves = () => Object.fromEntries(leafIds.map((id) => [id, now.values[id]]));
const isSame = (x, y) => flat(x).every((a, i) => Object.is(Number(a), Number(flat(y)[i])));

/** Goes on with other numbers for some leaves. */
function change(values, quick = false) {
  const whole = { ...leaves(), ...values };
  now = leafIds.every((id) => isSame(whole[id], original.values[id])) ? original : recompute(whole);
  find("#reset").disabled = now === original;
  document.documentElement.classList.toggle("altered", now !== original);
  const heading = find("h1");
  heading.told ??= heading.textContent;
  const result = (some) => `${name(data.final)} = ${number(flat(some.values[data.final])[0])}`;
  set(heading, heading.told.replace(result(original), result(now)));
  if (quick) return;
  told.forEach((place, k) => k && retell(place, steps[k - 1]));
  refresh();
  remember();
  render();
}

const withEntry = (x, i, value) =>
  Array.isArray(x) ? x.map((a, k) => (k === i ? value : a)) : value;
const rounded = (x) => (Number.isFinite(x) ? String(Number(x.toPrecision(6))) : number(x));

/** Writes the numbers of now into the fields, but for the one that is typed in. */
function refresh() {
  for (const input of all("#numbers [data-id]")) {
    const x = Number(flat(now.values[input.dataset.id])[input.dataset.at ?? 0]);
    if (input !== document.activeElement) {
      input.value = now === original && !input.dataset.at ? String(x) : rounded(x);
      input.setAttribute("aria-invalid", "false");
    }
    const slider = find("input[type=range]", input.parentElement);
    if (slider && slider !== document.activeElement) slider.value = x;
  }
  find("#numbers-error").hidden = true;
}

function typedIn(input) {
  const value = typed(input.value);
  input.setAttribute("aria-invalid", String(value === null));
  find("#numbers-error").hidden = !find('#numbers [aria-invalid="true"]');
  const slider = find("input[type=range]", input.parentElement);
  if (value === null) return;
  if (slider) slider.value = value;
  const { id, at } = input.dataset;
  change({ [id]: withEntry(now.values[id], Number(at ?? 0), value) });
}

function nudgeField(input, by) {
  const value = typed(input.value);
  if (value !== null) input.value = String(Number((value + by).toPrecision(12)));
  input.dispatchEvent(new Event("input", { bubbles: true }));
}

/** The fields of an array's entries, made when they are asked for. */
function fieldsOf(id) {
  const { shape } = data.nodes[id];
  const box = made("details", "", "array");
  box.append(made("summary", `${name(id)} ${size(shape)}`));
  box.addEventListener("toggle", () => {
    if (!box.open || box.children.length > 1) return;
    const grid = made("div", "", "grid");
    grid.style.setProperty("--columns", shape.at(-1));
    flat(now.values[id]).forEach((x, i) => {
      const input = made("input", "");
      Object.assign(input, {
        type: "text",
        inputMode: "decimal",
        autocomplete: "off",
        value: rounded(Number(x)),
      });
      Object.assign(input.dataset, { id, at: i });
      input.setAttribute("aria-label", entryName(name(id), shape, i));
      grid.append(input);
    });
    box.append(grid);
  });
  return box;
}

function setUpNumbers() {
  const box = find("#numbers");
  find("#still").hidden = !find("#still").textContent;
  if (!recompute || !now || !leafIds.length) return;
  box.hidden = false;
  const wide = leafIds.filter(
    (id) => data.nodes[id].shape.length && small(data.nodes[id].shape, 12),
  );
  find("#reset").before(...wide.map(fieldsOf));
  for (const slider of all("input[type=range]", box)) {
    const input = find("input[type=text]", slider.parentElement);
    const value = original.values[input.dataset.id];
    const reach = Math.max(4, 2 * Math.abs(value));
    [slider.min, slider.max, slider.step] = [-reach, reach, reach / 80];
    slider.value = value;
    slider.addEventListener("input", () => {
      input.value = String(Number(Number(slider.value).toPrecision(4)));
      typedIn(input);
    });
  }
  box.addEventListener(
    "input",
    (event) => event.target.matches("[data-id]") && typedIn(event.target),
  );
  box.addEventListener("keydown", (event) => {
    const by = { ArrowUp: 0.1, ArrowDown: -0.1 }[event.key];
    if (!by || !event.target.matches("[data-id]")) return;
    event.preventDefault();
    nudgeField(event.target, by);
  });
  find("#reset").addEventListener("click", () => {
    stop();
    costs.length = 0;
    change(Object.fromEntries(leafIds.map((id) => [id, original.values[id]])));
  });
  setUpLearning();
}

// Nudge and learn --------------------------------------------------------------------------------

const cost = () => Number(flat(now.values[data.final])[0]);

function setUpLearning() {
  const scalar = flat(now.values[data.final]).length === 1 && data.final in now.gradients;
  find("#learn").hidden = !scalar || !parameters().length;
  if (!scalar) return;
  const options = leafIds
    .filter((id) => id in now.gradients)
    .flatMap((id) =>
      flat(now.values[id]).map((_, i) => [
        `${id} ${i}`,
        entryName(name(id), data.nodes[id].shape, i),
      ]),
    );
  for (const [value, text] of options.slice(0, 500)) find("#which").append(new Option(text, value));
  for (const id of ["#which", "#by"]) find(id).addEventListener("input", renderLearning);
  find("#descend").addEventListener("click", () => {
    stop();
    descend(false);
  });
  find("#run").addEventListener("click", () => (learning ? stop() : run()));
}

/** What the result does when one number moves by h, and what its slope says that it does. */
function renderLearning() {
  if (find("#learn").hidden || !recompute || learning) return drawCurve();
  const h = typed(find("#by").value);
  find("#by").setAttribute("aria-invalid", String(h === null));
  const [id, i] = find("#which").value.split(" ");
  if (h !== null && id) {
    const x = now.values[id];
    const there = recompute({ ...leaves(), [id]: withEntry(x, Number(i), flat(x)[i] + h) });
    const difference = Number(flat(there.values[data.final])[0]) - cost();
    const slope = flat(now.gradients[id])[i];
    const fields = {
      out: name(data.final),
      moved: number(difference),
      slope: number(slope),
      h: number(h),
    };
    set(
      find("#moved"),
      questions().length
        ? ""
        : say("script.moved", {
            ...fields,
            sent: product([slope, h], slope * h) + number(slope * h),
          }),
    );
  }
  drawCurve();
}

/** One step: every parameter less rate times its gradient. False where there is no rate. */
function descend(quick) {
  const rate = typed(find("#rate").value);
  find("#rate").setAttribute("aria-invalid", String(rate === null));
  if (rate === null) return false;
  if (!costs.length) costs.push(cost());
  const values = parameters().map((id) => [
    id,
    each((w, g) => w - rate * g, now.values[id], now.gradients[id]),
  ]);
  change(Object.fromEntries(values), quick);
  costs.push(cost());
  if (!quick) drawCurve();
  return Number.isFinite(cost());
}

function run() {
  learning = true;
  set(find("#run"), say("script.stop"));
  const frame = () => {
    if (!learning) return;
    const until = costs.length + Math.min(16, 1 + Math.floor(costs.length / 50)); // slowly at first
    let fine = true;
    const begun = performance.now();
    do {
      const earlier = cost();
      fine = descend(true) && earlier !== cost();
    } while (fine && costs.length < until && performance.now() - begun < 12);
    render();
    if (fine) requestAnimationFrame(frame);
    else stop();
  };
  requestAnimationFrame(frame);
}

function stop() {
  if (!learning) return;
  learning = false;
  set(find("#run"), say("script.run"));
  change({});
}

/** The cost after every step, as a curve that grows. */
function drawCurve() {
  const curve = find("#curve");
  const begins = curve.hasAttribute("hidden");
  curve.toggleAttribute("hidden", costs.length < 2);
  if (costs.length < 2) return set(find("#cost"), "");
  const most = Math.max(...costs.filter(Number.isFinite)) || 1;
  const every = Math.max(1, Math.floor(costs.length / 300));
  const points = costs
    .map((y, x) => [x, y])
    .filter(([x, y]) => Number.isFinite(y) && (x % every === 0 || x === costs.length - 1));
  const place = ([x, y]) =>
    `${((x / (costs.length - 1)) * 296 + 2).toFixed(1)},${(78 - (y / most) * 74).toFixed(1)}`;
  find("polyline", curve).setAttribute("points", points.map(place).join(" "));
  const fields = {
    count: costs.length - 1,
    out: name(data.final),
    cost: number(cost()),
    first: number(costs[0]),
  };
  const diverged = Number.isFinite(cost()) ? "" : ` ${say("script.diverged")}`;
  set(find("#cost"), say("script.cost", fields) + diverged);
  find("#cost").dataset.cost = cost();
  if (begins) find("#learn").scrollIntoView({ block: "end" }); // the picture is seen above it
}
