//! Limits that an image must keep.

use super::*;
use crate::footprint::compare::{
    budget,
    model::{Breach, Limit},
};
use boot_kit::ErrorKind;

#[test]
fn a_budget_names_what_broke_it() {
    let limits = budget::parse("size=125MB, setuid=0,packages=7,accounts=3").expect("well-formed");
    let options = Options {
        budget: limits,
        ..Options::default()
    };
    let found = compare(vec![bookworm(), trixie()], &options);
    let breach = |image, metric: &str, most, value, text: &str| Breach {
        image,
        metric: metric.to_owned(),
        most,
        value,
        text: text.to_owned(),
    };
    assert_eq!(
        found.breaches,
        [
            breach(
                0,
                "accounts",
                3,
                None,
                "bookworm: accounts is not known, 3 allowed"
            ),
            breach(
                1,
                "size",
                125_000_000,
                Some(153_100_000),
                "trixie: content 146.0 MiB, 119.2 MiB allowed, 26.8 MiB too much: \
                 ceph 114.4 MiB, systemd 16.1 MiB, libboost1.83.0 10.5 MiB"
            ),
            breach(
                1,
                "setuid",
                0,
                Some(1),
                "trixie: setuid or setgid 1, 0 allowed, 1 too much: usr/bin/su"
            ),
            breach(
                1,
                "accounts",
                3,
                None,
                "trixie: accounts is not known, 3 allowed"
            ),
        ]
    );
    // An older image is only there to compare with.
    let against = Options {
        budget: vec![Limit {
            metric: "size".to_owned(),
            most: 1,
        }],
        against: true,
        ..Options::default()
    };
    let found = compare(vec![trixie(), bookworm()], &against);
    let broken: Vec<u32> = found.breaches.iter().map(|it| it.image).collect();
    assert_eq!(broken, [1]);
}

#[test]
fn a_budget_that_means_nothing_is_refused() {
    for (text, message) in [
        ("size", "`size` is no limit"),
        ("size=big", "`big` is no size"),
        ("setuid=5MB", "`5MB` is no number"),
        ("weight=5", "there is no figure `weight`"),
    ] {
        let error = budget::parse(text).expect_err(text);
        assert_eq!(
            (error.kind(), error.to_string().as_str()),
            (ErrorKind::Usage, message)
        );
    }
    assert_eq!(budget::parse("").expect("nothing"), []);
}
