//! Sound: texts spoken, speech in writing; requests and answers, both ways.

pub mod speech;
pub mod transcriptions;

/// The media type of OpenAI's name of a sound's form.
fn media_type(format: &str) -> &'static str {
    match format {
        "opus" => "audio/ogg",
        "aac" => "audio/aac",
        "flac" => "audio/flac",
        "wav" => "audio/wav",
        "pcm" => "audio/pcm",
        _ => "audio/mpeg",
    }
}

/// A file name that tells a vendor the form: vendors read the form from it, not from the type.
fn filename(media_type: &str) -> &'static str {
    match media_type.split(';').next().unwrap_or_default().trim() {
        "audio/wav" | "audio/x-wav" | "audio/wave" => "audio.wav",
        "audio/mp4" | "audio/m4a" | "audio/x-m4a" => "audio.m4a",
        "video/mp4" => "audio.mp4",
        "audio/webm" | "video/webm" => "audio.webm",
        "audio/ogg" | "audio/opus" => "audio.ogg",
        "audio/flac" | "audio/x-flac" => "audio.flac",
        _ => "audio.mp3",
    }
}
