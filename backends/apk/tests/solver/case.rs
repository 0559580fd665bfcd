//! Cases as text: `tests/cases/*.case`.
//!
//! ```text
//! # what the case shows
//! @repository            stanzas of an index follow; `@repository edge` gives it a tag
//! P:a
//! V:1
//!
//! @world a b@edge
//! @hold a=1              packages of the base
//! @exclude b
//! @install b-1 c-2       what must come out, in this order
//! @error                 or: the whole message, and the hint after `hint: `
//! ```
//!
//! The stanzas of an index end at the next line with `@`; the world may be given before or after them.

use crate::stanza::packages;
use boot_apk::{
    relation::Dependency,
    solve::{Request, Universe, solve},
};
use std::{fmt::Write, fs, path::Path};

#[derive(Default)]
struct Case {
    indexes: Vec<String>,
    tags: Vec<Option<String>>,
    world: String,
    hold: Vec<String>,
    exclude: Vec<String>,
    expected: String,
}

fn read(text: &str) -> Case {
    let mut case = Case::default();
    let mut section = "";
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let words = |rest: &str| rest.split_whitespace().map(str::to_owned).collect();
        if let Some(order) = line.strip_prefix('@') {
            let (word, rest) = order.split_once(' ').unwrap_or((order, ""));
            section = word;
            match word {
                "repository" => {
                    case.indexes.push(String::new());
                    let tag = rest.trim();
                    case.tags.push((!tag.is_empty()).then(|| tag.to_owned()));
                }
                "world" => rest.clone_into(&mut case.world),
                "hold" => case.hold = words(rest),
                "exclude" => case.exclude = words(rest),
                "install" => case.expected = format!("install {rest}"),
                "error" => case.expected = String::from("error"),
                _ => panic!("unknown section `{word}`"),
            }
        } else if section == "repository" {
            let index = case.indexes.last_mut().expect("a repository");
            writeln!(index, "{line}").expect("a string");
        } else if section == "error" {
            write!(case.expected, "\n{line}").expect("a string");
        }
    }
    case.expected.truncate(case.expected.trim_end().len());
    case
}

fn outcome(case: &Case) -> String {
    let indexes = case.indexes.iter().enumerate();
    let all = indexes.flat_map(|(repository, text)| packages(text, repository));
    let universe = Universe::new(all.collect(), case.tags.clone());
    let label = |place: usize| {
        let package = &universe.packages()[place];
        format!("{}-{}", package.name, package.version)
    };
    let hold = case.hold.iter().map(|word| {
        let mut all = 0..universe.packages().len();
        all.find(|place| label(*place) == word.replace('=', "-"))
            .expect("held packages are in an index")
    });
    let request = Request {
        world: Dependency::parse_list(&case.world).expect("a world"),
        hold: hold.collect(),
        exclude: case.exclude.clone(),
    };
    match solve(&universe, &request) {
        Ok(solution) => {
            let tagged = solution.order.iter().zip(&solution.tags);
            let mut text = "install".to_owned();
            for (package, tag) in tagged {
                write!(text, " {}", label(*package)).expect("a string");
                if let Some(tag) = tag {
                    write!(text, "@{tag}").expect("a string");
                }
            }
            text
        }
        Err(error) => {
            let hint = error.hint().unwrap_or_default();
            format!("error\n{error}\nhint: {hint}")
        }
    }
}

#[test]
fn every_case_comes_out_as_written() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let mut paths: Vec<_> = fs::read_dir(folder)
        .expect("the folder of cases")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|it| it == "case"))
        .collect();
    paths.sort();
    assert!(paths.len() >= 60, "there are only {} cases", paths.len());
    let mut failures = String::new();
    for path in paths {
        let case = read(&fs::read_to_string(&path).expect("a case"));
        let name = path
            .file_stem()
            .expect("a name")
            .to_string_lossy()
            .into_owned();
        let outcome = outcome(&case);
        if outcome != case.expected {
            let expected = &case.expected;
            write!(
                failures,
                "== {name}\nexpected: {expected}\nbut got:  {outcome}\n\n"
            )
            .expect("a string");
        }
    }
    assert!(failures.is_empty(), "\n{failures}");
}
