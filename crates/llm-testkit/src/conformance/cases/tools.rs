//! Tools, and which of them must be called.

use std::time::Duration;

use llm_core::{CacheHint, ChatRequest, FunctionTool, Tool, ToolChoice};
use serde_json::{Map, Value, json};

use super::super::subject::INSTANCE;
use super::case::Fate;
use super::chat::Chats;

pub(super) fn schema(property: &str) -> Value {
    json!({"type": "object", "properties": {property: {"type": "string"}}, "required": [property], "additionalProperties": false})
}

fn tool(name: &str) -> Tool {
    Tool::function(name, "looks it up", schema("city"))
}

/// The request has one tool.
fn one(request: &mut ChatRequest) {
    request.tools = vec![tool("look_up").into()];
}

/// The request has one tool, which is changed.
fn changed(change: fn(&mut FunctionTool)) -> impl FnOnce(&mut ChatRequest) {
    move |request| {
        if let Tool::Function(mut function) = tool("look_up") {
            change(&mut function);
            request.tools = vec![Tool::Function(function).into()];
        }
    }
}

pub(super) fn all(cases: &mut Chats, api: &str) {
    functions(cases);
    of_vendors(cases, api);
    for choice in [ToolChoice::None, ToolChoice::Required, ToolChoice::Named("look_up".to_owned())] {
        let name = format!("the tool choice {choice:?}");
        cases.change(&name, "tool_choice", &[], one, |request| request.tool_choice = choice);
    }
    let two = |request: &mut ChatRequest| request.tools = vec![tool("look_up").into(), tool("second_7351").into()];
    let (a, b) = ("look_up".to_owned(), "second_7351".to_owned());
    cases.change(
        "the name of the tool that must be called",
        "tool_choice",
        &[],
        |request| {
            two(request);
            request.tool_choice = ToolChoice::Named(a);
        },
        |request| request.tool_choice = ToolChoice::Named(b),
    );
    // `true` is what most vendors do unasked.
    cases.change("parallel_tool_calls", "parallel_tool_calls", &[], one, |request| {
        request.parallel_tool_calls = Some(false);
    });
}

fn functions(cases: &mut Chats) {
    cases.field("tools", &["look_up_7351", "words-7351", "city_7351"], |request| {
        request.tools = vec![Tool::function("look_up_7351", "words-7351", schema("city_7351")).into()];
    });
    cases.change("a second tool", "tools", &["second_7351"], one, |request| {
        request.tools.push(tool("second_7351").into());
    });
    let name = changed(|function| "look_up_7351".clone_into(&mut function.name));
    cases.change("a tool's name", "tools", &["look_up_7351"], one, name);
    let description = changed(|function| function.description = Some("words-7351".to_owned()));
    let silent = changed(|function| function.description = None);
    cases.change("a tool's description", "tools", &["words-7351"], silent, description);
    let arguments = changed(|function| function.schema = schema("city_7351"));
    cases.change("a tool's arguments", "tools", &["city_7351"], one, arguments);
    let strict = changed(|function| function.strict = Some(true));
    cases.change("a tool's strict mode", "tools", &[], one, strict);
    let hint = changed(|function| function.cache = Some(CacheHint::default()));
    cases.change("a tool's cache hint", "tools", &[], one, hint);
    let long = Duration::from_secs(3600);
    let (hint, longer) =
        (changed(|function| function.cache = Some(CacheHint::default())), move |request: &mut ChatRequest| {
            if let Tool::Function(mut function) = tool("look_up") {
                function.cache = Some(CacheHint { ttl: Some(long) });
                request.tools = vec![Tool::Function(function).into()];
            }
        });
    cases.change("the time of a tool's cache hint", "tools", &[], hint, longer);
    let ext = changed(|function| function.ext.set(INSTANCE, "x_ext", "words-7351"));
    cases.change("a tool's ext", "tools", &["words-7351"], one, ext);
    let ext = changed(|function| function.ext.set("someone-else", "x_ext", "words-7351"));
    cases.change("a tool's ext of another provider", "tools", &["words-7351"], one, ext);
    cases.last(Fate::Withheld);
}

fn of_vendors(cases: &mut Chats, api: &str) {
    let with = |id: String, args: Map<String, Value>| {
        // The name is for vendors that ask for one.
        let name = "search".to_owned();
        move |request: &mut ChatRequest| request.tools.push(Tool::Provider { id, name, args }.into())
    };
    cases.change("a tool of another provider", "tools", &[], one, with("elsewhere.search".to_owned(), Map::new()));
    cases.last(Fate::Warned);
    for owner in [INSTANCE, api] {
        let id = || format!("{owner}.x_tool_7351");
        let name = format!("a tool of {owner:?}");
        cases.change(&name, "tools", &["x_tool_7351"], one, with(id(), Map::new()));
        let plain = |request: &mut ChatRequest| {
            one(request);
            with(id(), Map::new())(request);
        };
        let set = |request: &mut ChatRequest| {
            one(request);
            with(id(), Map::from_iter([("x_setting".to_owned(), "words-7351".into())]))(request);
        };
        cases.change(&format!("the settings of {name}"), "tools", &["words-7351"], plain, set);
    }
}
