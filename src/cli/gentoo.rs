//! `boot gentoo`.

use super::{
    asking::HOW,
    failure,
    messages::Messages,
    stage::{Done, Making, enter_if_needed},
};
use crate::ops::{
    gentoo::{self as ops, Options},
    stage as roots,
};
use boot_kit::Result;
use boot_stage::gentoo::Build;
use clap::Args;
use rustix::process::getuid;
use std::{path::PathBuf, process::ExitCode};

const WHAT: &str = "What to build";
const WHERE: &str = "Where it comes from";

/// The arguments of `boot gentoo`.
#[derive(Debug, Args)]
pub(super) struct GentooArguments {
    /// Take this flavour, e.g. systemd, musl-hardened [default: openrc]
    #[arg(long, value_name = "NAME", help_heading = WHAT)]
    flavour: Option<String>,

    /// Take stages for this architecture, e.g. arm64, i686 [default: this machine's]
    #[arg(long, value_name = "ARCH", help_heading = WHAT)]
    arch: Option<String>,

    /// Take this build, e.g. 20260811T083102Z [default: the newest]
    #[arg(long, value_name = "BUILD", help_heading = WHAT)]
    date: Option<Build>,

    /// Use this mirror of Gentoo's files
    #[arg(long, value_name = "URL", help_heading = WHERE)]
    mirror: Vec<String>,

    /// Trust the public keys in this file, and no others
    #[arg(long, value_name = "FILE", help_heading = WHERE)]
    keyring: Vec<PathBuf>,

    /// Accept keys that have expired since, and an older pointer than the last one seen
    #[arg(long, help_heading = WHERE)]
    allow_expired: bool,

    /// Use no network, only what is in the cache
    #[arg(long, help_heading = HOW)]
    offline: bool,

    #[command(flatten)]
    making: Making,
}

impl GentooArguments {
    pub fn run(self) -> ExitCode {
        let messages = self.making.messages.clone();
        failure::end(self.carry_out(&messages), messages.form())
    }

    fn carry_out(self, messages: &Messages) -> Result<()> {
        let rootless = !getuid().is_root();
        let options = Options {
            flavour: self.flavour,
            arch: self.arch,
            build: self.date,
            mirrors: self.mirror,
            root: roots::Options {
                keyring: self.keyring,
                allow_expired: self.allow_expired,
                offline: self.offline,
                ..self.making.options()?
            },
        };
        enter_if_needed(&options.root)?;
        let report = messages.listener();
        let made = ops::gentoo(&options, &*report);
        drop(report);
        let made = made?;
        let done = Done {
            summary: &made.summary,
            image: &made.summary.image,
            packages: Some(made.packages),
            rootless,
        };
        messages.close(|| done.text(), || done.json());
        Ok(())
    }
}
