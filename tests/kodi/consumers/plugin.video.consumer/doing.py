# SPDX-License-Identifier: GPL-2.0-or-later
"""What this add-on does with simkl_account, from its script, its service and its plugin."""

import json
import sys
import time

import simkl_account
import xbmc
import xbmcgui

URL = "https://api.simkl.com/sync/activities"


def account():
    """Return who is signed in; None if nobody is."""
    found = simkl_account.get_account()
    return found and {**found._asdict(), "is_signed_in": simkl_account.is_signed_in()}


def sign_in():
    """Return the name of a sign-in's result."""
    result = simkl_account.sign_in()
    assert isinstance(result, simkl_account.SignInResult)
    return result.name


def sign_out():
    """Return what sign_out() returns."""
    return simkl_account.sign_out()


def request():
    """Return the status of a request as the user, or the name of the error that simkl_account raises."""
    try:
        return simkl_account.Session().get(URL).status_code
    except simkl_account.LimitExceeded as error:
        return f"{type(error).__name__} until {error.ends_at.isoformat()}"
    except simkl_account.SimklAccountError as error:
        return type(error).__name__


def post():
    """Return the status of a POST."""
    return simkl_account.Session().post(URL, json={"a": 1}, timeout=10).status_code


def look_up():
    """Return the status of a look-up in Simkl's catalogue."""
    return simkl_account.Session().get("https://api.simkl.com/movies/53536").status_code


def imported():
    """Return True if importing simkl_account and reading the account has imported requests."""
    simkl_account.get_account()
    return "requests" in sys.modules


def read():
    """Return the seconds that get_account() takes, as the average of a hundred calls after the first."""
    simkl_account.get_account()
    started = time.perf_counter()
    for _ in range(100):
        simkl_account.get_account()
    return (time.perf_counter() - started) / 100


FUNCTIONS = {
    function.__name__: function for function in (account, sign_in, sign_out, request, post, look_up, imported, read)
}


def do(name, key):
    """Call a function, and put its result into a property of the home window, as JSON, and into the log."""
    result = FUNCTIONS[name]()
    xbmc.log(f"consumer: {name}: {result}")
    xbmcgui.Window(10000).setProperty(key, json.dumps({"result": result}))
