use super::*;

fn dependency(word: &str) -> Dependency {
    Dependency::parse(word).expect(word)
}

#[test]
fn words_come_apart_and_go_together_again() {
    use Comparison::*;
    for (word, name, comparison, version, shown) in [
        ("n=1.2", "n", Equal, "1.2", "n=1.2"),
        ("n==1.2", "n", Equal, "1.2", "n=1.2"),
        ("n<1", "n", Less, "1", "n<1"),
        ("n<=1", "n", LessOrEqual, "1", "n<=1"),
        ("n=<1", "n", LessOrEqual, "1", "n<=1"),
        ("n>1_p2-r3", "n", Greater, "1_p2-r3", "n>1_p2-r3"),
        ("n>=1", "n", GreaterOrEqual, "1", "n>=1"),
        ("n~1.2", "n", Fuzzy, "1.2", "n~1.2"),
        ("n~=1.2", "n", Fuzzy, "1.2", "n~1.2"),
        ("n=~1.2", "n", Fuzzy, "1.2", "n~1.2"),
        ("n<~1.2", "n", LessOrFuzzy, "1.2", "n<~1.2"),
        ("n>~1.2", "n", GreaterOrFuzzy, "1.2", "n>~1.2"),
        ("n><Q1ab+/=", "n", Identity, "Q1ab+/=", "n><Q1ab+/="),
        ("n<=>1", "n", Any, "", "n"),
        ("n", "n", Any, "", "n"),
        (
            "so:libc.musl-x86_64.so.1",
            "so:libc.musl-x86_64.so.1",
            Any,
            "",
            "so:libc.musl-x86_64.so.1",
        ),
        ("cmd:[=1.2-r0", "cmd:[", Equal, "1.2-r0", "cmd:[=1.2-r0"),
        (
            "pc:a-b>=0.1",
            "pc:a-b",
            GreaterOrEqual,
            "0.1",
            "pc:a-b>=0.1",
        ),
        ("/bin/sh", "/bin/sh", Any, "", "/bin/sh"),
        ("py3.11:x,y", "py3.11:x,y", Any, "", "py3.11:x,y"),
        (".build-deps", ".build-deps", Any, "", ".build-deps"),
    ] {
        let expected = Dependency {
            name: name.to_owned(),
            comparison,
            version: version.to_owned(),
            ..Dependency::default()
        };
        for (word, shown, conflict, tag) in [
            (word.to_owned(), shown.to_owned(), false, None),
            (format!("!{word}"), format!("!{shown}"), true, None),
            (
                word.replacen(name, &format!("{name}@edge"), 1),
                shown.replacen(name, &format!("{name}@edge"), 1),
                false,
                Some("edge".to_owned()),
            ),
        ] {
            let expected = Dependency {
                conflict,
                tag,
                ..expected.clone()
            };
            let parsed = dependency(&word);
            assert_eq!(parsed, expected, "{word}");
            assert_eq!(parsed.to_string(), shown, "{word}");
            assert_eq!(dependency(&shown), parsed, "{shown} again");
        }
    }
}

#[test]
fn the_tag_may_stand_after_the_version() {
    let parsed = dependency("!name~1.2@edge");
    assert_eq!(parsed, dependency("!name@edge~1.2"));
    assert_eq!(parsed.tag.as_deref(), Some("edge"));
}

#[test]
fn malformed_words_are_quoted() {
    for (word, why) in [
        ("", "has no valid name"),
        ("!", "has no valid name"),
        ("=1", "has no valid name"),
        ("@edge", "has no valid name"),
        ("a b", "has no valid name"),
        ("a@", "has no valid tag"),
        ("a@b@c", "has no valid tag"),
        ("a=", "has no valid version"),
        ("a=x", "has no valid version"),
        ("a>=1-1", "has no valid version"),
        ("a~", "has no valid version"),
        ("a><", "has no identity"),
        ("a<>~1", "has an unknown operator"),
    ] {
        let error = Dependency::parse(word).expect_err(word);
        assert_eq!(error.to_string(), format!("dependency `{word}` {why}"));
        assert_eq!(error.kind(), ErrorKind::Parse);
    }
    let error = Dependency::parse_list("a b>=1 c=").expect_err("the last is malformed");
    assert_eq!(error.to_string(), "dependency `c=` has no valid version");
}

#[test]
fn lists_keep_their_order() {
    let list = Dependency::parse_list(" c  a=1\nb@x\t!d\n").expect("well-formed");
    let shown: Vec<String> = list.iter().map(Dependency::to_string).collect();
    assert_eq!(shown, ["c", "a=1", "b@x", "!d"]);
    assert_eq!(Dependency::parse_list("").expect("empty"), []);
}

#[test]
fn provides_are_names_with_or_without_a_version() {
    let provide = |name: &str, version: Option<&str>| Provide {
        name: name.to_owned(),
        version: version.map(str::to_owned),
    };
    for (word, expected) in [
        ("/bin/sh", provide("/bin/sh", None)),
        ("so:libz.so.1=1.3.1", provide("so:libz.so.1", Some("1.3.1"))),
        ("cmd:a=1-r0", provide("cmd:a", Some("1-r0"))),
        ("pc:odd=4.a-X", provide("pc:odd", Some("4.a-X"))),
    ] {
        let parsed = Provide::parse(word).expect(word);
        assert_eq!(parsed, expected);
        assert_eq!(parsed.to_string(), word);
    }
    let bound = Provide::parse("a>=1").expect("apk takes it");
    assert_eq!(bound.to_string(), "a=1");
    for (word, why) in [
        ("", "has no valid name"),
        ("=1", "has no valid name"),
        ("a=", "has no version"),
        ("a>", "has no version"),
    ] {
        let error = Provide::parse(word).expect_err(word);
        assert_eq!(error.to_string(), format!("provided `{word}` {why}"));
    }
}

#[test]
fn what_has_no_version_meets_only_a_bare_name() {
    for (word, version, expected) in [
        ("a", None, true),
        ("a", Some("1"), true),
        ("a=1", None, false),
        ("a=1", Some("1"), true),
        ("a=1", Some("2"), false),
        ("a~1", Some("1.5-r2"), true),
        ("a><Q1x", Some("1"), true),
        ("a><Q1y", Some("1"), false),
        ("!a<2", Some("1"), true),
    ] {
        assert_eq!(
            dependency(word).names(version, "Q1x"),
            expected,
            "{word} {version:?}"
        );
    }
}
