//! Comparisons as people and spreadsheets get them.

use super::*;
use crate::footprint::compare::{
    By, budget,
    text::{csv::csv, markdown::markdown, terminal::table},
};

#[test]
fn a_table_fits_its_width_and_marks_the_best() {
    let found = compare(vec![bookworm(), trixie()], &Options::default());
    let heads = format!("{:24}bookworm{:14}trixie\n", "", "");
    let expected = heads
        + "\
content                  116.4 MiB*            146.0 MiB  +29.6 MiB
compressed (zstd -3)      58.2 MiB*             73.0 MiB  +14.8 MiB
on disk (4 KiB blocks)   116.4 MiB*            146.0 MiB  +29.6 MiB
files                            6*                    8         +2
packages                         5*                    7         +2
source packages                  5*                    6         +1
files of no package      976.6 KiB             585.9 KiB*−390.6 KiB
duplicated content             0 B                   0 B
setuid or setgid                 0*                    1         +1
keys and identity                0                     0
unstripped                       0                     0
by class
programs                 115.5 MiB  ██████▎    145.4 MiB  +29.9 MiB ████████
translations             976.6 KiB             585.9 KiB −390.6 KiB

Why trixie is 29.6 MiB larger than bookworm
  ceph +19.1 MiB (95.4 MiB → 114.4 MiB)
  systemd +16.1 MiB (with systemd, via uuid-runtime)
  perl −6.7 MiB (gone)
  boost +976.6 KiB (9.5 MiB → 10.5 MiB)
  apt +390.6 KiB (3.8 MiB → 4.2 MiB)
  translations of no package −390.6 KiB (976.6 KiB → 585.9 KiB)
  uuid-runtime +68.4 KiB (new, via ceph)
  zlib +29.3 KiB (new)

Not known
  what is shared is not known: bookworm, trixie without a list of files
";
    assert_eq!(table(&found, 100, false), expected);
    for width in [40, 60, 80, 100, 120] {
        let text = table(&found, width, true);
        let widest = text.lines().map(|line| line.chars().count()).max();
        assert!(widest <= Some(width.max(60)), "{width}: {widest:?}\n{text}");
    }
}

#[test]
fn pages_and_spreadsheets_have_the_same_figures() {
    let found = compare(vec![bookworm(), trixie()], &Options::default());
    let page = markdown(&found, false);
    let lines: Vec<&str> = page.lines().take(4).collect();
    assert_eq!(
        lines,
        [
            "|  | bookworm | trixie |",
            "| --- | --: | --: |",
            "| content | **116.4 MiB** | 146.0 MiB (+29.6 MiB) |",
            "| compressed (zstd -3) | **58.2 MiB** | 73.0 MiB (+14.8 MiB) |",
        ]
    );
    let sheet = csv(&found);
    let lines: Vec<&str> = sheet.split("\r\n").collect();
    assert_eq!(
        lines[..2],
        [
            "section,name,unit,bookworm,trixie",
            "metric,size,bytes,122100000,153100000"
        ]
    );
    assert!(lines.contains(&"class,translations,bytes,1000000,600000"));
    assert!(lines.contains(&"metric,gzip,bytes,,"));
}

#[test]
fn names_from_an_image_do_nothing_to_a_terminal() {
    let evil = |name: &str| {
        image(
            name,
            "a\u{1b}[2J\u{7}b+ s\u{1b}]0;x 5000000\n libx boost 3000000",
            10,
        )
    };
    let options = Options {
        by: Some(By::Package),
        budget: budget::parse("size=1MB").expect("well-formed"),
        ..Options::default()
    };
    let found = compare(
        vec![
            image("o\u{1b}[3Jne\nerror: forged", "apt apt 100", 10),
            evil("two"),
        ],
        &options,
    );
    for explains in [false, true] {
        for text in [table(&found, 200, explains), markdown(&found, explains)] {
            let wrong = text.chars().find(|it| it.is_control() && *it != '\n');
            assert_eq!(wrong, None, "{text}");
            assert!(
                !text.lines().any(|line| line.starts_with("error:")),
                "{text}"
            );
        }
    }
}
