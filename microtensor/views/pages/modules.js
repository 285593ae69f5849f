// The picture's size, and layers that open in their place -----------------------------------------

// Graphviz has drawn each layer's inside apart. Where one opens, the picture is stretched along both
// axes until it fits: a stretch keeps the order of all there is, so that nothing comes to lie on
// anything else, whichever layers are open.
const LEAST_SCALE = 0.8; // of a picture that is seen as a whole: letters of 8 pixels and more
const HEAD = 30; // the height of an open layer's title
let zoom = 0; // 0: as large as can be read, 1: the whole picture is seen
const inlays = new Map(all(".inlay", view).map((some) => [some.classList[2], some]));
const boxes = new Map(); // of each card as it was drawn: left, top, right, bottom
const numbersIn = (path) => path.match(/-?[\d.]+(?:e-?\d+)?/g).map(Number);
const around = (card) => {
  const at = numbersIn(find(".line", card).getAttribute("d"));
  const [xs, ys] = [0, 1].map((k) => at.filter((_, i) => i % 2 === k));
  return [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)];
};

/** An axis stretched where cards grow, each from (from, to) by so much. */
function stretch(growing) {
  const ends = [...new Set(growing.flatMap(([from, to]) => [from, to]))].sort((a, b) => a - b);
  const steepest = (a, b) =>
    Math.max(0, ...growing.map(([from, to, by]) => (from <= a && to >= b ? by / (to - from) : 0)));
  return (x) => {
    let moved = x;
    for (let k = 1; k < ends.length && ends[k - 1] < x; k += 1) {
      moved += (Math.min(x, ends[k]) - ends[k - 1]) * steepest(ends[k - 1], ends[k]);
    }
    return moved;
  };
}

const sizeOf = (id) => {
  const { width, height } = inlays.get(id).viewBox.baseVal;
  return [width, height + HEAD];
};

/** Puts everything in its place for the layers that are open. */
function arrange() {
  if (!inlays.size) return;
  const grown = [...opened].map((id) => {
    const [left, top, right, bottom] = boxes.get(id);
    const [wide, high] = sizeOf(id);
    return [
      [left, right, Math.max(0, wide - right + left)],
      [top, bottom, Math.max(0, high - bottom + top)],
    ];
  });
  const along = [0, 1].map((k) => stretch(grown.map((one) => one[k])));
  const placed = new Map([...boxes].map(([id, box]) => [id, placeOf(id, box, along)]));
  for (const [id, [left, top]] of placed) {
    const card = cards.get(id) || find(`.again[data-id="${id}"]`, svg);
    card.setAttribute(
      "transform",
      `translate(${left - boxes.get(id)[0]},${top - boxes.get(id)[1]})`,
    );
    card.classList.toggle("opened", opened.has(id));
    if (inlays.has(id)) placeInlay(id, placed.get(id));
  }
  for (const arrow of all(":scope > .arrow", svg)) bend(arrow, along, placed);
  for (const frame of all(":scope > .frame", svg)) {
    for (const path of all("path", frame))
      path.setAttribute(
        "d",
        moved(path, (p) => along.map((f, k) => f(p[k]))),
      );
    for (const text of all("text", frame)) shift(text, (p) => along.map((f, k) => f(p[k])));
  }
  const { x, y, width, height } = svg.base;
  const [right, bottom] = [along[0](x + width), along[1](y + height)];
  svg.setAttribute("viewBox", `${x} ${y} ${right - x} ${bottom - y}`);
  scale();
}

/** Where a card comes to stand: in the middle of its stretched place, an open one as large as it is. */
function placeOf(id, [left, top, right, bottom], along) {
  const middle = [along[0]((left + right) / 2), along[1]((top + bottom) / 2)];
  const [wide, high] = [right - left, bottom - top];
  const [w, h] = opened.has(id)
    ? sizeOf(id).map((n, k) => Math.max(n, [wide, high][k]))
    : [wide, high];
  if (opened.has(id)) middle[0] = (along[0](left) + along[0](right)) / 2;
  if (opened.has(id)) middle[1] = (along[1](top) + along[1](bottom)) / 2;
  return [middle[0] - w / 2, middle[1] - h / 2, middle[0] + w / 2, middle[1] + h / 2];
}

/** A path's points, each moved; `f` is told how far along the path it is. */
function moved(path, f) {
  const d = (path.first ??= path.getAttribute("d"));
  const count = d.match(/,/g).length;
  let k = 0;
  return d.replace(/(-?[\d.]+(?:e-?\d+)?),(-?[\d.]+(?:e-?\d+)?)/g, (_, x, y) =>
    f([Number(x), Number(y)], k++ / Math.max(1, count - 1))
      .map((n) => n.toFixed(2))
      .join(","),
  );
}

function shift(text, f) {
  text.place ??= ["x", "y"].map((k) => Number(text.getAttribute(k)));
  f(text.place).forEach((n, k) => text.setAttribute("xy"[k], n.toFixed(2)));
}

/** An arrow between cards that moved: its ends stay where they were on their cards. */
function bend(arrow, along, placed) {
  const paths = all("path", arrow);
  const line = paths.find((path) => path.getAttribute("fill") === "none");
  const points = numbersIn((line.first ??= line.getAttribute("d")));
  const tips = [points.slice(0, 2), points.slice(-2)];
  const stretched = (p) => along.map((f, k) => f(p[k]));
  const ends = data.arrows[arrow.dataset.id].slice(0, 2).map((id, k) => {
    const [from, to] = [boxes.get(id), placed.get(id)];
    if (!from) return [0, 0];
    const target = [0, 1].map((n) => {
      const on = Math.min(Math.max(tips[k][n], from[n]), from[n + 2]); // the edge of its card
      return (
        to[n] + ((on - from[n]) / (from[n + 2] - from[n])) * (to[n + 2] - to[n]) + tips[k][n] - on
      );
    });
    return stretched(tips[k]).map((n, i) => target[i] - n);
  });
  const place = (p, t) => stretched(p).map((n, k) => n + (1 - t) * ends[0][k] + t * ends[1][k]);
  for (const path of paths) {
    if (path.getAttribute("fill") === "none") path.setAttribute("d", moved(path, place));
    else {
      const [x, y] = numbersIn((path.first ??= path.getAttribute("d")));
      const near = tips.map(([a, b]) => Math.hypot(a - x, b - y));
      const k = near[0] < near[1] ? 0 : 1;
      const by = place(tips[k], k).map((n, i) => n - tips[k][i]);
      path.setAttribute(
        "d",
        moved(path, (p) => p.map((n, i) => n + by[i])),
      );
    }
  }
  for (const text of all("text", arrow)) shift(text, (p) => place(p, 0.5));
}

const drawn = (tag, attributes) => {
  const element = document.createElementNS(svg.namespaceURI, tag);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return element;
};

/** What is inside of a layer, in a box with a title that closes it. */
function placeInlay(id, [left, top, right, bottom]) {
  let box = find(`.module[data-id="${id}"]`, svg);
  if (!opened.has(id)) {
    inlays.get(id).append(...(box?.lastChild.childNodes ?? []));
    return box?.remove();
  }
  if (!box) {
    box = drawn("g", { class: "module", "data-id": id });
    const title = drawn("g", {
      class: "title",
      tabindex: 0,
      role: "button",
      "data-id": id,
      "aria-expanded": true,
    });
    title.append(
      drawn("rect", { height: HEAD, rx: 6 }),
      drawn("text", { x: 12, y: 20, "font-size": 13 }),
    );
    title.lastChild.textContent = `▾ ${data.units[id]} `;
    title.setAttribute("aria-label", say("script.close", { name: data.units[id] }));
    const inside = drawn("g", {});
    inside.append(...inlays.get(id).childNodes);
    box.append(drawn("rect", { class: "box", rx: 6 }), title, inside);
    svg.append(box);
    fit(all("text[data-room]", inside));
  }
  const [wide, high] = sizeOf(id);
  const { x, y } = inlays.get(id).viewBox.baseVal;
  box.setAttribute("transform", `translate(${left},${top})`);
  for (const rect of all("rect", box)) rect.setAttribute("width", right - left);
  find(".box", box).setAttribute("height", bottom - top);
  const [dx, dy] = [(right - left - wide) / 2 - x, HEAD + (bottom - top - high) / 2 - y];
  box.lastChild.setAttribute("transform", `translate(${dx},${dy})`);
  return box;
}

/** Opens a layer, or closes it. */
function toggle(id) {
  if (opened.has(id)) {
    opened.delete(id);
    if (step && steps[step - 1].card === id) inner = 0;
  } else opened.add(id);
  arrange();
  render();
  remember();
  const title = opened.has(id) ? find(`.module[data-id="${id}"] .title`, svg) : cards.get(id);
  title.focus({ preventScroll: true });
  title.scrollIntoView({ block: "nearest", inline: "nearest" });
}

/** As a whole, where its letters can be read then; else so large that it scrolls. */
function scale() {
  const { width, height } = svg.viewBox.baseVal;
  const wide = (view.clientWidth - 8) / width;
  const high = Math.max(320, innerHeight * 0.62) / height;
  const whole = Math.min(wide, high, 1.8);
  const readable = Math.min(Math.max(1.05, innerWidth / 1333), 1.5);
  const narrow = wide < 0.91 ? readable : Math.min(wide, readable);
  const least = innerWidth < 640 ? readable : LEAST_SCALE * Math.max(1, innerWidth / 1333);
  const seen = whole < least ? Math.max(whole, narrow) : whole;
  const by = zoom === 1 ? Math.min(wide, high) : zoom || seen;
  svg.style.width = `${width * by}px`;
  svg.style.height = `${height * by}px`;
  const hidden = view.scrollWidth > view.clientWidth || view.scrollHeight > view.clientHeight;
  set(find("#beyond"), hidden ? say("script.beyond") : "");
  return by;
}

/** Larger or smaller, around a point of the window (the middle of the picture, if none is given). */
function zoomBy(ratio, x, y) {
  const frame = view.getBoundingClientRect();
  const [dx, dy] = [x ?? frame.width / 2, y ?? frame.height / 2];
  const old = scale();
  zoom = Math.min(Math.max(old * ratio, 0.1), 6);
  if (zoom === 1) zoom = 1.001;
  const by = scale() / old;
  view.scrollTo((view.scrollLeft + dx) * by - dx, (view.scrollTop + dy) * by - dy);
}

function fitWhole() {
  zoom = zoom === 1 ? 0 : 1;
  scale();
  follow();
}

/** Takes the picture that fits the window, downwards or to the right. */
function lay() {
  const fitting = all(":scope > svg", view).find(
    (some) => getComputedStyle(some).display !== "none",
  );
  if (fitting !== svg) {
    svg = fitting;
    const { x, y, width, height } = svg.viewBox.baseVal;
    svg.base = { x, y, width, height };
    const places = [svg, ...inlays.values()];
    cards = new Map(
      places.flatMap((some) => all(".card", some)).map((card) => [card.dataset.id, card]),
    );
    arrows = places
      .flatMap((some) => all(".arrow", some))
      .sort((a, b) => a.dataset.id - b.dataset.id);
    for (const card of all(":scope > .card, :scope > .again", svg))
      if (inlays.size) boxes.set(card.dataset.id, around(card));
    for (const id of inlays.keys()) {
      const heading = find("text", cards.get(id));
      const mark = drawn("text", {
        x: boxes.get(id)[0] + 7,
        y: heading.getAttribute("y"),
        "font-size": 12,
      });
      mark.textContent = "▸";
      mark.classList.add("mark");
      cards.get(id).append(mark, " ");
      cards.get(id).setAttribute("aria-expanded", "false");
      cards.get(id).classList.add("closed");
    }
    fit(all("text[data-room]", svg));
  }
  scale();
}

view.addEventListener(
  "wheel",
  (event) => {
    if (!event.ctrlKey && !event.metaKey) return; // else the page scrolls
    event.preventDefault();
    const frame = view.getBoundingClientRect();
    zoomBy(Math.exp(-event.deltaY / 400), event.clientX - frame.left, event.clientY - frame.top);
  },
  { passive: false },
);

let held = null; // where the picture was taken hold of
let dragged = false;
view.addEventListener("pointerdown", (event) => {
  dragged = false;
  if (event.pointerType !== "mouse" || event.button) return;
  held = { x: event.clientX, y: event.clientY, left: view.scrollLeft, top: view.scrollTop };
});
addEventListener("pointermove", (event) => {
  if (!held) return;
  const [dx, dy] = [event.clientX - held.x, event.clientY - held.y];
  dragged ||= Math.hypot(dx, dy) > 4;
  if (dragged) view.scrollTo(held.left - dx, held.top - dy);
  view.classList.toggle("held", dragged);
});
addEventListener("pointerup", () => {
  held = null;
  view.classList.remove("held");
});
