//! Making a new input of an old one.
//!
//! Three sizes of change, for three kinds of fault. *Havoc* on bytes (AFL's word for a few blind edits in a
//! row) breaks encodings and lengths. *Pieces* (words of the target's dictionary, numbers at the edge of
//! their type, lines and tags taken out, doubled, exchanged or spliced in from another input) keeps most of
//! an input well-formed, so that it gets past the first check and meets the second. *Growth* repeats one
//! piece until the input is as large as the target takes: what is quadratic shows itself only then.

use crate::dice::Dice;

/// Numbers at which arithmetic goes wrong, as text: these targets read text.
const NUMBERS: &[&str] = &[
    "0",
    "-1",
    "1",
    "7",
    "31",
    "32",
    "59",
    "60",
    "127",
    "128",
    "255",
    "256",
    "65535",
    "65536",
    "2147483647",
    "2147483648",
    "4294967295",
    "4294967296",
    "9223372036854775807",
    "18446744073709551615",
    "1e308",
    "-0",
    "0x7f000001",
    "١٢",
];

/// Bytes that begin, end or escape something in one of the languages read here, or are no UTF-8.
const EDGES: &[u8] =
    b"\0\t\n\r !\"#$%&'()*+,-./0:;<=>?@A[\\]^_`{|}~\x7f\x80\xbf\xc0\xe2\xed\xef\xf0\xff";

/// How new inputs are made for one target.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Mutator {
    /// Words that mean something in the target's language.
    pub(crate) words: &'static [&'static str],
    /// The largest input made, in bytes.
    pub(crate) most_bytes: usize,
}

impl Mutator {
    /// Changes `input` in place; `other` is a second input to take pieces from.
    pub(crate) fn mutate(&self, input: &mut Vec<u8>, other: &[u8], dice: &mut Dice) {
        // One edit is common, many are rare: most faults are one edit away from something that works.
        let mut edits = 1;
        while edits < 16 && dice.one_in(2) {
            edits += 1;
        }
        for _ in 0..edits {
            match dice.below(12) {
                0 => flip(input, dice),
                1 => replace(input, dice),
                2 | 3 => self.put_word(input, dice),
                4 => put(input, NUMBERS, dice),
                5 => take_out(input, dice),
                6 => double(input, dice),
                7 => exchange(input, dice),
                8 | 9 => splice(input, other, dice),
                10 => take_out_piece(input, dice),
                _ if dice.one_in(40) => self.grow(input, dice),
                _ => self.put_word(input, dice),
            }
        }
        input.truncate(self.most_bytes);
    }

    fn put_word(&self, input: &mut Vec<u8>, dice: &mut Dice) {
        put(input, self.words, dice);
    }

    /// Repeats a piece, or a word and a piece, to the largest size.
    fn grow(&self, input: &mut Vec<u8>, dice: &mut Dice) {
        let (from, to) = piece(input, dice);
        let mut unit = input[from..to].to_vec();
        unit.truncate(64);
        if unit.is_empty() || dice.one_in(2) {
            unit.extend(dice.one_of(self.words).unwrap_or("a").bytes());
        }
        let room = self.most_bytes.saturating_sub(input.len());
        // Not always to the brim: the brim has its own rules.
        let room = if dice.one_in(4) {
            room
        } else {
            dice.below(room)
        };
        let repeated: Vec<u8> = unit.iter().copied().cycle().take(room).collect();
        insert(input, to, &repeated);
    }
}

fn flip(input: &mut [u8], dice: &mut Dice) {
    let at = dice.below(input.len());
    let bit = dice.below(8);
    if let Some(byte) = input.get_mut(at) {
        *byte ^= 1 << bit;
    }
}

fn replace(input: &mut [u8], dice: &mut Dice) {
    let at = dice.below(input.len());
    let edge = EDGES[dice.below(EDGES.len())];
    if let Some(byte) = input.get_mut(at) {
        *byte = edge;
    }
}

fn put(input: &mut Vec<u8>, words: &[&'static str], dice: &mut Dice) {
    let Some(word) = dice.one_of(words) else {
        return;
    };
    let at = boundary(input, dice);
    if dice.one_in(3) {
        // In place of what stands there.
        let end = (at + word.len()).min(input.len());
        input.splice(at..end, word.bytes());
    } else {
        insert(input, at, word.as_bytes());
    }
}

fn take_out(input: &mut Vec<u8>, dice: &mut Dice) {
    let from = dice.below(input.len());
    let to = (from + 1 + dice.below(8)).min(input.len());
    input.drain(from..to);
}

fn take_out_piece(input: &mut Vec<u8>, dice: &mut Dice) {
    let (from, to) = piece(input, dice);
    input.drain(from..to);
}

fn double(input: &mut Vec<u8>, dice: &mut Dice) {
    let (from, to) = piece(input, dice);
    let copy = input[from..to].to_vec();
    for _ in 0..=dice.below(4) {
        insert(input, to, &copy);
    }
}

fn exchange(input: &mut Vec<u8>, dice: &mut Dice) {
    let (from, to) = piece(input, dice);
    let taken: Vec<u8> = input.drain(from..to).collect();
    let at = boundary(input, dice);
    insert(input, at, &taken);
}

fn splice(input: &mut Vec<u8>, other: &[u8], dice: &mut Dice) {
    let (from, to) = piece(other, dice);
    let at = boundary(input, dice);
    insert(input, at, &other[from..to]);
}

fn insert(input: &mut Vec<u8>, at: usize, new: &[u8]) {
    let at = at.min(input.len());
    input.splice(at..at, new.iter().copied());
}

/// A place where something begins or ends, or any place.
fn boundary(input: &[u8], dice: &mut Dice) -> usize {
    let from = dice.below(input.len() + 1);
    if dice.one_in(3) {
        return from;
    }
    input[from..]
        .iter()
        .position(|byte| separates(*byte))
        .map_or(from, |ahead| from + ahead)
}

/// A line, a tag, a word or a parameter: from one boundary to a later one.
fn piece(input: &[u8], dice: &mut Dice) -> (usize, usize) {
    let from = boundary(input, dice);
    let mut to = from;
    for _ in 0..=dice.below(3) {
        let rest = input.get(to + 1..).unwrap_or_default();
        to = rest
            .iter()
            .position(|byte| separates(*byte))
            .map_or(input.len(), |ahead| to + 1 + ahead);
    }
    (from, to.max(from).min(input.len()))
}

fn separates(byte: u8) -> bool {
    matches!(
        byte,
        b'\n'
            | b'\r'
            | b' '
            | b'<'
            | b'>'
            | b'/'
            | b'?'
            | b'&'
            | b'='
            | b','
            | b'"'
            | b'.'
            | b':'
            | b';'
    )
}
