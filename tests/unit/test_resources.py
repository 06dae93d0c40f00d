# SPDX-License-Identifier: GPL-2.0-or-later
"""The files that Kodi reads, against the code that uses them."""

import ast
import re
import string
import struct
from typing import Dict, Set
from xml.etree import ElementTree

from lib.simkl_account import script
from lib.simkl_account.account import store as account
from lib.simkl_account.errors import Trouble
from lib.simkl_account.kodi import strings as words
from lib.simkl_account.kodi import window
from lib.simkl_account.kodi.addon import ADDON_ID
from lib.simkl_account.outcome import End, Outcome
from tools.package import ROOT, read_shipped, shipped_files

RESOURCES = ROOT / "resources"
SETTINGS = ElementTree.parse(RESOURCES / "settings.xml")
ADDON = ElementTree.parse(ROOT / "addon.xml").getroot()


def strings() -> Dict[int, str]:
    """English texts by id."""
    po = (RESOURCES / "language/resource.language.en_gb/strings.po").read_text(encoding="utf-8")
    pairs = re.findall(r'^msgctxt "#(\d+)"\nmsgid "(.+)"\nmsgstr ""$', po, re.MULTILINE)
    assert len(pairs) == po.count("msgctxt")
    assert len({number for number, _ in pairs}) == len(pairs), "an id stands twice"
    return {int(number): text for number, text in pairs}


def ids_in_code() -> Set[int]:
    return {value for value in vars(words).values() if isinstance(value, int) and not isinstance(value, bool)}


def ids_in_settings() -> Set[int]:
    found = {
        int(element.get(name, "")) for element in SETTINGS.iter() for name in ("label", "help") if element.get(name)
    }
    return found | {int(heading.text or "") for heading in SETTINGS.iter("heading")}


def test_every_string_is_used_and_every_used_string_is_there() -> None:
    assert set(strings()) == ids_in_code() | ids_in_settings()


def test_the_ids_are_ours() -> None:
    assert all(32000 <= number <= 32999 for number in strings())


def test_every_word_in_code_has_a_name_of_its_own() -> None:
    names = re.findall(r"^([A-Z_]+) = \d+$", (ROOT / "lib/simkl_account/kodi/strings.py").read_text(), re.MULTILINE)
    assert len(ids_in_code()) == len(names)
    for path in shipped_files():
        if path.suffix == ".py" and path.name != "strings.py":
            numbers = {n.value for n in ast.walk(ast.parse((ROOT / path).read_text())) if isinstance(n, ast.Constant)}
            assert not numbers & set(strings()), f"a bare string id in {path}"


def test_placeholders_are_filled_by_position() -> None:
    for number, text in strings().items():
        one = (
            words.ENTER_CODE,
            words.TIME_LEFT,
            words.SIGNED_IN_AS,
            words.STILL_SIGNED_IN,
            words.READ_ONLY,
            words.SCAN_OR_ENTER_CODE,
        )
        wanted = ["{0}"] if number in one else ["{0}", "{1}"] if number == words.SIGNED_IN_INSTEAD else []
        assert re.findall(r"{.*?}", text) == wanted, text


def test_every_end_that_is_said_has_words() -> None:
    silent = (End.CANCELLED, End.SHUTTING_DOWN)
    texts = strings()
    for end in End:
        for trouble in Trouble if end is End.UNREACHABLE else [None]:
            if end not in silent:
                assert texts[words.what_happened(Outcome(end, trouble))]
    said = [words.what_happened(Outcome(End.UNREACHABLE, trouble)) for trouble in Trouble]
    assert len(set(said)) == len(said), "two troubles sound the same"
    assert words.what_happened(Outcome(End.SIGNED_IN, user_name="Ada")) == words.SIGNED_IN_AS
    assert words.next_try(Outcome(End.EXPIRED)) == words.NEW_CODE
    assert words.next_try(Outcome(End.UNREACHABLE, Trouble.BUSY)) == words.TRY_AGAIN


def test_every_setting_in_code_is_declared() -> None:
    declared = {setting.get("id") for setting in SETTINGS.iter("setting")}
    assert {*account._STORED, account.CLIENT_ID} <= declared
    assert script.CLIENT_ID == account.CLIENT_ID
    for condition in SETTINGS.iter():
        if condition.tag in ("dependency", "condition") and condition.get("setting"):
            assert condition.get("setting") in declared


def test_the_levels_of_the_settings() -> None:
    levels = {setting.get("id"): setting.findtext("level") for setting in SETTINGS.iter("setting")}
    assert levels["account"] == levels["access_token"] == "4", "shown to nobody"
    assert levels["client_id"] == "2", "advanced"
    assert all(setting.get("help") for setting in SETTINGS.iter("setting") if setting.get("id") == "client_id")


def test_buttons_close_the_window_before_their_script_runs() -> None:
    buttons = [setting for setting in SETTINGS.iter("setting") if setting.find("data") is not None]
    assert len(buttons) == 6
    for button in buttons:
        assert button.findtext("control/close") == "true"
        assert re.fullmatch(
            rf"RunScript\({re.escape(ADDON_ID)},action=(sign_in|sign_out|check),from=settings\)",
            button.findtext("data", ""),
        )


def test_no_client_id_in_the_source_and_the_publishers_in_the_zip() -> None:
    path = (RESOURCES / "settings.xml").relative_to(ROOT)
    for client_id, default in (("", None), ("a<b&c", "a<b&c")):
        tree = ElementTree.fromstring(read_shipped(path, client_id))
        defaults = {setting.get("id"): setting.findtext("default") or None for setting in tree.iter("setting")}
        assert defaults["client_id"] == default
        assert defaults["access_token"] is None


def test_addon_xml() -> None:
    assert ADDON.get("id") == ADDON_ID
    points = {extension.get("point"): extension.get("library") for extension in ADDON.iter("extension")}
    assert points == {"xbmc.python.script": "default.py", "xbmc.python.module": "lib", "xbmc.addon.metadata": None}
    news = ADDON.findtext(".//news", "")
    assert (ROOT / "changelog.txt").read_text().startswith(news), "the newest part of the changelog"
    assert news.startswith(f"v{ADDON.get('version')}\n")
    for asset in ADDON.find(".//assets") or []:
        assert (ROOT / (asset.text or "")).is_file()


def test_the_icon_is_512_by_512_and_opaque() -> None:
    header = (RESOURCES / "icon.png").read_bytes()[16:26]
    assert struct.unpack(">IIBB", header) == (512, 512, 8, 2)  # colour type 2: RGB, no alpha


def test_shipped_files() -> None:
    paths = list(shipped_files())
    assert {path.parts[0] for path in paths} == {
        "addon.xml",
        "changelog.txt",
        "default.py",
        "LICENSE.txt",
        "lib",
        "resources",
    }
    for path in paths:
        assert not (ROOT / path).stat().st_mode & 0o111, f"{path} is executable"
        if path.suffix in (".py", ".po", ".xml", ".txt"):
            content = (ROOT / path).read_bytes()
            assert b"\r" not in content
            content.decode("utf-8")
        if path.suffix == ".py" and path.name != "__init__.py":
            assert b"# SPDX-License-Identifier: GPL-2.0-or-later" in (ROOT / path).read_bytes()


def test_kodi_is_imported_in_one_place() -> None:
    for path in (ROOT / "lib").rglob("*.py"):
        imports = re.findall(r"^\s*(?:import|from) (xbmc\w*)", path.read_text(), re.MULTILINE)
        assert not imports or path.parent.name == "kodi", path


def test_the_pictures_of_the_window_are_there() -> None:
    """A name in the wrong case is found on some systems, and not on others."""
    skin = RESOURCES / "skins/default"
    media = {path.name for path in (skin / "media").iterdir()}
    characters = {f"simkl-account-code-{ord(c):02x}.png" for c in string.ascii_letters + string.digits + "-"}
    (xml,) = (skin / "1080i").iterdir()
    window_xml = ElementTree.parse(xml)
    textures = {
        element.text for tag in ("texture", "texturefocus", "texturenofocus") for element in window_xml.iter(tag)
    }
    assert textures | characters == media
    assert xml.name == window._FILE
    assert {int(element.get("id", 0)) for element in window_xml.iter("control")} >= {4, 5, 10, 11, *range(100, 116)}
