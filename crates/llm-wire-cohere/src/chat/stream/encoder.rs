//! A streamed answer for the vendor's clients.

use llm_core::{Error, Event, PartId, PartKind, StreamFinish, ToolCall};
use llm_wire::{ErrorFacts, StreamEncoder};
use serde_json::{Value, json};

use crate::chat::TOOL_PLAN;
use crate::{citation, finish, usage};

/// Writes the events of one stream, as the vendor's SDKs read them.
#[derive(Debug, Default)]
pub struct Encoder {
    parts: Vec<Shown>,
    blocks: u32,
    calls: u32,
    citations: u32,
}

/// A part on the wire.
#[derive(Debug)]
struct Shown {
    part: PartId,
    index: u32,
    form: Form,
    /// Words so far, which citations are of.
    text: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Text,
    Thinking,
    Call,
    /// The protocol has no form for it.
    Hidden,
}

impl Encoder {
    /// An encoder.
    pub fn new() -> Self {
        Self::default()
    }

    fn part_start(&mut self, part: PartId, candidate: u32, shell: &PartKind, out: &mut Vec<u8>) {
        let (form, first) = match shell {
            _ if candidate > 0 => (Form::Hidden, ""),
            PartKind::Text { text, .. } | PartKind::Refusal { text } => (Form::Text, text.as_str()),
            PartKind::Reasoning { text, .. } => (Form::Thinking, text.as_str()),
            PartKind::ToolCall(call) => (Form::Call, call.arguments.as_str()),
            PartKind::Opaque { kind, data } if kind == TOOL_PLAN => {
                let delta = json!({ "message": { "tool_plan": data } });
                write(out, &json!({ "type": "tool-plan-delta", "delta": delta }));
                (Form::Hidden, "")
            }
            _ => (Form::Hidden, ""),
        };
        let counter = if form == Form::Call { &mut self.calls } else { &mut self.blocks };
        let index = *counter;
        if form != Form::Hidden {
            *counter += 1;
        }
        match (form, shell) {
            (Form::Call, PartKind::ToolCall(ToolCall { id, name, .. })) => {
                let function = json!({ "name": name, "arguments": first });
                let call = json!({ "id": id, "type": "function", "function": function });
                let delta = json!({ "message": { "tool_calls": call } });
                write(out, &json!({ "type": "tool-call-start", "index": index, "delta": delta }));
            }
            (Form::Text, _) => block(out, "content-start", index, &json!({ "type": "text", "text": first })),
            (Form::Thinking, _) => {
                block(out, "content-start", index, &json!({ "type": "thinking", "thinking": first }));
            }
            _ => {}
        }
        self.parts.push(Shown { part, index, form, text: first.to_owned() });
    }

    fn delta(&mut self, part: PartId, more: &str, out: &mut Vec<u8>) {
        let Some(shown) = self.parts.iter_mut().find(|shown| shown.part == part) else { return };
        match shown.form {
            Form::Text => {
                shown.text.push_str(more);
                block(out, "content-delta", shown.index, &json!({ "text": more }));
            }
            Form::Thinking => block(out, "content-delta", shown.index, &json!({ "thinking": more })),
            Form::Call => {
                let delta = json!({ "message": { "tool_calls": { "function": { "arguments": more } } } });
                write(out, &json!({ "type": "tool-call-delta", "index": shown.index, "delta": delta }));
            }
            Form::Hidden => {}
        }
    }

    fn part_end(&self, part: PartId, out: &mut Vec<u8>) {
        let Some(shown) = self.parts.iter().find(|shown| shown.part == part) else { return };
        let kind = match shown.form {
            Form::Text | Form::Thinking => "content-end",
            Form::Call => "tool-call-end",
            Form::Hidden => return,
        };
        write(out, &json!({ "type": kind, "index": shown.index }));
    }

    fn finish(end: &StreamFinish, out: &mut Vec<u8>) {
        let mut delta = json!({ "finish_reason": finish::encode(&end.finish) });
        let said = usage::encode(&end.usage);
        if !said.is_null() {
            delta["usage"] = said;
        }
        write(out, &json!({ "type": "message-end", "delta": delta }));
        out.extend_from_slice(b"data: [DONE]\n\n");
    }
}

fn block(out: &mut Vec<u8>, kind: &str, index: u32, content: &Value) {
    write(out, &json!({ "type": kind, "index": index, "delta": { "message": { "content": content } } }));
}

fn write(out: &mut Vec<u8>, event: &Value) {
    out.extend_from_slice(b"event: ");
    out.extend_from_slice(event["type"].as_str().unwrap_or_default().as_bytes());
    out.extend_from_slice(b"\ndata: ");
    // Writing to memory does not fail, and a value has no keys that are no strings.
    let _ = serde_json::to_writer(&mut *out, event);
    out.extend_from_slice(b"\n\n");
}

impl StreamEncoder for Encoder {
    fn event(&mut self, event: &Event, out: &mut Vec<u8>) {
        match event {
            Event::Start(start) => {
                let message =
                    json!({ "role": "assistant", "content": [], "tool_plan": "", "tool_calls": [], "citations": [] });
                write(out, &json!({ "type": "message-start", "id": start.id, "delta": { "message": message } }));
            }
            Event::PartStart { part, candidate, shell } => self.part_start(*part, *candidate, shell, out),
            Event::TextDelta { part, text } | Event::ReasoningDelta { part, text } => self.delta(*part, text, out),
            Event::ArgumentsDelta { part, json } => self.delta(*part, json, out),
            Event::Citation { part, citation } => {
                let Some(shown) = self.parts.iter().find(|shown| shown.part == *part) else { return };
                let mut said = citation::encode(citation, &shown.text);
                said["content_index"] = shown.index.into();
                let delta = json!({ "message": { "citations": said } });
                write(out, &json!({ "type": "citation-start", "index": self.citations, "delta": delta }));
                write(out, &json!({ "type": "citation-end", "index": self.citations }));
                self.citations += 1;
            }
            Event::PartEnd { part, .. } => self.part_end(*part, out),
            Event::Ping => out.extend_from_slice(b": keep-alive\n\n"),
            Event::Finish(end) => Self::finish(end, out),
            _ => {}
        }
    }

    fn error(&mut self, error: &Error, out: &mut Vec<u8>) {
        let delta = json!({ "finish_reason": "ERROR", "error": error.message(), "x_llm": ErrorFacts(error) });
        write(out, &json!({ "type": "message-end", "delta": delta }));
    }
}
