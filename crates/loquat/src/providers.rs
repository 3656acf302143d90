//! The one list of provider plugins. A plugin crate that nobody names in Rust code is not linked, in any profile,
//! so each stands here once, behind its feature.

#[cfg(feature = "anthropic")]
pub use llm_provider_anthropic as anthropic;
#[cfg(feature = "bedrock")]
pub use llm_provider_bedrock as bedrock;
#[cfg(feature = "deepseek")]
pub use llm_provider_deepseek as deepseek;
#[cfg(feature = "gemini")]
pub use llm_provider_gemini as gemini;
#[cfg(feature = "groq")]
pub use llm_provider_groq as groq;
#[cfg(feature = "local")]
pub use llm_provider_local as local;
#[cfg(feature = "mistral")]
pub use llm_provider_mistral as mistral;
#[cfg(feature = "ollama")]
pub use llm_provider_ollama as ollama;
#[cfg(feature = "openai")]
pub use llm_provider_openai as openai;
#[cfg(feature = "openai-compatible")]
pub use llm_provider_openai_compatible as openai_compatible;
#[cfg(feature = "openrouter")]
pub use llm_provider_openrouter as openrouter;
#[cfg(feature = "xai")]
pub use llm_provider_xai as xai;
