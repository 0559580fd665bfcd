//! The same trees as the `tar` crate and GNU tar write them.

use super::*;
use std::{
    fmt::Write as _,
    os::unix::fs::{MetadataExt, PermissionsExt, symlink},
    path::Path,
    process::{Command, Stdio},
};

/// Numbers that look random and are the same every time.
struct Dice(u64);

impl Dice {
    fn throw(&mut self, sides: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }

    fn name(&mut self) -> String {
        let length = [3, 99, 100, 101, 155, 156, 255, 256, 300]
            [usize::try_from(self.throw(9)).expect("small")];
        let mut name = String::new();
        while name.len() < length {
            let part = self.throw(90) + 1;
            for _ in 0..part {
                name.push(char::from(
                    b'a' + u8::try_from(self.throw(26)).expect("a letter"),
                ));
            }
            name.push('/');
        }
        name.push('x');
        name
    }
}

#[test]
fn whatever_the_tar_crate_writes_comes_back() {
    for seed in 0..100 {
        let mut dice = Dice(seed);
        let mut builder = tar::Builder::new(Vec::new());
        let mut wanted = Vec::new();
        for _ in 0..dice.throw(12) {
            let gnu = dice.throw(2) == 0;
            let mut header = if gnu {
                tar::Header::new_gnu()
            } else {
                tar::Header::new_ustar()
            };
            let name = dice.name();
            let mut made = Entry {
                mode: u32::try_from(dice.throw(0o10000)).expect("small"),
                uid: u32::try_from(dice.throw(1 << 21)).expect("small"),
                gid: u32::try_from(dice.throw(1 << 21)).expect("small"),
                mtime: i64::try_from(dice.throw(1 << 31)).expect("small"),
                ..entry(&name, Kind::Directory)
            };
            let mut content = Vec::new();
            let target = dice.name();
            let (major, minor) = (u32::try_from(dice.throw(4096)).expect("small"), 7);
            let (kind, flag) = match dice.throw(7) {
                0 => (Kind::Directory, EntryType::Directory),
                1 => (
                    Kind::Symlink(target.clone().into_bytes()),
                    EntryType::Symlink,
                ),
                2 => (
                    Kind::Hardlink(RootPath::parse(&target).expect("well-formed")),
                    EntryType::Link,
                ),
                3 => (Kind::Character { major, minor }, EntryType::Char),
                4 => (Kind::Fifo, EntryType::Fifo),
                _ => {
                    content = vec![b'c'; usize::try_from(dice.throw(1500)).expect("small")];
                    (
                        Kind::File {
                            size: content.len() as u64,
                        },
                        EntryType::Regular,
                    )
                }
            };
            made.kind = kind;
            header.set_entry_type(flag);
            header.set_mode(made.mode);
            header.set_uid(made.uid.into());
            header.set_gid(made.gid.into());
            header.set_mtime(made.mtime.cast_unsigned());
            header.set_size(content.len() as u64);
            if flag == EntryType::Char {
                header.set_device_major(major).expect("fits");
                header.set_device_minor(minor).expect("fits");
            }
            let value: Vec<u8> = (0..dice.throw(600))
                .map(|_| u8::try_from(dice.throw(256)).expect("a byte"))
                .collect();
            if dice.throw(3) == 0 {
                builder
                    .append_pax_extensions([("SCHILY.xattr.user.a", &value[..])])
                    .expect("memory does not fail");
                made.xattrs.insert(b"user.a".to_vec(), value);
            }
            if matches!(flag, EntryType::Symlink | EntryType::Link) {
                builder
                    .append_link(&mut header, &name, &target)
                    .expect("memory does not fail");
            } else {
                builder
                    .append_data(&mut header, &name, &content[..])
                    .expect("memory does not fail");
            }
            wanted.push((made, content));
        }
        let packed = builder.into_inner().expect("memory does not fail");
        assert!(
            read(&packed).expect("well-formed") == wanted,
            "seed {seed} differs"
        );
    }
}

/// What GNU tar is asked for, and whether that keeps long names and fine numbers.
const FORMATS: [(&[&str], bool); 8] = [
    (&["--format=v7"], false),
    (&["--format=ustar"], false),
    (&["--format=oldgnu"], true),
    (&["--format=gnu", "--sparse"], true),
    (&["--format=posix"], true),
    (
        &["--format=posix", "--sparse", "--sparse-version=0.0"],
        true,
    ),
    (
        &["--format=posix", "--sparse", "--sparse-version=0.1"],
        true,
    ),
    (
        &["--format=posix", "--sparse", "--sparse-version=1.0"],
        true,
    ),
];

/// A tree with what the old formats hold, too, or with more.
fn plant(root: &Path, long: bool) {
    let make = "the temporary directory takes it";
    let mut names = vec!["plain".to_owned(), "dir/ümläut".to_owned()];
    if long {
        names.push(format!("dir/{}/{}", "n".repeat(120), "m".repeat(200)));
    }
    for (i, name) in names.iter().enumerate() {
        let path = root.join(name);
        fs_err::create_dir_all(path.parent().expect("has one")).expect(make);
        fs_err::write(&path, name.repeat(i * 100)).expect(make);
        let file = fs_err::File::options().write(true).open(&path).expect(make);
        let time = std::time::UNIX_EPOCH + std::time::Duration::new(1_000_000_000, 999_999_999);
        file.file().set_modified(time).expect(make);
        symlink(name, root.join(format!("soft{i}"))).expect(make);
        fs_err::hard_link(&path, root.join(format!("hard{i}"))).expect(make);
    }
    fs_err::set_permissions(root.join("plain"), PermissionsExt::from_mode(0o6751)).expect(make);
    if long {
        let old = fs_err::File::create(root.join("old")).expect(make);
        let time = std::time::UNIX_EPOCH - std::time::Duration::from_millis(1_500);
        old.file().set_modified(time).expect(make);
        let holes = fs_err::File::create(root.join("holes")).expect(make);
        for i in 0..60_u64 {
            let place = i * 131_072 + 65_536;
            std::os::unix::fs::FileExt::write_all_at(holes.file(), b"data", place).expect(make);
        }
        holes.set_len(16 << 20).expect(make);
    }
}

/// One line an entry, hard links by what they share.
fn listing(root: &Path, below: &Path, lines: &mut Vec<String>) {
    let mut names: Vec<_> = fs_err::read_dir(below)
        .expect("is there")
        .map(|entry| entry.expect("is there").path())
        .collect();
    names.sort();
    for path in names {
        let found = path.symlink_metadata().expect("is there");
        let name = path
            .strip_prefix(root)
            .expect("below")
            .display()
            .to_string();
        let mut line = format!(
            "{name} {:o} {}:{}",
            found.mode() & 0o7777,
            found.uid(),
            found.gid()
        );
        let rest = if found.is_symlink() {
            format!(
                " -> {}",
                fs_err::read_link(&path).expect("is there").display()
            )
        } else if found.is_dir() {
            " directory".into()
        } else {
            format!(
                " {} {:x}",
                found.mtime(),
                sum(&fs_err::read(&path).expect("is there"))
            )
        };
        line.push_str(&rest);
        lines.push(line);
        if found.is_dir() {
            listing(root, &path, lines);
        }
    }
}

/// The same lines of an archive.
fn listed(seen: &Seen) -> Vec<String> {
    let mut lines: BTreeMap<&RootPath, String> = BTreeMap::new();
    for (entry, content) in seen.iter().filter(|(entry, _)| !entry.path.is_root()) {
        let mut line = format!(
            "{} {:o} {}:{}",
            entry.path, entry.mode, entry.uid, entry.gid
        );
        match &entry.kind {
            Kind::Symlink(target) => write!(line, " -> {}", String::from_utf8_lossy(target)),
            Kind::Directory => write!(line, " directory"),
            Kind::Hardlink(first) => {
                let rest = &lines[first][first.bytes().len()..];
                line = format!("{}{rest}", entry.path);
                Ok(())
            }
            _ => write!(line, " {} {:x}", entry.mtime, sum(content)),
        }
        .expect("strings do not fail");
        lines.insert(&entry.path, line);
    }
    lines.into_values().collect()
}

fn sum(content: &[u8]) -> u64 {
    content.iter().fold(content.len() as u64, |sum, byte| {
        sum.rotate_left(5)
            .wrapping_mul(31)
            .wrapping_add(u64::from(*byte))
    })
}

#[test]
fn whatever_gnu_tar_writes_comes_back() {
    let version = Command::new("tar")
        .arg("--version")
        .stdin(Stdio::null())
        .output();
    let is_gnu = version.is_ok_and(|said| said.stdout.starts_with(b"tar (GNU tar)"));
    if !is_gnu {
        return skipped("there is no GNU tar");
    }
    for (flags, long) in FORMATS {
        let scratch = tempfile::tempdir().expect("a temporary directory");
        plant(scratch.path(), long);
        let packed = Command::new("tar")
            .args(flags)
            .args(["--numeric-owner", "--sort=name", "-C"])
            .arg(scratch.path())
            .args(["-c", "."])
            .output()
            .expect("GNU tar runs");
        assert!(
            packed.status.success(),
            "{}",
            String::from_utf8_lossy(&packed.stderr)
        );
        let mut wanted = Vec::new();
        listing(scratch.path(), scratch.path(), &mut wanted);
        wanted.sort_by(|a, b| a.split(' ').next().cmp(&b.split(' ').next()));
        let seen = listed(&read(&packed.stdout).expect("well-formed"));
        assert_eq!(seen, wanted, "{flags:?}");
    }
}
