//! Objects with known fields and a place for the others: `wire_object!`.
//!
//! Serde's `flatten` copies every field into a buffer first; these visitors borrow instead, and null is the default.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error as _, IgnoredAny, MapAccess, Visitor};
use serde_json::{Map, Value};

use super::{Raw, within};

/// A string and nothing else, borrowed where JSON lets it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Str<'a>(pub(crate) Cow<'a, str>);

impl<'de> Deserialize<'de> for Str<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;

        impl<'de> Visitor<'de> for Text {
            type Value = Cow<'de, str>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Cow::Borrowed(text))
            }

            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Cow::Owned(text.to_owned()))
            }
        }

        deserializer.deserialize_str(Text).map(Self)
    }
}

/// Where the fields go that an object's type does not name.
pub(crate) trait Rest<'de>: Default {
    /// Takes one field.
    fn take<A: MapAccess<'de>>(&mut self, name: Cow<'de, str>, map: &mut A) -> Result<(), A::Error>;
}

/// They are left out.
#[derive(Debug, Default)]
pub(crate) struct Ignored;

impl<'de> Rest<'de> for Ignored {
    fn take<A: MapAccess<'de>>(&mut self, _: Cow<'de, str>, map: &mut A) -> Result<(), A::Error> {
        map.next_value::<IgnoredAny>().map(drop)
    }
}

/// They are kept unread, nulls left out.
#[derive(Debug, Default)]
pub(crate) struct Kept<'a>(pub(crate) Vec<(Cow<'a, str>, Raw<'a>)>);

impl<'a> Kept<'a> {
    /// The value of a field that is a string without escapes, such as an id or a status.
    pub(crate) fn word(&self, name: &str) -> Option<&'a str> {
        let (_, raw) = self.0.iter().find(|(known, _)| known == name)?;
        raw.get().strip_prefix('"')?.strip_suffix('"').filter(|word| !word.contains('\\'))
    }

    /// Reads the fields into an object.
    pub(crate) fn read_into(&self, object: &mut Map<String, Value>) {
        for (name, raw) in &self.0 {
            if let Some(value) = super::parse(raw) {
                object.insert(name.clone().into_owned(), value);
            }
        }
    }
}

impl<'de> Rest<'de> for Kept<'de> {
    fn take<A: MapAccess<'de>>(&mut self, name: Cow<'de, str>, map: &mut A) -> Result<(), A::Error> {
        if let Some(raw) = map.next_value::<Option<Raw<'de>>>()? {
            self.0.push((name, raw));
        }
        Ok(())
    }
}

/// They are kept read; one that comes twice is an error.
impl<'de> Rest<'de> for Map<String, Value> {
    fn take<A: MapAccess<'de>>(&mut self, name: Cow<'de, str>, map: &mut A) -> Result<(), A::Error> {
        let value = map.next_value().map_err(|error| within(&name, &error))?;
        if self.contains_key(&*name) {
            return Err(A::Error::custom(format_args!("duplicate field `{name}`")));
        }
        self.insert(name.into_owned(), value);
        Ok(())
    }
}

/// Declares a type for a JSON object: each known field with its name in JSON, names that are passed over, and one
/// [`Rest`] for all others.
///
/// Null is a field's default. In a `lenient` object the last of several fields of one name counts; in a `strict` one a
/// second is an error, and every known field must be an `Option`.
macro_rules! wire_object {
    (
        $(#[$meta:meta])*
        $mode:ident struct $name:ident<$life:lifetime> {
            $($(#[$doc:meta])* $key:literal => $field:ident: $type:ty,)*
        }
        skip: [$($skip:literal),*]
        rest: $rest:ty
    ) => {
        $(#[$meta])*
        #[derive(Debug, Default)]
        pub(crate) struct $name<$life> {
            $($(#[$doc])* pub(crate) $field: $type,)*
            /// Fields that this type does not name.
            pub(crate) rest: $rest,
            life: std::marker::PhantomData<&$life ()>,
        }

        impl<$life> serde::Deserialize<$life> for $name<$life> {
            fn deserialize<D: serde::Deserializer<$life>>(deserializer: D) -> Result<Self, D::Error> {
                struct Object;

                impl<'de> serde::de::Visitor<'de> for Object {
                    type Value = $name<'de>;

                    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        f.write_str("an object")
                    }

                    fn visit_unit<E>(self) -> Result<Self::Value, E> {
                        Ok($name::default())
                    }

                    fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                        let mut object = $name::default();
                        while let Some($crate::json::Str(name)) = map.next_key()? {
                            match &*name {
                                $($key => {
                                    wire_object!(@once $mode object.$field, $key);
                                    object.$field =
                                        wire_object!(@within $mode $key, map.next_value::<Option<_>>()).unwrap_or_default();
                                })*
                                $($skip => {
                                    map.next_value::<serde::de::IgnoredAny>()?;
                                })*
                                _ => $crate::json::Rest::take(&mut object.rest, name, &mut map)?,
                            }
                        }
                        Ok(object)
                    }

                    wire_object!(@list $mode $name);
                }

                deserializer.deserialize_any(Object)
            }
        }
    };
    // An empty object that went through PHP is an empty list; no list says anything where an object should be.
    (@list lenient $name:ident) => {
        fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
            while list.next_element::<serde::de::IgnoredAny>()?.is_some() {}
            Ok($name::default())
        }
    };
    (@list strict $name:ident) => {};
    (@within lenient $key:literal, $value:expr) => { $value? };
    (@within strict $key:literal, $value:expr) => { $value.map_err(|error| $crate::json::within($key, &error))? };
    (@once lenient $field:expr, $key:literal) => {};
    (@once strict $field:expr, $key:literal) => {
        if $field.is_some() {
            return Err(serde::de::Error::duplicate_field($key));
        }
    };
}

#[cfg(test)]
mod tests {
    use super::super::{Loose, Number};
    use super::*;

    wire_object! {
        lenient struct Sample<'a> {
            "type" => kind: Loose<'a>,
            "count" => count: Number,
        }
        skip: ["noise"]
        rest: Kept<'a>
    }

    wire_object! {
        strict struct Exact<'a> {
            "name" => name: Option<Str<'a>>,
        }
        skip: []
        rest: Map<String, Value>
    }

    #[test]
    fn names_some_fields_and_keeps_the_others() {
        let sample: Sample<'_> =
            serde_json::from_str(r#"{"x":{"y":[1, 2]},"type":"t","count":null,"z":null,"noise":[],"count":3}"#)
                .unwrap();
        assert_eq!((&*sample.kind.0, sample.count.0), ("t", Some(3)));
        let kept: Vec<_> = sample.rest.0.iter().map(|(name, raw)| (&**name, raw.get())).collect();
        assert_eq!(kept, [("x", r#"{"y":[1, 2]}"#)], "nulls and what is passed over say nothing");
        let nothing: Sample<'_> = serde_json::from_str("[1, {}]").unwrap();
        assert_eq!((nothing.count.0, nothing.rest.0.len()), (None, 0));
    }

    #[test]
    fn strict_objects_take_each_field_once_and_only_in_its_type() {
        let read = |json| serde_json::from_str::<Exact<'_>>(json).map_err(|error| error.to_string());
        assert_eq!(read(r#"{"name":"n","x":1}"#).unwrap().name, Some(Str("n".into())));
        assert!(read(r#"{"name":"n","name":"m"}"#).unwrap_err().contains("duplicate field `name`"));
        assert!(read(r#"{"x":1,"x":2}"#).unwrap_err().contains("duplicate field `x`"));
        assert!(read(r#"{"name":5}"#).unwrap_err().contains("expected a string"));
        assert!(read("[]").unwrap_err().contains("expected an object"));
    }
}
