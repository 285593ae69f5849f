// Shows a training's network as it was at the iteration that the URL's hash names.
"use strict";
(() => {
  const find = (selector) => document.querySelector(selector);
  const { frames, cards, plane, pictures, sides, ...data } = JSON.parse(find("#data").textContent);
  const last = frames.length - 1;
  const slider = find("#slider");
  let at = last;
  let playing = 0;

  const say = (key, fields = {}) =>
    data.sentences[key].replace(/\{(\w+)\}/g, (_, field) => fields[field]);
  const read = (text) => Number(text.replace(/−/g, "-").replace("inf", "Infinity"));

  function made(tag, parent, kind = "", text = "") {
    const element = document.createElement(tag);
    element.className = kind;
    element.textContent = text;
    return parent.appendChild(element);
  }

  function drawn(tag, parent, attributes, text = "") {
    const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    element.textContent = text;
    return parent.appendChild(element);
  }

  // The curves ---------------------------------------------------------------------------------

  const [LEFT, RIGHT, TOP, BOTTOM] = [66, 492, 8, 150];
  const [first, end] = [frames[0].iteration, Math.max(frames[last].iteration, data.curve.at(-1)?.[0] ?? 0)];
  const x = (i) => LEFT + ((RIGHT - LEFT) * (i - first)) / (end - first || 1);

  /** Draws lines of (iteration, number), and returns them with the mark that moves. */
  function chart(figure, series, logarithmic, caption) {
    const svg = drawn("svg", figure, { class: "chart", viewBox: "0 0 500 176", role: "img" });
    svg.setAttribute("aria-label", caption);
    made("figcaption", figure, "", caption);
    const known = series.map((line) => line.filter(([, v]) => Number.isFinite(v) && (v > 0 || !logarithmic)));
    const values = known.flat().map(([, v]) => v);
    const high = Math.max(...values);
    const low = Math.min(...values, logarithmic ? Infinity : 0);
    const scale = logarithmic ? Math.log : (v) => v;
    const y = (v) => BOTTOM - ((BOTTOM - TOP) * (scale(v) - scale(low))) / (scale(high) - scale(low) || 1);
    const label = (text, x, y, anchor) => drawn("text", svg, { x, y, "text-anchor": anchor }, text);
    const brief = (v) =>
      (v && v < 0.001 ? v.toExponential(0) : String(Number(v.toPrecision(2)))).replace(/-/g, "−");
    drawn("path", svg, { class: "axis", d: `M${LEFT},${TOP}V${BOTTOM}H${RIGHT}` });
    if (values.length) label(brief(high), LEFT - 6, TOP + 10, "end");
    if (values.length) label(brief(low), LEFT - 6, BOTTOM, "end");
    label(first, LEFT, BOTTOM + 24, "start");
    label(end, RIGHT, BOTTOM + 24, "end");
    const lines = known.map((line) => {
      const points = line.map(([i, v]) => `${x(i).toFixed(1)},${y(v).toFixed(1)}`).join(" ");
      return drawn("polyline", svg, { points });
    });
    svg.addEventListener("click", (event) => {
      const point = new DOMPoint(event.clientX, event.clientY);
      const where = point.matrixTransform(svg.getScreenCTM().inverse()).x;
      const away = frames.map((frame) => Math.abs(x(frame.iteration) - where));
      turn(away.indexOf(Math.min(...away)));
    });
    return { svg, lines, mark: drawn("path", svg, { class: "mark" }) };
  }

  const costs = data.curve.map(([, cost]) => cost);
  const wide = Math.min(...costs) > 0 && Math.max(...costs) > 50 * Math.min(...costs);
  const cost = chart(find("#cost"), [data.curve], wide, wide ? say("film.curve.log") : say("film.curve"));
  for (const i of data.events) {
    drawn("path", cost.svg, { class: "tick", d: `M${x(i)},${BOTTOM}l-6,10h12z` });
  }
  const learning = cards.map((_, k) => frames.map((frame) => [frame.iteration, read(frame.learns[k])]));
  const pace = chart(find("#pace"), learning, true, say("film.pace"));

  // The layers ---------------------------------------------------------------------------------

  /** Of each value in all frames the least and the largest entry: the scale of its bars. */
  const reach = frames[0].rows.map((_, k) => {
    const known = frames.map((frame) => frame.rows[k][0]).filter(Array.isArray);
    return [Math.min(...known.map((v) => v[1])), Math.max(...known.map((v) => v[2]))];
  });

  const shown = cards.map((card) => {
    const box = made("section", find("#layers"), "layer");
    made("strong", box, "", card.name);
    box.append(` ${card.activation} `);
    const least = made("b", box, "backward");
    const learns = made("p", box);
    const table = made("table", box);
    const heads = made("tr", made("thead", table));
    for (const key of ["", "picture.value", "picture.gradient"]) made(key ? "th" : "td", heads, "", key && `${say(key)}, ${say("layers.rms")}`);
    const body = made("tbody", table);
    const rows = card.rows.map(([name, size]) => {
      const row = made("tr", body);
      made("span", made("th", row, "", name), "", size);
      return ["forward", "backward"].map((kind) => {
        const cell = made("td", row);
        const svg = drawn("svg", cell, { class: `bars ${kind}`, viewBox: "0 0 100 19" });
        svg.setAttribute("preserveAspectRatio", "none");
        svg.setAttribute("aria-hidden", "true");
        return { path: drawn("path", svg, {}), text: made("span", cell, kind) };
      });
    });
    const units = drawn("svg", box, { class: "units", "aria-hidden": "true" });
    return { box, least, learns, rows, units, note: made("p", box, "note") };
  });

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
    const lines = Math.ceil(digits.length / 28);
    svg.setAttribute("viewBox", `-1 -1 394 ${14 * lines + 1}`);
    svg.replaceChildren();
    [...digits].forEach((digit, k) => {
      const corner = `M${(k % 28) * 14},${Math.floor(k / 28) * 14}`;
      const shut = { class: "shut", d: `${corner}h11v11h-11zl11,11m0,-11l-11,11` };
      drawn("path", svg, digit > 0 ? { d: `${corner}h11v11h-11z`, "fill-opacity": digit / 9 } : shut);
    });
  }

  function renderLayers(frame) {
    const rows = [...frame.rows];
    shown.forEach((card, i) => {
      const [name, ratio, moved] = [cards[i].rows[0][0], frame.learns[i], frame.moved[i]];
      card.box.classList.toggle("least", frame.slowest === i);
      pace.lines[i].classList.toggle("least", frame.slowest === i);
      card.least.textContent = frame.slowest === i ? say("layers.least") : "";
      card.learns.textContent = say("film.learns", { name, ratio, moved });
      card.note.textContent = frame.notes[i];
      for (const [value, gradient] of card.rows) {
        const scale = reach[frame.rows.length - rows.length];
        const [v, g] = rows.shift();
        renderBars(value, v, scale);
        renderBars(gradient, g);
      }
      renderUnits(card.units, frame.open[i]);
    });
  }

  // The plane, and the first layer's images ----------------------------------------------------

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
    const [found, box] = [bytes(text), find("#images div")];
    for (let unit = 0; unit < count; unit += 1) {
      const canvas = box.children[unit] || made("canvas", box);
      canvas.title = say("film.unit", { unit });
      const start = unit * high * wide * depth;
      painted(canvas, wide, high, (k) => [0, 1, 2].map((c) => found[start + k * depth + (c % depth)]));
    }
    const name = cards[0].rows[0][0];
    find("#images figcaption").textContent = say("film.images", { name, iteration: i });
  }

  // Moving -------------------------------------------------------------------------------------

  function go(to) {
    at = Math.min(Math.max(to, 0), last);
    const frame = frames[at];
    const now = say("film.now", { iteration: frame.iteration, cost: frame.cost });
    const notes = frame.notes.map((note, i) => note && `${cards[i].name}, ${note}.`);
    find("#title").textContent = now;
    find("#text").textContent = [...notes, frame.said].filter(Boolean).join(" ");
    find("#told").setAttribute("aria-live", playing ? "off" : "polite");
    slider.value = at;
    slider.setAttribute("aria-valuetext", now);
    find("#back").disabled = at === 0;
    find("#next").disabled = at === last;
    for (const item of document.querySelectorAll("#events li")) {
      item.classList.toggle("now", Number(item.dataset.iteration) === frame.iteration);
    }
    for (const { mark } of [cost, pace]) mark.setAttribute("d", `M${x(frame.iteration)},${TOP}V${BOTTOM}`);
    renderLayers(frame);
    if (plane) renderPlane(bytes(frame.plane));
    if (pictures.length) renderImages(frame.iteration);
    if (!playing) history.replaceState(null, "", `#iteration-${frame.iteration}`);
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

  const MOVES = { ArrowLeft: () => at - 1, ArrowRight: () => at + 1, Home: () => 0, End: () => last };
  Object.assign(MOVES, { PageUp: MOVES.ArrowLeft, PageDown: MOVES.ArrowRight });
  document.addEventListener("keydown", (event) => {
    const own = event.key === " " ? "select, button, a" : "select";
    if (event.ctrlKey || event.altKey || event.metaKey || event.shiftKey || event.target.matches(own)) return;
    if (!(event.key in MOVES) && event.key !== " ") return;
    event.preventDefault();
    if (event.key === " ") play(!playing);
    else turn(MOVES[event.key]());
  });
  find("#back").addEventListener("click", () => turn(at - 1));
  find("#next").addEventListener("click", () => turn(at + 1));
  find("#play").addEventListener("click", () => play(!playing));
  find("#speed").addEventListener("change", () => playing && play(true));
  slider.max = last;
  slider.addEventListener("input", () => turn(Number(slider.value)));
  find("#plane").hidden = !plane;
  find("#images").hidden = !pictures.length;
  document.documentElement.classList.add("alive");
  addEventListener("hashchange", arrive);
  arrive();
})();
