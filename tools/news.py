# SPDX-License-Identifier: GPL-2.0-or-later
"""Copies the newest part of changelog.txt into the <news> of addon.xml, which Kodi shows for an update.

usage: python -m tools.news            writes addon.xml
       python -m tools.news --check    fails if the two differ

The newest part has to be about the version in addon.xml.
"""

from __future__ import annotations

import re
import sys
from xml.sax.saxutils import escape

from tools.package import ROOT, VERSION

_NEWS = re.compile(r"<news>.*?</news>", re.DOTALL)
LONGEST = 1500
"""The most characters that Kodi's repository accepts."""


def newest(changelog: str) -> str:
    """Return the first part of the changelog. Raises ValueError if it is about another version or too long."""
    part = changelog.split("\n\n", 1)[0].strip()
    if part.split("\n", 1)[0] != f"v{VERSION}":
        raise ValueError(f"changelog.txt does not begin with v{VERSION}, the version in addon.xml")
    if len(part) > LONGEST:
        raise ValueError(f"the newest part of changelog.txt has more than {LONGEST} characters")
    return part


def with_news(addon_xml: str, changelog: str) -> str:
    """Return addon.xml with the news. Raises ValueError if it has no <news>, or as newest() does."""
    news = f"<news>{escape(newest(changelog))}</news>"
    updated, count = _NEWS.subn(lambda _: news, addon_xml)
    if count != 1:
        raise ValueError("addon.xml has no place for <news>")
    return updated


def main() -> None:
    """Write the news, or check it."""
    file = ROOT / "addon.xml"
    before = file.read_text(encoding="utf-8")
    try:
        after = with_news(before, (ROOT / "changelog.txt").read_text(encoding="utf-8"))
    except ValueError as error:
        sys.exit(str(error))
    if "--check" not in sys.argv:
        file.write_text(after, encoding="utf-8")
    elif after != before:
        sys.exit("<news> in addon.xml is not the newest part of changelog.txt: run `make news`")


if __name__ == "__main__":
    main()
