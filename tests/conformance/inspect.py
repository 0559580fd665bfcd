#!/usr/bin/env python3
"""Holds what `boot inspect` says of an image against what the image's own tools say.

    inspect.py FOOTPRINT.json ROOT FACT…      ROOT is the image, unpacked by tar as root

Each FACT is computed twice, from the footprint and from the root; a difference is printed and fails.
"""

import collections
import hashlib
import json
import os
import stat
import subprocess
import sys

INSIDE = ["env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C.UTF-8"]


def main():
    path, root, *facts = sys.argv[1:]
    with open(path, encoding="utf-8") as file:
        footprint = json.load(file)
    failed = False
    for fact in facts:
        found, wanted = globals()[fact](footprint, root)
        if found != wanted:
            failed = True
            print(f"{fact}: boot says\n  {shown(found, wanted)}\nthe image says\n  {shown(wanted, found)}")
    sys.exit(failed)


def shown(one, other):
    """What one has that the other has not, where they can be compared part by part."""
    if isinstance(one, dict):
        return {key: value for key, value in one.items() if other.get(key) != value}
    if isinstance(one, (list, set)):
        return [value for value in one if value not in other][:20]
    return one


def inside(root, *command):
    """Runs a command in the root and leaves it as it was: scripts write to /dev/null, which is no device there."""
    null = os.path.join(root, "dev/null")
    was_there = os.path.exists(null)
    try:
        command = [*INSIDE, "chroot", root, *command]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout
    finally:
        if not was_there and os.path.exists(null):
            os.remove(null)


def find(root, *expression):
    """Paths that find(1) finds, without leading slash."""
    command = ["find", ".", "-xdev", "-mindepth", "1", *expression, "-print0"]
    out = subprocess.run(command, cwd=root, check=True, capture_output=True).stdout
    return sorted(path[2:].decode() for path in out.split(b"\0") if path)


def content(footprint, root):
    """Bytes of all files, each inode once: du."""
    command = f"find '{root}' -xdev -type f -print0 | du --apparent-size --block-size=1 -c --files0-from=- | tail -n 1"
    out = subprocess.run(["sh", "-c", command], check=True, capture_output=True, text=True).stdout
    return footprint["sizes"]["content"], int(out.split()[0])


def disk(footprint, root):
    """Blocks of 4 KiB of all files: du; and one for each directory."""
    command = f"find '{root}' -xdev -type f -size +0 -print0 | du --block-size=1 -c --files0-from=- | tail -n 1"
    out = subprocess.run(["sh", "-c", command], check=True, capture_output=True, text=True).stdout
    directories = len(find(root, "-type", "d"))
    return footprint["sizes"]["disk"], int(out.split()[0]) + 4096 * directories


def kinds(footprint, root):
    """How many there are of each kind: find."""
    links = collections.Counter()
    for path in find(root, "-type", "f"):
        links[os.lstat(os.path.join(root, path)).st_ino] += 1
    wanted = {
        "files": len(links),
        "hardlinks": sum(links.values()) - len(links),
        "directories": len(find(root, "-type", "d")),
        "symlinks": len(find(root, "-type", "l")),
        "fifos": len(find(root, "-type", "p")),
        "devices": len(find(root, "-type", "b")) + len(find(root, "-type", "c")),
        "empty": len({os.lstat(os.path.join(root, path)).st_ino for path in find(root, "-type", "f", "-empty")}),
        "total": len(find(root)),
        "longest_path": max(len(path.encode()) for path in find(root)),
    }
    return {key: footprint["entries"][key] for key in wanted}, wanted


def privilege(footprint, root):
    """find again, and getcap where the image has it."""
    open_to_all = ["-perm", "-0002", "!", "-type", "l", "!", "-type", "b", "!", "-type", "c"]
    wanted = {
        "setuid": find(root, "-type", "f", "-perm", "-4000"),
        "setgid": find(root, "-type", "f", "-perm", "-2000"),
        "world_writable": find(root, *open_to_all, "!", "(", "-type", "d", "-perm", "-1000", ")"),
    }
    found = {key: [it["path"] for it in footprint["privilege"][key]] for key in wanted}
    if os.path.exists(f"{root}/usr/sbin/getcap") or os.path.exists(f"{root}/sbin/getcap"):
        lines = inside(root, "getcap", "-r", "/usr", "/var", "/etc", "/opt").splitlines()
        wanted["capabilities"] = sorted(line[1:] for line in lines)
        special = footprint["privilege"]["capabilities"]
        found["capabilities"] = [f"{it['path']} {it['capabilities']}" for it in special]
    return found, wanted


def packages(footprint, root):
    """Names, versions, sizes and sources: dpkg-query."""
    form = "${Package}\t${Version}\t${Architecture}\t${source:Package}\t${Installed-Size}\t${Essential}\\n"
    wanted = {}
    for line in inside(root, "dpkg-query", "--show", "--showformat", form).splitlines():
        name, version, arch, source, size, essential = line.split("\t")
        wanted[f"{name} {arch}"] = [version, source, int(size) * 1024 if size else None, essential == "yes"]
    found = {
        f"{it['name'].split(':')[0]} {it['arch']}": [
            it["version"], it["source"], it["installed_bytes"], it["essential"],
        ]
        for it in footprint["packages"]
    }
    for key in wanted:
        # Protected counts as essential here; dpkg has a word of its own for it.
        if found.get(key) and found[key][3]:
            wanted[key][3] = True
    return found, wanted


def listed(footprint, root):
    """Which package has a file: what dpkg-query lists and the image has, each inode by its first name."""
    taken = {}
    # Of several that list a file, the last by name has it.
    for name in [it["name"] for it in footprint["packages"]]:
        for line in inside(root, "dpkg-query", "--listfiles", name).splitlines():
            path = line.split(" to: ")[-1] if "diverted by" in line else line
            if path.startswith("/"):
                parent, base = os.path.split(path.rstrip("/"))
                taken[os.path.join(resolved(root, parent), base)] = name
    first = {}
    for path in find(root, "-type", "f"):
        first.setdefault(os.lstat(os.path.join(root, path)).st_ino, path)
    return {path: taken.get(f"/{path}") for path in first.values()}


def owners(footprint, root):
    """Files and bytes of each package."""
    wanted = {it["name"]: [0, 0] for it in footprint["packages"]}
    for path, name in listed(footprint, root).items():
        if name:
            wanted[name][0] += 1
            wanted[name][1] += os.lstat(os.path.join(root, path)).st_size
    found = {it["name"]: [it["files"], it["bytes"]] for it in footprint["packages"]}
    return found, wanted


def resolved(root, path):
    """A path with all links followed as inside the root."""
    here = "/"
    parts = [part for part in path.split("/") if part]
    while parts:
        part = parts.pop(0)
        step = os.path.normpath(os.path.join(here, part))
        outside = root + step
        if os.path.islink(outside):
            target = os.readlink(outside)
            parts = [it for it in target.split("/") if it] + parts
            here = "/" if target.startswith("/") else here
        else:
            here = step
    return here


def needs(footprint, root):
    """What each package needs: apt-cache, whose only source is dpkg's status."""
    names = [it["name"] for it in footprint["packages"]]
    command = [
        # It must leave nothing behind.
        "apt-cache", "-o", "Dir::State::Lists=/nonexistent", "-o", "Dir::Cache::pkgcache=",
        "-o", "Dir::Cache::srcpkgcache=", "depends", "--important", "--no-breaks", "--no-conflicts", "--no-replaces", *names,
    ]
    wanted, name = {}, None
    for line in inside(root, *command).splitlines():
        if not line.startswith(" "):
            name = line
            wanted[name] = set()
        elif line[:2] in ("  ", " |") and ": " in line:
            wanted[name].add(line.split(": ")[1].strip("<>").split(":")[0])
    found = {
        it["name"]: {name for need in it["needs"] for name in need["alternatives"]}
        for it in footprint["packages"]
    }
    return found, wanted


def unowned(footprint, root):
    """Files that dpkg does not know: those of no package, and those generated."""
    ownership = footprint["ownership"]
    parts = [ownership["generated"], ownership["unowned"]]
    found = [sum(it[key] for it in parts) for key in ("files", "bytes")]
    paths = [path for path, name in listed(footprint, root).items() if not name]
    wanted = [len(paths), sum(os.lstat(os.path.join(root, path)).st_size for path in paths)]
    return found, wanted


def closures(footprint, root):
    """Libraries of programs: ldd."""
    found, wanted = {}, {}
    for closure in footprint["elf"]["closures"]:
        program = closure["program"]
        found[program] = closure["paths"]
        paths = {resolved(root, program)}
        for line in inside(root, "ldd", program).splitlines():
            words = line.split()
            path = words[2] if "=>" in words else words[0]
            if path.startswith("/"):
                paths.add(resolved(root, path))
        wanted[program] = sorted(path.lstrip("/") for path in paths)
    return found, wanted


def elf(footprint, root):
    """ELF files by their first bytes; their symbol tables: file(1) is not in every image."""
    paths, inodes = [], set()
    for path in find(root, "-type", "f"):
        place = os.path.join(root, path)
        inode = os.lstat(place).st_ino
        with open(place, "rb") as file:
            if file.read(4) == b"\x7fELF" and inode not in inodes:
                inodes.add(inode)
                paths.append(place)
    out = subprocess.run(["file", "-b", *paths], check=True, capture_output=True, text=True).stdout
    linked = [line for line in out.splitlines() if "relocatable" not in line]
    unstripped = sum("not stripped" in line for line in linked)
    facts = footprint["elf"]
    return [facts["files"], len(facts["unstripped"])], [len(paths), unstripped]


def duplicates(footprint, root):
    """Content that is there twice: digests of all files."""
    sizes, counts = {}, collections.Counter()
    inodes = set()
    for path in find(root, "-type", "f", "-size", "+0"):
        place = os.path.join(root, path)
        inode = os.lstat(place).st_ino
        if inode in inodes:
            continue
        inodes.add(inode)
        with open(place, "rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest() if hasattr(hashlib, "file_digest") \
                else hashlib.sha256(file.read()).hexdigest()
        sizes[digest] = os.lstat(place).st_size
        counts[digest] += 1
    groups = {digest: count for digest, count in counts.items() if count > 1}
    wanted = {
        "groups": len(groups),
        "files": sum(count - 1 for count in groups.values()),
        "bytes": sum((count - 1) * sizes[digest] for digest, count in groups.items()),
    }
    return {key: footprint["duplicates"][key] for key in wanted}, wanted


def sums(footprint, root):
    """Every breakdown is all of the image."""
    sizes = footprint["sizes"]
    whole = [footprint["entries"]["files"], sizes["content"], sizes["zstd"]]

    def add(shares):
        return [sum(it[key] for it in shares) for key in ("files", "bytes", "zstd_bytes")]

    ownership = footprint["ownership"]
    rest = [ownership["unowned"], ownership["structure"]]
    owned = footprint["packages"] + [it["generated"] for it in footprint["packages"]]
    files = [it | {"files": it["kind"] == "file"} for it in footprint["detail"]["files"]]
    found = {
        "classes": add(footprint["classes"]),
        "cells": add(footprint["cells"]),
        "ownership": add(ownership.values()),
        "packages": add(owned + rest),
        "files": add(files),
        "tree": add(footprint["tree"][:1]),
    }
    return found, {key: whole for key in found}


def modes(footprint, root):
    """Every file's kind, mode, owner and length."""
    found = {
        it["path"]: [it["kind"], it["mode"], it["uid"], it["gid"], it["bytes"]]
        for it in footprint["detail"]["files"]
        if it["kind"] in ("file", "directory")
    }
    wanted = {}
    for path in found:
        status = os.lstat(os.path.join(root, path))
        is_file = stat.S_ISREG(status.st_mode)
        kind = "file" if is_file else "directory" if stat.S_ISDIR(status.st_mode) else "other"
        mode = stat.S_IMODE(status.st_mode)
        wanted[path] = [kind, mode, status.st_uid, status.st_gid, status.st_size if is_file else 0]
    return found, wanted


main()
