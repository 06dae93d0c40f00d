# SPDX-License-Identifier: GPL-2.0-or-later
"""The home folder of a Kodi for a test: the add-on as it ships, the modules that it needs, and Kodi's settings."""

from __future__ import annotations

import re
import shutil
import sqlite3
from importlib import metadata
from pathlib import Path

import trustme

from tools.package import ADDON_ID, ROOT, read_shipped, shipped_files

MODULES = ROOT / ".venv"
"""`make` installs the modules of kodi-19.txt into its folder kodi-19, and those of the other releases likewise."""

HELPER_ADDONS = ROOT / "tests/kodi/addons"
CONSUMERS = ROOT / "tests/kodi/consumers"
EXAMPLES = ROOT / "docs/for-add-ons.md"

_NEEDED = {"requests": ["urllib3", "certifi", "chardet", "idna"], "qrcode": ["six", "pil"]}
"""The modules that a module add-on requires. Kodi itself brings pil."""

AUTOMATIC, NEVER = 0, 2
"""Kodi's numbers in general.addonupdates: whether it updates add-ons."""

_GUISETTINGS = """<settings version="2">
    <setting id="services.webserver">true</setting>
    <setting id="services.webserverport">{port}</setting>
    <setting id="services.webserverauthentication">false</setting>
    <setting id="services.esenabled">false</setting>
    <setting id="services.upnp">false</setting>
    <setting id="services.zeroconf">false</setting>
    <setting id="general.addonupdates">{addon_updates}</setting>
    <setting id="general.addonnotifications">false</setting>
    <setting id="general.settinglevel">2</setting>
    <setting id="screensaver.mode"></setting>
    <setting id="audiooutput.streamsilence">0</setting>
    <setting id="audiooutput.guisoundmode">0</setting>
    <setting id="videoscreen.screenmode">{screen_mode}</setting>
    <resolutions/>
    <skinsettings/>
    <viewstates/>
</settings>
"""
"""Kodi plays no sounds, not even silence: the null device of build() never blocks, so silence takes 40 % of a core."""

_ADVANCEDSETTINGS = """<advancedsettings version="1.0">
    <loglevel hide="true">1</loglevel>
    <splash>false</splash>
</advancedsettings>
"""

MODULE_ADDON = """<?xml version="1.0" encoding="UTF-8"?>
<addon id="script.module.{name}" name="{name}" version="{version}" provider-name="PyPI">
    <requires><import addon="xbmc.python" version="3.0.0"/>{imports}</requires>
    <extension point="xbmc.python.module" library="lib"/>
    <extension point="xbmc.addon.metadata"/>
</addon>
"""


def build(home: Path, port: int, windowed: bool = False, addon_updates: int = NEVER) -> None:
    """Make a home folder that holds only Kodi's settings and the add-ons that help the tests."""
    addons, userdata = home / ".kodi/addons", home / ".kodi/userdata"
    userdata.mkdir(parents=True)
    shutil.copytree(HELPER_ADDONS, addons)
    (home / ".asoundrc").write_text("pcm.!default { type null }\n")  # otherwise Kodi looks for a sound card for 5 s
    (userdata / "guisettings.xml").write_text(
        _GUISETTINGS.format(port=port, screen_mode="WINDOW" if windowed else "DESKTOP", addon_updates=addon_updates)
    )
    (userdata / "advancedsettings.xml").write_text(_ADVANCEDSETTINGS)


def add_addon(home: Path, authority: trustme.CA, client_id: str, consumers: bool, release: str) -> None:
    """Put the add-on and the modules that it needs into the home folder. Kodi does not enable them by itself.

    consumers: also put in the add-ons that use the account, with the examples of the documentation.
    """
    addons = home / ".kodi/addons"
    for path in shipped_files():
        target = addons / ADDON_ID / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(read_shipped(path, client_id))
    add_modules(addons, authority, release)
    if consumers:
        shutil.copytree(CONSUMERS, addons, dirs_exist_ok=True)
        _write_examples(addons / "plugin.video.example")


def set_skin(home: Path, skin: str) -> None:
    """Set the skin of the next Kodi in this home folder."""
    _set(home, "lookandfeel.skin", skin)
    folder = home / ".kodi/userdata/addon_data" / skin
    folder.mkdir(parents=True, exist_ok=True)
    # At its first run Estouchy shows an introduction, and Kodi does not answer until the user has closed it.
    (folder / "settings.xml").write_text('<settings><setting id="FirstRun" type="string">done</setting></settings>')


def set_language(home: Path, language: str) -> None:
    """Set the language of the next Kodi in this home folder, such as "de_de"."""
    _set(home, "locale.language", f"resource.language.{language}")
    if language[:2] in ("ar", "he", "ja", "ko", "zh"):  # Kodi's settings do this when the user chooses one of these
        _set(home, "lookandfeel.font", "Arial")


def set_screensaver(home: Path, minutes: int) -> None:
    """Let the next Kodi in this home folder dim its screen after so many minutes without a key press."""
    _set(home, "screensaver.mode", "screensaver.xbmc.builtin.dim")
    _set(home, "screensaver.time", str(minutes))


def accept_zips(home: Path) -> None:
    """Let the next Kodi in this home folder install add-ons from zips."""
    _set(home, "addons.unknownsources", "true")


def _set(home: Path, setting: str, value: str) -> None:
    file = home / ".kodi/userdata/guisettings.xml"
    text = re.sub(rf'<setting id="{re.escape(setting)}"[^>]*?(/>|>[^<]*</setting>)', "", file.read_text())
    file.write_text(text.replace("</settings>", f'<setting id="{setting}">{value}</setting></settings>'))
    database = next((home / ".kodi/userdata/Database").glob("Addons*.db"))
    with sqlite3.connect(database) as connection:
        connection.execute("UPDATE installed SET enabled = 1 WHERE addonID = ?", (value,))
    connection.close()


def fill_in_client_id(home: Path, client_id: str) -> None:
    """Make this client id the build's default in the add-on of this home folder."""
    path = Path("resources/settings.xml")
    (home / ".kodi/addons" / ADDON_ID / path).write_bytes(read_shipped(path, client_id))


def enable_addons(home: Path) -> None:
    """Enable every add-on in Kodi's database. Kodi has to have run once in this home folder, and to have ended."""
    ids = [path.name for path in (home / ".kodi/addons").iterdir() if (path / "addon.xml").is_file()]
    database = next((home / ".kodi/userdata/Database").glob("Addons*.db"))
    with sqlite3.connect(database) as connection:
        for addon_id in ids:
            connection.execute("UPDATE installed SET enabled = 1 WHERE addonID = ?", (addon_id,))
        enabled = {row[0] for row in connection.execute("SELECT addonID FROM installed WHERE enabled = 1")}
    connection.close()
    missing = set(ids) - enabled
    assert not missing, f"Kodi has not found these add-ons: {missing}"


def _write_examples(addon: Path) -> None:
    """Make an add-on of the code blocks in the documentation. The first line of each block names its file."""
    addon.mkdir()
    for name, code in re.findall(
        r"^```\w+\n(?:# |<!-- )([\w.]+)(?: -->)?\n(.*?)^```$", EXAMPLES.read_text(), re.M | re.S
    ):
        (addon / name).write_text(code)


def add_modules(addons: Path, authority: trustme.CA, release: str) -> None:
    """Add the script.module.* add-ons of a release of Kodi. Its certifi also trusts this certificate authority.

    There is no kodi-22.txt: Kodi 22 gets the modules of Kodi 21.
    """
    modules = MODULES / f"kodi-{min(21, int(float(release)))}"
    for distribution in metadata.distributions(path=[str(modules)]):
        name = distribution.metadata["Name"].lower()
        addon = addons / f"script.module.{name}"
        for file in distribution.files or ():
            if file.suffix in (".py", ".pem"):
                target = addon / "lib" / file
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(str(file.locate()), target)
        imports = "".join(f'<import addon="script.module.{other}"/>' for other in _NEEDED.get(name, []))
        version = distribution.version + ".0" * (distribution.version.count(".") < 2)  # as in Kodi's repository
        (addon / "addon.xml").write_text(MODULE_ADDON.format(name=name, version=version, imports=imports))
    with (addons / "script.module.certifi/lib/certifi/cacert.pem").open("ab") as bundle:
        bundle.write(authority.cert_pem.bytes())
