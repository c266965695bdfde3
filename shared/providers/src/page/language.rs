//! The language of a page: as it declares it, else by its script and its commonest words.

use std::collections::HashSet;
use std::sync::LazyLock;

use scraper::Selector;
use serde_json::Value;

use super::elements::Elements;
use super::html::selector;

/// How many words of a text are looked at.
const WORDS: usize = 400;

/// The share of function words below which a language is not believed. Running text has a third or more
/// of its words among the commonest hundred (Zipf), of these short lists about a tenth.
const MIN_SHARE: f32 = 0.06;

/// The language as a BCP 47 tag.
pub(super) fn read(page: &Elements<'_>, structured: &Value, text: &str) -> Option<String> {
    declared(page, structured).or_else(|| guess(text).map(str::to_owned))
}

fn declared(page: &Elements<'_>, structured: &Value) -> Option<String> {
    static META: LazyLock<Selector> = LazyLock::new(|| {
        selector(
            "meta[http-equiv='content-language' i], meta[property='og:locale'], meta[name='language' i], meta[name='dc.language' i]",
        )
    });
    let root = page
        .root
        .and_then(|root| root.attr("lang").or_else(|| root.attr("xml:lang")));
    let metas = Elements::select(&page.metas, &META).filter_map(|meta| meta.attr("content"));
    let objects = structured.get("json_ld").and_then(Value::as_array);
    let data = objects
        .into_iter()
        .flatten()
        .filter_map(|object| object.get("inLanguage")?.as_str());
    root.into_iter().chain(metas).chain(data).find_map(tag)
}

/// A well-formed tag of `text`: the primary subtag in lower, a region in upper case.
fn tag(text: &str) -> Option<String> {
    let first = text.split([',', ';', ' ']).find(|part| !part.is_empty())?;
    let mut subtags = first.split(['-', '_', '.']);
    let primary = subtags.next()?.to_ascii_lowercase();
    let is_primary = (2..=3).contains(&primary.len())
        && primary.bytes().all(|byte| byte.is_ascii_alphabetic())
        && !matches!(primary.as_str(), "und" | "mul" | "zxx");
    if !is_primary {
        return None;
    }
    let mut tag = primary;
    for subtag in subtags {
        match subtag.len() {
            2 if subtag.bytes().all(|byte| byte.is_ascii_alphabetic()) => {
                tag.push('-');
                tag.push_str(&subtag.to_ascii_uppercase());
            }
            4 if subtag.bytes().all(|byte| byte.is_ascii_alphabetic()) => {
                tag.push('-');
                let (first, rest) = subtag.split_at(1);
                tag.push_str(&first.to_ascii_uppercase());
                tag.push_str(&rest.to_ascii_lowercase());
            }
            _ => break,
        }
    }
    Some(tag)
}

/// Languages written in Latin and Cyrillic with function words that tell them from their neighbours.
const FUNCTION_WORDS: &[(&str, &[&str])] = &[
    (
        "en",
        &[
            "the", "and", "of", "to", "is", "that", "with", "for", "was", "are", "this", "have",
        ],
    ),
    (
        "de",
        &[
            "der", "die", "und", "das", "ist", "nicht", "mit", "den", "von", "ein", "auf", "eine",
        ],
    ),
    (
        "fr",
        &[
            "le", "les", "des", "et", "est", "une", "dans", "pour", "que", "du", "pas", "au",
        ],
    ),
    (
        "es",
        &[
            "el", "los", "las", "y", "una", "por", "con", "para", "del", "como", "pero", "se",
        ],
    ),
    (
        "pt",
        &[
            "o", "os", "uma", "não", "com", "para", "em", "do", "da", "ao", "mais", "são",
        ],
    ),
    (
        "it",
        &[
            "il", "di", "che", "della", "gli", "per", "non", "sono", "con", "nel", "è", "alla",
        ],
    ),
    (
        "nl",
        &[
            "het", "een", "van", "en", "niet", "dat", "zijn", "voor", "op", "aan", "ook", "maar",
        ],
    ),
    (
        "sv",
        &[
            "och", "att", "det", "som", "är", "inte", "för", "på", "till", "av", "har", "ett",
        ],
    ),
    (
        "da",
        &[
            "og", "det", "er", "til", "af", "ikke", "som", "på", "har", "den", "jeg", "blev",
        ],
    ),
    (
        "no",
        &[
            "og", "det", "er", "til", "av", "ikke", "som", "på", "har", "jeg", "ble", "hvor",
        ],
    ),
    (
        "fi",
        &[
            "ja", "on", "ei", "että", "se", "oli", "mutta", "kun", "myös", "ovat", "joka", "hän",
        ],
    ),
    (
        "pl",
        &[
            "i", "w", "nie", "na", "się", "że", "jest", "do", "z", "to", "jak", "oraz",
        ],
    ),
    (
        "cs",
        &[
            "a", "je", "se", "na", "že", "v", "jsem", "to", "také", "který", "podle", "byl",
        ],
    ),
    (
        "sk",
        &[
            "a", "je", "sa", "na", "že", "v", "som", "to", "tiež", "ktorý", "podľa", "bol",
        ],
    ),
    (
        "hu",
        &[
            "a", "az", "és", "hogy", "nem", "egy", "is", "meg", "csak", "volt", "vagy", "mint",
        ],
    ),
    (
        "ro",
        &[
            "și", "în", "de", "la", "nu", "este", "pe", "cu", "din", "care", "pentru", "mai",
        ],
    ),
    (
        "tr",
        &[
            "ve", "bir", "bu", "için", "ile", "da", "çok", "daha", "olarak", "olan", "gibi", "ne",
        ],
    ),
    (
        "id",
        &[
            "yang", "dan", "di", "dengan", "untuk", "ini", "dari", "tidak", "pada", "dalam", "itu",
            "akan",
        ],
    ),
    (
        "vi",
        &[
            "và", "của", "là", "có", "cho", "không", "được", "các", "trong", "người", "một", "này",
        ],
    ),
    (
        "ru",
        &[
            "и", "в", "не", "на", "что", "с", "по", "это", "как", "из", "для", "его",
        ],
    ),
    (
        "uk",
        &[
            "і", "в", "не", "на", "що", "з", "та", "це", "як", "до", "для", "його",
        ],
    ),
    (
        "bg",
        &[
            "и", "в", "не", "на", "че", "с", "за", "да", "от", "се", "са", "по",
        ],
    ),
    (
        "sr",
        &[
            "и", "у", "не", "на", "да", "са", "за", "је", "се", "од", "су", "као",
        ],
    ),
];

/// The language of running text.
fn guess(text: &str) -> Option<&'static str> {
    if let Some(language) = by_script(text) {
        return Some(language);
    }
    let words: Vec<String> = text
        .split(|c: char| !c.is_alphabetic())
        .filter(|word| !word.is_empty())
        .take(WORDS)
        .map(str::to_lowercase)
        .collect();
    if words.len() < 20 {
        return None;
    }
    let count = |known: &[&str]| {
        words
            .iter()
            .filter(|word| known.contains(&word.as_str()))
            .count()
    };
    // Languages share words: of two with as many, the one with more different ones.
    let different = |known: &[&str]| {
        words
            .iter()
            .filter(|word| known.contains(&word.as_str()))
            .collect::<HashSet<_>>()
            .len()
    };
    let (language, known) = FUNCTION_WORDS
        .iter()
        .max_by_key(|(_, known)| count(known) * (1 + different(known)))?;
    #[expect(clippy::cast_precision_loss, reason = "a share of a few hundred words")]
    let share = count(known) as f32 / words.len() as f32;
    (share >= MIN_SHARE).then_some(language)
}

/// Scripts that one language, or by far the most used of several, is written in.
fn by_script(text: &str) -> Option<&'static str> {
    let (mut letters, mut kana) = (0_usize, 0_usize);
    let mut counts = [0_usize; SCRIPTS.len()];
    for c in text.chars().filter(|c| c.is_alphabetic()).take(2_000) {
        letters += 1;
        kana += usize::from(matches!(c, '\u{3040}'..='\u{30ff}'));
        for ((_, first, last), count) in SCRIPTS.iter().zip(&mut counts) {
            *count += usize::from((*first..=*last).contains(&c));
        }
    }
    if letters < 20 {
        return None;
    }
    // Japanese is written in Han, too; nothing else is written in kana.
    if kana * 20 > letters {
        return Some("ja");
    }
    let most = SCRIPTS.iter().zip(counts).max_by_key(|(_, count)| *count);
    most.filter(|(_, count)| count * 2 > letters)
        .map(|((language, ..), _)| *language)
}

const SCRIPTS: [(&str, char, char); 9] = [
    ("zh", '\u{4e00}', '\u{9fff}'),
    ("ko", '\u{ac00}', '\u{d7a3}'),
    ("ar", '\u{0600}', '\u{06ff}'),
    ("he", '\u{0590}', '\u{05ff}'),
    ("el", '\u{0370}', '\u{03ff}'),
    ("th", '\u{0e00}', '\u{0e7f}'),
    ("hi", '\u{0900}', '\u{097f}'),
    ("ka", '\u{10a0}', '\u{10ff}'),
    ("hy", '\u{0530}', '\u{058f}'),
];

#[cfg(test)]
mod tests {
    use serde_json::json;

    use scraper::Html;

    use super::*;

    #[test]
    fn tags_are_normal() {
        for (text, expected) in [
            ("EN", Some("en")),
            ("en_us", Some("en-US")),
            ("zh-hans-cn", Some("zh-Hans-CN")),
            ("de-DE, en", Some("de-DE")),
            ("es_ES.UTF-8", Some("es-ES")),
            ("english", None),
            ("", None),
            ("und", None),
            ("{{lang}}", None),
        ] {
            assert_eq!(tag(text).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn a_page_that_declares_nothing_is_read() {
        for (text, expected) in [
            (
                "The northern quay was reopened on Thursday and the ferries are to use both of the inner berths for now, the port said.",
                "en",
            ),
            (
                "Die Fähren nutzen den inneren Kai, und der äußere ist nicht bereit, weil das Geld für eine Mauer auf der Nordseite fehlt.",
                "de",
            ),
            (
                "Le port a rouvert le quai nord et les ferries sont de retour dans la ville, pour la première fois depuis une année de travaux.",
                "fr",
            ),
            (
                "Паром уходит в девять утра, и на пристани говорят, что это не последний рейс, как думали в городе по понедельникам.",
                "ru",
            ),
            (
                "渡船每天早上九点从北码头出发，港口表示今年春天还会增加班次和航线。",
                "zh",
            ),
            (
                "フェリーは毎朝九時に北の埠頭から出発し、港によると春には便が増える。",
                "ja",
            ),
        ] {
            assert_eq!(guess(text), Some(expected), "{text}");
        }
        assert_eq!(guess("123 456"), None);
        assert_eq!(
            guess(
                "Lorem ipsum dolor sit amet consectetur "
                    .repeat(10)
                    .as_str()
            ),
            None
        );
        let document =
            Html::parse_document("<html lang=''><meta property=og:locale content=nb_NO>");
        assert_eq!(
            read(&Elements::of(&document), &json!({}), ""),
            Some("nb-NO".to_owned())
        );
    }
}
