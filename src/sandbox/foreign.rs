//! Whether this machine can run the programs of another architecture.
//!
//! The kernel runs its own kind; anything else needs an interpreter registered in `binfmt_misc`
//! (<https://docs.kernel.org/admin-guide/binfmt-misc.html>), as the packages of qemu-user do. Asking before anything is
//! downloaded spares a failure in the first script.

use boot_kit::{Error, ErrorKind, Result};
use std::{env::consts::ARCH, path::Path};

/// Where registered interpreters are told.
const REGISTRY: &str = "/proc/sys/fs/binfmt_misc";

/// How an architecture's programs begin: ELF class, byte order, machine.
struct Machine {
    /// As OCI names it.
    platform: &'static str,
    /// As Rust names it.
    host: &'static str,
    /// As qemu names it.
    emulator: &'static str,
    class: u8,
    order: u8,
    number: u16,
}

const MACHINES: [Machine; 9] = [
    machine("amd64", "x86_64", "x86_64", 2, 1, 62),
    machine("386", "x86", "i386", 1, 1, 3),
    machine("arm64", "aarch64", "aarch64", 2, 1, 183),
    machine("arm", "arm", "arm", 1, 1, 40),
    machine("ppc64le", "powerpc64", "ppc64le", 2, 1, 21),
    machine("riscv64", "riscv64", "riscv64", 2, 1, 243),
    machine("s390x", "s390x", "s390x", 2, 2, 22),
    machine("loong64", "loongarch64", "loongarch64", 2, 1, 258),
    machine("mips64le", "mips64", "mips64el", 2, 1, 8),
];

const fn machine(
    platform: &'static str,
    host: &'static str,
    emulator: &'static str,
    class: u8,
    order: u8,
    machine: u16,
) -> Machine {
    Machine {
        platform,
        host,
        emulator,
        class,
        order,
        number: machine,
    }
}

/// Errors if programs of `platform` (`linux/arm64`) cannot run here, naming what to install.
///
/// Platforms this does not know pass: their first program will tell.
pub fn check_platform(platform: &str) -> Result<()> {
    check(platform, ARCH, Path::new(REGISTRY))
}

fn check(platform: &str, host: &str, registry: &Path) -> Result<()> {
    let name = platform.split('/').nth(1).unwrap_or(platform);
    let Some(wanted) = MACHINES.iter().find(|machine| machine.platform == name) else {
        return Ok(());
    };
    // 64-bit kernels run their 32-bit kin; whether a given arm64 can, only its processor knows.
    let is_kin = matches!((host, wanted.host), ("x86_64", "x86") | ("aarch64", "arm"));
    if host == wanted.host || is_kin || is_registered(registry, &wanted.header()) {
        return Ok(());
    }
    let message = format!(
        "this machine cannot run programs of {platform}, and packages' scripts are such programs"
    );
    let hint = format!(
        "install qemu-user-static (on Debian with binfmt-support), which registers qemu-{}, or build on such a machine",
        wanted.emulator
    );
    Err(Error::new(ErrorKind::Usage, message).with_hint(hint))
}

impl Machine {
    /// The first 20 bytes of an executable.
    fn header(&self) -> [u8; 20] {
        let mut header = [0; 20];
        header[..4].copy_from_slice(b"\x7fELF");
        (header[4], header[5], header[6]) = (self.class, self.order, 1);
        let (kind, machine) = match self.order {
            1 => (2_u16.to_le_bytes(), self.number.to_le_bytes()),
            _ => (2_u16.to_be_bytes(), self.number.to_be_bytes()),
        };
        header[16..18].copy_from_slice(&kind);
        header[18..20].copy_from_slice(&machine);
        header
    }
}

/// Tells whether any enabled interpreter takes files that begin like this. One that has to be inside the root (no flag
/// `F`) is of no use.
fn is_registered(registry: &Path, header: &[u8]) -> bool {
    let Ok(entries) = fs_err::read_dir(registry) else {
        return false;
    };
    let texts = entries
        .flatten()
        .filter_map(|entry| fs_err::read_to_string(entry.path()).ok());
    texts.into_iter().any(|text| takes(&text, header))
}

fn takes(text: &str, header: &[u8]) -> bool {
    let field = |name| text.lines().find_map(|line| line.strip_prefix(name));
    let enabled = text.lines().next() == Some("enabled");
    let is_fixed = field("flags: ").is_some_and(|flags| flags.contains('F'));
    let offset = field("offset ").and_then(|offset| offset.parse::<usize>().ok());
    let Some(magic) = field("magic ").and_then(bytes) else {
        return false;
    };
    let mask = field("mask ")
        .and_then(bytes)
        .unwrap_or_else(|| vec![0xff; magic.len()]);
    let bytes = header.get(offset.unwrap_or(0)..).unwrap_or_default();
    let is_alike = magic
        .iter()
        .zip(&mask)
        .enumerate()
        .all(|(i, (magic, mask))| bytes.get(i).is_some_and(|byte| byte & mask == magic & mask));
    enabled && is_fixed && is_alike
}

/// Reads hexadecimal digits.
fn bytes(text: &str) -> Option<Vec<u8>> {
    let digits = text.as_bytes().chunks(2);
    digits
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As Debian's qemu-user-static registers it.
    const QEMU_ARM64: &str = "enabled\ninterpreter /usr/libexec/qemu-binfmt/aarch64-binfmt-P\nflags: POCF\noffset 0\n\
        magic 7f454c460201010000000000000000000200b700\nmask ffffffffffffff00fffffffffffffffffeffffff\n";

    #[test]
    fn kin_and_registered_platforms_pass() {
        let registry = tempfile::tempdir().expect("a temporary directory");
        assert!(check("linux/amd64", "x86_64", registry.path()).is_ok());
        assert!(check("linux/386", "x86_64", registry.path()).is_ok());
        assert!(check("linux/unheard-of", "x86_64", registry.path()).is_ok());
        let error =
            check("linux/arm64", "x86_64", registry.path()).expect_err("nothing is registered");
        assert!(
            error
                .hint()
                .is_some_and(|hint| hint.contains("qemu-aarch64")),
            "{error:?}"
        );
        fs_err::write(registry.path().join("qemu-aarch64"), QEMU_ARM64).expect("writable");
        assert!(check("linux/arm64", "x86_64", registry.path()).is_ok());
        assert!(check("linux/riscv64", "x86_64", registry.path()).is_err());
        let disabled = QEMU_ARM64.replace("enabled", "disabled");
        fs_err::write(registry.path().join("qemu-aarch64"), disabled).expect("writable");
        assert!(check("linux/arm64", "x86_64", registry.path()).is_err());
    }
}
