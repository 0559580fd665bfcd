//! What is noted of a program or library.

#[cfg(test)]
mod tests;

pub(super) use boot_stage::elf::is_elf;
use boot_stage::elf::{Elf, Object, Purpose, platform};

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

/// Reads a whole ELF file; `None` if it is none or makes no sense.
///
/// Of a damaged program or library it is only known that it is one.
pub(super) fn read(bytes: &[u8]) -> Option<Facts> {
    let elf = Elf::of(bytes)?;
    let purpose = elf.purpose()?;
    let object = Object::read(&bytes).ok().flatten();
    let sort = match (purpose, &object) {
        (Purpose::Relocatable, _) => Sort::Object,
        (Purpose::Executable, _) => Sort::Program,
        (Purpose::Shared, Some(object)) if object.is_program => Sort::Program,
        (Purpose::Shared, _) => Sort::Library,
    };
    let symbols = elf.symbols().unwrap_or_default();
    let mut facts = Facts {
        sort,
        platform: platform(bytes),
        soname: None,
        needed: Vec::new(),
        search: Vec::new(),
        passes_on: false,
        interpreter: None,
        symbol_bytes: symbols.bytes,
        has_symbols: symbols.has_table,
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
