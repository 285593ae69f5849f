"""Writes the course: every lesson and an index, linked in order, in English and Spanish.

python examples/lessons/all.py [--language en|es]
"""

import argparse
import html
import os
import re
import runpy
from base64 import b64encode
from hashlib import sha256
from pathlib import Path

HERE = Path(__file__).parent
LESSONS = (
    "nudge gates neuron sums order backward bias matmul relu softmax descent vanishing dead shared "
    "nan cats"
).split()
FOLDERS = {"en": Path("lessons"), "es": Path("lessons/es")}
WORDS = {
    "en": {
        "course": "Where gradients come from",
        "about": "A course in {count} lessons. Each page works offline and shows one idea: → and ← "
        "step through it, most of its numbers can be changed, and three questions tell whether it "
        "was understood.",
        "index": "All lessons",
        "dark": "Dark",
        "light": "Light",
        "name": "English",
    },
    "es": {
        "course": "De dónde vienen los gradientes",
        "about": "Un curso en {count} lecciones. Cada página funciona sin conexión y muestra una "
        "sola idea: con → y ← la recorres paso a paso, casi todos sus números se pueden cambiar y "
        "tres preguntas dicen si la has entendido.",
        "index": "Todas las lecciones",
        "dark": "Oscuro",
        "light": "Claro",
        "name": "Español",
    },
}


def write_course(languages):
    """Writes the pages of some languages; prints their paths."""
    scripts = [runpy.run_path(str(HERE / f"{name}.py")) for name in LESSONS]
    files = [f"{i:02}-{name}.html" for i, name in enumerate(LESSONS, 1)]
    for language in languages:
        words, folder = WORDS[language], FOLDERS[language]
        titles = [f"{i}. {s['LESSON'][language]['title']}" for i, s in enumerate(scripts, 1)]
        for i, script in enumerate(scripts):
            links = {f"← {titles[i - 1]}": files[i - 1]} if i else {}
            links[words["index"]] = "index.html"
            links |= {f"{title} →": files[i + 1] for title in titles[i + 1 : i + 2]}
            links |= switch(language, languages, files[i])
            lesson = script["LESSON"][language] | {"title": titles[i]}
            written = script["write"](folder / files[i], links=links, language=language, **lesson)
            print(Path(written).as_posix())
        lines = [script["LINES"][language] for script in scripts]
        index = folder / "index.html"
        links = switch(language, languages, "index.html")
        theme = re.search("<script>.*?</script>", Path(written).read_text("utf-8"), re.DOTALL)[0]
        text = contents(language, files, titles, lines, links, theme)
        index.write_text(text, encoding="utf-8")
        print(f"{index.as_posix()} links them")


def switch(language, languages, file):
    """The links to the same page in the other languages that are written, at the same step."""
    here = FOLDERS[language]
    return {
        WORDS[other]["name"]: Path(os.path.relpath(FOLDERS[other] / file, here)).as_posix() + "#"
        for other in languages
        if other != language
    }


def contents(language, files, titles, lines, links, theme):
    """The index as HTML: with the `theme` script of the lessons, and the scores that they keep."""
    words = WORDS[language]
    items = "\n".join(
        f'<li><a href="{file}">{html.escape(title)}</a> <b class="score"></b>'
        f"<br>{html.escape(line)}</li>"
        for file, title, line in zip(files, titles, lines, strict=True)
    )
    nav = " ".join(f'<a href="{link}">{text}</a>' for text, link in links.items())
    about = words["about"].format(count=len(files))
    filled = {"language": language, "nav": nav, "items": items, "theme": theme, **words}
    template = (HERE / "index.html").read_text(encoding="utf-8")
    return sealed(template.format(**filled | {"about": about, "policy": "{policy}"}))


def sealed(text):
    """A page with the policy that it runs its own scripts, has its own style, and loads nothing."""
    policy = "default-src 'none'; base-uri 'none'; form-action 'none'"
    for tag in ("script", "style"):
        codes = re.findall(f"<{tag}>(.*?)</{tag}>", text, re.DOTALL)
        digests = (b64encode(sha256(code.encode()).digest()).decode() for code in codes)
        policy += f"; {tag}-src " + " ".join(f"'sha256-{digest}'" for digest in digests)
    return text.replace("{policy}", policy, 1)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--language", choices=WORDS, help="only this one; both by default")
    chosen = parser.parse_args().language
    write_course([chosen] if chosen else list(WORDS))
