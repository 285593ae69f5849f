// The button that turns a page dark or light, and what was chosen before.
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

  button.addEventListener("click", () => {
    turn(other());
    kept((store) => store.setItem(KEY, root.dataset.theme));
  });
  addEventListener("pageshow", recall); // a page that "back" returned to, as it was left
  addEventListener("storage", recall);
  recall();
})();
