"""kernel.py VMLINUZ VMLINUX MODULE_TREE TARGET MODULE...: what the VM needs of a Debian kernel package.

Unpacks the kernel to the bare ELF, which QEMU boots directly by its PVH note (an emulated CPU would spend
seconds on the decompressor), and copies the modules with what they depend on to TARGET, where the file
`order` lists them so that insmod in that order works.
"""
import lzma
import os
import re
import shutil
import sys


def unpack_kernel(source, target):
    if os.path.exists(target) and os.path.getmtime(target) >= os.path.getmtime(source):
        return
    with open(source, "rb") as file:
        image = file.read()
    start = image.find(b"\xfd7zXZ\0")
    if start < 0:
        sys.exit("kernel.py: this vmlinuz is not xz-compressed")
    elf = lzma.LZMADecompressor().decompress(image[start:])
    with open(target + ".tmp", "wb") as file:
        file.write(elf)
    os.rename(target + ".tmp", target)


def modules_below(tree):
    found = {}
    for folder, _, files in os.walk(tree):
        for name in files:
            if name.endswith(".ko"):
                found[name[:-3].replace("-", "_")] = os.path.join(folder, name)
    return found


def needs(path):
    """Names in `depends=` and `softdep=pre:` of the module's .modinfo section."""
    with open(path, "rb") as file:
        image = b"\0" + file.read()
    for field in re.findall(rb"(?<=\0)(?:depends|softdep)=[^\0]*", image):
        key, value = field.decode("latin1").split("=", 1)
        if key == "depends":
            yield from value.split(",")
        elif value.startswith("pre:"):
            yield from value[4:].split()


def main():
    vmlinuz, vmlinux, tree, target, *wanted = sys.argv[1:]
    unpack_kernel(vmlinuz, vmlinux)
    available, order = modules_below(tree), []

    def add(name, path=()):
        name = name.replace("-", "_")
        if name in order or name in path or name not in available:
            return  # known, a circle, or built into the kernel
        for other in needs(available[name]):
            add(other, (*path, name))
        order.append(name)

    for name in wanted:
        add(name)
    os.makedirs(target)
    for name in order:
        shutil.copy(available[name], f"{target}/{name}.ko")
    with open(f"{target}/order", "w") as file:
        file.write("\n".join(order) + "\n")


main()
