//! Estimates of recorded requests against what the vendors counted for them.
//!
//! The recordings are other projects' and are not part of this repository: without them the test is skipped aloud.
//! With `--features exact-tokens` OpenAI's models are counted exactly, too.
#![allow(clippy::print_stdout, reason = "what was measured")]
#![allow(clippy::cast_precision_loss, reason = "counts of tokens, for percentages")]

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use llm_catalog::{Estimator, Family};
use llm_core::{ChatRequest, MediaData, Part, PartKind, Request, Tool};
use serde_json::Value;
use workspace_tests::corpus::{Case, load, recorded_request};

use crate::money::{corpus, models, usage};

/// The mean error, in hundredths, of the estimates of requests that show what is counted.
const AT_MOST: f64 = 10.0;

/// Why the tokens of a request cannot be seen in it; from what the request and its usage are, never from which they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Hidden {
    /// Nothing is hidden.
    No,
    /// Media that the vendor fetches or holds.
    MediaElsewhere,
    /// A document whose words are packed.
    Document,
    /// Tools that the vendor runs: their prompts, what they found, and citations, which come with a prompt.
    VendorTool,
    /// What the vendor holds: a cache, a preset, documents, what was said before; and thoughts that only it can read.
    Held,
    /// A gateway that says that it adds a prompt of its own.
    Gateway,
    /// Fewer tokens were counted than there are words: the vendor counts something else.
    NoCount,
}

impl fmt::Display for Hidden {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(match self {
            Self::No => "shown",
            Self::MediaElsewhere => "media elsewhere",
            Self::Document => "packed document",
            Self::VendorTool => "vendor's tools",
            Self::Held => "held by the vendor",
            Self::Gateway => "gateway's prompt",
            Self::NoCount => "fewer than words",
        })
    }
}

fn parts(chat: &ChatRequest) -> impl Iterator<Item = &Part> {
    chat.messages.iter().flat_map(|message| &message.content).flat_map(|part| {
        let inner: &[Part] = match &part.kind {
            PartKind::ToolResult(result) => &result.content,
            _ => &[],
        };
        std::iter::once(part).chain(inner)
    })
}

fn hidden(case: &Case, chat: &ChatRequest, counted: u64) -> Hidden {
    let says = |words: &[&str]| chat.ext.0.values().any(|ext| words.iter().any(|word| ext.contains_key(*word)));
    let is_vendors = |part: &Part| matches!(part.kind, PartKind::Opaque { .. } | PartKind::Unknown(_));
    let has_citations = |part: &Part| part.ext.value("anthropic", "citations").is_some();
    if chat.tools.iter().any(|tool| !matches!(**tool, Tool::Function(_)))
        || says(&["mcp_servers", "container", "web_search_options", "plugins"])
        || parts(chat).any(|part| is_vendors(part) || has_citations(part))
        || case.response.body.contains("\"executed_tools\"")
    {
        return Hidden::VendorTool;
    }
    if says(&["cachedContent", "preset", "documents", "previous_response_id", "conversation", "prompt"])
        || parts(chat).any(|part| matches!(part.kind, PartKind::Reasoning { encrypted: Some(_), .. }))
    {
        return Hidden::Held;
    }
    for part in parts(chat) {
        let PartKind::Media(media) = &part.kind else { continue };
        match (&media.data, media.family()) {
            (MediaData::Url { .. } | MediaData::File { .. }, _) => return Hidden::MediaElsewhere,
            (_, "application") => return Hidden::Document,
            _ => {}
        }
    }
    // Venice puts a prompt of its own before each request that does not say no (its page on parameters, 2026).
    let venice = chat.ext.of("openai-chat").and_then(|ext| ext.get("venice_parameters"));
    let is_free = venice.and_then(|said| said.get("include_venice_system_prompt")) == Some(&Value::Bool(false));
    if case.provider == "venice" && !is_free {
        return Hidden::Gateway;
    }
    // Thoughts inside answers are taken out by templates.
    let texts = parts(chat).filter_map(Part::as_text).filter(|text| !text.contains("</think>"));
    let words: usize = texts.map(|text| text.split_whitespace().count()).sum();
    if u64::try_from(words).is_ok_and(|words| words > counted) {
        return Hidden::NoCount;
    }
    Hidden::No
}

/// The recorded request; some wire formats are near enough to others to be read as these.
fn read(mut case: Case) -> Option<(Case, ChatRequest)> {
    let as_read = match case.api.as_str() {
        "mistral-chat" | "cohere-v2-chat" => "openai-chat",
        "bedrock-invoke" => "anthropic-messages",
        same => same,
    };
    case.api = as_read.to_owned();
    if let Some(request) = case.request.as_mut().filter(|request| request.body.get("anthropic_version").is_some()) {
        let model = request.path.split_once("model/").and_then(|(_, after)| after.split('/').next());
        let model = model.unwrap_or_default().to_owned();
        if let Some(body) = request.body.as_object_mut() {
            body.entry("model").or_insert(Value::String(model));
        }
    }
    let chat = recorded_request(&case)?.ok()?;
    Some((case, chat))
}

/// One request with what its vendor counted.
struct Asked {
    provider: String,
    model: String,
    request: Request,
    counted: u64,
    hidden: Hidden,
    hash: u64,
}

impl Asked {
    /// The half of the recordings that it is in.
    fn half(&self) -> u64 {
        self.hash & 1
    }
}

fn is_chat(kind: &str) -> bool {
    matches!(kind, "chat" | "chat_stream" | "responses" | "responses_stream")
}

/// FNV-1a.
fn hash(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

fn asked(cases: Vec<Case>) -> (Vec<Asked>, usize) {
    let mut unread = 0;
    let asked = cases.into_iter().filter(|case| is_chat(&case.kind)).filter_map(|case| {
        let counted = usage(&case)?.input.filter(|counted| *counted > 0)?;
        let Some((case, chat)) = read(case) else {
            unread += 1;
            return None;
        };
        Some(Asked {
            model: models(&case).into_iter().next().unwrap_or_default(),
            hidden: hidden(&case, &chat, counted),
            hash: hash(&case.name),
            provider: match (case.api.as_str(), case.provider.as_str()) {
                ("openai-responses", "openai" | "azure") => case.api,
                _ => case.provider,
            },
            request: Request::Chat(Arc::new(chat)),
            counted,
        })
    });
    (asked.collect(), unread)
}

/// Errors in hundredths of what was counted.
#[derive(Default)]
struct Errors(Vec<f64>, f64, f64);

impl Errors {
    fn add(&mut self, estimated: u64, counted: u64) {
        let (off, counted) = (estimated.abs_diff(counted) as f64, counted as f64);
        self.0.push(off / counted * 100.0);
        self.1 += off;
        self.2 += counted;
    }

    fn of<'a>(asked: impl IntoIterator<Item = &'a Asked>, estimate: impl Fn(&Asked) -> u64) -> Self {
        let mut errors = Self::default();
        asked.into_iter().for_each(|asked| errors.add(estimate(asked), asked.counted));
        errors
    }

    fn mean(&self) -> f64 {
        self.0.iter().sum::<f64>() / self.0.len().max(1) as f64
    }

    fn median(&mut self) -> f64 {
        self.0.sort_by(f64::total_cmp);
        self.0.get(self.0.len() / 2).copied().unwrap_or(0.0)
    }

    fn show(&mut self, name: &str) {
        let (mean, median, of_tokens) = (self.mean(), self.median(), self.1 / self.2.max(1.0) * 100.0);
        println!(
            "{name:<52}{:>5} requests: mean {mean:>6.1} %, median {median:>5.1} %, of all tokens {of_tokens:>5.1} %",
            self.0.len()
        );
    }
}

/// Predicts, then learns from the usage, in an order that mixes providers.
fn online<'a>(asked: impl IntoIterator<Item = &'a Asked>) -> (Errors, Errors) {
    let mut asked: Vec<_> = asked.into_iter().collect();
    // The recordings do not say when they were made.
    asked.sort_by_key(|asked| asked.hash.rotate_left(17));
    let estimator = Estimator::default();
    let mut seen: BTreeMap<(&str, &str), u32> = BTreeMap::new();
    let (mut all, mut later) = (Errors::default(), Errors::default());
    for Asked { provider, model, request, counted, .. } in asked {
        let estimated = estimator.estimate_at(provider, model, request).input;
        all.add(estimated, *counted);
        let calls = seen.entry((provider, model)).or_default();
        if *calls >= 3 {
            later.add(estimated, *counted);
        }
        *calls += 1;
        estimator.learn_at(provider, model, request, *counted);
    }
    (all, later)
}

#[test]
fn estimates_come_near_what_vendors_counted() {
    let Some(corpus) = corpus() else { return };
    let (asked, unread) = asked(load(&corpus, None).unwrap());
    let estimator = Estimator::default();
    let estimate = |asked: &Asked| estimator.estimate_at(&asked.provider, &asked.model, &asked.request).input;
    let is_shown = |asked: &&Asked| asked.hidden == Hidden::No;

    println!(
        "{unread} more requests are not read: the recorder cut their bodies, or their wire format is not ours yet"
    );
    Errors::of(&asked, estimate).show("all that are read");
    let mut shown = Errors::of(asked.iter().filter(is_shown), estimate);
    shown.show("those that show what is counted");
    for half in [0, 1] {
        let errors = Errors::of(asked.iter().filter(is_shown).filter(|asked| asked.half() == half), estimate);
        { errors }.show(&format!("  half {} of them", half + 1));
    }
    let nameless = |asked: &Asked| estimator.estimate_at("", &asked.model, &asked.request).input;
    Errors::of(asked.iter().filter(is_shown), nameless).show("  the provider not known");
    let (mut learnt, mut later) = online(asked.iter().filter(is_shown));
    learnt.show("  learning as it goes");
    later.show("    from a target's fourth request on");
    let (mut learnt, mut later) = online(&asked);
    learnt.show("all that are read, learning as it goes");
    later.show("    from a target's fourth request on");
    #[cfg(feature = "exact-tokens")]
    {
        let exact = llm_catalog::ExactEstimator::default();
        let counted = |asked: &Asked| exact.estimate_at(&asked.provider, &asked.model, &asked.request).input;
        let is_openai = |asked: &&Asked| asked.hidden == Hidden::No && Family::of(&asked.model) == Family::Gpt;
        Errors::of(asked.iter().filter(is_openai), estimate).show("OpenAI's models, estimated");
        Errors::of(asked.iter().filter(is_openai), counted).show("OpenAI's models, counted");
    }

    let mut rows: BTreeMap<(Hidden, Family), Vec<&Asked>> = BTreeMap::new();
    for asked in &asked {
        rows.entry((asked.hidden, Family::of(&asked.model))).or_default().push(asked);
    }
    println!("by what hides tokens, and by family:");
    for ((hidden, family), asked) in &rows {
        Errors::of(asked.iter().copied(), estimate).show(&format!("  {hidden:<20}{family:?}"));
    }
    println!("what is shown, by provider and what it is made of:");
    let mut rows: BTreeMap<(&str, &str), Vec<&Asked>> = BTreeMap::new();
    for asked in asked.iter().filter(is_shown) {
        rows.entry((&asked.provider, made_of(&asked.request))).or_default().push(asked);
    }
    for ((provider, made_of), asked) in &rows {
        Errors::of(asked.iter().copied(), estimate).show(&format!("  {provider:<18}{made_of}"));
    }
    assert!(shown.mean() <= AT_MOST, "the mean error is {:.1} %, more than {AT_MOST} %", shown.mean());
}

/// What of a request is not just words.
fn made_of(request: &Request) -> &'static str {
    let Request::Chat(chat) = request else { return "other" };
    let has = |is: fn(&PartKind) -> bool| parts(chat).any(|part| is(&part.kind));
    match () {
        () if has(|kind| matches!(kind, PartKind::Media(_))) => "media",
        () if has(|kind| matches!(kind, PartKind::ToolResult(_))) => "tool results",
        () if !chat.tools.is_empty() => "tools",
        () if chat.output != llm_core::OutputFormat::Text => "answer's form",
        () => "words",
    }
}
