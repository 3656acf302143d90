//! A line into the words of a program, without a shell: quotes hold a word together and are the only thing with a meaning.

/// The words of a line; `None` where a quote is not closed.
pub(super) fn words(line: &str) -> Option<Vec<String>> {
    let (mut words, mut word, mut quote) = (Vec::new(), None::<String>, None::<char>);
    for char in line.chars() {
        match quote {
            Some(open) if char == open => quote = None,
            None if char == '"' || char == '\'' => {
                quote = Some(char);
                word.get_or_insert_default();
            }
            None if char.is_whitespace() => words.extend(word.take()),
            _ => word.get_or_insert_default().push(char),
        }
    }
    words.extend(word);
    quote.is_none().then_some(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_hold_words_together_and_nothing_else_means_anything() {
        let check = |line: &str, expected: &[&str]| assert_eq!(words(line).unwrap(), expected, "{line}");
        check("", &[]);
        check("  op   read op://vault/key ", &["op", "read", "op://vault/key"]);
        check(r#"op read "op://my vault/key" '' 'a"b'"#, &["op", "read", "op://my vault/key", "", "a\"b"]);
        check(r"echo $HOME `id` | sh; a\ b", &["echo", "$HOME", "`id`", "|", "sh;", "a\\", "b"]);
        assert_eq!(words("op 'read"), None);
    }
}
