//! System calls that rustix has no safe form of. The only `unsafe` code of the program.

#![allow(unsafe_code)]

use rustix::{
    process::{Pid, chroot, setsid},
    thread::UnshareFlags,
};
use std::{
    ffi::CStr,
    io,
    os::{
        fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd},
        unix::process::CommandExt,
    },
    process::Command,
    ptr,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
};

/// Moves the calling process, which must have one thread only, into new namespaces.
pub fn unshare(flags: UnshareFlags) -> io::Result<()> {
    debug_assert!(!flags.contains(UnshareFlags::FILES));
    // SAFETY: only sharing the table of descriptors less could pull the ground from under safe code.
    unsafe { rustix::thread::unshare_unsafe(flags) }.map_err(io::Error::from)
}

/// Forks; the child does `work` and ends with its result, without unwinding or flushing anything.
///
/// Errors if this process has more than one thread.
pub fn fork(work: impl FnOnce() -> i32) -> io::Result<Pid> {
    if fs_err::read_dir("/proc/self/task")?.count() != 1 {
        return Err(io::Error::other("the process has several threads"));
    }
    // SAFETY: with one thread, no lock is held by a thread that the child lacks.
    match unsafe { libc::fork() } {
        -1 => Err(io::Error::last_os_error()),
        0 => {
            let code = std::panic::catch_unwind(std::panic::AssertUnwindSafe(work)).unwrap_or(101);
            // SAFETY: ends the process; exit handlers are the parent's to run.
            unsafe { libc::_exit(code) }
        }
        child => Ok(Pid::from_raw(child).expect("fork gives a positive id to the parent")),
    }
}

/// Starts this very program again as the first process of new namespaces, with `arguments`, an empty
/// environment and nothing but `input` as descriptor 0.
pub fn respawn(
    namespaces: UnshareFlags,
    arguments: &[&CStr],
    input: BorrowedFd<'_>,
) -> io::Result<Pid> {
    let mut argv: Vec<_> = arguments.iter().map(|argument| argument.as_ptr()).collect();
    argv.push(ptr::null());
    let environment = [ptr::null()];
    let flags = libc::c_long::from(namespaces.bits().cast_signed() | libc::SIGCHLD);
    // SAFETY: without CLONE_VM this is a fork. The child of a process with many threads may only make
    // system calls: it makes three, on memory prepared above, and ends. (`clone` and not `clone3`,
    // which containers' filters refuse. The zeros stand for "same stack, nothing to store", in any order.)
    unsafe {
        let child = libc::syscall(libc::SYS_clone, flags, 0, 0, 0, 0);
        if child == 0 {
            if libc::dup2(input.as_raw_fd(), 0) == 0 {
                if input.as_raw_fd() == 0 {
                    libc::fcntl(0, libc::F_SETFD, 0);
                }
                libc::execve(
                    c"/proc/self/exe".as_ptr(),
                    argv.as_ptr(),
                    environment.as_ptr(),
                );
            }
            libc::_exit(127);
        }
        match i32::try_from(child).ok().and_then(Pid::from_raw) {
            Some(pid) if child > 0 => Ok(pid),
            _ => Err(io::Error::last_os_error()),
        }
    }
}

/// Makes `command` run in its own session with `root` as its root and working directory, and no signal
/// blocked.
pub fn confine(command: &mut Command, root: &'static str) {
    let enter = move || {
        chroot(root)?;
        rustix::process::chdir("/")?;
        setsid()?;
        unblock_signals();
        Ok(())
    };
    // SAFETY: the closure makes system calls only and allocates nothing (the path is short).
    unsafe { command.pre_exec(enter) };
}

/// Makes `command` run in its own session, without a terminal, end with the thread that starts it, and make files that
/// others may read.
pub fn detach(command: &mut Command) {
    let leave = || {
        setsid()?;
        rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::TERM))?;
        rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o022));
        unblock_signals();
        Ok(())
    };
    // SAFETY: the closure makes system calls only and allocates nothing.
    unsafe { command.pre_exec(leave) };
}

/// Closes every descriptor from `first` up. No Rust object may own one of them.
pub fn close_from(first: u32) {
    // SAFETY: called first thing in a fresh program, before it has opened anything.
    unsafe {
        if libc::syscall(libc::SYS_close_range, first, u32::MAX, 0) != 0 {
            for fd in first..4096 {
                libc::close(fd.cast_signed());
            }
        }
    }
}

/// Gives every signal its default meaning again and unblocks all.
pub fn default_signals() {
    // `struct sigaction` as the kernel knows it is smaller than this; zeros are the default action.
    let default = [0_u64; 8];
    for signal in 1..=64 {
        // SAFETY: no handler is installed. It fails without harm for signals that cannot be changed. (The C
        // library refuses to reset two that a parent may well ignore.)
        unsafe { libc::syscall(libc::SYS_rt_sigaction, signal, default.as_ptr(), 0, 8) };
    }
    unblock_signals();
}

fn unblock_signals() {
    // SAFETY: the set is initialised by sigemptyset.
    unsafe {
        let mut none = std::mem::zeroed();
        libc::sigemptyset(&raw mut none);
        libc::sigprocmask(libc::SIG_SETMASK, &raw const none, ptr::null_mut());
    }
}

/// Blocks SIGCHLD and gives a descriptor that is readable while one is pending.
pub fn child_signals() -> io::Result<OwnedFd> {
    // SAFETY: `set` is initialised by sigemptyset; the descriptor is new and owned by nobody else.
    unsafe {
        let mut set = std::mem::zeroed();
        libc::sigemptyset(&raw mut set);
        libc::sigaddset(&raw mut set, libc::SIGCHLD);
        libc::sigprocmask(libc::SIG_BLOCK, &raw const set, ptr::null_mut());
        match libc::signalfd(-1, &raw const set, libc::SFD_CLOEXEC | libc::SFD_NONBLOCK) {
            -1 => Err(io::Error::last_os_error()),
            fd => Ok(OwnedFd::from_raw_fd(fd)),
        }
    }
}

/// The flag that the first signal sets. A failure may have set it before: it ends a run just as well.
static INTERRUPTED: OnceLock<Arc<AtomicBool>> = OnceLock::new();

/// Whether there was a signal.
static SIGNALLED: AtomicBool = AtomicBool::new(false);

/// Sets [`INTERRUPTED`]; a second signal ends the program.
extern "C" fn interrupt(signal: libc::c_int) {
    if let Some(flag) = INTERRUPTED.get() {
        flag.store(true, Ordering::SeqCst);
    }
    if SIGNALLED.swap(true, Ordering::SeqCst) {
        // SAFETY: _exit may be called in a signal handler.
        unsafe { libc::_exit(128 + signal) }
    }
}

/// Handles SIGINT, SIGTERM and SIGHUP, where they are not ignored, by setting the flag returned.
pub fn catch_interrupts() -> io::Result<Arc<AtomicBool>> {
    let flag = INTERRUPTED.get_or_init(Arc::default);
    for signal in [libc::SIGINT, libc::SIGTERM, libc::SIGHUP] {
        // SAFETY: the structures are initialised, and the handler only does what a handler may.
        unsafe {
            let mut old: libc::sigaction = std::mem::zeroed();
            if libc::sigaction(signal, ptr::null(), &raw mut old) != 0 {
                return Err(io::Error::last_os_error());
            }
            if old.sa_sigaction == libc::SIG_IGN {
                continue;
            }
            let mut new: libc::sigaction = std::mem::zeroed();
            new.sa_sigaction = interrupt as extern "C" fn(libc::c_int) as libc::sighandler_t;
            new.sa_flags = libc::SA_RESTART;
            libc::sigemptyset(&raw mut new.sa_mask);
            if libc::sigaction(signal, &raw const new, ptr::null_mut()) != 0 {
                return Err(io::Error::last_os_error());
            }
        }
    }
    Ok(Arc::clone(flag))
}

/// Installs a seccomp filter for this process and its descendants; needs `CAP_SYS_ADMIN`.
pub fn install_filter(filter: &mut [libc::sock_filter]) -> io::Result<()> {
    let program = libc::sock_fprog {
        len: u16::try_from(filter.len()).map_err(io::Error::other)?,
        filter: filter.as_mut_ptr(),
    };
    // SAFETY: `program` points to `len` instructions, which the kernel copies and checks.
    let done = unsafe {
        libc::prctl(
            libc::PR_SET_SECCOMP,
            libc::SECCOMP_MODE_FILTER,
            &raw const program,
        )
    };
    (done == 0)
        .then_some(())
        .ok_or_else(io::Error::last_os_error)
}

/// Brings up the loopback interface of this network namespace.
pub fn loopback_up(socket: &impl AsFd) -> io::Result<()> {
    let up = libc::c_short::try_from(libc::IFF_UP | libc::IFF_RUNNING).map_err(io::Error::other)?;
    // SAFETY: `request` is as large as the kernel expects and names an interface.
    let done = unsafe {
        let mut request: libc::ifreq = std::mem::zeroed();
        for (to, from) in request.ifr_name.iter_mut().zip(b"lo") {
            *to = (*from).cast_signed();
        }
        request.ifr_ifru.ifru_flags = up;
        libc::ioctl(
            socket.as_fd().as_raw_fd(),
            libc::SIOCSIFFLAGS as _,
            &raw const request,
        )
    };
    (done == 0)
        .then_some(())
        .ok_or_else(io::Error::last_os_error)
}

/// Leaves the kernel keyring inherited from the caller for a new, empty one.
pub fn new_keyring() {
    const KEYCTL_JOIN_SESSION_KEYRING: libc::c_long = 1;
    // SAFETY: takes no memory but an absent name. Kernels without keyrings have nothing to leave.
    unsafe { libc::syscall(libc::SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, 0) };
}
