# SPDX-License-Identifier: GPL-2.0-only
"""Write docs/performance.md and its plots from build/bench.json."""

import os
import subprocess

import svg
from boots import BUILD

TITLES = {
    "module": "module, Debian's kernel",
    "intree": "in-tree",
    "module-plain": "module, in-tree kernel's configuration",
}

# What a watcher is, for who has not read its file.
WATCHERS = {
    "ignore": "a mark that ignores the event",
    "nop": "fastpath: handler that skips all",
    "subtree": "fastpath: subtree handler",
    "lsm": "BPF LSM program, ring buffer",
    "fentry": "BPF fentry program, ring buffer",
    "inotify": "inotify, a watch on each directory",
    "fid": "listener, file handles",
    "fd": "listener, file descriptors",
    "filter_fid": "filter in userspace, file handles",
    "filter_fd": "filter in userspace, paths",
    "allow": "process that allows all",
}

KFUNCS = ("data_inode", "data_dentry", "dget_parent", "is_subdir",
          "nearest_mark", "ancestors", "dentry_name", "file_name", "path",
          "xattr", "hook_args")


class Page:
    """The page that is being written."""

    def __init__(self, results, folder):
        self.table = {(entry["flavour"], entry["metric"]): entry
                      for entry in results}
        self.flavours = [flavour for flavour in TITLES
                         if any(key[0] == flavour for key in self.table)]
        self.folder = folder
        self.lines = []

    def entry(self, flavour, metric):
        """The result of that name, or None."""
        return self.table.get((flavour, metric))

    def value(self, flavour, metric):
        """Its value, or None."""
        entry = self.entry(flavour, metric)
        return entry["value"] if entry else None

    def say(self, *lines):
        """Add a paragraph."""
        self.lines += [*lines, ""]

    def columns(self, head, rows):
        """Add a table; a row without any number is left out."""
        rows = [row for row in rows if any(cell != "" for cell in row[1:])]
        self.lines.append(f"| {' | '.join(head)} |")
        self.lines.append("| --- |" + " ---: |" * (len(head) - 1))
        for row in rows:
            self.lines.append("| " + " | ".join(
                cell if isinstance(cell, str) else f"{cell:,.1f}"
                .removesuffix(".0") for cell in row) + " |")
        self.lines.append("")

    def metrics(self, head, rows, of="value", flavours=None):
        """A table with a column for each flavour: rows are (label, metric)."""
        flavours = flavours or self.flavours
        cells = []
        for label, metric in rows:
            row = [label]
            for flavour in flavours:
                entry = self.entry(flavour, metric)
                cell = entry[of] if entry else None
                if cell is None:
                    row.append("")
                elif of == "ratio":
                    row.append(f"{cell:.4f}")
                else:
                    row.append(cell)
            cells.append(row)
        self.columns([head, *(TITLES[flavour] for flavour in flavours)], cells)

    def bars(self, name, title, rows):
        """A plot with a bar for each flavour: rows are (label, metric)."""
        flavours = [flavour for flavour in self.flavours
                    if flavour != "module-plain"]
        bars = [(label, [self.value(flavour, metric) for flavour in flavours])
                for label, metric in rows]
        bars = [(label, values) for label, values in bars
                if any(value is not None for value in values)]
        if bars:
            self.plot(name, title, svg.bars(
                title, [TITLES[flavour] for flavour in flavours], bars))

    def plot(self, name, title, text):
        """Write a plot, and show it."""
        os.makedirs(os.path.join(self.folder, "performance"), exist_ok=True)
        path = os.path.join("performance", f"{name}.svg")
        with open(os.path.join(self.folder, path), "w", encoding="utf-8") as file:
            file.write(text)
        self.say(f"![{title}]({path})")

    def costs(self, prefix, watchers):
        """Rows of what watchers cost beyond none."""
        return [(WATCHERS[watcher], f"{prefix}.{watcher}.cost")
                for watcher in watchers]


def introduction(page):
    """What is counted."""
    page.say("# What it costs")
    page.say("This page is made by `make bench`, from `build/bench.json`; how it "
             "is measured is in",
             "`selftests/bench/README.md`. Unless something else is said, numbers "
             "are instructions that a CPU executes, in the",
             "kernel and in userspace, for one `open(2)` and `close(2)`: beyond "
             "what these take when nobody watches, and with the",
             "listener's work counted. The same work takes the same number each "
             "time, on any machine, but for what the",
             "allocator does: the kernel in the tree is a small one "
             "(`CONFIG_SLUB_TINY`), whose numbers differ by some instructions.")
    page.say("The files are on a tmpfs, four names below its root; one mark on "
             "the file system asks for `FAN_OPEN`. This is the",
             "reference; what differs from it is said.")
    page.metrics("nobody watches", [("open and close a file", "open.none")])


def unwanted(page):
    """Events that nobody wants."""
    page.say("## An event that nobody wants")
    page.say("The listener wants to know of another directory than the one that "
             "the files are in. inotify has no watch there,",
             "and so costs next to nothing; what it costs instead is a watch on "
             "each directory below the one that is wanted: see",
             "below. A filter in userspace reads 64 events at once, which is the "
             "least that it can cost.")
    rows = page.costs("open", ("ignore", "nop", "subtree", "inotify", "lsm",
                               "fentry", "fid", "filter_fid", "fd", "filter_fd"))
    page.bars("unwanted", "Instructions for an event that nobody wants", rows)
    page.metrics("", rows)
    page.say("If the listener is a process that waits for each event in "
             "`read(2)`, it is woken each time:")
    page.metrics("listener that waits", page.costs(
        "waiting", ("fid", "filter_fid", "fd", "filter_fd")))
    page.say("BPF LSM and fentry programs run for every open on the system, "
             "whatever it is about; the others only for what is",
             "marked.")


def unattached(page):
    """Where no handler is attached."""
    page.say("## If no handler is attached")
    page.say("Ratios to the same kernel without anything of ours:")
    page.metrics("", [
        (label, f"unattached.{watcher}") for label, watcher in (
            ("nobody watches", "none"), ("a mark that ignores", "ignore"),
            ("listener, file handles", "fid"),
            ("listener, file descriptors", "fd"),
            ("filter in userspace, file handles", "filter_fid"),
            ("filter in userspace, paths", "filter_fd"))], "ratio",
        [flavour for flavour in page.flavours if flavour != "module-plain"])
    page.say("Ratios to no handler anywhere, if a group that watches another "
             "file system has one:")
    page.metrics("", [("nobody watches", "elsewhere.none"),
                      ("listener, file handles", "elsewhere.fid")], "ratio")


def handlers(page):
    """What a handler adds."""
    page.say("## What a handler adds")
    page.say("To an event whose mask has been computed (`mask.patch`: a kernel "
             "that returns there), or that a mark ignores:")
    page.metrics("", [
        ("handler that skips all, beyond the mask", "nop.beyond.mask"),
        ("the same, beyond a mark that ignores", "nop.beyond.ignore"),
        ("the same, beyond the in-tree flavour", "nop.beyond.intree"),
        ("subtree handler, beyond the one that skips all",
         "subtree.beyond.nop")])
    page.say("Each kfunc, in a handler that calls nothing else:")
    page.metrics("", [(f"`bpf_fanotify_{kfunc}()`" if kfunc not in
                       ("is_subdir", "dget_parent") else f"`bpf_{kfunc}()`",
                       f"kfunc.{kfunc}") for kfunc in KFUNCS])
    page.say("References are counted with what releases them; "
             "`bpf_dget_parent()` with the `bpf_fanotify_data_dentry()` that it "
             "starts from.")


def explained(page):
    """Where the instructions go."""
    page.say("## Where the instructions go")
    page.say("What each function of the kernel executes for an event more than "
             "when nobody watches, counted by a plugin of QEMU",
             "(`profile_plugin.c`). `(rest)` is what differs by less than half an "
             "instruction, the kernel's tick above all.")
    watchers = ("ignore", "nop", "subtree", "fid")
    for flavour in page.flavours:
        start = "profile."
        functions = {}
        for (of, metric), entry in page.table.items():
            if of == flavour and metric.startswith(start):
                watcher, function = metric[len(start):].split(".", 1)
                functions.setdefault(function, {})[watcher] = entry["value"]
        if not functions:
            continue
        order = sorted(functions, key=lambda function: (
            function == "(rest)", -max(functions[function].get(watcher, 0)
                                       for watcher in ("nop", "subtree")),
            -functions[function].get("fid", 0), function))
        short = [function for function in order
                 if any(functions[function].get(watcher)
                        for watcher in watchers[:3])]
        page.say(f"### {TITLES[flavour]}")
        page.columns(["function", *watchers[:3]], [
            [f"`{function}`", *(functions[function].get(watcher, "")
                                for watcher in watchers[:3])]
            for function in short] + [
            ["sum", *(sum(counts.get(watcher, 0)
                          for counts in functions.values())
                      for watcher in watchers[:3])]])


def growth(page):
    """What it depends on."""
    page.say("## What it depends on")
    depths = (2, 4, 8, 16, 32)
    for flavour in page.flavours:
        if page.value(flavour, "depth.32.cost") is None or \
           flavour == "module-plain":
            continue
        break
    else:
        flavour = None
    if flavour:
        title = "Instructions of the subtree handler, by depth"
        page.plot("depth", title, svg.lines(title, {
            TITLES[flavour]: [(depth, page.value(flavour, f"depth.{depth}.cost"))
                              for depth in depths]
            for flavour in page.flavours
            if page.value(flavour, "depth.32.cost") is not None},
            "names below the root of the file system",
            "beyond the handler that skips all"))
    page.say("The subtree handler walks up from the file, beyond the handler "
             "that skips all:")
    page.metrics("", [(f"{depth} names below the root", f"depth.{depth}.cost")
                      for depth in depths] +
                 [("for each level", "depth.per.level"),
                  ("with a mark of another group above", "foreign.1.cost"),
                  ("with marks of four other groups", "foreign.4.cost"),
                  ("1 root", "roots.1.cost"), ("100 roots", "roots.100.cost"),
                  ("10,000 roots", "roots.10000.cost")])
    page.say("It does not matter how many files the file system has (beyond no "
             "watcher on the same):")
    page.metrics("", [(f"{count:,} files", f"files.{count}.cost")
                      for count in (1000, 10000, 100000, 1000000)])
    page.say("To begin to watch a subtree:")
    page.metrics("", [("subtree handler, 1,000 directories", "setup.1000"),
                      ("subtree handler, 100,000 directories", "setup.100000"),
                      ("inotify, 1,000 directories", "setup.1000.inotify"),
                      ("inotify, 100,000 directories", "setup.100000.inotify")])
    page.say("To rename a directory into the subtree and out again, and open a "
             "file below it in each place; the subtree handler sends one event, "
             "which is read:")
    page.metrics("", [(f"{what}, {count:,} files below", f"move.{count}.{watcher}")
                      for watcher, what in (("none", "nobody watches"),
                                            ("subtree", "subtree handler"))
                      for count in (1000, 100000)])


def wanted(page):
    """Events that are sent."""
    page.say("## An event that is wanted")
    page.say("All files are in the directory that is watched, so that all events "
             "are read.")
    rows = [(WATCHERS[watcher], f"sent.{watcher}")
            for watcher in ("inotify", "lsm", "fentry", "fid", "subtree", "fd",
                            "filter_fid", "filter_fd")]
    page.bars("wanted", "Instructions of open, close and reading the event", rows)
    page.metrics("open, close, and reading the event", rows)


def permission(page):
    """Permission events."""
    page.say("## Permission to open or to execute")
    page.say("A handler that allows, against a process that reads the event and "
             "allows.")
    rows = [(f"{what}: {WATCHERS[watcher]}", f"perm.{work}.{watcher}.cost")
            for work, what in (("open", "open"), ("exec", "execute"))
            for watcher in ("ignore", "nop", "subtree", "allow")]
    page.bars("permission", "Instructions for a permission event", rows)
    page.metrics("", rows)


def others(page):
    """Other works, marks, file systems."""
    page.say("## Other work, marks and file systems")
    page.say("One thing differs from the reference in each table. Of an event "
             "that nobody wants; for one unit of the work.")
    watchers = ("ignore", "nop", "subtree", "fid", "filter_fid", "filter_fd")
    tables = [
        ("work.close_write", "open for writing and close, `FAN_CLOSE_WRITE`"),
        ("work.create", "create and unlink, `FAN_CREATE | FAN_DELETE`"),
        ("work.rename", "rename, `FAN_RENAME`"),
        ("work.find", "walk through a directory with 8 files, "
                      "`FAN_OPEN | FAN_ONDIR`"),
        ("work.compile", "a compiler process that reads 33 files and writes one"),
        ("mark.mount", "a mark on the mount"),
        ("mark.inode", "a mark on the directory"),
        ("ext4", "ext4"),
    ]
    flavours = [flavour for flavour in page.flavours
                if flavour != "module-plain"]
    title = "Instructions of the subtree handler and of a filter in userspace"
    for flavour in flavours:
        rows = [(prefix, [page.value(flavour, f"{prefix}.subtree.cost"),
                          page.value(flavour, f"{prefix}.filter_fid.cost")])
                for prefix, _ in tables
                if page.value(flavour, f"{prefix}.subtree.cost")]
        # One plot is enough: the flavours look alike.
        if rows:
            page.plot("works", title, svg.bars(
                f"{title}, {TITLES[flavour]}",
                ["subtree handler", "filter, file handles"],
                [row for row in rows if row[0] != "work.compile"]))
            break
    for prefix, what in tables:
        page.metrics(what, [("nobody watches: all that it takes",
                             f"{prefix}.none"),
                            *page.costs(prefix, watchers)], flavours=flavours)


def scaling(page):
    """More groups, more CPUs, memory."""
    page.say("## More groups, more CPUs, memory")
    flavours = [flavour for flavour in page.flavours
                if page.value(flavour, "groups.8") is not None]
    title = "Instructions with more groups that have a handler"
    if flavours:
        page.plot("groups", title, svg.lines(title, {
            TITLES[flavour]: [(count, page.value(flavour, f"groups.{count}"))
                              for count in range(1, 9)]
            for flavour in flavours}, "groups", "open and close"))
    page.metrics("", [("each group with the subtree handler",
                       "groups.per.group"),
                      ("1 CPU: handler that skips all", "cpus.1.nop.cost"),
                      ("4 CPUs: handler that skips all", "cpus.4.nop.cost"),
                      ("1 CPU: subtree handler", "cpus.1.subtree.cost"),
                      ("4 CPUs: subtree handler", "cpus.4.subtree.cost")],
                 flavours=flavours)
    page.say("Bytes that the kernel allocates, 2 CPUs being possible:")
    page.metrics("", [("an attachment", "memory.attachment"),
                      ("a registered BPF handler, with its program and map",
                       "memory.handler"),
                      ("a root of a subtree", "memory.root"),
                      ("an inotify watch: one for each directory",
                       "memory.inotify.watch")], flavours=flavours)


def layout(page):
    """Which cache lines an event touches."""
    page.say("### What an event writes",
             "",
             "The event itself, on the stack of the task, and one counter of "
             "this CPU: `stats` are allocated for each CPU. What it",
             "reads of the hook and of the handler is written when a handler is "
             "attached and when it is detached. So no cache line",
             "that is written is shared by CPUs, and the counts with 1 and 4 CPUs "
             "above are the same. Only a handler that may",
             "sleep writes one line more, of a table hashed by task.")
    done = subprocess.run(["pahole", "-F", "btf", "-C",
                           "fastpath_stats,fastpath_hook,nest_bucket",
                           f"{BUILD}/kernel/btf"], capture_output=True,
                          text=True, check=False)
    if not done.returncode and done.stdout:
        page.say("```c", done.stdout.expandtabs().strip(), "```")


def timing(page):
    """Ratios of time."""
    page.say("## In time")
    page.say("How often the time without a watcher it takes, with a listener on "
             "another CPU: wall time of the work, and CPU time of",
             "all. The median of rounds in which each is run once; emulated, so "
             "the ratios are rougher than the counts above.")
    watchers = ("ignore", "nop", "subtree", "lsm", "fentry", "fid",
                "filter_fid", "fd", "filter_fd")
    rows = [(WATCHERS[watcher], f"time.open.{watcher}.cpu")
            for watcher in watchers]
    page.bars("time", "CPU time, in times of that without a watcher", rows)
    page.metrics("", [
        (f"{WATCHERS[watcher]}: {kind}", f"time.{case}.{watcher}.{kind}")
        for case, names in (("open", watchers),
                            ("perm", ("nop", "subtree", "allow")))
        for watcher in names for kind in ("wall", "cpu")],
        flavours=[flavour for flavour in page.flavours
                  if flavour != "module-plain"])


# What BPF executes to enter a program and to leave it.
BPF_ENTRY = ("bpf__fanotify_fastpath_ops_fp_handler", "__bpf_prog_enter",
             "__bpf_prog_exit", "migrate_disable", "migrate_enable",
             "__rcu_read_lock", "__rcu_read_unlock", "update_prog_stats")


def limits(page):
    """What no handler in BPF can go below."""
    page.say("## What no handler can go below",
             "",
             "An event that reaches a BPF program takes, whatever that does: what "
             "a mark that ignores it takes; to compute the mask",
             "(where it was measured); and to enter and leave the program. As "
             "ratios to what userspace takes; the bounds are below.")
    rows = [(label, floor, cost) for label, floor, cost in (
        ("permission, process that allows all", "perm.open.ignore.cost",
         "perm.open.allow.cost"),
        ("filter in userspace, paths, woken for each event",
         "open.ignore.cost", "waiting.filter_fd.cost"),
        ("filter in userspace, file handles, woken for each event",
         "open.ignore.cost", "waiting.filter_fid.cost"),
        ("filter in userspace, paths, 64 events at once",
         "open.ignore.cost", "open.filter_fd.cost"),
        ("filter in userspace, file handles, 64 events at once",
         "open.ignore.cost", "open.filter_fid.cost"))]
    flavours = [flavour for flavour in page.flavours
                if flavour != "module-plain"]
    cells = []
    for label, floor, cost in rows:
        cells.append([label])
        for flavour in flavours:
            taken = [page.value(flavour, floor)]
            mask = page.value(flavour, "mask.open")
            if mask is not None:
                taken.append(mask - page.value(flavour, "open.ignore"))
            taken += [(page.value(flavour, f"profile.nop.{name}") or 0) -
                      (page.value(flavour, f"profile.ignore.{name}") or 0)
                      for name in BPF_ENTRY]
            base = page.value(flavour, cost)
            cells[-1].append("" if None in taken or not base else
                             f"{sum(taken) / base:.4f}")
    page.columns(["", *(TITLES[flavour] for flavour in flavours)], cells)


def targets(page):
    """All that has a bound."""
    page.say("## Bounds")
    rows = []
    for (flavour, metric), entry in page.table.items():
        if "target" not in entry:
            continue
        of = entry["target_of"]
        reached = entry[of]
        held = reached is not None and reached <= entry["target"]
        rows.append([f"`{metric}`, {TITLES[flavour]}",
                     f"{reached:.4g}" if reached is not None else "?",
                     f"{entry['target']:.4g}",
                     f"{of}" + (f" to `{entry['baseline']}`"
                                if of == "ratio" else ""),
                     "held" if held else "**missed**"])
    page.columns(["metric", "reached", "bound", "of", ""], rows)


def write(results, folder):
    """Write the page and its plots to a folder."""
    page = Page(results, folder)
    for part in (introduction, unwanted, unattached, handlers, explained, growth,
                 wanted, permission, others, scaling, layout, timing, limits, targets):
        part(page)
    with open(os.path.join(folder, "performance.md"), "w",
              encoding="utf-8") as file:
        file.write("\n".join(page.lines).rstrip() + "\n")
