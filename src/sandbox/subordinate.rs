//! Subordinate ids: the users and groups that a normal user may be in a namespace.
//!
//! See subuid(5), newuidmap(1).

use super::enter::{Maps, Range};
use boot_kit::{Context, Error, ErrorKind, Result};
use rustix::{
    process::Pid,
    thread::{Gid, Uid},
};
use std::{io, process::Command};

/// Ids a root needs: `nobody` and `nogroup` are 65534.
const NEEDED: u32 = 65_535;

/// The map for a normal user: root inside is the user, the rest are the user's subordinate ids.
pub fn maps(uid: Uid, gid: Gid) -> Result<Maps> {
    let name = user_name(uid);
    let users = map(uid.as_raw(), ranges_in("/etc/subuid", &name, uid)?);
    let groups = map(gid.as_raw(), ranges_in("/etc/subgid", &name, uid)?);
    for (map, file) in [(&users, "/etc/subuid"), (&groups, "/etc/subgid")] {
        let count: u64 = map.iter().map(|range| u64::from(range.2)).sum();
        if count < u64::from(NEEDED) {
            let message = format!("`{file}` has too few subordinate ids for `{name}`");
            let first = first_free()?;
            let last = first + 65_535;
            let hint = format!(
                "run `usermod --add-subuids {first}-{last} --add-subgids {first}-{last} {name}` as root"
            );
            return Err(Error::new(ErrorKind::Usage, message).with_hint(hint));
        }
    }
    Ok(Maps { users, groups })
}

/// Has the maps of the process `pid` set by the system's setuid programs.
pub fn apply(pid: Pid, maps: &Maps) -> Result<()> {
    for (program, map) in [("newuidmap", &maps.users), ("newgidmap", &maps.groups)] {
        let mut command = Command::new(program);
        command.arg(pid.as_raw_nonzero().to_string());
        for (inside, outside, count) in map {
            command.args([inside, outside, count].map(u32::to_string));
        }
        // It is in one of these; a user's PATH may be anything.
        command.env(
            "PATH",
            "/usr/bin:/bin:/usr/sbin:/sbin:/usr/local/bin:/run/wrappers/bin",
        );
        let output = match command.output() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let hint = "install it: it is in the package `uidmap`, `shadow-uidmap`, \
                            `shadow-utils` or `shadow`";
                let message = format!("cannot find `{program}`");
                return Err(Error::new(ErrorKind::Usage, message).with_hint(hint));
            }
            output => output.context(|| format!("cannot run `{program}`"))?,
        };
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr).trim().to_string();
            let hint = format!(
                "check that `{program}` is setuid root or has its file capability, and that the \
                 lines in /etc/subuid and /etc/subgid are well-formed"
            );
            let error = Error::new(ErrorKind::Io, "cannot set the map of ids").with_hint(hint);
            return Err(error.caused_by(Error::new(ErrorKind::Io, said)));
        }
    }
    Ok(())
}

/// Root first, then the ranges one after the other.
fn map(own: u32, ranges: Vec<(u32, u32)>) -> Vec<Range> {
    let mut map = vec![(0, own, 1)];
    let mut inside = 1_u32;
    for (first, count) in ranges {
        let count = count.min(u32::MAX - 1 - inside).min(u32::MAX - first);
        if count > 0 {
            map.push((inside, first, count));
            inside += count;
        }
    }
    map
}

/// First id and count of every range of a user; none if there is no such file.
fn ranges_in(path: &str, name: &str, uid: Uid) -> Result<Vec<(u32, u32)>> {
    match fs_err::read_to_string(path) {
        Ok(text) => Ok(ranges(&text, |owner| {
            owner == name || owner == uid.to_string()
        })),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error.into()),
    }
}

/// Lines are `owner:first:count`; others are none of our business.
fn ranges(text: &str, is_owner: impl Fn(&str) -> bool) -> Vec<(u32, u32)> {
    let range = |line: &str| {
        let mut fields = line.trim().split(':');
        let (owner, first, count) = (fields.next()?, fields.next()?, fields.next()?);
        is_owner(owner).then_some((first.parse().ok()?, count.parse().ok()?))
    };
    text.lines().filter_map(range).collect()
}

/// Where a new range of ids hurts nobody.
fn first_free() -> Result<u64> {
    let mut first = 100_000;
    for path in ["/etc/subuid", "/etc/subgid"] {
        let text = match fs_err::read_to_string(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            text => text?,
        };
        for (start, count) in ranges(&text, |_| true) {
            first = first.max(u64::from(start) + u64::from(count));
        }
    }
    Ok(first)
}

/// The name that goes with `uid`, or its number: a user may be known to the network only.
fn user_name(uid: Uid) -> String {
    let local = fs_err::read_to_string("/etc/passwd").unwrap_or_default();
    let number = uid.to_string();
    for line in local.lines() {
        let mut fields = line.split(':');
        if let (Some(name), Some(_), Some(id)) = (fields.next(), fields.next(), fields.next())
            && id == number
        {
            return name.to_string();
        }
    }
    let asked = Command::new("id")
        .arg("-un")
        .output()
        .ok()
        .filter(|id| id.status.success());
    asked.map_or(number, |id| {
        String::from_utf8_lossy(&id.stdout).trim().to_string()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_map_starts_with_the_user_and_goes_on_with_every_range() {
        let text = "ann:100000:65536\nbob:1:2\n1000:300000:10\nann:x:1\nann\n";
        let ranges = ranges(text, |owner| owner == "ann" || owner == "1000");
        assert_eq!(ranges, [(100_000, 65_536), (300_000, 10)]);
        let expected = [(0, 1000, 1), (1, 100_000, 65_536), (65_537, 300_000, 10)];
        assert_eq!(map(1000, ranges), expected);
    }

    #[test]
    fn absurd_counts_do_not_overflow() {
        let expected = [
            (0, 5, 1),
            (1, 4_294_967_290, 5),
            (6, 10, 4_294_967_285 - 1 + 4),
        ];
        let map = map(5, vec![(4_294_967_290, u32::MAX), (10, u32::MAX)]);
        assert_eq!(map[..2], expected[..2]);
        assert!(map.iter().all(|(inside, outside, count)| {
            inside.checked_add(*count).is_some() && outside.checked_add(*count).is_some()
        }));
    }
}
