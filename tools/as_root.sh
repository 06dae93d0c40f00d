#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Runs a command as root, in a user namespace where the system lets everybody have one, else by sudo. The tests need
# it for a network of their own (tests/rig/namespace.py).
set -eu
if [ "$(id -u)" = 0 ]; then
    exec "$@"
elif unshare --user --map-root-user --mount --net true 2>/dev/null; then
    exec unshare --user --map-root-user "$@"
fi
echo "This takes root, for a network that nobody else is on:"
status=0
sudo -E "$@" || status=$?
sudo chown -R "$(id -u):$(id -g)" .
exit $status
