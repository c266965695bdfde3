//! Percent-encoding (RFC 3986, section 2): what every reader of URLs needs of it.

/// The octet two hexadecimal digits stand for.
pub(crate) fn decode(digits: Option<&[u8]>) -> Option<u8> {
    let [high, low] = digits? else { return None };
    let digit = |byte: &u8| {
        char::from(*byte)
            .to_digit(16)
            .and_then(|value| u8::try_from(value).ok())
    };
    Some(digit(high)? << 4 | digit(low)?)
}

/// An octet encoded, with digits in upper case (section 2.1).
pub(crate) fn encoded(octet: u8) -> [u8; 3] {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    let digit = |nibble: u8| DIGITS[usize::from(nibble & 15)];
    [b'%', digit(octet >> 4), digit(octet)]
}

/// Section 2.3: what means the same, encoded or not.
pub(crate) fn is_unreserved(octet: u8) -> bool {
    octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'.' | b'_' | b'~')
}
