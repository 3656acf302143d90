//! Names of providers and models: ours, and what the lists call them.

/// A provider by our names, with what genai-prices and LiteLLM call it.
struct Names {
    /// Ours: plugin id and other names.
    ours: &'static [&'static str],
    prices: &'static [&'static str],
    capabilities: &'static [&'static str],
}

const fn names(
    ours: &'static [&'static str],
    prices: &'static [&'static str],
    capabilities: &'static [&'static str],
) -> Names {
    Names { ours, prices, capabilities }
}

/// What is not here goes by the same name in the lists, or is not known to them.
const PROVIDERS: &[Names] = &[
    names(&["openai"], &["openai"], &["openai", "text-completion-openai"]),
    names(&["anthropic", "claude"], &["anthropic"], &["anthropic"]),
    names(&["gemini", "google"], &["google"], &["gemini"]),
    names(
        &["vertex"],
        &["google"],
        &[
            "vertex_ai-language-models",
            "vertex_ai-anthropic_models",
            "vertex_ai",
            "vertex_ai-embedding-models",
            "vertex_ai-mistral_models",
            "vertex_ai-llama_models",
            "vertex_ai-deepseek_models",
            "vertex_ai-openai_models",
            "vertex_ai-qwen_models",
        ],
    ),
    names(&["azure"], &["azure"], &["azure", "azure_ai", "openai"]),
    names(&["bedrock", "aws"], &["aws"], &["bedrock_converse", "bedrock", "bedrock_mantle"]),
    names(&["cohere"], &["cohere"], &["cohere_chat", "cohere"]),
    names(&["xai", "x-ai"], &["x-ai"], &["xai"]),
    names(&["together"], &["together"], &["together_ai"]),
    names(&["fireworks"], &["fireworks"], &["fireworks_ai", "fireworks_ai-embedding-models"]),
    names(&["moonshot", "moonshotai"], &["moonshotai"], &["moonshot"]),
    names(&["zai"], &["zai", "zhipuai"], &["zai"]),
    names(&["dashscope", "alibaba"], &["dashscope"], &["dashscope"]),
    names(&["voyage", "voyageai"], &["voyageai"], &["voyage"]),
    names(&["vercel", "vercel_gateway"], &["vercel_ai_gateway"], &["vercel_ai_gateway"]),
    names(&["copilot", "github-copilot"], &["github-copilot"], &["github_copilot"]),
    names(&["chatgpt"], &[], &["openai"]),
];

/// Lists of one publisher's models at a host, where the models' names do not say whose they are.
const PUBLISHERS: &[(&str, &str)] = &[
    ("vertex_ai", "google"),
    ("vertex_ai-language-models", "google"),
    ("vertex_ai-embedding-models", "google"),
    ("vertex_ai-anthropic_models", "anthropic"),
    ("vertex_ai-mistral_models", "mistralai"),
];

/// Lists of many publishers' models, which stand there as `publisher.model`, some behind a place.
const DOTTED: [&str; 3] = ["bedrock", "bedrock_converse", "bedrock_mantle"];
/// Who publishes models for chats and vectors in these lists (AWS's page "Supported foundation models", read 2026-11);
/// whose models are asked in a way that no plugin speaks is not here.
const DOTTED_PUBLISHERS: [&str; 17] = [
    "ai21",
    "amazon",
    "anthropic",
    "cohere",
    "deepseek",
    "google",
    "meta",
    "minimax",
    "mistral",
    "moonshot",
    "moonshotai",
    "nvidia",
    "openai",
    "qwen",
    "writer",
    "xai",
    "zai",
];

/// Who publishes a model that stands under this name in a list of capabilities.
pub(crate) fn publisher(list: &str, model: &str) -> Option<&'static str> {
    if DOTTED.contains(&list) {
        let id = model.rsplit('/').next().unwrap_or(model);
        return id.split('.').find_map(|word| DOTTED_PUBLISHERS.iter().find(|known| **known == word).copied());
    }
    let (_, publisher) = PUBLISHERS.iter().find(|(known, _)| *known == list && !model.contains('/'))?;
    Some(publisher)
}

/// Providers that run on one's own machine, or need none: nobody sends a bill.
const OWN: &[&str] = &["local", "ollama", "llamacpp", "mistralrs"];
/// What Ollama calls models that run at its own company's.
const OLLAMA_CLOUD: [&str; 2] = ["-cloud", ":cloud"];

/// What the price lists call a provider.
pub(crate) fn in_prices(provider: &str) -> impl Iterator<Item = &str> {
    in_list(provider, |names| names.prices)
}

/// What the list of capabilities calls a provider.
pub(crate) fn in_capabilities(provider: &str) -> impl Iterator<Item = &str> {
    in_list(provider, |names| names.capabilities)
}

fn in_list(provider: &str, list: fn(&Names) -> &'static [&'static str]) -> impl Iterator<Item = &str> {
    let known = PROVIDERS.iter().find(|names| names.ours.contains(&provider));
    let as_it_is = known.is_none().then_some(provider);
    known.map(list).unwrap_or_default().iter().copied().chain(as_it_is)
}

/// The list and the model's name there, where the model says who of several serves it (`org/name:together`).
pub(crate) fn served_by<'a>(provider: &str, model: &'a str) -> Option<(String, &'a str)> {
    let (model, server) = model.rsplit_once(':').filter(|_| provider == "huggingface")?;
    Some((format!("huggingface_{server}"), model))
}

/// Whether a model runs on one's own machine, and costs nothing by the token.
pub(crate) fn is_own(provider: &str, model: &str) -> bool {
    OWN.contains(&provider) && !OLLAMA_CLOUD.iter().any(|end| model.ends_with(end))
}

/// All names of ours that mean this provider, itself included.
pub(crate) fn of(provider: &str) -> impl Iterator<Item = &str> {
    in_list(provider, |names| names.ours)
}

/// `model-20251211` as `model-2025-12-11`: some gateways leave the dashes out that others' names have.
pub(crate) fn with_dashed_date(name: &str) -> Option<String> {
    let (start, date) = dated(name)?;
    let stem = name[..start].strip_suffix('-')?;
    let rest = &name[start + date.len()..];
    Some(format!("{stem}-{}-{}-{}{rest}", &date[..4], &date[4..6], &date[6..]))
}

/// The place and the digits of the first `20YYMMDD` that stands alone.
fn dated(name: &str) -> Option<(usize, &str)> {
    let bytes = name.as_bytes();
    let alone = |start: usize| {
        let date = name.get(start..start + 8)?;
        if !date.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let number = |range: std::ops::Range<usize>| date[range].parse::<u32>().ok();
        let before = start == 0 || matches!(bytes[start - 1], b'-' | b'@');
        let after = matches!(bytes.get(start + 8), None | Some(b'-' | b':'));
        let day = (1..=12).contains(&number(4..6)?) && (1..=31).contains(&number(6..8)?);
        (before && after && day).then_some((start, date))
    };
    name.match_indices("20").find_map(|(start, _)| alone(start))
}

/// The family of a snapshot: without its date (`-20251001`, `@20251001`, `-2025-10-01`) or `-latest`.
pub(crate) fn family(name: &str) -> Option<&str> {
    if let Some(stem) = name.strip_suffix("-latest").or_else(|| name.strip_suffix("@latest")) {
        return Some(stem);
    }
    if let Some((start, _)) = dated(name).filter(|(start, date)| start + date.len() == name.len()) {
        return name.get(..start.checked_sub(1)?);
    }
    let (stem, date) = name.split_at_checked(name.len().checked_sub("-2026-11-20".len())?)?;
    crate::moment::unix_day(date.strip_prefix('-')?).map(|_| stem)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_providers_are_found_in_the_lists() {
        assert_eq!(in_prices("gemini").collect::<Vec<_>>(), ["google"]);
        assert_eq!(in_prices("claude").collect::<Vec<_>>(), ["anthropic"]);
        assert_eq!(in_prices("groq").collect::<Vec<_>>(), ["groq"]);
        assert_eq!(in_capabilities("xai").collect::<Vec<_>>(), ["xai"]);
        assert_eq!(in_prices("chatgpt").count(), 0);
        assert_eq!(of("google").collect::<Vec<_>>(), ["gemini", "google"]);
        assert_eq!(of("acme").collect::<Vec<_>>(), ["acme"]);
        assert_eq!(served_by("huggingface", "o/m:groq"), Some(("huggingface_groq".to_owned(), "o/m")));
        assert_eq!(served_by("huggingface", "o/m"), None);
        assert!(is_own("ollama", "llama4") && !is_own("ollama", "gpt-oss:120b-cloud") && !is_own("openai", "m"));
    }

    #[test]
    fn a_snapshot_belongs_to_its_family() {
        for (name, stem) in [
            ("claude-haiku-4-5-20251001", Some("claude-haiku-4-5")),
            ("claude-haiku-4-5@20251001", Some("claude-haiku-4-5")),
            ("gpt-5.4-2026-03-05", Some("gpt-5.4")),
            ("claude-3-opus-latest", Some("claude-3-opus")),
            ("gpt-5.4", None),
            ("model-20251341", None),
            ("2025", None),
            ("é20251001", None),
            ("-20é51001", None),
            ("m-2025-é01", None),
        ] {
            assert_eq!(family(name), stem, "{name}");
        }
        assert_eq!(with_dashed_date("gpt-5.2-20251211").as_deref(), Some("gpt-5.2-2025-12-11"));
        assert_eq!(with_dashed_date("a-20251211:free").as_deref(), Some("a-2025-12-11:free"));
        assert_eq!(with_dashed_date("gpt-5.2"), None);
        assert_eq!(with_dashed_date("claude@20251211"), None);
    }
}
