//! The request as it goes to the target, and the one that asks again.

use std::sync::Arc;

use llm_core::{
    ChatRequest, Error, Executor, FunctionTool, JsonSchema, Message, OutputFormat, Part, PartKind, Role, Tool,
    ToolChoice, ToolResult, ToolStatus, Warning, Warnings,
};

use super::mode::Mode;
use super::read::Broken;

/// What a target is asked in the place of the caller's request.
pub(super) struct Asked {
    pub(super) mode: Mode,
    pub(super) schema: JsonSchema,
    pub(super) request: Arc<ChatRequest>,
    pub(super) warnings: Vec<Warning>,
}

/// The tool's name where the schema has none.
const NAMELESS: &str = "answer";
const DESCRIPTION: &str = "Takes the answer. Call it once, with the whole answer as its arguments.";
const INSTRUCTION: &str =
    "Answer with one JSON value and nothing else: no words before or after it. It must follow this JSON Schema:";
const AGAIN: &str = "Answer again, with the whole corrected value and nothing else.";

impl Asked {
    pub(super) fn new(mode: Mode, request: &Arc<ChatRequest>, schema: &JsonSchema) -> Result<Self, Error> {
        let mut warnings = Warnings::new(request.on_unsupported);
        let mut asked = Self { mode, schema: schema.clone(), request: request.clone(), warnings: Vec::new() };
        if mode == Mode::Native {
            return Ok(asked);
        }
        let sent = Arc::make_mut(&mut asked.request);
        sent.output = OutputFormat::Text;
        if sent.sampling.candidates.is_some_and(|candidates| candidates > 1) {
            sent.sampling.candidates = None;
            warnings.unsupported("sampling.candidates", "without a mode for schemas there is one answer")?;
        }
        if mode == Mode::Tool {
            let name = asked.name().to_owned();
            let tool = FunctionTool {
                name: name.clone(),
                description: Some(schema.description.clone().unwrap_or_else(|| DESCRIPTION.to_owned())),
                schema: schema.schema.clone(),
                ..FunctionTool::default()
            };
            let sent = Arc::make_mut(&mut asked.request);
            sent.tools = vec![Arc::new(Tool::Function(tool))];
            sent.tool_choice = ToolChoice::Named(name);
            sent.parallel_tool_calls = None;
        } else {
            let description =
                schema.description.as_deref().map(|what| format!("\n\nIt is: {what}")).unwrap_or_default();
            let words = format!("{INSTRUCTION}\n\n{}{description}", schema.schema);
            let leading = |message: &Arc<Message>| matches!(message.role, Role::System | Role::Developer);
            let at = sent.messages.iter().take_while(|message| leading(message)).count();
            sent.messages.insert(at, Arc::new(Message::system(words)));
        }
        asked.warnings = warnings.into_vec();
        Ok(asked)
    }

    /// The name that the tool has.
    pub(super) fn name(&self) -> &str {
        if self.schema.name.is_empty() { NAMELESS } else { &self.schema.name }
    }

    /// Whether the caller gave tools of its own.
    pub(super) fn has_tools(&self) -> bool {
        self.mode != Mode::Tool && !self.request.tools.is_empty()
    }

    /// The request that tells the model what was wrong with its answer.
    pub(super) fn again(&self, broken: &Broken) -> Arc<ChatRequest> {
        let mut request = ChatRequest::clone(&self.request);
        let mut said = broken.response.message.clone();
        let correction = format!("This is not what was asked for: {}. {AGAIN}", broken.why);
        let call = said.tool_calls().next().filter(|_| self.mode == Mode::Tool);
        let call = call.map(|call| (call.id.clone(), call.name.clone()));
        // One call, which has its result; vendors refuse others.
        let mut keep = call.is_some();
        said.content.retain(|part| match &part.kind {
            PartKind::ToolCall(call) if call.executed_by == Executor::Client => std::mem::take(&mut keep),
            _ => true,
        });
        let correction = match call {
            Some((call_id, name)) => {
                let content = vec![Part::text(correction)];
                let result = ToolResult { call_id, name: Some(name), content, status: ToolStatus::Error };
                Message::new(Role::Tool, vec![Part::new(PartKind::ToolResult(result))])
            }
            None => Message::user(correction),
        };
        // Vendors refuse a message without content.
        if said.content.iter().any(|part| part.as_text().is_none_or(|text| !text.trim().is_empty())) {
            request.messages.push(Arc::new(said));
        }
        request.messages.push(Arc::new(correction));
        Arc::new(request)
    }

    /// What the caller is told of how the answer was had.
    pub(super) fn told(&self, again: bool) -> Vec<Warning> {
        let mut told = Warnings::new(self.request.on_unsupported);
        if self.mode != Mode::Native || again {
            told.adapted("output", self.mode.told(again));
        }
        let mut all = self.warnings.clone();
        all.extend(told.into_vec());
        all
    }
}
