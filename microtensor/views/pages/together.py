"""Pages that say the same, each in its language, as one: the first is there, others are packed."""

from __future__ import annotations

import gzip
import json
import re
from base64 import b64encode
from collections.abc import Callable, Mapping
from typing import Any

from ...errors import in_brief
from ..languages import catalogue, chosen, speaking
from .document import file_text, hashed


def translated(
    written: Callable[..., str], texts: dict[str, Any], translations: Mapping[str, Any]
) -> str:
    """The page that `written` gives of its texts, and with translations of these all of them.

    `translations` has for each other language those of the texts that are its own.
    """
    pages = {chosen(): written(**texts)}
    if not isinstance(translations, Mapping):
        raise TypeError(
            "page: translations is a dict of languages and their texts, "
            f"{{'es': {{'title': 'Una neurona'}}}}, got {in_brief(translations)}"
        )
    for code, own in translations.items():
        with speaking(code, "page"):
            if code in pages:
                raise ValueError(f"page: translations has {code!r}, which the page itself is in")
            if not isinstance(own, Mapping) or not texts.keys() >= own.keys():
                known = ", ".join(texts)
                raise TypeError(
                    f"page: a translation is a dict with some of {known}, got {in_brief(own)}"
                )
            pages[code] = written(**{**texts, **own})
    return _together(pages) if translations else pages[chosen()]


def _together(pages: dict[str, str]) -> str:
    """The first of the pages, with a switch to the others; no script runs before one is chosen."""
    stopped = (page.replace("<script>", '<script type="text/plain">') for page in pages.values())
    first, *others = stopped
    packed = (b64encode(gzip.compress(page.encode(), mtime=0)).decode() for page in others)
    data = {
        "names": {code: catalogue(code).sentences["language"] for code in pages},
        "pages": dict(zip(list(pages)[1:], packed, strict=True)),
    }
    script = file_text("languages.js")
    ends = (
        f'<script id="languages" type="application/json">{json.dumps(data)}</script>\n'
        f"<script>{script}</script>\n</body>"
    )
    whole = "".join(pages.values()) + ends
    for tag in ("script", "style"):
        codes = dict.fromkeys(re.findall(f"<{tag}>(.*?)</{tag}>", whole, re.DOTALL))
        start, end = re.split(f"{tag}-src [^;]*", first, maxsplit=1)
        first = f"{start}{tag}-src {' '.join(map(hashed, codes))}{end}"
    return first.replace("</body>", ends, 1)
