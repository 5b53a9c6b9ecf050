#!/bin/sh
# run-tests.sh [DIRECTORY OF THE TOOLS] [PART OF A TEST NAME]...: moves real processes between capsules on this machine.
# Without root, criu (MIG_CRIU, default /opt/mig/criu/criu) or a cgroup v2 freezer there is nothing to test: says so and passes.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
skip() { echo "SKIPPED: tests of mig-capsule, because $1"; exit 0; }

[ "$(id -u)" = 0 ] || skip "they need root"
[ -x "${MIG_CRIU:-/opt/mig/criu/criu}" ] || skip "there is no ${MIG_CRIU:-/opt/mig/criu/criu}"
command -v python3 >/dev/null || skip "there is no python3"
cgroup=$(awk '$3 == "cgroup2" {print $2; exit}' /proc/self/mounts)
[ -n "$cgroup" ] && [ -w "$cgroup/cgroup.procs" ] || skip "no cgroup v2 is mounted, or it cannot be written to"
if [ $# -gt 0 ]; then
    tools=$1
    shift
else
    tools=$here/../../../target/classes/native/linux-x86_64
    make -s -C "$here/../../main/c" OUT="$tools"
fi
PYTHONDONTWRITEBYTECODE=1 exec python3 "$here/test_capsule.py" "$tools" "$@"
