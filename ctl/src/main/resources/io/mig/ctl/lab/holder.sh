#!/bin/bash
# The holder of a lab: one process whose mount and network namespaces hold what belongs to the lab and to no node, the
# bridge and the nodes' durable state on tmpfs. When it ends, the kernel takes all of that away; nothing of the lab is
# ever visible in the host's own network or mounts.
#
# Started in its namespaces with: LAB_NAME, LAB_DIR, STATE_SIZE, DISK (memory or folder), and the node names.
set -eu
mount --make-rprivate /
if [ "$DISK" = memory ]; then # the lab's folder is on a file system that cannot carry an overlay
    mount -t tmpfs -o mode=755 "mig-lab-$LAB_NAME" "$LAB_DIR/disk"
fi
mkdir -p "$LAB_DIR/disk/shared"
chmod 1777 "$LAB_DIR/disk/shared"
for node; do
    mkdir -p "$LAB_DIR/disk/$node/upper" "$LAB_DIR/disk/$node/root" "$LAB_DIR/disk/$node/state"
    mount -t tmpfs -o "mode=700,size=$STATE_SIZE" "state-$node" "$LAB_DIR/disk/$node/state"
done
ip link set lo up
ip link add br0 type bridge
ip link set br0 up
echo ready
exec -a "mig-lab-$LAB_NAME" sleep infinity </dev/null >/dev/null 2>&1
