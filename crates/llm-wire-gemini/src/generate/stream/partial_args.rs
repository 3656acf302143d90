//! Arguments that come in pieces, each with the JSON path it belongs to (Vertex AI, `streamFunctionCallArguments`),
//! put together as JSON again. Fields stand in the order in which they came.

use llm_core::{Error, ErrorKind};

use crate::generate::part::WirePartialArg;

/// Arguments nest a few levels; more is an attack on the stack.
const DEEPEST: usize = 64;

/// The arguments of one call so far.
#[derive(Debug, Default)]
pub(super) struct PartialArguments {
    root: Node,
    /// Arguments that came whole after all.
    whole: Option<String>,
}

#[derive(Debug, Default)]
enum Node {
    #[default]
    Absent,
    Object(Vec<(String, Node)>),
    List(Vec<Node>),
    /// A string, and whether more of it is to come.
    Text(String, bool),
    /// A number, boolean or null, as JSON.
    Plain(String),
}

#[derive(Debug, PartialEq)]
enum Step {
    Key(String),
    Index(usize),
}

impl PartialArguments {
    /// Takes the arguments as a whole.
    pub(super) fn set(&mut self, json: &str) {
        self.whole = Some(json.to_owned());
    }

    /// Takes one piece.
    pub(super) fn add(&mut self, piece: &WirePartialArg<'_>) -> Result<(), Error> {
        let path = piece.path.as_deref().unwrap_or_default();
        let steps = steps(path).ok_or_else(|| malformed("has a path that is not understood"))?;
        let mut node = &mut self.root;
        for step in steps {
            node = node.child(step)?;
        }
        match (&piece.string, piece.number, piece.boolean) {
            (Some(more), ..) => match node {
                Node::Text(text, open @ true) => {
                    text.push_str(more);
                    *open = piece.will_continue == Some(true);
                }
                node => *node = Node::Text(more.to_string(), piece.will_continue == Some(true)),
            },
            (None, Some(number), _) => *node = Node::Plain(number.get().to_owned()),
            (None, None, Some(boolean)) => *node = Node::Plain(boolean.to_string()),
            (None, None, None) => *node = Node::Plain("null".to_owned()),
        }
        Ok(())
    }

    /// What there is so far, as JSON.
    pub(super) fn into_json(self) -> String {
        match (self.whole, self.root) {
            (Some(json), _) => json,
            (None, Node::Absent) => "{}".to_owned(),
            (None, root) => {
                let mut json = String::new();
                root.write(&mut json);
                json
            }
        }
    }
}

impl Node {
    /// The node one step down, made when absent.
    fn child(&mut self, step: Step) -> Result<&mut Self, Error> {
        match step {
            Step::Key(key) => {
                if !matches!(self, Self::Object(_)) {
                    *self = Self::Object(Vec::new());
                }
                let Self::Object(fields) = self else { return Err(malformed("contradicts the one before")) };
                let at = fields.iter().position(|(name, _)| *name == key).unwrap_or_else(|| {
                    fields.push((key, Self::Absent));
                    fields.len() - 1
                });
                fields.get_mut(at).map(|(_, node)| node)
            }
            Step::Index(index) => {
                if !matches!(self, Self::List(_)) {
                    *self = Self::List(Vec::new());
                }
                let Self::List(nodes) = self else { return Err(malformed("contradicts the one before")) };
                // Elements come in order; an index far behind the end would only make room for nothing.
                if index == nodes.len() {
                    nodes.push(Self::Absent);
                }
                nodes.get_mut(index)
            }
        }
        .ok_or_else(|| malformed("skips elements of a list"))
    }

    fn write(&self, json: &mut String) {
        match self {
            Self::Absent => json.push_str("null"),
            Self::Plain(plain) => json.push_str(plain),
            Self::Text(text, _) => write_text(text, json),
            Self::Object(fields) => {
                json.push('{');
                for (index, (name, node)) in fields.iter().enumerate() {
                    if index > 0 {
                        json.push(',');
                    }
                    write_text(name, json);
                    json.push(':');
                    node.write(json);
                }
                json.push('}');
            }
            Self::List(nodes) => {
                json.push('[');
                for (index, node) in nodes.iter().enumerate() {
                    if index > 0 {
                        json.push(',');
                    }
                    node.write(json);
                }
                json.push(']');
            }
        }
    }
}

fn write_text(text: &str, json: &mut String) {
    // A string cannot fail to be written.
    json.push_str(&serde_json::to_string(text).unwrap_or_default());
}

/// The steps of a path of names and indices: `$.a['b c'][0]`. `None` for anything beyond that part of RFC 9535.
fn steps(path: &str) -> Option<Vec<Step>> {
    let mut rest = path.strip_prefix('$')?;
    let mut steps = Vec::new();
    while !rest.is_empty() {
        if steps.len() == DEEPEST {
            return None;
        }
        if let Some(name) = rest.strip_prefix('.') {
            let end = name.find(['.', '[']).unwrap_or(name.len());
            let (name, after) = name.split_at_checked(end)?;
            if name.is_empty() {
                return None;
            }
            steps.push(Step::Key(name.to_owned()));
            rest = after;
            continue;
        }
        let inside = rest.strip_prefix('[')?;
        if let Some(quote @ ('\'' | '"')) = inside.chars().next() {
            let (key, after) = quoted(inside.get(1..)?, quote)?;
            steps.push(Step::Key(key));
            rest = after.strip_prefix(']')?;
        } else {
            let (index, after) = inside.split_once(']')?;
            steps.push(Step::Index(index.parse().ok()?));
            rest = after;
        }
    }
    Some(steps)
}

/// A quoted name up to its closing quote, and what follows.
fn quoted(text: &str, quote: char) -> Option<(String, &str)> {
    let mut name = String::new();
    let mut letters = text.char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '\\' => name.push(letters.next()?.1),
            letter if letter == quote => return Some((name, text.get(at + 1..)?)),
            letter => name.push(letter),
        }
    }
    None
}

fn malformed(what: &str) -> Error {
    Error::new(ErrorKind::Malformed, format!("reading the vendor's stream: a piece of a call's arguments {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn build(pieces: &[&str]) -> Result<String, Error> {
        let mut arguments = PartialArguments::default();
        for piece in pieces {
            arguments.add(&serde_json::from_str(piece).unwrap())?;
        }
        Ok(arguments.into_json())
    }

    #[test]
    fn pieces_become_json() {
        let json = build(&[
            r#"{"jsonPath": "$.to.city", "stringValue": "Mün", "willContinue": true}"#,
            r#"{"jsonPath": "$.to.city", "stringValue": "ster \"", "willContinue": true}"#,
            r#"{"jsonPath": "$.to.city", "stringValue": ""}"#,
            r#"{"jsonPath": "$.days[0]", "numberValue": 1.50}"#,
            r#"{"jsonPath": "$.days[1]['a b']", "boolValue": true}"#,
            r#"{"jsonPath": "$.days[2]", "nullValue": "NULL_VALUE"}"#,
            r#"{"jsonPath": "$.a", "stringValue": "first"}"#,
            r#"{"jsonPath": "$.a", "stringValue": "second"}"#,
        ]);
        let expected = r#"{"to":{"city":"Münster \""},"days":[1.50,{"a b":true},null],"a":"second"}"#;
        assert_eq!(json.unwrap(), expected);
        assert_eq!(build(&[]).unwrap(), "{}");
    }

    #[test]
    fn nonsense_is_an_error() {
        let deep = format!(r#"{{"jsonPath": "${}", "boolValue": true}}"#, ".a".repeat(100_000));
        for piece in [
            r#"{"jsonPath": "$.list[4000000000]", "boolValue": true}"#,
            r#"{"jsonPath": "$..a", "boolValue": true}"#,
            r#"{"jsonPath": "$[*]", "boolValue": true}"#,
            r#"{"jsonPath": "a", "boolValue": true}"#,
            r#"{"jsonPath": "$['a", "boolValue": true}"#,
            &deep,
        ] {
            let error = build(&[piece]).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Malformed, "{piece:.40}");
        }
    }
}
