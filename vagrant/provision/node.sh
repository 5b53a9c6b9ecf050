#!/bin/bash
# Prepares one machine: node.sh NAME PEER=ADDRESS...   Safe to run again.
set -euo pipefail

name=$1
shift
peers=
for peer in "$@"; do
    peers="$peers${peers:+, }\"$peer:7420\""
    if [ "${peer%%=*}" = "$name" ]; then address=${peer#*=}; fi
    grep -q "[[:space:]]${peer%%=*}\$" /etc/hosts || echo "${peer#*=} ${peer%%=*}" >>/etc/hosts
done
# Debian's boxes give the host name a loopback address, which other nodes cannot use
sed -i "/^127\.0\.[01]\.1[[:space:]].*\b$name\b/d" /etc/hosts

mkdir -p /etc/mig
cat >/etc/mig/agent.toml <<EOF
# written by vagrant/provision/node.sh
node = "$name"
cluster = "vagrant"
peers = [$peers]

[listen]
host = "$address"
port = 7420
EOF

cd /opt/mig/src
./mig build
criu-bridge/setup/install-criu.sh
ln -sf /opt/mig/src/mig /usr/local/bin/mig

cat >/etc/systemd/system/migd.service <<'EOF'
[Unit]
Description=mig node agent
After=network-online.target
Wants=network-online.target
ConditionPathExists=/etc/mig/pki/node.crt

[Service]
ExecStart=/opt/mig/src/mig agent
Environment=MIG_BUILD=never
Restart=always
RestartSec=1
# deputies and guests outlive the agent: only its own process is ended with it
KillMode=process
Delegate=yes
OOMScoreAdjust=-900
TasksMax=infinity
LimitNOFILE=1048576

[Install]
WantedBy=multi-user.target
EOF
systemctl daemon-reload
systemctl enable -q migd
mig doctor || true # it says what is missing; the machine is prepared all the same
