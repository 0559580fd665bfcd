//! busybox's links, where no script has made them.
//!
//! Its post-install runs `busybox --install -s`; the package also lists the same paths in `etc/busybox-paths.d`, from
//! which Alpine's own recipe for its minirootfs makes them.

use boot_kit::{Result, Root, RootPath};

/// The directory of lists; each is named after the program its links lead to.
const LISTS: &str = "etc/busybox-paths.d";

/// Makes every listed link that is missing.
pub fn make(root: &Root) -> Result<()> {
    let lists = RootPath::from(LISTS);
    for name in root.list(&lists)? {
        let text = root.read(&lists.join(&name))?.unwrap_or_default();
        let program = [b"/bin/", &name[..]].concat();
        for line in text.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii) {
            let path = RootPath::parse(line)?;
            if !path.is_root() && root.entry(&path)?.is_none() {
                root.symlink(&path, &program)?;
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use boot_kit::Kind;

    #[test]
    fn links_are_made_where_nothing_is() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let root = Root::open(directory.path()).expect("is there");
        make(&root).expect("nothing to do");
        let list = b"bin/sh\n/usr/bin/awk\n\n";
        root.write(&"etc/busybox-paths.d/busybox".into(), list, 0o644)
            .expect("writable");
        root.write(&"bin/sh".into(), b"mine", 0o755)
            .expect("writable");
        make(&root).expect("writable");
        let kind = |path: &'static str| {
            let entry = root.entry(&path.into()).expect("readable");
            entry.expect("is there").kind
        };
        assert_eq!(kind("bin/sh"), Kind::File { size: 4 });
        assert_eq!(kind("usr/bin/awk"), Kind::Symlink(b"/bin/busybox".to_vec()));
    }
}
