"""Views of a file's text: two texts that look the same through one differ only in what it leaves out."""

from tartree import DYNAMIC_IDS


def lines(text):
    """The lines, in any order."""
    return sorted(text.splitlines())


def paragraphs(text):
    """The paragraphs, in any order."""
    return sorted(text.strip().split("\n\n"))


def accounts(text):
    """The lines of passwd, group, shadow or gshadow in any order, with dynamic ids masked."""
    return sorted(":".join(_masked(line.split(":"))) for line in text.splitlines())


def stanzas(text):
    """The stanzas of an RFC 822 file (dpkg's `status`): by package, then by field, in any order."""
    out = {}
    for stanza in text.split("\n\n"):
        fields = fields_of(stanza)
        if fields:
            out[f"{fields.get('Package')}:{fields.get('Architecture')}"] = fields
    return out


def fields_of(stanza):
    """The fields of one stanza, continuation lines included."""
    fields, name = {}, None
    for line in stanza.splitlines():
        if line[:1] in " \t" and name:
            fields[name] += "\n" + line
        elif line:
            name, _, value = line.partition(":")
            fields[name] = value.strip()
    return fields


VIEWS = {"lines": lines, "paragraphs": paragraphs, "accounts": accounts, "stanzas": stanzas}


def _masked(row):
    # passwd has ids in fields 3 and 4, group in 3; the numbers of shadow are days, and stay.
    is_passwd, is_group = len(row) == 7, len(row) == 4 and row[2].isdigit()
    at = (2, 3) if is_passwd else (2,) if is_group else ()
    return ["dynamic" if i in at and _is_dynamic(value) else value for i, value in enumerate(row)]


def _is_dynamic(value):
    return value.isdigit() and int(value) in DYNAMIC_IDS
