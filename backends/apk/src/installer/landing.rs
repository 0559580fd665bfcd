//! One package's files land in the root, and it is entered in the database.

use super::{ApkInstaller, State};
use crate::{
    accounts::Accounts,
    archive::{self, File, Unpacked},
    checksum::Checksum,
    database::{Access, Directory, Installation, Leaf, Protection, Script, Scripts},
    ownership::Claim,
};
use boot_kit::{
    Artifact, Error, ErrorKind, Kind, Parcel, Place, Result, Root, RootPath, digest::Hashing,
};
use sha1::{Digest as _, Sha1};
use std::{
    collections::{BTreeMap, HashMap},
    io::{self, Write},
};

/// What apk adds to the name of a file that it does not put over one an administrator may have changed.
const NEW: &str = ".apk-new";

impl ApkInstaller<'_> {
    /// Lands `parcel` by apk's rules, and enters the package in the database.
    pub(super) fn land(
        &self,
        state: &mut State,
        artifact: &Artifact,
        package: &Unpacked,
        mut parcel: Parcel,
    ) -> Result<()> {
        let root = self.site.root;
        if state.accounts.is_none() {
            state.accounts = Some(Accounts::read(root)?);
        }
        let accounts = state.accounts.as_ref().expect("read just before");
        let owners = owners(package, accounts);
        let installation = self.installation(artifact, package, &owners)?;
        parcel.change_owners(&mut |entry| {
            let owner = *owners.get(&entry.path)?;
            (owner != (entry.uid, entry.gid)).then_some(owner)
        })?;

        let claim = state
            .ownership
            .claim(&installation, &state.database.installed)?;
        let beside = Beside {
            root,
            protection: Protection::read(root)?,
            state,
            installation: &installation,
            claim: &claim,
        };
        root.land(parcel, &mut |entry| beside.place(&entry.path, &entry.kind))?;
        for (path, access) in &claim.directories {
            root.set_owner(path, access.uid, access.gid, access.mode)?;
        }
        let has_accounts = ["etc/passwd", "etc/group"]
            .into_iter()
            .any(|path| installation.leaf(&path.into()).is_some());
        if has_accounts {
            state.accounts = None;
        }
        enter(state, package, installation, &claim);
        Ok(())
    }

    /// Describes the package as the database will.
    fn installation(
        &self,
        artifact: &Artifact,
        package: &Unpacked,
        owners: &HashMap<&RootPath, (u32, u32)>,
    ) -> Result<Installation> {
        let proof = artifact.proof.to_string();
        let stanza = self.notes.stanzas.get(&proof).cloned();
        let stanza = stanza.ok_or_else(|| {
            let message = format!("the plan has no stanza of package `{}`", artifact.name);
            Error::new(ErrorKind::Parse, message)
        })?;
        let mut installation = Installation {
            stanza,
            replaces: package.info.replaces.clone(),
            replaces_priority: package.info.replaces_priority.unwrap_or_default(),
            tag: self.notes.tags.get(&proof).cloned(),
            is_v3: package.is_v3,
            directories: BTreeMap::new(),
        };
        for file in &package.files {
            let (uid, gid) = owners[&file.path];
            let access = Access {
                uid,
                gid,
                mode: file.mode,
            };
            enter_file(&mut installation.directories, file, access);
        }
        Ok(installation)
    }
}

/// Enters a package in the database, without what others keep, and takes from others what it won.
fn enter(state: &mut State, package: &Unpacked, mut installation: Installation, claim: &Claim) {
    let database = &mut state.database;
    for (path, owner) in &claim.taken {
        if let Some(owner) = database.installed.get_mut(owner) {
            owner.forget(path);
        }
    }
    for path in &claim.yielded {
        installation.forget(path);
    }
    let name = &package.info.name;
    state
        .changed
        .extend(installation.directories.keys().cloned());
    state.new.insert(name.clone());
    let scripts: Scripts = package
        .scripts
        .iter()
        .map(|script| (script.kind, kept(script)))
        .collect();
    if !scripts.is_empty() {
        database.scripts.push((name.clone(), scripts));
    }
    if !package.info.triggers.is_empty() {
        let patterns = package.info.triggers.clone();
        database.triggers.push((name.clone(), patterns));
    }
    database.installed.insert(name.clone(), installation);
}

fn kept(script: &archive::Script) -> Script {
    Script {
        content: script.content.clone(),
        mtime: script.mtime,
    }
}

/// Looks up the owners of all files by name, as apk does: the number in the archive is for names the root lacks.
fn owners<'a>(package: &'a Unpacked, accounts: &Accounts) -> HashMap<&'a RootPath, (u32, u32)> {
    let files = package.files.iter();
    let owners = files.map(|file| {
        let uid = accounts.user(file.user.as_bytes()).unwrap_or(file.uid);
        let gid = accounts.group(file.group.as_bytes()).unwrap_or(file.gid);
        (&file.path, (uid, gid))
    });
    owners.collect()
}

fn enter_file(directories: &mut BTreeMap<RootPath, Directory>, file: &File, access: Access) {
    if file.kind == Kind::Directory {
        let directory = directories.entry(file.path.clone());
        directory.or_insert_with(Directory::plain).access = access;
        return;
    }
    let Some((parent, name)) = file.path.split() else {
        return;
    };
    let leaf = Leaf {
        access,
        checksum: file.checksum.map(|checksum| checksum.to_string()),
    };
    let directory = directories.entry(parent);
    let files = &mut directory.or_insert_with(Directory::plain).files;
    files.insert(name.to_vec(), leaf);
}

/// Decides what becomes of one file.
struct Beside<'a> {
    root: &'a Root,
    protection: Protection,
    state: &'a State,
    installation: &'a Installation,
    claim: &'a Claim,
}

impl Beside<'_> {
    /// A file that others keep goes nowhere. In a protected directory one that is there and is not as a package shipped
    /// it stays, and ours goes beside it, unless they are the same.
    fn place(&self, path: &RootPath, kind: &Kind) -> Result<Place> {
        if self.claim.yielded.contains(path) {
            return Ok(Place::Nowhere);
        }
        let Some((parent, _)) = path.split() else {
            return Ok(Place::Own);
        };
        if *kind == Kind::Directory || !self.protection.covers(&parent) {
            return Ok(Place::Own);
        }
        let Some(found) = Sums::of(self.root, path)? else {
            return Ok(Place::Own);
        };
        let is_as_in = |installation: &Installation| {
            let shipped = installation
                .leaf(path)
                .and_then(|leaf| leaf.checksum.as_ref());
            shipped == Some(found.by_rules_of(installation))
        };
        let before = self.claim.taken.iter().find(|(taken, _)| taken == path);
        let before = before.and_then(|(_, owner)| self.state.database.installed.get(owner));
        if before.is_some_and(is_as_in) {
            return Ok(Place::Own);
        }
        Ok(if is_as_in(self.installation) {
            Place::Nowhere
        } else {
            Place::At(path.with_suffix(NEW))
        })
    }
}

/// The checksums of what is at one place, as packages have them.
struct Sums {
    /// SHA-1, of v2.
    v2: String,
    /// SHA-256, cut to the length of the other, of v3.
    v3: String,
}

impl Sums {
    /// Reads what is at `path`; `None` if there is nothing that could have a checksum.
    fn of(root: &Root, path: &RootPath) -> Result<Option<Self>> {
        let mut both = Hashing::new(Sha1::new());
        match root.entry(path)?.map(|entry| entry.kind) {
            Some(Kind::File { .. }) => {
                io::copy(&mut root.open_file(path)?, &mut both)?;
            }
            Some(Kind::Symlink(target)) => both.write_all(&target)?,
            _ => return Ok(None),
        }
        let (v3, _, v2) = both.into_inner();
        let cut = v3.bytes().first_chunk().copied();
        Ok(Some(Self {
            v2: Checksum(v2.finalize().into()).to_string(),
            v3: Checksum(cut.unwrap_or_default()).to_string(),
        }))
    }

    /// The one that a package of its format has.
    fn by_rules_of(&self, installation: &Installation) -> &String {
        if installation.is_v3 {
            &self.v3
        } else {
            &self.v2
        }
    }
}
