//! XML to send: elements with escaped text. Reading is roxmltree's.

/// A text that grows element by element.
#[derive(Debug, Default)]
pub(super) struct Xml(String);

impl Xml {
    /// With the declaration.
    pub(super) fn document() -> Self {
        Self("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n".to_owned())
    }

    /// An element with text.
    pub(super) fn element(&mut self, name: &str, text: &str) {
        self.0.extend(["<", name, ">", &escaped(text), "</", name, ">"]);
    }

    /// An element without content.
    pub(super) fn empty(&mut self, name: &str, attributes: &[(&str, &str)]) {
        self.start(name, attributes);
        self.0.truncate(self.0.len() - 1);
        self.0.push_str("/>");
    }

    /// An element around others.
    pub(super) fn within(
        &mut self,
        name: &str,
        attributes: &[(&str, &str)],
        content: impl FnOnce(&mut Self),
    ) {
        self.start(name, attributes);
        content(self);
        self.0.extend(["</", name, ">"]);
    }

    /// Text between elements.
    pub(super) fn text(&mut self, text: &str) {
        self.0.push_str(&escaped(text));
    }

    /// Elements that were written before.
    pub(super) fn raw(&mut self, elements: &str) {
        self.0.push_str(elements);
    }

    /// The document.
    pub(super) fn into_text(self) -> String {
        self.0
    }

    fn start(&mut self, name: &str, attributes: &[(&str, &str)]) {
        self.0.push('<');
        self.0.push_str(name);
        for (key, value) in attributes {
            self.0.extend([" ", key, "=\"", &escaped(value), "\""]);
        }
        self.0.push('>');
    }
}

/// Text as it may stand in an element or an attribute. Control characters, which XML 1.0 cannot hold, are left out.
pub(super) fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\t' | '\n' | '\r' => escaped.push(' '),
            '\u{fffe}' | '\u{ffff}' => {}
            c if c.is_control() => {}
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_hostile_is_escaped() {
        let mut xml = Xml::default();
        xml.within("a", &[("k", "\"><x>")], |xml| {
            xml.element("b", "1 < 2 & \u{0}3");
            xml.empty("c", &[]);
        });
        let text = xml.into_text();
        assert_eq!(text, "<a k=\"&quot;&gt;&lt;x&gt;\"><b>1 &lt; 2 &amp; 3</b><c/></a>");
        assert!(roxmltree::Document::parse(&text).is_ok());
    }
}
