//! What a profile says: data from `configs/prune/`.

use super::glob::Pattern;
use boot_kit::{Context, Digest, Error, ErrorKind, Kind, Result, RootPath};
use serde::Deserialize;
use std::collections::BTreeMap;

/// The profiles of each package format, by the name of its backend.
const FAMILIES: [(&str, &str); 3] = [
    ("apk", include_str!("../../configs/prune/apk.toml")),
    ("deb", include_str!("../../configs/prune/deb.toml")),
    ("stage", include_str!("../../configs/prune/stage.toml")),
];

/// Stands for a language in a pattern.
const LOCALE: &str = "{locale}";

/// What is to be removed from an image, ready to be applied.
#[derive(Clone, Debug)]
pub struct Profile {
    name: String,
    rules: Vec<Rule>,
    pub(super) normalise: Patterns,
    pub(super) remove: Vec<Pattern>,
    pub(super) writes: Vec<(RootPath, u32, String)>,
}

/// The part of a file that is applied whatever the profile.
#[derive(Clone, Debug)]
pub(super) struct Patterns {
    pub(super) remove: Vec<Pattern>,
    pub(super) empty: Vec<Pattern>,
    pub(super) clear: Vec<RootPath>,
}

/// One line of a filter; where several match, the last decides.
#[derive(Clone, Debug)]
struct Rule {
    pattern: Pattern,
    keeps: bool,
}

/// A file of `configs/prune/`; its comments describe the fields.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    normalise: Normalise,
    profile: BTreeMap<String, Table>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
#[derive(Default)]
struct Normalise {
    remove: Vec<String>,
    empty: Vec<String>,
    clear: Vec<String>,
}

#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
struct Table {
    about: String,
    extends: Option<String>,
    remove: Vec<String>,
    exclude: Vec<String>,
    include: Vec<String>,
    include_locales: Vec<String>,
    write: Vec<Write>,
}

/// A file that tells the image's own package manager the rules: `{}` in a line is the pattern.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Write {
    path: String,
    mode: u32,
    head: String,
    exclude: String,
    include: String,
}

impl Profile {
    /// Loads the profile `name` of a package format; languages of `keep_locales` (`de`, `pt_BR`) keep their translations.
    ///
    /// Errors with [`ErrorKind::Usage`] if there is no such profile or a language is malformed.
    pub fn load(family: &str, name: &str, keep_locales: &[String]) -> Result<Self> {
        Self::parse(text(family)?, name, keep_locales)
            .context(|| format!("cannot load prune profile `{name}`"))
    }

    /// Lists the profiles of a package format, each with what it removes in a few words.
    pub fn list(family: &str) -> Result<Vec<(String, String)>> {
        let profiles = parse(text(family)?)?.profile;
        Ok(profiles
            .into_iter()
            .map(|(name, table)| (name, table.about))
            .collect())
    }

    /// The profile's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Tells whether a file need not be unpacked at all.
    ///
    /// Says yes only to what [`apply`](Self::apply) would remove as well. Directories are always kept, and so is a link
    /// below which something may be kept: `doc/libgcc-s1`, a link to `doc/gcc-base`, leads to a copyright file.
    pub fn drops(&self, path: &RootPath, kind: &Kind) -> bool {
        let path = absolute(path);
        match kind {
            Kind::Directory => false,
            Kind::Symlink(_) => {
                let keeps_below = |rule: &Rule| rule.keeps && rule.pattern.may_match_below(&path);
                self.excludes(&path) && !self.rules.iter().any(keeps_below)
            }
            _ => self.excludes(&path),
        }
    }

    /// Tells what the filter says of a path with a leading slash.
    pub(super) fn excludes(&self, path: &[u8]) -> bool {
        let deciding = self
            .rules
            .iter()
            .rev()
            .find(|rule| rule.pattern.matches(path));
        deciding.is_some_and(|rule| !rule.keeps)
    }

    /// Names the pattern by which a file of this path goes, if it does.
    pub fn rule(&self, path: &RootPath) -> Option<String> {
        let text = absolute(path);
        let removed = self.normalise.remove.iter().chain(&self.remove);
        let mut removed = removed.filter(|pattern| pattern.matches(&text));
        if let Some(pattern) = removed.next() {
            return Some(pattern.text().to_owned());
        }
        let cleared = self.normalise.clear.iter();
        let mut cleared = cleared.filter(|directory| path.ancestors().any(|it| it == **directory));
        if let Some(directory) = cleared.next() {
            return Some(format!("/{directory}/*"));
        }
        let mut rules = self.rules.iter().rev();
        let deciding = rules.find(|rule| rule.pattern.matches(&text))?;
        (!deciding.keeps).then(|| deciding.pattern.text().to_owned())
    }

    /// Reads the profile `name` of a file.
    pub(super) fn parse(text: &str, name: &str, keep_locales: &[String]) -> Result<Self> {
        let file = parse(text)?;
        let table = collect(&file.profile, name)?;
        let locales = locales(keep_locales)?;
        let with_locale = |line: &String| {
            let line = line.clone();
            locales
                .iter()
                .map(move |locale| line.replace(LOCALE, locale))
        };
        let mut include = table.include.clone();
        include.extend(table.include_locales.iter().flat_map(with_locale));
        let rule = |keeps| move |pattern| Rule { pattern, keeps };
        let mut rules: Vec<Rule> = patterns(&table.exclude)?
            .into_iter()
            .map(rule(false))
            .collect();
        rules.extend(patterns(&include)?.into_iter().map(rule(true)));
        let written = |write: &Write| {
            let content = content(write, &rules);
            Ok((RootPath::parse(&write.path)?, write.mode, content))
        };
        Ok(Self {
            name: name.to_owned(),
            normalise: Patterns {
                remove: patterns(&file.normalise.remove)?,
                empty: patterns(&file.normalise.empty)?,
                clear: file
                    .normalise
                    .clear
                    .iter()
                    .map(RootPath::parse)
                    .collect::<Result<_>>()?,
            },
            remove: patterns(&table.remove)?,
            writes: table.write.iter().map(written).collect::<Result<_>>()?,
            rules,
        })
    }
}

/// A path as patterns see it.
pub(super) fn absolute(path: &RootPath) -> Vec<u8> {
    [b"/", path.bytes()].concat()
}

/// Names the rules of a package format by the SHA-256 of their file: with others, the same profile may remove other files.
pub fn rules(family: &str) -> Result<Digest> {
    text(family).map(Digest::of)
}

fn text(family: &str) -> Result<&'static str> {
    let found = FAMILIES.iter().find(|(name, _)| *name == family);
    found.map(|(_, text)| *text).ok_or_else(|| {
        Error::new(
            ErrorKind::Usage,
            format!("`{family}` images have no prune profiles"),
        )
    })
}

fn parse(text: &str) -> Result<File> {
    toml::from_str(text).map_err(|error| {
        Error::new(ErrorKind::Parse, "prune profiles are malformed").caused_by(error)
    })
}

fn patterns(lines: &[String]) -> Result<Vec<Pattern>> {
    lines.iter().map(|line| Pattern::parse(line)).collect()
}

/// Joins a profile with those it extends.
fn collect(profiles: &BTreeMap<String, Table>, name: &str) -> Result<Table> {
    let Some(table) = profiles.get(name) else {
        let known: Vec<_> = profiles.keys().map(|name| format!("`{name}`")).collect();
        let error = Error::new(ErrorKind::Usage, format!("there is no profile `{name}`"));
        return Err(error.with_hint(format!("choose one of {}", known.join(", "))));
    };
    let Some(base) = &table.extends else {
        return Ok(table.clone());
    };
    if base == name {
        return Err(Error::new(
            ErrorKind::Parse,
            format!("profile `{name}` extends itself"),
        ));
    }
    let mut joined = collect(profiles, base)?;
    joined.remove.extend_from_slice(&table.remove);
    joined.exclude.extend_from_slice(&table.exclude);
    joined.include.extend_from_slice(&table.include);
    joined
        .include_locales
        .extend_from_slice(&table.include_locales);
    joined.write.extend_from_slice(&table.write);
    Ok(joined)
}

/// The directory names that belong to the languages: `de` has `de_AT` and `de@hebrew` too, `pt_BR` falls back to `pt`.
fn locales(languages: &[String]) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for language in languages {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "_@.-".contains(c);
        if language.is_empty() || !language.chars().all(is_plain) {
            let error = Error::new(ErrorKind::Usage, format!("`{language}` is not a language"));
            return Err(
                error.with_hint("write languages as in `de` or `pt_BR`, with commas between")
            );
        }
        names.extend(["", "_*", "@*", ".*"].map(|more| format!("{language}{more}")));
        if let Some((base, _)) = language.split_once(['_', '@', '.']) {
            names.push(base.to_owned());
        }
    }
    Ok(names)
}

fn content(write: &Write, rules: &[Rule]) -> String {
    let mut content = write.head.trim_start().to_owned();
    for rule in rules {
        let line = if rule.keeps {
            &write.include
        } else {
            &write.exclude
        };
        content.push_str(&line.replace("{}", rule.pattern.text()));
        content.push('\n');
    }
    content
}

#[cfg(test)]
mod tests {
    use super::*;

    const DATA: &str = r#"
        [normalise]
        remove = ["/log/*"]
        [profile.none]
        about = "nothing"
        [profile.base]
        remove = ["/lock"]
        exclude = ["/doc/*", "/locale/*"]
        include = ["/doc/*/licence"]
        include-locales = ["/locale/{locale}/*"]
        [profile.more]
        extends = "base"
        exclude = ["/man/*", "/doc/c/licence"]
        [[profile.more.write]]
        path = "/etc/filter"
        mode = 0o640
        head = "\n# rules\n"
        exclude = "no {}"
        include = "yes {}"
    "#;

    fn profile(name: &str, locales: &[&str]) -> Profile {
        let locales: Vec<_> = locales.iter().map(|locale| (*locale).to_owned()).collect();
        Profile::parse(DATA, name, &locales).expect("well-formed")
    }

    fn dropped(profile: &Profile, path: &'static str) -> bool {
        profile.drops(&RootPath::from(path), &Kind::File { size: 1 })
    }

    #[test]
    fn the_last_rule_that_matches_decides_and_includes_come_last() {
        let more = profile("more", &[]);
        let paths = ["doc/a/licence", "doc/a/b/licence", "doc/c/licence"];
        assert!(paths.iter().all(|path| !dropped(&more, path)));
        assert!(
            ["doc/a/x", "man/x", "locale/de/x"]
                .iter()
                .all(|path| dropped(&more, path))
        );
        // What scripts make, and what differs between builds, is only known afterwards.
        assert!(
            ["log/x", "lock", "doc"]
                .iter()
                .all(|path| !dropped(&more, path))
        );
        assert!(
            !dropped(&profile("base", &[]), "man/x") && !dropped(&profile("none", &[]), "doc/a")
        );
    }

    #[test]
    fn the_rule_by_which_a_file_goes_is_named() {
        let more = profile("more", &["de"]);
        for (path, rule) in [
            ("log/x", Some("/log/*")),
            ("lock", Some("/lock")),
            ("man/man1/ls.1", Some("/man/*")),
            ("doc/c/licence", None),
            ("locale/fr/x", Some("/locale/*")),
            ("locale/de/x", None),
            ("bin/ls", None),
        ] {
            assert_eq!(more.rule(&RootPath::from(path)).as_deref(), rule, "{path}");
        }
    }

    #[test]
    fn directories_stay_and_so_do_links_that_may_lead_to_something_kept() {
        let base = profile("base", &["de"]);
        let link = Kind::Symlink(b"elsewhere".to_vec());
        assert!(!base.drops(&RootPath::from("doc/a"), &Kind::Directory));
        for (path, wanted) in [
            ("doc/a", false),
            ("locale/de", false),
            ("locale/de_AT", false),
            ("locale/fr", true),
            ("locale/fr_CH", true),
        ] {
            assert_eq!(base.drops(&RootPath::from(path), &link), wanted, "{path}");
        }
    }

    #[test]
    fn languages_keep_their_variants_and_what_they_fall_back_to() {
        let base = profile("base", &["de", "pt_BR"]);
        for kept in [
            "locale/de/x",
            "locale/de_AT/x",
            "locale/pt_BR/x",
            "locale/pt/x",
        ] {
            assert!(!dropped(&base, kept), "{kept}");
        }
        for gone in ["locale/den/x", "locale/fr/x", "locale/pt_PT/x"] {
            assert!(dropped(&base, gone), "{gone}");
        }
        for bad in ["", "*", "de/x", "{locale}"] {
            let error = Profile::parse(DATA, "base", &[bad.to_owned()]).expect_err(bad);
            assert_eq!(error.kind(), ErrorKind::Usage, "{bad}");
        }
    }

    #[test]
    fn written_rules_are_the_rules() {
        let wanted = "# rules\nno /doc/*\nno /locale/*\nno /man/*\nno /doc/c/licence\n\
                      yes /doc/*/licence\nyes /locale/de/*\nyes /locale/de_*/*\n\
                      yes /locale/de@*/*\nyes /locale/de.*/*\n";
        let path = RootPath::from("etc/filter");
        assert_eq!(
            profile("more", &["de"]).writes,
            [(path, 0o640, wanted.to_owned())]
        );
        assert_eq!(profile("base", &["de"]).writes, []);
    }

    #[test]
    fn an_unknown_profile_names_the_known_ones() {
        let error = Profile::parse(DATA, "tiny", &[]).expect_err("unknown");
        assert_eq!(error.kind(), ErrorKind::Usage);
        assert_eq!(error.hint(), Some("choose one of `base`, `more`, `none`"));
        assert!(Profile::load("none such", "safe", &[]).is_err());
    }

    #[test]
    fn every_built_in_profile_is_well_formed() {
        for (family, _) in FAMILIES {
            let list = Profile::list(family).expect("well-formed");
            let names: Vec<_> = list.iter().map(|(name, _)| name.as_str()).collect();
            assert_eq!(names, ["none", "safe", "slim"]);
            for (name, about) in &list {
                Profile::load(family, name, &["en".to_owned()]).expect(name);
                assert!(!about.is_empty());
            }
        }
    }
}
