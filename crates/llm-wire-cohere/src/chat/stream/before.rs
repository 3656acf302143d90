//! The events of the API before this one.

use llm_core::{Error, Event, PartKind};
use llm_wire::EventQueue;
use serde_json::Value;

use super::decoder::Decoder;
use super::frame::Chunk;
use crate::API;
use crate::chat::response::{calls_before, usage_before};

impl Decoder {
    /// Takes one of them.
    pub(super) fn before(
        &mut self,
        kind: &str,
        chunk: Chunk<'_>,
        data: &[u8],
        out: &mut EventQueue,
    ) -> Result<(), Error> {
        let read = || serde_json::from_slice::<Value>(data).unwrap_or_default();
        // `/v1/generate` begins with its first words.
        let id = if kind == "stream-start" { read()["generation_id"].as_str().map(str::to_owned) } else { None };
        self.start(id.as_deref(), out);
        match kind {
            "stream-start" => {}
            "text-generation" => self.words(0, chunk.text.unwrap_or_default(), out),
            "citation-generation" => {
                for citation in read()["citations"].as_array().into_iter().flatten() {
                    self.cite(citation, out);
                }
            }
            "tool-calls-generation" => {
                for call in calls_before(&read()["tool_calls"]) {
                    self.has_calls = true;
                    let part = self.begin(PartKind::ToolCall(call), out);
                    out.push(Event::PartEnd { part, truncated: false, ext: None });
                }
            }
            "stream-end" => {
                let said = read();
                let answer = &said["response"];
                let word = said["finish_reason"].as_str().or_else(|| answer["finish_reason"].as_str());
                let id = answer["response_id"].as_str().or_else(|| answer["id"].as_str()).map(str::to_owned);
                let complaint = Some(&said["error"]).filter(|error| !error.is_null());
                // A stream that is whole and does not say why it ended ended by itself.
                return self.finish(word.or(Some("COMPLETE")), complaint, usage_before(&answer["meta"]), id, out);
            }
            // Searches, their results, debugging.
            _ => out.push(Event::Unknown { kind: format!("{API}.{kind}"), data: read() }),
        }
        Ok(())
    }
}
