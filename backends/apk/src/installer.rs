//! From an empty root to an installed one, in apk's order.
//!
//! Package after package, as the plan lists them: the pre-install script, the files, the post-install script. Once a
//! layer has landed the triggers run, each with the directories that changed, and the database is written.

mod landing;
#[cfg(test)]
mod tests;

use crate::{
    accounts::{self, Accounts},
    archive::{self, ScriptKind, Unpacked},
    database::{Database, Form, triggers},
    links,
    notes::{KeyFile, Notes},
    ownership::Ownership,
    scripts::{self, Script},
};
use boot_kit::{
    Artifact, Context, Error, ErrorKind, Event, Installer, Kind, Layer, Parcel, Place, Plan,
    Result, RootPath, Sink, Step, backend::Site, event::Phase,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs::File,
    sync::{Mutex, MutexGuard, PoisonError},
};

/// What to do about a package that is as it was signed and all the same no good.
const BROKEN: &str =
    "the repository itself is broken here: leave the package out, or name another with --mirror";

/// Directories that apk makes before any package lands, whatever is installed.
const SKELETON: [(&str, u32); 3] = [
    ("etc/apk", 0o755),
    ("lib/apk/db", 0o755),
    ("var/cache/apk", 0o755),
];

/// Those that apk 2 makes as well.
const FURTHER: [(&str, u32); 2] = [("proc", 0o555), ("var/lib/apk", 0o755)];

/// Where apk finds public keys: apk 2 in the first, apk 3 also where packages put them.
const KEYS: [&str; 3] = ["etc/apk/keys", "lib/apk/keys", "usr/lib/apk/keys"];

/// Installs a plan of apks into one root.
pub struct ApkInstaller<'a> {
    plan: &'a Plan,
    site: Site<'a>,
    notes: Notes,
    unpacked: Mutex<BTreeMap<String, Unpacked>>,
    state: Mutex<State>,
}

/// What one thread, in plan order, makes of the root.
#[derive(Default)]
struct State {
    database: Database,
    ownership: Ownership,
    /// The root's accounts; `None` after a script, which may have made some.
    accounts: Option<Accounts>,
    /// Directories that packages of this layer ship.
    changed: BTreeSet<RootPath>,
    /// Packages of this layer.
    new: BTreeSet<String>,
    /// Whether a script has begun.
    is_configuring: bool,
    /// Scripts that `--no-scripts` kept from running.
    skipped: Vec<String>,
}

impl<'a> ApkInstaller<'a> {
    /// Starts installing `plan`; what finished layers hold is read back from the root.
    pub fn new(plan: &'a Plan, site: Site<'a>) -> Result<Self> {
        let database = Database::read(site.root).context(|| "cannot read apk's database")?;
        let state = State {
            ownership: Ownership::new(&database.installed),
            database,
            ..State::default()
        };
        Ok(Self {
            plan,
            site,
            notes: Notes::read(plan)?,
            unpacked: Mutex::default(),
            state: Mutex::new(state),
        })
    }

    fn install_one(&self, state: &mut State, artifact: &Artifact, parcel: Parcel) -> Result<()> {
        let package = lock(&self.unpacked)
            .remove(&artifact.name)
            .expect("every artifact of a step is unpacked before");
        self.run_own(state, &package, ScriptKind::PreInstall)?;
        self.land(state, artifact, &package, parcel)
            .context(|| format!("cannot install package `{}`", artifact.name))?;
        self.run_own(state, &package, ScriptKind::PostInstall)
    }

    /// Lands the files of one directory of a package that is not installed: what is there already stays.
    fn borrow_from(&self, directory: &str, parcel: Parcel) -> Result<()> {
        let root = self.site.root;
        let directory = RootPath::parse(directory)?;
        root.land(parcel, &mut |entry| {
            let rest = entry.path.bytes().strip_prefix(directory.bytes());
            let is_below = rest.is_some_and(|rest| rest.starts_with(b"/"));
            let is_taken = entry.kind != Kind::Directory && root.entry(&entry.path)?.is_some();
            Ok(if is_below && !is_taken {
                Place::Own
            } else {
                Place::Nowhere
            })
        })
    }

    /// Runs one of a package's scripts, if it has it; it is told the version.
    fn run_own(&self, state: &mut State, package: &Unpacked, kind: ScriptKind) -> Result<()> {
        let Some(script) = package.scripts.iter().find(|script| script.kind == kind) else {
            return Ok(());
        };
        let script = Script {
            package: &package.info.name,
            version: &package.info.version,
            kind,
            content: &script.content,
        };
        let args = std::slice::from_ref(&package.info.version);
        self.run(state, &script, args)
    }

    fn run(&self, state: &mut State, script: &Script<'_>, args: &[String]) -> Result<()> {
        if !self.site.run_scripts {
            state.skipped.push(script.label());
            return Ok(());
        }
        let Site {
            root,
            runner,
            report,
            epoch,
            ..
        } = self.site;
        if !state.is_configuring {
            state.is_configuring = true;
            report.event(Event::Phase(Phase::Configure));
        }
        let before = accounts::shadow(root)?;
        script.run(args, root, runner, report)?;
        state.accounts = None;
        accounts::date_passwords(root, &before, epoch)
    }

    /// Runs the triggers of packages that watch what changed, in plan order.
    fn run_triggers(&self, state: &mut State) -> Result<()> {
        let mut due = Vec::new();
        let all: BTreeSet<&RootPath> = state.database.directories().collect();
        for artifact in self.plan.artifacts() {
            let Some(patterns) = state.database.patterns(&artifact.name) else {
                continue;
            };
            let is_new = state.new.contains(&artifact.name);
            let directories = triggers::due(patterns, is_new, &all, &state.changed);
            let script = state.database.script(&artifact.name, ScriptKind::Trigger);
            if let (Some(script), false) = (script, directories.is_empty()) {
                due.push((artifact, script.content.clone(), directories));
            }
        }
        for (artifact, content, directories) in due {
            let script = Script {
                package: &artifact.name,
                version: &artifact.version,
                kind: ScriptKind::Trigger,
                content: &content,
            };
            self.run(state, &script, &directories)?;
        }
        Ok(())
    }

    /// Says which scripts did not run, and does what can be done without them.
    fn make_up_for_scripts(&self, state: &mut State) -> Result<()> {
        let skipped = std::mem::take(&mut state.skipped);
        if skipped.is_empty() {
            return Ok(());
        }
        links::make(self.site.root)?;
        let message = format!("scripts were not run: {}", skipped.join(", "));
        self.site.report.event(Event::Warning { message });
        Ok(())
    }

    /// Makes what apk would have made first, or finds it made by packages and gives it apk's mode.
    fn make_skeleton(&self, form: Form) -> Result<()> {
        let root = self.site.root;
        let further = match form {
            Form::V2 => &FURTHER[..],
            Form::V3 => &[],
        };
        for (path, mode) in SKELETON.iter().chain(further) {
            let path = RootPath::from(*path);
            root.create_directory(&path, *mode)?;
            root.set_owner(&path, 0, 0, *mode)?;
        }
        match form {
            Form::V2 => scripts::make_directory(root),
            Form::V3 => Ok(()),
        }
    }

    /// Removes what apk 3, whose scripts lie in memory while they run, has no use for, unless a package ships it.
    fn remove_exec(&self, state: &State) -> Result<()> {
        let path = RootPath::from(scripts::DIRECTORY);
        let mut shipped = state.database.directories();
        if state.database.form() == Form::V3 && !shipped.any(|known| *known == path) {
            self.site.root.remove(&path)?;
        }
        Ok(())
    }

    /// Writes what is in `etc/apk` besides what packages ship.
    fn write_settings(&self, layer: &Layer) -> Result<()> {
        let root = self.site.root;
        let write = |path: &str, text: &str| -> Result<()> {
            root.write(&RootPath::parse(path)?, text.as_bytes(), 0o644)
        };
        let is_last = self.plan.layers.last().is_some_and(|last| last == layer);
        let world = if is_last {
            &self.notes.world
        } else {
            &self.notes.base_world
        };
        let lines: Vec<_> = world.iter().map(|word| format!("{word}\n")).collect();
        write("etc/apk/world", &lines.concat())?;
        write("etc/apk/arch", &format!("{}\n", self.notes.architecture))?;
        if !self.notes.repositories.is_empty() {
            write("etc/apk/repositories", &self.notes.repositories)?;
        }
        self.write_keys()
    }

    /// Writes keys that no package brought. A distribution's own package has the keys of the architecture, and no others:
    /// of a set of which there is one, none is missing.
    fn write_keys(&self) -> Result<()> {
        let root = self.site.root;
        let mut present = Vec::new();
        for place in KEYS.map(RootPath::from) {
            for name in root.list(&place)? {
                let path = place.join(&name);
                let is_file = matches!(
                    root.entry(&path)?.map(|it| it.kind),
                    Some(Kind::File { .. })
                );
                let text = if is_file { root.read(&path)? } else { None };
                present.push((name, text.unwrap_or_default()));
            }
        }
        let keys = &self.notes.keys;
        let is_there = |key: &KeyFile| {
            present
                .iter()
                .any(|(name, text)| name == key.name.as_bytes() || text == key.text.as_bytes())
        };
        let has_one_set = keys.iter().all(|key| key.set == keys[0].set);
        let is_missing = |set: usize| {
            if has_one_set {
                present.is_empty()
            } else {
                !keys.iter().any(|key| key.set == set && is_there(key))
            }
        };
        let place = RootPath::from(KEYS[0]);
        for key in keys.iter().filter(|key| is_missing(key.set)) {
            root.write(&place.join(key.name.as_bytes()), key.text.as_bytes(), 0o644)?;
        }
        Ok(())
    }
}

impl Installer for ApkInstaller<'_> {
    fn unpack(&self, artifact: &Artifact, file: File, sink: &mut dyn Sink) -> Result<()> {
        let package = archive::unpack(file, sink).map_err(|error| match error.kind() {
            ErrorKind::Parse if error.hint().is_none() => error.with_hint(BROKEN),
            _ => error,
        })?;
        let borrowed = self.notes.borrowed.get(&artifact.name);
        let name = borrowed.map_or(&artifact.name, |borrowed| &borrowed.package);
        let found = (package.info.name.as_str(), package.info.version.as_str());
        if found != (name.as_str(), artifact.version.as_str()) {
            let message = format!("the file holds package `{}` {}", found.0, found.1);
            return Err(Error::new(ErrorKind::Trust, message).with_hint(BROKEN));
        }
        if borrowed.is_none() {
            lock(&self.unpacked).insert(artifact.name.clone(), package);
        }
        Ok(())
    }

    fn install(&self, step: &Step, parcels: Vec<Parcel>) -> Result<()> {
        let mut state = lock(&self.state);
        for (artifact, parcel) in step.artifacts.iter().zip(parcels) {
            match self.notes.borrowed.get(&artifact.name) {
                Some(borrowed) => self
                    .borrow_from(&borrowed.directory, parcel)
                    .context(|| format!("cannot take files from `{}`", artifact.name))?,
                None => self.install_one(&mut state, artifact, parcel)?,
            }
        }
        Ok(())
    }

    fn finish(&self, layer: &Layer) -> Result<()> {
        let root = self.site.root;
        let mut state = lock(&self.state);
        self.make_skeleton(state.database.form())?;
        self.run_triggers(&mut state)?;
        self.remove_exec(&state)?;
        self.make_up_for_scripts(&mut state)?;
        accounts::lock_empty_passwords(root)?;
        self.write_settings(layer)?;
        state.database.write(root)?;
        state.changed.clear();
        state.new.clear();
        Ok(())
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A thread that panicked ends the run; what it left is not used.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
