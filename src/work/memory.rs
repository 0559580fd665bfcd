//! How much memory a staging area may take.

use std::path::{Path, PathBuf};

/// Left for the program itself and everybody else.
const MARGIN: u64 = 512 << 20;

/// The limit for a staging area in memory that is to hold `needed` bytes, if it may.
pub fn room_for(needed: u64) -> Option<u64> {
    let room = available();
    // A full area ends the run: an estimate that is a little short must not.
    let wanted = needed.saturating_add(needed / 4);
    (wanted > 0 && wanted <= room).then_some(room)
}

/// What can be had without harm: free memory, within the limits of this process's control groups.
pub fn available() -> u64 {
    let info = fs_err::read_to_string("/proc/meminfo").unwrap_or_default();
    let groups = fs_err::read_to_string("/proc/self/cgroup").unwrap_or_default();
    let free = field(&info, "MemAvailable:")
        .unwrap_or(0)
        .saturating_mul(1024);
    let limits = group_paths(&groups)
        .into_iter()
        .filter_map(|group| group.room());
    limits
        .chain([free])
        .min()
        .unwrap_or(0)
        .saturating_sub(MARGIN)
}

/// A control group of the memory controller, and the names of its files.
#[derive(Debug, PartialEq, Eq)]
struct Group {
    directory: PathBuf,
    limit: &'static str,
    used: &'static str,
    cache: &'static str,
}

impl Group {
    /// What its limit leaves, counting as free what is only cached; `None` without a limit.
    fn room(&self) -> Option<u64> {
        let read = |name| fs_err::read_to_string(self.directory.join(name)).ok();
        let limit: u64 = read(self.limit)?.trim().parse().ok()?;
        let used: u64 = read(self.used)?.trim().parse().ok()?;
        let cache = field(&read("memory.stat")?, self.cache).unwrap_or(0);
        Some(limit.saturating_sub(used.saturating_sub(cache)))
    }
}

/// The groups named in `/proc/self/cgroup`, and those above them; see cgroups(7).
///
/// In a container the path may be that outside; the mount then shows the container's own group.
fn group_paths(text: &str) -> Vec<Group> {
    let mut groups = Vec::new();
    for line in text.lines() {
        let mut fields = line.splitn(3, ':').skip(1);
        let (Some(controllers), Some(path)) = (fields.next(), fields.next()) else {
            continue;
        };
        let group = |directory: PathBuf| match controllers {
            "" => Group {
                directory,
                limit: "memory.max",
                used: "memory.current",
                cache: "inactive_file",
            },
            _ => Group {
                directory,
                limit: "memory.limit_in_bytes",
                used: "memory.usage_in_bytes",
                cache: "total_inactive_file",
            },
        };
        let mount = match controllers {
            "" => Path::new("/sys/fs/cgroup"),
            _ if controllers.split(',').any(|name| name == "memory") => {
                Path::new("/sys/fs/cgroup/memory")
            }
            _ => continue,
        };
        let path = Path::new(path.trim_start_matches('/'));
        groups.extend(path.ancestors().map(|path| group(mount.join(path))));
    }
    groups
}

/// The number after `name` at the start of a line.
fn field(text: &str, name: &str) -> Option<u64> {
    let line = text
        .lines()
        .find(|line| line.split_ascii_whitespace().next() == Some(name))?;
    line.split_ascii_whitespace().nth(1)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_of_both_versions_are_found_with_those_above() {
        let text = "9:name=systemd:/\n4:cpu,memory:/a/b\n3:cpu:/c\n0::/user.slice/x\n";
        let found: Vec<_> = group_paths(text)
            .into_iter()
            .map(|group| (group.directory, group.limit))
            .collect();
        let expected = [
            ("/sys/fs/cgroup/memory/a/b", "memory.limit_in_bytes"),
            ("/sys/fs/cgroup/memory/a", "memory.limit_in_bytes"),
            ("/sys/fs/cgroup/memory/", "memory.limit_in_bytes"),
            ("/sys/fs/cgroup/user.slice/x", "memory.max"),
            ("/sys/fs/cgroup/user.slice", "memory.max"),
            ("/sys/fs/cgroup/", "memory.max"),
        ];
        assert_eq!(
            found,
            expected.map(|(path, limit)| (PathBuf::from(path), limit))
        );
    }

    #[test]
    fn what_is_cached_counts_as_free() {
        let directory = tempfile::tempdir().expect("a directory");
        let write = |name, text| fs_err::write(directory.path().join(name), text).expect("written");
        let group = || Group {
            directory: directory.path().to_path_buf(),
            limit: "memory.max",
            used: "memory.current",
            cache: "inactive_file",
        };
        assert_eq!(group().room(), None);
        write("memory.max", "max\n");
        write("memory.current", "800\n");
        write("memory.stat", "anon 1\ninactive_file 300\n");
        assert_eq!(group().room(), None);
        write("memory.max", "1000\n");
        assert_eq!(group().room(), Some(500));
        write("memory.max", "100\n");
        assert_eq!(group().room(), Some(0));
    }

    #[test]
    fn fields_are_whole_words() {
        let text = "MemFree: 1 kB\nMemAvailable:    22 kB\n";
        assert_eq!(field(text, "MemAvailable:"), Some(22));
        assert_eq!(field(text, "MemAvail"), None);
    }

    #[test]
    fn an_unknown_size_or_a_huge_one_does_not_fit() {
        assert_eq!(room_for(0), None);
        assert_eq!(room_for(u64::MAX), None);
    }
}
