#!/bin/bash
# Process 1 of a lab node, once booted: reaps what nobody else reaps, and has a child that keeps the agent running as
# systemd would with Restart=always.
#
# In /run/mig-lab: agent.off stops the restarting while it exists, agent.env holds the agent's extra environment (one
# K=V per line), a line written to agent.ctl wakes the keeper, agent.pid names the running agent.
cd /run/mig-lab

keep_agent() {
    local log=/var/log/mig/migd.log status
    exec 3<>agent.ctl
    while :; do
        if [ -e agent.off ]; then
            read -r -u 3 _
            continue
        fi
        (
            while read -r setting; do export "${setting?}"; done <agent.env
            exec setsid /usr/local/bin/mig agent --config /etc/mig/agent.toml
        ) 3>&- </dev/null >>$log 2>&1 &
        echo $! >agent.pid.new
        mv agent.pid.new agent.pid
        wait $!
        status=$?
        rm -f agent.pid
        [ -e agent.off ] && continue
        echo "migd ended with status $status; starting it again" >>$log
        sleep 0.2
    done
}

[ -e agent.env ] || : >agent.env
keep_agent &
mkfifo -m 600 never
exec 3<>never
while :; do read -r -u 3 _; done # bash reaps every orphan while it waits here
