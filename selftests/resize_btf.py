#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Make every struct in a module's BTF larger: resize_btf.py FROM TO.

It is then BTF that the kernel accepts, of types that the module does not have,
as after a module was rebuilt and its BTF was not.
"""

import struct
import sys

STRUCT = 4
LARGER = 8


def extra(kind, vlen):
    """How many bytes follow the 12 that every type has."""
    fixed = {1: 4, 3: 12, 14: 4, 17: 4}
    each = {4: 12, 5: 12, 6: 8, 13: 8, 15: 12, 19: 12}
    return fixed.get(kind, 0) + each.get(kind, 0) * vlen


def resize(btf):
    """Change it in place."""
    _, _, _, header, offset, length = struct.unpack_from("<HBBIII", btf)
    at, end = header + offset, header + offset + length
    while at < end:
        info, size = struct.unpack_from("<II", btf, at + 4)
        kind = info >> 24 & 0x1f
        if kind == STRUCT:
            struct.pack_into("<I", btf, at + 8, size + LARGER)
        at += 12 + extra(kind, info & 0xffff)


def main():
    """Copy the one file to the other."""
    with open(sys.argv[1], "rb") as file:
        btf = bytearray(file.read())
    resize(btf)
    with open(sys.argv[2], "wb") as file:
        file.write(btf)


if __name__ == "__main__":
    main()
