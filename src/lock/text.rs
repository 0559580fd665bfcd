//! The lock as a file: TOML, one artifact a line, always in the same order. `docs/reference/lock.md` describes it.

use super::{Asked, Formats, Layer, Lock, Locked, Place};
use crate::recipe::document;
use boot_kit::{Context, Digest, Error, ErrorKind, Proof, Result, SignedIndex};
use serde::{Deserialize, Deserializer, de};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write,
};

/// The form of the file; a change that older programs cannot read counts it up.
const FORMAT: u32 = 1;

const HEAD: &str = "\
# Written by `boot lock`: the exact packages of an image, from which `--locked` builds the same bytes.
# Do not edit it: run `boot lock` again.
";

/// Writes the file.
pub fn render(lock: &Lock) -> String {
    let mut text = String::from(HEAD);
    let mut line = |line: String| {
        text.push_str(&line);
        text.push('\n');
    };
    line(format!("format = {FORMAT}"));
    line(format!("epoch = {}", lock.epoch));
    line("\n[request]".to_owned());
    let Asked {
        distribution,
        release,
        variant,
        arch,
        platform,
        components,
        include,
        exclude,
        recommends,
        prune,
        keep_locales,
        no_scripts,
        epoch,
    } = &lock.asked;
    for (key, value) in [
        ("distribution", distribution),
        ("release", release),
        ("variant", variant),
        ("arch", arch),
        ("platform", platform),
    ] {
        line(format!("{key} = {}", quoted(value)));
    }
    line(format!("components = {}", list(components)));
    line(format!("include = {}", list(include)));
    line(format!("exclude = {}", list(exclude)));
    line(format!("recommends = {recommends}"));
    line(format!("prune = {}", quoted(prune)));
    line(format!("keep-locales = {}", list(keep_locales)));
    line(format!("no-scripts = {no_scripts}"));
    if let Some(epoch) = epoch {
        line(format!("epoch = {epoch}"));
    }
    line("\n[formats]".to_owned());
    line(format!("tar = {}", lock.formats.tar));
    line(format!("layer = {}", lock.formats.layer));
    line(format!("backend = {}", quoted(&lock.formats.backend)));
    line(format!("prune = \"{}\"", lock.formats.prune));
    for archive in &lock.archives {
        line("\n[[archive]]".to_owned());
        line(format!("mirrors = {}", list(archive)));
    }
    for index in &lock.indexes {
        line("\n[[index]]".to_owned());
        line(format!("name = {}", quoted(&index.name)));
        line(format!("url = {}", quoted(&index.url)));
        line(format!("sha256 = \"{}\"", index.sha256));
        line(format!("date = {}", index.date));
    }
    if !lock.notes.is_empty() {
        line("\n[notes]".to_owned());
        for (key, note) in &lock.notes {
            line(format!("{} = {}", quoted(key), quoted(note)));
        }
    }
    for layer in &lock.layers {
        line("\n[[layer]]".to_owned());
        line(format!("name = {}", quoted(&layer.name)));
        for step in &layer.steps {
            line("\n[[layer.step]]".to_owned());
            line("artifacts = [".to_owned());
            for locked in step {
                line(format!("  {},", artifact(locked)));
            }
            line("]".to_owned());
        }
    }
    text
}

fn artifact(locked: &Locked) -> String {
    let mut text = format!(
        "{{ name = {}, version = {}, arch = {}, size = {}, requested = {}",
        quoted(&locked.name),
        quoted(&locked.version),
        quoted(&locked.arch),
        locked.size,
        locked.requested
    );
    // Writing to a string does not fail.
    let _ = match &locked.place {
        Place::Below { archive, path } => {
            write!(text, ", archive = {archive}, path = {}", quoted(path))
        }
        Place::At(urls) => {
            let urls: Vec<String> = urls.iter().map(|url| quoted(url)).collect();
            write!(text, ", urls = [{}]", urls.join(", "))
        }
    };
    let _ = write!(text, ", proof = {} }}", quoted(&locked.proof.to_string()));
    text
}

/// A list with an item a line, so that a change of one is a change of one line.
fn list(items: &[String]) -> String {
    if items.is_empty() {
        return "[]".to_owned();
    }
    let lines = items.iter().map(|item| format!("  {},\n", quoted(item)));
    format!("[\n{}]", lines.collect::<String>())
}

/// A string on one line, as JSON and TOML both write it.
fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for letter in text.chars() {
        match letter {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            letter if letter.is_control() => {
                let _ = write!(quoted, "\\u{:04X}", u32::from(letter));
            }
            letter => quoted.push(letter),
        }
    }
    quoted.push('"');
    quoted
}

/// Reads the text of the file `name`.
///
/// Errors with [`ErrorKind::Usage`], naming the line where it can, else the artifact.
pub fn parse(name: &str, text: &str) -> Result<Lock> {
    // Before its keys are looked at: a later format may have others.
    let version: Version = document::parse(name, text)?;
    if version.format != FORMAT {
        let message = format!(
            "`{name}` has format {}, this `boot` reads {FORMAT}",
            version.format
        );
        return Err(Error::new(ErrorKind::Usage, message)
            .with_hint("write it anew with `boot lock`, or use the `boot` that wrote it"));
    }
    let file: File = document::parse(name, text)?;
    file.lock().context(|| format!("cannot use `{name}`"))
}

#[derive(Deserialize)]
struct Version {
    format: u32,
}

/// The file as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(rename = "format")]
    _format: u32,
    #[serde(deserialize_with = "date")]
    epoch: i64,
    request: Asked,
    formats: FormatsTable,
    #[serde(default)]
    archive: Vec<ArchiveTable>,
    #[serde(default)]
    index: Vec<IndexTable>,
    #[serde(default)]
    notes: BTreeMap<String, String>,
    #[serde(default)]
    layer: Vec<LayerTable>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FormatsTable {
    tar: u32,
    layer: u32,
    backend: String,
    prune: Digest,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ArchiveTable {
    #[serde(deserialize_with = "bases")]
    mirrors: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct IndexTable {
    name: String,
    url: String,
    sha256: Digest,
    #[serde(deserialize_with = "date")]
    date: i64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LayerTable {
    name: String,
    #[serde(default)]
    step: Vec<StepTable>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StepTable {
    artifacts: Vec<ArtifactTable>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ArtifactTable {
    name: String,
    version: String,
    arch: String,
    size: u64,
    requested: bool,
    archive: Option<usize>,
    #[serde(default, deserialize_with = "path")]
    path: Option<String>,
    #[serde(default, deserialize_with = "urls")]
    urls: Vec<String>,
    proof: Proof,
}

impl File {
    /// Checks what the lines say of each other.
    fn lock(self) -> Result<Lock> {
        let archives: Vec<Vec<String>> = self.archive.into_iter().map(|it| it.mirrors).collect();
        let mut names = BTreeSet::new();
        let mut layers = Vec::new();
        for layer in self.layer {
            let mut steps = Vec::new();
            for step in layer.step {
                let mut artifacts = Vec::new();
                for artifact in step.artifacts {
                    let locked = artifact.locked(archives.len())?;
                    if !names.insert((locked.name.clone(), locked.arch.clone())) {
                        let message = format!(
                            "artifact `{}` of `{}` is there twice",
                            locked.name, locked.arch
                        );
                        return Err(Error::new(ErrorKind::Usage, message));
                    }
                    artifacts.push(locked);
                }
                steps.push(artifacts);
            }
            layers.push(Layer {
                name: layer.name,
                steps,
            });
        }
        let indexes = self.index.into_iter().map(|index| SignedIndex {
            name: index.name,
            url: index.url,
            sha256: index.sha256,
            date: index.date,
        });
        Ok(Lock {
            asked: self.request,
            epoch: self.epoch,
            formats: Formats {
                tar: self.formats.tar,
                layer: self.formats.layer,
                backend: self.formats.backend,
                prune: self.formats.prune,
            },
            archives,
            indexes: indexes.collect(),
            notes: self.notes,
            layers,
        })
    }
}

impl ArtifactTable {
    fn locked(self, archives: usize) -> Result<Locked> {
        let wrong = |what: String| {
            let message = format!("artifact `{}` {what}", self.name);
            Err(Error::new(ErrorKind::Usage, message))
        };
        let place = match (self.archive, self.path) {
            (Some(archive), _) if archive >= archives => {
                return wrong(format!("is in archive {archive}, there are {archives}"));
            }
            (Some(archive), Some(path)) if self.urls.is_empty() => Place::Below { archive, path },
            (None, None) if !self.urls.is_empty() => Place::At(self.urls),
            _ => return wrong("needs either `archive` and `path` or `urls`".to_owned()),
        };
        Ok(Locked {
            name: self.name,
            version: self.version,
            arch: self.arch,
            size: self.size,
            requested: self.requested,
            place,
            proof: self.proof,
        })
    }
}

fn date<'de, D: Deserializer<'de>>(from: D) -> Result<i64, D::Error> {
    let seconds = i64::deserialize(from)?;
    if seconds < 0 {
        return Err(de::Error::custom("a date is not before 1970"));
    }
    Ok(seconds)
}

/// A path below an archive leads nowhere else.
fn path<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    let path = String::deserialize(from)?;
    let leads_out = |part: &str| matches!(part, "" | "." | "..");
    if path.split('/').any(leads_out) || path.chars().any(char::is_control) {
        let message = format!("`{}` is not a path below an archive", path.escape_debug());
        return Err(de::Error::custom(message));
    }
    Ok(Some(path))
}

fn urls<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    let urls = Vec::<String>::deserialize(from)?;
    let is_url = |url: &&String| {
        let known = ["http://", "https://", "file:///"];
        known.iter().any(|scheme| url.starts_with(scheme))
    };
    match urls.iter().find(|url| !is_url(url)) {
        Some(other) => Err(de::Error::custom(format!(
            "`{}` is neither http, https nor file",
            other.escape_debug()
        ))),
        None => Ok(urls),
    }
}

fn bases<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    let mut bases = urls(from)?;
    for base in &mut bases {
        base.truncate(base.trim_end_matches('/').len());
    }
    Ok(bases)
}
