//! From an empty root to a configured one.
//!
//! The first layer lands whole before anything runs, because nothing could run before; its `preinst` scripts follow, then
//! one `dpkg --configure` orders all packages. A later layer lands on a configured root, so there each `preinst` runs
//! before its package lands, as with dpkg itself, and what it pre-depends on is configured before any of its step.

#[cfg(test)]
mod tests;

use crate::{
    apt,
    archive::{self, Unpacked},
    database::{
        Claim, Diversions, Overrides, Ownership, Status, activate_triggers, check_shared,
        register_interests, remove_from_list, write_info,
    },
    guards,
    notes::Notes,
    scripts::Scripts,
};
use boot_kit::{
    Artifact, Context, Entry, Error, ErrorKind, Event, Installer, Layer, Parcel, Place, Plan,
    Result, Root, RootPath, Sink, Step, backend::Site, event::Phase,
};
use std::{
    collections::{BTreeMap, HashSet},
    fs::File,
    sync::{Mutex, MutexGuard, PoisonError},
};

/// Directories dpkg expects to find.
const SKELETON: [&str; 6] = [
    "etc/dpkg/dpkg.cfg.d",
    "var/lib/dpkg/alternatives",
    "var/lib/dpkg/info",
    "var/lib/dpkg/parts",
    "var/lib/dpkg/updates",
    "var/log/apt",
];

/// What to do about a package that is as it was signed and all the same no good.
const BROKEN: &str = "the archive itself is broken here: leave the package out, or name another archive with --mirror";

/// These `preinst` scripts come first: without passwd and group nothing works by name, and base-files checks the
/// links of a merged /usr before others rely on them.
const FIRST: [&str; 2] = ["base-passwd", "base-files"];

/// What dpkg adds to the name of a configuration file until it configures the package.
const NEW_CONFFILE: &str = ".dpkg-new";

/// Installs a plan of .debs into one root.
pub struct DebInstaller<'a> {
    plan: &'a Plan,
    site: Site<'a>,
    notes: Notes,
    unpacked: Mutex<BTreeMap<(String, String), Unpacked>>,
    state: Mutex<State>,
}

/// What one thread, in plan order, makes of the root.
#[derive(Default)]
struct State {
    status: Status,
    ownership: Ownership,
    diversions: Diversions,
    /// Packages of a fresh root whose `preinst` is still to run.
    waiting: Vec<Unpacked>,
    is_configured: bool,
    /// Whether a layer was finished since the rest was read or written.
    is_stale: bool,
}

impl State {
    /// Reads what a finished layer left in the root.
    fn read(root: &Root) -> Result<Self> {
        let status = Status::read(root)?;
        Ok(Self {
            ownership: Ownership::read(root, &status)?,
            diversions: Diversions::read(root)?,
            status,
            waiting: Vec::new(),
            is_configured: true,
            is_stale: false,
        })
    }
}

impl<'a> DebInstaller<'a> {
    /// Starts installing `plan` into an empty root, or into one that holds its lower layers.
    pub fn new(plan: &'a Plan, site: Site<'a>) -> Result<Self> {
        if !site.run_scripts {
            let message = "packages of the deb format are configured by their scripts";
            return Err(Error::new(ErrorKind::Usage, message).with_hint("leave out --no-scripts"));
        }
        let notes = Notes::read(plan)?;
        let state = if site.finished > 0 {
            State::read(site.root)?
        } else {
            make_links(site.root, &notes.usr_links)?;
            State::default()
        };
        Ok(Self {
            plan,
            site,
            notes,
            unpacked: Mutex::default(),
            state: Mutex::new(state),
        })
    }

    fn scripts(&self) -> Scripts<'_> {
        let Site {
            root,
            runner,
            report,
            jobs,
            ..
        } = self.site;
        Scripts {
            root,
            runner,
            report,
            helpers: jobs.saturating_sub(1).max(1),
        }
    }

    /// dpkg's own version, which scripts are told.
    fn dpkg_version(&self) -> &str {
        let dpkg = self
            .plan
            .artifacts()
            .find(|artifact| artifact.name == "dpkg");
        dpkg.map_or("", |artifact| {
            artifact.version.split('-').next().unwrap_or_default()
        })
    }

    fn land(&self, state: &mut State, package: &Unpacked, parcel: Parcel) -> Result<()> {
        let root = self.site.root;
        let name = package.control.package();
        let diversions = &state.diversions;
        let claim = state
            .ownership
            .claim(package, &|path| diversions.has(path))?;
        for (other, paths) in &claim.shared {
            check_shared(root, package, other, paths)?;
        }
        let conffiles = package
            .conffiles()
            .filter(|conffile| !conffile.remove_on_upgrade)
            .map(|conffile| RootPath::parse(conffile.path))
            .collect::<Result<_>>()?;
        // In a fresh root there are none yet; scripts that register some then also apply them.
        let overrides = if state.is_configured {
            Overrides::read(root)?
        } else {
            Overrides::default()
        };
        let mut due = Vec::new();
        root.land(parcel, &mut |entry| {
            let place = place(entry, name, &claim, &conffiles, diversions);
            match &place {
                Place::Own => due.extend(overrides.due(root, entry, &entry.path)?),
                Place::At(path) => due.extend(overrides.due(root, entry, path)?),
                Place::Nowhere => {}
            }
            Ok(place)
        })?;
        for due in &due {
            due.apply(root)?;
        }
        write_info(root, package, &|path| !claim.yielded.contains(path))?;
        for (other, paths) in &claim.taken {
            remove_from_list(root, other, paths)?;
        }
        if state.is_configured {
            register_interests(root, package)?;
            activate_triggers(root, package.paths.iter().map(|path| &path.path))?;
        }
        state.status.insert_unpacked(package);
        Ok(())
    }

    /// Runs the `preinst` scripts of a fresh root, then moves what they have diverted out of the way.
    fn run_waiting_preinsts(&self, state: &mut State) -> Result<()> {
        let rank = |package: &Unpacked| {
            FIRST
                .iter()
                .position(|first| *first == package.control.package())
        };
        state
            .waiting
            .sort_by_key(|package| rank(package).unwrap_or(FIRST.len()));
        for package in &state.waiting {
            self.scripts().preinst(package, self.dpkg_version())?;
        }
        let root = self.site.root;
        let diversions = Diversions::read(root)?;
        for (original, to, diverter) in diversions.since(&state.diversions) {
            let is_diverted = state.waiting.iter().any(|package| {
                let mut paths = package.paths.iter();
                package.control.package() != diverter
                    && paths.any(|path| path.path == *original && !path.is_directory)
            });
            // It may not be there: dpkg-divert may have moved it, or the profile left it out.
            for suffix in ["", NEW_CONFFILE] {
                let (from, to) = (original.with_suffix(suffix), to.with_suffix(suffix));
                if is_diverted && root.entry(&from)?.is_some() {
                    root.rename(&from, &to)?;
                }
            }
        }
        state.diversions = diversions;
        state.waiting.clear();
        Ok(())
    }

    /// Configures what `preinst` scripts of a step may rely on and earlier steps of its layer have left.
    fn configure_pre_depends(&self, state: &mut State, step: &Step) -> Result<()> {
        if !state.is_configured || state.status.unfinished().is_empty() {
            return Ok(());
        }
        let mut with_script = Vec::new();
        for artifact in &step.artifacts {
            let key = (artifact.name.clone(), artifact.arch.clone());
            if let Some(package) = lock(&self.unpacked).get(&key)
                && package.file("preinst").is_some()
            {
                with_script.push(package.control.clone());
            }
        }
        let needed = state.status.unconfigured_pre_depends(&with_script)?;
        if needed.is_empty() {
            return Ok(());
        }
        let root = self.site.root;
        state.status.write(root)?;
        guards::raise(root)?;
        self.scripts().configure_first(&needed)?;
        guards::lower(root)?;
        state.status = Status::read(root)?;
        state.diversions = Diversions::read(root)?;
        Ok(())
    }

    fn make_skeleton(&self) -> Result<()> {
        let root = self.site.root;
        for path in SKELETON {
            root.create_directory(&RootPath::from(path), 0o755)?;
        }
        root.create_directory(&RootPath::from("tmp"), 0o1777)?;
        let mut architectures = format!("{}\n", self.notes.architecture);
        for foreign in &self.notes.foreign_architectures {
            architectures.push_str(foreign);
            architectures.push('\n');
        }
        root.write(
            &RootPath::from("var/lib/dpkg/arch"),
            architectures.as_bytes(),
            0o644,
        )?;
        root.write(&RootPath::from("var/lib/dpkg/info/format"), b"1\n", 0o644)
    }
}

impl Installer for DebInstaller<'_> {
    fn unpack(&self, artifact: &Artifact, file: File, sink: &mut dyn Sink) -> Result<()> {
        let package = unpack(artifact, file, sink)?;
        lock(&self.unpacked).insert((artifact.name.clone(), artifact.arch.clone()), package);
        Ok(())
    }

    fn install(&self, step: &Step, parcels: Vec<Parcel>) -> Result<()> {
        let mut state = lock(&self.state);
        if state.is_stale {
            *state = State::read(self.site.root)?;
        }
        self.configure_pre_depends(&mut state, step)?;
        for (artifact, parcel) in step.artifacts.iter().zip(parcels) {
            let key = (artifact.name.clone(), artifact.arch.clone());
            let package = lock(&self.unpacked)
                .remove(&key)
                .expect("every artifact of a step is unpacked before");
            let name = &artifact.name;
            if state.is_configured && package.file("preinst").is_some() {
                guards::raise(self.site.root)?;
                state.status.write(self.site.root)?;
                self.scripts().preinst(&package, self.dpkg_version())?;
                state.diversions = Diversions::read(self.site.root)?;
            }
            self.land(&mut state, &package, parcel)
                .context(|| format!("cannot install package `{name}`"))?;
            if !state.is_configured {
                state.waiting.push(package);
            }
        }
        Ok(())
    }

    fn finish(&self, layer: &Layer) -> Result<()> {
        let root = self.site.root;
        let mut state = lock(&self.state);
        self.site.report.event(Event::Phase(Phase::Configure));
        if !state.is_configured {
            self.make_skeleton()?;
        }
        state.status.write(root)?;
        guards::raise(root)?;
        self.run_waiting_preinsts(&mut state)?;
        self.scripts().configure()?;
        guards::lower(root)?;
        apt::write_extended_states(root, self.plan, layer, &self.notes.architecture)?;
        apt::make_partial_directories(root)?;
        if !self.notes.sources.is_empty() {
            let path = RootPath::parse(&self.notes.sources_path)?;
            root.write(&path, self.notes.sources.as_bytes(), 0o644)?;
        }
        // Read when another layer comes: then it is the same as if this one had been taken from the store.
        state.is_stale = true;
        Ok(())
    }
}

/// Opens a package, sends its files into `sink` and checks that it is the one the index named.
pub(crate) fn unpack(artifact: &Artifact, file: File, sink: &mut dyn Sink) -> Result<Unpacked> {
    let package = archive::unpack(file, sink).map_err(|error| match error.kind() {
        ErrorKind::Parse if error.hint().is_none() => error.with_hint(BROKEN),
        _ => error,
    })?;
    let control = &package.control;
    let found = (control.package(), control.version(), control.architecture());
    if found
        != (
            artifact.name.as_str(),
            artifact.version.as_str(),
            artifact.arch.as_str(),
        )
    {
        let message = format!(
            "the file holds package `{}` {} for {}",
            found.0, found.1, found.2
        );
        return Err(Error::new(ErrorKind::Trust, message).with_hint(BROKEN));
    }
    Ok(package)
}

/// Links the directories of `/` that are below `/usr` in truth.
pub(crate) fn make_links(root: &Root, names: &[String]) -> Result<()> {
    for name in names {
        root.create_directory(&RootPath::parse(format!("usr/{name}"))?, 0o755)?;
        root.symlink(&RootPath::parse(name)?, format!("usr/{name}").as_bytes())?;
    }
    Ok(())
}

/// Where one file goes: not over what others keep or share, aside where diverted, and beside its name if it is a
/// configuration file, which dpkg puts in place when it configures the package.
fn place(
    entry: &Entry,
    package: &str,
    claim: &Claim,
    conffiles: &HashSet<RootPath>,
    diversions: &Diversions,
) -> Place {
    if claim.yielded.contains(&entry.path) {
        return Place::Nowhere;
    }
    let diverted = diversions.place(&entry.path, package);
    if conffiles.contains(&entry.path) {
        return Place::At(diverted.unwrap_or(&entry.path).with_suffix(NEW_CONFFILE));
    }
    if claim
        .shared
        .values()
        .any(|paths| paths.contains(&entry.path))
    {
        return Place::Nowhere;
    }
    diverted.map_or(Place::Own, |path| Place::At(path.clone()))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A thread that panicked ends the run; what it left is not used.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
