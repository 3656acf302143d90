//! The vendor a crate is written for, and the names that follow from its own.

use anyhow::bail;

use super::form::Form;

/// The vendor a crate is written for.
pub(super) struct Vendor {
    pub(super) id: String,
    pub(super) base_url: String,
}

impl Vendor {
    pub(super) fn new(id: &str, base_url: Option<String>, form: Form) -> anyhow::Result<Self> {
        let fine = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-';
        let starts_well = id.starts_with(|letter: char| letter.is_ascii_lowercase());
        if !starts_well || !id.chars().all(fine) || id.ends_with('-') {
            bail!("the name `{id}` does not do: use lower-case letters, digits and hyphens, such as `acme-ai`");
        }
        let version = if form == Form::OpenAi { "/v1" } else { "" };
        let base_url = base_url.unwrap_or_else(|| format!("https://api.{id}.example{version}"));
        if !base_url.starts_with("https://") && !base_url.starts_with("http://") {
            bail!("the base URL `{base_url}` does not do: it starts with https:// or http://");
        }
        Ok(Self { id: id.to_owned(), base_url: base_url.trim_end_matches('/').to_owned() })
    }

    pub(super) fn package(&self) -> String {
        format!("llm-provider-{}", self.id)
    }

    pub(super) fn folder(&self) -> String {
        format!("plugins/{}", self.package())
    }

    /// The identifier in Rust: `acme_ai`.
    pub(super) fn module(&self) -> String {
        self.id.replace('-', "_")
    }

    /// The name of a type: `AcmeAi`.
    pub(super) fn type_name(&self) -> String {
        let capital = |word: &str| {
            let (first, rest) = word.split_at(word.len().min(1));
            first.to_ascii_uppercase() + rest
        };
        self.id.split('-').map(capital).collect()
    }

    /// The prefix of its environment variables: `ACME_AI`.
    pub(super) fn environment(&self) -> String {
        self.module().to_ascii_uppercase()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_cargo_and_rust_accept() {
        for name in ["", "Acme", "acme_ai", "9acme", "acme-", "acme ai", "../acme"] {
            assert!(Vendor::new(name, None, Form::Own).is_err(), "{name}");
        }
        assert!(Vendor::new("acme", Some("api.acme.example".to_owned()), Form::Own).is_err());
        let vendor = Vendor::new("acme-ai", Some("https://api.acme.example/v1/".to_owned()), Form::Own).unwrap();
        assert_eq!((vendor.type_name().as_str(), vendor.base_url.as_str()), ("AcmeAi", "https://api.acme.example/v1"));
    }
}
