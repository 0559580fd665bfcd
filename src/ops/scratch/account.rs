//! The account an image runs as, in the files where programs look names up.

use super::add_file;
use crate::recipe::image::Account;
use boot_kit::{Entry, Error, ErrorKind, Kind, Result, RootPath, Sink};
use boot_stage::Tree;
use std::{collections::BTreeMap, io};

const PASSWD: &str = "etc/passwd";
const GROUP: &str = "etc/group";
/// The longest of the two, in bytes.
const MAX_FILE: u64 = 1 << 20;
/// What has no shell has this one.
const NO_SHELL: &str = "/sbin/nologin";

/// Names that are known without being added, and their numbers: those of Google's distroless images.
const KNOWN: [(&str, u32); 3] = [("root", 0), ("nonroot", 65532), ("nobody", 65534)];

/// Makes `etc/passwd`, `etc/group` and a home for the account; those that were added stay.
///
/// Errors with [`ErrorKind::Usage`] if the account is a name that nothing gives a number.
pub(super) fn add(tree: &mut Tree, account: &Account, epoch: i64) -> Result<()> {
    let (user, group) = match account.as_str().split_once(':') {
        Some((user, group)) => (user, Some(group)),
        None => (account.as_str(), None),
    };
    let passwd = tree.read(&RootPath::from(PASSWD), MAX_FILE)?;
    let groups = tree.read(&RootPath::from(GROUP), MAX_FILE)?;
    let uid = number(user, passwd.as_deref(), PASSWD)?;
    let gid = match group {
        Some(group) => Some(number(group, groups.as_deref(), GROUP)?),
        // The rest is the added file's to say.
        None if passwd.is_some() => None,
        None => Some(uid),
    };
    let mut name = "";
    if passwd.is_none() {
        name = name_of(uid);
        let gid = gid.unwrap_or(uid);
        let home = home(uid, name);
        let mut text = format!("root:x:0:0:root:/root:{NO_SHELL}\n");
        if uid != 0 {
            text += &format!("{name}:x:{uid}:{gid}:{name}:{home}:{NO_SHELL}\n");
        }
        add_file(tree, RootPath::from(PASSWD), text.as_bytes(), epoch)?;
        let home = RootPath::parse(&home)?;
        if uid != 65534 && tree.find(&home).is_none() {
            let entry = Entry {
                path: home,
                kind: Kind::Directory,
                mode: 0o700,
                uid,
                gid: if uid == 0 { 0 } else { gid },
                mtime: epoch,
                xattrs: BTreeMap::new(),
            };
            tree.entry(&entry, &mut io::empty())?;
        }
    }
    if groups.is_none() {
        let mut text = "root:x:0:\n".to_owned();
        if let Some(gid) = gid.filter(|gid| *gid != 0) {
            let name = if gid == uid && !name.is_empty() {
                name
            } else {
                name_of(gid)
            };
            text += &format!("{name}:x:{gid}:\n");
        }
        add_file(tree, RootPath::from(GROUP), text.as_bytes(), epoch)?;
    }
    Ok(())
}

/// What stands for a number.
fn name_of(id: u32) -> &'static str {
    let known = KNOWN.iter().find(|(_, known)| *known == id);
    known.map_or("user", |(name, _)| name)
}

fn home(uid: u32, name: &str) -> String {
    match uid {
        0 => "/root".to_owned(),
        65534 => "/nonexistent".to_owned(),
        _ => format!("/home/{name}"),
    }
}

/// The number of an account, which an engine must find in the image.
fn number(word: &str, file: Option<&[u8]>, path: &str) -> Result<u32> {
    if let Ok(number) = word.parse() {
        return Ok(number);
    }
    let found = if let Some(text) = file {
        let text = String::from_utf8_lossy(text);
        text.lines().find_map(|line| {
            let mut fields = line.split(':');
            let is_meant = fields.next() == Some(word);
            is_meant.then(|| fields.nth(1)?.parse().ok()).flatten()
        })
    } else {
        let known = KNOWN.iter().find(|(name, _)| *name == word);
        known.map(|(_, number)| *number)
    };
    found.ok_or_else(|| {
        let message = format!("nothing in the image says which number `{word}` has");
        let hint = format!("give a number, as in `--user 65532`, or add a file `/{path}`");
        Error::new(ErrorKind::Usage, message).with_hint(hint)
    })
}
