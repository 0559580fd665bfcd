//! The file systems a program in the sandbox sees.

use super::protocol::Reply;
use rustix::{
    fs::{AtFlags, CWD, Mode, OFlags, ResolveFlags, StatVfsMountFlags},
    io::Errno,
    mount::{
        MountFlags, MountPropagationFlags, UnmountFlags, mount, mount_bind, mount_bind_recursive,
        mount_change, mount_remount, unmount,
    },
};
use std::{
    ffi::{CStr, OsStr},
    os::fd::{AsFd, AsRawFd, OwnedFd},
    path::Path,
};

/// Where init sees the root: every program is moved there by chroot.
///
/// Init stays outside, so that `/proc/1/root` is not `/`: that is how programs tell that they run in a
/// chroot and had better not talk to services (`ischroot`, systemd's `running_in_chroot`).
pub const INSIDE: &str = "/root";

/// A directory that every Linux system has and nobody needs a file of: with a file system mounted over it
/// in a private namespace, nothing has to be made on the host, and nothing can stay behind.
pub const HIDDEN: &str = "/proc/driver";

/// Devices, taken from the host: a user namespace cannot make its own.
const DEVICES: [&str; 6] = ["full", "null", "random", "tty", "urandom", "zero"];

/// Links in `/dev`, and their targets.
const LINKS: [(&str, &str); 5] = [
    ("fd", "/proc/self/fd"),
    ("ptmx", "pts/ptmx"),
    ("stderr", "/proc/self/fd/2"),
    ("stdin", "/proc/self/fd/0"),
    ("stdout", "/proc/self/fd/1"),
];

/// Parts of `/proc` through which root could change the host, made read-only.
const READ_ONLY: [&str; 7] = ["acpi", "bus", "driver", "fs", "irq", "sys", "sysrq-trigger"];

/// Parts of `/proc` that tell about the host, or more, made empty.
const MASKED: [&str; 6] = [
    "kcore",
    "keys",
    "kmsg",
    "latency_stats",
    "sched_debug",
    "timer_list",
];

/// A step that failed: what, and why.
#[derive(Debug)]
pub struct Failure(pub String, pub Option<i32>);

impl From<Failure> for Reply {
    fn from(Failure(message, errno): Failure) -> Self {
        Reply::Failed { message, errno }
    }
}

/// Says what failed.
pub trait Step<T> {
    /// Adds `message`: "cannot <verb> `<object>`".
    fn step(self, message: impl FnOnce() -> String) -> Result<T, Failure>;
}

impl<T> Step<T> for Result<T, Errno> {
    fn step(self, message: impl FnOnce() -> String) -> Result<T, Failure> {
        self.map_err(|errno| Failure(message(), Some(errno.raw_os_error())))
    }
}

impl<T> Step<T> for std::io::Result<T> {
    fn step(self, message: impl FnOnce() -> String) -> Result<T, Failure> {
        self.map_err(|error| Failure(message(), error.raw_os_error()))
    }
}

/// Leaves the host's file systems for a bare one that holds `root` at [`INSIDE`], with `/proc` and `/dev`.
///
/// The process must be the first of its own mount and process namespaces. Gives back warnings.
pub fn enter(root: &OsStr) -> Result<Vec<String>, Failure> {
    let mut warnings = Vec::new();
    let private = MountPropagationFlags::PRIVATE | MountPropagationFlags::REC;
    mount_change("/", private).step(|| "cannot make the mounts private".into())?;
    let directory = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let outside = rustix::fs::open(root, directory, Mode::empty())
        .step(|| format!("cannot open `{}`", root.display()))?;
    mount_tmpfs(HIDDEN, c"mode=0755,size=64k")?;
    let base = rustix::fs::open(HIDDEN, directory, Mode::empty())
        .step(|| "cannot open the base".into())?;
    let inside = INSIDE.trim_start_matches('/');
    rustix::fs::mkdirat(&base, inside, Mode::from(0o755)).step(|| "cannot fill the base".into())?;
    let target = format!("{HIDDEN}/{inside}");
    mount_bind_recursive(path_of(&outside), target.as_str())
        .step(|| format!("cannot bind `{}`", root.display()))?;
    mount_change(target.as_str(), private).step(|| "cannot make the root private".into())?;
    let root = rustix::fs::openat(&base, inside, directory, Mode::empty())
        .step(|| "cannot open the root".into())?;
    fill_dev(&root)?;
    fill_proc(&root, &mut warnings)?;
    rustix::process::chdir(HIDDEN).step(|| "cannot enter the base".into())?;
    rustix::process::pivot_root(".", ".").step(|| "cannot change the root".into())?;
    unmount(".", UnmountFlags::DETACH).step(|| "cannot leave the host's files".into())?;
    mount_remount("/", MountFlags::BIND | MountFlags::RDONLY | QUIET, "")
        .step(|| "cannot seal the base".into())?;
    rustix::process::chdir(INSIDE).step(|| "cannot enter the root".into())?;
    Ok(warnings)
}

/// Tells whether programs may be executed from the file system that holds `path`.
pub fn allows_programs(path: &Path) -> Result<bool, Errno> {
    Ok(!rustix::fs::statvfs(path)?
        .f_flag
        .contains(StatVfsMountFlags::NOEXEC))
}

/// What no file system of ours needs.
const QUIET: MountFlags = MountFlags::NOSUID
    .union(MountFlags::NODEV)
    .union(MountFlags::NOEXEC);

fn mount_tmpfs(target: &str, options: &CStr) -> Result<(), Failure> {
    mount("tmpfs", target, "tmpfs", QUIET, options).step(|| format!("cannot mount over `{target}`"))
}

/// Mounts a minimal `/dev`. It covers what the root has there, so nothing in it gets into an image.
fn fill_dev(root: &OwnedFd) -> Result<(), Failure> {
    let covered = mount_point(root, "dev")?;
    let no_programs = MountFlags::NOSUID | MountFlags::NOEXEC;
    mount(
        "tmpfs",
        path_of(&covered),
        "tmpfs",
        no_programs,
        c"mode=0755,size=64m",
    )
    .step(|| "cannot mount `/dev`".into())?;
    let dev = mount_point(root, "dev")?;
    for device in DEVICES {
        let flags = OFlags::CREATE | OFlags::EXCL | OFlags::WRONLY | OFlags::CLOEXEC;
        rustix::fs::openat(&dev, device, flags, Mode::from(0o666))
            .and_then(|_file| {
                mount_bind(
                    format!("/dev/{device}"),
                    format!("{}/{device}", path_of(&dev)),
                )
            })
            .step(|| format!("cannot bind `/dev/{device}`"))?;
    }
    for (name, target) in LINKS {
        rustix::fs::symlinkat(target, &dev, name).step(|| format!("cannot link `/dev/{name}`"))?;
    }
    for (name, mode) in [("pts", 0o755), ("shm", 0o1777)] {
        rustix::fs::mkdirat(&dev, name, Mode::from(mode))
            .and_then(|()| rustix::fs::chmodat(&dev, name, Mode::from(mode), AtFlags::empty()))
            .step(|| format!("cannot make `/dev/{name}`"))?;
    }
    // Group 5 is `tty` everywhere; a user namespace may lack it.
    let pts = format!("{}/pts", path_of(&dev));
    let options = [
        c"newinstance,ptmxmode=0666,mode=0620,gid=5",
        c"newinstance,ptmxmode=0666",
    ];
    mount("devpts", pts.as_str(), "devpts", no_programs, options[0])
        .or_else(|_| mount("devpts", pts.as_str(), "devpts", no_programs, options[1]))
        .step(|| "cannot mount `/dev/pts`".into())
}

/// Mounts a `/proc` that shows the sandbox's processes, without what could reach the host.
fn fill_proc(root: &OwnedFd, warnings: &mut Vec<String>) -> Result<(), Failure> {
    let covered = mount_point(root, "proc")?;
    match mount("proc", path_of(&covered), "proc", QUIET, None::<&CStr>) {
        Ok(()) => {}
        // In a container whose own /proc is partly hidden, the kernel allows no other.
        Err(Errno::PERM) => {
            mount_bind_recursive("/proc", path_of(&covered))
                .step(|| "cannot mount `/proc`".into())?;
            warnings.push(
                "this container allows no private /proc: scripts can see its processes".into(),
            );
        }
        Err(errno) => return Err(errno).step(|| "cannot mount `/proc`".into()),
    }
    let proc = mount_point(root, "proc")?;
    for name in MASKED {
        let path = format!("{}/{name}", path_of(&proc));
        absent_is_fine(mount_bind("/dev/null", path.as_str()))
            .step(|| format!("cannot hide `/proc/{name}`"))?;
    }
    for name in READ_ONLY {
        let path = format!("{}/{name}", path_of(&proc));
        let bound = mount_bind_recursive(path.as_str(), path.as_str()).and_then(|()| {
            let flags = MountFlags::BIND | MountFlags::RDONLY | QUIET;
            mount_remount(path.as_str(), flags, "")
        });
        absent_is_fine(bound).step(|| format!("cannot protect `/proc/{name}`"))?;
    }
    Ok(())
}

fn absent_is_fine(result: Result<(), Errno>) -> Result<(), Errno> {
    match result {
        Err(Errno::NOENT) => Ok(()),
        result => result,
    }
}

/// Opens a directory of the root to mount over, which must be one and no link.
fn mount_point(root: &OwnedFd, name: &str) -> Result<OwnedFd, Failure> {
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let within = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS;
    rustix::fs::openat2(root, name, flags, Mode::empty(), within)
        .step(|| format!("cannot use `/{name}` of the root as a directory"))
}

/// A path to what a descriptor is open on, for calls that take paths only.
fn path_of(fd: &impl AsFd) -> String {
    format!("/proc/self/fd/{}", fd.as_fd().as_raw_fd())
}

/// Directories made for [`enter`] to mount over: name, and what [`stat`] said then.
pub struct MountPoints(Vec<(&'static str, Identity)>);

impl MountPoints {
    /// Makes those that `root` lacks.
    pub fn make(root: &OwnedFd) -> Result<Self, Errno> {
        let mut made = Vec::new();
        for name in ["dev", "proc"] {
            match rustix::fs::mkdirat(root, name, Mode::from(0o755)) {
                Ok(()) => made.push((name, stat(root, name)?)),
                Err(Errno::EXIST) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(Self(made))
    }

    /// Removes those that nobody touched in the meantime: a package may have brought the same.
    pub fn remove(&self, root: &OwnedFd) -> Result<(), Errno> {
        for (name, then) in &self.0 {
            match stat(root, name) {
                Ok(now) if now == *then => {
                    rustix::fs::unlinkat(root, *name, AtFlags::REMOVEDIR)?;
                }
                Ok(_) | Err(Errno::NOENT) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

/// Inode and time of last change, which nobody can set.
type Identity = (u64, i128, i128);

fn stat(root: &OwnedFd, name: &str) -> Result<Identity, Errno> {
    let stat = rustix::fs::statat(root, name, AtFlags::SYMLINK_NOFOLLOW)?;
    Ok((stat.st_ino, stat.st_ctime.into(), stat.st_ctime_nsec.into()))
}

/// Opens a root directory for [`MountPoints`].
pub fn open_root(root: &Path) -> Result<OwnedFd, Errno> {
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    rustix::fs::openat(CWD, root, flags, Mode::empty())
}
