//! Vectors of texts: the same text always has the same one, of length 1. They mean nothing. Pure.

use super::stamp::mix;

/// Length where the request names none.
const USUAL: u64 = 8;
/// Longest vector.
const LONGEST: u64 = 4096;

/// The vector of a text.
pub(crate) fn vector(text: &str, dimensions: Option<u64>) -> Vec<f32> {
    let mut state = text.bytes().fold(0x5eed, |state, byte| mix(state ^ u64::from(byte)));
    let numbers: Vec<f32> = (0..dimensions.unwrap_or(USUAL).clamp(1, LONGEST))
        .map(|_| {
            state = mix(state);
            // 16 bits, so that the number is exact as f32, as f64 and in JSON.
            f32::from((state >> 48) as u16) / 65_536.0 - 0.5
        })
        .collect();
    let length = numbers.iter().map(|number| number * number).sum::<f32>().sqrt().max(f32::MIN_POSITIVE);
    numbers.into_iter().map(|number| number / length).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_has_one_vector_of_length_one() {
        assert_eq!(vector("a", None), vector("a", None));
        assert_ne!(vector("a", None), vector("b", None));
        assert_eq!(vector("a", None).len(), 8);
        let long = vector("a", Some(256));
        assert_eq!(long.len(), 256);
        assert!((long.iter().map(|number| number * number).sum::<f32>() - 1.0).abs() < 1e-5);
    }
}
