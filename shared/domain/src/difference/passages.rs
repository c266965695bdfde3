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
    fn new(text: &str) -> Option<Self> {
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let key = volatile::blanked(&text).nfc().collect();
        (!text.is_empty()).then_some(Self { text, key })
    }
}

pub(super) fn passages(text: &str) -> Vec<Passage> {
    let mut passages = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if passages.len() >= MOST_PASSAGES {
            let rest = std::iter::once(line)
                .chain(lines)
                .collect::<Vec<_>>()
                .join(" ");
            passages.extend(Passage::new(&rest));
            break;
        }
        if line.len() > LONG_LINE {
            passages.extend(sentences(line).filter_map(Passage::new));
        } else {
            passages.extend(Passage::new(line));
        }
    }
    passages
}

/// Cuts after an end mark and white space, or after an ideographic full stop.
fn sentences(line: &str) -> impl Iterator<Item = &str> {
    let mut rest = line;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let mut marks = rest.char_indices().peekable();
        let mut cut = rest.len();
        while let Some((at, c)) = marks.next() {
            let spaced = marks.peek().is_some_and(|(_, next)| next.is_whitespace());
            if matches!(c, '。' | '！' | '？') || (matches!(c, '.' | '!' | '?' | '…') && spaced)
            {
                cut = at + c.len_utf8();
                break;
            }
        }
        let (sentence, tail) = rest.split_at(cut);
        rest = tail;
        Some(sentence)
    })
}
