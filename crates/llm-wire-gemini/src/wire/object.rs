//! Reading of the vendor's objects: named fields typed, every other field kept as the raw JSON it came as.
//! Serde's `flatten` would do the same by copying the whole object first, and cannot keep raw JSON at all.

use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::text::Str;

/// Fields that this version does not know, in their order.
pub(crate) type Others<'a> = Vec<(Str<'a>, &'a RawValue)>;

/// Copies raw fields into a map of ext; what stands there already gives way.
pub(crate) fn keep(others: Others<'_>, ext: &mut Map<String, Value>) {
    for (name, raw) in others {
        if let Ok(value) = serde_json::from_str(raw.get()) {
            ext.insert(super::camel_case(&name).into_owned(), value);
        }
    }
}

/// Declares an object of the wire: each field is an `Option` read under any of its spellings, `null` is absent, and
/// whatever else stands in the object goes to `other`.
macro_rules! wire_object {
    ($(#[$meta:meta])* $name:ident { $($field:ident: $type:ty = $($key:literal)|+,)* }) => {
        $(#[$meta])*
        #[derive(Debug, Default)]
        pub(crate) struct $name<'a> {
            $(pub(crate) $field: Option<$type>,)*
            pub(crate) other: $crate::wire::Others<'a>,
        }

        impl<'de: 'a, 'a> $crate::wire::Fill<'de> for $name<'a> {
            fn fill<D: serde::Deserializer<'de>>(&mut self, deserializer: D) -> Result<(), D::Error> {
                struct Object<'p, 'a>(&'p mut $name<'a>);
                impl<'de: 'a, 'a> serde::de::Visitor<'de> for Object<'_, 'a> {
                    type Value = ();

                    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        f.write_str("an object")
                    }

                    fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
                        while let Some(key) = map.next_key::<$crate::wire::Str<'a>>()? {
                            match &*key {
                                $($($key)|+ => map.next_value_seed($crate::wire::FieldPlace(&mut self.0.$field))?,)*
                                _ => {
                                    let value: &'a serde_json::value::RawValue = map.next_value()?;
                                    if value.get() != "null" {
                                        self.0.other.push((key, value));
                                    }
                                }
                            }
                        }
                        Ok(())
                    }
                }
                deserializer.deserialize_map(Object(self))
            }
        }

        impl<'de: 'a, 'a> $crate::wire::Field<'de> for $name<'a> {
            fn read<D: serde::Deserializer<'de>>(place: &mut Option<Self>, deserializer: D) -> Result<(), D::Error> {
                $crate::wire::fill_field(place, deserializer)
            }
        }

        impl<'de: 'a, 'a> serde::Deserialize<'de> for $name<'a> {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let mut object = Self::default();
                $crate::wire::Fill::fill(&mut object, deserializer)?;
                Ok(object)
            }
        }
    };
}
pub(crate) use wire_object;
