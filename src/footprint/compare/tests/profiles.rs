//! What a prune profile would save.

use super::*;
use crate::footprint::{compare::pruning, model::FileKind};

#[test]
fn what_a_profile_saves_is_predicted_by_its_own_rules() {
    let english = "x".repeat(1000);
    let other = "y".repeat(2000);
    let files = [
        ("usr/share/man/man1/ls.1.gz", english.as_str()),
        ("usr/share/doc/apt/copyright", "licence"),
        ("usr/share/locale/de/LC_MESSAGES/apt.mo", other.as_str()),
        ("usr/bin/apt", "program"),
        ("etc/.pwd.lock", "lock"),
    ];
    let mut image = with_files(bookworm(), &files);
    if let Some(detail) = &mut image.detail {
        detail.files.push(File {
            path: "usr/share/man/man1/dir.1.gz".to_owned(),
            kind: FileKind::Symlink,
            target: Some("ls.1.gz".to_owned()),
            ..File::default()
        });
        detail
            .files
            .sort_by(|left, right| left.path.cmp(&right.path));
    }
    image.sizes.content = 3018;
    let advice = pruning::advice(4, &image, "deb").expect("well-formed rules");
    let slim = advice
        .iter()
        .find(|it| it.flags == ["--prune", "slim"])
        .expect("slim saves");
    // The rules themselves are written into the image.
    let rules = 3004 - slim.predicted.bytes;
    assert!((500..2500).contains(&rules), "{rules}");
    assert_eq!(slim.image, 4);
    assert!(
        advice.iter().all(|it| it.flags != ["--prune", "safe"]),
        "4 bytes are not worth it"
    );
}
