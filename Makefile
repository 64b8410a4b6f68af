# SPDX-License-Identifier: GPL-2.0-only
# fanotify fastpath: "make help" lists the targets.

SHELL		:= /bin/bash
.SHELLFLAGS	:= -euo pipefail -c
.DELETE_ON_ERROR:
.SUFFIXES:
.SECONDARY:

VERSION		:= $(file < VERSION)
TOP		:= $(CURDIR)
BUILD		:= $(TOP)/build
export CACHE	?= $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/fanotify-fastpath
PREFIX		?= /usr/local
DESTDIR		?=

# Which stock kernel: cloud-amd64 or amd64.
export STOCK	?= cloud-amd64
# What "make check" runs: module, intree or both; and which test programs.
FLAVOUR		?= module intree
TESTS		?= *
# The file systems that they run on, beside tmpfs.
export DISKS	:= --disk 64M:ext4 --disk 256M:btrfs --disk 320M:xfs --disk 64M:vfat \
	--load overlay
# Programs that tests of fanfp run, and what these need.
PROGRAMS	:= --add /usr/sbin/fatrace:/usr/sbin/fatrace \
	--add /usr/bin/fsnotifywait:/usr/bin/fsnotifywait \
	--add /usr/bin/jq:/usr/bin/jq --add /usr/bin/script:/usr/bin/script \
	--add /usr/bin/tmux:/usr/bin/tmux --add /lib/terminfo:/lib/terminfo \
	--add /usr/lib/locale/C.utf8:/usr/lib/locale/C.utf8

CC		:= gcc
CLANG		:= clang-19
STRIP_BPF	:= llvm-strip-19 -g

Q		:= $(if $(V),,@)
say		= $(if $(V),,@printf '  %-6s %s\n' '$(1)' '$(2)')

STOCK_DIR	:= $(BUILD)/stock/$(STOCK)
SOURCE		:= $(BUILD)/source
TOOLS		:= $(BUILD)/tools
KERNEL		:= $(BUILD)/kernel
LOADER		:= $(BUILD)/loader

all: loader module tests		## build all but the in-tree kernel

help:				## show this help
	@sed -n 's/^\([a-z-]*\):[^#]*## */  \1\t/p' $(MAKEFILE_LIST) | expand -t 18
	@echo
	@echo "Variables: STOCK=cloud-amd64|amd64  FLAVOUR=module|intree  TESTS='subtree_*'"
	@echo "           KDIR=DIR (module for a host kernel)  V=1  PREFIX  DESTDIR  CACHE"

deps:				## print the Debian packages that are needed
	@grep -v -e '^#' -e '^$$' scripts/packages.txt

install-deps:			## install those that are missing
	@scripts/install-deps

# --- what is fetched, and built from that -----------------------------------

$(STOCK_DIR): | install-deps
	@scripts/fetch-stock $(STOCK) $@

$(SOURCE): | install-deps
	@scripts/fetch-source $@

$(TOOLS): | $(SOURCE)
	@scripts/build-tools $(SOURCE) $@

$(BUILD)/vmlinux.h: | $(STOCK_DIR) $(TOOLS)
	$(call say,BTF,vmlinux.h)
	$(Q)$(TOOLS)/bpftool btf dump file $(STOCK_DIR)/headers/vmlinux format c > $@

# --- BPF objects and their skeletons -----------------------------------------

BPF_HEADERS	:= include/fanotify_fastpath.bpf.h include/uapi/linux/fanotify_fastpath.h \
		   bpf/filter.h bpf/filter_senders.h
HANDLERS	:= $(patsubst bpf/%.bpf.c,%,$(wildcard bpf/*.bpf.c))
TEST_BPF	:= $(patsubst selftests/%.bpf.c,%,$(wildcard selftests/*.bpf.c \
			selftests/bench/*.bpf.c))
HANDLER_OBJECTS	:= $(HANDLERS:%=$(BUILD)/bpf/%.bpf.o)
NOLINK_OBJECTS	:= $(HANDLERS:%=$(BUILD)/bpf-nolink/%.bpf.o)
SKELETONS	:= $(HANDLERS:%=$(BUILD)/bpf/%.skel.h) \
		   $(TEST_BPF:%=$(BUILD)/selftests/%.skel.h)

bpf_object = $(CLANG) -target bpf -mcpu=v3 -g -O2 -Wall -Werror $(BPF_CFLAGS) \
	-I include -I $(BUILD) -I $(TOOLS)/include -c $< -o $@ && $(STRIP_BPF) $@

$(BUILD)/bpf/%.bpf.o: bpf/%.bpf.c $(BPF_HEADERS) $(BUILD)/vmlinux.h
	$(call say,BPF,$(@F))
	$(Q)mkdir -p $(@D) && $(bpf_object)

# As "bpftool struct_ops register" takes them without a folder to pin in.
$(BUILD)/bpf-nolink/%.bpf.o: BPF_CFLAGS = -DFAN_FP_OPS_SEC='".struct_ops"'
$(BUILD)/bpf-nolink/%.bpf.o: bpf/%.bpf.c $(BPF_HEADERS) $(BUILD)/vmlinux.h
	$(call say,BPF,$(@F) without a link)
	$(Q)mkdir -p $(@D) && $(bpf_object)

# The examples in the guide, as they are there: blocks of C with a licence.
GUIDE		:= kernel/Documentation/bpf/fanotify_fastpath.rst
GUIDE_OBJECTS	:= $(addprefix $(BUILD)/guide/,hidden.bpf.o user.bpf.o)

$(BUILD)/guide/%.bpf.c: $(GUIDE)
	$(Q)mkdir -p $(@D)
	$(Q)awk '/^[^ ]/ { if (text ~ /_license/ && text ~ /\.name = "$*"/) printf "%s", text; \
		text = ""; block = /^.. code-block:: c$$/; next } \
		block { sub(/^   /, ""); text = text $$0 "\n" }' $< > $@

$(GUIDE_OBJECTS): $(BUILD)/guide/%.bpf.o: $(BUILD)/guide/%.bpf.c $(BPF_HEADERS) \
					  $(BUILD)/vmlinux.h
	$(call say,BPF,$(@F) of the guide)
	$(Q)$(bpf_object)

$(BUILD)/selftests/%.bpf.o: selftests/%.bpf.c selftests/refused.bpf.h $(BPF_HEADERS) \
			    $(BUILD)/vmlinux.h
	$(call say,BPF,$(@F))
	$(Q)mkdir -p $(@D) && $(bpf_object)

%.skel.h: %.bpf.o
	$(Q)$(TOOLS)/bpftool gen skeleton $< name $(*F) > $@

build-handler: $(BUILD)/vmlinux.h	## compile HANDLER=FILE.bpf.c to build/bpf-extra/
	$(if $(HANDLER),,$(error set HANDLER to a .bpf.c file))
	$(call say,BPF,$(notdir $(HANDLER:.c=.o)))
	$(Q)mkdir -p $(BUILD)/bpf-extra && $(CLANG) -target bpf -mcpu=v3 -g -O2 -Wall \
		-I include -I $(BUILD) -I $(TOOLS)/include -c $(HANDLER) \
		-o $(BUILD)/bpf-extra/$(notdir $(HANDLER:.c=.o))

# --- the loader ----------------------------------------------------------------

# What the tool itself loads, apart from the handlers, which are in the library.
LOADER_BPF	:= $(BUILD)/loader-bpf
LOADER_SKELETONS := $(patsubst loader/%.bpf.c,$(LOADER_BPF)/%.skel.h, \
			$(wildcard loader/*.bpf.c))

$(LOADER_BPF)/%.bpf.o: loader/%.bpf.c loader/%.bpf.h $(BPF_HEADERS) $(BUILD)/vmlinux.h
	$(call say,BPF,$(@F))
	$(Q)mkdir -p $(@D) && $(bpf_object)

LOADER_ARGS = O=$(LOADER) LIBBPF=$(TOOLS) BPFDIR=$(BUILD)/bpf SKELDIR=$(LOADER_BPF) INCLUDE=$(TOP)/include \
	VERSION=$(VERSION) PREFIX=$(PREFIX) DESTDIR=$(DESTDIR) Q=$(Q)

loader: $(HANDLER_OBJECTS) $(LOADER_SKELETONS) | $(TOOLS)	## build libfanfp and fanfp
	$(Q)$(MAKE) --no-print-directory -C loader $(LOADER_ARGS) all

install: loader			## install them (PREFIX, DESTDIR)
	$(Q)$(MAKE) --no-print-directory -C loader $(LOADER_ARGS) install

uninstall:			## remove what install installed
	$(Q)$(MAKE) --no-print-directory -C loader $(LOADER_ARGS) uninstall

# As a program finds it that is built on it: installed, by pkg-config.
INSTALLED	:= $(BUILD)/installed
LIBFANFP	= PKG_CONFIG_PATH=$(INSTALLED)/lib/pkgconfig pkg-config libfanfp

installed: loader
	$(Q)$(MAKE) --no-print-directory -s -C loader $(LOADER_ARGS) \
		PREFIX=$(INSTALLED) DESTDIR= install

# --- the module flavour ----------------------------------------------------------

MODULE_DIR	= $(BUILD)/module/$(if $(KDIR),host,$(STOCK))
MODULE		= $(MODULE_DIR)/fanotify_fastpath.ko
MODULE_SOURCES	:= $(filter-out %/fastpath_glue.c %/fastpath_calls.h, \
			$(wildcard kernel/fs/notify/fanotify/*.[ch])) \
		   kernel/module/fastpath_glue.c kernel/module/Kbuild

# Lay the module's source out as its Kbuild wants it, touching only what changed.
stage_module = mkdir -p $(1)/include/{linux,uapi/linux,trace/events} && \
	rsync -c $(MODULE_SOURCES:%=$(2)%) $(1)/ && \
	rsync -c $(2)kernel/include/linux/*.h $(1)/include/linux/ && \
	rsync -c $(2)kernel/include/trace/events/*.h $(1)/include/trace/events/ && \
	rsync -c $(2)include/uapi/linux/*.h $(1)/include/uapi/linux/

module: $(if $(KDIR),,$(STOCK_DIR))	## build the module (for STOCK, or for KDIR)
	@scripts/check-kdir $(or $(KDIR),$(STOCK_DIR)/headers)
	$(call say,MODULE,$(MODULE:$(TOP)/%=%))
	$(Q)$(call stage_module,$(MODULE_DIR))
	$(Q)$(MAKE) -s -C $(or $(KDIR),$(STOCK_DIR)/headers) M=$(MODULE_DIR) W=1 modules

# The same of another tree, FROM, in the folder TO; for check-mutants.
module-of:
	$(Q)$(call stage_module,$(TO),$(FROM)/)
	$(Q)$(MAKE) -s -C $(STOCK_DIR)/headers M=$(TO) modules

# Handlers in kernel modules, for the tests of the module flavour.
KMOD		= $(BUILD)/kmod/$(STOCK)

kmod: module
	$(Q)mkdir -p $(KMOD)
	$(Q)rsync -c selftests/modules/* kernel/samples/fanotify/fastpath_prefix.c $(KMOD)/
	$(Q)$(MAKE) -s -C $(STOCK_DIR)/headers M=$(KMOD) W=1 \
		FASTPATH_INCLUDE=-I$(MODULE_DIR)/include \
		KBUILD_EXTRA_SYMBOLS=$(MODULE_DIR)/Module.symvers modules

modules:			## build the module for both stock kernels
	$(Q)for stock in cloud-amd64 amd64; do \
		$(MAKE) --no-print-directory STOCK=$$stock module; done

dkms:				## make build/dkms, for "dkms add"
	$(Q)$(call stage_module,$(BUILD)/dkms)
	$(Q)sed 's/@VERSION@/$(VERSION)/' kernel/module/dkms.conf > $(BUILD)/dkms/dkms.conf

# --- the in-tree flavour -----------------------------------------------------------

KERNEL_CONFIG	:= kernel/configs/base.config kernel/configs/fastpath.config

kernel: | $(SOURCE)		## build the in-tree kernel (10 minutes at first)
	@scripts/build-kernel $(SOURCE) $(KERNEL) $(KERNEL_CONFIG)

kernel-debug: | $(SOURCE)	## the same with KASAN, lockdep, kmemleak, ...
	@scripts/build-kernel $(SOURCE) $(KERNEL)-debug $(KERNEL_CONFIG) \
		kernel/configs/debug.config

# --- tests ---------------------------------------------------------------------------

TEST_NAMES	:= $(patsubst selftests/%.c,%,$(wildcard selftests/*_test.c))
TEST_PROGRAMS	:= $(TEST_NAMES:%=$(BUILD)/selftests/%)
ORACLE		:= $(filter-out %_test.c,$(wildcard selftests/oracle_*.c))
TEST_CFLAGS	:= -O1 -g -Wall -Werror -D_GNU_SOURCE -static -Wno-cpp

$(BUILD)/selftests/oracle_test $(BUILD)/selftests/oracle_long_test: $(ORACLE)
$(BUILD)/selftests/oracle_long_test: selftests/oracle_test.c
$(BUILD)/selftests/fanfp_stat_test: selftests/openmetrics.h
$(BUILD)/selftests/fanfp_top_test $(BUILD)/selftests/fanfp_top_screen_test: selftests/top.h

$(BUILD)/selftests/fanfp_watch_format_test: TEST_LIBS := -ljson-c

$(BUILD)/selftests/%_test: selftests/%_test.c $(wildcard selftests/*.h) $(SKELETONS) \
			   include/uapi/linux/fanotify_fastpath.h
	$(call say,TEST,$(@F))
	$(Q)$(CC) $(TEST_CFLAGS) -I $(BUILD)/selftests -I $(BUILD)/bpf -I selftests \
		-I include/uapi/linux -I $(TOOLS)/include \
		-I $(SOURCE)/tools/testing/selftests \
		$< $(filter $(ORACLE),$^) -o $@ $(TEST_LIBS) $(TOOLS)/lib/libbpf.a -lelf -lz

# Those of the library have its shared one, and a libbpf of their own.
$(BUILD)/selftests/fanfp_lib_%_test: selftests/fanfp_lib_%_test.c selftests/common.h \
				     selftests/lib.h selftests/lib_rules.h \
				     $(SKELETONS) $(wildcard include/fanfp*.h) | installed
	$(call say,TEST,$(@F))
	$(Q)$(CC) $(filter-out -static,$(TEST_CFLAGS)) -I $(BUILD)/selftests -I selftests \
		-I include/uapi/linux -I $(TOOLS)/include \
		-I $(SOURCE)/tools/testing/selftests $< -o $@ \
		-Wl,-rpath,$(INSTALLED)/lib $$($(LIBFANFP) --cflags --libs) \
		$(TOOLS)/lib/libbpf.a -lelf -lz

# What reads rules, with the sanitizers; it needs no fastpath.
FUZZED		:= $(addprefix loader/,rules_parse.c rules_keys.c rules_compile.c \
			rules_explain.c rules_facts.c mountinfo.c print.c)

$(BUILD)/selftests/fanfp_fuzz_test: selftests/fanfp_fuzz_test.c $(FUZZED) \
				    $(wildcard loader/*.h) bpf/filter.h $(wildcard include/fanfp*.h) | $(TOOLS)
	$(call say,TEST,$(@F))
	$(Q)mkdir -p $(@D) && $(CC) $(filter-out -static,$(TEST_CFLAGS)) -fsanitize=address,undefined \
		-fno-sanitize-recover=undefined -DFANFP_VERSION='"$(VERSION)"' \
		-I loader -I bpf -I include -I include/uapi/linux -I $(TOOLS)/include \
		-I $(SOURCE)/tools/testing/selftests $< $(FUZZED) -o $@ \
		$(TOOLS)/lib/libbpf.a -lelf -lz

# The example of docs/daemon.md, built as it says there.
EXAMPLE		:= $(BUILD)/example-daemon

$(EXAMPLE): docs/example-daemon.c $(wildcard include/fanfp*.h) | installed
	$(call say,CC,$(@F))
	$(Q)$(CC) -O2 -g -Wall -Wextra -Werror -Wl,-rpath,$(INSTALLED)/lib -o $@ $< \
		$$($(LIBFANFP) --cflags --libs)

tests: $(TEST_PROGRAMS) $(NOLINK_OBJECTS) $(GUIDE_OBJECTS) $(EXAMPLE)	## build the test programs

# What the tests of fanfp, libfanfp and the handlers find in a guest.
export USERLAND	= --add $(LOADER)/fanfp:/usr/sbin/fanfp --add /bin/bash \
	--add $(TOP)/loader/fanfp.bash-completion:/etc/fanfp.bash-completion \
	--add $(INSTALLED)/lib/libfanfp.so.0:/usr/lib/libfanfp.so.0 \
	--add $(EXAMPLE):/usr/sbin/example-daemon \
	--add $(BUILD)/bpf:/bpf --add $(BUILD)/guide:/guide $(PROGRAMS)

check:				## lint and all tests, on both flavours
	@scripts/check --flavours '$(FLAVOUR)' --tests '$(TESTS)'

check-long:			## the same, and the tests that take long
	@scripts/check --flavours '$(FLAVOUR)' --tests '$(TESTS)' --long

# All that run in the tree, and a minute of everything at once. pci=noacpi: so
# slow a kernel can run into the time limit of the ACPI interpreter.
DEBUG_TESTS	?= $(filter-out module_test stress_test oracle_long_test subtree_long_test,$(TEST_NAMES))

check-debug: kernel-debug loader tests	## the tests on the debug kernel (DEBUG_TESTS='stress_test')
	@selftests/vm/run-tests --name debug --results $(BUILD)/results \
		--kernel $(KERNEL)-debug/bzImage --mem 3072 $(DISKS) \
		--limit 900 --timeout 3000 --append pci=noacpi \
		$(USERLAND) --add $(BUILD)/bpf-nolink:/bpf-nolink \
		--add $(TOOLS)/bpftool:/usr/sbin/bpftool \
		--add $(KERNEL)-debug/kmod:/kmod \
		$(DEBUG_TESTS:%=$(BUILD)/selftests/%)

lint: $(SOURCE)			## checkpatch, kernel-doc, shellcheck, ...
	@scripts/lint $(SOURCE) $(BUILD)/results

docs: $(SOURCE)			## build the guides (Sphinx) to build/docs/
	@scripts/docs $(SOURCE) $(BUILD)/docs

check-install: loader		## install, build on it, uninstall
	@scripts/check-install $(TOOLS) $(BUILD)/results

# valgrind 3.19 does not know of all that bpf(2) writes: where handlers are
# loaded, it looks for bad addresses and leaks only, and takes very long.
VALGRIND	:= -q --leak-check=full --error-exitcode=99
VALGRIND_DIR	:= /usr/libexec/valgrind
# Without these names it can't watch the dynamic linker.
LD_SO		:= /lib64/ld-linux-x86-64.so.2
LD_SO_DEBUG	= $(shell readelf -n $(LD_SO) | sed -n \
	's|.*Build ID: \(..\)\(.*\)|/usr/lib/debug/.build-id/\1/\2.debug|p')

check-valgrind: tests		## the tests of libfanfp that load no handler, in valgrind
	@. scripts/checks.sh && check valgrind.fanfp_lib_open_test \
		valgrind $(VALGRIND) $(BUILD)/selftests/fanfp_lib_open_test && \
		sum_up valgrind $(BUILD)/results

check-valgrind-guest: kernel tests	## those that do, in a guest; takes long
	@selftests/vm/run-tests --name valgrind --results $(BUILD)/results \
		--kernel $(KERNEL)/bzImage --mem 2048 --limit 4000 --timeout 8000 \
		$(USERLAND) --add /usr/bin/valgrind.bin --add $(VALGRIND_DIR)/default.supp \
		--add $(LD_SO_DEBUG) \
		$(patsubst %,--add $(VALGRIND_DIR)/%,memcheck-amd64-linux \
			vgpreload_core-amd64-linux.so vgpreload_memcheck-amd64-linux.so) \
		--under 'env VALGRIND_LIB=$(VALGRIND_DIR) valgrind.bin $(VALGRIND) \
			--undef-value-errors=no' \
		$(BUILD)/selftests/fanfp_lib_{open,attach,group}_test

check-harness: $(STOCK_DIR)	## test the VM harness itself
	@selftests/vm/test_vm.py --kernel $(STOCK_DIR)/boot/vmlinuz-* \
		--modules $(STOCK_DIR)/lib/modules/* --results $(BUILD)/results

patches: $(SOURCE)		## write the in-tree flavour as mails to build/patches/
	@scripts/patches $(SOURCE) $(BUILD)/patches

check-patches: kernel		## apply them one by one; gcc, clang, sparse, on and off
	@scripts/check-patches $(SOURCE) $(KERNEL) $(BUILD)/results

# The module with no BTF, with BTF made for another kernel, with BTF of other
# types, and asking for a name of data that there is not: the first place with it
# is the text, after which come the symbols.
BROKEN		:= $(BUILD)/broken
OTHER		= $(filter-out $(STOCK),cloud-amd64 amd64)

module-broken: modules kmod
	$(Q)mkdir -p $(BROKEN)
	$(Q)cp $(MODULE) $(BROKEN)/good.ko
	$(Q)objcopy --remove-section .BTF $(MODULE) $(BROKEN)/no_btf.ko
	$(Q)objcopy -O binary --only-section .BTF --set-section-flags .BTF=alloc \
		$(BUILD)/module/$(OTHER)/fanotify_fastpath.ko $(BROKEN)/foreign.btf
	$(Q)objcopy --update-section .BTF=$(BROKEN)/foreign.btf $(MODULE) \
		$(BROKEN)/foreign_btf.ko
	$(Q)objcopy -O binary --only-section .BTF --set-section-flags .BTF=alloc \
		$(MODULE) $(BROKEN)/module.btf
	$(Q)selftests/resize_btf.py $(BROKEN)/module.btf $(BROKEN)/resized.btf
	$(Q)objcopy --update-section .BTF=$(BROKEN)/resized.btf $(MODULE) \
		$(BROKEN)/resized_btf.ko
	$(Q)sed -z '0,/^init_uts_ns$$/s//init_uts_nx/' $(MODULE) > $(BROKEN)/no_names.ko

MUTANTS		?= *

check-mutants: module-broken kernel loader tests	## break each rule once (MUTANTS='skip-*')
	@scripts/check-mutants --mutants '$(MUTANTS)' --results $(BUILD)/results

# --- the benchmark ------------------------------------------------------------------

BENCH		:= $(BUILD)/bench
BENCH_PLUGIN	:= $(BUILD)/profile_plugin.so
BENCH_SOURCES	:= $(filter-out %.bpf.c %_plugin.c,$(wildcard selftests/bench/*.c))
BENCH_SKELETONS	:= $(patsubst selftests/%.bpf.c,$(BUILD)/selftests/%.skel.h, \
			$(wildcard selftests/bench/*.bpf.c))
CASES		?= *

$(BUILD)/selftests/bench/%.bpf.o: selftests/bench/filter.bpf.h

$(BENCH): $(BENCH_SOURCES) $(wildcard selftests/bench/*.h) selftests/common.h \
	  $(BENCH_SKELETONS) $(BUILD)/bpf/subtree.skel.h
	$(call say,CC,$(@F))
	$(Q)$(CC) -O2 $(filter-out -O1,$(TEST_CFLAGS)) -I $(BUILD)/selftests/bench \
		-I $(BUILD)/bpf -I selftests -I include/uapi/linux -I $(TOOLS)/include \
		$(BENCH_SOURCES) -o $@ $(TOOLS)/lib/libbpf.a -lelf -lz

$(BENCH_PLUGIN): selftests/bench/profile_plugin.c selftests/bench/marker.h
	$(call say,CC,$(@F))
	$(Q)$(CC) -O2 -g -Wall -Werror -shared -fPIC $< -o $@

# Kernels of the in-tree flavour's configuration without fastpath: as it is, and
# one that returns when the mask of an event is computed, which has what the
# series does to fsnotify.
PLAIN_CONFIG	:= kernel/configs/base.config
MASK_PATCHES	:= $(wildcard kernel/patches/0000-*.patch) selftests/bench/mask.patch

kernel-plain: | $(SOURCE)
	@scripts/build-kernel --plain - $(SOURCE) $(KERNEL)-plain $(PLAIN_CONFIG)

$(BUILD)/mask.patch: $(MASK_PATCHES)
	$(Q)mkdir -p $(@D)
	$(Q)cat $^ > $@

kernel-mask: $(BUILD)/mask.patch | $(SOURCE)
	@scripts/build-kernel --plain $< $(SOURCE) $(KERNEL)-mask $(PLAIN_CONFIG)

# The module for the first of them.
module-plain: kernel-plain
	@$(MAKE) --no-print-directory KDIR=$(KERNEL)-plain/headers \
		MODULE_DIR=$(BUILD)/module/plain module

BENCH_KERNELS	:= $(if $(filter intree,$(FLAVOUR)),kernel kernel-mask module-plain) \
		   $(if $(filter module,$(FLAVOUR)),module)

# All of it also makes the page that shows it.
BENCH_REPORT	:= $(if $(and $(filter *,$(CASES)),$(filter module,$(FLAVOUR)), \
			$(filter intree,$(FLAVOUR))),--report docs)

bench: $(BENCH) $(BENCH_PLUGIN) $(BENCH_KERNELS)	## count instructions (CASES='depth roots')
	@selftests/bench/bench --flavours '$(FLAVOUR)' --cases '$(CASES)' $(BENCH_REPORT)

# --- the demo ----------------------------------------------------------------------------

DEMO		:= $(BUILD)/demo

$(DEMO)/%: demo/%.c $(wildcard include/fanfp*.h) loader
	$(call say,CC,$(@F))
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) -O2 -g -Wall -Werror -D_GNU_SOURCE -I include $< -o $@ \
		$(LOADER)/libfanfp.a -lelf -lz

demo: module loader $(DEMO)/opens $(DEMO)/denied	## show the main job in a stock kernel
	@demo/run $(STOCK_DIR) $(MODULE) $(LOADER)/fanfp $(DEMO)

# --- cleaning up ---------------------------------------------------------------------------

clean:				## remove build/
	$(Q)rm -rf $(BUILD)

distclean: clean		## also the trees that kernels are built in
	$(Q)rm -rf $(CACHE)/work $(CACHE)/work.lock

clean-cache:			## remove old cache entries (ALL=1: all of them)
	$(Q)scripts/cache evict $(if $(ALL),all)

version:			## print the version
	@echo $(VERSION)

.PHONY: all docs help deps install-deps build-handler loader install uninstall installed module modules dkms \
	kernel kernel-debug tests check check-long check-debug lint check-install check-valgrind check-valgrind-guest check-harness \
	check-patches check-mutants patches module-of module-broken module-plain kernel-plain kernel-mask kmod bench demo clean distclean clean-cache version
