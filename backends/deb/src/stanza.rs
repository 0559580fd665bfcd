//! The control syntax of Debian: stanzas of fields, as in `Packages`, `Release`, `control`, `status` and `.sources`.
//!
//! Format: `deb822(5)` and <https://www.debian.org/doc/debian-policy/ch-controlfields.html>. A stanza is a run of lines
//! without a blank one. A line `Name: value` begins a field, a line that begins with a space or a tab continues it, a
//! line that begins with `#` is a comment wherever it stands. Names of fields do not depend on case; none is given twice.
//!
//! Everything borrows from the text; order and spelling of the fields stay as they are.

use boot_kit::{Error, ErrorKind, Result};
use memchr::memchr;
use std::borrow::Cow;

/// Goes through the stanzas of a text.
///
/// Yields an error for a stanza that is malformed, then goes on with the next.
#[derive(Clone, Debug)]
pub struct Stanzas<'a> {
    rest: &'a [u8],
}

impl<'a> Stanzas<'a> {
    /// Starts at the beginning of `text`.
    pub fn new(text: &'a (impl AsRef<[u8]> + ?Sized)) -> Self {
        Self {
            rest: text.as_ref(),
        }
    }
}

impl<'a> Iterator for Stanzas<'a> {
    type Item = Result<Stanza<'a>>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let text = self.rest;
            let (mut end, mut has_field) = (0, false);
            for line in lines(text) {
                if line.trim_ascii().is_empty() {
                    break;
                }
                has_field |= line[0] != b'#';
                end += line.len();
            }
            let blank = lines(&text[end..]).next().map_or(0, <[u8]>::len);
            self.rest = &text[end + blank..];
            if has_field {
                return Some(Stanza::parse(&text[..end]));
            }
            if self.rest.is_empty() {
                return None;
            }
        }
    }
}

/// One stanza: its fields, in their order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stanza<'a> {
    fields: Vec<Field<'a>>,
}

/// One field of a stanza.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field<'a> {
    /// The name, spelled as in the text.
    pub name: &'a str,
    /// The value without the white space around it; every further line still begins with its space or tab, and comments
    /// between the lines are still there.
    pub raw: &'a [u8],
    /// Whether the value begins on the line after the name.
    pub begins_below: bool,
}

impl<'a> Stanza<'a> {
    /// Takes one stanza apart; `text` has no blank line.
    ///
    /// Errors if a line is neither field, continuation nor comment, or if a field is given twice.
    pub fn parse(text: &'a [u8]) -> Result<Self> {
        let refuse = |line: &[u8], why: &str| {
            let line = line.trim_ascii_end().escape_ascii();
            Error::new(ErrorKind::Parse, format!("line `{line}` {why}"))
        };
        let mut fields: Vec<Field<'a>> = Vec::with_capacity(24);
        // Where the value of the field at hand begins.
        let mut start = 0;
        let mut offset = 0;
        for line in lines(text) {
            let next = offset + line.len();
            match line[0] {
                b'#' => {}
                b' ' | b'\t' => {
                    let field = fields.last_mut();
                    let field = field.ok_or_else(|| refuse(line, "continues no field"))?;
                    field.begins_below |= field.raw.is_empty();
                    field.raw = text[start..next].trim_ascii();
                }
                _ => {
                    let colon = memchr(b':', line);
                    let colon = colon.ok_or_else(|| refuse(line, "has no colon"))?;
                    let name = std::str::from_utf8(line[..colon].trim_ascii_end());
                    let name = name.ok().filter(|name| is_name(name));
                    let name = name.ok_or_else(|| refuse(line, "has no valid field name"))?;
                    if fields.iter().any(|field| field.is(name)) {
                        return Err(refuse(line, "gives a field a second time"));
                    }
                    start = offset + colon + 1;
                    let raw = text[start..next].trim_ascii();
                    fields.push(Field {
                        name,
                        raw,
                        begins_below: false,
                    });
                }
            }
            offset = next;
        }
        Ok(Self { fields })
    }

    /// The fields, in the order of the text.
    pub fn fields(&self) -> &[Field<'a>] {
        &self.fields
    }

    /// Finds a field, whatever the case of its name.
    pub fn field(&self, name: &str) -> Option<&Field<'a>> {
        self.fields.iter().find(|field| field.is(name))
    }

    /// Finds the value of a field; `None` if there is none or it is not UTF-8, which only free text may be.
    pub fn get(&self, name: &str) -> Option<&'a str> {
        std::str::from_utf8(self.field(name)?.raw).ok()
    }

    /// Finds the value of a field that must be there, and not be empty.
    pub fn require(&self, name: &str) -> Result<&'a str> {
        let refuse = |why| Error::new(ErrorKind::Parse, format!("field `{name}` {why}"));
        let field = self.field(name).ok_or_else(|| refuse("is missing"))?;
        let value = std::str::from_utf8(field.raw).map_err(|_| refuse("is not UTF-8"))?;
        if value.is_empty() {
            return Err(refuse("is empty"));
        }
        Ok(value)
    }

    /// Tells whether a field says `yes`.
    pub fn is_yes(&self, name: &str) -> bool {
        self.field(name)
            .is_some_and(|field| field.raw.eq_ignore_ascii_case(b"yes"))
    }
}

impl<'a> Field<'a> {
    /// Tells whether this is the field called `name`, whatever the case.
    pub fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }

    /// The lines of the value without white space around them and without comments; the first, beside the name, may be empty.
    ///
    /// What is not UTF-8 is shown as `U+FFFD`.
    pub fn lines(&self) -> impl Iterator<Item = Cow<'a, str>> {
        lines(self.raw)
            .enumerate()
            .filter(|(i, line)| *i == 0 || line[0] != b'#')
            .map(|(_, line)| String::from_utf8_lossy(line.trim_ascii()))
            .chain(self.raw.is_empty().then_some(Cow::Borrowed("")))
    }
}

/// Cuts after each line feed; never yields an empty line.
fn lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let end = memchr(b'\n', rest).map_or(rest.len(), |feed| feed + 1);
        let (line, tail) = rest.split_at(end);
        rest = tail;
        Some(line)
    })
}

/// Field names are printable ASCII without spaces and colons, and begin neither with `#` nor with `-`.
fn is_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_graphic()) && !name.starts_with('-')
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Shows stanzas as one line per field: `name=[value]`, raw.
    fn dump(text: &str) -> String {
        let show = |stanza: Result<Stanza>| match stanza {
            Ok(stanza) => {
                let field =
                    |field: &Field| format!("{}=[{}] ", field.name, field.raw.escape_ascii());
                stanza.fields().iter().map(field).collect::<String>() + "/ "
            }
            Err(error) => format!("{error}/ "),
        };
        Stanzas::new(text).map(show).collect()
    }

    #[test]
    fn stanzas_and_fields_come_in_order() {
        for (text, expected) in [
            ("", ""),
            ("\n\n \n", ""),
            ("A: 1", "A=[1] / "),
            ("\nA:1\nb-C :  2 \n\nD:\n", "A=[1] b-C=[2] / D=[] / "),
            ("A: 1\n \t\nB: 2\n\n\n\nC: 3\n", "A=[1] / B=[2] / C=[3] / "),
            (
                "A: 1\n 2\n .\n\t3\nB: x: y\n",
                r"A=[1\n 2\n .\n\t3] B=[x: y] / ",
            ),
            ("A:\n a\n b\n", r"A=[a\n b] / "),
            (
                "# c\nA: 1\n# c\n 2\n#c\nB: 3\n# c\n",
                r"A=[1\n# c\n 2] B=[3] / ",
            ),
            ("# only\n# comments\n\nA: 1\n\n# end", "A=[1] / "),
            ("A: 1\r\nB: 2\r\n\r\nC: 3", "A=[1] B=[2] / C=[3] / "),
        ] {
            assert_eq!(dump(text), expected, "{text:?}");
        }
    }

    #[test]
    fn malformed_stanzas_say_which_line_and_do_not_hide_the_next() {
        for (text, expected) in [
            (" x\n\nA: 1", "line ` x` continues no field/ A=[1] / "),
            (
                "A: 1\nnonsense\n\nB: 2",
                "line `nonsense` has no colon/ B=[2] / ",
            ),
            (": 1", "line `: 1` has no valid field name/ "),
            ("A b: 1", "line `A b: 1` has no valid field name/ "),
            (
                "-----BEGIN: 1",
                "line `-----BEGIN: 1` has no valid field name/ ",
            ),
            ("A: 1\na: 2", "line `a: 2` gives a field a second time/ "),
        ] {
            assert_eq!(dump(text), expected, "{text:?}");
        }
    }

    #[test]
    fn values_are_found_whatever_the_case_of_the_name() {
        let text = b"Package: a\nEssential: Yes\nEmpty:\nName: \xe9\nHashes:\n x 1\n# no\n y 2\n";
        let stanza = Stanza::parse(text).expect("well-formed");
        assert_eq!(stanza.get("PACKAGE"), Some("a"));
        assert_eq!((stanza.get("name"), stanza.get("none")), (None, None));
        assert!(stanza.is_yes("essential") && !stanza.is_yes("package"));
        let lines = |name| {
            stanza
                .field(name)
                .map(|field| field.lines().collect::<Vec<_>>())
        };
        assert_eq!(lines("hashes").expect("is there"), ["x 1", "y 2"]);
        assert_eq!(lines("empty").expect("is there"), [""]);
        assert_eq!(lines("name").expect("is there"), ["\u{fffd}"]);
        let missing = |name| stanza.require(name).expect_err(name).to_string();
        assert_eq!(missing("Version"), "field `Version` is missing");
        assert_eq!(missing("Empty"), "field `Empty` is empty");
        assert_eq!(missing("Name"), "field `Name` is not UTF-8");
    }
}
