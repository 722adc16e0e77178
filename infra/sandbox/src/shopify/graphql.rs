//! As much of GraphQL's language as queries need: fields, arguments, variables, fragments, `@include`, `@skip`.

use std::collections::BTreeMap;

use serde_json::Value;

/// What is selected in an object.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Selection {
    /// A field.
    Field(Field),
    /// `... on Type { }` or `... { }`.
    Inline { on: Option<String>, conditions: Conditions, fields: Vec<Selection> },
    /// `...Name`.
    Spread { name: String, conditions: Conditions },
}

/// A field with its arguments.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Field {
    /// The name it is answered under.
    pub(super) alias: String,
    /// The name it has.
    pub(super) name: String,
    pub(super) arguments: Vec<(String, Argument)>,
    pub(super) conditions: Conditions,
    pub(super) fields: Vec<Selection>,
}

/// A value as written, with variables in it.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Argument {
    Variable(String),
    Plain(Value),
    List(Vec<Argument>),
}

impl Argument {
    /// The value, with the variables put in.
    pub(super) fn value(&self, variables: &Value) -> Value {
        match self {
            Self::Variable(name) => variables.get(name).cloned().unwrap_or(Value::Null),
            Self::Plain(value) => value.clone(),
            Self::List(rows) => rows.iter().map(|row| row.value(variables)).collect(),
        }
    }
}

/// `@include(if:)` and `@skip(if:)`.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Conditions(Vec<(bool, Argument)>);

impl Conditions {
    /// Whether what carries them counts.
    pub(super) fn hold(&self, variables: &Value) -> bool {
        self.0.iter().all(|(wanted, argument)| argument.value(variables) == Value::Bool(*wanted))
    }
}

/// A query out of a document, and the document's fragments.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Query {
    /// It changes something.
    pub(super) mutation: bool,
    pub(super) name: Option<String>,
    pub(super) fields: Vec<Selection>,
    /// By name: the type they are on, and what they select.
    pub(super) fragments: BTreeMap<String, (String, Vec<Selection>)>,
}

/// Reads the document and picks the query of this name, or the only one.
///
/// # Errors
/// What is wrong, for a person.
pub(super) fn parse(document: &str, name: Option<&str>) -> Result<Query, String> {
    let mut parser = Parser { tokens: tokens(document)?, at: 0 };
    let mut queries: Vec<(bool, Option<String>, Vec<Selection>)> = Vec::new();
    let mut fragments = BTreeMap::new();
    while let Some(token) = parser.peek().cloned() {
        match token {
            Token::Mark('{') => queries.push((false, None, parser.selections(0)?)),
            Token::Name(word) if ["query", "mutation"].contains(&word.as_str()) => {
                parser.at += 1;
                let name = parser.optional_name();
                if parser.peek() == Some(&Token::Mark('(')) {
                    parser.skip_definitions()?;
                }
                queries.push((word == "mutation", name, parser.selections(0)?));
            }
            Token::Name(word) if word == "fragment" => {
                parser.at += 1;
                let name = parser.name()?;
                parser.expect(&Token::Name("on".to_owned()))?;
                let on = parser.name()?;
                fragments.insert(name, (on, parser.selections(0)?));
            }
            other @ (Token::Name(_) | Token::Text(_) | Token::Number(_) | Token::Mark(_) | Token::Dots) => {
                return Err(format!("expected a query, found {other:?}"));
            }
        }
    }
    let found = match name {
        Some(name) => queries.into_iter().find(|(_, own, _)| own.as_deref() == Some(name)),
        None if queries.len() > 1 => return Err("an operation name is required".to_owned()),
        None => queries.into_iter().next(),
    };
    let (mutation, name, fields) = found.ok_or("no operation of this name")?;
    Ok(Query { mutation, name, fields, fragments })
}

#[derive(Clone, Debug, PartialEq)]
enum Token {
    Name(String),
    Text(String),
    Number(serde_json::Number),
    Mark(char),
    Dots,
}

fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start_matches('\u{feff}');
    while let Some(first) = rest.chars().next() {
        let taken = match first {
            c if c.is_whitespace() || c == ',' => c.len_utf8(),
            '#' => rest.find('\n').unwrap_or(rest.len()),
            '.' if rest.starts_with("...") => {
                tokens.push(Token::Dots);
                3
            }
            '{' | '}' | '(' | ')' | '[' | ']' | ':' | '$' | '!' | '@' | '=' => {
                tokens.push(Token::Mark(first));
                1
            }
            '"' => {
                // GraphQL's text is written as JSON's is, block texts apart, which nobody sends here.
                let mut texts = serde_json::Deserializer::from_str(rest).into_iter::<String>();
                let read = texts.next().and_then(Result::ok).ok_or("a text that does not end")?;
                tokens.push(Token::Text(read));
                texts.byte_offset()
            }
            c if c.is_ascii_digit() || c == '-' => {
                let end = rest.find(|c: char| !"+-.eE0123456789".contains(c)).unwrap_or(rest.len());
                let number = rest.get(..end).unwrap_or_default();
                tokens.push(Token::Number(number.parse().map_err(|_| format!("{number} is no number"))?));
                end
            }
            c if c.is_ascii_alphabetic() || c == '_' => {
                let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
                tokens.push(Token::Name(rest.get(..end).unwrap_or_default().to_owned()));
                end
            }
            other => return Err(format!("unexpected {other:?}")),
        };
        rest = rest.get(taken..).unwrap_or_default();
    }
    Ok(tokens)
}

struct Parser {
    tokens: Vec<Token>,
    at: usize,
}

/// How deep a query may go.
const DEEPEST: usize = 30;

impl Parser {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    fn next(&mut self) -> Result<Token, String> {
        let token = self.peek().cloned().ok_or("the query ends too early")?;
        self.at += 1;
        Ok(token)
    }

    fn expect(&mut self, wanted: &Token) -> Result<(), String> {
        let found = self.next()?;
        if found == *wanted { Ok(()) } else { Err(format!("expected {wanted:?}, found {found:?}")) }
    }

    fn name(&mut self) -> Result<String, String> {
        match self.next()? {
            Token::Name(name) => Ok(name),
            other @ (Token::Text(_) | Token::Number(_) | Token::Mark(_) | Token::Dots) => {
                Err(format!("expected a name, found {other:?}"))
            }
        }
    }

    fn optional_name(&mut self) -> Option<String> {
        matches!(self.peek(), Some(Token::Name(_))).then(|| self.name().ok()).flatten()
    }

    /// Passes over `($id: ID!, …)`: what variables there are is told by their use.
    fn skip_definitions(&mut self) -> Result<(), String> {
        while self.next()? != Token::Mark(')') {}
        Ok(())
    }

    fn selections(&mut self, depth: usize) -> Result<Vec<Selection>, String> {
        if depth > DEEPEST {
            return Err("the query is too deep".to_owned());
        }
        self.expect(&Token::Mark('{'))?;
        let mut all = Vec::new();
        while self.peek() != Some(&Token::Mark('}')) {
            all.push(self.selection(depth)?);
        }
        self.at += 1;
        Ok(all)
    }

    fn selection(&mut self, depth: usize) -> Result<Selection, String> {
        if self.peek() == Some(&Token::Dots) {
            self.at += 1;
            return match self.optional_name() {
                Some(name) if name == "on" => {
                    let on = Some(self.name()?);
                    let conditions = self.conditions()?;
                    Ok(Selection::Inline { on, conditions, fields: self.selections(depth + 1)? })
                }
                Some(name) => Ok(Selection::Spread { name, conditions: self.conditions()? }),
                None => {
                    let conditions = self.conditions()?;
                    Ok(Selection::Inline { on: None, conditions, fields: self.selections(depth + 1)? })
                }
            };
        }
        let alias = self.name()?;
        let name = if self.peek() == Some(&Token::Mark(':')) {
            self.at += 1;
            self.name()?
        } else {
            alias.clone()
        };
        let arguments = self.arguments()?;
        let conditions = self.conditions()?;
        let fields =
            if self.peek() == Some(&Token::Mark('{')) { self.selections(depth + 1)? } else { Vec::new() };
        Ok(Selection::Field(Field { alias, name, arguments, conditions, fields }))
    }

    fn arguments(&mut self) -> Result<Vec<(String, Argument)>, String> {
        let mut all = Vec::new();
        if self.peek() != Some(&Token::Mark('(')) {
            return Ok(all);
        }
        self.at += 1;
        while self.peek() != Some(&Token::Mark(')')) {
            let name = self.name()?;
            self.expect(&Token::Mark(':'))?;
            all.push((name, self.argument(0)?));
        }
        self.at += 1;
        Ok(all)
    }

    fn argument(&mut self, depth: usize) -> Result<Argument, String> {
        if depth > DEEPEST {
            return Err("an argument is too deep".to_owned());
        }
        Ok(match self.next()? {
            Token::Mark('$') => Argument::Variable(self.name()?),
            Token::Mark('[') => {
                let mut rows = Vec::new();
                while self.peek() != Some(&Token::Mark(']')) {
                    rows.push(self.argument(depth + 1)?);
                }
                self.at += 1;
                Argument::List(rows)
            }
            Token::Name(word) => Argument::Plain(match word.as_str() {
                "true" => Value::Bool(true),
                "false" => Value::Bool(false),
                "null" => Value::Null,
                _ => Value::String(word),
            }),
            Token::Text(text) => Argument::Plain(Value::String(text)),
            Token::Number(number) => Argument::Plain(Value::Number(number)),
            other @ (Token::Mark(_) | Token::Dots) => {
                return Err(format!("expected a value, found {other:?}"));
            }
        })
    }

    fn conditions(&mut self) -> Result<Conditions, String> {
        let mut all = Vec::new();
        while self.peek() == Some(&Token::Mark('@')) {
            self.at += 1;
            let wanted = match self.name()?.as_str() {
                "include" => true,
                "skip" => false,
                other => return Err(format!("unknown directive @{other}")),
            };
            let arguments = self.arguments()?;
            let condition =
                arguments.into_iter().find(|(name, _)| name == "if").ok_or("a directive without `if`")?;
            all.push((wanted, condition.1));
        }
        Ok(Conditions(all))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_are_read_with_all_that_clients_write() {
        let text = r#"
            # two operations
            query A($id: ID!, $n: Int = 5) { order(id: $id) { ...F, a: name @skip(if: true) } }
            query B { nodes(ids: ["x", $y], first: 3, key: UPDATED_AT) { ... on Order @include(if: $z) { id } } }
            fragment F on Order { id }
        "#;
        let a = parse(text, Some("A")).unwrap();
        assert_eq!(a.fragments["F"].0, "Order");
        assert_eq!(parse(text, Some("B")).unwrap().name.as_deref(), Some("B"));
        assert!(parse("mutation M { a }", None).unwrap().mutation && !parse("{ a }", None).unwrap().mutation);
        assert!(parse(text, None).is_err());
        assert!(parse(text, Some("C")).is_err());
        for broken in
            ["", "{", "{ a(", "subscription { a }", "{ a(b: ) }", "{ a \u{1} }", "{ a(b: \"x) }", "query Q($"]
        {
            assert!(parse(broken, None).is_err(), "{broken}");
        }
        assert!(parse(&"{ a ".repeat(100_000), None).is_err(), "depth is bounded");
    }
}
