# SPDX-License-Identifier: GPL-2.0-or-later
"""The actions of RunScript(script.simkl.account,action=...), one short function each.

From the press of a button to the dialog, a person waits for imports. So the modules imported here at the top import
nothing but Kodi's own (typing alone costs as much as all of them), and the rest is imported when its turn comes.
"""

from . import words
from .kodi import addon, dialogs
from .kodi.lock import SignInLock
from .kodi.runtime import KodiRuntime
from .kodi.settings import KodiSettings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import List

    from .ends import Outcome
    from .simkl import Simkl

APP_NAME = "kodi-simkl-account"
"""What Simkl's statistics and User-Agent call this add-on."""

CLIENT_ID = "client_id"


def run(argv: "List[str]") -> None:
    """Do what the arguments after the script's name ask for: action=NAME, and from=settings for its buttons."""
    runtime = KodiRuntime()
    arguments = dict(argument.partition("=")[::2] for argument in argv[1:])
    action = arguments.get("action", "")
    done = True
    if action == "sign_in":
        done = sign_in(runtime)
    elif action == "sign_out":
        sign_out(runtime)
    elif action == "":
        open_from_programs(runtime)
    else:
        addon.warn("unknown action")
    if done and arguments.get("from") == "settings" and not runtime.is_shutting_down():
        addon.open_settings()


def open_from_programs(runtime: KodiRuntime) -> None:
    """Signed out: sign in. Signed in: the settings say who it is and what can be done."""
    from .account import AccountStore

    if AccountStore(KodiSettings()).load():
        addon.open_settings()
    else:
        sign_in(runtime)


def sign_in(runtime: KodiRuntime) -> bool:
    """Sign in with a code, and say how it ended. False when a sign-in is already open: it stays as it is."""
    lock = SignInLock()
    if not lock.acquire():
        dialogs.notify(addon.text(words.ALREADY_OPEN))
        return False
    client_id = KodiSettings().get(CLIENT_ID).strip() or _ask_for_client_id(runtime, words.NO_CLIENT_ID)
    while client_id:
        outcome = _sign_in_with(client_id, runtime)
        if outcome.end.name == "REFUSED":
            client_id = _ask_for_client_id(runtime, words.REFUSED)
            continue
        lock.release()
        if outcome.end.name == "SIGNED_IN":
            dialogs.tell(runtime, addon.text(words.what_happened(outcome), outcome.user_name))
        break
    return True


def sign_out(runtime: KodiRuntime) -> None:
    """Ask, then remove the account from this device."""
    if not dialogs.ask(runtime, addon.text(words.SIGN_OUT_QUESTION), yes=addon.text(words.SIGN_OUT), careful=True):
        return
    lock = SignInLock()
    if not lock.acquire():
        dialogs.notify(addon.text(words.ALREADY_OPEN))
        return
    from .account import AccountStore
    from .errors import NotSaved

    try:
        AccountStore(KodiSettings()).remove()
    except NotSaved:
        outcome = words.NOT_REMOVED
    else:
        outcome = words.SIGNED_OUT
    lock.release()
    dialogs.tell(runtime, addon.text(outcome))


def _sign_in_with(client_id: str, runtime: KodiRuntime) -> "Outcome":
    screen = dialogs.ProgressScreen(runtime)
    from contextlib import suppress

    from .account import AccountStore
    from .auth import SignIn
    from .errors import NotSaved

    def connect() -> "Simkl":
        from .kodi.proxy import proxy_url
        from .simkl import Simkl
        from .transport import Transport

        return Simkl(client_id, Transport(APP_NAME, addon.version(), proxy_url()))

    accounts = AccountStore(KodiSettings())
    with suppress(NotSaved):
        accounts.remove_leftovers()
    return SignIn(connect, screen, accounts, runtime, addon.log).run()


def _ask_for_client_id(runtime: KodiRuntime, why: int) -> str:
    """Say why one is needed, and store what is entered; "" when the person would rather not."""
    if not dialogs.ask(runtime, addon.text(why), yes=addon.text(words.ENTER_CLIENT_ID)):
        return ""
    client_id = dialogs.type_in(addon.text(words.CLIENT_ID))
    if client_id:
        from .errors import NotSaved

        try:
            KodiSettings().set(CLIENT_ID, client_id)
        except NotSaved:
            dialogs.tell(runtime, addon.text(words.CLIENT_ID_NOT_SAVED))
            return ""
    return client_id
