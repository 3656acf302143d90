//! A plugin is complete when the facade can switch it on, link it, and its recordings prove it.

use super::tree::{Package, Workspace};

/// Where the facade names every plugin; a plugin that is not named is silently not linked.
const PROVIDERS: &str = "crates/loquat/src/providers.rs";

/// Plugins without recordings, each with its reason.
const NO_FIXTURES: &[(&str, &str)] = &[];

pub(super) fn check(workspace: &Workspace) -> Vec<String> {
    let plugins = workspace.packages.iter().filter(|package| package.name.starts_with("llm-provider-"));
    plugins.flat_map(|plugin| check_plugin(workspace, plugin)).collect()
}

fn check_plugin(workspace: &Workspace, plugin: &Package) -> Vec<String> {
    let Package { name, folder, .. } = plugin;
    let mut problems = Vec::new();
    let mut problem = |text: String| problems.push(format!("{name}: {text}"));
    let id = name.trim_start_matches("llm-provider-");
    if *folder != format!("plugins/{name}") {
        problem(format!("stands in {folder}, not in plugins/{name}"));
    }
    let facade = workspace.packages.iter().find(|package| package.name == "loquat");
    let enables =
        |feature: &str| facade.and_then(|facade| facade.features.get(feature)).map(Vec::as_slice).unwrap_or_default();
    if enables(id) != [format!("dep:{name}")] {
        problem(format!("the facade has no feature `{id} = [\"dep:{name}\"]`"));
    }
    if !enables("all-providers").iter().any(|feature| feature == id) {
        problem(format!("the facade's feature `all-providers` lacks `{id}`"));
    }
    let module = name.replace('-', "_");
    if !workspace.files.get(PROVIDERS).is_some_and(|text| names(text, &module)) {
        problem(format!("{PROVIDERS} does not name {module}, so it is not linked"));
    }
    for needed in ["README.md", "tests/conformance.rs"] {
        if !workspace.files.contains_key(&format!("{folder}/{needed}")) {
            problem(format!("{needed} is absent"));
        }
    }
    let excused = NO_FIXTURES.iter().any(|(plugin, _)| plugin == name);
    let has_fixtures = workspace.files_below(&format!("{folder}/tests/fixtures")).next().is_some();
    if has_fixtures == excused {
        problem(
            if excused { "has fixtures now: remove its excuse" } else { "tests/fixtures is absent or empty" }.into(),
        );
    }
    problems
}

/// Whether the text has this identifier outside comments, not only as the start of a longer one.
fn names(text: &str, module: &str) -> bool {
    let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    let is_part = |letter: char| letter.is_alphanumeric() || letter == '_';
    code.flat_map(|line| line.split(|letter| !is_part(letter))).any(|word| word == module)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn complete() -> Workspace {
        let folder = "plugins/llm-provider-acme";
        let files: Vec<_> = ["README.md", "tests/conformance.rs", "tests/fixtures/chat.json"]
            .iter()
            .map(|file| (format!("{folder}/{file}"), String::new()))
            .chain([(PROVIDERS.to_owned(), "pub use llm_provider_acme as acme;\n".to_owned())])
            .collect();
        let mut facade = Package::named("loquat");
        facade.features.insert("acme".to_owned(), vec!["dep:llm-provider-acme".to_owned()]);
        facade.features.insert("all-providers".to_owned(), vec!["acme".to_owned()]);
        Workspace { files: files.into_iter().collect(), packages: vec![facade, Package::named("llm-provider-acme")] }
    }

    #[test]
    fn a_complete_plugin_passes() {
        assert_eq!(check(&complete()), [""; 0]);
    }

    #[test]
    fn each_missing_file_is_found() {
        for path in complete().files.keys() {
            let mut workspace = complete();
            workspace.files.remove(path);
            assert_eq!(check(&workspace).len(), 1, "{path}");
        }
    }

    #[test]
    fn a_feature_that_is_missing_or_wider_is_found() {
        for feature in ["acme", "all-providers"] {
            let mut workspace = complete();
            workspace.packages[0].features.remove(feature);
            assert_eq!(check(&workspace).len(), 1, "{feature}");
        }
        let mut workspace = complete();
        workspace.packages[0]
            .features
            .insert("acme".to_owned(), vec!["dep:llm-provider-acme".to_owned(), "x".to_owned()]);
        assert_eq!(check(&workspace).len(), 1);
    }

    #[test]
    fn a_longer_name_or_a_comment_does_not_link() {
        for text in ["pub use llm_provider_acme_two as acme;", "// pub use llm_provider_acme as acme;"] {
            let mut workspace = complete();
            workspace.files.insert(PROVIDERS.to_owned(), text.to_owned());
            assert_eq!(check(&workspace).len(), 1, "{text}");
        }
    }

    #[test]
    fn a_plugin_stands_among_the_plugins() {
        let mut workspace = complete();
        workspace.packages[1].folder = "crates/llm-provider-acme".to_owned();
        assert!(check(&workspace).iter().any(|problem| problem.contains("not in plugins/")));
    }
}
