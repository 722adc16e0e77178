//! Writing XML: every text is escaped, every element closed.

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event};

/// An XML document that grows from top to bottom.
pub(super) struct Xml(Writer<Vec<u8>>);

impl Xml {
    /// With its declaration.
    pub(super) fn new() -> Result<Self, String> {
        let mut xml = Self::part();
        xml.event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
        Ok(xml)
    }

    /// Without one: to be measured.
    pub(super) fn part() -> Self {
        Self(Writer::new(Vec::new()))
    }

    pub(super) fn bytes(self) -> Vec<u8> {
        self.0.into_inner()
    }

    fn event(&mut self, event: Event<'_>) -> Result<(), String> {
        self.0.write_event(event).map_err(|error| format!("the document cannot be written: {error}"))
    }

    /// An element that holds others.
    pub(super) fn parent(
        &mut self,
        name: &str,
        inner: impl FnOnce(&mut Self) -> Result<(), String>,
    ) -> Result<(), String> {
        self.with(BytesStart::new(name), name, inner)
    }

    /// An element with attributes.
    pub(super) fn parent_with(
        &mut self,
        name: &str,
        attributes: &[(&str, &str)],
        inner: impl FnOnce(&mut Self) -> Result<(), String>,
    ) -> Result<(), String> {
        let start = BytesStart::new(name).with_attributes(attributes.iter().copied());
        self.with(start, name, inner)
    }

    fn with(
        &mut self,
        start: BytesStart<'_>,
        name: &str,
        inner: impl FnOnce(&mut Self) -> Result<(), String>,
    ) -> Result<(), String> {
        self.event(Event::Start(start))?;
        inner(self)?;
        self.event(Event::End(BytesEnd::new(name)))
    }

    /// An element that holds a text.
    pub(super) fn text(&mut self, name: &str, text: &str) -> Result<(), String> {
        self.parent(name, |xml| xml.event(Event::Text(BytesText::new(text))))
    }

    /// An element that holds a text, with attributes.
    pub(super) fn text_with(
        &mut self,
        name: &str,
        attributes: &[(&str, &str)],
        text: &str,
    ) -> Result<(), String> {
        self.parent_with(name, attributes, |xml| xml.event(Event::Text(BytesText::new(text))))
    }
}
