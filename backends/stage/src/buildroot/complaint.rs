//! What a build that failed says is missing on this machine.

use std::collections::BTreeSet;

/// Programs that Buildroot asks for under a name that is not that of Debian's package.
const PACKAGES: [(&str, &str); 14] = [
    ("awk", "mawk"),
    ("bzcat", "bzip2"),
    ("bzr", "brz"),
    ("c++", "g++"),
    ("cc", "gcc"),
    ("cmp", "diffutils"),
    ("find", "findutils"),
    ("hg", "mercurial"),
    ("javac", "default-jdk"),
    ("lzcat", "xz-utils"),
    ("svn", "subversion"),
    ("which", "debianutils"),
    ("xargs", "findutils"),
    ("zcat", "gzip"),
];
/// Programs without which no configuration can be read; nothing of Buildroot's looks for these first.
const NEEDED: [&str; 8] = ["ar", "as", "cc", "g++", "gcc", "ld", "make", "perl"];

/// Finds the programs that the last lines of a build say must be installed, sorted.
pub fn missing_programs<'a>(lines: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let found: BTreeSet<_> = lines.into_iter().filter_map(missing_in).collect();
    found.into_iter().collect()
}

fn missing_in(line: &str) -> Option<String> {
    for words in ["You must install '", "You may have to install '"] {
        if let Some((_, rest)) = line.split_once(words) {
            let program = rest.split('\'').next()?;
            return Some(program.rsplit('/').next()?.to_owned());
        }
    }
    if line.contains("You must install GNU patch") {
        return Some("patch".to_owned());
    }
    // As make and shells say it: `make: gcc: No such file or directory`, `/bin/sh: 1: gcc: not found`.
    let unknown = [
        ": not found",
        ": command not found",
        ": No such file or directory",
    ];
    let before = unknown
        .iter()
        .find_map(|ending| line.trim_end().strip_suffix(ending))?;
    let program = before.rsplit([' ', '/']).next()?;
    NEEDED.contains(&program).then(|| program.to_owned())
}

/// Names Debian's packages of programs, sorted.
pub fn debian_packages(programs: &[String]) -> Vec<&str> {
    let package = |program: &'_ str| -> Option<&'static str> {
        let known = PACKAGES.iter().find(|(name, _)| *name == program);
        match program {
            "ar" | "as" | "ld" => Some("binutils"),
            _ => known.map(|(_, package)| *package),
        }
    };
    let packages: BTreeSet<&str> = programs
        .iter()
        .map(|program| package(program).unwrap_or(program))
        .collect();
    packages.into_iter().collect()
}
