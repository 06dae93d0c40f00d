# SPDX-License-Identifier: GPL-2.0-or-later
"""The proxy set in Kodi (Settings > System > Internet access), which Kodi does not hand to Python by itself."""

from typing import Optional
from urllib.parse import quote

from .addon import kodi_setting

_SCHEMES = {0: "http", 1: "socks4", 2: "socks4a", 3: "socks5", 4: "socks5h", 5: "https"}
"""By network.httpproxytype: Kodi's numbers, and requests' names for the same."""


def proxy_url() -> Optional[str]:
    """Kodi's proxy as a URL for requests; None when Kodi uses none. It may hold a password: not for the log."""
    if not kodi_setting("network.usehttpproxy"):
        return None
    server = kodi_setting("network.httpproxyserver")
    scheme = _SCHEMES.get(kodi_setting("network.httpproxytype"))
    if not server or not scheme:
        return None
    user = quote(kodi_setting("network.httpproxyusername") or "", safe="")
    password = quote(kodi_setting("network.httpproxypassword") or "", safe="")
    if ":" in server:
        server = f"[{server}]"  # an IPv6 address
    credentials = f"{user}:{password}@" if user else ""
    return f"{scheme}://{credentials}{server}:{kodi_setting('network.httpproxyport')}"
