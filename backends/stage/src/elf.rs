//! Programs and libraries: which machine they are for, by their ELF header, and what they need to run.
//!
//! The format: <https://gabi.xinuos.com/>.

mod object;
mod section;

pub use object::{Machine, Object};
pub use section::Symbols;

/// The attribute that says which version of ARM a program needs.
const CPU_ARCH: u64 = 6;
/// `EF_ARM_ABI_FLOAT_HARD`: floating point numbers go through registers, of which version 5 has none.
const HARD_FLOAT: u32 = 0x400;

/// Tells whether a file begins like one in ELF.
pub fn is_elf(head: &[u8]) -> bool {
    head.starts_with(b"\x7fELF")
}

/// Tells the OCI platform a program is for, e.g. `linux/arm/v7`; nothing if it is no ELF program or of an unknown
/// machine.
pub fn platform(program: &[u8]) -> Option<&'static str> {
    let elf = Elf::of(program)?;
    Some(match (elf.number(18, 2)?, elf.is_64, elf.is_little) {
        (62, true, true) => "linux/amd64",
        (3, false, true) => "linux/386",
        (183, true, true) => "linux/arm64",
        (40, false, true) => elf.arm()?,
        (21, true, true) => "linux/ppc64le",
        (21, true, false) => "linux/ppc64",
        (20, false, false) => "linux/ppc",
        (22, true, false) => "linux/s390x",
        (243, true, true) => "linux/riscv64",
        (243, false, true) => "linux/riscv",
        (258, true, true) => "linux/loong64",
        (8, true, true) => "linux/mips64le",
        (8, true, false) => "linux/mips64",
        (8, false, true) => "linux/mipsle",
        (8, false, false) => "linux/mips",
        (2 | 18, false, false) => "linux/sparc",
        (43, true, false) => "linux/sparc64",
        _ => return None,
    })
}

/// What a file is for, `e_type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// It is still to be linked: `.o`, kernel modules.
    Relocatable,
    /// It is run, from a place in memory of its own.
    Executable,
    /// It is loaded anywhere: libraries, and programs of today.
    Shared,
}

/// A file in ELF, of either width and byte order, or the beginning of one.
pub struct Elf<'a> {
    bytes: &'a [u8],
    is_64: bool,
    is_little: bool,
}

impl<'a> Elf<'a> {
    /// Takes a file's bytes without reading more than their beginning; nothing if they are not in ELF.
    pub fn of(bytes: &'a [u8]) -> Option<Self> {
        let rest = bytes.strip_prefix(b"\x7fELF")?;
        let (class, data) = (*rest.first()?, *rest.get(1)?);
        let known = matches!((class, data), (1 | 2, 1 | 2));
        known.then_some(Self {
            bytes,
            is_64: class == 2,
            is_little: data == 1,
        })
    }

    /// What it is for; nothing if that is something else, or cut off.
    pub fn purpose(&self) -> Option<Purpose> {
        Some(match self.number(16, 2)? {
            1 => Purpose::Relocatable,
            2 => Purpose::Executable,
            3 => Purpose::Shared,
            _ => return None,
        })
    }

    /// Other bytes of the same file.
    fn with<'b>(&self, bytes: &'b [u8]) -> Elf<'b> {
        Elf {
            bytes,
            is_64: self.is_64,
            is_little: self.is_little,
        }
    }

    /// Reads a number of `width` bytes.
    fn number(&self, at: usize, width: usize) -> Option<u64> {
        let bytes = self.bytes.get(at..at.checked_add(width)?)?;
        let add = |number: u64, byte: &u8| number << 8 | u64::from(*byte);
        Some(if self.is_little {
            bytes.iter().rev().fold(0, add)
        } else {
            bytes.iter().fold(0, add)
        })
    }

    /// Reads a number as wide as an address, which is at one place in files of 32 bits and at another in those of 64.
    fn word(&self, at_32: usize, at_64: usize) -> Option<u64> {
        if self.is_64 {
            self.number(at_64, 8)
        } else {
            self.number(at_32, 4)
        }
    }

    /// The version of ARM: what the program's attributes say, else what its calling convention needs at least.
    fn arm(&self) -> Option<&'static str> {
        // Numbers of `Tag_CPU_arch`: "Addenda to, and Errata in, the ABI for the Arm Architecture", section 3.3.5.2.
        Some(match self.arm_attributes().and_then(cpu_arch) {
            Some(0..=5) => "linux/arm/v5",
            Some(6..=9 | 11 | 12) => "linux/arm/v6",
            Some(_) => "linux/arm/v7",
            None if self.number(36, 4)? & u64::from(HARD_FLOAT) != 0 => "linux/arm/v7",
            None => "linux/arm/v5",
        })
    }
}

/// Finds [`CPU_ARCH`] among the attributes of the whole file.
fn cpu_arch(section: &[u8]) -> Option<u64> {
    // Format `A`, then the vendor's part: length, name, then tag and length of what holds for the file.
    let rest = section.strip_prefix(b"A")?.get(4..)?;
    let rest = rest.strip_prefix(b"aeabi\0")?;
    let mut rest = rest.strip_prefix(b"\x01")?.get(4..)?;
    while !rest.is_empty() {
        let tag = number(&mut rest)?;
        // Texts end in NUL: the CPU's names, and odd tags from 32 on; 32 itself is a number and a text.
        if tag == 32 {
            number(&mut rest)?;
        }
        if matches!(tag, 4 | 5 | 32) || tag > 32 && tag % 2 == 1 {
            let end = rest.iter().position(|byte| *byte == 0)?;
            rest = &rest[end + 1..];
            continue;
        }
        let value = number(&mut rest)?;
        if tag == CPU_ARCH {
            return Some(value);
        }
    }
    None
}

/// Reads a number in LEB128.
fn number(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..63).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::{section::ARM_ATTRIBUTES, *};

    /// The start of an ELF file.
    pub(crate) fn program(class: u8, data: u8, machine: u16) -> Vec<u8> {
        let mut bytes = vec![0; 64];
        bytes[..7].copy_from_slice(&[0x7f, b'E', b'L', b'F', class, data, 1]);
        let little = data == 1;
        let machine = if little {
            machine.to_le_bytes()
        } else {
            machine.to_be_bytes()
        };
        bytes[18..20].copy_from_slice(&machine);
        bytes
    }

    #[test]
    fn machines_have_their_platforms() {
        for (class, data, machine, wanted) in [
            (2, 1, 62, Some("linux/amd64")),
            (1, 1, 3, Some("linux/386")),
            (2, 1, 183, Some("linux/arm64")),
            (1, 1, 40, Some("linux/arm/v5")),
            (2, 1, 21, Some("linux/ppc64le")),
            (2, 2, 22, Some("linux/s390x")),
            (2, 1, 243, Some("linux/riscv64")),
            (1, 2, 8, Some("linux/mips")),
            // 32 bits of amd64 are x32, which has no name of its own.
            (1, 1, 62, None),
            (2, 1, 9999, None),
            (3, 1, 62, None),
        ] {
            assert_eq!(
                platform(&program(class, data, machine)),
                wanted,
                "{machine}"
            );
        }
        assert_eq!(platform(b"#!/bin/sh\n"), None);
        assert_eq!(platform(b"\x7fELF\x02\x01"), None);
    }

    #[test]
    fn attributes_tell_the_version_of_arm() {
        let section = |attributes: &[u8]| [b"A\0\0\0\0aeabi\0\x01\0\0\0\0", attributes].concat();
        for (attributes, wanted) in [
            (&b"\x05ARM926EJ-S\0\x06\x05"[..], "linux/arm/v5"),
            (b"\x05ARM1176JZF-S\0\x06\x07\x08\x01", "linux/arm/v6"),
            (b"\x20\x01gnu\0\x43x\0\x06\x0a", "linux/arm/v7"),
            (b"\x06\x0e", "linux/arm/v7"),
            (b"\x05", "linux/arm/v5"),
        ] {
            let section = section(attributes);
            let mut bytes = program(1, 1, 40);
            // One section header behind the ELF header, then the section.
            bytes[32..36].copy_from_slice(&64_u32.to_le_bytes());
            bytes[46..48].copy_from_slice(&40_u16.to_le_bytes());
            bytes[48..50].copy_from_slice(&1_u16.to_le_bytes());
            let mut header = [0; 40];
            header[4..8].copy_from_slice(&ARM_ATTRIBUTES.to_le_bytes());
            header[16..20].copy_from_slice(&104_u32.to_le_bytes());
            let length = u32::try_from(section.len()).expect("small");
            header[20..24].copy_from_slice(&length.to_le_bytes());
            bytes.extend(header);
            bytes.extend(section);
            assert_eq!(platform(&bytes), Some(wanted));
        }
        // Without attributes, the calling convention says something.
        let mut hard = program(1, 1, 40);
        hard[36..40].copy_from_slice(&HARD_FLOAT.to_le_bytes());
        assert_eq!(platform(&hard), Some("linux/arm/v7"));
    }

    #[test]
    fn a_damaged_program_never_panics() {
        let mut bytes = program(1, 1, 40);
        for place in 0..bytes.len() {
            for value in [0, 1, 0x7f, 0xff] {
                let kept = std::mem::replace(&mut bytes[place], value);
                let _either = platform(&bytes);
                bytes[place] = kept;
            }
            let _either = platform(&bytes[..place]);
        }
    }
}
