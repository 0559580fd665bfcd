//! What a program or library needs to run: the parts of an ELF file that its loader reads.
//!
//! Formats: <https://gabi.xinuos.com/elf/07-pheader.html> and <https://gabi.xinuos.com/elf/08-dynamic.html>. Nothing in
//! the file is believed: every place and length is checked against the file's own, and there is a limit for each.

use super::{Elf, Purpose, platform};
use crate::content::{Bytes, part};
use boot_kit::{Error, ErrorKind, Result};

/// Length of the ELF header of 64 bits, the longer one.
const HEADER: u64 = 64;
/// The most program headers.
const MAX_HEADERS: u64 = 4096;
/// The longest dynamic section, in bytes.
const MAX_DYNAMIC: u64 = 1 << 20;
/// The longest table of strings, in bytes.
const MAX_STRINGS: u64 = 64 << 20;
/// The longest name or search path, in bytes.
const MAX_NAME: usize = 1 << 14;
/// The most libraries one object needs.
const MAX_NEEDED: usize = 4096;
/// How much of a program is read where all of it may say what it is for, in bytes.
const MAX_ARM: u64 = 64 << 20;

/// `e_machine` of ARM, whose version only the attributes of the file say.
const ARM: u64 = 40;
const PT_LOAD: u64 = 1;
const PT_DYNAMIC: u64 = 2;
const PT_INTERP: u64 = 3;
const DT_NEEDED: u64 = 1;
const DT_STRTAB: u64 = 5;
const DT_STRSZ: u64 = 10;
const DT_SONAME: u64 = 14;
const DT_RPATH: u64 = 15;
const DT_RUNPATH: u64 = 29;
const DT_FLAGS_1: u64 = 0x6fff_fffb;
/// A program that may be loaded anywhere, not a library.
const DF_1_PIE: u64 = 0x0800_0000;

/// The kind of machine an object is for: only objects of the same can be loaded together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Machine {
    is_64: bool,
    is_little: bool,
    number: u64,
}

impl Machine {
    /// Whether its words have 64 bits.
    pub fn is_64(self) -> bool {
        self.is_64
    }

    /// Debian's names of the directory for libraries of this machine; none if it is not known.
    pub fn triplets(self) -> &'static [&'static str] {
        match (self.number, self.is_64, self.is_little) {
            (62, true, true) => &["x86_64-linux-gnu"],
            (62, false, true) => &["x86_64-linux-gnux32"],
            (3, false, true) => &["i386-linux-gnu"],
            (183, true, true) => &["aarch64-linux-gnu"],
            (ARM, false, true) => &["arm-linux-gnueabihf", "arm-linux-gnueabi"],
            (21, true, true) => &["powerpc64le-linux-gnu"],
            (21, true, false) => &["powerpc64-linux-gnu"],
            (22, true, false) => &["s390x-linux-gnu"],
            (43, true, false) => &["sparc64-linux-gnu"],
            (243, true, true) => &["riscv64-linux-gnu"],
            (258, true, true) => &["loongarch64-linux-gnu"],
            (8, true, true) => &["mips64el-linux-gnuabi64"],
            (8, false, true) => &["mipsel-linux-gnu"],
            _ => &[],
        }
    }
}

/// A program or library, as far as loading it goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Object {
    /// What it is for.
    pub machine: Machine,
    /// The same as an OCI platform, if it has a name there.
    pub platform: Option<&'static str>,
    /// Whether it is run rather than loaded by others.
    pub is_program: bool,
    /// The program that loads it, an absolute path: `PT_INTERP`.
    pub interpreter: Option<Vec<u8>>,
    /// Libraries by name, in order: `DT_NEEDED`.
    pub needed: Vec<Vec<u8>>,
    /// What other objects call it: `DT_SONAME`.
    pub soname: Option<Vec<u8>>,
    /// Where libraries are, for itself and for what it loads: `DT_RPATH`.
    pub rpath: Option<Vec<u8>>,
    /// Where libraries are, for itself alone: `DT_RUNPATH`.
    pub runpath: Option<Vec<u8>>,
    /// Whether it loads libraries by names that are not told: it calls `dlopen`.
    pub opens_others: bool,
}

impl Object {
    /// Reads an object; nothing if it is no program or library in ELF.
    ///
    /// Errors with [`ErrorKind::Parse`] if it is one and damaged.
    pub fn read(bytes: &dyn Bytes) -> Result<Option<Self>> {
        let start = bytes.length().min(HEADER);
        let header = part(bytes, 0, start)?.unwrap_or_default();
        let Some(elf) = Elf::of(&header) else {
            return Ok(None);
        };
        if elf.number(16, 2).is_none() {
            return Err(damaged("its header is cut off"));
        }
        let Some(purpose @ (Purpose::Executable | Purpose::Shared)) = elf.purpose() else {
            return Ok(None);
        };
        let segments = segments(bytes, &elf)?;
        let mut object = Self {
            machine: Machine {
                is_64: elf.is_64,
                is_little: elf.is_little,
                number: elf.number(18, 2).unwrap_or_default(),
            },
            platform: None,
            is_program: purpose == Purpose::Executable,
            interpreter: None,
            needed: Vec::new(),
            soname: None,
            rpath: None,
            runpath: None,
            opens_others: false,
        };
        object.platform = match object.machine.number {
            ARM => part(bytes, 0, bytes.length().min(MAX_ARM))?.and_then(|all| platform(&all)),
            _ => platform(&header),
        };
        let dynamic = segments.iter().filter(|it| it.kind == PT_DYNAMIC);
        if dynamic.count() > 1 {
            return Err(damaged("it has several dynamic sections"));
        }
        for segment in &segments {
            match segment.kind {
                PT_INTERP => object.interpreter = Some(interpreter(bytes, segment)?),
                PT_DYNAMIC => object.dynamic(bytes, &elf, segment, &segments)?,
                _ => {}
            }
        }
        // Some libraries have an interpreter, because they can be run as well: the C library does.
        object.is_program |= object.interpreter.is_some() && object.soname.is_none();
        Ok(Some(object))
    }

    /// Whether it can run without any other file.
    pub fn is_static(&self) -> bool {
        self.interpreter.is_none() && self.needed.is_empty()
    }

    /// Reads the dynamic section.
    fn dynamic(
        &mut self,
        bytes: &dyn Bytes,
        elf: &Elf<'_>,
        segment: &Segment,
        segments: &[Segment],
    ) -> Result<()> {
        if segment.size > MAX_DYNAMIC {
            return Err(damaged("its dynamic section is longer than any"));
        }
        let section = part(bytes, segment.offset, segment.size)?
            .ok_or_else(|| damaged("its dynamic section is not in the file"))?;
        let width = if elf.is_64 { 8 } else { 4 };
        let section = elf.with(&section);
        let entries = (0..).step_by(2 * width).map_while(|at: usize| {
            let tag = section.number(at, width)?;
            Some((tag, section.number(at.checked_add(width)?, width)?))
        });
        let entries: Vec<_> = entries.take_while(|(tag, _)| *tag != 0).collect();
        let value = |wanted| {
            let mut found = entries.iter().filter(|(tag, _)| *tag == wanted);
            found.next().map(|(_, value)| *value)
        };
        if value(DT_FLAGS_1).is_some_and(|flags| flags & DF_1_PIE != 0) {
            self.is_program = true;
        }
        let (Some(address), Some(size)) = (value(DT_STRTAB), value(DT_STRSZ)) else {
            return Ok(());
        };
        if size > MAX_STRINGS {
            return Err(damaged("its table of strings is longer than any"));
        }
        let strings = place(address, segments)
            .map(|offset| part(bytes, offset, size))
            .transpose()?
            .flatten()
            .ok_or_else(|| damaged("its table of strings is not in the file"))?;
        let string = |wanted| value(wanted).map(|at| text(&strings, at)).transpose();
        self.soname = string(DT_SONAME)?;
        self.rpath = string(DT_RPATH)?;
        self.runpath = string(DT_RUNPATH)?;
        for (_, at) in entries.iter().filter(|(tag, _)| *tag == DT_NEEDED) {
            if self.needed.len() == MAX_NEEDED {
                return Err(damaged("it needs more libraries than any"));
            }
            self.needed.push(text(&strings, *at)?);
        }
        self.opens_others = strings
            .split(|byte| *byte == 0)
            .any(|name| name == b"dlopen");
        Ok(())
    }
}

/// A part of the file that has a meaning at run time.
struct Segment {
    kind: u64,
    offset: u64,
    address: u64,
    size: u64,
}

fn segments(bytes: &dyn Bytes, elf: &Elf<'_>) -> Result<Vec<Segment>> {
    let (offset, size, count) = if elf.is_64 {
        (elf.number(32, 8), elf.number(54, 2), elf.number(56, 2))
    } else {
        (elf.number(28, 4), elf.number(42, 2), elf.number(44, 2))
    };
    let (Some(offset), Some(size), Some(count)) = (offset, size, count) else {
        return Err(damaged("its header is cut off"));
    };
    let least = if elf.is_64 { 56 } else { 32 };
    if count == 0 {
        return Ok(Vec::new());
    }
    if size < least || count > MAX_HEADERS {
        return Err(damaged("its program headers make no sense"));
    }
    let table = part(bytes, offset, size * count)?
        .ok_or_else(|| damaged("its program headers are not in the file"))?;
    let mut segments = Vec::new();
    for header in table.chunks_exact(usize::try_from(size).unwrap_or(usize::MAX)) {
        let header = elf.with(header);
        let fields = if elf.is_64 {
            [(0, 4), (8, 8), (16, 8), (32, 8)]
        } else {
            [(0, 4), (4, 4), (8, 4), (16, 4)]
        };
        let [kind, offset, address, size] =
            fields.map(|(at, width)| header.number(at, width).unwrap_or_default());
        segments.push(Segment {
            kind,
            offset,
            address,
            size,
        });
    }
    Ok(segments)
}

/// Finds the place in the file of what is at an address at run time.
fn place(address: u64, segments: &[Segment]) -> Option<u64> {
    let loaded = segments.iter().filter(|segment| segment.kind == PT_LOAD);
    let mut places = loaded.filter_map(|segment| {
        let within = address.checked_sub(segment.address)?;
        (within < segment.size).then(|| segment.offset.checked_add(within))?
    });
    places.next()
}

fn interpreter(bytes: &dyn Bytes, segment: &Segment) -> Result<Vec<u8>> {
    let wrong = || damaged("its interpreter is no path");
    if segment.size > MAX_NAME as u64 {
        return Err(wrong());
    }
    let path = part(bytes, segment.offset, segment.size)?.ok_or_else(wrong)?;
    let path = text(&path, 0)?;
    if path.first() == Some(&b'/') {
        return Ok(path);
    }
    Err(wrong())
}

/// The string at a place, up to its NUL.
fn text(strings: &[u8], at: u64) -> Result<Vec<u8>> {
    let rest = usize::try_from(at)
        .ok()
        .and_then(|at| strings.get(at..))
        .unwrap_or_default();
    let end = rest.iter().take(MAX_NAME).position(|byte| *byte == 0);
    let end = end.ok_or_else(|| damaged("a name in it has no end"))?;
    Ok(rest[..end].to_vec())
}

fn damaged(why: &str) -> Error {
    Error::new(ErrorKind::Parse, why)
}

#[cfg(test)]
mod tests;
