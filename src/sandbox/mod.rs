//! Where the scripts of packages run: namespaces, a bare `/dev` and `/proc`, no network, no syncs.
//!
//! [`enter`] makes the program root in its own user and mount namespaces, whoever started it. A
//! [`Sandbox`] is a [`Runner`] around one root. Its first process is this very program, started again
//! with a hidden argument in further namespaces ([`is_init`], [`init_main`]): there is nothing to install in
//! the root. It lives as long as the sandbox; programs are handed to it and cost a fork and an exec each.
//! When it ends, however that comes about, the kernel ends every process in the sandbox and drops every
//! mount: there is no clean-up that could be missed.
//!
//! All `unsafe` code is in `raw.rs`.

mod enter;
mod foreign;
mod init;
mod mounts;
mod output;
mod privileges;
mod process;
mod protocol;
pub(crate) mod raw;
mod refusal;
mod seccomp;
mod subordinate;

pub use enter::{Entered, enter};
pub use foreign::check_platform;
pub(crate) use mounts::HIDDEN;

use crate::interrupt;
use boot_kit::{
    Command, Context, ErrorKind, Event, Outcome, Report, Result, Runner, event::Silence,
};
use process::Process;
use protocol::Request;
use std::{
    ffi::CStr,
    fmt,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::{Arc, Mutex, PoisonError, atomic::AtomicBool},
};

/// Asks the program to be the init of a sandbox.
const INIT_ARGUMENT: &CStr = c"__sandbox-init";

/// Tells whether this process was started to be the init of a sandbox; ask first thing in `main`.
pub fn is_init() -> bool {
    std::env::args_os()
        .nth(1)
        .is_some_and(|argument| argument.as_encoded_bytes() == INIT_ARGUMENT.to_bytes())
}

/// Is the init of a sandbox; the result is to be returned from `main`.
pub fn init_main() -> ExitCode {
    init::main()
}

/// What may differ between sandboxes.
#[derive(Clone)]
pub struct Settings {
    /// Seconds since 1970 that scripts see as `SOURCE_DATE_EPOCH`.
    pub epoch: i64,
    /// Ends runs with [`ErrorKind::Interrupted`] when it becomes true.
    pub interrupt: Arc<AtomicBool>,
    /// Hears warnings.
    pub report: Arc<dyn Report>,
    /// The name of the machine as scripts see it; `localhost`.
    pub hostname: String,
}

impl Settings {
    /// Uses `epoch`, never stops, and tells nobody.
    pub fn new(epoch: i64) -> Self {
        Self {
            epoch,
            interrupt: Arc::default(),
            report: Arc::new(Silence),
            hostname: "localhost".into(),
        }
    }
}

/// Runs programs in one root; starts with the first of them.
pub struct Sandbox {
    root: PathBuf,
    settings: Settings,
    process: Mutex<Option<Arc<Process>>>,
}

impl Sandbox {
    /// Describes a sandbox around the directory `root`; starts nothing yet.
    ///
    /// The program must be root in its own mount namespace, which [`enter`] sees to.
    pub fn new(root: &Path, settings: Settings) -> Self {
        Self {
            root: root.to_path_buf(),
            settings,
            process: Mutex::new(None),
        }
    }

    /// Ends every process in the sandbox and takes away what was mounted for it; the next run starts anew.
    ///
    /// If programs are running, this happens when the last of their runs has given its error.
    pub fn stop(&self) {
        let process = self
            .process
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(process) = process {
            process.kill();
        }
    }

    fn process(&self) -> Result<Arc<Process>> {
        let mut running = self.process.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(process) = &*running {
            return Ok(Arc::clone(process));
        }
        let root = fs_err::canonicalize(&self.root).context(|| "cannot find the root")?;
        let Settings {
            hostname,
            interrupt,
            ..
        } = &self.settings;
        let (process, warnings) = Process::start(&root, hostname, interrupt)?;
        for message in warnings {
            self.settings.report.event(Event::Warning { message });
        }
        let process = Arc::new(process);
        *running = Some(Arc::clone(&process));
        Ok(process)
    }

    /// The environment of `command`: nothing of the host's.
    fn environment(&self, command: &Command) -> Vec<(String, String)> {
        let epoch = self.settings.epoch.to_string();
        let always = [
            ("PATH", "/usr/sbin:/usr/bin:/sbin:/bin"),
            ("HOME", "/root"),
            ("LC_ALL", "C.UTF-8"),
            ("PYTHONHASHSEED", "0"),
            ("SOURCE_DATE_EPOCH", &epoch),
        ];
        let always = always.map(|(name, value)| (name.to_string(), value.to_string()));
        always
            .into_iter()
            .chain(command.env.iter().cloned())
            .collect()
    }
}

impl Runner for Sandbox {
    fn run(&self, command: &Command, on_line: &mut dyn FnMut(&str)) -> Result<Outcome> {
        let request = Request::Run {
            program: command.program.clone(),
            args: command.args.clone(),
            env: self.environment(command),
        };
        interrupt::check(&self.settings.interrupt)?;
        let process = self.process()?;
        let result = process.run(&request, on_line, &self.settings.interrupt);
        let (outcome, leftovers) = result
            .inspect_err(|error| {
                // A program that cannot be started is no reason to end the others.
                if error.kind() != ErrorKind::Script {
                    self.stop();
                }
            })
            .context(|| format!("cannot run `{}`", command.label))?;
        if !leftovers.is_empty() {
            let message = format!(
                "{} left programs running, which were ended: {}",
                command.label,
                leftovers.join(", ")
            );
            self.settings.report.event(Event::Warning { message });
        }
        Ok(outcome)
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.stop();
    }
}

impl fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sandbox")
            .field("root", &self.root)
            .finish_non_exhaustive()
    }
}
