#!/bin/sh
# Everything that a fresh Debian or Ubuntu machine lacks for `npm run lab`, `npm test` and their like; called by them.
#   setup.sh check       npm packages alone; no root
#   setup.sh bpf|image   and the build tools from apt
#   setup.sh lab|test    and what a cluster is made of, in the cache
# It starts no service and replaces nothing on the machine. Quick when nothing is left to do.
set -eu
mode=${1:-}
top=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
cd "$top"

fail() {
  echo "balise: $*" >&2
  exit 1
}

case $mode in
check | bpf | image | lab | test) ;;
*) fail "usage: sh tools/setup.sh check|bpf|image|lab|test" ;;
esac

check_node() {
  command -v node >/dev/null || fail "no node here: install Node.js 20 or newer with npm"
  command -v npm >/dev/null || fail "no npm here: install npm, which comes with Node.js"
  node -e 'process.exit(Number(process.versions.node.split(".")[0]) >= 20 ? 0 : 1)' ||
    fail "Node.js $(node -p process.versions.node) is too old: 20 or newer is needed to fetch the one that Balise runs on"
}

check_apt() {
  [ "$(id -u)" = 0 ] || fail "this needs root: run it with sudo"
  command -v apt-get >/dev/null || fail "no apt-get here: this set-up knows Debian and Ubuntu"
}

check_kernel() {
  release=$(uname -r)
  major=${release%%.*}
  rest=${release#*.}
  minor=${rest%%[!0-9]*}
  if [ "$major" -lt 5 ] || { [ "$major" -eq 5 ] && [ "$minor" -lt 15 ]; }; then
    fail "kernel $release is too old: Balise needs 5.15 or newer"
  fi
  unshare --net --mount true 2>/dev/null ||
    fail "no network namespaces here: the kernel lacks them, or this is a container without the right to make them (CAP_SYS_ADMIN)"
  # BPF_MAP_CREATE (0) of an array (2) with 4 octets of key, 4 of value and 1 entry; perl-base is on every Debian
  case $(uname -m) in
  x86_64) bpf=321 ;;
  aarch64) bpf=280 ;;
  *) fail "Balise is built for x86_64 and aarch64; this is $(uname -m)" ;;
  esac
  perl -e '$a = pack("L16", 2, 4, 4, 1); exit(syscall($ARGV[0] + 0, 0, $a, 64) < 0)' "$bpf" ||
    fail "no eBPF here: the kernel lacks it (CONFIG_BPF_SYSCALL), or this is a container without the right to use it (CAP_BPF)"
  unshare --mount sh -c 'mount -t bpf bpf /mnt' 2>/dev/null ||
    fail "no BPF file system here: 'mount -t bpf bpf /sys/fs/bpf' does not work on this machine"
}

fetch_packages() {
  cmp -s package-lock.json node_modules/.lock-installed && return
  echo "balise: npm packages into node_modules" >&2
  npm ci --no-fund --no-audit --loglevel=error >&2
  cp package-lock.json node_modules/.lock-installed
}

check_node
case $mode in lab | test) check_apt && check_kernel ;; bpf | image) check_apt ;; esac
cache=${BALISE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/balise}
if [ "$mode" != check ] && command -v flock >/dev/null; then
  mkdir -p "$cache"
  exec 9>"$cache/.lock"
  flock -n 9 || { echo "balise: another set-up is at work; waiting for it" >&2 && flock 9; }
fi
fetch_packages
[ "$mode" = check ] || bin/node tools/setup.ts "$mode"
case $mode in lab | test) bin/node lab/images/build.ts >/dev/null ;; esac
