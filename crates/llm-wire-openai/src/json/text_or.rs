//! A field that is a string or a list.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, SeqAccess, Visitor};

use super::{Raw, within};

/// A string or a list, whose errors name the element.
#[derive(Debug)]
pub(crate) enum TextOr<'a, T> {
    Text(Cow<'a, str>),
    List(Vec<T>),
}

/// What can be in such a list.
pub(crate) trait Listed {
    /// What the field must be.
    const EXPECTED: &'static str;
}

impl Listed for String {
    const EXPECTED: &'static str = "a string or a list of strings";
}

impl Listed for Raw<'_> {
    const EXPECTED: &'static str = "a string or a list";
}

impl<'de, T: Listed + Deserialize<'de>> Deserialize<'de> for TextOr<'de, T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either<T>(PhantomData<T>);

        impl<'de, T: Listed + Deserialize<'de>> Visitor<'de> for Either<T> {
            type Value = TextOr<'de, T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(T::EXPECTED)
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(TextOr::Text(Cow::Borrowed(text)))
            }

            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(TextOr::Text(Cow::Owned(text.to_owned())))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
                let mut list = Vec::new();
                loop {
                    let place = list.len();
                    match seq.next_element().map_err(|error| within(format_args!("[{place}]"), &error))? {
                        Some(element) => list.push(element),
                        None => return Ok(TextOr::List(list)),
                    }
                }
            }
        }

        deserializer.deserialize_any(Either(PhantomData))
    }
}
