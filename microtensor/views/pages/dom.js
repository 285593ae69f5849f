// Elements, sentences, and what a learner types: what the scripts of all pages use.
const find = (selector, root = document) => root.querySelector(selector);
const all = (selector, root = document) => [...root.querySelectorAll(selector)];
const data = JSON.parse(find("#data").textContent);
const plurals = new Intl.PluralRules(document.documentElement.lang);

/** A sentence with its fields filled in; with a count, its form for one, many, or another.
 * A name that is a word of the language is in quotes. */
function say(key, fields = {}) {
  const form = "count" in fields ? `.${plurals.select(Number(fields.count))}` : "";
  const known = form === ".other" ? undefined : data.sentences[key + form];
  const found = known ?? data.sentences[`${key}.many`];
  const { "name.words": words, "name.quoted": quoted } = data.sentences;
  return found.replace(/\{(\w+)[^}]*\}/g, (_, field) => {
    const name = fields[field];
    return name && words.split(" ").includes(name) ? quoted.replace("{name}", name) : name;
  });
}

const DRAWN = ["g", "path", "polyline", "rect", "svg", "text"];

/** An element with attributes, and in it texts and other elements. */
function element(tag, attributes = {}, ...inside) {
  const made = DRAWN.includes(tag)
    ? document.createElementNS(find("svg").namespaceURI, tag)
    : document.createElement(tag);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...inside);
  return made;
}

const paragraph = (text, looks) => element("p", looks, text);

/** Whether an element is of a kind: with the class, or without it. */
const mark = (some, kind, on) => some.classList.toggle(kind, Boolean(on));
const isPlainKey = (event) => !(event.ctrlKey || event.altKey || event.metaKey);

const plain = (text) =>
  /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : NaN;
/** What was typed, without spaces and brackets, and with one kind of minus sign. */
const bare = (text) => text.replace(/[\s\u00a0()]/g, "").replace(/[−–—‐‑﹣-]/g, "-");
/** What was typed as a number, with a point or a comma; nan if it is none. */
const typed = (text) => plain(bare(text).replace(",", "."));
