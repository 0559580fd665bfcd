//! Running maintainer scripts the way dpkg does, and dpkg itself for all but `preinst`.

use crate::{
    archive::Unpacked,
    database::Status,
    later::{self, Queue},
    lend,
};
use boot_kit::{
    Command, Error, ErrorKind, Event, Outcome, Report, Result, Root, RootPath, Runner,
    runner::script_failure,
};
use std::thread;

/// Where dpkg keeps the control files of the package it unpacks.
const CONTROL_DIRECTORY: &str = "var/lib/dpkg/tmp.ci";

const DPKG: &str = "/usr/bin/dpkg";

/// The environment of every script and of dpkg.
///
/// Nobody is there to answer questions. Python must not write bytecode as a side effect of imports: such files hold
/// the source's time instead of its hash, and `py3compile`, finding them, would not write its own.
fn environment() -> Vec<(String, String)> {
    [
        ("DEBIAN_FRONTEND", "noninteractive"),
        ("DEBCONF_NONINTERACTIVE_SEEN", "true"),
        ("PYTHONDONTWRITEBYTECODE", "1"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .to_vec()
}

/// Runs scripts in one root.
#[derive(Clone, Copy)]
pub struct Scripts<'a> {
    /// The root.
    pub root: &'a Root,
    /// The sandbox around it.
    pub runner: &'a dyn Runner,
    /// Hears which script runs and what it says.
    pub report: &'a dyn Report,
    /// How many programs may run at once, besides dpkg and its scripts.
    pub helpers: usize,
}

impl Scripts<'_> {
    /// Runs a package's `preinst install`, if it has one, as dpkg would before unpacking it.
    ///
    /// The script lies in `tmp.ci` with the package's other control files; run from elsewhere, debconf would note
    /// its templates' owner as unknown. `dpkg_version` is what scripts see in `DPKG_RUNNING_VERSION`.
    pub fn preinst(&self, package: &Unpacked, dpkg_version: &str) -> Result<()> {
        if package.file("preinst").is_none() {
            return Ok(());
        }
        let directory = RootPath::from(CONTROL_DIRECTORY);
        self.root.create_directory(&directory, 0o755)?;
        let control = &package.control;
        self.root.write(
            &directory.join(b"control"),
            control.text().as_bytes(),
            0o644,
        )?;
        for file in &package.files {
            let path = directory.join(file.name.as_bytes());
            self.root.write(&path, &file.content, file.mode)?;
        }
        let label = format!("{}.preinst", control.package());
        let mut command = Command {
            label: label.clone(),
            program: format!("/{CONTROL_DIRECTORY}/preinst"),
            args: vec!["install".to_owned()],
            env: environment(),
        };
        for (name, value) in [
            ("DPKG_MAINTSCRIPT_PACKAGE", control.package()),
            ("DPKG_MAINTSCRIPT_PACKAGE_REFCOUNT", "1"),
            ("DPKG_MAINTSCRIPT_ARCH", control.architecture()),
            ("DPKG_MAINTSCRIPT_NAME", "preinst"),
            ("DPKG_MAINTSCRIPT_DEBUG", "0"),
            ("DPKG_RUNNING_VERSION", dpkg_version),
            ("DPKG_ADMINDIR", "/var/lib/dpkg"),
            ("DPKG_ROOT", ""),
        ] {
            command.env.push((name.to_owned(), value.to_owned()));
        }
        self.report.event(Event::Script { label });
        let outcome = self.run(&command, &|_| {})?;
        for file in &package.files {
            self.root.remove(&directory.join(file.name.as_bytes()))?;
        }
        self.root.remove(&directory.join(b"control"))?;
        self.root.remove(&directory)?;
        if !outcome.is_success() {
            let subject = format!("the preinst script of package `{}`", control.package());
            return Err(script_failure(&subject, outcome.status, &outcome.output));
        }
        Ok(())
    }

    /// Configures only the packages named, before others land.
    pub fn configure_first(&self, packages: &[String]) -> Result<()> {
        if packages.is_empty() {
            return Ok(());
        }
        self.dpkg(&configure_some(packages), &Queue::default())
    }

    /// Configures every unpacked package, compiling Python on the side.
    pub fn configure(&self) -> Result<()> {
        if !later::raise(self.root)? {
            return self.configure_all(&Queue::default());
        }
        let queue = Queue::default();
        let env = environment();
        let configured = thread::scope(|scope| {
            for _ in 0..self.helpers {
                scope.spawn(|| queue.work(self.runner, self.report, &env));
            }
            let configured = self.configure_all(&queue);
            match configured.and_then(|()| later::noted(self.root)) {
                Ok(noted) => {
                    queue.complete(noted, self.helpers + 1);
                    queue.work(self.runner, self.report, &env);
                    Ok(())
                }
                Err(error) => {
                    queue.complete(Vec::new(), 1);
                    Err(error)
                }
            }
        });
        configured?;
        queue.outcome()?;
        later::lower(self.root)
    }

    /// One run of dpkg orders all packages, a second takes up what triggers left.
    ///
    /// Before them, in a fresh root, a run for what every package may take for granted: the essential packages and
    /// what they depend on. Others do not name them among their dependencies but read their configuration files,
    /// which are in place only then. `--force-depends` because they depend on each other in circles.
    fn configure_all(&self, queue: &Queue) -> Result<()> {
        let status = Status::read(self.root)?;
        let essentials = status.unconfigured_essentials()?;
        let mut runs = Vec::new();
        if !essentials.is_empty() {
            runs.push(configure_some(&essentials));
        }
        runs.push(vec![
            "--force-depends",
            "--force-confold",
            "--configure",
            "--pending",
        ]);
        self.dpkg_runs(&runs, &status.unfinished_scripts("postinst")?, queue)?;
        if !Status::read(self.root)?.unfinished().is_empty() {
            self.dpkg(&["--force-confold", "--configure", "--pending"], queue)?;
        }
        let unfinished = Status::read(self.root)?.unfinished();
        if unfinished.is_empty() {
            return Ok(());
        }
        let list: Vec<_> = unfinished
            .iter()
            .map(|(name, status)| format!("`{name}` ({status})"))
            .collect();
        let message = format!("packages were left unconfigured: {}", list.join(", "));
        Err(Error::new(ErrorKind::Script, message))
    }

    /// The runs that configure most packages, of which `scripts` will be called.
    fn dpkg_runs(&self, runs: &[Vec<&str>], scripts: &[RootPath], queue: &Queue) -> Result<()> {
        if !lend::raise(self.root, scripts)? {
            return runs.iter().try_for_each(|args| self.dpkg(args, queue));
        }
        let commands: Vec<_> = runs
            .iter()
            .map(|args| [&[DPKG], args.as_slice()].concat())
            .collect();
        self.dpkg_as(lend::lent(&commands), queue)?;
        lend::lower(self.root)
    }

    fn dpkg(&self, args: &[&str], queue: &Queue) -> Result<()> {
        let args = args.iter().map(|arg| (*arg).to_owned()).collect();
        self.dpkg_as((DPKG.to_owned(), args), queue)
    }

    fn dpkg_as(&self, (program, args): (String, Vec<String>), queue: &Queue) -> Result<()> {
        let command = Command {
            label: "dpkg --configure".to_owned(),
            program,
            args,
            env: environment(),
        };
        let outcome = self.run(&command, &|args| queue.push(args))?;
        if outcome.is_success() {
            return Ok(());
        }
        let (subject, output) = blame(&outcome.output);
        Err(script_failure(&subject, outcome.status, output))
    }

    /// Runs a program; `on_request` hears what it leaves for later.
    fn run(&self, command: &Command, on_request: &dyn Fn(Vec<String>)) -> Result<Outcome> {
        let on_line = &mut |line: &str| {
            let (line, request) = later::requested(line);
            if let Some(request) = request {
                on_request(request);
                if line.is_empty() {
                    return;
                }
            }
            if let Some(label) = begun(line) {
                self.report.event(Event::Script {
                    label: label.to_owned(),
                });
            }
            self.report.event(Event::Output {
                line: line.to_owned(),
            });
        };
        self.runner.run(command, on_line)
    }
}

/// Configures the packages named; what they trigger waits for the rest, as it would be triggered again.
fn configure_some(packages: &[String]) -> Vec<&str> {
    let options = [
        "--force-depends",
        "--force-confold",
        "--no-triggers",
        "--configure",
    ];
    let names = packages.iter().map(String::as_str);
    options.into_iter().chain(names).collect()
}

/// Recognises dpkg's words for the package it turns to.
fn begun(line: &str) -> Option<&str> {
    let rest = line
        .strip_prefix("Setting up ")
        .or_else(|| line.strip_prefix("Processing triggers for "))?;
    rest.split(' ').next()
}

/// Finds the first package dpkg could not configure, and what was printed since it turned to it.
fn blame(output: &str) -> (String, &str) {
    let Some(at) = output.find("dpkg: error processing package ") else {
        return ("dpkg".to_owned(), output);
    };
    let name = output[at..].split(' ').nth(4).unwrap_or_default();
    let begin = [
        format!("Setting up {name} "),
        format!("Processing triggers for {name} "),
    ]
    .iter()
    .filter_map(|words| output[..at].rfind(words))
    .max()
    .unwrap_or(0);
    let end = output[at..]
        .find("\nSetting up ")
        .map_or(output.len(), |end| at + end);
    (
        format!("the configuration of package `{name}`"),
        &output[begin..end],
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failing_package_is_named_with_its_own_output() {
        let output = "Setting up a (1) ...\nfine\nSetting up b:amd64 (2) ...\noh no\ndpkg: error processing \
                      package b:amd64 (--configure):\n subprocess returned 1\nSetting up c (1) ...\n";
        let (subject, said) = blame(output);
        assert_eq!(subject, "the configuration of package `b:amd64`");
        assert!(said.starts_with("Setting up b:amd64 (2)"), "{said}");
        assert!(said.ends_with("returned 1"), "{said}");
    }

    #[test]
    fn dpkgs_words_become_events() {
        assert_eq!(
            begun("Setting up libc6:amd64 (2.41-12) ..."),
            Some("libc6:amd64")
        );
        assert_eq!(
            begun("Processing triggers for libc-bin (2.41-12) ..."),
            Some("libc-bin")
        );
        assert_eq!(begun("anything else"), None);
    }
}
