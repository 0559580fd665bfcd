//! Which apk's form a database has.

/// The form of a database.
///
/// apk 3 sorts everything by the names of packages, without regard to case at first (`apk_pkg_cmp_display`), names
/// scripts by hexadecimal checksums and dates them like their package (`apk_db_scriptdb_write`), compresses them, and
/// leaves no lock in a new root (`apk_db_write_layers`, `apk_db_open`: apk-tools 3, `src/database.c`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Of apk 2.14.
    V2,
    /// Of apk 3.
    V3,
}

impl Form {
    /// Sorts names of packages as apk does.
    pub fn sorted<'a>(self, names: impl Iterator<Item = &'a String>) -> Vec<&'a String> {
        let mut names: Vec<_> = names.collect();
        match self {
            Self::V2 => names.sort_unstable(),
            Self::V3 => names.sort_unstable_by_key(|name| without_case(name)),
        }
        names
    }

    /// Puts what packages have, by their names, in the order apk writes it: that of installation, or apk 3's of names.
    pub fn ordered<T>(self, all: &[(String, T)]) -> Vec<&(String, T)> {
        let mut all: Vec<_> = all.iter().collect();
        if self == Self::V3 {
            all.sort_by_key(|(name, _)| without_case(name));
        }
        all
    }
}

/// What apk 3 compares of a package's name.
fn without_case(name: &str) -> (String, &str) {
    (name.to_ascii_lowercase(), name)
}
