//! Everything on a page that may be its date.

use jiff::civil::Date;
use scraper::Html;
use url::Url;

use super::candidate::{Candidate, Source};
use super::machine;
use super::mark::Mark;
use super::moment::{Granularity, Moment};
use super::order::Order;
use super::pattern::{self, Found};
use super::token::tokens;
use super::walk::{self, Marked, Seen, Stretch};
use super::weight::Ground;
use super::words::{self, Role};
use super::{home, json_ld, meta, script, url_path};

/// Longer elements hold a date among much else; their mark says nothing of it.
const MAX_MARKED: usize = 250;

/// Longer lines are prose: dates in them are told, not given. Only their beginning is read.
const MAX_LINE: usize = 400;

/// Dates read of all visible text.
const MAX_FOUND: usize = 600;

/// What is looked at before a date for its label, in bytes.
const LABEL_BYTES: usize = 48;

/// A longer line above a date is a heading, or text of its own.
const MAX_LABEL_LINE: usize = 26;

/// Bytes of scripts searched, all together.
const MAX_SCRIPTS: usize = 1_500_000;

pub(super) fn gather(document: &Html, url: &Url, latest: Option<Date>) -> Vec<Candidate> {
    let seen = walk::walk(document);
    let mut reader = Reader {
        ground: Ground::of(&seen),
        order: Order::of(&seen.language, url),
        seen: &seen,
        latest,
        shown: None,
        ambiguous: Vec::new(),
        out: Vec::new(),
    };
    reader.text();
    reader.marked();
    reader.settle_order();
    let (order, language) = (reader.order, seen.language.as_str());
    let mut out = reader.out;
    let title = walk::letters(&seen.title);
    let page = json_ld::Page {
        url,
        title: &title,
        language,
        order,
    };
    json_ld::read(&seen.json_ld, &page, &mut out);
    out.extend(
        seen.metas
            .iter()
            .filter_map(|(name, content)| meta::read(name, content, language, order)),
    );
    // The address that was asked for may be a short one; what the page calls its own is not.
    let own = seen
        .addresses
        .iter()
        .filter_map(|address| url.join(address).ok())
        .filter(|own| own.host_str() == url.host_str());
    out.extend(
        std::iter::once(url.clone())
            .chain(own)
            .find_map(|url| url_path::read(&url)),
    );
    images(&seen, &mut out);
    hidden(&seen, language, order, &mut out);
    if let Some(zone) = home::zone(language, url) {
        for candidate in &mut out {
            candidate.moment = home::moved(candidate.moment, &zone).unwrap_or(candidate.moment);
        }
    }
    out.retain(|candidate| !candidate.moment.is_after(latest));
    out
}

struct Reader<'s, 'a> {
    ground: Ground<'s, 'a>,
    seen: &'s Seen<'a>,
    order: Order,
    latest: Option<Date>,
    /// The order that dates of the page show.
    shown: Option<Order>,
    /// Candidates that could be read the other way, by index, with the other day.
    ambiguous: Vec<(usize, Moment)>,
    out: Vec<Candidate>,
}

impl Reader<'_, '_> {
    fn text(&mut self) {
        let seen = self.seen;
        let mut left = MAX_FOUND;
        for line in &seen.lines {
            let text = slice(&seen.text, line.start, line.end.min(line.start + MAX_LINE));
            let found = pattern::find(text, &seen.language, self.order, left.min(8));
            left -= found.len();
            for one in &found {
                let rest = (line.end - line.start).saturating_sub(one.end - one.start);
                let mut strength = match rest {
                    0..=45 => 46,
                    46..=120 => 36,
                    121..=250 => 22,
                    _ => 8,
                };
                // Prose is told, wherever it stands; the weight of its place is for lines.
                if rest > 120 {
                    strength -= 8;
                }
                if one.start < 40 && text.get(one.end..).is_some_and(is_after_dateline) {
                    strength = strength.max(36);
                }
                if found.len() > 2 {
                    strength -= 8;
                }
                let at = line.start + one.start;
                self.found(one, at, line, Source::Text, None, strength);
            }
            if left == 0 {
                return;
            }
        }
    }

    fn marked(&mut self) {
        let seen = self.seen;
        for marked in &seen.marked {
            let Marked {
                mark,
                value,
                stretch,
            } = marked;
            if let Some(value) = value
                && let Some(moment) = machine::read(value, &seen.language, self.order)
                    .or_else(|| machine::epoch(value))
                && moment.has_day()
            {
                self.machine(moment, mark, stretch);
                continue;
            }
            if stretch.end - stretch.start > MAX_MARKED {
                continue;
            }
            let text = slice(&seen.text, stretch.start, stretch.end);
            if mark.role.is_some()
                && text.trim().len() <= 14
                && let Some(one) = pattern::find_declared(text, &seen.language, self.order)
            {
                self.found(
                    &one,
                    stretch.start + one.start,
                    stretch,
                    mark.source,
                    mark.role,
                    mark.strength,
                );
                continue;
            }
            for one in pattern::find(text, &seen.language, self.order, 4) {
                let at = stretch.start + one.start;
                let strength = mark.strength
                    - if mark.source == Source::Microdata {
                        4
                    } else {
                        0
                    };
                self.found(&one, at, stretch, mark.source, mark.role, strength);
            }
        }
    }

    fn machine(&mut self, moment: Moment, mark: &Mark, stretch: &Stretch) {
        let role = mark
            .role
            .or_else(|| self.label(stretch.start, stretch.end))
            .unwrap_or(Role::Published);
        let strength = mark.strength + self.ground.weight(stretch);
        self.out
            .push(Candidate::new(moment, role, mark.source, strength));
    }

    /// A date found in visible text at byte `at`.
    fn found(
        &mut self,
        found: &Found,
        at: usize,
        stretch: &Stretch,
        source: Source,
        role: Option<Role>,
        mut strength: i32,
    ) {
        if self.shown.is_none() {
            self.shown = found.shows;
        }
        let label = self.label(at, at + (found.end - found.start));
        let footer = self.copyright(at);
        strength += self.ground.weight(&Stretch {
            start: at,
            end: at + (found.end - found.start),
            place: stretch.place.clone(),
        });
        strength += if label.is_some() { 12 } else { 0 };
        strength += if found.has_clock { 6 } else { 0 };
        strength -= if found.is_range { 22 } else { 0 };
        strength -= if found.is_short { 8 } else { 0 };
        strength -= if footer { 30 } else { 0 };
        let mut moment = found.moment;
        if moment.granularity == Granularity::Month {
            // Months are named in prose all the time.
            strength -= 30;
        }
        if moment.is_after(self.latest)
            && let Some(other) = found.exchanged
        {
            moment = other;
        }
        let role = role.or(label).unwrap_or(Role::Published);
        if let Some(other) = found.exchanged {
            self.ambiguous.push((self.out.len(), other));
        }
        self.out
            .push(Candidate::new(moment, role, source, strength));
    }

    /// What the words before a date say of it, or signs after it.
    fn label(&self, start: usize, end: usize) -> Option<Role> {
        let text = &self.seen.text;
        let before = slice(text, start.saturating_sub(LABEL_BYTES), start);
        // A label is of this line, or is all of the line before.
        let line = before.rsplit('\n').next().unwrap_or_default();
        let line = if line.trim().is_empty() {
            let above = before.trim_end().rsplit('\n').next().unwrap_or_default();
            if above.len() <= MAX_LABEL_LINE {
                above
            } else {
                ""
            }
        } else {
            line
        };
        let words = tokens(line);
        let role = words::label(words.iter().filter_map(|token| token.word()));
        role.or_else(|| words::signs(line))
            .or_else(|| words::signs(slice(text, end, end + 30).split('\n').next()?))
    }

    /// Whether the date follows a copyright sign.
    fn copyright(&self, at: usize) -> bool {
        let before = slice(&self.seen.text, at.saturating_sub(30), at);
        let line = before.rsplit('\n').next().unwrap_or_default();
        line.contains('©') || line.to_ascii_lowercase().contains("copyright")
    }

    /// Reads ambiguous dates in the order that others of the page show.
    fn settle_order(&mut self) {
        let Some(shown) = self.shown.filter(|shown| *shown != self.order) else {
            return;
        };
        self.order = shown;
        for (index, other) in &self.ambiguous {
            if let Some(candidate) = self.out.get_mut(*index) {
                candidate.moment = *other;
            }
        }
    }
}

/// The page's image is often kept under the day or month it was uploaded.
fn images(seen: &Seen<'_>, out: &mut Vec<Candidate>) {
    let image = seen
        .metas
        .iter()
        .find(|(name, _)| *name == "og:image" || *name == "twitter:image");
    if let Some(found) = image.and_then(|(_, address)| url_path::read_path(address)) {
        let strength = if found.moment.has_day() { 30 } else { 20 };
        out.push(Candidate {
            source: Source::Image,
            strength,
            ..found
        });
    }
}

/// Scripts and comments, when nothing a reader sees or a search engine is told is good enough.
fn hidden(seen: &Seen<'_>, language: &str, order: Order, out: &mut Vec<Candidate>) {
    let is_known = out.iter().any(|candidate| {
        candidate.role == Role::Published && candidate.moment.has_day() && candidate.strength >= 75
    });
    if is_known {
        return;
    }
    let mut left = MAX_SCRIPTS;
    for text in &seen.scripts {
        if text.len() > left {
            break;
        }
        left -= text.len();
        script::read(text, Source::Script, 58, language, order, out);
    }
    for comment in seen.comments.iter().filter(|comment| comment.len() < 2_000) {
        script::read(comment, Source::Comment, 34, language, order, out);
    }
}

/// Whether text goes on as after a dateline ("Berlin, 13 May 2016 –"), and not as a sentence does.
fn is_after_dateline(rest: &str) -> bool {
    rest.trim_start_matches([' ', ')', ']', '.'])
        .starts_with(['–', '—', '|', ':', '-', '•', '·', '/', '('])
}

/// The part of `text` between two byte offsets, moved to characters' boundaries inwards.
fn slice(text: &str, start: usize, end: usize) -> &str {
    let end = text.floor_char_boundary(end.min(text.len()));
    let start = text.ceil_char_boundary(start.min(end));
    text.get(start..end).unwrap_or_default()
}
