use super::*;

/// Bytes that compress somewhat: words of a small alphabet.
fn text(length: usize) -> Vec<u8> {
    let mut state = 1_u32;
    let mut text = Vec::with_capacity(length);
    while text.len() < length {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let word = (state >> 22) as usize;
        text.extend_from_slice(format!("word{word} ").as_bytes());
    }
    text.truncate(length);
    text
}

/// Bytes that do not compress.
fn noise(length: usize) -> Vec<u8> {
    let mut state = 88_172_645_463_325_252_u64;
    let mut noise = Vec::with_capacity(length + 8);
    while noise.len() < length {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        noise.extend_from_slice(&state.to_le_bytes());
    }
    noise.truncate(length);
    noise
}

fn weigh(content: &[u8], threads: usize, piece: usize) -> Weights {
    let mut scales = Scales::new(threads, true);
    for piece in content.chunks(piece) {
        scales.push(piece).expect("threads live");
    }
    assert_eq!(scales.written(), content.len() as u64);
    scales.finish().expect("threads live")
}

#[test]
fn any_number_of_threads_and_any_pieces_weigh_the_same() {
    let content = [text(9 << 20), noise(9 << 20)].concat();
    let one = weigh(&content, 1, 1 << 20);
    assert_eq!(one.blocks.len(), content.len().div_ceil(BLOCK));
    for (threads, piece) in [(3, 777_777), (8, content.len())] {
        assert_eq!(weigh(&content, threads, piece), one);
    }
}

#[test]
fn the_weight_is_what_zstd_would_write() {
    // A program: what most images are made of.
    let path = std::env::current_exe().expect("has a path");
    let mut content = fs_err::read(path).expect("may be read");
    content.truncate(24 << 20);
    let whole = zstd::encode_all(&content[..], LEVEL).expect("memory does not fail");
    let weighed: u64 = weigh(&content, 2, 1 << 20).blocks.iter().sum();
    let off = weighed.abs_diff(whole.len() as u64);
    let wanted = whole.len() as u64;
    assert!(off * 50 < wanted, "{weighed} is not {wanted}");
}

#[test]
fn the_weight_of_gzip_is_that_of_boots_own() {
    let content = text((5 << 20) + 17);
    let encoder = crate::export::compress::Encoder::new(
        Vec::new(),
        crate::export::compress::Compression::Gzip,
        2,
    );
    let mut encoder = encoder.expect("fits in memory");
    encoder.write_all(&content).expect("memory does not fail");
    let written = encoder.finish().expect("memory does not fail");
    assert_eq!(weigh(&content, 2, 99_999).gzip, Some(written.len() as u64));
}

#[test]
fn nothing_weighs_nothing() {
    let weights = weigh(b"", 2, 1);
    assert_eq!((weights.blocks, weights.gzip), (vec![], Some(0)));
}

fn span(start: u64, content: u64, end: u64, is_dense: bool) -> Span {
    Span {
        start,
        content,
        length: end - content,
        end,
        is_dense,
    }
}

#[test]
fn shares_add_up_and_follow_what_files_hold() {
    let block = BLOCK as u64;
    // Text, something compressed before, and a file over three blocks.
    let spans = [
        span(0, 512, 40_000, false),
        span(40_000, 40_512, 60_000, true),
        span(60_000, 60_512, 3 * block, false),
    ];
    let blocks = [40_000, 30_000, 30_001];
    let shares = share_out(&blocks, &spans);
    assert_eq!(shares.iter().sum::<u64>(), blocks.iter().sum::<u64>());
    // 19,488 bytes as they are; the other two share the rest of the first block by length.
    assert!((19_488..19_700).contains(&shares[1]), "{shares:?}");
    assert!(shares[0] * 2 > 11_000 && shares[0] < 10_000, "{shares:?}");

    // What was compressed before may get smaller than it is, and may be alone.
    let shares = share_out(
        &[10_000],
        &[
            span(0, 512, 50_000, true),
            span(50_000, 50_512, 60_000, false),
        ],
    );
    assert_eq!(shares.iter().sum::<u64>(), 10_000);
    assert!(shares[0] > shares[1]);
    assert_eq!(share_out(&[7], &[span(0, 0, 5, true)]), [7]);
}
