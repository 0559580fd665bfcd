//! Compressed streams, told apart by their first bytes rather than by name.

use super::xz::ParallelXz;
use crate::{Error, ErrorKind, Result};
use std::io::{self, BufRead, Read};
use xz2::stream;

/// How much memory an xz stream may ask for, in bytes: `xz -9` needs 65 MiB.
const XZ_MEMORY: u64 = 256 << 20;

/// A compression format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compression {
    /// None.
    Plain,
    /// gzip, RFC 1952; several members are one stream.
    Gzip,
    /// xz; several streams are one.
    Xz,
    /// Zstandard, RFC 8878; several frames are one stream.
    Zstd,
    /// bzip2; several streams are one.
    Bzip2,
}

impl Compression {
    /// Tells the format by its magic number; what has none is [`Plain`](Self::Plain).
    pub fn of(first: &[u8]) -> Self {
        match first {
            [0x1f, 0x8b, ..] => Self::Gzip,
            [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Self::Xz,
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Self::Zstd,
            [b'B', b'Z', b'h', ..] => Self::Bzip2,
            _ => Self::Plain,
        }
    }
}

/// Decompresses `reader`, whatever its format.
///
/// `proven` says that the compressed bytes have already been checked by a digest, so the stream's own checksum is not
/// computed again (xz: about a tenth of the time). Errors come as [`io::Error`] from the reader.
pub fn decoder<'a>(mut reader: impl BufRead + 'a, proven: bool) -> Result<Box<dyn Read + 'a>> {
    Ok(match Compression::of(reader.fill_buf()?) {
        Compression::Plain => Box::new(reader),
        Compression::Gzip => Box::new(flate2::bufread::MultiGzDecoder::new(reader)),
        Compression::Xz => {
            let flags = stream::CONCATENATED | if proven { stream::IGNORE_CHECK } else { 0 };
            let stream = stream::Stream::new_stream_decoder(XZ_MEMORY, flags).map_err(|error| {
                Error::new(ErrorKind::Io, "cannot start xz").caused_by(io::Error::from(error))
            })?;
            Box::new(xz2::bufread::XzDecoder::new_stream(reader, stream))
        }
        Compression::Zstd => Box::new(zstd::Decoder::with_buffer(reader)?),
        Compression::Bzip2 => Box::new(bzip2::bufread::MultiBzDecoder::new(reader)),
    })
}

/// Decompresses `reader` like [`decoder`], with up to `threads` threads where the format has independent parts.
///
/// Those are the blocks of an xz stream, as `xz -T` and `pixz` make them. Checksums are always computed.
pub fn parallel_decoder<'a>(
    mut reader: impl BufRead + 'a,
    threads: usize,
) -> Result<Box<dyn Read + 'a>> {
    let threads = u32::try_from(threads).unwrap_or(u32::MAX).clamp(1, 16);
    match Compression::of(reader.fill_buf()?) {
        Compression::Xz => Ok(Box::new(ParallelXz::new(reader, threads, XZ_MEMORY)?)),
        _ => decoder(reader, false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use xz2::stream::{Check, MtStreamBuilder};

    const TEXT: &[u8] = b"the same text, whatever it is packed in";

    fn read(packed: &[u8]) -> io::Result<Vec<u8>> {
        let mut text = Vec::new();
        decoder(packed, true)?.read_to_end(&mut text)?;
        Ok(text)
    }

    fn packed() -> Vec<Vec<u8>> {
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        let mut xz = xz2::write::XzEncoder::new(Vec::new(), 1);
        let mut bzip2 = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
        for encoder in [&mut gzip as &mut dyn Write, &mut xz, &mut bzip2] {
            encoder.write_all(TEXT).expect("memory does not fail");
        }
        vec![
            gzip.finish().expect("memory does not fail"),
            xz.finish().expect("memory does not fail"),
            bzip2.finish().expect("memory does not fail"),
            zstd::encode_all(TEXT, 1).expect("memory does not fail"),
        ]
    }

    #[test]
    fn every_format_is_told_by_its_magic() {
        assert_eq!(read(TEXT).expect("plain"), TEXT);
        for stream in packed() {
            assert_eq!(read(&stream).expect("well-formed"), TEXT);
        }
    }

    #[test]
    fn concatenated_streams_are_one() {
        for stream in packed() {
            assert_eq!(
                read(&[stream.clone(), stream].concat()).expect("well-formed"),
                [TEXT, TEXT].concat()
            );
        }
    }

    /// xz in blocks of 64 KiB, each with its sizes in front.
    fn blocks(text: &[u8]) -> Vec<u8> {
        let mut builder = MtStreamBuilder::new();
        builder.preset(1).check(Check::Crc32).block_size(64 << 10);
        let stream = builder.threads(2).encoder().expect("fits in memory");
        let mut encoder = xz2::write::XzEncoder::new_stream(Vec::new(), stream);
        encoder.write_all(text).expect("memory does not fail");
        encoder.finish().expect("memory does not fail")
    }

    #[test]
    fn several_threads_read_what_one_does() {
        let text = TEXT.repeat(50_000);
        let stream = blocks(&text);
        let padded = [&stream[..], &[0; 8], &stream].concat();
        let odd = [&stream[..], &[0; 7], &stream].concat();
        for threads in [1, 2, 7] {
            let read = |packed: &[u8]| {
                let mut text = Vec::new();
                parallel_decoder(packed, threads)?.read_to_end(&mut text)?;
                Ok::<_, Error>(text)
            };
            assert!(read(&stream).expect("well-formed") == text);
            assert!(read(&padded).expect("well-formed") == text.repeat(2));
            for packed in packed() {
                assert_eq!(read(&packed).expect("well-formed"), TEXT);
            }
            for bad in [
                &odd,
                &stream[..stream.len() - 6],
                &stream[..stream.len() / 2],
            ] {
                assert!(read(bad).is_err());
            }
            let mut damaged = stream.clone();
            damaged[stream.len() / 2] ^= 1;
            assert!(read(&damaged).is_err());
        }
    }

    #[test]
    fn a_truncated_stream_is_an_error() {
        for stream in packed() {
            assert!(read(&stream[..stream.len() - 6]).is_err());
        }
    }
}
