//! Whether the arguments of a tool call are whole, told while they come, without keeping them.

/// Follows JSON text piece by piece and knows whether it could end here.
///
/// It counts brackets and quotes only: text that is wrong in another way is the caller's to find when parsing.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Arguments {
    depth: u32,
    inside_string: bool,
    escaped: bool,
    /// Something else than blanks has come.
    begun: bool,
}

impl Arguments {
    /// What is known after the whole text.
    pub(crate) fn of(text: &str) -> Self {
        let mut arguments = Self::default();
        arguments.push(text);
        arguments
    }

    /// Takes the next piece.
    pub(crate) fn push(&mut self, piece: &str) {
        for byte in piece.bytes() {
            if self.inside_string {
                match byte {
                    _ if self.escaped => self.escaped = false,
                    b'\\' => self.escaped = true,
                    b'"' => self.inside_string = false,
                    _ => {}
                }
                continue;
            }
            match byte {
                b' ' | b'\n' | b'\r' | b'\t' => continue,
                b'"' => self.inside_string = true,
                b'{' | b'[' => self.depth += 1,
                b'}' | b']' => self.depth = self.depth.saturating_sub(1),
                _ => {}
            }
            self.begun = true;
        }
    }

    /// Nothing has come.
    pub(crate) fn is_empty(self) -> bool {
        !self.begun
    }

    /// Something has come and it stops in the middle.
    pub(crate) fn is_cut(self) -> bool {
        self.begun && (self.depth > 0 || self.inside_string)
    }

    /// Something has come and it is whole.
    pub(crate) fn is_whole(self) -> bool {
        self.begun && !self.is_cut()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_where_json_may_end() {
        let whole = r#"{"a": "x\"}{", "b": [1, {"c": "\\"}]}"#;
        assert!(Arguments::of(whole).is_whole());
        for end in 1..whole.len() {
            assert!(Arguments::of(&whole[..end]).is_cut(), "{}", &whole[..end]);
        }
        assert!(Arguments::of(" \n").is_empty());
        assert!(Arguments::of("null").is_whole());
    }

    #[test]
    fn pieces_are_as_good_as_the_whole() {
        let mut pieces = Arguments::default();
        for piece in [r#"{"a": "\"#, r#"""#, r#"" "#, "}"] {
            assert!(!pieces.is_whole());
            pieces.push(piece);
        }
        assert!(pieces.is_whole());
    }
}
