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
    """Reads the rows of the TOML file at `path`."""
    with open(path, "rb") as file:
        return [Tolerance(row) for row in tomllib.load(file)["tolerated"]]


def pattern(glob):
    """`*` stays within a directory, `**` crosses them, `{a,b}` is either."""
    out, depth, i = "", 0, 0
    while i < len(glob):
        if glob.startswith("**", i):
            out, i = out + ".*", i + 2
            continue
        char = glob[i]
        if char == "*":
            out += "[^/]*"
        elif char == "{":
            out, depth = out + "(?:", depth + 1
        elif char == "}" and depth:
            out, depth = out + ")", depth - 1
        elif char == "," and depth:
            out += "|"
        else:
            out += re.escape(char)
        i += 1
    return re.compile(out, re.DOTALL)
