//! Each list by itself.

use super::{
    super::report::{Kind, Section, Table},
    Lists,
};
use crate::footprint::{
    Footprint,
    model::{Duplicate, Node, Program, Special},
};
use std::collections::BTreeMap;

impl Lists<'_> {
    pub fn duplicates(&self) -> Table {
        // The same group has a copy more in one image than in another: it is told as where it has the most.
        let mut most = BTreeMap::<&str, &Duplicate>::new();
        for group in self.images.iter().flat_map(|it| &it.duplicates.largest) {
            if let Some(first) = group.paths.first() {
                let known = most.entry(first).or_insert(group);
                if known.count < group.count {
                    *known = group;
                }
            }
        }
        let rows = self.by_image(|image, add| {
            for group in &image.duplicates.largest {
                let group_of = |first: &String| most.get(first.as_str());
                if let Some(group_of) = group.paths.first().and_then(group_of) {
                    add(vec![listed(group_of)], group.wasted_bytes.into());
                }
            }
        });
        let heading = (
            Section::Advice,
            "duplicates",
            "The same content more than once",
        );
        self.side_by_side(
            heading,
            &[("Paths", Kind::Path)],
            ("Wasted", Kind::Bytes),
            rows,
        )
    }

    pub fn unstripped(&self) -> Table {
        let rows = self.by_image(|image, add| {
            for file in &image.elf.unstripped {
                add(vec![file.path.clone()], file.symbol_bytes.into());
            }
        });
        let heading = (
            Section::Advice,
            "unstripped",
            "Symbols that `strip` removes",
        );
        self.side_by_side(
            heading,
            &[("Path", Kind::Path)],
            ("Symbols", Kind::Bytes),
            rows,
        )
    }

    pub fn by_class(&self) -> Table {
        let rows = self.by_image(|image, add| {
            for class in &image.classes {
                add(vec![class.name.clone()], class.share.bytes.into());
            }
        });
        let heading = (Section::Counts, "classes", "Classes");
        self.side_by_side(
            heading,
            &[("Class", Kind::Text)],
            ("Size", Kind::Bytes),
            rows,
        )
    }

    /// Directories with all below them, or files.
    pub fn paths(&self, directories: bool) -> Table {
        let rows = self.by_image(|image, add| {
            for (path, node) in paths(&image.tree) {
                if node.directory == directories && node.name != "…" && !path.is_empty() {
                    add(vec![path], node.share.bytes.into());
                }
            }
        });
        let heading = if directories {
            (Section::Counts, "directories", "Directories")
        } else {
            (Section::Counts, "files", "Largest files")
        };
        self.side_by_side(
            heading,
            &[("Path", Kind::Path)],
            ("Size", Kind::Bytes),
            rows,
        )
    }

    pub fn licences(&self) -> Table {
        let rows = self.by_image(|image, add| {
            for licence in &image.licences {
                add(vec![licence.name.clone()], licence.packages.into());
            }
        });
        let heading = (
            Section::Counts,
            "licences",
            "Licences, by packages that name them",
        );
        let columns = [("Licence", Kind::Text)];
        self.side_by_side(heading, &columns, ("Packages", Kind::Count), rows)
    }

    pub fn closures(&self) -> Table {
        let columns = [
            ("Program", Kind::Path),
            ("Files", Kind::Count),
            ("Size", Kind::Bytes),
            ("Not there", Kind::Text),
        ];
        let heading = (Section::Counts, "closures", "What programs are linked with");
        self.one_by_one(heading, &columns, |image| {
            let closures = image.elf.closures.iter().map(|it| {
                vec![
                    it.program.as_str().into(),
                    it.share.files.into(),
                    it.share.bytes.into(),
                    it.missing.join(", ").into(),
                ]
            });
            closures.collect()
        })
    }

    pub fn special(&self) -> Table {
        let rows = self.by_image(|image, add| {
            let privilege = &image.privilege;
            for (what, list) in [
                ("setuid", &privilege.setuid),
                ("setgid", &privilege.setgid),
                ("capabilities", &privilege.capabilities),
                ("world-writable", &privilege.world_writable),
            ] {
                for special in list {
                    let value = describe(image, special).into();
                    add(vec![special.path.clone(), what.to_owned()], value);
                }
            }
        });
        let heading = (
            Section::Privilege,
            "setuid",
            "Setuid, setgid, capabilities, world-writable",
        );
        let columns = [("Path", Kind::Path), ("Is", Kind::Text)];
        self.side_by_side(
            heading,
            &columns,
            ("Mode, owner, package", Kind::Text),
            rows,
        )
    }

    pub fn accounts(&self) -> Table {
        let rows = self.by_image(|image, add| {
            for account in &image.accounts.login {
                let password = if account.without_password {
                    ", without a password"
                } else {
                    ""
                };
                let value = format!("uid {}, {}{password}", account.uid, account.shell);
                add(vec![account.name.clone()], value.into());
            }
        });
        let heading = (Section::Privilege, "accounts", "Accounts that can log in");
        self.side_by_side(
            heading,
            &[("Account", Kind::Text)],
            ("How", Kind::Text),
            rows,
        )
    }

    pub fn secrets(&self) -> Table {
        let rows = self.by_image(|image, add| {
            for finding in &image.secrets {
                add(vec![finding.path.clone()], finding.what.as_str().into());
            }
        });
        let heading = (
            Section::Privilege,
            "secrets",
            "Keys and machine identity left behind",
        );
        self.side_by_side(heading, &[("Path", Kind::Path)], ("What", Kind::Text), rows)
    }

    pub fn programs(&self) -> Table {
        let rows = self.by_image(|image, add| {
            for (what, list) in [
                ("shell", &image.shells),
                ("interpreter", &image.interpreters),
                ("package manager", &image.package_managers),
            ] {
                for Program { path, package } in list {
                    let owner = package_name(image, *package).unwrap_or("yes");
                    add(vec![path.clone(), what.to_owned()], owner.into());
                }
            }
        });
        let heading = (
            Section::Privilege,
            "programs",
            "Shells, interpreters, package managers",
        );
        let columns = [("Path", Kind::Path), ("Is", Kind::Text)];
        self.side_by_side(heading, &columns, ("Package", Kind::Text), rows)
    }

    pub fn layers(&self) -> Table {
        let rows = self.by_image(|image, add| {
            for layer in &image.image.layers {
                add(vec![layer.digest.clone()], layer.bytes.into());
            }
        });
        let heading = (Section::Sharing, "layers", "Layers, as they are stored");
        self.side_by_side(
            heading,
            &[("Digest", Kind::Path)],
            ("Size", Kind::Bytes),
            rows,
        )
    }

    pub fn notes(&self) -> Table {
        let heading = (
            Section::Origin,
            "notes",
            "What could not be read, or is not known",
        );
        self.one_by_one(heading, &[("Note", Kind::Text)], |image| {
            let notes = image.notes.iter();
            notes.map(|note| vec![note.as_str().into()]).collect()
        })
    }
}

/// Lists the first paths of a group, each on a line.
fn listed(group: &Duplicate) -> String {
    let shown = group.paths.len().min(3);
    let mut text = group.paths[..shown].join("\n");
    let more = group.count.saturating_sub(shown as u64);
    if more > 0 {
        text.push_str(&format!("\nand {more} more"));
    }
    text
}

/// Writes `4755 0:0 mount`.
fn describe(image: &Footprint, special: &Special) -> String {
    let Special { mode, uid, gid, .. } = special;
    let mut text = format!("{mode:04o} {uid}:{gid}");
    let capabilities = special.capabilities.as_deref();
    let package = package_name(image, special.package);
    for more in [capabilities, package].into_iter().flatten() {
        text.push(' ');
        text.push_str(more);
    }
    text
}

fn package_name(image: &Footprint, package: Option<u32>) -> Option<&str> {
    let package = image.packages.get(package? as usize)?;
    Some(&package.name)
}

/// Names every node by its whole path.
fn paths(tree: &[Node]) -> Vec<(String, &Node)> {
    let mut paths: Vec<(String, &Node)> = Vec::with_capacity(tree.len());
    for node in tree {
        let above = node.parent.map_or("", |parent| &paths[parent as usize].0);
        let path = match above {
            "" => node.name.clone(),
            above => format!("{above}/{}", node.name),
        };
        paths.push((path, node));
    }
    paths
}
