#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Runs a command as root: in a user namespace if the system allows that, otherwise by sudo. The tests in Kodi need root
# for their private network (tests/rig/namespace.py).
set -eu
if [ "$(id -u)" = 0 ]; then
    exec "$@"
elif unshare --user --map-root-user --mount --net true 2>/dev/null; then
    exec unshare --user --map-root-user "$@"
fi
echo "This needs root, for a private network:"
status=0
sudo -E "$@" || status=$?
sudo chown -R "$(id -u):$(id -g)" .
exit $status
