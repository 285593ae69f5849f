// The button that turns a page dark or light, and what was chosen before.
"use strict";
(() => {
  const KEY = "microtensor-theme";
  const root = document.documentElement;
  const button = document.querySelector("#theme");
  const words = { light: button.dataset.light, dark: button.textContent };
  const dark = () => {
    const wanted = root.dataset.theme;
    return wanted ? wanted === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  };
  const name = () => (button.textContent = dark() ? words.light : words.dark);

  /** Reads or writes what was chosen; a browser that keeps nothing throws. */
  function kept(use) {
    try {
      return use(localStorage);
    } catch {
      return null;
    }
  }

  function recall() {
    const chosen = kept((store) => store.getItem(KEY));
    if (chosen === "dark" || chosen === "light") root.dataset.theme = chosen;
    name();
  }

  button.addEventListener("click", () => {
    root.dataset.theme = dark() ? "light" : "dark";
    kept((store) => store.setItem(KEY, root.dataset.theme));
    name();
  });
  addEventListener("pageshow", recall); // a page that "back" returned to, as it was left
  addEventListener("storage", recall);
  recall();
})();
