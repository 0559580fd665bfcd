//! `boot scratch`.

use super::{
    asking::HOW,
    closing::Image,
    failure,
    messages::Messages,
    stage::{RESULT, Way},
};
use crate::{
    export::{Output, closing::About},
    ops::{
        scratch::{self as ops, Libraries, Options, Summary, Supply},
        stage as roots,
    },
    recipe::{
        Addition,
        complete::words,
        image::{CommandLine, ImageOptions},
    },
    sandbox,
};
use boot_kit::Result;
use clap::Args;
use rustix::process::getuid;
use serde_json::json;
use std::{ffi::OsString, path::PathBuf, process::ExitCode};

const WHAT: &str = "What is in it";
const WHERE: &str = "Where libraries come from";

/// The arguments of `boot scratch`.
#[derive(Debug, Args)]
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

    #[command(flatten)]
    way: Way,

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
        let way = self.way.options()?;
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
                offline: self.offline,
                ..way
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
        self.written().text(facts)
    }

    fn json(&self) -> String {
        let summary = self.summary;
        self.written().json([
            ("name", json!(summary.name.as_str())),
            ("platform", json!(summary.platform)),
            ("entrypoint", json!(self.entrypoint())),
            ("libraries", json!(summary.libraries)),
        ])
    }

    fn entrypoint(&self) -> Option<&[String]> {
        let entrypoint = self.summary.image.entrypoint.as_ref();
        entrypoint
            .map(CommandLine::words)
            .filter(|words| !words.is_empty())
    }

    fn written(&self) -> Image<'_> {
        let summary = self.summary;
        Image {
            output: &summary.output,
            about: About {
                name: &summary.name,
                options: &summary.image,
                platform: summary.platform,
            },
            written: &summary.written,
            wall: summary.wall,
            rootless: self.rootless,
        }
    }
}
