# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs the checks of Kodi's own repository (kodi-addon-checker) on what ships, for each branch, without a network.

A warning counts as a failure, too.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from argparse import Namespace
from pathlib import Path
from xml.etree import ElementTree

from kodi_addon_checker import ValidKodiVersions, check_addon, check_dependencies
from kodi_addon_checker.addons.Addon import Addon
from kodi_addon_checker.config import Config
from kodi_addon_checker.record import INFORMATION, Record
from kodi_addon_checker.reporter import ReportManager

from tools.package import ADDON_ID, ROOT, write_zip

BRANCHES = {"matrix": "19", "nexus": "20", "omega": "21", "piers": "21"}
"""The branches of Kodi's repository, and the release of Kodi whose modules in tests/rig are most like the branch's.
piers is for Kodi 22."""


class Findings:
    """Prints problems and warnings."""

    def report(self, report: Record) -> None:
        """Print a finding. The checker calls this for mere information, too."""
        if report.log_level != INFORMATION:
            print(report)


ReportManager.register(Findings, "findings", True)
check_addon.check_url.check_url = lambda *_: None  # the only check that needs a network
for branch in BRANCHES:
    # The checker wants an add-on to require the newest API of a branch. This zip is for all of them, so it
    # requires the oldest.
    check_dependencies.VERSION_ATTRB["xbmc.python"][branch]["advised"] = "3.0.0"


class Repository:
    """Replaces the checker's repository, which it downloads. It has the modules that the tests run with."""

    def __init__(self, branch: str) -> None:
        modules = ROOT / f"tests/rig/kodi-{BRANCHES[branch]}.txt" if branch in BRANCHES else None
        pins = [line.split("==") for line in modules.read_text().splitlines() if "==" in line] if modules else []
        self._addons: dict[str, Addon] = {}
        for name, version in pins:
            addon_id = f"script.module.{name.lower()}"
            self._addons[addon_id] = Addon(ElementTree.Element("addon", id=addon_id, version=version))

    def __contains__(self, addon_id: str) -> bool:
        return addon_id in self._addons

    def find(self, addon_id: str) -> Addon | None:
        """Return the add-on; None if the repository does not have it."""
        return self._addons.get(addon_id)

    def rdepends(self, _: str) -> list[Addon]:
        """Return the add-ons that require this one: none is known."""
        return []


def check(branch: str, addon: Path) -> bool:
    """Return True if the checker finds no problem and no warning."""
    arguments = Namespace(
        branch=branch, PR=True, allow_folder_id_mismatch=False, skip_dependency_checks=False, reporter=None
    )
    config = Config(None, arguments)
    config.configs.update(check_license_file_exists=True, check_kodi_leia_deprecations=True)
    repositories = {each: Repository(each) for each in ValidKodiVersions}
    report = check_addon.start(str(addon), arguments, repositories, config)
    print(f"{branch}: {report.problem_count} problems, {report.warning_count} warnings")
    return not report.problem_count and not report.warning_count


def main() -> None:
    """Check the content of the zip for each branch."""
    with tempfile.TemporaryDirectory() as folder:
        shutil.unpack_archive(write_zip(Path(folder)), folder)
        is_accepted = [check(branch, Path(folder) / ADDON_ID) for branch in BRANCHES]
    if not all(is_accepted):
        sys.exit(1)


if __name__ == "__main__":
    main()
