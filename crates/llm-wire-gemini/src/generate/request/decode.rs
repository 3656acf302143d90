//! A whole request in the vendor's form, as it comes to a server of ours.

use std::sync::Arc;

use llm_core::{ChatRequest, Error, ErrorKind, Message, Role, Tool};
use serde_json::{Map, Value};

use super::decode_contents::History;
use super::{decode_config, schema};
use crate::API;
use crate::wire::{Fields, invalid, merge};

/// A request that came in.
#[derive(Debug)]
pub struct Decoded {
    /// The request.
    pub request: ChatRequest,
    /// Whether the answer is to be streamed.
    pub stream: bool,
}

/// Reads a request; the model and whether to stream come from the URL.
///
/// Field names may be in camelCase or `snake_case`. What has no place in a [`ChatRequest`] goes to `ext.gemini` and
/// from there into the body again, should the request go to this vendor.
pub fn decode_request(body: &[u8], model: &str, stream: bool) -> Result<Decoded, Error> {
    let json = std::str::from_utf8(body)
        .map_err(|_| Error::new(ErrorKind::InvalidRequest, "reading a generateContent request: it is not UTF-8"))?;
    let mut fields = Fields::read(json.trim(), "")?;
    // Said in the URL already.
    fields.take("model");
    let mut request = ChatRequest::new(model);
    let mut ext = Map::new();

    if let Some(instruction) = fields.take("systemInstruction") {
        request.messages.extend(system(instruction)?.map(Arc::new));
    }
    let mut history = History::default();
    let contents = fields.objects("contents")?;
    if contents.is_empty() {
        return Err(invalid("contents", "it must hold one content at least"));
    }
    for content in contents {
        request.messages.extend(history.messages(content)?.into_iter().map(Arc::new));
    }
    for entry in fields.objects("tools")? {
        tools(entry, &mut request.tools)?;
    }
    if let Some(config) = fields.object("toolConfig")? {
        request.tool_choice = decode_config::tool_choice(config, &mut ext)?;
    }
    if let Some(config) = fields.object("generationConfig")? {
        decode_config::generation(config, &mut request, &mut ext)?;
    }
    request.service_tier = fields.text("serviceTier")?;
    if let Some(labels) = fields.typed("labels", "it must be an object of strings")? {
        request.metadata = labels;
    }
    fields.rest().into_iter().for_each(|(name, value)| merge(ext.entry(name).or_insert(Value::Null), &value));
    request.keep_asked(API, ext);
    Ok(Decoded { request, stream })
}

/// `systemInstruction`: a content, or a plain text, which the vendor's SDKs take too.
fn system(raw: &str) -> Result<Option<Message>, Error> {
    if let Some(text) = crate::wire::unquoted(raw) {
        return Ok((!text.is_empty()).then(|| Message::system(text)));
    }
    let content = Fields::read(raw, "systemInstruction")?;
    // A call in it is none of the conversation's, and no result answers it.
    let mut messages = History::default().messages(content)?;
    let said = messages.drain(..).next().filter(|message| !message.text().is_empty());
    Ok(said.map(|mut message| {
        message.role = Role::System;
        message
    }))
}

fn tools(mut entry: Fields<'_>, tools: &mut Vec<Arc<Tool>>) -> Result<(), Error> {
    for mut declaration in entry.objects("functionDeclarations")? {
        let name = declaration.text("name")?.filter(|name| !name.is_empty());
        let name = name.ok_or_else(|| declaration.invalid("name", "a function needs a name"))?;
        let (schema, own) = schema::take(&mut declaration, "parametersJsonSchema", "parameters")?;
        let schema = schema.unwrap_or_default();
        let description = declaration.text("description")?;
        let mut function = llm_core::FunctionTool { name, description, schema, ..llm_core::FunctionTool::default() };
        let mut rest = declaration.rest();
        rest.extend(own.map(|own| ("parameters".to_owned(), own)));
        if !rest.is_empty() {
            *function.ext.of_mut(API) = rest;
        }
        tools.push(Arc::new(Tool::Function(function)));
    }
    let path = entry.path("");
    for (name, settings) in entry.rest() {
        let args = match settings {
            Value::Object(args) => args,
            // `mcpServers`: a list has no fields, so it stands under its own name.
            Value::Array(_) => Map::from_iter([(name.clone(), settings)]),
            _ => return Err(invalid(&format!("{path}{name}"), "it must be an object")),
        };
        tools.push(Arc::new(Tool::Provider { id: format!("{API}.{name}"), name: String::new(), args }));
    }
    Ok(())
}
