//! Feed documents, read as strictly as their schema is.

use quick_xml::Reader;
use quick_xml::escape::unescape;
use quick_xml::events::{BytesStart, Event};

/// An element.
#[derive(Debug, Default)]
pub(super) struct Node {
    pub(super) name: String,
    pub(super) attributes: Vec<(String, String)>,
    pub(super) children: Vec<Node>,
    pub(super) text: String,
}

/// How often a child may stand there: name, at least, at most.
pub(super) type Child = (&'static str, usize, usize);

/// No bound.
pub(super) const MANY: usize = usize::MAX;

impl Node {
    fn open(start: &BytesStart<'_>) -> Result<Self, String> {
        let mut node = Self { name: start.name().as_ref().to_owned(), ..Self::default() };
        for attribute in start.attributes() {
            let attribute = attribute.map_err(|error| error.to_string())?;
            let name = attribute.key.as_ref().to_owned();
            let value = unescape(&attribute.value).map_err(|error| error.to_string())?.into_owned();
            node.attributes.push((name, value));
        }
        Ok(node)
    }

    /// Reads a document.
    pub(super) fn read(bytes: &[u8]) -> Result<Self, String> {
        let text = std::str::from_utf8(bytes).map_err(|_| "it is no UTF-8".to_owned())?;
        let mut reader = Reader::from_str(text);
        let mut open: Vec<Self> = vec![Self::default()];
        loop {
            let event = reader.read_event().map_err(|error| error.to_string())?;
            match event {
                Event::Start(start) => open.push(Self::open(&start)?),
                Event::Empty(start) => {
                    let node = Self::open(&start)?;
                    if let Some(parent) = open.last_mut() {
                        parent.children.push(node);
                    }
                }
                Event::End(_) => {
                    let node = open.pop().unwrap_or_default();
                    open.last_mut().ok_or("an end too many")?.children.push(node);
                }
                Event::Text(piece) => add(&mut open, &piece),
                Event::CData(piece) => add(&mut open, &piece),
                Event::GeneralRef(name) => {
                    let entity = format!("&{};", &*name);
                    add(&mut open, &unescape(&entity).map_err(|error| error.to_string())?);
                }
                Event::Eof => break,
                Event::DocType(_) => return Err("it has a document type".to_owned()),
                Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
            }
        }
        let mut roots = match open.pop() {
            Some(document) if open.is_empty() => document.children,
            _ => return Err("it ends too soon".to_owned()),
        };
        match (roots.pop(), roots.is_empty()) {
            (Some(root), true) => Ok(root),
            _ => Err("it has no root element, or several".to_owned()),
        }
    }

    /// The first child of a name.
    pub(super) fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.name == name)
    }

    /// The text of a child.
    pub(super) fn value(&self, name: &str) -> Option<&str> {
        self.child(name).map(|child| child.text.as_str())
    }

    /// All children of a name.
    pub(super) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Self> {
        self.children.iter().filter(move |child| child.name == name)
    }

    /// Whether the children are those of the schema, in its order.
    pub(super) fn follows(&self, sequence: &[Child]) -> Result<(), String> {
        let mut rest = self.children.iter().map(|child| child.name.as_str()).peekable();
        for (name, least, most) in sequence {
            let mut count = 0;
            while rest.next_if(|next| next == name).is_some() {
                count += 1;
            }
            if count < *least || count > *most {
                return Err(format!("{} holds {count} of {name}", self.name));
            }
        }
        match rest.next() {
            None => Ok(()),
            Some(next) => Err(format!("{next} stands where {} has no place for it", self.name)),
        }
    }
}

fn add(open: &mut [Node], text: &str) {
    if let Some(node) = open.last_mut() {
        node.text.push_str(text);
    }
}
