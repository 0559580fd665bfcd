//! `etc/apk/repositories` of the image.

use super::{Layout, PACKAGES, Repository, named, official};
use crate::settings::Settings;
use boot_kit::{Event, Recipe, Report, Result, fetch::without_credentials};

/// Writes the repositories an image of this recipe gets.
///
/// They are those the user named, without credentials, else the official ones. A `file:` URL says where something is on
/// the machine that made the image: where the user named no others, the official ones stand in its place, unless a
/// package of the distribution lists these itself.
pub fn image_repositories(
    recipe: &Recipe,
    settings: &Settings,
    report: &dyn Report,
) -> Result<String> {
    let mut named = named::repositories(recipe, settings)?;
    named.retain_mut(|repository| {
        repository.bases.retain(|base| !base.starts_with("file:"));
        !repository.bases.is_empty()
    });
    let mut repositories = Vec::new();
    if settings.list_repositories && named.iter().all(|repository| repository.tag.is_some()) {
        repositories = official(recipe, settings);
    }
    repositories.extend(named);
    Ok(repositories
        .iter()
        .filter_map(|repository| line(repository, report))
        .collect())
}

fn line(repository: &Repository, report: &dyn Report) -> Option<String> {
    let base = repository.bases.first()?;
    let public = without_credentials(base);
    if public != *base {
        let message =
            format!("the image's repositories name `{public}` without the user and password given");
        report.event(Event::Warning { message });
    }
    let tag = repository.tag.as_ref();
    let tag = tag.map_or_else(String::new, |tag| format!("@{tag} "));
    Some(match &repository.layout {
        Layout::ByArchitecture(index) if index == PACKAGES => format!("v3 {tag}{public}\n"),
        Layout::ByArchitecture(_) => format!("{tag}{public}\n"),
        Layout::Flat(index) => format!("{tag}{public}/{index}\n"),
    })
}
