//! Draws: numbers that look random and depend on nothing but their seed, on every machine and in every version.

/// An even spread of the bits of `value` (the finalizer of `SplitMix64`, Steele, Lea and Flood 2014).
pub(crate) fn mix(value: u64) -> u64 {
    let value = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

/// A hash of a text that is the same in every process.
pub(crate) fn hash(text: &str) -> u64 {
    let mut chunks = text.as_bytes().chunks_exact(8);
    let mut state = text.len() as u64;
    for chunk in &mut chunks {
        let mut word = [0; 8];
        word.copy_from_slice(chunk);
        state = mix(state ^ u64::from_le_bytes(word));
    }
    let rest = chunks.remainder();
    let mut word = [0; 8];
    word[..rest.len()].copy_from_slice(rest);
    mix(state ^ u64::from_le_bytes(word))
}

/// A number above 0 and below 1.
#[allow(clippy::cast_precision_loss, reason = "53 bits are exact")]
pub(crate) fn unit(draw: u64) -> f64 {
    ((draw >> 11) as f64 + 0.5) / (1_u64 << 53) as f64
}

/// How far back a choice stands among weighted ones: the smallest comes first.
///
/// The time until a clock of rate `weight` rings (Efraimidis and Spirakis 2006): the first of several is `i` with
/// probability `weight[i] / sum`, and the rest follow as if drawn again without it. With the hash of a session as the
/// seed it is rendezvous hashing: who leaves takes only its own share along.
pub(crate) fn turn(seed: u64, of: u64, weight: u32) -> f64 {
    -unit(mix(seed ^ of)).ln() / f64::from(weight.max(1))
}

/// A `u64` as 16 hexadecimal digits, since readers of JSON keep only 53 bits of a number.
pub(crate) mod hex {
    use serde::{Deserialize, Deserializer, Serializer};

    #[allow(clippy::trivially_copy_pass_by_ref, reason = "the signature is serde's")]
    pub(crate) fn serialize<S: Serializer>(value: &u64, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{value:016x}"))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        u64::from_str_radix(&text, 16).map_err(serde::de::Error::custom)
    }
}

/// The same, where there may be none.
pub(crate) mod hex_option {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[derive(Serialize, Deserialize)]
    struct Hex(#[serde(with = "super::hex")] u64);

    #[allow(clippy::ref_option, reason = "the signature is serde's")]
    pub(crate) fn serialize<S: Serializer>(value: &Option<u64>, serializer: S) -> Result<S::Ok, S::Error> {
        value.map(Hex).serialize(serializer)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
        Ok(Option::<Hex>::deserialize(deserializer)?.map(|Hex(value)| value))
    }
}
