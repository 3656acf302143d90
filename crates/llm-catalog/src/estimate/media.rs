//! Tokens of images, sounds and documents, by what stands in their first bytes and by each vendor's own rule.

use llm_core::{Media, MediaData};

use super::family::{Family, has, is_o};
use super::sound;

/// What is not known: near what vendors charge for a large image.
const UNKNOWN: u64 = 1600;
/// The largest image that most vendors look at, in tokens of 750 pixels.
const LARGEST: u64 = 1600;
/// An image of unknown size is taken for one of this.
const USUAL: (u64, u64) = (1024, 1024);

/// What a model counts for a medium.
pub(super) fn tokens(family: Family, model: &str, media: &Media) -> u64 {
    let bytes = match &media.data {
        MediaData::Inline { bytes } => Some(&bytes[..]),
        _ => None,
    };
    match media.family() {
        "image" => image(family, model, bytes.and_then(size).unwrap_or(USUAL), media.detail.as_deref()),
        "audio" => bytes.and_then(sound::seconds).map_or(UNKNOWN, |seconds| sound::tokens(family, seconds)),
        "application" => bytes.map_or(1, pages).saturating_mul(page(family, model)),
        _ => UNKNOWN,
    }
}

fn image(family: Family, model: &str, (width, height): (u64, u64), detail: Option<&str>) -> u64 {
    match family {
        Family::Gpt => openai(model, (width, height), detail),
        // Since 3: a number for each level of detail (Google's page on media resolution, 2026).
        Family::Gemini if !is_gemini_2(model) => match detail {
            Some("low") => 280,
            Some("medium") => 560,
            _ => 1120,
        },
        // A small one is one tile, a larger one is cut into tiles of 768.
        Family::Gemini if width <= 384 && height <= 384 => 258,
        Family::Gemini => 258 * width.div_ceil(768) * height.div_ceil(768),
        // Patches of 28 pixels and a mark at the end of each row, in at most 1540 pixels.
        Family::Mistral => {
            let (width, height) = within((width, height), 1540);
            (width.div_ceil(28) + 1) * height.div_ceil(28)
        }
        Family::Qwen => (width * height / 784).clamp(4, 16_384),
        // Tiles of 448 pixels, and the whole once more when there are several (xAI's page, 2026).
        Family::Grok => match width.div_ceil(448) * height.div_ceil(448) {
            1 => 256,
            tiles => 256 * (tiles.min(6) + 1),
        },
        _ => (width * height / 750).clamp(1, LARGEST),
    }
}

/// OpenAI's two ways (its page on images, 2026): tiles of 512 pixels after shrinking to 2048 and then to 768 on the
/// shorter side; and, for the small models since 2025, patches of 32 pixels, at most 1,536.
fn openai(model: &str, (width, height): (u64, u64), detail: Option<&str>) -> u64 {
    let is = |words: &[&str]| words.iter().any(|word| has(model, word));
    let hundredths = match () {
        () if is(&["4.1-mini", "5-mini"]) => 162,
        () if is(&["4.1-nano", "5-nano"]) => 246,
        () if is(&["o4-mini"]) => 172,
        () => 0,
    };
    if hundredths > 0 {
        return (width.div_ceil(32) * height.div_ceil(32)).min(1536) * hundredths / 100;
    }
    let (base, tile) = match () {
        () if is(&["4o-mini"]) => (2833, 5667),
        () if is(&["gpt-5"]) => (70, 140),
        () if is_o(model) => (75, 150),
        () => (85, 170),
    };
    if detail == Some("low") {
        return base;
    }
    let (long, short) = within((width.max(height), width.min(height)), 2048);
    let (long, short) = if short > 768 { (long * 768 / short, 768) } else { (long, short) };
    base + tile * long.div_ceil(512) * short.div_ceil(512)
}

/// The same shape with no side longer than this.
fn within((width, height): (u64, u64), most: u64) -> (u64, u64) {
    let long = width.max(height);
    if long <= most { (width, height) } else { ((width * most / long).max(1), (height * most / long).max(1)) }
}

fn is_gemini_2(model: &str) -> bool {
    ["gemini-1", "gemini-2", "gemma"].iter().any(|word| has(model, word))
}

/// What a page of a document takes: Google shows it as an image, others as its text and an image.
fn page(family: Family, model: &str) -> u64 {
    match family {
        Family::Gemini if is_gemini_2(model) => 258,
        Family::Gemini => 530,
        Family::Gpt => 800,
        _ => UNKNOWN,
    }
}

/// The pages of a PDF whose page objects can be read in its first part, else guessed by its length.
fn pages(bytes: &[u8]) -> u64 {
    const READ: usize = 1 << 18;
    let part = &bytes[..bytes.len().min(READ)];
    // Page objects, without the nodes of the tree above them.
    let is_page = |rest: &[u8]| {
        let kind = rest.strip_prefix(b"/Type").map(|rest| rest.strip_prefix(b" ").unwrap_or(rest));
        kind.and_then(|kind| kind.strip_prefix(b"/Page")).is_some_and(|rest| rest.first() != Some(&b's'))
    };
    let found = part.iter().enumerate().filter(|(at, byte)| **byte == b'/' && is_page(&part[*at..])).count();
    let found = if found == 0 { bytes.len() / 60_000 } else { found * bytes.len() / part.len().max(1) };
    u64::try_from(found).unwrap_or(1).clamp(1, 3000)
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
        let of = |family, model: &str, width, height| image(family, model, (width, height), None);
        // OpenAI's, Anthropic's and Google's own examples.
        assert_eq!(of(Family::Gpt, "gpt-4o", 1024, 1024), 765);
        assert_eq!(of(Family::Gpt, "gpt-4o", 2048, 4096), 1105);
        assert_eq!(of(Family::Gpt, "gpt-4o", 10, 10), 255);
        assert_eq!(image(Family::Gpt, "gpt-4o", (4096, 8192), Some("low")), 85);
        assert_eq!(of(Family::Gpt, "gpt-4o-mini", 60, 30), 8500);
        assert_eq!(of(Family::Gpt, "gpt-4.1-mini", 1024, 1024), 1658);
        assert_eq!(of(Family::Claude, "claude-haiku-4-5", 1000, 1000), 1333);
        assert_eq!(of(Family::Claude, "claude-haiku-4-5", 4000, 4000), 1600);
        assert_eq!(of(Family::Gemini, "gemini-2.5-flash", 384, 384), 258);
        assert_eq!(of(Family::Gemini, "gemini-2.5-flash", 1024, 768), 516);
        assert_eq!(of(Family::Gemini, "gemini-3.5-flash", 8, 8), 1120);
        assert_eq!(of(Family::Mistral, "ministral-14b", 239, 178), 70);
        let by_url = Media::url("image/*", "https://example.org/cat.png");
        assert_eq!(tokens(Family::Gpt, "gpt-4o", &by_url), 765);
    }

    #[test]
    fn documents_count_their_pages() {
        let pdf = "%PDF-1.4 1 0 obj <</Type /Pages /Count 2>> 2 0 obj <</Type /Page>> 3 0 obj <</Type/Page>>";
        assert_eq!(pages(pdf.as_bytes()), 2);
        assert_eq!(pages(&vec![0; 600_000]), 10);
        assert_eq!(pages(b""), 1);
        let media = Media::inline("application/pdf", pdf.as_bytes().to_vec());
        assert_eq!(tokens(Family::Gemini, "gemini-2.5-pro", &media), 516);
    }
}
