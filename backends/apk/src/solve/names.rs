//! All names of a universe, numbered.

/// apk 2 keeps names in a hash table of this many chains.
const CHAINS: u32 = 20_000;
/// The seed apk hashes names with.
const SEED: u32 = 5381;

/// Numbers names in the order they are first met.
#[derive(Clone, Debug, Default)]
pub(super) struct Names {
    texts: Vec<Box<str>>,
    hashes: Vec<u32>,
    /// A hash table with open addressing; a slot holds a number plus one, 0 if it is free.
    slots: Vec<u32>,
}

impl Names {
    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.texts.len()
    }

    pub(super) fn text(&self, name: usize) -> &str {
        &self.texts[name]
    }

    /// Finds the number of a name that was met.
    pub(super) fn find(&self, text: &str) -> Option<usize> {
        if self.slots.is_empty() {
            return None;
        }
        self.probe(text, hash(text.as_bytes())).ok()
    }

    /// Finds the number of a name, or gives it the next one.
    pub(super) fn add(&mut self, text: &str) -> usize {
        // At most half full, so that a probe ends soon.
        if self.texts.len() * 2 >= self.slots.len() {
            self.grow();
        }
        let hash = hash(text.as_bytes());
        match self.probe(text, hash) {
            Ok(name) => name,
            Err(slot) => {
                let name = self.texts.len();
                self.texts.push(text.into());
                self.hashes.push(hash);
                self.slots[slot] = number(name + 1);
                name
            }
        }
    }

    /// Where apk 2 comes across the name when it walks all of them: by the chain of its table, and within one the
    /// newest first. An accident, but it decides in which order packages are considered that nothing else sets apart.
    pub(super) fn walk_order(&self, name: usize) -> (u32, std::cmp::Reverse<usize>) {
        (self.hashes[name] % CHAINS, std::cmp::Reverse(name))
    }

    /// Finds the number of `text`, or the free slot it would go to.
    fn probe(&self, text: &str, hash: u32) -> Result<usize, usize> {
        let mask = self.slots.len() - 1;
        let mut slot = hash as usize & mask;
        while let Some(name) = (self.slots[slot] as usize).checked_sub(1) {
            if self.hashes[name] == hash && *self.texts[name] == *text {
                return Ok(name);
            }
            slot = (slot + 1) & mask;
        }
        Err(slot)
    }

    fn grow(&mut self) {
        let size = (self.slots.len() * 2).max(64);
        self.slots = vec![0; size];
        for (name, hash) in self.hashes.iter().enumerate() {
            let mut slot = *hash as usize & (size - 1);
            while self.slots[slot] != 0 {
                slot = (slot + 1) & (size - 1);
            }
            self.slots[slot] = number(name + 1);
        }
    }
}

/// Narrows an index; four thousand million names are beyond any index of packages.
pub(super) fn number(index: usize) -> u32 {
    u32::try_from(index).expect("fewer than 2^32 names and packages")
}

/// `MurmurHash3`, the 32-bit variant, with apk's seed.
fn hash(bytes: &[u8]) -> u32 {
    let scramble = |word: u32| {
        let word = word.wrapping_mul(0xcc9e_2d51).rotate_left(15);
        word.wrapping_mul(0x1b87_3593)
    };
    let mut state = SEED;
    let mut chunks = bytes.chunks_exact(4);
    for chunk in &mut chunks {
        let word = u32::from_le_bytes([chunk[0], chunk[1], chunk[2], chunk[3]]);
        state = (state ^ scramble(word)).rotate_left(13);
        state = state.wrapping_mul(5).wrapping_add(0xe654_6b64);
    }
    let mut tail = [0; 4];
    tail[..chunks.remainder().len()].copy_from_slice(chunks.remainder());
    state ^= scramble(u32::from_le_bytes(tail));
    state ^= number(bytes.len());
    state = (state ^ (state >> 16)).wrapping_mul(0x85eb_ca6b);
    state = (state ^ (state >> 13)).wrapping_mul(0xc2b2_ae35);
    state ^ (state >> 16)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_keep_their_numbers_however_many_there_are() {
        let mut names = Names::default();
        let texts: Vec<String> = (0..1000).map(|it| format!("name-{it}")).collect();
        let added: Vec<usize> = texts.iter().map(|text| names.add(text)).collect();
        assert_eq!(added, (0..1000).collect::<Vec<_>>());
        let found: Vec<Option<usize>> = texts.iter().map(|text| names.find(text)).collect();
        assert_eq!(found, added.into_iter().map(Some).collect::<Vec<_>>());
        assert_eq!(names.add("name-7"), 7);
        assert_eq!(names.find("name-1000"), None);
        assert_eq!((names.len(), names.text(42)), (1000, "name-42"));
    }
}
