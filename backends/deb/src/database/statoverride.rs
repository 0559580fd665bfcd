//! `var/lib/dpkg/statoverride`: lines `user group mode path`, owners and modes that hold whatever a package ships.

use boot_kit::{Context, Entry, Error, ErrorKind, Kind, Result, Root, RootPath};
use std::collections::HashMap;

const PATH: &str = "var/lib/dpkg/statoverride";

/// Owners and modes of paths, as the administrator or a script wants them (dpkg-statoverride(1)).
#[derive(Debug, Default)]
pub struct Overrides {
    by_path: HashMap<RootPath, Override>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Override {
    uid: u32,
    gid: u32,
    mode: u32,
}

/// An override of something that lands: to be applied once it has.
pub struct Due {
    path: RootPath,
    wanted: Override,
}

impl Overrides {
    /// Reads the file, with names as the root knows them; a root without one overrides nothing.
    pub fn read(root: &Root) -> Result<Self> {
        let Some(content) = root.read(&RootPath::from(PATH))? else {
            return Ok(Self::default());
        };
        let mut by_path = HashMap::new();
        for line in content.split(|byte| *byte == b'\n') {
            if !line.is_empty() {
                let (path, wanted) =
                    parse(root, line).context(|| format!("cannot use `{PATH}`"))?;
                by_path.insert(path, wanted);
            }
        }
        Ok(Self { by_path })
    }

    /// Tells what is due once `entry` has landed at `place`.
    ///
    /// As in dpkg, the path a package ships counts, not where it is diverted to, and a directory that is there
    /// already stays as it is.
    pub fn due(&self, root: &Root, entry: &Entry, place: &RootPath) -> Result<Option<Due>> {
        let Some(wanted) = self.by_path.get(&entry.path) else {
            return Ok(None);
        };
        let counts = match entry.kind {
            Kind::File { .. } => true,
            Kind::Directory => root.entry(place)?.is_none(),
            _ => false,
        };
        Ok(counts.then(|| Due {
            path: place.clone(),
            wanted: *wanted,
        }))
    }
}

impl Due {
    /// Applies the override, unless a profile left the path out.
    pub fn apply(&self, root: &Root) -> Result<()> {
        let Override { uid, gid, mode } = self.wanted;
        if root.entry(&self.path)?.is_none() {
            return Ok(());
        }
        root.set_owner(&self.path, uid, gid, mode)
    }
}

fn parse(root: &Root, line: &[u8]) -> Result<(RootPath, Override)> {
    let malformed = || {
        let line = String::from_utf8_lossy(line);
        let message = format!("`{line}` is not a user, a group, a mode and a path");
        Error::new(ErrorKind::Parse, message)
    };
    let mut words = line.splitn(4, |byte| *byte == b' ');
    let mut word = || words.next().ok_or_else(malformed);
    let (user, group, mode, path) = (word()?, word()?, word()?, word()?);
    let mode = str::from_utf8(mode).ok();
    let mode = mode.and_then(|mode| u32::from_str_radix(mode, 8).ok());
    let wanted = Override {
        uid: number(root, "etc/passwd", user)?,
        gid: number(root, "etc/group", group)?,
        mode: mode.filter(|mode| *mode <= 0o7777).ok_or_else(malformed)?,
    };
    Ok((RootPath::parse(path)?, wanted))
}

/// Finds the number of a user or group: `#number`, or a name that is the first field of a line whose third is it.
fn number(root: &Root, database: &'static str, name: &[u8]) -> Result<u32> {
    let unknown = || {
        let name = String::from_utf8_lossy(name);
        Error::new(ErrorKind::Parse, format!("`{name}` is not in `{database}`"))
    };
    let parse = |digits: &[u8]| str::from_utf8(digits).ok()?.parse().ok();
    if let Some(digits) = name.strip_prefix(b"#") {
        return parse(digits).ok_or_else(unknown);
    }
    let content = root.read(&RootPath::from(database))?.unwrap_or_default();
    let found = content.split(|byte| *byte == b'\n').find_map(|line| {
        let mut fields = line.split(|byte| *byte == b':');
        (fields.next()? == name).then_some(())?;
        parse(fields.nth(1)?)
    });
    found.ok_or_else(unknown)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Overrides> {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let root = Root::open(directory.path())?;
        let write = |path: &'static str, text: &str| {
            root.write(&RootPath::from(path), text.as_bytes(), 0o644)
        };
        write("etc/passwd", "root:x:0:0::/:/bin/sh\nfrr:x:101:102::/:\n")?;
        write("etc/group", "root:x:0:\nfrr:x:102:\nfrrvty:x:103:frr\n")?;
        write(PATH, text)?;
        Overrides::read(&root)
    }

    #[test]
    fn names_are_those_of_the_root() {
        let read = read("frr frrvty 2755 /usr/bin/a b\n#7 root 640 /etc/c\n").expect("well-formed");
        let wanted = |uid, gid, mode| Override { uid, gid, mode };
        let expected = [
            (RootPath::from("usr/bin/a b"), wanted(101, 103, 0o2755)),
            (RootPath::from("etc/c"), wanted(7, 0, 0o640)),
        ];
        assert_eq!(read.by_path, HashMap::from(expected));
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for text in [
            "root root /a\n",
            "root nobody 644 /a\n",
            "root root 888 /a\n",
            "root root 77777 /a\n",
        ] {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
