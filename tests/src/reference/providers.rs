//! `docs/reference/providers.md`.

use llm_core::{ProviderPlugin, Setting};

use super::markdown::table;
use super::measured::Measured;
use super::probe::{self, Probed};

const HEAD: &str = "\
# Providers

<!-- Written by `cargo xtask reference`; change what it is made from. -->

Every provider of this repository, by its id, which is also its feature of `loquat` unless the table says another.
What they can do is asked of the plugins themselves: what a plugin refuses in strict mode it cannot do.
A model may do less than its vendor; `loquat models` says what is known of each.
How recorded traffic of the vendors comes out stands in `docs/reference/conformance.md`.
";

/// The columns of operations.
const OPERATIONS: [&str; 11] = [
    "chat",
    "chat_stream",
    "responses",
    "embeddings",
    "rerank",
    "images",
    "speech",
    "transcription",
    "moderation",
    "count_tokens",
    "models",
];

/// The page.
pub(super) fn page(probed: &[Probed], measured: &Measured) -> String {
    let mut page = HEAD.to_owned();
    page += "\n## Settings\n\nA key that has several variables is read from the first that is set.\nThe last columns are recorded answers that the plugin has read, and how many came out as the vendor's own client reads them; some plugins have no recordings.\n\n";
    page += &table(
        &["provider", "vendor", "key, by variable", "address", "other variables", "recorded cases", "equal"],
        probed.iter().map(|probed| settings(probed.plugin, measured)),
    );
    page += "\n## Operations\n\n";
    page += "`responses` is OpenAI's second protocol for chats: by itself, where a model wants it, or where a setting says so.\n\n";
    page += &answers(probed, OPERATIONS, |probed, name| match name {
        "responses" => probed.responses.clone().unwrap_or_default(),
        _ => said(&probed.operations, name),
    });
    page += "\n## In a chat\n\n";
    page += "`one call at a time` is `parallel_tool_calls: false`; image, audio and document are sent inline; a cache mark tells the vendor up to where to keep the prompt.\n";
    page += "What a target cannot do is a warning, and an error in strict mode.\n\n";
    page += &answers(probed, probe::chats().iter().map(|(name, _)| *name), |probed, name| said(&probed.chat, name));
    page
}

fn settings(plugin: &ProviderPlugin, measured: &Measured) -> Vec<String> {
    let code = |words: Vec<&str>| words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ");
    let variables = |wanted: fn(&Setting) -> bool| {
        let mut names = Vec::new();
        for name in plugin.settings.iter().filter(|setting| wanted(setting)).flat_map(|setting| setting.env) {
            if !names.contains(name) {
                names.push(*name);
            }
        }
        code(names)
    };
    let address = plugin.settings.iter().find(|setting| setting.key == "base_url").and_then(|setting| setting.default);
    let recorded = measured.answers.plugins.get(plugin.id).map(|counts| counts.map(|count| count.to_string()));
    let recorded = recorded.unwrap_or_default();
    let feature = plugin.krate.trim_start_matches("llm-provider-");
    let other_feature = if feature == plugin.id { String::new() } else { format!(" (feature `{feature}`)") };
    vec![
        format!("`{}`{other_feature}", plugin.id),
        plugin.name.to_owned(),
        variables(|setting| setting.secret),
        address.map(|address| format!("`{address}`")).unwrap_or_default(),
        variables(|setting| !setting.secret),
        recorded[0].clone(),
        recorded[1].clone(),
    ]
}

fn said(can: &[&str], name: &str) -> String {
    if can.contains(&name) { "yes".to_owned() } else { String::new() }
}

fn answers<'n>(
    probed: &[Probed],
    names: impl IntoIterator<Item = &'n str>,
    of: impl Fn(&Probed, &str) -> String,
) -> String {
    let head: Vec<&str> = std::iter::once("provider").chain(names).collect();
    let rows = probed.iter().map(|probed| {
        let said = head[1..].iter().map(|name| of(probed, name));
        std::iter::once(format!("`{}`", probed.plugin.id)).chain(said).collect()
    });
    table(&head, rows)
}
