// The button that turns a page dark or light.
"use strict";
(() => {
  const root = document.documentElement;
  const button = document.querySelector("#theme");
  const words = { light: button.dataset.light, dark: button.textContent };
  const dark = () => {
    const wanted = root.dataset.theme;
    return wanted ? wanted === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  };
  const name = () => (button.textContent = dark() ? words.light : words.dark);
  button.addEventListener("click", () => {
    root.dataset.theme = dark() ? "light" : "dark";
    name();
  });
  name();
})();
