# SPDX-License-Identifier: GPL-2.0-or-later
"""Rules for every file of the project, shipped or not."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path
from typing import Iterator

import pytest

from tools.package import ROOT

IGNORED = {".git", ".venv", "build", ".hypothesis", ".mypy_cache", ".pytest_cache", ".ruff_cache", "__pycache__"}

SECRETS = {
    "a client id or a token of Simkl": rb"(?<![0-9a-fA-F])[0-9a-f]{64}(?![0-9a-fA-F])",
    "a private key": rb"-----BEGIN [A-Z ]*PRIVATE KEY-----",
    "a token in a header": rb"Bearer [\w.~+/-]{20,}",
    "a token of GitHub": rb"gh[pousr]_\w{36}",
}


def files() -> Iterator[tuple[str, bytes]]:
    """Yield the name and the content of each file, and of each file in a zip."""
    for path in ROOT.rglob("*"):
        if path.is_file() and not IGNORED & {*path.relative_to(ROOT).parts}:
            yield str(path.relative_to(ROOT)), path.read_bytes()
            if path.suffix == ".zip":
                with zipfile.ZipFile(path) as archive:
                    yield from ((f"{path.name}/{name}", archive.read(name)) for name in archive.namelist())


@pytest.mark.parametrize("what", SECRETS)
def test_no_secrets(what: str) -> None:
    """No file has a secret in it."""
    found = [name for name, content in files() if re.search(SECRETS[what], content)]
    assert not found, f"{what} in {found}"


def test_secret_patterns() -> None:
    """Each pattern finds an example of its secret."""
    shapes = [
        b"client_id=" + 32 * b"0f",
        b"-----BEGIN RSA PRIVATE " + b"KEY-----",
        b"Bearer " + 20 * b"x",
        b"ghp_" + 36 * b"x",
    ]
    for shape, pattern in zip(shapes, SECRETS.values()):
        assert re.search(pattern, b"<" + shape + b">")


def test_licence() -> None:
    """Each source file names its licence at the top, and LICENSE.txt has the text of that licence."""
    for name, content in files():
        if Path(name).suffix in (".py", ".sh") and content and "older" not in name and "zip/" not in name:
            assert b"# SPDX-License-Identifier: GPL-2.0-or-later\n" in content[:100], name
    assert (ROOT / "LICENSE.txt").read_text().lstrip().startswith("GNU GENERAL PUBLIC LICENSE")


def test_text_files() -> None:
    """Text files are in UTF-8 and have Unix line endings."""
    for name, content in files():
        if Path(name).suffix not in (".png", ".jpg", ".zip", ".pyc"):
            assert b"\r" not in content, name
            assert content.decode("utf-8") is not None, name
