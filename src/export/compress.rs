//! Compression whose bytes depend on the content alone, not on how many cores did it.

pub(crate) mod gzip;

use boot_kit::Result;
use gzip::Members;
use std::io::{self, Write};
use xz2::{
    stream::{Check, MtStreamBuilder},
    write::XzEncoder,
};
use zstd::zstd_safe::CParameter;

/// What a tar is wrapped in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compression {
    /// Nothing.
    None,
    /// gzip (RFC 1952), level 6: one member per MiB, compressed side by side.
    Gzip,
    /// xz, preset 6: one block per 24 MiB (xz's own choice), compressed side by side.
    Xz,
    /// Zstandard (RFC 8878), level 3: one job per 8 MiB, compressed side by side, with a checksum.
    Zstd,
}

const XZ_PRESET: u32 = 6;
/// Fixed, because liblzma would take more for one thread: the whole input.
const XZ_BLOCK: u64 = 24 << 20;
/// At most this much memory for xz: each thread takes about 150 MiB. Fewer threads are slower, not different.
const XZ_MEMORY: u64 = 1 << 30;

const ZSTD_LEVEL: i32 = 3;
/// Less than half the time of level -1 for half as many bytes more: the cache of one machine has room, and every first
/// build pays.
const LAYER_LEVEL: i32 = -20;
/// Fixed, so that no version of zstd derives it from anything else.
const ZSTD_JOB: u32 = 8 << 20;

/// Compresses what is written to it, with up to `jobs` threads and bounded memory.
pub enum Encoder<W: Write> {
    /// See [`Compression::None`].
    None(W),
    /// See [`Compression::Gzip`].
    Gzip(Members<W>),
    /// See [`Compression::Xz`].
    Xz(XzEncoder<W>),
    /// See [`Compression::Zstd`].
    Zstd(zstd::Encoder<'static, W>),
}

impl<W: Write> Encoder<W> {
    /// Starts compressing into `inner`; `jobs` is at least one.
    pub fn new(inner: W, compression: Compression, jobs: usize) -> Result<Self> {
        Ok(match compression {
            Compression::None => Self::None(inner),
            Compression::Gzip => Self::Gzip(Members::new(inner, jobs)),
            Compression::Xz => Self::Xz(xz(inner, jobs, XZ_BLOCK)?),
            Compression::Zstd => {
                let mut encoder = zstd(inner, jobs, ZSTD_LEVEL)?;
                encoder.include_checksum(true)?;
                Self::Zstd(encoder)
            }
        })
    }

    /// Starts compressing a layer for the store: Zstandard at one of its fastest levels, without a checksum, as what is in
    /// the store is proven by its digest.
    pub fn layer(inner: W, jobs: usize) -> Result<Self> {
        Ok(Self::Zstd(zstd(inner, jobs, LAYER_LEVEL)?))
    }

    /// Compresses the rest, waits for all threads and gives the inner writer back.
    pub fn finish(self) -> Result<W> {
        Ok(match self {
            Self::None(inner) => inner,
            Self::Gzip(encoder) => encoder.finish()?,
            Self::Xz(encoder) => encoder.finish()?,
            Self::Zstd(encoder) => encoder.finish()?,
        })
    }

    fn writer(&mut self) -> &mut dyn Write {
        match self {
            Self::None(inner) => inner,
            Self::Gzip(encoder) => encoder,
            Self::Xz(encoder) => encoder,
            Self::Zstd(encoder) => encoder,
        }
    }
}

impl<W: Write> Write for Encoder<W> {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        self.writer().write(buffer)
    }

    /// Does nothing but for [`Compression::None`]: a flush would end a block early and so change the bytes.
    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::None(inner) => inner.flush(),
            _ => Ok(()),
        }
    }
}

fn xz<W: Write>(inner: W, jobs: usize, block: u64) -> io::Result<XzEncoder<W>> {
    let mut builder = MtStreamBuilder::new();
    builder
        .preset(XZ_PRESET)
        .check(Check::Crc64)
        .block_size(block);
    let mut threads = u32::try_from(jobs).unwrap_or(u32::MAX).clamp(1, 256);
    while builder.threads(threads).memusage() > XZ_MEMORY && threads > 1 {
        threads -= 1;
    }
    Ok(XzEncoder::new_stream(inner, builder.encoder()?))
}

fn zstd<W: Write>(inner: W, jobs: usize, level: i32) -> io::Result<zstd::Encoder<'static, W>> {
    let mut encoder = zstd::Encoder::new(inner, level)?;
    // One worker already takes the path with jobs; none at all would give other bytes.
    encoder.multithread(u32::try_from(jobs).unwrap_or(u32::MAX).clamp(1, 64))?;
    encoder.set_parameter(CParameter::JobSize(ZSTD_JOB))?;
    Ok(encoder)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    /// Bytes that compress somewhat, and fast: words of a small alphabet, over and over.
    fn sample(length: usize) -> Vec<u8> {
        let mut state = 1_u32;
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            b"etaoin shrdlu"[(state >> 24) as usize % 13]
        };
        let words: Vec<u8> = (0..20_011).map(|_| next()).collect();
        let mut sample = words.repeat(length / words.len() + 1);
        sample.truncate(length);
        sample
    }

    /// Compresses `content`, handed over in pieces of `piece` bytes.
    fn compressed(compression: Compression, content: &[u8], jobs: usize, piece: usize) -> Vec<u8> {
        let mut encoder = Encoder::new(Vec::new(), compression, jobs).expect("fits in memory");
        for piece in content.chunks(piece) {
            encoder.write_all(piece).expect("memory does not fail");
            encoder.flush().expect("memory does not fail");
        }
        encoder.finish().expect("memory does not fail")
    }

    fn decompressed(compression: Compression, bytes: &[u8]) -> Vec<u8> {
        let mut content = Vec::new();
        match compression {
            Compression::None => io::copy(&mut &bytes[..], &mut content).map(drop),
            Compression::Gzip => flate2::read::MultiGzDecoder::new(bytes)
                .read_to_end(&mut content)
                .map(drop),
            Compression::Xz => xz2::read::XzDecoder::new(bytes)
                .read_to_end(&mut content)
                .map(drop),
            Compression::Zstd => zstd::Decoder::new(bytes)
                .and_then(|mut decoder| decoder.read_to_end(&mut content))
                .map(drop),
        }
        .expect("well-formed");
        content
    }

    const ALL: [Compression; 4] = [
        Compression::None,
        Compression::Gzip,
        Compression::Xz,
        Compression::Zstd,
    ];

    #[test]
    fn any_number_of_jobs_and_any_pieces_give_the_same_bytes() {
        // More than two jobs of zstd and several members of gzip; xz's blocks have a test of their own.
        let content = sample((17 << 20) + 12_345);
        for compression in [Compression::None, Compression::Gzip, Compression::Zstd] {
            let one = compressed(compression, &content, 1, 1 << 20);
            assert!(
                decompressed(compression, &one) == content,
                "{compression:?}"
            );
            for (jobs, piece) in [(2, 1 << 20), (5, 77_777), (16, content.len())] {
                let other = compressed(compression, &content, jobs, piece);
                assert!(other == one, "{compression:?} with {jobs} jobs");
            }
        }
    }

    #[test]
    fn xz_gives_the_same_bytes_for_any_number_of_jobs() {
        // Small blocks: whole ones take seconds without optimisation.
        let content = sample((3 << 19) + 5);
        let with_jobs = |jobs, piece| {
            let mut encoder = xz(Vec::new(), jobs, 1 << 19).expect("fits in memory");
            for piece in content.chunks(piece) {
                encoder.write_all(piece).expect("memory does not fail");
            }
            encoder.finish().expect("memory does not fail")
        };
        let one = with_jobs(1, 1 << 20);
        assert!(decompressed(Compression::Xz, &one) == content);
        assert!(with_jobs(3, 99_999) == one && with_jobs(16, content.len()) == one);
    }

    #[test]
    fn nothing_at_all_is_a_well_formed_file_too() {
        for compression in ALL {
            let bytes = compressed(compression, b"", 2, 1);
            assert_eq!(decompressed(compression, &bytes), b"", "{compression:?}");
            assert_eq!(bytes.is_empty(), compression == Compression::None);
        }
    }

    #[test]
    fn gzip_members_name_neither_time_nor_system() {
        let bytes = compressed(Compression::Gzip, b"x", 1, 1);
        assert_eq!(bytes[..10], [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255]);
    }

    /// Fails from the first byte on, as a full disk does.
    struct Full;

    impl Write for Full {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::StorageFull.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_full_disk_is_reported_and_no_thread_hangs() {
        let content = sample(40 << 20);
        for compression in [Compression::Gzip, Compression::Zstd] {
            let mut encoder = Encoder::new(Full, compression, 3).expect("fits in memory");
            let written = encoder.write_all(&content).map_err(boot_kit::Error::from);
            let failed = written
                .and_then(|()| encoder.finish().map(drop))
                .expect_err("disk full");
            assert!(
                failed.hint().expect("has one").contains("free some space"),
                "{failed:?}"
            );
        }
    }
}
