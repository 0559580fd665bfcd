//! `boot stage`.

use super::{
    asking::{HOW, epoch_of_environment, now},
    closing::Image,
    failure,
    messages::Messages,
};
use crate::{
    export::{Output, closing::About},
    ops::stage::{self as ops, Options, Source, Summary, source::digest},
    progress::quantity::{count, size},
    recipe::{Profile, complete::words, image::ImageOptions},
    sandbox,
};
use boot_kit::{Digest, Result};
use boot_stage::image::{Flattened, Platform};
use clap::Args;
use rustix::process::getuid;
use serde_json::json;
use std::{
    convert::Infallible,
    ffi::OsString,
    num::NonZero,
    path::{Path, PathBuf},
    process::ExitCode,
};

const PROOF: &str = "What the archive must be";
const WHICH: &str = "Which image, where the root is one of layers";
pub(super) const RESULT: &str = "The image";

/// The arguments of `boot stage`.
#[derive(Debug, Args)]
pub(super) struct StageArguments {
    /// The root, or an image of layers: a tar, plain or compressed in any way, a URL of one, a directory, or - for stdin
    #[arg(value_name = "FILE|URL|DIRECTORY|-")]
    source: OsString,

    #[command(flatten)]
    proof: Proof,

    /// Of an archive of several images, take the one with this name or digest
    #[arg(long, value_name = "NAME", help_heading = WHICH)]
    image: Option<String>,

    /// Of an image for several machines, take the one for this, e.g. linux/arm64 [default: this machine's]
    #[arg(long, value_name = "PLATFORM", value_parser = platform, help_heading = WHICH)]
    platform: Option<Platform>,

    /// Use no network, only what is in the cache
    #[arg(long, help_heading = HOW)]
    offline: bool,

    #[command(flatten)]
    making: Making,
}

/// What an archive must be.
#[derive(Debug, Args)]
pub(super) struct Proof {
    /// Take the archive only if it has this digest
    #[arg(long, value_name = "HEX", value_parser = digest, help_heading = PROOF)]
    sha256: Option<Digest>,

    /// Take the archive only if the .asc or .sig beside it is of a key in this file
    #[arg(long, value_name = "FILE", help_heading = PROOF)]
    keyring: Vec<PathBuf>,

    /// Accept a signature by a key that has expired since
    #[arg(long, requires = "keyring", help_heading = PROOF)]
    allow_expired: bool,
}

impl Proof {
    /// Adds it to the options of a root.
    pub fn over(self, options: Options) -> Options {
        Options {
            sha256: self.sha256,
            keyring: self.keyring,
            allow_expired: self.allow_expired,
            ..options
        }
    }
}

/// What to make of a root, and how.
#[derive(Debug, Args)]
pub(super) struct Making {
    /// Write to this .tar, .tar.gz, .tar.xz, .tar.zst, .oci.tar, to a directory (DIR.oci/, DIR/), or to stdout (-)
    #[arg(short, long, value_name = "PATH", help_heading = RESULT)]
    output: Option<PathBuf>,

    /// Leave out what this profile names [default: none]
    #[arg(long, value_enum, value_name = "PROFILE", help_heading = RESULT)]
    prune: Option<Profile>,

    /// Keep translations into these languages, e.g. de,fr, with --prune slim
    #[arg(long, value_name = "LANG,…", help_heading = RESULT)]
    keep_locales: Vec<String>,

    #[command(flatten)]
    way: Way,

    #[command(flatten)]
    image: ImageOptions,

    #[command(flatten)]
    pub messages: Messages,
}

impl Making {
    /// The options that these flags say; the source and its proof are the caller's.
    pub fn options(self) -> Result<Options> {
        Ok(Options {
            output: self.output,
            image: self.image,
            prune: self.prune,
            keep_locales: words(&self.keep_locales),
            ..self.way.options()?
        })
    }
}

/// How an image is made, whatever is in it.
#[derive(Debug, Args)]
pub(super) struct Way {
    /// Date the image, in seconds since 1970 [default: `SOURCE_DATE_EPOCH`, else the root's own date]
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(i64).range(0..), help_heading = RESULT)]
    epoch: Option<i64>,

    /// Replace what is at the output's place
    #[arg(long, help_heading = RESULT)]
    force: bool,

    /// Use so many threads [default: one for each core]
    #[arg(short, long, value_name = "N", help_heading = HOW)]
    jobs: Option<NonZero<usize>>,

    /// Keep downloads here [default: boot in the user's cache directory]
    #[arg(long, value_name = "DIR", env = "BOOT_CACHE_DIR", hide_env_values = true, help_heading = HOW)]
    cache_dir: Option<PathBuf>,
}

impl Way {
    /// The options that these flags and the environment say.
    pub fn options(self) -> Result<Options> {
        Ok(Options {
            epoch: match self.epoch {
                Some(epoch) => Some(epoch),
                None => epoch_of_environment()?,
            },
            force: self.force,
            jobs: self.jobs,
            cache_dir: self.cache_dir,
            now: now(),
            ..Options::default()
        })
    }
}

impl StageArguments {
    pub fn run(self) -> ExitCode {
        let messages = self.making.messages.clone();
        failure::end(self.carry_out(&messages), messages.form())
    }

    fn carry_out(self, messages: &Messages) -> Result<()> {
        let rootless = !getuid().is_root();
        let options = Options {
            source: Source::parse(&self.source),
            which: self.image,
            platform: self.platform,
            offline: self.offline,
            ..self.proof.over(self.making.options()?)
        };
        enter_if_needed(&options)?;
        let report = messages.listener();
        let summary = ops::stage(&options, &*report);
        drop(report);
        let summary = summary?;
        let done = Done {
            summary: &summary,
            image: &summary.image,
            packages: None,
            rootless,
        };
        messages.close(|| done.text(), || done.json());
        Ok(())
    }
}

/// Enters the namespaces where files on disk are read or written: whose they are is only seen, and set, inside.
///
/// To be called while there is one thread: listeners have threads of their own.
pub(super) fn enter_if_needed(options: &Options) -> Result<()> {
    // Whose the files of an image layout are is of no interest.
    let is_layout =
        |path: &Path| path.join("oci-layout").is_file() && path.join("index.json").is_file();
    let from_directory =
        matches!(&options.source, Source::Path(path) if path.is_dir() && !is_layout(path));
    let output = options.output.as_ref();
    let output = output
        .map(|path| Output::parse(path.as_os_str()))
        .transpose()?;
    if from_directory || matches!(output, Some(Output::Directory { .. })) {
        sandbox::enter()?;
    }
    Ok(())
}

/// What the closing lines are about.
pub(super) struct Done<'a> {
    /// What was made.
    pub summary: &'a Summary,
    /// How it is to be run.
    pub image: &'a ImageOptions,
    /// How many packages are in it, if that is known.
    pub packages: Option<usize>,
    /// Whether a normal user asked.
    pub rootless: bool,
}

impl Done<'_> {
    /// The closing lines for people.
    pub fn text(&self) -> String {
        let mut facts = vec![
            self.summary.name.to_string(),
            self.platform().unwrap_or("no programs").to_owned(),
        ];
        facts.extend(
            self.packages
                .map(|packages| count(packages as u64, "package")),
        );
        let lines = self.written().text(facts);
        match &self.summary.squashed {
            Some(flattened) => format!("{}\n{lines}", squashed(flattened)),
            None => lines,
        }
    }

    /// The closing line for programs.
    pub fn json(&self) -> String {
        let squashed = self.summary.squashed.map(|flattened| {
            json!({
                "layers": flattened.layers,
                "shadowed_files": flattened.shadowed_files,
                "shadowed_bytes": flattened.shadowed_bytes,
            })
        });
        self.written().json([
            ("name", json!(self.summary.name.as_str())),
            ("platform", json!(self.platform())),
            ("packages", json!(self.packages)),
            ("squashed", json!(squashed)),
        ])
    }

    fn platform(&self) -> Option<&'static str> {
        self.summary.about.platform
    }

    fn written(&self) -> Image<'_> {
        Image {
            output: &self.summary.output,
            about: About {
                name: &self.summary.name,
                options: self.image,
                platform: self.platform(),
            },
            written: &self.summary.written,
            wall: self.summary.wall,
            rootless: self.rootless,
        }
    }
}

/// Says what the layers had cost.
fn squashed(flattened: &Flattened) -> String {
    let layers = count(flattened.layers as u64, "layer");
    if flattened.shadowed_files == 0 {
        return format!("squashed {layers}, nothing was shadowed");
    }
    let files = count(flattened.shadowed_files, "file");
    let was = if flattened.shadowed_files == 1 {
        "was"
    } else {
        "were"
    };
    let bytes = size(flattened.shadowed_bytes);
    format!("squashed {layers}, {bytes} in {files} {was} shadowed")
}

/// Reads a platform as people write it.
#[expect(clippy::unnecessary_wraps, reason = "clap wants one")]
fn platform(text: &str) -> Result<Platform, Infallible> {
    Ok(Platform::parse(text))
}
