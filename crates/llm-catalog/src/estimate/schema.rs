//! JSON schemas as vendors show them to their models.

use serde_json::Value;

use super::tally::Tally;

/// What a way of writing tools takes beside their words, in thousandths of a token; fitted on the schemas of 220 tools,
/// each written out and counted with OpenAI's vocabulary (mean error 2.5 to 4 %).
#[derive(Clone, Copy, Debug)]
pub(super) struct Style {
    tool: u64,
    tool_description: u64,
    property: u64,
    description: u64,
    choice: u64,
    nested: u64,
    /// Any other word of JSON schema; `None` where it is left out.
    other: Option<u64>,
    /// Whether it is shown at all.
    shown: bool,
}

impl Style {
    /// As in the request, with blanks after signs.
    pub(super) const JSON: Self = Self::of([32_000, 3500, 11_000, 5000, 2200, 9000], Some(4500));
    /// The same without blanks.
    pub(super) const COMPACT: Self = Self::of([24_000, 1300, 8000, 3300, 1800, 7000], Some(3300));
    /// The same, a line for each word and four blanks before it.
    pub(super) const INDENTED: Self = Self::of([46_000, 5000, 21_000, 5500, 3400, 13_000], Some(6200));
    /// The same without what stands around a function in a request.
    pub(super) const SHORT: Self = Self::of([14_000, 1300, 8000, 3300, 1800, 7000], Some(3300));
    /// As types with comments.
    pub(super) const TYPES: Self = Self::of([7000, 1000, 5000, 500, 1500, 1500], None);
    /// The properties of an answer, one after the other.
    pub(super) const FIELDS: Self = Self::of([0, 0, 6000, 500, 1500, 2000], None);
    /// The words alone.
    pub(super) const WORDS: Self = Self::of([0, 0, 1000, 0, 1000, 0], None);
    /// Not at all.
    pub(super) const HIDDEN: Self = Self { shown: false, ..Self::WORDS };

    const fn of([tool, tool_description, property, description, choice, nested]: [u64; 6], other: Option<u64>) -> Self {
        Self { tool, tool_description, property, description, choice, nested, other, shown: true }
    }

    /// A function with its name, description and schema.
    pub(super) fn tool(self, tally: &mut impl Tally, name: &str, description: Option<&str>, schema: &Value) {
        if !self.shown {
            return;
        }
        tally.put(self.tool);
        tally.text(name);
        if let Some(description) = description.filter(|description| !description.is_empty()) {
            tally.put(self.tool_description);
            tally.text(description);
        }
        self.schema(tally, schema);
    }

    /// A schema by itself.
    pub(super) fn schema(self, tally: &mut impl Tally, schema: &Value) {
        let Value::Object(words) = schema else { return };
        for (word, value) in words {
            match (word.as_str(), value) {
                ("type" | "required", _) => {}
                ("properties" | "$defs" | "definitions", Value::Object(members)) => {
                    for (name, member) in members {
                        tally.put(self.property);
                        tally.text(name);
                        self.schema(tally, member);
                    }
                }
                ("description", Value::String(text)) => {
                    tally.put(self.description);
                    tally.text(text);
                }
                ("enum", Value::Array(choices)) => {
                    for choice in choices {
                        tally.put(self.choice);
                        tally.value(choice);
                    }
                }
                ("items" | "additionalProperties", Value::Object(_)) => {
                    tally.put(self.nested);
                    self.schema(tally, value);
                }
                ("anyOf" | "oneOf" | "allOf", Value::Array(options)) => {
                    for option in options {
                        tally.put(self.nested);
                        self.schema(tally, option);
                    }
                }
                _ => {
                    if let Some(other) = self.other {
                        tally.put(other);
                        tally.value(value);
                    }
                }
            }
        }
    }
}
