# SPDX-License-Identifier: GPL-2.0-or-later
"""The actions of the entry script: what the user is shown and asked, what is stored, and what is published."""

from __future__ import annotations

from typing import Any, Callable

import pytest
import requests

from lib.simkl_account import script, wiring
from lib.simkl_account.kodi import broker, dialogs, window
from lib.simkl_account.kodi.lock import SIGN_IN, Lock
from lib.simkl_account.models import Credentials
from lib.simkl_account.outcome import Cause, Outcome, SignInResult

from .fakes import signed_in
from .stubs import StubbedKodi

SIGNED_IN_DATA = {"is_same_account": False, "needs_sign_in": False, "can_write": True}
"""What other add-ons are told after the sign-in of somebody new."""


class Person:
    """The user: what the user is shown and asked, and what the user answers."""

    def __init__(self) -> None:
        self.shown: list[str] = []
        """All messages, in the window and in dialogs."""
        self.shown_in_window: list[str] = []
        """The messages that were shown in the window."""
        self.questions: list[str] = []
        """Each question with the label of its yes button, and "carefully" if Cancel has the focus."""
        self.answers: list[bool] = []
        """What the user answers to the questions, in turn."""
        self.titles: list[str] = []
        """The titles of the windows that were opened."""
        self.window_opens = True
        self.sign_ins: list[Any] = []
        """The arguments of each SignIn."""
        self.outcomes: list[Outcome] = [Outcome(SignInResult.SIGNED_IN, user_name="Ada")]
        """How the sign-ins and the checks end, in turn."""


@pytest.fixture
def person(monkeypatch: pytest.MonkeyPatch, kodi: StubbedKodi) -> Person:
    """The user of a Kodi that has a client id. The sign-ins end as person.outcomes says."""
    person = Person()

    class SignIn:
        def __init__(self, *arguments: Any) -> None:
            person.sign_ins.append(arguments)

        def run(self) -> Outcome:
            return person.outcomes.pop(0)

    class WindowScreen:
        def __init__(self, runtime: Any, title: str) -> None:
            if not person.window_opens:
                raise RuntimeError("XML File for Window is missing")
            person.titles.append(title)

        def show_message(self, message: str) -> None:
            dialogs.show_message(None, message)  # type: ignore[arg-type]
            person.shown_in_window.append(message)

    def confirm(runtime: Any, message: str, yes: str, careful: bool = False) -> bool:
        person.questions.append(f"{message} [{yes}]" + (" carefully" if careful else ""))
        return person.answers.pop(0)

    monkeypatch.setattr("lib.simkl_account.auth.sign_in.SignIn", SignIn)
    monkeypatch.setattr(window, "WindowScreen", WindowScreen)
    monkeypatch.setattr(dialogs, "confirm", confirm)
    monkeypatch.setattr(dialogs, "show_message", lambda runtime, message: person.shown.append(message))
    kodi.settings.update(client_id="an-id")
    return person


def test_sign_in(kodi: StubbedKodi, person: Person) -> None:
    """After a sign-in, the user is shown the name, and other add-ons are told with one event."""
    script.run(["default.py", "action=sign_in"])
    assert len(person.sign_ins) == 1
    assert person.shown == ["Signed in as Ada"]
    assert kodi.builtins == []
    assert kodi.events == [("script.simkl.account", "signed_in", SIGNED_IN_DATA)]


def test_event_of_sign_in(kodi: StubbedKodi, person: Person) -> None:
    """The event says whether the account is the one from before, and whether it may change the history."""
    person.outcomes = [Outcome(SignInResult.SIGNED_IN, user_name="Ada", read_only=True, is_same_account=True)]
    person.answers = [False]
    script.run(["default.py", "action=sign_in"])
    assert [data for _, _, data in kodi.events] == [
        {"is_same_account": True, "needs_sign_in": False, "can_write": False}
    ]


def test_message_in_window_or_dialog(kodi: StubbedKodi, person: Person) -> None:
    """The window shows who is signed in. A dialog is used if the name is missing or another user was replaced."""
    person.outcomes = [
        Outcome(SignInResult.SIGNED_IN, user_name="Ada"),
        Outcome(SignInResult.SIGNED_IN),
        Outcome(SignInResult.SIGNED_IN, user_name="Grace", replaced_name="Ada"),
    ]
    for _ in range(3):
        script.run(["default.py", "action=sign_in"])
    assert len(person.shown) == 3
    assert person.shown_in_window == ["Signed in as Ada"]
    assert person.titles == ["Sign in to Simkl"] * 3


def test_window_cannot_be_opened(kodi: StubbedKodi, person: Person) -> None:
    """If the window cannot be opened, the sign-in uses Kodi's progress dialog, and the log says why."""
    person.window_opens = False
    script.run(["default.py", "action=sign_in"])
    assert kodi.progress[0] == ("create", "Sign in to Simkl", "Contacting Simkl…")
    assert person.shown == ["Signed in as Ada"]
    assert [line for line, _ in kodi.log] == [
        "script.simkl.account: no window for the sign-in: XML File for Window is missing"
    ]


def test_sign_in_of_another_user(kodi: StubbedKodi, person: Person) -> None:
    """If another user was signed in before, the message names both."""
    person.outcomes = [Outcome(SignInResult.SIGNED_IN, user_name="Grace", replaced_name="Ada")]
    script.run(["default.py", "action=sign_in"])
    assert person.shown == ["Signed in as Grace. Ada is no longer signed in on this device."]


def test_sign_in_without_name(kodi: StubbedKodi, person: Person) -> None:
    """If the user's name could not be fetched, the message says so."""
    person.outcomes = [Outcome(SignInResult.SIGNED_IN)]
    script.run(["default.py", "action=sign_in"])
    assert person.shown == ["Signed in to Simkl. Your name could not be fetched just now."]


@pytest.mark.parametrize(
    "outcome",
    [
        Outcome(SignInResult.CANCELLED),
        Outcome(SignInResult.EXPIRED),
        Outcome(SignInResult.UNREACHABLE, Cause.BUSY),
        Outcome(SignInResult.SHUTTING_DOWN),
    ],
)
def test_sign_in_not_completed(kodi: StubbedKodi, person: Person, outcome: Outcome) -> None:
    """After a sign-in that did not succeed, the script shows and asks nothing more, but publishes the result."""
    person.outcomes = [outcome]
    script.run(["default.py", "action=sign_in"])
    assert (person.shown, person.questions, kodi.events) == ([], [], [])
    assert broker.state(broker.SIGN_IN) == (1, outcome.result.name)


def test_lock_held_from_add_on(kodi: StubbedKodi, person: Person) -> None:
    """If a sign-in is open when another add-on asks for one, the user gets no notification."""
    with Lock(SIGN_IN):
        script.run(["default.py", "action=sign_in", "from=add-on", "after=0"])
    assert (kodi.notifications, person.sign_ins) == ([], [])


def test_sign_in_ended_since_request(kodi: StubbedKodi, person: Person) -> None:
    """If a sign-in has ended since an add-on asked for one, the script does not start a second one."""
    person.outcomes *= 2
    script.run(["default.py", "action=sign_in", "from=add-on", "after=0"])
    script.run(["default.py", "action=sign_in", "from=add-on", "after=0"])
    assert len(person.sign_ins) == 1
    assert Lock(SIGN_IN).is_free()
    script.run(["default.py", "action=sign_in", "from=add-on", "after=1"])
    assert len(person.sign_ins) == 2
    assert broker.state(broker.SIGN_IN) == (2, "SIGNED_IN")


def test_result_is_published_first(kodi: StubbedKodi, person: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    """The result is published before the lock is released, and the lock is released before the message is shown."""
    steps: list[Any] = []
    release = Lock.release

    def noted_release(lock: Lock) -> None:
        if lock.name == SIGN_IN:
            steps.append(broker.state(broker.SIGN_IN))
        release(lock)

    monkeypatch.setattr(Lock, "release", noted_release)
    monkeypatch.setattr(dialogs, "show_message", lambda runtime, message: steps.append("message"))
    script.run(["default.py", "action=sign_in"])
    assert steps == [(1, "SIGNED_IN"), "message"]


def test_result_without_client_id(kodi: StubbedKodi, person: Person) -> None:
    """If the user does not enter a client id, the published result is CANCELLED."""
    kodi.settings.update(client_id="")
    for count in (1, 2):
        person.answers = [False]
        script.run(["default.py", "action=sign_in"])
        assert broker.state(broker.SIGN_IN) == (count, "CANCELLED")


def test_second_sign_in(kodi: StubbedKodi, person: Person) -> None:
    """If a sign-in is open, a second one shows only a notification; when the first has ended, the next one starts."""
    with Lock(SIGN_IN):
        script.run(["default.py", "action=sign_in", "from=settings"])
    assert kodi.notifications == ["A sign-in, a check or a sign-out is already running."]
    assert (person.sign_ins, kodi.builtins) == ([], [])
    script.run(["default.py", "action=sign_in"])
    assert len(person.sign_ins) == 1


def test_lock_is_free_during_message(kodi: StubbedKodi, person: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    """While the message about a sign-in is shown, the next sign-in can take the lock."""
    free: list[bool] = []
    monkeypatch.setattr(dialogs, "show_message", lambda runtime, message: free.append(Lock(SIGN_IN).acquire()))
    script.run(["default.py", "action=sign_in"])
    assert free == [True]


def test_from_settings(kodi: StubbedKodi, person: Person) -> None:
    """After a sign-in that was started in the settings window, that window is opened again."""
    script.run(["default.py", "action=sign_in", "from=settings"])
    assert kodi.builtins == ["Addon.OpenSettings(script.simkl.account)"]


def test_from_settings_while_kodi_quits(kodi: StubbedKodi, person: Person) -> None:
    """If Kodi quits, the settings window is not opened again."""
    kodi.abort = True
    script.run(["default.py", "action=sign_in", "from=settings"])
    assert kodi.builtins == []


@pytest.mark.parametrize("action", ["sign_in", "sign_out", "check"])
def test_from_settings_with_lock_held(kodi: StubbedKodi, person: Person, checks: list[Any], action: str) -> None:
    """If a sign-in is open, each action shows a notification, changes nothing, and does not open the settings again."""
    kodi.settings.update(signed_in())
    before = dict(kodi.settings)
    person.answers = [True]
    with Lock(SIGN_IN):
        script.run(["default.py", f"action={action}", "from=settings"])
    assert kodi.notifications == ["A sign-in, a check or a sign-out is already running."]
    assert kodi.builtins == []
    assert (person.shown, person.sign_ins, checks, kodi.progress, kodi.events) == ([], [], [], [], [])
    assert kodi.settings == before
    assert broker.state(broker.SIGN_IN) == (0, "")


def test_from_programs(kodi: StubbedKodi, person: Person) -> None:
    """Without an action, the script signs in if nobody is signed in, and else opens the settings window."""
    script.run(["default.py"])
    assert len(person.sign_ins) == 1
    kodi.settings.update(access_token="t", signed_in="yes")
    script.run(["default.py"])
    assert len(person.sign_ins) == 1
    assert kodi.builtins == ["Addon.OpenSettings(script.simkl.account)"]


def test_defaults_button(kodi: StubbedKodi, person: Person) -> None:
    """If Kodi's Defaults button has cleared a part of the account, the next run removes the rest and signs in."""
    kodi.settings.update(signed_in(), signed_in="", user_name="")
    script.run(["default.py"])
    assert len(person.sign_ins) == 1
    assert (kodi.settings["access_token"], kodi.settings["account"]) == ("", "")


def test_unknown_action(kodi: StubbedKodi, person: Person) -> None:
    """An unknown action is only written to the log."""
    script.run(["default.py", "action=coffee"])
    assert [text for text, _ in kodi.log] == ["script.simkl.account: unknown action"]
    assert (person.shown, person.questions, person.sign_ins, kodi.progress) == ([], [], [], [])


# Sign out


@pytest.mark.parametrize(("answer", "left"), [(False, "t"), (True, "")])
def test_sign_out(kodi: StubbedKodi, person: Person, answer: bool, left: str) -> None:
    """If the user confirms, the account is removed and an event is sent; if not, everything stays as it is."""
    kodi.settings.update(access_token="t", user_name="Ada")
    person.answers = [answer]
    script.run(["default.py", "action=sign_out"])
    assert person.questions == ["Sign out of Simkl on this device? [Sign out] carefully"]
    assert kodi.settings["access_token"] == left
    assert kodi.events == ([("script.simkl.account", "signed_out", {})] if answer else [])
    assert len(person.shown) == answer
    assert all("simkl.com/settings/connected-apps" in message for message in person.shown)


@pytest.mark.parametrize(("answer", "result"), [(True, "SIGNED_OUT"), (False, "CANCELLED")])
def test_sign_out_for_add_on(kodi: StubbedKodi, person: Person, answer: bool, result: str) -> None:
    """The result of a sign-out is published for the add-on that asked for it, once for each time it was asked."""
    kodi.settings.update(signed_in())
    person.answers = [answer]
    for _ in range(2):  # the second one asked at the same time
        script.run(["default.py", "action=sign_out", "from=add-on", "after=0"])
    assert broker.state(broker.SIGN_OUT) == (1, result)
    assert len(person.questions) == 1


def test_sign_out_while_signing_in(kodi: StubbedKodi, person: Person) -> None:
    """If a sign-in is open, a sign-out removes nothing; when the sign-in has ended, a sign-out works."""
    kodi.settings.update(access_token="t", signed_in="yes")
    person.answers = [True, True]
    with Lock(SIGN_IN):
        script.run(["default.py", "action=sign_out"])
    assert kodi.notifications == ["A sign-in, a check or a sign-out is already running."]
    assert kodi.settings["access_token"] == "t"
    script.run(["default.py", "action=sign_out"])
    assert kodi.settings["access_token"] == ""


def test_sign_out_not_saved(kodi: StubbedKodi, person: Person) -> None:
    """If Kodi cannot write the settings file, the user is shown that the sign-out failed, and no event is sent."""
    kodi.settings.update(access_token="t", user_name="Ada")
    kodi.write_settings()
    kodi.can_write = False
    person.answers = [True]
    script.run(["default.py", "action=sign_out"])
    assert person.shown == ["Kodi could not remove the sign-in. Is the disk full or read-only?"]
    assert kodi.events == []


@pytest.mark.parametrize(
    ("is_revoked", "shown"),
    [(True, "Signed out. This device has no access to Simkl any more."), (False, "connected-apps")],
)
def test_sign_out_revokes_grant(
    kodi: StubbedKodi, person: Person, monkeypatch: pytest.MonkeyPatch, is_revoked: bool, shown: str
) -> None:
    """If there is a refresh token, it is revoked before the account is removed, and a message says the result.

    The account is removed even if Simkl has not revoked the token.
    """
    kodi.settings.update(signed_in(refresh_token="r-token"))
    revoked: list[Any] = []

    def revoke(connect: Callable[[], Any], credentials: Credentials, *arguments: Any) -> bool:
        revoked.append((credentials, connect().client_id, kodi.settings["access_token"]))
        return is_revoked

    monkeypatch.setattr("lib.simkl_account.auth.sign_out.revoke_on_screen", revoke)
    person.answers = [True]
    script.run(["default.py", "action=sign_out"])
    assert revoked == [(Credentials("a-token", "an-id", "r-token"), "an-id", "a-token")]
    assert kodi.settings["account"] == kodi.settings["access_token"] == ""
    assert shown in person.shown[0]
    assert kodi.events == [("script.simkl.account", "signed_out", {})]


def test_sign_in_forgets_refusals(kodi: StubbedKodi, person: Person) -> None:
    """A new sign-in forgets that Simkl refused the token: each sign-in by the PIN flow gives the same token."""
    kodi.settings.update(signed_in())
    credentials = Credentials("a-token", "an-id")
    for name in ("refused", "marked"):
        wiring.cooldown(name, credentials).start(600)
    person.outcomes = [Outcome(SignInResult.SIGNED_IN, user_name="Ada")]
    script.run(["default.py", "action=sign_in"])
    assert not wiring.cooldown("refused", credentials).was_started()
    assert not wiring.cooldown("marked", credentials).was_started()


def test_read_only_sign_in(kodi: StubbedKodi, person: Person) -> None:
    """If the sign-in is read-only, the user is asked whether to sign in again."""
    person.outcomes = [
        Outcome(SignInResult.SIGNED_IN, user_name="Ada", read_only=True),
        Outcome(SignInResult.SIGNED_IN, user_name="Ada"),
    ]
    person.answers = [True]
    script.run(["default.py", "action=sign_in"])
    assert person.questions == [
        "Signed in as Ada, but read-only: other add-ons cannot write your history. "
        "To allow it, sign in again. [Sign in again]"
    ]
    assert len(person.sign_ins) == 2
    assert person.shown == ["Signed in as Ada"]
    assert len(kodi.events) == 2


# Check


@pytest.fixture
def checks(monkeypatch: pytest.MonkeyPatch, person: Person) -> list[Any]:
    """The arguments of each Check. It ends as person.outcomes says."""
    given: list[Any] = []

    class Check:
        def __init__(self, *arguments: Any) -> None:
            given.append(arguments)

        def run(self) -> Outcome:
            return person.outcomes.pop(0)

    monkeypatch.setattr("lib.simkl_account.auth.check.Check", Check)
    return given


def test_check(kodi: StubbedKodi, person: Person, checks: list[Any]) -> None:
    """If Simkl accepts the stored credentials, the user is shown that, and the settings window is opened again."""
    kodi.settings.update(signed_in())
    script.run(["default.py", "action=check", "from=settings"])
    assert person.shown == ["The sign-in is good. Signed in as Ada."]
    assert checks[0][2].credentials() == Credentials("a-token", "an-id")
    assert kodi.builtins == ["Addon.OpenSettings(script.simkl.account)"]


def test_check_while_signing_in(kodi: StubbedKodi, person: Person, checks: list[Any]) -> None:
    """If a sign-in is open, a check shows only a notification."""
    kodi.settings.update(signed_in())
    with Lock(SIGN_IN):
        script.run(["default.py", "action=check"])
    assert (checks, kodi.progress, kodi.notifications) == (
        [],
        [],
        ["A sign-in, a check or a sign-out is already running."],
    )


def test_check_when_signed_out(kodi: StubbedKodi, person: Person, checks: list[Any]) -> None:
    """If nobody is signed in, a check tells the user so, and sends nothing."""
    script.run(["default.py", "action=check"])
    assert (person.shown, checks) == (["Not signed in"], [])


@pytest.mark.parametrize("answer", [True, False])
def test_check_needs_sign_in(kodi: StubbedKodi, person: Person, checks: list[Any], answer: bool) -> None:
    """If Simkl no longer accepts the sign-in, the user is asked whether to sign in again."""
    kodi.settings.update(signed_in())
    person.outcomes.insert(0, Outcome(SignInResult.NEEDS_SIGN_IN))
    person.answers = [answer]
    script.run(["default.py", "action=check"])
    assert person.questions == ["The sign-in to Simkl is no longer valid. Sign in again. [Sign in again]"]
    assert len(person.sign_ins) == answer


@pytest.mark.parametrize(
    ("outcome", "shown"),
    [
        (Outcome(SignInResult.CANCELLED), []),
        (Outcome(SignInResult.SHUTTING_DOWN), []),
        (
            Outcome(SignInResult.UNREACHABLE, Cause.NO_NETWORK),
            ["Cannot find Simkl. Is this device connected to the internet?"],
        ),
        (
            Outcome(SignInResult.UNREACHABLE, Cause.USER_LIMIT, seconds_left=5.2 * 3600),
            ["The requests that Simkl allows this account in a day are used up. Try again in about 6 hours."],
        ),
        (
            Outcome(SignInResult.UNREACHABLE, Cause.APP_LIMIT, seconds_left=3600),
            ["The requests that Simkl allows this add-on in a day are used up. Try again in less than an hour."],
        ),
    ],
)
def test_check_without_answer(
    kodi: StubbedKodi, person: Person, checks: list[Any], outcome: Outcome, shown: list[str]
) -> None:
    """If a check gets no answer, the user is shown the cause, but nothing after Cancel or if Kodi quits."""
    kodi.settings.update(signed_in())
    person.outcomes = [outcome]
    script.run(["default.py", "action=check"])
    assert person.shown == shown


def test_check_client_id_refused(kodi: StubbedKodi, person: Person, checks: list[Any]) -> None:
    """If the sign-in has ended because Simkl refuses the client id, the user is told that reason."""
    kodi.settings.update(signed_in(needs_sign_in=True, is_client_id_refused=True))
    person.outcomes = [Outcome(SignInResult.NEEDS_SIGN_IN)]
    person.answers = [False]
    script.run(["default.py", "action=check"])
    assert person.questions == ["Simkl no longer accepts the client ID of this add-on. Sign in again. [Sign in again]"]


def test_check_token_refused(kodi: StubbedKodi, person: Person, checks: list[Any]) -> None:
    """If Simkl refuses the token at the moment, the user is told to wait, and can sign in again at once."""
    kodi.settings.update(signed_in())
    person.outcomes = [Outcome(SignInResult.TOKEN_REFUSED)]
    person.answers = [False]
    script.run(["default.py", "action=check"])
    assert person.questions[0].startswith("Simkl does not accept this sign-in at the moment.")
    assert person.questions[0].endswith("[Sign in again]")


def test_check_of_outdated_sign_in(kodi: StubbedKodi, person: Person, checks: list[Any]) -> None:
    """If the sign-in is outdated, a check tells the user why to sign in again."""
    kodi.settings.update(signed_in(is_outdated=True))
    person.answers = [False]
    script.run(["default.py", "action=check"])
    assert person.questions[0].startswith("Simkl is changing how devices sign in")


def test_check_uses_stored_client_id(kodi: StubbedKodi, person: Person, checks: list[Any]) -> None:
    """A check sends the client id of the sign-in, even if the setting has another one by now."""
    kodi.settings.update(signed_in(), client_id="entered-since")
    script.run(["default.py", "action=check"])
    assert checks[0][0]().client_id == "an-id"


def test_check_of_version_0_1_account(kodi: StubbedKodi, person: Person, checks: list[Any]) -> None:
    """If version 0.1.0 stored the account, a check sends the client id of the setting, and stores the account anew."""
    kodi.settings.update(access_token="t", client_id="the-setting")
    script.run(["default.py", "action=check"])
    assert checks[0][0]().client_id == "the-setting"
    assert kodi.settings["signed_in"] == "yes", "the settings window shows the user as signed in from now on"


# The client id


def test_no_client_id(kodi: StubbedKodi, person: Person) -> None:
    """If there is no client id and the user does not enter one, no sign-in starts."""
    kodi.settings.update(client_id=" ")
    person.answers = [False]
    script.run(["default.py", "action=sign_in"])
    assert "simkl.com/settings/developer" in person.questions[0]
    assert (person.sign_ins, kodi.progress) == ([], [])


def test_client_id_entered(kodi: StubbedKodi, person: Person) -> None:
    """If the user enters a client id, it is stored, and the sign-in starts."""
    kodi.settings.update(client_id="")
    person.answers, kodi.dialog_input = [True], "typed-id"
    script.run(["default.py", "action=sign_in"])
    assert kodi.settings["client_id"] == "typed-id"
    assert len(person.sign_ins) == 1


def test_client_id_refused(kodi: StubbedKodi, person: Person) -> None:
    """If Simkl refuses the client id, the user can enter another one, and the sign-in starts again with it."""
    person.outcomes = [Outcome(SignInResult.REFUSED), Outcome(SignInResult.SIGNED_IN, user_name="Ada")]
    person.answers, kodi.dialog_input = [True], "typed-id"
    script.run(["default.py", "action=sign_in"])
    assert person.questions[0].startswith("Simkl does not accept the client ID")
    assert kodi.settings["client_id"] == "typed-id"
    assert len(person.sign_ins) == 2


def test_client_id_not_saved(kodi: StubbedKodi, person: Person) -> None:
    """If the client id cannot be stored, the user is shown that, and no sign-in starts."""
    kodi.settings.update(client_id="")
    person.answers, kodi.dialog_input, kodi.can_write = [True], "typed-id", False
    script.run(["default.py", "action=sign_in"])
    assert person.shown == ["Kodi could not save the client ID. Is the disk full or read-only?"]
    assert person.sign_ins == []


def test_client_of_sign_in(kodi: StubbedKodi, person: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    """The client of a sign-in sends the client id, this add-on's name and version, and uses Kodi's proxy."""
    kodi.kodi_settings = {
        "network.usehttpproxy": True,
        "network.httpproxytype": 0,
        "network.httpproxyserver": "proxy.example",
        "network.httpproxyport": 3128,
    }
    script.run(["default.py", "action=sign_in"])
    sent: dict[str, Any] = {}

    def request(session: requests.Session, method: str, url: str, **options: Any) -> None:
        sent.update(options, url=url, proxies=session.proxies, user_agent=session.headers["User-Agent"])
        raise requests.ConnectionError

    monkeypatch.setattr(requests.Session, "request", request)
    connect: Callable[[], Any] = person.sign_ins[0][0]
    with pytest.raises(Exception, match="no answer"):
        connect().request_code()
    assert sent["url"] == "https://api.simkl.com/oauth2/device"
    assert sent["data"]["client_id"] == "an-id"
    assert sent["params"] == {"app-name": "kodi-simkl-account", "app-version": "1.2.3"}
    assert sent["user_agent"] == "kodi-simkl-account/1.2.3"
    assert sent["proxies"] == {"https": "http://proxy.example:3128"}


@pytest.mark.parametrize("action", ["sign_in", "sign_out", "check"])
def test_addon_removed(kodi: StubbedKodi, person: Person, action: str) -> None:
    """If the add-on is disabled or uninstalled, each action writes a line to the log and shows the user nothing."""
    kodi.knows_addon, kodi.disabled = False, True
    script.run(["default.py", f"action={action}", "from=settings"])
    assert [text for text, _ in kodi.log] == ["script.simkl.account: disabled or uninstalled"]
    assert (person.shown, person.questions, kodi.builtins) == ([], [], [])
