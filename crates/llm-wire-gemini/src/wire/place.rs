//! Reading into a place. A chunk of a stream is read into structs of several hundred bytes each; handing them up by value
//! would copy them once a level, which took half of a chunk's time.

use serde::de::{Deserialize, DeserializeSeed, Deserializer, Error, IgnoredAny, Visitor};
use serde_json::value::RawValue;
use std::fmt;
use std::marker::PhantomData;

use super::text::Str;

/// Something that can be read into an empty value of itself.
pub(crate) trait Fill<'de>: Default {
    fn fill<D: Deserializer<'de>>(&mut self, deserializer: D) -> Result<(), D::Error>;
}

/// A value that may be absent. `null` is absent.
pub(crate) trait Field<'de>: Sized {
    fn read<D: Deserializer<'de>>(place: &mut Option<Self>, deserializer: D) -> Result<(), D::Error>;
}

/// Where to read an element of a list to, which may be `null`.
pub(crate) struct ElementPlace<'p, T>(pub(crate) &'p mut Option<T>);

impl<'de, T: Fill<'de>> DeserializeSeed<'de> for ElementPlace<'_, T> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        fill_field(self.0, deserializer)
    }
}

/// Where to read a field to.
pub(crate) struct FieldPlace<'p, T>(pub(crate) &'p mut Option<T>);

impl<'de, T: Field<'de>> DeserializeSeed<'de> for FieldPlace<'_, T> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        T::read(self.0, deserializer)
    }
}

/// Reads a field in its place.
pub(crate) fn fill_field<'de, T: Fill<'de>, D: Deserializer<'de>>(
    place: &mut Option<T>,
    deserializer: D,
) -> Result<(), D::Error> {
    struct Present<'p, T>(&'p mut Option<T>);
    impl<'de, T: Fill<'de>> Visitor<'de> for Present<'_, T> {
        type Value = ();

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a value or null")
        }

        fn visit_none<E: Error>(self) -> Result<(), E> {
            *self.0 = None;
            Ok(())
        }

        fn visit_unit<E: Error>(self) -> Result<(), E> {
            self.visit_none()
        }

        fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
            self.0.insert(T::default()).fill(deserializer)
        }
    }
    deserializer.deserialize_option(Present(place))
}

/// Small values, and lists that are rare, are read as serde does it.
macro_rules! small {
    ($($type:ty),* $(,)?) => {
        $(impl<'de: 'a, 'a> Field<'de> for $type {
            fn read<D: Deserializer<'de>>(place: &mut Option<Self>, deserializer: D) -> Result<(), D::Error> {
                let _ = PhantomData::<&'a ()>;
                *place = Option::deserialize(deserializer)?;
                Ok(())
            }
        })*
    };
}
small!(Str<'a>, &'a RawValue);

macro_rules! small_and_owned {
    ($($type:ty),* $(,)?) => {
        $(impl<'de> $crate::wire::Field<'de> for $type {
            fn read<D: serde::Deserializer<'de>>(place: &mut Option<Self>, deserializer: D) -> Result<(), D::Error> {
                *place = serde::Deserialize::deserialize(deserializer)?;
                Ok(())
            }
        })*
    };
}
pub(crate) use small_and_owned;
small_and_owned!(bool, IgnoredAny);

impl<'de, T: Deserialize<'de>> Field<'de> for Vec<T> {
    fn read<D: Deserializer<'de>>(place: &mut Option<Self>, deserializer: D) -> Result<(), D::Error> {
        // Elements that are `null` are none.
        let elements: Option<Vec<Option<T>>> = Option::deserialize(deserializer)?;
        *place = elements.map(|elements| elements.into_iter().flatten().collect());
        Ok(())
    }
}
