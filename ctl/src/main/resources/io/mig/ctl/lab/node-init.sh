#!/bin/bash
# Boots one lab node. Runs as process 1 of the node's new namespaces, still seeing the host's files and /proc: builds the
# node's root, plugs its network cable into the lab's bridge, switches to the root and becomes the node's init.
#
# Environment: LAB_NAME, LAB_BASE (folder of all labs), LAB_DIR, NODE, HOLDER (host pid), PORT (name of the
#   bridge's end of the cable), MAC, ADDRESS (a.b.c.d/len), LAST_PID, MIG_HOME, MOUNTS (file: further file systems of
#   the host, one mount point per line), CPU_CGROUP (version 1 cgroup that limits the node's processors, or empty).
set -eu
read -r stat </proc/self/stat
pid=${stat%% *}
set -- ${stat##*) }
started=${20}

disk=$LAB_DIR/disk/$NODE
root=$disk/root
mount --make-rprivate /

# The root: the host's files below, this node's changes above. A new work folder for each boot, because the kernel may
# still be letting go of the one before. With handles (nfs_export) files are known by more than their names, as on the
# file systems that real nodes have.
work=$disk/work.$pid
rm -rf "$disk"/work.*
mkdir -p "$work"
mount -t overlay "$LAB_NAME-$NODE" -o "lowerdir=/,upperdir=$disk/upper,workdir=$work,index=on,nfs_export=on" "$root" ||
    mount -t overlay "$LAB_NAME-$NODE" -o "lowerdir=/,upperdir=$disk/upper,workdir=$work" "$root"
n=0
while read -r point; do
    n=$((n + 1))
    mkdir -p "$disk/upper.$n" "$work.$n"
    mount -t overlay "$LAB_NAME-$NODE-$n" -o "lowerdir=$point,upperdir=$disk/upper.$n,workdir=$work.$n" "$root$point" ||
        mount --bind -o ro "$point" "$root$point"
done <"$MOUNTS"

mount -t proc -o nosuid,nodev,noexec proc "$root/proc"
mount -t sysfs -o nosuid,nodev,noexec sysfs "$root/sys"
mount -t cgroup2 -o nosuid,nodev,noexec cgroup2 "$root/sys/fs/cgroup"

mount -t tmpfs -o mode=755,size=3g run "$root/run"
mount -t tmpfs -o mode=1777 tmp "$root/tmp"
mount -t tmpfs -o mode=755,size=4m dev "$root/dev"
mkdir -p "$root"/dev/{pts,shm,net,mqueue} "$root/run/lock" "$root/run/mig-lab"
chmod 1777 "$root/run/lock"
mount -t devpts -o newinstance,ptmxmode=0666,mode=620,gid=5 devpts "$root/dev/pts"
mount -t tmpfs -o mode=1777 shm "$root/dev/shm"
mount -t mqueue mqueue "$root/dev/mqueue" 2>/dev/null || rmdir "$root/dev/mqueue"
while read -r name mode major minor; do
    mknod -m "$mode" "$root/dev/$name" c "$major" "$minor"
done <<'DEVICES'
null 666 1 3
zero 666 1 5
full 666 1 7
random 666 1 8
urandom 666 1 9
tty 666 5 0
fuse 666 10 229
net/tun 666 10 200
DEVICES
if [ -c /dev/userfaultfd ]; then # its minor number is the kernel's choice
    mknod -m 666 "$root/dev/userfaultfd" c $((16#$(stat -c %t /dev/userfaultfd))) $((16#$(stat -c %T /dev/userfaultfd)))
fi
ln -s pts/ptmx "$root/dev/ptmx"
ln -s /proc/self/fd "$root/dev/fd"
ln -s fd/0 "$root/dev/stdin"
ln -s fd/1 "$root/dev/stdout"
ln -s fd/2 "$root/dev/stderr"

if [ ! -e "$disk/booted" ]; then # the host may be a node of a cluster itself: its identity is not for its lab
    rm -rf "$root/etc/mig" "$root/var/log/mig"
    : >"$disk/booted"
fi
mkdir -p "$root/etc/mig" "$root/var/lib/mig" "$root/var/log/mig" "$root/shared" "$root/usr/local/bin"
mount --bind "$disk/state" "$root/var/lib/mig"
mount --bind "$LAB_DIR/disk/shared" "$root/shared"
case $MIG_HOME in
    /tmp/* | /run/* | /dev/*) # hidden by the node's own
        mkdir -p "$root$MIG_HOME"
        mount --bind "$MIG_HOME" "$root$MIG_HOME"
        ;;
esac
ln -sfn "$MIG_HOME/mig" "$root/usr/local/bin/mig"
mkdir -p "$root$LAB_BASE"
mount -t tmpfs -o ro,mode=000,size=4k hidden "$root$LAB_BASE" # no node sees another node's files

hostname "$NODE"
echo "$NODE" >"$root/etc/hostname"
cp "$LAB_DIR/hosts" "$root/etc/hosts"
rm -f "$root/etc/resolv.conf"
: >"$root/etc/resolv.conf"
echo "$NODE" >"$root/run/mig-lab/node"
cp "$LAB_DIR/node-run.sh" "$root/run/mig-lab/init"
if [ -n "$CPU_CGROUP" ]; then # where programs of the node find their limit, as in a container
    mkdir -p "$root/run/mig-lab/cpu"
    mount -t cgroup -o cpu cpu "$root/run/mig-lab/cpu" # its agent lets guests join it
fi
mkfifo -m 600 "$root/run/mig-lab/agent.ctl"
[ -e "$root/etc/mig/agent.toml" ] || : >"$root/run/mig-lab/agent.off"
[ ! -e "$disk/agent.env" ] || cp "$disk/agent.env" "$root/run/mig-lab/agent.env"

ip link set lo up
exec {own_net}</proc/self/ns/net # as a descriptor: newer ip(8) takes our pid 1 for none
nsenter -t "$HOLDER" -n ip link add "$PORT" type veth peer name eth0 netns "/proc/self/fd/$own_net"
exec {own_net}<&-
nsenter -t "$HOLDER" -n ip link set "$PORT" master br0 up
ip link set eth0 address "$MAC"
ip addr add "$ADDRESS" dev eth0
ip link set eth0 up

cd "$root"
mkdir -p .old
pivot_root . .old
cd /
umount -l /.old
rmdir /.old
echo "$LAST_PID" >/proc/sys/kernel/ns_last_pid
echo "ready $pid $started"
# a session of its own, so that CRIU never meets one from outside
exec env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 \
    setsid bash /run/mig-lab/init </dev/null >/dev/null 2>&1
