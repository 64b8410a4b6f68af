# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Sourced: which Debian packages of the kernel there are, and how to get them.

die()
{
	echo "$*" >&2
	exit 1
}

# Bring the lists of packages up to date; once for a build folder.
apt_update()
{
	local sudo=()

	if [ "$(id -u)" -ne 0 ]; then
		sudo=(sudo -n)
	fi
	if ! "${sudo[@]}" apt-get -q update >/dev/null 2>&1; then
		echo "apt-get update failed; going on with the lists of before" >&2
	fi
}

# The newest version of package $1, or nothing.
candidate()
{
	apt-cache policy "$1" 2>/dev/null |
		sed -n 's/^ *Candidate: //p' | grep -v '(none)' || true
}

# Whether package $1 can be had in version $2.
available()
{
	apt-cache madison "$1" 2>/dev/null | grep -q -F -e " $2 "
}

# Download packages ("name=version") and unpack them into the folder $1.
unpack()
{
	local to=$1 debs
	shift

	debs=$(mktemp -d)
	# apt's own user can't write here: it says so, and root does it instead.
	if ! (cd "$debs" && apt-get -q download "$@") > "$debs/log" 2>&1; then
		grep '^E:' "$debs/log" >&2 || true
		rm -rf "$debs"
		die "cannot download $*: is the network there?"
	fi
	for deb in "$debs"/*.deb; do
		dpkg-deb -x "$deb" "$to"
	done
	rm -rf "$debs"
}

# Refuse to start what would fill the disk: $1 GB are needed in folder $2.
need_space()
{
	local free

	mkdir -p "$2"
	free=$(df --output=avail -BG "$2" | tail -1 | tr -dc 0-9)
	[ "$free" -ge "$1" ] ||
		die "$2: $1 GB are needed and $free GB are free; set CACHE to another place"
}
