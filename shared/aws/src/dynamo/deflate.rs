//! Documents as they are stored compressed: raw DEFLATE (RFC 1951).

use std::io::{Read as _, Write as _};

use flate2::Compression;
use flate2::read::DeflateDecoder;
use flate2::write::DeflateEncoder;

/// The largest document read back, in bytes: a bound on what damaged bytes can inflate to.
const LARGEST: u64 = 64 << 20;

pub(super) fn compress(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::fast());
    encoder
        .write_all(bytes)
        .and_then(|()| encoder.finish())
        .expect("writing to memory does not fail")
}

/// What was compressed.
///
/// # Errors
/// These bytes are not what compressing gives.
pub(super) fn inflate(bytes: &[u8]) -> Result<Vec<u8>, String> {
    let mut inflated = Vec::new();
    DeflateDecoder::new(bytes)
        .take(LARGEST)
        .read_to_end(&mut inflated)
        .map_err(|error| error.to_string())?;
    Ok(inflated)
}
