# SPDX-License-Identifier: GPL-2.0-or-later
"""What this add-on can do with simkl_account, from its script, its service and its plugin alike."""

import json
import sys
import time

import simkl_account
import xbmcgui

URL = "https://api.simkl.com/sync/activities"


def account():
    """Who is signed in; null when nobody is."""
    found = simkl_account.get_account()
    return found and {**found._asdict(), "is_signed_in": simkl_account.is_signed_in()}


def sign_in():
    """How a sign-in ended."""
    return simkl_account.sign_in().name


def request():
    """The status of a request as the user, or the name of the error."""
    try:
        return simkl_account.Session().get(URL).status_code
    except simkl_account.UserLimitExceeded as error:
        return f"UserLimitExceeded until {error.ends_at.isoformat()}"
    except Exception as error:
        return type(error).__name__


def post():
    """The same, by requests itself with our auth object."""
    import requests

    return requests.post(URL, json={"a": 1}, auth=simkl_account.SimklAuth(), timeout=10).status_code


def imported():
    """Whether requests was imported by importing simkl_account, and by reading the account."""
    simkl_account.get_account()
    return "requests" in sys.modules


def read():
    """Seconds that one reading takes, of a hundred, once loaded."""
    simkl_account.get_account()
    started = time.perf_counter()
    for _ in range(100):
        simkl_account.get_account()
    return (time.perf_counter() - started) / 100


DOINGS = {doing.__name__: doing for doing in (account, sign_in, request, post, imported, read)}


def do(name, key):
    """Do it, and report."""
    xbmcgui.Window(10000).setProperty(key, json.dumps({"result": DOINGS[name]()}))
