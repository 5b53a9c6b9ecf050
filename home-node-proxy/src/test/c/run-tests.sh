#!/bin/sh
# Builds the native tools and runs their tests: sh run-tests.sh [TEST-MODULE...]. What needs root or a cgroup v2 says so when
# it is skipped. MIG_TOOLS=DIR tests tools that are built already.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
sources=$here/../../main/c
work=$(mktemp -d "${TMPDIR:-/tmp}/mig-native-XXXXXX")
trap 'rm -rf "$work"' EXIT INT TERM

if [ -z "${MIG_TOOLS:-}" ]; then
    make -s -C "$sources" OUT="$work/tools"
    MIG_TOOLS=$work/tools
fi
export MIG_TOOLS

gcc -std=gnu17 -O1 -g -Wall -Wextra -Werror -I"$sources" -o "$work/link-test" "$here/link-test.c" \
    "$sources/bytes.c" "$sources/loop.c" "$sources/hull.c" "$sources/link.c"
for seed in 1 2 3; do
    timeout 150 "$work/link-test" "$work/link.sock" "$seed"
done

if ! command -v python3 >/dev/null; then
    echo "SKIPPED the tests of deputy and deputise: python3 is not installed" >&2
    exit 0
fi
if [ "$(id -u)" != 0 ]; then
    echo "SKIPPED the tests of deputy and deputise: they need root (ptrace, cgroups)" >&2
    exit 0
fi
root=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/self/mounts)
if [ -z "$root" ] || ! mkdir "$root/mig-native-$$" 2>/dev/null; then
    echo "SKIPPED the tests of deputy and deputise: no writable cgroup v2 is mounted" >&2
    exit 0
fi
rmdir "$root/mig-native-$$"

cd "$here"
[ $# -gt 0 ] || set -- deputy_test tty_test deputise_test
PYTHONDONTWRITEBYTECODE=1 timeout 600 python3 -m unittest "$@"
