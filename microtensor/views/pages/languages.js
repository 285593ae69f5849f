// A page in several languages: shows the one that the address names, or that was chosen before.
// Each is a whole page. The others are packed, and none of their scripts has run before this one.
"use strict";
(() => {
  const KEY = "microtensor-language";
  const root = () => document.documentElement;
  const { names, pages } = JSON.parse(document.querySelector("#languages").textContent);

  /** Reads or writes what was chosen; a browser that keeps nothing throws. */
  function kept(use) {
    try {
      return use(localStorage);
    } catch {
      return null; // the address says it
    }
  }

  /** Puts a packed page in this one's place. */
  async function unpack(packed) {
    const bytes = Uint8Array.from(atob(packed), (letter) => letter.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    const page = new DOMParser().parseFromString(await new Response(stream).text(), "text/html");
    document.replaceChild(document.adoptNode(page.documentElement), root());
  }

  /** A link to this page, at the same step, in another language. */
  function link([code, name]) {
    const made = document.createElement("a");
    const follow = () => (made.href = `?language=${code}${location.hash}`);
    Object.assign(made, { lang: code, hreflang: code, textContent: name });
    follow();
    made.addEventListener("click", () => {
      follow();
      kept((store) => store.setItem(KEY, code));
    });
    return made;
  }

  function start() {
    const others = Object.entries(names).filter(([code]) => code !== root().lang);
    document.querySelector("header").lastElementChild.before(...others.map(link));
    for (const script of document.querySelectorAll('script[type="text/plain"]')) {
      const live = document.createElement("script");
      live.textContent = script.textContent;
      script.replaceWith(live);
    }
  }

  const asked = new URLSearchParams(location.search);
  const wanted = [asked.get("language"), asked.get(KEY), kept((store) => store.getItem(KEY))];
  const code = wanted.find((known) => Object.hasOwn(names, known));
  const packed = typeof DecompressionStream === "function" && code !== root().lang && pages[code];
  if (packed) unpack(packed).then(start);
  else start();
})();
