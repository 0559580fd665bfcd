//! Bytes as hexadecimal digits.

/// Writes two lower-case digits for each byte.
pub fn encode(bytes: impl AsRef<[u8]>) -> String {
    const DIGITS: [char; 16] = [
        '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f',
    ];
    let digits = bytes.as_ref().iter().flat_map(|byte| {
        let halves = [byte >> 4, byte & 0xf];
        halves.map(|half| DIGITS[usize::from(half)])
    });
    digits.collect()
}

/// Reads `N` bytes of as many pairs of digits, of either case; `None` for anything else.
pub fn decode<const N: usize>(digits: &str) -> Option<[u8; N]> {
    // A number may begin with a sign, a pair of digits does not.
    if digits.len() != 2 * N || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return None;
    }
    let mut bytes = [0; N];
    for (i, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&digits[2 * i..2 * i + 2], 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_encoded_is_decoded_the_same() {
        assert_eq!(encode([0, 0x1f, 0xff]), "001fff");
        assert_eq!(decode("001fFF"), Some([0, 0x1f, 0xff]));
        for bad in ["", "001ff", "001fff0", "+01fff", "001ffé", "001fgg"] {
            assert_eq!(decode::<3>(bad), None, "{bad}");
        }
    }
}
