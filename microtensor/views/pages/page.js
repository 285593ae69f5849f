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

  const forms = new Intl.PluralRules(document.documentElement.lang);

  /** A sentence with its fields filled in; with a count, its form for one, many, or another. */
  function say(key, fields = {}) {
    const form = "count" in fields ? `.${forms.select(Number(fields.count))}` : "";
    const found = data.sentences[key + form] ?? data.sentences[`${key}.many`];
    return found.replace(/\{(\w+)[^}]*\}/g, (_, field) => fields[field]);
  }

  // Numbers, as in the picture: 4 significant digits, a true minus sign, an honest ≈ -----------

  function read(scalars) {
    const named = { nan: NaN, inf: Infinity, "-inf": -Infinity };
    const plain = (x) => (typeof x === "string" ? named[x] : x);
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

  /** A sum as it stands on a card: in words where it is long. */
  function summed(parts, result) {
    const text = total(parts, result);
    return text.length > data.longest ? say("sum.long", { parts: parts.length }) : text;
  }

  /** What a learner typed, as a number; null if it is none. A comma will do, and any minus sign. */
  function typed(text) {
    const bare = text.replace(/[\s\u00a0()]/g, "");
    const plain = bare.replace(/[−–—‐‑﹣-]/g, "-").replace(",", ".");
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

  const targetOf = (arrow) => data.arrows[arrow][1];
  const upstreamOf = (arrow) => now.gradients[targetOf(arrow)];

  const uses = new Map(); // how many contributions each gradient waits for
  for (const s of steps) if (s.arrow !== null) uses.set(s.card, (uses.get(s.card) || 0) + 1);

  const tracked = new Set(known(last).seen.keys());

  const altered = new Set(); // texts of the picture that may need another width
  const set = (element, text) => {
    if (!element || element.textContent === text) return;
    element.textContent = text;
    if (element.tagName === "tspan") altered.add(element.parentNode);
  };
  const show = (elements, visible) => {
    for (const element of elements) element.classList.toggle("later", !visible);
  };

  /** Texts that are too long for their place are drawn closer. */
  function fit(texts) {
    for (const text of texts) text.removeAttribute("textLength");
    const room = (text) => Number(text.dataset.room);
    const long = texts.filter((text) => text.getComputedTextLength() > room(text) + 1);
    for (const text of long) {
      text.setAttribute("textLength", text.dataset.room);
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
      const link = find("a", line);
      if (i === step) link.setAttribute("aria-current", "step");
      else link.removeAttribute("aria-current");
    });
    find("#back").disabled = find("#first").disabled = step === 0;
    find("#next").disabled = find("#last").disabled = step === last;
    set(find("#where"), say("script.step", { step, last }));
    fit([...altered]);
    altered.clear();
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
      if (sum && parts.length) set(sum, summed(sent, so) + (complete ? "" : " + …"));
    } else if (gradient && steps[i].total) {
      const lines = all("text.gradient tspan", card);
      if (lines.length === steps[i].total.length) {
        lines.forEach((line, k) => set(line, steps[i].total[k]));
      }
      set(sum, steps[i].sum + (complete ? "" : " + …"));
    }
    const sends = current && current.arrow !== null && targetOf(current.arrow) === id;
    card.classList.toggle("now", Boolean(current && (current.card === id || sends)));
    card.classList.toggle("chosen", id === chosen);
    card.setAttribute("aria-pressed", String(id === chosen));
    card.setAttribute("aria-label", spoken(id, card, value, gradient));
  }

  function spoken(id, card, value, gradient) {
    const of = (part) => all(`text.${part}`, card).map((text) => text.textContent).join(" ");
    const name = data.cards[id].words;
    const said = [name];
    if (value && of("value")) said.push(say("script.value", { value: of("value") }));
    if (gradient && of("gradient")) said.push(say("script.gradient", { gradient: of("gradient") }));
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
    const computing = current && current.kind === "forward" && current.card === target;
    arrow.classList.toggle("feeds", Boolean(computing));
    if (!now || !backward) return;
    const parts = [now.gradients[target], now.locals[i]];
    const left = open ? `${parts.map(factor).join(" × ")} =` : product(parts, now.sent[i]).trim();
    set(find(".plain", arrow), localText(i));
    set(find("tspan.backward.label", arrow), `◂ ${left}`);
    set(find("tspan.backward:not(.label)", arrow), open ? "?" : number(now.sent[i]));
  }

  /** `∂p/∂w = x = 3`; a condition isn't an equation. */
  function localText(i) {
    const { local, formula } = data.scalars.edges[i];
    const value = number(now.locals[i]);
    if ([" if ", say("script.if")].some((word) => formula.includes(word))) return `${local} = ${value}, ${formula}`;
    return [...new Set([local, formula, value].filter(Boolean))].join(" = ");
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
    const bare = filled.replace(/([(|]|, )\((−[^()]*)\)(?=[)|,])/g, "$1$2"); // |−2|, σ(−2)
    return `${name(id)} = ${bare} ${equal} ${number(now.values[id])}`;
  }

  function equation(k) {
    if (!now || !k) return "";
    const s = steps[k - 1];
    if (s.kind === "forward") return now === original ? computed(k) : recomputed(s.card);
    if (s.arrow === null) return "";
    const { upstream, local } = data.scalars.edges[s.arrow];
    const sent = now.sent[s.arrow];
    const numbers = product([now.gradients[targetOf(s.arrow)], now.locals[s.arrow]], sent);
    return `${upstream} × ${local} = ${numbers}${number(sent)}`;
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
    const arrived = steps.slice(0, k).filter((s) => s.arrow !== null && s.card === id);
    const sent = arrived.map((s) => now.sent[s.arrow]);
    const so = sent.reduce((a, b) => a + b);
    const text = total(sent, so);
    const sum = sent.length === 1 || sent.length > 6 ? "" : `${text.slice(2)} ${text[0]} `;
    const gradient = `∂${name(data.result)}/∂${name(id)} = ${sum}${number(so)}`;
    const waiting = uses.get(id) - sent.length;
    if (waiting) return say("sum.waiting", { gradient, count: waiting });
    if (sent.length === 1) return say("sum.complete", { gradient });
    if (sent.length === 2) return say("sum.both", { gradient });
    return say("sum.all", { gradient, parts: sent.length });
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
      const upstream = `${data.scalars.edges[a].upstream} = ${number(upstreamOf(a))}`;
      set(find("#question"), say("script.question", { upstream, local: localText(a) }));
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
    const onward = leaving.get(id).map((i) => counted.get(targetOf(i)) || 0n);
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
          if (counted.get(targetOf(i))) open.push([targetOf(i), [...passed, i]]);
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
      set(find("#paths-title"), pathsTitle());
    }
    arrows.forEach((arrow, i) => arrow.classList.toggle("on-path", on.has(i)));
    svg.classList.toggle("choosing", on.size > 0);
  }

  function pathsTitle() {
    const [x, out, count] = [name(chosen), name(data.result), counted.get(chosen)];
    return chosen === data.result ? say("script.result", { out }) : say("paths.lead", { x, out, count });
  }

  const walked = (route) => [chosen, ...route.map(targetOf)].map(name).join(" → ");

  function scalarPaths(some) {
    const gradient = now.gradients[chosen];
    const written = `∂${name(data.result)}/∂${name(chosen)}`;
    if (chosen === data.result) {
      return [made("p", say("script.begins", { gradient: `${written} = ${number(gradient)}` }))];
    }
    if (!counted.get(chosen)) return [made("p", say("script.untracked"))];
    const passed = known().passed;
    const hidden = (i) => predicting && !passed.has(i);
    const list = made("ol", "");
    for (const route of some) list.append(pathItem(route, hidden));
    if (some.some((route) => route.some(hidden))) {
      return [list, made("p", say("script.hidden"), "proof")];
    }
    const parts = some.map(alongPath);
    const rest = counted.get(chosen) - BigInt(some.length);
    if (rest) parts.push(gradient - parts.reduce((a, b) => a + b));
    const [equal, sum] = [total(parts, gradient)[0], total(parts, gradient).slice(2)];
    const equality = `${number(gradient)} = ${written}`;
    const proof = parts.length > 1 ? say("script.sum", { sum: `${sum} ${equal} ${equality}` }) : `${equality}.`;
    const more = rest ? ` ${say("script.rest", { rest })}` : "";
    return [list, made("p", proof + more, "proof")];
  }

  /** The product of the local derivatives along a path, times what arrives at the result. */
  const alongPath = (route) =>
    [...route].reverse().reduce((p, i) => p * now.locals[i], now.gradients[data.result]);

  function pathItem(route, hidden) {
    const back = [...route].reverse();
    const locals = back.map((i) => now.locals[i]);
    const sum = number(alongPath(route));
    const names = back.map((i) => data.scalars.edges[i].local).join(" × ");
    let said = back.length > 1 ? product(locals, alongPath(route)) + sum : sum;
    if (back.some(hidden)) {
      said = `${back.map((i, k) => (hidden(i) ? "?" : factor(locals[k]))).join(" × ")} = ?`;
    }
    const item = made("li", walked(route));
    item.append(made("span", `${names} = ${said}`, "product"));
    item.addEventListener("mouseenter", () => trace(route));
    item.addEventListener("mouseleave", () => trace([]));
    return item;
  }

  function arrayPaths(some) {
    const list = made("ol", "");
    for (const route of some) list.append(made("li", walked(route)));
    const rest = counted.get(chosen) - BigInt(some.length);
    const said = [list];
    if (rest > 0n) said.push(made("p", say("script.more", { rest })));
    const arriving = leaving.get(chosen).filter((i) => text(i));
    if (arriving.length) said.push(made("p", say("script.arrives")));
    const lines = made("ul", "");
    for (const i of arriving) {
      lines.append(made("li", say("script.from", { name: name(targetOf(i)), sent: text(i) })));
    }
    said.push(lines);
    if (arriving.length > 1) said.push(made("p", say("script.both", { name: name(chosen) })));
    return chosen === data.result ? [] : said;
  }

  const text = (i) => {
    const lines = all("text.back", arrows[i]).map((line) => line.textContent);
    return lines.join(" ").replaceAll("◂ ", "");
  };

  function trace(route) {
    arrows.forEach((arrow, i) => arrow.classList.toggle("traced", route.includes(i)));
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
    told.forEach((line, k) => k && retell(line, k));
    render();
  }

  function rerunOn(values) {
    const result = recompute(values);
    const byArrow = (table) =>
      data.arrows.map(([, , backward], i) => (backward ? table[data.scalars.edges[i].key] : null));
    return {
      values: result.values,
      gradients: result.gradients,
      locals: byArrow(result.locals),
      sent: byArrow(result.contributions),
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
      const slider = find("input[type=range]", input.parentElement);
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
        find("input[type=range]", input.parentElement).value = input.value;
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
    if (view.getBoundingClientRect().bottom > innerHeight) find(".bar").scrollIntoView();
  }

  function arrive() {
    const found = /^#step-(\d+)$/.exec(location.hash);
    step = found ? Math.min(Number(found[1]), last) : 0;
    set(find("#verdict"), "");
    find("#answer").value = "";
    render();
    const typing = matchMedia("(pointer: fine)").matches; // no keyboard jumps up on a phone
    if (asked(step) && typing) find("#answer").focus({ preventScroll: true });
  }

  function check(event) {
    event.preventDefault();
    const a = steps[step - 1].arrow;
    const answer = typed(find("#answer").value);
    if (answer === null) return set(find("#verdict"), say("script.number"));
    const parts = [upstreamOf(a), now.locals[a]];
    if (!isRight(answer, now.sent[a], parts)) {
      return set(find("#verdict"), say("script.wrong"));
    }
    return reveal(say("script.right"));
  }

  function reveal(said) {
    answered.add(step);
    render();
    set(find("#verdict"), said);
    find("#next").focus({ preventScroll: true });
  }

  const MOVES = { first: () => 0, back: () => step - 1, next: () => step + 1, last: () => last };
  const KEYS = { Home: "first", ArrowLeft: "back", ArrowRight: "next", End: "last" };
  Object.assign(KEYS, { PageUp: "back", PageDown: "next" }); // what a presenter's remote sends

  /** Whether a key belongs to the field that has the focus. */
  const writing = (field) =>
    field.matches("#numbers input") || (field.matches("#answer") && field.value !== "");

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.shiftKey) return;
    if (event.key in KEYS && !writing(event.target)) {
      event.preventDefault();
      go(MOVES[KEYS[event.key]]());
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
  for (const id in MOVES) find(`#${id}`).addEventListener("click", () => go(MOVES[id]()));
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

  /** As large as the window allows, but never too small to read: then it scrolls. */
  function scale() {
    const { width, height } = svg.viewBox.baseVal;
    const wide = (view.clientWidth - 8) / width;
    const high = Math.max(320, innerHeight * 0.62) / height;
    const readable = Math.min(Math.max(1.05, innerWidth / 1333), 1.5);
    const whole = Math.min(wide, high, 1.8);
    const narrow = wide < 0.91 ? readable : Math.min(wide, readable);
    const by = Math.max(whole, narrow);
    svg.style.width = `${width * by}px`;
    svg.style.height = `${height * by}px`;
  }

  /** All texts (of many, the longest), unseen, keep the height that they need: nothing jumps. */
  function reserve() {
    const title = (line) => find(".title", line).textContent;
    const needs = told.map((line, k) => [title(line), equation(k), besides(line)]);
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
      cards = new Map(all(".card", svg).map((card) => [card.dataset.id, card]));
      arrows = all(".arrow", svg).sort((a, b) => a.dataset.id - b.dataset.id);
      fit(all("text", svg));
    }
    scale();
  }

  find("#steps").addEventListener("click", (event) => {
    if (event.target.matches("a")) find(".bar").scrollIntoView();
  });

  document.documentElement.classList.add("alive");
  setUpNumbers();
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
