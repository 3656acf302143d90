//! How long a sound is, by its first bytes, and what vendors count for a second.

use super::family::Family;

/// Kilobits a second of MP3 frames, by the number in their head: of the first version of MPEG, and of the others.
const MPEG_1: [u16; 14] = [32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320];
const MPEG_2: [u16; 14] = [8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160];

/// Tokens of so many seconds: Google counts 32 a second, OpenAI 10, Mistral 12.5 (their pages, 2026).
pub(super) fn tokens(family: Family, seconds: f64) -> u64 {
    let each = match family {
        Family::Gemini => 32.0,
        Family::Gpt => 10.0,
        Family::Mistral => 12.5,
        _ => 25.0,
    };
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a positive number of tokens")]
    let tokens = (seconds * each).ceil() as u64;
    tokens.max(1)
}

/// The seconds of a WAV or MP3; `None` of others.
pub(super) fn seconds(bytes: &[u8]) -> Option<f64> {
    let length = f64::from(u32::try_from(bytes.len()).ok()?);
    if bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WAVE") {
        // The bytes of a second stand in the format chunk, which comes first.
        let rate = u32::from_le_bytes(bytes.get(28..32)?.try_into().ok()?);
        return (rate > 0).then(|| length / f64::from(rate));
    }
    // MP3: an ID3 tag with its length in four times seven bits, then frames that say their kilobits a second.
    let start = match bytes.get(..10) {
        Some([b'I', b'D', b'3', .., a, b, c, d]) => {
            10 + [a, b, c, d].iter().fold(0, |length, bits| length << 7 | usize::from(**bits & 0x7f))
        }
        _ => 0,
    };
    let frame = bytes.get(start..start + 4)?;
    if frame[0] != 0xff || frame[1] & 0xe6 != 0xe2 {
        return None;
    }
    let rates = if frame[1] & 0x18 == 0x18 { MPEG_1 } else { MPEG_2 };
    let rate = rates.get(usize::from(frame[2] >> 4).checked_sub(1)?)?;
    Some(length / (f64::from(*rate) * 125.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sound_says_how_long_it_is() {
        let mut wav = b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0\x80\x3e\0\0\0\x7d\0\0\x02\0\x10\0data".to_vec();
        wav.resize(64_000, 0);
        assert!((seconds(&wav).unwrap() - 2.0).abs() < 0.01);
        let mut mp3 = b"ID3\x04\0\0\0\0\0\x02ab\xff\xfb\x90\0".to_vec();
        mp3.resize(32_000, 0);
        assert!((seconds(&mp3).unwrap() - 2.0).abs() < 0.01);
        for none in [&b""[..], b"OggS", b"RIFF", b"\xff\xfb", b"ID3\x04\0\0\0\x7f\x7f\x7f", b"\xff\xfb\x00\0"] {
            assert_eq!(seconds(none), None, "{none:?}");
        }
        assert_eq!(tokens(Family::Gemini, 2.0), 64);
        assert_eq!(tokens(Family::Gpt, 0.0), 1);
    }
}
