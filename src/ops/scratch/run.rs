//! How the image is run: the only program there is, unless told otherwise.

use crate::recipe::image::{CommandLine, ImageOptions};
use boot_kit::{Error, ErrorKind, Event, Kind, Report, Result, RootPath};
use boot_stage::Tree;

/// Makes the only program the entrypoint of an image that has none.
pub(super) fn choose(
    image: &mut ImageOptions,
    programs: &[RootPath],
    report: &dyn Report,
) -> Result<()> {
    if image.entrypoint.is_some() {
        return Ok(());
    }
    if let [only] = programs
        && let Ok(path) = std::str::from_utf8(only.bytes())
    {
        image.entrypoint = Some(command(&[format!("/{path}")])?);
        return Ok(());
    }
    if image.cmd.is_none() {
        // Not even the shell that images have by default: here is none.
        image.entrypoint = Some(command(&[])?);
        let names = programs.iter().map(|path| format!("`/{path}`"));
        let message = match programs.len() {
            0 => "the image runs nothing by itself: no program was added".to_owned(),
            _ => format!(
                "the image runs nothing by itself: name one of {} with --entrypoint",
                names.collect::<Vec<_>>().join(", ")
            ),
        };
        report.event(Event::Warning { message });
    }
    Ok(())
}

fn command(words: &[String]) -> Result<CommandLine> {
    let text = serde_json::Value::from(words.to_vec()).to_string();
    text.parse()
        .map_err(|why: String| Error::new(ErrorKind::Usage, why))
}

/// Refuses to make an image whose command is not in it.
pub(super) fn check(image: &ImageOptions, tree: &Tree) -> Result<()> {
    let words = |line: &Option<CommandLine>| line.as_ref().map(|line| line.words().to_vec());
    let entrypoint = words(&image.entrypoint).filter(|words| !words.is_empty());
    let Some(words) = entrypoint.or_else(|| words(&image.cmd)) else {
        return Ok(());
    };
    let Some(program) = words.first() else {
        return Ok(());
    };
    let is_there = |path: &str| {
        let path = RootPath::parse(path).ok();
        let found = path.and_then(|path| tree.find(&tree.resolve(&path)?));
        found.is_some_and(|entry| matches!(entry.kind, Kind::File { .. }))
    };
    let environment = image.environment();
    let path = environment.iter().find(|pair| pair.name == "PATH");
    let mut directories = path.iter().flat_map(|pair| pair.value.split(':'));
    let found = if program.contains('/') {
        let from = image.workdir.as_ref().map_or("", |path| path.as_str());
        let relative = format!("{from}/{program}");
        is_there(if program.starts_with('/') {
            program
        } else {
            &relative
        })
    } else {
        directories.any(|directory| is_there(&format!("{directory}/{program}")))
    };
    if found {
        return Ok(());
    }
    let is_shell = program == "/bin/sh" && words.get(1).is_some_and(|word| word == "-c");
    let message = format!("the image is to run `{program}`, which is not in it");
    Err(Error::new(ErrorKind::Usage, message).with_hint(if is_shell {
        "write the command as a JSON list, as in `[\"/usr/bin/hello\", \"--fast\"]`: there is no shell"
    } else {
        "name a program that you add, by its path in the image"
    }))
}
