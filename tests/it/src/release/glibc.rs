//! Which C library a binary needs.
//!
//! `provided.al2023` has glibc 2.34. A binary that was linked on a newer system may ask for more, and
//! then ends before its first line, in AWS only. The versions a dynamic binary asks for stand
//! in its string table, each between zero bytes, as `GLIBC_2.34`; nothing else in it looks like that.
//! Reading them there instead of walking the version sections can only be too strict.

/// What `provided.al2023` has.
pub(crate) const OF_LAMBDA: (u32, u32) = (2, 34);

/// The newest version a binary names, `None` if it names none.
pub(crate) fn newest(binary: &[u8]) -> Option<(u32, u32)> {
    const NAME: &[u8] = b"\0GLIBC_";
    let places = binary
        .windows(NAME.len())
        .enumerate()
        .filter(|(_, window)| *window == NAME);
    let versions = places.filter_map(|(at, _)| {
        let rest = &binary[at + NAME.len()..];
        let end = rest.iter().take(16).position(|byte| *byte == 0)?;
        version(std::str::from_utf8(&rest[..end]).ok()?)
    });
    versions.max()
}

/// `2.34` or `2.2.5`; the third number is never the one that matters.
fn version(text: &str) -> Option<(u32, u32)> {
    let mut numbers = text.split('.').map(str::parse);
    let (Some(Ok(major)), Some(Ok(minor))) = (numbers.next(), numbers.next()) else {
        return None;
    };
    Some((major, minor))
}
