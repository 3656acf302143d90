//! The one list of provider plugins. A plugin crate that nobody names in Rust code is not linked, in any profile,
//! so each stands here once, behind its feature.

#[cfg(feature = "anthropic")]
pub use llm_provider_anthropic as anthropic;
#[cfg(feature = "azure-openai")]
pub use llm_provider_azure_openai as azure_openai;
#[cfg(feature = "bedrock")]
pub use llm_provider_bedrock as bedrock;
#[cfg(feature = "cerebras")]
pub use llm_provider_cerebras as cerebras;
#[cfg(feature = "cloudflare")]
pub use llm_provider_cloudflare as cloudflare;
#[cfg(feature = "cohere")]
pub use llm_provider_cohere as cohere;
#[cfg(feature = "dashscope")]
pub use llm_provider_dashscope as dashscope;
#[cfg(feature = "databricks")]
pub use llm_provider_databricks as databricks;
#[cfg(feature = "deepinfra")]
pub use llm_provider_deepinfra as deepinfra;
#[cfg(feature = "deepseek")]
pub use llm_provider_deepseek as deepseek;
#[cfg(feature = "fireworks")]
pub use llm_provider_fireworks as fireworks;
#[cfg(feature = "gemini")]
pub use llm_provider_gemini as gemini;
#[cfg(feature = "groq")]
pub use llm_provider_groq as groq;
#[cfg(feature = "huggingface")]
pub use llm_provider_huggingface as huggingface;
#[cfg(feature = "hyperbolic")]
pub use llm_provider_hyperbolic as hyperbolic;
#[cfg(feature = "local")]
pub use llm_provider_local as local;
#[cfg(feature = "minimax")]
pub use llm_provider_minimax as minimax;
#[cfg(feature = "mistral")]
pub use llm_provider_mistral as mistral;
#[cfg(feature = "moonshot")]
pub use llm_provider_moonshot as moonshot;
#[cfg(feature = "novita")]
pub use llm_provider_novita as novita;
#[cfg(feature = "nvidia")]
pub use llm_provider_nvidia as nvidia;
#[cfg(feature = "ollama")]
pub use llm_provider_ollama as ollama;
#[cfg(feature = "openai")]
pub use llm_provider_openai as openai;
#[cfg(feature = "openai-compatible")]
pub use llm_provider_openai_compatible as openai_compatible;
#[cfg(feature = "openrouter")]
pub use llm_provider_openrouter as openrouter;
#[cfg(feature = "perplexity")]
pub use llm_provider_perplexity as perplexity;
#[cfg(feature = "sambanova")]
pub use llm_provider_sambanova as sambanova;
#[cfg(feature = "together")]
pub use llm_provider_together as together;
#[cfg(feature = "vercel")]
pub use llm_provider_vercel as vercel;
#[cfg(feature = "vertex")]
pub use llm_provider_vertex as vertex;
#[cfg(feature = "voyage")]
pub use llm_provider_voyage as voyage;
#[cfg(feature = "watsonx")]
pub use llm_provider_watsonx as watsonx;
#[cfg(feature = "xai")]
pub use llm_provider_xai as xai;
#[cfg(feature = "zai")]
pub use llm_provider_zai as zai;
