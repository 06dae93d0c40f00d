# SPDX-License-Identifier: GPL-2.0-or-later
"""An add-on repository for Kodi in a folder, served on loopback, and a Kodi that has only this repository."""

from __future__ import annotations

import contextlib
import functools
import shutil
import threading
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any, Callable, Iterator
from xml.etree import ElementTree

import trustme
from RangeHTTPServer import RangeRequestHandler  # type: ignore[import-untyped]

from tools import repository

from . import home, releases
from .kodi import free_port, run_once

PORT = 8080
"""The port on loopback, in the private network of the tests."""

URL = f"http://127.0.0.1:{PORT}"


class Repository:
    """The repository that `make repository` makes, in a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._slow_addon = ""
        self._may_download = threading.Event()
        self.addon = repository.build(URL, folder, [])
        """The zip of the add-on that tells a Kodi of this repository."""

    def add(self, zipped: Path) -> None:
        """Offer this add-on in place of any other version of it."""
        shutil.rmtree(self._folder / zipped.name.rpartition("-")[0], ignore_errors=True)
        repository.add(self._folder, zipped)
        repository.write_index(self._folder)

    def damage(self, zipped: Path) -> None:
        """Change one byte of this add-on's zip, without its checksum."""
        file = self._folder / zipped.name.rpartition("-")[0] / zipped.name
        content = bytearray(file.read_bytes())
        content[len(content) // 2] ^= 1
        file.write_bytes(content)

    def add_modules(self, authority: trustme.CA, release: str) -> None:
        """Offer the module add-ons of a release of Kodi."""
        unpacked = self._folder.parent / "unpacked-modules"
        home.add_modules(unpacked, authority, release)
        for addon in unpacked.iterdir():
            version = ElementTree.parse(addon / "addon.xml").getroot().get("version")
            target = self._folder.parent / f"{addon.name}-{version}"
            self.add(Path(shutil.make_archive(str(target), "zip", unpacked, addon.name)))
        shutil.rmtree(unpacked)

    @contextlib.contextmanager
    def slow(self, addon_id: str) -> Iterator[None]:
        """Within the with block, a download of this add-on does not start."""
        self._slow_addon = addon_id
        self._may_download.clear()
        try:
            yield
        finally:
            self._may_download.set()

    def _wait(self, path: str) -> None:
        if self._slow_addon and self._slow_addon in path and path.endswith(".zip"):
            self._may_download.wait(60)

    @contextlib.contextmanager
    def served(self) -> Iterator[None]:
        """Serve the repository within the with block."""
        handler = functools.partial(_Handler, directory=str(self._folder), wait=self._wait)
        with ThreadingHTTPServer(("127.0.0.1", PORT), handler) as server:
            thread = threading.Thread(target=server.serve_forever)
            thread.start()
            try:
                yield
            finally:
                server.shutdown()
                thread.join()


class _Handler(RangeRequestHandler):  # type: ignore[misc]  # it has no types
    def __init__(self, *args: Any, wait: Callable[[str], None], **kwargs: Any) -> None:
        self._wait = wait
        super().__init__(*args, **kwargs)

    def do_GET(self) -> None:
        self._wait(self.path)
        super().do_GET()

    def send_head(self) -> Any:
        if self.path.endswith("/"):
            del self.headers["Range"]  # rangehttpserver has parts of files only
        return super().send_head()

    def log_message(self, *_: object) -> None:
        pass


def make_home_of_a_customer(folder: Path, display: str, release: str = releases.RELEASE) -> None:
    """Make a home folder that has only the repository, and in which Kodi updates add-ons by itself."""
    home.build(folder, free_port(), addon_updates=home.AUTOMATIC)
    shutil.unpack_archive(repository.build(URL, folder / "repository", []), folder / ".kodi/addons")
    shutil.rmtree(folder / "repository")
    run_once(folder, display, release)


def add_source(folder: Path, name: str) -> None:
    """Let the file manager of the next Kodi in this home folder show the repository's page under this name."""
    (folder / ".kodi/userdata/sources.xml").write_text(
        f"<sources><files><source><name>{name}</name><path>{URL}/</path></source></files></sources>"
    )
