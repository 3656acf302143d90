//! The payloads of the vendor's events as they are read: typed and borrowed, because there is one for every few words.

use llm_wire::json::Text;
use serde::Deserialize;
use serde_json::value::RawValue;

/// `contentBlockDelta`, and the number of the block for `contentBlockStart` and `contentBlockStop`.
#[derive(Deserialize)]
pub(super) struct BlockEvent<'a> {
    #[serde(rename = "contentBlockIndex")]
    pub(super) index: Option<u32>,
    #[serde(borrow)]
    pub(super) delta: Option<Delta<'a>>,
    #[serde(borrow)]
    pub(super) start: Option<&'a RawValue>,
}

/// The piece that an event adds to a block. One field of it is there.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Delta<'a> {
    #[serde(borrow)]
    pub(super) text: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) tool_use: Option<ToolUse<'a>>,
    #[serde(borrow)]
    pub(super) reasoning_content: Option<Reasoning<'a>>,
    #[serde(borrow)]
    pub(super) citation: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) tool_result: Option<Vec<&'a RawValue>>,
    #[serde(borrow)]
    pub(super) image: Option<&'a RawValue>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct ToolUse<'a> {
    #[serde(borrow)]
    pub(super) input: Option<Text<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Reasoning<'a> {
    #[serde(borrow)]
    pub(super) text: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) signature: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) redacted_content: Option<Text<'a>>,
}
