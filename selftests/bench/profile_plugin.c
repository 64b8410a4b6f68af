// SPDX-License-Identifier: GPL-2.0-only
/*
 * profile_plugin - a plugin of QEMU that counts how often each instruction is
 * executed between the two markers of marker.h
 *
 * For each such section it writes to a file
 *
 *   section NUMBER
 *   ADDRESS COUNT
 *
 * For -icount, where all CPUs of the guest are one thread: nothing is locked.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "marker.h"

/*
 * What is used of QEMU's plugin interface, version 1. Debian does not package
 * the header.
 */
typedef uint64_t qemu_plugin_id_t;
struct qemu_plugin_tb;
struct qemu_plugin_insn;

enum { CB_NO_REGS };

void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t id,
					   void (*cb)(qemu_plugin_id_t,
						      struct qemu_plugin_tb *));
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb,
						 size_t index);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *insn);
size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *insn);
const void *qemu_plugin_insn_data(const struct qemu_plugin_insn *insn);
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *insn,
					    void (*cb)(unsigned int cpu, void *),
					    int flags, void *data);

int qemu_plugin_version = 1;

/* Instructions are never forgotten: they are found by address. */
#define TABLE_SIZE	(1 << 22)

struct entry {
	uint64_t address;
	/* What it has of an earlier section does not count. */
	uint64_t section;
	uint64_t count;
};

static struct entry insns[TABLE_SIZE];
static uint64_t section;
static bool recording;
static FILE *file;

static struct entry *find(uint64_t address)
{
	uint64_t i = (address * 0x9e3779b97f4a7c15) >> 42;
	struct entry *entry;

	for (;; i = (i + 1) % TABLE_SIZE) {
		entry = &insns[i];
		if (entry->address == address)
			return entry;
		if (!entry->address)
			break;
	}
	entry->address = address;
	return entry;
}

static void on_insn(unsigned int cpu, void *data)
{
	struct entry *insn = data;

	if (!recording)
		return;
	if (insn->section != section) {
		insn->section = section;
		insn->count = 0;
	}
	insn->count++;
}

static void on_start(unsigned int cpu, void *data)
{
	section++;
	recording = true;
}

static void on_stop(unsigned int cpu, void *data)
{
	int i;

	recording = false;
	fprintf(file, "section %lu\n", section);
	for (i = 0; i < TABLE_SIZE; i++)
		if (insns[i].address && insns[i].section == section)
			fprintf(file, "%lx %lu\n", insns[i].address,
				insns[i].count);
	fflush(file);
}

/* The number of a marker, or 0. */
static uint32_t marker(const struct qemu_plugin_insn *insn)
{
	static const uint8_t opcode[] = MARKER_OPCODE;
	const uint8_t *bytes = qemu_plugin_insn_data(insn);
	uint32_t number;

	if (qemu_plugin_insn_size(insn) != MARKER_SIZE ||
	    memcmp(bytes, opcode, sizeof(opcode)))
		return 0;
	memcpy(&number, bytes + sizeof(opcode), sizeof(number));
	return number;
}

static void on_translate(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
	size_t i;

	for (i = 0; i < qemu_plugin_tb_n_insns(tb); i++) {
		struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
		struct entry *entry = find(qemu_plugin_insn_vaddr(insn));

		switch (marker(insn)) {
		case MARKER_START:
			qemu_plugin_register_vcpu_insn_exec_cb(insn, on_start,
							       CB_NO_REGS, NULL);
			break;
		case MARKER_STOP:
			qemu_plugin_register_vcpu_insn_exec_cb(insn, on_stop,
							       CB_NO_REGS, NULL);
			break;
		default:
			qemu_plugin_register_vcpu_insn_exec_cb(insn, on_insn,
							       CB_NO_REGS, entry);
		}
	}
}

/* The only argument is the file: "out=PATH". */
int qemu_plugin_install(qemu_plugin_id_t id, const void *info, int argc,
			char **argv)
{
	if (argc != 1 || strncmp(argv[0], "out=", 4)) {
		fprintf(stderr, "profile_plugin: out=FILE is missing\n");
		return -1;
	}
	file = fopen(argv[0] + 4, "we");
	if (!file) {
		perror(argv[0] + 4);
		return -1;
	}
	qemu_plugin_register_vcpu_tb_trans_cb(id, on_translate);
	return 0;
}
