//! The packages that dpkg knows of in an image that comes as a stream.
//!
//! | file | says |
//! | --- | --- |
//! | `var/lib/dpkg/status` | which packages are installed |
//! | `var/lib/dpkg/status.d/*` | the same, a paragraph each, in images without dpkg |
//! | `var/lib/dpkg/info/NAME[:ARCH].list`, else `status.d/NAME.md5sums` | their files |
//! | `var/lib/dpkg/diversions` | which of these are elsewhere |
//! | `var/lib/apt/extended_states` | which were installed for others only |
//! | `usr/share/doc/NAME/copyright` | their licences |

mod copyright;
#[cfg(test)]
mod tests;

use crate::{control::Control, database::Diversions, relation, stanza};
use boot_kit::{
    Context, Error, ErrorKind, Inventory, Result, RootPath,
    inventory::{Clause, Contents, Package},
};
use std::collections::BTreeSet;

const STATUS: &str = "var/lib/dpkg/status";
const STATUS_D: &[u8] = b"var/lib/dpkg/status.d/";
const INFO: &[u8] = b"var/lib/dpkg/info/";
const DIVERSIONS: &str = "var/lib/dpkg/diversions";
const EXTENDED_STATES: &str = "var/lib/apt/extended_states";
const DOC: &[u8] = b"usr/share/doc/";

/// What a package may have in `info/`: the names dpkg knows (deb-*(5)), and those of debconf and apt-listchanges' kin.
const INFO_KINDS: [&str; 13] = [
    "list",
    "md5sums",
    "conffiles",
    "preinst",
    "postinst",
    "prerm",
    "postrm",
    "triggers",
    "shlibs",
    "symbols",
    "templates",
    "config",
    "isinstalled",
];

/// The database of dpkg.
pub struct Dpkg;

impl Inventory for Dpkg {
    fn name(&self) -> &'static str {
        "dpkg"
    }

    fn wants(&self, path: &RootPath) -> bool {
        let path = path.bytes();
        [STATUS, DIVERSIONS, EXTENDED_STATES]
            .iter()
            .any(|known| known.as_bytes() == path)
            || path.starts_with(STATUS_D)
            || path.starts_with(INFO) && path.ends_with(b".list")
            || path.starts_with(DOC) && path.ends_with(b"/copyright")
    }

    fn read(&self, contents: &Contents) -> Result<Option<Vec<Package>>> {
        let whole = contents.get(&RootPath::from(STATUS));
        let parts = contents
            .iter()
            .filter(|(path, _)| is_status_part(path))
            .map(|(_, content)| content);
        let texts: Vec<&Vec<u8>> = whole.into_iter().chain(parts).collect();
        if texts.is_empty() {
            return Ok(None);
        }
        let empty = Vec::new();
        let diversions = contents.get(&RootPath::from(DIVERSIONS)).unwrap_or(&empty);
        let database = Database {
            contents,
            diversions: Diversions::parse(&String::from_utf8_lossy(diversions))?,
            automatic: automatic(contents)
                .context(|| format!("cannot read `{EXTENDED_STATES}`"))?,
        };
        let mut packages = Vec::new();
        for text in texts {
            for control in paragraphs(text).context(|| format!("cannot read `{STATUS}`"))? {
                if is_there(&control) {
                    packages.push(database.package(&control)?);
                }
            }
        }
        Ok(Some(packages))
    }
}

/// What is read beside the paragraphs.
struct Database<'a> {
    contents: &'a Contents,
    diversions: Diversions,
    /// Names, with architectures, of packages installed for others; `None` if nothing says so.
    automatic: Option<BTreeSet<(String, String)>>,
}

impl Database<'_> {
    fn package(&self, control: &Control) -> Result<Package> {
        let (name, arch) = (control.package(), control.architecture());
        let automatic = self.automatic.as_ref();
        // apt notes what is for all architectures under its own.
        let is_automatic = |known: &BTreeSet<(String, String)>| {
            known
                .iter()
                .any(|(noted, of)| noted == name && (arch == "all" || of == arch))
        };
        let info = [
            control.info_name(),
            name.to_owned(),
            format!("{name}:{arch}"),
        ];
        let info = info
            .into_iter()
            .find(|info| self.content(INFO, info, "list").is_some());
        Ok(Package {
            name: name.to_owned(),
            qualifier: arch.to_owned(),
            version: control.version().to_owned(),
            arch: Some(arch.to_owned()),
            source: Some(source(control).to_owned()),
            licences: self.licences(name),
            installed_bytes: installed_bytes(control),
            essential: ["Essential", "Protected"]
                .iter()
                .any(|field| control.get(field) == Some("yes")),
            priority: control.get("Priority").map(str::to_owned),
            automatic: automatic.map(is_automatic),
            provides: provides(control)?,
            needs: needs(control)?,
            files: self.files(name, info.as_deref()),
            generated: generated(name, info.as_deref()),
        })
    }

    fn content(&self, directory: &[u8], name: &str, ending: &str) -> Option<&[u8]> {
        let path = [directory, name.as_bytes(), b".", ending.as_bytes()].concat();
        let path = RootPath::parse(path).ok()?;
        self.contents.get(&path).map(Vec::as_slice)
    }

    /// The paths a package lists, where they are.
    fn files(&self, name: &str, info: Option<&str>) -> Vec<RootPath> {
        let list = info.and_then(|info| self.content(INFO, info, "list"));
        let paths: Vec<&[u8]> = if let Some(list) = list {
            lines(list).collect()
        } else {
            let sums = self.content(STATUS_D, name, "md5sums").unwrap_or_default();
            // A sum, two blanks, a path.
            lines(sums).filter_map(|line| line.get(34..)).collect()
        };
        // A path that is none cannot be in an image.
        let paths = paths
            .into_iter()
            .filter_map(|path| RootPath::parse(path).ok());
        paths
            .filter(|path| !path.is_root())
            .map(|path| match self.diversions.place(&path, name) {
                Some(elsewhere) => elsewhere.clone(),
                None => path,
            })
            .collect()
    }

    fn licences(&self, name: &str) -> Vec<String> {
        let path = [DOC, name.as_bytes(), b"/copyright"].concat();
        let path = RootPath::parse(path).ok();
        let text = path.and_then(|path| self.contents.get(&path));
        text.map(|text| copyright::licences(&String::from_utf8_lossy(text)))
            .unwrap_or_default()
    }
}

fn is_status_part(path: &RootPath) -> bool {
    path.bytes().starts_with(STATUS_D) && !path.bytes().ends_with(b".md5sums")
}

/// What belongs to a package in the database itself.
fn generated(name: &str, info: Option<&str>) -> Vec<RootPath> {
    let path = |directory: &[u8], file: String| {
        RootPath::parse([directory, file.as_bytes()].concat()).ok()
    };
    let in_info = info
        .into_iter()
        .flat_map(|info| INFO_KINDS.map(|kind| path(INFO, format!("{info}.{kind}"))));
    let in_parts = [name.to_owned(), format!("{name}.md5sums")].map(|file| path(STATUS_D, file));
    in_info.chain(in_parts).flatten().collect()
}

/// Whether its files are there: configured or not, but not removed.
fn is_there(control: &Control) -> bool {
    let state = control
        .get("Status")
        .and_then(|status| status.split(' ').nth(2));
    // Paragraphs of `status.d` have no status, or dpkg's.
    !matches!(state, Some("not-installed" | "config-files"))
}

fn paragraphs(text: &[u8]) -> Result<Vec<Control>> {
    let text = std::str::from_utf8(text)
        .map_err(|error| Error::new(ErrorKind::Parse, "the text is not UTF-8").caused_by(error))?;
    let paragraphs = text.split("\n\n").map(|text| text.trim_matches('\n'));
    let paragraphs = paragraphs.filter(|text| !text.is_empty());
    paragraphs
        .map(|text| Control::parse(text.as_bytes()))
        .collect()
}

/// The name of the source package: the field may have its version in parentheses.
fn source(control: &Control) -> &str {
    let named = control.get("Source").unwrap_or(control.package());
    named.split_whitespace().next().unwrap_or(named)
}

/// `Installed-Size` is in KiB.
fn installed_bytes(control: &Control) -> Option<u64> {
    let kibibytes: u64 = control.get("Installed-Size")?.trim().parse().ok()?;
    kibibytes.checked_mul(1024)
}

fn provides(control: &Control) -> Result<Vec<String>> {
    let provides = control.get("Provides").unwrap_or_default();
    let provides = relation::parse_provides(provides, control.architecture())
        .context(|| format!("cannot read what `{}` provides", control.package()))?;
    Ok(provides.iter().map(|it| it.name.to_owned()).collect())
}

fn needs(control: &Control) -> Result<Vec<Clause>> {
    let mut needs = Vec::new();
    for field in ["Pre-Depends", "Depends"] {
        let depends = control.get(field).unwrap_or_default();
        let clauses = relation::parse(depends, control.architecture())
            .context(|| format!("cannot read what `{}` depends on", control.package()))?;
        for clause in clauses {
            let texts: Vec<_> = clause.iter().map(ToString::to_string).collect();
            needs.push(Clause {
                text: texts.join(" | "),
                alternatives: clause.iter().map(|it| it.name.to_owned()).collect(),
            });
        }
    }
    Ok(needs)
}

/// Reads which packages apt installed for others; those it does not name were asked for.
fn automatic(contents: &Contents) -> Result<Option<BTreeSet<(String, String)>>> {
    let Some(text) = contents.get(&RootPath::from(EXTENDED_STATES)) else {
        return Ok(None);
    };
    let mut names = BTreeSet::new();
    let text = String::from_utf8_lossy(text);
    for paragraph in text.split("\n\n").map(|text| text.trim_matches('\n')) {
        if paragraph.is_empty() {
            continue;
        }
        let stanza = stanza::Stanza::parse(paragraph.as_bytes())?;
        let field = |name| stanza.get(name).unwrap_or_default().to_owned();
        if field("Auto-Installed") == "1" {
            names.insert((field("Package"), field("Architecture")));
        }
    }
    Ok(Some(names))
}

fn lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
}
