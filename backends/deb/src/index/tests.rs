use super::*;
use crate::{relation::Relation, sum::Sum};
use boot_kit::Digest;

/// Reads lists given as texts, the first of which is the base.
fn read<'a>(lists: &[&'a str]) -> Result<Universe<'a>> {
    let lists: Vec<List> = (0..)
        .zip(lists)
        .map(|(archive, text)| List {
            name: ["main", "security", "third"][usize::from(archive)],
            text: text.as_bytes().into(),
            archive,
            base: archive == 0,
            pin: 500,
            suites: ["trixie", "stable"],
        })
        .collect();
    Universe::read("amd64", &["i386".to_owned()], &lists)
}

fn dump<'u>(packages: impl Iterator<Item = Package<'u>>) -> String {
    let packages: Vec<String> = packages.map(|package| format!("{package:?}")).collect();
    packages.join(", ")
}

const STANZA: &str = "\
Package: b
Architecture: amd64
Version: 1:2-3
Essential: yes
Protected: yes
Priority: required
Section: admin
Multi-Arch: same
Provides: v, w (= 1),
 x:any
Pre-Depends: a (>= 1) | c
Filename: ./pool/b_2-3_amd64.deb
Size: 12
SHA256: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
";

#[test]
fn packages_have_what_their_stanza_says() {
    for text in [STANZA, STANZA.trim_end(), &format!("\n\n{STANZA}\n\n\n")] {
        check_stanza(text);
    }
}

#[track_caller]
fn check_stanza(text: &str) {
    let universe = read(&[text]).expect("well-formed");
    let package = universe.named("b").next().expect("is there");
    assert_eq!(
        (package.name(), package.version(), package.arch()),
        ("b", "1:2-3", "amd64")
    );
    assert!(package.is_essential() && package.is_protected() && package.is_base());
    assert_eq!(
        (package.priority(), package.multi_arch()),
        (Priority::Required, MultiArch::Same)
    );
    assert_eq!(package.section().expect("reads"), Some("admin"));
    assert_eq!(package.filename().expect("reads"), "pool/b_2-3_amd64.deb");
    assert_eq!(package.size().expect("reads"), 12);
    assert_eq!(package.sum().expect("reads"), Sum::Sha256(Digest::of("")));
    let show = |relations: Vec<Relation>| {
        relations
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join(", ")
    };
    assert_eq!(
        show(package.provides().expect("reads")),
        "v, w (= 1), x:any"
    );
    assert_eq!(
        show(package.relations("pre-depends").expect("reads").concat()),
        "a (>= 1), c"
    );
    assert!(package.relations("Depends").expect("reads").is_empty());
    for name in ["v", "w", "x"] {
        assert_eq!(dump(universe.providers(name)), "b 1:2-3", "{name}");
    }
    assert_eq!(dump(universe.providers("a")), "");
}

#[test]
fn versions_are_gathered_by_name_and_architecture() {
    let universe = read(&[
        "Package: a\nVersion: 1.9\nArchitecture: amd64\n\nPackage: a\nVersion: 1.9\nArchitecture: i386\n",
        "Package: a\nVersion: 1.10\nArchitecture: all\n\nPackage: a\nVersion: 1.9\nArchitecture: amd64\n\n\
         Package: a\nVersion: 3\nArchitecture: arm64",
    ])
    .expect("well-formed");
    assert_eq!(dump(universe.named("a")), "a 1.10, a 1.9, a:i386 1.9");
    let archives: Vec<u16> = universe
        .named("a")
        .map(|package| package.archive())
        .collect();
    assert_eq!(
        archives,
        [1, 0, 0],
        "of equal versions, the first list has it"
    );
    assert_eq!((universe.len(), universe.packages().count()), (3, 3));
    assert_eq!(dump(universe.named("none")), "");
}

#[test]
fn the_candidate_is_the_highest_version_of_the_highest_pin() {
    let texts = ["1", "3", "2"]
        .map(|version| format!("Package: a\nVersion: {version}\nArchitecture: amd64\n"));
    for (pins, expected) in [
        ([500, 500, 500], Some("3")),
        ([500, 100, 500], Some("2")),
        ([1, 1, 100], Some("2")),
        ([500, 0, -10], Some("1")),
        ([0, 0, 0], None),
    ] {
        let list = |i: usize| List {
            name: "list",
            text: texts[i].as_bytes().into(),
            pin: pins[i],
            ..List::default()
        };
        let universe = Universe::read("amd64", &[], &[list(0), list(1), list(2)]).expect("reads");
        let candidate = universe.candidate(universe.slots_named("a")[0]);
        let version = candidate.map(|id| universe.package(id).version());
        assert_eq!(version, expected, "{pins:?}");
    }
}

#[test]
fn malformed_lists_name_the_package_and_the_list() {
    let good = "Package: a\nVersion: 1\nArchitecture: amd64\n";
    for (text, expected) in [
        (
            "Version: 1\n",
            "the stanza at byte 43 of `main` has no name",
        ),
        (
            "Package: ../b\n",
            "the stanza at byte 43 of `main` has no valid name",
        ),
        // A second name that ends the text used to be cut out by the length of the first.
        (
            "Package: long-name\nPackage:",
            "package `long-name` in `main` has no valid name",
        ),
        ("Package: b\n", "package `b` in `main` has no version"),
        (
            "Package: b\nVersion: 1\n\n",
            "package `b` in `main` has no architecture",
        ),
        (
            "Package: b\nVersion: 1/2\n",
            "package `b` in `main` has no valid version",
        ),
        (
            "Package: b\nArchitecture\n",
            "package `b` in `main` has a line without a colon",
        ),
    ] {
        let text = format!("{good}\n{text}");
        let error = read(&[&text]).expect_err(&text);
        assert_eq!(error.to_string(), expected);
    }
    let universe =
        read(&["Package: b\nVersion: 1\nArchitecture: amd64\nFilename: a/../../b\nSize: x\n"]);
    let universe = universe.expect("fields that are not looked at are not checked");
    let package = universe.named("b").next().expect("is there");
    for (error, expected) in [
        (
            package.filename().expect_err("leads out"),
            "field `Filename` leads out of the archive: `a/../../b`",
        ),
        (
            package.size().expect_err("is no number"),
            "`x` is not a size",
        ),
        (
            package.sum().expect_err("is missing"),
            "field `SHA256` is missing",
        ),
    ] {
        let full = format!("Parse: cannot read package `b` in `main`: {expected}");
        assert_eq!(format!("{error:?}"), full);
    }
}

#[test]
fn mentions_are_ordered_as_apt_reads() {
    let stanza = |name: &str, fields: &str| {
        format!("Package: {name}\nVersion: 1\nArchitecture: amd64\n{fields}\n")
    };
    let text = stanza(
        "a",
        "Description: d e\nRecommends: e\nDepends: f:any, xe,\n d (= 1)\n",
    ) + &stanza("b", "Provides: g\n")
        + &["d", "e", "f", "g"].map(|name| stanza(name, "")).concat();
    let universe = read(&[&text]).expect("well-formed");
    let mut names = ["a", "b", "d", "e", "f", "g"];
    names.sort_by_key(|name| universe.first_mention(universe.slots_named(name)[0]));
    assert_eq!(names, ["a", "d", "e", "b", "g", "f"]);
}

#[test]
fn mentions_found_before_are_not_looked_for_again() {
    let text = "Package: a\nVersion: 1\nArchitecture: amd64\nDepends: b\n\n\
                Package: b\nVersion: 1\nArchitecture: amd64\n\n";
    let universe = read(&[text]).expect("well-formed");
    let slot = |name| universe.slots_named(name)[0];
    assert!(universe.mentions().is_empty());
    let (a, b) = (slot("a"), slot("b"));
    let order = universe.first_mention(a).cmp(&universe.first_mention(b));
    let found = universe.mentions();
    assert_eq!((order, found.len()), (std::cmp::Ordering::Less, 2));
    // Given the wrong way round, it is what is believed.
    let again = read(&[text]).expect("well-formed");
    again.recall_mentions([(a.0, found[&b.0]), (b.0, found[&a.0])].into());
    let order = again.first_mention(a).cmp(&again.first_mention(b));
    assert_eq!(order, std::cmp::Ordering::Greater);
}

#[test]
fn large_lists_are_read_in_pieces_and_in_order() {
    let stanza = |i: usize| {
        let padding = "x".repeat(1000);
        format!("Package: p{i}\nVersion: {i}\nArchitecture: all\nDescription: {padding}\n\n")
    };
    let text: String = (0..9000).map(stanza).collect();
    let universe = read(&[&text]).expect("well-formed");
    assert!(
        universe
            .packages()
            .map(|package| package.version().parse::<usize>())
            .eq((0..9000).map(Ok))
    );
    assert_eq!(dump(universe.named("p8999")), "p8999 8999");
}

/// Everything that is known of all packages, and their order of being mentioned.
fn everything(universe: &Universe) -> Vec<String> {
    let mut slots: Vec<_> = universe.packages().map(|package| package.slot()).collect();
    slots.sort_by_key(|slot| universe.first_mention(*slot));
    let known = |package: Package| {
        let providers: Vec<_> = universe.providers(package.name()).collect();
        let relations = ["Pre-Depends", "Depends", "Breaks", "Suggests"]
            .map(|field| format!("{:?}", package.relations(field).expect("reads")));
        format!(
            "{package:?} {} {:?} {} {} {} {:?} {:?} {:?} {:?} {:?} {providers:?} {relations:?}",
            package.arch(),
            package.multi_arch(),
            package.is_essential(),
            package.is_base(),
            package.pin(),
            package.priority(),
            package.provides().expect("reads"),
            package.filename().map_err(|error| error.one_line()),
            package.size().map_err(|error| error.one_line()),
            package.sum().map_err(|error| error.one_line()),
        )
    };
    let packages = universe.packages().map(known);
    packages
        .chain([format!("{slots:?} {:?}", universe.mentions())])
        .collect()
}

#[test]
fn a_compact_list_says_what_the_list_says() {
    let small = |i: u32| {
        let (before, after) = ((i * 7) % 150, (i * 11) % 150);
        let arch = ["amd64", "all", "i386"][i as usize % 3];
        let sums = [
            "sha256: BEST\nSHA512: OTHER\n",
            "SHA512: OTHER\nSHA256: BEST\n",
            "SHA512: OTHER\n",
            "",
        ];
        let sums = sums[i as usize % 4]
            .replace("BEST", &"ab".repeat(32))
            .replace("OTHER", &"cd".repeat(64));
        format!(
            "Package: p{i}\nVersion: {i}\nArchitecture: {arch}\nPriority: standard\nMaintainer: a\n b\n\
             Provides: v{before},\n w{after} (= 1)\nDepends: p{before},\n p{after} | b\n{sums}Description: d\n e\n\n"
        )
    };
    let text = (0..150).map(small).collect::<String>() + STANZA;
    let name = Digest::of(&text);
    let list = |text| List {
        name: "main",
        text,
        base: true,
        pin: 500,
        ..List::default()
    };
    let read = |text, foreign: &[&str]| {
        let foreign: Vec<String> = foreign.iter().map(|it| (*it).to_owned()).collect();
        Universe::read("amd64", &foreign, &[list(text)]).expect("is well-formed")
    };
    let plain = read(text.as_bytes().into(), &["i386"]);
    assert!(plain.can_be_compact(0));
    assert!(!read(text.as_bytes().into(), &[]).can_be_compact(0));
    let mut file = tempfile::tempfile().expect("a temporary file");
    plain
        .write_compact(0, &name, 7, &mut file)
        .expect("is written");
    let open = |name: &Digest| {
        let mut file = file.try_clone().expect("is open");
        std::io::Seek::rewind(&mut file).expect("seekable");
        Compact::open(file, name)
    };
    assert!(open(&Digest::of("another")).is_none());
    let compact = open(&name).expect("is whole");
    assert_eq!(compact.plain_bytes(), text.len() as u64);
    assert_eq!(compact.packed_bytes(), 7);
    for foreign in [&["i386"][..], &["arm64", "i386"], &[]] {
        assert_eq!(
            everything(&read(Text::Compact(&compact), foreign)),
            everything(&read(text.as_bytes().into(), foreign)),
            "{foreign:?}"
        );
    }
    assert!(!compact.is_damaged());
}
