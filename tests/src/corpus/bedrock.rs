//! What is different about recordings of Amazon Bedrock: the model stands in the path, and one account is asked in three
//! ways, which the plugin has a setting for.

use std::sync::Arc;

use llm_core::{Capabilities, ChatRequest, Error, LinkedCards, known_by};
use llm_wire_bedrock::invoke::{self, Form};
use llm_wire_bedrock::{converse, count_tokens};
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};

use super::case::{Case, Recorded};

/// The model in a path such as `/model/amazon.nova-lite-v1%3A0/converse`.
pub(super) fn model(case: &Case) -> Option<String> {
    of_path(&case.request.as_ref()?.path)
}

fn of_path(path: &str) -> Option<String> {
    let id = path.strip_prefix("/model/")?.split('/').next()?;
    Some(percent_decode_str(id).decode_utf8_lossy().into_owned())
}

/// The settings for the way in which a case was recorded.
pub(super) fn configure(case: &Case, config: &mut Map<String, Value>) {
    let way = match (case.provider.as_str(), case.api.as_str()) {
        ("bedrock_mantle", "openai-responses") => "mantle-responses",
        ("bedrock_mantle", _) => "mantle-chat",
        ("bedrock", "bedrock-invoke") => "invoke",
        _ => return,
    };
    config.insert("api".to_owned(), way.into());
    if let (Some(model), Some(recorded)) = (model(case), &case.request)
        && let Some(form) = named_form(&model, &recorded.body)
    {
        config.insert("invoke_form".to_owned(), form.into());
    }
}

/// The form that whoever made the recording would configure, by the names of the body's fields: where the model takes
/// chats but was sent a prompt, and where nobody knows the model.
fn named_form(model: &str, body: &Value) -> Option<&'static str> {
    let has = |name: &str| !body[name].is_null();
    let prompt = if has("max_gen_len") {
        "llama"
    } else if has("inputText") {
        "titan"
    } else {
        "mistral"
    };
    match Form::of(&known(model)) {
        Some(Form::Chat) if has("prompt") || has("inputText") => Some(prompt),
        Some(_) => None,
        None if has("anthropic_version") => Some("messages"),
        None if has("inferenceConfig") => Some("converse"),
        None if has("messages") => Some("chat"),
        None if has("message") => Some("command-r"),
        None => Some(prompt),
    }
}

/// The form of a model's bodies; what nobody knows is asked as most are.
fn form(model: &str) -> Form {
    Form::of(&known(model)).unwrap_or(Form::Chat)
}

/// What is known of a model, as the plugin knows it here.
pub(super) fn known(model: &str) -> Arc<Capabilities> {
    known_by(&LinkedCards, "bedrock", model, llm_wire_bedrock::names(model))
}

/// Whether the answer was streamed, which the path says.
pub(super) fn is_streamed(recorded: &Recorded) -> bool {
    recorded.path.ends_with("-stream")
}

/// The recorded request; `None` where the form of its body is not read.
pub(super) fn request(case: &Case, recorded: &Recorded) -> Option<Result<ChatRequest, Error>> {
    let model = of_path(&recorded.path)?;
    let body = recorded.body.to_string().into_bytes();
    if case.api == "bedrock-count-tokens" {
        return Some(count_tokens::decode_request(&body, &model));
    }
    if case.api == "bedrock-converse" {
        return Some(converse::decode_request(&body, &model).map(|decoded| decoded.request));
    }
    let mut with_model = recorded.body.clone();
    with_model["model"] = model.as_str().into();
    let with_model = with_model.to_string().into_bytes();
    let form = named_form(&model, &recorded.body).and_then(Form::named).unwrap_or_else(|| form(&model));
    match form {
        // Claude 2 also takes a prompt; such requests are not made any more.
        Form::Messages if recorded.body["messages"].is_null() => None,
        Form::Messages => {
            Some(llm_wire_anthropic::messages::decode_request(&with_model).map(|decoded| decoded.request))
        }
        Form::Converse => Some(converse::decode_request(&body, &model).map(|decoded| decoded.request)),
        Form::Prompt(form) => Some(invoke::decode_request(&body, &model, form)),
        _ => Some(llm_wire_openai::chat::decode_request(&with_model).map(|decoded| decoded.request)),
    }
}
