//! What is to be turned into vectors: one text or several, or the same as token numbers.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, SeqAccess, Visitor};
use serde_json::Value;

use crate::json::within;

/// The field `input`.
#[derive(Debug)]
pub(crate) enum InputIn {
    Texts(Vec<String>),
    /// One list of numbers, or a list of such lists.
    Tokens(Value),
}

/// One of a list.
enum Element {
    Text(String),
    Number(u64),
    Numbers(Vec<u64>),
}

impl Element {
    fn into_tokens(self) -> Option<Value> {
        match self {
            Self::Text(_) => None,
            Self::Number(number) => Some(number.into()),
            Self::Numbers(numbers) => Some(numbers.into()),
        }
    }
}

impl<'de> Deserialize<'de> for Element {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;

        impl<'de> Visitor<'de> for Any {
            type Value = Element;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string or token numbers")
            }

            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Element::Text(text.to_owned()))
            }

            fn visit_u64<E>(self, number: u64) -> Result<Self::Value, E> {
                Ok(Element::Number(number))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
                let mut numbers = Vec::new();
                while let Some(number) = seq.next_element()? {
                    numbers.push(number);
                }
                Ok(Element::Numbers(numbers))
            }
        }

        deserializer.deserialize_any(Any)
    }
}

impl<'de> Deserialize<'de> for InputIn {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Input;

        impl<'de> Visitor<'de> for Input {
            type Value = InputIn;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string or a list of strings")
            }

            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(InputIn::Texts(vec![text.to_owned()]))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
                let (mut texts, mut tokens) = (Vec::new(), Vec::new());
                loop {
                    let place = texts.len() + tokens.len();
                    match seq.next_element().map_err(|error| within(format_args!("[{place}]"), &error))? {
                        Some(Element::Text(text)) => texts.push(text),
                        Some(element) => tokens.extend(element.into_tokens()),
                        None => break,
                    }
                }
                let lists = tokens.iter().filter(|one| one.is_array()).count();
                let mixed = lists > 0 && lists < tokens.len();
                match (texts.is_empty(), tokens.is_empty()) {
                    (_, true) => Ok(InputIn::Texts(texts)),
                    (true, false) if !mixed => Ok(InputIn::Tokens(Value::Array(tokens))),
                    _ => Err(A::Error::custom("invalid type: several kinds, expected strings or token numbers")),
                }
            }
        }

        deserializer.deserialize_any(Input)
    }
}
