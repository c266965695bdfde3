//! The elements of HTML by what they are for a reader of text.

/// A kind of element.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tag {
    /// Not an element.
    Text,
    /// Runs along in a line.
    Inline,
    Link,
    Break,
    /// A box of its own: `div` and its likes.
    Block,
    Section,
    Article,
    Main,
    Body,
    Header,
    Footer,
    Nav,
    Aside,
    Paragraph,
    /// `h1` to `h6`, by level.
    Heading(u8),
    List,
    Item,
    Table,
    Row,
    Cell,
    Pre,
    Code,
    Quote,
    Figure,
    Caption,
    Form,
    /// The label of a form's field, and the fields' frame.
    Label,
    Time,
    Details,
}

impl Tag {
    /// The kind of the elements named `name`.
    pub(super) fn of(name: &str) -> Self {
        match name {
            "a" => Self::Link,
            "br" | "hr" => Self::Break,
            "div" | "center" | "address" | "hgroup" | "search" | "tbody" | "thead" | "tfoot" => {
                Self::Block
            }
            "section" => Self::Section,
            "article" => Self::Article,
            "main" => Self::Main,
            "body" | "html" => Self::Body,
            "header" => Self::Header,
            "footer" => Self::Footer,
            "nav" | "menu" => Self::Nav,
            "aside" => Self::Aside,
            "p" => Self::Paragraph,
            "h1" => Self::Heading(1),
            "h2" => Self::Heading(2),
            "h3" => Self::Heading(3),
            "h4" => Self::Heading(4),
            "h5" => Self::Heading(5),
            "h6" => Self::Heading(6),
            "ul" | "ol" | "dl" => Self::List,
            "li" | "dt" | "dd" => Self::Item,
            "table" => Self::Table,
            "tr" => Self::Row,
            "td" | "th" => Self::Cell,
            "pre" | "listing" | "xmp" => Self::Pre,
            "code" | "samp" | "kbd" => Self::Code,
            "blockquote" => Self::Quote,
            "figure" | "picture" => Self::Figure,
            "figcaption" | "caption" => Self::Caption,
            "form" => Self::Form,
            "label" | "fieldset" | "legend" => Self::Label,
            "time" => Self::Time,
            "details" | "summary" => Self::Details,
            _ => Self::Inline,
        }
    }

    /// Whether elements of this kind stand on lines of their own.
    pub(super) fn is_block(self) -> bool {
        !matches!(
            self,
            Self::Text
                | Self::Inline
                | Self::Link
                | Self::Code
                | Self::Time
                | Self::Label
                | Self::Cell
        )
    }

    /// Whether elements of this kind may hold a whole content.
    pub(super) fn is_container(self) -> bool {
        matches!(
            self,
            Self::Block | Self::Section | Self::Article | Self::Main | Self::Cell
        )
    }
}
