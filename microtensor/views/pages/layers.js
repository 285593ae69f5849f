// Layers that open in their place

// Graphviz has drawn each layer's inside apart. Where one opens, the picture is stretched along both
// axes until it fits: a stretch keeps the order of all there is, so that nothing comes to lie on
// anything else, whichever layers are open. A place is [from, to] along each axis.
const HEAD = 30; // the height of an open layer's title
const AXES = [0, 1];
const SIDES = [
  ["x", "width"],
  ["y", "height"],
];
const boxes = new Map(); // of each card, its place as it was drawn

const placeOf = (rect) =>
  SIDES.map(([start, length]) => {
    const from = Number(written(rect, start));
    return [from, from + Number(written(rect, length))];
  });

function putRect(rect, place) {
  SIDES.forEach(([start, length], k) => {
    put(rect, place[k][0], start);
    put(rect, place[k][1] - place[k][0], length);
  });
}

/** Learns the places of the cards, and marks those that open. */
function markInlays() {
  for (const card of all(":scope > .card, :scope > .again", svg)) {
    boxes.set(card.dataset.id, placeOf(find(".line", card)));
  }
  for (const id of inlays.keys()) {
    const card = cards.get(id);
    const y = find("text", card).getAttribute("y");
    card.append(element("text", { class: "mark", x: boxes.get(id)[0][0] + 7, y }, "▸"), " ");
    card.setAttribute("aria-expanded", "false");
    card.classList.add("closed");
  }
}

const sizeOf = (id) => {
  const { width, height } = inlays.get(id).viewBox.baseVal;
  return [width, height + HEAD];
};

/** An axis stretched where cards grow, each from (from, to) to so much. */
function stretch(growing) {
  const ends = [...new Set(growing.flatMap(([from, to]) => [from, to]))].sort((a, b) => a - b);
  const steepest = (a, b) =>
    Math.max(
      0,
      ...growing
        .filter(([from, to]) => from <= a && to >= b)
        .map(([from, to, long]) => long / (to - from) - 1),
    );
  return (x) => {
    let moved = x;
    for (let k = 1; k < ends.length && ends[k - 1] < x; k += 1) {
      moved += (Math.min(x, ends[k]) - ends[k - 1]) * steepest(ends[k - 1], ends[k]);
    }
    return moved;
  };
}

/** Puts everything in its place for the layers that are open. */
function arrange() {
  const along = AXES.map((k) =>
    stretch([...opened].map((id) => [...boxes.get(id)[k], sizeOf(id)[k]])),
  );
  const stretched = (point) => along.map((f, k) => f(point[k]));
  /** A card stands in the middle of its stretched place, an open one as large as it is. */
  const placed = (id) =>
    AXES.map((k) => {
      const [from, to] = boxes.get(id)[k];
      const half = Math.max(to - from, opened.has(id) ? sizeOf(id)[k] : 0) / 2;
      const middle = (along[k](from) + along[k](to)) / 2;
      return [middle - half, middle + half];
    });
  const places = new Map([...boxes.keys()].map((id) => [id, placed(id)]));
  for (const [id, place] of places) {
    const card = cards.get(id) || find(`.again[data-id="${id}"]`, svg);
    const by = AXES.map((k) => place[k][0] - boxes.get(id)[k][0]);
    card.setAttribute("transform", `translate(${by})`);
    mark(card, "opened", opened.has(id));
    if (inlays.has(id)) placeInlay(id, place);
  }
  for (const arrow of all(":scope > .arrow", svg)) bend(arrow, stretched, places);
  for (const rect of all(":scope > .frame rect", svg)) {
    putRect(rect, placeOf(rect).map((ends, k) => ends.map(along[k])));
  }
  for (const text of all(":scope > .frame text", svg)) shift(text, stretched);
  const [x, y, width, height] = written(svg, "viewBox").split(" ").map(Number);
  const [right, bottom] = stretched([x + width, y + height]);
  put(svg, `${x} ${y} ${right - x} ${bottom - y}`, "viewBox");
  scale();
}

const numbersIn = (path) => path.match(/-?[\d.]+/g).map(Number);

/** Moves a path's points; `f` is told how far along the path each is. */
function move(path, f) {
  const numbers = numbersIn(written(path, "d"));
  const count = numbers.length / 2;
  let k = 0;
  const d = written(path, "d").replace(/-?[\d.]+,-?[\d.]+/g, () => {
    const point = f(numbers.slice(2 * k, 2 * k + 2), k / Math.max(1, count - 1));
    k += 1;
    return point.map((n) => n.toFixed(2)).join(",");
  });
  put(path, d, "d");
}

function shift(text, f) {
  const point = f(["x", "y"].map((k) => Number(written(text, k))));
  point.forEach((n, k) => put(text, n.toFixed(2), "xy"[k]));
}

/** An arrow between cards that moved: its ends stay where they were on their cards. */
function bend(arrow, stretched, places) {
  const paths = all("path", arrow);
  const isLine = (path) => path.hasAttribute("fill"); // else a head
  const points = numbersIn(written(paths.find(isLine), "d"));
  const tips = [points.slice(0, 2), points.slice(-2)];
  const ends = data.arrows[arrow.dataset.id].slice(0, 2).map((id, k) => {
    const target = AXES.map((n) => {
      const [from, to] = boxes.get(id)[n];
      const [start, end] = places.get(id)[n];
      const on = Math.min(Math.max(tips[k][n], from), to); // the edge of its card
      return start + ((on - from) / (to - from)) * (end - start) + tips[k][n] - on;
    });
    return stretched(tips[k]).map((n, i) => target[i] - n);
  });
  const place = (point, t) =>
    stretched(point).map((n, k) => n + (1 - t) * ends[0][k] + t * ends[1][k]);
  for (const path of paths) {
    if (isLine(path)) move(path, place);
    else {
      const [x, y] = numbersIn(written(path, "d"));
      const [first, second] = tips.map(([a, b]) => Math.hypot(a - x, b - y));
      const k = first < second ? 0 : 1;
      const by = place(tips[k], k).map((n, i) => n - tips[k][i]);
      move(path, (point) => point.map((n, i) => n + by[i]));
    }
  }
  for (const text of all("text", arrow)) shift(text, (point) => place(point, 0.5));
}

/** What is inside of a layer, in a box with a title that closes it. */
function placeInlay(id, [[left, right], [top, bottom]]) {
  const inlay = inlays.get(id);
  let box = find(`.module[data-id="${id}"]`, svg);
  if (!opened.has(id)) {
    if (box) inlay.append(...box.lastChild.childNodes);
    return box?.remove();
  }
  if (!box) {
    const title = element(
      "g",
      {
        class: "title",
        "data-id": id,
        tabindex: 0,
        role: "button",
        "aria-expanded": true,
        "aria-label": say("script.close", { name: data.units[id] }),
      },
      element("rect", { height: HEAD, rx: 6 }),
      element("text", { x: 12, y: 20, "font-size": 13 }, `▾ ${data.units[id]} `),
    );
    const inside = element("g", {}, ...inlay.childNodes);
    box = element("g", { class: "module", "data-id": id });
    box.append(element("rect", { class: "box", rx: 6 }), title, inside);
    svg.append(box);
    fit(all("text[data-room]", inside));
  }
  const { x, y, width, height } = inlay.viewBox.baseVal;
  box.setAttribute("transform", `translate(${left},${top})`);
  for (const rect of all(":scope > rect, .title rect", box)) put(rect, right - left, "width");
  put(find(".box", box), bottom - top, "height");
  const [dx, dy] = [(right - left - width) / 2 - x, (bottom - top - height + HEAD) / 2 - y];
  box.lastChild.setAttribute("transform", `translate(${dx},${dy})`);
  return box;
}

/** Opens these layers and closes all others. */
function openLayers(ids) {
  opened.clear();
  for (const id of ids) opened.add(id);
  arrange();
}

/** Opens a layer, or closes it. */
function toggle(id) {
  openLayers(opened.has(id) ? [...opened].filter((x) => x !== id) : [...opened, id]);
  if (!opened.has(id) && step && steps[step - 1].card === id) inner = 0;
  render();
  remember();
  const title = opened.has(id) ? find(`.module[data-id="${id}"] .title`, svg) : cards.get(id);
  title.focus({ preventScroll: true });
  title.scrollIntoView({ block: "nearest", inline: "nearest" });
}
