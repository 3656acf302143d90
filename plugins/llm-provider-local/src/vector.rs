//! Embeddings without a model: a text's vector is the sum of its words' vectors, and a word's vector comes from its hash.
//! Texts with common words are near each other, which is all there is to it.

use crate::hash;

/// Length of the vectors unless the request says otherwise.
pub(crate) const DIMENSIONS: u32 = 16;
/// Longest vectors that are made.
pub(crate) const MOST_DIMENSIONS: u32 = 4096;

/// The vector of a text, of length 1. Case and punctuation do not count.
pub(crate) fn embed(text: &str, dimensions: u32) -> Vec<f32> {
    let mut sum = vec![0.0_f64; dimensions as usize];
    let mut any = false;
    for word in text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()) {
        add(&word.to_lowercase(), &mut sum);
        any = true;
    }
    if !any {
        add(text, &mut sum);
    }
    let length = sum.iter().map(|value| value * value).sum::<f64>().sqrt();
    #[allow(clippy::cast_possible_truncation, reason = "vectors are single precision; the values lie between -1 and 1")]
    let unit = |value: f64| if length > 0.0 { (value / length) as f32 } else { 0.0 };
    sum.into_iter().map(unit).collect()
}

fn add(word: &str, sum: &mut [f64]) {
    let mut state = hash::fnv(word.bytes());
    for value in sum {
        // 53 bits, the precision of a double, spread over -1 to 1.
        #[allow(clippy::cast_precision_loss, reason = "53 bits fit exactly")]
        let share = (hash::next(&mut state) >> 11) as f64 / (1_u64 << 53) as f64;
        *value += share * 2.0 - 1.0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nearness(a: &str, b: &str) -> f32 {
        embed(a, 64).iter().zip(embed(b, 64)).map(|(a, b)| a * b).sum()
    }

    #[test]
    fn the_same_words_give_the_same_vector() {
        assert_eq!(embed("Hello, world!", 16), embed("hello world", 16));
        assert_ne!(embed("hello", 16), embed("world", 16));
        assert_eq!(embed("", 3).len(), 3);
    }

    #[test]
    fn vectors_have_length_one_and_common_words_bring_them_near() {
        for text in ["", "one", "the quick brown fox"] {
            assert!((nearness(text, text) - 1.0).abs() < 1e-5, "{text}");
        }
        assert!(
            nearness("the quick brown fox", "the quick red fox") > nearness("the quick brown fox", "lorem ipsum dolor")
        );
    }

    #[test]
    fn values_do_not_change_between_versions() {
        // Computed apart, in Python, from the published FNV-1a and splitmix64.
        let expected = [0.791_472, 0.207_746_9, -0.574_815_8];
        for (value, expected) in embed("hello", 3).into_iter().zip(expected) {
            assert!((value - expected).abs() < 1e-6, "{value} {expected}");
        }
    }
}
