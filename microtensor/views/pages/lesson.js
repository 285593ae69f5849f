// The questions of a page: checks an answer, tells why it is right or wrong, and keeps the score.
"use strict";
(() => {
  const box = document.querySelector(".questions");
  const forms = [...box.querySelectorAll("form")];
  const tries = new Map(forms.map((form) => [form, 0]));
  const right = new Map(); // how many tries each took that was answered rightly

  /** What was typed, in each way that it can be read: 1,5 and 1.5, 1,024 and 1.024, 1/4. */
  function readings(text) {
    const bare = text.replace(/[\s\u00a0()]/g, "").replace(/[−–—‐‑﹣-]/g, "-");
    const plain = (x) => (/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(x) ? Number(x) : NaN);
    const [above, below] = bare.split("/");
    const whole = /^[+-]?\d{1,3}([.,]\d{3})+$/.test(bare) ? [bare.replace(/[.,]/g, "")] : [];
    const written = [plain(bare.replace(",", ".")), ...whole.map(plain)];
    if (below) written.push(plain(above) / plain(below));
    return written.filter(Number.isFinite);
  }

  /** Exact, but for what rounding leaves; unless it is whole, two digits or more will do. */
  function isRight(typed, wanted) {
    const near = (x) => Math.abs(x - wanted) <= 1e-9 * Math.max(Math.abs(wanted), 1e-3);
    if (near(typed)) return true;
    if (near(Math.round(wanted))) return false;
    return [2, 3, 4, 5, 6, 7, 8].some((digits) => typed === Number(wanted.toPrecision(digits)));
  }

  /** Whether a form is answered rightly; null: it isn't answered. */
  function answered(form) {
    const field = form.querySelector("input[type=text]");
    if (!field) {
      const chosen = form.querySelector("input:checked");
      return chosen && "right" in chosen.dataset;
    }
    const found = readings(field.value);
    const wanted = Number(field.dataset.right);
    return found.length ? found.some((typed) => isRight(typed, wanted)) : null;
  }

  function check(form) {
    const verdict = answered(form);
    const said = form.querySelector(".verdict");
    form.dataset.verdict = verdict === null ? "" : verdict ? "right" : "wrong";
    said.textContent = box.dataset.none;
    if (verdict === null) return;
    tries.set(form, tries.get(form) + 1);
    if (verdict && !right.has(form)) right.set(form, tries.get(form));
    const why = form.querySelector(".why p").textContent;
    said.textContent = verdict ? `${box.dataset.right} ${why}` : box.dataset.wrong;
    score();
  }

  function score() {
    const first = [...right.values()].filter((count) => count === 1).length;
    const fields = { right: right.size, first, all: forms.length };
    const said = box.dataset.score.replace(/\{(\w+)\}/g, (_, field) => fields[field]);
    box.querySelector(".score").textContent = said;
    try {
      const key = `microtensor-score ${location.pathname}`;
      const best = Number.parseInt(localStorage.getItem(key), 10) || 0;
      localStorage.setItem(key, `${Math.max(best, right.size)}/${forms.length}`);
    } catch {
      // a browser that keeps nothing: the score is shown all the same
    }
  }

  for (const form of forms) {
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      check(form);
    });
    form.addEventListener("keydown", (event) => event.stopPropagation()); // no steps are taken here
  }
})();
