#!/usr/bin/env python3
"""Makes images of layers that nobody would make on purpose, to see what unpackers make of them.

    random-layers.py SEED DIRECTORY    writes an image layout with one image, `it:1`

Few names, so that files, directories, links and whiteouts of one layer meet those of another.
"""

import hashlib
import io
import json
import os
import random
import sys
import tarfile

DIRECTORIES, FILES = "abc", "xyz"


class Layer:
    """One layer: entries in any order, some of them about what layers below have."""

    def __init__(self, draw, number, known):
        self.draw, self.number, self.known = draw, number, known
        self.out = io.BytesIO()
        kinds = [self.file, self.file, self.file, self.directory, self.directory, self.directory, self.symlink, self.link]
        if number > 0:
            kinds += [self.whiteout, self.whiteout, self.opaque]
        with tarfile.open(fileobj=self.out, mode="w", format=tarfile.PAX_FORMAT) as self.tar:
            for self.count in range(draw.randint(2, 9)):
                draw.choice(kinds)()

    def folder(self, depth):
        """A directory of at most so many names; perhaps the root."""
        return "/".join(self.draw.choice(DIRECTORIES) for _ in range(self.draw.randint(0, depth)))

    def path(self, depth, names):
        """A name in such a directory."""
        return "/".join(filter(None, [self.folder(depth), self.draw.choice(names)]))

    def add(self, name, kind, target="", content=b""):
        """Adds an entry whose owner and time tell the layer."""
        header = tarfile.TarInfo(name)
        header.type, header.linkname, header.size = kind, target, len(content)
        header.mode = 0o777 if kind == tarfile.SYMTYPE else 0o755
        header.uid, header.mtime = self.number, 1_700_000_000 + self.number
        self.tar.addfile(header, io.BytesIO(content))

    def file(self):
        """Now and then where a directory is."""
        path = self.path(2, FILES if self.draw.random() < 0.85 else DIRECTORIES)
        self.known.append(path)
        self.add(path, tarfile.REGTYPE, content=f"{self.number}.{self.count}".encode())

    def directory(self):
        """One that may be there."""
        self.add(self.folder(3) or "a", tarfile.DIRTYPE)

    def symlink(self):
        """A directory for another, also one that is nowhere, or out of the root."""
        targets = [self.draw.choice(DIRECTORIES), f"../{self.draw.choice(DIRECTORIES)}", f"/{self.folder(2)}", "../../.."]
        self.add(self.path(1, "abcx"), tarfile.SYMTYPE, self.draw.choice(targets))

    def link(self):
        """Another name of a file that was there once."""
        if self.known:
            self.add(self.path(2, FILES), tarfile.LNKTYPE, self.draw.choice(self.known))

    def whiteout(self):
        """Of a file, a directory, or nothing."""
        gone = self.draw.choice(self.known + [self.path(2, FILES), self.folder(3) or "a"])
        folder, name = os.path.split(gone)
        self.add(os.path.join(folder, f".wh.{name}"), tarfile.REGTYPE)

    def opaque(self):
        """Of a directory, the root among them."""
        self.add(os.path.join(self.folder(2), ".wh..wh..opq"), tarfile.REGTYPE)


def main(seed, directory):
    """Writes the layout."""
    draw, known = random.Random(int(seed)), []
    blobs = os.path.join(directory, "blobs", "sha256")
    os.makedirs(blobs)

    def add(kind, content):
        if not isinstance(content, bytes):
            content = json.dumps(content).encode()
        digest = hashlib.sha256(content).hexdigest()
        with open(os.path.join(blobs, digest), "wb") as file:
            file.write(content)
        return {"mediaType": f"application/vnd.oci.image.{kind}", "digest": f"sha256:{digest}", "size": len(content)}

    layers = [Layer(draw, number, known).out.getvalue() for number in range(draw.randint(2, 4))]
    layers = [add("layer.v1.tar", layer) for layer in layers]
    rootfs = {"type": "layers", "diff_ids": [layer["digest"] for layer in layers]}
    config = add("config.v1+json", {"architecture": "amd64", "os": "linux", "config": {}, "rootfs": rootfs})
    kind = "manifest.v1+json"
    manifest = {"schemaVersion": 2, "mediaType": f"application/vnd.oci.image.{kind}", "config": config, "layers": layers}
    manifest = add(kind, manifest) | {"annotations": {"org.opencontainers.image.ref.name": "it:1"}}
    documents = {
        "index.json": {"schemaVersion": 2, "manifests": [manifest]},
        "oci-layout": {"imageLayoutVersion": "1.0.0"},
    }
    for name, document in documents.items():
        with open(os.path.join(directory, name), "w", encoding="utf-8") as file:
            json.dump(document, file)


if __name__ == "__main__":
    main(*sys.argv[1:])
