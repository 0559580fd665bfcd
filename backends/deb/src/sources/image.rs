//! The sources written into the image.

use super::{Source, named, official};
use boot_kit::{
    Event, Recipe, Report, Result, RootPath, fetch::without_credentials, openpgp::Keyring,
};
use std::fmt::Write;

/// A file of apt's sources.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageSources {
    /// Where it goes: `etc/apt/sources.list.d/<distribution>.sources`.
    pub path: RootPath,
    /// Its deb822 text.
    pub text: String,
}

/// Writes the sources an image of this recipe gets.
///
/// They name the mirror the user named, without credentials, else the official ones; never one found on the host.
pub fn image_sources(recipe: &Recipe, report: &dyn Report) -> Result<ImageSources> {
    let sources = if recipe.mirrors.is_empty() {
        official(recipe)
    } else {
        named::sources(recipe)?
    };
    let path = format!("etc/apt/sources.list.d/{}.sources", recipe.distribution);
    Ok(ImageSources {
        path: RootPath::parse(path)?,
        text: render(&sources, report)?,
    })
}

/// What one stanza says beside its suites.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Stanza {
    uri: String,
    suites: Vec<String>,
    components: String,
    architectures: String,
    allow_expired: bool,
    signed_by: String,
}

fn render(sources: &[Source], report: &dyn Report) -> Result<String> {
    let mut stanzas: Vec<Stanza> = Vec::new();
    for source in sources {
        let Some(mirror) = source.mirrors.first() else {
            continue;
        };
        let stanza = Stanza {
            uri: public(mirror, report),
            suites: vec![source.suite.clone()],
            components: source.components.join(" "),
            architectures: source.architectures.join(" "),
            allow_expired: source.allow_expired,
            signed_by: signed_by(source)?,
        };
        let alike = stanzas.iter_mut().find(|known| {
            Stanza {
                suites: stanza.suites.clone(),
                ..(*known).clone()
            } == stanza
        });
        match alike {
            Some(known) => known.suites.extend(stanza.suites),
            None => stanzas.push(stanza),
        }
    }
    Ok(stanzas
        .iter()
        .map(Stanza::text)
        .collect::<Vec<_>>()
        .join("\n"))
}

impl Stanza {
    fn text(&self) -> String {
        let mut text = String::from("Types: deb\n");
        let mut field = |name: &str, value: &str| {
            if !value.is_empty() {
                let gap = if value.starts_with('\n') { "" } else { " " };
                writeln!(text, "{name}:{gap}{value}").expect("a string takes everything");
            }
        };
        field("URIs", &self.uri);
        field("Suites", &self.suites.join(" "));
        field("Components", &self.components);
        field("Architectures", &self.architectures);
        field(
            "Check-Valid-Until",
            if self.allow_expired { "no" } else { "" },
        );
        field("Signed-By", &self.signed_by);
        text
    }
}

/// Takes the credentials out of a URL, with a warning.
fn public(mirror: &str, report: &dyn Report) -> String {
    let public = without_credentials(mirror);
    if public != mirror {
        report.event(Event::Warning {
            message: format!(
                "the image's sources name `{public}` without the user and password given"
            ),
        });
    }
    public
}

/// Names the keyring's path in the image if it has one, else gives the keys themselves.
fn signed_by(source: &Source) -> Result<String> {
    let paths: Option<Vec<&str>> = source
        .keys
        .iter()
        .map(|key| key.path_in_image.as_deref())
        .collect();
    if let Some(mut paths) = paths {
        paths.dedup();
        return Ok(paths.join(" "));
    }
    let armored = Keyring::of(&source.keys)?.armored()?;
    let mut value = String::new();
    for line in armored.lines() {
        // An empty line would end the stanza.
        value.push_str(if line.trim().is_empty() {
            "\n ."
        } else {
            "\n "
        });
        value.push_str(line.trim());
    }
    Ok(value)
}
