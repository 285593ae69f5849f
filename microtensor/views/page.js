// Steps through a graph: shows what is known at the step that the URL's hash names.
"use strict";
(() => {
  const find = (selector, root = document) => root.querySelector(selector);
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const data = JSON.parse(find("#data").textContent);
  let svg = null; // the picture in use, its cards by id and its arrows in order
  let cards = new Map();
  let arrows = [];
  const told = all("#steps > li");
  const steps = data.steps;
  const last = steps.length;
  const ids = data.order;
  const recompute = typeof rerun === "function" ? rerun : null;
  const original = data.scalars && read(data.scalars);
  let now = original; // the numbers of a graph of single numbers; null: there are arrays
  let step = 0;
  let chosen = "";
  let predicting = false;
  const answered = new Set();

  // Numbers, as in the picture: 4 significant digits, a true minus sign, an honest ≈ -----------

  function read(scalars) {
    const plain = (x) => (typeof x === "string" ? { nan: NaN, inf: Infinity, "-inf": -Infinity }[x] : x);
    const each = (some) => Object.fromEntries(Object.entries(some).map(([k, x]) => [k, plain(x)]));
    return {
      values: each(scalars.values),
      gradients: each(scalars.gradients),
      locals: scalars.locals.map(plain),
      sent: scalars.sent.map(plain),
    };
  }

  function number(x) {
    if (Number.isNaN(x)) return "nan";
    if (!Number.isFinite(x)) return x < 0 ? "−inf" : "inf";
    if (x === 0) return "0";
    let [digits, exponent] = Math.abs(x).toExponential(25).replace(".", "").split("e");
    exponent = Number(exponent);
    let kept = Number(digits.slice(0, 4));
    const rest = digits.slice(4);
    const half = "5".padEnd(rest.length, "0");
    if (rest > half || (rest === half && kept % 2)) kept += 1; // a tie goes to the even digit
    if (kept === 10000) [kept, exponent] = [1000, exponent + 1];
    const sign = x < 0 ? "−" : "";
    let text = String(kept);
    if (exponent < -4 || exponent > 3) {
      text = trimmed(text[0] + "." + text.slice(1));
      return `${sign}${text}e${exponent}`.replace("e-", "e−");
    }
    if (exponent < 0) return sign + trimmed("0." + "0".repeat(-exponent - 1) + text);
    return sign + trimmed(text.slice(0, exponent + 1) + "." + text.slice(exponent + 1));
  }

  const trimmed = (text) => text.replace(/\.?0*$/, "");
  const shown = (x) => Number(number(x).replaceAll("−", "-").replace("inf", "Infinity"));
  const factor = (x) => (number(x).startsWith("−") ? `(${number(x)})` : number(x));

  function product(parts, result) {
    const equal = number(parts.reduce((p, x) => p * shown(x), 1)) === number(result);
    return `${parts.map(factor).join(" × ")} ${equal ? "=" : "≈"} `;
  }

  function total(parts, result) {
    const equal = number(parts.reduce((sum, x) => sum + shown(x), 0)) === number(result);
    return `${equal ? "=" : "≈"} ${parts.map(factor).join(" + ")}`;
  }

  /** What a learner typed, as a number; null if it is none. A comma will do, and any minus sign. */
  function typed(text) {
    const plain = text.replace(/[\s\u00a0()]/g, "").replace(/[−–—‐‑﹣-]/g, "-").replace(",", ".");
    return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(plain) ? Number(plain) : null;
  }

  /** Whether an answer is right: as shown, or what the shown factors give. */
  function isRight(answer, sent, parts) {
    const shownProduct = parts.reduce((p, x) => p * shown(x), 1);
    return [sent, shownProduct].some((x) => number(x) === number(answer));
  }

  // What is known at a step --------------------------------------------------------------------

  const asked = (k) =>
    predicting && now && k > 0 && steps[k - 1].arrow !== null && !answered.has(k);

  /** What the steps so far gave: values, arrows passed, and what arrived at each gradient. */
  function known(until = step) {
    const found = { values: new Set(), passed: new Set(), arrived: new Map(), seen: new Map() };
    const computed = new Set(steps.filter((s) => s.kind === "forward").map((s) => s.card));
    for (const id of ids) if (!computed.has(id)) found.values.add(id);
    steps.slice(0, until).forEach((s, i) => {
      if (s.kind === "forward") found.values.add(s.card);
      else if (i + 1 < step || !asked(i + 1)) {
        if (s.arrow !== null) {
          found.passed.add(s.arrow);
          if (!found.arrived.has(s.card)) found.arrived.set(s.card, []);
          found.arrived.get(s.card).push(s.arrow);
        }
        for (const a of s.arrows || []) found.passed.add(a);
        for (const id of s.cards || [s.card]) found.seen.set(id, i);
      }
    });
    return found;
  }

  const uses = new Map(); // how many contributions each gradient waits for
  for (const s of steps) if (s.arrow !== null) uses.set(s.card, (uses.get(s.card) || 0) + 1);

  const tracked = new Set(known(last).seen.keys());

  const set = (element, text) => {
    if (element && element.textContent !== text) element.textContent = text;
  };
  const show = (elements, visible) => {
    for (const element of elements) element.classList.toggle("later", !visible);
  };

  /** A text that grew too long for its place is drawn closer. */
  function fit(text) {
    text.removeAttribute("textLength");
    const room = Number(text.dataset.room);
    if (text.getComputedTextLength() > room + 1) {
      text.setAttribute("textLength", room);
      text.setAttribute("lengthAdjust", "spacingAndGlyphs");
    }
  }

  function render() {
    const at = known();
    const current = step ? steps[step - 1] : null;
    for (const [id, card] of cards) renderCard(id, card, at, current);
    arrows.forEach((arrow, i) => renderArrow(arrow, i, at, current));
    told.forEach((line, i) => {
      line.classList.toggle("now", i === step);
      line.classList.toggle("hidden", predicting && (i > step || (i === step && asked(step))));
      if (now && i) retell(line, i);
      const link = find("a", line);
      if (i === step) link.setAttribute("aria-current", "step");
      else link.removeAttribute("aria-current");
    });
    find("#back").disabled = find("#first").disabled = step === 0;
    find("#next").disabled = find("#last").disabled = step === last;
    set(find("#where"), `step ${step} of ${last}`);
    renderTold();
    renderPaths();
    follow();
  }

  function renderCard(id, card, at, current) {
    const value = at.values.has(id);
    const i = at.seen.get(id);
    const gradient = i !== undefined;
    const parts = at.arrived.get(id) || [];
    const complete = gradient && parts.length >= (uses.get(id) || 0);
    const sum = find(".sum tspan", card);
    show(all(".value", card), value);
    show(all(".gradient", card), gradient);
    show(all(".sum", card), parts.length > 0);
    show(all(".heat, .note", card), complete || (value && !tracked.has(id)));
    show(all(".verdict", card), step === last);
    card.classList.toggle("partial", gradient && !complete);
    if (now) {
      const sent = parts.map((a) => now.sent[a]);
      const so = sent.length ? sent.reduce((a, b) => a + b) : now.gradients[id];
      set(find(".value tspan", card), number(now.values[id]));
      if (gradient) set(find(".gradient tspan", card), number(complete ? now.gradients[id] : so));
      if (sum && parts.length) set(sum, total(sent, so) + (complete ? "" : " + …"));
      all(".value, .gradient, .sum", card).forEach(fit);
    } else if (gradient && steps[i].total) {
      const lines = all("text.gradient tspan", card);
      if (lines.length === steps[i].total.length) {
        lines.forEach((line, k) => set(line, steps[i].total[k]));
      }
      set(sum, steps[i].sum + (complete ? "" : " + …"));
    }
    const here = current && (current.card === id || (current.arrow !== null && data.arrows[current.arrow][1] === id));
    card.classList.toggle("now", Boolean(here));
    card.classList.toggle("chosen", id === chosen);
    card.setAttribute("aria-pressed", String(id === chosen));
    card.setAttribute("aria-label", spoken(id, card, value, gradient));
  }

  function spoken(id, card, value, gradient) {
    const of = (part) => all(`text.${part}`, card).map((text) => text.textContent).join(" ");
    const name = data.cards[id].words;
    const said = [name];
    if (value && of("value")) said.push(`value ${of("value")}`);
    if (gradient && of("gradient")) said.push(`gradient ${of("gradient")}`);
    return said.join(", ");
  }

  function renderArrow(arrow, i, at, current) {
    const [source, target, backward] = data.arrows[i];
    const here = current && (current.arrow === i || (current.arrows || []).includes(i));
    const open = here && asked(step);
    const forth = at.values.has(target);
    show(all("text.forth", arrow), forth);
    show(all("text.back", arrow), at.passed.has(i) || open);
    arrow.classList.toggle("ahead", !forth);
    arrow.classList.toggle("waiting", !at.passed.has(i) && !open);
    arrow.classList.toggle("now", Boolean(here));
    arrow.classList.toggle("feeds", Boolean(current && current.kind === "forward" && current.card === target));
    if (!now || !backward) return;
    const scalar = data.scalars.edges[i];
    const upstream = now.gradients[target];
    set(find(".plain", arrow), localText(scalar, now.locals[i]));
    set(find("tspan.backward.label", arrow), "◂ " + product([upstream, now.locals[i]], now.sent[i]).trim());
    if (open) set(find("tspan.backward.label", arrow), `◂ ${factor(upstream)} × ${factor(now.locals[i])} =`);
    set(find("tspan.backward:not(.label)", arrow), open ? "?" : number(now.sent[i]));
    all("text", arrow).forEach(fit);
  }

  /** `∂p/∂w = x = 3`; a condition isn't an equation. */
  function localText(scalar, local) {
    if (scalar.formula.includes(" if ")) return `${scalar.local} = ${number(local)}, ${scalar.formula}`;
    return [...new Set([scalar.local, scalar.formula, number(local)].filter(Boolean))].join(" = ");
  }

  // What is told -------------------------------------------------------------------------------

  /** As it was told: `p = (−2) · 3 = −6`. */
  function computed(k) {
    const said = find(".numbers", told[k]);
    return (said.told || said.textContent).replace(/\.$/, "");
  }

  /** The same with the numbers of now; ≈ where one of them is rounded. */
  function recomputed(id) {
    let equal = "=";
    const filled = data.scalars.forward[id].replace(/\{(\w+)\}/g, (whole, x) => {
      if (!(x in now.values)) return whole;
      if (shown(now.values[x]) !== now.values[x]) equal = "≈";
      return factor(now.values[x]);
    });
    const bare = filled.replace(/\((\(−[^()]*\))\)/g, "$1");
    return `${name(id)} = ${bare} ${equal} ${number(now.values[id])}`;
  }

  function equation(k) {
    if (!now || !k) return "";
    const s = steps[k - 1];
    if (s.kind === "forward") return now === original ? computed(k) : recomputed(s.card);
    if (s.arrow === null) return "";
    const scalar = data.scalars.edges[s.arrow];
    const upstream = now.gradients[data.arrows[s.arrow][1]];
    const parts = [upstream, now.locals[s.arrow]];
    return `${scalar.upstream} × ${scalar.local} = ${product(parts, now.sent[s.arrow])}${number(now.sent[s.arrow])}`;
  }

  /** The sentences of a step that have numbers, for the numbers of now. */
  function retell(line, k) {
    for (const part of all(".numbers, .notes, .total", line)) {
      if (!part.told) part.told = part.textContent;
      const fresh = { numbers: `${equation(k)}.`, notes: "" }[part.className] ?? totalSaid(k);
      set(part, now === original ? part.told : fresh);
    }
  }

  /** What is told beside the equation. */
  function besides(line) {
    const parts = all(now ? ".rule, .notes, .total" : ".text", line);
    return parts.map((part) => part.textContent).join(" ");
  }

  function totalSaid(k) {
    const id = steps[k - 1].card;
    const sent = steps.slice(0, k).filter((s) => s.arrow !== null && s.card === id).map((s) => now.sent[s.arrow]);
    const so = sent.reduce((a, b) => a + b);
    const text = total(sent, so);
    const gradient = `∂${name(data.result)}/∂${name(id)}`;
    const known =
      sent.length === 1 || sent.length > 6
        ? `${gradient} = ${number(so)}`
        : `${gradient} = ${text.slice(2)} ${text[0]} ${number(so)}`;
    const waiting = uses.get(id) - sent.length;
    const to = waiting === 1 ? "1 contribution" : `${waiting} contributions`;
    if (waiting) return `So far ${known}; ${to} still to come.`;
    if (sent.length === 1) return `${known}, complete.`;
    const every = sent.length === 2 ? "both" : `all ${sent.length}`;
    return `${known}, complete: ${every} contributions have arrived.`;
  }

  function renderTold() {
    const line = told[step];
    const open = asked(step);
    set(find("#title"), find(".title", line).textContent);
    set(find("#equation"), open ? "" : equation(step));
    set(find("#text"), open ? "" : besides(line));
    find("#ask").hidden = !open;
    if (open) {
      const a = steps[step - 1].arrow;
      const scalar = data.scalars.edges[a];
      set(
        find("#question"),
        `Upstream ${scalar.upstream} = ${number(now.gradients[data.arrows[a][1]])}, local derivative ` +
          `${localText(scalar, now.locals[a])}. What does it send?`,
      );
    }
    const colour = step && steps[step - 1].kind !== "forward" ? "backward" : "forward";
    find("#told").dataset.kind = step ? colour : "start";
  }

  /** Keeps what the step is about in sight, where the picture is larger than the screen. */
  function follow() {
    const here = all(".now", svg);
    if (!here.length) return;
    const boxes = here.map((element) => element.getBoundingClientRect());
    const frame = view.getBoundingClientRect();
    const left = Math.min(...boxes.map((b) => b.left)) - frame.left;
    const right = Math.max(...boxes.map((b) => b.right)) - frame.left;
    const top = Math.min(...boxes.map((b) => b.top)) - frame.top;
    const bottom = Math.max(...boxes.map((b) => b.bottom)) - frame.top;
    if (left >= 0 && right <= frame.width && top >= 0 && bottom <= frame.height) return;
    const gentle = !matchMedia("(prefers-reduced-motion: reduce)").matches;
    view.scrollTo({
      left: view.scrollLeft + (left + right) / 2 - frame.width / 2,
      top: view.scrollTop + (top + bottom) / 2 - frame.height / 2,
      behavior: gentle ? "smooth" : "auto",
    });
  }

  // Paths --------------------------------------------------------------------------------------

  const leaving = new Map(ids.map((id) => [id, []]));
  data.arrows.forEach(([source, , backward], i) => backward && leaving.get(source).push(i));

  const counted = new Map(); // how many paths lead from a card to the result
  for (const id of [...data.order].reverse()) {
    const onward = leaving.get(id).map((i) => counted.get(data.arrows[i][1]) || 0n);
    counted.set(id, id === data.result ? 1n : onward.reduce((a, b) => a + b, 0n));
  }

  /** The first paths from a card to the result, each a list of arrows. */
  function routes(id, most) {
    const found = [];
    const open = [[id, []]];
    while (open.length && found.length < most) {
      const [at, passed] = open.pop();
      if (at === data.result) found.push(passed);
      else {
        for (const i of [...leaving.get(at)].reverse()) {
          if (counted.get(data.arrows[i][1])) open.push([data.arrows[i][1], [...passed, i]]);
        }
      }
    }
    return found;
  }

  function made(tag, text, kind) {
    const element = document.createElement(tag);
    element.textContent = text;
    if (kind) element.className = kind;
    return element;
  }

  const name = (id) => data.cards[id].name;

  function renderPaths() {
    const panel = find("#paths");
    panel.hidden = !chosen;
    const on = new Set();
    if (chosen) {
      const some = routes(chosen, 16);
      some.forEach((route) => route.forEach((i) => on.add(i)));
      const body = find("#paths-body");
      body.replaceChildren(...(now ? scalarPaths(some) : arrayPaths(some)));
      const many = counted.get(chosen);
      const count = many === 1n ? "1 path leads" : `${many} paths lead`;
      set(find("#paths-title"), chosen === data.result ? `${name(chosen)}: the result` : `${count} from ${name(chosen)} to ${name(data.result)}`);
    }
    arrows.forEach((arrow, i) => arrow.classList.toggle("on-path", on.has(i)));
    svg.classList.toggle("choosing", on.size > 0);
  }

  const walked = (route) => [chosen, ...route.map((i) => data.arrows[i][1])].map(name).join(" → ");

  function scalarPaths(some) {
    if (chosen === data.result) return [made("p", `∂${name(chosen)}/∂${name(chosen)} = ${number(now.gradients[chosen])}: where the gradients begin.`)];
    if (!counted.get(chosen)) return [made("p", "It isn't tracked: no gradient is computed for it.")];
    const passed = known().passed;
    const hidden = (i) => predicting && !passed.has(i);
    const list = made("ol", "");
    const products = some.map((route) => {
      const back = [...route].reverse();
      const parts = back.map((i) => now.locals[i]);
      const result = parts.reduce((p, x) => p * x, now.gradients[data.result]);
      const item = made("li", walked(route));
      const names = back.map((i) => data.scalars.edges[i].local).join(" × ");
      const secret = back.some(hidden);
      const numbers = back.map((i, k) => (hidden(i) ? "?" : factor(parts[k]))).join(" × ");
      const said = secret ? `${numbers} = ?` : back.length > 1 ? product(parts, result) + number(result) : number(result);
      item.append(made("span", `${names} = ${said}`, "product"));
      item.addEventListener("mouseenter", () => trace(route));
      item.addEventListener("mouseleave", () => trace(null));
      list.append(item);
      return { result, secret };
    });
    const sum = products.reduce((a, p) => a + p.result, 0);
    const gradient = now.gradients[chosen];
    const rest = counted.get(chosen) - BigInt(some.length);
    const parts = products.map((p) => p.result);
    if (rest) parts.push(gradient - sum);
    const said = made("p", "", "proof");
    said.textContent = products.some((p) => p.secret)
      ? "Their sum is the gradient. Go on to see the numbers."
      : (some.length > 1 ? `Sum over the paths: ${total(parts, gradient).slice(2)} ${total(parts, gradient)[0]} ${number(gradient)}` : `${number(gradient)}`) +
        ` = ∂${name(data.result)}/∂${name(chosen)}` +
        (rest ? `. The last number is the sum of the ${rest} paths not listed.` : ".");
    return [list, said];
  }

  function arrayPaths(some) {
    const list = made("ol", "");
    for (const route of some) list.append(made("li", walked(route)));
    const rest = counted.get(chosen) - BigInt(some.length);
    const said = [list];
    if (rest > 0n) said.push(made("p", `And ${rest} more.`));
    const arriving = leaving.get(chosen).filter((i) => text(i));
    if (arriving.length) said.push(made("p", "What arrives:"));
    const lines = made("ul", "");
    for (const i of arriving) lines.append(made("li", `from ${name(data.arrows[i][1])}: ${text(i)}`));
    said.push(lines);
    if (arriving.length > 1) said.push(made("p", `The gradient of ${name(chosen)} is their sum.`));
    return chosen === data.result ? [] : said;
  }

  const text = (i) => all("text.back", arrows[i]).map((t) => t.textContent.replace("◂ ", "")).join(" ");

  function trace(route) {
    arrows.forEach((arrow, i) => arrow.classList.toggle("traced", Boolean(route && route.includes(i))));
  }

  function choose(id) {
    chosen = chosen === id ? "" : id;
    render();
    if (chosen) find("#paths").scrollIntoView({ block: "nearest" });
  }

  // Other numbers ------------------------------------------------------------------------------

  function changed() {
    const values = {};
    let fine = true;
    for (const input of all("#numbers input[type=text]")) {
      const value = typed(input.value);
      input.setAttribute("aria-invalid", String(value === null));
      fine = fine && value !== null;
      values[input.dataset.id] = value;
    }
    find("#numbers-error").hidden = fine;
    if (!fine) return;
    const same = Object.keys(values).every((id) => Object.is(values[id], original.values[id]));
    now = same ? original : rerunOn(values);
    find("#reset").disabled = same;
    render();
  }

  function rerunOn(values) {
    const result = recompute(values);
    return {
      values: result.values,
      gradients: result.gradients,
      locals: data.arrows.map(([, , backward], i) => (backward ? result.locals[data.scalars.edges[i].key] : null)),
      sent: data.arrows.map(([, , backward], i) => (backward ? result.contributions[data.scalars.edges[i].key] : null)),
    };
  }

  function nudge(input, by) {
    const value = typed(input.value);
    if (value !== null) input.value = String(Number((value + by).toPrecision(12)));
    input.dispatchEvent(new Event("input", { bubbles: true }));
  }

  function setUpNumbers() {
    const box = find("#numbers");
    if (!recompute || !now) return;
    box.hidden = false;
    for (const input of all("input[type=text]", box)) {
      const slider = input.parentElement.querySelector("input[type=range]");
      const value = original.values[input.dataset.id];
      const reach = Math.max(4, 2 * Math.abs(value));
      [slider.min, slider.max, slider.step] = [-reach, reach, reach / 80];
      slider.value = value;
      input.addEventListener("input", () => {
        const given = typed(input.value);
        if (given !== null) slider.value = given;
        changed();
      });
      slider.addEventListener("input", () => {
        input.value = String(Number(Number(slider.value).toPrecision(4)));
        changed();
      });
      input.addEventListener("keydown", (event) => {
        const by = { ArrowUp: 0.1, ArrowDown: -0.1 }[event.key];
        if (by) {
          event.preventDefault();
          nudge(input, by);
        }
      });
    }
    find("#reset").addEventListener("click", () => {
      for (const input of all("input[type=text]", box)) {
        input.value = String(original.values[input.dataset.id]);
        input.parentElement.querySelector("input[type=range]").value = original.values[input.dataset.id];
      }
      changed();
    });
  }

  // Moving -------------------------------------------------------------------------------------

  function go(to) {
    const wanted = Math.min(Math.max(to, 0), last);
    if (wanted !== step) location.hash = `step-${wanted}`;
  }

  /** A step was taken: the picture comes into sight, if it isn't. */
  function comeIntoSight() {
    if (view.getBoundingClientRect().bottom > innerHeight) find(".bar").scrollIntoView({ block: "start" });
  }

  function arrive() {
    const found = /^#step-(\d+)$/.exec(location.hash);
    step = found ? Math.min(Number(found[1]), last) : 0;
    set(find("#verdict"), "");
    find("#answer").value = "";
    render();
    if (asked(step) && matchMedia("(pointer: fine)").matches) find("#answer").focus({ preventScroll: true });
  }

  function check(event) {
    event.preventDefault();
    const a = steps[step - 1].arrow;
    const answer = typed(find("#answer").value);
    if (answer === null) return set(find("#verdict"), "Type a number, such as −1.5.");
    const parts = [now.gradients[data.arrows[a][1]], now.locals[a]];
    if (!isRight(answer, now.sent[a], parts)) {
      return set(find("#verdict"), "Not yet, try again: upstream × local derivative, 4 significant digits.");
    }
    return reveal("Right.");
  }

  function reveal(said) {
    answered.add(step);
    render();
    set(find("#verdict"), said);
    find("#next").focus({ preventScroll: true });
  }

  const KEYS = { ArrowRight: () => step + 1, PageDown: () => step + 1, ArrowLeft: () => step - 1, PageUp: () => step - 1, Home: () => 0, End: () => last };

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.shiftKey) return;
    const { target } = event;
    const writing = target.matches("input") && (target.type !== "text" || target.value || target.closest("#numbers")) && target.type !== "checkbox";
    if (event.key in KEYS && !writing) {
      event.preventDefault();
      go(KEYS[event.key]());
    } else if (event.key === "Escape" && chosen) {
      choose(chosen);
    }
  });
  const view = find("#view");
  view.addEventListener("click", (event) => {
    const card = event.target.closest(".card");
    if (card) choose(card.dataset.id);
  });
  view.addEventListener("keydown", (event) => {
    const card = event.target.closest(".card");
    if (!card || (event.key !== "Enter" && event.key !== " ")) return;
    event.preventDefault();
    choose(card.dataset.id);
  });
  for (const id of ["first", "back", "next", "last"]) {
    const to = { first: () => 0, back: () => step - 1, next: () => step + 1, last: () => last }[id];
    find(`#${id}`).addEventListener("click", () => go(to()));
  }
  find("#close").addEventListener("click", () => choose(chosen));
  find("#ask").addEventListener("submit", check);
  find("#show").addEventListener("click", () => reveal(""));
  const predict = find("#predict");
  predict.parentElement.hidden = !now || !steps.some((s) => s.arrow !== null);
  predict.addEventListener("change", () => {
    predicting = predict.checked;
    find("#told").classList.toggle("predicting", predicting);
    answered.clear();
    arrive();
  });

  const theme = find("#theme");
  const dark = () => {
    const set_ = document.documentElement.dataset.theme;
    return set_ ? set_ === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  };
  const nameTheme = () => set(theme, dark() ? "Light" : "Dark");
  theme.addEventListener("click", () => {
    document.documentElement.dataset.theme = dark() ? "light" : "dark";
    nameTheme();
  });

  /** As large as the window allows, but never too small to read: then it scrolls. */
  function scale() {
    const { width, height } = svg.viewBox.baseVal;
    const wide = (view.clientWidth - 8) / width;
    const high = Math.max(320, innerHeight * 0.62) / height;
    const readable = Math.min(Math.max(1.05, innerWidth / 1333), 1.5);
    const whole = Math.min(wide, high, 1.8);
    const narrow = wide < 0.95 ? readable : Math.min(wide, readable);
    const by = Math.max(whole, narrow);
    svg.style.width = `${width * by}px`;
    svg.style.height = `${height * by}px`;
  }

  /** All texts (of many, the longest), unseen, keep the height that they need: nothing jumps. */
  function reserve() {
    const needs = told.map((line, k) => [find(".title", line).textContent, equation(k), besides(line)]);
    needs.sort((a, b) => b.join("").length - a.join("").length);
    find("#ghosts").replaceChildren(
      ...needs.slice(0, 60).map((texts) => {
        const ghost = made("div", "");
        ghost.append(...texts.map((said, i) => made(i ? "p" : "strong", said)));
        return ghost;
      }),
    );
  }

  /** Takes the picture that fits the window, downwards or to the right. */
  function lay() {
    const fitting = all("svg", view).find((some) => getComputedStyle(some).display !== "none");
    if (fitting !== svg) {
      svg = fitting;
      cards = new Map(all(".card:not(.again)", svg).map((card) => [card.dataset.id, card]));
      arrows = all(".arrow", svg).sort((a, b) => a.dataset.id - b.dataset.id);
      all("text", svg).forEach(fit);
    }
    scale();
  }

  find("#steps").addEventListener("click", (event) => {
    if (event.target.matches("a")) find(".bar").scrollIntoView({ block: "start" });
  });

  document.documentElement.classList.add("alive");
  setUpNumbers();
  nameTheme();
  lay();
  reserve();
  addEventListener("hashchange", () => {
    arrive();
    comeIntoSight();
  });
  addEventListener("resize", () => {
    lay();
    render();
  });
  arrive();
})();
