#!/usr/bin/env python3
"""Proves that the comparison sees: one tree, one change at a time, each caught and nothing else.

Prints a line `ok …` or `not ok …` for each change.
"""

import copy
import io
import sys
import tarfile

import compare
import tartree
import tolerance
import views

PASSWD = b"root:x:0:0:root:/root:/bin/bash\nceph:x:101:102:Ceph:/var/lib/ceph:/usr/sbin/nologin\n"
GROUP = b"root:x:0:\nadm:x:4:\nceph:x:102:\n"
CAPABILITY = b"\x01\x00\x00\x02\x00\x20\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
STATUS = b"Package: su\nStatus: install ok installed\nArchitecture: amd64\nConffiles:\n /etc/su 0123\n"


def sample():
    """A small tree with one of everything, as a list of (header, content)."""
    return [
        _member(".", tarfile.DIRTYPE, 0o755),
        _member("dev", tarfile.DIRTYPE, 0o755),
        _member("dev/null", tarfile.CHRTYPE, 0o666, devmajor=1, devminor=3),
        _member("etc", tarfile.DIRTYPE, 0o755),
        _member("etc/group", tarfile.REGTYPE, 0o644, content=GROUP),
        _member("etc/passwd", tarfile.REGTYPE, 0o644, content=PASSWD),
        _member("run/fifo", tarfile.FIFOTYPE, 0o600),
        _member("usr/bin/perl", tarfile.REGTYPE, 0o755, content=b"\x7fELF perl"),
        _member("usr/bin/perl5", tarfile.LNKTYPE, 0o755, linkname="usr/bin/perl"),
        _member("usr/bin/ping", tarfile.REGTYPE, 0o755, content=b"\x7fELF ping", xattr=CAPABILITY),
        _member("usr/bin/su", tarfile.REGTYPE, 0o4755, content=b"\x7fELF su"),
        _member("usr/lib/" + "long/" * 40 + "é", tarfile.REGTYPE, 0o644, content=b"x"),
        _member("usr/lib64", tarfile.SYMTYPE, 0o777, linkname="lib"),
        _member("var/lib/ceph", tarfile.DIRTYPE, 0o750, uid=101, gid=102),
        _member("var/lib/dpkg/status", tarfile.REGTYPE, 0o644, content=STATUS),
    ]


CHANGES = [
    ("nothing in equal trees", None, lambda tree: None),
    ("a lost setuid bit", "mode usr/bin/su", lambda tree: _set(tree, "usr/bin/su", mode=0o755)),
    ("a lost sticky bit", "mode run/fifo", lambda tree: _set(tree, "run/fifo", mode=0o1600)),
    ("another owner", "owner usr/bin/su", lambda tree: _set(tree, "usr/bin/su", uid=1)),
    ("another group", "owner usr/bin/su", lambda tree: _set(tree, "usr/bin/su", gid=4)),
    ("another dynamic owner", "owner var/lib/ceph", lambda tree: _set(tree, "var/lib/ceph", uid=102)),
    ("one other byte", "content usr/bin/su", lambda tree: _content(tree, "usr/bin/su", b"\x7fELF sv")),
    ("one more byte", "content usr/bin/su", lambda tree: _content(tree, "usr/bin/su", b"\x7fELF su\n")),
    ("a lost capability", "xattrs usr/bin/ping", lambda tree: _xattr(tree, "usr/bin/ping", None)),
    ("another capability", "xattrs usr/bin/ping", lambda tree: _xattr(tree, "usr/bin/ping", CAPABILITY[:-1] + b"\x01")),
    ("another link target", "target usr/lib64", lambda tree: _set(tree, "usr/lib64", linkname="lib32")),
    ("another device", "device dev/null", lambda tree: _set(tree, "dev/null", devminor=5)),
    ("another time", "mtime usr/bin/su", lambda tree: _set(tree, "usr/bin/su", mtime=1)),
    ("a missing path", "only in theirs run/fifo", lambda tree: _remove(tree, "run/fifo")),
    ("a link made a file", "kind usr/lib64", lambda tree: _set(tree, "usr/lib64", type=tarfile.DIRTYPE)),
    ("a hard link made a copy", "links usr/bin/perl, links usr/bin/perl5", lambda tree: _copied_link(tree)),
    ("another conffile hash", "content var/lib/dpkg/status",
     lambda tree: _content(tree, "var/lib/dpkg/status", STATUS.replace(b"0123", b"0124"))),
]


def main():
    """Checks each change in both directions, then the views and the patterns."""
    outcomes = [_caught(*change) for change in CHANGES]
    outcomes += [_paths_twice(), _dynamic_ids(), _views(), _patterns()]
    for ok, name in outcomes:
        print(("ok" if ok else "not ok"), name)
    return 0 if all(ok for ok, _ in outcomes) else 1


def _caught(name, expected, change):
    changed = sample()
    change(changed)
    whole, altered = _read(sample()), _read(changed)
    found = ", ".join(f"{d.aspect} {d.path}" for d in compare.differences(altered, whole))
    back = ", ".join(f"{d.aspect} {d.path}" for d in compare.differences(whole, altered))
    ok = found == (expected or "") and back == found.replace("only in theirs", "only in ours")
    return ok, f"comparer catches {name}" + ("" if ok else f": expected `{expected}`, found `{found}`")


def _paths_twice():
    tree = sample()
    tree.append(tree[-1])
    try:
        _read(tree)
    except tartree.Malformed:
        return True, "comparer catches a path that is there twice"
    return False, "comparer catches a path that is there twice"


def _dynamic_ids():
    tree = sample()
    _content(tree, "etc/passwd", PASSWD.replace(b"101:102", b"201:202"))
    _content(tree, "etc/group", GROUP.replace(b"102", b"202"))
    _set(tree, "var/lib/ceph", uid=201, gid=202)
    found = [f"{d.aspect} {d.path}" for d in compare.differences(_read(tree), _read(sample()))]
    ok = found == ["content etc/group", "content etc/passwd"]
    return ok, "comparer follows a dynamic id by its name"


def _views():
    group, passwd = "a:x:0:\nb:x:101:", "b:x:101:102:B:/:/bin/sh\na:x:0:0:A:/:/bin/sh"
    same = [
        ("accounts", group, "b:x:777:\na:x:0:"),
        ("accounts", passwd, "a:x:0:0:A:/:/bin/sh\nb:x:103:104:B:/:/bin/sh"),
        ("lines", "a\nb", "b\na"),
        ("stanzas", "Package: a\nB: 1\nC: 2", "Package: a\nC: 2\nB: 1\n"),
    ]
    other = [
        ("accounts", group, "b:x:101:\na:x:1:"),
        ("accounts", group, "b:x:101:c\na:x:0:"),
        ("accounts", passwd, passwd.replace("/bin/sh", "/bin/zsh")),
        ("accounts", "a:*:19675:0:99999:7:::", "a:*:19676:0:99999:7:::"),
        ("lines", "a\nb", "a\nb\nb"),
        ("stanzas", "Package: a\nB: 1", "Package: a\nB: 2"),
    ]
    ok = all(views.VIEWS[v](a) == views.VIEWS[v](b) for v, a, b in same)
    ok = ok and all(views.VIEWS[v](a) != views.VIEWS[v](b) for v, a, b in other)
    return ok, "a view leaves out what it says and nothing else"


def _patterns():
    yes = [("etc/*", "etc/passwd"), ("run/**", "run/a/b"), ("**", ".")]
    no = [("etc/*", "etc/apt/x"), ("run/*", "run"), ("a.c", "abc"), ("etc/passwd", "etc/passwd-")]
    ok = all(tolerance.pattern(glob).fullmatch(path) for glob, path in yes)
    ok = ok and not any(tolerance.pattern(glob).fullmatch(path) for glob, path in no)
    ok = ok and tolerance.expand("a{b,c}d{,e}") == ["abd", "abde", "acd", "acde"]
    return ok, "a pattern matches what it says and nothing else"


def _member(name, kind, mode, content=b"", xattr=None, **fields):
    header = tarfile.TarInfo(name)
    header.type, header.mode, header.mtime, header.size = kind, mode, 1_700_000_000, len(content)
    for key, value in fields.items():
        setattr(header, key, value)
    member = [header, content]
    _put_xattr(header, xattr)
    return member


def _put_xattr(header, xattr):
    header.pax_headers = {}
    if xattr is not None:
        header.pax_headers["SCHILY.xattr.security.capability"] = xattr.decode("utf-8", "surrogateescape")


def _read(members):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for header, content in members:
            tar.addfile(copy.copy(header), io.BytesIO(content))
    out.seek(0)
    return tartree.read(out, lambda path: path in compare.EXPLAINED)


def _find(tree, name):
    return next(member for member in tree if member[0].name == name)


def _set(tree, name, **fields):
    for key, value in fields.items():
        setattr(_find(tree, name)[0], key, value)


def _content(tree, name, content):
    member = _find(tree, name)
    member[1], member[0].size = content, len(content)


def _xattr(tree, name, value):
    _put_xattr(_find(tree, name)[0], value)


def _remove(tree, name):
    tree.remove(_find(tree, name))


def _copied_link(tree):
    member = _find(tree, "usr/bin/perl5")
    member[0].type, member[0].linkname = tarfile.REGTYPE, ""
    _content(tree, "usr/bin/perl5", b"\x7fELF perl")


if __name__ == "__main__":
    sys.exit(main())
