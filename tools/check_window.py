# SPDX-License-Identifier: GPL-2.0-or-later
"""Checks the XML of the sign-in window with kdk, the skin validator of Team Kodi, for each release that it knows.

kdk checks whole skins, so the window is put into a skin that has nothing else. Only what kdk says of the window counts.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tools.package import ROOT

RELEASES = ("omega", "piers")
SKIN = ROOT / "resources/skins/default"

_ADDON = """<addon id="skin.window" name="Window" version="1.0.0" provider-name="Tests">
    <requires><import addon="xbmc.gui" version="5.17.0"/></requires>
    <extension point="xbmc.gui.skin">
        <res width="1920" height="1080" aspect="16:9" default="true" folder="1080i"/>
    </extension>
    <extension point="xbmc.addon.metadata"/>
</addon>
"""
_FONTS = """<fonts><fontset id="Default" idloc="31390">
    <font><name>font13</name><filename>any.ttf</filename><size>30</size></font>
</fontset></fonts>
"""


def findings(release: str, name: str, xml: str) -> list[str]:
    """Return what kdk finds in a window: the line and the message of each error and warning."""
    with tempfile.TemporaryDirectory() as folder:
        skin = Path(folder)
        shutil.copytree(SKIN / "media", skin / "media")
        (skin / "1080i").mkdir()
        (skin / "1080i" / name).write_text(xml)
        (skin / "addon.xml").write_text(_ADDON)
        (skin / "1080i/Font.xml").write_text(_FONTS)
        command = [sys.executable, "-m", "kdk", "validate", "--isolated", "--json", "--exit-zero", "--release", release]
        done = subprocess.run([*command, folder], stdout=subprocess.PIPE, check=True)
    categories = json.loads(done.stdout)["categories"].values()
    found = [each for category in categories for each in category if each["file"] == f"1080i/{name}"]
    return [f"{name}:{each['line']}: {each['message']}" for each in found]


def main() -> None:
    """Check the window for each release."""
    if sys.version_info < (3, 10):
        print("the window is not checked: kdk needs Python 3.10")
        return
    (window,) = SKIN.glob("1080i/*.xml")
    xml = window.read_text()
    found = [f"{release}: {finding}" for release in RELEASES for finding in findings(release, window.name, xml)]
    print("\n".join(found) or f"{window.name}: nothing found for {' and '.join(RELEASES)}")
    broken = xml.replace("<onup>10</onup>", "<onup>977</onup>")
    if found or not all(findings(release, window.name, broken) for release in RELEASES):
        sys.exit("kdk has found something" if found else "kdk does not find a control that is missing")


if __name__ == "__main__":
    main()
