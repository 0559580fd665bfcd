//! The program inside: tells what it sees, or does what a script might.

use rustix::{
    fs::{FileType, FlockOperation, Mode, OFlags},
    io::Errno,
    mount::{MountFlags, UnmountFlags},
    process::Signal,
};
use std::{
    io::Write,
    path::Path,
    process::{Command, ExitCode, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

/// Does `what`.
pub fn main(what: &str, with: &[&str]) -> ExitCode {
    match (what, with) {
        ("environment", []) => environment(),
        ("host", []) => host(),
        ("network", []) => network(),
        ("dev", []) => dev(),
        ("sync", []) => sync(),
        ("harm", []) => harm(),
        ("owners", []) => owners(),
        ("processes", []) => names_of_processes()
            .iter()
            .for_each(|name| println!("{name}")),
        ("print", texts) => print(texts),
        ("exit", [code]) => return ExitCode::from(code.parse::<u8>().expect("a number")),
        ("abort", []) => {
            let _ = rustix::process::kill_process(rustix::process::getpid(), Signal::KILL);
        }
        ("meet", [here, there]) => {
            touch(here);
            wait_for(there);
        }
        ("print-wait-print", [first, path, second]) => {
            print(&[first, "\n"]);
            wait_for(path);
            print(&[second]);
        }
        ("lock-and-sleep", []) => lock_and_sleep(),
        ("leave-behind", [what]) => leave_behind(what),
        ("sleep", []) => sleep(Duration::from_secs(100)),
        ("speak-late", []) => {
            sleep(Duration::from_millis(100));
            print(&["late\n"]);
        }
        _ => panic!("no such probe: {what} {with:?}"),
    }
    ExitCode::SUCCESS
}

fn environment() {
    let mut variables: Vec<_> = std::env::vars().collect();
    variables.sort();
    for (name, value) in variables {
        println!("{name}={value}");
    }
}

/// Everything through which the host could show.
fn host() {
    println!(
        "directory {}",
        std::env::current_dir().expect("a directory").display()
    );
    println!("umask {:o}", rustix::process::umask(Mode::empty()).bits());
    let user = (
        rustix::process::getuid().as_raw(),
        rustix::process::getgid().as_raw(),
    );
    println!(
        "ids {user:?} groups {:?}",
        rustix::process::getgroups().expect("groups").len()
    );
    println!(
        "hostname {}",
        rustix::system::uname().nodename().to_string_lossy()
    );
    let own_session = rustix::process::getsid(None) == Ok(rustix::process::getpid());
    println!("own session {own_session}");
    for (fd, target) in descriptors() {
        println!("descriptor {fd} {target}");
    }
    let mounts = fs_err::read_to_string("/proc/self/mountinfo").expect("mounts");
    let mut points: Vec<_> = mounts
        .lines()
        .filter_map(|line| line.split(' ').nth(4))
        .filter(|point| !point.starts_with("/proc/"))
        .collect();
    points.sort_unstable();
    println!("mounts {}", points.join(" "));
    println!("processes {}", names_of_processes().join(" "));
    let of_init: Vec<_> = names("/proc/1/root");
    println!("init's root {}", of_init.join(" "));
    let environ = fs_err::read("/proc/1/environ").expect("readable");
    println!("init's environment {:?}", String::from_utf8_lossy(&environ));
    let signals = fs_err::read_to_string("/proc/self/status").expect("status");
    for line in signals.lines() {
        // Rust's runtime ignores SIGPIPE (bit 12) in this program itself.
        if let Some(mask) = line
            .strip_prefix("SigBlk:")
            .or_else(|| line.strip_prefix("SigIgn:"))
        {
            println!("signals {}", mask.trim());
        }
    }
}

/// Open ones, but that of the listing.
fn descriptors() -> Vec<(String, String)> {
    let mut found = Vec::new();
    for fd in names("/proc/self/fd") {
        let Ok(target) = fs_err::read_link(format!("/proc/self/fd/{fd}")) else {
            continue;
        };
        let target = target.to_string_lossy().into_owned();
        // Numbers of pipes differ.
        found.push((fd, target.split(':').next().unwrap_or_default().to_string()));
    }
    found
}

fn network() {
    let devices = fs_err::read_to_string("/proc/net/dev").expect("devices");
    for line in devices.lines().skip(2) {
        println!(
            "interface {}",
            line.split(':').next().unwrap_or_default().trim()
        );
    }
    for address in ["127.0.0.1:9", "192.0.2.1:9"] {
        let result = std::net::TcpStream::connect(address);
        println!(
            "{address} {:?}",
            result.expect_err("nobody is there").kind()
        );
    }
}

fn dev() {
    for name in names("/dev") {
        let path = Path::new("/dev").join(&name);
        let stat = rustix::fs::lstat(&path).expect("it is there");
        let kind = FileType::from_raw_mode(stat.st_mode);
        let target = fs_err::read_link(&path).map(|target| target.display().to_string());
        println!("{name} {kind:?} {}", target.unwrap_or_default());
    }
    fs_err::write("/dev/null", "x").expect("null takes all");
    let mut four = [1; 4];
    let read = |name, buffer: &mut [u8; 4]| {
        std::io::Read::read_exact(&mut fs_err::File::open(name).expect("opened"), buffer)
            .expect("read");
    };
    read("/dev/zero", &mut four);
    println!("zero {four:?}");
    read("/dev/urandom", &mut four);
    fs_err::write("/dev/shm/x", "x").expect("shared memory");
    let pty = rustix::pty::openpt(rustix::pty::OpenptFlags::RDWR).expect("a terminal");
    rustix::pty::grantpt(&pty).expect("granted");
    rustix::pty::unlockpt(&pty).expect("unlocked");
    println!(
        "pty {}",
        rustix::pty::ptsname(&pty, Vec::new())
            .expect("a name")
            .to_string_lossy()
    );
}

/// Calls that a pipe cannot take, unless nothing is done at all.
fn sync() {
    let (pipe, _writer) = rustix::pipe::pipe().expect("a pipe");
    println!("fsync {:?}", rustix::fs::fsync(&pipe));
    println!("fdatasync {:?}", rustix::fs::fdatasync(&pipe));
}

/// What must not work.
fn harm() {
    let device = rustix::fs::makedev(1, 3);
    let (kind, mode) = (FileType::CharacterDevice, Mode::from(0o600));
    let (none, plain) = (None::<&std::ffi::CStr>, MountFlags::empty());
    let attempts = [
        ("sysctl", write("/proc/sys/kernel/core_pattern")),
        ("sysrq", write("/proc/sysrq-trigger")),
        (
            "mknod",
            rustix::fs::mknodat(rustix::fs::CWD, "/node", kind, mode, device),
        ),
        (
            "mount",
            rustix::mount::mount("x", "/bin", "tmpfs", plain, none),
        ),
        (
            "unmount",
            rustix::mount::unmount("/proc/sys", UnmountFlags::DETACH),
        ),
        ("hostname", rustix::system::sethostname(b"x")),
    ];
    for (what, result) in attempts {
        match result {
            Err(Errno::PERM | Errno::ACCESS | Errno::ROFS) => println!("{what} refused"),
            // Not every kernel has it.
            Err(Errno::NOENT) if what == "sysrq" => println!("{what} refused"),
            other => println!("{what} {other:?}"),
        }
    }
}

fn write(path: &str) -> Result<(), Errno> {
    let file = rustix::fs::open(path, OFlags::WRONLY | OFlags::CLOEXEC, Mode::empty())?;
    rustix::io::write(&file, b"h").map(|_| ())
}

fn owners() {
    touch("/owned");
    fs_err::os::unix::fs::chown("/owned", Some(42), Some(65_534)).expect("changed");
    let value = [1, 0, 0, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    let flags = rustix::fs::XattrFlags::empty();
    let set = rustix::fs::setxattr("/owned", "security.capability", &value, flags);
    println!("capability {set:?}");
}

fn print(texts: &[&str]) {
    let mut out = std::io::stdout();
    for text in texts {
        out.write_all(text.as_bytes()).expect("written");
        out.flush().expect("written");
    }
}

fn touch(path: &str) {
    fs_err::write(path, "").expect("written");
}

fn wait_for(path: &str) {
    let start = Instant::now();
    while !Path::new(path).exists() {
        assert!(
            start.elapsed() < Duration::from_secs(30),
            "`{path}` never came"
        );
        sleep(Duration::from_millis(2));
    }
}

fn lock_and_sleep() {
    let flags = OFlags::CREATE | OFlags::RDWR | OFlags::CLOEXEC;
    let file = rustix::fs::open("/lock", flags, Mode::from(0o600)).expect("opened");
    rustix::fs::flock(&file, FlockOperation::LockExclusive).expect("locked");
    print(&["locked\n"]);
    sleep(Duration::from_secs(100));
}

/// Starts a program that outlives this one and holds its output.
fn leave_behind(what: &str) {
    let mut command = Command::new(crate::fixture::PROBE);
    command.args(["probe", what]).stdin(Stdio::null());
    drop(command.spawn().expect("started"));
    println!("left");
}

fn names_of_processes() -> Vec<String> {
    let is_process = |name: &String| name.bytes().all(|byte| byte.is_ascii_digit());
    let name = |pid: String| fs_err::read_to_string(format!("/proc/{pid}/comm")).ok();
    let names = names("/proc")
        .into_iter()
        .filter(is_process)
        .filter_map(name);
    names.map(|name| name.trim_end().to_string()).collect()
}

fn names(directory: &str) -> Vec<String> {
    let Ok(entries) = fs_err::read_dir(directory) else {
        return vec!["unreadable".into()];
    };
    let mut names: Vec<_> = entries
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort_by_key(|name| (name.len(), name.clone()));
    names
}
