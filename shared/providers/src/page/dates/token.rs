//! Numbers and words of a text, for finding dates in it.

/// A number or a word, with where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) kind: Kind,
    /// Bytes from the beginning of the text.
    pub(super) start: usize,
    pub(super) end: usize,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    /// A run of digits of any script: its value, and how many there are. Longer ones than eight digits
    /// have the value 0.
    Number { value: u32, digits: u8 },
    /// A folded word. In Chinese, Japanese and Korean each character is a word of its own: they are
    /// written without blanks, and the signs for year, month and day are single characters.
    Word(String),
}

impl Token {
    pub(super) fn number(&self) -> Option<(u32, u8)> {
        match self.kind {
            Kind::Number { value, digits } => Some((value, digits)),
            Kind::Word(_) => None,
        }
    }

    pub(super) fn word(&self) -> Option<&str> {
        match &self.kind {
            Kind::Word(word) => Some(word),
            Kind::Number { .. } => None,
        }
    }
}

pub(super) fn tokens(text: &str) -> Vec<Token> {
    let mut out = Vec::new();
    let mut chars = text.char_indices().peekable();
    while let Some((start, c)) = chars.next() {
        let mut end = start + c.len_utf8();
        if let Some(digit) = digit(c) {
            let (mut value, mut digits) = (digit, 1_u8);
            while let Some(&(at, c)) = chars.peek() {
                let Some(digit) = self::digit(c) else { break };
                digits = digits.saturating_add(1);
                value = if digits > 8 { 0 } else { value * 10 + digit };
                end = at + c.len_utf8();
                chars.next();
            }
            let kind = Kind::Number { value, digits };
            out.push(Token { kind, start, end });
        } else if is_sign(c) {
            let kind = Kind::Word(c.to_string());
            out.push(Token { kind, start, end });
        } else if is_letter(c) {
            let mut word = String::new();
            fold_into(c, &mut word);
            while let Some(&(at, c)) = chars.peek() {
                if !is_letter(c) || is_sign(c) || digit(c).is_some() {
                    break;
                }
                fold_into(c, &mut word);
                end = at + c.len_utf8();
                chars.next();
            }
            let kind = Kind::Word(word);
            out.push(Token { kind, start, end });
        }
    }
    out
}

/// Lower case, Latin and Greek letters without marks.
#[cfg(test)]
pub(super) fn fold(word: &str) -> String {
    let mut out = String::with_capacity(word.len());
    word.chars().for_each(|c| fold_into(c, &mut out));
    out
}

fn digit(c: char) -> Option<u32> {
    // ASCII, fullwidth, Arabic, Persian, Devanagari, Bengali, Thai.
    let zeros = [
        '\u{ff10}', '\u{660}', '\u{6f0}', '\u{966}', '\u{9e6}', '\u{e50}',
    ];
    c.to_digit(10).or_else(|| {
        let code = u32::from(c);
        zeros.iter().find_map(|&zero| {
            code.checked_sub(u32::from(zero))
                .filter(|digit| *digit < 10)
        })
    })
}

/// A letter, or a mark that belongs to the letter before.
fn is_letter(c: char) -> bool {
    // The ordinal signs of Spanish and Portuguese are letters to Unicode.
    c.is_alphabetic() && !matches!(c, 'ª' | 'º')
        || matches!(c, '\u{300}'..='\u{36f}' | '\u{93c}' | '\u{94d}' | '\u{9bc}' | '\u{9cd}' | '\u{e31}'..='\u{e4e}')
}

fn is_sign(c: char) -> bool {
    matches!(c, '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{ac00}'..='\u{d7af}')
}

fn fold_into(c: char, out: &mut String) {
    if c.is_ascii() {
        out.push(c.to_ascii_lowercase());
        return;
    }
    for c in c.to_lowercase() {
        let plain = match c {
            '\u{300}'..='\u{36f}' => continue,
            'à'..='å' | 'ā' | 'ă' | 'ą' => 'a',
            'ç' | 'ć' | 'č' | 'ĉ' => 'c',
            'ď' | 'đ' => 'd',
            'è'..='ë' | 'ē' | 'ĕ' | 'ė' | 'ę' | 'ě' => 'e',
            'ğ' | 'ģ' | 'ĝ' => 'g',
            'ì'..='ï' | 'ī' | 'į' | 'ı' => 'i',
            'ķ' => 'k',
            'ĺ' | 'ļ' | 'ľ' | 'ł' => 'l',
            'ñ' | 'ń' | 'ņ' | 'ň' => 'n',
            'ò'..='ö' | 'ø' | 'ō' | 'ő' => 'o',
            'ŕ' | 'ř' => 'r',
            'ś' | 'ş' | 'š' | 'ș' => 's',
            'ţ' | 'ť' | 'ț' => 't',
            'ù'..='ü' | 'ū' | 'ů' | 'ű' | 'ų' => 'u',
            'ý' | 'ÿ' => 'y',
            'ź' | 'ż' | 'ž' => 'z',
            'ά' => 'α',
            'έ' => 'ε',
            'ή' => 'η',
            'ί' | 'ϊ' | 'ΐ' => 'ι',
            'ό' => 'ο',
            'ύ' | 'ϋ' | 'ΰ' => 'υ',
            'ώ' => 'ω',
            other => other,
        };
        out.push(plain);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> Vec<String> {
        tokens(text)
            .iter()
            .map(|token| match &token.kind {
                Kind::Number { value, digits } => format!("{value}/{digits}"),
                Kind::Word(word) => word.clone(),
            })
            .collect()
    }

    #[test]
    fn takes_text_apart() {
        assert_eq!(shown("13. März, 2016"), ["13/2", "marz", "2016/4"]);
        assert_eq!(
            shown("2016年05月13日"),
            ["2016/4", "年", "5/2", "月", "13/2", "日"]
        );
        assert_eq!(shown("٢٠١٦ 3rd"), ["2016/4", "3/1", "rd"]);
        assert_eq!(shown("123456789"), ["0/9"]);
    }

    #[test]
    fn places_are_byte_ranges() {
        let text = "é 12";
        let found = tokens(text);
        assert_eq!(&text[found[1].start..found[1].end], "12");
    }
}
