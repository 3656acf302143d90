//! The parts of a streamed answer that come one after the other, for vendors whose frames do not number them.

use llm_core::{Error, ErrorKind, Event, PartId, PartKind, ToolCall, Visibility};

use crate::codec::EventQueue;

/// Begins a part with its first piece and ends it when another one begins.
#[derive(Debug, Default)]
pub struct Parts {
    running: Option<(PartId, Running)>,
    begun: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Running {
    Text,
    Reasoning,
    ToolCall,
}

impl Parts {
    /// More words of the answer.
    pub fn text(&mut self, text: String, out: &mut EventQueue) {
        let part = self.part(Running::Text, out, || PartKind::Text { text: String::new(), citations: Vec::new() });
        out.push(Event::TextDelta { part, text });
    }

    /// More words of the reasoning.
    pub fn reasoning(&mut self, text: String, out: &mut EventQueue) {
        let part = self.part(Running::Reasoning, out, || PartKind::Reasoning {
            text: String::new(),
            visibility: Visibility::Full,
            encrypted: None,
        });
        out.push(Event::ReasoningDelta { part, text });
    }

    /// A tool call begins; its arguments follow.
    pub fn tool_call(&mut self, id: impl Into<String>, name: impl Into<String>, out: &mut EventQueue) {
        let call = ToolCall { id: id.into(), name: name.into(), ..ToolCall::default() };
        self.begin(Running::ToolCall, PartKind::ToolCall(call), out);
    }

    /// More of the arguments of the tool call that runs.
    pub fn arguments(&mut self, json: String, out: &mut EventQueue) -> Result<(), Error> {
        let Some((part, Running::ToolCall)) = self.running else {
            return Err(Error::new(ErrorKind::Malformed, "reading a stream: arguments came outside of a tool call"));
        };
        out.push(Event::ArgumentsDelta { part, json });
        Ok(())
    }

    /// Ends the part that runs, if one does.
    pub fn end(&mut self, out: &mut EventQueue) {
        if let Some((part, _)) = self.running.take() {
            out.push(Event::PartEnd { part, truncated: false, ext: None });
        }
    }

    fn part(&mut self, kind: Running, out: &mut EventQueue, shell: impl FnOnce() -> PartKind) -> PartId {
        match self.running {
            Some((part, running)) if running == kind => part,
            _ => self.begin(kind, shell(), out),
        }
    }

    fn begin(&mut self, kind: Running, shell: PartKind, out: &mut EventQueue) -> PartId {
        self.end(out);
        let part = PartId(self.begun);
        self.begun += 1;
        self.running = Some((part, kind));
        out.push(Event::PartStart { part, candidate: 0, shell: Box::new(shell) });
        part
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_ends_when_another_begins() {
        let (mut parts, mut out) = (Parts::default(), EventQueue::default());
        assert!(parts.arguments("{".to_owned(), &mut out).is_err());
        parts.reasoning("a".to_owned(), &mut out);
        parts.text("b".to_owned(), &mut out);
        parts.text("c".to_owned(), &mut out);
        parts.tool_call("1", "look_up", &mut out);
        parts.arguments("{}".to_owned(), &mut out).unwrap();
        parts.tool_call("2", "look_up", &mut out);
        parts.end(&mut out);
        parts.end(&mut out);
        let mut seen = String::new();
        while let Some(event) = out.pop() {
            seen.push_str(match event {
                Event::PartStart { .. } => "<",
                Event::PartEnd { .. } => ">",
                Event::ArgumentsDelta { .. } => "{}",
                _ => ".",
            });
        }
        assert_eq!(seen, "<.><..><{}><>");
    }
}
