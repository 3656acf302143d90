//! The vendor's words for formats of media, and the media types they mean (Converse reference, read 2026-11).

/// Block, media type, format. Where two rows have a format, the first is what it is read as.
const FORMATS: &[(&str, &str, &str)] = &[
    ("image", "image/png", "png"),
    ("image", "image/jpeg", "jpeg"),
    ("image", "image/gif", "gif"),
    ("image", "image/webp", "webp"),
    ("image", "image/jpg", "jpeg"),
    ("document", "application/pdf", "pdf"),
    ("document", "text/plain", "txt"),
    ("document", "text/markdown", "md"),
    ("document", "text/html", "html"),
    ("document", "text/csv", "csv"),
    ("document", "application/msword", "doc"),
    ("document", "application/vnd.openxmlformats-officedocument.wordprocessingml.document", "docx"),
    ("document", "application/vnd.ms-excel", "xls"),
    ("document", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "xlsx"),
    ("video", "video/mp4", "mp4"),
    ("video", "video/quicktime", "mov"),
    ("video", "video/x-matroska", "mkv"),
    ("video", "video/webm", "webm"),
    ("video", "video/x-flv", "flv"),
    ("video", "video/mpeg", "mpeg"),
    ("video", "video/mpg", "mpg"),
    ("video", "video/x-ms-wmv", "wmv"),
    ("video", "video/3gpp", "three_gp"),
    ("audio", "audio/mpeg", "mp3"),
    ("audio", "audio/wav", "wav"),
    ("audio", "audio/opus", "opus"),
    ("audio", "audio/aac", "aac"),
    ("audio", "audio/flac", "flac"),
    ("audio", "audio/mp4", "mp4"),
    ("audio", "audio/ogg", "ogg"),
    ("audio", "audio/x-matroska", "mka"),
    ("audio", "audio/x-aac", "x-aac"),
    ("audio", "audio/m4a", "m4a"),
    ("audio", "audio/mpga", "mpga"),
    ("audio", "audio/pcm", "pcm"),
    ("audio", "audio/webm", "webm"),
    ("audio", "audio/mp3", "mp3"),
    ("audio", "audio/x-wav", "wav"),
    ("audio", "audio/x-m4a", "m4a"),
];

/// The block that a family of media types goes into.
pub(super) fn block(family: &str) -> &'static str {
    match family {
        "image" => "image",
        "video" => "video",
        "audio" => "audio",
        _ => "document",
    }
}

/// The vendor's word for a media type.
pub(super) fn of_type(media_type: &str) -> Option<&'static str> {
    let bare = media_type.split(';').next().unwrap_or_default().trim();
    FORMATS.iter().find(|(_, known, _)| *known == bare).map(|(_, _, format)| *format)
}

/// The media type of a vendor's word, in one kind of block.
pub(super) fn media_type(block: &str, format: &str) -> Option<&'static str> {
    FORMATS.iter().find(|(kind, _, known)| *kind == block && *known == format).map(|(_, known, _)| *known)
}

/// The vendor's word for what a name ends in (`report.pdf`), in one kind of block.
pub(super) fn of_name(block: &str, name: &str) -> Option<&'static str> {
    let (_, ending) = name.rsplit_once('.')?;
    let ending = match ending {
        "jpg" => "jpeg",
        "3gp" => "three_gp",
        other => other,
    };
    FORMATS.iter().find(|(kind, _, format)| *kind == block && *format == ending).map(|(_, _, format)| *format)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_format_means_one_media_type_and_back() {
        for (block, known, format) in FORMATS {
            assert_eq!(of_type(known), Some(*format));
            let read = media_type(block, format).unwrap();
            assert_eq!(of_type(read), Some(*format), "{known}");
        }
        assert_eq!(media_type("audio", "mp4"), Some("audio/mp4"));
        assert_eq!(media_type("video", "mp4"), Some("video/mp4"));
        assert_eq!(of_type("text/plain; charset=utf-8"), Some("txt"));
        assert_eq!(of_name("image", "s3://bucket/a.b/cat.jpg"), Some("jpeg"));
        assert_eq!(of_name("document", "cat.jpg"), None);
    }
}
