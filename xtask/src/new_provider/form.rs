//! The text of a new crate: an own protocol, copied from the third-party example, or OpenAI's, from templates.

use std::fs;
use std::path::Path;

use anyhow::Context as _;

use super::vendor::Vendor;
use crate::third_parties;

/// Which protocol the vendor speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// Its own.
    Own,
    /// OpenAI's.
    OpenAi,
}

/// The example's crate, and the line of its README that is not true of a copy.
const EXAMPLE: &str = "llm-provider-acme";
const ONLY_OF_THE_EXAMPLE: &str = "`cargo xtask new-provider` copies it";

/// A path in the new crate, and the text of the template; `.in` keeps a template from being taken for source.
macro_rules! template {
    ($path:literal, $suffix:literal) => {
        ($path, include_str!(concat!("../../templates/provider/", $path, $suffix)))
    };
}

/// What the new crate is made of.
const TEMPLATES: &[(&str, &str)] = &[
    template!("Cargo.toml", ".in"),
    template!("README.md", ".in"),
    template!("src/lib.rs", ".in"),
    template!("tests/conformance.rs", ".in"),
    template!("tests/fixtures/chat.json", ""),
    template!("tests/fixtures/chat_expected.json", ""),
    template!("tests/fixtures/chat_stream.txt", ""),
    template!("tests/fixtures/errors/invalid_echo.json", ""),
    template!("tests/fixtures/errors/key_invalid.json", ""),
    template!("tests/fixtures/errors/model_unknown.json", ""),
    template!("tests/fixtures/errors/rate_limited.json", ""),
    template!("tests/fixtures/errors/server.json", ""),
    template!("tests/fixtures/stream_error.json", ""),
    template!("tests/fixtures/stream_error.txt", ""),
];

/// The files of the crate, by their path in it.
pub(super) fn files(form: Form, vendor: &Vendor) -> anyhow::Result<Vec<(String, String)>> {
    match form {
        Form::OpenAi => Ok(TEMPLATES.iter().map(|(path, text)| ((*path).to_owned(), filled(vendor, text))).collect()),
        Form::Own => {
            let folder = crate::cargo::root().join(third_parties::FOLDER).join(EXAMPLE);
            let mut files = Vec::new();
            collect(&folder, "", &mut files).with_context(|| format!("reading {}", folder.display()))?;
            files.sort();
            Ok(files.into_iter().map(|(path, text)| (path, renamed(vendor, &text))).collect())
        }
    }
}

fn collect(folder: &Path, below: &str, files: &mut Vec<(String, String)>) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let path = format!("{below}{}", entry.file_name().to_string_lossy());
        if entry.file_type()?.is_dir() {
            collect(&entry.path(), &format!("{path}/"), files)?;
        } else {
            files.push((path, fs::read_to_string(entry.path())?));
        }
    }
    Ok(())
}

/// A template with this vendor's words in its places.
fn filled(vendor: &Vendor, template: &str) -> String {
    replaced(
        template,
        &[
            ("{{id}}", &vendor.id),
            ("{{module}}", &vendor.module()),
            ("{{Type}}", &vendor.type_name()),
            ("{{ENV}}", &vendor.environment()),
            ("{{base_url}}", &vendor.base_url),
        ],
    )
}

/// A file of the example with this vendor's names instead of the example's.
fn renamed(vendor: &Vendor, text: &str) -> String {
    let kept = text.lines().map(|line| {
        if line.contains(ONLY_OF_THE_EXAMPLE) {
            "The protocol is still that of the example which this crate was copied from: write Acme's, file by file."
        } else {
            line
        }
    });
    let text: String = kept.flat_map(|line| [line, "\n"]).collect();
    replaced(
        &text,
        &[
            ("https://api.acme.example", &vendor.base_url),
            ("llm_provider_acme", &format!("llm_provider_{}", vendor.module())),
            ("Acme AI", &vendor.type_name()),
            ("Acme", &vendor.type_name()),
            ("ACME", &vendor.environment()),
            ("acme", &vendor.id),
        ],
    )
}

fn replaced(text: &str, words: &[(&str, &str)]) -> String {
    words.iter().fold(text.to_owned(), |text, (old, new)| text.replace(old, new))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_leaves_no_place_unfilled() {
        let vendor = Vendor::new("acme-ai", None, Form::OpenAi).unwrap();
        assert_eq!(
            filled(&vendor, "{{id}} {{module}} {{Type}} {{ENV}}_API_KEY"),
            "acme-ai acme_ai AcmeAi ACME_AI_API_KEY"
        );
        for (path, text) in TEMPLATES {
            assert!(!filled(&vendor, text).contains("{{"), "{path}");
        }
    }

    #[test]
    fn nothing_of_the_example_is_left_in_a_copy() {
        let vendor = Vendor::new("zebra-ai", None, Form::Own).unwrap();
        let files = files(Form::Own, &vendor).unwrap();
        for (path, text) in &files {
            assert!(!text.to_lowercase().contains("acme") && !path.contains("acme"), "{path}");
            assert!(!text.contains("does not exist"), "{path}");
        }
        let text = |wanted: &str| &files.iter().find(|(path, _)| path == wanted).unwrap().1;
        assert!(text("src/lib.rs").contains("ZEBRA_AI_API_KEY"), "{}", text("src/lib.rs"));
        assert!(text("tests/conformance.rs").contains("llm_provider_zebra_ai::PLUGIN"));
    }
}
