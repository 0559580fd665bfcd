//! What programs are linked with.

use super::*;
use crate::footprint::elf::tests::Said;

/// The paths of a program's closure, and what is missing.
fn closure(tree: &[Made], program: &str) -> (Vec<String>, Vec<String>) {
    let footprint = measure(tree, options(&[program]));
    let [closure] = &footprint.elf.closures[..] else {
        panic!("one was asked for");
    };
    (closure.paths.clone(), closure.missing.clone())
}

fn strings(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|it| (*it).to_owned()).collect()
}

#[test]
fn the_loader_of_musl_is_its_library_by_any_of_its_names() {
    let loader = "/lib/ld-musl-x86_64.so.1";
    let program = |needed| Said {
        interpreter: Some(loader),
        needed,
        ..Said::default()
    };
    for (needed, missing) in [
        (&["libc.musl-x86_64.so.1"][..], &[][..]),
        (&["libc.so", "libpthread.so.0"], &[]),
        (&["libc.so", "libz.so.1"], &["libz.so.1"]),
    ] {
        let tree = [
            file("bin/x", &program(needed).file()),
            file("lib/ld-musl-x86_64.so.1", &Said::default().file()),
        ];
        assert_eq!(
            closure(&tree, "x"),
            (
                strings(&["bin/x", "lib/ld-musl-x86_64.so.1"]),
                strings(missing)
            ),
            "{needed:?}"
        );
    }
}

#[test]
fn what_is_loaded_already_is_not_looked_for() {
    let program = Said {
        needed: &["liba.so.1", "libb.so.1"],
        rpath: Some("/opt"),
        ..Said::default()
    };
    let library = |soname, needed| Said {
        soname: Some(soname),
        needed,
        ..Said::default()
    };
    let other = Said {
        runpath: Some("/other"),
        ..library("liba.so.1", &["libb.so.1"])
    };
    let tree = [
        file("bin/x", &program.file()),
        file("opt/liba.so.1", &other.file()),
        file("opt/libb.so.1", &library("libb.so.1", &[]).file()),
        file("other/libb.so.1", &library("libb.so.1", &[]).file()),
    ];
    let wanted = strings(&["bin/x", "opt/liba.so.1", "opt/libb.so.1"]);
    assert_eq!(closure(&tree, "x"), (wanted, vec![]));
}

#[test]
fn rpath_holds_for_what_is_loaded_and_runpath_does_not() {
    for is_old in [true, false] {
        let (rpath, runpath) = if is_old {
            (Some("$ORIGIN/../opt"), None)
        } else {
            (None, Some("$ORIGIN/../opt"))
        };
        let program = Said {
            needed: &["liba.so.1"],
            rpath,
            runpath,
            ..Said::default()
        };
        let needs = Said {
            needed: &["libb.so.1"],
            ..Said::default()
        };
        let tree = [
            file("bin/x", &program.file()),
            file("opt/liba.so.1", &needs.file()),
            file("opt/libb.so.1", &Said::default().file()),
        ];
        let wanted = if is_old {
            (
                strings(&["bin/x", "opt/liba.so.1", "opt/libb.so.1"]),
                vec![],
            )
        } else {
            (
                strings(&["bin/x", "opt/liba.so.1"]),
                strings(&["libb.so.1"]),
            )
        };
        assert_eq!(closure(&tree, "x"), wanted, "{is_old}");
    }
}
