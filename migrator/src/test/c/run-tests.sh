#!/bin/sh
# run-tests.sh [DIRECTORY WITH mig-capsule AND mig-spawn, - to build them] [PART OF A TEST NAME]...
# Moves real processes between capsules on this machine, with fake deputies (test_capsule.py) and real ones (test_whole.py, test_jobs.py).
# Without root, criu (MIG_CRIU, default /opt/mig/criu/criu) or a cgroup v2 freezer there is nothing to test: says so and passes.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
skip() { echo "SKIPPED: tests of mig-capsule, because $1"; exit 0; }

tools=$(mktemp -d)
trap 'rm -rf "$tools"' EXIT
from=${1:--}
[ $# -eq 0 ] || shift
if [ "$from" = - ]; then
    make -s -C "$here/../../main/c" OUT="$tools"
else
    cp "$from/mig-capsule" "$from/mig-spawn" "$from/mig-born" "$from/libmig-exec.so" "$tools"
fi
export PYTHONDONTWRITEBYTECODE=1
command -v python3 >/dev/null || skip "there is no python3"
[ $# -gt 0 ] || python3 "$here/test_exec.py" "$tools"

[ "$(id -u)" = 0 ] || skip "they need root"
[ -x "${MIG_CRIU:-/opt/mig/criu/criu}" ] || skip "there is no ${MIG_CRIU:-/opt/mig/criu/criu}"
cgroup=$(awk '$3 == "cgroup2" {print $2; exit}' /proc/self/mounts)
[ -n "$cgroup" ] && [ -w "$cgroup/cgroup.procs" ] || skip "no cgroup v2 is mounted, or it cannot be written to"

make -s -C "$here/../../../../home-node-proxy/src/main/c" OUT="$tools"
python3 "$here/test_capsule.py" "$tools" "$@"
python3 "$here/test_whole.py" "$tools" "$@"
python3 "$here/test_jobs.py" "$tools" "$@"
