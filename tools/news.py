# SPDX-License-Identifier: GPL-2.0-or-later
"""Puts the newest part of changelog.txt into addon.xml as <news>, which is what Kodi shows of an update.

usage: python -m tools.news            writes it
       python -m tools.news --check    fails where the two differ

The version is addon.xml's alone: the part has to be about that one.
"""

import re
import sys
from xml.sax.saxutils import escape

from tools.package import ROOT, VERSION

_NEWS = re.compile(r"<news>.*?</news>", re.DOTALL)
LONGEST = 1500
"""Characters, a limit of Kodi's repository."""


def newest(changelog: str) -> str:
    """The newest part, the first; raises ValueError unless it is about this version, and short enough."""
    part = changelog.split("\n\n", 1)[0].strip()
    if part.split("\n", 1)[0] != f"v{VERSION}":
        raise ValueError(f"changelog.txt does not begin with v{VERSION}, the version in addon.xml")
    if len(part) > LONGEST:
        raise ValueError(f"the newest part of changelog.txt has more than {LONGEST} characters")
    return part


def with_news(addon_xml: str, changelog: str) -> str:
    """addon.xml with the news in it."""
    news = f"<news>{escape(newest(changelog))}</news>"
    updated, count = _NEWS.subn(lambda _: news, addon_xml)
    if count != 1:
        raise ValueError("addon.xml has no place for <news>")
    return updated


def main() -> None:
    """Write or check."""
    file = ROOT / "addon.xml"
    before = file.read_text(encoding="utf-8")
    try:
        after = with_news(before, (ROOT / "changelog.txt").read_text(encoding="utf-8"))
    except ValueError as error:
        sys.exit(str(error))
    if "--check" not in sys.argv:
        file.write_text(after, encoding="utf-8")
    elif after != before:
        sys.exit("<news> in addon.xml is not the newest part of changelog.txt: `make news` puts it there")


if __name__ == "__main__":
    main()
