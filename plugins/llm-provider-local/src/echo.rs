//! `local/echo`: says back what it was told, as steps of a script.

use llm_core::{ChatRequest, Error, ErrorKind, Message, OutputFormat, Part, PartKind, Role, Tool, ToolChoice};
use serde_json::{Map, Value, json};

use crate::instance;
use crate::script::{Chunks, ScriptedCall, Step};

/// The answer to a request: a call of a tool that must be called, else the last words of the user or of a tool, in the
/// form that is asked for.
pub(crate) fn steps(request: &ChatRequest, delay_ms: u64) -> Result<Vec<Step>, Error> {
    if let Some(call) = forced_call(request)? {
        return Ok(vec![Step::ToolCall(call)]);
    }
    let text = match &request.output {
        OutputFormat::Json => json!({ "echo": heard(request)? }).to_string(),
        OutputFormat::JsonSchema(schema) => instance::minimal(&schema.schema, "output.schema")?.to_string(),
        _ => heard(request)?,
    };
    let (text, stopped) = until_stop(&text, &request.sampling.stop);
    let most =
        request.sampling.max_output_tokens.map_or(usize::MAX, |most| usize::try_from(most).unwrap_or(usize::MAX));
    let words: Vec<&str> = words(text).collect();
    let cut = words.len() > most && !stopped;
    let mut steps = Vec::with_capacity(words.len() * 2);
    for (number, word) in words.into_iter().take(most).enumerate() {
        if number > 0 && delay_ms > 0 {
            steps.push(Step::DelayMs(delay_ms));
        }
        steps.push(Step::Text(Chunks::One(word.to_owned())));
    }
    if cut {
        steps.push(Step::Finish("length".to_owned()));
    }
    Ok(steps)
}

/// The call that the request demands, its arguments the smallest that follow the tool's schema.
fn forced_call(request: &ChatRequest) -> Result<Option<ScriptedCall>, Error> {
    let mut functions = request.tools.iter().filter_map(|tool| match &**tool {
        Tool::Function(function) => Some(function),
        _ => None,
    });
    let function = match &request.tool_choice {
        ToolChoice::Required => functions.next(),
        ToolChoice::Named(name) => functions.find(|function| function.name == *name),
        _ => return Ok(None),
    };
    let Some(function) = function else {
        let message = "calling a tool: tool_choice demands one that is not among the function tools of the request";
        return Err(Error::new(ErrorKind::InvalidRequest, message).with_param("tool_choice"));
    };
    let arguments = match instance::minimal(&function.schema, "tools.schema")? {
        Value::Object(arguments) => arguments,
        // A schema that says nothing is that of a function without arguments.
        _ => Map::new(),
    };
    Ok(Some(ScriptedCall { id: None, name: function.name.clone(), arguments: Value::Object(arguments) }))
}

/// What was said last by somebody other than the model and the operator.
fn heard(request: &ChatRequest) -> Result<String, Error> {
    let speaks = |message: &&Message| matches!(message.role, Role::User | Role::Tool);
    let last = request.messages.iter().map(|message| &**message).rev().find(speaks);
    let last = last.ok_or_else(|| {
        Error::new(ErrorKind::InvalidRequest, "echoing a message: the request has none of a user or a tool")
            .with_param("messages")
    })?;
    let mut texts = Vec::new();
    collect(&last.content, &mut texts);
    if texts.is_empty() {
        texts.extend(last.content.iter().filter_map(|part| match &part.kind {
            PartKind::Media(media) => Some(format!("[{}]", media.media_type)),
            _ => None,
        }));
    }
    Ok(texts.join("\n"))
}

fn collect(parts: &[Part], texts: &mut Vec<String>) {
    for part in parts {
        match &part.kind {
            PartKind::Text { text, .. } => texts.push(text.clone()),
            PartKind::ToolResult(result) => collect(&result.content, texts),
            _ => {}
        }
    }
}

/// The text before the first stop text, and whether there was one.
fn until_stop<'a>(text: &'a str, stops: &[String]) -> (&'a str, bool) {
    let found = stops.iter().filter(|stop| !stop.is_empty()).filter_map(|stop| text.find(stop.as_str())).min();
    (&text[..found.unwrap_or(text.len())], found.is_some())
}

/// Words, each with the white space around it, so that together they are the text.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let word = rest.find(|c: char| !c.is_whitespace()).unwrap_or(rest.len());
        let space = rest[word..].find(char::is_whitespace).map_or(rest.len(), |at| word + at);
        let next = rest[space..].find(|c: char| !c.is_whitespace()).map_or(rest.len(), |at| space + at);
        let (head, tail) = rest.split_at(next);
        rest = tail;
        Some(head)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_cut_and_nothing_is_lost() {
        let cut = |text: &'static str| words(text).collect::<Vec<_>>();
        assert_eq!(cut("hello  big\nworld"), ["hello  ", "big\n", "world"]);
        assert_eq!(cut("  leading and trailing \n"), ["  leading ", "and ", "trailing \n"]);
        assert_eq!(cut("größer 你好"), ["größer ", "你好"]);
        assert_eq!(cut(" \n "), [" \n "]);
        assert!(cut("").is_empty());
    }
}
