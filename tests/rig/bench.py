# SPDX-License-Identifier: GPL-2.0-or-later
"""`make bench`: figures from a real Kodi, each beside its comparison from the same run. No test depends on them."""

import statistics
import tempfile
import time
from pathlib import Path
from typing import Callable, List

from . import namespace
from .kodi import HOME, PROGRESS, Kodi, make_home, wait_for, xvfb
from .standin import CLIENT_ID, HOSTS, StandIn

ROUNDS = 15


def main() -> None:
    """Measure and print a table."""
    namespace.enter(HOSTS)
    simkl = StandIn()
    simkl.serve_tls()
    with tempfile.TemporaryDirectory(prefix="kodi-") as folder, xvfb() as display:
        home = Path(folder) / "home"
        make_home(home, display, simkl.authority, CLIENT_ID)
        kodi = Kodi(home, display)
        try:
            kodi.start()
            print("| what | this add-on | to compare with | |")
            print("| --- | --- | --- | --- |")
            press_to_dialog(kodi)
            kodi.quit()
        finally:
            kodi.kill()
    simkl.close()


def press_to_dialog(kodi: Kodi) -> None:
    """From RunScript to the progress dialog, by turns with a script that does nothing else."""
    ours: List[float] = []
    bare: List[float] = []
    for _ in range(ROUNDS):
        ours.append(dialog_after(kodi, lambda: kodi.run("action=sign_in")))
        bare.append(dialog_after(kodi, lambda: kodi.builtin("RunScript(script.test.bare)")))
    row("press to dialog", ours, "a bare script that opens one", bare)


def dialog_after(kodi: Kodi, start: Callable[[], None]) -> float:
    """Seconds until the dialog is there; it is cancelled, and its script has ended, when this returns."""
    ended = kodi.log().count("script successfully run")
    started = time.perf_counter()
    start()
    wait_for("the dialog", lambda: kodi.window() == PROGRESS, pause=0.002)
    seconds = time.perf_counter() - started
    kodi.key("Back")
    wait_for("the end", lambda: kodi.window() == HOME and kodi.log().count("script successfully run") == ended + 2)
    return seconds


def row(what: str, ours: List[float], other: str, others: List[float]) -> None:
    """A line of the table: medians."""
    mine, theirs = statistics.median(ours), statistics.median(others)
    print(f"| {what} | {1000 * mine:.0f} ms | {1000 * theirs:.0f} ms ({other}) | x {mine / theirs:.2f} |", flush=True)


if __name__ == "__main__":
    main()
