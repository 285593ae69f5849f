"""What the site has beside the pages in docs, made by MkDocs while it builds: pages of README,
docstrings, files and models; formulas, diagrams and languages that need no network."""

import ast
import os
import posixpath
import re
import runpy
import subprocess
import sys
from html import escape, unescape
from pathlib import Path
from tempfile import TemporaryDirectory
from textwrap import indent

import nbformat
from latex2mathml.converter import convert
from mkdocs.structure.files import File, InclusionLevel
from pymdownx.slugs import slugify

import microtensor
from microtensor.views.rendering import render

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
PAGES = {  # what stands elsewhere: where it is in the site, and under which title
    "README.md": ("tour.md", "The five-minute tour"),
    "README.es.md": ("es/tour.md", "Un paseo de cinco minutos"),
    "CONTRIBUTING.md": ("contributing.md", "Contributing"),
    "CHANGELOG.md": ("changelog.md", "Changelog"),
}
NOTEBOOKS = {  # of the page: where it is, and the line that leads to it and to the wheel
    "tutorial.md": (
        "tutorial.ipynb",
        "Download this page as a [notebook]({}), and the [wheel]({}) for its first cell.",
    ),
    "es/tutorial.md": (
        "es/tutorial-es.ipynb",
        "Descarga esta página como [cuaderno]({}) y el [*wheel*]({}) para su primera celda.",
    ),
}
WHEEL = f"microtensor-{microtensor.__version__}-py3-none-any.whl"
AS_THEY_ARE = (".png", ".svg", ".jpg", ".html")
LINK = re.compile(  # the target of a link or a picture; or code, which has none
    r"(?P<code>^(?P<ticks>`{3,}).*?^(?P=ticks)$)"
    r"|(?P<before>\]\(|(?:src|srcset|href)=\")(?![a-z]+:)(?P<target>[^)\"\s#]+)",
    re.DOTALL | re.MULTILINE,
)
THEMED = re.compile(
    r'<picture>\s*<source [^>]*srcset="(.+?)">\s*<img alt="(.*?)" src="(.+?)">\s*</picture>'
)
FORMULA = re.compile(r'<(span|div) class="arithmatex">\\[(\[](.*?)\\[)\]]</\1>', re.DOTALL)


def on_config(config):
    """Sets what names a function."""
    config.mdx_configs["toc"]["slugify"] = slugify(case="lower")  # as GitHub does
    fence = {"name": "mermaid", "class": "mermaid", "format": diagram}
    config.mdx_configs["pymdownx.superfences"] = {"custom_fences": [fence]}
    return config


# Pages that don't stand in docs, and files that pages link to ------------------------------------


def on_files(files, config):
    """Adds the pages that are made, and what they and the others link to."""
    for source, (place, _) in PAGES.items():
        if (ROOT / source).exists():
            files.append(File.generated(config, place, abs_src_path=str(ROOT / source)))
    for place, text in runpy.run_path(str(DOCS / "reference.py"))["pages"]().items():
        files.append(File.generated(config, place, content=text))
    for place, text in courses():
        files.append(File.generated(config, place, content=text))
    for place, content in downloads():
        files.append(_beside(config, place, content=content))
    trained()
    for path in [*ROOT.glob("gallery/*.[ps][nv]g"), *ROOT.glob("lessons/**/*.html")]:
        files.append(_beside(config, uri(path), abs_src_path=str(path)))
    sources = [Path(file.abs_src_path) for file in files.documentation_pages() if file.abs_src_path]
    while sources:
        for target in _targets(sources.pop()):
            place = uri(target)
            if not target.exists() or place in files.src_uris:
                continue
            if place.endswith(".md"):
                files.append(_beside(config, place, content=listing(target)))
                sources += [target] if target.is_dir() else []
            else:
                files.append(_beside(config, place, abs_src_path=str(target)))
    return files


def downloads():
    """The tutorial's notebooks, and the wheel that their first cell installs."""
    notebook = runpy.run_path(str(DOCS / "notebooks.py"))["notebook"]
    for page, (place, _) in NOTEBOOKS.items():
        yield place, nbformat.writes(notebook((DOCS / page).read_text("utf-8")))
    with TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "-w", folder, ROOT]
        subprocess.run(command, check=True)
        yield WHEEL, (Path(folder) / WHEEL).read_bytes()


def _beside(config, place, **file):
    return File.generated(config, place, inclusion=InclusionLevel.NOT_IN_NAV, **file)


def _targets(path):
    """The files that a page links to, or that a folder holds."""
    if path.is_dir():
        return sorted(path.glob("*.py"))
    links = LINK.finditer(path.read_text("utf-8"))
    return [(path.parent / link["target"]).resolve() for link in links if link["target"]]


def uri(path):
    """Where a file of the repository stands in the site."""
    if path.is_relative_to(DOCS):
        return path.relative_to(DOCS).as_posix()
    place = path.relative_to(ROOT).as_posix()
    return place if place.endswith(AS_THEY_ARE) else PAGES.get(place, [f"source/{place}.md"])[0]


def listing(path):
    """The page of a file that isn't a page, or of a folder."""
    place = path.relative_to(ROOT).as_posix()
    head = f"---\nhide: [navigation, toc]\nsearch: {{ exclude: true }}\n---\n# {place}\n\n"
    if path.is_dir():
        names = "\n".join(f"- [{x.name}]({path.name}/{x.name}.md)" for x in _targets(path))
        return f"{head}The scripts of this folder.\n\n{names}\n"
    language = {".py": "py", ".toml": "toml"}.get(path.suffix, "text")
    return f"{head}`````{language}\n{path.read_text('utf-8')}`````\n"


def on_page_markdown(markdown, page, config, files):
    """Titles and links as the site has them, and what the gallery shows."""
    here, path = page.file.src_uri, page.file.abs_src_path
    if not path:  # it is made for the site
        return markdown
    titles = dict(PAGES.values())
    if here in titles:
        markdown = re.sub("^# .*", f"# {titles[here]}", markdown)
    if here.endswith("tour.md"):
        markdown = markdown.rpartition("\n## ")[0]  # the last part leads to the other pages
    if here.endswith("index.md"):
        page.meta["hide"] = ["navigation", "toc"]
    if here in NOTEBOOKS:
        place, line = NOTEBOOKS[here]
        folder = posixpath.dirname(place)
        links = line.format(*(posixpath.relpath(x, folder) for x in (place, WHEEL)))
        markdown = re.sub("(?<=^# )(.*)", rf"\1\n\n{links}", markdown, count=1)
    if here == "gallery.md":
        markdown += gallery(markdown)

    def placed(link):
        if link["code"]:
            return link[0]
        target = uri((Path(path).parent / link["target"]).resolve())
        return link["before"] + posixpath.relpath(target, posixpath.dirname(here))

    themed = THEMED.sub(r"![\2](\3#only-light)\n![\2](\1#only-dark)", markdown)
    return LINK.sub(placed, themed)


# The gallery and the course ---------------------------------------------------------------------


def made(script, written, *options):
    """Runs a script of examples if what it writes is older; returns what it says.

    What it writes may be older than microtensor: without the folder, all of it is made anew.
    """
    said = ROOT / written
    newest = max(x.stat().st_mtime for x in script.parent.glob("*.*"))
    if said.exists() and said.stat().st_mtime > newest:
        return said.read_text("utf-8")
    print(f"runs {script.relative_to(ROOT)}", flush=True)
    alone = {"PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8", "OPENBLAS_NUM_THREADS": "1"}
    run = subprocess.run(
        [sys.executable, script, *options],
        cwd=ROOT,
        env={**os.environ, **alone},
        check=True,
        stdout=subprocess.PIPE,
        encoding="utf-8",
    )
    said.write_text(run.stdout, "utf-8")
    return run.stdout


def trained():
    """What each model of the gallery says; their figures and graphs are in ./gallery."""
    scripts = [x for x in sorted((ROOT / "examples/models").glob("*.py")) if x.stem != "gallery"]
    return {x.stem: made(x, f"gallery/{x.stem}.txt", "--out", "gallery") for x in scripts}


def gallery(page):
    """A section for each model: what it shows, its figure; folded, its graph and what it says."""
    parts = ["\n## What each has learnt\n"]
    for name, said in sorted(trained().items(), key=lambda pair: page.index(f"/{pair[0]}.py")):
        code = ast.parse((ROOT / f"examples/models/{name}.py").read_text("utf-8"))
        about = ast.get_docstring(code).partition("\n\n")[0]
        parts.append(f"### {name}\n\n{about} ([The file](../examples/models/{name}.py))\n")
        parts.append(f"![The figure of {name}](../gallery/{name}.png){{ .figure }}\n")
        if (ROOT / f"gallery/{name}.svg").exists():
            picture = f"![The graph of {name}](../gallery/{name}.svg)"
            parts.append(f'??? abstract "Its graph"\n    {picture}\n')
        said = re.sub(r"^(figure|picture): .*\n", "", said, flags=re.MULTILINE).strip()
        said = indent(f"```text\n{said}\n```", "    ")
        parts.append(f'??? quote "What it says"\n{said}\n')
    return "\n".join(parts)


def courses():
    """A page for each language of the course: by its place, what leads to the lessons."""
    made(ROOT / "examples/lessons/all.py", "lessons/all.txt")
    for index in (ROOT / "lessons").rglob("index.html"):
        text = index.read_text("utf-8")
        title, about = (re.search(f"<{x}.*?>(.*?)</{x}>", text, re.DOTALL)[1] for x in ("h1", "p"))
        place = index.parent.relative_to(ROOT / "lessons") / "course.md"
        folder = posixpath.relpath(f"lessons/{place.parent}", place.parent)
        items = re.findall(r'<li><a href="(.*?)">(.*?)</a>.*?<br>\s*(.*?)</li>', text, re.DOTALL)
        rows = [f"- [{name}]({folder}/{file})<br>{line}\n" for file, name, line in items]
        yield place.as_posix(), f"# {title}\n\n{about}\n\n" + "".join(rows)


# What needs no script and no network in a browser -----------------------------------------------


def on_page_content(html, page, config, files):
    """Formulas as MathML."""

    def drawn(formula):
        display = "block" if formula[1] == "div" else "inline"
        return convert(unescape(formula[2]), display=display)

    return FORMULA.sub(drawn, html)


def diagram(source, language, css_class, options, md, **_):
    """A flowchart of Mermaid's as SVG: boxes with labels, and arrows."""
    boxes = re.findall(r'(\w+)\["(.*?)"\]', source.replace("<br/>", r"\n"))
    arrows = re.findall(r'(\w+)(?:\[".*?"\])? --> (\w+)', source)
    lines = [f'{name} [label="{label}"]' for name, label in boxes]
    lines += [f"{start} -> {end}" for start, end in arrows]
    dot = (
        "digraph { bgcolor=transparent nodesep=0.2 ranksep=0.3 "
        "node [shape=box style=rounded fontname=Helvetica fontsize=12] "
        f"{'; '.join(lines)} }}"
    )
    svg = render(dot, "svg").decode()
    svg = re.sub(r"<title>.*?</title>", "", svg[svg.index("<svg") :])
    said = escape("; ".join(f"{start} to {end}" for start, end in arrows))
    return f'<div class="diagram" role="img" aria-label="Arrows: {said}">{svg}</div>'


def on_page_context(context, page, config, nav):
    """The language of the page, and where it stands in the other one."""
    here = page.file.src_uri
    spanish = here.startswith("es/")
    config.theme["language"] = "es" if spanish else "en"
    known = {item.file.src_uri: item.file.url for item in nav.pages}
    other = here.removeprefix("es/") if spanish else f"es/{here}"
    for row in config.extra["alternate"]:
        home = "es/index.md" if row["lang"] == "es" else "index.md"
        own = (row["lang"] == "es") == spanish
        row["link"] = page.url if own else known.get(other, known[home])
    return context
