//! Running the scripts of packages the way apk 2.14 does.
//!
//! Each lies in `lib/apk/exec` while it runs, under the name apk gives it, and is told the package's version, a trigger
//! the directories that changed.

use crate::archive::ScriptKind;
use boot_kit::{
    Command, Context, Event, Report, Result, Root, RootPath, Runner, runner::script_failure,
};

/// Where scripts lie while they run.
pub const DIRECTORY: &str = "lib/apk/exec";

/// One script that is to run.
#[derive(Clone, Copy, Debug)]
pub struct Script<'a> {
    /// The package.
    pub package: &'a str,
    /// Its version.
    pub version: &'a str,
    /// What happens.
    pub kind: ScriptKind,
    /// The script's text.
    pub content: &'a [u8],
}

impl Script<'_> {
    /// Its name, e.g. `busybox-1.36.1-r15.post-install`.
    pub fn label(&self) -> String {
        format!("{}-{}.{}", self.package, self.version, self.kind.name())
    }

    /// Runs the script; errors with [`ErrorKind::Script`] and what it printed if it fails.
    pub fn run(
        &self,
        args: &[String],
        root: &Root,
        runner: &dyn Runner,
        report: &dyn Report,
    ) -> Result<()> {
        let label = self.label();
        let path = RootPath::from(DIRECTORY).join(label.as_bytes());
        make_directory(root)?;
        root.write(&path, self.content, 0o755)?;
        report.event(Event::Script {
            label: label.clone(),
        });
        let command = Command {
            program: format!("/{path}"),
            label,
            args: args.to_vec(),
            env: Vec::new(),
        };
        let outcome = runner.run(&command, &mut |line| {
            let line = line.to_owned();
            report.event(Event::Output { line });
        });
        root.remove(&path)?;
        let what = || {
            format!(
                "the {} script of package `{}`",
                self.kind.name(),
                self.package
            )
        };
        let outcome = outcome.context(|| format!("{} cannot run", what()))?;
        if outcome.is_success() {
            return Ok(());
        }
        Err(script_failure(&what(), outcome.status, &outcome.output))
    }
}

/// Makes the directory scripts lie in, for nobody else to look into; apk-tools ships it more open.
pub fn make_directory(root: &Root) -> Result<()> {
    let path = RootPath::from(DIRECTORY);
    root.create_directory(&path, 0o700)?;
    root.set_owner(&path, 0, 0, 0o700)
}
