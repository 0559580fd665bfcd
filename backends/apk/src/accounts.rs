//! The root's own accounts: numbers of names, and what of `etc/shadow` would differ from day to day.

use boot_kit::{Error, ErrorKind, Kind, Result, Root, RootPath};
use std::collections::HashMap;

const SHADOW: &str = "etc/shadow";

/// Users and groups by name.
///
/// Archives name the owners of files; the root says what numbers these have, as scripts may have made them.
#[derive(Clone, Debug, Default)]
pub struct Accounts {
    users: HashMap<Vec<u8>, u32>,
    groups: HashMap<Vec<u8>, u32>,
}

impl Accounts {
    /// Reads `etc/passwd` and `etc/group`.
    pub fn read(root: &Root) -> Result<Self> {
        Ok(Self {
            users: numbers(&root.read(&"etc/passwd".into())?.unwrap_or_default()),
            groups: numbers(&root.read(&"etc/group".into())?.unwrap_or_default()),
        })
    }

    /// The number of a user, if the root has one of that name.
    pub fn user(&self, name: &[u8]) -> Option<u32> {
        self.users.get(name).copied()
    }

    /// The number of a group, if the root has one of that name.
    pub fn group(&self, name: &[u8]) -> Option<u32> {
        self.groups.get(name).copied()
    }
}

/// Reads the name and the third field of each line; of several of one name the first counts.
fn numbers(text: &[u8]) -> HashMap<Vec<u8>, u32> {
    let mut numbers = HashMap::new();
    for line in text.split(|byte| *byte == b'\n') {
        let mut fields = line.split(|byte| *byte == b':');
        let name = fields.next().filter(|name| !name.is_empty());
        let number = fields
            .nth(1)
            .and_then(|field| std::str::from_utf8(field).ok());
        if let (Some(name), Some(Ok(number))) = (name, number.map(str::parse)) {
            numbers.entry(name.to_vec()).or_insert(number);
        }
    }
    numbers
}

/// Reads `etc/shadow`; without one it is empty.
pub fn shadow(root: &Root) -> Result<Vec<u8>> {
    Ok(root.read(&SHADOW.into())?.unwrap_or_default())
}

/// Dates passwords that scripts set by the image instead of by the day of the build.
///
/// `before` is what [`shadow`] said before they ran. busybox's `adduser` writes today's date, in days.
pub fn date_passwords(root: &Root, before: &[u8], epoch: i64) -> Result<()> {
    let day = (epoch / 86_400).to_string();
    rewrite(root, &|line| dated(line, before, &day))
}

/// Locks every account that could be entered without a password.
///
/// alpine-baselayout-data ships root with an empty one; Alpine's own images write `*` instead.
pub fn lock_empty_passwords(root: &Root) -> Result<()> {
    rewrite(root, &locked)
}

/// Replaces lines of `etc/shadow`, if it is a file; owner and mode stay.
fn rewrite(root: &Root, edit: &dyn Fn(&[u8]) -> Option<Vec<u8>>) -> Result<()> {
    let path = RootPath::from(SHADOW);
    let old = shadow(root)?;
    let lines = old.split(|byte| *byte == b'\n');
    let lines: Vec<_> = lines
        .map(|line| edit(line).unwrap_or_else(|| line.to_vec()))
        .collect();
    let new = lines.join(&b'\n');
    if new == old {
        return Ok(());
    }
    let Some(entry) = root.entry(&path)? else {
        return Ok(());
    };
    if !matches!(entry.kind, Kind::File { .. }) {
        let message = "`etc/shadow` is no file: its accounts cannot be locked";
        return Err(Error::new(ErrorKind::Unsatisfiable, message));
    }
    root.write(&path, &new, entry.mode)?;
    root.set_owner(&path, entry.uid, entry.gid, entry.mode)
}

fn dated(line: &[u8], before: &[u8], day: &str) -> Option<Vec<u8>> {
    let mut fields: Vec<&[u8]> = line.split(|byte| *byte == b':').collect();
    let is_old = before.split(|byte| *byte == b'\n').any(|old| old == line);
    if is_old || fields.get(2)?.is_empty() {
        return None;
    }
    fields[2] = day.as_bytes();
    Some(fields.join(&b':'))
}

fn locked(line: &[u8]) -> Option<Vec<u8>> {
    let mut fields: Vec<&[u8]> = line.split(|byte| *byte == b':').collect();
    if fields[0].is_empty() || !fields.get(1)?.is_empty() {
        return None;
    }
    fields[1] = b"*";
    Some(fields.join(&b':'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn root() -> (tempfile::TempDir, Root) {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let root = Root::open(directory.path()).expect("is there");
        (directory, root)
    }

    #[test]
    fn only_what_scripts_changed_gets_the_images_date() {
        let (_directory, root) = root();
        let before = b"root:*::0:::::\nold:!:18000:0:99999:7:::\n";
        let after = "root:*::0:::::\nold:!:18000:0:99999:7:::\nchrony:!:20779:0:99999:7:::\n";
        root.write(&SHADOW.into(), after.as_bytes(), 0o640)
            .expect("writable");
        date_passwords(&root, before, 86_400 * 19_000 + 5).expect("writable");
        assert_eq!(
            String::from_utf8(shadow(&root).expect("readable")).expect("UTF-8"),
            after.replace("20779", "19000")
        );
        let mode = root
            .entry(&SHADOW.into())
            .expect("readable")
            .expect("is there")
            .mode;
        assert_eq!(mode, 0o640);
    }

    #[test]
    fn no_account_is_left_open() {
        let (_directory, root) = root();
        lock_empty_passwords(&root).expect("nothing to do");
        let text = b"root:::0:::::\nbin:!::0:::::\nx:$6$a:1:0:::::\nnonsense\n\n";
        root.write(&SHADOW.into(), text, 0o640).expect("writable");
        lock_empty_passwords(&root).expect("writable");
        assert_eq!(
            shadow(&root).expect("readable"),
            b"root:*::0:::::\nbin:!::0:::::\nx:$6$a:1:0:::::\nnonsense\n\n"
        );
    }

    #[test]
    fn the_first_line_of_a_name_counts() {
        let numbers =
            numbers(b"root:x:0:0:root\n:x:1:\nchrony:x:100:101\nchrony:x:7:7\nbad:x:y:\n");
        assert_eq!(
            numbers,
            HashMap::from([(b"root".to_vec(), 0), (b"chrony".to_vec(), 100)])
        );
    }
}
