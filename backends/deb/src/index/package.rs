//! One package of the universe, and what its stanza says.

use super::{
    Architectures, List, SlotId, Universe,
    scan::{ALLOWED, BASE, ESSENTIAL, FOREIGN, PROTECTED, Record, SAME},
};
use crate::{
    relation::{self, Relation},
    stanza::Stanza,
    sum::Sum,
};
use boot_kit::{Context, Error, ErrorKind, Result};
use std::{fmt, num::NonZero};

/// The number of a package in its universe: one name, version and architecture. One more than its place, so that none at
/// all needs no room of its own: there are many of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PackageId(NonZero<u32>);

impl PackageId {
    /// Makes the id of the package whose record is at `place`.
    pub(super) fn new(place: u32) -> Self {
        Self(NonZero::<u32>::MIN.saturating_add(place))
    }

    /// Where its record is.
    pub(super) fn place(self) -> usize {
        self.0.get() as usize - 1
    }
}

/// How a package may be used by packages of other architectures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MultiArch {
    /// Only by its own.
    No,
    /// Several architectures of it may be installed at once, if they are of one version.
    Same,
    /// By all.
    Foreign,
    /// By those that ask for `:any`.
    Allowed,
}

/// How important the archive holds a package.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Priority {
    /// `required`
    Required,
    /// `important`
    Important,
    /// `standard`
    Standard,
    /// `optional`
    Optional,
    /// `extra`, and whatever is not known
    Extra,
}

impl Priority {
    /// Finds the priority of this name.
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "required" => Self::Required,
            "important" => Self::Important,
            "standard" => Self::Standard,
            "optional" => Self::Optional,
            "extra" => Self::Extra,
            _ => return None,
        })
    }
}

/// A package: what is always known is free, the rest is parsed at each call.
#[derive(Clone, Copy)]
pub struct Package<'u> {
    universe: &'u Universe<'u>,
    id: PackageId,
}

impl<'u> Package<'u> {
    pub(super) fn new(universe: &'u Universe<'u>, id: PackageId) -> Self {
        Self { universe, id }
    }

    /// Its number.
    pub fn id(&self) -> PackageId {
        self.id
    }

    /// Its name.
    pub fn name(&self) -> &'u str {
        let record = self.record();
        self.text(record.name, u32::from(record.name_length))
    }

    /// Its version.
    pub fn version(&self) -> &'u str {
        let record = self.record();
        self.text(record.version, u32::from(record.version_length))
    }

    /// Its architecture, `all` among them.
    pub fn arch(&self) -> &'u str {
        &self.universe.architectures.names[usize::from(self.record().arch)]
    }

    /// The architecture its dependencies are of: the native one if it is for `all`.
    pub(crate) fn own_arch(&self) -> &'u str {
        let arch = self.record().arch.max(Architectures::NATIVE);
        &self.universe.architectures.names[usize::from(arch)]
    }

    /// Tells whether it is for the native architecture or for all.
    pub fn is_native(&self) -> bool {
        self.record().arch <= Architectures::NATIVE
    }

    /// Tells whether it is for all architectures.
    pub fn is_for_all(&self) -> bool {
        self.record().arch == Architectures::ALL
    }

    /// How packages of other architectures may use it.
    pub fn multi_arch(&self) -> MultiArch {
        let flags = self.record().flags;
        match () {
            () if flags & SAME != 0 => MultiArch::Same,
            () if flags & FOREIGN != 0 => MultiArch::Foreign,
            () if flags & ALLOWED != 0 => MultiArch::Allowed,
            () => MultiArch::No,
        }
    }

    /// Tells whether it is `Essential: yes`.
    pub fn is_essential(&self) -> bool {
        self.record().flags & ESSENTIAL != 0
    }

    /// Tells whether it is `Protected: yes` (or the older `Important: yes`).
    pub fn is_protected(&self) -> bool {
        self.record().flags & PROTECTED != 0
    }

    /// Tells whether a list of a base suite has it.
    pub fn is_base(&self) -> bool {
        self.record().flags & BASE != 0
    }

    /// Its priority, as the archive overrides it.
    pub fn priority(&self) -> Priority {
        match self.record().priority {
            0 => Priority::Required,
            1 => Priority::Important,
            2 => Priority::Standard,
            3 => Priority::Optional,
            _ => Priority::Extra,
        }
    }

    /// The highest pin of the lists that have this version.
    pub fn pin(&self) -> i16 {
        self.record().pin
    }

    /// The list it was found in; the first, if several have this version.
    pub fn list(&self) -> &'u List<'u> {
        &self.universe.lists[usize::from(self.record().list)]
    }

    /// The caller's number of the archive that has its file.
    pub fn archive(&self) -> u16 {
        self.list().archive
    }

    /// Its whole stanza.
    pub fn stanza(&self) -> Result<Stanza<'u>> {
        let record = self.record();
        let text = self.list().text.slice(record.start, record.length);
        Stanza::parse(text).context(|| self.cannot_read())
    }

    /// Its section, e.g. `libs` or `contrib/net`.
    pub fn section(&self) -> Result<Option<&'u str>> {
        Ok(self.stanza()?.get("Section"))
    }

    /// The path of its file below the URL of the archive: relative, without `..`.
    pub fn filename(&self) -> Result<&'u str> {
        let path = self.required("Filename")?;
        if path.starts_with('/') || path.split('/').any(|part| part == "..") {
            let message = format!("field `Filename` leads out of the archive: `{path}`");
            return Err(Error::new(ErrorKind::Parse, message)).context(|| self.cannot_read());
        }
        Ok(path.trim_start_matches("./"))
    }

    /// The length of its file in bytes.
    pub fn size(&self) -> Result<u64> {
        let text = self.required("Size")?;
        let refuse = |_| Error::new(ErrorKind::Parse, format!("`{text}` is not a size"));
        text.parse().map_err(refuse).context(|| self.cannot_read())
    }

    /// What it says its files take when installed, in bytes; 0 if it does not say.
    ///
    /// Policy 5.6.20: kibibytes, each file rounded up.
    pub fn installed_bytes(&self) -> Result<u64> {
        let stanza = self.stanza()?;
        let Some(text) = stanza.get("Installed-Size") else {
            return Ok(0);
        };
        let refuse = |_| {
            Error::new(
                ErrorKind::Parse,
                format!("`{text}` is not an installed size"),
            )
        };
        let kibibytes: u64 = text
            .parse()
            .map_err(refuse)
            .context(|| self.cannot_read())?;
        Ok(kibibytes.saturating_mul(1024))
    }

    /// What proves its file.
    pub fn sum(&self) -> Result<Sum> {
        let stanza = self.stanza()?;
        let (name, text) = match Sum::first(|name| stanza.get(name)) {
            Some(sum) => sum,
            None => (Sum::FIELDS[0], self.required(Sum::FIELDS[0])?),
        };
        Sum::parse(name, text).context(|| self.cannot_read())
    }

    /// The clauses of a field such as `Depends`; none if it has no such field.
    pub fn relations(&self, field: &str) -> Result<Vec<Vec<Relation<'u>>>> {
        self.relations_in(&self.stanza()?, field)
    }

    /// The same, from its stanza already taken apart.
    pub(crate) fn relations_in(
        &self,
        stanza: &Stanza<'u>,
        field: &str,
    ) -> Result<Vec<Vec<Relation<'u>>>> {
        let Some(text) = stanza.get(field) else {
            return Ok(Vec::new());
        };
        relation::parse(text, self.own_arch()).context(|| self.cannot_read())
    }

    /// What it provides besides itself.
    pub fn provides(&self) -> Result<Vec<Relation<'u>>> {
        let record = self.record();
        let text = self.text(record.provides, record.provides_length);
        relation::parse_provides(text, self.own_arch()).context(|| self.cannot_read())
    }

    /// Tells whether a list of the suite has it, by codename or by suite.
    pub(crate) fn is_in_suite(&self, suite: &str) -> bool {
        self.list().suites.contains(&suite)
    }

    /// The slot it is a version of.
    pub(crate) fn slot(&self) -> SlotId {
        SlotId(self.universe.slot_of[self.id.place()])
    }

    fn record(&self) -> &'u Record {
        &self.universe.records[self.id.place()]
    }

    fn required(&self, field: &str) -> Result<&'u str> {
        let stanza = self.stanza()?;
        stanza.require(field).context(|| self.cannot_read())
    }

    fn cannot_read(&self) -> String {
        format!(
            "cannot read package `{}` in `{}`",
            self.name(),
            self.list().name
        )
    }

    /// A part of the list; what is not UTF-8 is left out.
    fn text(&self, start: u32, length: u32) -> &'u str {
        let bytes = self.list().text.slice(start, length);
        std::str::from_utf8(bytes).unwrap_or_default()
    }
}

impl fmt::Display for Package<'_> {
    /// Writes `name` or, if it is foreign, `name:arch`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())?;
        if self.is_native() {
            return Ok(());
        }
        write!(f, ":{}", self.arch())
    }
}

impl fmt::Debug for Package<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self} {}", self.version())
    }
}
