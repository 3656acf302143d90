//! Counts and indices as they come: whole, as a float, or as a string, in which form the JSON of protocol buffers writes 64
//! bits (protobuf.dev/programming-guides/json, read 2026-11). Anything else is no number, and no reason to lose an answer.

use std::fmt;

use serde::de::{Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::place::Field;

impl<'de> Field<'de> for u64 {
    fn read<D: Deserializer<'de>>(place: &mut Option<Self>, deserializer: D) -> Result<(), D::Error> {
        *place = deserializer.deserialize_any(Number)?;
        Ok(())
    }
}

/// Smaller numbers; one that is too large is none.
macro_rules! smaller {
    ($($type:ty),*) => {
        $(impl<'de> Field<'de> for $type {
            fn read<D: Deserializer<'de>>(place: &mut Option<Self>, deserializer: D) -> Result<(), D::Error> {
                *place = deserializer.deserialize_any(Number)?.and_then(|number| number.try_into().ok());
                Ok(())
            }
        })*
    };
}
smaller!(u32, usize);

struct Number;

impl<'de> Visitor<'de> for Number {
    type Value = Option<u64>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a whole number")
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Self::Value, E> {
        Ok(Some(number))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Self::Value, E> {
        Ok(number.try_into().ok())
    }

    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked to be whole and in range")]
    fn visit_f64<E: Error>(self, number: f64) -> Result<Self::Value, E> {
        const LARGEST: f64 = 9_007_199_254_740_992.0;
        Ok((number.fract() == 0.0 && (0.0..=LARGEST).contains(&number)).then_some(number as u64))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(text.parse().ok())
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(None)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Self::Value, A::Error> {
        while object.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_in_three_forms() {
        let read = |json: &str| {
            let mut place: Option<u64> = Some(1);
            Field::read(&mut place, &mut serde_json::Deserializer::from_str(json)).unwrap();
            place
        };
        for (json, number) in [
            ("7", Some(7)),
            ("7.0", Some(7)),
            ("\"7\"", Some(7)),
            ("7.5", None),
            ("-7", None),
            ("1e300", None),
            ("\"many\"", None),
            ("null", None),
            ("[[1], {}]", None),
            ("{\"a\": [1]}", None),
            ("true", None),
        ] {
            assert_eq!(read(json), number, "{json}");
        }
    }
}
