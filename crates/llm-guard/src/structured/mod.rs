//! Answers by a JSON schema from any model: the vendor's own mode, else a forced tool, else words that are checked.

mod ask;
mod broken;
mod layer;
mod mode;
mod read;
mod settings;
mod stream;

pub use broken::SchemaBroken;
pub use layer::StructuredLayer;
pub use mode::Mode;
pub use settings::Settings;
