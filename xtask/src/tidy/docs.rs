//! What documentation names must exist: paths in backticks, tests as `path.rs::name`, relative links, crates in the map.

use super::tree::{Workspace, has_extension};

/// The first part of a path from the root that a document may name.
const ROOTS: &[&str] = &["crates/", "plugins/", "xtask/", "tests/", "docs/", ".config/", ".ci/", ".cargo/"];
/// Documents outside `docs/`.
const PAGES: &[&str] = &["README.md", "CONTRIBUTING.md", "SECURITY.md", "AGENTS.md", "CHANGELOG.md"];
/// The page with the code map.
const MAP: &str = "docs/architecture.md";

pub(super) fn check(workspace: &Workspace) -> Vec<String> {
    let is_page = |path: &str| (path.starts_with("docs/") && has_extension(path, "md")) || PAGES.contains(&path);
    let mut problems = Vec::new();
    for (path, text) in workspace.files.iter().filter(|(path, _)| is_page(path)) {
        for (number, line) in prose(text) {
            let faults = code_spans(line)
                .filter_map(|span| check_span(workspace, span))
                .chain(links(line).filter_map(|link| check_link(workspace, path, link)));
            problems.extend(faults.map(|fault| format!("{path}:{number}: {fault}")));
        }
    }
    if let Some(map) = workspace.files.get(MAP) {
        let missing = workspace.packages.iter().filter(|package| package.folder.starts_with("crates/"));
        for package in missing.filter(|package| !map.contains(&format!("`{}`", package.folder))) {
            problems.push(format!("{MAP}: the code map lacks `{}`", package.folder));
        }
    }
    problems
}

/// Lines outside code blocks, numbered from 1.
fn prose(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut inside = false;
    text.lines().enumerate().filter_map(move |(index, line)| {
        let fence = line.trim_start().starts_with("```");
        inside ^= fence;
        (!inside && !fence).then_some((index + 1, line))
    })
}

fn code_spans(line: &str) -> impl Iterator<Item = &str> {
    line.split('`').skip(1).step_by(2)
}

fn links(line: &str) -> impl Iterator<Item = &str> {
    line.split("](").skip(1).filter_map(|rest| rest.split([')', '#']).next())
}

/// What is wrong with a code span that looks like a path of the repository.
fn check_span(workspace: &Workspace, span: &str) -> Option<String> {
    if !ROOTS.iter().any(|root| span.starts_with(root)) || span.contains(char::is_whitespace) {
        return None;
    }
    let (path, test) = span.split_once("::").map_or((span, None), |(path, test)| (path, Some(test)));
    if !exists(workspace, path) {
        return Some(format!("`{path}` does not exist"));
    }
    let test = test?.rsplit("::").next()?;
    let source = workspace.files.get(path)?;
    let name_ends = |rest: &str| !rest.starts_with(|letter: char| letter.is_alphanumeric() || letter == '_');
    let function = format!("fn {test}");
    let found = source.match_indices(&function).any(|(at, word)| name_ends(&source[at + word.len()..]));
    (!found).then(|| format!("`{path}` has no function `{test}`"))
}

/// Whether a path exists; from its first part with a placeholder (`*`, `NAME`, `<x>`, `{a,b}`) on, anything goes.
fn exists(workspace: &Workspace, path: &str) -> bool {
    let shouted = |part: &str| {
        part.len() > 1
            && part
                .split(['-', '_'])
                .any(|word| word.len() > 2 && word.chars().all(|letter| letter.is_ascii_uppercase()))
    };
    let placeholder = |part: &str| part.contains(['*', '<', '{', '…']) || (shouted(part) && !part.contains('.'));
    let known: Vec<_> = path.split('/').take_while(|part| !placeholder(part)).collect();
    workspace.has(&known.join("/"))
}

fn check_link(workspace: &Workspace, page: &str, link: &str) -> Option<String> {
    if link.is_empty() || link.contains(':') {
        return None;
    }
    let mut parts: Vec<_> = page.split('/').collect();
    parts.pop();
    for part in link.split('/') {
        match part {
            "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    (!workspace.has(&parts.join("/"))).then(|| format!("the link to {link} leads nowhere"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::tree::Package;

    fn check(page: &str) -> Vec<String> {
        super::check(&Workspace::of(&[
            ("docs/page.md", page),
            ("docs/adr/0001.md", ""),
            ("crates/llm-core/src/error.rs", "#[test]\nfn kinds_have_a_policy() {}\n"),
            ("CONTRIBUTING.md", ""),
        ]))
    }

    #[test]
    fn what_exists_passes() {
        for page in [
            "`crates/llm-core/src/error.rs` and `crates/llm-core/`",
            "`crates/llm-core/src/error.rs::kinds_have_a_policy`",
            "`crates/llm-core/src/error.rs::tests::kinds_have_a_policy`",
            "`crates/*/README.md`, `crates/llm-NAME/src`, `crates/<name>`, `crates/{a,b}`",
            "[adr](adr/0001.md), [how](../CONTRIBUTING.md#tests), [web](https://example.org/x)",
            "`tests/ is a word`",
            "```\n`crates/gone`\n```\n",
        ] {
            assert_eq!(check(page), [""; 0], "{page}");
        }
    }

    #[test]
    fn what_does_not_exist_is_named_with_its_line() {
        for (page, fault) in [
            ("a\n\n`crates/gone`", "docs/page.md:3: `crates/gone` does not exist"),
            ("`crates/llm-core/src/gone.rs`", "docs/page.md:1: `crates/llm-core/src/gone.rs` does not exist"),
            (
                "`crates/llm-core/src/error.rs::kinds_have`",
                "docs/page.md:1: `crates/llm-core/src/error.rs` has no function `kinds_have`",
            ),
            ("`plugins/llm-provider-*`", "docs/page.md:1: `plugins/llm-provider-*` does not exist"),
            ("[adr](adr/0002.md)", "docs/page.md:1: the link to adr/0002.md leads nowhere"),
            ("```\n```\n`docs/gone.md`", "docs/page.md:3: `docs/gone.md` does not exist"),
        ] {
            assert_eq!(check(page), [fault.to_owned()]);
        }
    }

    #[test]
    fn every_crate_is_in_the_code_map() {
        let mut workspace = Workspace::of(&[(MAP, "- `crates/llm-core`: types\n"), ("crates/llm-core/src/lib.rs", "")]);
        workspace.packages = vec![Package::named("llm-core"), Package::named("llm-provider-openai")];
        assert_eq!(super::check(&workspace), [""; 0]);
        workspace.packages.push(Package::named("llm-wire"));
        assert_eq!(super::check(&workspace), ["docs/architecture.md: the code map lacks `crates/llm-wire`"]);
    }
}
