"""Reads a tar into a map of paths, with Python's own tar reader and not the one under test."""

import hashlib
import re
import tarfile
from dataclasses import dataclass, field

KINDS = {
    tarfile.REGTYPE: "file",
    tarfile.AREGTYPE: "file",
    tarfile.CONTTYPE: "file",
    tarfile.GNUTYPE_SPARSE: "file",
    tarfile.DIRTYPE: "directory",
    tarfile.SYMTYPE: "symlink",
    tarfile.CHRTYPE: "character device",
    tarfile.BLKTYPE: "block device",
    tarfile.FIFOTYPE: "fifo",
}

XATTR = re.compile(r"^(?:SCHILY|LIBARCHIVE)\.xattr\.(.+)$")

# Files whose text the comparison reads; nothing longer is kept in memory.
TEXT_LIMIT = 16 << 20

# The ids that `adduser --system` and systemd-sysusers hand out: who gets which depends on the order of
# configuration, so only the name counts.
DYNAMIC_IDS = range(100, 1000)


class Malformed(Exception):
    """The tar is not what a tree may be made of."""


@dataclass
class Entry:
    """One path of a tree; a hard link has the metadata and content of the file it names."""

    kind: str
    mode: int
    uid: int
    gid: int
    mtime: float
    content: tuple = ()  # (bytes, SHA-256)
    target: str = ""
    device: tuple = ()
    xattrs: dict = field(default_factory=dict)
    links: tuple = ()  # all the names of a file that has several


@dataclass
class Tree:
    """A tree by path; the root is `.` and no path begins with `./` or ends in `/`."""

    entries: dict
    texts: dict
    users: dict
    groups: dict

    def owner(self, entry):
        """The owner as it may be compared: by number, or by name where the number is dynamic."""
        return f"{_named(entry.uid, self.users)}:{_named(entry.gid, self.groups)}"


def read(source, wants_text):
    """Reads the tar at `source` (a path, or an open binary stream).

    `wants_text` tells by path whether the content is kept in `texts`.
    """
    entries, texts, leaders = {}, {}, {}
    opened = {"fileobj": source} if hasattr(source, "read") else {"name": source}
    with tarfile.open(mode="r|", **opened) as tar:
        for member in tar:
            path = _clean(member.name)
            if path in entries:
                raise Malformed(f"`{path}` is there twice")
            if member.type == tarfile.LNKTYPE:
                leader = _clean(member.linkname)
                leader = leaders.get(leader, leader)
                if leader not in entries:
                    raise Malformed(f"`{path}` is a hard link to `{leader}`, which did not come before it")
                leaders[path] = leader
                entries[path] = entries[leader]
                continue
            entries[path] = _entry(tar, member, texts if wants_text(path) else None, path)
    for path, leader in leaders.items():
        if wants_text(path) and leader in texts:
            texts[path] = texts[leader]
    _group_links(entries, leaders)
    return Tree(entries, texts, _names(texts, "etc/passwd"), _names(texts, "etc/group"))


def _entry(tar, member, texts, path):
    kind = KINDS.get(member.type)
    if kind is None:
        raise Malformed(f"`{path}` has the unknown type {member.type!r}")
    entry = Entry(kind, member.mode, member.uid, member.gid, member.mtime)
    for key, value in member.pax_headers.items():
        if found := XATTR.match(key):
            entry.xattrs[found[1]] = value.encode("utf-8", "surrogateescape")
    if kind == "file":
        entry.content = _content(tar, member, texts, path)
    elif kind == "symlink":
        entry.target = member.linkname
    elif kind.endswith("device"):
        entry.device = (member.devmajor, member.devminor)
    return entry


def _content(tar, member, texts, path):
    digest, size, kept = hashlib.sha256(), 0, []
    stream = tar.extractfile(member)
    while block := stream.read(1 << 20):
        digest.update(block)
        size += len(block)
        if texts is not None and size <= TEXT_LIMIT:
            kept.append(block)
    if texts is not None:
        texts[path] = b"".join(kept).decode("utf-8", "surrogateescape")
    return (size, digest.hexdigest())


def _group_links(entries, leaders):
    groups = {}
    for path, leader in leaders.items():
        groups.setdefault(leader, [leader]).append(path)
    for leader, names in groups.items():
        entries[leader].links = tuple(sorted(names))


def _clean(name):
    name = name.removeprefix("./").strip("/")
    return name or "."


def _names(texts, path):
    fields = (line.split(":") for line in texts.get(path, "").splitlines())
    return {int(row[2]): row[0] for row in fields if len(row) > 2 and row[2].isdigit()}


def _named(number, names):
    if number in DYNAMIC_IDS:
        return names.get(number, f"{number} without a name")
    return str(number)
