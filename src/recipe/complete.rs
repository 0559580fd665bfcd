//! From a request and the registry to a recipe with every default filled in.

use super::{
    distribution::{Format, Release},
    request::Request,
};
use crate::registry::{Registered, Registry, read_key};
use boot_kit::{
    Error, ErrorKind, Recipe, Result,
    recipe::{Archive, Key},
};
use std::collections::BTreeMap;

/// A recipe, and what the engine takes from the distribution's file and not from the recipe.
#[derive(Clone, Debug)]
pub struct Completed {
    /// What the backend reads.
    pub recipe: Recipe,
    /// Which backend that is.
    pub format: Format,
    /// The OCI platform of the architecture, e.g. `linux/arm64`.
    pub platform: String,
}

/// Fills in every default; `now` is the time of the run in seconds since the Unix epoch.
///
/// Errors with [`ErrorKind::Usage`] if a name is unknown; the hint lists those known, or the one that was meant.
pub fn complete(request: &Request, registry: &mut Registry, now: i64) -> Result<Completed> {
    let Some(name) = &request.distribution else {
        let missing = Error::new(ErrorKind::Usage, "the recipe names no distribution");
        return Err(missing.with_hint("add a line such as `distribution = \"debian\"`"));
    };
    let registered = registry.find(name)?;
    let distribution = &registered.distribution;
    let (release_name, release) = distribution.release(
        request
            .release
            .as_ref()
            .unwrap_or(&distribution.default_release),
    )?;
    let (variant_name, variant) = distribution.variant(
        request
            .variant
            .as_ref()
            .unwrap_or(&distribution.default_variant),
    )?;
    let (arch, platform) =
        architecture(registered, release_name, release, request.arch.as_deref())?;
    let mut settings = distribution.backend.clone();
    lay_over(&mut settings, &release.backend);
    lay_over(&mut settings, &variant.backend);
    let archives = release
        .archives
        .iter()
        .filter(|archive| archive.architectures.is_empty() || archive.architectures.contains(&arch))
        .map(|archive| {
            Ok(Archive {
                suite: archive.suite.clone(),
                components: archive.components.clone(),
                mirrors: archive.mirrors.clone(),
                keys: registered_keys(registered, &archive.keys, None)?,
            })
        });
    let recipe = Recipe {
        distribution: distribution.name.clone(),
        release: release_name.to_owned(),
        variant: variant_name.to_owned(),
        include: words(&request.include),
        exclude: words(&request.exclude),
        recommends: request.recommends,
        components: components(registered, &request.components)?,
        archives: archives.collect::<Result<_>>()?,
        mirrors: request.mirror.clone(),
        host: None,
        hold: BTreeMap::new(),
        keys: keys(registered, release, request)?,
        keys_at: distribution.keys_at.clone(),
        allow_expired: request.allow_expired,
        now,
        settings,
        arch,
    };
    Ok(Completed {
        recipe,
        format: distribution.format,
        platform,
    })
}

/// Chooses the architecture; returns it with its OCI platform.
fn architecture(
    registered: &Registered,
    release_name: &str,
    release: &Release,
    named: Option<&str>,
) -> Result<(String, String)> {
    let distribution = &registered.distribution;
    let platforms = &distribution.architectures;
    let arch = match named {
        Some(arch) => arch.to_owned(),
        None => platforms
            .iter()
            .find(|(_, platform)| Some(platform.as_str()) == host_platform())
            .map(|(arch, _)| arch.clone())
            .ok_or_else(|| {
                let message = format!("`{}` is not made for this machine", distribution.name);
                Error::new(ErrorKind::Usage, message).with_hint("name an architecture with --arch")
            })?,
    };
    let made_for =
        |arch: &String| release.architectures.is_empty() || release.architectures.contains(arch);
    match platforms.get(&arch) {
        Some(platform) if made_for(&arch) => Ok((arch, platform.clone())),
        Some(_) => {
            let message = format!(
                "`{} {release_name}` is not made for `{arch}`",
                distribution.name
            );
            let hint = format!("it is made for {}", release.architectures.join(", "));
            Err(Error::new(ErrorKind::Usage, message).with_hint(hint))
        }
        None => Err(distribution.unknown("architecture", &arch, platforms.keys(), [].iter())),
    }
}

/// The OCI platform this program was compiled for.
pub fn host_platform() -> Option<&'static str> {
    Some(match std::env::consts::ARCH {
        "x86_64" => "linux/amd64",
        "x86" => "linux/386",
        "aarch64" => "linux/arm64",
        "arm" => "linux/arm/v7",
        "loongarch64" => "linux/loong64",
        "powerpc64" if cfg!(target_endian = "little") => "linux/ppc64le",
        "riscv64" => "linux/riscv64",
        "s390x" => "linux/s390x",
        _ => return None,
    })
}

fn components(registered: &Registered, named: &[String]) -> Result<Vec<String>> {
    let distribution = &registered.distribution;
    let named = words(named);
    if named.is_empty() {
        return Ok(distribution.components.clone());
    }
    if distribution.components.is_empty() {
        let message = format!("`{}` has no components", distribution.name);
        return Err(Error::new(ErrorKind::Usage, message).with_hint("leave out --components"));
    }
    let known = &distribution.known_components;
    match named
        .iter()
        .find(|name| !known.is_empty() && !known.contains(name))
    {
        Some(name) => Err(distribution.unknown("component", name, known.iter(), [].iter())),
        None => Ok(named),
    }
}

/// The user's keys if there are any, else the release's: a wrong keyring never falls back.
///
/// Archives that have keys of their own keep them: neither the release's keys nor the user's stand for these.
fn keys(registered: &Registered, release: &Release, request: &Request) -> Result<Vec<Key>> {
    if request.keyring.is_empty() {
        let path = release.keyring_in_image.as_ref();
        return registered_keys(registered, &release.keys, path);
    }
    let given = request.keyring.iter().map(|path| {
        Ok(Key {
            name: path.display().to_string(),
            bytes: read_key(path)?,
            path_in_image: None,
        })
    });
    given.collect()
}

/// Reads key files that the distribution's file names.
fn registered_keys(
    registered: &Registered,
    names: &[String],
    path_in_image: Option<&String>,
) -> Result<Vec<Key>> {
    let keys = names.iter().map(|name| {
        Ok(Key {
            path_in_image: path_in_image.cloned(),
            ..registered.key(name)?
        })
    });
    keys.collect()
}

/// Splits at commas and blanks, and drops what was named before.
pub(crate) fn words(lists: &[String]) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let split = lists
        .iter()
        .flat_map(|list| list.split(|c: char| c == ',' || c.is_whitespace()));
    for word in split.filter(|word| !word.is_empty()) {
        if !words.iter().any(|known| known == word) {
            words.push(word.to_owned());
        }
    }
    words
}

/// Merges tables into tables; any other value replaces the one below.
fn lay_over(below: &mut toml::Table, above: &toml::Table) {
    for (key, value) in above {
        match (below.get_mut(key), value) {
            (Some(toml::Value::Table(below)), toml::Value::Table(above)) => lay_over(below, above),
            _ => {
                below.insert(key.clone(), value.clone());
            }
        }
    }
}
