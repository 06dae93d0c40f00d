# SPDX-License-Identifier: GPL-2.0-or-later
"""The actions, and what they are wired to."""

import json
from typing import Any, Callable, Dict, List

import pytest
import requests

from lib.simkl_account import script
from lib.simkl_account.account.store import Grant
from lib.simkl_account.auth import check
from lib.simkl_account.auth import sign_in as auth
from lib.simkl_account.auth import sign_out as revoke
from lib.simkl_account.errors import Trouble
from lib.simkl_account.kodi import broker as handover
from lib.simkl_account.kodi import dialogs, window
from lib.simkl_account.kodi.lock import SIGN_IN, Lock
from lib.simkl_account.outcome import End, Outcome

from .stubs import StubbedKodi

SIGNED_IN = {
    "account": json.dumps(
        {
            "access_token": "t",
            "client_id": "an-id",
            "id": 1,
            "name": "Ada",
            "type": "free",
            "since": "2026-11-23",
            "needs_sign_in": False,
        }
    ),
    "access_token": "t",
    "user_name": "Ada",
    "signed_in": "yes",
}
"""The settings while Ada is."""


class Sofa:
    """The person: what they are told and asked, and what they answer."""

    def __init__(self) -> None:
        self.told: List[str] = []
        self.asked: List[str] = []
        self.answers: List[bool] = []
        self.sign_ins: List[Any] = []
        self.no_window = False
        self.titles: List[str] = []
        self.told_in_window: List[str] = []
        self.outcomes: List[Outcome] = [Outcome(End.SIGNED_IN, user_name="Ada")]


@pytest.fixture
def sofa(monkeypatch: pytest.MonkeyPatch, kodi: StubbedKodi) -> Sofa:
    sofa = Sofa()

    class SignIn:
        def __init__(self, *arguments: Any) -> None:
            sofa.sign_ins.append(arguments)

        def run(self) -> Outcome:
            return sofa.outcomes.pop(0)

    def ask(runtime: Any, message: str, yes: str, careful: bool = False) -> bool:
        sofa.asked.append(f"{message} [{yes}]" + (" carefully" if careful else ""))
        return sofa.answers.pop(0)

    class WindowScreen:
        def __init__(self, runtime: Any, title: str) -> None:
            if sofa.no_window:
                raise RuntimeError("XML File for Window is missing")
            sofa.titles.append(title)

        def tell(self, message: str) -> None:
            dialogs.tell(None, message)  # type: ignore[arg-type]
            sofa.told_in_window.append(message)

    monkeypatch.setattr(window, "WindowScreen", WindowScreen)
    monkeypatch.setattr(auth, "SignIn", SignIn)
    monkeypatch.setattr(dialogs, "ask", ask)
    monkeypatch.setattr(dialogs, "tell", lambda runtime, message: sofa.told.append(message))
    kodi.settings.update(client_id="an-id")
    return sofa


def test_sign_in(kodi: StubbedKodi, sofa: Sofa) -> None:
    script.run(["default.py", "action=sign_in"])
    assert len(sofa.sign_ins) == 1
    assert sofa.told == ["Signed in as Ada"]
    assert kodi.builtins == []
    assert kodi.events == [("script.simkl.account", "signed_in", None)]


def test_success_is_seen_in_the_window_and_what_takes_reading_in_a_dialog(kodi: StubbedKodi, sofa: Sofa) -> None:
    sofa.outcomes = [
        Outcome(End.SIGNED_IN, user_name="Ada"),
        Outcome(End.SIGNED_IN),
        Outcome(End.SIGNED_IN, user_name="Grace", replaced="Ada"),
    ]
    for _ in range(3):
        script.run(["default.py", "action=sign_in"])
    assert len(sofa.told) == 3
    assert sofa.told_in_window == ["Signed in as Ada"]
    assert sofa.titles == ["Sign in to Simkl"] * 3


def test_without_the_window_there_is_the_plain_dialog(kodi: StubbedKodi, sofa: Sofa) -> None:
    sofa.no_window = True
    script.run(["default.py", "action=sign_in"])
    assert kodi.progress[0] == ("create", "Sign in to Simkl", "Contacting Simkl…")
    assert sofa.told == ["Signed in as Ada"]
    assert [line for line, _ in kodi.log] == [
        "script.simkl.account: no window for the sign-in: XML File for Window is missing"
    ]


def test_another_account(kodi: StubbedKodi, sofa: Sofa) -> None:
    sofa.outcomes = [Outcome(End.SIGNED_IN, user_name="Grace", replaced="Ada")]
    script.run(["default.py", "action=sign_in"])
    assert sofa.told == ["Signed in as Grace. Ada is no longer signed in on this device."]


def test_sign_in_without_a_name(kodi: StubbedKodi, sofa: Sofa) -> None:
    sofa.outcomes = [Outcome(End.SIGNED_IN)]
    script.run(["default.py", "action=sign_in"])
    assert sofa.told == ["Signed in to Simkl. Your name could not be fetched just now."]


@pytest.mark.parametrize(
    "outcome",
    [Outcome(End.CANCELLED), Outcome(End.EXPIRED), Outcome(End.UNREACHABLE, Trouble.BUSY), Outcome(End.SHUTTING_DOWN)],
)
def test_other_ends_have_been_said_or_need_no_words(kodi: StubbedKodi, sofa: Sofa, outcome: Outcome) -> None:
    sofa.outcomes = [outcome]
    script.run(["default.py", "action=sign_in"])
    assert (sofa.told, sofa.asked, kodi.events) == ([], [], [])
    assert handover.state() == (1, outcome.end.name)


def test_who_waits_for_the_end_is_not_told_that_one_is_open(kodi: StubbedKodi, sofa: Sofa) -> None:
    first = Lock(SIGN_IN)
    assert first.acquire()
    script.run(["default.py", "action=sign_in", "from=add-on", "after=0"])
    assert (kodi.notifications, sofa.sign_ins) == ([], [])


def test_an_add_on_that_comes_too_late_opens_no_second_dialog(kodi: StubbedKodi, sofa: Sofa) -> None:
    sofa.outcomes *= 2
    script.run(["default.py", "action=sign_in", "from=add-on", "after=0"])
    script.run(["default.py", "action=sign_in", "from=add-on", "after=0"])
    assert len(sofa.sign_ins) == 1
    assert Lock(SIGN_IN).is_free()
    script.run(["default.py", "action=sign_in", "from=add-on", "after=1"])
    assert len(sofa.sign_ins) == 2
    assert handover.state() == (2, "SIGNED_IN")


def test_the_end_is_known_before_another_sign_in_can_begin_and_before_the_words_are_read(
    kodi: StubbedKodi, sofa: Sofa, monkeypatch: pytest.MonkeyPatch
) -> None:
    ends: List[Any] = []
    release = Lock.release

    def released(lock: Lock) -> None:
        if lock.name == SIGN_IN:
            ends.append(handover.state())
        release(lock)

    monkeypatch.setattr(Lock, "release", released)
    monkeypatch.setattr(dialogs, "tell", lambda runtime, message: ends.append("told"))
    script.run(["default.py", "action=sign_in"])
    assert ends == [(1, "SIGNED_IN"), "told"]


def test_an_end_also_where_there_is_no_client_id(kodi: StubbedKodi, sofa: Sofa) -> None:
    kodi.settings.update(client_id="")
    for count in (1, 2):
        sofa.answers = [False]
        script.run(["default.py", "action=sign_in"])
        assert handover.state() == (count, "CANCELLED")


def test_a_second_sign_in_says_so_and_leaves_the_first_alone(kodi: StubbedKodi, sofa: Sofa) -> None:
    first = Lock(SIGN_IN)
    assert first.acquire()
    script.run(["default.py", "action=sign_in", "from=settings"])
    assert kodi.notifications == ["A sign-in is already open."]
    assert (sofa.sign_ins, kodi.builtins) == ([], [])
    first.release()
    script.run(["default.py", "action=sign_in"])
    assert len(sofa.sign_ins) == 1


def test_the_next_sign_in_need_not_wait_until_the_words_are_read(
    kodi: StubbedKodi, sofa: Sofa, monkeypatch: pytest.MonkeyPatch
) -> None:
    free: List[bool] = []
    monkeypatch.setattr(dialogs, "tell", lambda runtime, message: free.append(Lock(SIGN_IN).acquire()))
    script.run(["default.py", "action=sign_in"])
    assert free == [True]


def test_from_the_settings_back_to_the_settings(kodi: StubbedKodi, sofa: Sofa) -> None:
    script.run(["default.py", "action=sign_in", "from=settings"])
    assert kodi.builtins == ["Addon.OpenSettings(script.simkl.account)"]


def test_no_window_is_opened_while_kodi_quits(kodi: StubbedKodi, sofa: Sofa) -> None:
    kodi.abort = True
    script.run(["default.py", "action=sign_in", "from=settings"])
    assert kodi.builtins == []


def test_from_programs(kodi: StubbedKodi, sofa: Sofa) -> None:
    script.run(["default.py"])
    assert len(sofa.sign_ins) == 1
    kodi.settings.update(access_token="t", signed_in="yes")
    script.run(["default.py"])
    assert len(sofa.sign_ins) == 1
    assert kodi.builtins == ["Addon.OpenSettings(script.simkl.account)"]


def test_a_sign_out_by_the_defaults_button_is_finished(kodi: StubbedKodi, sofa: Sofa) -> None:
    kodi.settings.update(SIGNED_IN, signed_in="", user_name="")
    script.run(["default.py"])
    assert len(sofa.sign_ins) == 1
    assert (kodi.settings["access_token"], kodi.settings["account"]) == ("", "")


def test_an_unknown_action(kodi: StubbedKodi, sofa: Sofa) -> None:
    script.run(["default.py", "action=coffee"])
    assert [text for text, _ in kodi.log] == ["script.simkl.account: unknown action"]
    assert (sofa.told, sofa.asked, sofa.sign_ins, kodi.progress) == ([], [], [], [])


@pytest.mark.parametrize(("answer", "left"), [(False, "t"), (True, "")])
def test_sign_out(kodi: StubbedKodi, sofa: Sofa, answer: bool, left: str) -> None:
    kodi.settings.update(access_token="t", user_name="Ada")
    sofa.answers = [answer]
    script.run(["default.py", "action=sign_out"])
    assert sofa.asked == ["Sign out of Simkl on this device? [Sign out] carefully"]
    assert kodi.settings["access_token"] == left
    assert kodi.events == ([("script.simkl.account", "signed_out", None)] if answer else [])
    assert len(sofa.told) == answer
    assert all("simkl.com/settings/connected-apps" in message for message in sofa.told)


def test_a_sign_out_waits_for_no_sign_in(kodi: StubbedKodi, sofa: Sofa) -> None:
    kodi.settings.update(access_token="t", signed_in="yes")
    open_sign_in = Lock(SIGN_IN)
    assert open_sign_in.acquire()
    sofa.answers = [True, True]
    script.run(["default.py", "action=sign_out"])
    assert kodi.notifications == ["A sign-in is already open."]
    assert kodi.settings["access_token"] == "t"
    open_sign_in.release()
    script.run(["default.py", "action=sign_out"])
    assert kodi.settings["access_token"] == ""


def test_a_sign_out_that_cannot_be_written_is_not_called_one(kodi: StubbedKodi, sofa: Sofa) -> None:
    kodi.settings.update(access_token="t", user_name="Ada")
    kodi.write_settings()
    kodi.can_write = False
    sofa.answers = [True]
    script.run(["default.py", "action=sign_out"])
    assert sofa.told == ["Kodi could not remove the sign-in. Is the disk full or read-only?"]
    assert kodi.events == []


@pytest.mark.parametrize(
    ("answer", "said"), [(True, "Signed out. This device has no access to Simkl any more."), (False, "connected-apps")]
)
def test_sign_out_revokes_what_can_be_revoked(
    kodi: StubbedKodi, sofa: Sofa, monkeypatch: pytest.MonkeyPatch, answer: bool, said: str
) -> None:
    kodi.settings.update(SIGNED_IN, account=SIGNED_IN["account"].replace("}", ', "refresh_token": "r"}'))
    seen: List[Any] = []

    def fake_revoke(connect: Callable[[], Any], grant: Grant, *arguments: Any) -> bool:
        seen.append((grant, connect().client_id, kodi.settings["access_token"]))
        return answer

    monkeypatch.setattr(revoke, "revoke", fake_revoke)
    sofa.answers = [True]
    script.run(["default.py", "action=sign_out"])
    assert seen == [(Grant("t", "an-id", "r"), "an-id", "t")]
    assert kodi.settings["account"] == kodi.settings["access_token"] == ""
    assert said in sofa.told[0]
    assert kodi.events == [("script.simkl.account", "signed_out", None)]


def test_a_sign_in_that_may_only_read(kodi: StubbedKodi, sofa: Sofa) -> None:
    sofa.outcomes = [Outcome(End.SIGNED_IN, user_name="Ada", read_only=True), Outcome(End.SIGNED_IN, user_name="Ada")]
    sofa.answers = [True]
    script.run(["default.py", "action=sign_in"])
    assert sofa.asked == [
        "Signed in as Ada, but read-only: other add-ons cannot write your history. "
        "To allow it, sign in again. [Sign in again]"
    ]
    assert len(sofa.sign_ins) == 2
    assert sofa.told == ["Signed in as Ada"]
    assert len(kodi.events) == 2


@pytest.fixture
def checks(monkeypatch: pytest.MonkeyPatch, sofa: Sofa) -> List[Any]:
    """Check with an end of the tests' own; what it was given is recorded."""
    given: List[Any] = []

    class Check:
        def __init__(self, *arguments: Any) -> None:
            given.append(arguments)

        def run(self, grant: Grant) -> Outcome:
            given.append(grant)
            return sofa.outcomes.pop(0)

    monkeypatch.setattr(check, "Check", Check)
    return given


def test_check(kodi: StubbedKodi, sofa: Sofa, checks: List[Any]) -> None:
    kodi.settings.update(SIGNED_IN)
    script.run(["default.py", "action=check", "from=settings"])
    assert sofa.told == ["The sign-in is good. Signed in as Ada."]
    assert checks[-1] == Grant("t", "an-id")
    assert kodi.builtins == ["Addon.OpenSettings(script.simkl.account)"]


def test_check_keeps_away_from_an_open_sign_in(kodi: StubbedKodi, sofa: Sofa, checks: List[Any]) -> None:
    kodi.settings.update(SIGNED_IN)
    lock = Lock(SIGN_IN)
    assert lock.acquire()
    script.run(["default.py", "action=check"])
    assert (checks, kodi.progress, kodi.notifications) == ([], [], ["A sign-in is already open."])
    lock.release()


def test_check_with_nobody_signed_in(kodi: StubbedKodi, sofa: Sofa, checks: List[Any]) -> None:
    script.run(["default.py", "action=check"])
    assert (sofa.told, checks) == (["Not signed in"], [])


@pytest.mark.parametrize("answer", [True, False])
def test_check_finds_it_no_longer_valid(kodi: StubbedKodi, sofa: Sofa, checks: List[Any], answer: bool) -> None:
    kodi.settings.update(SIGNED_IN)
    sofa.outcomes.insert(0, Outcome(End.NEEDS_SIGN_IN))
    sofa.answers = [answer]
    script.run(["default.py", "action=check"])
    assert sofa.asked == ["The sign-in to Simkl is no longer valid. Sign in again. [Sign in again]"]
    assert len(sofa.sign_ins) == answer


@pytest.mark.parametrize(
    ("outcome", "told"),
    [
        (Outcome(End.CANCELLED), []),
        (Outcome(End.SHUTTING_DOWN), []),
        (
            Outcome(End.UNREACHABLE, Trouble.NO_NETWORK),
            ["Cannot find Simkl. Is this device connected to the internet?"],
        ),
    ],
)
def test_other_ends_of_a_check(
    kodi: StubbedKodi, sofa: Sofa, checks: List[Any], outcome: Outcome, told: List[str]
) -> None:
    kodi.settings.update(SIGNED_IN)
    sofa.outcomes = [outcome]
    script.run(["default.py", "action=check"])
    assert sofa.told == told


def test_check_of_an_outdated_sign_in_says_why_another_is_needed(
    kodi: StubbedKodi, sofa: Sofa, checks: List[Any]
) -> None:
    kodi.settings.update(SIGNED_IN, account=SIGNED_IN["account"].replace("}", ', "is_outdated": true}'))
    sofa.answers = [False]
    script.run(["default.py", "action=check"])
    assert sofa.asked[0].startswith("Simkl is changing how devices sign in")


def test_check_uses_the_client_id_of_the_sign_in(kodi: StubbedKodi, sofa: Sofa, checks: List[Any]) -> None:
    kodi.settings.update(SIGNED_IN, client_id="entered-since")
    script.run(["default.py", "action=check"])
    assert checks[0][0]().client_id == "an-id"


def test_check_of_the_older_shape_uses_the_setting(kodi: StubbedKodi, sofa: Sofa, checks: List[Any]) -> None:
    kodi.settings.update(access_token="t", client_id="the-setting")
    script.run(["default.py", "action=check"])
    assert checks[0][0]().client_id == "the-setting"
    assert kodi.settings["signed_in"] == "yes", "the settings window shows it as signed in from now on"


def test_without_a_client_id_nothing_is_sent(kodi: StubbedKodi, sofa: Sofa) -> None:
    kodi.settings.update(client_id=" ")
    sofa.answers = [False]
    script.run(["default.py", "action=sign_in"])
    assert "simkl.com/settings/developer" in sofa.asked[0]
    assert (sofa.sign_ins, kodi.progress) == ([], [])


def test_a_client_id_is_entered_and_kept(kodi: StubbedKodi, sofa: Sofa) -> None:
    kodi.settings.update(client_id="")
    sofa.answers, kodi.dialog_input = [True], "typed-id"
    script.run(["default.py", "action=sign_in"])
    assert kodi.settings["client_id"] == "typed-id"
    assert len(sofa.sign_ins) == 1


def test_a_refused_client_id_can_be_replaced(kodi: StubbedKodi, sofa: Sofa) -> None:
    sofa.outcomes = [Outcome(End.REFUSED), Outcome(End.SIGNED_IN, user_name="Ada")]
    sofa.answers, kodi.dialog_input = [True], "typed-id"
    script.run(["default.py", "action=sign_in"])
    assert sofa.asked[0].startswith("Simkl does not accept the client ID")
    assert kodi.settings["client_id"] == "typed-id"
    assert len(sofa.sign_ins) == 2


def test_a_client_id_that_cannot_be_saved(kodi: StubbedKodi, sofa: Sofa) -> None:
    kodi.settings.update(client_id="")
    sofa.answers, kodi.dialog_input, kodi.can_write = [True], "typed-id", False
    script.run(["default.py", "action=sign_in"])
    assert sofa.told == ["Kodi could not save the client ID. Is the disk full or read-only?"]
    assert sofa.sign_ins == []


def test_the_client_is_made_of_the_client_id_the_version_and_kodis_proxy(
    kodi: StubbedKodi, sofa: Sofa, monkeypatch: pytest.MonkeyPatch
) -> None:
    kodi.kodi_settings = {
        "network.usehttpproxy": True,
        "network.httpproxytype": 0,
        "network.httpproxyserver": "proxy.example",
        "network.httpproxyport": 3128,
    }
    script.run(["default.py", "action=sign_in"])
    sent: Dict[str, Any] = {}

    def request(session: requests.Session, method: str, url: str, **options: Any) -> None:
        sent.update(options, url=url, proxies=session.proxies, agent=session.headers["User-Agent"])
        raise requests.ConnectionError

    monkeypatch.setattr(requests.Session, "request", request)
    connect: Callable[[], Any] = sofa.sign_ins[0][0]
    with pytest.raises(Exception, match="no answer"):
        connect().request_code()
    assert sent["url"] == "https://api.simkl.com/oauth/pin"
    assert sent["params"] == {"client_id": "an-id", "app-name": "kodi-simkl-account", "app-version": "1.2.3"}
    assert sent["agent"] == "kodi-simkl-account/1.2.3"
    assert sent["proxies"] == {"https": "http://proxy.example:3128"}


@pytest.mark.parametrize("action", ["sign_in", "sign_out", "check"])
def test_nobody_is_told_that_the_add_on_is_gone(kodi: StubbedKodi, sofa: Sofa, action: str) -> None:
    kodi.knows_addon, kodi.disabled = False, True
    script.run(["default.py", f"action={action}", "from=settings"])
    assert [text for text, _ in kodi.log] == ["script.simkl.account: disabled or uninstalled"]
    assert (sofa.told, sofa.asked, kodi.builtins) == ([], [], [])
