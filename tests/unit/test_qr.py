# SPDX-License-Identifier: GPL-2.0-or-later
"""The picture of the QR code: it is drawn into the add-on's folder and removed after use."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from lib.simkl_account.kodi import qr

from .fakes import CODE
from .stubs import StubbedKodi


@pytest.fixture
def folder(kodi: StubbedKodi) -> Path:
    """Return the folder of the pictures."""
    return kodi.profile


def test_random_name_and_removal(folder: Path) -> None:
    """Each picture has another name, which does not hold the code; remove() removes all pictures and no other file."""
    (folder / "qr-of a Kodi that crashed.png").write_bytes(b"x")
    (folder / "settings.xml").write_bytes(b"x")
    first, second = qr.Picture(), qr.Picture()
    names = {first.draw(CODE.link), second.draw(CODE.link)}
    assert len(names) == 2
    assert all(CODE.user_code not in name and Path(name).is_file() for name in names)
    second.remove()
    assert [path.name for path in folder.iterdir()] == ["settings.xml"]


def test_picture_removed_while_drawn(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """If remove() is called while the picture is drawn, its file is removed, and the file of the next one stays."""
    import qrcode

    late = qr.Picture()
    make = qrcode.QRCode.make_image
    others: list[str] = []

    def make_late(self: Any) -> Any:
        monkeypatch.setattr(qrcode.QRCode, "make_image", make)
        late.remove()
        others.append(qr.Picture().draw(CODE.link))
        return make(self)

    monkeypatch.setattr(qrcode.QRCode, "make_image", make_late)
    assert late.draw(CODE.link) == ""
    assert [str(path) for path in folder.iterdir()] == others, "only the next picture is left"
    assert late.draw(CODE.link) == "", "a removed picture is not drawn again"


def test_failed_removal(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """If one picture cannot be removed, remove_all() removes the others."""
    for name in ("qr-1.png", "qr-2.png", "qr-3.png"):
        (folder / name).write_bytes(b"x")
    remove = os.remove

    def fail_once(path: str) -> None:
        monkeypatch.setattr(os, "remove", remove)
        raise PermissionError(path)

    monkeypatch.setattr(os, "remove", fail_once)
    qr.remove_all()
    assert len(list(folder.iterdir())) == 1


@pytest.mark.parametrize("error", [ImportError(), OSError(), ValueError(CODE.link)])
def test_failed_drawing(kodi: StubbedKodi, folder: Path, monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    """If drawing fails, there is no picture, and the log has the name of the error but not its message."""
    import qrcode

    def fail(**options: Any) -> None:
        raise error

    monkeypatch.setattr(qrcode, "QRCode", fail)
    assert qr.Picture().draw(CODE.link) == ""
    assert [line for line, _ in kodi.log] == [f"script.simkl.account: no QR code: {type(error).__name__}"]
