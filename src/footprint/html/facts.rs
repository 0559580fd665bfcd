//! Single numbers and words of every image.

use super::report::{Better, Fact, Kind, Section, Value};
use crate::{
    export::oci::date::rfc3339,
    footprint::{
        Footprint,
        model::{Form, Program},
    },
};
use std::collections::BTreeSet;

/// Lists what the page says of every image in one number or a few words.
pub(super) fn facts(images: &[&Footprint]) -> Vec<Fact> {
    let mut facts = Facts {
        images,
        facts: Vec::new(),
    };
    facts.sizes();
    facts.counts();
    facts.programs();
    facts.privileges();
    facts.origin();
    facts.facts
}

struct Facts<'a> {
    images: &'a [&'a Footprint],
    facts: Vec<Fact>,
}

impl Facts<'_> {
    /// Adds a fact, unless no image knows it.
    fn add<V: Into<Value>>(
        &mut self,
        (section, kind, better): (Section, Kind, Option<Better>),
        label: &str,
        note: Option<&str>,
        value: impl Fn(&Footprint) -> Option<V>,
    ) {
        let values = self.images.iter().map(|image| value(image).map(Into::into));
        let values: Vec<Option<Value>> = values.collect();
        if values.iter().any(Option::is_some) {
            self.facts.push(Fact {
                section,
                label: label.to_owned(),
                kind,
                better,
                note: note.map(str::to_owned),
                values,
            });
        }
    }

    fn sizes(&mut self) {
        let size = (Section::Size, Kind::Bytes, Some(Better::Lower));
        let zstd = "the tree as a tar, compressed by zstd at level 3";
        self.add(size, "Download", Some(zstd), |image| Some(image.sizes.zstd));
        let gzip = "the same by gzip at level 6";
        self.add(size, "Download, gzip", Some(gzip), |image| image.sizes.gzip);
        let content = "of all files, each counted once";
        self.add(size, "Content", Some(content), |image| {
            Some(image.sizes.content)
        });
        let disk = "in blocks of 4 KiB";
        self.add(size, "On disk", Some(disk), |image| Some(image.sizes.disk));
        self.add(size, "As a tar", None, |image| Some(image.sizes.tar));
        let stored = "the file that was read";
        let plain = (Section::Size, Kind::Bytes, None);
        self.add(plain, "As stored", Some(stored), |image| image.sizes.stored);
    }

    fn counts(&mut self) {
        let plain = (Section::Counts, Kind::Count, None);
        let fewer = (Section::Counts, Kind::Count, Some(Better::Lower));
        let smaller = (Section::Counts, Kind::Bytes, Some(Better::Lower));
        let text = (Section::Counts, Kind::Text, None);
        self.add(fewer, "Packages", None, |image| {
            is_known(image).then_some(image.packages.len() as u64)
        });
        self.add(fewer, "Source packages", None, |image| {
            let sources = image.packages.iter().map(|it| it.source.as_deref());
            let sources: Option<BTreeSet<&str>> = sources.collect();
            let sources = sources.filter(|_| is_known(image));
            sources.map(|sources| sources.len() as u64)
        });
        self.add(text, "Package database", None, |image| {
            let kinds: Vec<_> = image.inventories.iter().map(|it| &*it.kind).collect();
            Some(or_none(kinds.join(", ")))
        });
        let unowned = "neither listed by a package nor generated for one";
        self.add(plain, "Files of no package", Some(unowned), |image| {
            is_known(image).then_some(image.ownership.unowned.files)
        });
        self.add(smaller, "Content of these files", None, |image| {
            is_known(image).then_some(image.ownership.unowned.bytes)
        });
        self.add(smaller, "Generated for packages", None, |image| {
            is_known(image).then_some(image.ownership.generated.bytes)
        });
        let missing = "left out by a prune profile or a filter";
        self.add(
            plain,
            "Files that packages list in vain",
            Some(missing),
            |image| {
                is_known(image).then(|| {
                    image
                        .packages
                        .iter()
                        .map(|it| it.missing_files)
                        .sum::<u64>()
                })
            },
        );
        self.add(plain, "Files", None, |image| Some(image.entries.files));
        self.add(plain, "Directories", None, |image| {
            Some(image.entries.directories)
        });
        self.add(plain, "Symbolic links", None, |image| {
            Some(image.entries.symlinks)
        });
        self.add(fewer, "Links that lead nowhere", None, |image| {
            Some(image.entries.dangling)
        });
        self.add(plain, "Hard links", None, |image| {
            Some(image.entries.hardlinks)
        });
        self.add(plain, "Devices", None, |image| Some(image.entries.devices));
        self.add(
            smaller,
            "Content that is there more than once",
            None,
            |image| Some(image.duplicates.bytes),
        );
        let licences = "of packages that name theirs in what was read";
        self.add(plain, "Licences", Some(licences), |image| {
            is_known(image).then_some(image.licences.len() as u64)
        });
        self.add(fewer, "Packages that name none", None, |image| {
            is_known(image).then_some(image.unlicensed_packages)
        });
    }

    fn programs(&mut self) {
        let plain = (Section::Counts, Kind::Count, None);
        let fewer = (Section::Counts, Kind::Count, Some(Better::Lower));
        let text = (Section::Counts, Kind::Text, None);
        self.add(plain, "Programs (ELF)", None, |image| {
            Some(image.elf.programs)
        });
        self.add(plain, "Shared libraries", None, |image| {
            Some(image.elf.libraries)
        });
        self.add(fewer, "Not stripped", None, |image| {
            Some(image.elf.unstripped.len() as u64)
        });
        self.add(text, "C library", None, |image| {
            let libc = image.libc.iter().map(|libc| match &libc.version {
                Some(version) => format!("{} {version}", libc.name),
                None => libc.name.clone(),
            });
            Some(or_none(libc.collect::<Vec<_>>().join(", ")))
        });
        self.add(text, "Shells", None, |image| Some(names(&image.shells)));
        self.add(text, "Interpreters", None, |image| {
            Some(names(&image.interpreters))
        });
        self.add(text, "Package managers", None, |image| {
            Some(names(&image.package_managers))
        });
    }

    fn privileges(&mut self) {
        let fewer = (Section::Privilege, Kind::Count, Some(Better::Lower));
        let plain = (Section::Privilege, Kind::Count, None);
        self.add(fewer, "Setuid files", None, |image| {
            Some(image.privilege.setuid.len() as u64)
        });
        self.add(fewer, "Setgid files", None, |image| {
            Some(image.privilege.setgid.len() as u64)
        });
        self.add(fewer, "Files with capabilities", None, |image| {
            Some(image.privilege.capabilities.len() as u64)
        });
        self.add(fewer, "World-writable", None, |image| {
            Some(image.privilege.world_writable.len() as u64)
        });
        self.add(plain, "Accounts", None, |image| image.accounts.total);
        self.add(fewer, "Accounts that can log in", None, |image| {
            let login = image.accounts.login.len() as u64;
            image.accounts.total.map(|_| login)
        });
        self.add(
            fewer,
            "Keys and machine identity left behind",
            None,
            |image| Some(image.secrets.len() as u64),
        );
    }

    fn origin(&mut self) {
        let text = (Section::Origin, Kind::Text, None);
        self.add(text, "Read from", None, |image| {
            Some(format!(
                "{} ({})",
                image.image.source,
                form(image.image.form)
            ))
        });
        self.add(text, "Its own name", None, |image| {
            image.image.reference.clone()
        });
        self.add(text, "System", None, |image| image.image.os_title.clone());
        self.add(text, "Platform", None, |image| image.image.platform.clone());
        let count = (Section::Origin, Kind::Count, None);
        self.add(count, "Layers", None, |image| {
            let layers = image.image.layers.len() as u64;
            (layers > 0).then_some(layers)
        });
        let newest = "directories do not count";
        self.add(text, "Newest file", Some(newest), |image| {
            image.image.newest.map(day)
        });
    }
}

/// Tells whether the packages of an image are known: some database could be read.
pub(super) fn is_known(image: &Footprint) -> bool {
    let mut inventories = image.inventories.iter();
    inventories.any(|inventory| inventory.packages.is_some())
}

fn or_none(text: String) -> String {
    if text.is_empty() {
        "none".to_owned()
    } else {
        text
    }
}

/// Names programs by the last parts of their paths.
fn names(programs: &[Program]) -> String {
    let name = |program: &Program| {
        let path = program.path.rsplit_once('/');
        path.map_or(program.path.clone(), |(_, name)| name.to_owned())
    };
    let names: BTreeSet<String> = programs.iter().map(name).collect();
    or_none(names.into_iter().collect::<Vec<_>>().join(", "))
}

fn form(form: Form) -> &'static str {
    match form {
        Form::Tar => "a tar",
        Form::OciArchive => "an OCI archive",
        Form::OciDirectory => "an OCI directory",
        Form::DockerArchive => "a docker archive",
        Form::Directory => "a directory",
        Form::Recipe => "a recipe",
    }
}

/// Writes the day of a time, in UTC.
fn day(seconds: i64) -> String {
    let mut date = rfc3339(seconds);
    date.truncate("2026-01-31".len());
    date
}
