//! Debian packages, made when the test runs.

use crate::{Artifact, Digest, Proof};
use std::{fmt::Write as _, io::Write as _};

/// A package.
#[derive(Clone, Debug)]
pub struct Deb {
    fields: Vec<(String, String)>,
    control: Vec<(String, Vec<u8>, u32)>,
    data: Vec<Packed>,
    compression: Packing,
    mtime: u64,
    instead: Option<Vec<u8>>,
}

/// How a member of a package is compressed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Packing {
    /// Not at all.
    Plain,
    /// gzip.
    Gzip,
    /// xz, as Debian does.
    #[default]
    Xz,
    /// Zstandard, as Ubuntu does.
    Zstd,
}

/// One entry of a data member.
#[derive(Clone, Debug)]
struct Packed {
    path: String,
    kind: tar::EntryType,
    mode: u32,
    owner: (u64, u64),
    content: Vec<u8>,
    target: String,
}

impl Deb {
    /// Begins a package of architecture `amd64` and priority `optional`.
    pub fn new(name: &str, version: &str) -> Self {
        let deb = Self {
            fields: Vec::new(),
            control: Vec::new(),
            data: Vec::new(),
            compression: Packing::default(),
            mtime: 1_700_000_000,
            instead: None,
        };
        deb.field("Package", name)
            .field("Version", version)
            .field("Architecture", "amd64")
            .field("Maintainer", "A Test <test@example.org>")
            .field("Priority", "optional")
            .field("Section", "misc")
            .field("Description", "a package for a test")
    }

    /// Sets a field of the control file.
    #[must_use]
    pub fn field(mut self, name: &str, value: &str) -> Self {
        match self.fields.iter_mut().find(|(known, _)| known == name) {
            Some((_, old)) => value.clone_into(old),
            None => self.fields.push((name.to_owned(), value.to_owned())),
        }
        self
    }

    /// Sets `Architecture`.
    #[must_use]
    pub fn arch(self, arch: &str) -> Self {
        self.field("Architecture", arch)
    }

    /// Sets `Priority`.
    #[must_use]
    pub fn priority(self, priority: &str) -> Self {
        self.field("Priority", priority)
    }

    /// Marks it essential.
    #[must_use]
    pub fn essential(self) -> Self {
        self.field("Essential", "yes").priority("required")
    }

    /// Sets `Depends`.
    #[must_use]
    pub fn depends(self, relations: &str) -> Self {
        self.field("Depends", relations)
    }

    /// Adds a file owned by root.
    #[must_use]
    pub fn file(self, path: &str, mode: u32, content: impl Into<Vec<u8>>) -> Self {
        self.entry(path, tar::EntryType::Regular, mode, content.into(), "")
    }

    /// Adds a directory; the parents of files are not added by themselves.
    #[must_use]
    pub fn directory(self, path: &str, mode: u32) -> Self {
        self.entry(
            &format!("{path}/"),
            tar::EntryType::Directory,
            mode,
            Vec::new(),
            "",
        )
    }

    /// Adds a symbolic link.
    #[must_use]
    pub fn symlink(self, path: &str, target: &str) -> Self {
        self.entry(path, tar::EntryType::Symlink, 0o777, Vec::new(), target)
    }

    /// Adds another name of the file `target`, given without leading `./`.
    #[must_use]
    pub fn hardlink(self, path: &str, target: &str) -> Self {
        let target = format!("./{target}");
        self.entry(path, tar::EntryType::Link, 0o644, Vec::new(), &target)
    }

    /// Gives the entry added last another owner and group.
    #[must_use]
    pub fn owned_by(mut self, user: u64, group: u64) -> Self {
        self.data.last_mut().expect("an entry was added").owner = (user, group);
        self
    }

    /// Adds a file and lists it as a configuration file.
    #[must_use]
    pub fn conffile(mut self, path: &str, content: impl Into<Vec<u8>>) -> Self {
        let line = format!("/{path}\n");
        match self
            .control
            .iter_mut()
            .find(|(name, ..)| name == "conffiles")
        {
            Some((_, list, _)) => list.extend(line.bytes()),
            None => self
                .control
                .push(("conffiles".into(), line.into_bytes(), 0o644)),
        }
        self.file(path, 0o644, content)
    }

    /// Adds a maintainer script: `preinst`, `postinst`, …
    #[must_use]
    pub fn script(mut self, name: &str, text: &str) -> Self {
        self.control
            .push((name.into(), text.as_bytes().to_vec(), 0o755));
        self
    }

    /// Adds another control file: `triggers`, `shlibs`, …
    #[must_use]
    pub fn control_file(mut self, name: &str, text: &str) -> Self {
        self.control
            .push((name.into(), text.as_bytes().to_vec(), 0o644));
        self
    }

    /// Chooses the compression of both members.
    #[must_use]
    pub fn packed(mut self, packing: Packing) -> Self {
        self.compression = packing;
        self
    }

    /// Puts these bytes in place of the whole package: archives list and sign them as if they were it.
    #[must_use]
    pub fn holding(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.instead = Some(bytes.into());
        self
    }

    fn entry(
        mut self,
        path: &str,
        kind: tar::EntryType,
        mode: u32,
        content: Vec<u8>,
        target: &str,
    ) -> Self {
        self.data.push(Packed {
            path: format!("./{path}"),
            kind,
            mode,
            owner: (0, 0),
            content,
            target: target.to_owned(),
        });
        self
    }

    /// The value of a field, or nothing.
    pub fn value(&self, name: &str) -> &str {
        let field = self.fields.iter().find(|(known, _)| known == name);
        field.map_or("", |(_, value)| value)
    }

    /// Describes it as a plan does, for tests that fetch nothing: without size, proof and places.
    pub fn artifact(&self) -> Artifact {
        Artifact {
            name: self.value("Package").to_owned(),
            version: self.value("Version").to_owned(),
            arch: self.value("Architecture").to_owned(),
            size: 0,
            proof: Proof::Sha256(Digest::of("")),
            urls: Vec::new(),
            requested: true,
        }
    }

    /// The control file's text.
    pub fn control_text(&self) -> String {
        self.fields
            .iter()
            .fold(String::new(), |mut text, (name, value)| {
                writeln!(text, "{name}: {value}").expect("a string takes everything");
                text
            })
    }

    /// The file name an archive keeps it under, e.g. `a_1_amd64.deb`.
    pub fn file_name(&self) -> String {
        let version = self.value("Version");
        let version = version.split_once(':').map_or(version, |(_, rest)| rest);
        format!(
            "{}_{version}_{}.deb",
            self.value("Package"),
            self.value("Architecture")
        )
    }

    /// Makes the `.deb`; the same bytes each time.
    pub fn build(&self) -> Vec<u8> {
        if let Some(bytes) = &self.instead {
            return bytes.clone();
        }
        let root = Packed {
            path: "./".into(),
            kind: tar::EntryType::Directory,
            mode: 0o755,
            owner: (0, 0),
            content: Vec::new(),
            target: String::new(),
        };
        let control_text = self.control_text();
        let control_files = [("control", control_text.as_bytes(), 0o644)]
            .into_iter()
            .chain(
                self.control
                    .iter()
                    .map(|(name, content, mode)| (name.as_str(), content.as_slice(), *mode)),
            )
            .map(|(name, content, mode)| Packed {
                path: format!("./{name}"),
                kind: tar::EntryType::Regular,
                mode,
                content: content.to_vec(),
                ..root.clone()
            });
        let control: Vec<Packed> = [root.clone()].into_iter().chain(control_files).collect();
        let data: Vec<Packed> = [root].into_iter().chain(self.data.clone()).collect();
        let (ending, packing) = (self.compression.ending(), self.compression);
        let mut deb = ar::Builder::new(Vec::new());
        for (name, content) in [
            ("debian-binary".to_owned(), b"2.0\n".to_vec()),
            (
                format!("control.tar{ending}"),
                packing.pack(&tar_of(&control, self.mtime)),
            ),
            (
                format!("data.tar{ending}"),
                packing.pack(&tar_of(&data, self.mtime)),
            ),
        ] {
            let mut header = ar::Header::new(name.into_bytes(), content.len() as u64);
            header.set_mode(0o100_644);
            header.set_mtime(self.mtime);
            deb.append(&header, content.as_slice())
                .expect("memory does not fail");
        }
        deb.into_inner().expect("memory does not fail")
    }
}

impl Packing {
    /// The ending of a file packed so.
    pub fn ending(self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::Gzip => ".gz",
            Self::Xz => ".xz",
            Self::Zstd => ".zst",
        }
    }

    /// Compresses `bytes`; the same bytes each time.
    pub fn pack(self, bytes: &[u8]) -> Vec<u8> {
        let packed = match self {
            Self::Plain => return bytes.to_vec(),
            Self::Gzip => {
                let mut encoder =
                    flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
                encoder.write_all(bytes).and_then(|()| encoder.finish())
            }
            Self::Xz => {
                let mut encoder = xz2::write::XzEncoder::new(Vec::new(), 0);
                encoder.write_all(bytes).and_then(|()| encoder.finish())
            }
            Self::Zstd => zstd::encode_all(bytes, 1),
        };
        packed.expect("memory does not fail")
    }
}

fn tar_of(entries: &[Packed], mtime: u64) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for entry in entries {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(entry.kind);
        header.set_mode(entry.mode);
        header.set_uid(entry.owner.0);
        header.set_gid(entry.owner.1);
        header.set_mtime(mtime);
        header.set_size(entry.content.len() as u64);
        let appended = if entry.target.is_empty() {
            // Set by hand: the builder refuses paths that a test may want.
            let name = &mut header.as_old_mut().name;
            assert!(
                entry.path.len() < name.len(),
                "`{}` is too long",
                entry.path
            );
            name[..entry.path.len()].copy_from_slice(entry.path.as_bytes());
            header.set_cksum();
            builder.append(&header, entry.content.as_slice())
        } else {
            builder.append_link(&mut header, &entry.path, &entry.target)
        };
        appended.expect("memory does not fail");
    }
    builder.into_inner().expect("memory does not fail")
}
