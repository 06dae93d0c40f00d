# SPDX-License-Identifier: GPL-2.0-or-later
"""Every translation is complete, well formed, in its own language, and has the same placeholders and addresses."""

from __future__ import annotations

import re
import unicodedata
from xml.etree import ElementTree

import pytest

from tools.package import ROOT

LANGUAGES = ROOT / "resources/language"
ADDON = ElementTree.parse(ROOT / "addon.xml").getroot()
NAMES = sorted(path.name[len("resource.language.") :] for path in LANGUAGES.iterdir())
EXPECTED = (
    "ar_sa cs_cz da_dk de_de el_gr en_gb es_es es_mx fi_fi fr_fr he_il hu_hu it_it ja_jp ko_kr nb_no nl_nl pl_pl pt_br "
    "pt_pt ro_ro ru_ru sv_se tr_tr uk_ua zh_cn zh_tw"
)
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

_ENTRY = re.compile(r'msgctxt "#(\d+)"\nmsgid "((?:[^"\\]|\\.)+)"\nmsgstr "((?:[^"\\]|\\.)*)"')
_KEPT = re.compile(r"{\d}|simkl\.com(?:/[a-z]+(?:-[a-z]+)?)*|script\.module\.\w+|PRO|VIP|PySocks|SOCKS")


def entries(language: str) -> dict[int, tuple[str, str]]:
    """Return the English text and the translation for each id. There must be nothing else in the file."""
    text = (LANGUAGES / f"resource.language.{language}/strings.po").read_text(encoding="utf-8")
    header, _, body = text.partition("\n\n")
    assert f'"Language: {language}\\n"' in header
    found: list[tuple[str, str, str]] = _ENTRY.findall(body)
    rest = _ENTRY.sub("", body)
    assert not re.sub(r"#.*|\s", "", rest), "the file has lines that belong to no entry"
    assert len({number for number, _, _ in found}) == len(found), "two entries have the same id"
    return {int(number): (english, translation) for number, english, translation in found}


ENGLISH = entries("en_gb")


def test_languages() -> None:
    """There is a folder for each language, and for no other."""
    assert EXPECTED.split() == NAMES


@pytest.mark.parametrize("language", [name for name in NAMES if name != "en_gb"])
def test_translation(language: str) -> None:
    """A translation has each English text once, translated, with the same placeholders, addresses and names."""
    translated = entries(language)
    assert {number: english for number, (english, _) in translated.items()} == {
        number: english for number, (english, _) in ENGLISH.items()
    }
    for english, translation in translated.values():
        assert translation == translation.strip() != ""
        assert sorted(_KEPT.findall(translation)) == sorted(_KEPT.findall(english)), translation
        assert ("Simkl" in translation) >= ("Simkl " in english), translation
        assert "[" not in translation and "$" not in translation
        assert not [c for c in translation if unicodedata.category(c) == "Cf"], "invisible characters"
        if (language, english) not in SAME_AS_ENGLISH:
            assert translation != english


@pytest.mark.parametrize("language", [name for name in NAMES if name[:2] in SCRIPTS])
def test_own_letters(language: str) -> None:
    """Each translation has a letter of its language, if that language is not written in Latin letters."""
    for english, translation in entries(language).values():
        if (language, english) in SAME_AS_ENGLISH:
            continue
        names = [unicodedata.name(c) for c in _KEPT.sub("", translation) if c.isalpha()]
        assert any(name.startswith(SCRIPTS[language[:2]]) for name in names), translation


@pytest.mark.parametrize("language", [name for name in NAMES if name not in ("en_gb", "de_de")])
def test_no_english_words(language: str) -> None:
    """No translation has a common English word in it."""
    for _, translation in entries(language).values():
        assert not re.search(r"\b(the|sign|your|this|enter|cannot|please|again|with|and)\b", translation, re.IGNORECASE)


def test_japanese_letters() -> None:
    """Each Japanese translation has a Japanese letter, of any of the three kinds."""
    for _, translation in entries("ja_jp").values():
        assert any(unicodedata.name(c).startswith(("CJK", "HIRAGANA", "KATAKANA")) for c in translation), translation


@pytest.mark.parametrize("tag", ["summary", "description", "disclaimer"])
def test_addon_xml_languages(tag: str) -> None:
    """Each text of addon.xml is there once in every language, and names Simkl if it is not the disclaimer."""
    texts = {element.get("lang", "").lower(): element.text or "" for element in ADDON.iter(tag)}
    assert sorted(texts) == NAMES
    assert len(set(texts.values())) == len(texts), "two languages have the same text"
    for text in texts.values():
        assert text == text.strip() != ""
        assert "Simkl" in text or tag == "disclaimer"
