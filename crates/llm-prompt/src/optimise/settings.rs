//! What is made shorter, and where.

use std::collections::BTreeMap;
use std::fmt;

use llm_core::Role;
use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

/// A way to make prompts shorter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Rule {
    /// Blanks that say nothing: several blank lines, blanks at the ends of lines, several blanks between words.
    Whitespace,
    /// Wordy phrases, for which shorter ones are put. It changes words.
    Phrases,
}

/// What is made shorter, and where. In a configuration it is a list of rules, or a table with all of this.
///
/// What becomes of a text depends on that text and these settings alone, never on the rest of the conversation: a prompt
/// that grows begins the same each time, and a vendor's prompt cache finds it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Settings {
    /// The rules that are followed. Default: whitespace only. None of them: nothing is touched.
    pub rules: Vec<Rule>,
    /// Whose words may be made shorter. Default: the user's. The model's own and those of tools never are.
    pub roles: Vec<Role>,
    /// Shorter texts than so many bytes are left alone. Default 80.
    pub min_bytes: usize,
    /// Phrases of your own and what takes their place; they go before the English ones.
    pub phrases: BTreeMap<String, String>,
    /// Whether the English phrases that come with this crate count. Default true.
    pub english: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            rules: vec![Rule::Whitespace],
            roles: vec![Role::User],
            min_bytes: 80,
            phrases: BTreeMap::new(),
            english: true,
        }
    }
}

impl Settings {
    /// Other rules than whitespace.
    pub fn new(rules: impl IntoIterator<Item = Rule>) -> Self {
        Self { rules: rules.into_iter().collect(), ..Self::default() }
    }

    /// With whose words may be made shorter.
    pub fn with_roles(mut self, roles: impl IntoIterator<Item = Role>) -> Self {
        self.roles = roles.into_iter().collect();
        self
    }

    /// With the length from which on a text is looked at.
    pub fn with_min_bytes(mut self, bytes: usize) -> Self {
        self.min_bytes = bytes;
        self
    }

    /// With one more phrase, and what takes its place.
    pub fn with_phrase(mut self, phrase: impl Into<String>, short: impl Into<String>) -> Self {
        self.phrases.insert(phrase.into(), short.into());
        self
    }

    /// With only the phrases of your own.
    pub fn without_english(mut self) -> Self {
        self.english = false;
        self
    }
}

impl<'de> Deserialize<'de> for Settings {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(default, deny_unknown_fields)]
        struct Table {
            rules: Vec<Rule>,
            roles: Vec<Role>,
            min_bytes: usize,
            phrases: BTreeMap<String, String>,
            english: bool,
        }
        impl Default for Table {
            fn default() -> Self {
                let Settings { rules, roles, min_bytes, phrases, english } = Settings::default();
                Self { rules, roles, min_bytes, phrases, english }
            }
        }
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = Settings;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of rules, or a table with rules, roles, min_bytes, phrases and english")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, rules: A) -> Result<Settings, A::Error> {
                Vec::deserialize(SeqAccessDeserializer::new(rules)).map(|rules: Vec<Rule>| Settings::new(rules))
            }

            fn visit_map<A: MapAccess<'de>>(self, table: A) -> Result<Settings, A::Error> {
                let Table { rules, roles, min_bytes, phrases, english } =
                    Table::deserialize(MapAccessDeserializer::new(table))?;
                Ok(Settings { rules, roles, min_bytes, phrases, english })
            }
        }
        deserializer.deserialize_any(Either)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_a_list_or_a_table() {
        let read = |json: &str| serde_json::from_str::<Settings>(json);
        assert_eq!(read(r#"["whitespace", "phrases"]"#).unwrap(), Settings::new([Rule::Whitespace, Rule::Phrases]));
        assert_eq!(read("[]").unwrap().rules, []);
        let table =
            read(r#"{"rules": ["phrases"], "roles": ["user", "system"], "phrases": {"at hand": "here"}}"#).unwrap();
        let expected =
            Settings::new([Rule::Phrases]).with_roles([Role::User, Role::System]).with_phrase("at hand", "here");
        assert_eq!(table, expected);
        for wrong in [r#"["white"]"#, r#"{"rule": []}"#, "true", r#"{"phrases": ["a"]}"#] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
