//! Tokens of images, by the size that stands in their first bytes and by each vendor's own rule.

use llm_core::{Media, MediaData};

use super::family::Family;

/// Media of unknown size, audio and documents: near what vendors charge for a large image (OpenAI 1,445 for
/// 1024 × 1024 in high detail, Anthropic about 1,600 for 1.15 megapixels; their pages, 2026).
const UNKNOWN: u64 = 1600;
/// The largest image that most vendors look at, in tokens of 750 pixels.
const LARGEST: u64 = 1600;

/// What a model of this family counts for a medium.
pub(super) fn tokens(family: Family, media: &Media) -> u64 {
    let MediaData::Inline { bytes } = &media.data else { return UNKNOWN };
    let Some((width, height)) = size(bytes) else { return UNKNOWN };
    match family {
        // In tiles of 512 pixels, after shrinking to 2048 and then to 768 on the shorter side.
        Family::Gpt => {
            let (long, short) = (width.max(height), width.min(height).max(1));
            let (long, short) = if long > 2048 { (2048, short * 2048 / long) } else { (long, short) };
            let (long, short) = if short > 768 { (long * 768 / short, 768) } else { (long, short) };
            85 + 170 * long.div_ceil(512) * short.div_ceil(512).max(1)
        }
        // A small one is one tile, a larger one is cut into tiles of 768.
        Family::Gemini if width <= 384 && height <= 384 => 258,
        Family::Gemini => 258 * width.div_ceil(768) * height.div_ceil(768),
        _ => (width * height / 750).clamp(16, LARGEST),
    }
}

/// Width and height of a PNG, GIF, JPEG or WebP.
fn size(bytes: &[u8]) -> Option<(u64, u64)> {
    let big = |at: usize| Some(u64::from(u16::from_be_bytes(bytes.get(at..at + 2)?.try_into().ok()?)));
    let small = |at: usize| Some(u64::from(u16::from_le_bytes(bytes.get(at..at + 2)?.try_into().ok()?)));
    if bytes.starts_with(b"\x89PNG") {
        return Some((big(16)? << 16 | big(18)?, big(20)? << 16 | big(22)?)).filter(plausible);
    }
    if bytes.starts_with(b"GIF8") {
        return Some((small(6)?, small(8)?)).filter(plausible);
    }
    if bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP") {
        let found = match bytes.get(12..16)? {
            b"VP8X" => (1 + small(24)?, 1 + small(27)?),
            b"VP8 " => (small(26)? & 0x3fff, small(28)? & 0x3fff),
            b"VP8L" => (1 + (small(21)? & 0x3fff), 1 + ((small(22)? >> 6 | small(24)? << 10) & 0x3fff)),
            _ => return None,
        };
        return Some(found).filter(plausible);
    }
    if !bytes.starts_with(b"\xff\xd8") {
        return None;
    }
    // JPEG: segments with their length, until the one that begins a frame.
    let mut at = 2;
    loop {
        let (mark, kind) = (*bytes.get(at)?, *bytes.get(at + 1)?);
        if mark != 0xff {
            return None;
        }
        if matches!(kind, 0xc0..=0xcf) && !matches!(kind, 0xc4 | 0xc8 | 0xcc) {
            return Some((big(at + 7)?, big(at + 5)?)).filter(plausible);
        }
        at += 2 + usize::try_from(big(at + 2)?).ok()?.max(2);
    }
}

/// Nobody sends more than this; and what is multiplied stays small.
fn plausible((width, height): &(u64, u64)) -> bool {
    (1..=100_000).contains(width) && (1..=100_000).contains(height)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_size_stands_in_the_first_bytes() {
        let png = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\x04\0\0\0\x03\0";
        assert_eq!(size(png), Some((1024, 768)));
        assert_eq!(size(b"GIF89a\x0a\0\x14\0"), Some((10, 20)));
        let jpeg = b"\xff\xd8\xff\xe0\0\x04ab\xff\xc0\0\x11\x08\x01\0\x02\0";
        assert_eq!(size(jpeg), Some((512, 256)));
        let webp = b"RIFF....WEBPVP8X\x0a\0\0\0\0\0\0\0\x63\0\0\x31\0\0";
        assert_eq!(size(webp), Some((100, 50)));
        for none in [&b""[..], b"%PDF-1.7", b"\x89PNG", b"\xff\xd8\xff", b"\xff\xd8\xff\xe0\0\0\0", b"RIFF....WEBPVP8Y"]
        {
            assert_eq!(size(none), None, "{none:?}");
        }
        assert_eq!(size(b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\xff\0\x04\0\0\0\x03\0"), None, "an absurd width");
    }

    #[test]
    fn each_vendor_has_its_own_rule() {
        let png = |width: u32, height: u32| {
            let mut bytes = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR".to_vec();
            bytes.extend(width.to_be_bytes().into_iter().chain(height.to_be_bytes()));
            Media::inline("image/png", bytes)
        };
        // OpenAI's and Anthropic's own examples, and Google's tiles.
        assert_eq!(tokens(Family::Gpt, &png(1024, 1024)), 765);
        assert_eq!(tokens(Family::Gpt, &png(2048, 4096)), 1105);
        assert_eq!(tokens(Family::Gpt, &png(10, 10)), 255);
        assert_eq!(tokens(Family::Claude, &png(1000, 1000)), 1333);
        assert_eq!(tokens(Family::Claude, &png(4000, 4000)), 1600);
        assert_eq!(tokens(Family::Gemini, &png(384, 384)), 258);
        assert_eq!(tokens(Family::Gemini, &png(1024, 768)), 516);
    }
}
