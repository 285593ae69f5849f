// The picture's size in its window, and the direction that fits the screen

let zoom = 0; // 0: as large as can be read, 1: the whole picture is seen
const inlays = new Map(all(".inlay", view).map((some) => [some.classList[2], some]));

/** As a whole, where its letters can be read then; else so large that it scrolls. */
function scale() {
  const { width, height } = svg.viewBox.baseVal;
  const wide = (view.clientWidth - 8) / width;
  const high = Math.max(320, innerHeight * 0.62) / height;
  const whole = Math.min(wide, high, 1.8);
  const readable = Math.min(Math.max(1.05, innerWidth / 1333), 1.5);
  const narrow = wide < 0.91 ? readable : Math.min(wide, readable);
  const isReadable = whole >= (innerWidth < 640 ? readable : readable / 1.05); // from 10 pixels on
  const seen = isReadable ? whole : Math.max(whole, narrow);
  const by = zoom === 1 ? Math.min(wide, high) : zoom || seen;
  svg.style.width = `${width * by}px`;
  svg.style.height = `${height * by}px`;
  leaveRoom();
  const hidden = view.scrollWidth > view.clientWidth || view.scrollHeight > view.clientHeight;
  put(find("#beyond"), hidden ? say("script.beyond") : "");
  leaveRoom();
  fade();
  return by;
}

const inPixels = (key, n) => view.parentNode.style.setProperty(`--${key}`, `${n}px`);

/** The window is so high that it is seen together with the buttons and what is told. */
function leaveRoom() {
  const above = view.getBoundingClientRect().top - find(".bar").getBoundingClientRect().top;
  inPixels("room", innerHeight - above - 8);
}

/** At the edges of its window beyond which it goes on, the picture fades. */
function fade() {
  const { scrollLeft: left, scrollTop: top, clientWidth: width, clientHeight: height } = view;
  const right = view.scrollWidth - width - left;
  const bottom = view.scrollHeight - height - top;
  const beyond = Object.entries({ left, right, top, bottom });
  for (const [edge, hidden] of beyond) inPixels(edge, Math.min(Math.max(hidden, 0), EDGE));
  inPixels("width", width);
  inPixels("height", height);
}
view.addEventListener("scroll", fade);

/** Larger or smaller, around a point of the window (the middle of the picture, if none is given). */
function zoomBy(ratio, x = view.clientWidth / 2, y = view.clientHeight / 2) {
  const old = scale();
  zoom = Math.min(Math.max(old * ratio, 0.1), 6);
  if (zoom === 1) zoom = 1.001;
  const by = scale() / old;
  view.scrollTo((view.scrollLeft + x) * by - x, (view.scrollTop + y) * by - y);
}

function fitWhole() {
  zoom = zoom === 1 ? 0 : 1;
  scale();
  follow();
}

/** Takes the picture that fits the window, downwards or to the right. */
function lay() {
  const isSeen = (some) => getComputedStyle(some).display !== "none";
  const fitting = all(":scope > svg", view).find(isSeen);
  if (fitting !== svg) {
    svg = fitting;
    const places = [svg, ...inlays.values()];
    cards = new Map(
      places.flatMap((some) => all(".card", some)).map((card) => [card.dataset.id, card]),
    );
    arrows = places
      .flatMap((some) => all(".arrow", some))
      .sort((a, b) => a.dataset.id - b.dataset.id);
    for (const card of cards.values()) {
      card.setAttribute("role", "button");
      card.setAttribute("tabindex", 0);
    }
    if (inlays.size) markInlays();
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
  mark(view, "held", dragged);
});
addEventListener("pointerup", () => {
  held = null;
  mark(view, "held", false);
});
