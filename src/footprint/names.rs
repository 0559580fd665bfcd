//! Names of packages without what changes from release to release.
//!
//! Two images rarely have a library under one name: the version of its interface is part of it. Compared by name, every
//! such package would have gone and come. A *family* is what is left when the versions are taken out.

use std::collections::BTreeMap;

/// What is called differently elsewhere, and is the same: names without versions, and what stands for them.
///
/// Only what is beyond doubt; everything else keeps its own name.
const SAME: [(&str, &str); 19] = [
    ("bzip2-libs", "libbz2"),
    ("ca-certificates-bundle", "ca-certificates"),
    ("expat", "libexpat"),
    ("glibc", "libc"),
    ("libcrypto", "libssl"),
    ("libpcre2", "pcre2"),
    ("libreadline", "readline"),
    ("libsqlite3", "sqlite-libs"),
    ("libz", "zlib"),
    ("libzstd", "zstd-libs"),
    ("musl", "libc"),
    ("ncurses-libs", "libncursesw"),
    ("nginx-core", "nginx"),
    ("nginx-light", "nginx"),
    ("uclibc", "libc"),
    ("uclibc-ng", "libc"),
    ("util-linux-misc", "util-linux"),
    ("xz-libs", "liblzma"),
    ("zlib1g", "zlib"),
];

/// Names the family of a package: `libboost-thread1.74.0` and `libboost-thread1.83.0` are both `libboost-thread`.
///
/// Categories (`sys-libs/`) and architectures (`:amd64`) go as well.
pub fn family(name: &str) -> String {
    let name = name.rsplit_once('/').map_or(name, |(_, name)| name);
    let name = name.split_once(':').map_or(name, |(name, _)| name);
    let is_library = name.starts_with("lib");
    let tokens: Vec<&str> = name.split('-').collect();
    let mut kept: Vec<&str> = Vec::with_capacity(tokens.len());
    for (i, token) in tokens.iter().enumerate() {
        let token = without_transition(token);
        if i > 0 && is_number(token) {
            continue;
        }
        kept.push(without_version(token));
    }
    let is_cut = kept.len() < tokens.len();
    let numbered = if is_library {
        kept.last_mut().filter(|_| !is_cut)
    } else {
        kept.first_mut()
    };
    if let Some(token) = numbered {
        *token = without_interface(token, is_library);
    }
    let bare = kept.join("-");
    let same = [name, &bare].into_iter().find_map(|name| {
        let found = SAME.binary_search_by_key(&name, |(known, _)| known);
        found.ok().map(|place| SAME[place].1)
    });
    same.map_or(bare, str::to_owned)
}

/// Takes the marks of two rebuilds of all libraries off: `3t64` is `3`, `1v5` is `1`.
fn without_transition(token: &str) -> &str {
    let cut = token
        .strip_suffix("t64")
        .or_else(|| token.strip_suffix("v5"));
    cut.filter(|rest| rest.ends_with(|letter: char| letter.is_ascii_digit()))
        .unwrap_or(token)
}

/// Tells whether a part of a name is a version and nothing else: `12`, `6.1.0`, `6.12+deb13`.
fn is_number(token: &str) -> bool {
    let digits = token.split('+').next().unwrap_or_default();
    digits.starts_with(|letter: char| letter.is_ascii_digit())
        && digits
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte == b'.')
}

/// Takes a version with a dot off the end of a part: `python3.11` is `python`, `libdb5.3` is `libdb`.
fn without_version(token: &str) -> &str {
    let version = |byte: u8| byte.is_ascii_digit() || byte == b'.';
    let length = token
        .bytes()
        .rev()
        .take_while(|byte| version(*byte))
        .count();
    let (rest, version) = token.split_at(token.len() - length);
    let has_dot = version.trim_matches('.').contains('.');
    if has_dot && !rest.is_empty() {
        rest
    } else {
        token
    }
}

/// Takes the number of an interface off the end of a name: `libssl3` is `libssl`, `libpam0g` is `libpam`.
///
/// Of other names only a number of two digits goes, and not from short words: `ceph18` is `ceph`, `x11` stays.
fn without_interface(token: &str, is_library: bool) -> &str {
    let digit = |letter: char| letter.is_ascii_digit();
    let number = match token.strip_suffix('g') {
        Some(rest) if is_library && rest.ends_with(digit) => rest,
        _ => token,
    };
    let rest = number.trim_end_matches(digit);
    let length = number.len() - rest.len();
    let goes = if is_library {
        length > 0 && !rest.is_empty() && rest != "lib"
    } else {
        length > 1 && rest.len() > 2
    };
    if goes { rest } else { token }
}

/// What became of one family from one image to another.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// The family; the name itself, if both images have the very same.
    pub family: String,
    /// Its packages in the first image, sorted.
    pub before: Vec<String>,
    /// Its packages in the second, sorted.
    pub after: Vec<String>,
    /// Their bytes in the first.
    pub bytes_before: u64,
    /// Their bytes in the second.
    pub bytes_after: u64,
}

impl Change {
    /// How many bytes more the second image has.
    pub fn growth(&self) -> i64 {
        let signed = |bytes: u64| i64::try_from(bytes).unwrap_or(i64::MAX);
        signed(self.bytes_after) - signed(self.bytes_before)
    }
}

/// Pairs the packages of two images, each a name and its bytes; sorted by the size of the change, then by name.
///
/// Those of the very same name are pairs; of the others, families are. Unchanged pairs are among them.
pub fn changes<'a>(
    before: impl IntoIterator<Item = (&'a str, u64)>,
    after: impl IntoIterator<Item = (&'a str, u64)>,
) -> Vec<Change> {
    let sum = |packages: &mut dyn Iterator<Item = (&'a str, u64)>| {
        let mut sums = BTreeMap::<&str, u64>::new();
        for (name, bytes) in packages {
            *sums.entry(name).or_default() += bytes;
        }
        sums
    };
    let before = sum(&mut before.into_iter());
    let after = sum(&mut after.into_iter());
    let mut found = BTreeMap::<String, Change>::new();
    for (name, bytes) in &before {
        let key = if after.contains_key(name) {
            (*name).to_owned()
        } else {
            family(name)
        };
        let change = found.entry(key).or_default();
        change.before.push((*name).to_owned());
        change.bytes_before += bytes;
    }
    for (name, bytes) in &after {
        let key = if before.contains_key(name) {
            (*name).to_owned()
        } else {
            family(name)
        };
        let change = found.entry(key).or_default();
        change.after.push((*name).to_owned());
        change.bytes_after += bytes;
    }
    let named = |(family, change)| Change { family, ..change };
    let mut changes: Vec<Change> = found.into_iter().map(named).collect();
    changes.sort_by_key(|change| std::cmp::Reverse(change.growth().unsigned_abs()));
    changes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_family_has_no_versions() {
        for (family_name, names) in [
            ("libboost", "libboost1.74 libboost1.83"),
            ("libboost-dev", "libboost1.74-dev libboost1.83-dev"),
            (
                "libboost-thread",
                "libboost-thread1.74.0 libboost-thread1.83.0",
            ),
            ("libssl", "libssl3 libssl3t64 libcrypto3 libssl1.1"),
            ("libext2fs", "libext2fs2 libext2fs2t64"),
            ("libcurl3-gnutls", "libcurl3-gnutls libcurl3t64-gnutls"),
            ("libdb", "libdb5.3 libdb5.3t64"),
            ("libpam", "libpam0g"),
            ("libapt-pkg", "libapt-pkg6.0 libapt-pkg6.0t64 libapt-pkg7.0"),
            ("libldap", "libldap-2.5-0 libldap2"),
            ("libx11", "libx11-6"),
            ("libpng16", "libpng16-16 libpng16-16t64"),
            ("libsnappy", "libsnappy1v5"),
            ("libstdc++", "libstdc++6 libstdc++"),
            ("libgcc-s", "libgcc-s1"),
            ("libicu", "libicu72 libicu76"),
            ("python", "python3.11 python3.13"),
            ("python-minimal", "python3.11-minimal python3.13-minimal"),
            (
                "libpython-stdlib",
                "libpython3.11-stdlib libpython3.13-stdlib",
            ),
            ("gcc-base", "gcc-12-base gcc-14-base"),
            ("perl-modules", "perl-modules-5.36 perl-modules-5.40"),
            (
                "linux-image-amd64",
                "linux-image-6.1.0-31-amd64 linux-image-6.12.6+deb13-amd64",
            ),
            ("linux-image-amd64", "linux-image-amd64"),
            ("libc", "libc6 musl glibc sys-libs/glibc uclibc-ng"),
            ("zlib", "zlib1g zlib sys-libs/zlib"),
            ("ceph", "ceph ceph18"),
            ("ceph-base", "ceph-base ceph18-base"),
            ("nginx", "nginx nginx-light"),
            ("coreutils", "coreutils sys-apps/coreutils coreutils:amd64"),
        ] {
            for name in names.split(' ') {
                assert_eq!(family(name), family_name, "{name}");
            }
        }
    }

    #[test]
    fn what_is_no_version_stays() {
        for name in [
            "x11",
            "e2fsprogs",
            "bzip2",
            "base64",
            "python3-yaml",
            "7zip",
            "xserver-x11",
            "libc-bin",
            "iso-codes",
            "lib32",
            "i2c-tools",
        ] {
            let kept = match name {
                "base64" => "base",
                name => name,
            };
            assert_eq!(family(name), kept);
        }
    }

    #[test]
    fn names_that_mean_the_same_are_sorted_to_be_found() {
        assert!(SAME.is_sorted_by_key(|(name, _)| name));
    }

    #[test]
    fn the_same_name_is_a_pair_before_the_family_is() {
        let before = [("python3", 1), ("python3.11", 50), ("apt", 4), ("gone", 2)];
        let after = [("python3", 2), ("python3.13", 70), ("apt", 4), ("new1", 3)];
        let told: Vec<String> = changes(before, after)
            .iter()
            .map(|change| {
                format!(
                    "{} {:?} {:?} {:+}",
                    change.family,
                    change.before,
                    change.after,
                    change.growth()
                )
            })
            .collect();
        assert_eq!(
            told,
            [
                r#"python ["python3.11"] ["python3.13"] +20"#,
                r#"new1 [] ["new1"] +3"#,
                r#"gone ["gone"] [] -2"#,
                r#"python3 ["python3"] ["python3"] +1"#,
                r#"apt ["apt"] ["apt"] +0"#,
            ]
        );
    }

    #[test]
    fn of_two_real_releases_only_what_really_came_and_went_is_left() {
        let data = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/data/debian-golden");
        let names = |release: &str| {
            let list = fs_err::read_to_string(format!("{data}/{release}/rootfs.manifest")).ok()?;
            let names = list
                .lines()
                .filter_map(|line| line.split_whitespace().next());
            Some(names.map(str::to_owned).collect::<Vec<_>>())
        };
        let (Some(before), Some(after)) = (names("bookworm"), names("trixie")) else {
            #[expect(clippy::print_stderr, reason = "tests may")]
            {
                eprintln!("skipped: the lists of packages are not beside the checkout");
            }
            return;
        };
        let each = |names: &[String]| -> Vec<(String, u64)> {
            names.iter().map(|name| (name.clone(), 1)).collect()
        };
        let (before, after) = (each(&before), each(&after));
        let found = changes(
            before.iter().map(|(name, bytes)| (name.as_str(), *bytes)),
            after.iter().map(|(name, bytes)| (name.as_str(), *bytes)),
        );
        let named = |pick: fn(&Change) -> bool| -> Vec<&str> {
            let picked = found.iter().filter(|change| pick(change));
            picked.map(|change| change.family.as_str()).collect()
        };
        // Eight more have other names, and are paired.
        assert_eq!(
            named(|it| it.after.is_empty()),
            ["adduser", "util-linux-extra"]
        );
        assert_eq!(
            named(|it| it.before.is_empty()),
            ["libbsd", "libssl", "login.defs", "openssl-provider-legacy"]
        );
    }
}
