//! What make sees of the caller's environment: little, so that it does not decide what is built.

use boot_kit::{Error, ErrorKind, Event, Report, Result};
use std::{
    env,
    ffi::{OsStr, OsString},
    os::unix::ffi::OsStrExt,
    path::Path,
};

/// What is passed on: who and where the user is, how to reach the network, where Buildroot keeps things.
const KEPT: [&str; 26] = [
    "HOME",
    "USER",
    "LOGNAME",
    "TMPDIR",
    "XDG_CONFIG_HOME",
    "http_proxy",
    "https_proxy",
    "ftp_proxy",
    "all_proxy",
    "no_proxy",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "FTP_PROXY",
    "ALL_PROXY",
    "NO_PROXY",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "CURL_CA_BUNDLE",
    "WGETRC",
    "SSH_AUTH_SOCK",
    "GIT_SSH",
    "GIT_SSH_COMMAND",
    "GIT_SSL_CAINFO",
    "GIT_CONFIG_GLOBAL",
    "BR2_DL_DIR",
    "BR2_CCACHE_DIR",
];

/// Chooses the environment of make.
///
/// `TERM` is dumb, or `>>>` lines would be wrapped in escape codes. Neither `MAKEFLAGS` of an outer make nor
/// `LD_LIBRARY_PATH` gets through.
pub(super) fn environment(report: &dyn Report) -> Result<Vec<(OsString, OsString)>> {
    let caller = |name: &str| env::var_os(name).filter(|value| !value.is_empty());
    let mut chosen: Vec<(OsString, OsString)> = KEPT
        .iter()
        .filter_map(|name| Some((OsString::from(name), caller(name)?)))
        .collect();
    let (path, left_out) = usable_path(&env::var_os("PATH").unwrap_or_default());
    if path.is_empty() {
        let message = "PATH names no directory that Buildroot can use";
        let hint = "set PATH to absolute directories without blanks, e.g. /usr/bin:/bin";
        return Err(Error::new(ErrorKind::Usage, message).with_hint(hint));
    }
    if !left_out.is_empty() {
        let message = format!(
            "Buildroot cannot have these parts of PATH, which are left out: {}",
            left_out.join(", ")
        );
        report.event(Event::Warning { message });
    }
    let set = [
        ("PATH", path),
        ("TERM", "dumb".into()),
        ("LC_ALL", "C".into()),
        ("TZ", "UTC".into()),
    ];
    chosen.extend(set.map(|(name, value)| (OsString::from(name), value)));
    Ok(chosen)
}

/// Splits `PATH` into what Buildroot takes, and the parts it would refuse all of it for: with blanks, empty, relative.
fn usable_path(path: &OsStr) -> (OsString, Vec<String>) {
    let mut usable: Vec<&OsStr> = Vec::new();
    let mut left_out = Vec::new();
    for part in path.as_bytes().split(|byte| *byte == b':') {
        let part = OsStr::from_bytes(part);
        let has_blank = part.as_bytes().iter().any(u8::is_ascii_whitespace);
        if Path::new(part).is_absolute() && !has_blank {
            usable.push(part);
        } else {
            left_out.push(format!("`{}`", part.display()));
        }
    }
    (usable.join(OsStr::new(":")), left_out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_path_that_buildroot_refuses_are_left_out() {
        for (path, usable, left_out) in [
            ("/usr/bin:/bin", "/usr/bin:/bin", vec![]),
            (
                "/usr/bin:.:/mnt/c/Program Files:bin::/bin",
                "/usr/bin:/bin",
                vec!["`.`", "`/mnt/c/Program Files`", "`bin`", "``"],
            ),
            ("", "", vec!["``"]),
        ] {
            let left_out: Vec<_> = left_out.into_iter().map(str::to_owned).collect();
            assert_eq!(
                usable_path(OsStr::new(path)),
                (OsString::from(usable), left_out)
            );
        }
    }
}
