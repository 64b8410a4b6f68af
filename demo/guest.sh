#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The demo, inside the guest: busybox sh, and what demo/run has put there.
set -eu

say()
{
	printf '\n== %s\n\n' "$*"
}

die()
{
	echo "demo: $*" >&2
	exit 1
}

# Wait, within a minute, until the file $1 contains $2.
wait_for()
{
	tries=600
	until grep -q -e "$2" "$1"; do
		tries=$((tries - 1))
		[ "$tries" -gt 0 ] || { cat "$1" >&2; die "'$2' did not come"; }
		sleep 0.1
	done
}

disk=/mnt/disk0
echo "Linux $(uname -r), $(grep -c ^processor /proc/cpuinfo) CPUs, $(grep " $disk " /proc/mounts | cut -d' ' -f3) on $disk"

say "1. Every file is opened; the listener wants one directory of 20"
fanfp handler load subtree
fanfp handler list
echo
mkdir $disk/tree
opens $disk/tree
fanfp handler unload subtree

say "2. An unmodified fsnotifywait -S, before and after 'fanfp attach'"
mkdir -p $disk/www/htdocs $disk/other
log=/tmp/fsnotifywait.log
: > $log
# On a terminal, or it keeps its output back.
script -qfc "fsnotifywait -S -m -e create $disk/www" $log >/dev/null 2>&1 &
wait_for $log 'Watches established'
echo "\$ fsnotifywait -S -m -e create $disk/www"
touch $disk/www/htdocs/one $disk/other/two
wait_for $log two
grep CREATE $log | sed 's/^/    /'
before=$(grep -c "$disk/other/ CREATE" $log || true)
[ "$before" -gt 0 ] || die "fsnotifywait did not report the file outside"

pid=$(pidof fsnotifywait)
fanfp attach subtree --pid "$pid" --include $disk/www > /tmp/attach.log 2>&1 &
attach=$!
wait_for /tmp/attach.log attached
echo "\$ fanfp attach subtree --pid $pid --include $disk/www"
sed 's/^/    /' /tmp/attach.log
lines=$(wc -l < $log)
touch $disk/www/htdocs/three $disk/other/four $disk/www/five
wait_for $log five
tail -n "+$((lines + 1))" $log | grep CREATE | sed 's/^/    /'
after=$(tail -n "+$((lines + 1))" $log | grep -c "$disk/other/ CREATE" || true)
[ "$after" -eq 0 ] || die "fsnotifywait still reports what is outside"
kill "$attach"
wait "$attach" 2>/dev/null || true
kill "$pid"
echo "files outside that were reported: before $before, after $after"

say "3. A file is denied, and nobody has to answer"
echo secret > $disk/www/shadow
echo public > $disk/www/index
denied $disk shadow &
denied=$!
tries=100
while cat $disk/www/shadow >/dev/null 2>&1; do
	tries=$((tries - 1))
	[ "$tries" -gt 0 ] || die "the file can still be read"
	sleep 0.1
done
echo "\$ cat $disk/www/shadow"
message=$(cat $disk/www/shadow 2>&1 || true)
echo "    $message"
echo "$message" | grep -q 'Operation not permitted' || die "that is not what was expected"
echo "\$ cat $disk/www/index"
echo "    $(cat $disk/www/index)"
kill "$denied"
wait "$denied" 2>/dev/null || true
cat $disk/www/shadow >/dev/null || die "the file is still denied"
echo
echo "The demo has shown what it should."
