//! What a package says of others: `depend`, `provides`, `install_if`, and the lines of `world`.

/// How versions must compare, as in `name>=1.2`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Comparison {
    /// No version is named.
    #[default]
    Any,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `=`
    Equal,
    /// `>=`
    GreaterOrEqual,
    /// `>`
    Greater,
    /// `~`: the version begins with these components.
    Fuzzy,
    /// `<~`
    LessOrFuzzy,
    /// `>~`
    GreaterOrFuzzy,
}

/// One word of a dependency list: `so:libc.musl-x86_64.so.1`, `!vlan`, `busybox>1.36`, `pkg@edge`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dependency {
    /// A package's name or something provided, with its prefix (`so:`, `cmd:`, `pc:`).
    pub name: String,
    /// How the version must compare.
    pub comparison: Comparison,
    /// The version it is compared with; empty with [`Comparison::Any`].
    pub version: String,
    /// Whether the package must not be there (`!name`).
    pub conflict: bool,
    /// The repository tag it is pinned to (`name@tag`).
    pub tag: Option<String>,
}

/// One word of `provides`: a name and perhaps a version (`name=1.2`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Provide {
    /// What is provided.
    pub name: String,
    /// In which version, if it says.
    pub version: Option<String>,
}
