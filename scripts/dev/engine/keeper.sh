#!/bin/sh
# Keeps a Docker engine of its own until standard input ends, then takes everything of it away.
# Arguments: folder, bridge, gateway with prefix length, pool for compose networks, cgroup.
set -u
root=$1 bridge=$2 gateway=$3 pool=$4 cgroup=$5
socket=unix://$root/docker.sock

ended() { # pid: TERM, then KILL after 15 s
  kill "$1" 2>/dev/null
  waited=0
  while kill -0 "$1" 2>/dev/null && [ "$waited" -lt 150 ]; do
    sleep 0.1
    waited=$((waited + 1))
  done
  kill -9 "$1" 2>/dev/null
  wait "$1" 2>/dev/null
}

# A handler, not "ignore": children would inherit that.
trap : HUP INT TERM

ip link add "$bridge" type bridge && ip addr add "$gateway" dev "$bridge" && ip link set "$bridge" up || exit 1

cat >"$root/containerd.toml" <<TOML
version = 2
root = "$root/containerd"
state = "$root/containerd-state"
disabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.internal.v1.opt"]
[grpc]
address = "$root/containerd.sock"
[ttrpc]
address = "$root/containerd.sock.ttrpc"
TOML
containerd --config "$root/containerd.toml" >"$root/containerd.log" 2>&1 &
containerd=$!
waited=0
until [ -S "$root/containerd.sock" ] || [ "$waited" -ge 100 ]; do
  sleep 0.05
  waited=$((waited + 1))
done

dockerd --config-file "$root/daemon.json" --containerd "$root/containerd.sock" --data-root "$root/data" --exec-root "$root/exec" \
  --pidfile "$root/dockerd.pid" --host "$socket" --bridge "$bridge" --cgroup-parent "$cgroup" \
  --default-address-pool "base=$pool,size=26" \
  --iptables=false --ip6tables=false --ip-masq=false --ip-forward=false --userland-proxy=true >"$root/dockerd.log" 2>&1 &
dockerd=$!

until cat >/dev/null; do :; done

docker --host "$socket" ps --all --quiet | xargs -r docker --host "$socket" rm --force --volumes >/dev/null 2>&1
docker --host "$socket" network prune --force >/dev/null 2>&1
ended "$dockerd"
ended "$containerd"
# Deepest first.
awk -v root="$root/" 'index($2, root) == 1 { print $2 }' /proc/mounts | sort -r | while read -r mount; do umount -l "$mount"; done
ip link del "$bridge"
rmdir "/sys/fs/cgroup/$cgroup" /sys/fs/cgroup/*/"$cgroup" 2>/dev/null
rm -rf "$root"
