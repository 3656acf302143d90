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

        impl<'de: 'a, 'a> serde::Deserialize<'de> for $name<'a> {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Object<'a>(std::marker::PhantomData<&'a ()>);
                impl<'de: 'a, 'a> serde::de::Visitor<'de> for Object<'a> {
                    type Value = $name<'a>;

                    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        f.write_str("an object")
                    }

                    fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                        let mut object = $name::default();
                        while let Some(key) = map.next_key::<$crate::wire::Str<'a>>()? {
                            match &*key {
                                $($($key)|+ => object.$field = map.next_value()?,)*
                                _ => {
                                    let value: &'a serde_json::value::RawValue = map.next_value()?;
                                    if value.get() != "null" {
                                        object.other.push((key, value));
                                    }
                                }
                            }
                        }
                        Ok(object)
                    }
                }
                deserializer.deserialize_map(Object(std::marker::PhantomData))
            }
        }
    };
}
pub(crate) use wire_object;
