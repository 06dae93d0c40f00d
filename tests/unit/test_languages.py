# SPDX-License-Identifier: GPL-2.0-or-later
"""The translations have the placeholders, addresses and names of the English texts, and fit on the screen.

A text that is not translated is shown in English. So a translation may be incomplete, but not one of those in COMPLETE.
"""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path
from xml.etree import ElementTree

import polib
import pytest

from tests import texts
from tools.package import ROOT

ADDON = ElementTree.parse(ROOT / "addon.xml").getroot()
ENGLISH = texts.read("en_gb")
TRANSLATIONS = [language for language in texts.LANGUAGES if language != "en_gb"]
COMPLETE = [
    "ar_sa",
    "cs_cz",
    "da_dk",
    "de_de",
    "el_gr",
    "es_es",
    "es_mx",
    "fi_fi",
    "fr_fr",
    "he_il",
    "hu_hu",
    "it_it",
    "ja_jp",
    "ko_kr",
    "nb_no",
    "nl_nl",
    "pl_pl",
    "pt_br",
    "pt_pt",
    "ro_ro",
    "ru_ru",
    "sv_se",
    "tr_tr",
    "uk_ua",
    "zh_cn",
    "zh_tw",
]
"""The languages in which every text is translated, and has to stay so."""

SCRIPTS = {
    "ru": "CYRILLIC",
    "uk": "CYRILLIC",
    "el": "GREEK",
    "he": "HEBREW",
    "ar": "ARABIC",
    "ko": "HANGUL",
    "zh": "CJK",
}
"""The languages that are not written in Latin letters, and how the Unicode names of their letters begin."""

SAME_AS_ENGLISH = {("it_it", "Account"), ("nl_nl", "Account")} | {
    (language, "Client ID") for language in ("el_gr", "nl_nl", "ru_ru", "uk_ua")
}
"""The texts whose translation is the same as the English text."""

_LIMIT = re.compile(r"At most (\d+) characters\.")
_KEPT = re.compile(r"{\d}|simkl\.com(?:/[a-z]+(?:-[a-z]+)?)*|script\.module\.\w+|PRO|VIP|PySocks|SOCKS")


def translated(language: str) -> list[tuple[int, str, str]]:
    """Return the texts that are translated into a language: the id, the English text, and the translation."""
    return [
        (number, entry.english, entry.translation)
        for number, entry in texts.read(language).items()
        if entry.translation
    ]


@pytest.mark.parametrize("language", COMPLETE)
def test_complete(language: str) -> None:
    """Every text is translated."""
    assert {number for number, _, _ in translated(language)} == set(ENGLISH)


@pytest.mark.parametrize("language", TRANSLATIONS)
def test_translation(language: str) -> None:
    """A translation is of the English text as it is now, and has the same placeholders, addresses and names."""
    for number, english, translation in translated(language):
        assert english == ENGLISH[number].english
        assert translation == translation.strip()
        assert sorted(_KEPT.findall(translation)) == sorted(_KEPT.findall(english)), translation
        assert ("Simkl" in translation) >= ("Simkl " in english), translation
        assert "[" not in translation and "$" not in translation
        assert not [c for c in translation if unicodedata.category(c) == "Cf"], "invisible characters"
        if (language, english) not in SAME_AS_ENGLISH:
            assert translation != english


@pytest.mark.parametrize("language", TRANSLATIONS)
def test_lengths(language: str) -> None:
    """No text is longer than the comment above the English text allows."""
    for number, english, translation in translated(language):
        limit = _LIMIT.search(ENGLISH[number].comment)
        if limit:
            assert len(english) <= int(limit[1])
            assert len(translation) <= int(limit[1]), f"{number}: {translation}"


@pytest.mark.parametrize("language", [name for name in TRANSLATIONS if name[:2] in SCRIPTS])
def test_own_letters(language: str) -> None:
    """Each translation has a letter of its language, if that language is not written in Latin letters."""
    for _, english, translation in translated(language):
        if (language, english) in SAME_AS_ENGLISH:
            continue
        names = [unicodedata.name(c) for c in _KEPT.sub("", translation) if c.isalpha()]
        assert any(name.startswith(SCRIPTS[language[:2]]) for name in names), translation


@pytest.mark.parametrize("language", [name for name in TRANSLATIONS if name != "de_de"])
def test_no_english_words(language: str) -> None:
    """No translation has a common English word in it."""
    for _, _, translation in translated(language):
        assert not re.search(r"\b(the|sign|your|this|enter|cannot|please|again|with|and)\b", translation, re.IGNORECASE)


def test_japanese_letters() -> None:
    """Each Japanese translation has a Japanese letter, of any of the three kinds."""
    for _, _, translation in translated("ja_jp"):
        assert any(unicodedata.name(c).startswith(("CJK", "HIRAGANA", "KATAKANA")) for c in translation), translation


@pytest.mark.parametrize("language", ["de_de", "ar_sa", "en_gb"])
def test_translators_tools(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, language: str) -> None:
    """A file as Weblate saves it is read as before: with other headers, wrapped lines, and the texts of addon.xml."""
    before = texts.read(language)
    file = polib.pofile(str(texts.FOLDER / f"resource.language.{language}/strings.po"))
    file.wrapwidth = 40
    file.metadata.update({"Last-Translator": "Ada <ada@example.org>", "X-Generator": "Weblate 5"})
    file.insert(0, polib.POEntry(msgctxt="Addon Summary", msgid="Sign this Kodi in to Simkl", msgstr="..."))
    file.append(polib.POEntry(msgctxt="#32999", msgid="Gone", msgstr="Gone", obsolete=True))
    (tmp_path / f"resource.language.{language}").mkdir()
    file.save(str(tmp_path / f"resource.language.{language}/strings.po"))
    monkeypatch.setattr(texts, "FOLDER", tmp_path)
    assert texts.read(language) == before


@pytest.mark.parametrize("tag", ["summary", "description", "disclaimer"])
def test_addon_xml_languages(tag: str) -> None:
    """Each text of addon.xml is there in every complete language, and names Simkl if it is not the disclaimer."""
    found = {element.get("lang", "").lower(): element.text or "" for element in ADDON.iter(tag)}
    assert {"en_gb", *COMPLETE} <= set(found)
    assert len(set(found.values())) == len(found), "two languages have the same text"
    for text in found.values():
        assert text == text.strip() != ""
        assert "Simkl" in text or tag == "disclaimer"
