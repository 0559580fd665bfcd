//! The layers of an image, one over the other.

use super::{
    Image, Layer,
    blob::{Stoppable, missing, prove, wrong},
};
use crate::tree::{Stratum, Tree};
use boot_kit::{
    Context, Digest, Error, ErrorKind, Result, Sink,
    archive::{TarReader, decoder},
    digest::Hashing,
};
use std::io::{self, BufReader, Read, Write};

/// How much is read at once.
const BUFFER: usize = 256 << 10;

/// What became of the layers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flattened {
    /// How many there were.
    pub layers: usize,
    /// How many files nobody could see any more, because a layer above removed or replaced them.
    pub shadowed_files: u64,
    /// How many bytes these had.
    pub shadowed_bytes: u64,
}

impl Image {
    /// Lays the layers over each other in `root`, which is empty; `files` are those that the image was found among.
    ///
    /// Layers that are named by digests are proven before any of them is read, and each of them again by what the
    /// configuration says of it. `stop` is asked often and ends it with an error. After an error `root` is of no use.
    pub fn flatten(
        &self,
        files: &Tree,
        root: &mut Tree,
        stop: &dyn Fn() -> Result<()>,
    ) -> Result<Flattened> {
        for layer in &self.layers {
            layer.verify(files, stop)?;
        }
        for layer in &self.layers {
            layer
                .unpack(files, root, stop)
                .context(|| format!("cannot unpack layer {}, `{}`", layer.number, layer.name))?;
        }
        let (shadowed_files, shadowed_bytes) = root.nameless();
        Ok(Flattened {
            layers: self.layers.len(),
            shadowed_files,
            shadowed_bytes,
        })
    }
}

impl Layer {
    /// Proves the bytes as they are there.
    fn verify(&self, files: &Tree, stop: &dyn Fn() -> Result<()>) -> Result<()> {
        let inner = files
            .follow(&self.path)
            .ok_or_else(|| missing(&self.name))?;
        let Some((wanted_size, wanted)) = self.blob else {
            return Ok(());
        };
        let size = inner.size();
        let found = if size == wanted_size {
            Digest::of_reader(&mut Stoppable { inner, stop })?.0
        } else {
            Digest::default()
        };
        prove((size, found), (wanted_size, wanted)).context(|| wrong(&self.name))
    }

    fn unpack(&self, files: &Tree, root: &mut Tree, stop: &dyn Fn() -> Result<()>) -> Result<()> {
        let inner = files
            .follow(&self.path)
            .ok_or_else(|| missing(&self.name))?;
        let packed = BufReader::with_capacity(BUFFER, Stoppable { inner, stop });
        // Not compressed, the same bytes need not be hashed twice.
        let is_proven = self.blob.is_some_and(|(_, digest)| digest == self.diff_id);
        let mut plain = Hashed {
            inner: decoder(packed, self.blob.is_some())?,
            hashing: (!is_proven).then(|| Hashing::new(io::sink())),
        };
        let unpacked = unpack(&mut plain, root);
        if unpacked
            .as_ref()
            .is_err_and(|error| error.kind() == ErrorKind::Interrupted)
        {
            return unpacked;
        }
        // A wrong digest explains whatever else is wrong, unless it is that nothing more can be read.
        if let Err(error) = io::copy(&mut plain, &mut io::sink()) {
            return unpacked.and_then(|()| Err(error.into()));
        }
        match plain.hashing.map(Hashing::finish) {
            Some((found, bytes)) if found != self.diff_id => {
                let message = format!("its configuration names it {}", self.diff_id);
                let cause = format!("its {bytes} bytes have the SHA-256 {found}");
                let cause = Error::new(ErrorKind::Trust, cause);
                Err(Error::new(ErrorKind::Trust, message).caused_by(cause))
            }
            _ => unpacked,
        }
    }
}

/// Takes a layer's tar apart; an empty one, or one without an end mark, is whole if its digest says so.
fn unpack(plain: &mut dyn Read, root: &mut Tree) -> Result<()> {
    let mut archive = TarReader::new(plain).without_end_mark();
    let mut stratum = Stratum::new(root);
    while let Some(entry) = archive.next()? {
        stratum.entry(&entry, &mut archive.content())?;
    }
    archive.finish()?;
    stratum.finish()
}

/// Bytes that are hashed as they are read.
struct Hashed<R> {
    inner: R,
    hashing: Option<Hashing<io::Sink>>,
}

impl<R: Read> Read for Hashed<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        if let Some(hashing) = &mut self.hashing {
            hashing.write_all(&buffer[..count])?;
        }
        Ok(count)
    }
}
