#!/bin/bash
# Makes the machines of the Vagrantfile one cluster and starts the agents. Run it once after `vagrant up`.
set -euo pipefail
cd "$(dirname "$0")"

nodes=$(seq -f 'node%g' 1 "${MIG_NODES:-3}")
on() { vagrant ssh "$1" -c "sudo $2" 2>/dev/null; }

on node1 "test -e /etc/mig/pki/node.crt || sudo mig cluster init vagrant --node node1"
on node1 "systemctl restart migd"
for node in $nodes; do
    [ "$node" != node1 ] || continue
    if ! on "$node" "test -e /etc/mig/pki/node.crt"; then
        token=$(on node1 "mig token --host node1 --only-for $node" | tr -d '\r\n')
        # the token goes through standard input: it is a secret, and arguments are visible to everybody
        echo "$token" | vagrant ssh "$node" -c "sudo mig join - --node $node" 2>/dev/null
    fi
    on "$node" "systemctl restart migd"
done
on node1 "mig nodes"
