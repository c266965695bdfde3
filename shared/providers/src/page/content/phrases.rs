//! Lines that belong to a site and not to a text: invitations to share, to subscribe, to read
//! something else.
//!
//! Sites put them between paragraphs without a name to know them by, but the words are the same on all
//! sites of a language. Only a whole short line is judged, by how it begins.

use std::collections::HashMap;
use std::sync::LazyLock;

/// A line longer than this, in characters, says something itself.
const MAX_CHARS: usize = 70;

/// Beginnings of such lines, in lower case: English, German, French, Spanish, Italian, Portuguese,
/// Dutch, Polish, Scandinavian, Finnish, Czech, Turkish, Greek, Russian, Ukrainian, Chinese, Japanese,
/// Korean.
const INVITATIONS: &[&str] = &[
    "related article",
    "related stories",
    "related story",
    "related content",
    "related topics",
    "related news",
    "related posts",
    "related links",
    "related reading",
    "related coverage",
    "related:",
    "read more",
    "read also",
    "also read",
    "read next",
    "more on this",
    "more from",
    "more on:",
    "you may also like",
    "you might also like",
    "recommended for you",
    "recommended reading",
    "share this",
    "share on",
    "share via",
    "most read",
    "most popular",
    "trending now",
    "sign up for",
    "sign up to",
    "subscribe to",
    "subscribe now",
    "follow us",
    "advertisement",
    "sponsored",
    "leave a comment",
    "leave a reply",
    "post a comment",
    "tags:",
    "filed under",
    "posted in",
    "continue reading",
    "click here to subscribe",
    "don't miss",
    "story continues below",
    "article continues below",
    "scroll to continue",
    "view comments",
    "show comments",
    "print this",
    "email this",
    "back to top",
    "newsletter",
    "mehr zum thema",
    "mehr zu diesem thema",
    "lesen sie auch",
    "lesen sie mehr",
    "lesen sie hier",
    "lies auch",
    "auch interessant",
    "weitere informationen",
    "weitere artikel",
    "weitere themen",
    "weitere nachrichten",
    "weiterführende",
    "das könnte sie",
    "das könnte dich",
    "empfehlungen",
    "weiterlesen",
    "mehr lesen",
    "mehr erfahren",
    "zum newsletter",
    "jetzt newsletter",
    "anzeige",
    "werbung",
    "verwandte",
    "ähnliche artikel",
    "ähnliche beiträge",
    "folgen sie uns",
    "folge uns",
    "jetzt abonnieren",
    "schlagwörter",
    "schlagworte",
    "teile diesen",
    "teilen sie",
    "artikel teilen",
    "beitrag teilen",
    "diesen artikel",
    "zurück zur übersicht",
    "nach oben",
    "kommentare",
    "lire aussi",
    "à lire aussi",
    "a lire aussi",
    "lire la suite",
    "en savoir plus",
    "sur le même sujet",
    "articles liés",
    "partager",
    "voir aussi",
    "publicité",
    "pour aller plus loin",
    "abonnez-vous",
    "à voir aussi",
    "suivez-nous",
    "à découvrir",
    "lee también",
    "lea también",
    "leer más",
    "leer también",
    "te puede interesar",
    "más información",
    "noticias relacionadas",
    "compartir",
    "comparte",
    "publicidad",
    "ver también",
    "suscríbete",
    "te recomendamos",
    "síguenos",
    "leggi anche",
    "leggi tutto",
    "potrebbe interessarti",
    "condividi",
    "articoli correlati",
    "pubblicità",
    "seguici su",
    "iscriviti",
    "leia também",
    "leia mais",
    "veja também",
    "veja mais",
    "compartilhe",
    "partilhar",
    "publicidade",
    "saiba mais",
    "siga-nos",
    "lees ook",
    "lees meer",
    "lees verder",
    "deel dit",
    "advertentie",
    "meer over",
    "zobacz także",
    "zobacz też",
    "zobacz również",
    "czytaj także",
    "czytaj też",
    "czytaj również",
    "czytaj więcej",
    "przeczytaj także",
    "przeczytaj również",
    "udostępnij",
    "reklama",
    "polecamy",
    "läs också",
    "läs även",
    "läs mer",
    "læs også",
    "læs mere",
    "les også",
    "les mer",
    "lue myös",
    "lue lisää",
    "dela artikeln",
    "annons",
    "čtěte také",
    "čtěte též",
    "přečtěte si",
    "reklama",
    "ilgili haberler",
    "paylaş",
    "διαβάστε επίσης",
    "διαβάστε ακόμη",
    "читайте также",
    "читать далее",
    "поделиться",
    "реклама",
    "подробнее",
    "читайте також",
    "相关阅读",
    "相关文章",
    "相关新闻",
    "延伸阅读",
    "分享到",
    "関連記事",
    "あわせて読みたい",
    "シェアする",
    "관련기사",
    "관련 기사",
    "공유하기",
];

/// Whole lines: names of networks and of buttons.
const LABELS: &[&str] = &[
    "facebook",
    "twitter",
    "x",
    "instagram",
    "linkedin",
    "whatsapp",
    "pinterest",
    "reddit",
    "telegram",
    "youtube",
    "tiktok",
    "xing",
    "email",
    "e-mail",
    "mail",
    "share",
    "tweet",
    "print",
    "copy link",
    "drucken",
    "teilen",
    "partager",
    "imprimer",
    "compartir",
    "condividi",
    "stampa",
    "related",
    "more",
    "next",
    "previous",
    "zurück",
    "weiter",
    "menu",
    "comments",
    "like",
    "reply",
    "antworten",
    "répondre",
    "top",
    "home",
    "close",
    "advertisement",
    "ad",
    "loading...",
    "loading…",
    "subscribe",
    "sign in",
    "log in",
    "login",
    "advert",
    "advertisment",
    "mehr",
    "merken",
    "tags",
    "speichern",
    "kommentieren",
];

/// Both lists by the first letter: a page may have ten thousand lines, and most begin like none of these.
static KNOWN: LazyLock<HashMap<char, Known>> = LazyLock::new(|| {
    let mut known: HashMap<char, Known> = HashMap::new();
    for &text in INVITATIONS {
        if let Some(first) = text.chars().next() {
            known.entry(first).or_default().invitations.push(text);
        }
    }
    for &text in LABELS {
        if let Some(first) = text.chars().next() {
            known.entry(first).or_default().labels.push(text);
        }
    }
    known
});

#[derive(Default)]
struct Known {
    invitations: Vec<&'static str>,
    labels: Vec<&'static str>,
}

/// Whether `line`, without blanks around it, is of the site.
pub(super) fn is_of_the_site(line: &str) -> bool {
    if line.chars().take(MAX_CHARS + 1).count() > MAX_CHARS {
        return false;
    }
    let line = line.to_lowercase();
    let line = line.trim_matches(|c: char| !c.is_alphanumeric() && c != '…' && c != '.');
    let Some(known) = line.chars().next().and_then(|first| KNOWN.get(&first)) else {
        return false;
    };
    if known.labels.contains(&line) {
        return true;
    }
    known.invitations.iter().any(|start| {
        line.strip_prefix(start).is_some_and(|rest| {
            // `werbung` is one, `werbungskosten` is another word; scripts without blanks have none.
            !start.is_ascii() && start.chars().count() < 6 && !rest.is_empty()
                || !rest.starts_with(char::is_alphanumeric)
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn invitations_are_lines_of_the_site() {
        for line in [
            "Read more: the other story",
            "Mehr zum Thema",
            "Lire aussi :",
            "» Weiterlesen",
            "Facebook",
            "相关阅读",
            "Reklama",
        ] {
            assert!(is_of_the_site(line), "{line}");
        }
        for line in [
            "",
            "Werbungskosten kann absetzen, wer arbeitet.",
            "Home is where the harbour is.",
            "More than a hundred came.",
            "Reading is fun",
            "Read more than one of these long sentences before you decide whether to believe them.",
        ] {
            assert!(!is_of_the_site(line), "{line}");
        }
    }
}
