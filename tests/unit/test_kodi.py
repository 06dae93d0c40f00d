# SPDX-License-Identifier: GPL-2.0-or-later
"""Kodi's side, on Kodistubs with a memory."""

import errno
import fcntl
import gc
import threading
import time
from typing import Any, Callable, Dict, List, Optional

import pytest
import xbmc
import xbmcgui
import xbmcvfs

from lib.simkl_account.errors import NotSaved, Trouble
from lib.simkl_account.kodi import addon, dialogs
from lib.simkl_account.kodi import strings as words
from lib.simkl_account.kodi.lock import SIGN_IN, Lock
from lib.simkl_account.kodi.proxy import proxy_url
from lib.simkl_account.kodi.runtime import KodiRuntime
from lib.simkl_account.kodi.settings import KodiSettings
from lib.simkl_account.outcome import End, Outcome
from lib.simkl_account.simkl.protocol import Code

from .stubs import StubbedKodi

CODE = Code("5G6JAH", "simkl.com/pin", 900, 5)


class FakeWindow:
    """In place of the skin's DialogConfirm: presses one button, and records what is on it."""

    press: Optional[int] = None
    action: Optional[int] = None
    shown: List[Dict[int, str]]
    stays = True
    before_answer: Callable[[], None] = staticmethod(lambda: None)


class Action:
    """A key."""

    def __init__(self, number: int) -> None:
        self._number = number

    def getId(self) -> int:
        return self._number


@pytest.fixture
def confirmation(monkeypatch: pytest.MonkeyPatch, kodi: StubbedKodi) -> FakeWindow:
    """Every confirmation is answered at the first wait, as set here."""
    window = FakeWindow()
    window.shown = []

    class Control:
        def __init__(self, texts: Dict[int, str], number: int) -> None:
            self._texts, self._number = texts, number

        def setLabel(self, text: str) -> None:
            self._texts[self._number] = text

        setText = setLabel

        def setVisible(self, visible: bool) -> None:
            if not visible:
                self._texts.pop(self._number, None)

    def show(dialog: Any) -> None:
        texts: Dict[int, str] = {}
        window.shown.append(texts)
        kodi.visible = window.stays
        dialog.getControl = lambda number: Control(texts, number)
        dialog.setFocusId = lambda number: texts.update({0: texts[number]})
        dialog.onInit()

        def answer() -> None:
            window.before_answer()
            if window.press is not None:
                dialog.onClick(window.press)
            if window.action is not None:
                dialog.onAction(Action(window.action))

        kodi.on_wait = answer

    monkeypatch.setattr(xbmcgui.WindowXMLDialog, "show", show)
    return window


# settings.py


# The add-on comes and goes


@pytest.fixture
def now(kodi: StubbedKodi, monkeypatch: pytest.MonkeyPatch) -> List[float]:
    """The time, which passes while somebody waits."""
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])

    def wait() -> None:
        now[0] += kodi.waits[-1]

    kodi.on_wait = wait
    return now


def test_settings_wait_for_an_update_and_words_do_not(kodi: StubbedKodi, now: List[float]) -> None:
    kodi.settings["account"] = "stored"
    assert addon.text(words.WAITING)
    kodi.knows_addon = False
    assert addon.text(words.APPROVED)
    assert addon.version() == "1.2.3"
    assert kodi.waits == []
    advance = kodi.on_wait

    def until_it_is_there() -> None:
        advance()
        kodi.knows_addon = now[0] > 120

    kodi.on_wait = until_it_is_there
    assert KodiSettings().get("account") == "stored"
    assert 120 < now[0] < 120.2


def test_an_add_on_that_stays_unknown_is_gone(kodi: StubbedKodi, now: List[float]) -> None:
    runtime = KodiRuntime()
    assert not runtime.is_shutting_down()
    kodi.knows_addon = False
    assert not runtime.is_shutting_down()
    with pytest.raises(addon.Gone):
        KodiSettings().get("account")
    assert 160 < now[0] < 160.2
    assert runtime.is_shutting_down()
    kodi.knows_addon = True
    assert not runtime.is_shutting_down()
    now[0] += 1000
    kodi.knows_addon = False
    assert not runtime.is_shutting_down(), "the next update has as long"


def test_an_add_on_that_is_used_after_an_update_has_forgotten_it(kodi: StubbedKodi, now: List[float]) -> None:
    kodi.knows_addon = False
    assert not addon.is_gone()
    kodi.knows_addon = True
    KodiSettings().get("account")
    now[0] += 1000
    kodi.knows_addon = False
    assert not addon.is_gone()


def test_a_disabled_add_on_is_gone_at_once(kodi: StubbedKodi, now: List[float]) -> None:
    kodi.knows_addon, kodi.disabled = False, True
    assert KodiRuntime().is_shutting_down()
    with pytest.raises(addon.Gone):
        KodiSettings().set("account", "x")
    assert now[0] == 100


def test_an_update_is_not_waited_for_while_kodi_quits(kodi: StubbedKodi, now: List[float]) -> None:
    kodi.knows_addon, kodi.abort = False, True
    with pytest.raises(addon.Gone):
        KodiSettings().get("account")
    assert now[0] < 100.1


def test_a_value_is_stored_and_read_back(kodi: StubbedKodi) -> None:
    KodiSettings().set("access_token", "t")
    assert KodiSettings().get("access_token") == "t"
    assert kodi.builtins == [], "no window is closed without need: it may be another add-on's"


def test_an_open_settings_window_is_closed_and_the_value_stored_again(kodi: StubbedKodi) -> None:
    kodi.settings_window_open = True
    KodiSettings().set("access_token", "t")
    assert '<setting id="access_token">t</setting>' in (kodi.profile / "settings.xml").read_text()
    assert kodi.builtins == ["Dialog.Close(addonsettings,true)"]


def test_a_file_that_cannot_be_written_is_not_saved(kodi: StubbedKodi) -> None:
    kodi.can_write = False  # Kodi goes on with the value in memory, and says nothing
    with pytest.raises(NotSaved) as caught:
        KodiSettings().set("access_token", "a-token")
    assert "a-token" not in str(caught.value)
    assert KodiSettings().get("access_token") == "", "nobody goes on with what was never stored"


def test_a_damaged_file_is_not_saved(kodi: StubbedKodi) -> None:
    kodi.write_settings = lambda: (kodi.profile / "settings.xml").write_text("<sett")  # type: ignore[method-assign, assignment]
    with pytest.raises(NotSaved):
        KodiSettings().set("access_token", "t")


def test_the_pieces_of_a_file_are_removed_once_kodi_does_not_write_over_them(
    kodi: StubbedKodi, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = kodi.profile / "settings.xml"
    file.write_text("<sett")
    write = kodi.write_settings
    monkeypatch.setattr(kodi, "write_settings", lambda: None if file.exists() else write())
    KodiSettings().set("access_token", "t")
    assert '<setting id="access_token">t</setting>' in file.read_text()


def test_removing_what_was_never_there(kodi: StubbedKodi) -> None:
    KodiSettings().set("access_token", "")
    assert KodiSettings().get("access_token") == ""


# runtime.py


def test_waiting_is_kodis(kodi: StubbedKodi) -> None:
    runtime = KodiRuntime()
    runtime.wait(0.1)
    runtime.wait(0)
    assert kodi.waits == [0.1, 0.001]


def test_after_the_abort_a_wait_still_takes_its_time(kodi: StubbedKodi) -> None:
    runtime = KodiRuntime()
    kodi.abort = True
    start = runtime.now()
    runtime.wait(0.05)
    assert runtime.is_shutting_down()
    assert runtime.now() - start >= 0.05
    assert kodi.waits == []


def test_a_call_runs_in_another_thread(kodi: StubbedKodi) -> None:
    assert KodiRuntime().start(threading.get_ident).result(5) != threading.get_ident()


def test_an_error_comes_back_from_the_other_thread(kodi: StubbedKodi) -> None:
    def fail() -> None:
        raise NotSaved("x")

    with pytest.raises(NotSaved):
        KodiRuntime().start(fail).result(5)


# addon.py


def test_the_log(kodi: StubbedKodi) -> None:
    addon.log("quiet")
    addon.warn("loud")
    assert kodi.log == [
        ("script.simkl.account: quiet", xbmc.LOGDEBUG),
        ("script.simkl.account: loud", xbmc.LOGWARNING),
    ]


def test_a_name_with_braces_is_a_name(kodi: StubbedKodi) -> None:
    assert addon.text(32030, "{0} {x}") == "Signed in as {0} {x}"


# proxy.py


def proxy(**settings: Any) -> Dict[str, Any]:
    full = {"usehttpproxy": True, "httpproxytype": 0, "httpproxyserver": "proxy.example", "httpproxyport": 3128}
    return {f"network.{name}": value for name, value in {**full, **settings}.items()}


@pytest.mark.parametrize(
    ("settings", "url"),
    [
        ({}, None),
        (proxy(usehttpproxy=False), None),
        (proxy(httpproxyserver=""), None),
        (proxy(httpproxytype=17), None),
        (proxy(), "http://proxy.example:3128"),
        (proxy(httpproxytype=1), "socks4://proxy.example:3128"),
        (proxy(httpproxytype=2), "socks4a://proxy.example:3128"),
        (proxy(httpproxytype=3), "socks5://proxy.example:3128"),
        (proxy(httpproxytype=4), "socks5h://proxy.example:3128"),
        (proxy(httpproxytype=5), "https://proxy.example:3128"),
        (proxy(httpproxyserver="::1"), "http://[::1]:3128"),
        (proxy(httpproxyusername="me"), "http://me:@proxy.example:3128"),
        (
            proxy(httpproxyusername="m@e", httpproxypassword="p:/w d"),
            "http://m%40e:p%3A%2Fw%20d@proxy.example:3128",
        ),
    ],
)
def test_kodis_proxy(kodi: StubbedKodi, settings: Dict[str, Any], url: Optional[str]) -> None:
    kodi.kodi_settings = settings
    assert proxy_url() == url


# dialogs.py


def shown(kodi: StubbedKodi) -> str:
    return str(kodi.progress[-1][-1])


def test_the_dialog_is_there_at_once(kodi: StubbedKodi) -> None:
    dialogs.ProgressScreen(KodiRuntime(), "Sign in to Simkl")
    assert kodi.progress == [("create", "Sign in to Simkl", "Contacting Simkl…")]


def test_the_code_stands_on_a_line_of_its_own(kodi: StubbedKodi) -> None:
    screen = dialogs.ProgressScreen(KodiRuntime(), "Sign in to Simkl")
    screen.show_code(CODE)
    assert kodi.progress[-1][1] == 100
    assert shown(kodi).split("[CR]") == [
        "Go to simkl.com/pin and enter this code",
        "",
        "[COLOR FFF5A623][B]5    G    6    J    A    H[/B][/COLOR]",
        "Time left: 15:00",
    ]


@pytest.mark.parametrize(
    ("left", "percent", "time"),
    [(899.2, 99, "15:00"), (450, 50, "7:30"), (59.5, 6, "1:00"), (0.4, 0, "0:01")],
)
def test_time_left(kodi: StubbedKodi, left: float, percent: int, time: str) -> None:
    screen = dialogs.ProgressScreen(KodiRuntime(), "Sign in to Simkl")
    screen.show_code(CODE)
    screen.show_trouble(True)
    screen.show_time_left(left)
    assert kodi.progress[-1][1] == percent
    assert shown(kodi).split("[CR]")[2:] == [f"Time left: {time}", "Cannot reach Simkl at the moment, still trying"]


def test_a_code_without_time_left_is_not_shown(kodi: StubbedKodi) -> None:
    screen = dialogs.ProgressScreen(KodiRuntime(), "Sign in to Simkl")
    screen.show_code(CODE)
    for _ in range(2):
        screen.show_time_left(0)
        assert shown(kodi) == "Contacting Simkl…"


def test_only_what_changed_is_drawn(kodi: StubbedKodi) -> None:
    screen = dialogs.ProgressScreen(KodiRuntime(), "Sign in to Simkl")
    screen.show_contacting()
    screen.show_code(CODE)
    for tenth in range(1, 10):
        screen.show_time_left(899 + tenth / 10)
    assert len(kodi.progress) == 2


def test_no_code_is_shown_once_it_is_approved(kodi: StubbedKodi) -> None:
    screen = dialogs.ProgressScreen(KodiRuntime(), "Sign in to Simkl")
    screen.show_code(CODE)
    screen.show_approved()
    screen.show_time_left(100)
    assert shown(kodi) == "Approved. One moment…"


def test_trouble_with_one_code_is_not_trouble_with_the_next(kodi: StubbedKodi) -> None:
    screen = dialogs.ProgressScreen(KodiRuntime(), "Sign in to Simkl")
    screen.show_code(CODE)
    screen.show_trouble(True)
    screen.show_code(CODE._replace(user_code="OTHER1"))
    assert "still trying" not in shown(kodi)


def test_ask_again_takes_the_dead_code_away_first(kodi: StubbedKodi, confirmation: FakeWindow) -> None:
    screen = dialogs.ProgressScreen(KodiRuntime(), "Sign in to Simkl")
    screen.show_code(CODE)
    confirmation.press = 11
    assert screen.ask_again(Outcome(End.EXPIRED))
    assert [step[0] for step in kodi.progress] == ["create", "update", "close", "create"]
    assert shown(kodi) == "Contacting Simkl…"
    assert confirmation.shown == [
        {0: "New code", 1: "Simkl Account", 9: "The code has expired.", 10: "Cancel", 11: "New code"}
    ]


@pytest.mark.parametrize("action", [xbmcgui.ACTION_NAV_BACK, xbmcgui.ACTION_PREVIOUS_MENU])
def test_back_is_no(kodi: StubbedKodi, confirmation: FakeWindow, action: int) -> None:
    screen = dialogs.ProgressScreen(KodiRuntime(), "Sign in to Simkl")
    confirmation.action = action
    assert not screen.ask_again(Outcome(End.UNREACHABLE, Trouble.NO_NETWORK))
    assert kodi.progress[-1] == ("close",)
    assert confirmation.shown[0][11] == "Try again"


def test_an_announcement_has_one_button(kodi: StubbedKodi, confirmation: FakeWindow) -> None:
    confirmation.press = 10
    dialogs.tell(KodiRuntime(), "Something")
    assert confirmation.shown == [{0: "OK", 1: "Simkl Account", 9: "Something", 10: "OK"}]


@pytest.mark.parametrize(("careful", "focus"), [(False, "Do it"), (True, "Cancel")])
def test_the_focus(kodi: StubbedKodi, confirmation: FakeWindow, careful: bool, focus: str) -> None:
    confirmation.press = 10
    assert not dialogs.ask(KodiRuntime(), "Really?", yes="Do it", careful=careful)
    assert confirmation.shown[0][0] == focus


def no_key(window: FakeWindow) -> None:
    window.action = xbmcgui.ACTION_MOVE_LEFT


@pytest.mark.parametrize("end", ["abort", "visible"])
def test_a_question_ends_with_kodi_or_when_it_is_closed_by_another(
    kodi: StubbedKodi, confirmation: FakeWindow, end: str
) -> None:
    no_key(confirmation)
    kodi.abort, confirmation.stays = end == "abort", end != "visible"
    assert not dialogs.ask(KodiRuntime(), "Really?", yes="Yes")


def test_typing(kodi: StubbedKodi) -> None:
    kodi.dialog_input = "  an-id "
    assert dialogs.type_in("Client ID") == "an-id"


# Taken away by others


@pytest.mark.parametrize(
    ("visible", "top", "heading", "cancelled"),
    [
        (True, 10101, "Sign in to Simkl", False),
        (True, 10101, "", False),  # a skin without that label
        (True, 10103, "Something else", False),  # something lies on top
        (False, 10000, "", True),
        (True, 10101, "Somebody else's progress", True),
    ],
)
def test_a_dialog_that_nobody_can_see_is_cancelled(
    kodi: StubbedKodi, visible: bool, top: int, heading: str, cancelled: bool
) -> None:
    screen = dialogs.ProgressScreen(KodiRuntime(), "Sign in to Simkl")
    kodi.top_window, kodi.top_heading = 10101, "Sign in to Simkl"
    assert not screen.is_cancelled()
    kodi.visible, kodi.top_window, kodi.top_heading = visible, top, heading
    assert screen.is_cancelled() is cancelled
    screen.close()
    assert (kodi.progress[-1] == ("close",)) is not cancelled, "the window is not ours to close any more"
    kodi.visible, kodi.top_heading = True, ""
    assert screen.is_cancelled() is cancelled, "once cancelled, always cancelled"


def test_the_heading_of_the_last_dialog_is_not_taken_for_another_one(
    kodi: StubbedKodi, confirmation: FakeWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Kodi opens its progress dialog with the words that were on it last, until it draws the new ones."""
    now = [100.0]
    monkeypatch.setattr(KodiRuntime, "now", lambda self: now[0])
    kodi.top_window, kodi.top_heading = 10101, "Installing an add-on..."
    screen = dialogs.ProgressScreen(KodiRuntime(), "Sign in to Simkl")
    assert not screen.is_cancelled()
    kodi.top_heading = "Sign in to Simkl"
    assert not screen.is_cancelled()
    now[0] += 900
    confirmation.press = 11
    assert screen.ask_again(Outcome(End.EXPIRED)), "and it is opened again"
    kodi.top_heading = "Installing another one..."
    assert not screen.is_cancelled()
    now[0] += 1.9
    assert not screen.is_cancelled()
    now[0] += 0.2
    assert screen.is_cancelled(), "it has never become ours"


def test_a_token_in_hand_is_not_thrown_away_by_another_add_on(kodi: StubbedKodi, confirmation: FakeWindow) -> None:
    screen = dialogs.ProgressScreen(KodiRuntime(), "Sign in to Simkl")
    no_key(confirmation)

    def closed_twice() -> None:
        kodi.visible = len(confirmation.shown) == 3
        confirmation.press = 11 if kodi.visible else None

    confirmation.before_answer = closed_twice
    assert screen.ask_again(Outcome(End.NOT_SAVED))
    assert len(confirmation.shown) == 3


def test_any_other_question_may_be_closed(kodi: StubbedKodi, confirmation: FakeWindow) -> None:
    screen = dialogs.ProgressScreen(KodiRuntime(), "Sign in to Simkl")
    no_key(confirmation)
    confirmation.stays = False
    assert not screen.ask_again(Outcome(End.EXPIRED))
    assert len(confirmation.shown) == 1


def test_a_window_that_opens_between_two_looks_is_not_mistaken_for_ours(
    kodi: StubbedKodi, monkeypatch: pytest.MonkeyPatch
) -> None:
    screen = dialogs.ProgressScreen(KodiRuntime(), "Sign in to Simkl")

    def label(name: str) -> str:
        kodi.top_window = 10103  # opens now
        return "Something else"

    monkeypatch.setattr(xbmc, "getInfoLabel", label)
    assert not screen.is_cancelled()


def test_cancel_is_kodis(kodi: StubbedKodi) -> None:
    screen = dialogs.ProgressScreen(KodiRuntime(), "Sign in to Simkl")
    kodi.progress_cancelled = True
    assert screen.is_cancelled()
    screen.close()
    assert kodi.progress[-1] == ("close",)


# lock.py


def test_one_at_a_time(kodi: StubbedKodi) -> None:
    first, second = Lock(SIGN_IN), Lock(SIGN_IN)
    assert first.acquire()
    assert not second.acquire()
    first.release()
    assert second.acquire()
    second.release()


def test_who_is_gone_holds_nothing(kodi: StubbedKodi) -> None:
    assert Lock(SIGN_IN).acquire()  # and forgotten at once, as by a script that crashed
    gc.collect()
    assert Lock(SIGN_IN).acquire()


def test_where_files_cannot_be_locked_nobody_is_kept_out(kodi: StubbedKodi, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_locks(*arguments: Any) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", no_locks)
    assert Lock(SIGN_IN).acquire()
    monkeypatch.setattr(xbmcvfs, "translatePath", lambda path: "/nowhere/")
    assert Lock(SIGN_IN).acquire()
