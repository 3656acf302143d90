//! A part as it stands in the JSON, borrowed. Payloads stay raw until it is known which one it is.

use serde_json::value::RawValue;

use crate::wire::{Str, wire_object};

wire_object! {
    /// One part. At most one payload is there; what is not named here goes to `other`, payloads of new kinds too.
    WirePart {
        text: Str<'a> = "text",
        thought: bool = "thought",
        signature: Str<'a> = "thoughtSignature" | "thought_signature",
        call: &'a RawValue = "functionCall" | "function_call",
        response: &'a RawValue = "functionResponse" | "function_response",
        inline: &'a RawValue = "inlineData" | "inline_data",
        file: &'a RawValue = "fileData" | "file_data",
    }
}

wire_object! {
    /// A function call, whole or one piece of it.
    WireCall {
        id: Str<'a> = "id",
        name: Str<'a> = "name",
        args: &'a RawValue = "args",
        partial_args: Vec<WirePartialArg<'a>> = "partialArgs" | "partial_args",
        will_continue: bool = "willContinue" | "will_continue",
    }
}

wire_object! {
    /// A piece of one argument (Vertex, `streamFunctionCallArguments`).
    WirePartialArg {
        path: Str<'a> = "jsonPath" | "json_path",
        string: Str<'a> = "stringValue" | "string_value",
        number: &'a RawValue = "numberValue" | "number_value",
        boolean: bool = "boolValue" | "bool_value",
        will_continue: bool = "willContinue" | "will_continue",
    }
}

wire_object! {
    /// Bytes in base64.
    WireBlob {
        media_type: Str<'a> = "mimeType" | "mime_type",
        data: Str<'a> = "data",
        name: Str<'a> = "displayName" | "display_name",
    }
}

wire_object! {
    /// A file by its address.
    WireFile {
        media_type: Str<'a> = "mimeType" | "mime_type",
        uri: Str<'a> = "fileUri" | "file_uri",
        name: Str<'a> = "displayName" | "display_name",
    }
}

impl WirePart<'_> {
    /// Words and nothing else: what a streamed text is made of.
    pub(crate) fn is_plain_text(&self) -> bool {
        self.text.is_some()
            && self.signature.as_deref().is_none_or(str::is_empty)
            && self.other.is_empty()
            && !self.has_payload()
    }

    /// A payload other than words, of a kind that is known.
    pub(crate) fn has_payload(&self) -> bool {
        self.call.is_some() || self.response.is_some() || self.inline.is_some() || self.file.is_some()
    }

    /// The signature, unless it is empty.
    pub(crate) fn take_signature(&mut self) -> Option<String> {
        self.signature.take().filter(|signature| !signature.is_empty()).map(Str::into_owned)
    }
}
