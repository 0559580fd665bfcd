//! The values of an ADB block: words of 4 bits of type and 28 bits of value or offset.
//!
//! Every offset, length and count is checked against the block. Values may share what they point to, so that a small
//! block could stand for endless ones: what may be read of one block in all is bounded.

use super::malformed;
use boot_kit::Result;
use std::cell::Cell;

/// How many values, or stretches of 16 bytes, may be read of one block: thrice what the largest index takes.
const BUDGET: u32 = 1 << 24;

/// The length of the head: versions, and the root value.
const HEAD: usize = 8;

/// An ADB block.
#[derive(Debug)]
pub struct Adb {
    bytes: Vec<u8>,
    budget: Cell<u32>,
}

/// One value, not yet looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Value(u32);

/// The slots of an object or an array, counted from 1.
#[derive(Clone, Copy, Debug)]
pub struct Slots<'a> {
    adb: &'a Adb,
    words: &'a [u8],
}

impl Value {
    /// Nothing: an absent field.
    pub const NULL: Self = Self(0);

    fn offset(self) -> usize {
        (self.0 & 0x0fff_ffff) as usize
    }
}

impl Adb {
    /// Takes a block's bytes.
    pub fn new(bytes: Vec<u8>) -> Result<Self> {
        if bytes.len() < HEAD {
            return Err(malformed("the ADB block has no head"));
        }
        if bytes[0] != 0 {
            let message = format!("the ADB block is of the unknown version {}", bytes[0]);
            return Err(malformed(message));
        }
        Ok(Self {
            bytes,
            budget: Cell::new(BUDGET),
        })
    }

    /// The root object.
    pub fn root(&self) -> Result<Slots<'_>> {
        let root = Value(u32::from_le_bytes(self.array(4)?));
        self.slots(root)
    }

    /// Reads a number; `None` if there is none.
    pub fn integer(&self, value: Value) -> Result<Option<u64>> {
        self.spend(1)?;
        match value.0 >> 28 {
            0 if value == Value::NULL => Ok(None),
            1 => Ok(Some(u64::from(value.0 & 0x0fff_ffff))),
            2 => Ok(Some(u64::from(u32::from_le_bytes(
                self.array(value.offset())?,
            )))),
            3 => Ok(Some(u64::from_le_bytes(self.array(value.offset())?))),
            _ => Err(malformed("something else stands where a number should")),
        }
    }

    /// Reads bytes; `None` if there are none.
    pub fn blob(&self, value: Value) -> Result<Option<&[u8]>> {
        let offset = value.offset();
        let (head, length) = match value.0 >> 28 {
            0 if value == Value::NULL => return Ok(None),
            8 => (1, usize::from(self.array::<1>(offset)?[0])),
            9 => (2, usize::from(u16::from_le_bytes(self.array(offset)?))),
            10 => (4, u32::from_le_bytes(self.array(offset)?) as usize),
            _ => return Err(malformed("something else stands where text should")),
        };
        self.spend(1 + length / 16)?;
        self.slice(offset + head, length).map(Some)
    }

    /// Reads an object or an array; an absent one has no slots.
    pub fn slots(&self, value: Value) -> Result<Slots<'_>> {
        self.spend(1)?;
        let words = match value.0 >> 28 {
            0 if value == Value::NULL => &[][..],
            13 | 14 => {
                let count = u32::from_le_bytes(self.array(value.offset())?) as usize;
                let length = count.checked_sub(1).and_then(|count| count.checked_mul(4));
                let length = length.ok_or_else(|| malformed("an object has no slots at all"))?;
                self.slice(value.offset() + 4, length)?
            }
            _ => return Err(malformed("something else stands where an object should")),
        };
        Ok(Slots { adb: self, words })
    }

    fn spend(&self, units: usize) -> Result<()> {
        let units = u32::try_from(units).unwrap_or(u32::MAX);
        let left = self.budget.get().checked_sub(units);
        let left = left.ok_or_else(|| malformed("its values are too many to be meant"))?;
        self.budget.set(left);
        Ok(())
    }

    fn slice(&self, offset: usize, length: usize) -> Result<&[u8]> {
        let end = offset.checked_add(length);
        end.and_then(|end| self.bytes.get(offset..end))
            .ok_or_else(|| malformed("a value points out of its block"))
    }

    fn array<const N: usize>(&self, offset: usize) -> Result<[u8; N]> {
        let mut array = [0; N];
        array.copy_from_slice(self.slice(offset, N)?);
        Ok(array)
    }
}

impl<'a> Slots<'a> {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.words.len() / 4
    }

    /// Tells whether there are none.
    pub fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// The value of a slot; beyond the last, nothing.
    pub fn get(&self, slot: usize) -> Value {
        let word = slot
            .checked_sub(1)
            .and_then(|index| self.words.get(index * 4..index * 4 + 4));
        let word = word.and_then(|word| word.try_into().ok());
        word.map_or(Value::NULL, |word| Value(u32::from_le_bytes(word)))
    }

    /// Reads a number.
    pub fn integer(&self, slot: usize) -> Result<Option<u64>> {
        self.adb.integer(self.get(slot))
    }

    /// Reads bytes.
    pub fn blob(&self, slot: usize) -> Result<Option<&'a [u8]>> {
        self.adb.blob(self.get(slot))
    }

    /// Reads text; absent text is empty.
    pub fn text(&self, slot: usize) -> Result<&'a str> {
        let bytes = self.blob(slot)?.unwrap_or_default();
        std::str::from_utf8(bytes)
            .map_err(|error| malformed("a text is not UTF-8").caused_by(error))
    }

    /// Reads an object or array.
    pub fn slots(&self, slot: usize) -> Result<Slots<'a>> {
        self.adb.slots(self.get(slot))
    }

    /// Goes through an array of objects.
    pub fn objects(self) -> impl Iterator<Item = Result<Slots<'a>>> {
        (1..=self.len()).map(move |slot| self.slots(slot))
    }
}
