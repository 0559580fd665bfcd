#!/usr/bin/env python3
"""Compares two trees given as tars: kind, mode, owner, size, content, link target, xattrs, mtime.

    compare.py NAME OURS.tar THEIRS.tar --used FILE    exits 1 if a difference is not tolerated
    compare.py --stale FILE                            exits 1 if a tolerance was never needed
"""

import argparse
import collections
import difflib
import os
import sys
from dataclasses import dataclass

import tartree
import tolerance
import views

HERE = os.path.dirname(os.path.abspath(__file__))

# Texts that are always kept, to name owners and to explain a difference field by field.
EXPLAINED = {"etc/passwd", "etc/group", "var/lib/dpkg/status"}


@dataclass
class Difference:
    """One respect in which one path differs."""

    path: str
    aspect: str
    kind: str
    ours: object = None
    theirs: object = None
    texts: tuple = (None, None)

    def __str__(self):
        if self.aspect.startswith("only in"):
            return f"{self.aspect}: {self.kind} {self.path}"
        if self.aspect != "content":
            return f"{self.aspect}: {self.path}: ours {self.ours}, theirs {self.theirs}"
        if self.path == "var/lib/dpkg/status":
            return f"content: {self.path}:{_status_difference(*self.texts)}"
        if None not in self.texts:
            return f"content: {self.path}:{_text_difference(*self.texts)}"
        (our_size, our_hash), (their_size, their_hash) = self.ours, self.theirs
        return f"content: {self.path}: ours {our_size} bytes {our_hash[:12]}, theirs {their_size} bytes {their_hash[:12]}"


def differences(ours, theirs):
    """Yields every difference of two trees, by path."""
    for path in sorted(ours.entries.keys() | theirs.entries.keys()):
        a, b = ours.entries.get(path), theirs.entries.get(path)
        if a is None or b is None:
            where = "only in theirs" if a is None else "only in ours"
            yield Difference(path, where, (a or b).kind)
            continue
        if a.kind != b.kind:
            yield Difference(path, "kind", a.kind, a.kind, b.kind)
            continue
        texts = (ours.texts.get(path), theirs.texts.get(path))
        for aspect, left, right in _aspects(a, b, ours, theirs):
            if left != right:
                yield Difference(path, aspect, a.kind, left, right, texts)


def _aspects(a, b, ours, theirs):
    yield "mode", f"{a.mode:04o}", f"{b.mode:04o}"
    yield "owner", ours.owner(a), theirs.owner(b)
    yield "content", a.content, b.content
    yield "target", a.target, b.target
    yield "device", a.device, b.device
    yield "xattrs", a.xattrs, b.xattrs
    yield "links", a.links, b.links
    yield "mtime", a.mtime, b.mtime


def _status_difference(ours, theirs):
    a, b = views.stanzas(ours), views.stanzas(theirs)
    found = [f"package {name} only in {'ours' if name in a else 'theirs'}" for name in sorted(a.keys() ^ b.keys())]
    for name in sorted(a.keys() & b.keys()):
        for key in sorted(a[name].keys() | b[name].keys()):
            left, right = a[name].get(key), b[name].get(key)
            if left != right:
                found.append(f"{name}: {key}: ours {left!r}, theirs {right!r}")
    return "".join("\n    " + line for line in found) or " the order of stanzas or fields"


def _text_difference(ours, theirs):
    lines = difflib.unified_diff(theirs.splitlines(), ours.splitlines(), lineterm="", n=0)
    return "".join("\n    " + line for line in list(lines)[2:] if not line.startswith("@@"))


def compare(name, ours_path, theirs_path, rows):
    """Returns the differences nobody tolerates, and the ids of the rows that were needed."""

    def wants_text(path):
        return path in EXPLAINED or any(row.view and row.covers_path(path) for row in rows)

    ours = tartree.read(ours_path, wants_text)
    theirs = tartree.read(theirs_path, wants_text)
    left, used = [], set()
    for difference in differences(ours, theirs):
        needed = [row.id for row in rows if row.covers(difference, name)]
        used.update(needed)
        if not needed:
            left.append(difference)
    return left, used, (len(ours.entries), len(theirs.entries))


def main():
    """Runs the command line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("name", nargs="?", help="what the rows' `trees` may name")
    parser.add_argument("ours", nargs="?")
    parser.add_argument("theirs", nargs="?")
    parser.add_argument("--tolerated", default=os.path.join(HERE, "..", "tolerated.toml"))
    parser.add_argument("--used", help="append the rows that were needed to this file")
    parser.add_argument("--stale", help="tell which rows are not in this file")
    options = parser.parse_args()
    rows = tolerance.load(options.tolerated)
    if options.stale:
        with open(options.stale, encoding="utf-8") as file:
            used = set(file.read().splitlines())
        stale = [row for row in rows if row.id not in used]
        for row in stale:
            print(f"nothing needs the tolerance {row.id}")
        return 1 if stale else 0
    try:
        left, used, sizes = compare(options.name, options.ours, options.theirs, rows)
    except tartree.Malformed as error:
        print(f"malformed tar: {error}")
        return 1
    if options.used:
        with open(options.used, "a", encoding="utf-8") as file:
            file.writelines(f"{row}\n" for row in sorted(used))
    print(f"{options.name}: {sizes[0]} paths in ours, {sizes[1]} in theirs, {len(used)} tolerances used")
    for difference in left:
        print(difference)
    if left:
        counts = collections.Counter(difference.aspect for difference in left)
        print("not tolerated: " + ", ".join(f"{count} {aspect}" for aspect, count in counts.most_common()))
    return 1 if left else 0


if __name__ == "__main__":
    sys.exit(main())
