//! Which names a model goes by, beside the exact ones: starts, ends, insides, and globs of digits.

use serde::Deserialize;
use serde::de::{Deserializer, Error};

/// A pattern over names in lower case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Pattern {
    /// `=name`
    Exact(Box<str>),
    /// `^start`
    Start(Box<str>),
    /// `$end`
    End(Box<str>),
    /// `*inside`
    Inside(Box<str>),
    /// `#glob`: each `#` is a digit, a `*` at the end is any rest.
    Glob(Box<str>),
    Any(Vec<Self>),
    All(Vec<Self>),
    /// None of them.
    Not(Vec<Self>),
}

impl Pattern {
    pub(crate) fn fits(&self, name: &str) -> bool {
        match self {
            Self::Exact(text) => name == &**text,
            Self::Start(text) => name.starts_with(&**text),
            Self::End(text) => name.ends_with(&**text),
            Self::Inside(text) => name.contains(&**text),
            Self::Glob(glob) => fits_glob(glob, name),
            Self::Any(patterns) => patterns.iter().any(|pattern| pattern.fits(name)),
            Self::All(patterns) => patterns.iter().all(|pattern| pattern.fits(name)),
            Self::Not(patterns) => !patterns.iter().any(|pattern| pattern.fits(name)),
        }
    }
}

fn fits_glob(glob: &str, name: &str) -> bool {
    let (glob, open) = glob.strip_suffix('*').map_or((glob, false), |glob| (glob, true));
    let (glob, name) = (glob.as_bytes(), name.as_bytes());
    let fits = |(glob, name): (&u8, &u8)| if *glob == b'#' { name.is_ascii_digit() } else { glob == name };
    (name.len() == glob.len() || (open && name.len() > glob.len())) && glob.iter().zip(name).all(fits)
}

impl<'de> Deserialize<'de> for Pattern {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Raw {
            Text(String),
            Group(Group),
        }

        #[derive(Deserialize)]
        #[serde(rename_all = "lowercase")]
        enum Group {
            Or(Vec<Pattern>),
            And(Vec<Pattern>),
            Not(Vec<Pattern>),
        }

        Ok(match Raw::deserialize(deserializer)? {
            Raw::Group(Group::Or(patterns)) => Self::Any(patterns),
            Raw::Group(Group::And(patterns)) => Self::All(patterns),
            Raw::Group(Group::Not(patterns)) => Self::Not(patterns),
            Raw::Text(text) => {
                let kind = match text.chars().next() {
                    Some('=') => Self::Exact,
                    Some('^') => Self::Start,
                    Some('$') => Self::End,
                    Some('*') => Self::Inside,
                    Some('#') => Self::Glob,
                    _ => return Err(D::Error::custom(format!("{text:?} is no pattern"))),
                };
                kind(text[1..].into())
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fits(pattern: &str, name: &str) -> bool {
        serde_json::from_str::<Pattern>(pattern).unwrap().fits(name)
    }

    #[test]
    fn a_pattern_fits_the_names_it_says() {
        for (pattern, yes, no) in [
            (r#""=gpt""#, "gpt", "gpt-5"),
            (r#""^gpt""#, "gpt-5", "a-gpt"),
            (r#""$:free""#, "m:free", "m:free2"),
            (r#""*claude""#, "eu.claude-3", "clade"),
            (r##""#m-####-##""##, "m-2026-11", "m-2026-1x"),
            (r##""#m-####-##""##, "m-2026-11", "m-2026-11-20"),
            (r##""#m-#*""##, "m-1", "m-x"),
            (r##""#m-#*""##, "m-1-preview", "m-"),
            (r#"{"or":["=a","=b"]}"#, "b", "c"),
            (r#"{"and":["^a","$c"]}"#, "abc", "ab"),
            (r#"{"not":["$-tts","*-tts-"]}"#, "flash", "flash-tts"),
        ] {
            assert!(fits(pattern, yes) && !fits(pattern, no), "{pattern}");
        }
        assert!(serde_json::from_str::<Pattern>(r#""plain""#).is_err());
        assert!(serde_json::from_str::<Pattern>(r#"{"xor":[]}"#).is_err());
    }
}
