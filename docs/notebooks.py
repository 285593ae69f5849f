"""Writes the tutorial as notebooks, of which the pages in docs/ are the text.

    python docs/notebooks.py               tutorial.ipynb and tutorial-es.ipynb, into this folder
    python docs/notebooks.py --pictures    runs them too, and renews the pictures of the pages

It needs `pip install -e ".[notebooks]"`. A page has pictures where a notebook shows its own, which
therefore leaves them out.
"""

import argparse
import base64
import re
from pathlib import Path

import jupytext
import nbformat

DOCS = Path(__file__).parent
PAGES = {"tutorial": DOCS / "tutorial.md", "tutorial-es": DOCS / "es" / "tutorial.md"}
PICTURE = re.compile(r"^!\[.*\]\(.*\)\n\n", re.MULTILINE)
SHOWN = re.compile(r"^```python\n((?:(?!```).*\n)*)```\n\n!\[.*\]\((.*)\)", re.MULTILINE)
KINDS = {".svg": "image/svg+xml", ".png": "image/png", ".jpg": "image/jpeg"}
BOTH_KINDS = """
from matplotlib_inline.backend_inline import set_matplotlib_formats

set_matplotlib_formats("png", "jpeg")
"""


def notebook(text):
    """A page's text as a notebook, without its pictures."""
    made = jupytext.reads(PICTURE.sub("", text), {"extension": ".md", "split_at_heading": True})
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    made.metadata = {"kernelspec": kernel, "language_info": {"name": "python"}}
    return made


def renew_pictures(page, text):
    """Run a page's notebook; write what a cell shows where the page has a picture behind it."""
    from nbclient import NotebookClient

    made = notebook(text)
    made.cells.insert(0, nbformat.v4.new_code_cell(BOTH_KINDS))
    NotebookClient(made, timeout=None).execute()
    outputs = {cell.source: cell.outputs for cell in made.cells if cell.cell_type == "code"}
    for source, path in SHOWN.findall(text):
        kind = KINDS[Path(path).suffix]
        (data,) = (x.data[kind] for x in outputs[source.strip()] if kind in x.get("data", {}))
        raw = data.encode() if path.endswith(".svg") else base64.b64decode(data)
        (page.parent / path).write_bytes(raw)
        print(page.parent / path)


def main(arguments=None):
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pictures", action="store_true", help="run them, and renew the pictures")
    options = parser.parse_args(arguments)
    for name, page in PAGES.items():
        text = page.read_text(encoding="utf-8")
        nbformat.write(notebook(text), f"{name}.ipynb")
        print(f"{name}.ipynb")
        if options.pictures:
            renew_pictures(page, text)


if __name__ == "__main__":
    main()
