"""What an index is told beside pyproject.toml: the repository's address, and README with its links
and pictures there. The address is that of the clone it is built from, where that is GitHub's."""

import re
import subprocess
from pathlib import Path

from hatchling.metadata.plugin.interface import MetadataHookInterface

LINK = re.compile(r"(\]\(|(?:src|srcset|href)=\")(?![a-z]+:|#)([^)\"\s]+)")


class Address(MetadataHookInterface):
    """Fills in `readme` and `urls`."""

    def update(self, metadata: dict) -> None:
        """Of a clone of another place, README stays as it is, and there are no addresses."""
        if "readme" in metadata:  # a source distribution has both
            return
        text = Path(self.root, "README.md").read_text("utf-8")
        if place := _repository(self.root):
            home = f"https://github.com/{place}"
            metadata["urls"] = {
                "Source": home,
                "Issues": f"{home}/issues",
                "Changelog": f"{home}/blob/HEAD/CHANGELOG.md",
            }
            text = LINK.sub(lambda link: link[1] + _absolute(place, link[2]), text)
        metadata["readme"] = {"content-type": "text/markdown", "text": text}


def _repository(root: str) -> str:
    """`owner/name` of the clone's origin; without what may stand before it, such as a password."""
    if not Path(root, ".git").exists():
        return ""
    try:
        origin = subprocess.run(
            ["git", "-C", root, "remote", "get-url", "origin"], capture_output=True, text=True
        ).stdout
    except OSError:
        return ""
    found = re.search(r"(?:^|[/@])github\.com[:/]([\w.-]+/[\w.-]+?)(?:\.git)?/?$", origin.strip())
    return found[1] if found else ""


def _absolute(place: str, target: str) -> str:
    if target.endswith((".svg", ".png", ".jpg")):
        return f"https://raw.githubusercontent.com/{place}/HEAD/{target}"
    return f"https://github.com/{place}/blob/HEAD/{target}"
