# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Run checks, and count how they end: sourced.

passed=0 failed=0
log=$(mktemp)
trap 'rm -f "$log"' EXIT

# Run a check: its name, then its command, whose output is shown if it fails.
check()
{
	local name=$1
	shift
	# In a condition, a function would go on after a command that fails.
	(set -e; "$@") > "$log" 2>&1 &
	if wait $!; then
		passed=$((passed + 1))
		echo "ok     $name"
	else
		failed=$((failed + 1))
		echo "not ok $name"
		sed 's/^/       | /' "$log"
	fi
}

# Append the counts to the file $2, as those of $1; fails if a check has.
sum_up()
{
	echo "$1 $passed $failed 0 0" >> "$2"
	[ "$failed" -eq 0 ]
}

# Print what comes in and fail; fine if that is nothing.
none_found()
{
	! grep .
}
