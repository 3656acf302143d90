//! The ways to ask one resource: the v1 API, dated versions with the deployment in the path, the model inference API.
//!
//! Sources: "Azure OpenAI in Microsoft Foundry Models v1 API", "API version lifecycle", "Model Inference REST API",
//! read 2026-11; recorded traffic of 2023 to 2026.

use llm_wire_openai::Dialect;
use llm_wire_openai::dialect::{Auth, Paths, StreamUsage};

/// A way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Surface {
    /// `/openai/v1`: the deployment is the model of the body.
    V1,
    /// The same, with what is not released yet.
    Preview,
    /// `/openai/deployments/NAME`, with a dated version.
    Dated,
    /// `/models`: every publisher's models, with a dated version.
    Inference,
    /// An address that has one model: all operations stand right below it, with a dated version.
    Single,
}

/// OpenAI's operations between the beginning of a path and its end. Moderations are another service; tokens are not
/// counted.
macro_rules! paths {
    ($before:literal, $after:literal) => {
        Paths {
            chat: concat!($before, "/chat/completions", $after),
            embed: Some(concat!($before, "/embeddings", $after)),
            completions: Some(concat!($before, "/completions", $after)),
            images: Some(concat!($before, "/images/generations", $after)),
            image_edits: Some(concat!($before, "/images/edits", $after)),
            speech: Some(concat!($before, "/audio/speech", $after)),
            transcriptions: Some(concat!($before, "/audio/transcriptions", $after)),
            translations: Some(concat!($before, "/audio/translations", $after)),
            ..Paths::CHAT
        }
    };
}

const V1: Dialect = Dialect {
    paths: Paths { models: Some("/openai/v1/models"), ..paths!("/openai/v1", "") },
    responses_path: "/openai/v1/responses",
    auth: Auth::HeaderOrToken("api-key"),
    // Chats take no documents here; the Responses API does.
    media: &["image_url", "input_audio"],
    responses_media: Some(Dialect::OPENAI.media),
    // The newer name is not known to all versions.
    end_user: Some("user"),
    ..Dialect::OPENAI
};

const PREVIEW: Dialect = Dialect {
    paths: Paths {
        models: Some("/openai/v1/models?api-version=preview"),
        ..paths!("/openai/v1", "?api-version=preview")
    },
    responses_path: "/openai/v1/responses?api-version=preview",
    ..V1
};

const DATED: Dialect = Dialect {
    paths: Paths {
        models: Some("/openai/models?api-version={api_version}"),
        ..paths!("/openai/deployments/{model}", "?api-version={api_version}")
    },
    responses_path: "/openai/responses?api-version={api_version}",
    ..V1
};

const INFERENCE: Dialect = Dialect {
    paths: Paths {
        chat: "/models/chat/completions?api-version={api_version}",
        embed: Some("/models/embeddings?api-version={api_version}"),
        ..V1.paths
    },
    max_tokens: "max_tokens",
    ..V1
};

const SINGLE: Dialect = Dialect { paths: paths!("", "?api-version={api_version}"), ..V1 };

/// The first version with the Responses API.
const RESPONSES: &str = "2025-03-01";
/// The first version that takes `max_completion_tokens` and `stream_options` (openai-python issue 1724,
/// azure-sdk-for-java pull request 43037).
const NEW_FIELDS: &str = "2024-09-01";

impl Surface {
    /// The version that is asked where none is said.
    pub(crate) fn usual_version(self) -> &'static str {
        match self {
            Self::Dated => "2024-10-21",
            _ => "2024-05-01-preview",
        }
    }

    /// What is different about it in a version. Versions are dates, so they sort as texts.
    pub(crate) fn dialect(self, version: &str) -> Dialect {
        let mut dialect = match self {
            Self::V1 => V1,
            Self::Preview => PREVIEW,
            Self::Dated => DATED,
            Self::Inference => INFERENCE,
            Self::Single => SINGLE,
        };
        if self == Self::Dated && version < NEW_FIELDS {
            (dialect.max_tokens, dialect.stream_usage) = ("max_tokens", StreamUsage::Unasked);
        }
        if self == Self::Dated && version < RESPONSES {
            dialect.responses_path = V1.responses_path;
        }
        dialect
    }
}
