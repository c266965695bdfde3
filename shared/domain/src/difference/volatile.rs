//! Text that changes by itself: how long ago, how many looked, which request this was.
//!
//! A watch that speaks up because "3 minutes ago" became "4 minutes ago" is soon switched off. So such
//! spots are blanked before texts are compared. Each rule holds on the web at large: it names a form that
//! follows from the clock, from an audience counter, or from the serving of the page, and never one that
//! could be the news (a price, a version, a score, a date, a stock figure). What was passed over is
//! reported, never swallowed.

use std::borrow::Cow;
use std::sync::LazyLock;

use regex::{Regex, RegexSet};

use crate::words::words;

words! {
    /// Why a difference was passed over.
    Volatile {
        /// A time told by its distance from now.
        RelativeTime = "relative_time",
        /// How many read, liked or shared the page.
        Counter = "counter",
        /// An identifier of the request, session or copy.
        Nonce = "nonce",
        /// What time it was when the page was made.
        Clock = "clock",
        /// How long the server took.
        Timing = "timing",
        /// The year beside a copyright sign.
        Copyright = "copyright",
        /// White space and the spelling of the same characters.
        Spacing = "spacing",
    }
}

struct Rule {
    kind: Volatile,
    pattern: Regex,
    /// Blanks the match only when it holds a digit: an identifier, not a word.
    needs_digit: bool,
}

/// The rules, in the order in which they are tried.
static RULES: LazyLock<Vec<Rule>> = LazyLock::new(|| {
    let number = r"(?:an?|one|\d+)";
    let sources = [
        (Volatile::RelativeTime, false, format!(r"(?i)\bjust now\b|\b{number}\s*(?:s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?|d|days?|w|wks?|weeks?|mos?|months?|y|yrs?|years?)\s+ago\b")),
        (Volatile::RelativeTime, false, r"(?i)\bvor\s+(?:eine[rmn]?|\d+)\s+(?:sekunden?|minuten?|stunden?|tag(?:en)?|wochen?|monat(?:en)?|jahr(?:en)?)\b".to_owned()),
        (Volatile::RelativeTime, false, r"(?i)\bil y a\s+(?:une?|\d+)\s+(?:secondes?|minutes?|heures?|jours?|semaines?|mois|ans?)\b".to_owned()),
        (Volatile::RelativeTime, false, r"(?i)\b(?:hace|h[áa])\s+(?:uma?|una?|\d+)\s+(?:segundos?|minutos?|horas?|d[ií]as?|semanas?|m[eê]s(?:es)?|a[nñ]os?)\b".to_owned()),
        (Volatile::RelativeTime, false, r"(?i)\b(?:una?|\d+)\s+(?:second[oi]|minut[oi]|or[ae]|giorn[oi]|settiman[ae]|mes[ei]|ann[oi])\s+fa\b".to_owned()),
        (Volatile::RelativeTime, false, r"(?i)\b\d+\s+(?:seconden?|minuut|minuten|uur|uren|dag(?:en)?|week|weken|maand(?:en)?|jaar)\s+geleden\b".to_owned()),
        (Volatile::RelativeTime, false, r"\d+\s*(?:秒|分|分钟|分鐘|時間|小时|小時|日|天|週間|周|か月|ヶ月|个月|個月|年)\s*前".to_owned()),
        (Volatile::RelativeTime, false, r"(?i)\b(?:for|för)\s+(?:en|et|ett|\d+)\s+(?:sekund(?:er)?|minutt?(?:er)?|tim(?:e|er|me|mar)|dag(?:e|er|ar)?|uker?|uger?|veck(?:a|or)|måned(?:er)?|månad(?:er)?|år)\s+(?:siden|sedan|sen)\b".to_owned()),
        (Volatile::RelativeTime, false, r"(?i)\b\d+\s+(?:секунд[уы]?|минут[уы]?|час(?:а|ов)?|день|дня|дней|недел[юиь]|месяц(?:а|ев)?|год(?:а)?|лет)\s+назад".to_owned()),
        (Volatile::RelativeTime, false, r"(?i)\b\d+\s+(?:sekund[yę]?|minut[yę]?|godzin[yę]?|dzień|dni|tydzień|tygodni[e]?|miesiąc[e]?|miesięcy|rok|lata?)\s+temu\b".to_owned()),
        (Volatile::RelativeTime, false, r"(?i)\b\d+\s+(?:saniye|dakika|saat|gün|hafta|ay|yıl)\s+önce\b".to_owned()),
        (Volatile::RelativeTime, false, r"\d+\s*(?:초|분|시간|일|주|개월|년)\s*전".to_owned()),
        (Volatile::Counter, false, r"(?i)\b\d(?:[\d.,\u{a0}\u{202f}]*\d)?\s?[kmb]?\+?\s+(?:views?|comments?|likes?|shares?|followers?|subscribers?|visitors?|replies|reactions?|retweets?|reposts?|upvotes?|claps?|(?:people |users |members |guests )?(?:are )?(?:online|watching|viewing|reading))\b".to_owned()),
        (Volatile::Counter, false, r"(?i)\b(?:views|comments|likes|shares|followers|subscribers|visitors|replies)\s*[:(]\s*\d[\d.,]*\s?[kmb]?\b".to_owned()),
        (Volatile::Nonce, false, r"(?i)\b[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\b".to_owned()),
        (Volatile::Nonce, true, r"(?i)\b(?:nonce|csrf|session|request|trace|ray|correlation)(?:[\s_-]?(?:id|token))?\s*[:=#]\s*[a-z0-9+/_=-]{6,}".to_owned()),
        (Volatile::Nonce, false, r#"(?i)[?&](?:_|ts|cb|rnd|rand|cachebust|nonce|sid|sessionid|phpsessid|jsessionid)=[^&\s"'<>)]+"#.to_owned()),
        (Volatile::Nonce, false, r#"(?i)\.(?:js|mjs|css|png|jpe?g|gif|svg|webp|avif|ico|woff2?)\?[^\s"'<>)]+"#.to_owned()),
        (Volatile::Nonce, false, r"(?i)[.-][0-9a-f]{8,64}\.(?:js|mjs|css|png|jpe?g|gif|svg|webp|avif|woff2?)\b".to_owned()),
        (Volatile::Clock, false, r"(?i)\b(?:(?:server|current|local)\s+time(?:\s+is)?|it is now|page loaded at|last checked(?:\s+at)?)\s*[:=]?\s*\d{1,2}:\d{2}(?::\d{2})?(?:\s*[ap]\.?m\b\.?)?".to_owned()),
        (Volatile::Timing, false, r"(?i)\b(?:generated|rendered|loaded|served|processed|executed)\s+in\s+\d[\d.,]*\s*(?:ms|milliseconds?|s|secs?|seconds?)\b".to_owned()),
        (Volatile::Copyright, false, r"(?i)(?:©|\(c\)|\bcopyright)\s*(?:©\s*)?(?:\d{4}\s*[-–—]\s*)?\d{4}\b".to_owned()),
    ];
    sources
        .into_iter()
        // The ends of words are told by ASCII: what is more makes of every character that is not in it a slow one.
        .map(|(kind, needs_digit, source)| (kind, needs_digit, source.replace(r"\b", r"(?-u:\b)")))
        // Constants, covered by the tests below; a bad one would be left out rather than end a run.
        .filter_map(|(kind, needs_digit, source)| {
            Some(Rule {
                kind,
                pattern: Regex::new(&source).ok()?,
                needs_digit,
            })
        })
        .collect()
});

/// All rules at once: nearly every passage has no volatile spot, and is looked through only once.
static ANY: LazyLock<Option<RegexSet>> =
    LazyLock::new(|| RegexSet::new(RULES.iter().map(|rule| rule.pattern.as_str())).ok());

/// `text` with its volatile spots blanked.
pub(super) fn blanked(text: &str) -> Cow<'_, str> {
    if ANY.as_ref().is_some_and(|any| !any.is_match(text)) {
        return Cow::Borrowed(text);
    }
    let mut text = Cow::Borrowed(text);
    for rule in RULES.iter() {
        if let Some(blanked) = rule.blank(&text) {
            text = Cow::Owned(blanked);
        }
    }
    text
}

/// The first kind of volatile spot in `text`; [`Volatile::Spacing`] when there is none.
pub(super) fn kind_of(text: &str) -> Volatile {
    let volatile = |rule: &&Rule| {
        rule.pattern
            .find_iter(text)
            .any(|found| rule.applies(found.as_str()))
    };
    RULES
        .iter()
        .find(volatile)
        .map_or(Volatile::Spacing, |rule| rule.kind)
}

impl Rule {
    fn applies(&self, found: &str) -> bool {
        !self.needs_digit || found.chars().any(|c| c.is_ascii_digit())
    }

    /// `text` with the rule's spots blanked; `None` when it has none.
    fn blank(&self, text: &str) -> Option<String> {
        let mut out = String::new();
        let mut from = 0;
        for found in self.pattern.find_iter(text) {
            if self.applies(found.as_str()) {
                out.push_str(&text[from..found.start()]);
                out.extend(["⟨", self.kind.as_str(), "⟩"]);
                from = found.end();
            }
        }
        (from > 0).then(|| out + &text[from..])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_compiles() {
        assert_eq!(RULES.len(), 22);
        assert!(ANY.is_some());
    }

    #[test]
    fn what_changes_by_itself_is_the_same() {
        for (kind, before, after) in [
            (
                Volatile::RelativeTime,
                "Posted 3 minutes ago by Ann",
                "Posted an hour ago by Ann",
            ),
            (Volatile::RelativeTime, "Updated just now", "Updated 2h ago"),
            (Volatile::RelativeTime, "vor einer Stunde", "vor 12 Tagen"),
            (
                Volatile::RelativeTime,
                "Publié il y a 2 jours",
                "Publié il y a une semaine",
            ),
            (Volatile::RelativeTime, "hace 3 días", "hace una hora"),
            (Volatile::RelativeTime, "há 3 dias", "há uma hora"),
            (Volatile::RelativeTime, "3 ore fa", "un minuto fa"),
            (Volatile::RelativeTime, "3 uur geleden", "2 dagen geleden"),
            (Volatile::RelativeTime, "5分前", "3 小时前"),
            (
                Volatile::RelativeTime,
                "for 5 minutter siden",
                "for en time siden",
            ),
            (
                Volatile::RelativeTime,
                "för 2 veckor sedan",
                "för en dag sedan",
            ),
            (Volatile::RelativeTime, "5 минут назад", "2 часа назад"),
            (Volatile::RelativeTime, "3 godziny temu", "5 dni temu"),
            (Volatile::RelativeTime, "5 dakika önce", "2 gün önce"),
            (Volatile::RelativeTime, "5분 전", "2시간 전"),
            (Volatile::Nonce, "see /app.js?v=3f2a", "see /app.js?v=99"),
            (Volatile::Nonce, "main-0a1b2c3d.css", "main-99887766.css"),
            (
                Volatile::Clock,
                "Server time: 12:04:33",
                "Server time: 1:15 pm",
            ),
            (Volatile::Counter, "1,234 views", "1.3K views"),
            (Volatile::Counter, "Comments (12)", "Comments (13)"),
            (
                Volatile::Counter,
                "12 people are watching",
                "9 people are watching",
            ),
            (
                Volatile::Nonce,
                "Ray ID: 8f2c3a99bd0e1234",
                "Ray ID: 8f2c3b00aa0e9876",
            ),
            (
                Volatile::Nonce,
                "request=a81bc81b-dead-4e5d-abff-90865d1e13b1",
                "request=0b1bc81b-dead-4e5d-abff-90865d1e13b2",
            ),
            (
                Volatile::Nonce,
                "see /a.css?_=1763000000",
                "see /a.css?_=1763000001",
            ),
            (
                Volatile::Timing,
                "Page generated in 0.123 seconds",
                "Page generated in 12 ms",
            ),
            (Volatile::Copyright, "© 2019–2025 Acme", "© 2026 Acme"),
        ] {
            assert_eq!(blanked(before), blanked(after));
            assert_eq!(kind_of(before), kind, "{before}");
        }
    }

    #[test]
    fn what_may_be_the_news_is_not() {
        for (before, after) in [
            ("Price: 10 €", "Price: 11 €"),
            ("Version 1.2.3", "Version 1.2.4"),
            ("Updated 3 May 2026", "Updated 4 May 2026"),
            ("Arsenal 2 – 1 Chelsea", "Arsenal 2 – 2 Chelsea"),
            ("3 left in stock", "2 left in stock"),
            ("commit 1f2e3d4c5b6a7980", "commit 2f2e3d4c5b6a7980"),
            ("Session: Keynote", "Session: Workshop"),
            ("watch?v=abc123XYZ", "watch?v=abc124XYZ"),
            ("12 votes", "13 votes"),
            ("founded in 2025", "founded in 2026"),
            ("delivery in 3 days", "delivery in 5 days"),
            ("doors open at 19:30", "doors open at 20:00"),
            ("release-1.2.3.zip?x=1", "release-1.2.4.zip?x=1"),
            ("year 2025 report.pdf", "year 2026 report.pdf"),
        ] {
            assert_ne!(blanked(before), blanked(after));
        }
    }
}
