//! `var/lib/dpkg/status`: one paragraph for each package, sorted by name and architecture.

use super::info::info_path;
use crate::{
    archive::{Conffile, Unpacked},
    control::Control,
    relation,
};
use boot_kit::{Context, Error, ErrorKind, Result, Root, RootPath};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write,
};

const PATH: &str = "var/lib/dpkg/status";

/// The status of a package that is completely installed.
const INSTALLED: &str = "install ok installed";

/// The status of a package that is still to be configured.
const UNPACKED: &str = "install ok unpacked";

/// The order in which dpkg writes the fields it knows (`fieldinfos` in its lib/dpkg/parse.c); all others follow in
/// the order of the package's own control file.
const ORDER: [&str; 26] = [
    "Package",
    "Essential",
    "Protected",
    "Status",
    "Priority",
    "Section",
    "Installed-Size",
    "Origin",
    "Maintainer",
    "Bugs",
    "Architecture",
    "Multi-Arch",
    "Source",
    "Version",
    "Config-Version",
    "Replaces",
    "Provides",
    "Depends",
    "Pre-Depends",
    "Recommends",
    "Suggests",
    "Breaks",
    "Conflicts",
    "Enhances",
    "Conffiles",
    "Description",
];

/// The packages a root says it holds.
#[derive(Default)]
pub struct Status {
    paragraphs: BTreeMap<(String, String), String>,
}

impl Status {
    /// Reads the file; a root without one holds no packages.
    pub fn read(root: &Root) -> Result<Self> {
        let mut paragraphs = BTreeMap::new();
        let text = root.read(&RootPath::from(PATH))?.unwrap_or_default();
        let text = String::from_utf8(text)
            .map_err(|error| Error::new(ErrorKind::Parse, "the text is not UTF-8").caused_by(error))
            .context(|| format!("cannot read `{PATH}`"))?;
        for paragraph in text
            .split("\n\n")
            .map(|paragraph| paragraph.trim_matches('\n'))
        {
            if !paragraph.is_empty() {
                let key = (
                    field(paragraph, "Package"),
                    field(paragraph, "Architecture"),
                );
                paragraphs.insert(
                    (key.0.to_owned(), key.1.to_owned()),
                    format!("{paragraph}\n"),
                );
            }
        }
        Ok(Self { paragraphs })
    }

    /// Adds a package whose files have landed and whose scripts are still to run.
    pub fn insert_unpacked(&mut self, package: &Unpacked) {
        let control = &package.control;
        let key = (
            control.package().to_owned(),
            control.architecture().to_owned(),
        );
        self.paragraphs.insert(key, paragraph(package));
    }

    /// Writes the file.
    pub fn write(&self, root: &Root) -> Result<()> {
        let mut text = String::new();
        for paragraph in self.paragraphs.values() {
            text.push_str(paragraph);
            text.push('\n');
        }
        root.write(&RootPath::from(PATH), text.as_bytes(), 0o644)
    }

    /// Names the scripts of that kind which packages that are not completely installed would have.
    pub fn unfinished_scripts(&self, kind: &str) -> Result<Vec<RootPath>> {
        let controls = self.controls()?;
        controls
            .iter()
            .filter(|control| control.get("Status") != Some(INSTALLED))
            .map(|control| info_path(&control.info_name(), kind))
            .collect()
    }

    /// Reads all paragraphs, sorted by name and architecture.
    pub fn controls(&self) -> Result<Vec<Control>> {
        let paragraphs = self.paragraphs.values();
        paragraphs
            .map(|paragraph| Control::parse(paragraph.as_bytes()))
            .collect()
    }

    /// Lists the packages that are not completely installed, each with its status.
    pub fn unfinished(&self) -> Vec<(String, String)> {
        let status = |(key, paragraph): (&(String, String), &String)| {
            (key.0.clone(), field(paragraph, "Status").to_owned())
        };
        self.paragraphs
            .iter()
            .map(status)
            .filter(|(_, status)| status != INSTALLED)
            .collect()
    }

    /// Names (`name:architecture`) those of the essential packages and of all they depend on that are still to be
    /// configured.
    pub fn unconfigured_essentials(&self) -> Result<Vec<String>> {
        self.unconfigured(&[], &|control| control.get("Essential") == Some("yes"))
    }

    /// Names likewise what must be configured before `preinst` scripts of `packages` run.
    pub fn unconfigured_pre_depends(&self, packages: &[Control]) -> Result<Vec<String>> {
        let mut names = Vec::new();
        for control in packages {
            let depends = control.get("Pre-Depends").unwrap_or_default();
            let relations = relation::parse(depends, control.architecture())?.concat();
            names.extend(relations.iter().map(|relation| relation.name));
        }
        self.unconfigured(&names, &|_| false)
    }

    /// Names what is still to be configured of the packages that have or provide one of `names`, of those `is_wanted`
    /// says yes to, and of all they depend on.
    ///
    /// Of alternatives, every one that is there counts.
    fn unconfigured(
        &self,
        names: &[&str],
        is_wanted: &dyn Fn(&Control) -> bool,
    ) -> Result<Vec<String>> {
        let packages = self.controls()?;
        let mut providers: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (number, control) in packages.iter().enumerate() {
            providers.entry(control.package()).or_default().push(number);
            let provides = control.get("Provides").unwrap_or_default();
            for relation in relation::parse_provides(provides, control.architecture())? {
                providers.entry(relation.name).or_default().push(number);
            }
        }
        let mut open: Vec<usize> = (0..packages.len())
            .filter(|number| is_wanted(&packages[*number]))
            .collect();
        open.extend(
            names
                .iter()
                .filter_map(|name| providers.get(name))
                .flatten(),
        );
        let mut found = BTreeSet::new();
        while let Some(number) = open.pop() {
            if !found.insert(number) {
                continue;
            }
            let control = &packages[number];
            for field in ["Pre-Depends", "Depends"] {
                let depends = control.get(field).unwrap_or_default();
                for relation in relation::parse(depends, control.architecture())?.concat() {
                    open.extend(providers.get(relation.name).into_iter().flatten());
                }
            }
        }
        let found = found.into_iter().map(|number| &packages[number]);
        Ok(found
            .filter(|control| control.get("Status") == Some(UNPACKED))
            .map(|control| format!("{}:{}", control.package(), control.architecture()))
            .collect())
    }

    /// Tells whether any package is there.
    pub fn is_empty(&self) -> bool {
        self.paragraphs.is_empty()
    }
}

/// Reads one single-line field of a paragraph.
fn field<'a>(paragraph: &'a str, name: &str) -> &'a str {
    let found = paragraph
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
    found.unwrap_or_default()
}

fn paragraph(package: &Unpacked) -> String {
    let control = &package.control;
    let conffiles = conffiles(package);
    let mut text = String::new();
    let mut add = |name: &str, value: &str| {
        let blank = if value.starts_with('\n') || value.is_empty() {
            ""
        } else {
            " "
        };
        writeln!(text, "{name}:{blank}{value}").expect("strings take all that is written");
    };
    for name in ORDER {
        match name {
            "Status" => add(name, UNPACKED),
            "Conffiles" if !conffiles.is_empty() => add(name, &conffiles),
            "Conffiles" => {}
            _ => control
                .get(name)
                .into_iter()
                .for_each(|value| add(name, value)),
        }
    }
    for (name, value) in control.fields() {
        if !ORDER.iter().any(|known| known.eq_ignore_ascii_case(name)) {
            add(name, value);
        }
    }
    text
}

/// Lists configuration files as not yet configured: dpkg replaces the word by the file's MD5.
fn conffiles(package: &Unpacked) -> String {
    let line = |conffile: Conffile| {
        let path = String::from_utf8_lossy(conffile.path);
        let flag = if conffile.remove_on_upgrade {
            " remove-on-upgrade"
        } else {
            ""
        };
        format!("\n {path} newconffile{flag}")
    };
    package.conffiles().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{archive::ControlFile, control::Control};

    fn status(paragraphs: &[&str]) -> Status {
        let mut status = Status::default();
        for text in paragraphs {
            let key = (field(text, "Package"), field(text, "Architecture"));
            let key = (key.0.to_owned(), key.1.to_owned());
            status.paragraphs.insert(key, format!("{text}\n"));
        }
        status
    }

    const TOOL: &str = "Package: tool\nEssential: yes\nStatus: install ok unpacked\nArchitecture: amd64\nVersion: 1\n\
                        Depends: absent | library (>= 2),\n words\nPre-Depends: awk";
    const LIBRARY: &str = "Package: library\nStatus: install ok unpacked\nArchitecture: amd64\nVersion: 2\n\
                           Depends: tool";
    const AWK: &str = "Package: mawk\nStatus: install ok unpacked\nArchitecture: amd64\nVersion: 1\nProvides: awk";
    const WORDS: &str =
        "Package: words\nStatus: install ok unpacked\nArchitecture: all\nVersion: 1";
    const OTHER: &str = "Package: other\nStatus: install ok unpacked\nArchitecture: amd64\nVersion: 1\n\
                         Depends: library\nRecommends: tool";

    #[test]
    fn essentials_are_found_with_all_they_depend_on() {
        let status = status(&[TOOL, LIBRARY, AWK, WORDS, OTHER]);
        assert_eq!(
            status.unconfigured_essentials().expect("well-formed"),
            ["library:amd64", "mawk:amd64", "tool:amd64", "words:all"]
        );
    }

    #[test]
    fn finished_essentials_are_not_named() {
        let done = |text: &str| text.replace("unpacked", "installed");
        let (tool, awk) = (done(TOOL), done(AWK));
        let status = status(&[&tool, LIBRARY, &awk, OTHER]);
        assert_eq!(
            status.unconfigured_essentials().expect("well-formed"),
            ["library:amd64"]
        );
    }

    #[test]
    fn what_a_preinst_needs_is_named_with_what_that_needs() {
        let status = status(&[TOOL, LIBRARY, AWK, WORDS, OTHER]);
        let needed = |pre_depends: &str| {
            let text = format!("Package: x\nVersion: 1\nArchitecture: amd64\n{pre_depends}");
            let control = Control::parse(text.as_bytes()).expect("well-formed");
            let needed = status.unconfigured_pre_depends(&[control]);
            needed.expect("well-formed").join(" ")
        };
        assert_eq!(needed("Depends: other\n"), "");
        assert_eq!(
            needed("Pre-Depends: absent | awk, words\n"),
            "mawk:amd64 words:all"
        );
        assert_eq!(
            needed("Pre-Depends: library:any (>= 1)\n"),
            "library:amd64 mawk:amd64 tool:amd64 words:all"
        );
    }

    #[test]
    fn known_fields_come_in_dpkgs_order_then_the_rest_in_their_own() {
        let control = b"Package: a\nVersion: 1\nZ-Own: z\nArchitecture: all\nDepends: b\nHomepage: h\nDescription: d\n e\n";
        let content = b"/etc/a\nremove-on-upgrade /etc/b\n".to_vec();
        let package = Unpacked {
            control: Control::parse(control).expect("well-formed"),
            files: vec![ControlFile {
                name: "conffiles".into(),
                content,
                mode: 0o644,
                mtime: 0,
            }],
            paths: vec![],
        };
        let mut status = Status::default();
        status.insert_unpacked(&package);
        assert_eq!(
            status.paragraphs.values().next().expect("one package"),
            "Package: a\nStatus: install ok unpacked\nArchitecture: all\nVersion: 1\nDepends: b\nConffiles:\n \
             /etc/a newconffile\n /etc/b newconffile remove-on-upgrade\nDescription: d\n e\nZ-Own: z\nHomepage: h\n"
        );
        assert_eq!(
            status.unfinished(),
            [("a".into(), "install ok unpacked".into())]
        );
    }
}
