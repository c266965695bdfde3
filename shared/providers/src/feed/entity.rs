//! Character references: XML's five, numbers, and HTML's names, which feeds use as if XML had them.

/// The longest name HTML knows, `CounterClockwiseContourIntegral`, and its semicolon.
const LONGEST_NAME: usize = 32;

/// `text` with its references replaced. What is none stays as it is: an ampersand alone is one.
pub(super) fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        let (before, reference) = rest.split_at(at);
        out.push_str(before);
        rest = match push_reference(&mut out, reference) {
            Some(after) => after,
            None => {
                out.push('&');
                &reference[1..]
            }
        };
    }
    out.push_str(rest);
    out
}

/// Appends what `text` begins to refer to and gives back what follows it.
fn push_reference<'a>(out: &mut String, text: &'a str) -> Option<&'a str> {
    let end = text
        .bytes()
        .take(LONGEST_NAME + 2)
        .position(|byte| byte == b';')?;
    let (name, after) = (text.get(1..end)?, text.get(end + 1..)?);
    if let Some(number) = name.strip_prefix('#') {
        out.push(numbered(number)?);
        return Some(after);
    }
    if name == "apos" {
        out.push('\'');
        return Some(after);
    }
    let key = text.get(1..=end)?;
    let (first, second) = *html5ever::data::NAMED_ENTITIES.get(key)?;
    // Zeros stand for no character: the table also holds the beginnings of names.
    let mut characters = [first, second]
        .into_iter()
        .filter(|code| *code != 0)
        .filter_map(char::from_u32)
        .peekable();
    characters.peek()?;
    out.extend(characters);
    Some(after)
}

/// A character by its number. Numbers from 128 to 159 mean windows-1252, as in HTML (13.2.5.80).
fn numbered(number: &str) -> Option<char> {
    let code = match number.strip_prefix(['x', 'X']) {
        Some(digits) => u32::from_str_radix(digits, 16).ok()?,
        None => number.parse().ok()?,
    };
    match u8::try_from(code) {
        Ok(byte @ 0x80..=0x9F) => {
            let byte = [byte];
            let (text, _) = encoding_rs::WINDOWS_1252.decode_without_bom_handling(&byte);
            text.chars().next()
        }
        Ok(0) => None,
        Ok(_) | Err(_) => char::from_u32(code),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_replaced_and_the_rest_stays() {
        assert_eq!(
            unescape("AT&amp;T &lt;b&gt; &quot;x&quot; &apos;"),
            "AT&T <b> \"x\" '"
        );
        assert_eq!(unescape("caf&eacute;&nbsp;&hellip;"), "café\u{a0}…");
        assert_eq!(unescape("&#233;&#xE9;&#Xe9;&#8217;&#146;"), "ééé’’");
        assert_eq!(
            unescape("?a=1&b=2&c;&unknown;&#;&#xD800;&#0;&"),
            "?a=1&b=2&c;&unknown;&#;&#xD800;&#0;&"
        );
        assert_eq!(unescape("&NotEqualTilde;"), "≂̸");
        assert_eq!(unescape("&amp;lt;"), "&lt;", "once, not twice");
    }
}
