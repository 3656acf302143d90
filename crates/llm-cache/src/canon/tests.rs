//! The canonical form of things that are the same, and of things that are nearly.

use serde::Serialize;
use serde::ser::{SerializeMap as _, Serializer};

/// The canonical bytes of a value alone.
fn canonical<T: Serialize + ?Sized>(
    value: &T,
    ignored: &'static [&'static str],
) -> Result<Vec<u8>, super::NotCanonical> {
    super::canonical(Vec::new(), value, ignored)
}

/// A map in the order in which it is given, as `serde_json` writes one when it keeps order.
#[derive(Clone)]
enum Tree {
    Leaf(u8),
    Map(Vec<(&'static str, Tree)>),
}

impl Serialize for Tree {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Leaf(value) => serializer.serialize_u8(*value),
            Self::Map(entries) => {
                let mut map = serializer.serialize_map(None)?;
                for (name, value) in entries {
                    map.serialize_entry(name, value)?;
                }
                map.end()
            }
        }
    }
}

use Tree::{Leaf, Map};

#[test]
fn the_order_of_fields_makes_no_difference_at_any_depth() {
    let inner = || vec![("x", Leaf(1)), ("yy", Leaf(2)), ("a", Map(vec![("q", Leaf(3)), ("b", Leaf(4))]))];
    let turned = |mut entries: Vec<(&'static str, Tree)>| {
        entries.reverse();
        Map(entries)
    };
    let one = Map(vec![("b", Map(inner())), ("long name", Leaf(9)), ("a", Map(Vec::new()))]);
    let other = Map(vec![("a", Map(Vec::new())), ("long name", Leaf(9)), ("b", turned(inner()))]);
    assert_eq!(canonical(&one, &[]).unwrap(), canonical(&other, &[]).unwrap());
    let swapped = Map(vec![("a", turned(inner())), ("long name", Leaf(9)), ("b", Map(Vec::new()))]);
    assert_ne!(canonical(&one, &[]).unwrap(), canonical(&swapped, &[]).unwrap());
}

#[test]
fn only_fields_of_the_outermost_map_are_ignored() {
    let with = |outer: u8, inner: u8| Map(vec![("user", Leaf(outer)), ("a", Map(vec![("user", Leaf(inner))]))]);
    let bytes = |tree: &Tree| canonical(tree, &["user"]).unwrap();
    assert_eq!(bytes(&with(1, 1)), bytes(&with(2, 1)));
    assert_eq!(bytes(&with(1, 1)), bytes(&Map(vec![("a", Map(vec![("user", Leaf(1))]))])));
    assert_ne!(bytes(&with(1, 1)), bytes(&with(1, 2)));
}

#[test]
fn what_looks_alike_is_not_the_same() {
    #[derive(Serialize)]
    enum Word {
        One,
        Two(u8),
        Three { a: u8 },
        Four(u8, u8),
    }
    let all = [
        canonical(&Option::<u8>::None, &[]),
        canonical(&false, &[]),
        canonical(&true, &[]),
        canonical(&0, &[]),
        canonical(&1, &[]),
        canonical(&0.5, &[]),
        canonical(&f64::NAN, &[]),
        canonical(&"", &[]),
        canonical(&"1", &[]),
        canonical(&[0_u8; 0], &[]),
        canonical(&vec![Vec::<u8>::new()], &[]),
        canonical(&[1, 1], &[]),
        canonical(&Map(Vec::new()), &[]),
        canonical(&Word::One, &[]),
        canonical(&Word::Two(1), &[]),
        canonical(&Word::Three { a: 1 }, &[]),
        canonical(&Word::Four(1, 1), &[]),
    ];
    let mut bytes: Vec<_> = all.into_iter().map(Result::unwrap).collect();
    let count = bytes.len();
    bytes.sort();
    bytes.dedup();
    assert_eq!(bytes.len(), count);
    assert_eq!(canonical(&1, &[]).unwrap(), canonical(&1.0, &[]).unwrap());
    assert_eq!(canonical(&-0.0, &[]).unwrap(), canonical(&0_u64, &[]).unwrap());
    assert_eq!(canonical(&Some(7_i8), &[]).unwrap(), canonical(&7_u64, &[]).unwrap());
    let numbers = [0, 1, -1, 63, 64, -64, -65, i64::MAX, i64::MIN];
    let mut bytes: Vec<_> = numbers.iter().map(|number| canonical(number, &[]).unwrap()).collect();
    bytes.push(canonical(&u64::MAX, &[]).unwrap());
    bytes.extend([127, 128, 16_383, 16_384].map(|length| canonical(&"x".repeat(length), &[]).unwrap()));
    bytes.sort();
    bytes.dedup();
    assert_eq!(bytes.len(), 14);
}
