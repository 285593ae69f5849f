"""Runs every lesson: writes its page into the folder lessons, and an index that links them."""

import html
import re
import runpy
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

HERE = Path(__file__).parent
LESSONS = ["neuron", "sums", "order", "bias", "matmul", "vanishing", "cats"]
INDEX = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Lessons</title>
<style>
html {{ color-scheme: light dark; }}
body {{ font: 1.2rem/1.6 system-ui, sans-serif; margin: 2rem auto; max-width: 38rem; }}
body {{ padding: 0 1rem; }}
li {{ margin: 0.6rem 0; list-style: none; }}
ul {{ padding: 0; }}
</style>
</head>
<body>
<h1>Where gradients come from</h1>
<p>Each page works offline. → and ← step through it.</p>
<ul>
{links}
</ul>
</body>
</html>
"""

links = []
for number, name in enumerate(LESSONS, 1):
    with redirect_stdout(StringIO()):  # the story that each prints is on its page too
        script = runpy.run_path(str(HERE / f"{name}.py"), run_name="__main__")
    target = f"{number}-{name}.html"
    title = re.search("<title>(.*?)</title>", Path("lessons", target).read_text("utf-8"))[1]
    said = html.escape(script["__doc__"])
    print(f"lessons/{target}")
    links.append(f'<li><a href="{target}">{title}</a><br>{said}</li>')
Path("lessons/index.html").write_text(INDEX.format(links="\n".join(links)), encoding="utf-8")
print("lessons/index.html links them")
