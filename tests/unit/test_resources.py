# SPDX-License-Identifier: GPL-2.0-or-later
"""The files that Kodi reads agree with the code that uses them."""

from __future__ import annotations

import ast
import re
import string
import struct
from xml.etree import ElementTree

from lib.simkl_account.kodi import window
from lib.simkl_account.kodi.addon import ADDON_ID
from lib.simkl_account.kodi.strings import Text, message_id, retry_label_id
from lib.simkl_account.outcome import Cause, Outcome, SignInResult
from lib.simkl_account.setting import Setting
from tests import texts
from tools.package import ROOT, read_shipped, shipped_files

_FONT_LINES = 27
"""The size of Estouchy's font13, in lines of 1080. That of Estuary is 30."""

RESOURCES = ROOT / "resources"
SETTINGS = ElementTree.parse(RESOURCES / "settings.xml")
ADDON = ElementTree.parse(ROOT / "addon.xml").getroot()

# Texts


TEXTS = {number: entry.english for number, entry in texts.read("en_gb").items()}


def ids_in_code() -> set[int]:
    """Return the ids of the texts that the code uses."""
    return {value for value in vars(Text).values() if isinstance(value, int)}


def ids_in_settings() -> set[int]:
    """Return the ids of the texts that settings.xml uses."""
    found = {
        int(element.get(name, "")) for element in SETTINGS.iter() for name in ("label", "help") if element.get(name)
    }
    return found | {int(heading.text or "") for heading in SETTINGS.iter("heading")}


def ids_in_help() -> set[int]:
    """Return the ids of the texts that only explain a row of the settings."""
    return {int(element.get("help", "")) for element in SETTINGS.iter() if element.get("help")} - ids_in_code()


def test_text_ids() -> None:
    """The ids in strings.po are those that the code and settings.xml use."""
    assert set(TEXTS) == ids_in_code() | ids_in_settings()


def test_comments_for_translators() -> None:
    """Each English text has a comment that says where it is shown. Those of buttons say how long they may be."""
    comments = {number: entry.comment for number, entry in texts.read("en_gb").items()}
    assert all(comments.values())
    for number in (Text.NEW_CODE, Text.TRY_AGAIN, Text.SIGN_IN_AGAIN, Text.ENTER_CLIENT_ID, Text.SIGN_OUT):
        assert "At most 20 characters." in comments[number], "the buttons of Kodi's dialogs have no room for more"


def test_text_id_range() -> None:
    """The ids are in the range that Kodi has for the texts of a script: 32000 to 32999."""
    assert all(32000 <= number <= 32999 for number in TEXTS)


def test_text_ids_have_names() -> None:
    """Each id in the code has one name in class Text, and no other module has an id as a number."""
    names = re.findall(r"^    ([A-Z_]+) = \d+$", (ROOT / "lib/simkl_account/kodi/strings.py").read_text(), re.MULTILINE)
    assert len(ids_in_code()) == len(names)
    for path in shipped_files():
        if path.suffix == ".py" and path.name != "strings.py":
            numbers = {n.value for n in ast.walk(ast.parse((ROOT / path).read_text())) if isinstance(n, ast.Constant)}
            assert not numbers & set(TEXTS), f"{path} has the number of a text"


def test_placeholders() -> None:
    """The texts that the code fills in have numbered placeholders; the other texts have none."""
    one_placeholder = (
        Text.ENTER_CODE,
        Text.TIME_LEFT,
        Text.MINUTES_LEFT,
        Text.SIGNED_IN_AS,
        Text.STILL_SIGNED_IN,
        Text.READ_ONLY,
        Text.SCAN_OR_ENTER_CODE,
        Text.USER_LIMIT,
        Text.APP_LIMIT,
        Text.IN_HOURS,
    )
    for number, text in TEXTS.items():
        expected: list[str] = []
        if number in one_placeholder:
            expected = ["{0}"]
        elif number == Text.SIGNED_IN_INSTEAD:
            expected = ["{0}", "{1}"]
        assert re.findall(r"{.*?}", text) == expected, text


def test_outcomes_have_texts() -> None:
    """Each outcome that the user is told about has a text, and each cause has its own."""
    for result in SignInResult:
        for cause in Cause if result is SignInResult.UNREACHABLE else [None]:
            if result not in (SignInResult.CANCELLED, SignInResult.SHUTTING_DOWN):
                assert TEXTS[message_id(Outcome(result, cause))]
    messages = [message_id(Outcome(SignInResult.UNREACHABLE, cause)) for cause in Cause]
    assert len(set(messages)) == len(messages), "two causes have the same text"
    assert message_id(Outcome(SignInResult.SIGNED_IN, user_name="Ada")) == Text.SIGNED_IN_AS
    assert retry_label_id(Outcome(SignInResult.EXPIRED)) == Text.NEW_CODE
    assert retry_label_id(Outcome(SignInResult.UNREACHABLE, Cause.BUSY)) == Text.TRY_AGAIN


def test_messages_are_explained() -> None:
    """docs/troubleshooting.md explains every message that says that something is wrong."""
    page = re.sub(r"Ada|in about 3 hours|in less than an hour", "{0}", (ROOT / "docs/troubleshooting.md").read_text())
    good = {Text.SIGNED_IN_AS, Text.SIGNED_IN_INSTEAD, Text.STILL_SIGNED_IN, Text.SIGNED_OUT_AT_SIMKL}
    for number, text in TEXTS.items():
        is_message = text.endswith((".", "?")) and number != Text.SIGN_OUT_QUESTION and number not in ids_in_help()
        if (is_message and number not in good) or number in (Text.STILL_TRYING, Text.BUSY_FOR_MINUTES):
            assert f"| {text} |" in page, text


# settings.xml


def test_settings_declared() -> None:
    """settings.xml declares every setting that the code or a condition in settings.xml uses."""
    declared = {setting.get("id") for setting in SETTINGS.iter("setting")}
    in_code = {value for value in vars(Setting).values() if value in Setting.ALL}
    assert Setting.CLIENT_ID in in_code
    assert in_code <= declared
    for condition in SETTINGS.iter():
        if condition.tag in ("dependency", "condition") and condition.get("setting"):
            assert condition.get("setting") in declared


def test_setting_levels() -> None:
    """The token is on the level that Kodi never shows; the client id is on the advanced level and has a help text."""
    levels = {setting.get("id"): setting.findtext("level") for setting in SETTINGS.iter("setting")}
    assert levels["account"] == levels["access_token"] == "4", "4 is never shown"
    assert levels["client_id"] == "2", "2 is the advanced level"
    assert all(setting.get("help") for setting in SETTINGS.iter("setting") if setting.get("id") == "client_id")


def test_setting_buttons() -> None:
    """Each of the six buttons closes the settings window and then runs an action of the add-on."""
    buttons = [setting for setting in SETTINGS.iter("setting") if setting.find("data") is not None]
    assert len(buttons) == 6
    for button in buttons:
        assert button.findtext("control/close") == "true"
        assert re.fullmatch(
            rf"RunScript\({re.escape(ADDON_ID)},action=(sign_in|sign_out|check),from=settings\)",
            button.findtext("data", ""),
        )


def test_default_client_id() -> None:
    """The zip has the publisher's client id as the setting's default if one is given; the source has none."""
    path = (RESOURCES / "settings.xml").relative_to(ROOT)
    for client_id, default in (("", None), ("a<b&c", "a<b&c")):
        tree = ElementTree.fromstring(read_shipped(path, client_id))
        defaults = {setting.get("id"): setting.findtext("default") or None for setting in tree.iter("setting")}
        assert defaults["client_id"] == default
        assert defaults["access_token"] is None


def test_first_row_is_an_action() -> None:
    """Kodi focuses the first visible row, so that is an action in every state of the account. No row is disabled."""
    rows = [setting for setting in SETTINGS.iter("setting") if setting.find("control") is not None]
    for signed_in in ("", "yes", "again", "outdated"):
        (first, *_) = [row for row in rows if is_visible(row, signed_in)]
        assert first.find("data") is not None, signed_in
    assert not list(SETTINGS.iter("enable")), "a disabled row is too pale to read"


def is_visible(row: ElementTree.Element, signed_in: str) -> bool:
    """Return True if nothing hides a row of the settings while signed_in has this value."""
    conditions = [
        element for element in row.iter() if element.get("setting") == "signed_in" and element.get("operator")
    ]
    return all(((element.text or "") == signed_in) == (element.get("operator") == "is") for element in conditions)


# Other files


def test_addon_xml() -> None:
    """addon.xml names the right id, entry points, news and images."""
    assert ADDON.get("id") == ADDON_ID
    points = {extension.get("point"): extension.get("library") for extension in ADDON.iter("extension")}
    assert points == {"xbmc.python.script": "default.py", "xbmc.python.module": "lib", "xbmc.addon.metadata": None}
    news = ADDON.findtext(".//news", "")
    assert (ROOT / "changelog.txt").read_text().startswith(news), "the news is the newest part of the changelog"
    assert news.startswith(f"v{ADDON.get('version')}\n")
    for asset in ADDON.find(".//assets") or []:
        assert (ROOT / (asset.text or "")).is_file()


def test_icon() -> None:
    """The icon has 512 by 512 pixels and no alpha channel."""
    header = (RESOURCES / "icon.png").read_bytes()[16:26]
    assert struct.unpack(">IIBB", header) == (512, 512, 8, 2)  # 8 bits for each colour; 2 is RGB


def test_shipped_files() -> None:
    """The shipped files are the right ones, are not executable, and have Unix lines, UTF-8 and a licence line."""
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


def test_kodi_imports() -> None:
    """Kodi's modules are imported only in the folder kodi."""
    for path in (ROOT / "lib").rglob("*.py"):
        imports = re.findall(r"^\s*(?:import|from) (xbmc\w*)", path.read_text(), re.MULTILINE)
        assert not imports or path.parent.name == "kodi", path


def test_texts_are_large() -> None:
    """Each text of the window is bold and enlarged to 40 lines or more, and its box still fits into the window."""
    (xml,) = (RESOURCES / "skins/default/1080i").iterdir()
    texts = [
        control
        for control in ElementTree.parse(xml).iter("control")
        if control.get("type") in ("label", "textbox") and control.findtext("textcolor") != "00FFFFFF"
    ]
    assert len(texts) == 9
    for control in texts:
        assert control.findtext("font") == "font13"
        assert re.fullmatch(r"\[B\]\$INFO\[Window\.Property\(\w+\)\]\[/B\]", control.findtext("label") or "")
        zooms = [animation for animation in control.findall("animation") if animation.get("condition") == "true"]
        (zoom,) = zooms
        percent = int(zoom.get("start", 0))
        assert zoom.get("end") == zoom.get("start"), "a text that moves costs time to draw"
        assert _FONT_LINES * percent / 100 >= 40
        left, width = (int(control.findtext(tag) or 0) for tag in ("left", "width"))
        half = width * percent / 200
        middle = left + width / 2
        assert middle - half >= -1
        assert middle + half <= 1121


def test_qr_code_is_sharp() -> None:
    """The QR code has a whole number of pixels for each of its modules, and 40 % of the window's height at least."""
    (xml,) = (RESOURCES / "skins/default/1080i").iterdir()
    (picture,) = [control for control in ElementTree.parse(xml).iter("control") if control.get("id") == "5"]
    size = int(picture.findtext("width") or 0)
    modules = 29 + 8  # version 3, with its quiet zone
    assert size % modules == 0
    assert picture.findtext("height") == str(size)
    assert size >= 0.4 * 1080


def test_window_xml() -> None:
    """The window's file has the controls that the code uses, and the images in the folder are those that it shows.

    The names are compared with their case, because Linux does not find a file by a name in another case.
    """
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
