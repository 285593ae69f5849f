// Shows a training's network as it was at the iteration that the URL's hash names.
const { frames, cards, plane, pictures, sides } = data;
const last = frames.length - 1;
const slider = find("#slider");
let at = last;
let playing = 0;

const read = (text) => Number(text.replace(/−/g, "-").replace("inf", "Infinity"));

// The curves

const [LEFT, RIGHT, TOP, BOTTOM] = [66, 492, 8, 150];
const first = frames[0].iteration;
const end = Math.max(frames[last].iteration, data.curve.at(-1)?.[0] ?? 0);
const x = (i) => LEFT + ((RIGHT - LEFT) * (i - first)) / (end - first || 1);
const briefly = (v) =>
  (v && v < 0.001 ? v.toExponential(0) : String(Number(v.toPrecision(2)))).replace(/-/g, "−");

/** Draws lines of (iteration, number), and returns them with the needle that moves. */
function chart(figure, series, logarithmic, caption) {
  const svg = find("svg", figure);
  svg.setAttribute("aria-label", caption);
  find("figcaption", figure).textContent = caption;
  const isSeen = ([, v]) => Number.isFinite(v) && (v > 0 || !logarithmic);
  const seen = series.map((line) => line.filter(isSeen));
  const values = seen.flat().map(([, v]) => v);
  const high = Math.max(...values);
  const low = Math.min(...values, logarithmic ? Infinity : 0);
  const scale = logarithmic ? Math.log : (v) => v;
  const share = (v) => (scale(v) - scale(low)) / (scale(high) - scale(low) || 1);
  const y = (v) => BOTTOM - (BOTTOM - TOP) * share(v);
  const label = (text, x, y, anchor = "end") =>
    svg.append(element("text", { x, y, "text-anchor": anchor }, text));
  svg.append(element("path", { class: "axis", d: `M${LEFT},${TOP}V${BOTTOM}H${RIGHT}` }));
  if (values.length) label(briefly(high), LEFT - 6, TOP + 10);
  if (values.length) label(briefly(low), LEFT - 6, BOTTOM);
  label(first, LEFT, BOTTOM + 24, "start");
  label(end, RIGHT, BOTTOM + 24);
  const lines = seen.map((line) => {
    const points = line.map(([i, v]) => `${x(i).toFixed(1)},${y(v).toFixed(1)}`).join(" ");
    return element("polyline", { points });
  });
  const needle = element("path", { class: "mark" });
  svg.append(...lines, needle);
  svg.addEventListener("click", (event) => {
    const point = new DOMPoint(event.clientX, event.clientY);
    const where = point.matrixTransform(svg.getScreenCTM().inverse()).x;
    const away = frames.map((frame) => Math.abs(x(frame.iteration) - where));
    turn(away.indexOf(Math.min(...away)));
  });
  return { svg, lines, needle };
}

const costs = data.curve.map(([, cost]) => cost);
const wide = Math.min(...costs) > 0 && Math.max(...costs) > 50 * Math.min(...costs);
const caption = wide ? say("film.curve.log") : say("film.curve");
const cost = chart(find("#cost"), [data.curve], wide, caption);
for (const i of data.events) {
  cost.svg.append(element("path", { class: "tick", d: `M${x(i)},${BOTTOM}l-6,10h12z` }));
}
const shares = cards.map((_, k) => frames.map((frame) => [frame.iteration, read(frame.learns[k])]));
const pace = chart(find("#pace"), shares, true, say("film.pace"));

// The layers

/** Of each value in all frames the least and the largest entry: the scale of its bars. */
const reach = frames[0].rows.map((_, k) => {
  const known = frames.map((frame) => frame.rows[k][0]).filter(Array.isArray);
  return [Math.min(...known.map((v) => v[1])), Math.max(...known.map((v) => v[2]))];
});

const shown = cards.map((card) => {
  const least = element("b", { class: "backward" });
  const [learns, note] = [element("p"), element("p", { class: "note" })];
  const units = element("svg", { class: "units", "aria-hidden": "true" });
  const heads = ["picture.value", "picture.gradient"].map((key) =>
    element("th", {}, `${say(key)}, ${say("layers.rms")}`),
  );
  const rows = card.rows.map(() => ["forward", "backward"].map(cell));
  const lines = card.rows.map(([name, size], k) =>
    element(
      "tr",
      {},
      element("th", {}, name, element("span", {}, size)),
      ...rows[k].map(({ svg, text }) => element("td", {}, svg, text)),
    ),
  );
  const table = element(
    "table",
    {},
    element("thead", {}, element("tr", {}, element("td"), ...heads)),
    element("tbody", {}, ...lines),
  );
  const title = [element("strong", {}, card.name), ` ${card.activation} `, least];
  const box = element("section", { class: "layer" }, ...title, learns, table, units, note);
  find("#layers").append(box);
  return { box, least, learns, rows, units, note };
});

/** A histogram and its number. */
function cell(kind) {
  const path = element("path");
  const looks = { viewBox: "0 0 100 19", preserveAspectRatio: "none", "aria-hidden": "true" };
  const svg = element("svg", { class: `bars ${kind}`, ...looks }, path);
  return { svg, path, text: element("span", { class: kind }) };
}

function renderBars({ path, text }, found, scale) {
  const known = Array.isArray(found);
  text.textContent = known ? found[0] : found || "–";
  text.title = known ? say("film.spread", { low: found[1], high: found[2] }) : "";
  path.setAttribute("d", known ? outline(found, scale || found.slice(1, 3)) : "");
}

/** The bars of a histogram, where their numbers stand between the ends of a scale. */
function outline([, low, high, digits], [from, to]) {
  const place = (value) => (to > from ? (100 * (value - from)) / (to - from) : 50);
  const width = Math.max((place(high) - place(low)) / digits.length, 0.8);
  const start = (place(low) + place(high) - width * digits.length) / 2;
  const bar = (digit, k) => `M${start + k * width},19v${-2 * digit}h${width}v${2 * digit}z`;
  return [...digits].map((digit, k) => (digit > 0 ? bar(digit, k) : "")).join("");
}

function renderUnits(svg, digits) {
  svg.setAttribute("viewBox", `-1 -1 394 ${14 * Math.ceil(digits.length / 28) + 1}`);
  const squares = [...digits].map((digit, k) => {
    const corner = `M${(k % 28) * 14},${Math.floor(k / 28) * 14}`;
    const shut = { class: "shut", d: `${corner}h11v11h-11zl11,11m0,-11l-11,11` };
    const open = { d: `${corner}h11v11h-11z`, "fill-opacity": digit / 9 };
    return element("path", digit > 0 ? open : shut);
  });
  svg.replaceChildren(...squares);
}

function renderLayers(frame) {
  let k = 0;
  shown.forEach((card, i) => {
    const [name, ratio, moved] = [cards[i].rows[0][0], frame.learns[i], frame.moved[i]];
    const isLeast = frame.slowest === i;
    mark(card.box, "least", isLeast);
    mark(pace.lines[i], "least", isLeast);
    card.least.textContent = isLeast ? say("layers.least") : "";
    card.learns.textContent = say("film.learns", { name, ratio, moved });
    card.note.textContent = frame.notes[i];
    for (const [value, gradient] of card.rows) {
      renderBars(value, frame.rows[k][0], reach[k]);
      renderBars(gradient, frame.rows[k][1]);
      k += 1;
    }
    renderUnits(card.units, frame.open[i]);
  });
}

// The plane, and the first layer's images

const bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
const COLOURS = ["0072b2", "d55e00", "009e73", "cc79a7", "e69f00", "56b4e9"].map((hex) =>
  [0, 2, 4].map((k) => parseInt(hex.slice(k, k + 2), 16)),
);
const colour = (k) => COLOURS[k % COLOURS.length];

/** An image of so many pixels, each a colour of three numbers. */
function painted(canvas, wide, high, pixel) {
  const image = new ImageData(wide, high);
  for (let i = 0; i < wide * high; i += 1) image.data.set([...pixel(i), 255], 4 * i);
  [canvas.width, canvas.height] = [wide, high];
  canvas.getContext("2d").putImageData(image, 0, 0);
  return canvas;
}

function renderPlane(grid) {
  const side = Math.sqrt(grid.length);
  const image = painted(new OffscreenCanvas(1, 1), side, side, (i) => {
    const byte = grid[(side - 1 - Math.floor(i / side)) * side + (i % side)];
    const ink = plane.several ? 0.4 : 0.15 + (0.5 * Math.abs(byte - 127.5)) / 127.5;
    return colour(plane.several ? byte : Number(byte > 127)).map((c) => 255 - ink * (255 - c));
  });
  const canvas = find("#plane canvas");
  const size = (canvas.width = canvas.height = 480);
  const pen = canvas.getContext("2d");
  pen.drawImage(image, 0, 0, size, size);
  pen.lineWidth = 3;
  for (const [left, up, label] of plane.points) {
    const [full, white] = [`rgb(${colour(label)})`, "#fff"];
    [pen.fillStyle, pen.strokeStyle] = label ? [full, white] : [white, full];
    pen.beginPath();
    pen.arc(left * size, (1 - up) * size, 7, 0, 2 * Math.PI);
    pen.fill();
    pen.stroke();
  }
}

let pictured = "";

function renderImages(iteration) {
  const [i, text] = pictures.findLast(([i]) => i <= iteration);
  if (text === pictured) return;
  pictured = text;
  const [count, high, wide, depth] = sides;
  const found = bytes(text);
  const images = Array.from({ length: count }, (_, unit) => {
    const canvas = element("canvas", { title: say("film.unit", { unit }) });
    const start = unit * high * wide * depth;
    const pixel = (k) => [0, 1, 2].map((c) => found[start + k * depth + (c % depth)]);
    return painted(canvas, wide, high, pixel);
  });
  find("#images div").replaceChildren(...images);
  const name = cards[0].rows[0][0];
  find("#images figcaption").textContent = say("film.images", { name, iteration: i });
}

// Moving

function go(to) {
  at = Math.min(Math.max(to, 0), last);
  const frame = frames[at];
  const { iteration } = frame;
  const now = say("film.now", { iteration, cost: frame.cost });
  const notes = frame.notes.map((note, i) => note && `${cards[i].name}, ${note}.`);
  find("#title").textContent = now;
  find("#text").textContent = [...notes, frame.said].filter(Boolean).join(" ");
  find("#told").setAttribute("aria-live", playing ? "off" : "polite");
  slider.value = at;
  slider.setAttribute("aria-valuetext", now);
  find("#back").disabled = at === 0;
  find("#next").disabled = at === last;
  for (const item of all("#events li")) {
    mark(item, "now", Number(item.dataset.iteration) === iteration);
  }
  const line = `M${x(iteration)},${TOP}V${BOTTOM}`;
  for (const { needle } of [cost, pace]) needle.setAttribute("d", line);
  renderLayers(frame);
  if (plane) renderPlane(bytes(frame.plane));
  if (pictures.length) renderImages(iteration);
  if (!playing) history.replaceState(null, "", `#iteration-${iteration}`);
}

function play(on) {
  clearInterval(playing);
  playing = 0;
  find("#play").textContent = on ? say("film.pause") : say("film.play");
  if (!on) return go(at);
  const forth = () => (at < last ? go(at + 1) : play(false));
  playing = setInterval(forth, 1000 / find("#speed").value);
  return go(at === last ? 0 : at);
}

function turn(to) {
  if (playing) play(false);
  go(to);
}

function arrive() {
  const wanted = /^#iteration-(\d+)$/.exec(location.hash)?.[1] ?? Infinity;
  turn(frames.findLastIndex((frame) => frame.iteration <= wanted));
}

const back = () => turn(at - 1);
const next = () => turn(at + 1);
const MOVES = { ArrowLeft: back, PageUp: back, ArrowRight: next, PageDown: next };
Object.assign(MOVES, { Home: () => turn(0), End: () => turn(last), " ": () => play(!playing) });
document.addEventListener("keydown", (event) => {
  const own = event.key === " " ? "select, button, a" : "select";
  if (!isPlainKey(event) || event.shiftKey || event.target.matches(own)) return;
  if (!(event.key in MOVES)) return;
  event.preventDefault();
  MOVES[event.key]();
});
find("#back").addEventListener("click", back);
find("#next").addEventListener("click", next);
find("#play").addEventListener("click", MOVES[" "]);
const isLeaving = (event) => playing && event.target.closest("a[href]");
addEventListener("click", (event) => isLeaving(event) && play(false), true); // from the frame seen
find("#speed").addEventListener("change", () => playing && play(true));
slider.max = last;
slider.addEventListener("input", () => turn(Number(slider.value)));
find("#plane").hidden = !plane;
find("#images").hidden = !pictures.length;
document.documentElement.classList.add("alive");
addEventListener("hashchange", arrive);
arrive();
