//! One image on one screen.

#[cfg(test)]
mod tests;

use super::{By, Row, rows};
use crate::{
    footprint::model::{Footprint, Program, Special},
    progress::{
        one_line,
        quantity::{count, number, size},
    },
};
use std::fmt::Write;

/// Narrower than this nothing can be laid out.
const MIN_WIDTH: usize = 60;
/// Wider lines are harder to read, not better.
const MAX_WIDTH: usize = 110;
/// How many rows of a breakdown are shown when it is one of two.
const ROWS: usize = 12;
/// How many when it is what was asked for.
const MANY_ROWS: usize = 40;
/// What begins the row of what has no room.
const REST: &str = "…";
/// The widest name.
const LABEL: usize = 18;

/// Writes the figures of an image for a terminal of `width` columns: what it costs, what it is made of, what to look at.
///
/// With `by`, that breakdown takes the place of those by class and package.
pub fn screen(footprint: &Footprint, by: Option<By>, width: usize) -> String {
    let width = width.clamp(MIN_WIDTH, MAX_WIDTH);
    let mut screen = String::new();
    line(&mut screen, &title(footprint), width);
    screen.push('\n');
    sizes(&mut screen, footprint, width);
    if let Some(by) = by {
        breakdown(&mut screen, footprint, by, MANY_ROWS, width);
    } else {
        breakdown(&mut screen, footprint, By::Class, ROWS, width);
        if !footprint.packages.is_empty() {
            breakdown(&mut screen, footprint, By::Package, ROWS - 4, width);
        }
    }
    screen.push('\n');
    facts(&mut screen, footprint, width);
    for note in &footprint.notes {
        label(&mut screen, "note", note, width);
    }
    screen
}

fn title(footprint: &Footprint) -> String {
    let image = &footprint.image;
    let parts = [
        Some(image.name.clone()),
        image.os_title.clone(),
        image.platform.clone(),
    ];
    let parts: Vec<_> = parts.into_iter().flatten().collect();
    parts.join(" · ")
}

fn sizes(screen: &mut String, footprint: &Footprint, width: usize) {
    let Footprint { sizes, entries, .. } = footprint;
    let content = format!(
        "{} in {}, {}, {}",
        size(sizes.content),
        count(entries.files, "file"),
        directories(entries.directories),
        count(entries.symlinks, "symbolic link"),
    );
    label(screen, "content", &content, width);
    let disk = format!("{} in blocks of 4 KiB", size(sizes.disk));
    label(screen, "on disk", &disk, width);
    let mut packed = vec![
        format!("{} tar", size(sizes.tar)),
        format!("{} zstd -3", size(sizes.zstd)),
    ];
    packed.extend(sizes.gzip.map(|gzip| format!("{} gzip -6", size(gzip))));
    packed.extend(
        sizes
            .stored
            .map(|stored| format!("{} as stored", size(stored))),
    );
    label(screen, "packed", &packed.join(" · "), width);
    label(screen, "packages", &packages(footprint), width);
}

fn directories(count: u64) -> String {
    match count {
        1 => "1 directory".to_owned(),
        many => format!("{} directories", number(many)),
    }
}

fn packages(footprint: &Footprint) -> String {
    let ownership = &footprint.ownership;
    let mut parts = Vec::new();
    for inventory in &footprint.inventories {
        parts.push(match inventory.packages {
            Some(packages) => format!("{} by {}", count(packages, "package"), inventory.kind),
            None => format!("{}: not read", inventory.kind),
        });
    }
    if parts.is_empty() {
        return "no database of packages".to_owned();
    }
    if !footprint.packages.is_empty() {
        let sources: std::collections::BTreeSet<_> = footprint
            .packages
            .iter()
            .map(|package| package.source.as_ref().unwrap_or(&package.name))
            .collect();
        parts.push(count(sources.len() as u64, "source"));
    }
    parts.push(format!("{} generated", size(ownership.generated.bytes)));
    parts.push(format!("{} of no package", size(ownership.unowned.bytes)));
    parts.join(" · ")
}

/// A table with a bar for each row; what has no room is one more row.
fn breakdown(screen: &mut String, footprint: &Footprint, by: By, most: usize, width: usize) {
    let all = rows(footprint, by);
    let mut shown: Vec<Row> = all
        .iter()
        .filter(|row| row.share.bytes > 0)
        .take(most)
        .cloned()
        .collect();
    let rest = &all[shown.len()..];
    if by != By::Licence && rest.iter().any(|row| row.share.bytes > 0) {
        let mut row = Row {
            name: format!("{REST} {} more", rest.len()),
            ..Row::default()
        };
        for other in rest {
            row.share += other.share;
        }
        shown.push(row);
    }
    let (content, zstd) = (footprint.sizes.content, footprint.sizes.zstd);
    let numbers = 47;
    let longest = shown.iter().map(|row| name(row).chars().count()).max();
    let names = longest
        .unwrap_or(0)
        .clamp(by.noun().len(), width.saturating_sub(numbers + 4));
    let bars = width.saturating_sub(names + numbers).min(24);
    let _ = writeln!(
        screen,
        "\n{:<names$} {:>8} {:>11} {:>5} {:>11}",
        by.noun(),
        "files",
        "size",
        "",
        "zstd"
    );
    let is_rest = |row: &Row| row.name.starts_with(REST);
    let single = shown.iter().filter(|row| !is_rest(row));
    let largest = single.map(|row| row.share.bytes).max().unwrap_or(0);
    for row in &shown {
        let bars = if is_rest(row) { 0 } else { bars };
        let text = format!(
            "{:<names$} {:>8} {:>11} {:>5} {:>11} {:>5}  {}",
            cut(&name(row), names),
            row.share.files,
            size(row.share.bytes),
            percent(row.share.bytes, content),
            size(row.share.zstd_bytes),
            percent(row.share.zstd_bytes, zstd),
            bar(row.share.bytes, largest, bars),
        );
        let _ = writeln!(screen, "{}", text.trim_end());
    }
}

fn name(row: &Row) -> String {
    let name = if row.note.is_empty() {
        row.name.clone()
    } else {
        format!("{} {}", row.name, row.note)
    };
    one_line(&name)
}

fn facts(screen: &mut String, footprint: &Footprint, width: usize) {
    let privilege = &footprint.privilege;
    let special = [
        (&privilege.setuid, "setuid"),
        (&privilege.setgid, "setgid"),
        (&privilege.capabilities, "with capabilities"),
        (&privilege.world_writable, "world-writable"),
    ];
    let special: Vec<String> = special
        .iter()
        .map(|(list, what)| format!("{} {what}", list.len()))
        .collect();
    label(screen, "privilege", &special.join(" · "), width);
    let setuid = &privilege.setuid;
    if !setuid.is_empty() {
        label(
            screen,
            "",
            &paths(setuid.iter().map(|it: &Special| it.path.as_str())),
            width,
        );
    }
    for (name, programs) in [
        ("shells", &footprint.shells),
        ("interpreters", &footprint.interpreters),
        ("package managers", &footprint.package_managers),
    ] {
        let found = programs.iter().map(|it: &Program| it.path.as_str());
        label(screen, name, &paths(found), width);
    }
    let login = footprint.accounts.login.iter().map(|account| {
        let open = if account.without_password {
            " without a password"
        } else {
            ""
        };
        format!("{}{open}", account.name)
    });
    let login: Vec<_> = login.collect();
    let login = match footprint.accounts.total {
        None => "no accounts".to_owned(),
        Some(total) if login.is_empty() => format!("nobody of {}", count(total, "account")),
        Some(_) => login.join(", "),
    };
    label(screen, "can log in", &login, width);
    let secrets = footprint
        .secrets
        .iter()
        .map(|it| format!("{} ({})", it.path, it.what));
    let secrets: Vec<_> = secrets.collect();
    label(
        screen,
        "keys, identity",
        &or_none(secrets.join(", ")),
        width,
    );
    let libc = footprint.libc.iter().map(|libc| match &libc.version {
        Some(version) => format!("{} {version}", libc.name),
        None => libc.name.clone(),
    });
    let mut libc: Vec<_> = libc.collect();
    libc.dedup();
    let elf = &footprint.elf;
    let linked = format!(
        "{} · {} programs, {} libraries, {} unstripped",
        or_none(libc.join(", ")),
        elf.programs,
        elf.libraries,
        elf.unstripped.len()
    );
    label(screen, "C library", &linked, width);
    let duplicates = &footprint.duplicates;
    let twice = format!(
        "{} in {} that others have as well",
        size(duplicates.bytes),
        count(duplicates.files, "file")
    );
    label(screen, "duplicates", &twice, width);
    if !footprint.packages.is_empty() {
        let licences = format!(
            "{} named · {} name none",
            footprint.licences.len(),
            count(footprint.unlicensed_packages, "package")
        );
        label(screen, "licences", &licences, width);
    }
    for closure in &elf.closures {
        let mut text = format!(
            "{} in {}: {}",
            size(closure.share.bytes),
            count(closure.share.files, "file"),
            paths(closure.paths.iter().map(String::as_str))
        );
        if !closure.missing.is_empty() {
            let _ = write!(text, "; not there: {}", closure.missing.join(", "));
        }
        label(screen, &format!("needs: {}", closure.program), &text, width);
    }
}

/// Writes a label and a text, broken into as many lines as it needs, at most two.
fn label(screen: &mut String, name: &str, text: &str, width: usize) {
    let room = width - LABEL;
    let text = one_line(text);
    let mut rest = text.as_str();
    for (number, name) in [name, ""].into_iter().enumerate() {
        let (now, later) = break_at(rest, room, number == 1);
        let _ = writeln!(
            screen,
            "{}",
            format!("{:<LABEL$}{now}", cut(name, LABEL - 2)).trim_end()
        );
        rest = later;
        if rest.is_empty() {
            return;
        }
    }
}

/// Breaks a text after a blank where it is too long; the last line is cut instead.
fn break_at(text: &str, room: usize, is_last: bool) -> (String, &str) {
    if text.chars().count() <= room {
        return (text.to_owned(), "");
    }
    if is_last {
        return (cut(text, room), "");
    }
    let end = text
        .char_indices()
        .nth(room)
        .map_or(text.len(), |(at, _)| at);
    match text[..end].rfind(' ') {
        Some(blank) if blank > 0 => (text[..blank].to_owned(), &text[blank + 1..]),
        _ => (text[..end].to_owned(), &text[end..]),
    }
}

fn line(screen: &mut String, text: &str, width: usize) {
    screen.push_str(&cut(&one_line(text), width));
    screen.push('\n');
}

fn paths<'a>(paths: impl Iterator<Item = &'a str>) -> String {
    or_none(paths.collect::<Vec<_>>().join(", "))
}

fn or_none(text: String) -> String {
    if text.is_empty() {
        "none".to_owned()
    } else {
        text
    }
}

/// Shortens a text to `width` letters.
fn cut(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    let kept: String = text.chars().take(width.saturating_sub(1)).collect();
    kept + "…"
}

fn percent(part: u64, whole: u64) -> String {
    if whole == 0 {
        return String::new();
    }
    let percent = (u128::from(part) * 100 + u128::from(whole) / 2) / u128::from(whole);
    format!("{percent} %")
}

fn bar(part: u64, largest: u64, width: usize) -> String {
    let length = u128::from(part) * width as u128 / u128::from(largest.max(1));
    "█".repeat(usize::try_from(length).unwrap_or(0))
}
