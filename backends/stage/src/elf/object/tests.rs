use super::*;
use boot_kit::testkit::Elf as Made;

fn read(bytes: &[u8]) -> Result<Option<Object>> {
    Object::read(&bytes)
}

fn names(names: &[&str]) -> Vec<Vec<u8>> {
    names.iter().map(|name| name.as_bytes().to_vec()).collect()
}

#[test]
fn what_an_object_needs_is_read_in_either_width_and_order() {
    for (is_64, is_little, number, platform) in [
        (true, true, 62, Some("linux/amd64")),
        (false, true, 3, Some("linux/386")),
        (true, false, 22, Some("linux/s390x")),
        (false, false, 8, Some("linux/mips")),
        (false, true, 62, None),
    ] {
        let made = Made::program()
            .machine(is_64, is_little, number)
            .interpreter("/lib/ld.so.1")
            .needs("libb.so.1")
            .needs("liba.so")
            .rpath("/opt/lib")
            .runpath("$ORIGIN/../lib:/x")
            .calls("dlopen")
            .build();
        let wanted = Object {
            machine: Machine {
                is_64,
                is_little,
                number: number.into(),
            },
            platform,
            is_program: true,
            interpreter: Some(b"/lib/ld.so.1".to_vec()),
            needed: names(&["libb.so.1", "liba.so"]),
            soname: None,
            rpath: Some(b"/opt/lib".to_vec()),
            runpath: Some(b"$ORIGIN/../lib:/x".to_vec()),
            opens_others: true,
        };
        assert_eq!(read(&made).expect("well-formed"), Some(wanted));
    }
}

#[test]
fn programs_are_told_from_libraries() {
    let is_program = |made: Made| {
        let object = read(&made.build()).expect("well-formed");
        object.expect("an object").is_program
    };
    assert!(is_program(Made::program()));
    assert!(is_program(Made::program().needs("libc.so.6")));
    assert!(!is_program(Made::library("libx.so.1")));
    // The C library can be run, to tell its version.
    assert!(!is_program(
        Made::library("libc.so.6").interpreter("/lib/ld.so.1")
    ));
    let hello = read(&Made::hello().build()).expect("well-formed");
    assert!(hello.expect("a program").is_static());
}

#[test]
fn other_files_are_no_objects() {
    let mut core = Made::program().build();
    core[16] = 4;
    for bytes in [
        &b""[..],
        b"#!/bin/sh\n",
        b"\x7fELF",
        b"\x7fELF\x09\x01",
        &core,
    ] {
        assert_eq!(read(bytes).expect("nothing is wrong"), None);
    }
    assert_eq!(
        format!("{:?}", read(b"\x7fELF\x02\x01").expect_err("is cut")),
        "Parse: its header is cut off"
    );
}

#[test]
fn this_test_is_a_program() {
    let file = std::env::current_exe().and_then(std::fs::File::open);
    let content = crate::Content::of_file(file.expect("readable")).expect("readable");
    let object = Object::read(&content)
        .expect("well-formed")
        .expect("a program");
    assert!(object.is_program);
    if !object.is_static() {
        assert!(object.interpreter.is_some());
        assert!(!object.needed.is_empty());
    }
}

#[test]
fn damage_anywhere_is_an_error_or_another_object_and_never_more() {
    let made = |is_64, is_little| {
        Made::program()
            .machine(is_64, is_little, 62)
            .interpreter("/lib/ld.so.1")
            .needs("libc.so.6")
            .runpath("$ORIGIN")
            .build()
    };
    for (is_64, is_little) in [(true, true), (true, false), (false, true), (false, false)] {
        let mut bytes = made(is_64, is_little);
        for place in 0..bytes.len() {
            let _either = read(&bytes[..place]);
            for value in [0, 1, 0x3f, 0x7f, 0x80, 0xff] {
                let kept = std::mem::replace(&mut bytes[place], value);
                let _either = read(&bytes);
                bytes[place] = kept;
            }
            // Two in a row, so that lengths become as large as they can.
            if place + 8 <= bytes.len() {
                let kept = bytes[place..place + 8].to_vec();
                bytes[place..place + 8].fill(0xff);
                let _either = read(&bytes);
                bytes[place..place + 8].copy_from_slice(&kept);
            }
        }
    }
}

#[test]
fn what_would_take_too_much_is_refused() {
    let refused = |bytes: &[u8]| read(bytes).expect_err("is refused").to_string();
    let mut many = Made::program().build();
    many[56..58].copy_from_slice(&u16::MAX.to_le_bytes());
    assert_eq!(refused(&many), "its program headers make no sense");
    let mut outside = Made::program().build();
    outside[32..40].copy_from_slice(&u64::MAX.to_le_bytes());
    assert_eq!(refused(&outside), "its program headers are not in the file");
    let endless = Made::program().interpreter(&format!("/{}", "x".repeat(20_000)));
    assert_eq!(refused(&endless.build()), "its interpreter is no path");
    let needy = (0..5000).fold(Made::program(), |made, _| made.needs("x"));
    assert_eq!(refused(&needy.build()), "it needs more libraries than any");
    let long = Made::program().needs(&"x".repeat(20_000)).build();
    assert_eq!(refused(&long), "a name in it has no end");
    let mut twice = Made::program().interpreter("/x").needs("x").build();
    let headers = twice[64..].chunks_exact_mut(56);
    let interpreter = { headers }.find(|header| header[0] == 3).expect("has one");
    interpreter[0] = 2;
    assert_eq!(refused(&twice), "it has several dynamic sections");
}
