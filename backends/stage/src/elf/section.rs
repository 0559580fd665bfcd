//! Sections of an ELF file: what linkers and debuggers read of it, and what is left of that in a program.
//!
//! The format: <https://gabi.xinuos.com/elf/05-sheader.html>.

use super::Elf;

/// The section that holds an ARM program's attributes, `SHT_ARM_ATTRIBUTES`.
pub(super) const ARM_ATTRIBUTES: u32 = 0x7000_0003;
const SHT_SYMTAB: u64 = 2;
/// The longest name of a section, in bytes.
const MAX_NAME: usize = 4096;

/// What `strip` would remove.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Symbols {
    /// Length of symbol tables and debugging sections, at most that of the file.
    pub bytes: u64,
    /// Whether there is a symbol table.
    pub has_table: bool,
}

impl<'a> Elf<'a> {
    /// Sums the sections that `strip` would remove; nothing if sections make no sense. All of the file must be there.
    pub fn symbols(&self) -> Option<Symbols> {
        let names = self.number(if self.is_64 { 62 } else { 50 }, 2)?;
        let names = self.sections()?.nth(usize::try_from(names).ok()?)??;
        let names = names.offset()?;
        let mut symbols = Symbols::default();
        for section in self.sections()? {
            let section = section?;
            let (name, kind, size) = (section.name()?, section.kind()?, section.size()?);
            let name = self.name(names.checked_add(name)?)?;
            symbols.has_table |= kind == SHT_SYMTAB;
            let is_debugging = name.starts_with(b".debug_") || name.starts_with(b".zdebug_");
            if kind == SHT_SYMTAB || name == b".strtab" || is_debugging {
                symbols.bytes = symbols.bytes.saturating_add(size);
            }
        }
        symbols.bytes = symbols.bytes.min(self.bytes.len() as u64);
        Some(symbols)
    }

    /// The section of ARM attributes.
    pub(super) fn arm_attributes(&self) -> Option<&'a [u8]> {
        for section in self.sections()? {
            let section = section?;
            if section.kind()? == u64::from(ARM_ATTRIBUTES) {
                let start = section.offset()?;
                let length = usize::try_from(section.size()?).ok()?;
                return self.bytes.get(start..start.checked_add(length)?);
            }
        }
        None
    }

    /// Lists the headers of its sections; each is nothing if its place is none.
    fn sections(&self) -> Option<impl Iterator<Item = Option<Section<'_>>>> {
        let (width, count) = if self.is_64 { (58, 60) } else { (46, 48) };
        let start = usize::try_from(self.word(32, 40)?).ok()?;
        let width = usize::try_from(self.number(width, 2)?).ok()?;
        let count = usize::try_from(self.number(count, 2)?).ok()?;
        Some((0..count).map(move |i| {
            let at = start.checked_add(i.checked_mul(width)?)?;
            Some(Section { elf: self, at })
        }))
    }

    /// A text that ends in NUL.
    fn name(&self, at: usize) -> Option<&'a [u8]> {
        let rest = self.bytes.get(at..)?;
        let end = rest.iter().take(MAX_NAME).position(|byte| *byte == 0)?;
        Some(&rest[..end])
    }
}

/// A header of a section, not read yet.
struct Section<'a> {
    elf: &'a Elf<'a>,
    at: usize,
}

impl Section<'_> {
    /// Where its name is among the names of sections.
    fn name(&self) -> Option<usize> {
        usize::try_from(self.elf.number(self.at, 4)?).ok()
    }

    fn kind(&self) -> Option<u64> {
        self.elf.number(self.at.checked_add(4)?, 4)
    }

    fn offset(&self) -> Option<usize> {
        usize::try_from(self.word(16, 24)?).ok()
    }

    fn size(&self) -> Option<u64> {
        self.word(20, 32)
    }

    fn word(&self, at_32: usize, at_64: usize) -> Option<u64> {
        let place = |at: usize| self.at.checked_add(at);
        self.elf.word(place(at_32)?, place(at_64)?)
    }
}
