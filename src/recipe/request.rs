//! What a user asks for: flags on the command line, or the same names as keys of a team's own file.

use super::{
    document,
    image::{self, ImageOptions},
    top::Addition,
};
use boot_kit::Result;
use clap::{Args, ValueEnum};
use serde::{Deserialize, Deserializer};
use std::path::{Path, PathBuf};

/// A request as it was written, nothing filled in.
///
/// One struct is both the flags and the file, so that they cannot differ.
#[derive(Clone, Debug, Default, PartialEq, Eq, Args, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Request {
    /// The distribution: a name, or the path of a file that describes one
    #[arg(skip)]
    pub distribution: Option<String>,

    /// Build this release: a name, number or alias of `boot list`
    #[arg(long, visible_alias = "suite", value_name = "NAME", help_heading = WHAT)]
    #[serde(alias = "suite")]
    pub release: Option<String>,

    /// Start from this set of packages of `boot list`
    #[arg(long, value_name = "NAME", help_heading = WHAT)]
    pub variant: Option<String>,

    /// Build for this architecture [default: this machine's]
    #[arg(long, value_name = "ARCH", help_heading = WHAT)]
    pub arch: Option<String>,

    /// Add these packages, and what they depend on
    #[arg(long, value_name = "PKG,…", help_heading = WHAT)]
    #[serde(deserialize_with = "one_or_many")]
    pub include: Vec<String>,

    /// Never choose these packages
    #[arg(long, value_name = "PKG,…", help_heading = WHAT)]
    #[serde(deserialize_with = "one_or_many")]
    pub exclude: Vec<String>,

    /// Add what the chosen packages recommend, too
    #[arg(long, help_heading = WHAT)]
    pub recommends: bool,

    /// Run no scripts of packages; what they would have done is missing
    #[arg(long, help_heading = WHAT)]
    pub no_scripts: bool,

    /// Copy this file, link or directory of yours to this path of the image
    #[arg(long, value_name = "FILE:PATH", help_heading = WHAT)]
    #[serde(deserialize_with = "image::list")]
    pub add: Vec<Addition>,

    /// Run this in the image with /bin/sh, after packages and added files
    #[arg(long, value_name = "COMMAND", help_heading = WHAT)]
    #[serde(deserialize_with = "one_or_many")]
    pub run: Vec<String>,

    /// Use these parts of the archive, e.g. main,contrib
    #[arg(long, value_name = "NAME,…", help_heading = WHERE)]
    #[serde(deserialize_with = "one_or_many")]
    pub components: Vec<String>,

    /// Use exactly this archive: a URL, a source line, or a file of them
    #[arg(long, value_name = "SOURCE", help_heading = WHERE)]
    #[serde(alias = "mirrors", deserialize_with = "one_or_many")]
    pub mirror: Vec<String>,

    /// Trust the public keys in this file instead of the release's
    #[arg(long, value_name = "FILE", help_heading = WHERE)]
    #[serde(deserialize_with = "one_or_many")]
    pub keyring: Vec<PathBuf>,

    /// Accept indexes that are past the end of their validity
    #[arg(long, help_heading = WHERE)]
    pub allow_expired: bool,

    /// Write to this .tar, .tar.gz, .tar.xz, .tar.zst or .oci.tar, to a directory (DIR.oci/, DIR/), or to stdout (-)
    #[arg(short, long, value_name = "PATH", help_heading = RESULT)]
    pub output: Option<PathBuf>,

    /// Leave out what this profile names [default: safe]
    #[arg(long, value_enum, value_name = "PROFILE", help_heading = RESULT)]
    pub prune: Option<Profile>,

    /// Keep translations into these languages, e.g. de,fr, with --prune slim
    #[arg(long, value_name = "LANG,…", help_heading = RESULT)]
    #[serde(deserialize_with = "one_or_many")]
    pub keep_locales: Vec<String>,

    /// Date the image, in seconds since 1970 [default: `SOURCE_DATE_EPOCH`, else the newest index]
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(i64).range(0..), help_heading = RESULT)]
    pub epoch: Option<i64>,

    /// How to run it and what it is called: a table of its own in a file, so that errors keep their line
    #[command(flatten)]
    pub image: ImageOptions,
}

const WHAT: &str = "What to build";
const WHERE: &str = "Where packages come from";
const RESULT: &str = "The image";

/// How much of a distribution to leave out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Profile {
    /// Only what would differ between two builds
    None,
    /// Logs and locks as well; files of packages stay
    #[default]
    Safe,
    /// Documentation and translations as well; programs run
    Slim,
}

impl Profile {
    /// Its name, as in `configs/prune`.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Safe => "safe",
            Self::Slim => "slim",
        }
    }
}

impl Request {
    /// Reads a team's file.
    ///
    /// Paths of other inputs (`distribution`, `keyring`, `mirror`, `add`) are relative to the file, that of the `output` to the
    /// working directory, as `-o` is.
    pub fn read(path: &Path) -> Result<Self> {
        let mut request: Self = document::read(path)?;
        let folder = path.parent().unwrap_or(Path::new(""));
        for keyring in &mut request.keyring {
            *keyring = folder.join(&*keyring);
        }
        for addition in &mut request.add {
            addition.settle(folder);
        }
        let named = request
            .distribution
            .iter_mut()
            .filter(|name| names_a_file(name));
        let sources = request
            .mirror
            .iter_mut()
            .filter(|mirror| folder.join(mirror).is_file());
        for input in named.chain(sources) {
            *input = folder.join(&*input).display().to_string();
        }
        Ok(request)
    }

    /// Lays `flags` over what the file says: a value replaces the file's, packages, added files and commands add to its
    /// lists.
    #[must_use]
    pub fn overlaid_by(self, flags: Self) -> Self {
        let either = |flags: Vec<String>, file| if flags.is_empty() { file } else { flags };
        Self {
            distribution: flags.distribution.or(self.distribution),
            release: flags.release.or(self.release),
            variant: flags.variant.or(self.variant),
            arch: flags.arch.or(self.arch),
            include: [self.include, flags.include].concat(),
            exclude: [self.exclude, flags.exclude].concat(),
            recommends: self.recommends || flags.recommends,
            no_scripts: self.no_scripts || flags.no_scripts,
            add: [self.add, flags.add].concat(),
            run: [self.run, flags.run].concat(),
            components: either(flags.components, self.components),
            mirror: either(flags.mirror, self.mirror),
            keyring: if flags.keyring.is_empty() {
                self.keyring
            } else {
                flags.keyring
            },
            allow_expired: self.allow_expired || flags.allow_expired,
            output: flags.output.or(self.output),
            prune: flags.prune.or(self.prune),
            keep_locales: either(flags.keep_locales, self.keep_locales),
            epoch: flags.epoch.or(self.epoch),
            image: self.image.overlaid_by(flags.image),
        }
    }
}

/// Tells whether what stands for a distribution is the path of a file rather than a name.
pub fn names_a_file(distribution: &str) -> bool {
    Path::new(distribution)
        .extension()
        .is_some_and(|ending| ending == "toml")
}

/// Accepts `"a"` where `["a"]` is meant.
pub(super) fn one_or_many<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    from: D,
) -> Result<Vec<T>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged, expecting = "a string or a list of strings")]
    enum OneOrMany<T> {
        One(T),
        Many(Vec<T>),
    }
    Ok(match OneOrMany::deserialize(from)? {
        OneOrMany::One(value) => vec![value],
        OneOrMany::Many(values) => values,
    })
}
