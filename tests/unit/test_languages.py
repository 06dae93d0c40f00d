# SPDX-License-Identifier: GPL-2.0-or-later
"""Every translation: complete, well formed, with the same placeholders and addresses, and in its own language."""

import re
import unicodedata
from typing import Dict, List, Tuple

import pytest

from tools.package import ROOT

from .test_resources import ADDON

LANGUAGES = ROOT / "resources/language"
NAMES = sorted(path.name[len("resource.language.") :] for path in LANGUAGES.iterdir())
WANTED = (
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
"""Languages that are not written in Latin letters: what the names of theirs begin with."""

SAME_AS_ENGLISH = {("it_it", "Account"), ("nl_nl", "Account")} | {
    (language, "Client ID") for language in ("el_gr", "nl_nl", "ru_ru", "uk_ua")
}
"""Where the English word is that language's, too."""

_ENTRY = re.compile(r'msgctxt "#(\d+)"\nmsgid "((?:[^"\\]|\\.)+)"\nmsgstr "((?:[^"\\]|\\.)*)"')
_KEPT = re.compile(r"{\d}|simkl\.com(?:/[a-z]+(?:-[a-z]+)?)*|script\.module\.\w+|PRO|VIP|PySocks|SOCKS")


def entries(language: str) -> Dict[int, Tuple[str, str]]:
    """Id to English and translation; every line of the file has its place."""
    text = (LANGUAGES / f"resource.language.{language}/strings.po").read_text(encoding="utf-8")
    header, _, body = text.partition("\n\n")
    assert f'"Language: {language}\\n"' in header
    found: List[Tuple[str, str, str]] = _ENTRY.findall(body)
    rest = _ENTRY.sub("", body)
    assert not re.sub(r"#.*|\s", "", rest), "something else is in the file"
    assert len({number for number, _, _ in found}) == len(found), "an id stands twice"
    return {int(number): (english, translation) for number, english, translation in found}


ENGLISH = entries("en_gb")


def test_the_languages() -> None:
    assert WANTED.split() == NAMES


@pytest.mark.parametrize("language", [name for name in NAMES if name != "en_gb"])
def test_a_translation(language: str) -> None:
    translated = entries(language)
    assert {number: english for number, (english, _) in translated.items()} == {
        number: english for number, (english, _) in ENGLISH.items()
    }
    for english, translation in translated.values():
        assert translation == translation.strip() != ""
        assert sorted(_KEPT.findall(translation)) == sorted(_KEPT.findall(english)), translation
        assert ("Simkl" in translation) >= ("Simkl " in english), translation
        assert "[" not in translation and "$" not in translation
        assert not [c for c in translation if unicodedata.category(c) == "Cf"], "marks that nobody sees"
        if (language, english) not in SAME_AS_ENGLISH:
            assert translation != english


@pytest.mark.parametrize("language", [name for name in NAMES if name[:2] in SCRIPTS])
def test_nothing_is_left_in_english(language: str) -> None:
    for english, translation in entries(language).values():
        if (language, english) in SAME_AS_ENGLISH:
            continue
        names = [unicodedata.name(c) for c in _KEPT.sub("", translation) if c.isalpha()]
        assert any(name.startswith(SCRIPTS[language[:2]]) for name in names), translation


@pytest.mark.parametrize("language", [name for name in NAMES if name not in ("en_gb", "de_de")])
def test_no_word_that_only_english_has(language: str) -> None:
    for _, translation in entries(language).values():
        assert not re.search(r"\b(the|sign|your|this|enter|cannot|please|again|with|and)\b", translation, re.IGNORECASE)


def test_japanese_has_its_own_letters() -> None:
    for _, translation in entries("ja_jp").values():
        assert any(unicodedata.name(c).startswith(("CJK", "HIRAGANA", "KATAKANA")) for c in translation), translation


@pytest.mark.parametrize("tag", ["summary", "description", "disclaimer"])
def test_addon_xml_speaks_every_language(tag: str) -> None:
    texts = {element.get("lang", "").lower(): element.text or "" for element in ADDON.iter(tag)}
    assert sorted(texts) == NAMES
    assert len(set(texts.values())) == len(texts), "one is a copy of another"
    for text in texts.values():
        assert text == text.strip() != ""
        assert "Simkl" in text or tag == "disclaimer"
