//! What a model takes is data about it, never the form of its name.
//!
//! Vendors give new models old names and old ones new names; a rule by the beginning of a name is wrong on that day.

use super::tree::Workspace;

/// Folders in which requests are made and read.
const FOLDERS: [&str; 2] = ["plugins/", "crates/llm-wire-"];
/// Ways to look into a text.
const LOOKS: [&str; 5] = [".starts_with(\"", ".ends_with(\"", ".contains(\"", ".strip_prefix(\"", ".strip_suffix(\""];
/// What a model's name is called.
const NAMES: [&str; 5] = ["model", "model_id", "bare", "family", "stem"];

pub(super) fn check(workspace: &Workspace) -> Vec<String> {
    let in_question = |path: &str| path.contains("/src/") && FOLDERS.iter().any(|folder| path.starts_with(folder));
    workspace
        .rust_files()
        .filter(|(path, _)| in_question(path))
        .flat_map(|(path, text)| {
            let code = text.lines().take_while(|line| line.trim() != "#[cfg(test)]").enumerate();
            code.filter(|(_, line)| guesses(line)).map(move |(at, line)| {
                let line = line.trim();
                format!(
                    "{path}:{}: a model is judged by its name ({line}): ask the catalogue, `BuildCx::models`",
                    at + 1
                )
            })
        })
        .collect()
}

/// True when a line looks for words in a model's name. A text that ends in a separator is a place and no model.
fn guesses(line: &str) -> bool {
    LOOKS.iter().any(|look| {
        line.match_indices(look).any(|(at, _)| {
            let receiver = line[..at].trim_end_matches("()").trim_end_matches(".as_str").trim_end_matches(".as_ref");
            let word = receiver.rsplit(|c: char| !c.is_ascii_alphanumeric() && c != '_').next().unwrap_or_default();
            let sought = line[at + look.len()..].split('"').next().unwrap_or_default();
            NAMES.contains(&word)
                && sought.contains(|c: char| c.is_ascii_alphanumeric())
                && !sought.ends_with(['/', '.', ':', '@'])
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_by_a_models_name_is_found() {
        for line in [
            r#"if request.model.starts_with("gpt-5") {"#,
            r#"let old = bare.contains("claude-3");"#,
            r#"model.as_str().ends_with("-mini")"#,
            r#"match model.strip_prefix("o1") {"#,
        ] {
            assert!(guesses(line), "{line}");
        }
        for line in [
            r#"let name = model.strip_prefix("models/").unwrap_or(model);"#,
            r#"if url.starts_with("https://") {"#,
            "model.contains(other)",
            r#"family(model).strip_prefix("anthropic.")"#,
            r#"kind.starts_with("response.")"#,
        ] {
            assert!(!guesses(line), "{line}");
        }
    }

    #[test]
    fn tests_and_other_folders_may_name_models() {
        let guess = "//! x\nfn f(model: &str) -> bool { model.starts_with(\"gpt-5\") }\n";
        let in_test = format!("//! x\n#[cfg(test)]\nmod tests {{ {} }}\n", &guess[6..]);
        let workspace = Workspace::of(&[
            ("plugins/llm-provider-a/src/lib.rs", guess),
            ("plugins/llm-provider-b/src/lib.rs", &in_test),
            ("crates/llm-catalog/src/lib.rs", guess),
        ]);
        let problems = check(&workspace);
        assert_eq!(problems.len(), 1, "{problems:?}");
        assert!(problems[0].starts_with("plugins/llm-provider-a/src/lib.rs:2:"), "{problems:?}");
    }
}
