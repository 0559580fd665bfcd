//! `lib/apk/db/installed`: every package with its files, as apk writes it.
//!
//! A stanza holds the lines of the package's stanza in the index, then what only installed packages have (`r:` replaces,
//! `q:` priority of that, `s:` repository tag, `f:S` for a v3 package, whose hashes are SHA-256 cut to 20 bytes), then
//! its files:
//!
//! | line | says | left out if |
//! | --- | --- | --- |
//! | `F:etc/apk` | a directory | |
//! | `M:uid:gid:mode` | its owner and mode | 0:0:755 |
//! | `R:world` | a file of that directory | |
//! | `a:uid:gid:mode` | its owner and mode | 0:0:644 |
//! | `Z:Q1…` | its checksum; of a link's target for a link | there is none |
//!
//! Packages, directories and files are sorted by the bytes of their names. Every stanza ends with an empty line.

use super::Form;
use boot_kit::{Context, Error, ErrorKind, Result, RootPath};
use std::{collections::BTreeMap, fmt::Write as _};

/// What is installed, by the name of the package.
pub type Installed = BTreeMap<String, Installation>;

/// One installed package.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Installation {
    /// The lines of its stanza in the index.
    pub stanza: String,
    /// `r:`, dependencies as they are written.
    pub replaces: Vec<String>,
    /// `q:`
    pub replaces_priority: u32,
    /// `s:`, the tag of the repository it was pinned to.
    pub tag: Option<String>,
    /// `f:S`, whether it was installed from a v3 package.
    pub is_v3: bool,
    /// Its directories, those that only hold its files among them.
    pub directories: BTreeMap<RootPath, Directory>,
}

/// One directory of a package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Directory {
    /// Owner and mode as the package has them.
    pub access: Access,
    /// Files, links and other leaves by name.
    pub files: BTreeMap<Vec<u8>, Leaf>,
}

/// One file of a package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leaf {
    /// Owner and mode.
    pub access: Access,
    /// `Q1` and the SHA-1 in base64, of a link's target for a link.
    pub checksum: Option<String>,
}

/// Owner and mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Access {
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// Permission, setuid, setgid and sticky bits.
    pub mode: u32,
}

impl Access {
    /// Of a directory, unless said otherwise.
    pub const DIRECTORY: Self = Self {
        uid: 0,
        gid: 0,
        mode: 0o755,
    };
    /// Of a file, unless said otherwise.
    pub const FILE: Self = Self {
        uid: 0,
        gid: 0,
        mode: 0o644,
    };
}

impl Directory {
    /// A directory that only holds files.
    pub fn plain() -> Self {
        Self {
            access: Access::DIRECTORY,
            files: BTreeMap::new(),
        }
    }
}

impl Installation {
    /// Finds a field of the index by its letter.
    pub fn field(&self, letter: char) -> Option<&str> {
        let mut lines = self.stanza.lines();
        lines.find_map(|line| line.strip_prefix(letter)?.strip_prefix(':'))
    }

    /// `P:`
    pub fn name(&self) -> &str {
        self.field('P').unwrap_or_default()
    }

    /// `V:`
    pub fn version(&self) -> &str {
        self.field('V').unwrap_or_default()
    }

    /// `C:`
    pub fn identity(&self) -> &str {
        self.field('C').unwrap_or_default()
    }

    /// `o:`
    pub fn origin(&self) -> &str {
        self.field('o').unwrap_or_default()
    }

    /// Goes through the paths of its files, without directories.
    pub fn files(&self) -> impl Iterator<Item = RootPath> {
        self.directories.iter().flat_map(|(path, directory)| {
            let names = directory.files.keys();
            names.map(move |name| path.join(name))
        })
    }

    /// Finds one file.
    pub fn leaf(&self, path: &RootPath) -> Option<&Leaf> {
        let (parent, name) = path.split()?;
        self.directories.get(&parent)?.files.get(name)
    }

    /// Takes a file out of the list: another package has it now.
    pub fn forget(&mut self, path: &RootPath) {
        if let Some((parent, name)) = path.split()
            && let Some(directory) = self.directories.get_mut(&parent)
        {
            directory.files.remove(name);
        }
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.stanza.trim_end_matches('\n').as_bytes());
        out.push(b'\n');
        let mut line = |text: String| {
            out.extend_from_slice(text.as_bytes());
            out.push(b'\n');
        };
        if !self.replaces.is_empty() {
            line(format!("r:{}", self.replaces.join(" ")));
        }
        if self.replaces_priority != 0 {
            line(format!("q:{}", self.replaces_priority));
        }
        if let Some(tag) = &self.tag {
            line(format!("s:{tag}"));
        }
        if self.is_v3 {
            line("f:S".to_owned());
        }
        for (path, directory) in &self.directories {
            out.extend_from_slice(b"F:");
            out.extend_from_slice(path.bytes());
            out.push(b'\n');
            write_access(out, 'M', directory.access, Access::DIRECTORY);
            for (name, leaf) in &directory.files {
                out.extend_from_slice(b"R:");
                out.extend_from_slice(name);
                out.push(b'\n');
                write_access(out, 'a', leaf.access, Access::FILE);
                if let Some(checksum) = &leaf.checksum {
                    out.extend_from_slice(format!("Z:{checksum}\n").as_bytes());
                }
            }
        }
        out.push(b'\n');
    }
}

fn write_access(out: &mut Vec<u8>, letter: char, access: Access, usual: Access) {
    if access != usual {
        let Access { uid, gid, mode } = access;
        out.extend_from_slice(format!("{letter}:{uid}:{gid}:{mode:o}\n").as_bytes());
    }
}

/// Writes the whole file: packages sorted by name.
pub fn write(installed: &Installed, form: Form) -> Vec<u8> {
    let mut out = Vec::new();
    for name in form.sorted(installed.keys()) {
        installed[name].write(&mut out);
    }
    out
}

/// Reads the whole file.
pub fn parse(text: &[u8]) -> Result<Installed> {
    let mut installed = Installed::new();
    let mut reading = Reading::default();
    for (number, line) in text.split(|byte| *byte == b'\n').enumerate() {
        reading
            .line(line, &mut installed)
            .context(|| format!("cannot read line {}", number + 1))?;
    }
    reading.end(&mut installed);
    Ok(installed)
}

/// One stanza on its way in.
#[derive(Default)]
struct Reading {
    installation: Installation,
    directory: Option<RootPath>,
    file: Option<Vec<u8>>,
}

impl Reading {
    fn line(&mut self, line: &[u8], installed: &mut Installed) -> Result<()> {
        let Some((&letter, value)) = line.split_first() else {
            self.end(installed);
            return Ok(());
        };
        let value = value
            .strip_prefix(b":")
            .ok_or_else(|| malformed("it has no colon"))?;
        let text = || std::str::from_utf8(value).map_err(|_| malformed("it is not UTF-8"));
        match letter {
            b'F' => {
                let path = RootPath::parse(value)?;
                self.installation
                    .directories
                    .insert(path.clone(), Directory::plain());
                self.directory = Some(path);
                self.file = None;
            }
            b'M' => self.directory()?.access = access(text()?)?,
            b'R' => {
                let leaf = Leaf {
                    access: Access::FILE,
                    checksum: None,
                };
                self.directory()?.files.insert(value.to_vec(), leaf);
                self.file = Some(value.to_vec());
            }
            b'a' => self.leaf()?.access = access(text()?)?,
            b'Z' => self.leaf()?.checksum = Some(text()?.to_owned()),
            b'r' => {
                let words = text()?.split(' ').filter(|word| !word.is_empty());
                self.installation.replaces = words.map(str::to_owned).collect();
            }
            b'q' => {
                let number = text()?.parse();
                self.installation.replaces_priority =
                    number.map_err(|_| malformed("it holds no number"))?;
            }
            b's' => self.installation.tag = Some(text()?.to_owned()),
            // The other flags say what failed once; it is done again by whoever finds it so.
            b'f' => self.installation.is_v3 = value.contains(&b'S'),
            _ => {
                let line = std::str::from_utf8(line).map_err(|_| malformed("it is not UTF-8"))?;
                let _ = writeln!(self.installation.stanza, "{line}");
            }
        }
        Ok(())
    }

    fn directory(&mut self) -> Result<&mut Directory> {
        let directories = &mut self.installation.directories;
        let directory = self.directory.as_ref();
        directory
            .and_then(|path| directories.get_mut(path))
            .ok_or_else(|| malformed("no directory comes before it"))
    }

    fn leaf(&mut self) -> Result<&mut Leaf> {
        let name = self.file.clone();
        let files = &mut self.directory()?.files;
        name.and_then(|name| files.get_mut(&name))
            .ok_or_else(|| malformed("no file comes before it"))
    }

    fn end(&mut self, installed: &mut Installed) {
        let read = std::mem::take(self).installation;
        if !read.stanza.is_empty() {
            installed.insert(read.name().to_owned(), read);
        }
    }
}

fn access(text: &str) -> Result<Access> {
    let mut parts = text.split(':');
    let mut number = |radix| {
        let part = parts.next()?;
        u32::from_str_radix(part, radix).ok()
    };
    let read = (number(10), number(10), number(8));
    let (Some(uid), Some(gid), Some(mode)) = read else {
        return Err(malformed("it holds no owner, group and mode"));
    };
    Ok(Access { uid, gid, mode })
}

fn malformed(message: &str) -> Error {
    Error::new(ErrorKind::Parse, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "C:Q1abc=\nP:a\nV:1-r0\no:src\nr:b c<2\nq:3\ns:edge\n\
        F:\nR:top\nF:etc\nR:x y\na:0:42:640\nZ:Q1xyz=\nF:etc/d\nM:100:101:2750\n\n\
        C:Q1def=\nP:b\nV:2-r1\nf:S\n\n";

    #[test]
    fn what_is_read_is_written_the_same() {
        let installed = parse(TEXT.as_bytes()).expect("well-formed");
        assert_eq!(
            String::from_utf8(write(&installed, Form::V2)).expect("UTF-8"),
            TEXT.to_owned()
        );
        let a = &installed["a"];
        assert_eq!(
            (a.name(), a.version(), a.identity(), a.origin()),
            ("a", "1-r0", "Q1abc=", "src")
        );
        let leaf = a.leaf(&RootPath::from("etc/x y")).expect("is listed");
        assert_eq!(leaf.access.gid, 42);
        let files: Vec<_> = a.files().map(|path| path.to_string()).collect();
        assert_eq!(files, ["top", "etc/x y"]);
    }

    #[test]
    fn a_malformed_line_is_named() {
        for (text, message) in [
            ("P:a\nR:x\n", "cannot read line 2"),
            ("P:a\nF:etc\nM:0:0\n", "cannot read line 3"),
            ("P:a\nnonsense\n", "cannot read line 2"),
        ] {
            let error = parse(text.as_bytes()).expect_err(text);
            assert_eq!(error.to_string(), message);
        }
    }
}
