//! Scalars that vendors send in more than one type. Reading one never fails: what cannot be used is absent.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// Text that borrows from the body where JSON lets it. Numbers are taken as text (`"code": 400`), null as nothing.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Loose<'a>(pub(crate) Cow<'a, str>);

impl<'a> Loose<'a> {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The text, unless it is empty: vendors write `""` where they mean nothing.
    pub(crate) fn some(self) -> Option<Cow<'a, str>> {
        (!self.0.is_empty()).then_some(self.0)
    }

    /// The same, owned.
    pub(crate) fn owned(self) -> Option<String> {
        self.some().map(Cow::into_owned)
    }

    /// The same, borrowed.
    pub(crate) fn as_some(&self) -> Option<&str> {
        (!self.0.is_empty()).then_some(&*self.0)
    }
}

impl<'de> Deserialize<'de> for Loose<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;

        impl<'de> Visitor<'de> for Text {
            type Value = Cow<'de, str>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("text")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Cow::Borrowed(text))
            }

            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Cow::Owned(text.to_owned()))
            }

            fn visit_string<E>(self, text: String) -> Result<Self::Value, E> {
                Ok(Cow::Owned(text))
            }

            fn visit_u64<E>(self, number: u64) -> Result<Self::Value, E> {
                Ok(Cow::Owned(number.to_string()))
            }

            fn visit_i64<E>(self, number: i64) -> Result<Self::Value, E> {
                Ok(Cow::Owned(number.to_string()))
            }

            fn visit_f64<E>(self, number: f64) -> Result<Self::Value, E> {
                Ok(Cow::Owned(number.to_string()))
            }

            fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
                Ok(Cow::Borrowed(""))
            }

            fn visit_unit<E>(self) -> Result<Self::Value, E> {
                Ok(Cow::Borrowed(""))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Self::Value, A::Error> {
                drain_seq(seq).map(|()| Cow::Borrowed(""))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                drain_map(map).map(|()| Cow::Borrowed(""))
            }
        }

        deserializer.deserialize_any(Text).map(Self)
    }
}

/// A count. Whole floats and digits in a string are taken too; anything else is absent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Number(pub(crate) Option<u64>);

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Count;

        impl<'de> Visitor<'de> for Count {
            type Value = Option<u64>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a count")
            }

            fn visit_u64<E>(self, number: u64) -> Result<Self::Value, E> {
                Ok(Some(number))
            }

            fn visit_i64<E>(self, number: i64) -> Result<Self::Value, E> {
                Ok(u64::try_from(number).ok())
            }

            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "checked to be whole and small"
            )]
            fn visit_f64<E>(self, number: f64) -> Result<Self::Value, E> {
                // 2^53, up to which every whole number is exact.
                let whole = number.fract() == 0.0 && (0.0..=9_007_199_254_740_992.0).contains(&number);
                Ok(whole.then_some(number as u64))
            }

            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(text.trim().parse().ok())
            }

            fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
                Ok(None)
            }

            fn visit_unit<E>(self) -> Result<Self::Value, E> {
                Ok(None)
            }

            fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Self::Value, A::Error> {
                drain_seq(seq).map(|()| None)
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                drain_map(map).map(|()| None)
            }
        }

        deserializer.deserialize_any(Count).map(Self)
    }
}

fn drain_seq<'de, A: SeqAccess<'de>>(mut seq: A) -> Result<(), A::Error> {
    while seq.next_element::<IgnoredAny>()?.is_some() {}
    Ok(())
}

fn drain_map<'de, A: MapAccess<'de>>(mut map: A) -> Result<(), A::Error> {
    while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(json: &str) -> String {
        serde_json::from_str::<Loose<'_>>(json).unwrap().0.into_owned()
    }

    fn number(json: &str) -> Option<u64> {
        serde_json::from_str::<Number>(json).unwrap().0
    }

    #[test]
    fn takes_text_in_any_type() {
        assert_eq!(text(r#""plain""#), "plain");
        assert_eq!(text(r#""a\nb""#), "a\nb");
        assert_eq!(text("400"), "400");
        assert_eq!(text("-1"), "-1");
        assert_eq!(text("1.5"), "1.5");
        assert_eq!(text("null"), "");
        assert_eq!(text(r#"[1,{"a":2}]"#), "");
        assert_eq!(text(r#"{"a":[]}"#), "");
        assert!(matches!(serde_json::from_str::<Loose<'_>>(r#""plain""#).unwrap().0, Cow::Borrowed(_)));
    }

    #[test]
    fn takes_counts_in_any_type() {
        assert_eq!(number("7"), Some(7));
        assert_eq!(number("7.0"), Some(7));
        assert_eq!(number("7.5"), None);
        assert_eq!(number("-7"), None);
        assert_eq!(number(r#""1715361795""#), Some(1_715_361_795));
        assert_eq!(number(r#""soon""#), None);
        assert_eq!(number("null"), None);
        assert_eq!(number("[1]"), None);
    }
}
