//! What many programs read and no program brings: certificates of authorities, rules of time zones.

use super::{Supply, add_file};
use crate::recipe::image::{ImageOptions, Pair};
use boot_kit::{Context, Entry, Error, ErrorKind, Kind, Result, RootPath, Sink};
use boot_stage::{
    Tree,
    closure::{System, file, follow},
};
use std::io::{self, Read};

/// Where systems keep all certificates in one file: Debian's place and Alpine's, Fedora's, SUSE's, OpenSSL's own.
const BUNDLES: [&str; 5] = [
    "etc/ssl/certs/ca-certificates.crt",
    "etc/pki/tls/certs/ca-bundle.crt",
    "etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "etc/ssl/ca-bundle.pem",
    "etc/ssl/cert.pem",
];
/// Where they are in an image: the first place that Go, OpenSSL's users and most others look.
const BUNDLE: &str = BUNDLES[0];
/// What tells OpenSSL, which looks in a place of its own.
const VARIABLE: &str = "SSL_CERT_FILE";
/// The longest bundle, in bytes.
const MAX_BUNDLE: u64 = 16 << 20;
/// Where rules of time zones are everywhere.
const ZONES: &str = "usr/share/zoneinfo";

/// Puts in the certificates, and says in the environment where they are.
pub(super) fn add_certificates(
    image: &mut Tree,
    system: &dyn System,
    supply: &Supply,
    options: &mut ImageOptions,
    epoch: i64,
) -> Result<()> {
    let place = RootPath::from(BUNDLE);
    if image.find(&place).is_none() {
        let bundle = bundle(system)?.ok_or_else(|| {
            let message = format!("{supply} has no file of certificates such as `/{BUNDLE}`");
            Error::new(ErrorKind::NotFound, message).with_hint(match supply {
                Supply::Host => {
                    "install the package ca-certificates, or name a root that has it with --from"
                }
                _ => "name a root that has one with --from, or add one with --add",
            })
        })?;
        add_file(image, place, &bundle, epoch)?;
    }
    if !options.env.iter().any(|pair| pair.name == VARIABLE) {
        options.env.push(Pair {
            name: VARIABLE.to_owned(),
            value: format!("/{BUNDLE}"),
        });
    }
    Ok(())
}

/// Reads the first bundle that holds a certificate.
fn bundle(system: &dyn System) -> Result<Option<Vec<u8>>> {
    for path in BUNDLES.map(RootPath::from) {
        let Some(entry) = file(system, &path)? else {
            continue;
        };
        let mut text = Vec::new();
        let content = system.open(&entry.path)?.take(MAX_BUNDLE + 1);
        { content }
            .read_to_end(&mut text)
            .context(|| format!("cannot read `/{path}`"))?;
        if text.len() as u64 > MAX_BUNDLE {
            let message = format!("`/{path}` has more certificates than anybody trusts");
            return Err(Error::new(ErrorKind::Usage, message)
                .with_hint("add a file of those that are needed with --add"));
        }
        let mark = b"-----BEGIN CERTIFICATE-----";
        if text.windows(mark.len()).any(|part| part == mark) {
            return Ok(Some(text));
        }
    }
    Ok(None)
}

/// Puts in the rules of time zones; what was added stays.
pub(super) fn add_time_zones(
    image: &mut Tree,
    system: &dyn System,
    supply: &Supply,
    epoch: i64,
) -> Result<()> {
    let zones = RootPath::from(ZONES);
    let found = follow(system, &zones)?.filter(|entry| entry.kind == Kind::Directory);
    let is_empty = match &found {
        Some(found) => system.list(&found.path)?.is_empty(),
        None => true,
    };
    let (Some(found), false) = (found, is_empty) else {
        let message = format!("{supply} has no time zones in `/{ZONES}`");
        return Err(
            Error::new(ErrorKind::NotFound, message).with_hint(match supply {
                Supply::Host => {
                    "install the package tzdata, or name a root that has it with --from"
                }
                _ => "name a root that has them with --from",
            }),
        );
    };
    match image.find(&zones).map(|entry| entry.kind) {
        None | Some(Kind::Directory) => copy(image, system, &found.path, &zones, epoch),
        Some(_) => Ok(()),
    }
}

/// Copies a directory with what is in it, but for links that lead out of it, and for what is there already.
fn copy(
    image: &mut Tree,
    system: &dyn System,
    from: &RootPath,
    to: &RootPath,
    epoch: i64,
) -> Result<()> {
    for name in system.list(from)? {
        let (source, target) = (from.join(&name), to.join(&name));
        let Some(entry) = system.look(&source)? else {
            continue;
        };
        let entry = Entry {
            path: target.clone(),
            mode: match entry.kind {
                Kind::File { .. } => 0o644,
                Kind::Symlink(_) => 0o777,
                _ => 0o755,
            },
            uid: 0,
            gid: 0,
            mtime: epoch,
            xattrs: std::collections::BTreeMap::new(),
            kind: entry.kind,
        };
        match (image.find(&target).map(|there| there.kind), &entry.kind) {
            (Some(Kind::Directory), Kind::Directory) => {
                copy(image, system, &source, &target, epoch)?;
                continue;
            }
            (Some(_), _) => continue,
            (None, _) => {}
        }
        match &entry.kind {
            Kind::Directory => {
                image.entry(&entry, &mut io::empty())?;
                copy(image, system, &source, &target, epoch)?;
            }
            Kind::File { .. } => {
                let mut content = system.open(&source)?;
                let size = content.size();
                let entry = Entry {
                    kind: Kind::File { size },
                    ..entry
                };
                image.entry(&entry, &mut content)?;
            }
            Kind::Symlink(link) if !link.starts_with(b"/") => {
                image.entry(&entry, &mut io::empty())?;
            }
            _ => {}
        }
    }
    Ok(())
}
