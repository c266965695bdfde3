//! A date somebody claims for the page, and how far the claim is believed before it is compared with
//! others.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::moment::Moment;
use super::words::Role;

/// Where a date was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// A schema.org object in `application/ld+json`.
    JsonLd,
    /// A `<meta>` element.
    Meta,
    /// `itemprop` or `property` on an element of the body.
    Microdata,
    /// A `<time>` element, or an `<abbr>` or `<span>` of a microformat.
    TimeElement,
    /// Text of an element whose class or id names a date.
    MarkedText,
    /// Any other visible text.
    Text,
    /// The path of the page's address.
    Url,
    /// Data embedded in a script.
    Script,
    /// A comment in the source.
    Comment,
    /// The address of the page's image.
    Image,
}

impl Source {
    /// Sources that repeat each other, as a template fills them from one field. Only different
    /// families agree independently.
    pub(super) fn family(self) -> u8 {
        match self {
            Self::JsonLd | Self::Microdata | Self::Script => 0,
            Self::Meta => 1,
            Self::TimeElement | Self::MarkedText | Self::Text => 2,
            Self::Url => 3,
            Self::Comment | Self::Image => 4,
        }
    }

    /// Whether dates of it are written in the time of the page's home.
    pub(super) fn is_local(self) -> bool {
        matches!(self.family(), 2 | 3)
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Candidate {
    pub(super) moment: Moment,
    pub(super) role: Role,
    pub(super) source: Source,
    /// How far it is believed by itself, in percent.
    pub(super) strength: i32,
}

impl Candidate {
    pub(super) fn new(moment: Moment, role: Role, source: Source, strength: i32) -> Self {
        Self {
            moment,
            role,
            source,
            strength,
        }
    }

    /// The same claim, for the day on which its instant falls elsewhere.
    pub(super) fn seen_on(&self, day: Date) -> Option<Self> {
        let moment = Moment::day(day.year(), day.month(), day.day())?;
        Some(Self::new(moment, self.role, self.source, self.strength))
    }
}
