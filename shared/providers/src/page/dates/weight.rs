//! How far a date on the page is believed by where it stands: near the heading, or in a box beside it.

use super::place::Region;
use super::walk::{Place, Seen, Stretch, letters};

/// The weight of comments and of other things.
const OTHERS: i32 = -34;

/// The page's geography: where its heading is, and which boxes are beside it.
pub(super) struct Ground<'s, 'a> {
    seen: &'s Seen<'a>,
    heading: Option<(usize, usize)>,
    /// The heading is inside of an `<article>`.
    in_article: bool,
}

impl<'s, 'a> Ground<'s, 'a> {
    pub(super) fn of(seen: &'s Seen<'a>) -> Self {
        let heading = heading(seen).map(|heading| (heading.start, heading.end));
        let is_around = |&&(region, start, end): &&(Region, usize, usize)| {
            region == Region::Article
                && heading.is_some_and(|heading| start <= heading.0 && heading.1 <= end)
        };
        let in_article = seen.regions.iter().find(is_around).is_some();
        Self {
            seen,
            heading,
            in_article,
        }
    }

    /// What to add to the strength of a date in `stretch`.
    pub(super) fn weight(&self, stretch: &Stretch) -> i32 {
        let place = &stretch.place;
        let beside = self.beside(place);
        let near = self.near_heading(stretch);
        // What belongs to readers or to another thing is no better for being near the heading. A box beside
        // may be: "teaser" is what some call the lead.
        let mut weight = beside + if beside <= OTHERS { near.min(0) } else { near };
        if place.in_link {
            weight -= 12;
        }
        if place.is_quoted {
            weight -= 6;
        }
        if place.in_article {
            weight += 3;
        }
        weight
    }

    /// The date line stands below the heading, or just above it.
    fn near_heading(&self, stretch: &Stretch) -> i32 {
        let Some((start, end)) = self.heading else {
            return 0;
        };
        if stretch.start >= end {
            match stretch.start - end {
                0..=250 => 18,
                251..=700 => 12,
                701..=1500 => 5,
                _ => 0,
            }
        } else if stretch.end <= start {
            match start - stretch.end {
                0..=120 => 15,
                121..=400 => 4,
                _ => -8,
            }
        } else {
            0
        }
    }

    fn beside(&self, place: &Place) -> i32 {
        place
            .regions
            .iter()
            .map(|index| self.region(*index))
            .min()
            .unwrap_or(0)
    }

    fn region(&self, index: usize) -> i32 {
        let Some(&(region, start, end)) = self.seen.regions.get(index) else {
            return 0;
        };
        // A box around the heading is the article's.
        if self
            .heading
            .is_some_and(|heading| start <= heading.0 && heading.1 <= end)
        {
            return 0;
        }
        match region {
            Region::Article if self.in_article => -24,
            Region::Article => 0,
            Region::Comments => OTHERS - 4,
            Region::Beside => -32,
            Region::Event => -18,
            Region::Other => OTHERS,
            Region::Footer => -26,
            Region::SiteHead => -24,
        }
    }
}

/// The page's heading: the longest that the title repeats, else the first of the highest level. A logo is
/// often a heading, too, and in the title; it is shorter.
fn heading<'s>(seen: &'s Seen<'_>) -> Option<&'s Stretch> {
    let title = letters(&seen.title);
    let text = |heading: &Stretch| {
        letters(
            seen.text
                .get(heading.start..heading.end)
                .unwrap_or_default(),
        )
    };
    let mut best: Option<(usize, &Stretch)> = None;
    for heading in &seen.headings {
        let text = text(heading);
        let repeats = text.len() >= 5
            && (title.contains(&text) || title.len() >= 10 && text.contains(&title));
        if repeats && best.is_none_or(|(length, _)| text.len() > length) {
            best = Some((text.len(), heading));
        }
    }
    best.map(|(_, heading)| heading).or_else(|| {
        seen.headings
            .iter()
            .find(|heading| heading.end > heading.start)
    })
}
