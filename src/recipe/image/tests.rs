//! What the words of an image's configuration become, and what is refused.

use super::*;
use std::{fmt::Debug, str::FromStr};

/// Parses each text and compares with what is wanted: `Ok` or a message.
fn table<T>(cases: &[(&str, Result<&str, &str>)], shown: impl Fn(&T) -> String)
where
    T: FromStr<Err = String> + Debug,
{
    for (text, wanted) in cases {
        let found = text.parse::<T>().map(|value| shown(&value));
        let wanted = wanted.map(str::to_owned).map_err(str::to_owned);
        assert_eq!(found, wanted, "{text:?}");
    }
}

#[test]
fn a_command_is_a_list_or_a_line_for_the_shell() {
    table::<CommandLine>(
        &[
            (
                r#"["nginx", "-g", "daemon off;"]"#,
                Ok("nginx|-g|daemon off;"),
            ),
            ("  []\n", Ok("")),
            ("echo $HOME", Ok("/bin/sh|-c|echo $HOME")),
            ("[ -f /x ] && y", Ok("/bin/sh|-c|[ -f /x ] && y")),
            (
                r#"["nginx" "-g"]"#,
                Err(
                    "it begins like a JSON list of strings but is none, as `[\"nginx\", \"-g\", \"daemon off;\"]` is",
                ),
            ),
            (
                " ",
                Err("a command has at least one word; write `[]` for none"),
            ),
            (
                r#"[""]"#,
                Err("the first word names the program and cannot be empty"),
            ),
        ],
        |command| command.words().join("|"),
    );
}

#[test]
fn ports_have_a_protocol() {
    let refused = |text: &str| {
        format!(
            "`{text}` is not a port: write a number up to 65535, alone or with /tcp, /udp or /sctp"
        )
    };
    table::<Port>(
        &[
            ("80", Ok("80/tcp")),
            ("053/udp", Ok("53/udp")),
            ("65535/sctp", Ok("65535/sctp")),
        ],
        Port::to_string,
    );
    for text in ["", "0", "65536", "+80", "80/http", "80-90", "tcp/80"] {
        assert_eq!(text.parse::<Port>(), Err(refused(text)));
    }
}

#[test]
fn paths_begin_at_the_root() {
    table::<AbsolutePath>(
        &[
            ("/", Ok("/")),
            ("//srv/./www/", Ok("/srv/www")),
            (
                "srv",
                Err("`srv` is not a path from the root: begin it with `/` and leave out `..`"),
            ),
            (
                "/srv/../etc",
                Err(
                    "`/srv/../etc` is not a path from the root: begin it with `/` and leave out `..`",
                ),
            ),
        ],
        AbsolutePath::to_string,
    );
}

#[test]
fn accounts_are_a_user_and_perhaps_a_group() {
    table::<Account>(
        &[
            ("www-data", Ok("www-data")),
            ("1000:1000", Ok("1000:1000")),
            (
                "a:b:c",
                Err("`a:b:c` is not an account: write USER or USER:GROUP, names or numbers"),
            ),
            (
                ":",
                Err("`:` is not an account: write USER or USER:GROUP, names or numbers"),
            ),
            (
                "a b",
                Err("`a b` is not an account: write USER or USER:GROUP, names or numbers"),
            ),
        ],
        Account::to_string,
    );
}

#[test]
fn signals_have_the_names_linux_gives_them() {
    table::<Signal>(
        &[
            ("SIGTERM", Ok("SIGTERM")),
            ("quit", Ok("SIGQUIT")),
            ("sigrtmin+3", Ok("SIGRTMIN+3")),
            (
                "SIGTREM",
                Err("`SIGTREM` is not a signal: write a name such as SIGTERM or SIGRTMIN+3"),
            ),
            (
                "SIGRTMIN+31",
                Err("`SIGRTMIN+31` is not a signal: write a name such as SIGTERM or SIGRTMIN+3"),
            ),
        ],
        Signal::to_string,
    );
}

#[test]
fn pairs_are_split_at_the_first_equals_sign() {
    table::<Pair>(
        &[
            ("A=b=c", Ok("A|b=c")),
            ("A=", Ok("A|")),
            ("A", Err("`A` has no `=`: write NAME=VALUE")),
            (
                "=b",
                Err("`` is not a name: it is empty or has a blank or `=` in it"),
            ),
        ],
        |pair| format!("{}|{}", pair.name, pair.value),
    );
}

#[test]
fn names_are_those_registries_take() {
    let shown = |name: &Reference| {
        let registry = name.registry().unwrap_or("-");
        format!("{name} {registry} {}", name.canonical())
    };
    table::<Reference>(
        &[
            (
                "debian",
                Ok("debian:latest - docker.io/library/debian:latest"),
            ),
            (
                "team/base:1.2-rc_3",
                Ok("team/base:1.2-rc_3 - docker.io/team/base:1.2-rc_3"),
            ),
            (
                "registry.example:5000/a/b__c",
                Ok(
                    "registry.example:5000/a/b__c:latest registry.example:5000 registry.example:5000/a/b__c:latest",
                ),
            ),
            ("localhost/x:1", Ok("localhost/x:1 localhost localhost/x:1")),
            (
                "Debian",
                Err(
                    "`Debian` is not an image's name: use lower-case letters and digits, with single `.`, `_`, `-` or \
                     `/` between them",
                ),
            ),
            (
                "debian:.1",
                Err(
                    "`debian:.1` is not an image's name: a tag has up to 128 letters, digits, `_`, `.` and `-`",
                ),
            ),
            (
                "-a.b/x",
                Err(
                    "`-a.b/x` is not an image's name: the part before the first `/` is not a registry",
                ),
            ),
            (
                "debian@sha256:00",
                Err("`debian@sha256:00` is not an image's name: a digest cannot be chosen"),
            ),
        ],
        shown,
    );
    for wrong in ["", ":", "a/", "/a", "a..b", "a___b", "a_", "a:"] {
        assert!(wrong.parse::<Reference>().is_err(), "{wrong:?}");
    }
    let long = "a".repeat(256);
    assert!(long.parse::<Reference>().is_err());
}

#[test]
fn a_name_nobody_gave_is_made_of_what_was_built() {
    for (distribution, release, variant, name) in [
        ("debian", "trixie", "minbase", "debian:trixie-minbase"),
        ("My Linux!", "3.22", "Über", "my-linux:3.22--ber"),
    ] {
        let recipe = Recipe {
            distribution: distribution.to_owned(),
            release: release.to_owned(),
            variant: variant.to_owned(),
            ..Recipe::default()
        };
        let reference = ImageOptions::default().reference(&recipe);
        assert_eq!(reference.as_str(), name);
        assert_eq!(name.parse::<Reference>(), Ok(reference));
    }
}

#[test]
fn the_last_of_two_values_counts() {
    let pairs = |texts: &[&str]| -> Vec<Pair> {
        let pairs = texts.iter().map(|text| text.parse().expect("a pair"));
        pairs.collect()
    };
    let options = ImageOptions {
        env: pairs(&["B=1", "A=2", "B=3", "PATH=/bin"]),
        label: pairs(&["x=1", "x=2"]),
        ..ImageOptions::default()
    };
    assert_eq!(options.environment(), pairs(&["PATH=/bin", "B=3", "A=2"]));
    assert_eq!(options.labels(), BTreeMap::from([("x", "2")]));
}
