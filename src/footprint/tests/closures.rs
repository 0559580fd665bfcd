//! What programs are linked with.

use super::*;
use boot_kit::testkit::Elf;

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
    let program = |needed: &[&str]| {
        let program = Elf::shared().interpreter(loader);
        needed.iter().fold(program, |program, it| program.needs(it))
    };
    for (needed, missing) in [
        (&["libc.musl-x86_64.so.1"][..], &[][..]),
        (&["libc.so", "libpthread.so.0"], &[]),
        (&["libc.so", "libz.so.1"], &["libz.so.1"]),
    ] {
        let tree = [
            file("bin/x", &program(needed).build()),
            file("lib/ld-musl-x86_64.so.1", &Elf::shared().build()),
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
    let program = Elf::shared().needs("liba.so.1").needs("libb.so.1");
    let program = program.rpath("/opt");
    let other = Elf::library("liba.so.1").needs("libb.so.1");
    let other = other.runpath("/other");
    let last = Elf::library("libb.so.1").build();
    let tree = [
        file("bin/x", &program.build()),
        file("opt/liba.so.1", &other.build()),
        file("opt/libb.so.1", &last),
        file("other/libb.so.1", &last),
    ];
    let wanted = strings(&["bin/x", "opt/liba.so.1", "opt/libb.so.1"]);
    assert_eq!(closure(&tree, "x"), (wanted, vec![]));
}

#[test]
fn rpath_holds_for_what_is_loaded_and_runpath_does_not() {
    for is_old in [true, false] {
        let program = Elf::shared().needs("liba.so.1");
        let program = if is_old {
            program.rpath("$ORIGIN/../opt")
        } else {
            program.runpath("$ORIGIN/../opt")
        };
        let needs = Elf::shared().needs("libb.so.1");
        let tree = [
            file("bin/x", &program.build()),
            file("opt/liba.so.1", &needs.build()),
            file("opt/libb.so.1", &Elf::shared().build()),
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
