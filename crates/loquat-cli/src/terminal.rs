//! Writing: results to standard output, everything else to standard error. A reader that went away is no crash.

use std::borrow::Cow;
use std::fmt::Display;
use std::io::{self, Write as _};

use llm_core::Warning;

use crate::failure::Failure;

/// Writes a line of the result.
pub(crate) fn line(text: impl Display) -> Result<(), Failure> {
    write(format_args!("{text}\n"))
}

/// Writes a piece of the result, at once. Colours are left out where nobody sees them.
pub(crate) fn write(text: impl Display) -> Result<(), Failure> {
    let mut stdout = anstream::stdout().lock();
    match write!(stdout, "{text}").and_then(|()| stdout.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Err(Failure::ReaderLeft),
        Err(error) => Err(Failure::io("writing to standard output", &error)),
        Ok(()) => Ok(()),
    }
}

/// Says something beside the result. Whoever closed standard error does not want to hear it.
pub(crate) fn note(text: impl Display) {
    let text = text.to_string();
    let _ = writeln!(io::stderr().lock(), "{}", harmless(&text));
}

/// Says what an answer does not follow of its request.
pub(crate) fn warn(warnings: &[Warning]) {
    for warning in warnings {
        note(format_args!("warning: {warning}"));
    }
}

/// Text without what would steer a terminal: what a vendor says may hold anything.
pub(crate) fn harmless(text: &str) -> Cow<'_, str> {
    let steers = |c: char| {
        (c.is_control() && !matches!(c, '\n' | '\t'))
            || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    if !text.contains(steers) {
        return text.into();
    }
    let show = |c: char| if steers(c) { c.escape_default().to_string() } else { c.to_string() };
    text.chars().map(show).collect::<String>().into()
}

#[cfg(test)]
mod tests {
    use super::harmless;

    #[test]
    fn what_steers_a_terminal_is_shown_instead() {
        assert_eq!(harmless("größer: 日本語\n\tfine"), "größer: 日本語\n\tfine");
        assert_eq!(harmless("a\x1b[2Jb\r\u{202e}c"), "a\\u{1b}[2Jb\\r\\u{202e}c");
    }
}
