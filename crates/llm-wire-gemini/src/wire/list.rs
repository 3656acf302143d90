//! A list whose first element needs no allocation: a streamed chunk has one candidate with one part, nearly always.

use std::fmt;

use serde::de::{Deserializer, Error, MapAccess, SeqAccess, Visitor};

use super::place::{ElementPlace, Field, Fill, fill_field};

/// The elements of a JSON array, those that are `null` left out. `null` is an empty list and a lone object a list of one, as
/// at the vendor.
#[derive(Debug)]
pub(crate) struct List<T> {
    first: Option<T>,
    rest: Vec<T>,
}

impl<T> Default for List<T> {
    fn default() -> Self {
        Self { first: None, rest: Vec::new() }
    }
}

impl<T> List<T> {
    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.first.iter_mut().chain(&mut self.rest)
    }
}

impl<T> IntoIterator for List<T> {
    type Item = T;
    type IntoIter = std::iter::Chain<std::option::IntoIter<T>, std::vec::IntoIter<T>>;

    fn into_iter(self) -> Self::IntoIter {
        self.first.into_iter().chain(self.rest)
    }
}

impl<'de, T: Fill<'de>> Fill<'de> for List<T> {
    fn fill<D: Deserializer<'de>>(&mut self, deserializer: D) -> Result<(), D::Error> {
        struct Elements<'p, T>(&'p mut List<T>);
        impl<'de, T: Fill<'de>> Visitor<'de> for Elements<'_, T> {
            type Value = ();

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<(), A::Error> {
                let List { first, rest } = self.0;
                while first.is_none() {
                    if elements.next_element_seed(ElementPlace(first))?.is_none() {
                        return Ok(());
                    }
                }
                let mut next = None;
                while elements.next_element_seed(ElementPlace(&mut next))?.is_some() {
                    rest.extend(next.take());
                }
                Ok(())
            }

            fn visit_map<A: MapAccess<'de>>(self, object: A) -> Result<(), A::Error> {
                self.0.first.insert(T::default()).fill(serde::de::value::MapAccessDeserializer::new(object))
            }

            fn visit_unit<E: Error>(self) -> Result<(), E> {
                Ok(())
            }
        }
        deserializer.deserialize_any(Elements(self))
    }
}

impl<'de, T: Fill<'de>> Field<'de> for List<T> {
    fn read<D: Deserializer<'de>>(place: &mut Option<Self>, deserializer: D) -> Result<(), D::Error> {
        fill_field(place, deserializer)
    }
}
