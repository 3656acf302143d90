//! Fields that were written for one of OpenAI's two chat protocols and are sent in the other.
//!
//! Which one a model is asked in is often not the caller's choice. What both have is passed on, what has another name there
//! is renamed, and anything else is warned about. The fields are those of OpenAI's API reference of 2026-10.

use llm_core::{ChatRequest, Error, Origin};
use serde_json::{Map, Value, json};

use crate::dialect::{ChatApi, Dialect};
use crate::encoded::Notes;
use crate::json::Added;
use crate::{FAMILY, responses};

type Fields = Map<String, Value>;

/// Fields that mean the same in both.
const SHARED: &[&str] = &[
    "metadata",
    "model",
    "parallel_tool_calls",
    "prompt_cache_key",
    "prompt_cache_retention",
    "safety_identifier",
    "service_tier",
    "store",
    "temperature",
    "top_logprobs",
    "top_p",
    "user",
];

/// Fields of chat completions that the Responses API has not, or has elsewhere.
const CHAT_ONLY: &[&str] = &[
    "audio",
    "frequency_penalty",
    "function_call",
    "functions",
    "logit_bias",
    "logprobs",
    "max_completion_tokens",
    "max_tokens",
    "messages",
    "modalities",
    "n",
    "prediction",
    "presence_penalty",
    "reasoning_effort",
    "response_format",
    "seed",
    "stop",
    "verbosity",
    "web_search_options",
];

/// Fields that only the Responses API has.
const RESPONSES_ONLY: &[&str] = &[
    "background",
    "context_management",
    "conversation",
    "include",
    "max_tool_calls",
    "previous_response_id",
    "prompt",
    "text",
    "truncation",
];

const STREAM_OPTIONS: &str = "stream_options";

/// True when settings for a provider that speaks both name a field that only the Responses API has.
pub(crate) fn is_for_responses(settings: &Fields) -> bool {
    RESPONSES_ONLY.iter().any(|name| settings.get(*name).is_some_and(|value| !value.is_null()))
}

/// What the caller adds to a request of the Responses API: settings for it, and those for chat completions in its form.
///
/// Settings under the provider's id are for whichever protocol it is asked in; so are those for chat completions, where the
/// provider speaks both or a client wrote them.
pub(crate) fn to_responses<'a>(
    request: &'a ChatRequest,
    to: &Origin,
    dialect: &Dialect,
    notes: &mut Notes,
) -> Result<Settings<'a>, Error> {
    let asked = request.form.as_deref() == Some(FAMILY);
    let speaks_both = dialect.chat_api == ChatApi::Both;
    let of_chat = request.ext.of(FAMILY).filter(|fields| (asked || speaks_both) && !fields.is_empty());
    let of_provider =
        request.ext.of(&to.provider).filter(|fields| speaks_both && fields.keys().any(|name| is_chats(name)));
    if !asked {
        notes.foreign(request, to)?;
    }
    if of_chat.is_none() && of_provider.is_none() {
        return Ok(Settings::Given(Added::new(&request.ext, to)));
    }
    let takes = dialect.openai_fields || speaks_both;
    let mut all = Fields::new();
    let path = |name: &str| if asked { name.to_owned() } else { format!("ext.{FAMILY}.{name}") };
    for (name, value) in of_chat.into_iter().flatten() {
        to_responses_field(name, value, takes, &mut all, &path, notes)?;
    }
    lay(&mut all, request.ext.of(&to.api).into_iter().flatten());
    let of_provider = request.ext.of(&to.provider).filter(|_| *to.provider != *to.api).into_iter().flatten();
    let (chats, own): (Vec<_>, Vec<_>) = of_provider.partition(|(name, _)| speaks_both && is_chats(name));
    let path = |name: &str| format!("ext.{}.{name}", to.provider);
    for (name, value) in chats {
        to_responses_field(name, value, takes, &mut all, &path, notes)?;
    }
    lay(&mut all, own);
    Ok(Settings::Made(all))
}

/// Why a field of both protocols is left out.
const UNSURE: &str = "this vendor is not known to have the field";

fn is_chats(name: &str) -> bool {
    CHAT_ONLY.contains(&name)
}

fn to_responses_field(
    name: &str,
    value: &Value,
    takes: bool,
    all: &mut Fields,
    path: &dyn Fn(&str) -> String,
    notes: &mut Notes,
) -> Result<(), Error> {
    let mut set = |name: &str, value: Value| lay(all, [(&name.to_owned(), &value)]);
    match (name, value) {
        (_, Value::Null) => {}
        (name, _) if !takes && (SHARED.contains(&name) || name == "verbosity") => {
            notes.left_out(&path(name), UNSURE)?;
        }
        (name, value) if SHARED.contains(&name) => set(name, value.clone()),
        ("verbosity", word) => set("text", json!({ "verbosity": word })),
        ("reasoning_effort", word) => set("reasoning", json!({ "effort": word })),
        // Some servers take -1 for "no limit".
        ("max_completion_tokens" | "max_tokens", number) if number.is_u64() => set("max_output_tokens", number.clone()),
        ("stream_options", Value::Object(options)) => {
            // Usage is in the last event of every stream there.
            let options: Fields = options
                .iter()
                .filter(|(name, _)| *name != "include_usage")
                .map(|(n, v)| (n.clone(), v.clone()))
                .collect();
            if !options.is_empty() {
                set("stream_options", options.into());
            }
        }
        ("tool_choice", Value::Object(choice)) if choice.get("type") == Some(&json!("allowed_tools")) => {
            set("tool_choice", flat(&choice["type"], choice.get("allowed_tools")));
        }
        ("web_search_options", _) => {
            notes.left_out(&path(name), "the responses api searches with a tool: add the tool openai.web_search")?;
        }
        (name, _) => {
            notes.left_out(&path(name), "chat completions may have such a field, the responses api has not")?;
        }
    }
    Ok(())
}

/// What the caller adds to a chat: settings for it, and what a client of the Responses API wrote in its form.
pub(crate) fn to_chat<'a>(
    request: &'a ChatRequest,
    to: &Origin,
    stream: bool,
    dialect: &Dialect,
    notes: &mut Notes,
) -> Result<Settings<'a>, Error> {
    let given = Added::new(&request.ext, to);
    let mut all = Fields::new();
    if request.form.as_deref() == Some(responses::FAMILY) {
        // What stands for a part of the conversation is among the unknown fields, and warned about with them.
        let asked = request.ext.of(responses::FAMILY).into_iter().flatten();
        let counts = |name: &str| !request.extra.contains_key(name) && (stream || name != STREAM_OPTIONS);
        for (name, value) in asked.filter(|(name, _)| counts(name)) {
            to_chat_field(name, value, &mut all, dialect, notes)?;
        }
    } else {
        notes.foreign(request, to)?;
    }
    // Chat completions refuses options of a stream where there is none.
    let idle = !stream && given.fields().any(|(name, _)| name == STREAM_OPTIONS);
    if all.is_empty() && !idle {
        return Ok(Settings::Given(given));
    }
    lay(&mut all, given.fields());
    if !stream {
        all.shift_remove(STREAM_OPTIONS);
    }
    Ok(Settings::Made(all))
}

fn to_chat_field(
    name: &str,
    value: &Value,
    all: &mut Fields,
    dialect: &Dialect,
    notes: &mut Notes,
) -> Result<(), Error> {
    const WHY: &str = "the responses api may have such a field, chat completions has not";
    let takes = |name: &str| dialect.openai_fields && !dialect.drops(name);
    let mut set = |name: &str, value: Value| drop(all.insert(name.to_owned(), value));
    match (name, value) {
        // What holds anyway, and what says nothing.
        (_, Value::Null) | ("background" | "store", Value::Bool(false)) | ("instructions", _) => {}
        ("truncation", Value::String(word)) if word == "disabled" => {}
        (name, value) if SHARED.contains(&name) && takes(name) => set(name, value.clone()),
        (name, _) if SHARED.contains(&name) => notes.left_out(name, UNSURE)?,
        ("text", Value::Object(text)) => {
            for (field, value) in text {
                match (&**field, value) {
                    ("verbosity", word) if takes("verbosity") => set("verbosity", word.clone()),
                    (field, _) => notes.left_out(&format!("text.{field}"), WHY)?,
                }
            }
        }
        ("reasoning", Value::Object(reasoning)) => {
            for field in reasoning.keys() {
                notes.left_out(&format!("reasoning.{field}"), WHY)?;
            }
        }
        ("include", Value::Array(list)) => {
            if list.iter().any(|entry| entry != responses::LOGPROBS) {
                notes.left_out("include", WHY)?;
            }
        }
        ("stream_options", Value::Object(options)) if dialect.openai_fields => {
            let mut options = options.clone();
            options.insert("include_usage".to_owned(), true.into());
            set("stream_options", options.into());
        }
        ("tool_choice", Value::Object(choice))
            if choice.get("type") == Some(&json!("allowed_tools")) && dialect.openai_fields =>
        {
            set("tool_choice", nested(choice));
        }
        (name, _) => notes.left_out(name, WHY)?,
    }
    Ok(())
}

/// `{type, allowed_tools: {mode, tools: [{type, function: {name}}]}}` without the objects inside.
fn flat(kind: &Value, allowed: Option<&Value>) -> Value {
    let mut choice = allowed.and_then(Value::as_object).cloned().unwrap_or_default();
    choice.insert("type".to_owned(), kind.clone());
    for tool in choice.get_mut("tools").and_then(Value::as_array_mut).into_iter().flatten() {
        let Some(tool) = tool.as_object_mut() else { continue };
        let Some(kind) = tool.get("type").and_then(Value::as_str).map(str::to_owned) else { continue };
        if let Some(Value::Object(inner)) = tool.remove(&kind) {
            tool.extend(inner);
        }
    }
    Value::Object(choice)
}

/// The other way.
fn nested(choice: &Fields) -> Value {
    let mut allowed = choice.clone();
    let kind = allowed.remove("type").unwrap_or_default();
    for tool in allowed.get_mut("tools").and_then(Value::as_array_mut).into_iter().flatten() {
        let Some(tool) = tool.as_object_mut() else { continue };
        let Some(kind) = tool.remove("type").and_then(|kind| kind.as_str().map(str::to_owned)) else { continue };
        let inner = std::mem::take(tool);
        tool.extend([("type".to_owned(), kind.as_str().into()), (kind, inner.into())]);
    }
    json!({ "type": kind, "allowed_tools": allowed })
}

/// Puts settings over others. Those that are objects in both are one object then.
fn lay<'a>(all: &mut Fields, over: impl IntoIterator<Item = (&'a String, &'a Value)>) {
    for (name, value) in over {
        match (all.get_mut(name), value) {
            (Some(Value::Object(ours)), Value::Object(theirs)) => ours.extend(theirs.clone()),
            _ => drop(all.insert(name.clone(), value.clone())),
        }
    }
}

/// What the caller adds to a request.
#[derive(Debug)]
pub(crate) enum Settings<'a> {
    /// As it was given.
    Given(Added<'a>),
    /// Put together.
    Made(Fields),
}

impl Settings<'_> {
    /// As what is added to an object.
    pub(crate) fn added(&self) -> Added<'_> {
        match self {
            Self::Given(added) => *added,
            Self::Made(fields) => Added::object(Some(fields)),
        }
    }
}
