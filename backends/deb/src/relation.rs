//! Relations between packages: the fields `Depends`, `Conflicts`, `Provides` and their like.
//!
//! Syntax: <https://www.debian.org/doc/debian-policy/ch-relationships.html>. A field is a list of clauses set apart by
//! commas; a clause is a list of alternatives set apart by bars; an alternative is
//! `name[:qualifier] [(operator version)] [\[architectures\]] [<build profiles>]`.

use crate::version;
use boot_kit::{Error, ErrorKind, Result};
use std::{cmp::Ordering, fmt};

/// One alternative of a clause.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Relation<'a> {
    /// The package or virtual package that is meant.
    pub name: &'a str,
    /// Of which architecture it must be.
    pub qualifier: Qualifier<'a>,
    /// Which versions are meant; `None`: all, and packages that provide the name without a version.
    pub constraint: Option<Constraint<'a>>,
}

/// The part after the colon of a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Qualifier<'a> {
    /// Nothing: the architecture of the package that has the relation.
    None,
    /// `:any`: whatever architecture, if the package allows that by `Multi-Arch: allowed`.
    Any,
    /// `:native`: the architecture of the system.
    Native,
    /// `:NAME`: exactly this one.
    Arch(&'a str),
}

/// A restriction on versions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Constraint<'a> {
    /// How versions must compare to [`version`](Self::version).
    pub operator: Operator,
    /// What they are compared to.
    pub version: &'a str,
}

/// How a version must compare to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    /// `<<`
    Earlier,
    /// `<=`, and the obsolete `<`
    EarlierOrEqual,
    /// `=`
    Equal,
    /// `>=`, and the obsolete `>`
    LaterOrEqual,
    /// `>>`
    Later,
}

impl Constraint<'_> {
    /// Tells whether `version` is one of those meant.
    pub fn admits(&self, version: &str) -> bool {
        let order = version::compare(version, self.version);
        match self.operator {
            Operator::Earlier => order == Ordering::Less,
            Operator::EarlierOrEqual => order != Ordering::Greater,
            Operator::Equal => order == Ordering::Equal,
            Operator::LaterOrEqual => order != Ordering::Less,
            Operator::Later => order == Ordering::Greater,
        }
    }
}

impl Relation<'_> {
    /// Tells whether a package of this name and `version` is meant.
    pub fn admits(&self, version: &str) -> bool {
        self.constraint
            .is_none_or(|constraint| constraint.admits(version))
    }

    /// Tells whether a package is meant that provides this name, with a version or without.
    ///
    /// A provision without a version satisfies no relation that asks for one.
    pub fn admits_provided(&self, version: Option<&str>) -> bool {
        match (self.constraint, version) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(constraint), Some(version)) => constraint.admits(version),
        }
    }
}

impl fmt::Display for Relation<'_> {
    /// Writes the relation as in a control file, without architectures and profiles.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)?;
        match self.qualifier {
            Qualifier::None => {}
            Qualifier::Any => f.write_str(":any")?,
            Qualifier::Native => f.write_str(":native")?,
            Qualifier::Arch(arch) => write!(f, ":{arch}")?,
        }
        let Some(constraint) = self.constraint else {
            return Ok(());
        };
        let operator = match constraint.operator {
            Operator::Earlier => "<<",
            Operator::EarlierOrEqual => "<=",
            Operator::Equal => "=",
            Operator::LaterOrEqual => ">=",
            Operator::Later => ">>",
        };
        write!(f, " ({operator} {})", constraint.version)
    }
}

/// Reads a field into its clauses, each a list of alternatives, in order.
///
/// Alternatives with a list of architectures that does not name `native`, or with build profiles that are not met when
/// none is active, are left out; so are clauses that have no alternative left. Errors on anything policy does not know.
pub fn parse<'a>(field: &'a str, native: &str) -> Result<Vec<Vec<Relation<'a>>>> {
    let mut clauses = Vec::new();
    for clause in field.split(',') {
        if clause.trim().is_empty() {
            continue;
        }
        let mut alternatives = Vec::with_capacity(1);
        for alternative in clause.split('|') {
            alternatives.extend(parse_alternative(alternative.trim(), native)?);
        }
        if !alternatives.is_empty() {
            clauses.push(alternatives);
        }
    }
    Ok(clauses)
}

/// Reads a `Provides` field: names, each with the version it is provided in.
pub fn parse_provides<'a>(field: &'a str, native: &str) -> Result<Vec<Relation<'a>>> {
    parse(field, native)?
        .into_iter()
        .map(|alternatives| match alternatives[..] {
            [one]
                if one
                    .constraint
                    .is_none_or(|it| it.operator == Operator::Equal) =>
            {
                Ok(one)
            }
            [one] => Err(malformed(
                &one.to_string(),
                "is not an exact version to provide",
            )),
            _ => Err(malformed(field, "provides alternatives")),
        })
        .collect()
}

/// Reads one alternative; `None` if it does not apply.
fn parse_alternative<'a>(text: &'a str, native: &str) -> Result<Option<Relation<'a>>> {
    let end = text.find(|character: char| character.is_whitespace() || "([<".contains(character));
    let (full, mut rest) = text.split_at(end.unwrap_or(text.len()));
    let (name, qualifier) = match full.split_once(':') {
        None => (full, Qualifier::None),
        Some((name, "any")) => (name, Qualifier::Any),
        Some((name, "native")) => (name, Qualifier::Native),
        Some((name, arch)) => (name, Qualifier::Arch(arch)),
    };
    let is_word = |word: &str| word.bytes().all(|byte| byte.is_ascii_graphic());
    if name.is_empty() || !is_word(full) || qualifier == Qualifier::Arch("") {
        return Err(malformed(text, "has no valid package name"));
    }
    let (mut constraint, mut applies) = (None, true);
    // Formulas of build profiles are alternatives: one that is met is enough.
    let mut profiles: Option<bool> = None;
    loop {
        rest = rest.trim_start();
        let Some(open) = rest.chars().next() else {
            break;
        };
        let close = match open {
            '(' => ')',
            '[' => ']',
            '<' => '>',
            _ => return Err(malformed(text, "is not a relation to a package")),
        };
        let (inner, tail) = rest[1..]
            .split_once(close)
            .ok_or_else(|| malformed(text, "has a bracket that is never closed"))?;
        rest = tail;
        match open {
            '(' if constraint.is_none() => constraint = Some(parse_constraint(inner.trim(), text)?),
            '[' => applies &= names_architecture(inner, native),
            '<' => {
                // No profile is active, so a term holds if it is negated.
                let holds = inner.split_whitespace().all(|term| term.starts_with('!'));
                profiles = Some(profiles.unwrap_or(false) || holds);
            }
            _ => return Err(malformed(text, "has two versions")),
        }
    }
    let relation = Relation {
        name,
        qualifier,
        constraint,
    };
    Ok((applies && profiles.unwrap_or(true)).then_some(relation))
}

/// Reads what is between the parentheses.
fn parse_constraint<'a>(text: &'a str, whole: &str) -> Result<Constraint<'a>> {
    let end = text.find(|character| !"<>=".contains(character));
    let (operator, version) = text.split_at(end.unwrap_or(text.len()));
    let operator = match operator {
        "<<" => Operator::Earlier,
        "<=" | "<" => Operator::EarlierOrEqual,
        // dpkg takes a version without operator for an exact one.
        "=" | "" => Operator::Equal,
        ">=" | ">" => Operator::LaterOrEqual,
        ">>" => Operator::Later,
        _ => return Err(malformed(whole, "has an unknown operator")),
    };
    let version = version.trim();
    if version.is_empty() || version.contains(char::is_whitespace) {
        return Err(malformed(whole, "has no valid version"));
    }
    Ok(Constraint { operator, version })
}

/// Tells whether a list such as `amd64 any-arm64` or `!i386` names `native`.
fn names_architecture(list: &str, native: &str) -> bool {
    let is_named = |word: &str| {
        word == native
            || word == "any"
            || word == "linux-any"
            || word.strip_prefix("any-").is_some_and(|cpu| cpu == native)
            || word.strip_prefix("linux-").is_some_and(|cpu| cpu == native)
    };
    let mut words = list.split_whitespace().peekable();
    if words.peek().is_some_and(|word| word.starts_with('!')) {
        return words.all(|word| !is_named(word.trim_start_matches('!')));
    }
    words.any(is_named)
}

fn malformed(text: &str, why: &str) -> Error {
    Error::new(ErrorKind::Parse, format!("relation `{text}` {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dump(field: &str) -> String {
        let show = |clause: &Vec<Relation>| {
            let alternatives: Vec<String> = clause.iter().map(Relation::to_string).collect();
            alternatives.join(" | ")
        };
        match parse(field, "amd64") {
            Ok(clauses) => clauses.iter().map(show).collect::<Vec<_>>().join(", "),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn fields_are_clauses_of_alternatives() {
        for (field, expected) in [
            ("", ""),
            ("a", "a"),
            ("a,b ,\n c|d,", "a, b, c | d"),
            (
                "a (>= 1) | b:any(<<2~), c ( = 1:2-3 )",
                "a (>= 1) | b:any (<< 2~), c (= 1:2-3)",
            ),
            (
                "a (<< 1), a (<= 1), a (= 1), a (>= 1), a (>> 1)",
                "a (<< 1), a (<= 1), a (= 1), a (>= 1), a (>> 1)",
            ),
            ("a (< 1), a (> 1), a (1)", "a (<= 1), a (>= 1), a (= 1)"),
            ("a:native, b:i386 (= 1)", "a:native, b:i386 (= 1)"),
            (
                "a [amd64], b [i386], c [!amd64] | d [!i386 !arm64], e [linux-any], f [any-amd64]",
                "a, d, e, f",
            ),
            (
                "a <!nocheck>, b <stage1>, c <stage1> <!cross>, d <!x y>, e (= 1) [amd64] <!x>",
                "a, c, e (= 1)",
            ),
        ] {
            assert_eq!(dump(field), expected, "{field:?}");
        }
    }

    #[test]
    fn malformed_relations_are_quoted() {
        for (field, expected) in [
            ("a b", "relation `a b` is not a relation to a package"),
            ("a, (= 1)", "relation `(= 1)` has no valid package name"),
            ("a |", "relation `` has no valid package name"),
            ("a:", "relation `a:` has no valid package name"),
            (
                "a (= 1",
                "relation `a (= 1` has a bracket that is never closed",
            ),
            ("a (=> 1)", "relation `a (=> 1)` has an unknown operator"),
            ("a (=)", "relation `a (=)` has no valid version"),
            ("a (= 1) (= 2)", "relation `a (= 1) (= 2)` has two versions"),
        ] {
            assert_eq!(dump(field), expected, "{field:?}");
        }
        let refused = |field| parse_provides(field, "amd64").expect_err(field).to_string();
        assert_eq!(
            refused("a (>= 1)"),
            "relation `a (>= 1)` is not an exact version to provide"
        );
        assert_eq!(refused("a | b"), "relation `a | b` provides alternatives");
    }

    #[test]
    fn operators_compare_as_they_read() {
        for (constraint, admitted) in [
            ("<< 2", [true, false, false]),
            ("<= 2", [true, true, false]),
            ("= 2", [false, true, false]),
            (">= 2", [false, true, true]),
            (">> 2", [false, false, true]),
        ] {
            let field = format!("a ({constraint})");
            let relation = parse(&field, "amd64").expect("well-formed")[0][0];
            assert_eq!(
                ["1", "2-0", "3"].map(|version| relation.admits(version)),
                admitted
            );
            assert!(
                !relation.admits_provided(None),
                "{constraint} needs a version"
            );
            assert_eq!(relation.admits_provided(Some("2")), admitted[1]);
        }
        let relation = parse("a", "amd64").expect("well-formed")[0][0];
        assert!(relation.admits("1") && relation.admits_provided(None));
    }
}
