//! What an ELF file says of itself: <https://gabi.xinuos.com/>.

#[cfg(test)]
pub(super) mod tests;

use boot_stage::elf::{Object, platform};

const ET_REL: u64 = 1;
const ET_EXEC: u64 = 2;
const ET_DYN: u64 = 3;

const SHT_SYMTAB: u64 = 2;

/// What sort of ELF file it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sort {
    /// It can be started.
    Program,
    /// Programs can be linked with it.
    Library,
    /// It is still to be linked: `.o`, kernel modules.
    Object,
}

/// What an ELF file says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Facts {
    pub sort: Sort,
    pub platform: Option<&'static str>,
    pub soname: Option<String>,
    pub needed: Vec<String>,
    /// Where it looks for them first.
    pub search: Vec<String>,
    /// Whether that holds for what it loads as well: `DT_RPATH`, not `DT_RUNPATH`.
    pub passes_on: bool,
    pub interpreter: Option<String>,
    /// Length of symbol tables and debugging sections.
    pub symbol_bytes: u64,
    /// Whether there is a symbol table.
    pub has_symbols: bool,
}

/// Tells whether a file begins like one.
pub(super) fn is_elf(head: &[u8]) -> bool {
    head.starts_with(b"\x7fELF")
}

/// Reads a whole ELF file; `None` if it is none or makes no sense.
///
/// Of a damaged program or library it is only known that it is one.
pub(super) fn read(bytes: &[u8]) -> Option<Facts> {
    let file = File::of(bytes)?;
    let kind = file.number(16, 2)?;
    let object = Object::read(&bytes).ok().flatten();
    let sort = match (kind, &object) {
        (ET_REL, _) => Sort::Object,
        (ET_EXEC, _) => Sort::Program,
        (ET_DYN, Some(object)) if object.is_program => Sort::Program,
        (ET_DYN, _) => Sort::Library,
        _ => return None,
    };
    let (symbol_bytes, has_symbols) = file.symbols().unwrap_or_default();
    let mut facts = Facts {
        sort,
        platform: platform(bytes),
        soname: None,
        needed: Vec::new(),
        search: Vec::new(),
        passes_on: false,
        interpreter: None,
        symbol_bytes,
        has_symbols,
    };
    if let Some(object) = object {
        let text = |bytes: &Vec<u8>| String::from_utf8_lossy(bytes).into_owned();
        facts.passes_on = object.runpath.is_none() && object.rpath.is_some();
        let search = object.runpath.or(object.rpath).unwrap_or_default();
        let search = search.split(|byte| *byte == b':').map(<[u8]>::to_vec);
        let search = search.filter(|path| !path.is_empty());
        facts.search = search.map(|path| text(&path)).collect();
        facts.soname = object.soname.as_ref().map(text);
        facts.needed = object.needed.iter().map(text).collect();
        facts.interpreter = object.interpreter.as_ref().map(text);
    }
    Some(facts)
}

/// An ELF file of either width and byte order.
struct File<'a> {
    bytes: &'a [u8],
    is_64: bool,
    is_little: bool,
}

impl<'a> File<'a> {
    fn of(bytes: &'a [u8]) -> Option<Self> {
        let rest = bytes.strip_prefix(b"\x7fELF")?;
        let (class, data) = (*rest.first()?, *rest.get(1)?);
        matches!((class, data), (1 | 2, 1 | 2)).then_some(Self {
            bytes,
            is_64: class == 2,
            is_little: data == 1,
        })
    }

    fn number(&self, at: usize, width: usize) -> Option<u64> {
        let bytes = self.bytes.get(at..at.checked_add(width)?)?;
        let add = |number: u64, byte: &u8| number << 8 | u64::from(*byte);
        Some(if self.is_little {
            bytes.iter().rev().fold(0, add)
        } else {
            bytes.iter().fold(0, add)
        })
    }

    /// A number as wide as an address, at one place or another.
    fn word(&self, at_32: usize, at_64: usize) -> Option<u64> {
        if self.is_64 {
            self.number(at_64, 8)
        } else {
            self.number(at_32, 4)
        }
    }

    fn size(&self, at_32: usize, at_64: usize) -> Option<usize> {
        usize::try_from(self.word(at_32, at_64)?).ok()
    }

    /// Where entries of a table are: `offset`, `size` and `count` are places in the header.
    fn table(&self, offset: (usize, usize), size: usize, count: usize) -> Option<Vec<usize>> {
        let start = self.size(offset.0, offset.1)?;
        let width = usize::try_from(self.number(size, 2)?).ok()?;
        let count = usize::try_from(self.number(count, 2)?).ok()?;
        let at = |i: usize| start.checked_add(i.checked_mul(width)?);
        (0..count).map(at).collect()
    }

    /// Sums the sections that `strip` would remove, at most all of the file; tells whether there is a symbol table.
    fn symbols(&self) -> Option<(u64, bool)> {
        let (size, count, names) = if self.is_64 {
            (58, 60, 62)
        } else {
            (46, 48, 50)
        };
        let table = self.table((32, 40), size, count)?;
        let names = usize::try_from(self.number(names, 2)?).ok()?;
        let names = *table.get(names)?;
        let names = self.size(names.checked_add(16)?, names.checked_add(24)?)?;
        let (mut bytes, mut has_symbols) = (0_u64, false);
        for at in &table {
            let name = usize::try_from(self.number(*at, 4)?).ok()?;
            let kind = self.number(at.checked_add(4)?, 4)?;
            let length = self.word(at.checked_add(20)?, at.checked_add(32)?)?;
            let name = self.text(names.checked_add(name)?)?;
            let is_debugging = name.starts_with(".debug_") || name.starts_with(".zdebug_");
            has_symbols |= kind == SHT_SYMTAB;
            if kind == SHT_SYMTAB || name == ".strtab" || is_debugging {
                bytes = bytes.saturating_add(length);
            }
        }
        Some((bytes.min(self.bytes.len() as u64), has_symbols))
    }

    /// A text that ends in NUL.
    fn text(&self, at: usize) -> Option<String> {
        let rest = self.bytes.get(at..)?;
        let end = rest.iter().take(4096).position(|byte| *byte == 0)?;
        Some(String::from_utf8_lossy(&rest[..end]).into_owned())
    }
}
