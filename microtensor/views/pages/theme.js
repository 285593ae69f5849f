// What a reader's browser keeps from page to page: dark or light, and more. And links that go along.
"use strict";
(() => {
  const KEY = "microtensor-theme";
  const root = document.documentElement;
  const button = document.querySelector("#theme");
  const words = { light: button.dataset.light, dark: button.textContent };
  const system = () => (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
  const other = () => ((root.dataset.theme ?? system()) === "dark" ? "light" : "dark");

  /** Reads or writes what was chosen; a browser that keeps nothing throws. */
  function kept(use) {
    try {
      return use(localStorage);
    } catch {
      return null;
    }
  }

  function turn(theme) {
    if (theme in words) root.dataset.theme = theme;
    button.textContent = words[other()];
  }

  const recall = () => turn(kept((store) => store.getItem(KEY)));
  const isOurs = ([key]) => key.startsWith("microtensor-");

  /** Keeps what a link brought from a file with a storage of its own; of scores, the best. */
  function unpack() {
    const here = new URL(location);
    const brought = [...here.searchParams].filter(isOurs);
    if (location.protocol !== "file:" || !brought.length) return;
    const isLess = (a, b) => Number.parseInt(a, 10) < Number.parseInt(b, 10);
    for (const [key, value] of brought) {
      kept((store) => isLess(value, store.getItem(key)) || store.setItem(key, value));
      here.searchParams.delete(key);
    }
    history.replaceState(null, "", here);
  }

  /** A link to another file takes along what is kept; if it ends in #, the place in this page too. */
  function pack({ target }) {
    const link = target.closest?.("a[href]");
    if (!link || link.pathname === location.pathname) return;
    const address = (link.dataset.address ??= link.href);
    const to = new URL(address);
    if (address.endsWith("#")) to.hash = location.hash;
    const some = to.protocol === "file:" ? kept(Object.entries) || [] : [];
    for (const [key, value] of some.filter(isOurs)) to.searchParams.set(key, value);
    link.href = to;
  }

  button.addEventListener("click", () => {
    turn(other());
    kept((store) => store.setItem(KEY, root.dataset.theme));
  });
  for (const kind of ["click", "auxclick", "contextmenu"]) addEventListener(kind, pack);
  addEventListener("pageshow", recall); // a page that "back" returned to, as it was left
  addEventListener("storage", recall);
  unpack();
  recall();
})();
