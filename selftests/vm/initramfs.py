# SPDX-License-Identifier: GPL-2.0-only
"""Make the guest's initramfs: busybox, what was asked for, and an init."""

import lzma
import os
import shlex
import shutil
import stat
import subprocess

from errors import HarnessError

BUSYBOX = "/bin/busybox"

INIT = r"""#!/bin/busybox sh
# Made by selftests/vm: sets the guest up, runs the command, reports.
/bin/busybox --install -s /bin
export PATH=/bin:/sbin:/usr/bin:/usr/sbin HOME=/root TERM=dumb LANG=C
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev 2>/dev/null
mkdir -p /dev/pts /dev/shm
mount -t devpts devpts /dev/pts
mount -t tmpfs -o mode=1777 tmpfs /dev/shm
mount -t tmpfs -o mode=1777 tmpfs /tmp
mount -t tmpfs tmpfs /run
mount -t bpf bpf /sys/fs/bpf 2>/dev/null
mount -t debugfs debugfs /sys/kernel/debug 2>/dev/null
mount -t tracefs tracefs /sys/kernel/tracing 2>/dev/null
mount -t cgroup2 cgroup2 /sys/fs/cgroup 2>/dev/null
ln -sf /proc/self/fd /dev/fd
echo on > /proc/sys/kernel/printk_devkmsg
problem=
load()
{
	while read -r module; do
		said=$(insmod "/vm/lib/$module" 2>&1) ||
			problem="cannot load ${module##*/}: ${said##*: }"
	done < "$1"
}
load /vm/modules
ip link set lo up 2>/dev/null
hostname guest

# The ports get their names from QEMU, some time after they have come.
tries=100
while [ "$tries" -gt 0 ]; do
	for port in /sys/class/virtio-ports/*; do
		case "$(cat "$port/name" 2>/dev/null)" in
		vm.output) output=/dev/${port##*/} ;;
		vm.status) status=/dev/${port##*/} ;;
		vm.control) control=/dev/${port##*/} ;;
		esac
	done
	[ -z "$output" ] || [ -z "$status" ] || [ -z "$control" ] || break
	sleep 0.1
	tries=$((tries - 1))
done
if [ "$tries" = 0 ]; then
	echo "<0>vm: no virtio console in this kernel" > /dev/kmsg
	reboot -f
fi
exec 3> "$status"
give_up()
{
	echo "failed $1" >&3
	reboot -f
}
(while read -r key; do echo "$key" > /proc/sysrq-trigger; done) < "$control" &

# See maxcpus in guest.py.
for cpu in /sys/devices/system/cpu/cpu[1-9]*; do
	[ ! -e "$cpu/online" ] || echo 1 > "$cpu/online"
done
[ "$(nproc)" = "$(cat /vm/cpus)" ] ||
	give_up "the kernel brought up $(nproc) of $(cat /vm/cpus) CPUs (more need CONFIG_SMP and CONFIG_ACPI)"
[ -z "$problem" ] || give_up "$problem"
echo up >&3

load /vm/own-modules
[ -z "$problem" ] || give_up "$problem"

disk=0
for device in /dev/vd?; do
	[ -b "$device" ] || continue
	mkdir -p "/mnt/disk$disk"
	type=$(sed -n "$((disk + 1))p" /vm/disks)
	if [ "$type" != none ]; then
		mount -t "$type" "$device" "/mnt/disk$disk" ||
			give_up "cannot mount $device as $type"
	fi
	disk=$((disk + 1))
done

echo started >&3
cd /
read -r start _ < /proc/uptime
setsid -c /bin/busybox sh /vm/command < /dev/null > "$output" 2>&1 3>&-
code=$?
read -r end _ < /proc/uptime
# The root is a ramfs or tmpfs, which df may not know.
for mount in / /tmp /run /mnt/disk*; do
	[ -d "$mount" ] || continue
	avail=$(df -k "$mount" 2>/dev/null | awk 'END { print $(NF-2) }')
	[ "$avail" = 0 ] && echo "full $mount" >&3
done
echo "time $start $end" >&3
echo "exit $code" >&3
sync

# A kernel that looks for leaks does so every ten minutes, and prints only how
# many; it spares what is younger than 5 seconds.
leaks=/sys/kernel/debug/kmemleak
if [ -w "$leaks" ] && echo scan > "$leaks" 2>/dev/null; then
	sleep 6
	echo scan > "$leaks"
	head -60 "$leaks" | while read -r line; do
		echo "<4>$line" > /dev/kmsg
	done
fi
# Not poweroff: a small kernel has no ACPI, but QEMU ends at a reboot.
reboot -f
"""


def need(path, package):
    """The path of a tool of the host, or an error that names its package."""
    # Who is not root may lack the sbin folders.
    search = os.environ.get("PATH", os.defpath) + ":/usr/sbin:/sbin"
    found = shutil.which(path, path=search)
    if not found:
        raise HarnessError(f"{path} is not installed (Debian package {package})")
    return found


class Cpio:
    """A cpio archive in the "newc" form that the kernel unpacks."""

    def __init__(self, file):
        self.file = file
        self.inode = 0
        self.names = set()

    def _entry(self, name, mode, data=b"", rdev=(0, 0)):
        self.inode += 1
        encoded = name.encode() + b"\0"
        fields = (self.inode, mode, 0, 0, 1, 0, len(data), 0, 0,
                  rdev[0], rdev[1], len(encoded), 0)
        head = b"070701" + b"".join(b"%08x" % field for field in fields)
        self.file.write(head + encoded)
        self.file.write(b"\0" * (-(len(head) + len(encoded)) % 4))
        self.file.write(data)
        self.file.write(b"\0" * (-len(data) % 4))

    def _parents(self, name):
        parent = os.path.dirname(name)
        if parent and parent not in self.names:
            self.directory(parent)

    def directory(self, name):
        """Add a directory, and those above it."""
        name = name.strip("/")
        if not name or name in self.names:
            return
        self._parents(name)
        self.names.add(name)
        self._entry(name, stat.S_IFDIR | 0o755)

    def data(self, name, data, mode=0o644):
        """Add a file; the first of a name stays."""
        name = name.strip("/")
        if name in self.names:
            return
        self._parents(name)
        self.names.add(name)
        self._entry(name, stat.S_IFREG | mode, data)

    def symlink(self, name, target):
        """Add a symbolic link."""
        name = name.strip("/")
        if name in self.names:
            return
        self._parents(name)
        self.names.add(name)
        self._entry(name, stat.S_IFLNK | 0o777, target.encode())

    def device(self, name, major, minor):
        """Add a character device."""
        self._parents(name)
        self._entry(name, stat.S_IFCHR | 0o600, rdev=(major, minor))

    def host_file(self, host, guest):
        """Add a file of the host, with the libraries it needs."""
        with open(host, "rb") as file:
            data = file.read()
        self.data(guest, data, stat.S_IMODE(os.stat(host).st_mode) | 0o400)
        if data[:4] == b"\x7fELF":
            self._libraries(host)
        elif data[:2] == b"#!":
            interpreter = data.split(b"\n", 1)[0][2:].split()
            path = interpreter[0].decode() if interpreter else ""
            if path not in ("", "/bin/sh", BUSYBOX) and os.path.isfile(path):
                self.host_file(path, path)

    def _libraries(self, host):
        # ldd also says that a file is static, or not for it, by failing.
        listing = subprocess.run(["ldd", host], capture_output=True, text=True,
                                 check=False).stdout
        for line in listing.splitlines():
            words = line.split()
            if "not found" in line:
                raise HarnessError(f"{host} needs {words[0]}, which is not there")
            paths = [word for word in words if word.startswith("/")]
            if paths:
                with open(paths[0], "rb") as file:
                    self.data(paths[0], file.read(), 0o755)

    def tree(self, host, guest):
        """Add a file or a directory with all that is in it."""
        if not os.path.isdir(host):
            self.host_file(host, guest)
            return
        self.directory(guest)
        for folder, dirs, files in os.walk(host):
            base = os.path.join(guest, os.path.relpath(folder, host))
            for name in dirs:
                self.directory(os.path.normpath(os.path.join(base, name)))
            for name in files:
                self.host_file(os.path.join(folder, name),
                               os.path.normpath(os.path.join(base, name)))

    def close(self):
        """Write the end mark."""
        self.inode = 0
        self._entry("TRAILER!!!", 0)


class Modules:
    """The modules of a kernel, as modules.dep lists them."""

    def __init__(self, tree):
        self.tree = tree
        self.deps = {}
        dep_file = os.path.join(tree, "modules.dep")
        try:
            with open(dep_file, encoding="utf-8") as file:
                for line in file:
                    path, _, deps = line.partition(":")
                    self.deps[self.name(path)] = (path, deps.split())
        except OSError as error:
            raise HarnessError(f"{dep_file}: {error.strerror}; "
                               "run depmod on the modules first") from error

    @staticmethod
    def name(path):
        """The name of a module, from its file name."""
        return os.path.basename(path).split(".")[0].replace("-", "_")

    def load_order(self, names):
        """The paths of the named modules that exist, dependencies first."""
        order = []

        def add(path):
            if path not in order:
                order.append(path)

        for name in names:
            # Not there: it is built in, or the test will say what it misses.
            path, deps = self.deps.get(name.replace("-", "_"), (None, []))
            if path:
                for dep in reversed(deps):
                    add(dep)
                add(path)
        return order

    def read(self, path):
        """The bytes of a module, unpacked."""
        full = os.path.join(self.tree, path)
        if path.endswith(".xz"):
            with lzma.open(full) as file:
                return file.read()
        with open(full, "rb") as file:
            return file.read()


def make(path, command, adds, modules, load, load_ko, disks, cpus):
    """
    Write the initramfs.

    command: list of words; adds: (host, guest) pairs; modules: a Modules or
    None; load: names of modules; load_ko: paths of modules outside the tree;
    disks: a file system type for each disk, "none" for a blank one; cpus: how
    many there should be.
    """
    if not os.path.exists(BUSYBOX):
        raise HarnessError(f"{BUSYBOX} is not installed "
                           "(Debian package busybox-static)")
    with open(path, "wb") as file:
        cpio = Cpio(file)
        for name in ("proc", "sys", "dev", "tmp", "run", "root", "mnt", "etc"):
            cpio.directory(name)
        cpio.device("dev/console", 5, 1)
        cpio.device("dev/null", 1, 3)
        cpio.host_file(BUSYBOX, BUSYBOX)
        cpio.data("init", INIT.encode(), 0o755)
        cpio.data("etc/passwd", b"root:x:0:0:root:/root:/bin/sh\n"
                  b"nobody:x:65534:65534:nobody:/:/bin/sh\n")
        cpio.data("etc/group", b"root:x:0:\nnogroup:x:65534:\n")
        cpio.data("vm/command", (" ".join(map(shlex.quote, command)) + "\n")
                  .encode())
        cpio.data("vm/disks", "".join(f"{disk}\n" for disk in disks).encode())

        cpio.data("vm/cpus", f"{cpus}\n".encode())

        loaded = []
        for module in modules.load_order(load) if modules else []:
            loaded.append(Modules.name(module) + ".ko")
            cpio.data(f"vm/lib/{loaded[-1]}", modules.read(module))
        cpio.data("vm/modules", "".join(f"{name}\n" for name in loaded).encode())
        own = []
        for number, module in enumerate(load_ko):
            # Two may have the same name.
            own.append(f"{number}/{os.path.basename(module)}")
            with open(module, "rb") as ko_file:
                cpio.data(f"vm/lib/{own[-1]}", ko_file.read())
        cpio.data("vm/own-modules", "".join(f"{name}\n" for name in own).encode())

        for host, guest in adds:
            try:
                cpio.tree(host, guest)
            except OSError as error:
                raise HarnessError(f"{host}: {error.strerror}") from error
        cpio.close()
