#![doc = include_str!("../README.md")]

pub mod normal;
pub mod providers;

/// Every provider plugin that is linked into this binary: those of the enabled features and of third-party crates
/// that the application names in its code.
pub fn registry() -> Result<llm_core::Registry, llm_core::Error> {
    Ok(llm_core::Registry::linked()?)
}
