//! Which names a model goes by: genai-prices' clauses and regular expressions as the catalogue's patterns.
//!
//! `=name`, `^start`, `$end`, `*inside`; `#glob`, where each `#` is a digit and a `*` at the end is any rest.
//! The lists' regular expressions are dates and options after a name, so no engine is needed to read them.

use anyhow::{Result, bail};
use serde_json::{Value, json};

/// A clause such as `{"or": [{"equals": "a"}, …]}` as a list of patterns of which one must fit.
pub(super) fn any_of(clause: &Value) -> Result<Vec<Value>> {
    let Some((kind, value)) = clause.as_object().and_then(|fields| fields.iter().next()) else {
        bail!("{clause} is no clause");
    };
    let of = |mark: &str| Ok(vec![json!(format!("{mark}{}", value.as_str().unwrap_or_default().to_lowercase()))]);
    match (kind.as_str(), value) {
        ("equals", Value::String(_)) => of("="),
        ("starts_with", Value::String(_)) => of("^"),
        ("ends_with", Value::String(_)) => of("$"),
        ("contains", Value::String(_)) => of("*"),
        ("regex", Value::String(regex)) => of_regex(regex),
        ("or", Value::Array(clauses)) => {
            let mut all = Vec::new();
            for clause in clauses {
                all.extend(any_of(clause)?);
            }
            Ok(all)
        }
        ("and", Value::Array(clauses)) => {
            let mut all = Vec::new();
            for clause in clauses {
                let mut patterns = any_of(clause)?;
                all.push(if patterns.len() == 1 { patterns.remove(0) } else { json!({"or": patterns}) });
            }
            Ok(vec![json!({"and": all})])
        }
        _ => bail!("{clause} is a clause of an unknown kind"),
    }
}

fn of_regex(regex: &str) -> Result<Vec<Value>> {
    // `^(?!.*-word(?:$|-))`: nowhere is `-word` a part of the name.
    if let Some(word) = regex.strip_prefix("^(?!.*").and_then(|rest| rest.strip_suffix("(?:$|-))")) {
        let (words, rest) = globs(word)?;
        if let ([word], "") = (words.as_slice(), rest) {
            return Ok(vec![json!({"not": [format!("${word}"), format!("*{word}-")]})]);
        }
    }
    let Some(body) = regex.strip_prefix('^') else { bail!("the regular expression {regex} does not begin with ^") };
    let (body, closed) = match body.strip_suffix('$') {
        Some(body) => (body, true),
        None => (body, false),
    };
    let (globs, rest) = globs(body)?;
    if !rest.is_empty() {
        bail!("the regular expression {regex} is not understood from {rest} on: teach xtask/src/prices/pattern.rs");
    }
    let glob = |glob: &String| {
        let end = if closed { "" } else { "*" };
        let mark = if closed && !glob.contains('#') { '=' } else { '#' };
        json!(format!("{mark}{glob}{end}"))
    };
    Ok(globs.iter().map(glob).collect())
}

/// All that the start of a regular expression may stand for, and the rest of it that is not understood.
fn globs(mut rest: &str) -> Result<(Vec<String>, &str)> {
    let mut all = vec![String::new()];
    let push = |all: &mut Vec<String>, options: &[String]| {
        *all = all.iter().flat_map(|start| options.iter().map(move |option| format!("{start}{option}"))).collect();
    };
    while let Some(letter) = rest.chars().next() {
        if let Some(after) = rest.strip_prefix("\\d") {
            let (count, after) = match after.strip_prefix('{').and_then(|after| after.split_once('}')) {
                Some((count, after)) => (count.parse()?, after),
                None => (1, after),
            };
            push(&mut all, &["#".repeat(count)]);
            rest = after;
        } else if let Some(after) = rest.strip_prefix('\\') {
            let Some(escaped) = after.chars().next().filter(char::is_ascii_punctuation) else { break };
            push(&mut all, &[escaped.to_string()]);
            rest = &after[escaped.len_utf8()..];
        } else if let Some((class, after)) = rest.strip_prefix('[').and_then(|after| after.split_once(']')) {
            let mut options: Vec<_> = class.to_lowercase().chars().map(|option| option.to_string()).collect();
            options.dedup();
            push(&mut all, &options);
            rest = after;
        } else if let Some((group, after)) = rest.strip_prefix('(').and_then(|after| after.split_once(")?")) {
            let (mut options, left) = globs(group)?;
            if !left.is_empty() {
                break;
            }
            options.push(String::new());
            push(&mut all, &options);
            rest = after;
        } else if letter.is_ascii_alphanumeric() || "-_/@:=".contains(letter) {
            push(&mut all, &[letter.to_ascii_lowercase().to_string()]);
            rest = &rest[1..];
        } else {
            break;
        }
    }
    Ok((all, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn regex(regex: &str) -> Result<Vec<Value>> {
        any_of(&json!({"regex": regex}))
    }

    #[test]
    fn clauses_become_patterns() {
        let clause = json!({"or": [
            {"equals": "GLM-5"},
            {"and": [{"starts_with": "gemini-2"}, {"or": [{"contains": "a"}, {"ends_with": "b"}]}]},
        ]});
        assert_eq!(any_of(&clause).unwrap(), [json!("=glm-5"), json!({"and": ["^gemini-2", {"or": ["*a", "$b"]}]})]);
        assert!(any_of(&json!({"sounds_like": "x"})).is_err());
    }

    #[test]
    fn regular_expressions_of_dates_and_options_become_globs() {
        assert_eq!(regex(r"^gpt-5\.4-\d{4}-\d{2}-\d{2}$").unwrap(), [json!("#gpt-5.4-####-##-##")]);
        assert_eq!(regex(r"^opus-5[-@]\d{8}$").unwrap(), [json!("#opus-5-########"), json!("#opus-5@########")]);
        assert_eq!(regex(r"^flash-\d").unwrap(), [json!("#flash-#*")]);
        assert_eq!(regex(r"^grok\[fast=true\]$").unwrap(), [json!("=grok[fast=true]")]);
        assert_eq!(
            regex(r"^(x/)?j(-\d{2})?$").unwrap(),
            [json!("#x/j-##"), json!("=x/j"), json!("#j-##"), json!("=j")]
        );
        assert_eq!(regex(r"^(?!.*-[tT][tT][sS](?:$|-))").unwrap(), [json!({"not": ["$-tts", "*-tts-"]})]);
        for unknown in ["a$", "^a+$", "^(a|b)$", "^.*$", r"^\w$"] {
            assert!(regex(unknown).is_err(), "{unknown}");
        }
    }
}
