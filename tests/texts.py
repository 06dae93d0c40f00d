# SPDX-License-Identifier: GPL-2.0-or-later
"""Reads the texts of the add-on, in any form that Kodi's translators may store them in."""

from __future__ import annotations

from typing import NamedTuple

import polib

from tools.package import ROOT

FOLDER = ROOT / "resources/language"
LANGUAGES = sorted(path.name[len("resource.language.") :] for path in FOLDER.iterdir())


class Entry(NamedTuple):
    """One text."""

    english: str
    translation: str
    """"" if it is not translated: then Kodi shows the English text."""
    comment: str
    """What the comment above the English text tells translators."""


def read(language: str) -> dict[int, Entry]:
    """Return the texts of a language by their ids. Those of addon.xml, which Kodi's translators add, are left out."""
    found: dict[int, Entry] = {}
    for entry in polib.pofile(str(FOLDER / f"resource.language.{language}/strings.po")):
        if entry.obsolete or entry.msgctxt.startswith("Addon "):
            continue
        number = int(entry.msgctxt.lstrip("#"))
        assert number not in found, f"two texts have the id {number}"
        found[number] = Entry(entry.msgid, "" if entry.fuzzy else entry.msgstr, " ".join(entry.comment.split()))
    return found
