#!/bin/sh
# The first process of a lab host: makes the mount namespace into a machine of its own, then stays as its PID 1.
#
# It is started in the host's network, mount, UTS, PID and cgroup namespace (see machine.ts), with
#   HOST          the host's name
#   HOST_DIR      its folder: root (mount point), disk (what outlives a crash), files (put in place over the root file system)
#   READ_ONLY_BINDS  folders of programs that the root file system does not have itself, one a line
#   BINDS         folders of the real machine that show through unchanged, one a line
#   DISKS         folders of the host that live in HOST_DIR/disk, one a line
#   CGROUPS       one hierarchy a line: mount point, type, options
set -eu

mount --make-rprivate /
read -r pid _ </proc/self/stat # /proc is still the real machine's, so this is the number others can use

# The root file system is a copy-on-write view of the machine's: a container that writes to /etc or /opt writes to memory.
base=$HOST_DIR/root
mount -t tmpfs -o mode=755 balise-lab "$base"
mkdir "$base/upper" "$base/work" "$base/merged"
mount -t overlay -o "lowerdir=/,upperdir=$base/upper,workdir=$base/work" balise-lab "$base/merged"
root=$base/merged

mount --rbind /dev "$root/dev"
mount -t proc proc "$root/proc"
mount -t sysfs sysfs "$root/sys"
mount -t bpf bpf "$root/sys/fs/bpf"
for folder in /run /tmp; do
  mount -t tmpfs -o mode=1777 balise-lab "$root$folder"
done
mkdir -p "$root/run/netns" "$root/run/lock"
if [ -d "$root/var" ] && [ ! -e "$root/var/run" ]; then ln -s ../run "$root/var/run"; fi

printf '%s\n' "$CGROUPS" | while read -r point type options; do
  [ -d "$root$point" ] && [ "$type" = cgroup2 ] && [ "$point" = /sys/fs/cgroup ] || {
    mountpoint -q "$root/sys/fs/cgroup" || mount -t tmpfs -o mode=755 balise-lab "$root/sys/fs/cgroup"
    mkdir -p "$root$point"
  }
  mount -t "$type" ${options:+-o "$options"} "$type" "$root$point"
done

printf '%s\n' "$READ_ONLY_BINDS" | while read -r folder; do
  [ -n "$folder" ] || continue
  mount --bind "$folder" "$root$folder"
  mount -o remount,bind,ro "$root$folder"
done
printf '%s\n' "$BINDS" | while read -r folder; do
  [ -n "$folder" ] || continue
  mkdir -p "$root$folder"
  mount --bind "$folder" "$root$folder"
done
printf '%s\n' "$DISKS" | while read -r folder; do
  [ -n "$folder" ] || continue
  mkdir -p "$root$folder" "$HOST_DIR/disk$folder"
  mount --bind "$HOST_DIR/disk$folder" "$root$folder"
done

# What the kubelet would otherwise write to the kernel of the real machine already reads as it wants it.
for setting in vm/overcommit_memory=1 vm/panic_on_oom=0 kernel/panic=10 kernel/panic_on_oops=1 \
  kernel/keys/root_maxkeys=1000000 kernel/keys/root_maxbytes=25000000; do
  file=$root/proc/sys/${setting%%=*}
  [ -e "$file" ] || continue
  shown=$base/sysctl-$(echo "${setting%%=*}" | tr / -)
  echo "${setting#*=}" >"$shown"
  mount --bind "$shown" "$file"
done

for file in resolv.conf hosts hostname; do
  rm -f "$root/etc/$file" # it may be a link to something that is not here
done
cp -R "$HOST_DIR/files/." "$root/"
hostname "$HOST"

mkdir "$root/.machine"
cd "$root"
pivot_root . .machine
umount -l /.machine
rmdir /.machine
mount --make-rshared / # containers see what is mounted later, as on a machine that systemd started

ip link set lo up
echo "$pid" >"$HOST_DIR/pid.new"
mv "$HOST_DIR/pid.new" "$HOST_DIR/pid"

# PID 1: reaps what lost its parent, and is there until the host goes.
while :; do
  wait || true
  sleep 3600 &
done
