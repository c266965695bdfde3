//! A text cut into the pieces that are compared: lines, and the sentences of long lines.

use unicode_normalization::UnicodeNormalization;

use super::volatile;

/// Lines longer than this many bytes are taken sentence by sentence.
const LONG_LINE: usize = 240;
/// Most passages of a text told apart; what follows is one last passage.
const MOST_PASSAGES: usize = 20_000;
/// A line or sentence.
pub(super) struct Passage {
    /// As it is shown.
    pub(super) text: String,
    /// As it is compared.
    pub(super) key: String,
}

impl Passage {
    /// What follows the most passages, as it is: it is there to tell whether anything in it is other.
    fn rest(text: &str) -> Option<Self> {
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let key = text.clone();
        (!text.is_empty()).then_some(Self { text, key })
    }

    fn new(text: &str) -> Option<Self> {
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let key = volatile::blanked(&text).nfc().collect();
        (!text.is_empty()).then_some(Self { text, key })
    }
}

pub(super) fn passages(text: &str) -> Vec<Passage> {
    let mut passages = Vec::new();
    let mut begun = 0;
    for line in text.split_inclusive('\n') {
        let mut rest = line;
        while !rest.is_empty() {
            if passages.len() >= MOST_PASSAGES {
                passages.extend(Passage::rest(&text[begun + line.len() - rest.len()..]));
                return passages;
            }
            let piece = if line.len() > LONG_LINE {
                sentence(rest)
            } else {
                rest
            };
            passages.extend(Passage::new(piece));
            rest = &rest[piece.len()..];
        }
        begun += line.len();
    }
    passages
}

/// The beginning of `line` up to an end mark and white space, or to an ideographic full stop.
fn sentence(line: &str) -> &str {
    let mut marks = line.char_indices().peekable();
    while let Some((at, c)) = marks.next() {
        let spaced = marks.peek().is_some_and(|(_, next)| next.is_whitespace());
        if matches!(c, '。' | '！' | '？') || (matches!(c, '.' | '!' | '?' | '…') && spaced) {
            return &line[..at + c.len_utf8()];
        }
    }
    line
}
