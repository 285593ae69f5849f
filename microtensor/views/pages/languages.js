// A page in several languages: shows the one that the address names, or that was chosen before.
// Each is a whole page. The others are packed, and none of their scripts has run before this one.
"use strict";
(() => {
  const KEY = "microtensor-language";
  const own = document.documentElement.lang;
  const { names, pages } = JSON.parse(document.querySelector("#languages").textContent);

  function remembered() {
    try {
      return localStorage.getItem(KEY);
    } catch {
      return null; // a browser that keeps nothing
    }
  }

  /** Puts a packed page in this one's place. */
  async function unpack(packed) {
    const bytes = Uint8Array.from(atob(packed), (letter) => letter.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    const page = new DOMParser().parseFromString(await new Response(stream).text(), "text/html");
    document.replaceChild(document.adoptNode(page.documentElement), document.documentElement);
  }

  /** A link to this page, at the same step, in another language. */
  function link([code, name]) {
    const made = document.createElement("a");
    const address = () => `?language=${code}${location.hash}`;
    Object.assign(made, { lang: code, hreflang: code, textContent: name, href: address() });
    made.addEventListener("click", () => {
      made.href = address();
      try {
        localStorage.setItem(KEY, code);
      } catch {
        // the address says it
      }
    });
    return made;
  }

  function start() {
    const others = Object.entries(names).filter(([code]) => code !== document.documentElement.lang);
    document.querySelector("header").lastElementChild.before(...others.map(link));
    for (const script of document.querySelectorAll('script[type="text/plain"]')) {
      const live = document.createElement("script");
      live.textContent = script.textContent;
      script.replaceWith(live);
    }
  }

  const wanted = [new URLSearchParams(location.search).get("language"), remembered()];
  const code = wanted.find((known) => known in names);
  const packed = typeof DecompressionStream === "function" && code !== own && pages[code];
  if (packed) unpack(packed).then(start);
  else start();
})();
