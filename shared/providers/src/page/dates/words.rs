//! What a word near a date says about it: that it is the day of publication, or of a change.
//!
//! One judgement serves names of metas, of classes and of JSON keys, and labels in running text. The words
//! are those of content systems and of the languages, not of sites.

use scraper::node::Element;

/// What a date says about the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Published,
    Modified,
}

/// Beginnings of words in labels before a date, folded.
#[rustfmt::skip]
const PUBLISHED: &[&str] = &[
    "publi", "posted", "released", "issued", "written", "created", "submitted", "uploaded", "added", "filed", // en, fr, es, pt, it
    "veroffent", "erstellt", "erschien", "eingestellt", "geschrieben", "gepostet", "eingetragen", "verfasst", "pressemitteilung", "pressemeldung", "meldung", "artikel", "beitrag", // de
    "cree", "ecrit", "paru", "creado", "criado", "postado", "inserito", "scritto", "pubbl", "redige", "poste", // fr, es, pt, it
    "geplaatst", "gepubliceerd", "gepost", "opublik", "dodan", "utworz", "data", "datum", "date", "fecha", // nl, pl
    "опубл", "размещ", "добавл", "дата", "yayin", "eklenme", "publicer", "postet", "skrev", "julkaist", // ru, tr, sv, da, no, fi
    "zverejn", "vydan", "publikov", "objavl", "megjel", "kozze", "skelbt", "diterbit", "ligne", "نشر", // cs, sk, sl, hu, lt, vi, id, ar
];

#[rustfmt::skip]
const MODIFIED: &[&str] = &[
    "updat", "modif", "revised", "revision", "revisad", "revidiert", "reviewed", "edited", "changed", "amended", "lastmod",
    "aktualis", "geandert", "uberarbeit", "bearbeitet", "anderung", "aktualisiert",
    "actualis", "actualiz", "atualiz", "aggiorn", "bijgewerkt", "gewijzigd", "aktualiz", "zmian", "zmodyf", "обновл", "измен",
    "guncel", "uppdater", "opdater", "oppdater", "paivit", "muokat", "upraven", "zmenen", "frissit", "capnhat", "diperbar", "تحديث",
];

/// Signs in Chinese and Japanese labels, which stand before or after the date.
const PUBLISHED_SIGNS: &[&str] = &[
    "发布", "發布", "发表", "發表", "公開", "掲載", "配信", "投稿", "등록", "입력", "작성",
];
const MODIFIED_SIGNS: &[&str] = &["更新", "修改", "修正", "수정", "업데이트"];

/// What the label says whose folded words these are, the last word last.
pub(super) fn label<'a>(words: impl DoubleEndedIterator<Item = &'a str>) -> Option<Role> {
    let mut role = None;
    for word in words.rev().take(4) {
        // "Zuletzt aktualisiert am", "mis à jour le" but not "mis en ligne le": the change is the stronger
        // word, wherever it stands.
        if matches!(word, "jour" | "maj" | "stand")
            || MODIFIED.iter().any(|known| word.starts_with(known))
        {
            return Some(Role::Modified);
        }
        if role.is_none()
            && word != "public"
            && PUBLISHED.iter().any(|known| word.starts_with(known))
        {
            role = Some(Role::Published);
        }
    }
    role
}

/// What signs beside a date say, in languages without blanks.
pub(super) fn signs(beside: &str) -> Option<Role> {
    let holds = |signs: &[&str]| signs.iter().any(|sign| beside.contains(sign));
    if beside.is_ascii() {
        None
    } else if holds(PUBLISHED_SIGNS) {
        Some(Role::Published)
    } else if holds(MODIFIED_SIGNS) {
        Some(Role::Modified)
    } else {
        None
    }
}

/// The words of an element's class and id.
pub(super) fn of_element(element: &Element) -> Vec<String> {
    [element.attr("class"), element.attr("id")]
        .into_iter()
        .flatten()
        .flat_map(of_name)
        .collect()
}

/// The words of a machine's name: `articlePublishedTime`, `article:published_time` and
/// `article-published-time` have the same three.
pub(super) fn of_name(name: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut lower = false;
    for c in name.chars().take(200) {
        let ends = !c.is_alphanumeric() || (c.is_uppercase() && lower);
        if ends && !word.is_empty() {
            words.push(std::mem::take(&mut word));
        }
        if c.is_alphanumeric() {
            word.extend(c.to_lowercase());
        }
        lower = c.is_lowercase();
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

/// A name that means the date of something other than the page: an event, an offer, a person.
pub(super) fn is_of_another_thing(word: &str) -> bool {
    const OTHERS: &[&str] = &[
        "expir",
        "event",
        "birth",
        "death",
        "deadline",
        "countdown",
        "valid",
        "unavailab",
        "archiv",
        "start",
        "end",
        "begin",
        "until",
        "verif",
        "embargo",
        "arrival",
        "departure",
        "termin",
        "picker",
        "today",
        "current",
        "joined",
        "registered",
        "since",
        "copyright",
    ];
    OTHERS.iter().any(|other| word.starts_with(other))
}

/// What a machine's name says about the date it names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Naming {
    pub(super) role: Role,
    /// It says "published" or "modified", rather than "date" or "created".
    pub(super) is_plain: bool,
}

/// Judges the words of a name; nothing for names of no date, or of another thing's.
pub(super) fn naming(words: &[String]) -> Option<Naming> {
    let has = |test: &dyn Fn(&str) -> bool| words.iter().any(|word| test(word));
    if has(&is_of_another_thing) {
        return None;
    }
    let role = |role, is_plain| Some(Naming { role, is_plain });
    if has(&|word| {
        word.starts_with("modif")
            || word.starts_with("updat")
            || word.starts_with("revis")
            || word.starts_with("lastmod")
            || word.ends_with("modified")
            || word.ends_with("updated")
            || word == "changed"
            || word.ends_with("update")
            || word.ends_with("reviewed")
    }) {
        return role(Role::Modified, true);
    }
    if has(&|word| {
        (word.starts_with("publish") && !word.starts_with("publisher"))
            || word.starts_with("publication")
            || word.starts_with("pubdate")
            || word.starts_with("pubtime")
            || word == "issued"
            || word.ends_with("published")
            || word == "posted"
            || word == "postdate"
            || word.ends_with("pubdate")
    }) || has(&|word| word == "pub") && has(&|word| word == "date" || word == "time")
    {
        return role(Role::Published, true);
    }
    if has(&|word| {
        word == "created"
            || word == "create"
            || word == "creation"
            || word.ends_with("created")
            || word == "upload"
            || word == "uploaded"
            || word == "released"
            || word == "release"
    }) || has(&is_date_word)
    {
        return role(Role::Published, false);
    }
    None
}

/// Whether a word of a name ends in "date", as itself or compounded ("newsdate"), or is its like in
/// another language.
pub(super) fn is_date_word(word: &str) -> bool {
    const NOT: &[&str] = &[
        "candidate",
        "validate",
        "mandate",
        "consolidate",
        "accommodate",
        "invalidate",
        "liquidate",
        "update",
        "metadata",
        "intimidate",
    ];
    const OTHERS: &[&str] = &[
        "datum",
        "fecha",
        "datetime",
        "datestamp",
        "timestamp",
        "dateline",
        "pubtime",
        "datepublished",
    ];
    (word.ends_with("date") || word.ends_with("datum") || OTHERS.contains(&word))
        && !NOT.contains(&word)
}

#[cfg(test)]
mod tests {
    use super::super::token::tokens;
    use super::*;

    #[test]
    fn labels_in_many_languages() {
        let role = |text: &str| {
            let tokens = tokens(text);
            label(tokens.iter().filter_map(|token| token.word()))
        };
        for text in [
            "Published on",
            "Veröffentlicht am",
            "Publié le",
            "Publicado el",
            "Pubblicato il",
            "Geplaatst op",
            "Опубликовано",
            "Yayınlanma:",
            "Opublikowano",
        ] {
            assert_eq!(role(text), Some(Role::Published), "{text}");
        }
        for text in [
            "Last updated:",
            "Stand:",
            "Zuletzt aktualisiert am",
            "Mis à jour le",
            "Actualizado el",
            "Aggiornato il",
            "Обновлено",
            "Last published update",
        ] {
            assert_eq!(role(text), Some(Role::Modified), "{text}");
        }
        assert_eq!(role("Mis en ligne le"), Some(Role::Published));
        assert_eq!(role("by Jane Doe"), None);
        assert_eq!(role("standard system"), None);
        assert_eq!(signs("更新日"), Some(Role::Modified));
        assert_eq!(signs("发布时间"), Some(Role::Published));
    }

    #[test]
    fn names_of_metas_and_classes() {
        let naming =
            |name: &str| super::naming(&of_name(name)).map(|naming| (naming.role, naming.is_plain));
        for name in [
            "article:published_time",
            "datePublished",
            "parsely-pub-date",
            "citation_publication_date",
            "DC.date.issued",
            "pubdate",
            "publish-date",
        ] {
            assert_eq!(naming(name), Some((Role::Published, true)), "{name}");
        }
        for name in [
            "date",
            "DC.date",
            "sailthru.date",
            "citation_date",
            "dcterms.created",
            "entry-date",
            "newsdate",
            "article_date_original",
        ] {
            assert_eq!(naming(name), Some((Role::Published, false)), "{name}");
        }
        for name in [
            "article:modified_time",
            "og:updated_time",
            "dateModified",
            "last-modified",
            "DC.date.modified",
            "lastmod",
        ] {
            assert_eq!(naming(name), Some((Role::Modified, true)), "{name}");
        }
        for name in [
            "article:expiration_time",
            "event:start_date",
            "birthDate",
            "candidate",
            "description",
            "viewport",
            "validThrough",
            "article:publisher",
            "publisher_id",
        ] {
            assert_eq!(naming(name), None, "{name}");
        }
    }
}
