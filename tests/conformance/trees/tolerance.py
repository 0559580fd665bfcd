"""The tolerated differences: data in `tolerated.toml`, each with its reason."""

import re
import tomllib

import views

ASPECTS = (
    "only in ours",
    "only in theirs",
    "kind",
    "mode",
    "owner",
    "content",
    "target",
    "device",
    "xattrs",
    "links",
    "mtime",
)


class Tolerance:
    """One row: where, in what respect, and why two trees may differ."""

    def __init__(self, row):
        unknown = set(row) - {"path", "aspect", "as", "kind", "trees", "reason"}
        if unknown or row.get("aspect") not in ASPECTS or not row.get("reason", "").strip():
            raise SystemExit(f"tolerated.toml: cannot use the row {row}")
        self.path = row["path"]
        self.aspect = row["aspect"]
        self.view = row.get("as")
        if self.view and (self.aspect != "content" or self.view not in views.VIEWS):
            raise SystemExit(f"tolerated.toml: `{self.path}` has no view `{self.view}`")
        self.kind = row.get("kind")
        self.trees = row.get("trees")
        self.reason = row["reason"]
        self.id = f"{self.path} ({self.aspect})"
        self._pattern = pattern(self.path)

    def covers_path(self, path):
        """Tells whether the row is about `path`, in whatever respect."""
        return self._pattern.fullmatch(path) is not None

    def covers(self, difference, tree_name):
        """Tells whether the row allows `difference` in the tree called `tree_name`."""
        if difference.aspect != self.aspect or (self.trees and tree_name not in self.trees):
            return False
        if (self.kind and difference.kind != self.kind) or not self.covers_path(difference.path):
            return False
        if not self.view:
            return True
        ours, theirs = difference.texts
        view = views.VIEWS[self.view]
        return ours is not None and theirs is not None and view(ours) == view(theirs)


def load(path):
    """Reads the rows of the TOML file at `path`; a path with `{a,b}` makes a row for each."""
    with open(path, "rb") as file:
        rows = tomllib.load(file)["tolerated"]
    return [Tolerance({**row, "path": one}) for row in rows for one in expand(row["path"])]


def expand(path):
    """The paths that a path with `{a,b}` stands for."""
    before, opened, rest = path.partition("{")
    if not opened:
        return [path]
    inside, _, after = rest.partition("}")
    return [before + one + end for one in inside.split(",") for end in expand(after)]


def pattern(glob):
    """`*` stays within a directory, `**` crosses them."""
    parts = re.split(r"(\*\*|\*)", glob)
    known = {"**": ".*", "*": "[^/]*"}
    return re.compile("".join(known.get(part) or re.escape(part) for part in parts), re.DOTALL)
