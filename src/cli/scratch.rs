//! `boot scratch`.

use super::{
    asking::{HOW, epoch_of_environment, now},
    closing::lines,
    failure,
    messages::Messages,
};
use crate::{
    export::{
        Output,
        closing::{About, Closing, closing},
    },
    ops::{
        scratch::{self as ops, Libraries, Options, Summary, Supply},
        stage as roots,
    },
    progress::quantity::{count, seconds, size, time},
    recipe::{
        Addition,
        complete::{host_platform, words},
        image::{CommandLine, ImageOptions},
    },
    sandbox,
};
use boot_kit::Result;
use clap::Args;
use rustix::process::getuid;
use serde_json::json;
use std::{ffi::OsString, num::NonZero, path::PathBuf, process::ExitCode};

const WHAT: &str = "What is in it";
const WHERE: &str = "Where libraries come from";
const RESULT: &str = "The image";

/// The arguments of `boot scratch`.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "switches are booleans")]
pub(super) struct ScratchArguments {
    /// Put this file, link or directory of yours at this path of the image
    #[arg(long, value_name = "FILE:PATH", required = true, help_heading = WHAT)]
    add: Vec<Addition>,

    /// Put in the certificates of authorities, for TLS
    #[arg(long, help_heading = WHAT)]
    ca_certificates: bool,

    /// Put in the rules of time zones
    #[arg(long, help_heading = WHAT)]
    tzdata: bool,

    /// Decide about libraries that the programs need
    #[arg(long, value_enum, value_name = "HOW", default_value = "none", help_heading = WHERE)]
    libs: Libraries,

    /// Take them from this distribution (debian, alpine:edge), directory or tar [default: this machine]
    #[arg(long, value_name = "ROOT", help_heading = WHERE)]
    from: Option<OsString>,

    /// With --from DISTRIBUTION: take them from these packages, too
    #[arg(long, value_name = "PKG,…", requires = "from", help_heading = WHERE)]
    include: Vec<String>,

    /// Write to this .oci.tar, .tar, .tar.gz, .tar.xz, .tar.zst, to a directory (DIR.oci/, DIR/), or to stdout (-) [default: PROGRAM.oci.tar]
    #[arg(short, long, value_name = "PATH", help_heading = RESULT)]
    output: Option<PathBuf>,

    /// Date the image, in seconds since 1970 [default: `SOURCE_DATE_EPOCH`, else 0]
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

    /// Use no network, only what is in the cache
    #[arg(long, help_heading = HOW)]
    offline: bool,

    #[command(flatten)]
    image: ImageOptions,

    #[command(flatten)]
    messages: Messages,
}

impl ScratchArguments {
    pub fn run(self) -> ExitCode {
        let messages = self.messages.clone();
        failure::end(self.carry_out(&messages), messages.form())
    }

    fn carry_out(self, messages: &Messages) -> Result<()> {
        let rootless = !getuid().is_root();
        let epoch = match self.epoch {
            Some(epoch) => Some(epoch),
            None => epoch_of_environment()?,
        };
        let options = Options {
            add: self.add,
            libraries: self.libs,
            from: match &self.from {
                Some(text) => Supply::parse(text)?,
                None => Supply::Host,
            },
            include: words(&self.include),
            ca_certificates: self.ca_certificates,
            tzdata: self.tzdata,
            root: roots::Options {
                output: self.output,
                image: self.image,
                force: self.force,
                epoch,
                jobs: self.jobs,
                cache_dir: self.cache_dir,
                offline: self.offline,
                now: now(),
                ..roots::Options::default()
            },
        };
        // While there is one thread: listeners have threads of their own.
        let entered = if needs_namespaces(&options)? {
            Some(sandbox::enter()?)
        } else {
            None
        };
        let report = messages.listener();
        let made = ops::scratch(entered.as_ref(), &options, &report);
        drop(report);
        let done = Done {
            summary: &made?,
            rootless,
        };
        messages.close(|| done.text(), || done.json());
        Ok(())
    }
}

/// A distribution is built in namespaces, and only there a directory gets the owners it is to have.
fn needs_namespaces(options: &Options) -> Result<bool> {
    let output = options.root.output.as_ref();
    let output = output
        .map(|path| Output::parse(path.as_os_str()))
        .transpose()?;
    Ok(options.from.is_built() || matches!(output, Some(Output::Directory { .. })))
}

/// What the closing lines are about.
struct Done<'a> {
    summary: &'a Summary,
    rootless: bool,
}

impl Done<'_> {
    fn text(&self) -> String {
        let summary = self.summary;
        let mut facts = vec![
            summary.name.to_string(),
            summary.platform.unwrap_or("no programs").to_owned(),
        ];
        facts.extend(
            self.entrypoint()
                .map(|words| format!("runs {}", words.join(" "))),
        );
        if summary.libraries > 0 {
            facts.push(match summary.libraries {
                1 => "1 library".to_owned(),
                several => format!("{several} libraries"),
            });
        }
        facts.extend([
            count(summary.written.files, "file"),
            size(summary.written.bytes),
            time(summary.wall),
        ]);
        let digests = (summary.written.sha256, summary.written.manifest);
        lines(&summary.output, facts, digests, &self.closing())
    }

    fn json(&self) -> String {
        let summary = self.summary;
        let object = json!({
            "event": "done",
            "output": summary.output.display().to_string(),
            "name": summary.name.as_str(),
            "platform": summary.platform,
            "entrypoint": self.entrypoint(),
            "libraries": summary.libraries,
            "files": summary.written.files,
            "size_bytes": summary.written.bytes,
            "sha256": summary.written.sha256,
            "manifest": summary.written.manifest,
            "import": self.closing().commands,
            "wall_s": seconds(summary.wall),
        });
        format!("{object}\n")
    }

    fn entrypoint(&self) -> Option<&[String]> {
        let entrypoint = self.summary.image.entrypoint.as_ref();
        entrypoint
            .map(CommandLine::words)
            .filter(|words| !words.is_empty())
    }

    fn closing(&self) -> Closing {
        let platform = self.summary.platform;
        let about = About {
            name: &self.summary.name,
            options: &self.summary.image,
            platform: platform.filter(|platform| host_platform() != Some(platform)),
        };
        Output::parse(self.summary.output.as_os_str())
            .map(|output| closing(&output, about, self.rootless))
            .unwrap_or_default()
    }
}
