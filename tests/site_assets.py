"""What a built site would have a browser fetch from elsewhere: ``python -m tests.site_assets build/docs``."""

from __future__ import annotations

import re
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["fetched"]

_FETCHING = {"script": "src", "img": "src", "iframe": "src", "source": "src", "link": "href", "object": "data"}
_ELSEWHERE = re.compile(r"^(?:https?:)?//", re.IGNORECASE)
_IN_STYLES = re.compile(r"""(?:url\(\s*|@import\s+)["']?((?:https?:)?//[^"')\s]+)""", re.IGNORECASE)


class _Assets(HTMLParser):
    """What a page asks for: scripts, styles, fonts, pictures; links that a reader may follow do not count."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = dict(attrs)
        address = told.get(_FETCHING.get(tag, "")) or ""
        if _ELSEWHERE.match(address) and told.get("rel") not in ("canonical", "license"):
            self.found.append(address)


def fetched(site: Path) -> Iterator[tuple[Path, str]]:
    """Yield each file of a site with an address elsewhere that it would have a browser fetch."""
    for page in sorted(site.rglob("*.html")):
        assets = _Assets()
        text = page.read_text(encoding="utf-8")
        assets.feed(text)
        for address in [*assets.found, *_IN_STYLES.findall(text)]:
            yield page, address
    for sheet in sorted(site.rglob("*.css")):
        for address in _IN_STYLES.findall(sheet.read_text(encoding="utf-8")):
            yield sheet, address


def main() -> None:
    """Say what would be fetched, and fail if there is anything, or no site."""
    site = Path(sys.argv[1])
    found = list(fetched(site))
    for page, address in found:
        sys.stdout.write(f"{page}: {address}\n")
    if found or not (site / "index.html").is_file():
        sys.exit(f"{site}: expected a site that fetches nothing from elsewhere, found {len(found)} addresses")


if __name__ == "__main__":
    main()
