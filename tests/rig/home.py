# SPDX-License-Identifier: GPL-2.0-or-later
"""The home folder of a throw-away Kodi: the add-on as it ships, the modules it needs, and Kodi set up to be tested."""

import re
import shutil
import sqlite3
from importlib import metadata
from pathlib import Path

import trustme

from tools.package import ADDON_ID, ROOT, read_shipped, shipped_files

MODULES = ROOT / ".venv"
"""What `make` installs of kodi-19.txt and so on is in its folders kodi-19 and so on."""

HELPER_ADDONS = ROOT / "tests/kodi/addons"
CONSUMERS = ROOT / "tests/kodi/consumers"
EXAMPLES = ROOT / "docs/for-add-ons.md"

_NEEDED = {"requests": ["urllib3", "certifi", "chardet", "idna"], "qrcode": ["six", "pil"]}
"""What a module add-on imports; pil is Kodi's own."""

AUTOMATIC, NEVER = 0, 2
"""Kodi's numbers for when add-ons are updated."""

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
    <setting id="videoscreen.screenmode">{screen_mode}</setting>
    <resolutions/>
    <skinsettings/>
    <viewstates/>
</settings>
"""

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
    """Make a home folder with nothing in it but what the tests themselves need."""
    addons, userdata = home / ".kodi/addons", home / ".kodi/userdata"
    userdata.mkdir(parents=True)
    shutil.copytree(HELPER_ADDONS, addons)
    (home / ".asoundrc").write_text("pcm.!default { type null }\n")  # else Kodi looks for a sound card for 5 s
    (userdata / "guisettings.xml").write_text(
        _GUISETTINGS.format(port=port, screen_mode="WINDOW" if windowed else "DESKTOP", addon_updates=addon_updates)
    )
    (userdata / "advancedsettings.xml").write_text(_ADVANCEDSETTINGS)


def add_addon(home: Path, authority: trustme.CA, client_id: str, consumers: bool, release: str) -> None:
    """Put the add-on and the modules that it needs into the home folder, none enabled.

    consumers: with the add-ons that use the account, the examples of the documentation among them.
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
    """Have the next Kodi in this home use a skin."""
    _set(home, "lookandfeel.skin", skin)
    folder = home / ".kodi/userdata/addon_data" / skin
    folder.mkdir(parents=True, exist_ok=True)
    # Estouchy explains itself at its first run, and until that is read, Kodi answers nothing.
    (folder / "settings.xml").write_text('<settings><setting id="FirstRun" type="string">done</setting></settings>')


def set_language(home: Path, language: str) -> None:
    """Have the next Kodi in this home speak a language."""
    _set(home, "locale.language", f"resource.language.{language}")
    if language[:2] in ("ar", "he", "ja", "ko", "zh"):  # as Kodi's own settings do when one of these is chosen
        _set(home, "lookandfeel.font", "Arial")


def _set(home: Path, setting: str, value: str) -> None:
    file = home / ".kodi/userdata/guisettings.xml"
    text = re.sub(rf'<setting id="{re.escape(setting)}"[^/]*</setting>', "", file.read_text())
    file.write_text(text.replace("</settings>", f'<setting id="{setting}">{value}</setting></settings>'))
    database = next((home / ".kodi/userdata/Database").glob("Addons*.db"))
    with sqlite3.connect(database) as connection:
        connection.execute("UPDATE installed SET enabled = 1 WHERE addonID = ?", (value,))
    connection.close()


def fill_in_client_id(home: Path, client_id: str) -> None:
    """Make the add-on in this home folder a build with this client id."""
    path = Path("resources/settings.xml")
    (home / ".kodi/addons" / ADDON_ID / path).write_bytes(read_shipped(path, client_id))


def enable_addons(home: Path) -> None:
    """Enable every add-on, in the database of a Kodi that has run once in this home and has ended."""
    ids = [path.name for path in (home / ".kodi/addons").iterdir() if (path / "addon.xml").is_file()]
    database = next((home / ".kodi/userdata/Database").glob("Addons*.db"))
    with sqlite3.connect(database) as connection:
        for addon_id in ids:
            connection.execute("UPDATE installed SET enabled = 1 WHERE addonID = ?", (addon_id,))
        enabled = {row[0] for row in connection.execute("SELECT addonID FROM installed WHERE enabled = 1")}
    connection.close()
    missing = set(ids) - enabled
    assert not missing, f"Kodi did not find {missing}"


def _write_examples(addon: Path) -> None:
    """Make an add-on of the blocks of the documentation: the first line of each names its file."""
    addon.mkdir()
    for name, code in re.findall(
        r"^```\w+\n(?:# |<!-- )([\w.]+)(?: -->)?\n(.*?)^```$", EXAMPLES.read_text(), re.M | re.S
    ):
        (addon / name).write_text(code)


def add_modules(addons: Path, authority: trustme.CA, release: str) -> None:
    """Add the script.module.* add-ons that the repository of a release of Kodi has; they trust the authority, too."""
    for distribution in metadata.distributions(path=[str(MODULES / f"kodi-{release}")]):
        name = distribution.metadata["Name"].lower()
        addon = addons / f"script.module.{name}"
        for file in distribution.files or ():
            if file.suffix in (".py", ".pem"):
                target = addon / "lib" / file
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(str(file.locate()), target)
        imports = "".join(f'<import addon="script.module.{other}"/>' for other in _NEEDED.get(name, []))
        (addon / "addon.xml").write_text(MODULE_ADDON.format(name=name, version=distribution.version, imports=imports))
    with (addons / "script.module.certifi/lib/certifi/cacert.pem").open("ab") as bundle:
        bundle.write(authority.cert_pem.bytes())
