//! What an ELF file says of itself: <https://gabi.xinuos.com/>.

#[cfg(test)]
mod tests;

use boot_stage::elf::platform;

const PT_LOAD: u64 = 1;
const PT_DYNAMIC: u64 = 2;
const PT_INTERP: u64 = 3;

const DT_NEEDED: u64 = 1;
const DT_STRTAB: u64 = 5;
const DT_SONAME: u64 = 14;
const DT_RPATH: u64 = 15;
const DT_RUNPATH: u64 = 29;
const DT_FLAGS_1: u64 = 0x6fff_fffb;
/// The file is a program although it looks like a library: linked statically, to be loaded anywhere.
const DF_1_PIE: u64 = 0x0800_0000;

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
    pub search: Vec<String>,
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
pub(super) fn read(bytes: &[u8]) -> Option<Facts> {
    let file = File::of(bytes)?;
    let kind = file.number(16, 2)?;
    let dynamic = file.dynamic().unwrap_or_default();
    let is_pie = dynamic.flags & DF_1_PIE != 0;
    let interpreter = file.interpreter();
    let sort = match kind {
        ET_REL => Sort::Object,
        ET_EXEC => Sort::Program,
        // Some libraries can be started too and have an interpreter: they have a name for others as well.
        ET_DYN if (interpreter.is_some() || is_pie) && dynamic.soname.is_none() => Sort::Program,
        ET_DYN => Sort::Library,
        _ => return None,
    };
    let (symbol_bytes, has_symbols) = file.symbols().unwrap_or_default();
    Some(Facts {
        sort,
        platform: platform(bytes),
        soname: dynamic.soname,
        needed: dynamic.needed,
        search: dynamic.search,
        interpreter,
        symbol_bytes,
        has_symbols,
    })
}

/// An ELF file of either width and byte order.
struct File<'a> {
    bytes: &'a [u8],
    is_64: bool,
    is_little: bool,
}

/// Of the dynamic section what is needed here.
#[derive(Default)]
struct Dynamic {
    soname: Option<String>,
    needed: Vec<String>,
    search: Vec<String>,
    flags: u64,
}

/// One entry of the table of segments.
struct Segment {
    kind: u64,
    offset: usize,
    address: u64,
    length: usize,
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

    fn segments(&self) -> Option<Vec<Segment>> {
        let (size, count) = if self.is_64 { (54, 56) } else { (42, 44) };
        let table = self.table((28, 32), size, count)?;
        table
            .into_iter()
            .map(|at| {
                Some(Segment {
                    kind: self.number(at, 4)?,
                    offset: self.size(at.checked_add(4)?, at.checked_add(8)?)?,
                    address: self.word(at.checked_add(8)?, at.checked_add(16)?)?,
                    length: self.size(at.checked_add(16)?, at.checked_add(32)?)?,
                })
            })
            .collect()
    }

    fn interpreter(&self) -> Option<String> {
        let segments = self.segments()?;
        let segment = segments.iter().find(|it| it.kind == PT_INTERP)?;
        self.text(segment.offset)
    }

    fn dynamic(&self) -> Option<Dynamic> {
        let segments = self.segments()?;
        let segment = segments.iter().find(|it| it.kind == PT_DYNAMIC)?;
        let width = if self.is_64 { 8 } else { 4 };
        let end = segment.offset.checked_add(segment.length)?;
        let section = self.bytes.get(segment.offset..end.min(self.bytes.len()))?;
        let mut entries = Vec::new();
        for at in (0..section.len()).step_by(2 * width) {
            let at = segment.offset + at;
            let (Some(tag), Some(value)) = (self.number(at, width), self.number(at + width, width))
            else {
                break;
            };
            if tag == 0 {
                break;
            }
            entries.push((tag, value));
        }
        let find = |wanted| entries.iter().find(|(tag, _)| *tag == wanted);
        let (_, address) = find(DT_STRTAB)?;
        let strings = segments
            .iter()
            .filter(|it| it.kind == PT_LOAD)
            .find_map(|it| {
                let into = address.checked_sub(it.address)?;
                let into = usize::try_from(into).ok()?;
                (into < it.length).then(|| it.offset.checked_add(into))?
            })?;
        let text = |value: u64| self.text(strings.checked_add(usize::try_from(value).ok()?)?);
        let all = |wanted| {
            let values = entries.iter().filter(move |(tag, _)| *tag == wanted);
            values.filter_map(|(_, value)| text(*value))
        };
        let search = all(DT_RUNPATH).next().or_else(|| all(DT_RPATH).next());
        Some(Dynamic {
            soname: all(DT_SONAME).next(),
            needed: all(DT_NEEDED).collect(),
            search: search
                .map(|paths| paths.split(':').map(str::to_owned).collect())
                .unwrap_or_default(),
            flags: find(DT_FLAGS_1).map_or(0, |(_, value)| *value),
        })
    }

    /// Sums the sections that `strip` would remove; tells whether there is a symbol table.
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
        let (mut bytes, mut has_symbols) = (0, false);
        for at in &table {
            let name = usize::try_from(self.number(*at, 4)?).ok()?;
            let kind = self.number(at.checked_add(4)?, 4)?;
            let length = self.word(at.checked_add(20)?, at.checked_add(32)?)?;
            let name = self.text(names.checked_add(name)?)?;
            let is_debugging = name.starts_with(".debug_") || name.starts_with(".zdebug_");
            has_symbols |= kind == SHT_SYMTAB;
            if kind == SHT_SYMTAB || name == ".strtab" || is_debugging {
                bytes += length;
            }
        }
        Some((bytes, has_symbols))
    }

    /// A text that ends in NUL.
    fn text(&self, at: usize) -> Option<String> {
        let rest = self.bytes.get(at..)?;
        let end = rest.iter().take(4096).position(|byte| *byte == 0)?;
        Some(String::from_utf8_lossy(&rest[..end]).into_owned())
    }
}
