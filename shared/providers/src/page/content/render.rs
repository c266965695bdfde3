//! Writing parts as text: every block on a line of its own, blanks folded as a browser does, code as it
//! stands.

use super::outline::{Cut, Outline, Place};
use super::phrases;
use super::tag::Tag;

/// The text of `frames`, in their order, without what is `cut`.
pub(super) fn text(outline: &Outline<'_>, frames: &[Place], cut: &Cut) -> String {
    let mut page = Page::default();
    for frame in frames {
        page.end_line();
        write(outline, *frame, cut, &mut page);
    }
    page.finish()
}

fn write(outline: &Outline<'_>, frame: Place, cut: &Cut, page: &mut Page) {
    // The blocks we are in, with the place where each ends.
    let mut open: Vec<(Place, Tag)> = Vec::new();
    let mut place = frame;
    let end = outline.inside(frame).end;
    while place < end {
        while let Some((_, tag)) = open.pop_if(|(end, _)| *end <= place) {
            page.close(tag);
        }
        let part = outline.at(place);
        if cut.has(place) && place != frame {
            // What stood between two words still parts them.
            if part.tag.is_block() {
                page.end_line();
            } else {
                page.gap = true;
            }
            place = part.end.max(place + 1);
            continue;
        }
        if part.tag == Tag::Text {
            page.push(part.text);
        } else {
            page.open(part.tag);
            open.push((part.end, part.tag));
        }
        place += 1;
    }
    while let Some((_, tag)) = open.pop() {
        page.close(tag);
    }
}

#[derive(Debug, Default)]
struct Page {
    out: String,
    line: String,
    /// A blank is due before the next word.
    gap: bool,
    /// How many elements that keep their blanks we are in.
    verbatim: usize,
    last: String,
}

impl Page {
    fn open(&mut self, tag: Tag) {
        match tag {
            Tag::Cell => self.gap = true,
            tag if tag.is_block() => self.end_line(),
            _ => {}
        }
        self.verbatim += usize::from(tag == Tag::Pre);
    }

    fn close(&mut self, tag: Tag) {
        match tag {
            Tag::Cell => self.gap = true,
            tag if tag.is_block() => self.end_line(),
            _ => {}
        }
        self.verbatim -= usize::from(tag == Tag::Pre);
    }

    fn push(&mut self, text: &str) {
        if self.verbatim > 0 {
            let mut lines = text.split('\n');
            if let Some(first) = lines.next() {
                self.line.push_str(first.trim_end_matches('\r'));
            }
            for line in lines {
                self.end_line();
                self.line.push_str(line.trim_end_matches('\r'));
            }
            return;
        }
        if text.starts_with(char::is_whitespace) {
            self.gap = true;
        }
        let mut any = false;
        for word in text.split_whitespace() {
            if (any || self.gap) && !self.line.is_empty() {
                self.line.push(' ');
            }
            self.gap = false;
            self.line.push_str(word);
            any = true;
        }
        if any {
            self.gap = text.ends_with(char::is_whitespace);
        }
    }

    fn end_line(&mut self) {
        self.gap = false;
        let line = self.line.trim_end();
        // A line said twice in a row (a picture's text for two widths of screen) is said once.
        let is_repeated = line == self.last && line.len() >= 30;
        let is_code = self.verbatim > 0;
        if !line.trim_start().is_empty()
            && (is_code || !is_repeated && !phrases::is_of_the_site(line))
        {
            self.out.push_str(line);
            self.out.push('\n');
            self.last.clear();
            self.last.push_str(line);
        }
        self.line.clear();
    }

    fn finish(mut self) -> String {
        self.end_line();
        self.out.truncate(self.out.trim_end().len());
        self.out
    }
}
