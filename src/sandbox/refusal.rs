//! Why the system refuses namespaces, and what to do about it.

use boot_kit::{Error, ErrorKind};
use std::{io, path::Path};

/// Explains why a user namespace was refused.
pub fn user_namespace(error: io::Error) -> Error {
    refused("user namespaces are refused here", error, &System::look())
}

/// Explains why root was refused a mount namespace, or mounts in it.
pub fn mount_namespace(error: io::Error) -> Error {
    refused("mount namespaces are refused here", error, &System::look())
}

/// Explains why the sandbox's own namespaces or mounts were refused.
pub fn sandbox(error: io::Error) -> Error {
    if !matches!(
        error.raw_os_error(),
        Some(libc::EPERM | libc::EACCES | libc::ENOSPC)
    ) {
        return error.into();
    }
    refused("namespaces are refused here", error, &System::look())
}

fn refused(message: &str, error: io::Error, system: &System) -> Error {
    let refused = Error::new(ErrorKind::Io, message).caused_by(error);
    match system.hint() {
        Some(hint) => refused.with_hint(hint),
        None => refused,
    }
}

/// What is known to stand in the way.
#[derive(Debug, Default)]
struct System {
    in_container: bool,
    in_chroot: bool,
    /// `/proc/sys/user/max_user_namespaces`
    most: Option<u64>,
    /// `/proc/sys/kernel/unprivileged_userns_clone`, of Debian's kernels
    unprivileged: Option<u64>,
    /// `/proc/sys/kernel/apparmor_restrict_unprivileged_userns`, of Ubuntu
    apparmor: Option<u64>,
}

impl System {
    fn look() -> Self {
        let read = |path| fs_err::read_to_string(path).ok()?.trim().parse().ok();
        let exists = |path| Path::new(path).exists();
        let mounts = fs_err::read_to_string("/proc/self/mountinfo").unwrap_or_default();
        Self {
            in_chroot: !has_root(&mounts),
            in_container: exists("/.dockerenv") || exists("/run/.containerenv"),
            most: read("/proc/sys/user/max_user_namespaces"),
            unprivileged: read("/proc/sys/kernel/unprivileged_userns_clone"),
            apparmor: read("/proc/sys/kernel/apparmor_restrict_unprivileged_userns"),
        }
    }

    fn hint(&self) -> Option<&'static str> {
        if self.in_chroot {
            return Some("run it as root, or outside the chroot");
        }
        if self.most == Some(0) {
            return Some("run `sysctl -w user.max_user_namespaces=10000` as root");
        }
        if self.unprivileged == Some(0) {
            return Some("run `sysctl -w kernel.unprivileged_userns_clone=1` as root");
        }
        if self.apparmor == Some(1) {
            return Some(
                "run `sysctl -w kernel.apparmor_restrict_unprivileged_userns=0` as root, or give \
                 boot an AppArmor profile that allows `userns`",
            );
        }
        self.in_container.then_some(
            "start the container with `--security-opt seccomp=unconfined --security-opt \
             apparmor=unconfined`, or with `--privileged`",
        )
    }
}

/// Tells whether a mount is at `/`, which is not so in a chroot; see proc(5).
fn has_root(mountinfo: &str) -> bool {
    mountinfo
        .lines()
        .any(|line| line.split(' ').nth(4) == Some("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chroot_is_told_by_its_mounts() {
        assert!(has_root(
            "22 27 0:21 / /proc rw - proc proc rw\n27 1 254:0 / / rw - ext4 x rw\n"
        ));
        assert!(!has_root("22 27 0:21 / /proc rw - proc proc rw\n"));
    }

    #[test]
    fn the_hint_names_what_stands_in_the_way() {
        let hint = |system: System| system.hint().unwrap_or_default();
        let free = System {
            most: Some(1),
            unprivileged: Some(1),
            apparmor: Some(0),
            in_container: false,
            in_chroot: false,
        };
        assert_eq!(hint(free), "");
        let chroot = System {
            in_chroot: true,
            ..System::default()
        };
        assert!(hint(chroot).contains("chroot"));
        let most = System {
            most: Some(0),
            ..System::default()
        };
        assert!(hint(most).contains("user.max_user_namespaces"));
        let debian = System {
            unprivileged: Some(0),
            ..System::default()
        };
        assert!(hint(debian).contains("kernel.unprivileged_userns_clone"));
        let ubuntu = System {
            apparmor: Some(1),
            ..System::default()
        };
        assert!(hint(ubuntu).contains("AppArmor"));
        let container = System {
            in_container: true,
            ..System::default()
        };
        assert!(hint(container).contains("--privileged"));
    }
}
